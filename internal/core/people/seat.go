package people

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// AddMember gives a person a seat in an organisation, a team or a council. From zero
// means now. A council's seat lasts as long as its term and brings the role along:
// council_chair for the post chair, council_member for any other.
//
// Denied fail.denied. Missing people.missing, people.org.missing, … Invalid
// people.until.bad, fail.choose. Conflict people.member.already.
func (d Desk) AddMember(ctx context.Context, by who.Actor, m Member) (_ Member, err error) {
	defer fail.Wrap(&err, "people.AddMember")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Member, error) {
		m := m
		path, err := seatPath(tx, m.Kind, m.Of)
		if err != nil {
			return m, err
		}
		if !by.May(who.PeopleEdit, path) {
			return m, denied
		}
		if m.Person, err = into(tx, m.Person); err != nil {
			return m, err
		}
		if m.Post == "" {
			m.Post = "member"
		}
		if err := oneOf(m.Post, "post", "chair", "lead", "member"); err != nil {
			return m, err
		}
		if m.From.IsZero() {
			m.From = tx.Now()
		}
		var c Council
		if m.Kind == "council" {
			if c, err = CouncilByID(tx, m.Of); err != nil {
				return m, err
			}
			if m.From.Before(c.From) {
				m.From = c.From
			}
			if m.Until.IsZero() || !c.Until.IsZero() && c.Until.Before(m.Until) {
				m.Until = c.Until
			}
		}
		if err := within(m.From, m.Until); err != nil {
			return m, err
		}
		twice, err := db.All(tx, scanID, `select id from member where kind = $2 and of = $3 and person = $4 and (ends = 0 or ends > $1)`, db.Ms(m.From), m.Kind, m.Of, m.Person)
		if err != nil || len(twice) > 0 {
			return m, orElse(err, fail.New(fail.Conflict, "people.member.already"))
		}
		m.ID = id.New(tx.Now())
		if _, err := tx.Exec(`insert into member (`+memberCols+`, at, who) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			m.ID, m.Kind, m.Of, m.Person, m.Post, db.Ms(m.From), db.Ms(m.Until), db.Ms(tx.Now()), by.ID); err != nil {
			return m, err
		}
		if m.Kind == "council" {
			g := Grant{Role: who.CouncilMember, Place: c.Place, Path: c.Path, Person: m.Person, From: m.From, Until: m.Until, Member: m.ID}
			if m.Post == "chair" {
				g.Role = who.CouncilChair
			}
			if _, err := give(tx, by, g); err != nil {
				return m, err
			}
		}
		return m, audit.Record(tx, by, "people.member.add", m.Person, ids{m.Kind: m.Of})
	})
}

func seatPath(tx *db.Tx, kind string, of id.ID) (string, error) {
	switch kind {
	case "org":
		o, err := OrgByID(tx, of)
		return o.Path, err
	case "team":
		t, err := TeamByID(tx, of)
		return t.Path, err
	case "council":
		c, err := CouncilByID(tx, of)
		return c.Path, err
	}
	return "", &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: "kind"}
}

// RemoveMember ends a seat now, and the role that came with it.
//
// Denied fail.denied. Missing people.member.missing. Conflict people.ended.
func (d Desk) RemoveMember(ctx context.Context, by who.Actor, seat id.ID) (err error) {
	defer fail.Wrap(&err, "people.RemoveMember(%d)", seat)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (Member, error) {
		m, err := db.One(tx, "people.member.missing", scanMember, `select `+memberCols+` from member where id = $1`, seat)
		if err != nil {
			return m, err
		}
		path, err := seatPath(tx, m.Kind, m.Of)
		if err != nil {
			return m, err
		}
		if !by.May(who.PeopleEdit, path) {
			return m, denied
		}
		at := db.Ms(tx.Now())
		n, err := tx.Exec(`update member set ends = $1 where id = $2 and (ends = 0 or ends > $1)`, at, seat)
		if err != nil || n == 0 {
			return m, orElse(err, fail.New(fail.Conflict, "people.ended"))
		}
		if _, err := tx.Exec(`update grants set ends = $1 where member = $2 and (ends = 0 or ends > $1)`, at, seat); err != nil {
			return m, err
		}
		return m, audit.Record(tx, by, "people.member.end", m.Person, ids{m.Kind: m.Of})
	})
	return err
}

// GiveGrant gives a person a role in a place (0: the whole town) and everything below
// it. From zero means now. With DeputyOf the person stands in for somebody who holds
// that role at that place, for as long as they do.
//
// Denied fail.denied. Missing people.missing. Invalid fail.choose, people.until.bad,
// people.deputy.bad. Conflict people.grant.already.
func (d Desk) GiveGrant(ctx context.Context, by who.Actor, g Grant) (_ Grant, err error) {
	defer fail.Wrap(&err, "people.GiveGrant")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Grant, error) {
		g := g
		var err error
		if g.Path, err = d.need(tx, by, who.GrantEdit, g.Place); err != nil {
			return g, err
		}
		if len(g.Role.Rights()) == 0 {
			return g, &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: "role"}
		}
		if g.Person, err = into(tx, g.Person); err != nil {
			return g, err
		}
		if g.From.IsZero() {
			g.From = tx.Now()
		}
		if err := within(g.From, g.Until); err != nil {
			return g, err
		}
		if g.DeputyOf != 0 {
			if g.DeputyOf, err = into(tx, g.DeputyOf); err != nil {
				return g, err
			}
			held, err := db.All(tx, scanID, `select id from grants where person = $2 and role = $3 and path = $4 and deputy = 0 and (ends = 0 or ends > $1)`,
				db.Ms(g.From), g.DeputyOf, g.Role, g.Path)
			if err != nil || len(held) == 0 || g.DeputyOf == g.Person {
				return g, orElse(err, &fail.Error{Kind: fail.Invalid, Code: "people.deputy.bad", Field: "deputy_of"})
			}
		}
		g.Member = 0
		return give(tx, by, g)
	})
}

// give writes a grant that has been checked.
func give(tx *db.Tx, by who.Actor, g Grant) (Grant, error) {
	twice, err := db.All(tx, scanID, `select id from grants where person = $2 and role = $3 and path = $4 and deputy = $5 and (ends = 0 or ends > $1)`,
		db.Ms(g.From), g.Person, g.Role, g.Path, g.DeputyOf)
	if err != nil || len(twice) > 0 {
		return g, orElse(err, fail.New(fail.Conflict, "people.grant.already"))
	}
	g.ID = id.New(tx.Now())
	if _, err := tx.Exec(`insert into grants (`+grantCols+`, at, who) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		g.ID, g.Role, g.Place, g.Path, g.Person, db.Ms(g.From), db.Ms(g.Until), g.DeputyOf, g.Member, db.Ms(tx.Now()), by.ID); err != nil {
		return g, err
	}
	return g, audit.Record(tx, by, "people.grant.give", g.Person, map[string]any{"role": g.Role, "place": g.Place, "deputy": g.DeputyOf})
}

// EndGrant takes a role away now. The last administrator of the whole town stays.
//
// Denied fail.denied. Missing people.grant.missing. Conflict people.ended, people.admin.last.
func (d Desk) EndGrant(ctx context.Context, by who.Actor, n id.ID) (err error) {
	defer fail.Wrap(&err, "people.EndGrant(%d)", n)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (Grant, error) {
		g, err := db.One(tx, "people.grant.missing", scanGrant, `select `+grantCols+` from grants where id = $1`, n)
		if err != nil {
			return g, err
		}
		if !by.May(who.GrantEdit, g.Path) {
			return g, denied
		}
		k, err := tx.Exec(`update grants set ends = $1 where id = $2 and (ends = 0 or ends > $1)`, db.Ms(tx.Now()), n)
		if err != nil || k == 0 {
			return g, orElse(err, fail.New(fail.Conflict, "people.ended"))
		}
		if err := adminLeft(tx, g); err != nil {
			return g, err
		}
		return g, audit.Record(tx, by, "people.grant.end", g.Person, map[string]any{"role": g.Role, "place": g.Place})
	})
	return err
}

// adminLeft refuses when g was the last grant by which the whole town is administered.
//
// Conflict people.admin.last.
func adminLeft(tx *db.Tx, g Grant) error {
	if g.Role != who.Admin || g.Path != "/" {
		return nil
	}
	left, err := HoldersAt(tx, who.Admin, 0)
	if err == nil && len(left) == 0 {
		err = fail.New(fail.Conflict, "people.admin.last")
	}
	return err
}

// GrantsIn are the grants at or below a path, past ones too, for the pages of the administration.
func GrantsIn(tx *db.Tx, path string) ([]Grant, error) {
	return db.All(tx, scanGrant, `select `+grantCols+` from grants where path like $2 order by (ends <> 0 and ends <= $1), path, id limit 2000`, db.Ms(tx.Now()), under(path))
}

// GrantsHeld are all grants a person has or had, with their ids.
func GrantsHeld(tx *db.Tx, person id.ID) ([]Grant, error) {
	return db.All(tx, scanGrant, `select `+grantCols+` from grants where person = $2 order by (ends <> 0 and ends <= $1), id`, db.Ms(tx.Now()), person)
}

// SeatsOf are all seats a person has or had.
func SeatsOf(tx *db.Tx, person id.ID) ([]Member, error) {
	return db.All(tx, scanMember, `select `+memberCols+` from member where person = $2 order by (ends <> 0 and ends <= $1), id`, db.Ms(tx.Now()), person)
}

// Repath follows a place that moved in the tree: every path that began with from
// begins with to.
func Repath(tx *db.Tx, from, to string) error {
	for _, q := range []string{
		`update org set path = $1 || substr(path, $2) where path like $3`,
		`update team set path = $1 || substr(path, $2) where path like $3`,
		`update council set path = $1 || substr(path, $2) where path like $3`,
		`update grants set path = $1 || substr(path, $2) where path like $3`,
	} {
		if _, err := tx.Exec(q, to, len(from)+1, under(from)); err != nil {
			return err
		}
	}
	return nil
}

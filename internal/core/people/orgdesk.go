package people

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// OrgKinds are the kinds of organisation; their names are people.org.kind.<kind>.
var OrgKinds = []string{"party_org", "residents_committee", "council", "social_org", "volunteers", "property_manager", "owners_committee", "department", "school", "business"}

// TeamKinds are the kinds of team; their names are people.team.kind.<kind>.
var TeamKinds = []string{"response_group", "mutual_patrol", "volunteers", "grid_team", "do_it_now", "interest", "other"}

func checkOrg(tx *db.Tx, o *Org) error {
	if err := names(&o.Name, &o.Hant, &o.En); err != nil {
		return err
	}
	if err := oneOf(o.Kind, "kind", OrgKinds...); err != nil {
		return err
	}
	if o.Pillar != "" {
		if _, err := pillar(tx, o.Pillar); err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: "pillar"}
		}
	}
	var err error
	o.Phone, err = Phone(o.Phone)
	return err
}

// AddOrg registers an organisation in a place.
//
// Denied fail.denied. Invalid fail.empty, fail.choose, people.name.long, people.phone.bad.
func (d Desk) AddOrg(ctx context.Context, by who.Actor, o Org) (_ Org, err error) {
	defer fail.Wrap(&err, "people.AddOrg")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Org, error) {
		o := o
		var err error
		if o.Path, err = d.need(tx, by, who.PeopleEdit, o.Place); err != nil {
			return o, err
		}
		if err := checkOrg(tx, &o); err != nil {
			return o, err
		}
		o.ID, o.Rev = id.New(tx.Now()), 1
		if _, err := tx.Exec(`insert into org (`+orgCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			o.ID, o.Kind, o.Pillar, o.Name, o.Hant, o.En, o.Place, o.Path, o.Phone, db.Ms(o.Until), o.Rev); err != nil {
			return o, err
		}
		return o, audit.Record(tx, by, "people.org.add", o.ID, nil)
	})
}

// EditOrg changes o.ID at o.Rev; an Until that has come ends it.
//
// Conflict fail.stale, and as AddOrg.
func (d Desk) EditOrg(ctx context.Context, by who.Actor, o Org) (_ Org, err error) {
	defer fail.Wrap(&err, "people.EditOrg(%d)", o.ID)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Org, error) {
		o := o
		was, err := OrgByID(tx, o.ID)
		if err != nil {
			return o, err
		}
		if !by.May(who.PeopleEdit, was.Path) {
			return o, denied
		}
		if o.Path, err = d.need(tx, by, who.PeopleEdit, o.Place); err != nil {
			return o, err
		}
		if err := checkOrg(tx, &o); err != nil {
			return o, err
		}
		n, err := tx.Exec(`update org set kind = $1, pillar = $2, name = $3, hant = $4, en = $5, place = $6, path = $7, phone = $8, ends = $9, rev = rev + 1 where id = $10 and rev = $11`,
			o.Kind, o.Pillar, o.Name, o.Hant, o.En, o.Place, o.Path, o.Phone, db.Ms(o.Until), o.ID, o.Rev)
		if err := changed(n, err); err != nil {
			return o, err
		}
		o.Rev++
		return o, audit.Record(tx, by, "people.org.edit", o.ID, nil)
	})
}

func checkTeam(tx *db.Tx, t *Team) error {
	if err := names(&t.Name, &t.Hant, &t.En); err != nil {
		return err
	}
	if t.Org != 0 {
		if _, err := OrgByID(tx, t.Org); err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: "org"}
		}
	}
	return oneOf(t.Kind, "kind", TeamKinds...)
}

// AddTeam registers a team in a place.
//
// Denied fail.denied. Invalid fail.empty, fail.choose, people.name.long.
func (d Desk) AddTeam(ctx context.Context, by who.Actor, t Team) (_ Team, err error) {
	defer fail.Wrap(&err, "people.AddTeam")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Team, error) {
		t := t
		var err error
		if t.Path, err = d.need(tx, by, who.PeopleEdit, t.Place); err != nil {
			return t, err
		}
		if err := checkTeam(tx, &t); err != nil {
			return t, err
		}
		t.ID, t.Rev = id.New(tx.Now()), 1
		if _, err := tx.Exec(`insert into team (`+teamCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			t.ID, t.Org, t.Place, t.Path, t.Kind, t.Name, t.Hant, t.En, db.Ms(t.Until), t.Rev); err != nil {
			return t, err
		}
		return t, audit.Record(tx, by, "people.team.add", t.ID, nil)
	})
}

// EditTeam changes t.ID at t.Rev; an Until that has come ends it.
//
// Conflict fail.stale, and as AddTeam.
func (d Desk) EditTeam(ctx context.Context, by who.Actor, t Team) (_ Team, err error) {
	defer fail.Wrap(&err, "people.EditTeam(%d)", t.ID)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Team, error) {
		t := t
		was, err := TeamByID(tx, t.ID)
		if err != nil {
			return t, err
		}
		if !by.May(who.PeopleEdit, was.Path) {
			return t, denied
		}
		if t.Path, err = d.need(tx, by, who.PeopleEdit, t.Place); err != nil {
			return t, err
		}
		if err := checkTeam(tx, &t); err != nil {
			return t, err
		}
		n, err := tx.Exec(`update team set org = $1, place = $2, path = $3, kind = $4, name = $5, hant = $6, en = $7, ends = $8, rev = rev + 1 where id = $9 and rev = $10`,
			t.Org, t.Place, t.Path, t.Kind, t.Name, t.Hant, t.En, db.Ms(t.Until), t.ID, t.Rev)
		if err := changed(n, err); err != nil {
			return t, err
		}
		t.Rev++
		return t, audit.Record(tx, by, "people.team.edit", t.ID, nil)
	})
}

// AddCouncil begins a term of a neighbourhood's council; From zero means now.
//
// Denied fail.denied. Invalid fail.empty, people.name.long, people.until.bad.
func (d Desk) AddCouncil(ctx context.Context, by who.Actor, c Council) (_ Council, err error) {
	defer fail.Wrap(&err, "people.AddCouncil")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Council, error) {
		c := c
		var err error
		if c.Path, err = d.need(tx, by, who.PeopleEdit, c.Place); err != nil {
			return c, err
		}
		if err := names(&c.Name, &c.Hant, &c.En); err != nil {
			return c, err
		}
		if c.From.IsZero() {
			c.From = tx.Now()
		}
		if err := within(c.From, c.Until); err != nil {
			return c, err
		}
		c.ID, c.Rev = id.New(tx.Now()), 1
		if _, err := tx.Exec(`insert into council (`+councilCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			c.ID, c.Place, c.Path, c.Name, c.Hant, c.En, db.Ms(c.From), db.Ms(c.Until), c.Rev); err != nil {
			return c, err
		}
		return c, audit.Record(tx, by, "people.council.add", c.ID, nil)
	})
}

// EditCouncil changes names and term of c.ID at c.Rev. A seat and its role end with
// the term they were given for, so a longer term means giving the seats again.
//
// Conflict fail.stale, and as AddCouncil.
func (d Desk) EditCouncil(ctx context.Context, by who.Actor, c Council) (_ Council, err error) {
	defer fail.Wrap(&err, "people.EditCouncil(%d)", c.ID)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Council, error) {
		c := c
		was, err := CouncilByID(tx, c.ID)
		if err != nil {
			return c, err
		}
		if !by.May(who.PeopleEdit, was.Path) {
			return c, denied
		}
		c.Place, c.Path = was.Place, was.Path
		if c.From.IsZero() {
			c.From = was.From
		}
		if err := names(&c.Name, &c.Hant, &c.En); err != nil {
			return c, err
		}
		if err := within(c.From, c.Until); err != nil {
			return c, err
		}
		n, err := tx.Exec(`update council set name = $1, hant = $2, en = $3, starts = $4, ends = $5, rev = rev + 1 where id = $6 and rev = $7`,
			c.Name, c.Hant, c.En, db.Ms(c.From), db.Ms(c.Until), c.ID, c.Rev)
		if err := changed(n, err); err != nil {
			return c, err
		}
		c.Rev++
		if !c.Until.IsZero() { // an earlier end takes the seats along
			for _, q := range []string{
				`update member set ends = $1 where kind = 'council' and of = $2 and (ends = 0 or ends > $1)`,
				`update grants set ends = $1 where (ends = 0 or ends > $1) and member in (select id from member where kind = 'council' and of = $2)`,
			} {
				if _, err := tx.Exec(q, db.Ms(c.Until), c.ID); err != nil {
					return c, err
				}
			}
		}
		return c, audit.Record(tx, by, "people.council.edit", c.ID, nil)
	})
}

func pillar(tx *db.Tx, code string) (Pillar, error) {
	return db.One(tx, "fail.choose", func(r db.Row) (p Pillar, err error) {
		err = r.Scan(&p.Code, &p.Name, &p.Hant, &p.En, &p.Sort, db.Time(&p.Until), &p.Rev)
		return
	}, `select code, name, hant, en, sort, ends, rev from pillar where code = $1`, code)
}

// SavePillar adds a pillar (Rev 0) or changes one; an Until that has come ends it.
// It needs the right everywhere: the pillars are the town's.
//
// Denied fail.denied. Invalid fail.empty, people.code.bad. Conflict fail.stale.
func (d Desk) SavePillar(ctx context.Context, by who.Actor, p Pillar) (_ Pillar, err error) {
	defer fail.Wrap(&err, "people.SavePillar")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Pillar, error) {
		p := p
		if !by.May(who.PeopleEdit, "/") {
			return p, denied
		}
		if err := names(&p.Name, &p.Hant, &p.En); err != nil {
			return p, err
		}
		if !plainCode(p.Code) {
			return p, &fail.Error{Kind: fail.Invalid, Code: "people.code.bad", Field: "code"}
		}
		var n int64
		var err error
		if p.Rev == 0 {
			n, err = tx.Exec(`insert into pillar (code, name, hant, en, sort, ends, rev) values ($1, $2, $3, $4, $5, $6, 1) on conflict (code) do nothing`,
				p.Code, p.Name, p.Hant, p.En, p.Sort, db.Ms(p.Until))
		} else {
			n, err = tx.Exec(`update pillar set name = $1, hant = $2, en = $3, sort = $4, ends = $5, rev = rev + 1 where code = $6 and rev = $7`,
				p.Name, p.Hant, p.En, p.Sort, db.Ms(p.Until), p.Code, p.Rev)
		}
		if err := changed(n, err); err != nil {
			return p, err
		}
		p.Rev++
		return p, audit.Record(tx, by, "people.pillar", 0, map[string]string{"code": p.Code})
	})
}

func plainCode(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

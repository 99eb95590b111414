package people

import (
	"slices"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Reach finds the person of a contact by telephone, then by e-mail, or makes one
// without account; 0 when nothing was left. It never changes somebody already known:
// whoever types a neighbour's number must not be able to hang their own e-mail on it.
//
// Invalid people.phone.bad, people.email.bad, people.name.long.
func Reach(tx *db.Tx, by who.Actor, c Contact) (id.ID, error) {
	if c.Empty() {
		return 0, nil
	}
	c, err := c.tidy()
	if err != nil {
		return 0, err
	}
	if p, err := Known(tx, c); p != 0 || err != nil {
		return p, err
	}
	return add(tx, by, Person{Name: c.Name, Phone: c.Phone, Email: c.Email, Lang: c.Lang, Place: c.Place})
}

// Known is Reach that makes nobody: 0 for a contact nobody has.
//
// Invalid people.phone.bad, people.email.bad, people.name.long.
func Known(tx *db.Tx, c Contact) (id.ID, error) {
	c, err := c.tidy()
	if err != nil {
		return 0, err
	}
	if c.Phone != "" {
		if p, err := known(tx, "phone", c.Phone); p != 0 || err != nil {
			return p, err
		}
	}
	if c.Email == "" {
		return 0, nil
	}
	return known(tx, "email", c.Email)
}

// known is the person with that telephone or e-mail, 0 for nobody: first one who has
// shown that it is theirs, then the oldest.
func known(tx *db.Tx, field, value string) (id.ID, error) {
	ps, err := db.All(tx, scanPerson, `select `+personCols+` from person where `+field+` = $1 and erased = 0
		order by `+field+`_ok = 0, id limit 1`, value)
	if err != nil || len(ps) == 0 {
		return 0, err
	}
	if ps[0].Merged != 0 {
		return ps[0].Merged, nil
	}
	return ps[0].ID, nil
}

// add makes a person.
func add(tx *db.Tx, by who.Actor, p Person) (id.ID, error) {
	p.ID, p.At, p.Rev, p.Lang = id.New(tx.Now()), tx.Now(), 1, lang(p.Lang)
	if err := insertPerson(tx, p); err != nil {
		return 0, err
	}
	return p.ID, audit.Record(tx, by, "people.add", p.ID, nil)
}

// ByID is one person; a merged one is the person they were merged into.
//
// Missing people.missing.
func ByID(tx *db.Tx, n id.ID) (Person, error) {
	p, err := db.One(tx, "people.missing", scanPerson, `select `+personCols+` from person where id = $1`, n)
	if err == nil && p.Merged != 0 {
		return db.One(tx, "people.missing", scanPerson, `select `+personCols+` from person where id = $1`, p.Merged)
	}
	return p, err
}

// ByIDs are the persons with those ids, under the id asked for. Unknown ids are left out.
func ByIDs(tx *db.Tx, ns []id.ID) (map[id.ID]Person, error) {
	out := make(map[id.ID]Person, len(ns))
	var into []id.ID
	for part := range slices.Chunk(ns, 256) {
		in, args := marks(1, part)
		ps, err := db.All(tx, scanPerson, `select `+personCols+` from person where id in (`+in+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			if out[p.ID] = p; p.Merged != 0 {
				into = append(into, p.Merged)
			}
		}
	}
	if len(into) == 0 {
		return out, nil
	}
	final, err := ByIDs(tx, into) // a merged person is one step away, never two
	if err != nil {
		return nil, err
	}
	for n, p := range out {
		if p.Merged != 0 {
			out[n] = final[p.Merged]
		}
	}
	return out, nil
}

// Same are all ids under which a person is known: their own and those merged into it.
func Same(tx *db.Tx, n id.ID) ([]id.ID, error) {
	p, err := ByID(tx, n)
	if err != nil {
		return nil, err
	}
	ns, err := db.All(tx, scanID, `select id from person where merged = $1 order by id`, p.ID)
	return append([]id.ID{p.ID}, ns...), err
}

// Reachable is where a letter to a person goes; both empty when nowhere, or when they
// took back their consent to be written to.
//
// Missing people.missing.
func Reachable(tx *db.Tx, n id.ID) (phone, email, lang string, err error) {
	p, err := ByID(tx, n)
	if err != nil || p.Phone+p.Email == "" {
		return "", "", p.Lang, err
	}
	if no, err := silenced(tx, p.ID); no || err != nil {
		return "", "", p.Lang, err
	}
	return p.Phone, p.Email, p.Lang, nil
}

// into is n, or the person n was merged into.
func into(tx *db.Tx, n id.ID) (id.ID, error) {
	m, err := db.One(tx, "people.missing", scanID, `select case when merged <> 0 then merged else id end from person where id = $1`, n)
	if e, ok := err.(*fail.Error); ok {
		e.Field = "person"
	}
	return m, err
}

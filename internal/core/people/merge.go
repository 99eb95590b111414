package people

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Merged says that From is now known as Into. Rooms that keep persons' ids follow.
type Merged struct {
	From id.ID `json:"from,string"`
	Into id.ID `json:"into,string"`
}

// Kind implements job.Work.
func (Merged) Kind() string { return "people.merged" }

// MergePersons makes gone one with keep: its seats, roles and logins are keep's, and
// whoever asks for gone gets keep. There is no way back; the act stays on record.
//
// Denied fail.denied. Missing people.missing. Invalid people.merge.self. Conflict fail.stale.
func (d Desk) MergePersons(ctx context.Context, by who.Actor, keep, gone id.ID) (_ Person, err error) {
	defer fail.Wrap(&err, "people.MergePersons(%d, %d)", keep, gone)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Person, error) {
		k, err := ByID(tx, keep)
		if err != nil {
			return k, err
		}
		g, err := ByID(tx, gone)
		if err != nil {
			return k, err
		}
		if k.ID == g.ID {
			return k, fail.New(fail.Invalid, "people.merge.self")
		}
		for _, p := range []Person{k, g} {
			if err := d.mayEdit(tx, by, who.PeopleEdit, p); err != nil {
				return k, err
			}
			if !p.Erased.IsZero() {
				return k, fail.New(fail.Missing, "people.missing")
			}
		}
		if err := move(tx, g.ID, k.ID); err != nil {
			return k, err
		}
		if k.Name == "" {
			k.Name = g.Name
		}
		if k.Phone == "" {
			k.Phone, k.PhoneOK, g.Phone, g.PhoneOK = g.Phone, g.PhoneOK, k.Phone, k.PhoneOK
		}
		if k.Email == "" {
			k.Email, k.EmailOK, g.Email, g.EmailOK = g.Email, g.EmailOK, k.Email, k.EmailOK
		}
		if k.Place == 0 {
			k.Place = g.Place
		}
		g.Merged = k.ID // with what telephone is left to it: found by either, they are one
		if _, err = savePerson(tx, g); err != nil {
			return k, err
		}
		if k, err = savePerson(tx, k); err != nil {
			return k, err
		}
		if err := job.Put(tx, tx.Now(), Merged{From: g.ID, Into: k.ID}); err != nil {
			return k, err
		}
		return k, audit.Record(tx, by, "people.merge", k.ID, ids{"gone": g.ID})
	})
}

// move gives all that hangs on one person to another.
func move(tx *db.Tx, from, to id.ID) error {
	for _, q := range []string{
		`update person set merged = $1 where merged = $2`, // one step, never two
		`update member set person = $1 where person = $2`,
		`update grants set person = $1 where person = $2`,
		`update grants set deputy = $1 where deputy = $2`,
		`update consent set person = $1 where person = $2`,
		`update erasure set person = $1 where person = $2`,
	} {
		if _, err := tx.Exec(q, to, from); err != nil {
			return err
		}
	}
	// Ways in go together: half of one and half of another would be nobody's.
	has, err := db.All(tx, scanID, `select person from login where person = $1`, to)
	if err != nil {
		return err
	}
	q := `update login set person = $1 where person = $2`
	if len(has) > 0 {
		q = `delete from login where person <> $1 and person = $2`
	}
	if _, err := tx.Exec(q, to, from); err != nil {
		return err
	}
	return endSessions(tx, from)
}

// Pair is two persons who may be one. Why: phone, email, name.
type Pair struct {
	A, B Person // A the older; masked
	Why  string
}

// Duplicates suggests persons who may be one: same telephone, same e-mail, same name
// in the same place.
//
// Denied fail.denied.
func (d Desk) Duplicates(ctx context.Context, by who.Actor) (_ []Pair, err error) {
	defer fail.Wrap(&err, "people.Duplicates")
	if !by.May(who.PeopleEdit, "") {
		return nil, denied
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Pair, error) {
		type pair struct {
			a, b id.ID
			why  string
		}
		var found []pair
		seen := map[[2]id.ID]bool{}
		for _, w := range []struct{ why, same string }{
			{"phone", `a.phone = b.phone and a.phone <> ''`},
			{"email", `a.email = b.email and a.email <> ''`},
			{"name", `a.fold = b.fold and a.fold <> '' and (a.place = b.place or a.place = 0 or b.place = 0)`},
		} {
			ps, err := db.All(tx, func(r db.Row) (p pair, err error) {
				p.why = w.why
				err = r.Scan(&p.a, &p.b)
				return
			}, `select a.id, b.id from person a join person b on a.id < b.id and `+w.same+`
				where a.merged = 0 and b.merged = 0 and a.erased = 0 and b.erased = 0 order by a.id, b.id limit 100`)
			if err != nil {
				return nil, err
			}
			for _, p := range ps {
				if k := [2]id.ID{p.a, p.b}; !seen[k] {
					seen[k], found = true, append(found, p)
				}
			}
		}
		var out []Pair
		for _, f := range found {
			a, err := ByID(tx, f.a)
			if err != nil {
				return nil, err
			}
			b, err := ByID(tx, f.b)
			if err != nil {
				return nil, err
			}
			out = append(out, Pair{masked(a), masked(b), f.why})
		}
		return out, nil
	})
}

func masked(p Person) Person {
	p.Phone, p.Email = MaskPhone(p.Phone), MaskEmail(p.Email)
	return p
}

package people

import (
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// now is the condition that a row with starts and ends counts at the moment $1.
const now = `starts <= $1 and (ends = 0 or ends > $1)`

// stands is the condition that a grant counts at $1: a deputy's only while the one
// they stand in for holds the role at that place.
const stands = `g.starts <= $1 and (g.ends = 0 or g.ends > $1) and (g.deputy = 0 or exists (
	select 1 from grants o where o.person = g.deputy and o.role = g.role and o.path = g.path and o.deputy = 0
	and o.starts <= $1 and (o.ends = 0 or o.ends > $1)))`

// Holders are those who hold the role at exactly that path or, if nobody does, at the
// nearest level above; deputies with them, after those they stand in for.
func Holders(tx *db.Tx, role who.Role, path string) ([]Holder, error) {
	ls := levels(path)
	if len(ls) == 0 {
		return nil, nil
	}
	in, args := marks(3, ls)
	hs, err := holders(tx, `g.path in (`+in+`)`, append([]any{db.Ms(tx.Now()), role}, args...)...)
	for i := range hs {
		if hs[i].Path != hs[0].Path {
			return hs[:i], err
		}
	}
	return hs, err
}

// HoldersAt are those who hold the role at exactly that place.
func HoldersAt(tx *db.Tx, role who.Role, place id.ID) ([]Holder, error) {
	return holders(tx, `g.place = $3`, db.Ms(tx.Now()), role, place)
}

func holders(tx *db.Tx, where string, args ...any) ([]Holder, error) {
	hs, err := db.All(tx, func(r db.Row) (h Holder, err error) {
		var deputy id.ID
		err = r.Scan(&h.Person, &h.Role, &h.Place, &h.Path, &deputy)
		h.Deputy = deputy != 0
		return
	}, `select g.person, g.role, g.place, g.path, g.deputy from grants g
		where g.role = $2 and `+where+` and `+stands+`
		order by length(g.path) desc, g.deputy <> 0, g.id`, args...)
	if err != nil {
		return nil, err
	}
	seen := map[Holder]bool{}
	out := hs[:0]
	for _, h := range hs {
		k := Holder{Person: h.Person, Place: h.Place}
		if !seen[k] {
			seen[k], out = true, append(out, h)
		}
	}
	return out, nil
}

// GrantsOf are the grants of a person that count now.
func GrantsOf(tx *db.Tx, person id.ID) ([]who.Grant, error) {
	return db.All(tx, func(r db.Row) (g who.Grant, err error) {
		err = r.Scan(&g.Role, &g.Place, &g.Path, db.Time(&g.Until))
		return
	}, `select g.role, g.place, g.path, g.ends from grants g where g.person = $2 and `+stands+` order by g.id`, db.Ms(tx.Now()), person)
}

// Actor is a person with all they may do at this moment. Doors put Via, and Link, in.
//
// Missing people.missing.
func Actor(tx *db.Tx, person id.ID) (who.Actor, error) {
	p, err := ByID(tx, person)
	if err != nil {
		return who.Actor{}, err
	}
	return actor(tx, p.ID, p.Lang)
}

// actor asks for roles and seats at once: it is asked at every request.
func actor(tx *db.Tx, person id.ID, lang string) (a who.Actor, err error) {
	a = who.Actor{ID: person, Lang: lang, Via: who.Web}
	_, err = db.All(tx, func(r db.Row) (_ struct{}, err error) {
		var kind string
		var n id.ID
		var g who.Grant
		switch err = r.Scan(&kind, &n, &g.Role, &g.Place, &g.Path, db.Time(&g.Until)); kind {
		case "org":
			a.Orgs = append(a.Orgs, g.Place)
		case "team":
			a.Teams = append(a.Teams, g.Place)
		default:
			a.Grants = append(a.Grants, g)
		}
		return
	}, `select 'grant', g.id, g.role, g.place, g.path, g.ends from grants g where g.person = $2 and `+stands+`
		union all select kind, id, '', of, '', 0 from member where person = $2 and kind <> 'council' and `+now+` order by 2`,
		db.Ms(tx.Now()), person)
	return a, err
}

// MembersOf are the persons behind an assignee: a person, or those who belong to a
// team or an organisation now.
//
// Missing people.missing for an unknown person.
func MembersOf(tx *db.Tx, kind string, n id.ID) ([]id.ID, error) {
	if kind == "person" {
		m, err := into(tx, n)
		return []id.ID{m}, err
	}
	return db.All(tx, scanID, `select person from member where kind = $2 and of = $3 and `+now+` group by person order by min(id)`, db.Ms(tx.Now()), kind, n)
}

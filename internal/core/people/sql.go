package people

import (
	"embed"
	"fmt"
	"strings"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
)

//go:embed *.sql
var SQL embed.FS

const personCols = `id, name, phone, email, phone_ok, email_ok, lang, place, at, merged, erased, rev`

func scanPerson(r db.Row) (p Person, err error) {
	err = r.Scan(&p.ID, &p.Name, &p.Phone, &p.Email, db.Time(&p.PhoneOK), db.Time(&p.EmailOK), &p.Lang, &p.Place,
		db.Time(&p.At), &p.Merged, db.Time(&p.Erased), &p.Rev)
	return
}

func insertPerson(tx *db.Tx, p Person) error {
	_, err := tx.Exec(`insert into person (`+personCols+`, fold) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		p.ID, p.Name, p.Phone, p.Email, db.Ms(p.PhoneOK), db.Ms(p.EmailOK), p.Lang, p.Place, db.Ms(p.At), p.Merged, db.Ms(p.Erased), p.Rev, fold(p.Name))
	return err
}

// fold is a name as it is compared: no spaces, one script, one case.
func fold(name string) string { return strings.ReplaceAll(text.Fold(name), " ", "") }

// savePerson writes what may change, if p is still as it was read.
//
// Conflict fail.stale.
func savePerson(tx *db.Tx, p Person) (Person, error) {
	n, err := tx.Exec(`update person set name = $1, fold = $2, phone = $3, email = $4, phone_ok = $5, email_ok = $6, lang = $7, place = $8,
		merged = $9, erased = $10, rev = rev + 1 where id = $11 and rev = $12`,
		p.Name, fold(p.Name), p.Phone, p.Email, db.Ms(p.PhoneOK), db.Ms(p.EmailOK), p.Lang, p.Place, p.Merged, db.Ms(p.Erased), p.ID, p.Rev)
	p.Rev++
	return p, changed(n, err)
}

// changed turns a write that found no row of that rev into a refusal.
func changed(n int64, err error) error {
	if err == nil && n == 0 {
		return fail.New(fail.Conflict, "fail.stale")
	}
	return err
}

const orgCols = `id, kind, pillar, name, hant, en, place, path, phone, ends, rev`

func scanOrg(r db.Row) (o Org, err error) {
	err = r.Scan(&o.ID, &o.Kind, &o.Pillar, &o.Name, &o.Hant, &o.En, &o.Place, &o.Path, &o.Phone, db.Time(&o.Until), &o.Rev)
	return
}

const teamCols = `id, org, place, path, kind, name, hant, en, ends, rev`

func scanTeam(r db.Row) (t Team, err error) {
	err = r.Scan(&t.ID, &t.Org, &t.Place, &t.Path, &t.Kind, &t.Name, &t.Hant, &t.En, db.Time(&t.Until), &t.Rev)
	return
}

const councilCols = `id, place, path, name, hant, en, starts, ends, rev`

func scanCouncil(r db.Row) (c Council, err error) {
	err = r.Scan(&c.ID, &c.Place, &c.Path, &c.Name, &c.Hant, &c.En, db.Time(&c.From), db.Time(&c.Until), &c.Rev)
	return
}

const memberCols = `id, kind, of, person, post, starts, ends`

func scanMember(r db.Row) (m Member, err error) {
	err = r.Scan(&m.ID, &m.Kind, &m.Of, &m.Person, &m.Post, db.Time(&m.From), db.Time(&m.Until))
	return
}

const grantCols = `id, role, place, path, person, starts, ends, deputy, member`

func scanGrant(r db.Row) (g Grant, err error) {
	err = r.Scan(&g.ID, &g.Role, &g.Place, &g.Path, &g.Person, db.Time(&g.From), db.Time(&g.Until), &g.DeputyOf, &g.Member)
	return
}

func scanID(r db.Row) (n id.ID, err error) {
	err = r.Scan(&n)
	return
}

// marks is "$from, $from+1, …" for n values. The number of texts stays small: lists
// are filled up to a power of two by repeating the last value.
func marks[T any](from int, vs []T) (string, []any) {
	n := 1
	for n < len(vs) {
		n *= 2
	}
	var b strings.Builder
	args := make([]any, n)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
		args[i] = vs[min(i, len(vs)-1)]
	}
	return b.String(), args
}

// levels are the paths from the whole town to path: "/1/7/" gives "/", "/1/", "/1/7/".
func levels(path string) []string {
	var out []string
	for i, r := range path {
		if r == '/' {
			out = append(out, path[:i+1])
		}
	}
	return out
}

// under is the like pattern of everything at or below path. Paths are digits and slashes.
func under(path string) string { return path + "%" }

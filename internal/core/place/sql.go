package place

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
)

const cols = `id, parent, path, level, code, door, name, hant, en, lat, lon, phone, since, until, public, rev`

func scan(s db.Row) (p Place, err error) {
	err = s.Scan(&p.ID, &p.Parent, &p.Path, &p.Level, &p.Code, &p.Door, &p.Name, &p.NameHant, &p.NameEn, &p.Lat, &p.Lon,
		&p.Phone, db.Time(&p.From), db.Time(&p.Until), &p.Public, &p.Rev)
	return
}

// ByID is one place, closed ones too. Missing place.none.
func ByID(tx *db.Tx, n id.ID) (Place, error) {
	return db.One(tx, "place.none", scan, `select `+cols+` from place where id = $1`, n)
}

const some = 500 // ids in one statement

// ByIDs are the places that exist, by id.
func ByIDs(tx *db.Tx, ids []id.ID) (map[id.ID]Place, error) {
	out := map[id.ID]Place{}
	for part := range slices.Chunk(ids, some) {
		ps, err := db.All(tx, scan, `select `+cols+` from place where id in (`+list(len(part))+`)`, anys(part)...)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			out[p.ID] = p
		}
	}
	return out, nil
}

// list is "$1, $2, …, $n".
func list(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String()
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// ByDoor is the place whose door has that code, however it was typed. Missing place.door.none.
func ByDoor(tx *db.Tx, code string) (Place, error) {
	k := DoorKey(code)
	if k == "" {
		k = "-" // nobody's
	}
	return db.One(tx, "place.door.none", scan, `select `+cols+` from place where doorkey = $1`, k)
}

// ByCode is the town's place that a division code, long or short, or an own code meant
// at a time (zero: now). A code that means nothing any more finds the last it meant.
// Missing place.code.none.
func ByCode(tx *db.Tx, code string, at time.Time) (Place, error) { return byCode(tx, 0, code, at) }

// ByTreeCode is ByCode in an import tree, by its root.
func ByTreeCode(tx *db.Tx, tree id.ID, code string) (Place, error) {
	return byCode(tx, tree, code, time.Time{})
}

func byCode(tx *db.Tx, tree id.ID, code string, at time.Time) (Place, error) {
	if at.IsZero() {
		at = tx.Now()
	}
	if tree == 0 {
		code = FullCode(strings.TrimSpace(code))
	}
	n, err := db.One(tx, "place.code.none", scanID,
		`select place from place_code where tree = $1 and code = $2 and since <= $3 order by since desc limit 1`, tree, code, db.Ms(at))
	if err != nil {
		return Place{}, err
	}
	return ByID(tx, n)
}

func scanID(s db.Row) (n id.ID, err error) { err = s.Scan(&n); return }

// Children are the open places directly in a place, as people order them. 0: the roots.
func Children(tx *db.Tx, parent id.ID) ([]Place, error) {
	ps, err := db.All(tx, scan, `select `+cols+` from place where parent = $1 and (until = 0 or until > $2)`, parent, db.Ms(tx.Now()))
	sortPlaces(ps)
	return ps, err
}

func sortPlaces(ps []Place) {
	slices.SortFunc(ps, func(a, b Place) int {
		if a.Level != b.Level {
			return a.Level.Depth() - b.Level.Depth()
		}
		if a.Code != "" && b.Code != "" && a.Code != b.Code {
			return strings.Compare(a.Code, b.Code)
		}
		return cmp.Or(natural(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// Up is the chain from the root to the place itself.
func Up(tx *db.Tx, n id.ID) ([]Place, error) {
	p, err := ByID(tx, n)
	if err != nil {
		return nil, err
	}
	return Chain(tx, p.Path)
}

// Chain are the places of a path, the root first.
func Chain(tx *db.Tx, path string) ([]Place, error) {
	ids := PathIDs(path)
	m, err := ByIDs(tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Place, 0, len(ids))
	for _, n := range ids {
		out = append(out, m[n])
	}
	return out, nil
}

// Chains are the chains of many places, in two questions.
func Chains(tx *db.Tx, ns []id.ID) (map[id.ID][]Place, error) {
	have, err := ByIDs(tx, once(ns))
	if err != nil {
		return nil, err
	}
	var above []id.ID
	for _, p := range have {
		for _, n := range PathIDs(p.Path) {
			if _, ok := have[n]; !ok {
				above = append(above, n)
			}
		}
	}
	more, err := ByIDs(tx, once(above))
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID][]Place, len(have))
	for _, p := range have {
		for _, n := range PathIDs(p.Path) {
			q, ok := have[n]
			if !ok {
				q = more[n]
			}
			out[p.ID] = append(out[p.ID], q)
		}
	}
	return out, nil
}

// once are the ids in their order, each once.
func once(ns []id.ID) []id.ID {
	ns = slices.Clone(ns)
	slices.Sort(ns)
	return slices.Compact(ns)
}

// Under are the open places of a level in a place, itself too if it is of that level.
func Under(tx *db.Tx, path string, level Level) ([]Place, error) {
	ids := PathIDs(path)
	if len(ids) == 0 {
		return nil, nil
	}
	// By parents, not by a range of paths: engines disagree on how "/" sorts.
	ps, err := db.All(tx, scan, `
		with recursive below (id) as (
			select id from place where id = $1
			union all
			select p.id from place p join below b on p.parent = b.id where p.level <> $2)
		select `+cols+` from place
		where (id = $1 or parent in (select id from below)) and level = $2 and (until = 0 or until > $3)`,
		ids[len(ids)-1], level, db.Ms(tx.Now()))
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(ps, func(a, b Place) int { return natural(a.Name, b.Name) })
	byParent := map[id.ID]int{}
	sortPlaces(ps)
	for _, p := range ps { // those of one parent stay together
		if _, ok := byParent[p.Parent]; !ok {
			byParent[p.Parent] = len(byParent)
		}
	}
	slices.SortStableFunc(ps, func(a, b Place) int { return byParent[a.Parent] - byParent[b.Parent] })
	return ps, nil
}

// Search finds open places by their names in any script, within a place if path is not
// empty. The widest come first.
func Search(tx *db.Tx, words, path string, limit int) ([]Place, error) {
	q := text.Query(words)
	if len(q) == 0 || limit <= 0 {
		return nil, nil
	}
	if ids := PathIDs(path); len(ids) > 0 {
		q = append(q, facet(ids[len(ids)-1]))
	}
	ids, err := db.Match(tx, "place_words", q, 0, 10*limit)
	if err != nil {
		return nil, err
	}
	m, err := ByIDs(tx, ids)
	if err != nil {
		return nil, err
	}
	whole := text.Fold(strings.TrimSpace(words))
	var out []Place
	for _, p := range m {
		if p.Open(tx.Now()) {
			out = append(out, p)
		}
	}
	sortPlaces(out)
	slices.SortStableFunc(out, func(a, b Place) int { return rank(a, whole) - rank(b, whole) })
	return out[:min(len(out), limit)], nil
}

// rank puts the exact name first, then names that begin so.
func rank(p Place, whole string) int {
	f := text.Fold(p.Name)
	switch {
	case f == whole || text.Fold(p.NameEn) == whole:
		return 0
	case strings.HasPrefix(f, whole):
		return 1
	}
	return 2
}

func facet(n id.ID) string { return fmt.Sprintf("p%d", n) }

func words(p Place) []string {
	w := text.Tokens(p.Name)
	for _, s := range []string{p.NameHant, p.NameEn} {
		for _, t := range text.Tokens(s) {
			if !slices.Contains(w, t) {
				w = append(w, t)
			}
		}
	}
	for _, n := range PathIDs(p.Path) {
		w = append(w, facet(n))
	}
	return w
}

// insert writes a new place and what hangs on it: words and the dated code.
func insert(tx *db.Tx, p Place, tree id.ID) error {
	_, err := tx.Exec(`insert into place (id, parent, tree, path, level, code, door, doorkey, name, hant, en, lat, lon, phone, since, until, public, rev)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		p.ID, p.Parent, tree, p.Path, p.Level, p.Code, p.Door, DoorKey(p.Door), p.Name, p.NameHant, p.NameEn, p.Lat, p.Lon,
		p.Phone, db.Ms(p.From), db.Ms(p.Until), p.Public, p.Rev)
	if err != nil {
		return err
	}
	if p.Code != "" {
		if err := putCode(tx, tree, p.Code, p.From, p.ID); err != nil {
			return err
		}
	}
	return db.IndexNew(tx, "place_words", p.ID, words(p))
}

func putCode(tx *db.Tx, tree id.ID, code string, from time.Time, n id.ID) error {
	_, err := tx.Exec(`insert into place_code (tree, code, since, until, place) values ($1, $2, $3, 0, $4)`, tree, code, db.Ms(from), n)
	return err
}

// holder is who has a code now, 0 nobody.
func holder(tx *db.Tx, tree id.ID, code string) (id.ID, error) {
	ids, err := db.All(tx, scanID, `select place from place_code where tree = $1 and code = $2 and until = 0`, tree, code)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

func update(tx *db.Tx, p Place) error {
	k, err := tx.Exec(`update place set code = $1, door = $2, doorkey = $3, name = $4, hant = $5, en = $6, lat = $7, lon = $8,
		phone = $9, since = $10, until = $11, public = $12, rev = rev + 1 where id = $13 and rev = $14`,
		p.Code, p.Door, DoorKey(p.Door), p.Name, p.NameHant, p.NameEn, p.Lat, p.Lon, p.Phone, db.Ms(p.From), db.Ms(p.Until), p.Public, p.ID, p.Rev)
	if err == nil && k == 0 {
		return stale()
	}
	return err
}

package place

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Desk is where the tree of places is looked after.
type Desk struct {
	DB     *db.DB
	Shapes *Shapes        // boundaries kept in memory; nil: read each time
	Zone   *time.Location // of the town, by which a day begins; nil: UTC+8
}

func stale() error { return fail.New(fail.Conflict, "place.stale") }

func allowed(by who.Actor, path string) error {
	if path == "" {
		path = "/"
	}
	if !by.May(who.PlaceEdit, path) {
		return fail.New(fail.Denied, "place.denied")
	}
	return nil
}

// NewDoor as the Door of a place to add, or to edit, makes a door code.
const NewDoor = "+"

// Add puts a place into the tree. Its Parent, Level and names are given; ID, Path and Rev
// are made. From zero is now.
//
// Invalid place.*, Denied place.denied, Conflict place.door.taken or place.code.taken.
func (d Desk) Add(ctx context.Context, by who.Actor, p Place) (_ Place, err error) {
	defer fail.Wrap(&err, "place.Add")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Place, error) { return Add(tx, by, p) })
}

// Add is the Desk's Add in a neighbour's transaction.
func Add(tx *db.Tx, by who.Actor, p Place) (Place, error) {
	fresh := p.Door == NewDoor
	if fresh {
		p.Door = ""
	}
	if err := p.Check(); err != nil {
		return p, err
	}
	var up Place
	if p.Parent != 0 {
		var err error
		if up, err = ByID(tx, p.Parent); err != nil {
			return p, err
		}
		if up.Level.Depth() >= p.Level.Depth() {
			return p, bad("level", "place.order")
		}
		if !up.Open(tx.Now()) {
			return p, fail.New(fail.Conflict, "place.closed")
		}
	} else if p.Level != Tree && p.Level != Province {
		return p, bad("level", "place.root")
	}
	if err := allowed(by, up.Path); err != nil {
		return p, err
	}
	if p.From.IsZero() {
		p.From = tx.Now()
	}
	p.ID, p.Rev = id.New(tx.Now()), 1
	p.Path = fmt.Sprintf("%s%d/", orSlash(up.Path), p.ID)
	tree, err := treeOf(tx, p)
	if err != nil {
		return p, err
	}
	if err := p.checkCode(tree != 0); err != nil {
		return p, err
	}
	if err := free(tx, tree, p); err != nil {
		return p, err
	}
	if fresh {
		if p.Door, err = drawDoor(tx); err != nil {
			return p, err
		}
	}
	if err := insert(tx, p, tree); err != nil {
		return p, err
	}
	return p, audit.Record(tx, by, "place.add", p.ID, map[string]any{"parent": p.Parent, "level": p.Level, "code": p.Code})
}

func orSlash(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// treeOf is the import tree p lies in, 0 for the town.
func treeOf(tx *db.Tx, p Place) (id.ID, error) {
	if p.Level == Tree {
		return p.ID, nil
	}
	root := p.Root()
	if root == p.ID {
		return 0, nil
	}
	r, err := ByID(tx, root)
	if err == nil && r.Level == Tree {
		return root, nil
	}
	return 0, err
}

// free says whether p's code and door are nobody else's.
func free(tx *db.Tx, tree id.ID, p Place) error {
	if p.Code != "" {
		if n, err := holder(tx, tree, p.Code); err != nil {
			return err
		} else if n != 0 && n != p.ID {
			return &fail.Error{Kind: fail.Conflict, Code: "place.code.taken", Field: "code"}
		}
	}
	if p.Door == "" {
		return nil
	}
	o, err := ByDoor(tx, p.Door)
	switch {
	case err == nil && o.ID != p.ID:
		return &fail.Error{Kind: fail.Conflict, Code: "place.door.taken", Field: "door"}
	case err != nil && fail.KindOf(err) != fail.Missing:
		return err
	}
	return nil
}

// drawDoor makes a code of six characters that nobody has.
func drawDoor(tx *db.Tx) (string, error) {
	for {
		b := make([]byte, 6)
		for i := range b {
			b[i] = doorAlphabet[rand.IntN(len(doorAlphabet))]
		}
		if _, err := ByDoor(tx, string(b)); fail.KindOf(err) == fail.Missing {
			return string(b), nil
		} else if err != nil {
			return "", err
		}
	}
}

// Edit changes a place: names, code, door, point, phone, From and Public. Parent, Level
// and Path stay (close it and add another). p.Rev is the one the person saw. A changed
// code keeps the old one findable by date.
//
// Conflict place.stale, place.door.taken, place.code.taken.
func (d Desk) Edit(ctx context.Context, by who.Actor, p Place) (_ Place, err error) {
	defer fail.Wrap(&err, "place.Edit(%d)", p.ID)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Place, error) { return edit(tx, by, p) })
}

func edit(tx *db.Tx, by who.Actor, p Place) (Place, error) {
	old, err := ByID(tx, p.ID)
	if err != nil {
		return p, err
	}
	if err := allowed(by, old.Path); err != nil {
		return p, err
	}
	p.Parent, p.Level, p.Path, p.Until = old.Parent, old.Level, old.Path, old.Until
	if p.From.IsZero() {
		p.From = old.From
	}
	fresh := p.Door == NewDoor
	if fresh {
		p.Door = ""
	}
	if err := p.Check(); err != nil {
		return p, err
	}
	tree, err := treeOf(tx, p)
	if err != nil {
		return p, err
	}
	if err := p.checkCode(tree != 0); err != nil {
		return p, err
	}
	if err := free(tx, tree, p); err != nil {
		return p, err
	}
	if fresh {
		if p.Door, err = drawDoor(tx); err != nil {
			return p, err
		}
	}
	if err := update(tx, p); err != nil {
		return p, err
	}
	p.Rev++
	if p.Code != old.Code {
		if err := recode(tx, tree, old.Code, p); err != nil {
			return p, err
		}
	}
	if err := db.Index(tx, "place_words", p.ID, words(p)); err != nil {
		return p, err
	}
	return p, audit.Record(tx, by, "place.edit", p.ID, changed(old, p))
}

// recode ends the old code now and begins the new one.
func recode(tx *db.Tx, tree id.ID, old string, p Place) error {
	now := tx.Now()
	if old != "" {
		if _, err := tx.Exec(`update place_code set until = $1 where tree = $2 and code = $3 and place = $4 and until = 0`, db.Ms(now), tree, old, p.ID); err != nil {
			return err
		}
	}
	if p.Code == "" {
		return nil
	}
	// Changed and changed back within one moment would be the same row again.
	if _, err := tx.Exec(`delete from place_code where tree = $1 and code = $2 and since = $3 and place = $4`, tree, p.Code, db.Ms(now), p.ID); err != nil {
		return err
	}
	return putCode(tx, tree, p.Code, now, p.ID)
}

// changed names the fields that differ, not what they say.
func changed(a, b Place) map[string]any {
	var f []string
	for _, c := range []struct {
		name string
		same bool
	}{{"name", a.Name == b.Name && a.NameHant == b.NameHant && a.NameEn == b.NameEn}, {"door", a.Door == b.Door},
		{"point", a.At() == b.At()}, {"phone", a.Phone == b.Phone}, {"from", a.From.Equal(b.From)}, {"public", a.Public == b.Public}} {
		if !c.same {
			f = append(f, c.name)
		}
	}
	out := map[string]any{"fields": f}
	if a.Code != b.Code {
		out["code"] = []string{a.Code, b.Code}
	}
	return out
}

// Recode notes that a place had another code between two times in the past: 320602
// before 2020, say. to may not be zero.
func (d Desk) Recode(ctx context.Context, by who.Actor, n id.ID, code string, from, to time.Time) (err error) {
	defer fail.Wrap(&err, "place.Recode(%d)", n)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) {
		p, err := ByID(tx, n)
		if err != nil {
			return 0, err
		}
		if err := allowed(by, p.Path); err != nil {
			return 0, err
		}
		if to.IsZero() || to.Before(from) || to.After(tx.Now()) {
			return 0, bad("until", "place.until.early")
		}
		tree, err := treeOf(tx, p)
		if err != nil {
			return 0, err
		}
		q := p
		q.Code = code
		if err := q.checkCode(tree != 0); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`insert into place_code (tree, code, since, until, place) values ($1, $2, $3, $4, $5)
			on conflict (tree, code, since) do nothing`, tree, q.Code, db.Ms(from), db.Ms(to), n); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "place.recode", n, map[string]any{"code": q.Code})
	})
	return err
}

// Coded is one code of a place and when it had it.
type Coded struct {
	Code        string
	From, Until time.Time
}

// Codes are all codes a place has had, the newest first.
func (d Desk) Codes(ctx context.Context, n id.ID) ([]Coded, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Coded, error) {
		return db.All(tx, func(s db.Row) (c Coded, err error) {
			err = s.Scan(&c.Code, db.Time(&c.From), db.Time(&c.Until))
			return
		}, `select code, since, until from place_code where place = $1 order by since desc, code`, n)
	})
}

// Close ends a place and all in it at a time (zero: now). Nothing is deleted: old issues
// still name it. Conflict place.stale, place.closed.
func (d Desk) Close(ctx context.Context, by who.Actor, n id.ID, rev int64, until time.Time) (_ Place, err error) {
	defer fail.Wrap(&err, "place.Close(%d)", n)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Place, error) {
		until := until
		p, err := ByID(tx, n)
		if err != nil {
			return p, err
		}
		if err := allowed(by, p.Path); err != nil {
			return p, err
		}
		if until.IsZero() {
			until = tx.Now()
		}
		switch {
		case p.Rev != rev:
			return p, stale()
		case !p.Until.IsZero():
			return p, fail.New(fail.Conflict, "place.closed")
		case until.Before(p.From):
			return p, bad("until", "place.until.early")
		}
		k, err := tx.Exec(`
			with recursive below (id) as (
				select id from place where id = $1
				union all
				select p.id from place p join below b on p.parent = b.id)
			update place set until = $2, rev = rev + 1 where until = 0 and id in (select id from below)`, n, db.Ms(until))
		if err != nil {
			return p, err
		}
		if _, err := tx.Exec(`
			with recursive below (id) as (
				select id from place where id = $1
				union all
				select p.id from place p join below b on p.parent = b.id)
			update place_code set until = $2 where until = 0 and place in (select id from below)`, n, db.Ms(until)); err != nil {
			return p, err
		}
		if _, err := tx.Exec(`
			with recursive below (id) as (
				select id from place where id = $1
				union all
				select p.id from place p join below b on p.parent = b.id)
			update grid set until = $2, rev = rev + 1 where until = 0 and place in (select id from below)`, n, db.Ms(until)); err != nil {
			return p, err
		}
		p.Until, p.Rev = until, p.Rev+1
		return p, audit.Record(tx, by, "place.close", n, map[string]any{"until": db.Ms(until), "places": k})
	})
}

// The readers, each on one snapshot.

func (d Desk) ByID(ctx context.Context, n id.ID) (Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (Place, error) { return ByID(tx, n) })
}

func (d Desk) ByIDs(ctx context.Context, ids []id.ID) (map[id.ID]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (map[id.ID]Place, error) { return ByIDs(tx, ids) })
}

func (d Desk) ByDoor(ctx context.Context, code string) (Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (Place, error) { return ByDoor(tx, code) })
}

func (d Desk) ByCode(ctx context.Context, code string, at time.Time) (Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (Place, error) { return ByCode(tx, code, at) })
}

func (d Desk) Children(ctx context.Context, parent id.ID) ([]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Place, error) { return Children(tx, parent) })
}

func (d Desk) Up(ctx context.Context, n id.ID) ([]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Place, error) { return Up(tx, n) })
}

// Chains are the ways down to many places at once, each with the root first; places that
// are not there are left out.
func (d Desk) Chains(ctx context.Context, ns []id.ID) (map[id.ID][]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (map[id.ID][]Place, error) { return Chains(tx, ns) })
}

func (d Desk) Under(ctx context.Context, path string, level Level) ([]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Place, error) { return Under(tx, path, level) })
}

func (d Desk) Search(ctx context.Context, words, path string, limit int) ([]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Place, error) { return Search(tx, words, path, limit) })
}

func (d Desk) At(ctx context.Context, p geo.Point) ([]Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Place, error) { return At(tx, d.Shapes, p) })
}

func (d Desk) NearestBuilding(ctx context.Context, p geo.Point) (Place, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (Place, error) { return NearestBuilding(tx, p, near) })
}

func (d Desk) Boundary(ctx context.Context, n id.ID) (string, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (string, error) { return Boundary(tx, n) })
}

func (d Desk) Grids(ctx context.Context, path string) ([]Grid, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Grid, error) { return Grids(tx, path) })
}

func (d Desk) GridAt(ctx context.Context, p geo.Point) (Grid, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) (Grid, error) { return GridAt(tx, d.Shapes, p) })
}

// Scan counts that a door's code was scanned today, and says whose it is.
func (d Desk) Scan(ctx context.Context, code string) (_ Place, err error) {
	defer fail.Wrap(&err, "place.Scan")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Place, error) {
		p, err := ByDoor(tx, code)
		if err != nil {
			return p, err
		}
		_, err = tx.Exec(`insert into door_scan (place, day, count) values ($1, $2, 1)
			on conflict (place, day) do update set count = door_scan.count + 1`, p.ID, d.day(tx.Now()))
		return p, err
	})
}

func (d Desk) day(t time.Time) int64 {
	zone := d.Zone
	if zone == nil {
		zone = time.FixedZone("UTC+8", 8*60*60)
	}
	y, m, n := t.In(zone).Date()
	return int64(y*10000 + int(m)*100 + n)
}

// DoorScans is how often a door was scanned on one day (yyyymmdd).
type DoorScans struct {
	Place id.ID
	Day   int64
	Count int64
}

// Scans are the counts of days from…to of the doors in a place, by day and door.
func (d Desk) Scans(ctx context.Context, path string, from, to time.Time) ([]DoorScans, error) {
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]DoorScans, error) {
		return db.All(tx, func(s db.Row) (n DoorScans, err error) {
			err = s.Scan(&n.Place, &n.Day, &n.Count)
			return
		}, `select s.place, s.day, s.count from door_scan s join place p on p.id = s.place
			where s.day >= $1 and s.day <= $2 and p.path like $3 order by s.day, s.place`, d.day(from), d.day(to), strings.TrimSuffix(orSlash(path), "/")+"/%")
	})
}

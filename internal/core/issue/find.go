package issue

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/core/place"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Two search indexes. issue_find holds what the public may see: the number, the released
// title and texts, and facets. issue_desk holds every text, and names of places, for staff.
//
// A facet is a character with Latin letters or digits behind it, such as 地123. The
// tokenizer never makes such a word, so nobody can type one into a text or a search.

// townFacet stands with what does not lie in a tree of imports.
const townFacet = "镇1"

func placeFacet(n id.ID) string       { return "地" + strconv.FormatInt(int64(n), 10) }
func stateFacet(s State) string       { return "态" + squeeze(string(s)) }
func categoryFacet(c string) string   { return "类" + squeeze(c) }
func openFacet(s State) string        { return "开" + map[bool]string{true: "1", false: "0"}[s.Open()] }
func squeeze(code string) string      { return strings.ToLower(squeezer.Replace(code)) }
func mainCategory(code string) string { c, _, _ := strings.Cut(code, "."); return c }

var squeezer = strings.NewReplacer("_", "", ".", "点", "-", "")

// Open reports whether s is not an end.
func (s State) Open() bool { return slices.Contains(open, s) }

func (s shown) facets() []string {
	fs := []string{categoryFacet(s.Category), stateFacet(s.State), openFacet(s.State)}
	if m := mainCategory(s.Category); m != s.Category {
		fs = append(fs, categoryFacet(m))
	}
	for _, n := range place.PathIDs(s.Up) {
		fs = append(fs, placeFacet(n))
	}
	return fs
}

// reindex brings what is read of c up to date: the public row, both search indexes, and
// by the row's stamp the map. Every verb calls it last, in its transaction, with its
// entries and photos written. Only a report leaves the search to its letter.
func reindex(tx *db.Tx, c Issue) error { return renew(tx, c, false) }

// reword is reindex when a released text has changed.
func reword(tx *db.Tx, c Issue) error { return renew(tx, c, true) }

// known is what renew reads of an issue, or what a verb has at hand.
type known struct {
	cat                  Category
	chain                []place.Place
	was                  shown
	found                bool // was stands in the table
	texts, spoken, waits int64
}

// fresh is the public row of an issue that was written just now with its first entry: all
// that would be read is at hand. Nobody searches yet for what somebody is still sending,
// and writing two search indexes costs a third of a report: findable does it, from the
// report's letter.
func fresh(tx *db.Tx, c Issue, cat Category, chain []place.Place, e Entry, photos int) error {
	k := known{cat: cat, chain: chain, waits: int64(photos)}
	if e.Text != "" {
		k.texts, k.waits = 1, k.waits+1
	}
	return insertShown(tx, k.row(tx, c))
}

// findable writes both search indexes of c anew. Twice is as once.
func findable(tx *db.Tx, c Issue) error {
	chain, err := place.Chain(tx, c.Path)
	if err != nil {
		return err
	}
	s, _, err := shownByID(tx, c.ID)
	if err != nil {
		return err
	}
	es, err := spokenIn(tx, c.ID)
	if err != nil {
		return err
	}
	if err := indexPublic(tx, c, chain, s, s, es, true); err != nil {
		return err
	}
	return db.Index(tx, "issue_desk", c.ID, deskWords(c, chain, es))
}

func renew(tx *db.Tx, c Issue, words bool) (err error) {
	k := known{}
	if k.cat, err = sight(tx, c.Category); err != nil {
		return err
	}
	if k.chain, err = place.Chain(tx, c.Path); err != nil {
		return err
	}
	if k.was, k.found, err = shownByID(tx, c.ID); err != nil {
		return err
	}
	if k.texts, k.spoken, k.waits, err = countTexts(tx, c.ID); err != nil {
		return err
	}
	return show(tx, c, k, words)
}

// row is the public row of c.
func (k known) row(tx *db.Tx, c Issue) shown {
	s := shown{Stamp: id.New(tx.Now()), Kind: c.Category, Path: c.Path, Desk: c.DeskPath, Cell: cellOf(c.Lat, c.Lon), Live: far, Texts: k.texts, Spoken: k.spoken, Waits: k.waits}
	s.Public, s.Pub = c.Public(k.cat, k.chain)
	s.ID = c.ID
	if s.Pub {
		s.Up = shownPlace(k.chain, c.Open).Path
	} else {
		s.Waits = 0 // nothing of it is ever shown
	}
	if !c.State.Open() {
		s.Live = db.Ms(cmpTime(c.Closed, c.Moved))
	}
	return s
}

// show writes the public row of c and both search indexes.
func show(tx *db.Tx, c Issue, k known, words bool) (err error) {
	was, found := k.was, k.found
	s := k.row(tx, c)
	if found {
		err = saveShown(tx, s)
	} else {
		err = insertShown(tx, s)
	}
	if err != nil {
		return err
	}
	public := !found || words || s.Pub != was.Pub || s.Spoken != was.Spoken || s.Title != was.Title || !slices.Equal(s.facets(), was.facets())
	desk := !found || s.Texts != was.Texts || s.Kind != was.Kind || s.Path != was.Path || s.Desk != was.Desk || (s.Live == far) != (was.Live == far)
	if !(public && (s.Pub || was.Pub)) && !desk {
		return nil
	}
	var es []Entry
	if s.Texts > 0 {
		if es, err = spokenIn(tx, c.ID); err != nil {
			return err
		}
	}
	if public {
		if err := indexPublic(tx, c, k.chain, s, was, es, found); err != nil {
			return err
		}
	}
	if !desk {
		return nil
	}
	index := db.Index
	if !found {
		index = db.IndexNew
	}
	return index(tx, "issue_desk", c.ID, deskWords(c, k.chain, es))
}

func indexPublic(tx *db.Tx, c Issue, chain []place.Place, s, was shown, es []Entry, found bool) error {
	if !s.Pub {
		if was.Pub {
			return db.Unindex(tx, "issue_find", c.ID)
		}
		return nil
	}
	said := []string{s.No, s.Title}
	if s.Spoken > 0 {
		words, err := wordings(tx, c.ID)
		if err != nil {
			return err
		}
		for _, p := range c.trail(es, words) {
			said = append(said, p.Text)
		}
	}
	index := db.Index
	if !found {
		index = db.IndexNew
	}
	words := append(text.Tokens(strings.Join(said, "\n")), s.facets()...)
	if len(chain) > 0 && chain[0].Level != place.Tree {
		words = append(words, townFacet)
	}
	return index(tx, "issue_find", c.ID, words)
}

// deskWords are all that staff may search for in c.
func deskWords(c Issue, chain []place.Place, es []Entry) []string {
	said := []string{c.No, c.Title, c.Spot}
	for _, p := range chain {
		if p.Level.Depth() >= place.Subdistrict.Depth() {
			said = append(said, p.Name, p.NameEn)
		}
	}
	for _, e := range es {
		said = append(said, e.Text)
	}
	words := append(text.Tokens(strings.Join(said, "\n")), categoryFacet(c.Category), openFacet(c.State))
	if m := mainCategory(c.Category); m != c.Category {
		words = append(words, categoryFacet(m))
	}
	// Where it lies and whose desk has it: who is at home in either finds it.
	at := append(place.PathIDs(c.Path), place.PathIDs(c.DeskPath)...)
	slices.Sort(at)
	for _, n := range slices.Compact(at) {
		words = append(words, placeFacet(n))
	}
	return words
}

// tellable is the condition that an entry's words may be shown once released.
var tellable = `(internal = false and act in ('` + strings.Join(slices.Sorted(func(yield func(string) bool) {
	for a := range told {
		if !yield(string(a)) {
			return
		}
	}
}), "', '") + `'))`

// countTexts counts an issue's texts, those released, and the texts and photos that wait
// for somebody to look at them.
func countTexts(tx *db.Tx, n id.ID) (all, released, waits int64, err error) {
	_, err = db.One(tx, "", func(r db.Row) (_ int, err error) {
		var pictures int64
		err = r.Scan(&all, &released, &waits, &pictures)
		waits += pictures
		return
	}, `select count(*), coalesce(sum(case when e.released then 1 else 0 end), 0),
		coalesce(sum(case when not e.released and `+tellable+` and w.ref is null then 1 else 0 end), 0),
		(select count(*) from photo p left join wording v on v.ref = p.id
			where p.issue = $1 and not p.released and v.ref is null)
		from entry e left join wording w on w.ref = e.id where e.issue = $1 and e.body <> ''`, n)
	return
}

func cmpTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// Squares of some 200 m: a two-thousandth of a degree of latitude, and of longitude as
// much as is 200 m at 30° north. Twins are looked for in the squares around.
const (
	cellLat = 1.0 / 500
	cellLon = 1.0 / 420
	cellRow = 1 << 20
)

// cellOf is the square a point lies in, 0 for no point.
func cellOf(lat, lon float64) int64 {
	if lat == 0 && lon == 0 {
		return 0
	}
	return int64(math.Floor((lat+90)/cellLat))*cellRow + int64(math.Floor((lon+180)/cellLon))
}

// cellsAround are the squares within so many metres of a point.
func cellsAround(lat, lon, metres float64) []int64 {
	dy := metres / 111_195
	dx := dy / max(0.2, math.Cos(lat*math.Pi/180))
	var out []int64
	for y := math.Floor((lat - dy + 90) / cellLat); y <= math.Floor((lat+dy+90)/cellLat); y++ {
		for x := math.Floor((lon - dx + 180) / cellLon); x <= math.Floor((lon+dx+180)/cellLon); x++ {
			out = append(out, int64(y)*cellRow+int64(x))
		}
	}
	return out
}

func metres(lat, lon, lat2, lon2 float64) float64 {
	return geo.Distance(geo.Point{Lat: lat, Lon: lon}, geo.Point{Lat: lat2, Lon: lon2})
}

const (
	nearPublic = 150.0 // metres within which a report is likely the same
	nearStaff  = 500.0
	nearMost   = 5
	nearDays   = 7 * 24 * time.Hour
)

// Like is an issue that may be the same.
type Like struct {
	Public
	Metres int
	Alike  float64 // how alike the words are, 0…1
}

// Likely are the issues that what somebody is about to report may be: of the same
// category, at most 150 m away, open or ended in the last seven days; at most five, the
// nearest and most alike first. What is shown of them is public; one that is public
// without its point is left out, or moving the pin about would find it.
func (d Desk) Likely(ctx context.Context, cat string, p geo.Point, words string) (_ []Like, err error) {
	defer fail.Wrap(&err, "issue.Likely")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Like, error) {
		ps, err := around(tx, p, nearPublic, nearDays, cat)
		if err != nil {
			return nil, err
		}
		var out []Like
		for _, q := range ps {
			m := metres(p.Lat, p.Lon, q.Lat, q.Lon)
			if m > nearPublic {
				continue
			}
			out = append(out, Like{q, int(m), text.Similar(words, q.Title)})
		}
		slices.SortFunc(out, func(a, b Like) int {
			return cmp.Or(cmp.Compare(likeness(b.Metres, nearPublic, b.Alike), likeness(a.Metres, nearPublic, a.Alike)), cmp.Compare(b.ID, a.ID))
		})
		return out[:min(len(out), nearMost)], nil
	})
}

// likeness weighs being near against being alike.
func likeness(m int, within, alike float64) float64 { return alike + (1 - float64(m)/within) }

// around are the public issues in the squares within so many metres, open or ended since;
// an empty category is any.
func around(tx *db.Tx, p geo.Point, within float64, ago time.Duration, cat string) ([]Public, error) {
	q, args := aroundQuery(tx.Now(), p, within, ago, cat)
	return db.All(tx, scanPublic, q, args...)
}

func aroundQuery(now time.Time, p geo.Point, within float64, ago time.Duration, cat string) (string, []any) {
	in, args := marks(4, cellsAround(p.Lat, p.Lon, within))
	return `select ` + publicCols + ` from shown
		where live > $1 and ($2 = '' or kind = $2) and pub and lat <> $3 and cell in (` + in + `) order by id desc limit 400`,
		append([]any{since(now, ago), cat, 0.0}, args...)
}

// Twin is an issue that staff may find to be the same, public or not.
type Twin struct {
	ID     id.ID
	No     string
	State  State
	Title  string
	Metres int
	Alike  float64
}

// twins are what c may be the same as, within 500 m: for staff.
func twins(tx *db.Tx, c Issue, may func(path, desk string) bool) ([]Twin, error) {
	if c.Lat == 0 && c.Lon == 0 {
		return nil, nil
	}
	type found struct {
		Issue
		said string
	}
	in, args := marks(4, cellsAround(c.Lat, c.Lon, nearStaff))
	fs, err := db.All(tx, func(r db.Row) (f found, err error) {
		err = r.Scan(&f.ID, &f.No, &f.State, &f.Title, &f.Path, &f.DeskPath, &f.Lat, &f.Lon, &f.said)
		return
	}, `select i.id, i.no, i.state, i.title, i.path, i.desk_path, i.lat, i.lon,
			coalesce((select e.body from entry e where e.issue = i.id and e.body <> '' order by e.id limit 1), '')
		from shown s join issue i on i.id = s.id
		where s.live > $1 and s.kind = $2 and i.id <> $3 and i.state <> 'merged' and s.cell in (`+in+`) order by i.id desc limit 200`,
		append([]any{since(tx.Now(), nearDays), c.Category, c.ID}, args...)...)
	if err != nil {
		return nil, err
	}
	mine, err := firstText(tx, c.ID)
	if err != nil {
		return nil, err
	}
	var out []Twin
	for _, f := range fs {
		if m := metres(c.Lat, c.Lon, f.Lat, f.Lon); m <= nearStaff && may(f.Path, f.DeskPath) {
			out = append(out, Twin{f.ID, f.No, f.State, f.Title, int(m), text.Similar(c.Title+mine, f.Title+f.said)})
		}
	}
	slices.SortFunc(out, func(a, b Twin) int {
		return cmp.Or(cmp.Compare(likeness(b.Metres, nearStaff, b.Alike), likeness(a.Metres, nearStaff, a.Alike)), cmp.Compare(b.ID, a.ID))
	})
	return out[:min(len(out), nearMost)], nil
}

func firstText(tx *db.Tx, n id.ID) (string, error) {
	ts, err := db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return },
		`select body from entry where issue = $1 and body <> '' order by id limit 1`, n)
	if err != nil || len(ts) == 0 {
		return "", err
	}
	return ts[0], nil
}

package issue

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
)

// Foreign is an issue from another system, as it stands there. It starts no clocks and
// nobody is told of it.
type Foreign struct {
	Source   string // its id there, unique in its tree of places
	Category string
	Sort     Sort  // "" the category's
	Grade    Grade // "" the category's
	Text     string
	Title    string // "" the category's name stands for it
	Public   bool   // text and title are public there
	Place    id.ID
	Lat, Lon float64 // WGS-84; 0,0 the place's
	Open     bool
	State    State // reported, accepted, closed or refused
	Outcome  Outcome
	Why      string // of a refusal; "" unclear
	Reply    string // what was said when it ended
	Spot     string // address and the like, for staff only
	Promise  time.Time
	Late     bool // by the clock there
	At       time.Time
	Ended    time.Time
}

const importMost = 1000

// Check tidies a foreign issue and says what is wrong with it, so that a file can be
// proved whole before the first row is written.
//
// Invalid text.long, issue.import_*, issue.point_wrong.
func (f *Foreign) Check() (err error) {
	bad := func(field, code string) error {
		return &fail.Error{Kind: fail.Invalid, Code: code, Field: field, Args: []any{"source", f.Source}}
	}
	if f.Text, err = clean("text", f.Text, 10_000); err != nil {
		return err
	}
	if f.Reply, err = clean("reply", f.Reply, 10_000); err != nil {
		return err
	}
	if f.Title, err = text.Line(f.Title, 200); err != nil {
		return at("title", err)
	}
	if r := []rune(f.Title); len(r) > titleMost {
		f.Title = string(r[:titleMost-1]) + "…"
	}
	if f.Spot, err = text.Line(f.Spot, 200); err != nil {
		return at("spot", err)
	}
	p := geo.Point{Lat: f.Lat, Lon: f.Lon}
	switch {
	case f.Source == "" || len(f.Source) > 120:
		return bad("source", "issue.import_source")
	case p != geo.Point{} && !p.Valid():
		return bad("place", "issue.point_wrong")
	case f.At.IsZero() || !f.Ended.IsZero() && f.Ended.Before(f.At):
		return bad("at", "issue.import_time")
	case !slices.Contains([]State{Reported, Accepted, Closed, Refused}, f.State) || (f.State == Closed || f.State == Refused) != !f.Ended.IsZero():
		return bad("state", "issue.import_state")
	case f.State == Closed && !slices.Contains([]Outcome{Solved, Partly, Explained, CarriedOver}, f.Outcome) || f.State != Closed && f.Outcome != "":
		return bad("outcome", "issue.need_outcome")
	}
	return nil
}

// Imported counts what an import did.
type Imported struct {
	New   int
	Known int // were there already
}

// Import takes in up to a thousand issues of another system in one transaction. One that
// is there already, by its source in its tree, is left alone, so that a batch may come twice.
// The answer of those who raised them is not known: a closed one counts as unconfirmed.
//
// What Check promises; Denied issue.not_allowed for anybody but the program; Missing
// issue.category_missing, place.none.
func (d Desk) Import(ctx context.Context, by who.Actor, batch []Foreign) (_ Imported, err error) {
	defer fail.Wrap(&err, "issue.Import")
	if !by.IsSystem() {
		return Imported{}, fail.New(fail.Denied, "issue.not_allowed")
	}
	if len(batch) > importMost {
		return Imported{}, fail.New(fail.Invalid, "issue.bulk_most", "max", importMost)
	}
	batch = slices.Clone(batch)
	for i := range batch {
		if err := batch[i].Check(); err != nil {
			return Imported{}, err
		}
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (out Imported, err error) {
		kept := shelf{chains: map[id.ID][]place.Place{}, cats: map[string]Category{}}
		for _, f := range batch {
			fresh, err := d.take(tx, by, f, kept)
			if err != nil {
				return out, err
			}
			if out.Known++; fresh {
				out.Known, out.New = out.Known-1, out.New+1
			}
		}
		return out, nil
	})
}

// shelf holds what many rows of a file share.
type shelf struct {
	chains map[id.ID][]place.Place
	cats   map[string]Category
}

func (d Desk) take(tx *db.Tx, by who.Actor, f Foreign, kept shelf) (_ bool, err error) {
	chain, cat := kept.chains[f.Place], kept.cats[f.Category]
	if chain == nil {
		if chain, err = place.Up(tx, f.Place); err != nil {
			return false, at("place", err)
		}
		kept.chains[f.Place] = chain
	}
	if cat.Code == "" {
		if cat, err = sight(tx, f.Category); err != nil {
			return false, at("category", err)
		}
		kept.cats[f.Category] = cat
	}
	root := chain[0].ID
	if known, err := said(tx, `select 1 from issue where tree = $1 and source = $2 and source <> ''`, root, f.Source); known || err != nil {
		return false, err
	}
	here, desk := chain[len(chain)-1], first(chain, place.Level(cat.First))
	c := Issue{ID: id.New(tx.Now()), Category: cat.Code, Sort: f.Sort, Grade: f.Grade, Channel: ByImport, Place: here.ID, Path: here.Path, Lat: f.Lat, Lon: f.Lon, Open: f.Open,
		Spot: f.Spot, Promise: f.Promise, Late: f.Late, Located: "import", Desk: desk.ID, DeskPath: desk.Path, State: f.State, At: f.At.UTC(), Moved: f.At.UTC(), Source: f.Source, Tree: root, Rev: 1}
	if c.Sort == "" || cat.Sort == Violation {
		c.Sort = cat.Sort
	}
	if c.Grade == "" {
		c.Grade = cat.Grade
	}
	if c.Lat == 0 && c.Lon == 0 {
		c.Lat, c.Lon = here.Lat, here.Lon
	}
	if f.Public && f.Title != "" {
		c.Title, c.Named = f.Title, true
	}
	switch f.State {
	case Closed:
		c.Outcome, c.Answer, c.Closed, c.Moved, c.Was = f.Outcome, Unconfirmed, f.Ended.UTC(), f.Ended.UTC(), Accepted
	case Refused:
		c.Why, c.Moved, c.Was = f.Why, f.Ended.UTC(), Reported
		if c.Why == "" {
			c.Why = "unclear"
		}
	}
	if err := d.importNumber(tx, &c); err != nil {
		return false, err
	}
	e := Entry{ID: id.New(tx.Now()), Issue: c.ID, At: c.At, Act: ActReport, To: Reported, Text: f.Text, Released: f.Public && f.Text != ""}
	if err := insertEntry(tx, e); err != nil {
		return false, err
	}
	if f.State != Reported {
		a := map[State]Act{Accepted: ActAccept, Closed: ActPass, Refused: ActRefuse}[f.State]
		if err := insertEntry(tx, Entry{ID: id.New(tx.Now()), Issue: c.ID, At: c.Moved, Act: a, From: Reported, To: f.State, Text: f.Reply, Reason: c.Why, Released: f.Public && f.Reply != ""}); err != nil {
			return false, err
		}
	}
	if err := audit.Record(tx, by, "issue.import", c.ID, map[string]any{"category": c.Category, "place": c.Place}); err != nil {
		return false, err
	}
	return true, reindex(tx, c)
}

// importNumber gives c a number of its day and writes it. It is longer than those of the
// town, so that nobody who says one on the telephone means the other.
func (d Desk) importNumber(tx *db.Tx, c *Issue) error {
	day := c.At.In(d.calendar().Zone()).Format("060102")
	for try := range 64 {
		h := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%d", c.Tree, c.Source, try))
		c.No = fmt.Sprintf("%s-%07d", day, 1000000+binary.BigEndian.Uint64(h[:])%9000000)
		if ok, err := insert(tx, *c); ok || err != nil {
			return err
		}
	}
	return fail.New(fail.Busy, "issue.no_number")
}

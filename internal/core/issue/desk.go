package issue

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
)

// Check tidies a report and says what is wrong with it.
//
// Invalid text.long, issue.need_category, issue.need_photo, issue.photos_most,
// issue.need_place, issue.point_wrong, issue.channel_wrong.
func (in *Report) Check() (err error) {
	bad := func(field, code string, args ...any) error {
		return &fail.Error{Kind: fail.Invalid, Code: code, Field: field, Args: args}
	}
	if in.Text, err = clean("text", in.Text, textMost); err != nil {
		return err
	}
	if in.Spot, err = text.Line(in.Spot, 60); err != nil {
		return at("spot", err)
	}
	for i, r := range in.Answers {
		if in.Answers[i].Value, err = clean("answers", r.Value, 200); err != nil {
			return err
		}
	}
	p := geo.Point{Lat: in.Lat, Lon: in.Lon}
	switch {
	case in.Category == "":
		return bad("category", "issue.need_category")
	case in.Text == "" && len(in.Photos) == 0:
		return bad("text", "issue.need_photo")
	case len(in.Photos) > photoMost:
		return bad("photos", "issue.photos_most", "max", photoMost)
	case p != geo.Point{} && !p.Valid():
		return bad("place", "issue.point_wrong")
	case in.Place == 0 && p == geo.Point{}:
		return bad("place", "issue.need_place")
	case len(in.Key) > 200 || len(in.Answers) > 20 || len(in.Consent) > 60 || len(in.Located) > 20:
		return bad("", "fail.input")
	case !slices.Contains([]Channel{ByWeb, ByDoor, ByPhone, ByVisit, ByPatrol}, in.Channel):
		return bad("channel", "issue.channel_wrong")
	}
	return nil
}

// clean is text.Clean with the field at fault.
func clean(field, s string, most int) (string, error) {
	s, err := text.Clean(s, most)
	return s, at(field, err)
}

func at(field string, err error) error {
	if e, ok := err.(*fail.Error); ok {
		e.Field = field
	}
	return err
}

// Report hands in an issue and gives the reporter a number and a private link. The same
// Key again gives the issue that it made, with another link.
//
// What Check promises; Missing issue.category_missing; Invalid issue.outside for a point
// the town does not reach; Denied issue.not_allowed for entering on somebody's behalf
// without the right there.
func (d Desk) Report(ctx context.Context, by who.Actor, in Report) (_ Receipt, err error) {
	defer fail.Wrap(&err, "issue.Report")
	if err := in.Check(); err != nil {
		return Receipt{}, err
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Receipt, error) { return d.report(tx, by, in) })
}

func (d Desk) report(tx *db.Tx, by who.Actor, in Report) (Receipt, error) {
	c, cat, chain, err := d.draft(tx, by, in)
	if err != nil {
		return Receipt{}, err
	}
	c.Form = hash(in.Key)
	if err := people.Refuses(tx, by, in.Contact, c.Path); err != nil {
		return Receipt{}, err
	}
	if err := d.people(tx, by, in, &c); err != nil {
		return Receipt{}, err
	}
	ls, err := limitsOf(tx, c.Category, c.Grade)
	if err != nil {
		return Receipt{}, err
	}
	d.due(&c, c.At, ls, Whats...)
	if r, found, err := d.number(tx, by, &c); found || err != nil {
		return r, err
	}
	e := Entry{ID: id.New(tx.Now()), Issue: c.ID, At: c.At, Who: by.ID, Act: ActReport, To: Reported, Text: in.Text, Replies: in.Answers}
	if in.Urgent {
		e.Reason = "urgent"
	}
	if err := addEntry(tx, e, in.Photos); err != nil {
		return Receipt{}, err
	}
	for _, f := range []struct {
		person id.ID
		role   string
	}{{c.Owner, "reporter"}, {c.For, "elder"}} {
		if f.person != 0 {
			if err := follow(tx, c.ID, f.person, f.role); err != nil {
				return Receipt{}, err
			}
		}
	}
	token, err := newLink(tx, by, c.ID, "reporter", c.Owner, time.Time{})
	if err != nil {
		return Receipt{}, err
	}
	detail := map[string]any{"category": c.Category, "place": c.Place, "channel": c.Channel, "desk": c.Desk}
	if in.Consent != "" && c.Owner != 0 {
		detail["consent"] = in.Consent
		if err := people.Agree(tx, by, c.Owner, "contact", in.Consent); err != nil {
			return Receipt{}, err
		}
	}
	if err := audit.Record(tx, by, "issue.report", c.ID, detail); err != nil {
		return Receipt{}, err
	}
	if err := job.Put(tx, tx.Now(), Moved{c.ID, e.ID, ActReport, by.ID}); err != nil {
		return Receipt{}, err
	}
	if err := arm(tx, c); err != nil {
		return Receipt{}, err
	}
	return Receipt{Issue: c, Link: token}, fresh(tx, c, cat, chain, e, len(in.Photos))
}

// again is what a form that was sent before made.
func (d Desk) again(tx *db.Tx, by who.Actor, form string) (Receipt, bool, error) {
	if form == "" {
		return Receipt{}, false, nil
	}
	cs, err := db.All(tx, scan, `select `+cols+` from issue where form = $1 and form <> ''`, form)
	if err != nil || len(cs) == 0 {
		return Receipt{}, false, err
	}
	token, err := newLink(tx, by, cs[0].ID, "reporter", cs[0].Owner, time.Time{})
	return Receipt{Issue: cs[0], Link: token}, true, err
}

// draft is the issue a report opens: where it lies and whose desk has it first.
func (d Desk) draft(tx *db.Tx, by who.Actor, in Report) (Issue, Category, []place.Place, error) {
	cat, err := sight(tx, in.Category)
	if err == nil && !cat.Retired.IsZero() {
		err = fail.New(fail.Missing, "issue.category_missing")
	}
	if err != nil {
		return Issue{}, cat, nil, at("category", err)
	}
	chain, err := d.where(tx, in)
	if err != nil {
		return Issue{}, cat, nil, err
	}
	here := chain[len(chain)-1]
	desk := first(chain, place.Level(cat.First))
	now := tx.Now()
	c := Issue{ID: id.New(now), Category: cat.Code, Sort: in.Sort, Grade: cat.Grade, Channel: in.Channel,
		Place: here.ID, Path: here.Path, Lat: in.Lat, Lon: in.Lon, Open: in.Open, Spot: in.Spot, Located: in.Located,
		Desk: desk.ID, DeskPath: desk.Path, State: Reported, CallBack: in.CallBack, Tree: chain[0].ID, At: now, Moved: now, Rev: 1}
	if !slices.Contains([]Sort{Inquiry, Help, Complaint, Violation, Suggestion, Praise, Other}, c.Sort) {
		c.Sort = cat.Sort
	}
	if cat.Sort == Violation { // nobody turns a report of a violation into something public by the way of a form
		c.Sort = Violation
	}
	if c.Lat == 0 && c.Lon == 0 {
		c.Lat, c.Lon = here.Lat, here.Lon
	}
	staff := in.Channel == ByPhone || in.Channel == ByVisit || in.Channel == ByPatrol
	if staff && !by.May(who.IssueEnter, here.Path) {
		return c, cat, chain, fail.New(fail.Denied, "issue.not_allowed")
	}
	if in.Urgent && staff && (c.Grade == General || c.Grade == Complex) {
		c.Grade = Urgent
	}
	return c, cat, chain, nil
}

// where is the chain of places a report lies in.
func (d Desk) where(tx *db.Tx, in Report) ([]place.Place, error) {
	if in.Place != 0 {
		chain, err := place.Up(tx, in.Place)
		if err == nil && (len(chain) == 0 || !chain[len(chain)-1].Open(tx.Now())) {
			err = fail.New(fail.Missing, "place.none")
		}
		return chain, at("place", err)
	}
	chain, err := place.At(tx, d.Shapes, geo.Point{Lat: in.Lat, Lon: in.Lon})
	if err == nil && len(chain) == 0 {
		err = &fail.Error{Kind: fail.Invalid, Code: "issue.outside", Field: "place"}
	}
	return chain, err
}

// first is the desk that handles first: the place of that level, or the nearest above it.
func first(chain []place.Place, l place.Level) place.Place {
	out := chain[0]
	for _, p := range chain {
		if p.Level.Depth() <= l.Depth() {
			out = p
		}
	}
	return out
}

// people finds out who raised it, for whom, and who took it down.
func (d Desk) people(tx *db.Tx, by who.Actor, in Report, c *Issue) (err error) {
	switch in.Channel {
	case ByPhone, ByVisit:
		c.Taker = by.ID
		if c.Owner, err = people.Reach(tx, by, in.Contact); err != nil {
			return err
		}
	default:
		if c.Owner = by.ID; c.Owner == 0 {
			if c.Owner, err = people.Reach(tx, by, in.Contact); err != nil {
				return err
			}
		}
	}
	if c.For, err = people.Reach(tx, by, in.Elder); err == nil && c.For == c.Owner {
		c.For = 0
	}
	return err
}

// number gives c a number nobody else of its tree has, and writes it. It counts
// nothing, so that no two reports wait for one row: the number is drawn, from the form's
// key where there is one, and drawn again when it is taken. It reports true for a form
// that was sent before.
func (d Desk) number(tx *db.Tx, by who.Actor, c *Issue) (Receipt, bool, error) {
	day := c.At.In(d.calendar().Zone()).Format("060102")
	seed := []byte(c.Form)
	if len(seed) == 0 {
		seed = []byte(rand.Text())
	}
	for try := range 24 {
		h := sha256.Sum256(fmt.Append(seed, try))
		n := binary.BigEndian.Uint64(h[:])
		switch {
		case try < 4:
			c.No = fmt.Sprintf("%s-%04d", day, 1+n%9999)
		case try < 8: // a storm, or an import of a whole city
			c.No = fmt.Sprintf("%s-%05d", day, 10000+n%90000)
		default:
			c.No = fmt.Sprintf("%s-%07d", day, 1000000+n%9000000)
		}
		if ok, err := insert(tx, *c); ok || err != nil {
			return Receipt{}, false, err
		}
		if r, found, err := d.again(tx, by, c.Form); found || err != nil { // looked for only now: it is rare
			return r, found, err
		}
	}
	return Receipt{}, false, fail.New(fail.Busy, "issue.no_number")
}

// addEntry writes an entry with its photos.
func addEntry(tx *db.Tx, e Entry, photos []string) error {
	if err := insertEntry(tx, e); err != nil {
		return err
	}
	for _, name := range photos {
		if err := insertPhoto(tx, Photo{ID: id.New(tx.Now()), Issue: e.Issue, Entry: e.ID, Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// hash is what is kept of a secret; "" of none.
func hash(secret string) string {
	if secret == "" {
		return ""
	}
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

package issue

import (
	"context"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/place"
)

// Whole is all there is of an issue, for those who work on it.
type Whole struct {
	Issue    Issue
	Category Category
	Chain    []place.Place // where it lies, the widest first
	Entries  []Entry       // oldest first, with their photos
	Words    map[id.ID]Wording
	Marks    map[id.ID][]text.Mark // by entry: what seems to be personal in its text
	Tasks    []Task                // newest first
	Acts     []Act                 // what the actor may do now
	Public   bool                  // whether the public sees it
	Release  bool                  // whether the actor may release
	Desk     bool                  // the actor sees it from a desk; what follows is empty for others
	Clocks   []Run
	Links    []Link
	Twins    []Twin
	Joined   []Line // merged into this one
	Others   int64  // other issues of the one who raised it
}

// Run is one stretch of the clocks.
type Run struct {
	ID                              id.ID
	Start, Stop                     time.Time // Stop zero: running
	Began, Ended                    Act
	Accept, Dispatch, First, Settle time.Time
}

// maySee reports whether by sees c whole: from a desk, or with the task in hand.
func maySee(tx *db.Tx, by who.Actor, c Issue) (bool, error) {
	if c.Allows(by, who.IssueSee) || by.IsSystem() {
		return true, nil
	}
	if c.Task == 0 || by.ID == 0 && by.Guest != c.ID {
		return false, nil
	}
	k, err := taskByID(tx, c.Task)
	return err == nil && c.Holds(by, k), err
}

// See is an issue by its number, for those who work on it.
//
// Missing issue.missing when there is none, and just so when it is not theirs to see.
func (d Desk) See(ctx context.Context, by who.Actor, no string) (_ Whole, err error) {
	defer fail.Wrap(&err, "issue.See")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Whole, error) {
		c, err := byNo(tx, no)
		if err != nil {
			return Whole{}, err
		}
		return see(tx, by, c)
	})
}

// SeeID is See by the id.
func (d Desk) SeeID(ctx context.Context, by who.Actor, n id.ID) (_ Whole, err error) {
	defer fail.Wrap(&err, "issue.SeeID")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Whole, error) {
		c, err := byID(tx, n)
		if err != nil {
			return Whole{}, err
		}
		return see(tx, by, c)
	})
}

func see(tx *db.Tx, by who.Actor, c Issue) (w Whole, err error) {
	switch ok, err := maySee(tx, by, c); {
	case err != nil:
		return w, err
	case !ok:
		return w, fail.New(fail.Missing, "issue.missing")
	}
	w = Whole{Issue: c, Desk: c.Allows(by, who.IssueSee) || by.IsSystem(), Release: c.Allows(by, who.IssueRelease)}
	if w.Category, err = CategoryByCode(tx, c.Category); err != nil {
		return w, err
	}
	if w.Chain, err = place.Chain(tx, c.Path); err != nil {
		return w, err
	}
	_, w.Public = c.Public(w.Category, w.Chain)
	if w.Entries, err = entries(tx, c.ID); err != nil {
		return w, err
	}
	if !w.Desk { // what staff say among themselves stays there
		w.Entries = slices.DeleteFunc(w.Entries, func(e Entry) bool { return e.Internal && (e.Who == 0 || e.Who != by.ID) })
	}
	if w.Words, err = wordings(tx, c.ID); err != nil {
		return w, err
	}
	w.Marks = map[id.ID][]text.Mark{}
	for _, e := range w.Entries {
		if m := text.Personal(e.Text); len(m) > 0 {
			w.Marks[e.ID] = m
		}
	}
	if w.Tasks, err = db.All(tx, scanTask, `select `+taskCols+` from task where issue = $1 order by id desc`, c.ID); err != nil {
		return w, err
	}
	rel := Relation{}
	for _, k := range w.Tasks {
		if k.ID == c.Task {
			rel.Task = k
		}
	}
	w.Acts = c.Acts(by, rel, tx.Now())
	if !w.Desk {
		return w, nil
	}
	return w, w.behind(tx, by)
}

// behind reads what only the desk sees.
func (w *Whole) behind(tx *db.Tx, by who.Actor) (err error) {
	c := w.Issue
	if w.Clocks, err = db.All(tx, func(r db.Row) (k Run, err error) {
		err = r.Scan(&k.ID, db.Time(&k.Start), db.Time(&k.Stop), &k.Began, &k.Ended, db.Time(&k.Accept), db.Time(&k.Dispatch), db.Time(&k.First), db.Time(&k.Settle))
		return
	}, `select id, start, stop, began, ended, due_accept, due_dispatch, due_first, due_settle from clock where issue = $1 order by id`, c.ID); err != nil {
		return err
	}
	if len(w.Clocks) == 0 && c.State.runs() && c.Channel != ByImport { // the first stretch is written when it ends
		w.Clocks = []Run{{Start: c.At, Began: ActReport, Accept: c.Accept, Dispatch: c.Dispatch, First: c.First, Settle: c.Settle}}
	}
	if w.Links, err = db.All(tx, scanLink, `select `+linkCols+` from link where issue = $1 and kind <> 'reporter' order by id`, c.ID); err != nil {
		return err
	}
	if w.Twins, err = twins(tx, c, func(path, desk string) bool {
		return Issue{Path: path, DeskPath: desk}.Allows(by, who.IssueSee) || by.IsSystem()
	}); err != nil {
		return err
	}
	ids, err := db.All(tx, scanID, `select id from issue where into_id = $1 and into_id <> 0 order by id`, c.ID)
	if err != nil {
		return err
	}
	if w.Joined, err = lines(tx, ids); err != nil || c.Owner == 0 {
		return err
	}
	w.Others, err = db.One(tx, "", scanInt, `select count(*) from issue where owner = $1 and owner <> 0 and id <> $2`, c.Owner, c.ID)
	return err
}

// OthersOf lists the other issues of the one who raised an issue, for staff who see them.
//
// Missing issue.missing.
func (d Desk) OthersOf(ctx context.Context, by who.Actor, n id.ID) (_ []Line, err error) {
	defer fail.Wrap(&err, "issue.OthersOf")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Line, error) {
		c, err := byID(tx, n)
		if err != nil {
			return nil, err
		}
		if !c.Allows(by, who.IssueSee) {
			return nil, fail.New(fail.Missing, "issue.missing")
		}
		ids, err := db.All(tx, scanID, `select id from issue where owner = $1 and owner <> 0 and id <> $2 order by id desc limit 200`, c.Owner, c.ID)
		if err != nil {
			return nil, err
		}
		ls, err := lines(tx, ids)
		return slices.DeleteFunc(ls, func(l Line) bool { return !(Issue{Path: l.Path, DeskPath: l.DeskPath}).Allows(by, who.IssueSee) }), err
	})
}

// Own is an issue for the one who raised it: their words and pictures as they sent them,
// what was said to them, and what they may do now.
type Own struct {
	View     Public // at the place they named; the trail with their own words
	Public   bool   // whether others see it too
	Spot     string
	Question string    // what they were asked and have not answered
	Until    time.Time // by when: an answer to the question, or 办好了 or 还没好
	Acts     []Act
	Known    bool // there is a way to reach the reporter
	Rev      int64
}

// spoken are the acts whose words are meant for the reporter, released or not.
var spoken = []Act{ActAsk, ActTell, ActRefuse, ActHandle}

// toReporter reports whether the reporter sees the words and photos of e, released or not.
func (c Issue) toReporter(e Entry) bool {
	if e.Internal || !e.Act.Told() {
		return false
	}
	return e.Act == ActReport || c.As(e) == Reporter || slices.Contains(spoken, e.Act) || e.Released
}

// OwnLink is Own by the secret of the private link. Missing issue.link_missing,
// issue.link_expired, also for links of another kind.
func (d Desk) OwnLink(ctx context.Context, token string) (_ Own, err error) {
	defer fail.Wrap(&err, "issue.OwnLink")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Own, error) {
		l, err := OpenLink(tx, token)
		if err == nil && l.Kind != "reporter" {
			err = fail.New(fail.Missing, "issue.link_missing")
		}
		if err != nil {
			return Own{}, err
		}
		c, err := byID(tx, l.Issue)
		if err != nil {
			return Own{}, err
		}
		return own(tx, l.As(who.Actor{ID: l.Person}), c)
	})
}

// Own is what the holder of the private link, or the person who raised it, sees.
//
// Missing issue.missing, also when it is somebody else's.
func (d Desk) Own(ctx context.Context, by who.Actor, n id.ID) (_ Own, err error) {
	defer fail.Wrap(&err, "issue.Own")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Own, error) {
		c, err := byID(tx, n)
		if err == nil && !c.Reporter(by) {
			err = fail.New(fail.Missing, "issue.missing")
		}
		if err != nil {
			return Own{}, err
		}
		return own(tx, by, c)
	})
}

func own(tx *db.Tx, by who.Actor, c Issue) (o Own, err error) {
	cat, err := sight(tx, c.Category)
	if err != nil {
		return o, err
	}
	chain, err := place.Chain(tx, c.Path)
	if err != nil {
		return o, err
	}
	o = Own{Spot: c.Spot, Known: c.Owner != 0, Rev: c.Rev}
	_, o.Public = c.Public(cat, chain)
	o.View = c.view(place.Place{ID: c.Place}, false)
	o.View.Lat, o.View.Lon = c.Lat, c.Lon
	es, err := entries(tx, c.ID)
	if err != nil {
		return o, err
	}
	words, err := wordings(tx, c.ID)
	if err != nil {
		return o, err
	}
	o.View.Trail = c.ownTrail(es, words)
	k, err := taskByID(tx, c.Task)
	if err != nil {
		return o, err
	}
	o.Acts = c.Acts(by, Relation{Task: k}, tx.Now())
	switch {
	case c.State == Paused && c.Why == string(ActAsk):
		for _, e := range es {
			if e.Act == ActAsk {
				o.Question = e.Text
			}
		}
		o.Until = c.Until
	case c.State == Closed && c.Answer == Awaiting:
		o.Until = c.Closed.AddDate(0, 0, answerDays)
	}
	return o, nil
}

// ownTrail is the public trail with what the reporter may read besides, newest first.
func (c Issue) ownTrail(es []Entry, words map[id.ID]Wording) []PublicEntry {
	open := c
	open.Why = "" // what they took back is still theirs to read
	var kept []Entry
	for _, e := range es {
		if !e.Internal && e.Act.Told() {
			kept = append(kept, e)
		}
	}
	out := open.trail(kept, words)
	for i, e := range slices.Backward(kept) {
		if !c.toReporter(e) {
			continue
		}
		p := &out[len(kept)-1-i]
		if e.Act == ActReport || c.As(e) == Reporter || p.Text == "" {
			p.Text = e.Text
		}
		p.Photos = nil
		for _, f := range e.Photos {
			p.Photos = append(p.Photos, f.Name)
		}
	}
	return out
}

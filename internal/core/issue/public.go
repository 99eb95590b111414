package issue

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/core/place"
)

// Public is all that anybody may see of an issue: every page, feed, export and search
// result shows this and no more.
type Public struct {
	ID       id.ID
	No       string
	Category string
	Grade    Grade
	Title    string  // "" until released: pages show the category's name
	Place    id.ID   // building at the deepest when it lies in public space, else the community
	Lat, Lon float64 // to some ten metres; 0,0 when only the community is shown
	State    State
	Outcome  Outcome
	Answer   Answer
	Promise  time.Time
	Paused   bool
	Late     bool
	MeToo    int64
	Reopens  int64
	Photo    string
	At       time.Time
	Moved    time.Time
	Closed   time.Time
	Trail    []PublicEntry // newest first; empty in lists
}

// PublicEntry is one public line of the trail.
type PublicEntry struct {
	At       time.Time
	Act      Act
	By       Hand // as whom it was done: reporter, anyone (a neighbour), desk, task, program; never who
	To       State
	Reason   string // code from a list
	Text     string // only when released
	Target   string // place, team, org, or a category's code; a person is "person" and no more
	TargetID id.ID  // that place's, team's or organisation's
	Until    time.Time
	Photos   []string
}

// Public is what anybody may see of c, and whether anybody may see it at all. Chain are
// the places of c.Path, the widest first. It is the one public view: whoever shows an
// issue to people we don't know shows this.
//
// Not public are categories that say so (disputes, people in need), reports of violations,
// spam, what was taken out of view, and what was merged: its page is that of the other.
func (c Issue) Public(cat Category, chain []place.Place) (Public, bool) {
	if c.Category != cat.Code || !cat.Public || c.Sort == Violation || c.Spam || c.Hidden || c.State == Merged || c.State == "" {
		return Public{}, false
	}
	return c.view(shownPlace(chain, c.Open), c.Open), true
}

// view is c as it is shown at a place, with its point or without.
func (c Issue) view(at place.Place, point bool) Public {
	p := Public{
		ID: c.ID, No: c.No, Category: c.Category, Grade: c.Grade, Place: at.ID,
		State: c.State, Outcome: c.Outcome, Answer: c.Answer, Promise: c.Promise, Paused: !c.Paused.IsZero(), Late: c.Late,
		MeToo: c.MeToo, Reopens: c.Reopens, At: c.At, Moved: c.Moved, Closed: c.Closed,
	}
	if point {
		p.Lat, p.Lon = rough(c.Lat), rough(c.Lon)
	}
	if !c.withdrawn() {
		p.Photo = c.Photo
		if c.Named {
			p.Title = c.Title
		}
	}
	return p
}

// Next is what comes next on the way of the issue, "" at its end.
func (p Public) Next() Act {
	switch p.State {
	case Reported:
		return ActAccept
	case Accepted:
		return ActHand
	case Dispatched:
		return ActTake
	case InHand:
		return ActHandle
	case Paused:
		return ActResume
	case Handled:
		return ActPass
	case Closed:
		if p.Answer == Awaiting {
			return ActConfirm
		}
	}
	return ""
}

// withdrawn says that the reporter took it back: words and pictures go with it, that
// something was reported and withdrawn stays.
func (c Issue) withdrawn() bool { return c.State == Refused && c.Why == "withdrawn" }

// shownPlace is the deepest place that may be named: a building in public space, else
// the community.
func shownPlace(chain []place.Place, open bool) (at place.Place) {
	most := place.Community
	if open {
		most = place.Building
	}
	for _, p := range chain {
		if p.Level.Depth() <= most.Depth() {
			at = p
		}
	}
	return at
}

// rough rounds degrees to some ten metres: enough to find a lamp, not a window.
func rough(deg float64) float64 { return math.Round(deg*1e4) / 1e4 }

// told are the acts people may see. What staff say among themselves, and what they do to
// texts, is not the town's business.
var told = map[Act]bool{
	ActReport: true, ActAccept: true, ActRefuse: true, ActMerge: true, ActUnmerge: true, ActAsk: true, ActReply: true, ActAdd: true,
	ActWithdraw: true, ActHand: true, ActTake: true, ActReturn: true, ActDecide: true, ActRecall: true, ActUp: true, ActDown: true,
	ActPause: true, ActResume: true, ActExtend: true, ActApprove: true, ActDeny: true, ActHandle: true, ActPass: true, ActRework: true,
	ActConfirm: true, ActDispute: true, ActCallBack: true, ActSilence: true, ActNotDone: true, ActTell: true, ActCorrect: true,
	ActClassify: true, ActUrge: true, ActLate: true,
}

// Told reports whether people may see that the act was done.
func (a Act) Told() bool { return told[a] }

// trail is what anybody may see of the entries, newest first. Words are the texts as
// they were decided to be shown, by entry.
func (c Issue) trail(es []Entry, words map[id.ID]Wording) []PublicEntry {
	var out []PublicEntry
	for _, e := range slices.Backward(es) {
		if e.Issue != c.ID || e.Internal || !e.Act.Told() {
			continue
		}
		p := PublicEntry{At: e.At, Act: e.Act, By: c.As(e), To: e.To, Reason: e.Reason, Target: e.Target, TargetID: e.TargetID, Until: e.Until}
		switch p.Target {
		case "place", "team", "org":
		default: // a person, a guest, an issue that may not be public
			p.TargetID = 0
		}
		if !c.withdrawn() {
			if e.Released {
				p.Text = words[e.ID].of(e)
			}
			for _, f := range e.Photos {
				if f.Released && f.Shown != "" {
					p.Photos = append(p.Photos, f.Shown)
				}
			}
		}
		out = append(out, p)
	}
	return out
}

// As says as whom the entry was made.
func (c Issue) As(e Entry) Hand {
	var by Hand
	for _, s := range flow {
		switch {
		case s.Act != e.Act:
		case by == "":
			by = s.By
		case by != s.By: // the desk may, and somebody else too
			switch {
			case e.Who == 0 && (s.By == Program || by == Program):
				return Program
			case e.Who != 0 && (e.Who == c.Owner || e.Who == c.For) && (s.By == Reporter || by == Reporter):
				return Reporter
			case e.Who != 0 && e.Who == c.Handler && (s.By == TaskHand || by == TaskHand):
				return TaskHand
			}
			return DeskHand
		}
	}
	return by
}

// Public is the public page of an issue, by its number; of a merged issue that of the one
// it went into, which has another number. Missing issue.missing when there is none, and
// when there is one that is not public.
func (d Desk) Public(ctx context.Context, no string) (_ Public, err error) {
	defer fail.Wrap(&err, "issue.Public")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Public, error) {
		c, err := byNo(tx, no)
		for hops := 0; err == nil && c.State == Merged && hops < 8; hops++ {
			// What is not for the public leads nowhere either.
			was := c
			was.State = Reported
			if _, err = publicOf(tx, was); err == nil {
				c, err = byID(tx, c.Into)
			}
		}
		if err != nil {
			return Public{}, err
		}
		return public(tx, c)
	})
}

// publicOf is the public view of c without its trail. Missing issue.missing.
func publicOf(tx *db.Tx, c Issue) (Public, error) {
	cat, err := sight(tx, c.Category)
	if err != nil {
		return Public{}, err
	}
	chain, err := place.Chain(tx, c.Path)
	if err != nil {
		return Public{}, err
	}
	p, ok := c.Public(cat, chain)
	if !ok {
		return Public{}, fail.New(fail.Missing, "issue.missing")
	}
	return p, nil
}

func public(tx *db.Tx, c Issue) (Public, error) {
	p, err := publicOf(tx, c)
	if err != nil {
		return Public{}, err
	}
	es, err := entries(tx, c.ID)
	if err != nil {
		return Public{}, err
	}
	words, err := wordings(tx, c.ID)
	p.Trail = c.trail(es, words)
	return p, err
}

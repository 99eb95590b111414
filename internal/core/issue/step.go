package issue

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
)

// Relation is what a rule must know beside the issue itself.
type Relation struct {
	Task Task   // the task in hand, zero when none
	Goal string // path of the place Move.Place names
	Ref  Entry  // the entry Move.Ref names
	Last bool   // Ref is the last entry that changed the state
	Said bool   // the same voice said the same before: not_done and me_too ever, urge today
	Into Issue  // the issue Move.Into names
	Sort Sort   // what an issue of Move.Category is, when it or the category before is for reports of violations
}

// Step moves c by m.Act, or says why not. It reads no clock and no database; now is
// the moment of the act. The number of c, its clocks after a pause and the task are
// the desk's.
//
// Conflict issue.wrong_state: not in this state. Denied issue.not_yours: not by this
// actor. Denied issue.own_work: the one who handles never checks.
func (c Issue) Step(m Move, by who.Actor, rel Relation, now time.Time) (Issue, error) {
	s, err := c.line(m.Act, c.branch(m, rel), by, rel)
	if err != nil {
		return c, err
	}
	if err := c.bar(m.Act, by, rel, now); err != nil {
		return c, err
	}
	if err := s.Need.lacks(m); err != nil {
		return c, err
	}
	next, err := c.apply(s, m, by, rel, now)
	if err != nil {
		return c, err
	}
	next.Rev, next.Moved = c.Rev+1, now
	if next.State != c.State {
		next.Wish, next.WishTo, next.WishBy = "", time.Time{}, 0
	}
	return next, nil
}

// Acts lists what by may do with c now, in the order of the table, so that a page
// shows no button that would be refused. Goal, Ref and Into of rel are not needed.
func (c Issue) Acts(by who.Actor, rel Relation, now time.Time) []Act {
	var out []Act
	for _, s := range flow {
		if s.By == Program || s.Act == ActReport || slices.Contains(out, s.Act) {
			continue
		}
		if _, err := c.line(s.Act, anyBranch, by, rel); err != nil {
			continue
		}
		if c.bar(s.Act, by, rel, now) == nil {
			out = append(out, s.Act)
		}
	}
	return out
}

// May reports whether by may do a now.
func (c Issue) May(a Act, by who.Actor, rel Relation, now time.Time) bool {
	return slices.Contains(c.Acts(by, rel, now), a)
}

const anyBranch = "*"

// branch says which of an act's lines is meant.
func (c Issue) branch(m Move, rel Relation) string {
	switch m.Act {
	case ActApprove:
		return string(c.Wish)
	case ActCallBack:
		return m.Reason
	case ActCorrect:
		if rel.Last && rel.Ref.To == c.State && slices.Contains([]Act{ActAccept, ActRefuse, ActWithdraw, ActHandle, ActPass}, rel.Ref.Act) && (c.State != Closed || c.Answer == Awaiting) {
			return "undo"
		}
		return "words"
	}
	return ""
}

// line finds the line of the table for the act, the state and the hand.
func (c Issue) line(a Act, branch string, by who.Actor, rel Relation) (Step, error) {
	refused := fail.New(fail.Conflict, "issue.wrong_state")
	for _, s := range flow {
		if s.Act != a || branch != anyBranch && s.If != branch && s.If != "" {
			continue
		}
		if s.From == nil && c.State == Merged || s.From != nil && !slices.Contains(s.From, c.State) {
			continue
		}
		if !c.hand(s, by, rel) {
			refused = fail.New(fail.Denied, "issue.not_yours")
			continue
		}
		return s, nil
	}
	return Step{}, refused
}

// hand reports whether by is the one a line names.
func (c Issue) hand(s Step, by who.Actor, rel Relation) bool {
	switch s.By {
	case AnyOne:
		return true
	case Reporter:
		return c.Reporter(by)
	case TaskHand:
		return c.Holds(by, rel.Task)
	case DeskHand:
		return c.Allows(by, s.Need.Right)
	}
	return by.IsSystem()
}

// Reporter reports whether by raised c, is the one it was raised for, or holds its private link.
func (c Issue) Reporter(by who.Actor) bool {
	return by.Link != 0 && by.Link == c.ID || by.ID != 0 && (by.ID == c.Owner || by.ID == c.For)
}

// Holds reports whether by is, works for, or belongs to the one the task went to, or
// holds an outsider's link for the issue.
func (c Issue) Holds(by who.Actor, k Task) bool {
	if k.ID == 0 || k.ID != c.Task {
		return false
	}
	switch {
	case by.Guest != 0 && by.Guest == c.ID:
		return true
	case by.ID == 0:
		return false
	}
	switch k.To.Kind {
	case "person":
		return k.To.ID == by.ID
	case "team":
		return slices.Contains(by.Teams, k.To.ID)
	case "org":
		return slices.Contains(by.Orgs, k.To.ID)
	}
	return false
}

// Allows reports whether by has the right over c: at the desk that has it now, and
// for looking, checking and calling back also where it lies.
func (c Issue) Allows(by who.Actor, r who.Right) bool {
	if c.DeskPath != "" && by.May(r, c.DeskPath) {
		return true
	}
	switch r {
	case who.IssueSee, who.IssueCheck, who.IssueCallBack, who.IssueRelease, who.ContactSee:
		return c.Path != "" && by.May(r, c.Path)
	}
	return by.IsSystem()
}

// worked reports whether by handled c, or acts for those who did.
func (c Issue) worked(by who.Actor, rel Relation) bool {
	return by.ID != 0 && by.ID == c.Handler || c.Holds(by, rel.Task) || by.ID == 0 && !by.IsSystem()
}

// bar refuses what the state and the actor alone forbid.
func (c Issue) bar(a Act, by who.Actor, rel Relation, now time.Time) error {
	no := func(k fail.Kind, code string, args ...any) error { return fail.New(k, code, args...) }
	switch a {
	case ActUnspam:
		if !c.Spam {
			return no(fail.Conflict, "issue.not_spam")
		}
	case ActReply:
		if c.Why != string(ActAsk) {
			return no(fail.Conflict, "issue.not_asked")
		}
	case ActHand:
		if c.Bounced >= bounceMost {
			return no(fail.Denied, "issue.decide_only")
		}
	case ActDecide:
		if c.Bounced < bounceMost {
			return no(fail.Conflict, "issue.not_bounced")
		}
	case ActReturn:
		if rel.Task.Decided {
			return no(fail.Denied, "issue.decided")
		}
	case ActRecall:
		if rel.Task.Decided && !c.Allows(by, who.IssueDecide) {
			return no(fail.Denied, "issue.decided")
		}
	case ActPause, ActExtend:
		if c.Wish != "" {
			return no(fail.Conflict, "issue.wish_waits")
		}
	case ActApprove, ActDeny:
		if c.Wish == "" {
			return no(fail.Conflict, "issue.no_wish")
		}
		if a == ActApprove && by.ID == c.WishBy {
			return no(fail.Denied, "issue.own_wish")
		}
	case ActPass, ActRework:
		if c.worked(by, rel) {
			return no(fail.Denied, "issue.own_work")
		}
	case ActCallBack:
		if c.worked(by, rel) {
			return no(fail.Denied, "issue.own_work")
		}
	case ActConfirm:
		if by.ID != 0 && by.ID == c.Handler {
			return no(fail.Denied, "issue.own_work")
		}
		if c.Answer == Confirmed {
			return no(fail.Conflict, "issue.answered")
		}
	case ActDispute:
		if now.After(c.Closed.AddDate(0, 0, disputeDays)) {
			return no(fail.Conflict, "issue.dispute_late", "days", disputeDays)
		}
	case ActSilence:
		if c.Answer != Awaiting || now.Before(c.Closed.AddDate(0, 0, answerDays)) {
			return no(fail.Conflict, "issue.not_silent")
		}
	case ActNotDone, ActMeToo:
		if rel.Said {
			return no(fail.Conflict, "issue.said")
		}
		if c.Reporter(by) {
			return no(fail.Conflict, "issue.your_own")
		}
	case ActUrge:
		if rel.Said {
			return no(fail.Conflict, "issue.urged")
		}
	case ActHide:
		if c.Hidden {
			return no(fail.Conflict, "issue.changed")
		}
	case ActShow:
		if !c.Hidden {
			return no(fail.Conflict, "issue.changed")
		}
	case ActLate:
		if c.overdue(now) == "" {
			return no(fail.Conflict, "issue.not_late")
		}
	}
	return nil
}

// lacks says what an act must bring and does not.
func (n Need) lacks(m Move) error {
	miss := func(field, code string) error {
		return &fail.Error{Kind: fail.Invalid, Code: code, Field: field}
	}
	switch {
	case n.Text && m.Text == "":
		return miss("text", "issue.need_text")
	case n.Reason && m.Reason == "":
		return miss("reason", "issue.need_reason")
	case n.Photo && m.Text == "" && len(m.Photos) == 0:
		return miss("text", "issue.need_photo")
	case n.Picture && len(m.Photos) == 0:
		return miss("photos", "issue.need_picture")
	case n.To && m.To.ID == 0:
		return miss("to", "issue.need_to")
	case n.Place && m.Place == 0:
		return miss("place", "issue.need_place")
	case n.Into && m.Into == 0:
		return miss("into", "issue.need_into")
	case n.Until && m.Until.IsZero():
		return miss("until", "issue.need_until")
	case n.Result && m.Outcome == "":
		return miss("outcome", "issue.need_outcome")
	case n.Ref && m.Ref == 0:
		return miss("ref", "issue.need_ref")
	case len(m.Photos) > photoMost:
		return &fail.Error{Kind: fail.Invalid, Code: "issue.photos_most", Field: "photos", Args: []any{"max", photoMost}}
	case m.Reason != "" && len(reasons[m.Act]) > 0 && !slices.Contains(reasons[m.Act], m.Reason):
		return miss("reason", "issue.need_reason")
	case m.Rating < 0 || m.Rating > 5:
		return miss("rating", "issue.need_rating")
	}
	return nil
}

// apply does a step that nothing bars.
func (c Issue) apply(s Step, m Move, by who.Actor, rel Relation, now time.Time) (Issue, error) {
	bad := func(field, code string) (Issue, error) {
		return c, &fail.Error{Kind: fail.Invalid, Code: code, Field: field}
	}
	was, none := c, time.Time{}
	switch s.To {
	case "":
	case Back:
		c.State = c.Was
		c.Was = ""
	default:
		c.State = s.To
	}
	met := func(limits ...*time.Time) { // a limit that is met too late was missed, whether or not its timer rang first
		for _, d := range limits {
			if !d.IsZero() && now.After(*d) {
				c.miss(d)
			}
			*d = none
		}
	}
	if was.State == Reported && c.State != Reported && c.State != Paused {
		met(&c.Accept)
	}
	switch m.Act {
	case ActRefuse:
		c.Was, c.Why = was.State, m.Reason
		met(&c.First)
	case ActSpam:
		c.Was, c.Why, c.Spam = was.State, "spam", true
	case ActUnspam:
		c.Why, c.Spam = "", false
	case ActWithdraw:
		c.Was, c.Why, c.Task = was.rest(), "withdrawn", 0
		c.Paused, c.Until = none, none
	case ActMerge:
		switch o := rel.Into; {
		case o.ID != m.Into || o.ID == c.ID || o.Tree != c.Tree:
			return bad("into", "issue.into_wrong")
		case o.State == Merged || o.State == Refused:
			return bad("into", "issue.into_ended")
		}
		c.Was, c.Into, c.Task, c.Why = was.rest(), m.Into, 0, ""
		c.Paused, c.Until = none, none
	case ActUnmerge:
		c.Into = 0
	case ActClassify:
		if m.Category == "" && m.Grade == "" {
			return bad("category", "issue.need_category")
		}
		if m.Category != "" {
			c.Category = m.Category
			if rel.Sort != "" {
				c.Sort = rel.Sort
			}
		}
		if m.Grade != "" {
			c.Grade = m.Grade
		}
	case ActAsk:
		c.Was, c.Why, c.Paused, c.Until = was.State, string(ActAsk), now, now.AddDate(0, 0, askDays)
		met(&c.First)
	case ActReply, ActResume:
		c.Why, c.Paused, c.Until = "", none, none
	case ActTell:
		met(&c.First)
	case ActHand, ActDecide:
		if !slices.Contains([]string{"person", "team", "org", "guest"}, m.To.Kind) {
			return bad("to", "issue.need_to")
		}
		c.Hops++
		met(&c.Dispatch)
	case ActReturn:
		if !slices.Contains([]string{"person", "team", "org", "desk"}, m.To.Kind) {
			return bad("to", "issue.need_to")
		}
		c.Task, c.Returns, c.Bounced = 0, c.Returns+1, c.Bounced+1
	case ActRecall:
		c.Task = 0
	case ActUp, ActDown:
		up := rel.Goal != "" && strings.HasPrefix(c.DeskPath, rel.Goal)
		down := rel.Goal != "" && strings.HasPrefix(rel.Goal, c.DeskPath)
		if rel.Goal == c.DeskPath || m.Act == ActUp && !up || m.Act == ActDown && !down {
			return bad("place", "issue.place_wrong")
		}
		c.Desk, c.DeskPath, c.Hops = m.Place, rel.Goal, c.Hops+1
	case ActPause, ActExtend:
		if !m.Until.After(now) || m.Until.After(now.AddDate(0, 0, extendMost)) || m.Act == ActExtend && !m.Until.After(c.Settle) {
			return bad("until", "issue.until_wrong")
		}
		c.Wish, c.WishTo, c.WishBy = m.Act, m.Until, by.ID
	case ActApprove:
		if !c.WishTo.After(now) {
			return c, fail.New(fail.Conflict, "issue.wish_old")
		}
		if c.Wish == ActPause {
			c.Was, c.Why, c.Paused, c.Until = was.State, string(ActPause), now, c.WishTo
		} else {
			c.Settle, c.Promise = c.WishTo, c.WishTo
		}
		c.Wish, c.WishTo, c.WishBy = "", none, 0
	case ActDeny:
		c.Wish, c.WishTo, c.WishBy = "", none, 0
	case ActLate:
		for _, d := range []*time.Time{&c.Accept, &c.Dispatch, &c.First, &c.Settle} {
			if !d.IsZero() && !now.Before(*d) {
				c.miss(d)
			}
		}
	case ActHandle:
		if !slices.Contains([]Outcome{Solved, Partly, Explained, HandedUp, CarriedOver}, m.Outcome) {
			return bad("outcome", "issue.need_outcome")
		}
		if m.Outcome == HandedUp && m.Receipt == "" {
			return bad("receipt", "issue.need_receipt")
		}
		if m.Outcome != Solved && m.Text == "" {
			return bad("text", "issue.need_text")
		}
		c.Was, c.Outcome, c.Receipt, c.Handler, c.Checker = was.State, m.Outcome, m.Receipt, by.ID, 0
		met(&c.Dispatch, &c.First, &c.Settle)
	case ActPass:
		c.Checker, c.Closed, c.Answer, c.Rating, c.Was = by.ID, now, Awaiting, 0, ""
	case ActRework:
		c.Reworks, c.Outcome, c.Receipt = c.Reworks+1, "", ""
	case ActConfirm:
		c.Answer, c.Rating = Confirmed, int64(m.Rating)
	case ActDispute:
		c = c.reopened(m)
	case ActCallBack:
		if m.Reason == "unreachable" {
			break
		}
		c.Called = now
		if m.Reason == "heard" {
			met(&c.First)
			break
		}
		if c.Answer == Confirmed {
			return c, fail.New(fail.Conflict, "issue.answered")
		}
		if m.Reason == "confirm" {
			c.Answer, c.Rating = Confirmed, int64(m.Rating)
			break
		}
		if now.After(c.Closed.AddDate(0, 0, disputeDays)) {
			return c, fail.New(fail.Conflict, "issue.dispute_late", "days", disputeDays)
		}
		c = c.reopened(m)
	case ActSilence:
		c.Answer = Unconfirmed
	case ActNotDone:
		if by.ID == 0 && m.Voice == "" {
			return bad("voice", "issue.need_voice")
		}
	case ActMeToo:
		if by.ID == 0 && m.Voice == "" {
			return bad("voice", "issue.need_voice")
		}
		c.MeToo++
	case ActRelease:
		if m.Ref == 0 {
			switch n := utf8.RuneCountInString(m.Text); {
			case n == 0:
				return bad("text", "issue.need_text")
			case n > titleMost:
				return c, &fail.Error{Kind: fail.Invalid, Code: "fail.too_long", Field: "text", Args: []any{"max", titleMost, "count", n}}
			}
			c.Title, c.Named = m.Text, true
		}
	case ActUnrelease:
		if m.Ref == 0 {
			c.Title, c.Named = "", false
		}
	case ActHide, ActShow:
		c.Hidden = m.Act == ActHide
	case ActCorrect:
		if s.If == "undo" {
			c.State, c.Was, c.Why = rel.Ref.From, "", ""
			if slices.Contains(tasked, c.State) && c.Task == 0 || c.State == Paused {
				c.State = Accepted
			}
			switch rel.Ref.Act {
			case ActHandle:
				c.Outcome, c.Receipt, c.Handler = "", "", 0
			case ActPass:
				c.Answer, c.Checker, c.Closed, c.Was = "", 0, none, Accepted
				if c.Task != 0 {
					c.Was = InHand
				}
			}
		}
	}
	return c, nil
}

// reopened is a closed issue whose reporter says that it is not settled: the same
// number, from the desk on.
func (c Issue) reopened(m Move) Issue {
	c.Answer, c.Rating, c.Outcome, c.Receipt = Disputed, int64(m.Rating), "", ""
	c.Reopens, c.Bounced, c.Task, c.Checker, c.Closed, c.Missed = c.Reopens+1, 0, 0, 0, time.Time{}, "" // the limits run anew; Late stays
	return c
}

// rest is the state to come back to once the task in it is withdrawn.
func (c Issue) rest() State {
	s := c.State
	if s == Paused {
		s = c.Was
	}
	if slices.Contains(tasked, s) {
		return Accepted
	}
	return s
}

// miss notes that the limit at d ran out.
func (c *Issue) miss(d *time.Time) {
	name := map[*time.Time]string{&c.Accept: "accept", &c.Dispatch: "dispatch", &c.First: "first", &c.Settle: "settle"}[d]
	if !slices.Contains(strings.Fields(c.Missed), name) {
		c.Missed = strings.TrimSpace(c.Missed + " " + name)
	}
	c.Late = true
}

// overdue names the limits that have run out and are not noted yet.
func (c Issue) overdue(now time.Time) string {
	if !c.State.runs() {
		return ""
	}
	for _, l := range []struct {
		name string
		due  time.Time
	}{{"settle", c.Settle}, {"first", c.First}, {"dispatch", c.Dispatch}, {"accept", c.Accept}} {
		if !l.due.IsZero() && !now.Before(l.due) && !slices.Contains(strings.Fields(c.Missed), l.name) {
			return l.name
		}
	}
	return ""
}

// next is when the program must look at c again by itself; zero: never.
func (c Issue) next() time.Time {
	var out time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (out.IsZero() || t.Before(out)) {
			out = t
		}
	}
	switch {
	case c.Channel == ByImport:
	case c.State == Paused:
		sooner(c.Until)
	case c.State == Closed && c.Answer == Awaiting:
		sooner(c.Closed.AddDate(0, 0, answerDays))
	case c.State.runs():
		missed := strings.Fields(c.Missed)
		for name, t := range map[string]time.Time{"accept": c.Accept, "dispatch": c.Dispatch, "first": c.First, "settle": c.Settle} {
			if !slices.Contains(missed, name) {
				sooner(t)
			}
		}
	}
	return out
}

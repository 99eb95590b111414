package issue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
)

// Moved is said when an act on an issue is done. Whom it concerns gets a letter.
type Moved struct {
	Issue id.ID `json:"issue,string"`
	Entry id.ID `json:"entry,string"`
	Act   Act   `json:"act"`
	By    id.ID `json:"by,string"`
}

// Kind implements job.Work.
func (Moved) Kind() string { return "issue.moved" }

// Due wakes the program for an issue: a limit may have run out, a pause may be over, an
// answer may not have come. It looks at how the issue stands then, so that an old one,
// or one that comes twice, does nothing.
type Due struct {
	Issue id.ID `json:"issue,string"`
}

// Kind implements job.Work.
func (Due) Kind() string { return "issue.due" }

// Timers says who does the letters of this room.
func (d Desk) Timers(r *job.Runner) {
	job.On(r, d.tell)
	job.On(r, d.ring)
	job.On(r, d.reshow)
}

// ear is who hears of an act, by which letter.
type ear struct {
	who    string // desk, above, decider, approver, task, reporter, follower, wisher; group: its robot, where there is one
	letter string // the words are notify.<letter>.subject and .text
	urgent bool
}

// hears lists who hears of what. Nobody hears of what they did themselves.
var hears = map[Act][]ear{
	ActReport:   {{"desk", "issue.new", false}, {"group", "issue.new", true}}, // the group: of danger only
	ActAccept:   {{"reporter", "issue.accepted", false}},
	ActRefuse:   {{"reporter", "issue.refused", false}},
	ActMerge:    {{"reporter", "issue.merged", false}},
	ActAsk:      {{"reporter", "issue.asked", false}},
	ActReply:    {{"desk", "issue.added", false}, {"task", "issue.added", false}},
	ActAdd:      {{"desk", "issue.added", false}, {"task", "issue.added", false}},
	ActUrge:     {{"desk", "issue.urged", false}, {"task", "issue.urged", false}},
	ActWithdraw: {{"desk", "issue.withdrawn", false}, {"task", "issue.withdrawn", false}},
	ActTell:     {{"reporter", "issue.told", false}, {"follower", "issue.told", false}},
	ActHand:     {{"task", "issue.task", false}},
	ActDecide:   {{"task", "issue.task", false}},
	ActReturn:   {{"desk", "issue.returned", false}, {"decider", "issue.decide", true}},
	ActRecall:   {{"task", "issue.recalled", false}},
	ActUp:       {{"desk", "issue.new", false}},
	ActDown:     {{"desk", "issue.new", false}},
	ActPause:    {{"approver", "issue.wish", false}},
	ActExtend:   {{"approver", "issue.wish", false}},
	ActApprove:  {{"wisher", "issue.approved", false}, {"reporter", "issue.delayed", false}},
	ActDeny:     {{"wisher", "issue.denied", false}},
	ActHandle:   {{"desk", "issue.handled", false}},
	ActRework:   {{"task", "issue.rework", false}},
	ActPass:     {{"reporter", "issue.closed", false}, {"follower", "issue.closed", false}},
	ActDispute:  {{"desk", "issue.disputed", false}},
	ActCallBack: {{"desk", "issue.disputed", false}},
	ActNotDone:  {{"desk", "issue.not_done", false}},
	ActLate:     {{"above", "issue.late", false}, {"group", "issue.late", false}},
}

// desks are the roles that keep a desk, at whatever level it stands.
var desks = []who.Role{who.CouncilChair, who.CommunityStaff, who.SubdistrictStaff, who.DoItNow}

// tell writes the letters an act calls for, and makes a new issue findable. Done twice it writes them once: the entry is the key.
func (d Desk) tell(ctx context.Context, w Moved) (err error) {
	defer fail.Wrap(&err, "issue.tell(%d)", w.Issue)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		c, err := byID(tx, w.Issue)
		if fail.KindOf(err) == fail.Missing {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if w.Act == ActReport {
			if err := findable(tx, c); err != nil {
				return 0, err
			}
		}
		if w.Act == ActCallBack && c.Answer != Disputed {
			return 0, nil
		}
		for _, h := range hears[w.Act] {
			ps, err := d.ears(tx, c, h, w)
			if err != nil {
				return 0, err
			}
			for _, p := range ps {
				if h.who != "group" && (p == 0 || p == w.By) {
					continue
				}
				l := notify.Letter{To: p, Kind: h.letter, About: c.ID, Urgent: h.urgent || c.Grade == Danger && h.who != "reporter" && h.who != "follower",
					Key: fmt.Sprintf("%s:%d", h.letter, w.Entry)}
				if h.letter == "issue.new" { // handed on before the letter was written: the desk that has it now hears once
					l.Key = fmt.Sprintf("%s:%d:%d", h.letter, c.ID, c.Hops)
				}
				if err := notify.Post(tx, l); err != nil {
					return 0, err
				}
			}
		}
		return 0, nil
	})
	return err
}

// ears are the persons behind an ear.
func (d Desk) ears(tx *db.Tx, c Issue, h ear, w Moved) ([]id.ID, error) {
	switch h.who {
	case "group":
		if w.Act == ActReport && c.Grade != Danger {
			return nil, nil
		}
		return []id.ID{0}, nil
	case "desk":
		return keepers(tx, c.DeskPath, desks...)
	case "above":
		ids := place.PathIDs(c.DeskPath)
		up := "/"
		for _, n := range ids[:max(0, len(ids)-1)] {
			up += fmt.Sprintf("%d/", n)
		}
		return keepers(tx, up, desks...)
	case "decider":
		if c.Bounced < bounceMost {
			return nil, nil
		}
		return keepers(tx, c.DeskPath, who.DoItNow)
	case "approver":
		return keepers(tx, c.DeskPath, who.CommunityStaff, who.SubdistrictStaff)
	case "task":
		ks, err := db.All(tx, scanTask, `select `+taskCols+` from task where issue = $1 order by id desc limit 1`, c.ID)
		if err != nil || len(ks) == 0 || ks[0].To.Kind == "guest" {
			return nil, err
		}
		if k := ks[0]; k.Taker != 0 {
			return []id.ID{k.Taker}, nil
		}
		return people.MembersOf(tx, ks[0].To.Kind, ks[0].To.ID)
	case "wisher":
		return db.All(tx, scanOne, `select who from entry where issue = $1 and act in ('pause', 'extend') and id < $2 order by id desc limit 1`, c.ID, w.Entry)
	case "reporter":
		return []id.ID{c.Owner, c.For}, nil
	}
	fam, err := family(tx, c.ID)
	if err != nil {
		return nil, err
	}
	var out []id.ID
	for _, n := range fam {
		ps, err := db.All(tx, scanOne, `select person from follow where issue = $1 and ended = 0 and role <> 'asked' order by id`, n)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			if !slices.Contains(out, p) && p != c.Owner && p != c.For {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

func scanOne(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }

// keepers are those who hold one of the roles at the place of a path or, where nobody
// does, at the nearest place above: no letter is for nobody.
func keepers(tx *db.Tx, path string, roles ...who.Role) ([]id.ID, error) {
	ids := append([]id.ID{0}, place.PathIDs(path)...) // 0: everywhere
	for _, n := range slices.Backward(ids) {
		var out []id.ID
		for _, r := range roles {
			hs, err := people.HoldersAt(tx, r, n)
			if err != nil {
				return nil, err
			}
			for _, h := range hs {
				if !slices.Contains(out, h.Person) {
					out = append(out, h.Person)
				}
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, nil
}

// ring does what is due for an issue, and sets the next timer.
func (d Desk) ring(ctx context.Context, w Due) (err error) {
	defer fail.Wrap(&err, "issue.ring(%d)", w.Issue)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		c, err := byID(tx, w.Issue)
		if fail.KindOf(err) == fail.Missing {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		due := func(t time.Time) bool { return !t.IsZero() && !tx.Now().Before(t) }
		m := Move{Issue: c.ID, Rev: c.Rev}
		switch {
		case c.State == Paused && due(c.Until):
			m.Act = ActResume
		case c.State == Closed && c.Answer == Awaiting && due(c.next()):
			m.Act = ActSilence
		case c.overdue(tx.Now()) != "":
			m.Act = ActLate
		default:
			return 0, arm(tx, c)
		}
		if c, err = d.move(tx, who.System(who.Timer), m); err != nil {
			return 0, err
		}
		return 0, arm(tx, c)
	})
	return err
}

// arm sets the timer of an issue. There is one: of two times the earlier stands, and
// whoever is woken too early sets it again.
func arm(tx *db.Tx, c Issue) error {
	t := c.next()
	if t.IsZero() {
		return nil
	}
	return job.PutOnce(tx, fmt.Sprintf("issue.due:%d", c.ID), t, Due{c.ID})
}

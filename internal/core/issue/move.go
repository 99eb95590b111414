package issue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
)

// Move does one act on an issue. Whoever does it shows the Rev of the page they saw,
// unless the act takes nothing away from what the others see (Step.Free).
//
// What Step promises; Conflict issue.changed when somebody was quicker.
func (d Desk) Move(ctx context.Context, by who.Actor, m Move) (_ Issue, err error) {
	defer fail.Wrap(&err, "issue.Move(%d, %s)", m.Issue, m.Act)
	if err := m.Check(); err != nil {
		return Issue{}, err
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Issue, error) { return d.move(tx, by, m) })
}

// Done is how one of several moves went.
type Done struct {
	Issue Issue
	Err   error
}

const bulkMost = 200

// Bulk does several moves, each for itself: some may succeed where others do not.
//
// Denied issue.not_allowed without the right to, Invalid issue.bulk_most.
func (d Desk) Bulk(ctx context.Context, by who.Actor, ms []Move) (_ []Done, err error) {
	defer fail.Wrap(&err, "issue.Bulk")
	if !by.May(who.IssueBulk, "") {
		return nil, fail.New(fail.Denied, "issue.not_allowed")
	}
	if len(ms) > bulkMost {
		return nil, fail.New(fail.Invalid, "issue.bulk_most", "max", bulkMost)
	}
	out := make([]Done, len(ms))
	for i, m := range ms {
		out[i].Issue, out[i].Err = d.Move(ctx, by, m)
		if fail.KindOf(out[i].Err) == fail.Fault && out[i].Err != nil {
			return out, out[i].Err
		}
	}
	return out, nil
}

// Check tidies a move and says what is wrong with its words.
func (m *Move) Check() (err error) {
	if m.Text, err = clean("text", m.Text, textMost); err != nil {
		return err
	}
	if m.Receipt, err = text.Line(m.Receipt, 60); err != nil {
		return at("receipt", err)
	}
	if m.Act == ActReport || !slices.ContainsFunc(flow, func(s Step) bool { return s.Act == m.Act }) {
		return &fail.Error{Kind: fail.Invalid, Code: "issue.act_unknown", Field: "act"}
	}
	if len(m.Voice) > 200 || len(m.Reason) > 40 || len(m.Category) > 70 || len(m.Shown) > 200 {
		return fail.New(fail.Invalid, "fail.input")
	}
	return nil
}

// free reports whether an act needs no Rev.
func free(a Act) bool {
	return slices.ContainsFunc(flow, func(s Step) bool { return s.Act == a && s.Free })
}

// move is Move in the transaction of a neighbour.
func (d Desk) move(tx *db.Tx, by who.Actor, m Move) (Issue, error) {
	was, err := byID(tx, m.Issue)
	if err != nil {
		return was, err
	}
	if m.Rev != was.Rev && !free(m.Act) {
		return was, fail.New(fail.Conflict, "issue.changed")
	}
	if twice, err := sentTwice(tx, by, m); twice || err != nil {
		return was, err
	}
	rel, err := d.relation(tx, by, was, &m)
	if err != nil {
		return was, err
	}
	c, err := was.Step(m, by, rel, tx.Now())
	if err != nil {
		return was, err
	}
	e := Entry{ID: id.New(tx.Now()), Issue: c.ID, At: tx.Now(), Who: by.ID, Act: m.Act, From: was.State, To: c.State, Text: m.Text, Reason: m.Reason,
		Until: m.Until, Internal: m.Act == ActNote}
	steps := []func() error{
		func() error { return d.around(tx, by, m, rel, was, &c, &e) },
		func() error { return d.clocks(tx, was, &c, m.Act) },
		func() error { return addEntry(tx, e, m.Photos) },
		func() error { return save(tx, c) },
		func() error { return d.after(tx, by, was, c, e) },
	}
	for _, f := range steps {
		if err := f(); err != nil {
			return was, err
		}
	}
	if m.Act == ActRelease || m.Act == ActUnrelease {
		return c, reword(tx, c)
	}
	return c, reindex(tx, c)
}

// sentTwice reports whether the last thing said of an issue is just this, by just this one,
// a moment ago: an impatient finger. Acts that show a Rev need no such care.
func sentTwice(tx *db.Tx, by who.Actor, m Move) (bool, error) {
	if m.Text == "" || !slices.Contains([]Act{ActAdd, ActTell, ActNote}, m.Act) {
		return false, nil
	}
	es, err := db.All(tx, scanEntry, `select `+entryCols+` from entry where issue = $1 order by id desc limit 1`, m.Issue)
	if err != nil || len(es) == 0 {
		return false, err
	}
	e := es[0]
	return e.Act == m.Act && e.Who == by.ID && e.Text == m.Text && tx.Now().Sub(e.At) < 10*time.Minute, nil
}

// after tells of an act: to the audit, to those it concerns, and to the timer.
func (d Desk) after(tx *db.Tx, by who.Actor, was, c Issue, e Entry) error {
	detail := map[string]any{"from": e.From, "to": e.To, "rev": c.Rev}
	if e.Target != "" {
		detail["target"] = fmt.Sprintf("%s %d", e.Target, e.TargetID)
	}
	if e.Reason != "" {
		detail["reason"] = e.Reason
	}
	if e.Corrects != 0 {
		detail["entry"] = e.Corrects
	}
	if err := audit.Record(tx, by, "issue."+string(e.Act), c.ID, detail); err != nil {
		return err
	}
	if c.Channel != ByImport || by.Via != who.Import {
		if _, ok := hears[e.Act]; ok {
			if err := job.Put(tx, tx.Now(), Moved{c.ID, e.ID, e.Act, by.ID}); err != nil {
				return err
			}
		}
	}
	if !c.next().Equal(was.next()) {
		return arm(tx, c)
	}
	return nil
}

// relation reads what the rules must know for a move; it fills in what the move leaves
// to be known, such as the desk above.
func (d Desk) relation(tx *db.Tx, by who.Actor, c Issue, m *Move) (rel Relation, err error) {
	if rel.Task, err = taskByID(tx, c.Task); err != nil {
		return rel, err
	}
	switch m.Act {
	case ActUp, ActDown:
		if m.Place == 0 && m.Act == ActUp {
			p, err := place.ByID(tx, c.Desk)
			if err != nil {
				return rel, err
			}
			m.Place = p.Parent
		}
		if m.Place != 0 {
			p, err := place.ByID(tx, m.Place)
			if err != nil {
				return rel, at("place", err)
			}
			if rel.Goal = p.Path; p.Level.Depth() > place.Neighbourhood.Depth() || !p.Open(tx.Now()) {
				rel.Goal = "" // no desk stands there
			}
		}
	case ActMerge:
		if m.Into != 0 {
			if rel.Into, err = byID(tx, m.Into); err != nil {
				return rel, at("into", err)
			}
			if !rel.Into.Allows(by, who.IssueSee) {
				return rel, &fail.Error{Kind: fail.Missing, Code: "issue.missing", Field: "into"}
			}
		}
	case ActCorrect:
		if m.Ref != 0 {
			if rel.Ref, err = entryByID(tx, c.ID, m.Ref); err != nil {
				return rel, err
			}
			last, err := db.All(tx, scanEntry, `select `+entryCols+` from entry where issue = $1 and from_state <> to_state order by id desc limit 1`, c.ID)
			if err != nil {
				return rel, err
			}
			rel.Last = len(last) == 1 && last[0].ID == m.Ref
		}
	case ActClassify:
		if m.Category != "" && m.Category != c.Category {
			cat, err := category(tx, m.Category)
			if err == nil && !cat.Retired.IsZero() {
				err = fail.New(fail.Missing, "issue.category_missing")
			}
			if err != nil {
				return rel, at("category", err)
			}
			if m.Grade == "" {
				m.Grade = cat.Grade
			}
			old, err := sight(tx, c.Category)
			if err != nil {
				return rel, err
			}
			// What somebody reported as a violation stays one, unless the category had made it so.
			if cat.Sort == Violation || old.Sort == Violation {
				rel.Sort = cat.Sort
			}
		}
		if m.Grade != "" && !slices.Contains([]Grade{Danger, Urgent, General, Complex}, m.Grade) {
			return rel, &fail.Error{Kind: fail.Invalid, Code: "issue.category_grade", Field: "grade", Args: []any{"code", m.Category}}
		}
	case ActHand, ActDecide, ActReturn:
		if err := assignee(tx, c, m.To); err != nil {
			return rel, at("to", err)
		}
	case ActNotDone:
		rel.Said, err = said(tx, `select 1 from answer where issue = $1 and round = $2 and kind = 'not_done' and voice = $3`, c.ID, c.Reopens, voice(by, *m))
	case ActMeToo:
		rel.Said, err = said(tx, `select 1 from me_too where issue = $1 and voice = $2`, c.ID, voice(by, *m))
	case ActUrge:
		rel.Said, err = said(tx, `select 1 from entry where issue = $1 and act = 'urge' and who = $2 and at > $3 limit 1`, c.ID, by.ID, db.Ms(tx.Now().AddDate(0, 0, -1)))
	}
	return rel, err
}

func said(tx *db.Tx, q string, args ...any) (bool, error) {
	n, err := db.All(tx, func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, q, args...)
	return len(n) > 0, err
}

// voice is who speaks, so that each says a thing once: a person, or the mark a visitor carries.
func voice(by who.Actor, m Move) string {
	switch {
	case by.ID != 0:
		return fmt.Sprintf("p%d", by.ID)
	case m.Voice != "":
		return "v" + hash(m.Voice)[:32]
	}
	return fmt.Sprintf("l%d", by.Link)
}

// assignee refuses somebody who is not there.
func assignee(tx *db.Tx, c Issue, a Assignee) error {
	if a.ID == 0 {
		return nil // the rules say what is needed
	}
	gone := fail.New(fail.Missing, "issue.to_missing")
	switch a.Kind {
	case "person":
		p, err := people.ByID(tx, a.ID)
		if fail.KindOf(err) == fail.Missing || err == nil && !p.Erased.IsZero() {
			return gone
		}
		return err
	case "team":
		t, err := people.TeamByID(tx, a.ID)
		if fail.KindOf(err) == fail.Missing || err == nil && !t.Until.IsZero() && !t.Until.After(tx.Now()) {
			return gone
		}
		return err
	case "org":
		o, err := people.OrgByID(tx, a.ID)
		if fail.KindOf(err) == fail.Missing || err == nil && !o.Until.IsZero() && !o.Until.After(tx.Now()) {
			return gone
		}
		return err
	case "desk":
		_, err := place.ByID(tx, a.ID)
		return err
	case "guest":
		if ok, err := said(tx, `select 1 from link where id = $1 and issue = $2 and kind = 'guest' and ended = 0`, a.ID, c.ID); !ok || err != nil {
			return cmp.Or(err, error(gone))
		}
		return nil
	}
	return gone
}

// around writes what an act changes beside the issue, and what the entry says of it.
func (d Desk) around(tx *db.Tx, by who.Actor, m Move, rel Relation, was Issue, c *Issue, e *Entry) error {
	k, now := rel.Task, tx.Now()
	end := func(state string) error {
		if k.ID == 0 || !k.Ended.IsZero() {
			return nil
		}
		k.State, k.Ended, k.Reason, k.Proposed = state, now, "", Assignee{}
		if m.Act == ActReturn {
			k.Reason, k.Proposed = m.Reason, m.To
		}
		return saveTask(tx, k)
	}
	switch m.Act {
	case ActHand, ActDecide:
		k = Task{ID: id.New(now), Issue: c.ID, To: m.To, State: "offered", Decided: m.Act == ActDecide, By: by.ID, At: now, Due: c.Settle}
		c.Task = k.ID
		e.Target, e.TargetID = m.To.Kind, m.To.ID
		return insertTask(tx, k)
	case ActTake:
		k.State, k.Taken, k.Taker = "taken", now, by.ID
		return saveTask(tx, k)
	case ActReturn:
		e.Target, e.TargetID = m.To.Kind, m.To.ID
		return end("returned")
	case ActRecall, ActWithdraw:
		return end("withdrawn")
	case ActHandle:
		return end("done")
	case ActRework:
		return giveBack(tx, k)
	case ActUp, ActDown:
		e.Target, e.TargetID = "place", m.Place
	case ActClassify:
		e.Target = c.Category
	case ActApprove:
		e.Reason, e.Until = string(was.Wish), was.WishTo
	case ActAsk:
		e.Until = c.Until
	case ActMerge:
		e.Target, e.TargetID = "issue", m.Into
		if err := end("withdrawn"); err != nil {
			return err
		}
		return joined(tx, by, *c, rel.Into)
	case ActUnmerge:
		e.Target, e.TargetID = "issue", was.Into
		return parted(tx, by, *c, was.Into)
	case ActConfirm, ActDispute, ActNotDone:
		return answered(tx, by, was, *e, string(m.Act), m)
	case ActCallBack:
		if m.Reason == "confirm" || m.Reason == "dispute" {
			return answered(tx, by, was, *e, "callback", m)
		}
	case ActMeToo:
		_, err := tx.Exec(`insert into me_too (id, issue, voice, at) values ($1, $2, $3, $4)`, id.New(now), c.ID, voice(by, m), db.Ms(now))
		return err
	case ActRelease, ActUnrelease:
		if e.Corrects = m.Ref; m.Ref == 0 {
			return nil
		}
		e.Text = "" // the words stand where they were written
		next, err := release(tx, by, *c, m)
		*c = next
		return err
	case ActLate:
		e.Reason = c.Missed
	case ActCorrect:
		e.Corrects = m.Ref
		if rel.Ref.Act == ActHandle && was.State != c.State {
			return giveBack(tx, k)
		}
	}
	return nil
}

// giveBack gives a task that was done back to the one who did it.
func giveBack(tx *db.Tx, k Task) error {
	if k.ID == 0 {
		return nil
	}
	if k.State, k.Ended = "taken", (time.Time{}); k.Taken.IsZero() {
		k.Taken = tx.Now()
	}
	return saveTask(tx, k)
}

// answered keeps what was said of a settlement: once by each, each time it closes.
func answered(tx *db.Tx, by who.Actor, was Issue, e Entry, kind string, m Move) error {
	n, err := tx.Exec(`insert into answer (id, issue, round, kind, voice, by_id, entry, reason, rating, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (issue, round, kind, voice) do nothing`,
		id.New(tx.Now()), was.ID, was.Reopens, kind, voice(by, m), by.ID, e.ID, m.Reason, m.Rating, db.Ms(tx.Now()))
	if err == nil && n == 0 {
		err = fail.New(fail.Conflict, "issue.said")
	}
	return err
}

// joined makes into carry those who wait for c. Followers stay where they are and are
// found through the chain of issues merged, so that nothing is lost by parting again.
func joined(tx *db.Tx, by who.Actor, c, into Issue) error {
	more := c.MeToo + 1 // the reporter too
	if _, err := tx.Exec(`insert into merge (id, issue, into_id, me_too, by_id, at, undone) values ($1, $2, $3, $4, $5, $6, 0)`,
		id.New(tx.Now()), c.ID, into.ID, more, by.ID, db.Ms(tx.Now())); err != nil {
		return err
	}
	return carry(tx, by, into, ActMerge, c.ID, more)
}

// parted takes back what joined did.
func parted(tx *db.Tx, by who.Actor, c Issue, from id.ID) error {
	type row struct {
		id   id.ID
		more int64
	}
	r, err := db.One(tx, "issue.missing", func(r db.Row) (v row, err error) { err = r.Scan(&v.id, &v.more); return },
		`select id, me_too from merge where issue = $1 and undone = 0 order by id desc limit 1`, c.ID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update merge set undone = $1 where id = $2`, db.Ms(tx.Now()), r.id); err != nil {
		return err
	}
	into, err := byID(tx, from)
	if err != nil {
		return err
	}
	return carry(tx, by, into, ActUnmerge, c.ID, -r.more)
}

// carry notes at the issue merged into that another came or went.
func carry(tx *db.Tx, by who.Actor, into Issue, a Act, other id.ID, more int64) error {
	into.MeToo, into.Rev, into.Moved = max(0, into.MeToo+more), into.Rev+1, tx.Now()
	if err := save(tx, into); err != nil {
		return err
	}
	if err := insertEntry(tx, Entry{ID: id.New(tx.Now()), Issue: into.ID, At: tx.Now(), Who: by.ID, Act: a, From: into.State, To: into.State, Target: "issue", TargetID: other}); err != nil {
		return err
	}
	return reindex(tx, into)
}

// family are the ids of n and of all that were merged into it.
func family(tx *db.Tx, n id.ID) ([]id.ID, error) {
	out := []id.ID{n}
	for i := 0; i < len(out) && i < 500; i++ {
		more, err := db.All(tx, func(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }, `select id from issue where into_id = $1 and into_id <> 0 order by id`, out[i])
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

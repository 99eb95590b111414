package issue

import (
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/worktime"
)

// usual is the statutory calendar where a desk has none of its own.
var usual = sync.OnceValue(func() *worktime.Calendar {
	c, err := worktime.New(nil)
	if err != nil {
		panic(err) // the hours built in are in order
	}
	return c
})

func (d Desk) calendar() *worktime.Calendar {
	if d.Calendar != nil {
		return d.Calendar
	}
	return usual()
}

// limits are the limits for a category and a grade by what they limit: the category's
// own before those of the grade. One of nought units is no limit.
func limitsOf(tx *db.Tx, category string, g Grade) (map[string]Limit, error) {
	ls, err := db.All(tx, scanLimit, `select grade, what, n, unit from limits
		where category = $1 and grade = '' or category = '' and grade = $2 order by category, what`, category, g)
	out := map[string]Limit{}
	for _, l := range ls {
		if out[l.What] = l; l.N == 0 {
			delete(out, l.What)
		}
	}
	return out, err
}

func (l Limit) unit() worktime.Unit { return worktime.Unit(l.Unit) }

// due sets the limits of c that run from a moment on, and what the reporter is told.
func (d Desk) due(c *Issue, from time.Time, ls map[string]Limit, whats ...string) {
	for _, w := range whats {
		t := time.Time{}
		if l, ok := ls[w]; ok {
			t = d.calendar().Add(from, l.N, l.unit()).UTC().Truncate(time.Millisecond)
		}
		*c.dueAt(w) = t
	}
	c.Promise = c.Settle
}

func (c *Issue) dueAt(what string) *time.Time {
	switch what {
	case "accept":
		return &c.Accept
	case "dispatch":
		return &c.Dispatch
	case "first":
		return &c.First
	}
	return &c.Settle
}

// segment is one stretch in which the clocks of an issue ran.
type segment struct {
	id                              id.ID
	start, stop                     time.Time
	accept, dispatch, first, settle time.Time
}

func startClock(tx *db.Tx, c Issue, began Act) error {
	_, err := tx.Exec(`insert into clock (id, issue, start, stop, began, ended, due_accept, due_dispatch, due_first, due_settle)
		values ($1, $2, $3, 0, $4, '', $5, $6, $7, $8)`,
		id.New(tx.Now()), c.ID, db.Ms(tx.Now()), began, db.Ms(c.Accept), db.Ms(c.Dispatch), db.Ms(c.First), db.Ms(c.Settle))
	return err
}

// stopClock ends the running stretch. What it leaves to run on later is what was not
// met; the time for settling runs on even after it was met, if the work is sent back. The
// first stretch began with the report and is written now that it ends: most never stop
// before they are handled, and a report is cheaper without.
func stopClock(tx *db.Tx, was, c Issue, ended Act) error {
	n, err := tx.Exec(`update clock set stop = $1, ended = $2, due_accept = $3, due_dispatch = $4, due_first = $5, due_settle = $6 where issue = $7 and stop = 0`,
		db.Ms(tx.Now()), ended, db.Ms(c.Accept), db.Ms(c.Dispatch), db.Ms(c.First), db.Ms(was.Settle), c.ID)
	if err != nil || n > 0 {
		return err
	}
	_, err = tx.Exec(`insert into clock (id, issue, start, stop, began, ended, due_accept, due_dispatch, due_first, due_settle)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		id.New(tx.Now()), c.ID, db.Ms(c.At), db.Ms(tx.Now()), ActReport, ended, db.Ms(c.Accept), db.Ms(c.Dispatch), db.Ms(c.First), db.Ms(was.Settle))
	return err
}

func lastClock(tx *db.Tx, issue id.ID) (segment, bool, error) {
	ss, err := db.All(tx, func(r db.Row) (s segment, err error) {
		err = r.Scan(&s.id, db.Time(&s.start), db.Time(&s.stop), db.Time(&s.accept), db.Time(&s.dispatch), db.Time(&s.first), db.Time(&s.settle))
		return
	}, `select id, start, stop, due_accept, due_dispatch, due_first, due_settle from clock where issue = $1 order by id desc limit 1`, issue)
	if err != nil || len(ss) == 0 {
		return segment{}, false, err
	}
	return ss[0], true, nil
}

// clocks lets the clocks follow what an act did: they stand while an issue waits or has
// ended, and run on, put off by that time, when it comes back.
func (d Desk) clocks(tx *db.Tx, was Issue, c *Issue, a Act) error {
	if c.Channel == ByImport {
		return nil
	}
	ran, runs := was.State.runs(), c.State.runs()
	switch {
	case ran && !runs:
		if err := stopClock(tx, was, *c, a); err != nil {
			return err
		}
		c.Accept, c.Dispatch, c.First, c.Settle = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		return nil
	case !ran && runs && (a == ActDispute || a == ActCallBack):
		ls, err := limitsOf(tx, c.Category, c.Grade)
		if err != nil {
			return err
		}
		d.due(c, tx.Now(), ls, "dispatch", "settle")
		return startClock(tx, *c, a)
	case !ran && runs:
		return d.goOn(tx, c, a)
	case ran == runs && a == ActClassify && (was.Category != c.Category || was.Grade != c.Grade):
		return d.reset(tx, was, c)
	case ran && c.Settle != was.Settle && !c.Settle.IsZero():
		if err := stopClock(tx, was, *c, a); err != nil {
			return err
		}
		return startClock(tx, *c, a)
	}
	return nil
}

// goOn lets the clocks run on from where they stood.
func (d Desk) goOn(tx *db.Tx, c *Issue, a Act) error {
	s, ok, err := lastClock(tx, c.ID)
	if err != nil || !ok {
		return err
	}
	ls, err := limitsOf(tx, c.Category, c.Grade)
	if err != nil {
		return err
	}
	for what, due := range map[string]time.Time{"accept": s.accept, "dispatch": s.dispatch, "first": s.first, "settle": s.settle} {
		if !due.IsZero() {
			*c.dueAt(what) = d.calendar().Delay(due, s.stop, tx.Now(), ls[what].unit()).UTC().Truncate(time.Millisecond)
		}
	}
	c.Promise = c.Settle
	return startClock(tx, *c, a)
}

// reset gives an issue that was put into another category or grade its limits, those not met yet
// (recount says how they are counted). While the clocks stand it is the limits they will go on with
// that change.
func (d Desk) reset(tx *db.Tx, was Issue, c *Issue) error {
	ls, err := limitsOf(tx, c.Category, c.Grade)
	if err != nil {
		return err
	}
	ss, err := db.All(tx, func(r db.Row) (s stretch, err error) {
		err = r.Scan(db.Time(&s.start), db.Time(&s.stop), &s.began, db.Time(&s.settle))
		return
	}, `select start, stop, began, due_settle from clock where issue = $1 order by id`, c.ID)
	if err != nil {
		return err
	}
	if len(ss) == 0 { // the first is written when it ends
		ss = []stretch{{start: c.At, began: ActReport, settle: was.Settle}}
	}
	due := func(what string, was time.Time) time.Time {
		if was.IsZero() && what != "settle" { // met
			return was
		}
		l := ls[what]
		l.What = what
		return recount(d.calendar(), l, ss)
	}
	if c.State.runs() {
		for _, what := range Whats {
			*c.dueAt(what) = due(what, *c.dueAt(what))
		}
		c.Promise = c.Settle
		if err := stopClock(tx, was, *c, ActClassify); err != nil {
			return err
		}
		return startClock(tx, *c, ActClassify)
	}
	s, ok, err := lastClock(tx, c.ID)
	if err != nil || !ok {
		return err
	}
	c.Promise = due("settle", s.settle)
	_, err = tx.Exec(`update clock set due_accept = $1, due_dispatch = $2, due_first = $3, due_settle = $4 where id = $5`,
		db.Ms(due("accept", s.accept)), db.Ms(due("dispatch", s.dispatch)), db.Ms(due("first", s.first)), db.Ms(c.Promise), s.id)
	return err
}

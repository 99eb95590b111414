package issue

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit"
)

var rooms = []fs.FS{job.SQL, audit.SQL, place.SQL, people.SQL, notify.SQL, SQL}

// town is 青桥 at its smallest: a subdistrict, a community, two neighbourhoods, a building.
type town struct {
	testing.TB
	d                                      Desk
	run                                    *job.Runner
	sub, com, nb, nb2, house               place.Place
	office, staff, staff2, chair, repairer who.Actor
	wang, li, zhao                         who.Actor
	firm                                   people.Org
}

func each(t *testing.T, f func(*town)) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) { f(settle(t, d)) })
}

// clockOf is a clock that tests move by hand.
type clockOf struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clockOf) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clockOf) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

func settle(t testing.TB, d *db.DB) *town {
	t.Helper()
	w := &town{TB: t, d: Desk{DB: d}, run: &job.Runner{DB: d, Log: slog.New(slog.DiscardHandler), Lease: time.Minute, Idle: time.Second}}
	w.d.Timers(w.run)
	job.On(w.run, func(context.Context, notify.Deliver) error { return nil })
	sys := who.System(who.CLI)
	add := func(parent place.Place, l place.Level, name string) place.Place {
		p, err := db.Do(t.Context(), d, func(tx *db.Tx) (place.Place, error) {
			return place.Add(tx, sys, place.Place{Parent: parent.ID, Level: l, Name: name, Lat: 32, Lon: 120.9, From: time.Unix(0, 0)})
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	w.sub = add(add(place.Place{}, place.Province, "江海省"), place.Subdistrict, "青桥街道")
	w.com = add(w.sub, place.Community, "清荷社区")
	w.nb = add(w.com, place.Neighbourhood, "清荷邻里")
	w.nb2 = add(w.com, place.Neighbourhood, "柳园邻里")
	w.house = add(w.nb, place.Building, "3幢")
	folk := people.Desk{DB: d, Path: func(tx *db.Tx, n id.ID) (string, error) {
		p, err := place.ByID(tx, n)
		return p.Path, err
	}}
	somebody := func(name string, role who.Role, p place.Place) who.Actor {
		x, err := folk.AddPerson(t.Context(), sys, people.Contact{Name: name})
		if err == nil && role != "" {
			_, err = folk.GiveGrant(t.Context(), sys, people.Grant{Role: role, Place: p.ID, Person: x.ID, From: time.UnixMilli(1)})
		}
		if err != nil {
			t.Fatal(err)
		}
		a, err := db.See(t.Context(), d, func(tx *db.Tx) (who.Actor, error) { return people.Actor(tx, x.ID) })
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	w.office = somebody("马", who.DoItNow, w.sub)
	w.staff = somebody("陈", who.CommunityStaff, w.com)
	w.staff2 = somebody("孙", who.CommunityStaff, w.com)
	w.chair = somebody("周", who.CouncilChair, w.nb)
	w.wang, w.li, w.zhao = somebody("王", "", place.Place{}), somebody("李", "", place.Place{}), somebody("赵", "", place.Place{})
	var err error
	if w.firm, err = folk.AddOrg(t.Context(), sys, people.Org{Kind: "property_manager", Name: "安居物业", Place: w.com.ID}); err != nil {
		t.Fatal(err)
	}
	w.repairer = somebody("吴", "", place.Place{})
	w.repairer.Orgs = []id.ID{w.firm.ID}
	if _, err := w.d.Seed(t.Context(), sys); err != nil {
		t.Fatal(err)
	}
	return w
}

// at moves the clock and lets what is due happen.
func (w *town) at(c *clockOf, t time.Time) {
	w.Helper()
	c.set(t)
	w.work()
}

func (w *town) work() {
	w.Helper()
	for {
		n, err := w.run.Once(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func (w *town) clock(t time.Time) *clockOf {
	c := &clockOf{t: t}
	w.d.DB.Clock = c.now
	return c
}

func (w *town) lamp() Report {
	return Report{Category: "facility.lamp", Text: "路灯坏了", Place: w.house.ID, Open: true, Channel: ByWeb}
}

func (w *town) report(by who.Actor, in Report) Receipt {
	w.Helper()
	r, err := w.d.Report(w.Context(), by, in)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// move must succeed.
func (w *town) move(by who.Actor, c Issue, m Move) Issue {
	w.Helper()
	m.Issue, m.Rev = c.ID, c.Rev
	next, err := w.d.Move(w.Context(), by, m)
	if err != nil {
		w.Fatalf("%s: %v", m.Act, err)
	}
	if got := w.get(c.ID); got != next {
		w.Fatalf("%s: kept and returned differ (-kept +returned):\n%s", m.Act, cmp.Diff(got, next))
	}
	return next
}

// refused must not.
func (w *town) refused(code string, by who.Actor, c Issue, m Move) {
	w.Helper()
	m.Issue, m.Rev = c.ID, c.Rev
	_, err := w.d.Move(w.Context(), by, m)
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != code {
		w.Errorf("%s: got %v, want %s", m.Act, err, code)
	}
	if got := w.get(c.ID); got != c {
		w.Errorf("%s: refused, but changed:\n%s", m.Act, cmp.Diff(c, got))
	}
}

func (w *town) get(n id.ID) Issue {
	w.Helper()
	c, err := db.See(w.Context(), w.d.DB, func(tx *db.Tx) (Issue, error) { return byID(tx, n) })
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *town) count(q string, args ...any) (n int64) {
	w.Helper()
	n, err := db.See(w.Context(), w.d.DB, func(tx *db.Tx) (int64, error) {
		return db.One(tx, "none", func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, q, args...)
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func (w *town) oldest(state string) id.ID {
	return id.ID(w.count(`select min(id) from issue where state = $1`, state))
}

// letters counts those of a kind that a person got.
func (w *town) letters(to who.Actor, kind string) int64 {
	w.Helper()
	w.work()
	return w.count(`select count(*) from letter where person = $1 and kind = $2`, to.ID, kind)
}

func (w *town) firmTask() Assignee { return Assignee{"org", w.firm.ID} }

// closed takes an issue the whole way to its closing.
func (w *town) closed(by who.Actor, in Report) (Issue, string) {
	w.Helper()
	r := w.report(by, in)
	c := w.move(w.chair, r.Issue, Move{Act: ActAccept})
	c = w.move(w.chair, c, Move{Act: ActHand, To: w.firmTask()})
	c = w.move(w.repairer, c, Move{Act: ActTake})
	c = w.move(w.repairer, c, Move{Act: ActHandle, Outcome: Solved, Text: "换了灯", Photos: []string{"after.jpg"}})
	return w.move(w.chair, c, Move{Act: ActPass}), r.Link
}

// The letter of a report makes it findable, once or twice, before or after the next act.
func TestAReportIsFoundOnceItsLetterWent(t *testing.T) {
	each(t, func(w *town) {
		find := func(q string) (nos []string) {
			w.Helper()
			p, err := w.d.DeskList(t.Context(), w.chair, View{Q: q}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Items {
				nos = append(nos, l.No)
			}
			return nos
		}
		listed := func() int {
			w.Helper()
			p, err := w.d.PublicList(t.Context(), Scope{Path: w.sub.Path}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(p.Items)
		}
		one := w.report(who.Actor{}, w.lamp()).Issue
		w.move(w.chair, one, Move{Act: ActAccept})
		two := w.report(who.Actor{}, w.lamp()).Issue
		w.work()
		want := []string{two.No, one.No}
		if got := find("路灯"); !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		if n := listed(); n != 2 {
			t.Errorf("%d are listed in public, want 2", n)
		}
		if err := w.d.tell(t.Context(), Moved{two.ID, 0, ActReport, 0}); err != nil {
			t.Fatal(err)
		}
		if got := find("路灯"); !slices.Equal(got, want) {
			t.Errorf("told twice: found %v, want %v", got, want)
		}
	})
}

func TestFromAWordToAConfirmedSettlement(t *testing.T) {
	each(t, func(w *town) {
		r := w.report(who.Actor{}, w.lamp())
		c := r.Issue
		if c.Desk != w.nb.ID || c.Place != w.house.ID || c.State != Reported || c.Promise.IsZero() || len(r.Link) < 26 || !strings.Contains(c.No, "-") {
			t.Fatalf("%+v", r)
		}
		l, err := w.d.OpenLink(t.Context(), r.Link)
		if err != nil || l.Kind != "reporter" || l.Issue != c.ID {
			t.Fatalf("%+v %v", l, err)
		}
		mine := l.As(who.Actor{})
		if n := w.letters(w.chair, "issue.new"); n != 1 {
			t.Errorf("the chair got %d letters", n)
		}
		if n := w.letters(w.staff, "issue.new"); n != 0 {
			t.Errorf("the community got %d letters: 小事不出邻里", n)
		}
		c = w.move(w.chair, c, Move{Act: ActAccept})
		c = w.move(w.chair, c, Move{Act: ActHand, To: w.firmTask()})
		w.refused("issue.not_yours", w.li, c, Move{Act: ActTake})
		c = w.move(w.repairer, c, Move{Act: ActTake})
		w.refused("issue.not_yours", w.chair, c, Move{Act: ActHandle, Outcome: Solved, Text: "…"})
		c = w.move(w.repairer, c, Move{Act: ActHandle, Outcome: Solved, Text: "换了灯"})
		c = w.move(w.chair, c, Move{Act: ActRework, Text: "还不亮"})
		c = w.move(w.repairer, c, Move{Act: ActHandle, Outcome: Solved, Text: "这次好了", Photos: []string{"p1"}})
		if c.Reworks != 1 || c.State != Handled {
			t.Errorf("%+v", c)
		}
		c = w.move(w.chair, c, Move{Act: ActPass})
		if c.Answer != Awaiting || c.Closed.IsZero() {
			t.Errorf("%+v", c)
		}
		w.refused("issue.not_yours", who.Actor{}, c, Move{Act: ActConfirm}) // the number alone confirms nothing
		w.refused("issue.not_yours", w.li, c, Move{Act: ActConfirm})
		c = w.move(mine, c, Move{Act: ActConfirm, Rating: 5})
		if c.Answer != Confirmed || c.Rating != 5 {
			t.Errorf("%+v", c)
		}
		w.refused("issue.answered", mine, c, Move{Act: ActConfirm})
		if n := w.count(`select count(*) from act where what = $1`, c.ID); n != 9 {
			t.Errorf("%d acts in the audit, want 9", n)
		}
	})
}

// Twelve take one issue at once: one succeeds, eleven get a conflict.
func TestOnlyOneTakesIt(t *testing.T) {
	each(t, func(w *town) {
		c := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		c = w.move(w.chair, c, Move{Act: ActHand, To: w.firmTask()})
		errs := make([]error, 12)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.d.Move(t.Context(), w.repairer, Move{Issue: c.ID, Rev: c.Rev, Act: ActTake})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if fail.KindOf(err) != fail.Conflict {
				t.Errorf("loser got %v, want a conflict", err)
			}
		}
		if won != 1 {
			t.Errorf("%d took it, want 1", won)
		}
	})
}

// A form sent twice, or by twelve impatient fingers, makes one report.
func TestAFormSentTwiceMakesOneReport(t *testing.T) {
	each(t, func(w *town) {
		in := w.lamp()
		in.Key = "0123456789abcdef0123456789abcdef"
		got := make([]Receipt, 12)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = w.d.Report(t.Context(), who.Actor{}, in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, r := range got {
			if r.Issue.ID != got[0].Issue.ID || r.Issue.No != got[0].Issue.No {
				t.Errorf("%d and %d", r.Issue.ID, got[0].Issue.ID)
			}
			if l, err := w.d.OpenLink(t.Context(), r.Link); err != nil || l.Issue != r.Issue.ID {
				t.Errorf("the link of a repeated form: %+v %v", l, err)
			}
		}
		if n := w.count(`select count(*) from issue`); n != 1 {
			t.Errorf("%d issues", n)
		}
		if n := w.count(`select count(*) from entry`); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestNumbersAreUnique(t *testing.T) {
	each(t, func(w *town) {
		seen := map[string]bool{}
		for range 120 {
			c := w.report(w.wang, w.lamp()).Issue
			if seen[c.No] || len(c.No) != 11 {
				t.Fatalf("number %q", c.No)
			}
			seen[c.No] = true
		}
	})
}

// After two returns the do-it-now desk decides, and what it decides stays.
func TestTwoReturnsGoToDoItNow(t *testing.T) {
	each(t, func(w *town) {
		c := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		for range 2 {
			c = w.move(w.chair, c, Move{Act: ActHand, To: w.firmTask()})
			if n := w.letters(w.office, "issue.decide"); n != 0 {
				t.Errorf("马上办 was called too early")
			}
			c = w.move(w.repairer, c, Move{Act: ActReturn, Reason: "not_ours", To: Assignee{"desk", w.com.ID}})
		}
		if c.Returns != 2 || c.State != Accepted {
			t.Errorf("%+v", c)
		}
		if n := w.letters(w.office, "issue.decide"); n != 1 {
			t.Errorf("马上办 got %d letters, want 1", n)
		}
		w.refused("issue.decide_only", w.chair, c, Move{Act: ActHand, To: w.firmTask()})
		c = w.move(w.office, c, Move{Act: ActDecide, To: w.firmTask()})
		w.refused("issue.decided", w.repairer, c, Move{Act: ActReturn, Reason: "not_ours", To: Assignee{"desk", w.com.ID}})
		w.refused("issue.decided", w.chair, c, Move{Act: ActRecall, Text: "…"})
		w.move(w.repairer, c, Move{Act: ActTake})
	})
}

func TestDisputedIsReopenedUnderTheSameNumber(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		c, token := w.closed(who.Actor{}, w.lamp())
		l, _ := w.d.OpenLink(t.Context(), token)
		mine := l.As(who.Actor{})
		w.at(clk, clk.now().Add(30*time.Hour))
		again := w.move(mine, c, Move{Act: ActDispute, Reason: "half", Text: "还是暗", Photos: []string{"p9"}})
		if again.No != c.No || again.ID != c.ID || again.State != Accepted || again.Answer != Disputed || again.Outcome != "" || again.Reopens != 1 || again.Settle.IsZero() {
			t.Errorf("%+v", again)
		}
		if n := w.letters(w.chair, "issue.disputed"); n != 1 {
			t.Errorf("the chair got %d letters", n)
		}
		// The whole way once more, and now it is well.
		again = w.move(w.chair, again, Move{Act: ActHandle, Outcome: Solved, Text: "换了整根"})
		w.refused("issue.own_work", w.chair, again, Move{Act: ActPass})
		again = w.move(w.staff, again, Move{Act: ActPass})
		w.refused("issue.own_work", w.chair, again, Move{Act: ActCallBack, Reason: "confirm"})
		again = w.move(w.staff, again, Move{Act: ActCallBack, Reason: "confirm", Rating: 4})
		if again.Answer != Confirmed || again.Called.IsZero() {
			t.Errorf("%+v", again)
		}
	})
}

func TestSevenDaysOfSilence(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		c, token := w.closed(who.Actor{}, w.lamp())
		w.at(clk, c.Closed.AddDate(0, 0, 7).Add(-time.Second))
		if got := w.get(c.ID); got.Answer != Awaiting {
			t.Errorf("%s too early", got.Answer)
		}
		w.at(clk, c.Closed.AddDate(0, 0, 7))
		if got := w.get(c.ID); got.Answer != Unconfirmed || got.State != Closed {
			t.Errorf("%s %s", got.State, got.Answer)
		}
		l, _ := w.d.OpenLink(t.Context(), token)
		c = w.move(l.As(who.Actor{}), w.get(c.ID), Move{Act: ActConfirm}) // late is better than never
		if c.Answer != Confirmed {
			t.Errorf("%+v", c)
		}
	})
}

func TestMergedAndPartedAgain(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		a := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		b := w.report(w.li, w.lamp()).Issue
		if _, err := w.d.Join(t.Context(), w.zhao, Join{Issue: b.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.d.Join(t.Context(), w.zhao, Join{Issue: b.ID}); err != nil {
			t.Fatal(err)
		}
		b = w.get(b.ID)
		if b.MeToo != 1 {
			t.Errorf("%d voices, want 1", b.MeToo)
		}
		before := b
		w.at(clk, clk.now().Add(time.Hour))
		b = w.move(w.chair, b, Move{Act: ActMerge, Into: a.ID})
		a = w.get(a.ID)
		if b.State != Merged || b.Into != a.ID || a.MeToo != 2 || !b.Settle.IsZero() {
			t.Errorf("%+v\n%+v", a, b)
		}
		w.refused("issue.into_ended", w.chair, a, Move{Act: ActMerge, Into: b.ID})
		c := w.move(w.chair, a, Move{Act: ActTell, Text: "灯到货了"})
		for _, p := range []who.Actor{w.li, w.zhao} {
			if n := w.letters(p, "issue.told"); n != 1 {
				t.Errorf("%d got %d letters through the merge", p.ID, n)
			}
		}
		w.at(clk, clk.now().Add(time.Hour))
		b = w.move(w.chair, b, Move{Act: ActUnmerge})
		if a = w.get(a.ID); a.MeToo != 0 || b.State != Reported || b.Into != 0 || b.MeToo != 1 {
			t.Errorf("%+v\n%+v", a, b)
		}
		if want := before.Settle.Add(time.Hour); !b.Settle.Equal(want) {
			t.Errorf("settle %s, want %s: the clock stood for an hour", b.Settle, want)
		}
		w.move(w.chair, w.get(c.ID), Move{Act: ActTell, Text: "又一句"})
		if n := w.letters(w.zhao, "issue.told"); n != 1 {
			t.Errorf("zhao still hears of what was parted: %d", n)
		}
	})
}

func TestSpamIsTakenBack(t *testing.T) {
	each(t, func(w *town) {
		c := w.report(who.Actor{}, w.lamp()).Issue
		first := c
		c = w.move(w.chair, c, Move{Act: ActSpam})
		if c.State != Refused || c.Why != "spam" {
			t.Errorf("%+v", c)
		}
		c = w.move(w.chair, c, Move{Act: ActUnspam})
		if c.State != Reported || c.Spam || c.Settle.IsZero() || c.Settle.Sub(first.Settle) > time.Minute {
			t.Errorf("%+v", c)
		}
		c = w.move(w.chair, c, Move{Act: ActRefuse, Reason: "not_ours", Text: "请打 12345"})
		e := w.last(c.ID)
		c = w.move(w.chair, c, Move{Act: ActCorrect, Ref: e.ID, Text: "看错了，归我们管"})
		if c.State != Reported || c.Why != "" {
			t.Errorf("a refusal put right: %+v", c)
		}
	})
}

func (w *town) last(n id.ID) Entry {
	w.Helper()
	es, err := db.See(w.Context(), w.d.DB, func(tx *db.Tx) ([]Entry, error) {
		return db.All(tx, scanEntry, `select `+entryCols+` from entry where issue = $1 order by id desc limit 1`, n)
	})
	if err != nil || len(es) == 0 {
		w.Fatal(err)
	}
	return es[0]
}

// Over Spring Festival of 2026 (15 to 23 February) nobody works; 14 and 28 February, two
// Saturdays, are worked instead.
func TestClocksKeepSpringFestival(t *testing.T) {
	each(t, func(w *town) {
		lamp, err := w.d.Category(t.Context(), "facility.lamp")
		if err != nil {
			t.Fatal(err)
		}
		lamp.Limits = []Limit{{What: "accept", N: 4, Unit: "working_hour"}, {What: "settle", N: 3, Unit: "working_day"}, {What: "dispatch", N: 0, Unit: "hour"}, {What: "first", N: 0, Unit: "hour"}}
		if _, err := w.d.EditCategory(t.Context(), who.System(who.CLI), lamp); err != nil {
			t.Fatal(err)
		}
		zone := w.d.calendar().Zone()
		local := func(m time.Month, day, h, min int) time.Time {
			return time.Date(2026, m, day, h, min, 0, 0, zone).UTC()
		}
		clk := w.clock(local(2, 14, 16, 0)) // a Saturday of work, an hour and a half before its end
		c := w.report(w.wang, w.lamp()).Issue
		if want := local(2, 24, 11, 30); !c.Accept.Equal(want) {
			t.Errorf("accept by %s, want %s", c.Accept.In(zone), want.In(zone))
		}
		if want := local(2, 26, 17, 30); !c.Settle.Equal(want) || !c.Promise.Equal(want) {
			t.Errorf("settle by %s, want %s", c.Settle.In(zone), want.In(zone))
		}
		if !c.Dispatch.IsZero() || !c.First.IsZero() {
			t.Error("a limit of nought is none")
		}
		w.at(clk, local(2, 20, 12, 0))
		if got := w.get(c.ID); got.Late {
			t.Error("late in the holidays")
		}
		w.at(clk, local(2, 24, 11, 30))
		got := w.get(c.ID)
		if !got.Late || got.Missed != "accept" {
			t.Errorf("late %v, missed %q", got.Late, got.Missed)
		}
		if n := w.count(`select count(*) from letter where person = 0 and kind = 'issue.late'`); n != 1 {
			t.Errorf("the group was told %d times", n)
		}
		if n := w.letters(w.staff, "issue.late"); n != 1 {
			t.Errorf("the community got %d letters", n)
		}
		if n := w.letters(w.chair, "issue.late"); n != 0 {
			t.Errorf("the chair got %d letters", n)
		}
		// Asked on the 25th, answered on the 27th: two working days stand.
		c = w.move(w.chair, got, Move{Act: ActAccept})
		w.at(clk, local(2, 25, 10, 0))
		c = w.move(w.chair, c, Move{Act: ActAsk, Text: "哪一根灯杆？"})
		if !c.Settle.IsZero() || c.State != Paused {
			t.Errorf("%+v", c)
		}
		w.at(clk, local(2, 27, 10, 0))
		c = w.move(w.wang, c, Move{Act: ActReply, Text: "3 号"})
		if want := local(2, 28, 17, 30); !c.Settle.Equal(want) || c.State != Accepted {
			t.Errorf("settle by %s, want %s", c.Settle.In(zone), want.In(zone))
		}
		w.at(clk, c.Settle)
		if got := w.get(c.ID); got.Missed != "accept settle" {
			t.Errorf("missed %q", got.Missed)
		}
		if n := w.letters(w.staff, "issue.late"); n != 2 {
			t.Errorf("the community got %d letters", n)
		}
	})
}

func TestAQuestionExpires(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		c := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		due := c.Settle
		c = w.move(w.chair, c, Move{Act: ActAsk, Text: "哪一根？"})
		w.at(clk, c.Until.Add(-time.Second))
		if got := w.get(c.ID); got.State != Paused {
			t.Error("too early")
		}
		w.at(clk, c.Until)
		got := w.get(c.ID)
		if got.State != Accepted || got.Why != "" || !got.Settle.Equal(due.AddDate(0, 0, 5)) {
			t.Errorf("%+v", got)
		}
	})
}

// A pause and an extension hold from the approval of somebody else.
func TestPauseAndExtensionNeedApproval(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		c := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		due := c.Settle
		until := clk.now().AddDate(0, 0, 3)
		c = w.move(w.chair, c, Move{Act: ActPause, Reason: "weather", Until: until})
		if c.State != Accepted || !c.Settle.Equal(due) {
			t.Errorf("asked is not approved: %+v", c)
		}
		if n := w.letters(w.staff2, "issue.wish"); n != 1 {
			t.Errorf("%d letters", n)
		}
		w.refused("issue.not_yours", w.chair, c, Move{Act: ActApprove})
		c = w.move(w.staff, c, Move{Act: ActApprove})
		if c.State != Paused || !c.Until.Equal(until) {
			t.Errorf("%+v", c)
		}
		w.at(clk, until)
		if c = w.get(c.ID); c.State != Accepted || !c.Settle.Equal(due.AddDate(0, 0, 3)) {
			t.Errorf("%+v", c)
		}
		c = w.move(w.staff, c, Move{Act: ActExtend, Reason: "materials", Until: c.Settle.AddDate(0, 0, 5)})
		w.refused("issue.own_wish", w.staff, c, Move{Act: ActApprove})
		was := c.Settle
		c = w.move(w.staff2, c, Move{Act: ActApprove})
		if !c.Settle.Equal(was.AddDate(0, 0, 5)) || !c.Promise.Equal(c.Settle) {
			t.Errorf("%+v", c)
		}
		if n := w.count(`select count(*) from clock where issue = $1`, c.ID); n != 3 {
			t.Errorf("%d stretches of the clock, want 3", n)
		}
		w.at(clk, was.Add(time.Hour))
		if got := w.get(c.ID); strings.Contains(got.Missed, "settle") {
			t.Error("an old timer rang")
		}
	})
}

// An outsider's link is good for its issue alone, and for fourteen days.
func TestOutsidersLink(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		c := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		other := w.move(w.chair, w.report(w.li, w.lamp()).Issue, Move{Act: ActAccept})
		if _, _, err := w.d.Outsider(t.Context(), w.wang, c.ID, c.Rev); fail.KindOf(err) != fail.Denied {
			t.Errorf("a resident makes a link: %v", err)
		}
		c, token, err := w.d.Outsider(t.Context(), w.chair, c.ID, c.Rev)
		if err != nil || c.State != Dispatched {
			t.Fatalf("%+v %v", c, err)
		}
		l, err := w.d.OpenLink(t.Context(), token)
		if err != nil || l.Kind != "guest" {
			t.Fatalf("%+v %v", l, err)
		}
		guest := l.As(who.Actor{})
		c = w.move(guest, c, Move{Act: ActTake})
		other, token2, err := w.d.Outsider(t.Context(), w.chair, other.ID, other.Rev)
		if err != nil {
			t.Fatal(err)
		}
		w.refused("issue.not_yours", guest, other, Move{Act: ActTake})
		c = w.move(guest, c, Move{Act: ActHandle, Outcome: Solved, Text: "换了"})
		w.refused("issue.not_yours", guest, c, Move{Act: ActPass})
		c = w.move(w.chair, c, Move{Act: ActPass})
		w.refused("issue.not_yours", guest, c, Move{Act: ActConfirm})
		w.at(clk, clk.now().AddDate(0, 0, 14))
		if _, err := w.d.OpenLink(t.Context(), token); fail.KindOf(err) != fail.Missing {
			t.Errorf("expired: %v", err)
		}
		w.clock(time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC))
		if l, err = w.d.OpenLink(t.Context(), token2); err != nil {
			t.Fatal(err)
		}
		if err := w.d.RevokeLink(t.Context(), w.chair, l.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.d.OpenLink(t.Context(), token2); fail.KindOf(err) != fail.Missing {
			t.Errorf("revoked: %v", err)
		}
	})
}

func TestALostLinkIsSentAgainAndTellsNobody(t *testing.T) {
	each(t, func(w *town) {
		in := w.lamp()
		in.Contact = people.Contact{Phone: "13800000001"}
		r := w.report(who.Actor{}, in)
		if r.Issue.Owner == 0 {
			t.Fatal("nobody to send it to")
		}
		for _, phone := range []string{"13800000001", "13800000002", "13800000001"} {
			if err := w.d.ResendLink(t.Context(), people.Contact{Phone: phone}); err != nil {
				t.Errorf("%s: %v", phone, err)
			}
		}
		if n := w.letters(who.Actor{ID: r.Issue.Owner}, "issue.link"); n != 1 {
			t.Errorf("%d letters", n)
		}
		token, err := w.d.MintLink(t.Context(), r.Issue.ID, r.Issue.Owner)
		if err != nil {
			t.Fatal(err)
		}
		if l, err := w.d.OpenLink(t.Context(), token); err != nil || l.Kind != "reporter" {
			t.Errorf("%+v %v", l, err)
		}
		if _, err := w.d.MintLink(t.Context(), r.Issue.ID, w.li.ID); fail.KindOf(err) != fail.Missing {
			t.Errorf("a link for a stranger: %v", err)
		}
	})
}

// An elder is helped by a relative; both may answer, and only they.
func TestARelativeReportsForAnElder(t *testing.T) {
	each(t, func(w *town) {
		in := w.lamp()
		in.Contact, in.Elder = people.Contact{Name: "女儿", Phone: "13800000003"}, people.Contact{Name: "奶奶", Phone: "13800000004"}
		c, _ := w.closed(who.Actor{}, in)
		if c.Owner == 0 || c.For == 0 || c.Owner == c.For {
			t.Fatalf("%+v", c)
		}
		w.move(who.Actor{ID: c.For}, c, Move{Act: ActConfirm})
	})
}

// A clerk enters what somebody says on the telephone, where the clerk may.
func TestEnteredOnTheTelephone(t *testing.T) {
	each(t, func(w *town) {
		in := w.lamp()
		in.Channel, in.Contact, in.CallBack = ByPhone, people.Contact{Phone: "13800000005"}, true
		if _, err := w.d.Report(t.Context(), w.li, in); fail.KindOf(err) != fail.Denied {
			t.Errorf("a resident enters for others: %v", err)
		}
		c := w.report(w.chair, in).Issue
		if c.Taker != w.chair.ID || c.Owner == 0 || c.Owner == w.chair.ID || !c.CallBack {
			t.Errorf("%+v", c)
		}
		c = w.move(w.chair, c, Move{Act: ActCallBack, Reason: "heard"})
		if c.Called.IsZero() || c.State != Reported {
			t.Errorf("%+v", c)
		}
	})
}

func TestNeighboursSayOnceThatItIsNotDone(t *testing.T) {
	each(t, func(w *town) {
		c, _ := w.closed(w.wang, w.lamp())
		no := Move{Act: ActNotDone, Photos: []string{"p"}}
		c = w.move(w.li, c, no)
		w.refused("issue.said", w.li, c, no)
		no.Voice = "cookie"
		c = w.move(who.Actor{}, c, no)
		w.refused("issue.said", who.Actor{}, c, no)
		if c.State != Closed {
			t.Errorf("%+v", c)
		}
		if n := w.letters(w.chair, "issue.not_done"); n != 2 {
			t.Errorf("%d letters", n)
		}
	})
}

func TestUpAndDownTheTree(t *testing.T) {
	each(t, func(w *town) {
		c := w.move(w.chair, w.report(w.wang, w.lamp()).Issue, Move{Act: ActAccept})
		c = w.move(w.chair, c, Move{Act: ActUp, Reason: "beyond_us"})
		if c.Desk != w.com.ID || c.DeskPath != w.com.Path || c.Hops != 1 {
			t.Errorf("%+v", c)
		}
		if n := w.letters(w.staff, "issue.new"); n != 1 {
			t.Errorf("%d letters", n)
		}
		w.refused("issue.not_yours", w.chair, c, Move{Act: ActHand, To: w.firmTask()})
		w.refused("issue.place_wrong", w.staff, c, Move{Act: ActDown, Reason: "theirs", Place: w.house.ID})
		c = w.move(w.staff, c, Move{Act: ActDown, Reason: "closer_hands", Place: w.nb.ID})
		if c.Desk != w.nb.ID {
			t.Errorf("%+v", c)
		}
	})
}

func TestStalePageIsRefused(t *testing.T) {
	each(t, func(w *town) {
		old := w.report(w.wang, w.lamp()).Issue
		c := w.move(w.chair, old, Move{Act: ActSpam})
		c = w.move(w.chair, c, Move{Act: ActUnspam})
		// Back in its first state, but not the issue the chair is looking at.
		_, err := w.d.Move(t.Context(), w.chair, Move{Issue: c.ID, Rev: old.Rev, Act: ActAccept})
		if fail.KindOf(err) != fail.Conflict {
			t.Errorf("stale accept: %v, want a conflict", err)
		}
	})
}

func TestReportRefused(t *testing.T) {
	each(t, func(w *town) {
		for name, tt := range map[string]struct {
			f    func(*Report)
			code string
		}{
			"no category":      {func(r *Report) { r.Category = "" }, "issue.need_category"},
			"unknown category": {func(r *Report) { r.Category = "ufo" }, "issue.category_missing"},
			"no words":         {func(r *Report) { r.Text = " \u200b" }, "issue.need_photo"},
			"10,001 words":     {func(r *Report) { r.Text = strings.Repeat("灯", 10001) }, "text.long"},
			"no place":         {func(r *Report) { r.Place = 0 }, "issue.need_place"},
			"unknown place":    {func(r *Report) { r.Place = 7 }, "place.none"},
			"outside":          {func(r *Report) { r.Place, r.Lat, r.Lon = 0, 10, 10 }, "issue.outside"},
			"no point":         {func(r *Report) { r.Lat = 91 }, "issue.point_wrong"},
			"six photos":       {func(r *Report) { r.Photos = make([]string, 6) }, "issue.photos_most"},
			"no channel":       {func(r *Report) { r.Channel = ByImport }, "issue.channel_wrong"},
		} {
			in := w.lamp()
			tt.f(&in)
			_, err := w.d.Report(t.Context(), who.Actor{}, in)
			if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != tt.code {
				t.Errorf("%s: got %v, want %s", name, err, tt.code)
			}
		}
		if n := w.count(`select (select count(*) from issue) + (select count(*) from entry) + (select count(*) from link)`); n != 0 {
			t.Errorf("%d rows of refused reports", n)
		}
	})
}

// What is said twice by an impatient finger stands once; said again later, it stands again.
func TestSaidTwiceStandsOnce(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC))
		c := w.report(w.wang, w.lamp()).Issue
		for range 2 {
			if _, err := w.d.Move(t.Context(), w.wang, Move{Issue: c.ID, Act: ActAdd, Text: "还有一盏"}); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.count(`select count(*) from entry where act = 'add'`); n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
		w.at(clk, clk.now().Add(time.Hour))
		w.move(w.wang, w.get(c.ID), Move{Act: ActAdd, Text: "还有一盏"})
		if n := w.count(`select count(*) from entry where act = 'add'`); n != 2 {
			t.Errorf("%d entries, want 2", n)
		}
	})
}

// What turns out to be a report of a violation is one from then on; what somebody
// reported as one stays one, wherever staff put it.
func TestClassifiedAsAViolation(t *testing.T) {
	each(t, func(w *town) {
		c := w.report(w.wang, w.lamp()).Issue
		due := c.Settle
		c = w.move(w.chair, c, Move{Act: ActClassify, Category: "housing.structure"})
		if c.Sort != Violation || c.Grade != Complex || !c.Settle.After(due) {
			t.Errorf("%s %s %s", c.Sort, c.Grade, c.Settle)
		}
		c = w.move(w.chair, c, Move{Act: ActClassify, Category: "facility.lamp"})
		if c.Sort != Complaint || c.Grade != General {
			t.Errorf("%s %s", c.Sort, c.Grade)
		}
		in := w.lamp()
		in.Sort = Violation
		c = w.report(w.wang, in).Issue
		c = w.move(w.chair, c, Move{Act: ActClassify, Category: "waste.pile"})
		if c.Sort != Violation {
			t.Errorf("%s", c.Sort)
		}
		w.refused("issue.category_missing", w.chair, c, Move{Act: ActClassify, Category: "ufo"})
	})
}

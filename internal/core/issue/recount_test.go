package issue

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/who"
)

// Monday 2 March 2026, nine in the morning; no day off in that week or the next.
func march(day, hour int) time.Time {
	return time.Date(2026, 3, day, hour, 0, 0, 0, time.FixedZone("CST", 8*3600))
}

func TestAnotherCategoryCountsFromTheSameStart(t *testing.T) {
	shut := 8*time.Hour + 30*time.Minute // a working day ends at half past five
	days := func(what string, n int) Limit { return Limit{What: what, N: n, Unit: "working_day"} }
	hours := func(n int) Limit { return Limit{What: "settle", N: n, Unit: "hour"} }
	report := stretch{start: march(2, 9), began: ActReport}
	until := func(s stretch, stop time.Time) stretch { s.stop = stop; return s }
	for name, tt := range map[string]struct {
		l    Limit
		ss   []stretch
		want time.Time
	}{
		"it never stood":                     {hours(48), []stretch{report}, march(4, 9)},
		"it stands now":                      {hours(48), []stretch{until(report, march(3, 9))}, march(4, 9)},
		"a day of pause is a day later":      {hours(48), []stretch{until(report, march(3, 9)), {start: march(4, 9), began: ActResume}}, march(5, 9)},
		"two pauses":                         {hours(48), []stretch{until(report, march(2, 10)), {start: march(2, 12), stop: march(3, 9), began: ActResume}, {start: march(3, 15), began: ActReply}}, march(4, 17)},
		"back from the check":                {hours(24), []stretch{until(report, march(2, 19)), {start: march(3, 19), began: ActRework}}, march(4, 9)},
		"working days":                       {days("settle", 5), []stretch{report}, march(9, 9).Add(shut)},
		"working days over a pause":          {days("settle", 5), []stretch{until(report, march(3, 9)), {start: march(5, 9), began: ActResume}}, march(11, 9).Add(shut)},
		"reopened counts from then":          {hours(48), []stretch{until(report, march(3, 9)), {start: march(10, 9), began: ActDispute}}, march(12, 9)},
		"reopened by telephone, then paused": {hours(48), []stretch{until(report, march(3, 9)), {start: march(10, 9), stop: march(10, 10), began: ActCallBack}, {start: march(10, 20), began: ActResume}}, march(12, 19)},
		"twice another category":             {hours(48), []stretch{until(report, march(3, 9)), {start: march(3, 9), began: ActClassify, settle: march(30, 9)}}, march(4, 9)},
		"more time holds":                    {hours(48), []stretch{until(report, march(3, 9)), {start: march(3, 9), began: ActApprove, settle: march(20, 9)}}, march(20, 9)},
		"more time than that already":        {hours(48), []stretch{until(report, march(3, 9)), {start: march(3, 9), began: ActApprove, settle: march(3, 20)}}, march(4, 9)},
		"more time, then a pause":            {hours(48), []stretch{until(report, march(3, 9)), {start: march(3, 9), stop: march(4, 9), began: ActApprove, settle: march(20, 9)}, {start: march(6, 9), began: ActResume}}, march(22, 9)},
		"more time is for settling":          {days("dispatch", 1), []stretch{until(report, march(2, 10)), {start: march(2, 10), began: ActApprove, settle: march(20, 9)}}, march(3, 9).Add(shut)},
		"more time before it was reopened":   {hours(48), []stretch{until(report, march(3, 9)), {start: march(3, 9), stop: march(4, 9), began: ActApprove, settle: march(20, 9)}, {start: march(10, 9), began: ActDispute}}, march(12, 9)},
		"no limit":                           {Limit{What: "settle"}, []stretch{report}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := recount(usual(), tt.l, tt.ss); !got.Equal(tt.want) {
				t.Errorf("got %s, want %s", got.In(tt.want.Location()), tt.want)
			}
		})
	}
}

// What the clocks stood still is what a limit is later, whatever the category.
func TestPausesPutEveryLimitOffAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := march(2, 9)
		ss := []stretch{{start: at, began: ActReport}}
		var stood time.Duration
		for range rapid.IntRange(0, 5).Draw(t, "pauses") {
			at = at.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ran")) * time.Minute)
			ss[len(ss)-1].stop = at
			d := time.Duration(rapid.IntRange(0, 5000).Draw(t, "stood")) * time.Minute
			at, stood = at.Add(d), stood+d
			ss = append(ss, stretch{start: at, began: rapid.SampledFrom([]Act{ActResume, ActReply, ActRework, ActClassify, ActUnspam}).Draw(t, "by")})
		}
		l := Limit{What: "settle", N: rapid.IntRange(1, 500).Draw(t, "n"), Unit: "hour"}
		if got, want := recount(usual(), l, ss), march(2, 9).Add(time.Duration(l.N)*time.Hour+stood); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// It makes no difference whether an issue is put into another category before its clocks stand, while they do, or after.
func TestAnotherCategoryWhileTheClocksStand(t *testing.T) {
	each(t, func(w *town) {
		clk := w.clock(march(2, 9).UTC())
		a, b, c := w.report(w.wang, w.lamp()).Issue, w.report(w.li, w.lamp()).Issue, w.report(w.zhao, w.lamp()).Issue
		all := []*Issue{&a, &b, &c}
		do := func(by who.Actor, m Move) {
			for _, k := range all {
				*k = w.move(by, w.get(k.ID), m)
			}
		}
		other := func(k *Issue) {
			*k = w.move(w.chair, w.get(k.ID), Move{Act: ActClassify, Category: "housing.structure"})
		}
		do(w.chair, Move{Act: ActAccept})
		other(&a)
		clk.set(march(2, 15).UTC())
		do(w.chair, Move{Act: ActPause, Reason: "weather", Until: march(4, 9).UTC()})
		do(w.staff, Move{Act: ActApprove})
		clk.set(march(3, 9).UTC())
		other(&b)
		if b.State != Paused || !b.Settle.IsZero() {
			t.Errorf("%s until %s: its clocks run", b.State, b.Settle)
		}
		clk.set(march(3, 18).UTC())
		do(w.chair, Move{Act: ActResume})
		if !a.Settle.Equal(b.Settle) || a.Settle.Equal(c.Settle) || !a.Promise.Equal(b.Promise) {
			t.Errorf("settled until %s, %s; the other category's is %s", a.Settle, b.Settle, c.Settle)
		}
		do(w.chair, Move{Act: ActHandle, Text: "好了", Outcome: Solved})
		clk.set(march(5, 9).UTC())
		other(&c)
		if c.State != Handled || !c.Settle.IsZero() {
			t.Errorf("%s until %s: its clocks run", c.State, c.Settle)
		}
		do(w.staff, Move{Act: ActRework, Text: "还没好"})
		if !a.Settle.Equal(b.Settle) || !a.Settle.Equal(c.Settle) {
			t.Errorf("settled until %s, %s, %s", a.Settle, b.Settle, c.Settle)
		}
		for _, k := range all {
			if !k.Accept.IsZero() {
				t.Errorf("%s: a limit that was met runs again", k.No)
			}
		}
	})
}

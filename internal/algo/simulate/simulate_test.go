package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/algo/dispatch"
)

// short is the reference cell, cut to what an ordinary test can wait for.
func short() Cell {
	c := Reference()
	c.Days, c.Burn = 60, 20
	return c
}

func TestTheSameSeedGivesTheSameTown(t *testing.T) {
	for _, p := range Policies() {
		a, b := Live(short(), 3, p, dispatch.Defaults()), Live(short(), 3, p, dispatch.Defaults())
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("%s: %s", p.Name, d)
		}
		if a.Calls < 40 || a.Covered == 0 || a.Asks == 0 {
			t.Errorf("%s: %d calls, %d covered, %v asked: the town sleeps", p.Name, a.Calls, a.Covered, a.Asks)
		}
	}
}

// The town's clock is the one the rules read.
func TestDayAndNightAreThoseOfTheRules(t *testing.T) {
	r := dispatch.Defaults()
	n := dispatch.Need{Roles: []dispatch.Role{{Count: 1}}}
	p := dispatch.Person{ID: 1, Kinds: 1, Fresh: true}
	for h := range int64(24 * 7) {
		now := epoch + h*dispatch.Hour
		if quiet := dispatch.May(&n, &r, &p, 1, now) == dispatch.Quiet; quiet != night(now) {
			t.Errorf("hour %d: quiet %v, night %v", h, quiet, night(now))
		}
		if week := time.UnixMilli(now + 8*dispatch.Hour).UTC().Weekday(); (week == time.Saturday || week == time.Sunday) != dayOff(now) {
			t.Errorf("%s: off %v", week, dayOff(now))
		}
	}
}

// Every policy meets the same calls.
func TestAllMeetTheSameLuck(t *testing.T) {
	a := Live(short(), 5, Dispatch(), dispatch.Defaults())
	for _, p := range Baselines() {
		if b := Live(short(), 5, p, dispatch.Defaults()); a.Calls != b.Calls {
			t.Errorf("%s meets %d calls, dispatch %d", p.Name, b.Calls, a.Calls)
		}
	}
}

func TestCapsHoldInEveryTown(t *testing.T) {
	c := short()
	c.Calls, c.Days, c.Burn = 6, 30, 5
	for _, p := range []Policy{Dispatch(), NearestCapped()} {
		for w := Right; w < wrongs; w++ {
			c.Wrong = w
			if s := Live(c, 1, p, dispatch.Defaults()); s.MostWeek > 8 {
				t.Errorf("%s, %s: somebody was asked %v times in 7 days", p.Name, w, s.MostWeek)
			}
		}
	}
	c.Wrong = Right
	if s := Live(c, 1, Baselines()[2], dispatch.Defaults()); s.MostWeek <= 8 {
		t.Error("without caps nobody was asked more often: the test is blind")
	}
}

func TestNobodyTiresWithoutFatigue(t *testing.T) {
	c := short()
	c.Fatigue = 0
	for _, p := range Policies() {
		if s := Live(c, 2, p, dispatch.Defaults()); s.Gone != 0 {
			t.Errorf("%s: %v %% are gone", p.Name, s.Gone)
		}
	}
}

func TestEachWrongAssumptionChangesTheWorld(t *testing.T) {
	right := Live(short(), 4, NearestCapped(), dispatch.Defaults())
	for w := Right + 1; w < wrongs; w++ {
		c := short()
		c.Wrong = w
		got := Live(c, 4, NearestCapped(), dispatch.Defaults())
		if got == right {
			t.Errorf("%s changes nothing", w)
		}
	}
}

func TestDrawsAreUniformAndApart(t *testing.T) {
	const n = 20000
	var sum, cross, gaussian float64
	for i := range uint64(n) {
		a, b := draw(1, i, 0, forYes), draw(1, i, 1, forYes)
		sum += a
		cross += (a - .5) * (b - .5)
		gaussian += math.Pow(gauss(1, i, 0, forReady), 2)
	}
	if math.Abs(sum/n-.5) > .01 || math.Abs(cross/n) > .003 || math.Abs(gaussian/n-1) > .05 {
		t.Errorf("mean %v, cross %v, variance %v", sum/n, cross/n, gaussian/n)
	}
}

func TestGini(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(0, 10), 1, 20).Draw(t, "x")
		var apart, sum float64
		for _, a := range x {
			sum += a
			for _, b := range x {
				apart += math.Abs(a - b)
			}
		}
		want := 0.0
		if sum > 0 {
			want = apart / (2 * float64(len(x)) * sum)
		}
		if got := gini(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func BenchmarkHalfYear(b *testing.B) {
	for _, p := range []Policy{Dispatch(), NearestCapped()} {
		b.Run(p.Name, func(b *testing.B) {
			for seed := uint64(1); b.Loop(); seed++ {
				Live(Reference(), seed, p, dispatch.Defaults())
			}
		})
	}
}

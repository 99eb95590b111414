package simulate

import (
	"cmp"
	"slices"

	"github.com/linli-town/linli/internal/algo/dispatch"
)

// Dispatch is the policy people live with: algo/dispatch as it is.
func Dispatch() Policy {
	return Policy{Name: "dispatch", New: func() Decider { return &production{} }}
}

// Oracle is Dispatch with the true readiness of everybody instead of what it has learned.
func Oracle() Policy {
	return Policy{Name: "oracle", New: func() Decider { return &production{} }, Oracle: true}
}

type production struct{ c dispatch.Chooser }

func (p *production) Hears() bool { return true }

func (p *production) Decide(v *dispatch.View, now int64, ask []dispatch.Ask) ([]dispatch.Ask, int64) {
	plan := p.c.Choose(v, now)
	return append(ask, plan.Ask...), plan.Next
}

// NearestCapped is the one to beat: every three minutes the ten nearest who may be asked.
func NearestCapped() Policy { return waves("nearest10_caps", true, false, every(10)) }

// Baselines are the simpler policies. All respect quiet hours and consent, those with caps also
// the weekly cap and the gap between two questions.
func Baselines() []Policy {
	return []Policy{
		waves("everyone", false, false, func(age int64) (int, int64) { return 1 << 30, 30 * dispatch.Minute }),
		waves("random10", false, true, every(10)),
		waves("nearest10", false, false, every(10)),
		NearestCapped(),
		waves("fixed", false, false, fixed),
		waves("fixed_caps", true, false, fixed),
		{Name: "seven_replaced", New: func() Decider { return &seven{} }},
	}
}

// Policies are the production policy, its oracle and all baselines.
func Policies() []Policy { return append([]Policy{Dispatch(), Oracle()}, Baselines()...) }

func every(n int) func(int64) (int, int64) {
	return func(age int64) (int, int64) { return n, 3 * dispatch.Minute }
}

// fixed: 5 at once, 10 after 2 minutes, 20 after 5, all after 10.
func fixed(age int64) (int, int64) {
	switch m := age / dispatch.Minute; {
	case m < 2:
		return 5, 2 * dispatch.Minute
	case m < 5:
		return 10, 3 * dispatch.Minute
	case m < 10:
		return 20, 5 * dispatch.Minute
	}
	return 1 << 30, 3 * dispatch.Minute
}

func waves(name string, caps, random bool, size func(age int64) (int, int64)) Policy {
	return Policy{Name: name, New: func() Decider { return &wave{caps: caps, random: random, size: size} }}
}

type wave struct {
	caps, random bool
	size         func(age int64) (n int, wait int64)
	list         []rank
	asked        []int64
	fits         []dispatch.Roles
}

type rank struct {
	i    int
	key  float64
	fits dispatch.Roles
}

func (w *wave) Hears() bool { return false }

func (w *wave) Decide(v *dispatch.View, now int64, ask []dispatch.Ask) ([]dispatch.Ask, int64) {
	n, wait := w.size(now - v.Need.Raised)
	return w.nearest(v, now, n, ask), now + wait
}

// nearest adds the n first of those who may be asked and can take a place that is open.
func (w *wave) nearest(v *dispatch.View, now int64, n int, ask []dispatch.Ask) []dispatch.Ask {
	w.list, w.asked, w.fits = w.list[:0], w.asked[:0], w.fits[:0]
	for _, o := range v.Offers {
		w.asked = append(w.asked, o.Person)
		if o.State == dispatch.Coming {
			w.fits = append(w.fits, o.Fits)
		}
	}
	slices.Sort(w.asked)
	var open dispatch.Roles
	free := make([]int, len(v.Need.Roles))
	for r, x := range v.Need.Roles {
		free[r] = x.Count
	}
	for _, r := range dispatch.Seat(v.Need.Roles, w.fits) {
		if r >= 0 {
			free[r]--
		}
	}
	for r, k := range free {
		if k > 0 {
			open |= 1 << r
		}
	}
	rules := v.Rules
	if !w.caps {
		rules.Cap, rules.CapUrgent, rules.Gap, rules.GapUrgent = 1<<30, 1<<30, 0, 0
	}
	for i := range v.People {
		p := &v.People[i]
		if dispatch.May(&v.Need, &rules, p, open, now) != dispatch.None {
			continue
		}
		if _, found := slices.BinarySearch(w.asked, p.ID); found {
			continue
		}
		key := dispatch.Metres(v.Need.At, p.At)
		if w.random {
			key = draw(uint64(v.Rally), uint64(p.ID), uint64(v.Need.Raised), 0)
		}
		w.list = append(w.list, rank{i, key, v.Need.Fits(p, now)})
	}
	slices.SortFunc(w.list, func(a, b rank) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.i, b.i)) })
	for _, r := range w.list[:min(n, len(w.list))] {
		ask = append(ask, dispatch.Ask{Person: v.People[r.i].ID, Fits: r.fits})
	}
	return ask
}

// seven asks the seven nearest and replaces who says no, as GoodSAM does in New Zealand's best
// variant; five minutes of silence count as a no. With caps.
type seven struct{ wave }

func (s *seven) Hears() bool { return true }

func (s *seven) Decide(v *dispatch.View, now int64, ask []dispatch.Ask) ([]dispatch.Ask, int64) {
	s.caps = true
	alive := 0
	for _, o := range v.Offers {
		if o.State == dispatch.Open && now-o.At < 5*dispatch.Minute {
			alive++
		}
	}
	return s.nearest(v, now, max(0, 7-alive), ask), now + dispatch.Minute
}

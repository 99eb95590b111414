package simulate

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/linli-town/linli/internal/algo/dispatch"
)

// Trial is a comparison: every policy lives every seed of every cell.
type Trial struct {
	Cells    []Cell
	Policies []Policy
	From     uint64 // the first seed
	Seeds    int    // towns of a cell, times Cell.Towns
	Rules    dispatch.Rules
	Workers  int
	Tell     func(done, of int64) // progress, by one at a time; nil: nobody watches
	Stop     <-chan struct{}      // closed: give up
}

// Result holds the scores: of each cell, policy, seed.
type Result struct {
	Trial
	Scores [][][]Score
}

// Towns is how many times as many towns a cell needs to be known as well as a large one: in
// a small town luck is larger.
func (c Cell) Towns() int {
	switch {
	case c.People <= 100:
		return 8
	case c.People <= 200:
		return 6
	case c.People <= 500:
		return 3
	}
	return 1
}

// Run lives all towns, several at a time. It gives false if it was stopped.
func (t Trial) Run() (Result, bool) {
	type place struct{ cell, policy, seed int }
	var all []place
	r := Result{Trial: t}
	for c := range t.Cells {
		of := make([][]Score, len(t.Policies))
		for p := range of {
			of[p] = make([]Score, t.Seeds*t.Cells[c].Towns())
			for s := range of[p] {
				all = append(all, place{c, p, s})
			}
		}
		r.Scores = append(r.Scores, of)
	}
	var next, done atomic.Int64
	var wg sync.WaitGroup
	var tell sync.Mutex
	for range max(1, t.Workers) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				select {
				case <-t.Stop:
					return
				default:
				}
				if i >= len(all) {
					return
				}
				a := all[i]
				r.Scores[a.cell][a.policy][a.seed] = Live(t.Cells[a.cell], t.From+uint64(a.seed), t.Policies[a.policy], t.Rules)
				n := done.Add(1)
				if t.Tell != nil {
					tell.Lock()
					t.Tell(n, int64(len(all)))
					tell.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return r, int(done.Load()) == len(all)
}

// Measure takes one number out of a score.
type Measure func(*Score) float64

// The measures of the promise.
var (
	Quick          Measure = func(s *Score) float64 { return s.Quick }
	Half           Measure = func(s *Score) float64 { return s.Half }
	AsksPerCovered Measure = func(s *Score) float64 { return s.AsksPerCovered }
	Gone           Measure = func(s *Score) float64 { return s.Gone }
)

// Mean is the mean over the seeds.
func (r *Result) Mean(cell, policy int, m Measure) float64 {
	sum := 0.0
	for i := range r.Scores[cell][policy] {
		sum += m(&r.Scores[cell][policy][i])
	}
	return sum / float64(len(r.Scores[cell][policy]))
}

// Interval is a mean with the half-width of its 95 % interval.
type Interval struct{ Mean, Width float64 }

// Paired is the difference of two policies, seed by seed.
func (r *Result) Paired(cell, policy, base int, m Measure) Interval {
	a, b := r.Scores[cell][policy], r.Scores[cell][base]
	n := float64(len(a))
	var sum, square float64
	for i := range a {
		sum += m(&a[i]) - m(&b[i])
	}
	mean := sum / n
	for i := range a {
		d := m(&a[i]) - m(&b[i]) - mean
		square += d * d
	}
	if n < 2 {
		return Interval{mean, math.Inf(1)}
	}
	return Interval{mean, student(n-1) * math.Sqrt(square/(n-1)/n)}
}

// student is the 97.5 % point of Student's distribution, to three digits from 5 degrees on (Cornish and Fisher).
func student(df float64) float64 {
	const z = 1.959964
	return z + (z*z*z+z)/(4*df) + (5*z*z*z*z*z+16*z*z*z+3*z)/(96*df*df)
}

// Verdict is how a policy stands against the one to beat in one cell.
type Verdict struct {
	Cell                    Cell
	Quick, Half, Asks, Gone Interval
}

// Loses says that fewer are covered within 30 minutes, by more than a point beyond chance.
func (v Verdict) Loses() bool { return v.Half.Mean+v.Half.Width < -1 }

// Vague says that the comparison cannot tell one point.
func (v Verdict) Vague() bool { return v.Half.Width > 1 }

// Kept says whether a verdict on the reference cell keeps the promise made for it.
func (v Verdict) Kept() bool { return v.Quick.Mean >= 5 && v.Asks.Mean <= 0 && v.Gone.Mean <= 0 }

// Verdicts compares two policies of a trial in every cell.
func (r *Result) Verdicts(policy, base int) (out []Verdict) {
	for c, cell := range r.Cells {
		out = append(out, Verdict{cell, r.Paired(c, policy, base, Quick), r.Paired(c, policy, base, Half),
			r.Paired(c, policy, base, AsksPerCovered), r.Paired(c, policy, base, Gone)})
	}
	return out
}

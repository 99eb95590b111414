// Package simulate tries policies of asking for help on made-up neighbourhoods, so that caps
// and waves are chosen on evidence: the policy of algo/dispatch, unchanged, against simpler ones.
//
// Floor: algo. Imports: algo/dispatch.
//
// The truth and what a policy sees are kept apart. The truth (world.go): where people live,
// how ready they are, how tired of being asked, when they stop for good. A policy sees a
// dispatch.View: the declared position, skills, consents, what was asked and answered.
//
// One seed is one town with one half-year of calls. Every chance event is drawn from the
// seed and what it is about (this call, this person), never from a stream, so that all
// policies meet the same luck and are compared pair by pair. The same seed gives the same
// numbers on every machine and with any number of workers.
//
// What it does not know: organisations, weather, people who talk to each other about being
// asked too often. Its parameters are assumptions; the one that decides most is how much
// questions tire people (Cell.Fatigue), so results are always shown for 0, 1 and 2.
package simulate

import "github.com/linli-town/linli/internal/algo/dispatch"

// Cell is one set of assumptions.
type Cell struct {
	People  int
	Calls   float64 // a day
	Fatigue float64 // 0: nobody tires of being asked, 1: as assumed, 2: twice as much
	Wrong   Wrong
	Days    int // of which the first Burn are not counted
	Burn    int
}

// Wrong is one way in which the world is not as the policy believes.
type Wrong uint8

const (
	Right     Wrong = iota
	Unready         // half as many say yes
	Ready           // half as many again say yes
	Slow            // answers take twice as long
	Moved           // the declared home is wrong for 20 %
	Deaf            // the channel of 10 % is broken, and nobody knows
	Friends         // friends come together or not at all
	NoShow          // 2 % say yes and do not come; counted in arrivals
	Clustered       // who has one skill has others
	Storms          // one day in five is a storm day
	wrongs
)

var wrongNames = [wrongs]string{"right", "unready", "ready", "slow", "moved", "deaf", "friends", "no_show", "clustered", "storms"}

// String is the code of the word.
func (w Wrong) String() string { return wrongNames[w] }

// Reference is the cell the promise speaks of.
func Reference() Cell { return Cell{People: 150, Calls: 2, Fatigue: 1, Days: 180, Burn: 30} }

// Grid is every cell of the promise: 80, 150, 400, 1000 people, 2 and 6 calls a day, fatigue
// 0, 1, 2, then the reference cell with each wrong assumption, storms for every fatigue.
func Grid() (out []Cell) {
	for _, f := range []float64{0, 1, 2} {
		for _, c := range []float64{2, 6} {
			for _, n := range []int{80, 150, 400, 1000} {
				out = append(out, Cell{People: n, Calls: c, Fatigue: f, Days: 180, Burn: 30})
			}
		}
	}
	for w := Right + 1; w < wrongs; w++ {
		c := Reference()
		c.Wrong = w
		out = append(out, c)
	}
	for _, f := range []float64{0, 2} {
		c := Reference()
		c.Wrong, c.Fatigue = Storms, f
		out = append(out, c)
	}
	return out
}

// Score is what one policy did in one town. Shares are of calls, in percent.
type Score struct {
	Calls, Covered       int
	Quick, Ten, Half     float64 // covered within 5, 10, 30 minutes, %
	Asks, AsksPerCovered float64 // questions per call, per covered call
	Gone                 float64 // volunteers who have withdrawn at the end, %
	GoneRate             float64 // withdrawals per 1000 person-weeks
	MostWeek             float64 // most questions to one person in 7 days
	First, Median, P90   float64 // minutes to the first yes; to the last place, median and 90th percentile (30: not covered)
	Arrived              float64 // minutes to the last arrival, median of the covered
	Surplus, Night       float64 // yes without a place, questions in quiet hours, per call
	GiniAsks, GiniTasks  float64
	Failed               float64 // covered, but somebody did not come, % of the covered
	NeverAsked           float64 // not asked in the last 30 days, % of who is left
	WorstBuilding        float64 // mean time to cover there, over that of the median building
	Rate                 float64 // yes per question, %
	Brier                float64 // of the estimates, where the policy makes any
	Bins                 [10]Bin
}

// Bin compares estimates with what happened.
type Bin struct{ N, Said, Came float64 }

// Policy decides whom to ask. It is made anew for every town.
type Policy struct {
	Name   string
	New    func() Decider
	Oracle bool // it is told the truth about everybody: an upper mark, never a product
}

// Decider sees what a rally's desk sees. It adds to ask and says when to look again.
type Decider interface {
	Decide(v *dispatch.View, now int64, ask []dispatch.Ask) ([]dispatch.Ask, int64)
	// Hears says that it wants to decide at once when somebody says no.
	Hears() bool
}

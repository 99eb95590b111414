package dispatch

import (
	"math"
	"time"
)

// Features are what an estimate is made of: they are kept with an offer and learned from
// when its end is known.
type Features struct {
	Metres   int32
	Bin      uint8 // of the local hour, see bins
	Week     uint8 // questions in the 7 days before
	Accepted uint8 // accepted in the 30 days before
	DayOff   bool
	Urgent   bool
}

// bins of the day: night, morning, forenoon, noon, afternoon, evening.
var bins = [24]uint8{0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0}

// atWork says that many are at their work then.
func (x Features) atWork() bool { return !x.DayOff && (x.Bin == 1 || x.Bin == 2 || x.Bin == 4) }

// Weight is a normal belief about a coefficient.
type Weight struct{ Mean, Var float64 }

const (
	wBase = iota
	wMetres
	wWeek
	wAccepted
	wUrgent
	wDayOff
	wBin    // six
	weights = wBin + 6
)

// Model is what was learned about all together: how likely a yes is, and how fast answers
// come. Logistic: the log-odds of a yes are a sum of weights, and the weights are normal
// with a mean and a covariance that every answer moves a little (an extended Kalman filter,
// as in Spiegelhalter and Lauritzen 1990). A nil *Model in a View is Prior.
type Model struct {
	Mean  [weights]float64
	Cov   [weights][weights]float64
	Delay Weight // of the log of seconds to an answer, which is normal with deviation 1
}

// Prior is the model before the first answer: a yes of one in five at the door, less far
// away, at night, and from who was asked often this week; half of the answers within 75 s.
// Published rates of those who accept are 17–47 %.
func Prior() *Model {
	m := &Model{Delay: Weight{math.Log(75), .05}}
	for i, w := range prior {
		m.Mean[i], m.Cov[i][i] = w.Mean, w.Var
	}
	return m
}

var prior = [weights]Weight{
	wBase:     {-1.4, .1},
	wMetres:   {-.15, .002}, // per 100 m
	wWeek:     {-.1, .004},  // per question
	wAccepted: {.05, .002},
	wUrgent:   {.1, .05},
	wDayOff:   {.1, .05},
	wBin:      {-1, .1},
	wBin + 1:  {0, .1}, wBin + 2: {0, .1}, wBin + 3: {0, .1}, wBin + 4: {0, .1}, wBin + 5: {0, .1},
}

// Beliefs are the coefficients of a Model in plain words.
type Beliefs struct {
	Base, Metres, Week, Night, Evening float64
	Delay                              time.Duration // median
}

// Exactly is a model that is sure of its beliefs: for simulations.
func Exactly(b Beliefs) *Model {
	m := &Model{Delay: Weight{math.Log(b.Delay.Seconds()), 1e-9}}
	m.Mean[wBase], m.Mean[wMetres], m.Mean[wWeek], m.Mean[wBin], m.Mean[wBin+5] = b.Base, b.Metres, b.Week, b.Night, b.Evening
	return m
}

// Trait is what was learned about one person: how much readier they are than others, and
// how much more or less so while others are at work. The zero Trait is one of whom nothing
// is known. It is theirs: it can be forgotten on request.
type Trait struct{ Base, Work Weight }

// Spread of people before anything is known of them (variance of the log-odds).
const spread, spreadWork = .81, .36

func (t Trait) orPrior() Trait {
	if t.Base.Var == 0 {
		t.Base.Var = spread
	}
	if t.Work.Var == 0 {
		t.Work.Var = spreadWork
	}
	return t
}

// common is the part of the log-odds that is the same for everybody asked at the same time.
func (m *Model) common(x Features) float64 {
	s := m.Mean[wBase] + m.Mean[wBin+int(min(x.Bin, 5))]
	if x.Urgent {
		s += m.Mean[wUrgent]
	}
	if x.DayOff {
		s += m.Mean[wDayOff]
	}
	return s
}

func (m *Model) own(x Features, t Trait) float64 {
	s := t.Base.Mean + m.Mean[wMetres]*float64(x.Metres)/100 + m.Mean[wWeek]*float64(x.Week) + m.Mean[wAccepted]*float64(x.Accepted)
	if x.atWork() {
		s += t.Work.Mean
	}
	return s
}

// P is the chance that this person says yes, if there is all the time in the world.
func (m *Model) P(x Features, t Trait) float64 { return logistic(m.common(x) + m.own(x, t)) }

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// Within is the share of answers that come within so many milliseconds.
func (m *Model) Within(ms int64) float64 {
	if ms <= 0 {
		return 0
	}
	return phi(math.Log(float64(ms)/1000) - m.Delay.Mean)
}

// phi is the normal distribution function.
func phi(z float64) float64 { return .5 * math.Erfc(-z/math.Sqrt2) }

// Learn moves the model and the person's trait after an offer's end. How long is how long
// it took to answer, or how long they were silent when it ended. Silence is no refusal: it
// counts as far as an answer could have come by then.
func (m *Model) Learn(x Features, t Trait, s State, long int64) Trait {
	t = t.orPrior()
	var y, weight float64
	p := m.P(x, t)
	switch s {
	case Coming, Reserve, Withdrew:
		y, weight = 1, 1
	case Declined:
		weight = 1
	case Open:
		f := m.Within(long)
		weight = f * (1 - p) / (1 - f*p) // the gradient of log(1-fp) is -weight·p
	case Failed:
		return t
	}
	if weight == 0 {
		return t
	}
	var at, gain [weights]float64 // features, and covariance times features
	for i := range at {
		at[i] = x.value(i)
	}
	unsure := t.Base.Var
	if x.atWork() {
		unsure += t.Work.Var
	}
	for i := range gain {
		for j, v := range at {
			gain[i] += m.Cov[i][j] * v
		}
		unsure += at[i] * gain[i]
	}
	info := weight * p * (1 - p)
	step, shrink := weight*(y-p)/(1+info*unsure), info/(1+info*unsure)
	for i := range gain {
		m.Mean[i] += gain[i] * step
		for j := range gain {
			m.Cov[i][j] -= gain[i] * gain[j] * shrink
		}
		m.Cov[i][i] += prior[i].Var * drift
	}
	t.Base.move(step, shrink)
	if x.atWork() {
		t.Work.move(step, shrink)
	}
	return t
}

// drift is how much of what is known of all is forgotten with every answer, and stale how
// much of what is known of one: people and seasons change.
const drift, stale = 1e-5, .005

func (w *Weight) move(step, shrink float64) {
	w.Mean += w.Var * step
	w.Var += stale*w.Var*(1-w.Var) - w.Var*w.Var*shrink
}

func (x Features) value(i int) float64 {
	is := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	switch i {
	case wBase:
		return 1
	case wMetres:
		return float64(x.Metres) / 100
	case wWeek:
		return float64(x.Week)
	case wAccepted:
		return float64(x.Accepted)
	case wUrgent:
		return is(x.Urgent)
	case wDayOff:
		return is(x.DayOff)
	}
	return is(i-wBin == int(min(x.Bin, 5)))
}

// LearnDelay moves the belief about how fast answers come: a yes came after took, and would
// have been seen if it had come within limit. (Truncated, else only the fast are believed.)
func (m *Model) LearnDelay(took, limit int64) {
	if took < Second || limit < took {
		return
	}
	z := math.Log(float64(took)/1000) - m.Delay.Mean
	end := math.Log(float64(limit)/1000) - m.Delay.Mean
	g := z + math.Exp(-end*end/2)/math.Sqrt(2*math.Pi)/max(phi(end), 1e-6)
	m.Delay.Var = 1 / (1/m.Delay.Var + 1)
	m.Delay.Var = max(m.Delay.Var, .002) // it may change with the season
	m.Delay.Mean += m.Delay.Var * max(-3, min(3, g))
}

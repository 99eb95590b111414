package simulate

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"github.com/linli-town/linli/internal/algo/dispatch"
)

// town is one seed under one policy.
type town struct {
	c      Cell
	seed   uint64
	rules  dispatch.Rules
	truth  []resident
	people []dispatch.Person
	model  *dispatch.Model
	policy Decider
	todo   events
	spent  []past // questions of the last 7 days, oldest first
	came   []past // accepted in the last 30 days
	asks   []dispatch.Ask
	s      Score
	times  []float64
	first  []float64
	here   []float64
	where  [buildings]struct{ sum, n float64 }
	nAsk   int
	nYes   int
	oracle bool
	goneIn int
}

type past struct {
	at  int64
	who int32
}

// event: a look (offer < 0) or an answer.
type event struct {
	at    int64
	r     *rally
	offer int32
	yes   bool
	n     int64 // order of making, to break ties
}

type events struct {
	list []event
	n    int64
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	return e.list[i].at < e.list[j].at || e.list[i].at == e.list[j].at && e.list[i].n < e.list[j].n
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(x any)    { e.list = append(e.list, x.(event)) }
func (e *events) Pop() any {
	last := e.list[len(e.list)-1]
	e.list = e.list[:len(e.list)-1]
	return last
}

func (t *town) at(ev event) {
	ev.n = t.todo.n
	t.todo.n++
	heap.Push(&t.todo, ev)
}

// rally is a call being answered.
type rally struct {
	n       uint64
	v       dispatch.View
	x       []dispatch.Features
	look    int64
	over    bool
	first   int64
	arrived int64
	noShow  bool
	where   int
	counts  bool
	taken   []dispatch.Roles
	places  int
}

// Live lets one policy serve one town for as long as the cell says.
func Live(c Cell, seed uint64, p Policy, rules dispatch.Rules) Score {
	t := &town{c: c, seed: seed, rules: rules, model: dispatch.Prior(), policy: p.New(), oracle: p.Oracle}
	t.truth, t.people = settle(c, seed)
	if p.Oracle {
		t.model = knowing(c)
		for i := range t.people {
			t.people[i].Trait = t.truth[i].trait()
		}
	}
	for i, k := range calls(c, seed) {
		for t.todo.Len() > 0 && t.todo.list[0].at <= k.at {
			t.step(heap.Pop(&t.todo).(event))
		}
		t.raise(uint64(i), k)
	}
	for t.todo.Len() > 0 {
		t.step(heap.Pop(&t.todo).(event))
	}
	return t.score()
}

func (t *town) raise(n uint64, k call) {
	r := &rally{n: n, where: k.building, counts: k.at >= epoch+int64(t.c.Burn)*dispatch.Day}
	r.v = dispatch.View{Rally: int64(n), Rules: t.rules, People: t.people, Model: t.model, DayOff: dayOff(k.at),
		Need: dispatch.Need{At: k.place, Roles: k.roles, Urgent: k.urgent, Raised: k.at}}
	for _, x := range k.roles {
		r.places += x.Count
	}
	t.decide(r, k.at)
}

func (t *town) step(e event) {
	switch {
	case e.r.over:
	case e.offer < 0:
		if e.at == e.r.look {
			t.decide(e.r, e.at)
		}
	default:
		t.answer(e.r, int(e.offer), e.yes, e.at)
	}
}

// forget moves the counts of the last days on.
func (t *town) forget(now int64) {
	for len(t.spent) > 0 && t.spent[0].at <= now-7*dispatch.Day {
		t.people[t.spent[0].who].Week--
		t.spent = t.spent[1:]
	}
	for len(t.came) > 0 && t.came[0].at <= now-30*dispatch.Day {
		t.people[t.came[0].who].Accepted--
		t.came = t.came[1:]
	}
}

func (t *town) decide(r *rally, now int64) {
	if now >= r.v.Need.Raised+t.rules.Horizon {
		t.end(r, now, false)
		return
	}
	t.forget(now)
	var next int64
	t.asks, next = t.policy.Decide(&r.v, now, t.asks[:0])
	for _, a := range t.asks {
		t.ask(r, a, now)
	}
	if r.look = next; next <= now || next > r.v.Need.Raised+t.rules.Horizon {
		r.look = r.v.Need.Raised + t.rules.Horizon
	}
	t.at(event{at: r.look, r: r, offer: -1})
}

func (t *town) ask(r *rally, a dispatch.Ask, now int64) {
	who := uint64(a.Person - 1)
	p, h := &t.people[who], &t.truth[who]
	p.Week, p.Asked, p.Fresh = p.Week+1, now, false
	t.spent = append(t.spent, past{now, int32(who)})
	h.before, h.last = h.last, now
	offer := len(r.v.Offers)
	r.v.Offers = append(r.v.Offers, dispatch.Offer{Person: a.Person, At: now, Fits: a.Fits, P: a.P})
	r.x = append(r.x, a.X)
	if r.counts {
		t.nAsk++
		h.asks++
		t.s.MostWeek = max(t.s.MostWeek, float64(p.Week))
		if night(now) {
			t.s.Night++
		}
	}
	if h.deaf {
		return
	}
	chance, tired := h.yes(&t.c, r.v.Need.At, now), h.tiredness(now)
	u := draw(t.seed, r.n, who, forYes)
	if t.c.Wrong == Friends && draw(t.seed, r.n, who, forFriend) < .5 {
		u = draw(t.seed, r.n, 1<<32|h.friends, forYes)
	}
	delay := 75 * math.Exp(gauss(t.seed, r.n, who, forDelay))
	if t.c.Wrong == Slow {
		delay *= 2
	}
	yes := u < chance
	if r.counts && yes {
		t.nYes++
	}
	if yes || draw(t.seed, r.n, who, forNo) < .3 {
		t.at(event{at: now + max(1, int64(delay*1000)), r: r, offer: int32(offer), yes: yes})
	}
	if r.counts && a.P > 0 {
		y, b := 0.0, &t.s.Bins[min(9, int(a.P*10))]
		if yes {
			y = 1
		}
		b.N, b.Said, b.Came = b.N+1, b.Said+a.P, b.Came+y
		t.s.Brier += (a.P - y) * (a.P - y)
	}
	h.tire(1, now)
	hazard := 5e-4 * t.c.Fatigue * (1 + tired*tired/6)
	if night(now) {
		hazard *= 2
	}
	if draw(t.seed, r.n, who, forGone) < hazard {
		p.Gone, h.gone = true, true
		if r.counts {
			t.goneIn++
		}
	}
}

func (t *town) answer(r *rally, i int, yes bool, now int64) {
	o := &r.v.Offers[i]
	o.Answered = now
	p := &t.people[o.Person-1]
	if !yes {
		o.State = dispatch.Declined
		t.learn(r, i, p, dispatch.Declined, now-o.At)
		if t.policy.Hears() {
			t.decide(r, now)
		}
		return
	}
	t.learn(r, i, p, dispatch.Coming, now-o.At)
	if r.first == 0 {
		r.first = now
	}
	if _, ok := dispatch.Admit(r.v.Need.Roles, r.taken, o.Fits); !ok {
		o.State = dispatch.Reserve
		if r.counts {
			t.s.Surplus++
		}
		return
	}
	o.State = dispatch.Coming
	r.taken = append(r.taken, o.Fits)
	h := &t.truth[o.Person-1]
	walk := dispatch.Minute + int64(1.3*dispatch.Metres(h.home, r.v.Need.At)/1.8*1000)
	r.arrived = max(r.arrived, now+walk)
	r.noShow = r.noShow || t.c.Wrong == NoShow && draw(t.seed, r.n, uint64(o.Person), forShow) < .02
	p.BusyUntil = now + walk + dispatch.Hour
	p.Accepted++
	t.came = append(t.came, past{now, int32(o.Person - 1)})
	if r.counts {
		h.tasks++
	}
	if len(r.taken) == r.places {
		t.end(r, now, true)
	}
}

func (t *town) learn(r *rally, i int, p *dispatch.Person, s dispatch.State, long int64) {
	if !t.oracle {
		p.Trait = t.model.Learn(r.x[i], p.Trait, s, long)
	}
}

// end closes a rally: the silent are stood down, and their silence is learned from.
func (t *town) end(r *rally, now int64, covered bool) {
	r.over = true
	for i := range r.v.Offers {
		o := &r.v.Offers[i]
		p := &t.people[o.Person-1]
		switch o.State {
		case dispatch.Open:
			t.learn(r, i, p, dispatch.Open, now-o.At)
			if covered && !t.truth[o.Person-1].deaf {
				t.truth[o.Person-1].tire(.5, now)
			}
		case dispatch.Coming, dispatch.Reserve:
			if !t.oracle {
				t.model.LearnDelay(o.Answered-o.At, now-o.At)
			}
		}
	}
	left := 0
	for i := range t.truth {
		if !t.truth[i].gone {
			left++
		}
	}
	if !r.counts {
		return
	}
	t.s.Calls++
	took := 30.0
	if covered {
		took = float64(now-r.v.Need.Raised) / float64(dispatch.Minute)
		t.s.Covered++
		count(&t.s.Quick, took < 5)
		count(&t.s.Ten, took < 10)
		count(&t.s.Half, took <= 30)
		count(&t.s.Failed, r.noShow)
		if !r.noShow {
			t.here = append(t.here, float64(r.arrived-r.v.Need.Raised)/float64(dispatch.Minute))
		}
	}
	first := 30.0
	if r.first > 0 {
		first = float64(r.first-r.v.Need.Raised) / float64(dispatch.Minute)
	}
	t.times, t.first = append(t.times, took), append(t.first, first)
	w := &t.where[r.where]
	w.sum, w.n = w.sum+took, w.n+1
}

func count(n *float64, is bool) {
	if is {
		*n++
	}
}

func (t *town) score() Score {
	s := t.s
	n := max(float64(s.Calls), 1)
	s.Quick, s.Ten, s.Half = 100*s.Quick/n, 100*s.Ten/n, 100*s.Half/n
	s.Asks, s.AsksPerCovered = float64(t.nAsk)/n, float64(t.nAsk)/max(float64(s.Covered), 1)
	s.Failed *= 100 / max(float64(s.Covered), 1)
	s.Rate = 100 * float64(t.nYes) / max(float64(t.nAsk), 1)
	s.Surplus, s.Night = s.Surplus/n, s.Night/n
	end := epoch + int64(t.c.Days)*dispatch.Day
	var asks, tasks []float64
	gone, never := 0.0, 0.0
	for i := range t.truth {
		h := &t.truth[i]
		count(&gone, h.gone)
		count(&never, !h.gone && h.last < end-30*dispatch.Day)
		asks, tasks = append(asks, float64(h.asks)), append(tasks, float64(h.tasks))
	}
	people := float64(t.c.People)
	s.Gone = 100 * gone / people
	s.NeverAsked = 100 * never / max(people-gone, 1)
	s.GoneRate = 1000 * float64(t.goneIn) / ((people - gone/2) * float64(t.c.Days-t.c.Burn) / 7)
	s.GiniAsks, s.GiniTasks = gini(asks), gini(tasks)
	s.First, s.Median, s.P90, s.Arrived = quantile(t.first, .5), quantile(t.times, .5), quantile(t.times, .9), quantile(t.here, .5)
	var mean []float64
	for _, w := range t.where {
		if w.n > 0 {
			mean = append(mean, w.sum/w.n)
		}
	}
	if m := quantile(mean, .5); m > 0 {
		s.WorstBuilding = slices.Max(mean) / m
	}
	said := 0.0
	for _, b := range s.Bins {
		said += b.N
	}
	s.Brier /= max(said, 1)
	return s
}

// quantile sorts its list.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[min(len(x)-1, int(q*float64(len(x))))]
}

func gini(x []float64) float64 {
	slices.SortFunc(x, cmp.Compare)
	sum, ranked := 0.0, 0.0
	for i, v := range x {
		sum += v
		ranked += float64(2*i+1-len(x)) * v
	}
	if sum == 0 {
		return 0
	}
	return ranked / (float64(len(x)) * sum)
}

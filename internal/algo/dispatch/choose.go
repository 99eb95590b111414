package dispatch

import (
	"cmp"
	"math"
	"slices"
)

// Choose decides whom to ask now. See Chooser.
func Choose(v *View, now int64) Plan { return *new(Chooser).Choose(v, now) }

// Chooser is Choose with a memory of its own, for who decides often: a Plan is good until
// the next call. It is not for two goroutines at once.
//
// The batch. Those asked and silent so far still accept within the time looked ahead with
// q = p·(F(e+T)-F(e))/(1-p·F(e)), e since they were asked, F the spread of answering times,
// p the estimate of the time. How many come is Poisson-binomial; so many more are asked,
// best first, that the chance that all places fill, less the price of the questions, is
// highest. A place is worth the same in every rally, so one that needs four people may ask
// four times as many as one that needs one. Places that need a skill come first, and the plain ones are worth filling as
// far as there is hope for the others. The time looked ahead is what is left of Rules.Quick,
// later a few minutes, at the end what is left at all.
//
// Best is the estimate (drawn a little from its uncertainty, so that the unknown get a
// chance) over the price of asking this person: questions of the last days, and a skill
// that somebody else may need.
//
// The price is low in a rested neighbourhood and rises when Use does, so that a scarce week
// is spent on covering rather than on being quick: deciding each rally as if it were the
// last one empties the caps and leaves the next ones without anybody.
//
// Sources: the waves with replacement of van den Berg et al. (PLOS ONE 2026,
// 10.1371/journal.pone.0343762), the pacing of Manshadi and Rodilitz (2020, arXiv
// 2002.08474), the price as in online budgeted allocation; measured in docs/rally-simulation.md.
type Chooser struct {
	seats seating
	fits  []Roles
	offer []Offer
	asked []int64
	free  []candidate
	top   []*candidate
	wait  []waiting
	chain [maxNeed + 1]float64
	try   [maxNeed + 1]float64
	plan  Plan
}

const maxNeed = 32 // places beyond it are filled as the first become taken

type candidate struct {
	p     *Person
	taken bool
	fits  Roles
	x     Features
	prob  float64
	draw  float64
	score float64
	cost  float64
}

type waiting struct {
	fits Roles
	q    float64 // chance of a yes within the time looked ahead
	live float64 // 1: asked a short while ago
}

// Choose decides whom to ask now.
func (c *Chooser) Choose(v *View, now int64) *Plan {
	p := &c.plan
	*p = Plan{Ask: p.Ask[:0], Skip: p.Skip[:0], Open: p.Open[:0]}
	end := v.Need.Raised + v.Rules.Horizon
	left := c.places(v)
	switch {
	case left == 0:
		p.Why, p.Hope = Covered, 1
	case now >= end:
		p.Why = Over
	}
	var open Roles
	for r, n := range p.Open {
		if n > 0 {
			open |= 1 << r
		}
	}
	if p.Why == Covered || p.Why == Over {
		c.others(v, open, now)
		return p
	}
	m := v.Model
	if m == nil {
		m = Prior()
	}
	use := c.candidates(v, m, open, left, now)
	c.stages(v, m, use, left, now)
	if p.Why = Enough; len(c.free) == len(p.Ask) {
		p.Why = Empty
	}
	p.Next = now + v.Rules.Step
	if now >= v.Need.Raised+v.Rules.Quick {
		p.Next += 2 * v.Rules.Step
	}
	p.Next = max(min(p.Next, end), now+1)
	return p
}

// places counts what is open, with everybody who said yes on the place they can have.
func (c *Chooser) places(v *View) (left int) {
	c.offer = append(c.offer[:0], v.Offers...)
	slices.SortFunc(c.offer, func(a, b Offer) int { return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.At, b.At)) })
	c.fits, c.asked = c.fits[:0], c.asked[:0]
	for _, o := range c.offer {
		c.asked = append(c.asked, o.Person)
		if o.State == Coming || o.State == Reserve {
			c.fits = append(c.fits, o.Fits)
		}
	}
	for _, r := range v.Need.Roles {
		c.plan.Open = append(c.plan.Open, max(r.Count, 0))
	}
	for _, r := range c.seats.seat(v.Need.Roles, c.fits) {
		if r >= 0 {
			c.plan.Open[r]--
		}
	}
	for _, n := range c.plan.Open {
		left += n
	}
	return left
}

// candidates lists who may be asked, and says of all others why not. It counts the use of the week.
func (c *Chooser) candidates(v *View, m *Model, open Roles, left int, now int64) (use Use) {
	n, r := &v.Need, &v.Rules
	c.free = c.free[:0]
	x := Features{Bin: bins[r.minute(now)/60], DayOff: v.DayOff, Urgent: n.Urgent}
	common := m.common(x)
	scale := n.scale()
	var tiers [256]int
	for i := range v.People {
		p := &v.People[i]
		if _, dup := slices.BinarySearch(c.asked, p.ID); dup {
			c.skip(p, Already)
			continue
		}
		why := fit(n, p, r, now)
		if why != None {
			c.skip(p, why)
			continue
		}
		use.Asked += p.Week
		use.Room += r.cap(p, false)
		fits := n.Fits(p, now)
		if fits&open == 0 {
			c.skip(p, NoPlace)
			continue
		}
		far := n.metres(p, scale)
		if !(far <= float64(r.reach(p))) {
			c.skip(p, Far)
			continue
		}
		if why := timely(n, r, p, now); why != None {
			c.skip(p, why)
			continue
		}
		x.Metres, x.Week, x.Accepted = int32(far), uint8(min(p.Week, 255)), uint8(min(p.Accepted, 255))
		c.free = append(c.free, candidate{p: p, fits: fits & open, x: x})
		tiers[p.Tier]++
	}
	c.tiers(v, tiers[:], left, now)
	for i := range c.free {
		f := &c.free[i]
		z := common + m.own(f.x, f.p.Trait)
		f.prob = logistic(z)
		f.draw = f.prob
		if k := v.Rules.Tune.Curious; k > 0 {
			f.draw = logistic(z + k*math.Sqrt(f.p.Trait.orPrior().Base.Var)*normal(v.Rally, f.p.ID))
		}
	}
	if v.Use != (Use{}) {
		use = v.Use
	}
	return use
}

// tiers keeps those whose turn has come; if they are fewer than the places, the next are let in at once.
func (c *Chooser) tiers(v *View, count []int, left int, now int64) {
	last, have := 0, 0
	for t := range count {
		if have += count[t]; t < len(v.Rules.Opens) && v.Need.Raised+v.Rules.Opens[t] > now && have-count[t] >= left {
			break
		}
		last = t
	}
	if last == len(count)-1 {
		return
	}
	c.free = slices.DeleteFunc(c.free, func(f candidate) bool {
		if int(f.p.Tier) > last {
			c.skip(f.p, Later)
			return true
		}
		return false
	})
}

func (c *Chooser) skip(p *Person, why Reason) {
	c.plan.Skip = append(c.plan.Skip, Skip{p.ID, why})
}

// others says of everybody why not, when nobody is asked at all.
func (c *Chooser) others(v *View, open Roles, now int64) {
	for i := range v.People {
		p := &v.People[i]
		why := Spare
		if _, dup := slices.BinarySearch(c.asked, p.ID); dup {
			why = Already
		} else if open != 0 {
			if w := May(&v.Need, &v.Rules, p, open, now); w != None {
				why = w
			}
		}
		c.skip(p, why)
	}
}

// outlook is how far a stage looks ahead and what covering in that time is worth.
func (r *Rules) outlook(age int64) (ahead int64, worth float64) {
	left := r.Horizon - age
	switch {
	case age < r.Quick*9/10:
		return r.Quick - age, 1
	case left <= r.Horizon/4:
		return left, r.Tune.Last
	}
	return min(left, 4*Minute), r.Tune.Late
}

// stages asks for the places that need a skill, then for all.
func (c *Chooser) stages(v *View, m *Model, use Use, left int, now int64) {
	r, t := &v.Rules, &v.Rules.Tune
	price := t.Price
	if v.Need.Urgent {
		price = t.PriceUrgent
	}
	scarce, spent := 1.0, 0.0
	if use.Room > 0 {
		spent = float64(use.Asked) / float64(use.Room)
	}
	if use.Room > 0 && t.Ease < 1 {
		scarce += t.Scarce * max(0, spent-t.Ease) / (1 - t.Ease)
	}
	price *= 1 + t.Wait*max(0, 1-2.5*float64(now-v.Need.Raised)/float64(r.Quick))
	price /= math.Pow(2, float64(min(max(v.More, 0), 8)))
	ahead, worth := r.outlook(now - v.Need.Raised)
	want := t.Steady * math.Pow(float64(left), t.Broad)
	if now-v.Need.Raised >= r.Quick {
		want *= 1 + t.Rested*max(0, 1-spent)
	}
	lost := c.outstanding(m, ahead, now)
	batch := r.Batch
	hope := 1.0
	plain := false
	for i, n := range c.plan.Open {
		if v.Need.Roles[i].Skill == 0 {
			plain = plain || n > 0
		} else if n > 0 && batch > 0 {
			var h float64
			h, batch = c.stage(v, m, stage{mask: 1 << i, need: n, ahead: ahead, worth: worth * hope, price: price, scarce: scarce, batch: batch, least: lost, want: want}, now)
			hope *= h
		}
	}
	if !plain {
		c.plan.Hope = hope
		c.rest()
		return
	}
	s := stage{mask: ^Roles(0), need: left, ahead: ahead, worth: worth * max(hope, .05), price: price, scarce: scarce, batch: batch, rare: t.Rare}
	s.least, s.want = lost, want
	if hope < t.Head {
		c.plan.Hope = hope
		c.rest()
		return
	}
	h, _ := c.stage(v, m, s, now)
	c.plan.Hope = h
	c.rest()
}

// rest says of those who could have been asked that enough were.
func (c *Chooser) rest() {
	for i := range c.free {
		if !c.free[i].taken {
			c.skip(c.free[i].p, Spare)
		}
	}
}

// outstanding lists the silent with their chance; it counts those who said no since somebody was last asked.
func (c *Chooser) outstanding(m *Model, ahead, now int64) (lost int) {
	c.wait = c.wait[:0]
	last := int64(math.MinInt64)
	for _, o := range c.offer {
		last = max(last, o.At)
	}
	for _, o := range c.offer {
		switch o.State {
		case Open:
			since := now - o.At
			f := m.Within(since)
			q := o.P * (m.Within(since+ahead) - f) / (1 - min(o.P*f, .999))
			live := 0.0
			if since < patience {
				live = 1
			}
			c.wait = append(c.wait, waiting{o.Fits, q, live})
		case Declined, Withdrew, Failed:
			if o.Answered > last {
				lost++
			}
		}
	}
	return lost
}

// patience is how long somebody silent counts as still likely to answer.
const patience = 5 * Minute

type stage struct {
	mask         Roles
	need         int
	ahead        int64
	worth, price float64
	scarce       float64 // times the price of a question that an ordinary rally could have asked too
	batch        int
	want         float64 // expect at least so many
	least        int     // ask at least so many, unless hope is high anyway
	rare         float64 // a certificate costs so much more
}

// stage asks for some of the places. It gives the hope that they fill, and what is left of the batch.
func (c *Chooser) stage(v *View, m *Model, s stage, now int64) (hope float64, batch int) {
	t := &v.Rules.Tune
	need := min(s.need, maxNeed)
	dp := c.chain[:need+1]
	clear(dp)
	dp[0] = 1
	live := 0.0
	for _, w := range c.wait {
		if w.fits&s.mask != 0 {
			live += w.live
			convolve(dp, w.q)
		}
	}
	soon := m.Within(s.ahead)
	c.best(s, &v.Rules, now)
	size := math.Pow(float64(need), t.Worth)
	value := func(dp []float64) float64 {
		some := 0.0
		for i, p := range dp {
			some += float64(i) * p
		}
		return s.worth * size * (dp[need] + t.Part*some/float64(need))
	}
	try := c.try[:need+1]
	copy(try, dp)
	best, most, cost := 0, value(dp), 0.0
	least := 0
	if dp[need] < .9 {
		least = s.least
	}
	for n, f := range c.top {
		convolve(try, f.prob*soon)
		short := n < least || live < s.want
		live++
		cost += s.price * f.cost
		if j := value(try) - cost; j > most || short {
			best, most = n+1, j
		}
		if cost > s.worth*size*(1+t.Part) && !short {
			break
		}
	}
	for _, f := range c.top[:best] {
		f.taken = true
		convolve(dp, f.prob*soon)
		c.wait = append(c.wait, waiting{f.fits, f.prob * soon, 1})
		c.plan.Ask = append(c.plan.Ask, f.ask(v, s.mask, now))
	}
	return dp[need], s.batch - best
}

// convolve adds one more who comes with chance q to the distribution of how many come, the last entry being "or more".
func convolve(dp []float64, q float64) {
	last := len(dp) - 1
	dp[last] += dp[last-1] * q
	for k := last - 1; k > 0; k-- {
		dp[k] += (dp[k-1] - dp[k]) * q
	}
	if last > 0 {
		dp[0] *= 1 - q
	}
}

// best puts the best candidates of a stage into c.top, best first, as many as the batch holds.
func (c *Chooser) best(s stage, r *Rules, now int64) {
	t := &r.Tune
	c.top = c.top[:0]
	if s.batch <= 0 {
		return
	}
	for i := range c.free {
		f := &c.free[i]
		if f.taken || f.fits&s.mask == 0 {
			continue
		}
		f.cost = s.scarce + t.Tired*float64(f.p.Week)
		if f.p.Week >= r.cap(f.p, false) {
			f.cost -= s.scarce * (1 - t.Spent)
		}
		if s.rare > 0 && len(f.p.Skills) > 0 {
			f.cost += s.rare
		}
		f.score = f.draw / f.cost
		if f.p.Fresh || now-f.p.Asked >= r.Starve {
			f.score *= 1 + t.Turn
		}
		if len(c.top) < s.batch {
			c.top = append(c.top, f)
			for k := len(c.top) - 1; k > 0 && before(c.top[(k-1)/2], c.top[k]); k = (k - 1) / 2 {
				c.top[k], c.top[(k-1)/2] = c.top[(k-1)/2], c.top[k]
			}
		} else if before(f, c.top[0]) {
			c.top[0] = f
			sink(c.top)
		}
	}
	slices.SortFunc(c.top, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.p.ID, b.p.ID))
	})
}

// before: a is the better one.
func before(a, b *candidate) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return a.p.ID < b.p.ID
}

// sink restores the heap (worst on top) below its changed root.
func sink(h []*candidate) {
	for k := 0; ; {
		w := 2*k + 1
		if w >= len(h) {
			return
		}
		if w+1 < len(h) && before(h[w], h[w+1]) {
			w++
		}
		if !before(h[k], h[w]) {
			return
		}
		h[k], h[w] = h[w], h[k]
		k = w
	}
}

// ask is the question with its explanation.
func (f *candidate) ask(v *View, mask Roles, now int64) Ask {
	a := Ask{Person: f.p.ID, Fits: f.fits, P: f.prob, X: f.x, Role: -1}
	for r := range v.Need.Roles {
		if f.fits&mask>>r&1 == 1 && (a.Role < 0 || mask == ^Roles(0) && v.Need.Roles[r].Skill == 0 && v.Need.Roles[a.Role].Skill != 0) {
			a.Role = r
		}
	}
	a.For = For{Metres: (int(f.x.Metres) + 49) / 50 * 50, Days: int((now - f.p.Asked) / Day)}
	switch s := v.Need.Roles[a.Role].Skill; {
	case s != 0:
		a.For.Code, a.For.Skill = BySkill, s
	case f.p.Tier == 0 && len(v.Rules.Opens) > 1:
		a.For.Code = ByGroup
	case f.p.Fresh:
		a.For.Code = ByWelcome
	case now-f.p.Asked >= v.Rules.Starve:
		a.For.Code = ByRest
	}
	if f.p.Fresh {
		a.For.Days = -1
	}
	return a
}

// normal is a number drawn once for a rally and a person, roughly normal.
func normal(rally, person int64) float64 {
	z := uint64(rally)*0x9e3779b97f4a7c15 ^ uint64(person)*0xd1342543de82ef95
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	sum := z&0xffff + z>>16&0xffff + z>>32&0xffff + z>>48
	return (float64(sum)/0x10000 - 2) * math.Sqrt(3)
}

package simulate

import (
	"math"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/algo/dispatch"
)

// draw is a number in [0, 1) that depends on nothing but its arguments.
func draw(seed, a, b, what uint64) float64 { return float64(mix(seed, a, b, what)>>11) / (1 << 53) }

// mix is SplitMix64 (Steele, Lea, Flood 2014) over four words.
func mix(seed, a, b, what uint64) uint64 {
	z := seed*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
	for _, w := range [...]uint64{a, b, what} {
		z += w*0xd1342543de82ef95 + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
	}
	return z
}

// gauss is a normal number (Box and Muller 1958).
func gauss(seed, a, b, what uint64) float64 {
	u, v := draw(seed, a, b, what), draw(seed, a, b, what^0x8000)
	return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
}

// What a number is drawn for.
const (
	forReady = iota + 1
	forJob
	forHome
	forSkill
	forNight
	forMoved
	forDeaf
	forStorm
	forCount
	forHour
	forPlace
	forNeed
	forYes
	forDelay
	forNo
	forGone
	forShow
	forFriend
)

const (
	wide, deep = 1200.0, 1000.0 // metres
	buildings  = 40
	skills     = 4
	metre      = 1 / (6371008.8 * math.Pi / 180) // degrees of latitude
)

var corner = dispatch.Point{Lat: 30.25, Lon: 120.16}

func at(x, y float64) dispatch.Point {
	return dispatch.Point{Lat: corner.Lat + y*metre, Lon: corner.Lon + x*metre/math.Cos(corner.Lat*math.Pi/180)}
}

// epoch is Monday, 21 September 2026, midnight in the town.
const epoch = 20717*dispatch.Day - 8*dispatch.Hour

// resident is the hidden truth of a volunteer.
type resident struct {
	ready   float64
	home    dispatch.Point
	works   bool // away on workdays from 8 to 18
	deaf    bool
	gone    bool
	tired   float64
	tiredAt int64
	friends uint64
	asks    int // counted after the burn-in
	tasks   int
	last    int64
	before  int64 // asked before that
}

// call is one call for help of the made-up half year.
type call struct {
	at       int64
	place    dispatch.Point
	building int
	roles    []dispatch.Role
	urgent   bool
}

// hourly is how calls spread over the day.
var hourly = [24]float64{.3, .2, .2, .2, .3, .6, 1.5, 3, 4, 4, 3.5, 3, 3, 2.5, 2.5, 3, 3.5, 4.5, 5, 4.5, 3.5, 2.5, 1.2, .6}

func placeOf(seed uint64, b int) (x, y float64) {
	return draw(seed, uint64(b), 0, forPlace) * wide, draw(seed, uint64(b), 1, forPlace) * deep
}

// settle makes the volunteers: the truth and what they declare.
func settle(c Cell, seed uint64) ([]resident, []dispatch.Person) {
	truth, people := make([]resident, c.People), make([]dispatch.Person, c.People)
	for i := range truth {
		n := uint64(i)
		b := int(draw(seed, n, 0, forHome) * buildings)
		x, y := placeOf(seed, b)
		r, p := &truth[i], &people[i]
		r.ready = -1.35 + .9*gauss(seed, n, 0, forReady)
		r.works = draw(seed, n, 0, forJob) < .5
		r.home = at(x, y)
		r.friends = n / 4
		r.last, r.before = math.MinInt64/2, math.MinInt64/2
		r.deaf = c.Wrong == Deaf && draw(seed, n, 0, forDeaf) < .1
		*p = dispatch.Person{ID: int64(i + 1), At: r.home, Age: 40, Kinds: 1, Insured: math.MaxInt64, Asked: epoch - dispatch.Day, Fresh: true}
		p.NightUrgent = draw(seed, n, 0, forNight) < .3
		if c.Wrong == Moved && draw(seed, n, 0, forMoved) < .2 {
			x, y := placeOf(seed, int(draw(seed, n, 1, forMoved)*buildings))
			p.At = at(x, y)
		}
		for s := range skills {
			u := draw(seed, n, uint64(s), forSkill)
			if c.Wrong == Clustered && s > 0 && draw(seed, n, 100+uint64(s), forSkill) < .6 {
				u = draw(seed, n, 0, forSkill)
			}
			if u < .12 {
				p.Skills = append(p.Skills, dispatch.Certificate{Skill: dispatch.Skill(s + 1)})
			}
		}
	}
	return truth, people
}

// calls makes the half year's calls, in order.
func calls(c Cell, seed uint64) (out []call) {
	var day float64
	for _, w := range hourly {
		day += w
	}
	storm := .04
	if c.Wrong == Storms {
		storm = .2
	}
	for d := range c.Days {
		rate := c.Calls
		if draw(seed, uint64(d), 0, forStorm) < storm {
			rate *= 6
		}
		// The number of calls of a day is Poisson: exponential gaps until 1 is passed.
		for i, sum := uint64(0), 0.0; ; i++ {
			sum -= math.Log(1-draw(seed, uint64(d), i, forCount)) / rate
			if sum > 1 {
				break
			}
			u, h := draw(seed, uint64(d), i, forHour)*day, 0
			for u >= hourly[h] {
				u -= hourly[h]
				h++
			}
			k := call{at: epoch + int64(d)*dispatch.Day + int64((float64(h)+u/hourly[h])*float64(dispatch.Hour))}
			n := func(j uint64) float64 { return draw(seed, uint64(d), i*8+j, forNeed) }
			k.building = int(n(0) * buildings)
			x, y := placeOf(seed, k.building)
			k.place = at(x, y)
			places := 4
			switch u := n(1); {
			case u < .6:
				places = 1
			case u < .85:
				places = 2
			}
			if n(2) < .3 {
				k.roles = append(k.roles, dispatch.Role{Skill: dispatch.Skill(1 + int(n(3)*skills)), Count: 1})
				places--
			}
			if places > 0 {
				k.roles = append(k.roles, dispatch.Role{Count: places})
			}
			k.urgent = n(4) < .35
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b call) int { return int(a.at - b.at) })
	return out
}

func hourOf(now int64) int { return int((now - epoch) / dispatch.Hour % 24) }

func dayOff(now int64) bool { return (now-epoch)/dispatch.Day%7 >= 5 }

func night(now int64) bool { h := hourOf(now); return h >= 22 || h < 7 }

// yes is the chance that r comes: readiness, way, hour, and how tired r is of being asked.
func (r *resident) yes(c *Cell, place dispatch.Point, now int64) float64 {
	z := r.ready - .18*dispatch.Metres(r.home, place)/100 - .3*c.Fatigue*r.tiredness(now)
	switch h := hourOf(now); {
	case night(now):
		z -= 1.5
	case r.works && !dayOff(now) && h >= 8 && h < 18:
		z -= 1.2
	case h >= 18:
		z += .3
	}
	p := 1 / (1 + math.Exp(-z))
	switch c.Wrong {
	case Unready:
		p *= .5
	case Ready:
		p = min(1.5*p, .95)
	}
	return p
}

// tiredness halves every three days.
func (r *resident) tiredness(now int64) float64 {
	if r.tired == 0 {
		return 0
	}
	return r.tired * math.Exp2(-float64(now-r.tiredAt)/float64(3*dispatch.Day))
}

func (r *resident) tire(by float64, now int64) { r.tired, r.tiredAt = r.tiredness(now)+by, now }

// knowing is the model of an oracle: the true way, hours and fatigue.
func knowing(c Cell) *dispatch.Model {
	return dispatch.Exactly(dispatch.Beliefs{Base: -1.35, Metres: -.18, Week: -.3 * c.Fatigue * .6, Night: -1.5, Evening: .3, Delay: 75 * time.Second})
}

// trait is what an oracle knows of r.
func (r *resident) trait() (t dispatch.Trait) {
	t.Base = dispatch.Weight{Mean: r.ready + 1.35, Var: 1e-9}
	t.Work = dispatch.Weight{Var: 1e-9}
	if r.works {
		t.Work.Mean = -1.2
	}
	return t
}

package dispatch

import "math"

// Reason says why somebody is not asked. If several hold, the first of this list is given.
type Reason uint8

const (
	None        Reason = iota // may be asked
	Already                   // was asked in this rally
	Gone                      // withdrew consent
	Paused                    // "not this week"
	Unreachable               // no channel that works
	Unwilling                 // did not agree to this kind of task
	Age                       // too young or too old for a danger, or of unknown age
	Uninsured                 // no insurance for a danger
	NoPlace                   // has no valid certificate for what is still open
	Far                       // beyond their own reach or that of the rules
	Quiet                     // quiet hours: asked when they end, if it is still needed
	Busy                      // on another task or duty, or resting
	Capped                    // asked as often this week as the cap allows
	Gap                       // asked a short while ago
	Later                     // their tier is not open yet
	Spare                     // may be asked; enough were
)

var reasons = [...]string{"none", "already", "gone", "paused", "unreachable", "unwilling", "age", "uninsured",
	"no_place", "far", "quiet", "busy", "capped", "gap", "later", "spare"}

// String is the code of the sentence.
func (r Reason) String() string { return reasons[r] }

// Fits is the set of a need's roles p can take at a moment: those for anybody, and those
// whose skill p has a certificate for that has not run out.
func (n *Need) Fits(p *Person, now int64) (out Roles) {
	for i, r := range n.Roles {
		if r.Skill == 0 || p.can(r.Skill, now) {
			out |= 1 << i
		}
	}
	return out
}

func (p *Person) can(s Skill, now int64) bool {
	for _, c := range p.Skills {
		if c.Skill == s && (c.Until == 0 || c.Until > now) {
			return true
		}
	}
	return false
}

// May says whether p may be asked at a moment to take one of the open roles, and if not,
// why: consent, fitness, place, time, patience, in this order. It knows neither what was
// asked in this rally nor tiers; Choose does.
func May(n *Need, r *Rules, p *Person, open Roles, now int64) Reason {
	if w := fit(n, p, r, now); w != None {
		return w
	}
	if n.Fits(p, now)&open == 0 {
		return NoPlace
	}
	if !(n.metres(p, n.scale()) <= float64(r.reach(p))) {
		return Far
	}
	return timely(n, r, p, now)
}

// metres is how far p is, with scale the length of a degree of longitude there, in degrees of latitude.
func (n *Need) metres(p *Person, scale float64) float64 {
	dx, dy := (n.At.Lon-p.At.Lon)*scale, n.At.Lat-p.At.Lat
	return math.Sqrt(dx*dx+dy*dy) * degree
}

func (n *Need) scale() float64 { return math.Cos(n.At.Lat * (math.Pi / 180)) }

// fit: consent and the gates of danger.
func fit(n *Need, p *Person, r *Rules, now int64) Reason {
	switch {
	case p.Gone:
		return Gone
	case p.PausedUntil > now:
		return Paused
	case p.Mute:
		return Unreachable
	case p.Kinds>>n.Kind&1 == 0:
		return Unwilling
	case n.Danger && (p.Age < max(r.MinAge, 1) || p.Age > r.MaxAge):
		return Age
	case n.Danger && p.Insured <= now:
		return Uninsured
	}
	return None
}

// timely: quiet hours, other duty, cap and gap.
func timely(n *Need, r *Rules, p *Person, now int64) Reason {
	gap := r.Gap
	if n.Urgent {
		gap = r.GapUrgent
	}
	switch {
	case r.quiet(p, now) && !(n.Urgent && p.NightUrgent):
		return Quiet
	case p.BusyUntil > now:
		return Busy
	case p.Week >= r.cap(p, n.Urgent):
		return Capped
	case !p.Fresh && now-p.Asked < gap:
		return Gap
	}
	return None
}

func (r *Rules) reach(p *Person) int32 {
	if p.Reach > 0 && p.Reach < r.Reach {
		return p.Reach
	}
	return r.Reach
}

// cap is how many questions p may have had in 7 days: the rules' number, or less if p says so.
func (r *Rules) cap(p *Person, urgent bool) int {
	n := r.Cap
	if urgent {
		n = r.CapUrgent
	}
	if p.Cap > 0 {
		n = min(n, int(p.Cap))
	}
	return n
}

func (r *Rules) minute(now int64) int16 {
	m := (now + r.Zone) / Minute % (24 * 60)
	if m < 0 {
		m += 24 * 60
	}
	return int16(m)
}

func (r *Rules) quiet(p *Person, now int64) bool {
	h := p.Quiet
	if h == (Hours{}) {
		h = r.Quiet
	}
	m := r.minute(now)
	if h.From <= h.To {
		return h.From <= m && m < h.To
	}
	return m >= h.From || m < h.To
}

// Package dispatch decides who is asked next when help is called (一呼百应): whom, why
// this one, why nobody else, and when to look again.
//
// Floor: algo. Imports: the standard library only; it knows nothing of the town.
//
// It is a function: what is known now goes in as a View, a Plan comes out. No clock, no
// database, no random, no goroutine; the same View gives the same Plan whatever the
// order of its lists. Whoever calls it looks again when Plan.Next says so and at once
// when somebody answers.
//
// Respect comes before choice. May says who may be asked at all (filter.go); nobody it
// holds back is ever asked. Of the rest, choose.go asks as many as are likely to fill the
// open places in time, best first, at a price for every question that rises when the
// week's patience of the neighbourhood runs low. Who is likely to come is learned
// (model.go); the estimate serves to choose, is shown to nobody and judges nobody.
// Who says yes gets a place if one can be found for all (seat.go).
//
// Times are Unix milliseconds, durations milliseconds, distances metres, positions
// WGS-84 degrees. A position is the declared one, no finer than a building: nothing
// here needs a door, a name or a number to call.
package dispatch

import "math"

// Units of time, in milliseconds.
const (
	Second int64 = 1000
	Minute       = 60 * Second
	Hour         = 60 * Minute
	Day          = 24 * Hour
)

// Point is a position in WGS-84 degrees.
type Point struct{ Lat, Lon float64 }

const degree = 6371008.8 * math.Pi / 180 // metres

// Metres is how far a is from b, on a flat map: good to 1 in 1000 below 20 km.
func Metres(a, b Point) float64 {
	dx := (a.Lon - b.Lon) * math.Cos((a.Lat+b.Lat)*(math.Pi/360))
	dy := a.Lat - b.Lat
	return math.Sqrt(dx*dx+dy*dy) * degree
}

// Skill is a certified skill; 0 is none. Kind is a kind of task one agrees to be asked for, 0…63.
type (
	Skill uint16
	Kind  uint8
)

// Role is a number of places for people who can do the same thing.
type Role struct {
	Skill Skill // 0: anybody
	Count int
}

// Roles is a set of a need's roles, a bit each, so a need has at most 64 of them.
type Roles uint64

// Need is what help is called for.
type Need struct {
	At     Point
	Roles  []Role
	Kind   Kind
	Urgent bool
	Danger bool // only for the insured within the ages of the Rules (志愿服务条例 art. 15, 17)
	Raised int64
}

// Certificate says that somebody has a skill until a moment; 0 is for good.
type Certificate struct {
	Skill Skill
	Until int64
}

// Hours is a span of the day in minutes after midnight, [From, To), over midnight if From > To.
// The zero Hours stand for those of the Rules.
type Hours struct{ From, To int16 }

// Never are quiet hours of somebody who has none.
var Never = Hours{-1, -1}

// Person is a volunteer as far as choosing needs to know.
type Person struct {
	ID     int64
	At     Point // declared, no finer than a building
	Reach  int32 // how far they would go, metres; 0: as far as the Rules
	Tier   uint8 // 0 the linked group of the building, then wider and wider (Rules.Opens)
	Age    uint8 // years; 0: unknown, which passes no gate
	Cap    uint8 // their own weekly cap; 0: that of the Rules
	Kinds  uint64
	Skills []Certificate
	Quiet  Hours

	Gone        bool  // withdrew consent
	Mute        bool  // no channel that works
	NightUrgent bool  // agrees to be woken when it is urgent
	PausedUntil int64 // "not this week"
	Insured     int64 // until; 0: not
	BusyUntil   int64 // on another task or duty, rest included

	Week     int   // questions in the last 7 days, of every kind
	Accepted int   // accepted in the last 30 days
	Asked    int64 // last time, or when they joined if never
	Fresh    bool  // never asked
	Trait    Trait // what was learned of them
}

// State is how an offer stands.
type State uint8

const (
	Open     State = iota // asked, silent so far
	Coming                // said yes and has a place
	Reserve               // said yes, no place for now
	Declined              // not this time
	Withdrew              // said yes, then no
	Failed                // was never delivered
)

// Offer is one question of this rally and what became of it.
type Offer struct {
	Person   int64
	At       int64   // asked
	Answered int64   // 0: not yet
	State    State   //
	Fits     Roles   // roles this person can take
	P        float64 // Ask.P of the time
}

// View is all that is known when a decision is due.
type View struct {
	Rally  int64 // any number that is the rally's own: it breaks ties, differently in each
	Need   Need
	Rules  Rules
	People []Person // each once; whoever has an offer may be missing
	Offers []Offer
	Model  *Model // nil: Prior
	DayOff bool   // the local day is free of work
	More   int    // how often the chair pressed "ask more"
	Use    Use    // zero: counted from People
}

// Use is how much of the neighbourhood's weekly patience is spent: questions asked in the
// last 7 days, of those the caps allow. The price of a question follows it.
type Use struct{ Asked, Room int }

// Plan is what to do now.
type Plan struct {
	Ask  []Ask  // best first
	Skip []Skip // everybody else of View.People, by id
	Why  Why    // why no more are asked
	Open []int  // open places, role by role
	Next int64  // look again at this moment at the latest; 0: only when somebody answers or withdraws
	// Hope is the chance that all open places fill in the time looked ahead, with those asked
	// before and now. It is for tests and logs, not for people.
	Hope float64
}

// Why says why no more are asked.
type Why uint8

const (
	Enough  Why = iota // enough were asked for now
	Covered            // every place is taken
	Empty              // nobody is left who may be asked
	Over               // the time for asking is over: up the ladder
)

// String is the code of the sentence.
func (w Why) String() string { return [...]string{"enough", "covered", "empty", "over"}[w] }

// Ask is one question to ask now.
type Ask struct {
	Person int64
	Role   int   // the role they were chosen for
	Fits   Roles // to be kept with the offer
	For    For
	P      float64  // estimate, to be kept with the offer, shown to nobody
	X      Features // what the estimate was made of, to be kept for Model.Learn
}

// For explains why this person: one sentence, its code and its arguments.
type For struct {
	Code   Code
	Skill  Skill // for BySkill
	Metres int   // rounded up to 50
	Days   int   // since they were last asked; -1: never
}

// Code names the sentence of a For.
type Code uint8

const (
	ByPlace   Code = iota // near, and not asked for {days} days
	BySkill               // has the skill
	ByGroup               // is in the linked group
	ByRest                // was not asked for a long time
	ByWelcome             // was never asked
)

// String is the code of the sentence.
func (c Code) String() string { return [...]string{"place", "skill", "group", "rest", "welcome"}[c] }

// Skip says why somebody is not asked now.
type Skip struct {
	Person int64
	Reason Reason
}

// Rules are what a town has decided; a rally keeps those it started with.
type Rules struct {
	Reach   int32   // nobody farther is asked, metres
	Opens   []int64 // Opens[t]: how long after the start tier t is asked; missing: at once
	Quick   int64   // help should be found within
	Horizon int64   // asking ends after
	Step    int64   // look again after, in the first Quick; three times that later
	Batch   int     // at most so many at once (what the gateway can send in a few seconds)

	Zone      int64 // local time minus UTC
	Quiet     Hours // for who has not said otherwise
	Cap       int   // questions in 7 days beyond which only an urgent one is asked
	CapUrgent int   // questions in 7 days beyond which none is
	Gap       int64 // between two questions
	GapUrgent int64
	MinAge    uint8 // for danger
	MaxAge    uint8
	Starve    int64 // who was not asked for so long gets a turn

	Tune Tune
}

// Tune are the knobs of the choice, set by simulation (docs/rally-simulation.md).
type Tune struct {
	Price       float64 // of one question, in filled places
	PriceUrgent float64
	Scarce      float64 // how steeply the price rises with Use
	Ease        float64 // Use below which it does not rise
	Spent       float64 // price of asking who is beyond the ordinary cap and open to urgent calls only, of the price else
	Tired       float64 // price of a question in the last 7 days, in questions
	Rare        float64 // price of asking a holder of a needed skill for a plain place, in questions
	Late        float64 // worth of a place filled later than Quick, of one filled before
	Part        float64 // worth of a place filled while others stay open, of one in a covered rally
	Curious     float64 // how far the estimate is drawn from its own uncertainty, in standard deviations
	Turn        float64 // how much the starved are preferred
	Steady      float64 // later than Quick: so many are always asked and not yet silent for Patience, whatever the price
	Broad       float64 // for n open places n to this power times as many
	Rested      float64 // later than Quick, so many times more of them the less of the week's Use is spent
	Wait        float64 // at the start a question costs so much more, falling to nothing at 2/5 of Quick: who is asked then may turn out not to be needed
	Last        float64 // worth of a place filled in the last quarter of the horizon
	Head        float64 // plain places wait until the skilled ones have this chance
	Worth       float64 // worth of a rally that needs n: n to this power
}

// Defaults are the rules of a town that has decided nothing yet.
func Defaults() Rules {
	return Rules{
		Reach: 1500, Quick: 5 * Minute, Horizon: 30 * Minute, Step: 30 * Second, Batch: 60,
		Zone: 8 * Hour, Quiet: Hours{22 * 60, 7 * 60}, Cap: 4, CapUrgent: 8, Gap: 4 * Hour, GapUrgent: 30 * Minute,
		MinAge: 18, MaxAge: 69, Starve: 21 * Day,
		Tune: Tune{Price: .015, PriceUrgent: .015, Scarce: 1, Ease: .5, Spent: 1, Tired: .3, Rare: .5, Part: .1, Curious: .5, Turn: .3, Steady: 5, Broad: .5, Rested: 1, Worth: .5, Last: .5, Head: .3, Wait: 2},
	}
}

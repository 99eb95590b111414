package dispatch

import (
	gocmp "cmp"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/testkit/mutate"
)

// start is a Wednesday, 12:00 in the town.
const start = 1_790_136_000_000

var home = Point{30.25, 120.16}

// north is so many metres away.
func north(m float64) Point { return Point{home.Lat + m/degree, home.Lon} }

// neighbour may be asked for anything.
func neighbour(id int64, metres float64) Person {
	return Person{ID: id, At: north(metres), Age: 40, Kinds: ^uint64(0), Insured: start + Day, Asked: start - 10*Day}
}

func neighbours(n int) (out []Person) {
	for i := range n {
		out = append(out, neighbour(int64(i+1), float64(20*i)))
	}
	return out
}

func view(people []Person, roles ...Role) *View {
	return &View{Rally: 7, Need: Need{At: home, Roles: roles, Raised: start}, Rules: Defaults(), People: people}
}

func ids(p Plan) (out []int64) {
	for _, a := range p.Ask {
		out = append(out, a.Person)
	}
	return out
}

func TestEachFilterHasItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Person, *View)
		want   Reason
	}{
		"nothing":              {func(*Person, *View) {}, None},
		"withdrew consent":     {func(p *Person, _ *View) { p.Gone = true }, Gone},
		"not this week":        {func(p *Person, _ *View) { p.PausedUntil = start + 1 }, Paused},
		"pause is over":        {func(p *Person, _ *View) { p.PausedUntil = start }, None},
		"no channel":           {func(p *Person, _ *View) { p.Mute = true }, Unreachable},
		"other kinds only":     {func(p *Person, v *View) { p.Kinds = 1; v.Need.Kind = 3 }, Unwilling},
		"a minor":              {func(p *Person, v *View) { p.Age = 17; v.Need.Danger = true }, Age},
		"a minor, no danger":   {func(p *Person, _ *View) { p.Age = 17 }, None},
		"age unknown":          {func(p *Person, v *View) { p.Age = 0; v.Need.Danger = true }, Age},
		"too old for danger":   {func(p *Person, v *View) { p.Age = 70; v.Need.Danger = true }, Age},
		"insurance ran out":    {func(p *Person, v *View) { p.Insured = start; v.Need.Danger = true }, Uninsured},
		"no certificate":       {func(_ *Person, v *View) { v.Need.Roles = []Role{{Skill: 2, Count: 1}} }, NoPlace},
		"certificate ran out":  {func(p *Person, v *View) { p.Skills = []Certificate{{2, start}}; v.Need.Roles = []Role{{2, 1}} }, NoPlace},
		"certificate for good": {func(p *Person, v *View) { p.Skills = []Certificate{{2, 0}}; v.Need.Roles = []Role{{2, 1}} }, None},
		"far":                  {func(p *Person, _ *View) { p.At = north(1501) }, Far},
		"their own reach":      {func(p *Person, _ *View) { p.At, p.Reach = north(301), 300 }, Far},
		"reach beyond rules":   {func(p *Person, _ *View) { p.At, p.Reach = north(2000), 5000 }, Far},
		"position unknown":     {func(p *Person, _ *View) { p.At = Point{math.NaN(), 0} }, Far},
		"quiet hours":          {func(p *Person, _ *View) { p.Quiet = Hours{11 * 60, 13 * 60} }, Quiet},
		"urgent, may wake":     {func(p *Person, v *View) { p.Quiet, p.NightUrgent, v.Need.Urgent = Hours{660, 780}, true, true }, None},
		"not urgent, may wake": {func(p *Person, _ *View) { p.Quiet, p.NightUrgent = Hours{660, 780}, true }, Quiet},
		"urgent, may not wake": {func(p *Person, v *View) { p.Quiet, v.Need.Urgent = Hours{660, 780}, true }, Quiet},
		"never quiet":          {func(p *Person, v *View) { p.Quiet, v.Rules.Quiet = Never, Hours{0, 1439} }, None},
		"on duty":              {func(p *Person, _ *View) { p.BusyUntil = start + 1 }, Busy},
		"cap":                  {func(p *Person, _ *View) { p.Week = 4 }, Capped},
		"cap, urgent":          {func(p *Person, v *View) { p.Week, v.Need.Urgent = 4, true }, None},
		"urgent cap":           {func(p *Person, v *View) { p.Week, v.Need.Urgent = 8, true }, Capped},
		"their own cap":        {func(p *Person, v *View) { p.Week, p.Cap, v.Need.Urgent = 1, 1, true }, Capped},
		"a wide own cap":       {func(p *Person, _ *View) { p.Week, p.Cap = 4, 200 }, Capped},
		"gap":                  {func(p *Person, _ *View) { p.Asked = start - 4*Hour + 1 }, Gap},
		"just joined":          {func(p *Person, _ *View) { p.Asked, p.Fresh = start-1, true }, None},
	} {
		p := neighbour(1, 100)
		v := view(nil, Role{Count: 1})
		c.change(&p, v)
		v.People = []Person{p}
		var open Roles = 1
		if got := May(&v.Need, &v.Rules, &p, open, start); got != c.want {
			t.Errorf("%s: May gives %s, want %s", name, got, c.want)
		}
		plan := Choose(v, start)
		if c.want == None {
			if !slices.Equal(ids(plan), []int64{1}) {
				t.Errorf("%s: asked %v, want [1]", name, ids(plan))
			}
		} else if want := []Skip{{1, c.want}}; !cmp.Equal(plan.Skip, want) || len(plan.Ask) > 0 || plan.Why != Empty {
			t.Errorf("%s: asked %v, skipped %v, %s; want %v, empty", name, ids(plan), plan.Skip, plan.Why, want)
		}
	}
}

func TestMoreAreAskedForMorePlaces(t *testing.T) {
	last := 0
	for k := 1; k <= 4; k++ {
		n := len(Choose(view(neighbours(200), Role{Count: k}), start).Ask)
		if n <= last {
			t.Errorf("%d places: %d asked, with one place fewer %d", k, n, last)
		}
		last = n
	}
}

func TestWhoIsComingIsNotAskedForAgain(t *testing.T) {
	v := view(neighbours(50), Role{Count: 2})
	first := Choose(v, start)
	for _, a := range first.Ask[:2] {
		v.Offers = append(v.Offers, Offer{Person: a.Person, At: start, Answered: start + Minute, State: Coming, Fits: a.Fits, P: a.P})
	}
	p := Choose(v, start+Minute)
	if p.Why != Covered || len(p.Ask) > 0 || p.Next != 0 {
		t.Errorf("got %s, asked %d, next %d; want covered and silent", p.Why, len(p.Ask), p.Next)
	}
	v.Offers[0].State = Withdrew
	v.Offers[0].Answered = start + 2*Minute
	p = Choose(v, start+2*Minute)
	if p.Why != Enough || len(p.Ask) == 0 || !slices.Equal(p.Open, []int{1}) {
		t.Errorf("after one withdrew: %s, asked %d, open %v; want somebody asked for the one place", p.Why, len(p.Ask), p.Open)
	}
}

func TestADeclinerIsReplacedAtOnce(t *testing.T) {
	v := view(neighbours(50), Role{Count: 1})
	for _, a := range Choose(v, start).Ask {
		v.Offers = append(v.Offers, Offer{Person: a.Person, At: start, Fits: a.Fits, P: a.P})
	}
	if p := Choose(v, start+Second); len(p.Ask) != 0 {
		t.Fatalf("%d more are asked a second later", len(p.Ask))
	}
	v.Offers[0].State, v.Offers[0].Answered = Declined, start+Second
	if p := Choose(v, start+Second); len(p.Ask) == 0 {
		t.Error("nobody is asked in place of the one who declined")
	}
}

func TestOverAtTheHorizon(t *testing.T) {
	v := view(neighbours(5), Role{Count: 1})
	p := Choose(v, start+v.Rules.Horizon)
	if p.Why != Over || len(p.Ask) > 0 || p.Next != 0 || len(p.Skip) != 5 {
		t.Errorf("got %s, %d asked, next %d, %d skipped", p.Why, len(p.Ask), p.Next, len(p.Skip))
	}
	if p := Choose(v, start+v.Rules.Horizon-1); p.Next != start+v.Rules.Horizon {
		t.Errorf("the last look is at %d, want the horizon", p.Next-start)
	}
}

func TestScarcityMakesItSparing(t *testing.T) {
	v := view(neighbours(100), Role{Count: 3})
	rested := len(Choose(v, start).Ask)
	v.Use = Use{Asked: 400, Room: 400}
	if tired := len(Choose(v, start).Ask); tired >= rested {
		t.Errorf("%d asked in a tired neighbourhood, %d in a rested one", tired, rested)
	}
	v.More = 3
	if pressed := len(Choose(v, start).Ask); pressed <= rested {
		t.Errorf("%d asked after the chair pressed for more, %d before", pressed, rested)
	}
}

func TestHoldersAreKeptForTheirPlace(t *testing.T) {
	people := neighbours(60)
	for i := range 10 {
		people[i].Skills = []Certificate{{Skill: 9}}
	}
	v := view(people, Role{Count: 1}, Role{Skill: 9, Count: 1})
	p := Choose(v, start)
	var saw int
	for _, a := range p.Ask {
		if a.For.Code == BySkill {
			saw++
			if a.Role != 1 || a.For.Skill != 9 {
				t.Errorf("%+v is asked for a skill, but not for its place", a)
			}
		}
	}
	if saw < 3 || len(p.Ask) == saw {
		t.Errorf("%d of %d are asked for their skill, want several of each", saw, len(p.Ask))
	}
	if seat := Seat(v.Need.Roles, []Roles{3}); seat[0] != 1 {
		t.Errorf("the holder stands at %d, want the place that needs the skill", seat[0])
	}
}

func TestTheLinkedGroupComesFirst(t *testing.T) {
	people := neighbours(40)
	for i := range people {
		people[i].Tier = uint8(i % 2)
	}
	v := view(people, Role{Count: 1})
	v.Rules.Opens = []int64{0, 2 * Minute}
	for _, a := range Choose(v, start).Ask {
		if a.Person%2 == 0 || a.For.Code != ByGroup {
			t.Errorf("%d is asked (%s) before the turn of the neighbourhood", a.Person, a.For.Code)
		}
	}
	if p := Choose(v, start); !slices.Contains(p.Skip, Skip{2, Later}) {
		t.Error("nobody is told to come later")
	}
	if p := Choose(v, start+3*Minute); !slices.ContainsFunc(p.Ask, func(a Ask) bool { return a.Person%2 == 0 }) {
		t.Error("the neighbourhood is not asked when its turn has come")
	}
	for i := range people {
		people[i].Gone = i%2 == 0
	}
	if p := Choose(v, start); len(p.Ask) == 0 {
		t.Error("nobody of the group can come, and the neighbourhood waits for its turn")
	}
}

func TestReasonsGiven(t *testing.T) {
	people := neighbours(3)
	people[1].Fresh, people[1].Asked = true, start-Day
	people[2].Asked = start - 30*Day
	p := Choose(view(people, Role{Count: 3}), start)
	slices.SortFunc(p.Ask, func(a, b Ask) int { return int(a.Person - b.Person) })
	var got []For
	for _, a := range p.Ask {
		got = append(got, a.For)
	}
	want := []For{{ByPlace, 0, 0, 10}, {ByWelcome, 0, 50, -1}, {ByRest, 0, 50, 30}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// anyView is a small world in which every filter, role and answer occurs.
var anyView = rapid.Custom(func(t *rapid.T) *View {
	n := rapid.IntRange(0, 25).Draw(t, "people")
	v := view(nil)
	v.Rally = rapid.Int64Range(0, 99).Draw(t, "rally")
	for range rapid.IntRange(1, 4).Draw(t, "roles") {
		v.Need.Roles = append(v.Need.Roles, Role{Skill(rapid.IntRange(0, 2).Draw(t, "skill")), rapid.IntRange(0, 3).Draw(t, "count")})
	}
	v.Need.Kind = Kind(rapid.IntRange(0, 2).Draw(t, "kind"))
	v.Need.Urgent, v.Need.Danger = rapid.Bool().Draw(t, "urgent"), rapid.Bool().Draw(t, "danger")
	v.DayOff, v.More = rapid.Bool().Draw(t, "off"), rapid.IntRange(0, 2).Draw(t, "more")
	v.Rules.Opens = rapid.SampledFrom([][]int64{nil, {0, 2 * Minute, 5 * Minute}}).Draw(t, "opens")
	v.Rules.Batch = rapid.IntRange(0, 30).Draw(t, "batch")
	odd := func(name string) bool { return rapid.IntRange(0, 7).Draw(t, name) == 0 }
	for i := range n {
		p := neighbour(int64(i+1), float64(rapid.IntRange(0, 1700).Draw(t, "metres")))
		p.Gone, p.Mute, p.NightUrgent, p.Fresh = odd("gone"), odd("mute"), odd("night"), odd("fresh")
		p.Age, p.Tier, p.Cap = uint8(rapid.IntRange(10, 80).Draw(t, "age")), uint8(rapid.IntRange(0, 3).Draw(t, "tier")), uint8(rapid.IntRange(0, 9).Draw(t, "cap"))
		p.Kinds = rapid.Uint64Range(1, 7).Draw(t, "kinds")
		p.Reach = int32(rapid.IntRange(0, 2000).Draw(t, "reach"))
		p.Week, p.Accepted = rapid.IntRange(0, 9).Draw(t, "week"), rapid.IntRange(0, 3).Draw(t, "accepted")
		p.Asked = start - rapid.Int64Range(0, 30*Day).Draw(t, "asked")
		p.Trait.Base = Weight{rapid.Float64Range(-3, 3).Draw(t, "base"), rapid.Float64Range(.05, 1).Draw(t, "var")}
		if odd("paused") {
			p.PausedUntil = start + Day
		}
		if odd("busy") {
			p.BusyUntil = start + Minute
		}
		if odd("uninsured") {
			p.Insured = 0
		}
		if odd("quiet") {
			p.Quiet = Hours{11 * 60, 13 * 60}
		}
		for s := Skill(1); s <= 2; s++ {
			if rapid.Bool().Draw(t, "skilled") {
				p.Skills = append(p.Skills, Certificate{s, rapid.SampledFrom([]int64{0, start - 1, start + Day}).Draw(t, "until")})
			}
		}
		v.People = append(v.People, p)
		if odd("asked before") {
			v.Offers = append(v.Offers, Offer{Person: p.ID, At: start, Answered: start + Second, Fits: v.Need.Fits(&p, start),
				State: State(rapid.IntRange(0, 5).Draw(t, "state")), P: rapid.Float64Range(0, 1).Draw(t, "p")})
		}
	}
	return v
})

func TestRespectComesFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyView.Draw(t, "view")
		now := start + rapid.Int64Range(0, 31*Minute).Draw(t, "now")
		checkPlan(t, v, now, Choose(v, now))
	})
}

type errorfer interface {
	Errorf(string, ...any)
}

// checkPlan holds what must hold of every plan.
func checkPlan(t errorfer, v *View, now int64, p Plan) {
	people, said := map[int64]*Person{}, map[int64]int{}
	for i := range v.People {
		people[v.People[i].ID] = &v.People[i]
	}
	asked := map[int64]bool{}
	for _, o := range v.Offers {
		asked[o.Person] = true
	}
	var open Roles
	for r, n := range p.Open {
		if n < 0 {
			t.Errorf("role %d has %d places open", r, n)
		}
		if n > 0 {
			open |= 1 << r
		}
	}
	for _, a := range p.Ask {
		said[a.Person]++
		q := people[a.Person]
		if q == nil {
			t.Errorf("%d is nobody", a.Person)
			continue
		}
		if asked[a.Person] {
			t.Errorf("%d is asked twice", a.Person)
		}
		if why := May(&v.Need, &v.Rules, q, open, now); why != None {
			t.Errorf("%d is asked although %s", a.Person, why)
		}
		if q.Week+1 > v.Rules.CapUrgent || !v.Need.Urgent && q.Week+1 > v.Rules.Cap || q.Cap > 0 && q.Week+1 > int(q.Cap) {
			t.Errorf("%d is asked beyond a cap", a.Person)
		}
		if a.Role < 0 || open>>a.Role&1 == 0 || a.Fits>>a.Role&1 == 0 {
			t.Errorf("%d is asked for role %d, open %b, fits %b", a.Person, a.Role, open, a.Fits)
		}
		if !(a.P >= 0 && a.P <= 1) {
			t.Errorf("%d has the chance %v", a.Person, a.P)
		}
	}
	for _, s := range p.Skip {
		said[s.Person]++
		if s.Reason == None {
			t.Errorf("%d is not asked and has no reason", s.Person)
		}
		if q := people[s.Person]; q != nil && !asked[s.Person] && s.Reason != Later && s.Reason != Spare && p.Why != Covered {
			if want := May(&v.Need, &v.Rules, q, open, now); want != s.Reason {
				t.Errorf("%d: %s, want %s", s.Person, s.Reason, want)
			}
		}
	}
	for _, q := range v.People {
		if said[q.ID] != 1 {
			t.Errorf("%d is spoken of %d times, want once", q.ID, said[q.ID])
		}
	}
	if len(p.Ask) > max(v.Rules.Batch, 0) {
		t.Errorf("%d asked at once, the batch is %d", len(p.Ask), v.Rules.Batch)
	}
	switch end := v.Need.Raised + v.Rules.Horizon; p.Why {
	case Covered, Over:
		if len(p.Ask) > 0 || p.Next != 0 {
			t.Errorf("%s, but %d asked and next look at %d", p.Why, len(p.Ask), p.Next)
		}
		if (p.Why == Covered) != (open == 0) {
			t.Errorf("%s with %b open", p.Why, open)
		}
	default:
		if p.Next <= now || p.Next > end {
			t.Errorf("next look at %d, now %d, end %d", p.Next, now, end)
		}
	}
}

func TestOrderOfListsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyView.Draw(t, "view")
		now := start + rapid.Int64Range(0, 29*Minute).Draw(t, "now")
		want := Choose(v, now)
		w := *v
		w.People = rapid.Permutation(v.People).Draw(t, "people")
		w.Offers = rapid.Permutation(v.Offers).Draw(t, "offers")
		got := Choose(&w, now)
		byID := func(a, b Skip) int { return int(a.Person - b.Person) }
		slices.SortFunc(want.Skip, byID)
		slices.SortFunc(got.Skip, byID)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestAChooserForgetsTheCallBefore(t *testing.T) {
	var c Chooser
	rapid.Check(t, func(t *rapid.T) {
		v := anyView.Draw(t, "view")
		before := *v
		before.People, before.Offers = slices.Clone(v.People), slices.Clone(v.Offers)
		got, want := *c.Choose(v, start+Minute), Choose(v, start+Minute)
		if !slices.Equal(got.Ask, want.Ask) || !slices.Equal(got.Skip, want.Skip) || got.Next != want.Next || got.Hope != want.Hope {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if d := cmp.Diff(&before, v); d != "" {
			t.Errorf("the view was changed: %s", d)
		}
	})
}

// A position rounded to a cell of 100 m is enough, and nothing in a View could hold a name, a
// door or a number to call.
func TestNoAddressIsNeeded(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(r reflect.Type) {
		if seen[r] {
			return
		}
		seen[r] = true
		switch r.Kind() {
		case reflect.String, reflect.Interface, reflect.Map:
			t.Errorf("a View holds a %s", r)
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(r.Elem())
		case reflect.Struct:
			for f := range r.Fields() {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[View]())
	rapid.Check(t, func(t *rapid.T) {
		v := anyView.Draw(t, "view")
		for i := range v.People {
			p := &v.People[i]
			p.At = Point{math.Round(p.At.Lat*1000) / 1000, math.Round(p.At.Lon*1000) / 1000}
		}
		checkPlan(t, v, start, Choose(v, start))
	})
}

// brute tries every way to seat people.
func brute(roles []Role, fits []Roles) int {
	if len(fits) == 0 {
		return 0
	}
	most := brute(roles, fits[1:])
	for r := range roles {
		if fits[0]>>r&1 == 1 && roles[r].Count > 0 {
			roles[r].Count--
			most = max(most, 1+brute(roles, fits[1:]))
			roles[r].Count++
		}
	}
	return most
}

func TestSeatingEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var roles []Role
		for range rapid.IntRange(1, 4).Draw(t, "roles") {
			roles = append(roles, Role{Skill(rapid.IntRange(0, 3).Draw(t, "skill")), rapid.IntRange(0, 3).Draw(t, "count")})
		}
		fits := make([]Roles, rapid.IntRange(0, 6).Draw(t, "people"))
		for i := range fits {
			fits[i] = Roles(rapid.IntRange(0, 1<<len(roles)-1).Draw(t, "fits"))
		}
		seat := Seat(roles, fits)
		used, n := make([]int, len(roles)), 0
		for i, r := range seat {
			if r >= 0 {
				n++
				if used[r]++; fits[i]>>r&1 == 0 {
					t.Errorf("%d sits at %d and does not fit", i, r)
				}
			}
		}
		for r, u := range used {
			if u > roles[r].Count {
				t.Errorf("%d sit at %d of %d places", u, r, roles[r].Count)
			}
		}
		want := brute(roles, fits)
		if n != want {
			t.Errorf("%d are seated, %d can be", n, want)
		}
		// Skilled places first: as many as could be filled if there were no others.
		skilled, plain := slices.Clone(roles), 0
		for r := range roles {
			if roles[r].Skill == 0 {
				skilled[r].Count, plain = 0, plain+used[r]
			}
		}
		if got, want := n-plain, brute(skilled, fits); got != want {
			t.Errorf("%d skilled places are filled, %d can be", got, want)
		}
		if len(fits) > 0 {
			last := len(fits) - 1
			if _, ok := Admit(roles, fits[:last], fits[last]); ok != (want == len(fits)) {
				t.Errorf("Admit gives %v, %d of %d can be seated", ok, want, len(fits))
			}
		}
	})
}

func TestTwelveYesForThreePlaces(t *testing.T) {
	roles := []Role{{Skill: 1, Count: 1}, {Count: 2}}
	var taken []Roles
	var reserves int
	for i := range 12 {
		fits := Roles(2)
		if i >= 10 {
			fits = 3
		}
		if _, ok := Admit(roles, taken, fits); ok {
			taken = append(taken, fits)
		} else {
			reserves++
		}
	}
	if len(taken) != 3 || reserves != 9 {
		t.Errorf("%d have a place and %d are reserves, want 3 and 9", len(taken), reserves)
	}
}

func TestChainIsPoissonBinomial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 8).Draw(t, "q")
		dp := make([]float64, rapid.IntRange(2, 5).Draw(t, "need"))
		want := make([]float64, len(dp))
		dp[0] = 1
		for _, x := range q {
			convolve(dp, x)
		}
		for set := range 1 << len(q) {
			n, p := 0, 1.0
			for i, x := range q {
				if set>>i&1 == 1 {
					n, p = n+1, p*x
				} else {
					p *= 1 - x
				}
			}
			want[min(n, len(want)-1)] += p
		}
		for i := range want {
			if math.Abs(dp[i]-want[i]) > 1e-9 {
				t.Errorf("P(%d) = %v, want %v", i, dp[i], want[i])
			}
		}
	})
}

// A model that hears from 300 people learns who comes, that distance and being asked often
// count, and how fast answers are; estimates then fit what happens.
func TestTheModelLearns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m, traits, truth := Prior(), make([]Trait, 300), make([]float64, 300)
	for i := range truth {
		truth[i] = r.NormFloat64() * .9
	}
	var brier, flat float64
	for n := range 20000 {
		i := r.IntN(300)
		x := Features{Metres: int32(r.IntN(1000)), Bin: uint8(r.IntN(6)), Week: uint8(r.IntN(8))}
		p := logistic(-.9 + truth[i] - .3*float64(x.Metres)/100 - .25*float64(x.Week) + .4*float64(x.Bin&1))
		took := int64(1000 * 150 * math.Exp(r.NormFloat64()))
		limit := 20 * Minute
		y := r.Float64() < p
		if n >= 15000 {
			f := 0.0
			if y {
				f = 1
			}
			brier += (m.P(x, traits[i]) - f) * (m.P(x, traits[i]) - f)
			flat += (p - f) * (p - f)
		}
		switch {
		case y && took < limit:
			traits[i] = m.Learn(x, traits[i], Coming, took)
			m.LearnDelay(took, limit)
		default:
			traits[i] = m.Learn(x, traits[i], Open, limit)
		}
	}
	if d := m.Mean[wMetres]; math.Abs(d+.3) > .05 {
		t.Errorf("100 m cost %v, want -0.30", d)
	}
	if d := m.Mean[wWeek]; math.Abs(d+.25) > .05 {
		t.Errorf("a question costs %v, want -0.25", d)
	}
	if d := math.Exp(m.Delay.Mean); d < 120 || d > 180 {
		t.Errorf("half answer within %v s, want 150", d)
	}
	if brier > 1.06*flat {
		t.Errorf("Brier score %v, the truth's own is %v", brier/5000, flat/5000)
	}
}

func TestSilenceIsNoRefusal(t *testing.T) {
	x := Features{Metres: 100, Bin: 3}
	m := Prior()
	after := func(s State, long int64) float64 {
		m := *m
		return m.P(x, m.Learn(x, Trait{}, s, long))
	}
	before, asked, soon, late, no, yes := m.P(x, Trait{}), after(Open, 0), after(Open, 30*Second), after(Open, 30*Minute), after(Declined, 0), after(Coming, Minute)
	if !(yes > before && before == asked && asked > soon && soon > late && late >= no) {
		t.Errorf("yes %v > before %v = just asked %v > silent 30 s %v > silent 30 min %v >= no %v does not hold", yes, before, asked, soon, late, no)
	}
}

func TestGridFindsAllWhoAreNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		point := rapid.Custom(func(t *rapid.T) Point {
			return Point{rapid.Float64Range(-91, 91).Draw(t, "lat"), rapid.Float64Range(-10, 10).Draw(t, "lon")}
		})
		if rapid.Bool().Draw(t, "town") {
			point = rapid.Custom(func(t *rapid.T) Point {
				return Point{rapid.Float64Range(30, 30.05).Draw(t, "lat"), rapid.Float64Range(120, 120.05).Draw(t, "lon")}
			})
		}
		at := rapid.SliceOfN(point, 0, 40).Draw(t, "at")
		p, metres := point.Draw(t, "p"), rapid.Float64Range(0, 3000).Draw(t, "metres")
		most := rapid.SampledFrom([]int{0, 1, 7, 100}).Draw(t, "most")
		got := NewGrid(at, rapid.Float64Range(0, 1000).Draw(t, "cell")).Near(nil, p, metres, most)
		var want []int32
		for i, a := range at {
			if math.Abs(a.Lat) <= 90 && math.Abs(p.Lat) <= 90 && Metres(p, a) <= metres {
				want = append(want, int32(i))
			}
		}
		if most > 0 && len(want) > most {
			slices.SortStableFunc(want, func(a, b int32) int { return gocmp.Compare(Metres(p, at[a]), Metres(p, at[b])) })
			want = want[:most]
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// FuzzChoose: no view, however broken, makes it fall over, ask whom it may not, or never end.
func FuzzChoose(f *testing.F) {
	add := mutate.Adder(f)
	add(int64(start), int64(start), 30, 2, 3, 120.16, .2, int64(1))
	add(int64(start), int64(start+6*Minute), 80, 9, 1, 120.17, 5.0, int64(-7))
	add(int64(0), int64(-5), 3, 70, 40, math.Inf(1), math.NaN(), int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, raised, now int64, n, roles, count int, lon, base float64, odd int64) {
		v := view(neighbours(int(uint(n) % 200)))
		v.Rally, v.Need.Raised, v.Need.At.Lon = odd, raised, lon
		v.Need.Urgent, v.Need.Danger = odd&1 == 1, odd&2 == 2
		v.Rules.Batch = int(odd % 100)
		for i := range int(uint(roles) % 64) {
			v.Need.Roles = append(v.Need.Roles, Role{Skill(i % 3), count % 50})
		}
		for i := range v.People {
			p := &v.People[i]
			p.Trait.Base = Weight{base, base}
			p.Asked, p.Week = odd>>8, int(odd>>i&7)
			p.Skills = []Certificate{{Skill(i % 3), odd}}
			if i%5 == 0 {
				v.Offers = append(v.Offers, Offer{Person: p.ID, At: odd, Answered: raised, State: State(uint64(odd) >> i % 6), Fits: Roles(odd), P: base})
			}
		}
		if end := raised + v.Rules.Horizon; raised > math.MaxInt64/4 || raised < -math.MaxInt64/4 || now > math.MaxInt64/4 || now < -math.MaxInt64/4 || odd > math.MaxInt64/4 || odd < -math.MaxInt64/4 || end < raised {
			t.Skip() // beyond the year 70,000,000
		}
		checkPlan(t, v, now, Choose(v, now))
	})
}

// A hundred thousand registered in a city of 20 × 20 km, and all of them in one quarter of 3 × 3 km.
func BenchmarkHundredThousand(b *testing.B) {
	for name, wide := range map[string]float64{"city": 20000, "quarter": 3000} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			people, at := make([]Person, 100_000), make([]Point, 100_000)
			for i := range people {
				p := neighbour(int64(i+1), 0)
				p.At = Point{home.Lat + (r.Float64()-.5)*wide/degree, home.Lon + (r.Float64()-.5)*wide/degree/.86}
				p.Asked, p.Week = start-int64(r.IntN(30))*Day, r.IntN(5)
				p.Trait.Base = Weight{r.NormFloat64(), .5}
				p.Skills = []Certificate{{Skill: Skill(r.IntN(20))}}
				people[i], at[i] = p, p.At
			}
			g := NewGrid(at, 500)
			v := view(nil, Role{Skill: 3, Count: 1}, Role{Count: 5})
			var c Chooser
			var near []int32
			for b.Loop() {
				near = g.Near(near[:0], home, float64(v.Rules.Reach), 5000)
				v.People = v.People[:0]
				for _, i := range near {
					v.People = append(v.People, people[i])
				}
				c.Choose(v, start)
			}
			b.ReportMetric(float64(len(near)), "near")
		})
	}
}

func BenchmarkNewGrid(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	at := make([]Point, 100_000)
	for i := range at {
		at[i] = Point{30 + r.Float64()*.2, 120 + r.Float64()*.2}
	}
	for b.Loop() {
		NewGrid(at, 500)
	}
}

func BenchmarkAdmit(b *testing.B) {
	roles := []Role{{1, 1}, {2, 2}, {3, 2}, {0, 15}}
	var taken []Roles
	for i := range 19 {
		taken = append(taken, Roles(8|1<<(i%3)))
	}
	for b.Loop() {
		Admit(roles, taken, 8)
	}
}

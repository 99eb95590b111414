package issue

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

// Whoever adds a field to what everybody sees has thought about it here too.
func TestPublicShowsTheseFieldsAndNoMore(t *testing.T) {
	names := func(v any) (out []string) {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			out = append(out, f.Name)
		}
		return
	}
	want := strings.Fields("ID No Category Grade Title Place Lat Lon State Outcome Answer Promise Paused Late MeToo Reopens Photo At Moved Closed Trail")
	if d := cmp.Diff(names(Public{}), want); d != "" {
		t.Error("Public", d)
	}
	want = strings.Fields("At Act By To Reason Text Target TargetID Until Photos")
	if d := cmp.Diff(names(PublicEntry{}), want); d != "" {
		t.Error("PublicEntry", d)
	}
}

var (
	lamp   = Category{Code: "facility.lamp", Public: true}
	secret = Category{Code: "dispute.neighbour"}
	chain5 = []place.Place{
		{ID: 1, Path: "/1/", Level: place.Subdistrict}, {ID: 2, Path: "/1/2/", Level: place.Community}, {ID: 3, Path: "/1/2/3/", Level: place.Neighbourhood},
		{ID: 4, Path: "/1/2/3/4/", Level: place.Building}, {ID: 5, Path: "/1/2/3/4/5/", Level: place.Door},
	}
)

func lampOut() Issue {
	return Issue{ID: 77, No: "260622-0017", Category: "facility.lamp", Sort: Complaint, Place: 5, Path: "/1/2/3/4/5/", DeskPath: "/1/2/3/",
		Lat: 32.0187654, Lon: 120.8712345, State: InHand, Owner: 900, Title: "路灯坏了"}
}

func TestWhoMaySeeWhat(t *testing.T) {
	for name, tt := range map[string]struct {
		with func(*Issue)
		cat  Category
		want bool
	}{
		"a lamp":              {func(c *Issue) {}, lamp, true},
		"a dispute":           {func(c *Issue) { c.Category = secret.Code }, secret, false},
		"a violation":         {func(c *Issue) { c.Sort = Violation }, lamp, false},
		"spam":                {func(c *Issue) { c.Spam = true }, lamp, false},
		"taken out of view":   {func(c *Issue) { c.Hidden = true }, lamp, false},
		"merged":              {func(c *Issue) { c.State = Merged }, lamp, false},
		"of another category": {func(c *Issue) {}, Category{Code: "facility.road", Public: true}, false},
		"refused":             {func(c *Issue) { c.State = Refused }, lamp, true},
		"nothing":             {func(c *Issue) { *c = Issue{Category: lamp.Code} }, lamp, false},
	} {
		c := lampOut()
		tt.with(&c)
		p, ok := c.Public(tt.cat, chain5)
		if ok != tt.want {
			t.Errorf("%s: public %v, want %v", name, ok, tt.want)
		}
		if !ok && !reflect.DeepEqual(p, Public{}) {
			t.Errorf("%s: something is shown all the same: %+v", name, p)
		}
	}
}

// The building only when it lies in public space, never the door.
func TestPlaceIsShownNoNearerThanItMay(t *testing.T) {
	c := lampOut()
	if p, _ := c.Public(lamp, chain5); p.Place != 2 || p.Lat != 0 || p.Lon != 0 {
		t.Errorf("indoors: place %d at %v %v, want the community 2 without a point", p.Place, p.Lat, p.Lon)
	}
	c.Open = true
	if p, _ := c.Public(lamp, chain5); p.Place != 4 || p.Lat != 32.0188 || p.Lon != 120.8712 {
		t.Errorf("outdoors: place %d at %v %v, want building 4 at 32.0188 120.8712", p.Place, p.Lat, p.Lon)
	}
	if p, ok := c.Public(lamp, nil); !ok || p.Place != 0 {
		t.Errorf("nowhere: %v %d", ok, p.Place)
	}
}

func TestTitleIsShownOnceReleased(t *testing.T) {
	c := lampOut()
	c.Photo = "p"
	if p, _ := c.Public(lamp, chain5); p.Title != "" {
		t.Errorf("title %q before it was released", p.Title)
	}
	c.Named = true
	if p, _ := c.Public(lamp, chain5); p.Title != "路灯坏了" || p.Photo != "p" {
		t.Errorf("title %q, photo %q", p.Title, p.Photo)
	}
	c.State, c.Why = Refused, "withdrawn"
	if p, ok := c.Public(lamp, chain5); !ok || p.Title != "" || p.Photo != "" {
		t.Errorf("withdrawn: title %q, photo %q", p.Title, p.Photo)
	}
}

// Whatever has happened to an issue: what everybody sees holds no text, title, photo,
// person or spot that was not released.
func TestNothingUnreleasedIsEverShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := lampOut()
		c.Title, c.Spot, c.Owner, c.Handler, c.Taker, c.For = "SECRET title", "SECRET spot", 990001, 990002, 990003, 990004
		c.Open = rapid.Bool().Draw(t, "open")
		c.State = rapid.SampledFrom([]State{Reported, Accepted, Paused, Closed, Refused}).Draw(t, "state")
		c.Why = rapid.SampledFrom([]string{"", "withdrawn", "ask"}).Draw(t, "why")
		gone := c.State == Refused && c.Why == "withdrawn"
		words := map[id.ID]Wording{}
		var es []Entry
		public := map[string]bool{}
		for i := range rapid.IntRange(0, 8).Draw(t, "entries") {
			n := id.ID(i + 100)
			e := Entry{ID: n, Issue: c.ID, Act: rapid.SampledFrom(flow).Draw(t, "act").Act, Who: rapid.SampledFrom([]id.ID{0, 990001, 990002, 990005}).Draw(t, "who"),
				Internal: rapid.Bool().Draw(t, "internal"), Released: rapid.Bool().Draw(t, "released"), Text: fmt.Sprintf("SECRET typed %d", n),
				Target: rapid.SampledFrom([]string{"", "person", "org", "place"}).Draw(t, "target"), TargetID: 990007}
			shows := e.Released && !e.Internal && e.Act.Told() && !gone
			switch rapid.IntRange(0, 3).Draw(t, "wording") {
			case 1:
				words[n] = Wording{Ref: n, Issue: c.ID, Text: fmt.Sprintf("SECRET copy %d", n)}
				public[fmt.Sprintf("SECRET copy %d", n)] = shows
			case 2:
				words[n] = Wording{Ref: n, Issue: c.ID, Kept: true}
			case 3:
				words[n] = Wording{Ref: n, Issue: c.ID}
				fallthrough
			default:
				public[e.Text] = shows
			}
			for k := range rapid.IntRange(0, 2).Draw(t, "photos") {
				p := Photo{Name: fmt.Sprintf("SECRET photo %d.%d", n, k), Released: rapid.Bool().Draw(t, "shown")}
				p.Shown = "SECRET copy of " + p.Name
				if p.Released {
					public[p.Shown] = !e.Internal && e.Act.Told() && !gone
				}
				e.Photos = append(e.Photos, p)
			}
			es = append(es, e)
		}
		p, ok := c.Public(lamp, chain5)
		if !ok {
			t.Fatal("a lamp is public")
		}
		p.Trail = c.trail(es, words)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		s := string(b)
		for text, may := range public {
			has := strings.Contains(s, `"`+text+`"`)
			if has != may {
				t.Errorf("%q shown: %v, may be: %v", text, has, may)
			}
			s = strings.ReplaceAll(s, `"`+text+`"`, `""`)
		}
		if strings.Contains(s, "SECRET") || strings.Contains(s, "99000") && !strings.Contains(s, "990007") {
			t.Errorf("shown: %s", s)
		}
		for _, e := range p.Trail {
			if e.Target == "person" && e.TargetID != 0 {
				t.Error("a person is named")
			}
		}
		if !slices.IsSortedFunc(p.Trail, func(a, b PublicEntry) int { return b.At.Compare(a.At) }) {
			t.Error("not the newest first")
		}
	})
}

// A released text of another issue cannot get into this trail.
func TestTrailIsOfThisIssue(t *testing.T) {
	c := lampOut()
	if got := c.trail([]Entry{{Issue: 78, Act: ActReport, Released: true, Text: "x"}}, nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWhoDidItIsARole(t *testing.T) {
	c := lampOut()
	c.Handler = 901
	for name, tt := range map[string]struct {
		e    Entry
		want Hand
	}{
		"the report":              {Entry{Act: ActReport, Who: 900}, AnyOne},
		"accepted":                {Entry{Act: ActAccept, Who: 5}, DeskHand},
		"taken":                   {Entry{Act: ActTake, Who: 901}, TaskHand},
		"handled by the handler":  {Entry{Act: ActHandle, Who: 901}, TaskHand},
		"handled by the desk":     {Entry{Act: ActHandle, Who: 5}, DeskHand},
		"urged by the reporter":   {Entry{Act: ActUrge, Who: 900}, Reporter},
		"resumed by the program":  {Entry{Act: ActResume}, Program},
		"confirmed":               {Entry{Act: ActConfirm}, Reporter},
		"a neighbour: not done":   {Entry{Act: ActNotDone}, AnyOne},
		"the time ran out":        {Entry{Act: ActLate}, Program},
		"resumed by hand":         {Entry{Act: ActResume, Who: 5}, DeskHand},
		"told by the one at work": {Entry{Act: ActTell, Who: 901}, TaskHand},
	} {
		if got := c.As(tt.e); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestCursorsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cursor{rapid.Bool().Draw(t, "back"), rapid.Int64Min(0).Draw(t, "key"), id.ID(rapid.Int64Min(1).Draw(t, "id"))}
		if got, err := parseCursor(c.String()); err != nil || got != c {
			t.Errorf("%v %v, want %v", got, err, c)
		}
	})
}

func FuzzCursor(f *testing.F) {
	add := mutate.Adder(f)
	for _, s := range []string{"", "n", "n0-1", "p1z-zz", "n-", "n9999999999999999999999-1", "x1-1", "n1-0", "n-1-1"} {
		add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := parseCursor(s); err == nil && !c.first() {
			if d, err := parseCursor(c.String()); err != nil || d != c {
				t.Errorf("%q: %v %v", s, d, err)
			}
		}
	})
}

// A list read to its end and back gives every row once each way.
func TestPagesMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, limit := rapid.IntRange(0, 30).Draw(t, "n"), rapid.IntRange(1, 7).Draw(t, "limit")
		read := func(c cursor) Page[int] {
			var rows []int // 1…n, lowest first
			for i := range limit + 1 {
				v := int(c.id) + 1 + i
				if c.back {
					v = int(c.id) - 1 - i
				}
				if v >= 1 && v <= n {
					rows = append(rows, v)
				}
			}
			return page(rows, c, limit, func(v int) (int64, id.ID) { return 0, id.ID(v) })
		}
		var on, back []int
		last := read(cursor{})
		for p := last; ; p = last {
			on = append(on, p.Items...)
			if p.Next == "" {
				break
			}
			c, err := parseCursor(p.Next)
			if err != nil {
				t.Fatal(err)
			}
			last = read(c)
		}
		for p := last; ; {
			back = append(slices.Clone(p.Items), back...)
			if p.Prev == "" {
				break
			}
			c, err := parseCursor(p.Prev)
			if err != nil {
				t.Fatal(err)
			}
			p = read(c)
			if p.Next == "" {
				t.Fatal("no way on from a page before the last")
			}
		}
		for i := range n {
			if i >= len(on) || on[i] != i+1 || i >= len(back) || back[i] != i+1 {
				t.Fatalf("on %v, back %v, want 1…%d", on, back, n)
			}
		}
	})
}

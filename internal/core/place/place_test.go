package place

import (
	"context"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/testkit"
)

var rooms = []fs.FS{SQL, audit.SQL}

var sys = who.System(who.CLI)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func refused(t testing.TB, err error, code string) {
	t.Helper()
	for e := err; e != nil; {
		if f, ok := e.(*fail.Error); ok {
			if f.Code != code {
				t.Errorf("refused with %s, want %s", f.Code, code)
			}
			return
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	t.Errorf("got %v, want %s", err, code)
}

// small is 省 › 市 › 区 › 街道 › 社区 › 邻里 › 小区 › 幢.
func small(t testing.TB, d Desk) (all []Place) {
	t.Helper()
	up := Place{}
	for _, p := range []Place{
		{Level: Province, Code: "32", Name: "江苏省", NameHant: "江蘇省", NameEn: "Jiangsu"},
		{Level: Prefecture, Code: "3206", Name: "南通市"},
		{Level: District, Code: "320613", Name: "崇川区"},
		{Level: Subdistrict, Code: "320613002", Name: "和平桥街道"},
		{Level: Community, Code: "320613002004", Name: "濠北社区"},
		{Level: Neighbourhood, Code: "320613002004-001", Name: "北濠邻里"},
		{Level: Estate, Name: "北濠新村", NameHant: "北濠新村", NameEn: "Beihao Village"},
		{Level: Building, Name: "3幢", NameEn: "Building 3", Door: "CHY-12", Lat: 32.02, Lon: 120.87},
	} {
		p.Parent, p.Public = up.ID, true
		up = must(d.Add(t.Context(), sys, p))
		all = append(all, up)
	}
	return all
}

func TestTreeHolds(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		b := all[7]
		got := must(d.ByID(ctx, b.ID))
		if diff := cmp.Diff(b, got); diff != "" {
			t.Errorf("read back differs (-put +got):\n%s", diff)
		}
		if want := PathIDs(b.Path); len(want) != 8 || want[7] != b.ID || want[0] != all[0].ID || !Inside(b.Path, all[4].Path) || Inside(all[4].Path, b.Path) || b.Root() != all[0].ID {
			t.Errorf("path %s", b.Path)
		}
		up := must(d.Up(ctx, b.ID))
		if diff := cmp.Diff(all, up); diff != "" {
			t.Errorf("chain differs:\n%s", diff)
		}
		if s := Line(up, Community, "zh-Hans"); s != "濠北社区 北濠邻里 北濠新村 3幢" {
			t.Errorf("line %q", s)
		}
		if s := Line(up, Estate, "en"); s != "Building 3, Beihao Village" {
			t.Errorf("line %q", s)
		}
		for _, n := range []string{"10幢", "2幢"} {
			must(d.Add(ctx, sys, Place{Parent: all[6].ID, Level: Building, Name: n}))
		}
		var names []string
		for _, p := range must(d.Children(ctx, all[6].ID)) {
			names = append(names, p.Name)
		}
		if strings.Join(names, " ") != "2幢 3幢 10幢" {
			t.Errorf("children %v", names)
		}
		if ps := must(d.Under(ctx, all[3].Path, Building)); len(ps) != 3 {
			t.Errorf("%d buildings under the subdistrict, want 3", len(ps))
		}
		if ps := must(d.Under(ctx, all[4].Path, Community)); len(ps) != 1 || ps[0].ID != all[4].ID {
			t.Errorf("a community is not under itself: %v", ps)
		}
		if ps := must(d.Under(ctx, all[5].Path, Community)); len(ps) != 0 {
			t.Errorf("a community under a neighbourhood: %v", ps)
		}
		m := must(d.ByIDs(ctx, []id.ID{b.ID, 1, all[0].ID}))
		if len(m) != 2 || m[b.ID].Name != "3幢" {
			t.Errorf("by ids: %v", m)
		}
		_, err := d.ByID(ctx, 1)
		refused(t, err, "place.none")
	})
}

func TestDoorIsFoundHoweverTyped(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		for _, s := range []string{"CHY-12", "chy-12", "chy12", " CHY－１２ ", "CHY-I2", "chy-l2"} {
			if p, err := d.ByDoor(ctx, s); err != nil || p.ID != all[7].ID {
				t.Errorf("%q: %v", s, err)
			}
		}
		p := must(d.Add(ctx, sys, Place{Parent: all[6].ID, Level: Building, Name: "4幢", Door: "BO-OK1"}))
		if q, err := d.ByDoor(ctx, "b0-0ki"); err != nil || q.ID != p.ID {
			t.Errorf("O and 0: %v", err)
		}
		_, err := d.Add(ctx, sys, Place{Parent: all[6].ID, Level: Building, Name: "5幢", Door: "b00k1"})
		refused(t, err, "place.door.taken")
		for _, s := range []string{"", "-", "没有", "nope"} {
			_, err := d.ByDoor(ctx, s)
			refused(t, err, "place.door.none")
		}
		q := must(d.Add(ctx, sys, Place{Parent: all[6].ID, Level: Building, Name: "6幢", Door: NewDoor}))
		if len(q.Door) != 6 || strings.ContainsAny(q.Door, "0O1IL") {
			t.Errorf("made the door code %q", q.Door)
		}
		for range 3 {
			must(d.Scan(ctx, q.Door))
		}
		now := x.Now()
		ss := must(d.Scans(ctx, all[4].Path, now.Add(-48*time.Hour), now.Add(48*time.Hour)))
		if len(ss) != 1 || ss[0].Count != 3 || ss[0].Place != q.ID {
			t.Errorf("scans %v", ss)
		}
		if ss := must(d.Scans(ctx, q.Path[:len(q.Path)-2]+"/", now.Add(-48*time.Hour), now)); len(ss) != 0 {
			t.Errorf("a neighbour path counts %v", ss)
		}
	})
}

func TestDoorKeyForgivesEveryMisreading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[0-9A-Z]{1,6}(-[0-9A-Z]{1,4})?`).Draw(t, "code")
		other := rapid.SliceOfN(rapid.IntRange(0, 3), len(code), len(code)).Draw(t, "misreadings")
		var b strings.Builder
		for i, r := range code {
			s := string(r)
			switch m := other[i]; {
			case m == 1:
				s = strings.ToLower(s)
			case m == 2 && r == '0':
				s = "o"
			case m == 2 && r == 'O':
				s = "0"
			case m == 2 && strings.ContainsRune("1IL", r):
				s = "i"
			case m == 3 && r == '-':
				s = " "
			}
			b.WriteString(s)
		}
		if DoorKey(code) != DoorKey(b.String()) {
			t.Fatalf("%q read as %q is another door", code, b.String())
		}
	})
}

func TestOldCodeIsFoundByDate(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		chongchuan := all[2]
		y := func(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }
		if err := d.Recode(ctx, sys, chongchuan.ID, "320602", y(1991), y(2020)); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{y(2016), {}} { // an old form still leads somewhere today
			if p, err := d.ByCode(ctx, "320602", at); err != nil || p.ID != chongchuan.ID {
				t.Errorf("320602 at %v: %v", at, err)
			}
		}
		_, err := d.ByCode(ctx, "320602", y(1990))
		refused(t, err, "place.code.none")
		for _, c := range []string{"320613", "320613000000"} {
			if p, err := d.ByCode(ctx, c, time.Time{}); err != nil || p.ID != chongchuan.ID {
				t.Errorf("%s: %v", c, err)
			}
		}
		// the district is given another code; the old one stays findable
		e := must(d.ByID(ctx, chongchuan.ID))
		e.Code = "320699"
		e = must(d.Edit(ctx, sys, e))
		if e.Code != "320699000000" || e.Rev != 2 {
			t.Errorf("edited to %s rev %d", e.Code, e.Rev)
		}
		for _, c := range []string{"320613", "320699"} {
			if p, err := d.ByCode(ctx, c, time.Time{}); err != nil || p.ID != chongchuan.ID {
				t.Errorf("%s after the change: %v", c, err)
			}
		}
		if cs := must(d.Codes(ctx, chongchuan.ID)); len(cs) != 3 || cs[0].Code != "320699000000" || cs[2].Code != "320602000000" || !cs[0].Until.IsZero() || cs[1].Until.IsZero() {
			t.Errorf("codes %v", cs)
		}
		// what is free again may be another's, and each time has its own answer
		next := must(d.Add(ctx, sys, Place{Parent: all[1].ID, Level: District, Code: "320613", Name: "新区", From: x.Now()}))
		for at, want := range map[time.Time]id.ID{e.From.Add(-time.Millisecond): 0, e.From: e.ID, next.From: next.ID, x.Now().Add(time.Hour): next.ID} {
			if p, err := d.ByCode(ctx, "320613", at); p.ID != want || (err == nil) != (want != 0) {
				t.Errorf("320613 at %v is %d, want %d", at, p.ID, want)
			}
		}
		e.Rev = 1
		_, err = d.Edit(ctx, sys, e)
		refused(t, err, "place.stale")
	})
}

func TestWhatIsWrongIsRefused(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		for code, p := range map[string]Place{
			"place.level.unknown": {Parent: all[3].ID, Level: "moon", Name: "x"},
			"place.name.missing":  {Parent: all[3].ID, Level: Community, Name: " \t"},
			"place.name.long":     {Parent: all[3].ID, Level: Community, Name: strings.Repeat("长", 61)},
			"place.order":         {Parent: all[5].ID, Level: Community, Name: "x"},
			"place.root":          {Level: Community, Name: "x"},
			"place.code.form":     {Parent: all[3].ID, Level: Community, Name: "x", Code: "12-34"},
			"place.code.level":    {Parent: all[3].ID, Level: Community, Name: "x", Code: "320613003"},
			"place.code.taken":    {Parent: all[3].ID, Level: Community, Name: "x", Code: "320613002004"},
			"place.door.form":     {Parent: all[3].ID, Level: Community, Name: "x", Door: "a/b"},
			"geo.point":           {Parent: all[3].ID, Level: Community, Name: "x", Lat: 120, Lon: 32},
			"place.none":          {Parent: 7, Level: Community, Name: "x"},
		} {
			_, err := d.Add(ctx, sys, p)
			refused(t, err, code)
		}
		// rights hold for one's own place and below
		admin := who.Actor{ID: 5, Grants: []who.Grant{{Role: who.Admin, Place: all[4].ID, Path: all[4].Path}}}
		must(d.Add(ctx, admin, Place{Parent: all[4].ID, Level: Neighbourhood, Name: "新邻里"}))
		_, err := d.Add(ctx, admin, Place{Parent: all[3].ID, Level: Community, Name: "新社区"})
		refused(t, err, "place.denied")
		_, err = d.Edit(ctx, admin, all[3])
		refused(t, err, "place.denied")
		_, err = d.Close(ctx, admin, all[3].ID, 1, time.Time{})
		refused(t, err, "place.denied")
		refused(t, d.SetBoundary(ctx, admin, all[3].ID, square(0, 0, 1, 1), "wgs84"), "place.denied")
		_, err = d.ImportDivisions(ctx, admin, strings.NewReader("code,name\n"), false)
		refused(t, err, "place.denied")
		_, err = d.Add(ctx, who.Actor{ID: 6}, Place{Parent: all[4].ID, Level: Neighbourhood, Name: "y"})
		refused(t, err, "place.denied")
	})
}

func TestClosedPlacesStayAndStandAside(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		p := must(d.Close(ctx, sys, all[6].ID, 1, time.Time{}))
		if p.Until.IsZero() || p.Rev != 2 {
			t.Errorf("closed: %+v", p)
		}
		if q := must(d.ByID(ctx, all[7].ID)); q.Until.IsZero() {
			t.Error("its building stays open")
		}
		if ps := must(d.Children(ctx, all[5].ID)); len(ps) != 0 {
			t.Errorf("children %v", ps)
		}
		if ps := must(d.Search(ctx, "北濠新村", "", 9)); len(ps) != 0 {
			t.Errorf("found closed %v", ps)
		}
		_, err := d.Close(ctx, sys, all[6].ID, 2, time.Time{})
		refused(t, err, "place.closed")
		_, err = d.Add(ctx, sys, Place{Parent: all[6].ID, Level: Building, Name: "9幢"})
		refused(t, err, "place.closed")
	})
}

func TestSearchFindsInEveryScript(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		for q, want := range map[string]id.ID{"北濠": all[5].ID, "江蘇": all[0].ID, "jiangsu": all[0].ID, "北濠新村": all[6].ID, "和平桥": all[3].ID, "和平橋街道": all[3].ID} {
			ps := must(d.Search(ctx, q, "", 5))
			if len(ps) == 0 || ps[0].ID != want {
				t.Errorf("%s: %v", q, ps)
			}
		}
		if ps := must(d.Search(ctx, "北濠", all[6].Path, 5)); len(ps) != 1 || ps[0].ID != all[6].ID {
			t.Errorf("within the estate: %v", ps)
		}
	})
}

func TestImportTreeIsApart(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		all := small(t, d)
		tree := must(d.Add(ctx, sys, Place{Level: Tree, Name: "Boston"}))
		ward := must(d.Add(ctx, sys, Place{Parent: tree.ID, Level: District, Name: "Ward 1", Code: "W-1", Lat: 32.02, Lon: 120.87}))
		must(d.Add(ctx, sys, Place{Parent: ward.ID, Level: Building, Name: "City Hall", Code: "320613", Lat: 32.02001, Lon: 120.87}))
		if err := d.SetBoundary(ctx, sys, ward.ID, square(32, 120, 33, 121), "wgs84"); err != nil {
			t.Fatal(err)
		}
		if p := must(d.ByCode(ctx, "320613", time.Time{})); p.ID != all[2].ID {
			t.Errorf("a tree's code shadows the town's: %v", p)
		}
		if ps := must(d.At(ctx, geo.Point{Lat: 32.02, Lon: 120.87})); len(ps) != 0 {
			t.Errorf("a point of the town lies in the import: %v", ps)
		}
		if p := must(d.NearestBuilding(ctx, geo.Point{Lat: 32.02001, Lon: 120.87})); p.ID != all[7].ID {
			t.Errorf("nearest building is %v", p)
		}
		p := must(db.See(ctx, x, func(tx *db.Tx) (Place, error) { return ByTreeCode(tx, tree.ID, "W-1") }))
		if p.ID != ward.ID || p.Root() != tree.ID {
			t.Errorf("in the tree: %v", p)
		}
	})
}

func square(lat0, lon0, lat1, lon1 float64) string {
	return polygon(must(geo.NewShape(geo.Point{Lat: lat0, Lon: lon0}, geo.Point{Lat: lat0, Lon: lon1}, geo.Point{Lat: lat1, Lon: lon1}, geo.Point{Lat: lat1, Lon: lon0})))
}

func polygon(s geo.Shape) string { return string(must(json.Marshal(s))) }

func TestBoundaryIsChecked(t *testing.T) {
	for s, code := range map[string]string{
		`{"type":"Point","coordinates":[1,2]}`:                                                                                      "geo.json",
		`{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1.5],[0,0]]]}`:                                                      "geo.ring",
		`{"type":"FeatureCollection","features":[{"geometry":` + square(0, 0, 1, 1) + `},{"geometry":` + square(1, 1, 2, 2) + `}]}`: "place.boundary.single",
	} {
		_, err := one([]byte(s), "wgs84")
		refused(t, err, code)
	}
	_, err := one([]byte(square(0, 0, 1, 1)), "")
	refused(t, err, "geo.crs.unlabelled")
}

// TestEveryPointHasOnePlace: in the demo's town each point lies in one community and one
// neighbourhood, the map's own; and in one grid of that community.
func TestEveryPointHasOnePlace(t *testing.T) {
	m := basemap.Town(1)
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x, Shapes: &Shapes{}}, t.Context()
		town := must(d.Settle(ctx, sys, m))
		if again := must(d.Settle(ctx, sys, m)); again.ID != town.ID {
			t.Error("settled twice")
		}
		if n := len(must(d.Under(ctx, town.Path, Neighbourhood))); n != 60 {
			t.Errorf("%d neighbourhoods", n)
		}
		if n := len(must(d.Grids(ctx, town.Path))); n != 24 {
			t.Errorf("%d grids", n)
		}
		whole := must(geo.NewShape(m.Boundary...))
		box := whole.Bound()
		in := 0
		see(t, ctx, x, func(tx *db.Tx) {
			r := rand.New(rand.NewPCG(9, 9))
			for range 400 {
				p := geo.Point{Lat: box.Min.Lat + (box.Max.Lat-box.Min.Lat)*r.Float64(), Lon: box.Min.Lon + (box.Max.Lon-box.Min.Lon)*r.Float64()}
				fs := must(holding(tx, d.Shapes, p, false))
				count := map[string]int{}
				for _, f := range fs {
					count[f.kind]++
				}
				want := 0
				if whole.Contains(p) {
					want, in = 1, in+1
				}
				if count["community"] != want || count["neighbourhood"] != want || count["subdistrict"] != want {
					t.Fatalf("%v: %v, want %d of each", p, count, want)
				}
				ps := must(At(tx, d.Shapes, p))
				g, err := GridAt(tx, d.Shapes, p)
				if want == 0 {
					if len(ps) != 0 || fail.KindOf(err) != fail.Missing {
						t.Fatalf("%v is outside, found %v, %v", p, ps, err)
					}
					continue
				}
				if len(ps) < 6 || ps[4].Level != Community || ps[5].Level != Neighbourhood || err != nil || g.Place != ps[4].ID {
					t.Fatalf("%v: chain %v, grid %v %v", p, ps, g, err)
				}
				for i := 1; i < len(ps); i++ {
					if ps[i].Parent != ps[i-1].ID {
						t.Fatalf("%v: the chain is broken: %v", p, ps)
					}
				}
			}
		})
		if in < 200 {
			t.Errorf("only %d points in the town", in)
		}
		// at a building's foot the chain ends with it, and its door leads to it
		e := m.Communities[3].Neighbourhoods[2].Estates[0]
		b := e.Buildings[1]
		ps := must(d.At(ctx, b.At))
		if len(ps) != 8 || ps[7].Name != b.Hans || ps[6].Name != e.Hans {
			t.Errorf("at %s %s: %v", e.Hans, b.Hans, ps)
		}
		if q, err := d.ByDoor(ctx, strings.ToLower(ps[7].Door)); err != nil || q.ID != ps[7].ID {
			t.Errorf("door %s: %v", ps[7].Door, err)
		}
	})
}

func see(t testing.TB, ctx context.Context, x *db.DB, f func(*db.Tx)) {
	t.Helper()
	if _, err := db.See(ctx, x, func(tx *db.Tx) (int, error) { f(tx); return 0, nil }); err != nil {
		t.Fatal(err)
	}
}

// A boundary changed by another node is seen at once, although shapes are kept.
func TestTwoNodesAgreeOnBoundaries(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		a, b, ctx := Desk{DB: x, Shapes: &Shapes{}}, Desk{DB: x, Shapes: &Shapes{}}, t.Context()
		all := small(t, a)
		p := geo.Point{Lat: 32.0005, Lon: 120.0005}
		set := func(d Desk, s string) {
			t.Helper()
			if err := d.SetBoundary(ctx, sys, all[4].ID, s, "wgs84"); err != nil {
				t.Fatal(err)
			}
		}
		set(a, square(32, 120, 32.001, 120.001))
		for _, d := range []Desk{a, b} {
			if n := len(must(d.At(ctx, p))); n != 5 {
				t.Fatalf("chain of %d, want 5", n)
			}
		}
		// the same box, but a corner cut off that holds p
		set(b, `{"type":"Polygon","coordinates":[[[120,32],[120.001,32],[120.001,32.001],[120,32]]]}`)
		q := geo.Point{Lat: 32.0008, Lon: 120.0002}
		for i, d := range []Desk{a, b} {
			if n := len(must(d.At(ctx, q))); n != 0 {
				t.Errorf("node %d still sees the old boundary", i)
			}
		}
	})
}

func TestDayBeginsInTheTown(t *testing.T) {
	late := time.Date(2026, 6, 21, 16, 30, 0, 0, time.UTC)
	if got := (Desk{}).day(late); got != 20260622 {
		t.Errorf("day %d, want 20260622", got)
	}
	if got := (Desk{Zone: time.UTC}).day(late); got != 20260621 {
		t.Errorf("day %d, want 20260621", got)
	}
}

func TestNaturalOrderIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ss := rapid.SliceOfN(rapid.StringMatching(`[0-9]{0,3}[幢a]?[0-9]{0,2}`), 3, 3).Draw(t, "names")
		if natural(ss[0], ss[1]) > 0 != (natural(ss[1], ss[0]) < 0) {
			t.Fatal("not antisymmetric")
		}
		slices.SortFunc(ss, natural)
		if natural(ss[0], ss[2]) > 0 {
			t.Fatal("not transitive")
		}
	})
}

func TestChainsAreThoseOfEachPlace(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		desk := Desk{DB: d}
		root, err := desk.Settle(t.Context(), who.System(who.CLI), basemap.Town(1))
		if err != nil {
			t.Fatal(err)
		}
		ps, err := desk.Under(t.Context(), root.Path, Building)
		if err != nil {
			t.Fatal(err)
		}
		var ns []id.ID
		for _, p := range append(ps[:200], root, root) { // more than one question holds, and one of them twice
			ns = append(ns, p.ID)
		}
		got, err := desk.Chains(t.Context(), append(ns, 7)) // nobody has 7
		if err != nil || len(got) != 201 {
			t.Fatalf("%d chains, %v", len(got), err)
		}
		for _, n := range ns {
			want, err := desk.Up(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got[n]); diff != "" {
				t.Errorf("%d: %s", n, diff)
			}
		}
	})
}

package geo

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func code(err error) string {
	if e, ok := errors.AsType[*fail.Error](err); ok && e.Kind == fail.Invalid {
		return e.Code
	}
	return fmt.Sprint(err)
}

func near(t *testing.T, what string, got, want Point, metres float64) {
	t.Helper()
	if d := Distance(got, want); !(d <= metres) {
		t.Errorf("%s: got %v, want %v, %g m off", what, got, want, d)
	}
}

// The vectors come from the npm package gcoord 1.0.7 (MIT), order lon, lat.
func TestConversionAgreesWithGcoord(t *testing.T) {
	b, err := os.ReadFile("testdata/coord_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Vectors []struct {
			Name               string
			WGS84, GCJ02, BD09 []float64
			Shift              float64 `json:"shift_m"`
		}
	}
	if err := json.Unmarshal(b, &f); err != nil || len(f.Vectors) < 6 {
		t.Fatal(err, len(f.Vectors))
	}
	for _, v := range f.Vectors {
		w, g := Point{v.WGS84[1], v.WGS84[0]}, Point{v.GCJ02[1], v.GCJ02[0]}
		near(t, v.Name+" to GCJ-02", ToGCJ(w), g, .01)
		near(t, v.Name+" from GCJ-02", FromGCJ(g), w, .01)
		if d := Distance(w, g); math.Abs(d-v.Shift) > v.Shift/100 {
			t.Errorf("%s: %g m apart, want %g", v.Name, d, v.Shift)
		}
		if v.BD09 != nil {
			bd := Point{v.BD09[1], v.BD09[0]}
			near(t, v.Name+" to BD-09", ToBD(g), bd, .01)
			near(t, v.Name+" from BD-09", FromBD(bd), g, .01)
			p, err := Parse("bd09", bd.Lat, bd.Lon)
			if err != nil {
				t.Error(err)
			}
			near(t, v.Name+" parsed", p, w, .01)
		}
	}
}

var china = rapid.Custom(func(t *rapid.T) Point {
	return Point{rapid.Float64Range(18, 53).Draw(t, "lat"), rapid.Float64Range(74, 134).Draw(t, "lon")}
})

func TestConversionComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := china.Draw(t, "p")
		if d := Distance(FromGCJ(ToGCJ(p)), p); d > .001 {
			t.Fatalf("GCJ-02: %g m", d)
		}
		if d := Distance(FromBD(ToBD(p)), p); d > .001 {
			t.Fatalf("BD-09: %g m", d)
		}
	})
}

func TestUnlabelledIsRefused(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		crs      string
		lat, lon float64
		want     string
	}{
		{"", 32, 120, "geo.crs.unlabelled"},
		{"local", 32, 120, "geo.crs.unknown"},
		{"wgs84", 120, 32, "geo.point"},
		{"gcj02", nan, 32, "geo.point"},
		{"bd09", 32, math.Inf(1), "geo.point"},
		{"EPSG:4326", 32, 120, "<nil>"},
		{"GCJ-02", 32, 120, "<nil>"},
	} {
		if _, err := Parse(c.crs, c.lat, c.lon); code(err) != c.want {
			t.Errorf("%+v: got %s", c, code(err))
		}
	}
}

func TestDistance(t *testing.T) {
	for name, c := range map[string]struct {
		a, b Point
		want float64
	}{
		"a degree north":   {Point{32, 120}, Point{33, 120}, 111195},
		"Nantong–Shanghai": {Point{32.0098, 120.8573}, Point{31.2304, 121.4737}, 104529},
		"round the world":  {Point{0, 179.9995}, Point{0, -179.9995}, 111.195},
		"other side":       {Point{0, 0}, Point{0, 180}, earth * math.Pi},
	} {
		if d := Distance(c.a, c.b); math.Abs(d-c.want) > c.want/1000 {
			t.Errorf("%s: %g, want %g", name, d, c.want)
		}
	}
}

// square is side degrees wide, its south-west corner at x, y steps from a corner of the town.
func square(x, y, side float64) []Point {
	lat, lon := 32+y, 120+x
	return []Point{{lat, lon}, {lat, lon + side}, {lat + side, lon + side}, {lat + side, lon}}
}

func must(t interface{ Fatal(...any) }, ring []Point) Shape {
	s, err := NewShape(ring...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const holed = `{"type":"Polygon","coordinates":[[[120,32],[120.01,32],[120.01,32.01],[120,32.01],[120,32]],[[120.004,32.004],[120.006,32.004],[120.006,32.006],[120.004,32.006],[120.004,32.004]]]}`

func TestShape(t *testing.T) {
	fs, err := Decode("wgs84", []byte(holed))
	if err != nil {
		t.Fatal(err)
	}
	s := fs[0].Shape
	for p, want := range map[Point]bool{{32.001, 120.001}: true, {32.005, 120.005}: false, {32, 120}: true, {32.02, 120}: false, {math.NaN(), 0}: false} {
		if s.Contains(p) != want {
			t.Errorf("%v: %v, want %v", p, !want, want)
		}
	}
	full := degree * degree * 1e-4 * math.Cos(rad(32.005))
	if got, want := s.Area(), full*.96; math.Abs(got-want) > want/1000 {
		t.Errorf("area %g, want %g", got, want)
	}
	if d := cmp.Diff(Bound{Point{32, 120}, Point{32.01, 120.01}}, s.Bound()); d != "" {
		t.Error(d)
	}
	near(t, "middle", s.Middle(), Point{32.005, 120.005}, .1)
	var zero Shape
	if zero.Contains(Point{}) || zero.Area() != 0 || zero.Bound() != (Bound{}) || zero.Middle() != (Point{}) {
		t.Error("the empty shape holds something")
	}
}

func TestShapeIsKeptAsItIs(t *testing.T) {
	fs, err := Decode("wgs84", []byte(holed))
	if err != nil {
		t.Fatal(err)
	}
	fine := must(t, []Point{{32.0000001, 120.0000001}, {32.1234567, 120}, {32, 120.7654321}})
	for _, s := range []Shape{fs[0].Shape, fine, {}} {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back := must(t, square(0, 0, 1))
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(s, back, cmp.AllowUnexported(Shape{})); d != "" {
			t.Errorf("%s: %s", b, d)
		}
	}
}

func TestDecode(t *testing.T) {
	poly := `{"type":"Polygon","coordinates":[[[120.86824836,32.02284688],[120.87,32.022],[120.87,32.03]]]}`
	for name, c := range map[string]struct{ crs, in, want string }{
		"geometry":        {"gcj02", poly, "<nil>"},
		"feature":         {"gcj02", `{"type":"Feature","id":7,"properties":{"name":"和平桥"},"geometry":` + poly + `}`, "<nil>"},
		"collection":      {"gcj02", `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":` + poly + `}]}`, "<nil>"},
		"labelled inside": {"", `{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},` + poly[1:], "<nil>"},
		"byte order mark": {"gcj02", "\ufeff" + poly, "<nil>"},
		"height":          {"gcj02", strings.ReplaceAll(poly, "]", ",3]"), "geo.json"},
		"unlabelled":      {"", poly, "geo.crs.unlabelled"},
		"unknown":         {"", `{"crs":{"type":"name","properties":{"name":"EPSG:2437"}},` + poly[1:], "geo.crs.unknown"},
		"not JSON":        {"wgs84", `polygon((1 2))`, "geo.json"},
		"a point":         {"wgs84", `{"type":"Point","coordinates":[120,32]}`, "geo.json"},
		"no geometry":     {"wgs84", `{"type":"Feature","geometry":null}`, "geo.json"},
		"no features":     {"wgs84", `{"type":"FeatureCollection","features":[]}`, "geo.json"},
		"no ring":         {"wgs84", `{"type":"Polygon","coordinates":[]}`, "geo.json"},
		"empty ring":      {"wgs84", `{"type":"Polygon","coordinates":[[]]}`, "geo.ring"},
		"two points":      {"wgs84", `{"type":"Polygon","coordinates":[[[120,32],[121,32]]]}`, "geo.ring"},
		"a line":          {"wgs84", `{"type":"Polygon","coordinates":[[[120,32],[121,32],[122,32]]]}`, "geo.ring"},
		"bow tie":         {"wgs84", `{"type":"Polygon","coordinates":[[[120,32],[121,33.5],[121,32],[120,33]]]}`, "geo.ring"},
		"swapped":         {"wgs84", `{"type":"Polygon","coordinates":[[[32,120],[32,121],[33,121]]]}`, "geo.point"},
		"too many in all": {"wgs84", `{"type":"FeatureCollection","features":[{"geometry":` + poly + `},{"geometry":{"type":"Polygon","coordinates":[[` + strings.Repeat("[1,2],", maxVertices-2) + `[2,1]]]}}]}`, "geo.large"},
		"too many":        {"wgs84", `{"type":"Polygon","coordinates":[[` + strings.Repeat("[1,2],", maxVertices) + `[2,1]]]}`, "geo.large"},
	} {
		fs, err := Decode(c.crs, []byte(c.in))
		if code(err) != c.want {
			t.Errorf("%s: got %s, want %s", name, code(err), c.want)
		}
		if c.want == "<nil>" && (len(fs) != 1 || len(fs[0].Shape.m[0][0]) != 4) {
			t.Errorf("%s: got %v", name, fs)
		}
		if name == "feature" && err == nil {
			near(t, name, Point{fs[0].Shape.m[0][0][0][1], fs[0].Shape.m[0][0][0][0]}, Point{32.025, 120.864}, .01)
			if fs[0].ID != "7" || fs[0].Props["name"] != "和平桥" {
				t.Errorf("%s: %+v", name, fs[0])
			}
		}
	}
}

func TestSurveyFindsOverlapsAndGaps(t *testing.T) {
	cellArea := func(lat float64) float64 { return degree * degree * 1e-6 * math.Cos(rad(lat)) }
	// Three squares in a row of four: the first two overlap by half, the last stands beyond.
	whole := must(t, []Point{{32, 120}, {32, 120.004}, {32.001, 120.004}, {32.001, 120}})
	parts := []Shape{must(t, square(0, 0, .001)), must(t, square(.0005, 0, .001)), must(t, square(.0035, 0, .001))}
	a := cellArea(32.0005)
	want := Report{
		Overlaps: []Overlap{{0, 1, Piece{a / 2, Point{32.0005, 120.00075}}}},
		Gap:      Piece{a * 2, Point{32.0005, 120.0025}},
		Outside:  Piece{a / 2, Point{32.0005, 120.00425}},
	}
	if d := cmp.Diff(want, Survey(whole, parts), cmpopts.EquateApprox(1e-6, 0)); d != "" {
		t.Errorf("want - got +\n%s", d)
	}
	if r := Survey(Shape{}, parts); len(r.Overlaps) != 1 || r.Gap.Area != 0 || r.Outside.Area != 0 {
		t.Errorf("without a whole: %+v", r)
	}
}

func TestSharedBordersAreNoOverlap(t *testing.T) {
	var parts []Shape
	for x := range 8 {
		for y := range 8 {
			parts = append(parts, must(t, square(float64(x)/1000, float64(y)/1000, .001)))
		}
	}
	r := Survey(must(t, square(0, 0, .008)), parts)
	for _, o := range r.Overlaps {
		if o.Area > 1e-3 {
			t.Errorf("%+v", o)
		}
	}
	if r.Gap.Area > 1e-3 || r.Outside.Area > 1e-3 {
		t.Errorf("%+v", r)
	}
}

// star is a random shape around a middle, never crossing itself.
func star(t *rapid.T, name string) Shape {
	n := rapid.IntRange(3, 12).Draw(t, name+" corners")
	lat, lon := rapid.Float64Range(31.999, 32.001).Draw(t, name+" lat"), rapid.Float64Range(119.999, 120.001).Draw(t, name+" lon")
	var ring []Point
	for i := range n {
		r := rapid.Float64Range(.0003, .002).Draw(t, "r")
		a := 2 * math.Pi * float64(i) / float64(n)
		ring = append(ring, Point{lat + r*math.Sin(a), lon + r*math.Cos(a)})
	}
	return must(t, ring)
}

// What Survey says agrees with throwing darts, and with the areas of the shapes.
func TestSurveyAgreesWithDarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, a, b := star(t, "whole"), star(t, "a"), star(t, "b")
		r := Survey(whole, []Shape{a, b})
		var both, gap, outside int
		dart, darts := rand.New(rand.NewPCG(1, 2)), 20_000
		for range darts {
			p := Point{31.996 + .008*dart.Float64(), 119.996 + .008*dart.Float64()}
			w, x, y := whole.Contains(p), a.Contains(p), b.Contains(p)
			both += count(x && y)
			gap += count(w && !x && !y)
			outside += count(!w && (x || y))
		}
		box := .008 * .008 * degree * degree * math.Cos(rad(32))
		var overlap float64
		for _, o := range r.Overlaps {
			overlap += o.Area
			if !a.Contains(o.At) || !b.Contains(o.At) {
				t.Fatalf("%v is not in both", o.At)
			}
		}
		for _, c := range []struct {
			name string
			hits int
			area float64
		}{{"overlap", both, overlap}, {"gap", gap, r.Gap.Area}, {"outside", outside, r.Outside.Area}} {
			p := float64(c.hits) / float64(darts)
			if d := math.Abs(p - c.area/box); d > 6*math.Sqrt((p+.0005)/float64(darts)) {
				t.Fatalf("%s: darts say %g, survey %g", c.name, p, c.area/box)
			}
		}
		if alone := Survey(a, nil).Gap.Area; math.Abs(alone-a.Area()) > a.Area()/1000 {
			t.Fatalf("area %g and %g", alone, a.Area())
		}
	})
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestPixelsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Point{rapid.Float64Range(-85, 85).Draw(t, "lat"), rapid.Float64Range(-180, 179.999999).Draw(t, "lon")}
		z := rapid.IntRange(0, 19).Draw(t, "zoom")
		x, y := Pixel(p, float64(z))
		if d := Distance(FromPixel(x, y, float64(z)), p); d > .001 {
			t.Fatalf("%g m off", d)
		}
		tx, ty := Tile(p, z)
		b := TileBound(z, tx, ty)
		const eps = 1e-9
		b.Min, b.Max = Point{b.Min.Lat - eps, b.Min.Lon - eps}, Point{b.Max.Lat + eps, b.Max.Lon + eps}
		if !b.Contains(p) {
			t.Fatalf("tile %d/%d/%d has %v", z, tx, ty, b)
		}
	})
	if x, y := Tile(Point{31.2304, 121.4737}, 12); x != 3430 || y != 1673 {
		t.Errorf("Shanghai is in 12/%d/%d, want 12/3430/1673", x, y)
	}
	if x, y := Tile(Point{-90, 180}, 3); x != 7 || y != 7 {
		t.Errorf("the last corner is in %d/%d", x, y)
	}
}

func TestMarkersKeepApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Point {
			return Point{rapid.Float64Range(32, 32.05).Draw(t, "lat"), rapid.Float64Range(120.8, 120.9).Draw(t, "lon")}
		}), 0, 60).Draw(t, "points")
		zoom := float64(rapid.IntRange(10, 18).Draw(t, "zoom"))
		ms := Cluster(points, zoom)
		n := 0
		for i, m := range ms {
			n += m.N
			x, y := Pixel(m.At, zoom)
			fx, fy := Pixel(points[m.First], zoom)
			if math.Abs(x-fx) > 48.01 || math.Abs(y-fy) > 48.01 {
				t.Fatalf("marker %v is far from its first", m)
			}
			for _, o := range ms[:i] {
				ox, oy := Pixel(o.At, zoom)
				if d := max(math.Abs(x-ox), math.Abs(y-oy)); d < 47.99 {
					t.Fatalf("%v and %v are %g pixels apart", m, o, d)
				}
			}
		}
		if n != len(points) {
			t.Fatalf("%d of %d are shown", n, len(points))
		}
	})
}

func FuzzDecode(f *testing.F) {
	add := mutate.Adder(f)
	for _, s := range []string{holed, `{"type":"Feature","geometry":` + holed + `}`, `{"type":"FeatureCollection","features":[null]}`, `{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[0,1e308]]],[]]}`, `{"type":"Polygon","coordinates":[[[120,32],[121,32],[121,33],[120,32]],[[120,32],[125,32],[125,37],[120,32]]]}`, `{"crs":null}`, `[]`} {
		add("gcj02", []byte(s))
	}
	f.Fuzz(func(t *testing.T, crs string, b []byte) {
		fs, err := Decode(crs, b)
		if err != nil {
			if fail.KindOf(err) != fail.Invalid {
				t.Fatal(err)
			}
			return
		}
		for _, f := range fs {
			f.Shape.Contains(Point{32, 120})
			if a := f.Shape.Area(); !(a >= 0) {
				t.Errorf("area %g", a)
			}
			out, err := json.Marshal(f.Shape)
			if err != nil || !json.Valid(out) {
				t.Fatalf("%s: %v", out, err)
			}
		}
	})
}

func town(n int) []Point {
	r := rand.New(rand.NewPCG(3, 4))
	points := make([]Point, n)
	for i := range points {
		points[i] = Point{31.95 + .15*r.Float64(), 120.75 + .2*r.Float64()}
	}
	return points
}

func BenchmarkCluster100k(b *testing.B) {
	points := town(100_000)
	b.ReportAllocs()
	for b.Loop() {
		Cluster(points, 14)
	}
}

func BenchmarkContains(b *testing.B) {
	var ring []Point
	for i := range 200 {
		s, c := math.Sincos(2 * math.Pi * float64(i) / 200)
		ring = append(ring, Point{32 + .01*s, 120 + .01*c})
	}
	s := must(b, ring)
	for b.Loop() {
		s.Contains(Point{32.001, 120.001})
	}
}

func BenchmarkSurvey(b *testing.B) {
	var parts []Shape
	for x := range 20 {
		for y := range 20 {
			parts = append(parts, must(b, square(float64(x)/1000, float64(y)/1000, .00101)))
		}
	}
	whole := must(b, square(0, 0, .02))
	for b.Loop() {
		Survey(whole, parts)
	}
}

func BenchmarkFromGCJ(b *testing.B) {
	for b.Loop() {
		FromGCJ(Point{32.02, 120.86})
	}
}

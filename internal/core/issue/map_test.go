package issue

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
)

// What is kept in memory through any coming, moving and going is what geo.Cluster makes of
// the points that are left.
func TestPinsAreTheClustersOfWhatIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Pins{}
		p.ready()
		there := map[id.ID]geo.Point{}
		opened, kind := map[id.ID]bool{}, map[id.ID]string{}
		z := rapid.IntRange(12, 15).Draw(t, "zoom")
		box := geo.Bound{Min: geo.Point{Lat: 31.999, Lon: 120.859}, Max: geo.Point{Lat: 32.021, Lon: 120.881}}
		scopes := []Scope{{}, {State: "open"}, {State: "ended"}, {State: string(Closed)}, {Category: "a"}, {Category: "a.b"}, {Category: "a", State: "open"}, {Category: "d", State: "ended"}, {Category: "none"}}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			n := id.ID(rapid.IntRange(1, 20).Draw(t, "id"))
			at := geo.Point{Lat: rapid.Float64Range(32, 32.02).Draw(t, "lat"), Lon: rapid.Float64Range(120.86, 120.88).Draw(t, "lon")}
			st := rapid.SampledFrom([]State{Reported, Closed}).Draw(t, "state")
			public := rapid.Bool().Draw(t, "public")
			delete(there, n)
			if public {
				there[n], opened[n] = at, st.Open()
			}
			kind[n] = rapid.SampledFrom([]string{"a.b", "a.c", "d"}).Draw(t, "kind")
			p.put(n, p.point(at, st, kind[n]), "n", public)
			if rapid.IntRange(0, 9).Draw(t, "look") == 0 { // what was asked for once is kept up
				p.view(box, z, rapid.SampledFrom(scopes).Draw(t, "scope"))
			}
		}
		for _, s := range scopes {
			var points []geo.Point
			for n, at := range there {
				if s.State == "open" && !opened[n] || (s.State == "ended" || s.State == string(Closed)) && opened[n] ||
					s.Category != "" && s.Category != kind[n] && s.Category != mainCategory(kind[n]) {
					continue
				}
				points = append(points, at)
			}
			got := p.view(box, z, s)
			want := geo.Cluster(points, float64(z))
			order := func(aLat, aLon, bLat, bLon float64) int {
				return cmp.Or(cmp.Compare(math.Round(aLat*1e4), math.Round(bLat*1e4)), cmp.Compare(math.Round(aLon*1e4), math.Round(bLon*1e4)))
			}
			slices.SortFunc(got, func(a, b Pin) int { return order(a.Lat, a.Lon, b.Lat, b.Lon) })
			slices.SortFunc(want, func(a, b geo.Marker) int { return order(a.At.Lat, a.At.Lon, b.At.Lat, b.At.Lon) })
			if len(got) != len(want) {
				t.Fatalf("%+v: %d markers, want %d", s, len(got), len(want))
			}
			for i, g := range got {
				if w := want[i]; g.N != w.N || geo.Distance(geo.Point{Lat: g.Lat, Lon: g.Lon}, w.At) > 1 {
					t.Fatalf("%+v: %+v, want %+v", s, g, w)
				}
				if (g.N == 1) != (g.ID != 0) {
					t.Fatalf("%+v: of one marker of one is known which: %+v", s, g)
				}
			}
		}
	})
}

// A view of the whole world at the closest zoom is no more than a page can show.
func TestMapShowsNoMoreThanAPageCan(t *testing.T) {
	p := &Pins{}
	p.ready()
	for i := range 5000 {
		p.put(id.ID(i+1), p.point(geo.Point{Lat: float64(i%170) - 85, Lon: float64(i%359) - 179}, Reported, "a"), "n", true)
	}
	for _, s := range []Scope{{}, {Category: "a"}, {Category: "b"}} {
		if got := p.view(geo.Bound{Min: geo.Point{Lat: -90, Lon: -180}, Max: geo.Point{Lat: 90, Lon: 180}}, 18, s); len(got) > pinsMost {
			t.Errorf("%d markers", len(got))
		}
	}
	p.view(geo.Bound{Min: geo.Point{Lat: math.NaN(), Lon: math.Inf(1)}, Max: geo.Point{Lat: 1e9, Lon: -1e9}}, 99, Scope{Category: "a"})
	p.view(geo.Bound{}, -5, Scope{})
}

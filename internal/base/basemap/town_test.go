package basemap

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/linli-town/linli/internal/base/geo"
)

// inside is the even-odd rule.
func inside(ring []geo.Point, p geo.Point) bool {
	in := false
	for i := 0; i+1 < len(ring); i++ {
		a, b := ring[i], ring[i+1]
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lon < (b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat)+a.Lon {
			in = !in
		}
	}
	return in
}

func area(ring []geo.Point) (s float64) {
	for i := 0; i+1 < len(ring); i++ {
		s += ring[i].Lon*ring[i+1].Lat - ring[i+1].Lon*ring[i].Lat
	}
	return s / 2
}

func TestTownIsWhatItSays(t *testing.T) {
	m := Town(1)
	ns, es, bs, us := 0, 0, 0, 0
	names := map[string]bool{}
	once := func(n Names) {
		t.Helper()
		if n.Hans == "" || n.Hant == "" || n.En == "" || names[n.Hans] || names[n.En] {
			t.Errorf("name %q is not whole or comes twice", n)
		}
		names[n.Hans], names[n.En] = true, true
	}
	for _, c := range m.Communities {
		once(c.Names)
		if !inside(c.Boundary, c.Hall) {
			t.Errorf("%s: its service station is elsewhere", c.Hans)
		}
		for _, n := range c.Neighbourhoods {
			ns++
			once(n.Names)
			if len(n.Estates) < 1 || len(n.Estates) > 3 {
				t.Errorf("%s has %d estates", n.Hans, len(n.Estates))
			}
			for _, e := range n.Estates {
				es++
				once(e.Names)
				for _, p := range e.Boundary {
					if !inside(n.Boundary, p) {
						t.Errorf("%s reaches out of %s", e.Hans, n.Hans)
						break
					}
				}
				if len(e.Buildings) < 3 {
					t.Errorf("%s has %d buildings", e.Hans, len(e.Buildings))
				}
				for i, b := range e.Buildings {
					bs++
					us += len(b.Entrances)
					if b.Number != i+1 || !inside(e.Boundary, b.At) || !inside(b.Outline, b.At) {
						t.Errorf("%s %s stands outside", e.Hans, b.Hans)
					}
					for _, u := range b.Entrances {
						if !inside(n.Boundary, u.At) {
							t.Errorf("%s %s %s opens elsewhere", e.Hans, b.Hans, u.Hans)
						}
					}
				}
			}
		}
	}
	t.Logf("%d communities, %d neighbourhoods, %d estates, %d buildings, %d entrances, %d grids, %d features",
		len(m.Communities), ns, es, bs, us, len(m.Grids), m.Map.Len())
	if len(m.Communities) != 8 || ns != 60 || len(m.Grids) != 24 {
		t.Errorf("%d communities, %d neighbourhoods, %d grids; want 8, 60, 24", len(m.Communities), ns, len(m.Grids))
	}
}

// No gaps, no overlaps: areas add up, and every point is in exactly one of each.
func TestBoundariesTile(t *testing.T) {
	m := Town(3)
	whole := area(m.Boundary)
	var cs, ns, gs float64
	var nbs [][]geo.Point
	for _, c := range m.Communities {
		cs += area(c.Boundary)
		for _, n := range c.Neighbourhoods {
			ns += area(n.Boundary)
			nbs = append(nbs, n.Boundary)
		}
	}
	for _, g := range m.Grids {
		gs += area(g.Boundary)
	}
	for what, got := range map[string]float64{"communities": cs, "neighbourhoods": ns, "grids": gs} {
		if math.Abs(got-whole) > whole*1e-9 {
			t.Errorf("%s cover %v of %v", what, got, whole)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		p := geo.Point{Lat: m.Centre.Lat + (r.Float64()-.5)*.02, Lon: m.Centre.Lon + (r.Float64()-.5)*.036}
		want := 0
		if inside(m.Boundary, p) {
			want = 1
		}
		c, n, g := 0, 0, 0
		for _, x := range m.Communities {
			if inside(x.Boundary, p) {
				c++
			}
		}
		for _, x := range nbs {
			if inside(x, p) {
				n++
			}
		}
		for _, x := range m.Grids {
			if inside(x.Boundary, p) {
				g++
				if !inside(m.Communities[x.Community].Boundary, p) {
					t.Errorf("%s leaves its community", x.Hans)
				}
			}
		}
		if c != want || n != want || g != want {
			t.Fatalf("%v lies in %d communities, %d neighbourhoods, %d grids; want %d", p, c, n, g, want)
		}
	}
}

func TestSameSeedSameTown(t *testing.T) {
	var a, b, c bytes.Buffer
	Town(5).Map.Save(&a)
	Town(5).Map.Save(&b)
	Town(6).Map.Save(&c)
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same seed made another town")
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("another seed made the same town")
	}
}

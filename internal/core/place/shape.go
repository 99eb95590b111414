package place

import (
	"encoding/json"
	"math"
	"sync"

	"github.com/linli-town/linli/internal/base/fail"
)

// Point is a WGS-84 point.
type Point struct{ Lat, Lon float64 }

// metres is the distance between two points, good for a few hundred kilometres.
func metres(a, b Point) float64 {
	const r = 6371008.8
	k := math.Pi / 180
	x := (b.Lon - a.Lon) * k * math.Cos((a.Lat+b.Lat)/2*k)
	y := (b.Lat - a.Lat) * k
	return r * math.Hypot(x, y)
}

type coord [2]float64 // lon, lat

// shape is a polygon or several, with holes: all rings together, even-odd.
type shape struct {
	rings                  [][]coord
	lat0, lat1, lon0, lon1 float64
}

const (
	shapeBytes  = 4 << 20
	shapePoints = 100_000
)

// parseShape reads a GeoJSON Polygon or MultiPolygon, or a Feature around one.
// Invalid place.boundary.form, place.boundary.large, place.boundary.open, place.boundary.crosses.
func parseShape(b []byte) (shape, error) {
	if len(b) > shapeBytes {
		return shape{}, bad("boundary", "place.boundary.large")
	}
	var g struct {
		Type        string
		Coordinates json.RawMessage
		Geometry    json.RawMessage
	}
	if err := json.Unmarshal(b, &g); err != nil {
		return shape{}, &fail.Error{Kind: fail.Invalid, Code: "place.boundary.form", Field: "boundary", Err: err}
	}
	var polygons [][][]coord
	var err error
	switch g.Type {
	case "Feature":
		if len(g.Geometry) == 0 || len(g.Geometry) >= len(b) {
			return shape{}, bad("boundary", "place.boundary.form")
		}
		return parseShape(g.Geometry)
	case "Polygon":
		polygons = make([][][]coord, 1)
		err = json.Unmarshal(g.Coordinates, &polygons[0])
	case "MultiPolygon":
		err = json.Unmarshal(g.Coordinates, &polygons)
	default:
		return shape{}, bad("boundary", "place.boundary.form")
	}
	if err != nil {
		return shape{}, &fail.Error{Kind: fail.Invalid, Code: "place.boundary.form", Field: "boundary", Err: err}
	}
	s := shape{lat0: 91, lat1: -91, lon0: 181, lon1: -181}
	n := 0
	for _, p := range polygons {
		for _, r := range p {
			if n += len(r); n > shapePoints {
				return shape{}, bad("boundary", "place.boundary.large")
			}
			if len(r) < 4 || r[0] != r[len(r)-1] {
				return shape{}, bad("boundary", "place.boundary.open")
			}
			for _, c := range r {
				if !(math.Abs(c[0]) <= 180 && math.Abs(c[1]) <= 90) {
					return shape{}, bad("boundary", "place.point.off")
				}
				s.lon0, s.lon1 = min(s.lon0, c[0]), max(s.lon1, c[0])
				s.lat0, s.lat1 = min(s.lat0, c[1]), max(s.lat1, c[1])
			}
			s.rings = append(s.rings, r)
		}
	}
	if n == 0 || s.area() == 0 {
		return shape{}, bad("boundary", "place.boundary.open")
	}
	for _, r := range s.rings {
		if crosses(r) {
			return shape{}, bad("boundary", "place.boundary.crosses")
		}
	}
	return s, nil
}

// holds reports whether p lies inside. A point on a border that two shapes share is in
// exactly one of them: each side is reckoned from its lower end, whoever asks.
func (s shape) holds(p Point) bool {
	if p.Lat < s.lat0 || p.Lat > s.lat1 || p.Lon < s.lon0 || p.Lon > s.lon1 {
		return false
	}
	in := false
	for _, r := range s.rings {
		for i := 0; i+1 < len(r); i++ {
			a, b := r[i], r[i+1]
			if (a[1] > p.Lat) == (b[1] > p.Lat) {
				continue
			}
			if a[1] > b[1] {
				a, b = b, a
			}
			if p.Lon < (b[0]-a[0])*(p.Lat-a[1])/(b[1]-a[1])+a[0] {
				in = !in
			}
		}
	}
	return in
}

// area in square degrees, for telling something from nothing.
func (s shape) area() (sum float64) {
	for _, r := range s.rings {
		a := 0.0
		for i := 0; i+1 < len(r); i++ {
			a += (r[i][0]-r[0][0])*(r[i+1][1]-r[0][1]) - (r[i+1][0]-r[0][0])*(r[i][1]-r[0][1])
		}
		sum += math.Abs(a) / 2
	}
	return sum
}

// crosses reports whether two sides of a ring cut each other. Rings of more than some
// thousand points are drawn by programs and are taken on trust.
func crosses(r []coord) bool {
	if len(r) > 3000 {
		return false
	}
	turn := func(a, b, c coord) float64 { return (b[0]-a[0])*(c[1]-a[1]) - (b[1]-a[1])*(c[0]-a[0]) }
	for i := 0; i+1 < len(r); i++ {
		a, b := r[i], r[i+1]
		x0, x1, y0, y1 := min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
		for j := i + 2; j+1 < len(r); j++ {
			c, d := r[j], r[j+1]
			if max(c[0], d[0]) < x0 || min(c[0], d[0]) > x1 || max(c[1], d[1]) < y0 || min(c[1], d[1]) > y1 {
				continue
			}
			if turn(a, b, c)*turn(a, b, d) < 0 && turn(c, d, a)*turn(c, d, b) < 0 {
				return true
			}
		}
	}
	return false
}

// Shapes keeps parsed boundaries in memory, under their rev: a changed boundary has a new
// one, so nodes need not tell each other. The zero value is ready; nil keeps nothing.
type Shapes struct {
	mu sync.Mutex
	m  map[int64]shape
}

const shapesMost = 4096 // a subdistrict has a hundred or so

func (c *Shapes) find(rev int64) (shape, bool) {
	if c == nil {
		return shape{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.m[rev]
	return s, ok
}

func (c *Shapes) keep(rev int64, s shape) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= shapesMost {
		c.m = map[int64]shape{}
	}
	c.m[rev] = s
}

package geo

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/paulmach/orb"
	orbgeo "github.com/paulmach/orb/geo"
	"github.com/paulmach/orb/planar"

	"github.com/linli-town/linli/internal/base/fail"
)

// Bound is a box of positions.
type Bound struct{ Min, Max Point }

// Contains says whether p is in the box or on its edge.
func (b Bound) Contains(p Point) bool {
	return b.Min.Lat <= p.Lat && p.Lat <= b.Max.Lat && b.Min.Lon <= p.Lon && p.Lon <= b.Max.Lon
}

// Middle is the centre of the box.
func (b Bound) Middle() Point { return Point{(b.Min.Lat + b.Max.Lat) / 2, (b.Min.Lon + b.Max.Lon) / 2} }

// Shape is an area: polygons, perhaps with holes. The zero Shape is empty. It is
// kept and sent as GeoJSON of type MultiPolygon, in WGS-84.
type Shape struct {
	m orb.MultiPolygon
	b orb.Bound
}

func shapeOf(m orb.MultiPolygon) Shape { return Shape{m, m.Bound()} }

// NewShape is the area inside one ring of points, which need not repeat the first at the end.
func NewShape(ring ...Point) (Shape, error) {
	r := make(orb.Ring, len(ring), len(ring)+1)
	for i, p := range ring {
		r[i] = orb.Point{p.Lon, p.Lat}
	}
	m := orb.MultiPolygon{{r}}
	if err := check(m, true); err != nil {
		return Shape{}, err
	}
	return shapeOf(m), nil
}

// Empty says whether there is nothing in s.
func (s Shape) Empty() bool { return len(s.m) == 0 }

// Contains says whether p is in s or on its edge; an edge of two neighbours belongs to both.
func (s Shape) Contains(p Point) bool {
	q := orb.Point{p.Lon, p.Lat}
	return !s.Empty() && s.b.Contains(q) && planar.MultiPolygonContains(s.m, q)
}

// Bound is the smallest box around s; of nothing, the zero Bound.
func (s Shape) Bound() Bound {
	if s.Empty() {
		return Bound{}
	}
	return Bound{Point{s.b.Min[1], s.b.Min[0]}, Point{s.b.Max[1], s.b.Max[0]}}
}

// Area is in square metres. A polygon whose holes are larger than itself covers nothing.
func (s Shape) Area() (a float64) {
	const k = earth / orb.EarthRadius // orb takes the radius at the equator
	for _, p := range s.m {
		a += max(0, orbgeo.Area(p)*k*k)
	}
	return a
}

// Middle is the centre of gravity, which may lie outside of a bent shape.
func (s Shape) Middle() Point {
	if s.Empty() {
		return Point{}
	}
	c, _ := planar.CentroidArea(s.m)
	return Point{c[1], c[0]}
}

// Rings calls yield with every ring: the outside of each polygon, then its holes.
func (s Shape) Rings(yield func(polygon, ring int, points []Point) bool) {
	for i, poly := range s.m {
		for j, r := range poly {
			points := make([]Point, len(r))
			for k, p := range r {
				points[k] = Point{p[1], p[0]}
			}
			if !yield(i, j, points) {
				return
			}
		}
	}
}

// MarshalJSON writes seven decimals, a centimetre.
func (s Shape) MarshalJSON() ([]byte, error) {
	b := []byte(`{"type":"MultiPolygon","coordinates":[`)
	comma := func(i int) {
		if i > 0 {
			b = append(b, ',')
		}
	}
	for i, poly := range s.m {
		comma(i)
		b = append(b, '[')
		for j, r := range poly {
			comma(j)
			b = append(b, '[')
			for k, p := range r {
				comma(k)
				b = append(number(append(number(append(b, '['), p[0]), ','), p[1]), ']')
			}
			b = append(b, ']')
		}
		b = append(b, ']')
	}
	return append(b, "]}"...), nil
}

func number(b []byte, f float64) []byte {
	return strconv.AppendFloat(b, math.Round(f*1e7)/1e7, 'f', -1, 64)
}

// UnmarshalJSON reads what MarshalJSON wrote. Bytes from outside go through Decode,
// which asks for their coordinate system.
func (s *Shape) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var g geometry
	if err := json.Unmarshal(b, &g); err != nil {
		return err
	}
	m, err := g.polygons(func(p Point) Point { return p }, math.MaxInt)
	if err != nil {
		return err
	}
	if *s = (Shape{}); len(m) == 0 {
		return nil
	}
	if err := check(m, false); err != nil {
		return err
	}
	*s = shapeOf(m)
	return nil
}

// Feature is one area of a GeoJSON file with what is written about it.
type Feature struct {
	ID    string
	Props map[string]any
	Shape Shape
}

// maxVertices bounds the work a file can make; a town's boundaries are a tenth.
const maxVertices = 50_000

// Decode reads the areas of a GeoJSON file (a geometry, a Feature or a
// FeatureCollection of Polygons and MultiPolygons) given in the system crs, see
// Parse; if crs is empty, the file's own "crs" member counts.
//
// Invalid geo.crs.unlabelled if neither says, geo.crs.unknown; geo.json if it is not
// that kind of file; geo.ring (Args: ring) if a border has too few points or crosses itself;
// geo.point; geo.large (Args: max) if it has too many points.
func Decode(crs string, b []byte) ([]Feature, error) {
	var f file
	if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\ufeff")), &f); err != nil {
		return nil, &fail.Error{Kind: fail.Invalid, Code: "geo.json", Err: err}
	}
	if crs == "" {
		crs = f.CRS.Properties.Name
	}
	to, err := system(crs)
	if err != nil {
		return nil, err
	}
	list := f.Features
	switch f.Type {
	case "FeatureCollection":
	case "Feature":
		list = []feature{{f.ID, f.Properties, f.Geometry}}
	default:
		list = []feature{{Geometry: &geometry{f.Type, f.Coordinates}}}
	}
	if len(list) == 0 {
		return nil, fail.New(fail.Invalid, "geo.json")
	}
	out := make([]Feature, 0, len(list))
	vertices := 0
	for _, f := range list {
		if f.Geometry == nil {
			return nil, fail.New(fail.Invalid, "geo.json")
		}
		m, err := f.Geometry.polygons(to, maxVertices-vertices)
		if err != nil {
			return nil, err
		}
		if err := check(m, true); err != nil {
			return nil, err
		}
		for _, poly := range m {
			for _, r := range poly {
				vertices += len(r)
			}
		}
		out = append(out, Feature{ID: name(f.ID), Props: f.Properties, Shape: shapeOf(m)})
	}
	return out, nil
}

// orb/geojson would read all this, too, but brings MongoDB's bson into the binary.
type file struct {
	Type        string          `json:"type"`
	Features    []feature       `json:"features"`
	ID          any             `json:"id"`
	Properties  map[string]any  `json:"properties"`
	Geometry    *geometry       `json:"geometry"`
	Coordinates json.RawMessage `json:"coordinates"`
	CRS         struct {
		Properties struct {
			Name string `json:"name"`
		} `json:"properties"`
	} `json:"crs"`
}

type feature struct {
	ID         any            `json:"id"`
	Properties map[string]any `json:"properties"`
	Geometry   *geometry      `json:"geometry"`
}

type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

// polygons reads the coordinates; at most limit of them.
func (g geometry) polygons(to func(Point) Point, limit int) (orb.MultiPolygon, error) {
	var all [][][][]float64
	var err error
	switch g.Type {
	case "Polygon":
		var one [][][]float64
		err = json.Unmarshal(g.Coordinates, &one)
		all = append(all, one)
	case "MultiPolygon":
		err = json.Unmarshal(g.Coordinates, &all)
	default:
		return nil, fail.New(fail.Invalid, "geo.json")
	}
	if err != nil {
		return nil, &fail.Error{Kind: fail.Invalid, Code: "geo.json", Err: err}
	}
	m := make(orb.MultiPolygon, len(all))
	n := 0
	for i, poly := range all {
		m[i] = make(orb.Polygon, len(poly))
		for j, ring := range poly {
			if n += len(ring); n > limit {
				return nil, fail.New(fail.Invalid, "geo.large", "max", maxVertices)
			}
			r := make(orb.Ring, len(ring), len(ring)+1)
			for k, c := range ring {
				if len(c) < 2 {
					return nil, fail.New(fail.Invalid, "geo.json")
				}
				p := Point{c[1], c[0]}
				if p.Valid() {
					p = to(p)
				}
				if !p.Valid() {
					return nil, fail.New(fail.Invalid, "geo.point")
				}
				r[k] = orb.Point{p.Lon, p.Lat}
			}
			m[i][j] = r
		}
	}
	return m, nil
}

// check closes every ring and refuses those that enclose nothing or, if asked, cross themselves.
func check(m orb.MultiPolygon, crossing bool) error {
	n := 0
	if len(m) == 0 {
		return fail.New(fail.Invalid, "geo.json")
	}
	for _, poly := range m {
		if len(poly) == 0 {
			return fail.New(fail.Invalid, "geo.json")
		}
		for j, r := range poly {
			n++
			for _, p := range r {
				if !(Point{p[1], p[0]}).Valid() {
					return fail.New(fail.Invalid, "geo.point")
				}
			}
			if len(r) > 0 && r[0] != r[len(r)-1] {
				r = append(r, r[0])
				poly[j] = r
			}
			if len(r) < 4 || planar.Area(r) == 0 || crossing && crossesItself(r) {
				return fail.New(fail.Invalid, "geo.ring", "ring", n)
			}
		}
	}
	return nil
}

// name writes a GeoJSON id, which may be a string or a number.
func name(id any) string {
	switch id := id.(type) {
	case string:
		return id
	case float64:
		return strconv.FormatFloat(id, 'f', -1, 64)
	}
	return ""
}

// Package basemap draws a small vector base map (a few km²) as SVG: as 256px
// tiles for a map library, and as one picture for pages without JavaScript,
// print and share images. Text uses the reader's own fonts, so no font file is
// needed on the server, and one binary with one data file is the whole map. It
// also reads OpenStreetMap extracts and makes the demo's fictional town.
//
// Floor: base. Imports: base/fail, base/geo.
package basemap

import (
	"math"
	"slices"
	"sync"

	"github.com/linli-town/linli/internal/base/geo"
)

// Kind says what a feature is, and so how it is drawn.
type Kind string

const (
	Area     Kind = "area" // an estate's or a school's ground
	Water    Kind = "water"
	Green    Kind = "green"
	Pitch    Kind = "pitch"
	Building Kind = "building"
	Path     Kind = "path"
	Road     Kind = "road"
	Rail     Kind = "rail"
	Bound    Kind = "bound" // a boundary: 1 community, 2 neighbourhood, 3 grid
	Place    Kind = "place" // one named point
)

// kinds in the order they are painted.
var kinds = []Kind{Area, Green, Water, Pitch, Path, Building, Road, Rail, Bound, Place}

// Names is one name in three scripts. Where one is missing, Hans stands in.
type Names struct{ Hans, Hant, En string }

// In is the name in a language.
func (n Names) In(lang string) string {
	switch {
	case lang == "zh-Hant" && n.Hant != "":
		return n.Hant
	case lang == "en" && n.En != "":
		return n.En
	}
	return n.Hans
}

// Feature is one thing on the map.
type Feature struct {
	Kind  Kind
	Class int // road: 1 main … 4 lane; place: importance 1…5; bound: see Bound
	Name  Names
	Area  bool
	Lines [][]LonLat // rings of an area, or lines, or one point
	lines [][]xy
	box   box
}

// LonLat is a point of a feature, longitude first as in the file.
type LonLat [2]float64

// Point is p by name.
func (p LonLat) Point() geo.Point { return geo.Point{Lat: p[1], Lon: p[0]} }

func points(l []LonLat) []geo.Point {
	out := make([]geo.Point, len(l))
	for i, p := range l {
		out[i] = p.Point()
	}
	return out
}

func lonlats(l []geo.Point) []LonLat {
	out := make([]LonLat, len(l))
	for i, p := range l {
		out[i] = LonLat{p.Lon, p.Lat}
	}
	return out
}

type xy struct{ x, y float64 } // world, 0…1, Web Mercator
type box struct{ x0, y0, x1, y1 float64 }

func (b *box) add(w xy) {
	*b = box{min(b.x0, w.x), min(b.y0, w.y), max(b.x1, w.x), max(b.y1, w.y)}
}

func (b box) meets(c box) bool { return b.x0 <= c.x1 && b.x1 >= c.x0 && b.y0 <= c.y1 && b.y1 >= c.y0 }

var nowhere = box{2, 2, -1, -1}

func world(p LonLat) xy { return worldAt(p.Point()) }

func worldAt(p geo.Point) xy {
	x, y := geo.Pixel(p, 0)
	return xy{x / 256, y / 256}
}

func earth(w xy) geo.Point { return geo.FromPixel(w.x*256, w.y*256, 0) }

// Map is a base map, ready to be drawn. It does not change after New, so many may draw at once.
type Map struct {
	Credit Names
	by     map[Kind][]*Feature
	labels sync.Map // labelKey -> []label
	box    box
}

// New readies features for drawing. The map keeps them.
func New(fs []*Feature, credit Names) *Map {
	m := &Map{Credit: credit, by: map[Kind][]*Feature{}, box: nowhere}
	for _, f := range fs {
		f.box = nowhere
		f.lines = make([][]xy, len(f.Lines))
		for i, l := range f.Lines {
			f.lines[i] = make([]xy, len(l))
			for j, p := range l {
				w := world(p)
				f.lines[i][j] = w
				f.box.add(w)
			}
		}
		m.box.add(xy{f.box.x0, f.box.y0})
		m.box.add(xy{f.box.x1, f.box.y1})
		m.by[f.Kind] = append(m.by[f.Kind], f)
	}
	for _, l := range m.by { // lanes under main roads
		slices.SortStableFunc(l, func(a, b *Feature) int { return b.Class - a.Class })
	}
	return m
}

// Len is the number of features.
func (m *Map) Len() (n int) {
	for _, l := range m.by {
		n += len(l)
	}
	return n
}

// Features returns all features in painting order.
func (m *Map) Features() []*Feature {
	var out []*Feature
	for _, k := range kinds {
		out = append(out, m.by[k]...)
	}
	return out
}

// Bounds is the south-west and the north-east corner of everything drawn.
func (m *Map) Bounds() (sw, ne geo.Point) {
	if m.box == nowhere {
		return
	}
	return earth(xy{m.box.x0, m.box.y1}), earth(xy{m.box.x1, m.box.y0})
}

// Centre is the middle of the map.
func (m *Map) Centre() geo.Point {
	if m.box == nowhere {
		return geo.Point{}
	}
	return earth(xy{(m.box.x0 + m.box.x1) / 2, (m.box.y0 + m.box.y1) / 2})
}

// Click is the point under pixel (x, y) of a Picture: what an <input type="image"> sends.
func Click(center geo.Point, z, w, h, x, y int) geo.Point {
	scale := 256 * math.Exp2(float64(z))
	c := worldAt(center)
	return earth(xy{c.x + float64(x-w/2)/scale, c.y + float64(y-h/2)/scale})
}

// Fit is the centre and the deepest zoom (at most most) at which a picture of w by h holds all points.
func Fit(ps []geo.Point, w, h, most int) (geo.Point, int) {
	b := nowhere
	for _, p := range ps {
		b.add(worldAt(p))
	}
	if b == nowhere {
		return geo.Point{}, most
	}
	z := most
	for ; z > zMin; z-- {
		s := 256 * math.Exp2(float64(z))
		if (b.x1-b.x0)*s <= float64(w)*.8 && (b.y1-b.y0)*s <= float64(h)*.7 { // pins stand above their point
			break
		}
	}
	return earth(xy{(b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2}), z
}

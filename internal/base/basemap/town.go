package basemap

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/linli-town/linli/internal/base/geo"
)

// Model is a whole town described: what the demo makes places of, and the map of it.
type Model struct {
	Seed        uint64
	Name        Names
	Centre      geo.Point
	Boundary    []geo.Point // closed ring, anticlockwise
	Communities []Community
	Grids       []Grid
	Sites       []Site
	Map         *Map
}

// Community is a 社区. The boundaries of all communities tile the town's.
type Community struct {
	Names
	Boundary       []geo.Point
	Hall           geo.Point // the service station
	Neighbourhoods []Neighbourhood
}

// Neighbourhood is a 邻里. Those of a community tile it.
type Neighbourhood struct {
	Names
	Boundary []geo.Point
	Centre   geo.Point
	Estates  []Estate
}

// Estate is a 小区, wholly inside its neighbourhood.
type Estate struct {
	Names
	Boundary  []geo.Point
	Centre    geo.Point
	Built     int // year
	Buildings []Block
}

// Block is one numbered building (幢).
type Block struct {
	Names
	Number    int
	At        geo.Point
	Outline   []geo.Point
	Storeys   int
	Entrances []Entrance
}

// Entrance is a 单元: the door at the foot of a stair.
type Entrance struct {
	Names
	Number int
	At     geo.Point
}

// Grid is a 网格: another cut of the same ground, inside one community but across its neighbourhoods.
type Grid struct {
	Names
	Community int // index
	Number    int // within the community, from 1
	Boundary  []geo.Point
}

// Site is a school, a market, a park… Kind is one of park school kindergarten market
// hospital office station hall.
type Site struct {
	Names
	Kind string
	At   geo.Point
}

// plan of the town: which community each block belongs to, north row first. The river
// flows between the third and the fourth row.
var townPlan = []string{
	"EEEFFFGGHH",
	"EEFFFGGGHH",
	"EEFFGGGHHH",
	"AAABBCCCDD",
	"AAABBCCCDD",
	"AABBBCCDDD",
}

const (
	cols, rows = 10, 6
	riverRow   = 3 // the lattice line that is the river's middle
	steps      = 4 // points on each side of a half block
)

// half-block columns: main lines at even places.
var (
	colX = [cols + 1]float64{-1500, -1190, -900, -580, -290, 0, 310, 600, 920, 1210, 1510}
	rowY = [rows + 1]float64{-880, -590, -290, 0, 300, 590, 890}
	colW = [cols + 1]int{2, 3, 2, 3, 3, 1, 2, 3, 2, 3, 2} // class of the road on each line
	rowW = [rows + 1]int{2, 3, 2, 2, 1, 3, 2}
)

// TownCentre is where the demo's town lies when nothing else is said.
var TownCentre = geo.Point{Lat: 32.02, Lon: 120.87}

// Town makes the fictional subdistrict 青桥街道 of about 3 × 1.8 km with the grain of a
// Chinese city: a bent river, main roads with blocks between them, estates of slab houses
// in rows that face south, schools, a market, a park with a pond, a hospital. The same
// seed gives the same town, house numbers included, so that reports, QR codes and grids
// can name its doors.
func Town(seed uint64) *Model { return TownAt(seed, TownCentre) }

// TownAt is Town somewhere else.
func TownAt(seed uint64, centre geo.Point) *Model {
	b := &builder{rnd: rand.New(rand.NewPCG(seed, 7)), centre: centre, m: &Model{Seed: seed, Name: townName, Centre: centre}}
	b.streets()
	b.communities()
	b.grids()
	b.bounds()
	b.m.Map = New(b.fs, Names{"示意地图 · 虚构街道", "示意地圖 · 虛構街道", "Sketch map · a made-up town"})
	return b.m
}

type builder struct {
	rnd    *rand.Rand
	centre geo.Point
	fs     []*Feature
	m      *Model
	estate int // so far
}

type pt [2]float64 // metres east and north on the plan, before it is bent

// bend moves a point of the plan to where it lies: streets waver, the river winds and
// takes its banks along.
func bend(p pt) pt {
	x, y := p[0], p[1]
	fade := math.Exp(-y * y / (2 * 330 * 330))
	return pt{x + 12*math.Sin(y/300+1) + 6*math.Sin(x/200), y + 9*math.Sin(x/350) + fade*(55*math.Sin(x/520)+16*math.Sin(x/190+1))}
}

// ll is the place on earth of a bent point.
func (b *builder) ll(p pt) LonLat {
	const rot = 6 * math.Pi / 180 // streets are not quite north-south
	mLat := 1 / 111320.0
	mLon := mLat / math.Cos(b.centre.Lat*math.Pi/180)
	x, y := p[0]*math.Cos(rot)-p[1]*math.Sin(rot), p[0]*math.Sin(rot)+p[1]*math.Cos(rot)
	return round(LonLat{b.centre.Lon + x*mLon, b.centre.Lat + y*mLat})
}

func (b *builder) at(x, y float64) LonLat { return b.ll(bend(pt{x, y})) }

func (b *builder) add(k Kind, class int, n Names, area bool, l []LonLat) []LonLat {
	if area {
		l = append(l, l[0])
	}
	b.fs = append(b.fs, &Feature{Kind: k, Class: class, Name: n, Area: area, Lines: [][]LonLat{l}})
	return l
}

// line is a bent line through plan points, with a point every 30 m or so.
func (b *builder) line(ps ...pt) (out []LonLat) {
	for i, p := range ps {
		if i > 0 {
			q := ps[i-1]
			n := int(math.Hypot(p[0]-q[0], p[1]-q[1])/30) + 1
			for k := 1; k < n; k++ {
				f := float64(k) / float64(n)
				out = append(out, b.at(q[0]+(p[0]-q[0])*f, q[1]+(p[1]-q[1])*f))
			}
		}
		out = append(out, b.at(p[0], p[1]))
	}
	return out
}

// rect is a bent rectangle of ground.
func (b *builder) rect(k Kind, n Names, x, y, w, h float64) []LonLat {
	l := b.line(pt{x, y}, pt{x + w, y}, pt{x + w, y + h}, pt{x, y + h}, pt{x, y})
	return b.add(k, 0, n, true, l[:len(l)-1])
}

// house is a rectangle that keeps its right angles: it is turned, not bent.
func (b *builder) house(n Names, x, y, w, h float64) (outline []geo.Point, at geo.Point, foot func(f float64) geo.Point) {
	c := bend(pt{x + w/2, y + h/2})
	e := bend(pt{x + w/2 + 1, y + h/2})
	a := math.Atan2(e[1]-c[1], e[0]-c[0])
	corner := func(dx, dy float64) LonLat {
		return b.ll(pt{c[0] + dx*math.Cos(a) - dy*math.Sin(a), c[1] + dx*math.Sin(a) + dy*math.Cos(a)})
	}
	outline = points(b.add(Building, 0, n, true, []LonLat{corner(-w/2, -h/2), corner(w/2, -h/2), corner(w/2, h/2), corner(-w/2, h/2)}))
	return outline, b.ll(c).Point(), func(f float64) geo.Point { return corner(-w/2+w*f, h/2+1).Point() } // doors are on the north side
}

func (b *builder) streets() {
	const far = 130
	river := func(off float64) (l []LonLat) { return b.line(pt{colX[0] - 260, off}, pt{colX[cols] + 260, off}) }
	band := func(k Kind, half float64) {
		up, down := river(half), river(-half)
		for i := len(up) - 1; i >= 0; i-- {
			down = append(down, up[i])
		}
		b.add(k, 0, Names{}, true, down)
	}
	band(Green, 40)
	band(Water, 22)
	b.add(Water, 0, Names{"青溪河", "青溪河", "Qingxi River"}, false, river(0))
	b.add(Path, 0, Names{}, false, river(-34))
	for i, x := range colX {
		n, c := columnRoads[i], colW[i]
		if i%5 == 0 || i == 2 || i == 8 { // bridges
			b.add(Road, c, n, false, b.line(pt{x, rowY[0] - far}, pt{x, rowY[rows] + far}))
			continue
		}
		b.add(Road, c, n, false, b.line(pt{x, rowY[0] - far}, pt{x, -48}))
		b.add(Road, c, n, false, b.line(pt{x, 52}, pt{x, rowY[rows] + far}))
	}
	for j, y := range rowY {
		if j == riverRow {
			b.add(Road, 3, Names{}, false, b.line(pt{colX[0], -48}, pt{colX[cols], -48}))
			y = 52
		}
		b.add(Road, rowW[j], rowRoads[j], false, b.line(pt{colX[0] - far, y}, pt{colX[cols] + far, y}))
	}
}

// node is a crossing of the lattice of half blocks.
func node(i, j int) pt {
	if i%2 == 0 {
		return pt{colX[i/2], rowY[j]}
	}
	return pt{(colX[i/2] + colX[i/2+1]) / 2, rowY[j]}
}

// side is the points from one crossing to the next, the last left out. Reckoned from the
// lower end whichever way it is walked, so both neighbours get the same points.
func (b *builder) side(from, to [2]int) (out []LonLat) {
	a, c := node(from[0], from[1]), node(to[0], to[1])
	back := to[0] < from[0] || to[1] < from[1]
	if back {
		a, c = c, a
	}
	out = append(out, b.at(node(from[0], from[1])[0], node(from[0], from[1])[1]))
	for k := 1; k < steps; k++ {
		f := float64(k) / steps
		if back {
			f = 1 - f
		}
		out = append(out, b.at(a[0]+(c[0]-a[0])*f, a[1]+(c[1]-a[1])*f))
	}
	return out
}

// ring is the outline of a set of half blocks that hang together and have no hole.
func (b *builder) ring(in func(i, j int) bool) (out []LonLat) {
	type corner [2]int
	next := map[corner]corner{} // anticlockwise
	for i := range 2 * cols {
		for j := range rows {
			if !in(i, j) {
				continue
			}
			side := func(di, dj int, from, to corner) {
				i, j := i+di, j+dj
				if i < 0 || j < 0 || i >= 2*cols || j >= rows || !in(i, j) {
					next[from] = to
				}
			}
			side(0, -1, corner{i, j}, corner{i + 1, j})
			side(1, 0, corner{i + 1, j}, corner{i + 1, j + 1})
			side(0, 1, corner{i + 1, j + 1}, corner{i, j + 1})
			side(-1, 0, corner{i, j + 1}, corner{i, j})
		}
	}
	start := corner{99, 99}
	for n := range next { // the lowest, so that the order of the map does not matter
		if n[1] < start[1] || n[1] == start[1] && n[0] < start[0] {
			start = n
		}
	}
	for n := start; ; {
		to := next[n]
		out = append(out, b.side(n, to)...)
		if n = to; n == start {
			return append(out, out[0])
		}
	}
}

// owner is the community of block (c, r), r from the south.
func owner(c, r int) int { return int(townPlan[rows-1-r][c] - 'A') }

func (b *builder) communities() {
	suffix := Names{"社区", "社區", "Community"}
	cell := Names{"邻里", "鄰里", "Neighbourhood"}
	for k, names := range stems {
		c := Community{Names: names[0].plus(suffix)}
		c.Boundary = points(b.ring(func(i, j int) bool { return owner(i/2, j) == k }))
		for col := range cols {
			for row := range rows {
				if owner(col, row) != k {
					continue
				}
				n := len(c.Neighbourhoods)
				nb := Neighbourhood{Names: names[n].plus(cell)}
				nb.Boundary = points(b.ring(func(i, j int) bool { return i/2 == col && j == row }))
				nb.Centre = b.at((colX[col]+colX[col+1])/2, (rowY[row]+rowY[row+1])/2).Point()
				var at *geo.Point
				if n == 0 { // the service station stands in the first
					at = &c.Hall
				}
				nb.Estates = b.block(col, row, names[n], names[0], at)
				c.Neighbourhoods = append(c.Neighbourhoods, nb)
			}
		}
		b.m.Communities = append(b.m.Communities, c)
	}
	b.m.Boundary = points(b.ring(func(i, j int) bool { return true }))
}

// grids cuts every community into three by half columns, so that no cut is a
// neighbourhood's border all the way.
func (b *builder) grids() {
	for k := range stems {
		lo, hi := 2*cols, 0
		for i := range 2 * cols {
			for j := range rows {
				if owner(i/2, j) == k {
					lo, hi = min(lo, i), max(hi, i+1)
				}
			}
		}
		a, z := lo+(hi-lo)/3, lo+2*(hi-lo)/3
		a, z = a|1, z|1 // odd: through the middle of blocks
		cuts := []int{lo, a, z, hi}
		for g := range 3 {
			n := g + 1
			b.m.Grids = append(b.m.Grids, Grid{Community: k, Number: n,
				Names:    stems[k][0].plus(Names{fmt.Sprintf("第%d网格", n), fmt.Sprintf("第%d網格", n), fmt.Sprintf("Grid %d", n)}),
				Boundary: points(b.ring(func(i, j int) bool { return owner(i/2, j) == k && i >= cuts[g] && i < cuts[g+1] }))})
		}
	}
}

func (b *builder) bounds() {
	for _, c := range b.m.Communities {
		b.fs = append(b.fs, &Feature{Kind: Bound, Class: 1, Name: c.Names, Area: true, Lines: [][]LonLat{lonlats(c.Boundary)}})
		for _, n := range c.Neighbourhoods {
			b.fs = append(b.fs, &Feature{Kind: Bound, Class: 2, Name: n.Names, Area: true, Lines: [][]LonLat{lonlats(n.Boundary)}})
		}
	}
}

package dispatch

import (
	"cmp"
	"math"
	"slices"
)

// Grid finds who is near among very many, without looking at all of them. It is made once
// and asked often; a change of the list makes a new one (100,000: some 20 ms).
type Grid struct {
	at    []Point
	cells map[[2]int32][]int32
	size  float64 // degrees of latitude
}

// NewGrid puts positions into square cells of so many metres, from 50 to 50,000. Positions
// that are none (NaN, beyond a pole) are left out.
func NewGrid(at []Point, metres float64) *Grid {
	if !(metres >= 50) {
		metres = 50 // finer ones than the distance between two doors serve nobody, and overflow
	}
	metres = min(metres, 50_000)
	g := &Grid{at: at, cells: map[[2]int32][]int32{}, size: metres / degree}
	for i, p := range at {
		if math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 {
			k := g.cell(p)
			g.cells[k] = append(g.cells[k], int32(i))
		}
	}
	return g
}

func (g *Grid) cell(p Point) [2]int32 {
	return [2]int32{int32(math.Floor(p.Lat / g.size)), int32(math.Floor(p.Lon / g.size))}
}

// Near adds to dst the indices of the positions within so many metres of p, in ascending
// order; if there are more than most, then the nearest of them (0: all). It does not look
// across the 180th meridian.
func (g *Grid) Near(dst []int32, p Point, metres float64, most int) []int32 {
	if !(math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 && metres >= 0) {
		return dst
	}
	from := len(dst)
	if most > 0 {
		for r := metres / 16; r < metres; r *= math.Sqrt2 { // in a dense quarter most live too far to be of use
			if dst = g.within(dst[:from], p, r); len(dst)-from >= most {
				return g.nearest(dst, from, p, most)
			}
		}
	}
	dst = g.within(dst[:from], p, metres)
	if most > 0 && len(dst)-from > most {
		return g.nearest(dst, from, p, most)
	}
	slices.Sort(dst[from:])
	return dst
}

func (g *Grid) nearest(dst []int32, from int, p Point, most int) []int32 {
	type away struct {
		metres float64
		i      int32
	}
	all := make([]away, 0, len(dst)-from)
	for _, i := range dst[from:] {
		all = append(all, away{Metres(p, g.at[i]), i})
	}
	slices.SortFunc(all, func(a, b away) int { return cmp.Or(cmp.Compare(a.metres, b.metres), cmp.Compare(a.i, b.i)) })
	dst = dst[:from]
	for _, a := range all[:most] {
		dst = append(dst, a.i)
	}
	slices.Sort(dst[from:])
	return dst
}

func (g *Grid) within(dst []int32, p Point, metres float64) []int32 {
	lat := metres / degree
	lon := 360.0
	if edge := math.Abs(p.Lat) + lat; edge < 89 {
		lon = min(lon, lat/math.Cos(edge*math.Pi/180))
	}
	take := func(cell []int32) {
		for _, i := range cell {
			if Metres(p, g.at[i]) <= metres {
				dst = append(dst, i)
			}
		}
	}
	lo, hi := g.cell(Point{max(p.Lat-lat, -90), max(p.Lon-lon, -180)}), g.cell(Point{min(p.Lat+lat, 90), min(p.Lon+lon, 180)})
	if span := float64(hi[0]-lo[0]+1) * float64(hi[1]-lo[1]+1); span > float64(len(g.cells)) {
		for _, cell := range g.cells {
			take(cell)
		}
		return dst
	}
	for y := lo[0]; y <= hi[0]; y++ {
		for x := lo[1]; x <= hi[1]; x++ {
			take(g.cells[[2]int32{y, x}])
		}
	}
	return dst
}

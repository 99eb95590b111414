package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Piece is some area in square metres, and a point in its broadest part.
type Piece struct {
	Area float64
	At   Point
}

// Overlap is what two parts both claim; A < B are their places in the list.
type Overlap struct {
	A, B int
	Piece
}

// Report says how well parts fill a whole: an import shows it before it is taken.
type Report struct {
	Overlaps []Overlap // by A, then B
	Gap      Piece     // in the whole, in no part
	Outside  Piece     // in some part, not in the whole
}

// Survey measures how parts overlap and what they leave of whole. With an empty
// whole only overlaps are looked at. It cuts everything into level strips at each corner and
// each crossing, so that within a strip borders do not cross and areas are exact (up to
// rounding); shared borders give nothing. Expect slivers where neighbours were drawn separately:
// judge by Area.
func Survey(whole Shape, parts []Shape) Report {
	var edges []edge
	edges = appendEdges(edges, 0, whole.m)
	for i, p := range parts {
		edges = appendEdges(edges, i+1, p.m)
	}
	t := tally{whole: !whole.Empty(), pairs: map[[2]int]*Piece{}, in: make([]bool, len(parts)+1), widest: map[*Piece]float64{}}
	sweep(edges, t.strip)
	for k, p := range t.pairs {
		t.r.Overlaps = append(t.r.Overlaps, Overlap{k[0], k[1], *p})
	}
	slices.SortFunc(t.r.Overlaps, func(a, b Overlap) int { return cmp.Or(a.A-b.A, a.B-b.B) })
	return t.r
}

// edge is a piece of a border, upwards.
type edge struct {
	owner          int
	x1, y1, x2, y2 float64
}

func (e edge) at(y float64) float64 { return e.x1 + (e.x2-e.x1)*(y-e.y1)/(e.y2-e.y1) }

func appendEdges(to []edge, owner int, m orb.MultiPolygon) []edge {
	for _, poly := range m {
		for _, r := range poly {
			for i := 1; i < len(r); i++ {
				a, b := r[i-1], r[i]
				if a[1] > b[1] {
					a, b = b, a
				}
				if a[1] < b[1] {
					to = append(to, edge{owner, a[0], a[1], b[0], b[1]})
				}
			}
		}
	}
	return to
}

// crossings calls yield with the height of every place where two edges cross inside both.
func crossings(edges []edge, yield func(y float64) bool) {
	edges = slices.SortedFunc(slices.Values(edges), func(a, b edge) int { return cmp.Compare(a.y1, b.y1) })
	for i, a := range edges {
		lo, hi := min(a.x1, a.x2), max(a.x1, a.x2)
		for _, b := range edges[i+1:] {
			if b.y1 >= a.y2 {
				break
			}
			if max(b.x1, b.x2) < lo || min(b.x1, b.x2) > hi {
				continue
			}
			// Who is left of whom at the bottom and the top of what they share?
			y1, y2 := b.y1, min(a.y2, b.y2)
			d1, d2 := a.at(y1)-b.at(y1), a.at(y2)-b.at(y2)
			const eps = 1e-11 // degrees: a thousandth of a millimetre
			if d1 > eps && d2 < -eps || d1 < -eps && d2 > eps {
				if !yield(y1 + (y2-y1)*d1/(d1-d2)) {
					return
				}
			}
		}
	}
}

func crossesItself(r orb.Ring) (crosses bool) {
	crossings(appendEdges(nil, 0, orb.MultiPolygon{{r}}), func(float64) bool { crosses = true; return false })
	return crosses
}

// crossing is where an edge passes through a strip's middle.
type crossing struct {
	x     float64
	owner int
}

// sweep calls strip for each level strip from bottom to top with the edges that pass it, from left to right.
func sweep(edges []edge, strip func(y1, y2 float64, row []crossing)) {
	ys := make([]float64, 0, 2*len(edges))
	for _, e := range edges {
		ys = append(ys, e.y1, e.y2)
	}
	crossings(edges, func(y float64) bool { ys = append(ys, y); return true })
	slices.Sort(ys)
	ys = slices.Compact(ys)
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.y1, b.y1) })
	var live []edge
	var row []crossing
	next := 0
	for i := 1; i < len(ys); i++ {
		y1, y2 := ys[i-1], ys[i]
		live = slices.DeleteFunc(live, func(e edge) bool { return e.y2 <= y1 })
		for ; next < len(edges) && edges[next].y1 <= y1; next++ {
			live = append(live, edges[next])
		}
		row = row[:0]
		for _, e := range live {
			row = append(row, crossing{e.at((y1 + y2) / 2), e.owner})
		}
		slices.SortFunc(row, func(a, b crossing) int { return cmp.Compare(a.x, b.x) })
		strip(y1, y2, row)
	}
}

// tally adds up what sweep shows.
type tally struct {
	r      Report
	whole  bool
	pairs  map[[2]int]*Piece
	in     []bool // whole, part 0, part 1 …
	now    []int  // the parts we are in
	widest map[*Piece]float64
}

func (t *tally) strip(y1, y2 float64, row []crossing) {
	y := (y1 + y2) / 2
	tall, wide := (y2-y1)*degree, degree*math.Cos(rad(y))
	for i, c := range row {
		if t.in[c.owner] = !t.in[c.owner]; c.owner > 0 {
			if t.in[c.owner] {
				t.now = append(t.now, c.owner-1)
			} else {
				t.now = slices.DeleteFunc(t.now, func(p int) bool { return p == c.owner-1 })
			}
		}
		if i+1 == len(row) {
			break
		}
		area := (row[i+1].x - c.x) * wide * tall
		if area <= 0 {
			continue
		}
		at := Point{y, (c.x + row[i+1].x) / 2}
		switch {
		case t.whole && t.in[0] && len(t.now) == 0:
			t.add(&t.r.Gap, area, at)
		case t.whole && !t.in[0] && len(t.now) > 0:
			t.add(&t.r.Outside, area, at)
		}
		for i, a := range t.now {
			for _, b := range t.now[i+1:] {
				k := [2]int{min(a, b), max(a, b)}
				if t.pairs[k] == nil {
					t.pairs[k] = &Piece{}
				}
				t.add(t.pairs[k], area, at)
			}
		}
	}
}

func (t *tally) add(p *Piece, area float64, at Point) {
	p.Area += area
	if area > t.widest[p] {
		t.widest[p], p.At = area, at
	}
}

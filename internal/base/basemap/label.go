package basemap

import (
	"math"
	"slices"
)

type ink uint8

const (
	inkText ink = iota
	inkWater
	inkBound
)

type label struct {
	x, y, angle, size float64
	text              string
	ink               ink
	bold              bool
	rank              float64
}

type labelKey struct {
	z    int
	size float64
	lang string
}

// width is about how wide s is: Han characters are square, others a bit over half.
func width(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		if r > 0x2e80 {
			w++
		} else {
			w += .56
		}
	}
	return w * size
}

// labelsAt places the names for a zoom once, over the whole map, so that a name
// which crosses a tile's edge is drawn by both tiles at the same spot.
func (m *Map) labelsAt(z int, t Theme) []label {
	k := labelKey{z, t.Size, t.Lang}
	if t.Lang != "zh-Hant" && t.Lang != "en" {
		k.lang = "zh-Hans" // keeps the keys few
	}
	if v, ok := m.labels.Load(k); ok {
		return v.([]label)
	}
	scale := 256 * math.Exp2(float64(z))
	var cs []label
	for _, kind := range kinds {
		for _, f := range m.by[kind] {
			text := f.Name.In(k.lang)
			if text == "" || len(f.lines) == 0 {
				continue
			}
			var l label
			var ok bool
			if f.Kind == Road || f.Kind == Path || f.Kind == Water && !f.Area {
				l, ok = along(f, text, z, scale, k.size)
			} else {
				l, ok = within(f, text, z, scale, k.size)
			}
			if ok {
				cs = append(cs, l)
			}
		}
	}
	slices.SortStableFunc(cs, func(a, b label) int {
		switch {
		case a.rank > b.rank:
			return -1
		case a.rank < b.rank:
			return 1
		}
		return 0
	})
	out := thin(cs)
	m.labels.Store(k, out)
	return out
}

// along lays a road's or a river's name on the longest run that does not turn by more than 9°.
func along(f *Feature, text string, z int, scale, k float64) (label, bool) {
	if f.Kind == Path || f.Kind == Road && z < 13+f.Class {
		return label{}, false
	}
	var best, angle float64
	var at xy
	for _, l := range f.lines {
		for i := 0; i+1 < len(l); i++ {
			a0, j := math.Atan2(l[i+1].y-l[i].y, l[i+1].x-l[i].x), i+1
			for j+1 < len(l) && math.Abs(math.Remainder(math.Atan2(l[j+1].y-l[j].y, l[j+1].x-l[j].x)-a0, 2*math.Pi)) < .157 {
				j++
			}
			if d := math.Hypot(l[j].x-l[i].x, l[j].y-l[i].y); d > best {
				mid := l[(i+j)/2]
				if j == i+1 {
					mid = xy{(l[i].x + l[j].x) / 2, (l[i].y + l[j].y) / 2}
				}
				best, at, angle = d, mid, math.Atan2(l[j].y-l[i].y, l[j].x-l[i].x)*180/math.Pi
			}
			i = max(i, (i+j)/2-1) // long lines of many points: half a run on is near enough
		}
	}
	l := label{size: 11 * k, text: text, rank: 7.8 - float64(f.Class)}
	if f.Class == 1 || f.Kind == Water {
		l.size = 12 * k
	}
	if f.Kind == Water {
		l.ink, l.rank = inkWater, 7
	}
	if best*scale < width(text, l.size)+8 {
		return label{}, false
	}
	if angle > 90 {
		angle -= 180
	} else if angle < -90 {
		angle += 180
	}
	l.x, l.y, l.angle = at.x*scale, at.y*scale, angle
	return l, true
}

// within lays a name on the middle of a thing.
func within(f *Feature, text string, z int, scale, k float64) (label, bool) {
	l := label{size: 12 * k, text: text, x: (f.box.x0 + f.box.x1) / 2 * scale, y: (f.box.y0 + f.box.y1) / 2 * scale}
	from, to, must := 0, zMax, f.Area
	switch f.Kind {
	case Water:
		l.ink, l.rank = inkWater, 6
	case Area:
		from, l.size, l.bold, l.rank = 16, 13*k, true, 7.5
		if f.Class == 1 {
			l.rank = 7.7
		}
	case Building:
		from, l.size, l.rank, must = 18, 10*k, 1, false
	case Pitch:
		from, l.rank = 17, 2
	case Green:
		l.rank = 7.7
	case Place:
		from, l.rank = 13+f.Class, 8.5
	case Bound:
		l.ink, l.bold, l.rank, must = inkBound, true, 9, false
		switch f.Class {
		case 1:
			from, to = 13, 15
		case 2:
			from, to, l.bold, l.size, l.rank = 16, 17, false, 11*k, 7.6
			l.y += (f.box.y1 - f.box.y0) * .3 * scale // below the middle, where an estate's name stands
		default:
			return l, false
		}
	default:
		return l, false
	}
	if z < from || z > to || must && (f.box.x1-f.box.x0)*scale < width(text, l.size)*.8 {
		return l, false
	}
	return l, true
}

// thin keeps the names that find room, the weightiest first.
func thin(cs []label) []label {
	var out []label
	const cell = 128 // px; a grid over the taken boxes, as a town has thousands of names
	type key struct{ x, y int }
	taken := map[key][]box{}
	seen := map[string][]xy{}
next:
	for _, c := range cs {
		w, h := width(c.text, c.size)/2+3, c.size/2+3
		a := c.angle * math.Pi / 180
		bw, bh := math.Abs(w*math.Cos(a))+math.Abs(h*math.Sin(a)), math.Abs(w*math.Sin(a))+math.Abs(h*math.Cos(a))
		b := box{c.x - bw, c.y - bh, c.x + bw, c.y + bh}
		over := func(f func(key) bool) bool {
			for x := int(b.x0 / cell); x <= int(b.x1/cell); x++ {
				for y := int(b.y0 / cell); y <= int(b.y1/cell); y++ {
					if f(key{x, y}) {
						return true
					}
				}
			}
			return false
		}
		if over(func(k key) bool {
			for _, t := range taken[k] {
				if b.x0 < t.x1 && b.x1 > t.x0 && b.y0 < t.y1 && b.y1 > t.y0 {
					return true
				}
			}
			return false
		}) {
			continue
		}
		if c.rank > 1 { // the same road's name not again within 300px; house numbers repeat in every estate
			for _, p := range seen[c.text] {
				if math.Hypot(p.x-c.x, p.y-c.y) < 300 {
					continue next
				}
			}
			seen[c.text] = append(seen[c.text], xy{c.x, c.y})
		}
		over(func(k key) bool { taken[k] = append(taken[k], b); return false })
		out = append(out, c)
	}
	return out
}

package basemap

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"

	"github.com/linli-town/linli/internal/base/geo"
)

const zMin, zMax = 3, 20

// Pin marks a point on a Picture. Text is at most a few characters ("12"); none gives a dot.
type Pin struct {
	At   geo.Point
	Text string
	Fill string // a colour, or "" for the theme's
}

// Tile is the SVG of one 256px tile. Outside the map, and outside zooms 3 to 20, it is bare land.
func (m *Map) Tile(z, x, y int, t Theme) []byte {
	return m.draw(z, float64(x)*256, float64(y)*256, 256, 256, t, nil)
}

// Picture is a map w by h pixels around a point, with pins: what a page without
// JavaScript, a printed notice and a share card show. Sizes are held to 16…2000.
func (m *Map) Picture(center geo.Point, z, w, h int, pins []Pin, t Theme) []byte {
	z, w, h = min(max(z, zMin), zMax), min(max(w, 16), 2000), min(max(h, 16), 2000)
	scale := 256 * math.Exp2(float64(z))
	c := worldAt(center)
	ox, oy := c.x*scale-float64(w)/2, c.y*scale-float64(h)/2
	var extra bytes.Buffer
	pins = slices.Clone(pins)
	slices.SortStableFunc(pins, func(a, b Pin) int { // the southern pin stands in front
		switch {
		case a.At.Lat > b.At.Lat:
			return -1
		case a.At.Lat < b.At.Lat:
			return 1
		}
		return 0
	})
	for _, p := range pins {
		q := worldAt(p.At)
		x, y := q.x*scale-ox, q.y*scale-oy
		if !(x > -20 && y > -2 && x < float64(w)+20 && y < float64(h)+40) { // NaN too
			continue
		}
		fill := p.Fill
		if fill == "" {
			fill = t.Pin
		}
		fmt.Fprintf(&extra, `<path d="M%.1f %.1fc-8-11-13-17-13-24a13 13 0 1 1 26 0c0 7-5 13-13 24z" fill="%s" stroke="%s" stroke-width="2"/>`, x, y, html.EscapeString(fill), t.PinEdge)
		if p.Text == "" {
			fmt.Fprintf(&extra, `<circle cx="%.1f" cy="%.1f" r="4.5" fill="%s"/>`, x, y-24, t.PinEdge)
		} else {
			fmt.Fprintf(&extra, `<text x="%.1f" y="%.1f" text-anchor="middle" font-family="%s" font-size="12" font-weight="700" fill="%s">%s</text>`, x, y-20, fonts, t.PinEdge, html.EscapeString(p.Text))
		}
	}
	switch credit := m.Credit.In(t.Lang); {
	case credit == "":
	case m.Len() == 0: // a bare ground: what is said about it is all there is to read
		fmt.Fprintf(&extra, `<text x="%d" y="%d" text-anchor="middle" font-family="%s" font-size="15" fill="%s">%s</text>`, w/2, h-16, fonts, t.Text, html.EscapeString(credit))
	default:
		fmt.Fprintf(&extra, `<text x="%d" y="%d" text-anchor="end" font-family="%s" font-size="9" fill="%s" stroke="%s" stroke-width="2.5" paint-order="stroke">%s</text>`, w-4, h-4, fonts, t.Text, t.Halo, html.EscapeString(credit))
	}
	return m.draw(z, ox, oy, w, h, t, extra.Bytes())
}

const fonts = "'PingFang SC','HarmonyOS Sans SC','MiSans','Noto Sans CJK SC','Noto Sans SC',sans-serif"

// pen writes the features of one picture.
type pen struct {
	bytes.Buffer
	scale, ox, oy float64
	view          box
}

// path appends the outline of f in pixels relative to the picture, tenths at most.
func (p *pen) path(f *Feature) {
	for _, l := range f.lines {
		lx, ly := 0, 0
		for i, q := range l {
			x, y := int(math.Round((q.x*p.scale-p.ox)*10)), int(math.Round((q.y*p.scale-p.oy)*10))
			switch {
			case i == 0:
				p.WriteByte('M')
				p.num(x)
				p.WriteByte(' ')
				p.num(y)
			case x == lx && y == ly:
				continue
			default:
				p.WriteByte('l')
				p.num(x - lx)
				if y >= ly {
					p.WriteByte(' ')
				}
				p.num(y - ly)
			}
			lx, ly = x, y
		}
		if f.Area {
			p.WriteByte('z')
		}
	}
}

// num writes tenths as short as it goes: 12.3, -.5, 4.
func (p *pen) num(tenths int) {
	b := p.AvailableBuffer()
	if tenths < 0 {
		b = append(b, '-')
		tenths = -tenths
	}
	if n := tenths / 10; n > 0 || tenths == 0 {
		b = strconv.AppendInt(b, int64(n), 10)
	}
	if r := tenths % 10; r > 0 {
		b = append(b, '.', byte('0'+r))
	}
	p.Write(b)
}

// group draws the features that pass as one path, if there are any.
func (p *pen) group(fs []*Feature, attrs string, pass func(*Feature) bool) {
	begun := false
	for _, f := range fs {
		if !f.box.meets(p.view) || !pass(f) {
			continue
		}
		if !begun {
			p.WriteString(`<path d="`)
			begun = true
		}
		p.path(f)
	}
	if begun {
		p.WriteString(`" ` + attrs + `/>`)
	}
}

func (m *Map) draw(z int, ox, oy float64, w, h int, t Theme, extra []byte) []byte {
	p := &pen{scale: 256 * math.Exp2(float64(z)), ox: ox, oy: oy}
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"><rect width="%d" height="%d" fill="%s"/>`, w, h, w, h, w, h, t.Land)
	const pad = 24
	p.view = box{(ox - pad) / p.scale, (oy - pad) / p.scale, (ox + float64(w) + pad) / p.scale, (oy + float64(h) + pad) / p.scale}
	if z >= zMin && z <= zMax && p.view.meets(m.box) {
		m.ground(p, z, t)
		m.roads(p, z, t)
		m.names(p, z, w, h, t)
	}
	p.Write(extra)
	p.WriteString(`</svg>`)
	return p.Bytes()
}

func areas(f *Feature) bool { return f.Area }
func all(*Feature) bool     { return true }
func class(c int) func(*Feature) bool {
	return func(f *Feature) bool { return f.Class == c }
}

func (m *Map) ground(p *pen, z int, t Theme) {
	fill := func(c string) string { return `fill="` + c + `" fill-rule="evenodd"` }
	if z >= 14 {
		p.group(m.by[Area], fill(t.Area), areas)
	}
	p.group(m.by[Green], fill(t.Green), areas)
	p.group(m.by[Water], fill(t.Water), areas)
	if z >= 15 {
		p.group(m.by[Pitch], fill(t.Pitch), areas)
	}
	if z >= 16 {
		p.group(m.by[Path], `fill="none" stroke="`+t.Path+`" stroke-width="1.2" stroke-dasharray="3 2"`, all)
	}
	if z >= 15 {
		p.group(m.by[Building], fill(t.Building)+` stroke="`+t.BuildingEdge+`" stroke-width=".6"`, areas)
	}
}

func (m *Map) roads(p *pen, z int, t Theme) {
	wide := func(class int) float64 {
		metres := []float64{0, 16, 10, 7, 4.5}[class]
		return max(.8, min(26, metres*math.Exp2(float64(z-17))*.95))
	}
	for pass := range 2 {
		for c := 4; c >= 1; c-- {
			if z < 10+c {
				continue
			}
			colour, sw := t.RoadEdge, wide(c)+1.6
			if pass == 1 {
				colour, sw = t.Road, wide(c)
			}
			p.group(m.by[Road], fmt.Sprintf(`fill="none" stroke="%s" stroke-width="%.1f" stroke-linecap="round" stroke-linejoin="round"`, colour, sw), class(c))
		}
	}
	p.group(m.by[Rail], `fill="none" stroke="`+t.Rail+`" stroke-width="2" stroke-dasharray="6 3"`, all)
	if z >= 16 {
		p.group(m.by[Bound], `fill="none" stroke="`+t.Bound+`" stroke-width="1" stroke-dasharray="2 4" opacity=".55"`, class(2))
	}
	p.group(m.by[Bound], `fill="none" stroke="`+t.Bound+`" stroke-width="1.6" stroke-dasharray="8 3 2 3" opacity=".75"`, class(1))
}

func (m *Map) names(p *pen, z, w, h int, t Theme) {
	ink := []string{t.Text, t.WaterText, t.Bound}
	fmt.Fprintf(p, `<g font-family="%s" text-anchor="middle" stroke="%s" stroke-width="3" stroke-linejoin="round" paint-order="stroke">`, fonts, t.Halo)
	for _, l := range m.labelsAt(z, t) {
		x, y := l.x-p.ox, l.y-p.oy
		r := width(l.text, l.size)/2 + 6
		if x < -r || y < -r || x > float64(w)+r || y > float64(h)+r {
			continue
		}
		fmt.Fprintf(p, `<text x="%.1f" y="%.1f" font-size="%.3g" fill="%s"`, x, y+l.size*.36, l.size, ink[l.ink])
		if l.bold {
			p.WriteString(` font-weight="600"`)
		}
		if l.angle != 0 {
			fmt.Fprintf(p, ` transform="rotate(%.1f %.1f %.1f)"`, l.angle, x, y)
		}
		p.WriteString(`>` + html.EscapeString(l.text) + `</text>`)
	}
	p.WriteString(`</g>`)
}

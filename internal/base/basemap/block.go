package basemap

import (
	"fmt"
	"math"

	"github.com/linli-town/linli/internal/base/geo"
)

// block fills one block of the plan: a site where there is one, and one to three
// estates. Every neighbourhood has people living in it.
func (b *builder) block(col, row int, name, community Names, hall *geo.Point) (out []Estate) {
	x0, x1, y0, y1 := colX[col]+17, colX[col+1]-17, rowY[row]+17, rowY[row+1]-17
	switch row { // keep off the river and its roads
	case riverRow - 1:
		y1 = -60
	case riverRow:
		y0 = 66
	}
	if s, ok := sites[[2]int{col, row}]; ok {
		w := (x1 - x0) * s.share
		b.site(s, x0, y0, w-8, y1-y0)
		x0 += w + 8
	}
	if hall != nil {
		n := community.plus(Names{"社区便民服务站", "社區便民服務站", "Community Service Station"})
		b.rect(Area, Names{}, x0, y1-34, x1-x0, 34)
		_, *hall, _ = b.house(Names{}, x0+10, y1-27, 38, 16)
		b.mark(n, "hall", 4, *hall)
		b.rect(Pitch, Names{}, x0+60, y1-26, min(60, x1-x0-70), 18) // its little square
		y1 -= 46
	}
	parts := 1
	if w := x1 - x0; w > 230 {
		parts = 2 + b.rnd.IntN(2)
	} else if w > 150 {
		parts = 1 + b.rnd.IntN(2)
	}
	w := (x1 - x0 - float64(parts-1)*14) / float64(parts)
	for k := range parts {
		stem := name
		if k > 0 {
			stem = moreStems[b.estate%len(moreStems)]
		}
		// the suffix steps with every estate, and once more with every round of stems, so no name comes twice
		suffix := estateSuffixes[(b.estate+b.estate/len(moreStems))%len(estateSuffixes)]
		b.estate++
		x := x0 + float64(k)*(w+14)
		if k > 0 {
			b.add(Road, 4, Names{}, false, b.line(pt{x - 7, y0 - 14}, pt{x - 7, y1 + 14}))
		}
		out = append(out, b.homes(stem.plus(suffix), x, y0, w, y1-y0))
	}
	return out
}

// homes is one estate: rows of slab houses, numbered from the south-west, with lanes between.
func (b *builder) homes(name Names, x0, y0, w, h float64) Estate {
	e := Estate{Names: name, Built: 1978 + b.rnd.IntN(40), Centre: b.at(x0+w/2, y0+h/2).Point()}
	e.Boundary = points(b.rect(Area, name, x0, y0, w, h))
	const slab = 12.0
	gap := 27 + float64(b.rnd.IntN(10))
	entrances := 2 + b.rnd.IntN(3)
	length := min(16*float64(entrances), w-20)
	storeys := 5 + b.rnd.IntN(2)
	if e.Built > 2003 {
		storeys, gap = 11+b.rnd.IntN(8), gap+12
	}
	for y := y0 + 10; y+slab < y0+h-6; y += slab + gap {
		n := int((w - 14 + 10) / (length + 10))
		pad := (w - float64(n)*length - float64(n-1)*10) / 2
		for k := range n {
			x := x0 + pad + float64(k)*(length+10)
			if b.rnd.IntN(16) == 0 && len(e.Buildings) > 2 { // a missing house makes a little garden
				b.rect(Green, Names{}, x+4, y, length-8, slab)
				continue
			}
			i := len(e.Buildings) + 1
			bl := Block{Number: i, Storeys: storeys, Names: Names{fmt.Sprintf("%d幢", i), fmt.Sprintf("%d幢", i), fmt.Sprintf("Building %d", i)}}
			var foot func(float64) geo.Point
			bl.Outline, bl.At, foot = b.house(bl.Names, x, y, length, slab)
			for u := range entrances {
				bl.Entrances = append(bl.Entrances, Entrance{Number: u + 1, At: foot((float64(u) + .5) / float64(entrances)),
					Names: Names{fmt.Sprintf("%d单元", u+1), fmt.Sprintf("%d單元", u+1), fmt.Sprintf("Entrance %d", u+1)}})
			}
			e.Buildings = append(e.Buildings, bl)
		}
		if y+slab+gap < y0+h-16 {
			b.add(Road, 4, Names{}, false, b.line(pt{x0 + 5, y + slab + gap/2}, pt{x0 + w - 5, y + slab + gap/2}))
		}
	}
	return e
}

type site struct {
	kind  string
	share float64 // of the block's width
	Names
}

// sites by block (column, row from the south).
var sites = map[[2]int]site{
	{3, 4}: {"park", .68, Names{"青桥公园", "青橋公園", "Qingqiao Park"}},
	{1, 1}: {"school", .6, Names{"青桥实验小学", "青橋實驗小學", "Qingqiao Primary School"}},
	{7, 4}: {"school", .66, Names{"望春中学", "望春中學", "Wangchun Middle School"}},
	{5, 1}: {"kindergarten", .4, Names{"木樨幼儿园", "木樨幼兒園", "Muxi Kindergarten"}},
	{4, 4}: {"market", .5, Names{"人和集市", "人和集市", "Renhe Market"}},
	{2, 2}: {"market", .34, Names{"荷塘菜场", "荷塘菜場", "Hetang Market"}},
	{5, 3}: {"office", .5, Names{"青桥街道办事处", "青橋街道辦事處", "Qingqiao Subdistrict Office"}},
	{8, 2}: {"hospital", .62, Names{"青桥医院", "青橋醫院", "Qingqiao Hospital"}},
	{8, 4}: {"station", .3, Names{"望春公交首末站", "望春公交首末站", "Wangchun Bus Station"}},
	{9, 0}: {"park", .5, Names{"槐荫游园", "槐蔭遊園", "Huaiyin Green"}},
}

func (b *builder) mark(n Names, kind string, class int, at geo.Point) {
	b.m.Sites = append(b.m.Sites, Site{Names: n, Kind: kind, At: at})
	b.fs = append(b.fs, &Feature{Kind: Place, Class: class, Name: n, Lines: [][]LonLat{{{at.Lon, at.Lat}}}})
}

// ground is a site's; class 1 gives its name precedence over an estate's.
func (b *builder) ground(s site, x, y, w, h float64) {
	b.rect(Area, s.Names, x, y, w, h)
	b.fs[len(b.fs)-1].Class = 1
}

func (b *builder) site(s site, x, y, w, h float64) {
	at := b.at(x+w/2, y+h/2).Point()
	b.m.Sites = append(b.m.Sites, Site{Names: s.Names, Kind: s.kind, At: at})
	house := func(fx, fy, fw, height float64, n Names) { b.house(n, x+w*fx, y+h*fy, w*fw, height) }
	blob := func(k Kind, n Names, fx, fy, rx, ry float64, wild float64) {
		var l []LonLat
		for a := 0.0; a < 2*math.Pi-.1; a += .25 {
			r := 1 + wild*math.Sin(3*a) + wild/2*math.Cos(5*a)
			l = append(l, b.at(x+w*fx+rx*r*math.Cos(a), y+h*fy+ry*r*math.Sin(a)))
		}
		b.add(k, 0, n, true, l)
	}
	switch s.kind {
	case "park":
		b.rect(Green, s.Names, x, y, w, h)
		blob(Water, Names{}, .5, .3, w*.3, h*.16, .18)
		b.add(Path, 0, Names{}, false, b.line(pt{x, y}, pt{x + w*.2, y + h*.55}, pt{x + w*.8, y + h*.6}, pt{x + w, y + h}))
		b.add(Path, 0, Names{}, false, b.line(pt{x, y + h}, pt{x + w*.5, y + h*.6}, pt{x + w, y}))
	case "school":
		b.ground(s, x, y, w, h)
		blob(Pitch, Names{"操场", "操場", "Track"}, .32, .34, w*.26, h*.24, 0)
		house(.62, .16, .33, 17, Names{"教学楼", "教學樓", "Classrooms"})
		house(.62, .4, .33, 17, Names{})
		house(.1, .76, .5, 18, Names{})
	case "market":
		b.ground(s, x, y, w, h)
		house(.12, .2, .76, h*.4, Names{"菜市场", "菜市場", "Food hall"})
		house(.12, .74, .76, 16, Names{})
	case "hospital":
		b.ground(s, x, y, w, h)
		house(.1, .16, .6, 28, Names{"门诊楼", "門診樓", "Clinic"})
		house(.3, .52, .6, 26, Names{"住院部", "住院部", "Wards"})
	case "office":
		b.ground(s, x, y, w, h)
		house(.2, .3, .6, 32, Names{"便民服务中心", "便民服務中心", "Service hall"})
		house(.2, .66, .6, 16, Names{})
	default:
		b.ground(s, x, y, w, h)
		house(.14, .2, .7, 18, Names{})
		blob(Pitch, Names{}, .5, .65, w*.28, h*.14, 0)
	}
}

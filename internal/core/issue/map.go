package issue

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
)

// Pin is a marker: one issue, or a cluster of N.
type Pin struct {
	Lat, Lon float64
	N        int
	ID       id.ID  // 0 for a cluster
	No       string // "" for a cluster
	State    State  // "" for a cluster
}

const (
	pinsMost = 300
	pinCell  = 72.0 // pixels
	pinPlay  = 12.0 // a marker keeps so near the middle of its cell, so that two are 48 px apart
	pinZoom0 = 3
	pinZoom1 = 18
)

// Pins keeps the public map in memory: for every zoom how many issues lie in each cell of
// 72 pixels, so that a view costs what it shows, not what there is. Each call reads what
// was written since the last one, by its stamp; nothing is told between nodes, and what
// was hidden is gone from the next view. Counting in tables instead was weighed: a row
// that every report of a town changes makes PostgreSQL refuse all but one of them.
//
// The zero value is ready.
type Pins struct {
	mu    sync.Mutex
	last  id.ID
	at    map[id.ID]int32
	pts   []point
	cells [2][pinZoom1 + 1]map[uint64]*cell // all, and what is open
}

type point struct {
	id   id.ID
	x, y uint32 // of the world, in 2^32
	no   string
	kind string
	st   State
}

// cell counts what lies in it. Sums are whole numbers, so that what goes out leaves
// nothing; ids is the xor of all ids: of one, it is that one.
type cell struct {
	n    int64
	x, y int64
	ids  id.ID
}

// world01 is where a point lies in the square world, 0…1.
func world01(p geo.Point) (x, y float64) {
	x, y = geo.Pixel(p, 0)
	return max(0, min(1-1e-9, x/256)), max(0, min(1-1e-9, y/256))
}

const world = 1 << 32

func cellKey(x, y uint32, z int) uint64 {
	n := 256 * math.Exp2(float64(z)) / pinCell / world
	return uint64(float64(x)*n)<<32 | uint64(float64(y)*n)
}

func (p *Pins) count(q point, sign int64) {
	for kind := range p.cells {
		if kind == 1 && !q.st.Open() {
			continue
		}
		for z := pinZoom0; z <= pinZoom1; z++ {
			m := p.cells[kind][z]
			k := cellKey(q.x, q.y, z)
			c := m[k]
			if c == nil {
				c = &cell{}
				m[k] = c
			}
			c.n, c.x, c.y, c.ids = c.n+sign, c.x+sign*int64(q.x), c.y+sign*int64(q.y), c.ids^q.id
			if c.n == 0 {
				delete(m, k)
			}
		}
	}
}

func (p *Pins) put(n id.ID, q point, there bool) {
	i, old := p.at[n]
	if old {
		p.count(p.pts[i], -1)
		end := int32(len(p.pts) - 1)
		p.pts[i] = p.pts[end]
		p.at[p.pts[i].id] = i
		p.pts = p.pts[:end]
		delete(p.at, n)
	}
	if there {
		p.at[n] = int32(len(p.pts))
		p.pts = append(p.pts, q)
		p.count(q, 1)
	}
}

// mark is how far the rows were read.
type mark struct{ stamp, id id.ID }

// read brings p up to what tx sees.
func (p *Pins) read(tx *db.Tx, late time.Duration) error {
	if p.at == nil {
		p.at = map[id.ID]int32{}
		for k := range p.cells {
			for z := range p.cells[k] {
				p.cells[k][z] = map[uint64]*cell{}
			}
		}
	}
	from := mark{stamp: min(p.last, id.At(tx.Now().Add(-late)))}
	if from.stamp == p.last {
		from.id = far // all of that stamp was read
	}
	for {
		n, err := db.All(tx, func(r db.Row) (at mark, err error) {
			var q point
			var pub bool
			var lat, lon float64
			if err = r.Scan(&at.stamp, &q.id, &pub, &lat, &lon, &q.st, &q.no, &q.kind); err != nil {
				return
			}
			at.id = q.id
			x, y := world01(geo.Point{Lat: lat, Lon: lon})
			q.x, q.y = uint32(x*world), uint32(y*world)
			p.put(q.id, q, pub && (lat != 0 || lon != 0))
			return
		}, `select stamp, id, pub, lat, lon, state, no, category from shown where (stamp, id) > ($1, $2) order by stamp, id limit 5000`, from.stamp, from.id)
		if err != nil {
			return err
		}
		if len(n) > 0 {
			from = n[len(n)-1]
			p.last = max(p.last, from.stamp)
		}
		if len(n) < 5000 {
			return nil
		}
	}
}

// Writers on other nodes commit late, and their clocks are not ours: what is younger than
// this is read again. With one file there is little to be late for.
const (
	lateOther = 20 * time.Second
	lateOwn   = 5 * time.Millisecond
)

// Map is what is public in a piece of the map: at most 300 markers, at least 48 pixels
// apart at that zoom. Of the scope, Category and State ("open", "ended", a State) count.
func (d Desk) Map(ctx context.Context, b geo.Bound, zoom int, s Scope) (_ []Pin, err error) {
	defer fail.Wrap(&err, "issue.Map")
	p := d.Pins
	if p == nil {
		p = &Pins{}
	}
	back := lateOther
	if d.DB.Lite() {
		back = lateOwn
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := db.See(ctx, d.DB, func(tx *db.Tx) (int, error) { return 0, p.read(tx, back) }); err != nil {
		return nil, err
	}
	return p.view(b, zoom, s), nil
}

// view picks the markers of a box.
func (p *Pins) view(b geo.Bound, zoom int, s Scope) []Pin {
	x0, y0 := world01(geo.Point{Lat: max(b.Min.Lat, b.Max.Lat), Lon: min(b.Min.Lon, b.Max.Lon)})
	x1, y1 := world01(geo.Point{Lat: min(b.Min.Lat, b.Max.Lat), Lon: max(b.Min.Lon, b.Max.Lon)})
	z := max(pinZoom0, min(pinZoom1, zoom))
	var c0, r0, c1, r1 uint64
	for ; ; z-- {
		n := 256 * math.Exp2(float64(z)) / pinCell
		c0, r0, c1, r1 = uint64(x0*n), uint64(y0*n), uint64(x1*n), uint64(y1*n)
		if z == pinZoom0 || (c1-c0+1)*(r1-r0+1) <= pinsMost {
			break
		}
	}
	cells := p.pick(z, s, c0, r0, c1, r1)
	var out []Pin
	for c := c0; c <= c1; c++ {
		for r := r0; r <= r1 && len(out) < pinsMost; r++ {
			if k := cells[c<<32|r]; k != nil {
				out = append(out, p.pin(k, z, c, r))
			}
		}
	}
	return out
}

// pick are the cells of a scope: kept for what is asked most, else counted now.
func (p *Pins) pick(z int, s Scope, c0, r0, c1, r1 uint64) map[uint64]*cell {
	if s.Category == "" && s.State == "" {
		return p.cells[0][z]
	}
	if s.Category == "" && s.State == "open" {
		return p.cells[1][z]
	}
	m := map[uint64]*cell{}
	for _, q := range p.pts {
		if s.Category != "" && q.kind != s.Category && mainCategory(q.kind) != s.Category ||
			s.State == "open" && !q.st.Open() || s.State == "ended" && q.st.Open() ||
			s.State != "" && s.State != "open" && s.State != "ended" && State(s.State) != q.st {
			continue
		}
		k := cellKey(q.x, q.y, z)
		if c, r := k>>32, k&(1<<32-1); c < c0 || c > c1 || r < r0 || r > r1 {
			continue
		}
		c := m[k]
		if c == nil {
			c = &cell{}
			m[k] = c
		}
		c.n, c.x, c.y, c.ids = c.n+1, c.x+int64(q.x), c.y+int64(q.y), c.ids^q.id
	}
	return m
}

// pin stands at the mean of its issues, near the middle of its cell.
func (p *Pins) pin(k *cell, z int, c, r uint64) Pin {
	n := 256 * math.Exp2(float64(z))
	hold := func(sum int64, cell uint64) float64 {
		mid := (float64(cell) + .5) * pinCell
		return max(mid-pinPlay, min(mid+pinPlay, float64(sum)/float64(k.n)/world*n))
	}
	out := Pin{N: int(k.n)}
	at := geo.FromPixel(hold(k.x, c), hold(k.y, r), float64(z))
	out.Lat, out.Lon = at.Lat, at.Lon
	if k.n == 1 {
		if i, ok := p.at[k.ids]; ok {
			out.ID, out.No, out.State = k.ids, p.pts[i].no, p.pts[i].st
		}
	}
	return out
}

package issue

import (
	"context"
	"math"
	"slices"
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
	pts   []point  // one behind the other, to be run through in a millisecond
	nos   []string // of each point
	ids   []id.ID
	kinds map[string]uint16
	codes []string        // of each kind
	sets  map[string]*set // by category, main or not, of those that were asked for; "" all
}

// set is what lies in each cell: all of it, and what is open.
type set [2][pinZoom1 + 1]map[uint64]*cell

type point struct {
	x, y uint32 // of the world, in 2^32
	kind uint16
	st   uint8 // index in states
}

// states are all there are; those that are open come first.
var states = append(slices.Clone(open), Closed, Refused, Merged)

func (q point) open() bool { return int(q.st) < len(open) }

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

// count adds a point to the sets it belongs to, or takes it out.
func (p *Pins) count(n id.ID, q point, sign int64) {
	code := p.codes[q.kind]
	p.sets[""].count(n, q, sign)
	if s := p.sets[code]; s != nil {
		s.count(n, q, sign)
	}
	if main := mainCategory(code); main != code {
		if s := p.sets[main]; s != nil {
			s.count(n, q, sign)
		}
	}
}

func (s *set) count(n id.ID, q point, sign int64) {
	for kind := range s {
		if kind == 1 && !q.open() {
			continue
		}
		for z := pinZoom0; z <= pinZoom1; z++ {
			m := s[kind][z]
			k := cellKey(q.x, q.y, z)
			c := m[k]
			if c == nil {
				c = &cell{}
				m[k] = c
			}
			c.n, c.x, c.y, c.ids = c.n+sign, c.x+sign*int64(q.x), c.y+sign*int64(q.y), c.ids^n
			if c.n == 0 {
				delete(m, k)
			}
		}
	}
}

func newSet() *set {
	var s set
	for k := range s {
		for z := range s[k] {
			s[k][z] = map[uint64]*cell{}
		}
	}
	return &s
}

// set is the set of a category, counted when it is first asked for and kept up from then
// on; nil when nothing is of that category.
func (p *Pins) set(category string) *set {
	if s := p.sets[category]; s != nil {
		return s
	}
	of := make([]bool, len(p.codes))
	some := false
	for k, code := range p.codes {
		of[k] = code == category || mainCategory(code) == category
		some = some || of[k]
	}
	if !some { // what is asked comes from outside: only what there is takes room
		return nil
	}
	s := newSet()
	for i, q := range p.pts {
		if of[q.kind] {
			s.count(p.ids[i], q, 1)
		}
	}
	p.sets[category] = s
	return s
}

func (p *Pins) put(n id.ID, q point, no string, there bool) {
	if i, old := p.at[n]; old {
		p.count(n, p.pts[i], -1)
		end := len(p.pts) - 1
		p.pts[i], p.nos[i], p.ids[i] = p.pts[end], p.nos[end], p.ids[end]
		p.at[p.ids[i]] = i
		p.pts, p.nos, p.ids = p.pts[:end], p.nos[:end], p.ids[:end]
		delete(p.at, n)
	}
	if there {
		p.at[n] = int32(len(p.pts))
		p.pts, p.nos, p.ids = append(p.pts, q), append(p.nos, no), append(p.ids, n)
		p.count(n, q, 1)
	}
}

func (p *Pins) kind(code string) uint16 {
	k, ok := p.kinds[code]
	if !ok {
		k = uint16(len(p.kinds))
		p.kinds[code] = k
		p.codes = append(p.codes, code)
	}
	return k
}

func (p *Pins) ready() {
	if p.at == nil {
		p.at, p.kinds, p.sets = map[id.ID]int32{}, map[string]uint16{}, map[string]*set{"": newSet()}
	}
}

// point is what is kept of an issue at a place.
func (p *Pins) point(at geo.Point, st State, code string) point {
	x, y := world01(at)
	return point{uint32(x * world), uint32(y * world), p.kind(code), uint8(max(0, slices.Index(states, st)))}
}

// mark is how far the rows were read.
type mark struct{ stamp, id id.ID }

// read brings p up to what tx sees.
func (p *Pins) read(tx *db.Tx, late time.Duration) error {
	p.ready()
	from := mark{stamp: min(p.last, id.At(tx.Now().Add(-late)))}
	if from.stamp == p.last {
		from.id = far // all of that stamp was read
	}
	for {
		n, err := db.All(tx, func(r db.Row) (at mark, err error) {
			var pub bool
			var lat, lon float64
			var state State
			var no, code string
			if err = r.Scan(&at.stamp, &at.id, &pub, &lat, &lon, &state, &no, &code); err != nil {
				return
			}
			q := p.point(geo.Point{Lat: lat, Lon: lon}, state, code)
			p.put(at.id, q, no, pub && (lat != 0 || lon != 0))
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
			if k := cells(c, r); k != nil {
				out = append(out, p.pin(k, z, c, r))
			}
		}
	}
	return out
}

// pick are the cells of a scope: kept for what is asked most, else counted now.
func (p *Pins) pick(z int, s Scope, c0, r0, c1, r1 uint64) func(c, r uint64) *cell {
	switch s.State {
	case "", "open", "ended":
		kept := p.set(s.Category)
		if kept == nil {
			return func(c, r uint64) *cell { return nil }
		}
		all, open := kept[0][z], kept[1][z]
		switch s.State {
		case "":
			return func(c, r uint64) *cell { return all[c<<32|r] }
		case "open":
			return func(c, r uint64) *cell { return open[c<<32|r] }
		}
		return func(c, r uint64) *cell { // what ended is what is not open
			k, o := all[c<<32|r], open[c<<32|r]
			switch {
			case k == nil || o == nil:
				return k
			case k.n == o.n:
				return nil
			}
			return &cell{k.n - o.n, k.x - o.x, k.y - o.y, k.ids ^ o.ids}
		}
	}
	kinds := make([]bool, len(p.kinds))
	for code, k := range p.kinds {
		kinds[k] = s.Category == "" || code == s.Category || mainCategory(code) == s.Category
	}
	in := make([]bool, len(states))
	for i, st := range states {
		in[i] = s.State == "" || s.State == "open" && st.Open() || s.State == "ended" && !st.Open() || State(s.State) == st
	}
	rows := r1 - r0 + 1
	m := make([]cell, (c1-c0+1)*rows) // what is shown, and no more: at most pinsMost
	n := 256 * math.Exp2(float64(z)) / pinCell / world
	for i, q := range p.pts {
		if !kinds[q.kind] || !in[q.st] {
			continue
		}
		c, r := uint64(float64(q.x)*n), uint64(float64(q.y)*n)
		if c < c0 || c > c1 || r < r0 || r > r1 {
			continue
		}
		k := &m[(c-c0)*rows+r-r0]
		k.n, k.x, k.y, k.ids = k.n+1, k.x+int64(q.x), k.y+int64(q.y), k.ids^p.ids[i]
	}
	return func(c, r uint64) *cell {
		if k := &m[(c-c0)*rows+r-r0]; k.n > 0 {
			return k
		}
		return nil
	}
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
			out.ID, out.No, out.State = k.ids, p.nos[i], states[p.pts[i].st]
		}
	}
	return out
}

package place

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Grid is a 网格, the unit of administration over the same ground that neighbourhoods
// govern themselves on. It lies in one place, a community as a rule.
type Grid struct {
	ID          id.ID
	Place       id.ID
	Path        string // of Place
	Number      int64
	Code        string
	Name        string
	Hant        string
	En          string
	From, Until time.Time
	Rev         int64
}

// In is the name in a script.
func (g Grid) In(lang string) string {
	return Place{Name: g.Name, NameHant: g.Hant, NameEn: g.En}.In(lang)
}

const gridCols = `id, place, path, number, code, name, hant, en, since, until, rev`

func scanGrid(s db.Row) (g Grid, err error) {
	err = s.Scan(&g.ID, &g.Place, &g.Path, &g.Number, &g.Code, &g.Name, &g.Hant, &g.En, db.Time(&g.From), db.Time(&g.Until), &g.Rev)
	return
}

// near is how far, in metres, a building may be from a point and still be where it is.
const near = 80

// gridKind is a ground's kind when it is a grid's; else it is the place's level.
const gridKind = "grid"

type piece struct {
	id   id.ID
	kind string
	rev  int64
}

// holding are the grounds of the town whose boundary holds p.
func holding(tx *db.Tx, c *Shapes, p geo.Point, grid bool) ([]piece, error) {
	sign := "<>"
	if grid {
		sign = "="
	}
	ps, err := db.All(tx, func(s db.Row) (f piece, err error) {
		err = s.Scan(&f.id, &f.kind, &f.rev)
		return
	}, `select id, kind, rev from ground where lat0 <= $1 and lat1 >= $1 and lon0 <= $2 and lon1 >= $2 and tree = 0 and kind `+sign+` '`+gridKind+`' order by id`, p.Lat, p.Lon)
	if err != nil {
		return nil, err
	}
	var in []piece
	for _, f := range ps {
		s, err := c.read(f.rev, func() (string, error) { return Boundary(tx, f.id) })
		if err != nil {
			return nil, err
		}
		if s.Contains(p) {
			in = append(in, f)
		}
	}
	return in, nil
}

// At is the chain of places that holds a point, widest first: down to the neighbourhood
// by boundaries, then to the nearest building within 80 m in it, or to the estate whose
// boundary holds it. Empty where the town ends. Shapes may be nil.
func At(tx *db.Tx, c *Shapes, p geo.Point) ([]Place, error) {
	in, err := holding(tx, c, p, false)
	if err != nil {
		return nil, err
	}
	ids := make([]id.ID, len(in))
	for i, f := range in {
		ids[i] = f.id
	}
	m, err := ByIDs(tx, ids)
	if err != nil {
		return nil, err
	}
	var deepest Place
	for _, n := range ids { // in order of ids: of two that both claim it, always the same
		q := m[n]
		if q.Open(tx.Now()) && q.Level.Depth() > deepest.Level.Depth() {
			deepest = q
		}
	}
	if deepest.ID == 0 {
		return nil, nil
	}
	path := deepest.Path
	b, err := nearest(tx, p, near, path)
	switch {
	case err == nil:
		path = b.Path
	case fail.KindOf(err) != fail.Missing:
		return nil, err
	}
	return Chain(tx, path)
}

// NearestBuilding is the building within so many metres of p. Missing place.none.
func NearestBuilding(tx *db.Tx, p geo.Point, within float64) (Place, error) {
	return nearest(tx, p, within, "/")
}

func nearest(tx *db.Tx, p geo.Point, within float64, path string) (Place, error) {
	dLat := within / 111000
	dLon := dLat / max(.01, math.Cos(p.Lat*math.Pi/180))
	ps, err := db.All(tx, scan, `select `+cols+` from place where level = $1 and lat >= $2 and lat <= $3 and lon >= $4 and lon <= $5
		and (until = 0 or until > $6) and tree = 0`, Building, p.Lat-dLat, p.Lat+dLat, p.Lon-dLon, p.Lon+dLon, db.Ms(tx.Now()))
	if err != nil {
		return Place{}, err
	}
	var best Place
	from := within
	slices.SortFunc(ps, func(a, b Place) int { return cmp.Compare(a.ID, b.ID) })
	for _, b := range ps {
		if d := geo.Distance(p, b.At()); d <= from && Inside(b.Path, path) && (best.ID == 0 || d < from) {
			best, from = b, d
		}
	}
	if best.ID == 0 {
		return best, fail.New(fail.Missing, "place.none")
	}
	return best, nil
}

// Boundary is the GeoJSON of a place's or a grid's boundary. Missing place.boundary.none.
func Boundary(tx *db.Tx, n id.ID) (string, error) {
	return db.One(tx, "place.boundary.none", func(s db.Row) (g string, err error) { err = s.Scan(&g); return }, `select shape from ground where id = $1`, n)
}

// Boundaries are those of many places or grids, where there are any.
func Boundaries(tx *db.Tx, ids []id.ID) (map[id.ID]string, error) {
	out := map[id.ID]string{}
	for part := range slices.Chunk(ids, some) {
		_, err := db.All(tx, func(s db.Row) (struct{}, error) {
			var n id.ID
			var g string
			err := s.Scan(&n, &g)
			out[n] = g
			return struct{}{}, err
		}, `select id, shape from ground where id in (`+list(len(part))+`)`, anys(part)...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SetBoundary gives a place its boundary: a polygon or several in GeoJSON, in the system
// crs names (see geo.Parse). Invalid geo.*, place.boundary.single.
func (d Desk) SetBoundary(ctx context.Context, by who.Actor, n id.ID, geojson, crs string) (err error) {
	defer fail.Wrap(&err, "place.SetBoundary(%d)", n)
	s, err := one([]byte(geojson), crs)
	if err != nil {
		return err
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		p, err := ByID(tx, n)
		if err != nil {
			return 0, err
		}
		if err := allowed(by, p.Path); err != nil {
			return 0, err
		}
		if err := setBoundary(tx, p, s); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "place.boundary", n, nil)
	})
	return err
}

func setBoundary(tx *db.Tx, p Place, s geo.Shape) error {
	tree, err := treeOf(tx, p)
	if err != nil {
		return err
	}
	return putGround(tx, p.ID, string(p.Level), tree, s)
}

func putGround(tx *db.Tx, n id.ID, kind string, tree id.ID, s geo.Shape) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	box := s.Bound()
	_, err = tx.Exec(`insert into ground (id, kind, tree, lat0, lat1, lon0, lon1, shape, rev) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (id) do update set lat0 = excluded.lat0, lat1 = excluded.lat1, lon0 = excluded.lon0, lon1 = excluded.lon1, shape = excluded.shape, rev = excluded.rev`,
		n, kind, tree, box.Min.Lat, box.Max.Lat, box.Min.Lon, box.Max.Lon, string(b), id.New(tx.Now()))
	return err
}

// AddGrid adds a grid with its boundary (an empty one for none yet). Place, Number and Name are given.
func (d Desk) AddGrid(ctx context.Context, by who.Actor, g Grid, s geo.Shape) (_ Grid, err error) {
	defer fail.Wrap(&err, "place.AddGrid")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Grid, error) { return addGrid(tx, by, g, s) })
}

func addGrid(tx *db.Tx, by who.Actor, g Grid, s geo.Shape) (Grid, error) {
	p, err := ByID(tx, g.Place)
	if err != nil {
		return g, err
	}
	if err := allowed(by, p.Path); err != nil {
		return g, err
	}
	q := Place{Level: Community, Name: g.Name, NameHant: g.Hant, NameEn: g.En}
	if err := q.Check(); err != nil {
		return g, err
	}
	if g.Code != "" && !treeCode.MatchString(g.Code) {
		return g, bad("code", "place.code.form")
	}
	g.ID, g.Path, g.Name, g.Hant, g.En, g.Rev = id.New(tx.Now()), p.Path, q.Name, q.NameHant, q.NameEn, 1
	if g.From.IsZero() {
		g.From = tx.Now()
	}
	if _, err := tx.Exec(`insert into grid (`+gridCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		g.ID, g.Place, g.Path, g.Number, g.Code, g.Name, g.Hant, g.En, db.Ms(g.From), db.Ms(g.Until), g.Rev); err != nil {
		return g, err
	}
	if !s.Empty() {
		tree, err := treeOf(tx, p)
		if err != nil {
			return g, err
		}
		if err := putGround(tx, g.ID, gridKind, tree, s); err != nil {
			return g, err
		}
	}
	return g, audit.Record(tx, by, "place.grid.add", g.ID, map[string]any{"place": g.Place, "number": g.Number})
}

// Grids are the open grids in a place.
func Grids(tx *db.Tx, path string) ([]Grid, error) {
	gs, err := db.All(tx, scanGrid, `select `+gridCols+` from grid where path like $1 and (until = 0 or until > $2) order by place, number, id`,
		strings.TrimSuffix(orSlash(path), "/")+"/%", db.Ms(tx.Now()))
	return gs, err
}

// GridByID is one grid. Missing place.grid.none.
func GridByID(tx *db.Tx, n id.ID) (Grid, error) {
	return db.One(tx, "place.grid.none", scanGrid, `select `+gridCols+` from grid where id = $1`, n)
}

// GridAt is the open grid that holds p. Missing place.grid.none.
func GridAt(tx *db.Tx, c *Shapes, p geo.Point) (Grid, error) {
	in, err := holding(tx, c, p, true)
	if err != nil {
		return Grid{}, err
	}
	for _, f := range in {
		g, err := GridByID(tx, f.id)
		if err != nil {
			return g, err
		}
		if (g.Until.IsZero() || tx.Now().Before(g.Until)) && !tx.Now().Before(g.From) {
			return g, nil
		}
	}
	return Grid{}, fail.New(fail.Missing, "place.grid.none")
}

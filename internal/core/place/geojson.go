package place

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Layer is what an ImportGeoJSON file holds.
type Layer struct {
	In    id.ID // the place in which all of it lies
	Level Level // of the features, directly in In or below it; "" with Grids
	Grids bool  // the second layer instead
	Dry   bool  // only report
}

// Fit says how well boundaries cover the ground of the place they lie in. Shares are
// measured on a net of points, so they are good to about a thousandth.
type Fit struct {
	Report
	Points        int // of the net, in the place's own boundary
	Gap, Overlap  float64
	Outside       float64  // of the boundaries' ground, beyond the place's own
	GapAt, OverAt []Point  // a few of each, to look at on the map
	Astray        []id.ID  // places that lie outside the boundary of the one they belong to
	Missing       []string // names of places of that level for which the file has nothing
	Bounds        [2]Point // south-west, north-east
}

type feature struct {
	Properties map[string]any
	Geometry   json.RawMessage
}

func (f feature) prop(names ...string) string {
	for _, n := range names {
		switch v := f.Properties[n].(type) {
		case string:
			return strings.TrimSpace(v)
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

// ImportGeoJSON reads boundaries: a FeatureCollection of polygons with properties code
// or name (name_hant, name_en, number for grids). A place of that level with the code, or
// with the name, gets the boundary; one that is not there yet is added. The report says
// where boundaries leave gaps, overlap, or leave places out.
func (d Desk) ImportGeoJSON(ctx context.Context, by who.Actor, file io.Reader, l Layer) (_ Fit, err error) {
	defer fail.Wrap(&err, "place.ImportGeoJSON")
	in, err := unpack(file)
	if err != nil {
		return Fit{}, err
	}
	lim := &io.LimitedReader{R: in, N: 64 << 20}
	var fc struct {
		Type     string
		Features []feature
	}
	if err := json.NewDecoder(lim).Decode(&fc); err != nil {
		if lim.N <= 0 {
			return Fit{}, fail.New(fail.Invalid, "place.import.large")
		}
		return Fit{}, &fail.Error{Kind: fail.Invalid, Code: "place.import.form", Err: err}
	}
	if fc.Type != "FeatureCollection" || len(fc.Features) > batch {
		return Fit{}, fail.New(fail.Invalid, "place.import.form")
	}
	run := db.Do[Fit]
	if l.Dry {
		run = db.See[Fit]
	}
	return run(ctx, d.DB, func(tx *db.Tx) (Fit, error) { return importShapes(tx, by, fc.Features, l) })
}

func importShapes(tx *db.Tx, by who.Actor, fs []feature, l Layer) (Fit, error) {
	var out Fit
	in, err := ByID(tx, l.In)
	if err != nil {
		return out, err
	}
	if err := allowed(by, in.Path); err != nil {
		return out, err
	}
	if !l.Grids && l.Level.Depth() <= in.Level.Depth() {
		return out, bad("level", "place.order")
	}
	tree, err := treeOf(tx, in)
	if err != nil {
		return out, err
	}
	have := map[string]Place{} // by code and by name
	if !l.Grids {
		ps, err := Under(tx, in.Path, l.Level)
		if err != nil {
			return out, err
		}
		for _, p := range ps {
			have[p.Name] = p
			if p.Code != "" {
				have[p.Code] = p
			}
		}
	}
	grids := map[string]Grid{}
	if l.Grids {
		gs, err := Grids(tx, in.Path)
		if err != nil {
			return out, err
		}
		for _, g := range gs {
			grids[g.Name] = g
			if g.Code != "" {
				grids[g.Code] = g
			}
		}
	}
	type drawn struct {
		id id.ID // 0 in a dry run for a new one
		s  shape
	}
	var all []drawn
	seen := map[id.ID]bool{}
	for i, f := range fs {
		n := i + 1
		out.Read++
		s, err := parseShape(f.Geometry)
		if err != nil {
			e := asFail(err)
			out.bad(n, e.Code)
			continue
		}
		code, name := f.prop("code", "id"), f.prop("name", "name_zh")
		if name == "" && code == "" {
			out.bad(n, "place.name.missing")
			continue
		}
		if l.Grids {
			g, ok := grids[code]
			if !ok {
				g, ok = grids[name]
			}
			num, _ := strconv.ParseInt(f.prop("number"), 10, 64)
			switch {
			case l.Dry:
			case ok:
				err = putGround(tx, g.ID, gridKind, tree, string(f.Geometry))
			default:
				g, err = addGrid(tx, by, Grid{Place: in.ID, Number: num, Code: code, Name: firstOf(name, code), Hant: f.prop("name_hant"), En: f.prop("name_en")}, string(f.Geometry))
			}
			if err != nil {
				return out, err
			}
			out.count(ok)
			all = append(all, drawn{g.ID, s})
			continue
		}
		p, ok := have[FullCode(code)]
		if !ok {
			p, ok = have[name]
		}
		if ok && seen[p.ID] {
			out.bad(n, "place.import.twice")
			continue
		}
		if !ok {
			p = Place{Parent: in.ID, Level: l.Level, Name: firstOf(name, code), NameHant: f.prop("name_hant"), NameEn: f.prop("name_en"), Code: code, Public: true}
			c := s.middle()
			p.Lat, p.Lon = c.Lat, c.Lon
			if !l.Dry {
				if p, err = Add(tx, by, p); err != nil {
					if e := asFail(err); e != nil {
						out.bad(n, e.Code)
						continue
					}
					return out, err
				}
			}
		}
		if !l.Dry {
			if err := setBoundary(tx, p, string(f.Geometry)); err != nil {
				return out, err
			}
		}
		seen[p.ID] = p.ID != 0
		out.count(ok)
		all = append(all, drawn{p.ID, s})
	}
	for _, p := range have {
		if !seen[p.ID] && !slices.Contains(out.Missing, p.Name) {
			out.Missing = append(out.Missing, p.Name)
		}
	}
	slices.Sort(out.Missing)

	var whole *shape
	if g, err := Boundary(tx, in.ID); err == nil {
		s, err := parseShape([]byte(g))
		if err != nil {
			return out, err
		}
		whole = &s
	} else if fail.KindOf(err) != fail.Missing {
		return out, err
	}
	shapes := make([]shape, len(all))
	for i, d := range all {
		shapes[i] = d.s
	}
	out.measure(whole, shapes)
	for _, d := range all {
		if d.id == 0 || l.Grids {
			continue
		}
		p, err := ByID(tx, d.id)
		if err != nil {
			return out, err
		}
		bs, err := Under(tx, p.Path, Building)
		if err != nil {
			return out, err
		}
		for _, b := range bs {
			if b.Placed() && !d.s.holds(b.At()) {
				out.Astray = append(out.Astray, b.ID)
			}
		}
	}
	if l.Dry || out.Added+out.Changed == 0 {
		return out, nil
	}
	return out, audit.Record(tx, by, "place.import.shapes", in.ID, map[string]any{"added": out.Added, "changed": out.Changed, "grids": l.Grids})
}

func asFail(err error) *fail.Error {
	e, _ := err.(*fail.Error)
	return e
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (r *Report) count(there bool) {
	if there {
		r.Changed++
	} else {
		r.Added++
	}
}

func (s shape) middle() Point { return Point{(s.lat0 + s.lat1) / 2, (s.lon0 + s.lon1) / 2} }

// measure lays a net of points over everything and counts what lies where.
func (f *Fit) measure(whole *shape, shapes []shape) {
	b := box(shape{lat0: 91, lat1: -91, lon0: 181, lon1: -181}, shapes)
	if whole != nil {
		b = box(b, []shape{*whole})
	}
	if b.lat0 > b.lat1 {
		return
	}
	f.Bounds = [2]Point{{b.lat0, b.lon0}, {b.lat1, b.lon1}}
	const net = 157 // a prime, so that the net does not lie along drawn squares
	gap, over, out, covered := 0, 0, 0, 0
	for i := range net {
		for j := range net {
			// a little aslant for the same reason
			p := Point{b.lat0 + (b.lat1-b.lat0)*(float64(i)+.31)/net, b.lon0 + (b.lon1-b.lon0)*math.Mod((float64(j)+.17)/net+float64(i)*.0017, 1)}
			n := 0
			for _, s := range shapes {
				if s.holds(p) {
					n++
				}
			}
			if n > 0 {
				covered++
			}
			in := whole != nil && whole.holds(p)
			switch {
			case in || whole == nil && n > 0:
				f.Points++
				if n == 0 {
					gap++
					f.GapAt = few(f.GapAt, p)
				}
			case n > 0:
				out++
			}
			if n > 1 {
				over++
				f.OverAt = few(f.OverAt, p)
			}
		}
	}
	if f.Points > 0 {
		f.Gap = float64(gap) / float64(f.Points)
	}
	if covered > 0 {
		f.Overlap, f.Outside = float64(over)/float64(covered), float64(out)/float64(covered)
	}
}

func box(b shape, all []shape) shape {
	for _, s := range all {
		b.lat0, b.lat1, b.lon0, b.lon1 = min(b.lat0, s.lat0), max(b.lat1, s.lat1), min(b.lon0, s.lon0), max(b.lon1, s.lon1)
	}
	return b
}

func few(ps []Point, p Point) []Point {
	if len(ps) < 20 {
		return append(ps, p)
	}
	return ps
}

package place

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Layer is what an ImportGeoJSON file holds.
type Layer struct {
	In    id.ID  // the place in which all of it lies
	Level Level  // of the features, directly in In or below it; "" with Grids
	Grids bool   // the second layer instead
	CRS   string // of the coordinates: wgs84, gcj02, bd09; "" if the file says so itself
	Dry   bool   // only report
}

// Fit says how well boundaries cover the ground of the place they lie in.
type Fit struct {
	Report
	Overlaps []Overlap
	Gap      geo.Piece // ground of the place that no boundary covers
	Outside  geo.Piece // ground beyond the place's own boundary
	Astray   []id.ID   // buildings that lie outside the boundary of the place they belong to
	Missing  []string  // places of that level for which the file has nothing
}

// Overlap is ground that two features claim; A and B are their numbers in the file.
type Overlap struct {
	A, B int
	geo.Piece
}

// sliver is what drawing by hand leaves between neighbours, in square metres.
const sliver = 1.0

type feature struct {
	Properties map[string]any
	shape      geo.Shape
	err        error
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
	fs, err := readShapes(file, l.CRS)
	if err != nil {
		return Fit{}, err
	}
	run := db.Do[Fit]
	if l.Dry {
		run = db.See[Fit]
	}
	return run(ctx, d.DB, func(tx *db.Tx) (Fit, error) { return importShapes(tx, by, fs, l) })
}

// readShapes reads the features of a file; one that is no area carries its refusal.
func readShapes(file io.Reader, crs string) ([]feature, error) {
	in, err := unpack(file)
	if err != nil {
		return nil, err
	}
	lim := &io.LimitedReader{R: in, N: 64 << 20}
	var fc struct {
		Type     string
		Features []json.RawMessage
		CRS      struct{ Properties struct{ Name string } }
	}
	if err := json.NewDecoder(lim).Decode(&fc); err != nil {
		if lim.N <= 0 {
			return nil, fail.New(fail.Invalid, "place.import.large")
		}
		return nil, &fail.Error{Kind: fail.Invalid, Code: "place.import.form", Err: err}
	}
	if fc.Type != "FeatureCollection" || len(fc.Features) > batch {
		return nil, fail.New(fail.Invalid, "place.import.form")
	}
	crs = firstOf(crs, fc.CRS.Properties.Name)
	if _, err := geo.Parse(crs, 0, 0); err != nil { // before every feature says so
		return nil, err
	}
	fs := make([]feature, len(fc.Features))
	for i, raw := range fc.Features {
		if fs[i].shape, fs[i].err = one(raw, crs); fs[i].err == nil {
			fs[i].err = json.Unmarshal(raw, &fs[i])
		}
	}
	return fs, nil
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
		n  int
		id id.ID // 0 in a dry run for a new one
		s  geo.Shape
	}
	var all []drawn
	seen := map[id.ID]bool{}
	for i, f := range fs {
		n := i + 1
		out.Read++
		if f.err != nil {
			e := asFail(f.err)
			out.bad(n, e.Code, e.Args...)
			continue
		}
		s := f.shape
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
				err = putGround(tx, g.ID, gridKind, tree, s)
			default:
				var home id.ID
				if home, err = homeOf(tx, in, s); err != nil {
					return out, err
				}
				g, err = addGrid(tx, by, Grid{Place: home, Number: num, Code: code, Name: firstOf(name, code), Hant: f.prop("name_hant"), En: f.prop("name_en")}, s)
			}
			if err != nil {
				return out, err
			}
			out.count(ok)
			all = append(all, drawn{n, g.ID, s})
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
			c := s.Middle()
			p.Lat, p.Lon = c.Lat, c.Lon
			if !l.Dry {
				if p, err = Add(tx, by, p); err != nil {
					if fail.KindOf(err) == fail.Fault {
						return out, err
					}
					out.bad(n, asFail(err).Code)
					continue
				}
			}
		}
		if !l.Dry {
			if err := setBoundary(tx, p, s); err != nil {
				return out, err
			}
		}
		seen[p.ID] = p.ID != 0
		out.count(ok)
		all = append(all, drawn{n, p.ID, s})
	}
	for _, p := range have {
		if !seen[p.ID] && !slices.Contains(out.Missing, p.Name) {
			out.Missing = append(out.Missing, p.Name)
		}
	}
	slices.Sort(out.Missing)

	var whole geo.Shape
	if g, err := Boundary(tx, in.ID); err == nil {
		if err := json.Unmarshal([]byte(g), &whole); err != nil {
			return out, err
		}
	} else if fail.KindOf(err) != fail.Missing {
		return out, err
	}
	parts := make([]geo.Shape, len(all))
	for i, d := range all {
		parts[i] = d.s
	}
	r := geo.Survey(whole, parts)
	out.Gap, out.Outside = r.Gap, r.Outside
	for _, o := range r.Overlaps {
		if o.Area > sliver {
			out.Overlaps = append(out.Overlaps, Overlap{all[o.A].n, all[o.B].n, o.Piece})
		}
	}
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
			if b.Placed() && !d.s.Contains(b.At()) {
				out.Astray = append(out.Astray, b.ID)
			}
		}
	}
	if l.Dry || out.Added+out.Changed == 0 {
		return out, nil
	}
	return out, audit.Record(tx, by, "place.import.shapes", in.ID, map[string]any{"added": out.Added, "changed": out.Changed, "grids": l.Grids})
}

// asFail is the refusal in err; a fault in a feature is one about its form.
func asFail(err error) *fail.Error {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e
	}
	return fail.New(fail.Invalid, "place.import.form")
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

// homeOf is the community a grid lies in, by its middle; in itself where there is none.
func homeOf(tx *db.Tx, in Place, s geo.Shape) (id.ID, error) {
	ps, err := At(tx, nil, s.Middle())
	if err != nil {
		return 0, err
	}
	for _, p := range ps {
		if p.Level == Community && Inside(p.Path, in.Path) {
			return p.ID, nil
		}
	}
	return in.ID, nil
}

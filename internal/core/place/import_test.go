package place

import (
	"bytes"
	"compress/gzip"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/testkit"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

// shared finds a file of the shared study data; a public clone has none.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	for _, dir := range []string{os.Getenv("LINLI_SHARED"), "../../../../shared", "../../../../../shared"} {
		if dir == "" {
			continue
		}
		if b, err := os.ReadFile(filepath.Join(dir, "data", name)); err == nil {
			return b
		}
	}
	t.Skipf("%s is not here: set LINLI_SHARED to the folder that holds data/", name)
	return nil
}

const fixture = `code,name
99,云江省
9901,澄湾市
990113,澄东区
990113001,青桥街道
990113001001,清荷社区居委会
990113001002,柳岸社区居民委员会
990113001003,"福利村委会"
990113001004,育爱村村委会
990119009001,没有上级的社区居委会
12x,不是代码
990113002,
`

func TestDivisionsAreImportedAndMayBeAgain(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		dry := must(d.ImportDivisions(ctx, sys, strings.NewReader(fixture), true))
		if dry.Read != 11 || dry.Added != 9 || dry.Bad != 2 {
			t.Errorf("dry: %+v", dry)
		}
		if ps := must(d.Children(ctx, 0)); len(ps) != 0 {
			t.Fatalf("a dry run added %v", ps)
		}
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write([]byte(fixture))
		w.Close()
		got := must(d.ImportDivisions(ctx, sys, &z, false))
		if got.Added != dry.Added || got.Bad != 2 || got.Lines[0].N != 11 || got.Lines[1].Code != "place.name.missing" {
			t.Errorf("imported: %+v", got)
		}
		var names []string
		sub := must(d.ByCode(ctx, "990113001", time.Time{}))
		for _, p := range must(d.Children(ctx, sub.ID)) {
			names = append(names, p.Name)
		}
		if s := strings.Join(names, " "); s != "清荷社区 柳岸社区 福利村 育爱村" {
			t.Errorf("communities: %s", s)
		}
		again := must(d.ImportDivisions(ctx, sys, strings.NewReader(strings.Replace(fixture, "柳岸", "柳堤", 1)), false))
		if again.Added != 0 || again.Changed != 1 || again.Same != 8 {
			t.Errorf("again: %+v", again)
		}
		if ps := must(d.Search(ctx, "柳堤", sub.Path, 3)); len(ps) != 1 {
			t.Errorf("the new name is not found: %v", ps)
		}
	})
}

func TestUnreadableListsAreRefused(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d := Desk{DB: x}
		for s, code := range map[string]string{"": "place.import.form", "a,b\n1,2": "place.import.columns", "\x1f\x8bxx": "place.import.form"} {
			_, err := d.ImportDivisions(t.Context(), sys, strings.NewReader(s), true)
			refused(t, err, code)
		}
	})
}

// The whole district as it was in 2023: 182 communities and villages.
func TestChongchuanInFull(t *testing.T) {
	files := [][]byte{
		shared(t, "divisions/provinces.csv"), shared(t, "divisions/cities.csv"), shared(t, "divisions/nantong_areas_2023.csv"),
		shared(t, "divisions/nantong_streets_2023.csv"), shared(t, "divisions/chongchuan_villages_2023.csv"),
	}
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x}, t.Context()
		for _, f := range files {
			r := must(d.ImportDivisions(ctx, sys, bytes.NewReader(f), false))
			if r.Bad != 0 || r.Added == 0 || r.Added != r.Read {
				t.Fatalf("%+v", r)
			}
		}
		q := must(d.ByCode(ctx, "320613", time.Time{}))
		if ps := must(d.Under(ctx, q.Path, Community)); len(ps) != 182 {
			t.Errorf("%d communities in %s, want 182", len(ps), q.Name)
		}
		hpq := must(d.ByCode(ctx, "320613002", time.Time{}))
		var names []string
		for _, p := range must(d.Children(ctx, hpq.ID)) {
			names = append(names, strings.TrimSuffix(p.Name, "社区"))
		}
		if s := strings.Join(names, " "); hpq.Name != "和平桥街道" || s != "濠阳 濠城 北濠东村 濠北 百花苑 濠西 颐和 起凤" {
			t.Errorf("%s: %s", hpq.Name, s)
		}
		for _, p := range must(d.Under(ctx, q.Path, Community)) {
			if strings.Contains(p.Name, "委会") {
				t.Errorf("%s is a committee, not a place", p.Name)
			}
		}
		again := must(d.ImportDivisions(ctx, sys, bytes.NewReader(files[4]), false))
		if again.Same != 182 || again.Added+again.Changed+again.Bad != 0 {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestShapesAreImportedAndMeasured(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, x *db.DB) {
		d, ctx := Desk{DB: x, Shapes: &Shapes{}}, t.Context()
		all := small(t, d)
		com := all[4]
		if err := d.SetBoundary(ctx, sys, com.ID, square(32, 120.86, 32.03, 120.89), "wgs84"); err != nil {
			t.Fatal(err)
		}
		file := `{"type":"FeatureCollection","features":[
			{"type":"Feature","properties":{"name":"北濠邻里"},"geometry":` + square(32, 120.86, 32.03, 120.871) + `},
			{"type":"Feature","properties":{"name":"东濠邻里","name_en":"East"},"geometry":` + square(32, 120.87, 32.03, 120.88) + `},
			{"type":"Feature","properties":{"name":"坏邻里"},"geometry":{"type":"Point","coordinates":[1,2]}},
			{"type":"Feature","properties":{},"geometry":` + square(1, 1, 2, 2) + `},
			{"type":"Feature","properties":{"name":"北濠邻里"},"geometry":` + square(32, 120.86, 32.03, 120.871) + `}]}`
		l := Layer{In: com.ID, CRS: "wgs84", Level: Neighbourhood, Dry: true}
		dry := must(d.ImportGeoJSON(ctx, sys, strings.NewReader(file), l))
		l.Dry = false
		got := must(d.ImportGeoJSON(ctx, sys, strings.NewReader(file), l))
		for _, f := range []Fit{dry, got} {
			if f.Read != 5 || f.Added != 1 || f.Changed != 1 || f.Bad != 3 || f.Lines[0].N != 3 {
				t.Errorf("report %+v", f.Report)
			}
			// a third is left over; a thousandth of a degree is claimed twice
			gap, over := must(geo.Parse("wgs84", 32.015, 120.885)), must(geo.Parse("wgs84", 32.015, 120.8705))
			if len(f.Overlaps) != 1 || f.Overlaps[0].A != 1 || f.Overlaps[0].B != 2 || geo.Distance(f.Overlaps[0].At, over) > 5 || geo.Distance(f.Gap.At, gap) > 5 || f.Outside.Area > 1 {
				t.Errorf("overlaps %+v gap %+v outside %+v", f.Overlaps, f.Gap, f.Outside)
			}
			if third := must(one([]byte(square(32, 120.88, 32.03, 120.89)), "wgs84")).Area(); math.Abs(f.Gap.Area-third) > third/1000 {
				t.Errorf("gap %.0f m², want %.0f", f.Gap.Area, third)
			}
		}
		if ps := must(d.At(ctx, geo.Point{Lat: 32.01, Lon: 120.875})); len(ps) != 6 || ps[5].Name != "东濠邻里" {
			t.Errorf("in the new one: %v", ps)
		}
		// boundaries that leave a building of theirs out say so
		moved := strings.ReplaceAll(file, "120.871", "120.865")
		f := must(d.ImportGeoJSON(ctx, sys, strings.NewReader(moved), l))
		if len(f.Astray) != 1 || f.Astray[0] != all[7].ID {
			t.Errorf("astray %v, want building %d", f.Astray, all[7].ID)
		}
		g := must(d.ImportGeoJSON(ctx, sys, strings.NewReader(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"第1网格","number":1},"geometry":`+square(32, 120.86, 32.03, 120.89)+`}]}`), Layer{In: com.ID, CRS: "wgs84", Grids: true}))
		if g.Added != 1 || g.Gap.Area > 1 {
			t.Errorf("grids %+v", g)
		}
		if gr := must(d.GridAt(ctx, geo.Point{Lat: 32.01, Lon: 120.875})); gr.Name != "第1网格" || gr.Number != 1 {
			t.Errorf("grid %+v", gr)
		}
	})
}

// A generated town has neither gaps nor overlaps, measured exactly.
func TestDemoTownMeasuresClean(t *testing.T) {
	m := basemap.Town(1)
	whole := must(geo.NewShape(m.Boundary...))
	var communities, neighbourhoods, grids []geo.Shape
	for _, c := range m.Communities {
		communities = append(communities, must(geo.NewShape(c.Boundary...)))
		for _, n := range c.Neighbourhoods {
			neighbourhoods = append(neighbourhoods, must(geo.NewShape(n.Boundary...)))
		}
	}
	for _, g := range m.Grids {
		grids = append(grids, must(geo.NewShape(g.Boundary...)))
	}
	for name, parts := range map[string][]geo.Shape{"communities": communities, "neighbourhoods": neighbourhoods, "grids": grids} {
		r := geo.Survey(whole, parts)
		over := 0.0
		for _, o := range r.Overlaps {
			over += o.Area
		}
		if r.Gap.Area > .01 || over > .01 || r.Outside.Area > .01 {
			t.Errorf("%s: gap %g m², overlaps %g m², outside %g m²", name, r.Gap.Area, over, r.Outside.Area)
		}
	}
}

func BenchmarkAt(b *testing.B) {
	x := must(db.Open(b.Context(), filepath.Join(b.TempDir(), "t.db")))
	defer x.Close()
	for _, r := range rooms {
		if err := db.Migrate(b.Context(), x, r); err != nil {
			b.Fatal(err)
		}
	}
	d := Desk{DB: x, Shapes: &Shapes{}}
	m := basemap.Town(1)
	must(d.Settle(b.Context(), sys, m))
	p := m.Communities[3].Neighbourhoods[2].Centre
	for b.Loop() {
		must(d.At(b.Context(), p))
	}
}

func FuzzDivisions(f *testing.F) {
	add := mutate.Adder(f)
	add([]byte(fixture))
	add([]byte("\ufeffname,code\n\"a\"\"b,99\n\x00,9901\n"))
	add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		err := divisions(bytes.NewReader(b), func(v division, code string) error {
			if code == "" && (v.name == "" || len(v.code) != 12 || v.line < 2) {
				t.Fatalf("took %+v", v)
			}
			return nil
		})
		if err != nil && fail.KindOf(err) != fail.Invalid {
			t.Fatal(err)
		}
	})
}

func FuzzReadShapes(f *testing.F) {
	add := mutate.Adder(f)
	add([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a","number":1},"geometry":` + square(32, 120, 33, 121) + `}]}`))
	add([]byte(`{"type":"FeatureCollection","crs":{"properties":{"name":"bd09"}},"features":[null,{},{"geometry":{"type":"Point"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fs, err := readShapes(bytes.NewReader(b), "gcj02")
		if err != nil && fail.KindOf(err) != fail.Invalid {
			t.Fatal(err)
		}
		for _, x := range fs {
			x.prop("name", "code")
			if x.err == nil && x.shape.Empty() {
				t.Fatal("an empty shape was taken")
			}
			if x.err != nil && asFail(x.err).Code == "" {
				t.Fatal(x.err)
			}
		}
	})
}

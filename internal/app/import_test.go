package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

// shared is a file of the data we may read but not carry along; the test is skipped
// where it is not.
func shared(t *testing.T, path string) string {
	t.Helper()
	dir := os.Getenv("LINLI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data") // beside the repository
	}
	p := filepath.Join(dir, path)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("the shared data are not here: set LINLI_SHARED to the folder that holds %s", path)
	}
	return p
}

func count(t *testing.T, d *db.DB, q string, args ...any) int64 {
	t.Helper()
	n, err := db.See(t.Context(), d, func(tx *db.Tx) (int64, error) {
		return db.One(tx, "", func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, q, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func reopen(t *testing.T, dir string) *town {
	t.Helper()
	tn, err := open(t.Context(), Config{Data: dir, Zone: "Asia/Shanghai", Level: "error"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tn.close() })
	return tn
}

func TestImportedIssuesAreThereOnceAndDisturbNobody(t *testing.T) {
	dir := t.TempDir()
	for i, want := range []string{"3 issues taken in", "0 issues taken in under 测试导入; 3 were there"} {
		code, out, errs := run(t, dir, "", "import", "issues", "testdata/gcj.csv", "--profile", "testdata/gcj.json")
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("run %d: exit %d\n%s%s", i, code, out, errs)
		}
	}
	tn := reopen(t, dir)
	if n := count(t, tn.db, `select count(*) from issue where channel = 'import' and due_settle = 0 and due_accept = 0`); n != 3 {
		t.Errorf("%d issues without a clock, want 3", n)
	}
	if n := count(t, tn.db, `select count(*) from job`) + count(t, tn.db, `select count(*) from letter`); n != 0 {
		t.Errorf("%d jobs and letters, want none", n)
	}
	type row struct {
		lat, lon     float64
		at, closed   time.Time
		state, level string
	}
	r, err := db.See(t.Context(), tn.db, func(tx *db.Tx) (row, error) {
		return db.One(tx, "", func(r db.Row) (v row, err error) {
			err = r.Scan(&v.lat, &v.lon, db.Time(&v.at), db.Time(&v.closed), &v.state, &v.level)
			return
		}, `select i.lat, i.lon, i.at, i.closed, i.state, p.level from issue i join place p on p.id = i.tree where i.source = '1001'`)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := geo.FromGCJ(geo.Point{Lat: 32.02, Lon: 120.87})
	if d := geo.Distance(geo.Point{Lat: r.lat, Lon: r.lon}, want); d > 1 {
		t.Errorf("it lies %.0f m from where it should: GCJ-02 was not converted", d)
	}
	if got := r.at.Format(time.RFC3339); got != "2026-03-01T01:05:00Z" {
		t.Errorf("reported %s: the profile's zone was not used", got)
	}
	if r.state != "closed" || r.closed.IsZero() || r.level != string(place.Tree) {
		t.Errorf("%+v", r)
	}
	if n := count(t, tn.db, `select count(*) from entry where act = 'report' and released = true`); n != 0 {
		t.Errorf("%d texts are public that nobody released", n)
	}
}

func TestOneBadLineKeepsTheWholeFileOut(t *testing.T) {
	for name, c := range map[string]struct{ file, says string }{
		"time":    {"id,created,lat,lon\n1,2026-01-01,1,2\n2,yesterday,1,2\n", "Line 3 created: this is no time we can read: yesterday"},
		"point":   {"id,created,lat,lon\n1,2026-01-01,91,2\n", "Line 2 lat: this is no position: 91 2"},
		"bytes":   {"id,created,lat,lon\n1\xff,2026-01-01,1,2\n", "Line 2 1: the text is not in the encoding"},
		"columns": {"id,created,lat,lon\n1,2026-01-01,1,2\n2,2026-01-01,1\n", "Line 3 : the number of columns"},
		"quote":   {"id,created,lat,lon\n1,\"2026-01-01,1,2\n", "a quote is not closed"},
		"no id":   {"id,created,lat,lon\n,2026-01-01,1,2\n", "Line 2 id: there is no id"},
		"head":    {"id,lat,lon\n1,1,2\n", "lacks a column: created"},
		"empty":   {"", "lacks a column"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			profile := filepath.Join(dir, "p.json")
			os.WriteFile(profile, []byte(`{"tree":{"code":"x","name":"X"},"zone":"UTC","crs":"wgs84","encoding":"utf-8","columns":{"id":"id","created":"created","lat":"lat","lon":"lon"},"status":{"":{"state":"reported"}},"other":"idea.other"}`), 0o600)
			file := filepath.Join(dir, "f.csv")
			os.WriteFile(file, []byte(c.file), 0o600)
			code, out, errs := run(t, filepath.Join(dir, "data"), "", "import", "issues", file, "--profile", profile)
			if code != 1 || !strings.Contains(errs, c.says) {
				t.Errorf("exit %d, want 1 and %q:\n%s%s", code, c.says, out, errs)
			}
			if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
				t.Error("something was made")
			}
		})
	}
}

func TestUnlabelledProfilesAreRefused(t *testing.T) {
	whole, err := profiles.ReadFile("profiles/boston.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"tree", "zone", "crs", "encoding", "columns", "status", "other"} {
		var m map[string]any
		if err := json.Unmarshal(whole, &m); err != nil {
			t.Fatal(err)
		}
		delete(m, field)
		b, _ := json.Marshal(m)
		path := filepath.Join(t.TempDir(), "p.json")
		os.WriteFile(path, b, 0o600)
		if _, err := readProfile(path); fail.KindOf(err) != fail.Invalid {
			t.Errorf("without %s: %v", field, err)
		}
	}
	if _, err := readProfile("atlantis"); fail.KindOf(err) != fail.Invalid {
		t.Errorf("a profile that is not there: %v", err)
	}
}

func TestStoppedImportGoesOn(t *testing.T) {
	tn := fresh(t)
	if _, err := tn.issues.Seed(t.Context(), who.System(who.CLI)); err != nil {
		t.Fatal(err)
	}
	p, err := readProfile("zurich")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "z.csv")
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(strings.Split("id,created,due,closed,status,category,subcategory,source,address,area,lat,lon,ontime,dup,dup_parent", ","))
	for i := range 1200 {
		w.Write([]string{fmt.Sprint("z", i), "2016-01-02", "", "", "", "Abfall/Sammelstelle", "", "", "", "", "47.38", "8.52", "", "", ""})
	}
	w.Flush()
	os.WriteFile(file, b.Bytes(), 0o600)
	ctx, stop := context.WithCancel(t.Context())
	added, err := tn.importIssues(ctx, p, file, func(int) { stop() }) // in the middle, after a batch
	if err == nil || added == 0 || added >= 1200 {
		t.Fatalf("stopped after %d, %v", added, err)
	}
	if n := count(t, tn.db, `select count(*) from issue`); n != int64(added) {
		t.Errorf("%d are there, %d were said to be", n, added)
	}
	more, err := tn.importIssues(t.Context(), p, file, nil)
	if err != nil || added+more != 1200 {
		t.Errorf("then %d more, %v; want %d", more, err, 1200-added)
	}
}

// TestSharedRequestsGoIn brings every file of real requests; with -short the small one alone.
func TestSharedRequestsGoIn(t *testing.T) {
	for _, f := range []struct {
		profile, file string
		rows          int64
	}{
		{"newport", "newport-text-open.csv.gz", 700},
		{"losangeles", "losangeles-2017-12_2018-01.csv.gz", 17144},
		{"zurich", "zurich-2016_2023.csv.gz", 39881},
		{"boston", "boston-2011-07_10.csv.gz", 41827},
		{"chicago", "chicago-sanitation-2011_2013.csv.gz", 55135 - 176},
	} {
		t.Run(f.profile, func(t *testing.T) {
			path := shared(t, filepath.Join("requests", "open", f.file))
			dir := t.TempDir()
			args := []string{"import", "issues", path, "--profile", f.profile}
			if testing.Short() && f.rows > 1000 {
				args = append(args, "--dry-run")
			}
			if code, out, errs := run(t, dir, "", args...); code != 0 {
				t.Fatalf("exit %d\n%s%s", code, out, errs)
			}
			if testing.Short() && f.rows > 1000 {
				return
			}
			tn := reopen(t, dir)
			if n := count(t, tn.db, `select count(*) from issue where channel = 'import'`); n != f.rows {
				t.Errorf("%d issues, want %d", n, f.rows)
			}
			if n := count(t, tn.db, `select count(*) from job`); n != 0 {
				t.Errorf("%d jobs, want none", n)
			}
		})
	}
}

// TestRealMessagesFitIn raises real messages of citizens at places of the made-up town:
// nothing people write is refused but what is too long.
func TestRealMessagesFitIn(t *testing.T) {
	path := shared(t, filepath.Join("zh-messages", "labelled_raw.csv"))
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tn := fresh(t)
	by := who.System(who.CLI)
	if _, err := tn.issues.Seed(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	root, err := tn.places.Settle(t.Context(), by, basemap.Town(1))
	if err != nil {
		t.Fatal(err)
	}
	at, err := tn.places.Under(t.Context(), root.Path, place.Building)
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:]
	if testing.Short() {
		rows = rows[:100]
	}
	for i, r := range rows {
		_, err := tn.issues.Report(t.Context(), who.Actor{Via: who.Web}, issue.Report{Category: "idea.other", Text: r[3], Place: at[i%len(at)].ID, Channel: issue.ByWeb})
		if long := len([]rune(r[3])) > 2000; err != nil && !(long && fail.KindOf(err) == fail.Invalid) {
			t.Errorf("message %d: %v", i, err)
		}
	}
	if n := count(t, tn.db, `select count(distinct no) from issue`); n < int64(len(rows))*9/10 {
		t.Errorf("%d issues of %d messages", n, len(rows))
	}
}

func TestPlacesAndMapsAreTakenIn(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(t.TempDir(), "list.csv")
	os.WriteFile(list, []byte("code,name\n99,云江省\n9901,澄湾市\n990113,澄东区\n990113001,青桥街道\n990113001001,清荷社区\n"), 0o600)
	for _, args := range [][]string{{"import", "places", list, "--dry-run"}, {"import", "places", list}, {"import", "places", list}} {
		if code, out, errs := run(t, dir, "", args...); code != 0 || !strings.Contains(out, "5 lines read") {
			t.Errorf("%v: exit %d\n%s%s", args, code, out, errs)
		}
	}
	tn := reopen(t, dir)
	if n := count(t, tn.db, `select count(*) from place`); n != 5 || tn.root.Name != "青桥街道" {
		t.Errorf("%d places, root %q", n, tn.root.Name)
	}
	bad := filepath.Join(t.TempDir(), "bad.csv")
	os.WriteFile(bad, []byte("code,name\n12345,五位\n"), 0o600)
	if code, out, errs := run(t, dir, "", "import", "places", bad); code != 1 {
		t.Errorf("a wrong code: exit %d\n%s%s", code, out, errs)
	}
	for _, args := range [][]string{{"--crs", "wgs84"}, {"--geojson"}, {"--geojson", "--in", "990113001"}, {"--geojson", "--in", "990113001", "--level", "community", "--grids"}} {
		if code, _, errs := run(t, dir, "", append([]string{"import", "places", list}, args...)...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, want 2: %s", args, code, errs)
		}
	}
	osm := filepath.Join(t.TempDir(), "m.osm")
	os.WriteFile(osm, []byte(`<osm version="0.6"><node id="1" lat="32" lon="120.8"/><node id="2" lat="32.001" lon="120.802"/><way id="9"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/><tag k="name" v="荷塘路"/></way></osm>`), 0o600)
	if code, out, errs := run(t, dir, "", "import", "basemap", osm); code != 0 || !strings.Contains(out, "1 features") {
		t.Errorf("base map: exit %d\n%s%s", code, out, errs)
	}
	if m, err := (Config{Data: dir}).basemap(); err != nil || m.Len() != 1 {
		t.Errorf("the map that was made is not the map that is served: %v", err)
	}
	if code, _, _ := run(t, dir, "", "import", "basemap", list); code != 1 {
		t.Errorf("a list is no map: exit %d", code)
	}
}

// FuzzProfileRows: whatever a file holds, it is read or its lines are told.
func FuzzProfileRows(f *testing.F) {
	add := mutate.Adder(f)
	for _, s := range []string{"id,created,lat,lon\n1,2026-01-01,1,2\n", "id,created,lat,lon\n\"", "\xef\xbb\xbfid,created,lat,lon\r\n1,2026/1/2 3:04,91,x\r\n", "id\n"} {
		add([]byte(s), false)
		add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, gb bool) {
		p := &profile{CRS: "wgs84", Encoding: "utf-8", Other: "idea.other", Status: map[string]ending{"": {State: issue.Reported}}, zone: time.UTC}
		if gb {
			p.Encoding = "gb18030"
		}
		p.Columns.ID, p.Columns.Created, p.Columns.Lat, p.Columns.Lon, p.Columns.Text = "id", "created", "lat", "lon", []string{"id"}
		p.rows(bytes.NewReader(b), func(r record) error {
			if r.Source == "" || r.At.IsZero() || !(geo.Point{Lat: r.Lat, Lon: r.Lon}).Valid() && r.Lat != 0 {
				t.Errorf("taken in: %+v", r)
			}
			return nil
		}, func(e rowErr) {
			if e.line < 1 || e.code == "" {
				t.Errorf("%+v", e)
			}
		})
	})
}

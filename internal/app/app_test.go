package app

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
)

// fresh is a town with nothing in it.
func fresh(t *testing.T) *town {
	t.Helper()
	tn, err := open(t.Context(), Config{Data: t.TempDir(), Zone: "Asia/Shanghai", Listen: "127.0.0.1:0", Level: "error"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tn.close() })
	return tn
}

// run runs a subcommand in a data folder.
func run(t *testing.T, dir, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(append(args, "--data", dir, "--lang", "en", "--log-level", "error"), strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestServedUntilTold(t *testing.T) {
	tn := fresh(t)
	ctx, stop := context.WithCancel(t.Context())
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- tn.serve(ctx, func(a string) { addr <- a }) }()
	url := "http://" + <-addr
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/no-such-page": 404} {
		if got, _ := get(t, url+path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	// What was done is sealed and its head kept before the program ends.
	if _, err := db.Do(ctx, tn.db, func(tx *db.Tx) (int, error) { return 0, audit.Record(tx, who.System(who.CLI), "test", 1, nil) }); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
	n, err := db.See(t.Context(), tn.db, func(tx *db.Tx) (int64, error) { n, _, err := audit.Waiting(tx); return n, err })
	if err != nil || n != 0 {
		t.Errorf("%d acts wait for their seal, %v", n, err)
	}
}

func TestRootIsTheTownsNotAnImports(t *testing.T) {
	tn := fresh(t)
	by := who.System(who.CLI)
	tree, err := tn.places.Add(t.Context(), by, place.Place{Level: place.Tree, Name: "Boston", Code: "boston"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tn.places.Add(t.Context(), by, place.Place{Parent: tree.ID, Level: place.Subdistrict, Name: "Allston"}); err != nil {
		t.Fatal(err)
	}
	want, err := tn.places.Settle(t.Context(), by, basemap.Town(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.find(t.Context()); err != nil || tn.root.ID != want.ID {
		t.Errorf("root %v, want %v; %v", tn.root.Name, want.Name, err)
	}
}

func TestNightRoundComesOnce(t *testing.T) {
	tn := fresh(t)
	for range 3 {
		if err := tn.tomorrow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	due, err := db.See(t.Context(), tn.db, func(tx *db.Tx) ([]time.Time, error) {
		return db.All(tx, func(r db.Row) (at time.Time, err error) { err = r.Scan(db.Time(&at)); return }, `select due from job where kind = 'app.daily'`)
	})
	if err != nil || len(due) != 1 || due[0].In(tn.zone).Format("15:04") != "03:10" {
		t.Fatalf("%v, %v", due, err)
	}
	if err := tn.runner.Until(t.Context(), due[0].Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	s := tn.runner.Stats()
	if len(s) != 1 || s[0].Done != 1 || s[0].Failed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWrongUseIsExitTwo(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"nonsense"}, {"serve", "--no-such-flag"}, {"version", "too", "much"}} {
		if code, _, errs := run(t, dir, "", args...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
	if code, out, _ := run(t, dir, "", "--help"); code != 0 || !strings.Contains(out, "serve") {
		t.Errorf("--help: exit %d\n%s", code, out)
	}
	if code, _, errs := run(t, filepath.Join(dir, "x"), "", "serve", "--zone", "Mars/Olympus"); code != 1 || errs == "" {
		t.Errorf("unknown zone: exit %d, %q", code, errs)
	}
}

// Somebody's real town is never drawn as the made-up one.
func TestATownWithoutAMapShowsABareGround(t *testing.T) {
	tn := fresh(t)
	by := who.System(who.CLI)
	if _, err := tn.places.Settle(t.Context(), by, basemap.Town(1)); err != nil {
		t.Fatal(err)
	}
	if err := tn.find(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := tn.web()
	if s.Map.Len() != 0 || s.Town.Lat == 0 {
		t.Errorf("%d features around %f, %f", s.Map.Len(), s.Town.Lat, s.Town.Lon)
	}
	for path, want := range map[string]string{"/map/picture.svg?z=15&lat=31.98&lon=120.89": "还没有底图，只标位置", "/en/map/picture.svg?z=15&lat=31.98&lon=120.89": "No base map yet", "/zh-hant/map": "還沒有底圖", "/tiles/15/27380/13240": "<svg"} {
		w := httptest.NewRecorder()
		tn.handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if got := w.Body.String(); w.Code != 200 || !strings.Contains(got, want) || strings.Contains(got, "示意地图") || strings.Contains(got, "春和") {
			t.Errorf("%s: %d %.600s", path, w.Code, got)
		}
	}
}

// A town whose subdistrict has no point lies where its places are.
func TestTheMiddleOfATownIsAmongItsPlaces(t *testing.T) {
	tn := fresh(t)
	by := who.System(who.CLI)
	up, err := tn.places.Add(t.Context(), by, place.Place{Level: place.Province, Name: "江苏省", Code: "32"})
	if err != nil {
		t.Fatal(err)
	}
	root, err := tn.places.Add(t.Context(), by, place.Place{Parent: up.ID, Level: place.Subdistrict, Name: "实街道"})
	if err != nil {
		t.Fatal(err)
	}
	for i, lat := range []float64{31, 33, 0} {
		p := place.Place{Parent: root.ID, Level: place.Community, Name: "社区" + strconv.Itoa(i), Lat: lat}
		if lat != 0 {
			p.Lon = 120
		}
		if _, err := tn.places.Add(t.Context(), by, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := tn.find(t.Context()); err != nil || tn.root.Lat != 32 || tn.root.Lon != 120 {
		t.Errorf("around %f, %f; %v", tn.root.Lat, tn.root.Lon, err)
	}
}

// The same flags give the same report, and a cell that cannot be is refused.
func TestSimulateRally(t *testing.T) {
	args := []string{"simulate", "rally", "--people", "60", "--calls", "2", "--fatigue", "1", "--seeds", "2", "--days", "40"}
	code, out, errs := run(t, t.TempDir(), "", args...)
	if code != 0 || !strings.Contains(out, "nearest 10, caps") || !strings.Contains(out, "60 · 2 · φ 1") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	if _, again, _ := run(t, t.TempDir(), "", append(args, "--workers", "1")...); again != out {
		t.Error("the same flags gave another report")
	}
	if code, _, _ := run(t, t.TempDir(), "", "simulate", "rally", "--days", "5"); code != 2 {
		t.Errorf("5 days: exit %d, want 2", code)
	}
}

package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit"
)

// Heads go outside while the town is served, the last one before it ends; and somebody
// outside can prove the chain with what was sent.
func TestHeadsAreSentElsewhere(t *testing.T) {
	g := testkit.Gateway(t)
	dir := t.TempDir()
	tn, err := open(t.Context(), Config{Data: dir, Zone: "Asia/Shanghai", Listen: "127.0.0.1:0", Level: "error", Hook: g.URL + "/heads", HookKey: "key", Inside: []string{"127.0.0.0/8"}}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer tn.close()
	ctx, stop := context.WithCancel(t.Context())
	up, done := make(chan bool), make(chan error, 1)
	go func() { done <- tn.serve(ctx, func(string) { close(up) }) }()
	<-up
	act := func() {
		if _, err := db.Do(t.Context(), tn.db, func(tx *db.Tx) (int, error) { return 0, audit.Record(tx, who.System(who.CLI), "test", 1, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	act()
	for len(g.Calls()) == 0 {
		time.Sleep(time.Millisecond)
	}
	act()
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range g.Calls() {
		if c.Path != "/heads" || c.Header.Get("Linli-Signature") == "" {
			t.Errorf("%+v", c)
		}
		lines = append(lines, c.Body)
	}
	var last audit.Head
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Seq != 2 {
		t.Errorf("the last head sent is %+v, want that of the second act; %v", last, err)
	}
	r, err := audit.Check{DB: tn.db}.Verify(t.Context(), strings.NewReader(strings.Join(lines, "\n")+"\n"))
	if err != nil || !r.Whole() || r.Heads != len(lines) {
		t.Errorf("%+v %v", r, err)
	}
	if code, out, _ := run(t, dir, "", "config", "--audit-hook", "https://k:secret@a.example/", "--audit-hook-key", "secret"); code != 0 || strings.Contains(out, "secret@") || !strings.Contains(out, "audit-hook ") {
		t.Errorf("%d %s", code, out)
	}
}

type deaf struct {
	mu   sync.Mutex
	down bool
	got  []int64
}

func (d *deaf) Keep(_ context.Context, h audit.Head) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return errors.New("nobody there")
	}
	d.got = append(d.got, h.Seq)
	return nil
}

// One who does not answer holds nobody up, is asked once a minute, and gets the newest.
func TestAHookThatIsDownHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		to := &deaf{down: true}
		h := newHook(to, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan bool)
		go func() { h.run(ctx); close(over) }()
		for n := range 600 { // ten minutes
			if err := h.Keep(ctx, audit.Head{Seq: int64(n + 1)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		to.mu.Lock()
		to.down = false
		to.mu.Unlock()
		time.Sleep(2 * time.Minute)
		stop()
		<-over
		if n := strings.Count(log.String(), "\n"); n < 9 || n > 11 {
			t.Errorf("asked %d times in ten minutes", n)
		}
		if len(to.got) != 1 || to.got[0] != 600 {
			t.Errorf("brought %v, want the newest once", to.got)
		}
	})
}

// A town served before it has places finds them when they are there, and need not be
// started again.
func TestPlacesImportedWhileServed(t *testing.T) {
	dir := t.TempDir()
	tn, err := open(t.Context(), Config{Data: dir, Zone: "Asia/Shanghai", Level: "error"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer tn.close()
	if _, err := tn.issues.Seed(t.Context(), who.System(who.CLI)); err != nil {
		t.Fatal(err)
	}
	h := tn.handler()
	page := func() string { return asked(h, "/") } // the telephone of the subdistrict stands at its foot
	if strings.Contains(page(), "0999-8800") {
		t.Fatal("it is there before it is there")
	}
	made := Config{Data: dir, Zone: "Asia/Shanghai", Level: "error"} // another process, as 'linli import places' is
	other, err := open(t.Context(), made, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	root := settled(t, other)
	other.close()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(page(), root.Phone); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not found")
		}
	}
}

func asked(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Body.String()
}

func settled(t *testing.T, tn *town) place.Place {
	t.Helper()
	root, err := tn.places.Settle(t.Context(), who.System(who.CLI), basemap.Town(1))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

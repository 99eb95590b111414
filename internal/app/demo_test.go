package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/core/audit"
)

// demoOf makes a small demo and tells of each issue its number, state, outcome and answer.
func demoOf(t *testing.T, seed uint64, now time.Time) (lines []string, data string) {
	t.Helper()
	cfg := Config{Data: filepath.Join(t.TempDir(), "demo"), Zone: "Asia/Shanghai", Level: "error"}
	if err := cfg.makeData(); err != nil {
		t.Fatal(err)
	}
	tn, err := open(t.Context(), cfg, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer tn.close()
	w := newDemo(tn, seed, now)
	if err := w.build(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	lines, err = db.See(t.Context(), tn.db, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, func(r db.Row) (string, error) {
			var f [6]string
			err := r.Scan(&f[0], &f[1], &f[2], &f[3], &f[4], &f[5])
			return strings.Join(f[:], " "), err
		}, `select no, category, channel, state, outcome, answer from issue order by no`)
	})
	if err != nil {
		t.Fatal(err)
	}
	var heads bytes.Buffer
	if b, err := os.ReadFile(cfg.heads()); err == nil {
		heads.Write(b)
	}
	rep, err := audit.Verify(t.Context(), tn.db, &heads)
	if err != nil || len(rep.Found) > 0 || rep.Sealed == 0 {
		t.Errorf("the chain of the demo: %+v %v", rep, err)
	}
	return lines, cfg.Data
}

// The same seed makes the same two months, by the program's own verbs, and the chain
// of what was done is whole.
func TestTheSameSeedMakesTheSameTown(t *testing.T) {
	if testing.Short() {
		t.Skip("makes three towns")
	}
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	a, _ := demoOf(t, 7, now)
	b, _ := demoOf(t, 7, now)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("two towns of one seed differ:\n%s", diff)
	}
	c, _ := demoOf(t, 8, now)
	if cmp.Equal(a, c) {
		t.Error("two seeds make one town")
	}
	if len(a) != 30 {
		t.Errorf("%d issues, want 30", len(a))
	}
	for _, way := range []string{" web ", " door ", " phone ", " visit ", " patrol "} {
		if !strings.Contains(strings.Join(a, "\n"), way) {
			t.Errorf("nobody reports by%s", way)
		}
	}
	closed := 0
	for _, l := range a {
		if strings.Contains(l, " closed ") {
			closed++
		}
	}
	if closed < 10 {
		t.Errorf("only %d of 30 were closed:\n%s", closed, strings.Join(a, "\n"))
	}
}

func TestTheDemoStaysAtHome(t *testing.T) {
	for listen, want := range map[string]bool{"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true, "0.0.0.0:80": false, ":80": false, "192.168.1.2:80": false} {
		var out, errs bytes.Buffer
		code := Main([]string{"demo", "--make-only", "--db=x.db", "--listen=" + listen}, strings.NewReader(""), &out, &errs)
		if got := !strings.Contains(errs.String(), "127.0.0.1"); code == 0 || got != want {
			t.Errorf("%s: %d %s", listen, code, fmt.Sprint(errs.String()))
		}
	}
}

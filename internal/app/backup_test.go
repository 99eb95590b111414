package app

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
)

// lived is a town in which issues may be raised, and a building of it.
func lived(t *testing.T) (*town, id.ID) {
	t.Helper()
	tn := fresh(t)
	by := who.System(who.CLI)
	if _, err := tn.issues.Seed(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	root, err := tn.places.Settle(t.Context(), by, basemap.Town(1))
	if err != nil {
		t.Fatal(err)
	}
	ps, err := tn.places.Under(t.Context(), root.Path, place.Building)
	if err != nil {
		t.Fatal(err)
	}
	return tn, ps[0].ID
}

func dot(n int) *bytes.Reader {
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * (n + 3))
	}
	m.Set(n%64, n%48, color.White)
	var b bytes.Buffer
	jpeg.Encode(&b, m, nil)
	return bytes.NewReader(b.Bytes())
}

func raise(ctx context.Context, tn *town, at id.ID, n int) (issue.Issue, error) {
	p, err := tn.photos.Put(ctx, dot(n))
	if err != nil {
		return issue.Issue{}, err
	}
	r, err := tn.issues.Report(ctx, who.Actor{Via: who.Web}, issue.Report{Category: "waste.pile", Text: fmt.Sprint("垃圾没人清 ", n), Place: at, Channel: issue.ByWeb, Photos: []string{p.Name}})
	return r.Issue, err
}

func TestRestoredTownHasAllThatWasAcknowledgedBeforeTheBackup(t *testing.T) {
	tn, at := lived(t)
	ctx, stop := context.WithCancel(t.Context())
	var (
		mu     sync.Mutex
		known  []id.ID
		wg     sync.WaitGroup
		enough = make(chan struct{})
	)
	wg.Go(func() { tn.sealer.Run(ctx) })
	for w := range 3 { // neighbours go on reporting all the while
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c, err := raise(context.WithoutCancel(ctx), tn, at, w*1000+n)
				if err != nil {
					t.Errorf("report: %v", err)
					return
				}
				mu.Lock()
				if known = append(known, c.ID); len(known) == 20 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	mu.Lock()
	before := len(known)
	mu.Unlock()
	dir := filepath.Join(t.TempDir(), "backup")
	code, out, errs := run(t, tn.cfg.Data, "", "backup", dir)
	mu.Lock()
	after := len(known)
	mu.Unlock()
	stop()
	wg.Wait()
	if code != 0 {
		t.Fatalf("backup: exit %d\n%s%s", code, out, errs)
	}
	t.Logf("%d reports before the backup, %d when it was done", before, after)
	to := filepath.Join(t.TempDir(), "restored")
	if code, out, errs := run(t, to, "", "restore", dir); code != 0 || !strings.Contains(out, "The chain is whole") {
		t.Fatalf("restore: exit %d\n%s%s", code, out, errs)
	}
	back := reopen(t, to)
	for _, n := range known[:before] {
		if count(t, back.db, `select count(*) from issue where id = $1`, n) != 1 {
			t.Errorf("issue %d was acknowledged before the backup and is not in it", n)
		}
	}
	names, err := db.See(t.Context(), back.db, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return }, `select name from photo order by id`)
	})
	if err != nil || len(names) < before {
		t.Errorf("%d photos, %v", len(names), err)
	}
	for _, name := range names {
		for _, size := range []blob.Size{blob.Full, blob.Thumb} {
			f, err := back.photos.Open(name, size)
			if err != nil {
				t.Errorf("photo %s of the restored town: %v", name, err)
				continue
			}
			f.Close()
		}
	}
	// What was restored lives on.
	if _, err := raise(t.Context(), back, at, 1); err != nil {
		t.Errorf("a report in the restored town: %v", err)
	}
}

func TestBrokenBackupsRestoreNothing(t *testing.T) {
	tn, at := lived(t)
	if _, err := raise(t.Context(), tn, at, 1); err != nil {
		t.Fatal(err)
	}
	if err := tn.sealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	if code, _, errs := run(t, tn.cfg.Data, "", "backup", dir); code != 0 {
		t.Fatal(errs)
	}
	photos, err := filepath.Glob(filepath.Join(dir, "photos", "*", "*", "*.jpg"))
	if err != nil || len(photos) != 2 {
		t.Fatalf("%v %v", photos, err)
	}
	flip := func(path string) func() error {
		return func() error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[len(b)/2] ^= 1
			return os.WriteFile(path, b, 0o600)
		}
	}
	for name, harm := range map[string]func(dir string) func() error{
		"database changed": func(d string) func() error { return flip(filepath.Join(d, dbFile)) },
		"heads changed":    func(d string) func() error { return flip(filepath.Join(d, headsFile)) },
		"photo gone": func(d string) func() error {
			rel, _ := filepath.Rel(dir, photos[0])
			return func() error { return os.Remove(filepath.Join(d, rel)) }
		},
		"list gone": func(d string) func() error { return func() error { return os.Remove(filepath.Join(d, listFile)) } },
		"list climbs out": func(d string) func() error {
			return func() error {
				b, err := os.ReadFile(filepath.Join(d, listFile))
				if err != nil {
					return err
				}
				return os.WriteFile(filepath.Join(d, listFile), bytes.Replace(b, []byte(`"secret"`), []byte(`"../secret"`), 1), 0o600)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "b")
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := harm(copied)(); err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(t.TempDir(), "to")
			if code, _, errs := run(t, to, "", "restore", copied); code != 1 || errs == "" {
				t.Errorf("exit %d, %q", code, errs)
			}
			if exists(to) {
				t.Error("something was restored")
			}
		})
	}
	t.Run("nothing is written over", func(t *testing.T) {
		was, err := hashFile(filepath.Join(tn.cfg.Data, dbFile))
		if err != nil {
			t.Fatal(err)
		}
		if code, _, _ := run(t, tn.cfg.Data, "", "restore", dir); code != 1 {
			t.Errorf("restore into a town: exit %d", code)
		}
		if code, _, _ := run(t, tn.cfg.Data, "", "backup", dir); code != 1 {
			t.Errorf("backup into a backup: exit %d", code)
		}
		if is, err := hashFile(filepath.Join(tn.cfg.Data, dbFile)); err != nil || is != was {
			t.Errorf("the database was touched: %v", err)
		}
	})
}

func TestBackupSaysWhenItWasMade(t *testing.T) {
	tn := fresh(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	tn.db.Clock = func() time.Time { return at }
	l, err := tn.backup(t.Context(), filepath.Join(t.TempDir(), "b"), nil)
	if err != nil || !l.At.Equal(at) {
		t.Errorf("%v, %v", l.At, err)
	}
}

package db

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/linli-town/linli/internal/testkit/crashvfs"
)

// Eight write at once and share commits; the power is cut at every seventh operation,
// in four ways. What was acknowledged before the cut is there, whole and once. With a
// weaker setting it is not: a test that passed there would test nothing.
func TestPowerCutLosesNothingAcknowledged(t *testing.T) {
	for _, tt := range []struct {
		level         string
		writes, every int
		loses, tears  bool
	}{
		{"full", 20, 7, false, false},
		{"normal", 6, 13, true, false},
		{"off", 6, 13, true, true},
	} {
		t.Run(tt.level, func(t *testing.T) {
			Sync = tt.level
			defer func() { Sync = "full" }()
			ops := eight(t, tt.writes)
			images, lost, torn := cutAll(t, ops, tt.every)
			t.Logf("%d operations, %d images, %d lost something, %d not whole", len(ops), images, lost, torn)
			if lost > 0 != tt.loses {
				t.Errorf("synchronous=%s: lost something acknowledged in %d of %d images, want some: %v", tt.level, lost, images, tt.loses)
			}
			if torn > 0 && !tt.tears {
				t.Errorf("synchronous=%s: %d of %d images are not whole", tt.level, torn, images)
			}
		})
	}
}

// eight lets eight write n times each and returns what the disk saw, with the answers.
func eight(t *testing.T, n int) []crashvfs.Op {
	defer crashvfs.Default()()
	crashvfs.Take()
	d := fresh(t)
	crashvfs.Ack(int64(-1)) // from here on the schema is there
	var wg sync.WaitGroup
	for w := range int64(8) {
		wg.Go(func() {
			for i := range int64(n) {
				id := w*100 + i
				if _, err := Do(t.Context(), d, func(tx *Tx) (int, error) { return 0, report(tx, id) }); err != nil {
					t.Error(err)
				}
				crashvfs.Ack(id)
			}
		})
	}
	wg.Wait()
	d.Close()
	return crashvfs.Take()
}

// cutAll looks at the image of every n-th cut, each in four ways.
func cutAll(t *testing.T, ops []crashvfs.Op, every int) (images, lost, torn int) {
	r := rand.New(rand.NewPCG(1, 2))
	acked := map[int64]bool{}
	started, seen := false, 0
	for cut := 1; cut <= len(ops); cut++ {
		if o := ops[cut-1]; o.Kind == crashvfs.Mark {
			if started = true; o.Mark.(int64) >= 0 {
				acked[o.Mark.(int64)] = true
			}
			continue // same image as the next cut
		}
		if !started {
			continue
		}
		if seen++; seen%every != 0 {
			continue
		}
		for how := crashvfs.Drop; how <= crashvfs.Scatter; how++ {
			images++
			dir, remove, err := crashvfs.Dir()
			if err != nil {
				t.Fatal(err)
			}
			if err := crashvfs.Image(dir, ops, cut, how, r); err != nil {
				t.Fatal(err)
			}
			missing, err := inspect(filepath.Join(dir, "a.db"), acked)
			if err != nil {
				if torn++; torn == 1 {
					t.Logf("cut %d how %d: %v", cut, how, err)
				}
			}
			if len(missing) > 0 {
				lost++
			}
			remove()
		}
	}
	return images, lost, torn
}

// inspect looks for everything acknowledged in the file at path. Its error says that the
// file is damaged or holds half a transaction.
func inspect(path string, acked map[int64]bool) (missing []int64, err error) {
	d, err := sql.Open("sqlite", "file:"+path+"?vfs=unix&_pragma=synchronous(off)")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var ok string
	if err := d.QueryRow(`pragma integrity_check`).Scan(&ok); err != nil || ok != "ok" {
		return nil, fmt.Errorf("integrity: %s %v", ok, err)
	}
	have := map[int64]bool{}
	rows, err := d.Query(`select i.id, (select count(*) from act a where a.what = i.id) from issue i`)
	if err != nil && !strings.Contains(err.Error(), "no such table") { // the schema itself may be lost
		return nil, err
	}
	if err == nil {
		defer rows.Close()
		for rows.Next() {
			var id, n int64
			if err := rows.Scan(&id, &n); err != nil {
				return nil, err
			}
			if have[id] = true; n != 1 {
				return nil, fmt.Errorf("issue %d has %d acts", id, n)
			}
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	for id := range acked {
		if !have[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

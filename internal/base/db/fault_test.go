package db

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"modernc.org/sqlite"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/crashvfs"
)

const (
	full     = 13   // SQLITE_FULL
	badWrite = 778  // SQLITE_IOERR_WRITE
	badSync  = 1034 // SQLITE_IOERR_FSYNC
)

// The n-th write or sync fails, once or for a while, with each code that a full or
// broken disk gives. What was acknowledged is there, once, and nothing is half there.
// A full disk is Busy and passes; a broken one takes the node out of service.
func TestFailingDiskLosesNothingAcknowledged(t *testing.T) {
	defer crashvfs.Default()()
	runs, refused := 0, 0
	step := 3
	if testing.Short() {
		step = 17
	}
	for _, code := range []int32{full, badWrite, badSync} {
		for n := 5; n < 160; n += step {
			for _, long := range []int{1, 12} {
				runs++
				refused += faulty(t, code, n, long)
			}
		}
	}
	t.Logf("%d runs, %d writes refused", runs, refused)
	if refused == 0 {
		t.Error("no fault was felt: the test is blind")
	}
}

func faulty(t *testing.T, code int32, n, long int) (refused int) {
	dir, remove, err := crashvfs.Dir()
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	d := freshIn(t, dir)
	defer d.Close()
	crashvfs.Take()
	crashvfs.SetFault(func(k crashvfs.Kind, _ string, at int) int32 {
		if (k == crashvfs.Sync) == (code == badSync) && at >= n && at < n+long {
			return code
		}
		return 0
	})
	defer crashvfs.SetFault(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acked := map[int64]bool{}
	for w := range int64(6) {
		wg.Go(func() {
			for i := range int64(4) {
				id := w*10 + i
				out := d.Ready(context.Background()) != nil
				_, err := Do(context.Background(), d, func(tx *Tx) (int, error) { return 0, report(tx, id) })
				mu.Lock()
				switch {
				case err != nil:
					refused++
					if want := map[bool]fail.Kind{true: fail.Busy, false: fail.Fault}[code == full]; fail.KindOf(err) != want {
						t.Errorf("code %d: kind %d, want %d: %v", code, fail.KindOf(err), want, err)
					}
				case out:
					t.Errorf("code %d at %d for %d: took a write while out of service", code, n, long)
				default:
					acked[id] = true
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	crashvfs.SetFault(nil)
	ready := d.Ready(context.Background()) == nil
	if want := code == full || refused == 0; ready != want {
		t.Errorf("code %d at %d for %d: ready is %v after %d refusals", code, n, long, ready, refused)
	}
	if ready {
		if _, err := Do(context.Background(), d, func(tx *Tx) (int, error) { return 0, report(tx, 99) }); err != nil {
			t.Errorf("code %d at %d for %d: after the trouble: %v", code, n, long, err)
		}
		acked[99] = true
	}
	d.Close()
	missing, err := inspect(filepath.Join(dir, "a.db"), acked)
	if err != nil || len(missing) > 0 {
		t.Errorf("code %d at %d for %d: lost %v: %v", code, n, long, missing, err)
	}
	return refused
}

// A small real file system runs full under the program: a clear refusal, nothing
// lost, reading goes on, and so does writing once there is room, in the same process.
func TestFullDiskPasses(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	d := freshIn(t, dir)
	acked := map[int64]bool{}
	write := func(id int64) error {
		_, err := Do(t.Context(), d, func(tx *Tx) (int, error) {
			if err := report(tx, id); err != nil {
				return 0, err
			}
			_, err := tx.Exec(`insert into letter (kind, due, body) values ('x', 0, $1)`, strings.Repeat("x", 3000))
			return 0, err
		})
		if err == nil {
			acked[id] = true
		}
		return err
	}
	refused := 0
	for id := int64(1); refused < 20; id++ {
		err := write(id)
		if err == nil {
			continue
		}
		refused++
		e, ok := errors.AsType[*fail.Error](err)
		if se, lite := errors.AsType[*sqlite.Error](err); !ok || e.Kind != fail.Busy || e.Code != "db.full" || !lite || se.Code() != full {
			t.Fatalf("refused with %v, want Busy db.full", err)
		}
	}
	if err := d.Ready(t.Context()); err != nil {
		t.Errorf("out of service although the disk is only full: %v", err)
	}
	if got := count(t, d); got != len(acked) {
		t.Errorf("while full: %d are there, %d were acknowledged", got, len(acked))
	}
	copied := t.TempDir() // a kill while full: the files as they are
	for _, f := range []string{"a.db", "a.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, f), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if missing, err := inspect(filepath.Join(copied, "a.db"), acked); err != nil || len(missing) > 0 {
		t.Errorf("copy taken while full: lost %v: %v", missing, err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=32m"); err != nil {
		t.Fatal(err)
	}
	if err := write(100_000); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if got := count(t, d); got != len(acked) {
		t.Errorf("with room again: %d are there, %d were acknowledged", got, len(acked))
	}
}

// Who waits while the disk fails under the one before is refused, too: the first
// answer after a failed sync would be a promise nobody can keep.
func TestNobodyIsTakenAfterTheDiskFailed(t *testing.T) {
	defer crashvfs.Default()()
	d := fresh(t)
	inside, hold := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	var first, second error
	wg.Go(func() {
		_, first = Do(t.Context(), d, func(tx *Tx) (int, error) { close(inside); <-hold; return 0, report(tx, 1) })
	})
	<-inside
	wg.Go(func() { _, second = Do(t.Context(), d, func(tx *Tx) (int, error) { return 0, report(tx, 2) }) })
	queued(d, 1)
	var once sync.Once
	crashvfs.SetFault(func(k crashvfs.Kind, _ string, _ int) (rc int32) {
		if k == crashvfs.Sync {
			once.Do(func() { rc = badSync })
		}
		return rc
	})
	close(hold)
	wg.Wait()
	if first == nil || second == nil {
		t.Errorf("the disk failed, but the answers were %v and %v", first, second)
	}
	if got := ids(t, d); len(got) != 0 {
		t.Errorf("%v are there", got)
	}
}

// queued waits until n parts wait.
func queued(d *DB, n int) {
	for {
		d.g.mu.Lock()
		k := len(d.g.wait)
		d.g.mu.Unlock()
		if k == n {
			return
		}
		runtime.Gosched()
	}
}

package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const schema = `create table issue (id bigint primary key, area text not null, body text not null, at bigint not null);
create index issue_area on issue (area, at);
create table letter (id integer primary key, kind text not null, due bigint not null, body text not null);
create index letter_due on letter (due);
create table act (id integer primary key, verb text not null, what bigint not null, prev text not null);
create table child (id integer primary key, issue bigint references issue (id) deferrable initially deferred);`

func fresh(t testing.TB) *DB { t.Helper(); return freshIn(t, t.TempDir()) }

func freshIn(t testing.TB, dir string) *DB {
	t.Helper()
	d, err := Open(context.Background(), filepath.Join(dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, err := d.w.Exec(`pragma wal_autocheckpoint(30);` + schema); err != nil { // checkpoints often, so that tests see them
		t.Fatal(err)
	}
	return d
}

// report is a write of the usual weight: an issue, a letter, an act.
func report(tx *Tx, n int64) error {
	ms := Ms(tx.Now())
	if _, err := tx.Exec(`insert into issue (id, area, body, at) values ($1, $2, $3, $4)`, n, "a"+strconv.FormatInt(n%37, 10), fmt.Sprintf("%0300d", n), ms); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into letter (kind, due, body) values ($1, $2, $3)`, "mail", ms, fmt.Sprintf("%0100d", n)); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into act (verb, what, prev) values ($1, $2, $3)`, "report", n, "0123456789abcdef0123456789abcdef")
	return err
}

func ids(t testing.TB, d *DB) []int64 {
	t.Helper()
	v, err := See(context.Background(), d, func(tx *Tx) ([]int64, error) {
		return All(tx, func(r Row) (n int64, err error) { return n, r.Scan(&n) }, `select id from issue order by id`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func count(t testing.TB, d *DB) int { t.Helper(); return len(ids(t, d)) }

var errRefused = errors.New("refused")

// Good parts, refusals, broken constraints, panics and cancelled ones, all at
// once in shared commits: exactly the good ones are there, each once, and each owner
// gets his own answer.
func TestPartsStandOrFallAlone(t *testing.T) {
	d := fresh(t)
	var biggest atomic.Int64
	d.OnCommit = func(k int) { biggest.Store(max(biggest.Load(), int64(k))) }
	var acked sync.Map
	var wg sync.WaitGroup
	for i := range int64(600) {
		kind := i % 7
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			returned := false
			defer func() {
				if v := recover(); (v != nil) != (kind == 3) {
					t.Errorf("%d: panicked with %v", i, v)
				}
				if returned == (kind == 3) {
					t.Errorf("%d: Do returned: %v", i, returned)
				}
			}()
			if kind == 4 {
				go func() {
					for range i % 11 {
						runtime.Gosched()
					}
					cancel()
				}()
			}
			_, err := Do(ctx, d, func(tx *Tx) (int, error) {
				if err := report(tx, i); err != nil {
					return 0, err
				}
				switch {
				case kind == 1:
					return 0, errRefused
				case kind == 2: // a constraint
					_, err := tx.Exec(`insert into issue (id, area, body, at) values ($1, '', '', 0)`, i)
					return 0, err
				case kind == 3:
					panic("boom")
				case i%200 == 5: // a deferred constraint: it fails only at the shared commit
					_, err := tx.Exec(`insert into child (issue) values ($1)`, 1_000_000+i)
					return 0, err
				}
				return 0, nil
			})
			returned = true
			if err == nil {
				acked.Store(i, true)
			}
			bad := kind == 1 || kind == 2 || i%200 == 5
			if kind != 4 && (err != nil) != bad {
				t.Errorf("%d: got %v, want an error: %v", i, err, bad)
			}
		})
	}
	wg.Wait()
	have := ids(t, d)
	for _, n := range have {
		if _, ok := acked.Load(n); !ok {
			t.Errorf("%d is there but was not acknowledged", n)
		}
	}
	n := 0
	acked.Range(func(any, any) bool { n++; return true })
	if n != len(have) || n == 0 {
		t.Errorf("acknowledged %d, there are %d", n, len(have))
	}
	if biggest.Load() < 2 {
		t.Error("no two parts ever shared a commit: the test is blind")
	}
	t.Logf("%d acknowledged, up to %d in a commit", n, biggest.Load())
}

// A Goexit, as t.FailNow makes in a test, ends the goroutine that happens to lead. It
// is nobody's loss: no one is told of rows that are not there, no one waits for ever,
// and the next write finds the door open.
func TestGoexitCostsNobodyTheirRows(t *testing.T) {
	d := fresh(t)
	var acked sync.Map
	var wg sync.WaitGroup
	for i := range int64(200) {
		wg.Go(func() {
			if _, err := Do(t.Context(), d, func(tx *Tx) (int, error) {
				if i%9 == 4 {
					defer runtime.Goexit()
				}
				return 0, report(tx, i)
			}); err != nil {
				t.Errorf("%d: %v", i, err)
			}
			if i%9 == 4 {
				t.Errorf("%d: outlived its Goexit", i)
			}
			acked.Store(i, true)
		})
	}
	wg.Wait()
	have := map[int64]bool{}
	for _, n := range ids(t, d) {
		if have[n] = true; n%9 == 4 {
			t.Errorf("%d is there although it exited", n)
		}
	}
	acked.Range(func(k, _ any) bool {
		if !have[k.(int64)] {
			t.Errorf("%d was acknowledged and is not there", k)
		}
		return true
	})
	for i := range int64(200) {
		if i%9 != 4 && !have[i] {
			t.Errorf("%d is not there", i)
		}
	}
	if _, err := Do(t.Context(), d, func(tx *Tx) (int, error) { return 0, report(tx, 1000) }); err != nil {
		t.Error(err)
	}
}

// A part that has begun is carried out, cancelled or not: the answer is the truth.
func TestBegunPartIsWaitedFor(t *testing.T) {
	d := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Do(ctx, d, func(tx *Tx) (int, error) {
		cancel()
		return 0, report(tx, 1)
	})
	if got := count(t, d); err != nil || got != 1 {
		t.Errorf("err %v, %d there; want none, 1", err, got)
	}
}

// The same for a part that somebody else carries out.
func TestBegunPartIsWaitedForByAFollower(t *testing.T) {
	d := fresh(t)
	for round := range int64(10) { // which of the two leads is chance
		inside, hold := make(chan bool), make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() { Do(t.Context(), d, func(*Tx) (int, error) { close(inside); <-hold; return 0, nil }) })
		<-inside
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { Do(t.Context(), d, func(tx *Tx) (int, error) { return 0, report(tx, 2*round) }) })
		queued(d, 1)
		wg.Go(func() {
			if _, err := Do(ctx, d, func(tx *Tx) (int, error) {
				cancel()
				for range 1000 { // room for its owner to go away, if it would
					runtime.Gosched()
				}
				return 0, report(tx, 2*round+1)
			}); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		})
		queued(d, 2)
		close(hold)
		wg.Wait()
	}
	if got := count(t, d); got != 20 {
		t.Errorf("%d of 20 are there", got)
	}
}

// A part that has not begun leaves the queue when its context ends, and never runs.
func TestWaitingPartLeaves(t *testing.T) {
	d := fresh(t)
	inside, release := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() {
		Do(t.Context(), d, func(tx *Tx) (int, error) { close(inside); <-release; return 0, report(tx, 1) })
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Do(ctx, d, func(tx *Tx) (int, error) { return 0, report(tx, 2) })
	close(release)
	wg.Wait()
	if got := ids(t, d); !errors.Is(err, context.Canceled) || len(got) != 1 || got[0] != 1 {
		t.Errorf("err %v, there are %v; want cancelled and [1]", err, got)
	}
}

// Why no part's context may reach the driver: SQLite answers an interrupt by rolling
// back the whole transaction, savepoints and neighbours included. If this ever fails,
// the engine has become kinder and group.go may be simplified.
func TestInterruptTearsTheWholeGroup(t *testing.T) {
	d := fresh(t)
	bg := context.Background()
	c, err := d.w.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	must := func(q string) {
		t.Helper()
		if _, err := c.ExecContext(bg, q); err != nil {
			t.Fatal(err)
		}
	}
	must("begin immediate")
	must("savepoint p")
	must(`insert into act (verb, what, prev) values ('first', 1, '')`)
	must("release p")
	must("savepoint p")
	ctx, cancel := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel()
	if _, err := c.ExecContext(ctx, `insert into act (verb, what, prev) with recursive n(i) as (select 1 union all select i+1 from n) select 'x', i, '' from n`); err == nil {
		t.Fatal("an endless insert ended")
	}
	if _, err := c.ExecContext(bg, "rollback to p"); err == nil {
		t.Error("the savepoint outlived the interrupt")
	}
}

// A neighbour cancelled in the middle of a long statement takes nobody along.
func TestCancelledNeighbourTakesNobodyAlong(t *testing.T) {
	d := fresh(t)
	hold, inside := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() { // opens the group
		Do(t.Context(), d, func(tx *Tx) (int, error) { close(inside); <-hold; return 0, report(tx, 1) })
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		Do(ctx, d, func(tx *Tx) (int, error) {
			go cancel()
			_, err := tx.Exec(`insert into act (verb, what, prev) with recursive n(i) as (select 1 union all select i+1 from n where i < 200000) select 'x', i, '' from n`)
			return 0, err
		})
	})
	wg.Go(func() { Do(t.Context(), d, func(tx *Tx) (int, error) { return 0, report(tx, 2) }) })
	queued(d, 2)
	close(hold)
	wg.Wait()
	if got := count(t, d); got != 2 {
		t.Errorf("%d of 2 neighbours are there", got)
	}
}

// A Tx kept beyond its function cannot write into a stranger's part.
func TestKeptTxIsDead(t *testing.T) {
	d := fresh(t)
	var kept *Tx
	if _, err := Do(t.Context(), d, func(tx *Tx) (int, error) { kept = tx; return 0, report(tx, 1) }); err != nil {
		t.Fatal(err)
	}
	if err := report(kept, 2); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("a kept Tx wrote: %v", err)
	}
	if _, err := See(t.Context(), d, func(tx *Tx) (int, error) { kept = tx; return 0, nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := All(kept, func(r Row) (n int, err error) { return n, r.Scan(&n) }, `select id from issue`); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("a kept Tx read: %v", err)
	}
}

// Readers that panic give their seats back.
func TestPanickingReadersStarveNobody(t *testing.T) {
	d := fresh(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // only so that a broken build ends
	defer cancel()
	for range 3 * readers {
		func() {
			defer func() { _ = recover() }()
			See(ctx, d, func(*Tx) (int, error) { panic("boom") })
		}()
	}
	if _, err := See(ctx, d, func(*Tx) (int, error) { return 0, nil }); err != nil {
		t.Error(err)
	}
}

// BenchmarkGroupCommit: how many writes share a commit, and how many times faster
// that is than one commit each, on this disk. make bench prints it.
func BenchmarkGroupCommit(b *testing.B) {
	for _, clients := range []int{1, 8, 32, 128} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			storm := func(most, writes int) (took time.Duration, commits int64) {
				d := fresh(b)
				d.w.Exec(`pragma wal_autocheckpoint(1000)`) // as in the program
				d.g.most = most
				var k atomic.Int64
				d.OnCommit = func(int) { k.Add(1) }
				var next atomic.Int64
				var wg sync.WaitGroup
				t0 := time.Now()
				for range clients {
					wg.Go(func() {
						for id := next.Add(1); id <= int64(writes); id = next.Add(1) {
							if _, err := Do(context.Background(), d, func(tx *Tx) (int, error) { return 0, report(tx, id) }); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				return time.Since(t0), k.Load()
			}
			n := max(b.N, 100)
			few := min(n, 4000)
			alone, _ := storm(1, few)
			b.ResetTimer()
			grouped, commits := storm(groupMost, n)
			b.StopTimer()
			b.ReportMetric(float64(n)/float64(commits), "parts/commit")
			b.ReportMetric(float64(n)/grouped.Seconds(), "writes/s")
			b.ReportMetric(alone.Seconds()/float64(few)*float64(n)/grouped.Seconds(), "×alone")
		})
	}
}

package db_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit"
)

var things = fstest.MapFS{"0001_thing.sql": {Data: []byte(`create table thing (id bigint primary key, n bigint not null default 0);
insert into thing (id) values (1);`)}}

func number(r db.Row) (n int64, err error) { return n, r.Scan(&n) }

func see(t *testing.T, d *db.DB, q string, args ...any) []int64 {
	t.Helper()
	v, err := db.See(t.Context(), d, func(tx *db.Tx) ([]int64, error) { return db.All(tx, number, q, args...) })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Twelve who count one number up lose no step, whatever the engine does to keep them apart.
func TestNoStepIsLost(t *testing.T) {
	testkit.Each(t, []fs.FS{things}, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				for range 3 {
					if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) {
						n, err := db.One(tx, "thing.none", number, `select n from thing where id = 1`)
						if err != nil {
							return 0, err
						}
						return tx.Exec(`update thing set n = $1 where id = 1`, n+1)
					}); err != nil && fail.KindOf(err) != fail.Busy {
						t.Error(err)
					} else if err != nil {
						t.Log("gave up, and said so:", err)
						db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) { return tx.Exec(`update thing set n = n + 1 where id = 1`) })
					}
				}
			})
		}
		wg.Wait()
		if got := see(t, d, `select n from thing`); got[0] != 36 {
			t.Errorf("counted to %d, want 36", got[0])
		}
	})
}

// What an error leaves behind is nothing, and a missing row is a refusal with a reason.
func TestErrorLeavesNothing(t *testing.T) {
	testkit.Each(t, []fs.FS{things}, func(t *testing.T, d *db.DB) {
		_, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) {
			if _, err := tx.Exec(`update thing set n = 7`); err != nil {
				return 0, err
			}
			return db.One(tx, "thing.none", number, `select n from thing where id = $1`, 2)
		})
		if e, ok := errors.AsType[*fail.Error](err); !ok || e.Kind != fail.Missing || e.Code != "thing.none" {
			t.Errorf("got %v, want Missing thing.none", err)
		}
		if got := see(t, d, `select n from thing`); got[0] != 0 {
			t.Errorf("n is %d after an error, want 0", got[0])
		}
	})
}

// A reader reads one moment, and cannot write.
func TestReadersSeeOneMomentAndWriteNothing(t *testing.T) {
	testkit.Each(t, []fs.FS{things}, func(t *testing.T, d *db.DB) {
		_, err := db.See(t.Context(), d, func(tx *db.Tx) (int, error) {
			before, err := db.One(tx, "thing.none", number, `select n from thing`)
			if err != nil {
				return 0, err
			}
			if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) { return tx.Exec(`update thing set n = n + 1`) }); err != nil {
				return 0, err
			}
			after, err := db.One(tx, "thing.none", number, `select n from thing`)
			if before != after {
				t.Errorf("read %d, then %d", before, after)
			}
			return 0, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.See(t.Context(), d, func(tx *db.Tx) (int64, error) { return tx.Exec(`update thing set n = 9`) }); err == nil {
			t.Error("a reader wrote")
		}
		if got := see(t, d, `select n from thing`); got[0] != 1 {
			t.Errorf("n is %d, want 1", got[0])
		}
	})
}

// Now stands still in a transaction and goes by the clock it is given.
func TestClockCanBeMoved(t *testing.T) {
	testkit.Each(t, []fs.FS{things}, func(t *testing.T, d *db.DB) {
		at := time.Date(2026, 6, 22, 8, 0, 0, 123_456_789, time.UTC)
		d.Clock = func() time.Time { at = at.Add(time.Hour); return at }
		got, err := db.Do(t.Context(), d, func(tx *db.Tx) ([2]time.Time, error) { return [2]time.Time{tx.Now(), tx.Now()}, nil })
		want := time.Date(2026, 6, 22, 9, 0, 0, 123_000_000, time.UTC)
		if err != nil || got != [2]time.Time{want, want} {
			t.Errorf("%v %v, want twice %v", got, err, want)
		}
	})
}

// Two nodes that start at once migrate once; a second time changes nothing; a file
// that fails leaves nothing, and the next start goes on from there.
func TestMigrations(t *testing.T) {
	open := func(t *testing.T, where string) *db.DB {
		d, err := db.Open(t.Context(), where)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	places := map[string]func(t *testing.T) string{"sqlite": func(t *testing.T) string { return filepath.Join(t.TempDir(), "t.db") }}
	if pg := testkit.PG(t); pg != "" {
		places["pg"] = func(t *testing.T) string { return testkit.Schema(t, pg) }
	}
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			where := place(t)
			var wg sync.WaitGroup
			for range 2 {
				d := open(t, where)
				wg.Go(func() {
					if err := db.Migrate(t.Context(), d, things); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			d := open(t, where)
			bad := fstest.MapFS{"0002_more.sql": {Data: []byte(`create table more (id bigint primary key); insert into nowhere values (1);`)}}
			if err := db.Migrate(t.Context(), d, things, bad); err == nil || !strings.Contains(err.Error(), "0002_more.sql") {
				t.Errorf("a bad file said %v", err)
			}
			mended := fstest.MapFS{"0002_more.sql": {Data: []byte(`create table more (id bigint primary key); insert into more (id) values (1);`)}}
			if err := db.Migrate(t.Context(), d, things, mended); err != nil {
				t.Error(err)
			}
			if got := see(t, d, `select (select count(*) from thing) + 10 * (select count(*) from more)`); got[0] != 11 {
				t.Errorf("rows %d, want one each (11)", got[0])
			}
			if err := db.Migrate(t.Context(), d, things, things); err == nil {
				t.Error("two files of one name were taken")
			}
		})
	}
}

// A backup taken while others write opens, is whole, and holds what was there.
func TestBackupWhileOthersWrite(t *testing.T) {
	testkit.Each(t, []fs.FS{things}, func(t *testing.T, d *db.DB) {
		to := filepath.Join(t.TempDir(), "copy.db")
		if !d.Lite() {
			if err := d.Backup(t.Context(), to); fail.KindOf(err) != fail.Invalid {
				t.Errorf("got %v, want a refusal", err)
			}
			return
		}
		stop := make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := int64(2); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) { return tx.Exec(`insert into thing (id, n) values ($1, $1)`, n) }); err != nil {
					t.Error(err)
					return
				}
			}
		})
		for see(t, d, `select count(*) from thing`)[0] < 50 {
		}
		err := d.Backup(t.Context(), to)
		close(stop)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		copied, err := db.Open(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		defer copied.Close()
		got := see(t, copied, `select count(*) from thing union all select max(id) from thing`)
		if len(got) != 2 || got[0] < 50 || got[0] != got[1] {
			t.Errorf("rows and highest id %v: a hole, or too few", got)
		}
	})
}

// Times and their absence come back as they went in.
func TestTimesComeBack(t *testing.T) {
	want := []time.Time{time.UnixMilli(1_780_000_000_123).UTC(), {}}
	var got []time.Time
	for _, w := range want {
		var g time.Time
		if err := db.Time(&g).Scan(db.Ms(w)); err != nil {
			t.Fatal(err)
		}
		got = append(got, g)
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
	if err := db.Time(&got[0]).Scan("now"); err == nil {
		t.Error("a word was taken for a time")
	}
}

// An address that cannot be read is refused without being repeated: it holds a password.
func TestAddressIsNotRepeated(t *testing.T) {
	_, err := db.Open(t.Context(), "postgres://linli:geheim@[::1")
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}

// wire stands between the program and its PostgreSQL and can be cut.
type wire struct {
	net.Listener
	to  string
	mu  sync.Mutex
	cut bool
	all []net.Conn
}

func (w *wire) run() {
	for {
		c, err := w.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", w.to)
		w.mu.Lock()
		if w.cut || err != nil {
			c.Close()
			w.mu.Unlock()
			continue
		}
		w.all = append(w.all, c, s)
		w.mu.Unlock()
		go func() { io.Copy(s, c); s.Close() }()
		go func() { io.Copy(c, s); c.Close() }()
	}
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for _, c := range w.all {
			c.Close()
		}
		w.all = nil
	}
}

// A server that goes away is Busy db.away for readers and writers, not a fault of
// ours, and when it is back so are we.
func TestServerGoneIsBusy(t *testing.T) {
	pg := testkit.PG(t)
	if pg == "" {
		t.Skip("LINLI_TEST_PG is not set")
	}
	u, err := url.Parse(testkit.Schema(t, pg))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: ln, to: u.Host}
	var wg sync.WaitGroup
	wg.Go(w.run)
	defer wg.Wait()
	defer ln.Close()
	defer w.set(true)
	u.Host = ln.Addr().String()
	d, err := db.Open(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := db.Migrate(t.Context(), d, things); err != nil {
		t.Fatal(err)
	}
	busy := func(what string, err error) {
		t.Helper()
		if e, ok := errors.AsType[*fail.Error](err); !ok || e.Kind != fail.Busy || e.Code != "db.away" {
			t.Errorf("%s: got %v, want Busy db.away", what, err)
		}
	}
	write := func() error {
		_, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) { return tx.Exec(`update thing set n = n + 1`) })
		return err
	}
	_, err = db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) {
		w.set(true)
		return tx.Exec(`update thing set n = n + 1`)
	})
	busy("in the middle", err)
	busy("afterwards", write())
	_, err = db.See(t.Context(), d, func(tx *db.Tx) (int64, error) { return 0, nil })
	busy("reading", err)
	if err := d.Ready(t.Context()); err == nil {
		t.Error("ready without a database")
	}
	w.set(false)
	if err := write(); err != nil {
		t.Errorf("back again: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.See(ctx, d, func(tx *db.Tx) (int64, error) { return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: got %v, want cancelled", err)
	}
}

// A transaction that another has overtaken is run again by itself.
func TestOvertakenIsRunAgain(t *testing.T) {
	testkit.Each(t, []fs.FS{things}, func(t *testing.T, d *db.DB) {
		if d.Lite() {
			t.Skip("one writer: nobody can be overtaken")
		}
		runs := 0
		up := func(tx *db.Tx) (int64, error) { return tx.Exec(`update thing set n = n + 1`) }
		_, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) {
			n, err := db.One(tx, "thing.none", number, `select n from thing`)
			if err != nil {
				return 0, err
			}
			if runs++; runs == 1 {
				if _, err := db.Do(t.Context(), d, up); err != nil {
					return 0, err
				}
			}
			return tx.Exec(`update thing set n = $1`, n+10)
		})
		if got := see(t, d, `select n from thing`); err != nil || runs != 2 || got[0] != 11 {
			t.Errorf("%d runs, n %v, %v; want 2, 11", runs, got, err)
		}
	})
}

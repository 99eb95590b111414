package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/testkit"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

var rooms = []fs.FS{SQL}

// heads is a file in memory.
type heads struct {
	mu sync.Mutex
	bytes.Buffer
	down bool
}

func (h *heads) Keep(_ context.Context, k Head) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errors.New("no disk")
	}
	return json.NewEncoder(&h.Buffer).Encode(k)
}

func do(t testing.TB, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) { return 0, f(tx) }); err != nil {
		t.Fatal(err)
	}
}

func record(t testing.TB, d *db.DB, n int) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error {
		for i := range n {
			if err := Record(tx, who.Actor{ID: 5, Via: who.Web}, "issue.accept", id.ID(100+i), map[string]int{"n": i}); err != nil {
				return err
			}
		}
		return nil
	})
}

func exec(t testing.TB, d *db.DB, q string, args ...any) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error { _, err := tx.Exec(q, args...); return err })
}

func seal(t testing.TB, s *Sealer) {
	t.Helper()
	if _, err := s.All(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func verify(t testing.TB, d *db.DB, h string) Report {
	t.Helper()
	r, err := Verify(t.Context(), d, strings.NewReader(h))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sealer(d *db.DB, h ...Heads) *Sealer {
	return &Sealer{DB: d, Log: slog.New(slog.DiscardHandler), Heads: h}
}

// rewrite is what somebody does who holds the database and knows this program: changed
// acts get marks and hashes that fit.
func rewrite(t testing.TB, d *db.DB) {
	t.Helper()
	all, err := db.See(t.Context(), d, func(tx *db.Tx) ([]Sealed, error) { return List(tx, 0, 1000) })
	if err != nil {
		t.Fatal(err)
	}
	do(t, d, func(tx *db.Tx) error {
		h := none
		for _, s := range all {
			m := mark(s.Act)
			h = link(h, s.Seq, int64(s.ID), m)
			if _, err := tx.Exec(`update seal set mark = $1, hash = $2 where seq = $3`, m, h, s.Seq); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`update sealer set hash = $1`, h)
		return err
	})
}

// What the holder of the database may do, and what is found then.
func TestVerifySaysWhere(t *testing.T) {
	for name, tt := range map[string]struct {
		harm func(t *testing.T, d *db.DB, acts []Sealed)
		want []Finding
	}{
		"nothing": {func(*testing.T, *db.DB, []Sealed) {}, nil},
		"change a row": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `update act set detail = '{"n":99}' where id = $1`, a[3].ID)
		}, []Finding{{What: ActChanged, Seq: 4}}},
		"change who": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `update act set who = 6 where id = $1`, a[3].ID)
		}, []Finding{{What: ActChanged, Seq: 4}}},
		"take an act away": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `delete from act where id = $1`, a[3].ID)
		}, []Finding{{What: ActGone, Seq: 4}}},
		"change a seal": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `update seal set hash = $1 where seq = 4`, strings.Repeat("a", 64))
		}, []Finding{{What: SealChanged, Seq: 4}, {What: HeadDiffers, Seq: 4, After: 3, Line: 4}, {What: SealChanged, Seq: 5}}},
		"a gap": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `delete from seal where seq in (4, 5)`)
			exec(t, d, `delete from act where id in ($1, $2)`, a[3].ID, a[4].ID)
		}, []Finding{{What: Gap, Seq: 6, After: 3}}},
		"cut the tail": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `delete from seal where seq > 7`)
			exec(t, d, `delete from act where id > $1`, a[6].ID)
			exec(t, d, `update sealer set seq = 7, hash = $1`, a[6].Hash)
		}, []Finding{{What: TailCut, Seq: 10, After: 7, Line: 10}}},
		"cut the tail and go on": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `delete from seal where seq > 7`)
			exec(t, d, `delete from act where id > $1`, a[6].ID)
			exec(t, d, `update sealer set seq = 7, hash = $1, until = 0`, a[6].Hash)
			record(t, d, 5)
			seal(t, sealer(d))
		}, []Finding{{What: HeadDiffers, Seq: 8, After: 7, Line: 8}}},
		"forget that there was an end": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `delete from seal where seq > 7`)
			exec(t, d, `delete from act where id > $1`, a[6].ID)
		}, []Finding{{What: TailCut, Seq: 10, After: 7, Line: 10}}},
		"rewrite everything": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `update act set who = 6 where id = $1`, a[3].ID)
			rewrite(t, d)
		}, []Finding{{What: HeadDiffers, Seq: 4, After: 3, Line: 4}}},
		"slip one in": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `insert into act (id, at, who, via, verb, what, detail, salt) values (7, 1, 5, 'web', 'issue.pass', 1, '{}', 'ab')`)
		}, []Finding{{What: Stray}}},
		"blank without an act": {func(t *testing.T, d *db.DB, a []Sealed) {
			exec(t, d, `update act set detail = $1, salt = '' where id = $2`, inner(a[3].salt, a[3].Detail), a[3].ID)
		}, []Finding{{What: ActChanged, Seq: 4}}},
		"blank as one should": {func(t *testing.T, d *db.DB, a []Sealed) {
			do(t, d, func(tx *db.Tx) error { return Blank(tx, who.System(who.CLI), a[3].ID) })
		}, nil},
		"blank twice": {func(t *testing.T, d *db.DB, a []Sealed) {
			do(t, d, func(tx *db.Tx) error { return Blank(tx, who.System(who.CLI), a[3].ID) })
			do(t, d, func(tx *db.Tx) error { return Blank(tx, who.System(who.CLI), a[3].ID) })
		}, nil},
		"change who of a blanked act": {func(t *testing.T, d *db.DB, a []Sealed) {
			do(t, d, func(tx *db.Tx) error { return Blank(tx, who.System(who.CLI), a[3].ID) })
			exec(t, d, `update act set who = 6 where id = $1`, a[3].ID)
		}, []Finding{{What: ActChanged, Seq: 4}}},
		"take a waiting act away": {func(t *testing.T, d *db.DB, a []Sealed) {
			record(t, d, 1)
			exec(t, d, `delete from act where id > $1`, a[9].ID)
		}, []Finding{{What: ActGone}}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
				h := &heads{}
				s := sealer(d, h)
				for range 10 { // a head for each
					record(t, d, 1)
					seal(t, s)
				}
				acts, err := db.See(t.Context(), d, func(tx *db.Tx) ([]Sealed, error) { return List(tx, 0, 100) })
				if err != nil || len(acts) != 10 {
					t.Fatal(len(acts), err)
				}
				tt.harm(t, d, acts)
				got := verify(t, d, h.String())
				for i, f := range got.Found {
					if f.Seq != 0 && f.At.IsZero() || f.What == ActChanged && (f.Verb != "issue.accept" || f.Act != acts[f.Seq-1].ID) {
						t.Errorf("%+v does not say enough", f)
					}
					got.Found[i] = Finding{What: f.What, Seq: f.Seq, After: f.After, Line: f.Line}
				}
				if diff := cmp.Diff(tt.want, got.Found); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

// What is younger than the last seal is no finding, but is counted.
func TestWaitingActsAreCountedApart(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		h := &heads{}
		record(t, d, 3)
		seal(t, sealer(d, h))
		record(t, d, 2)
		r := verify(t, d, h.String())
		if !r.Whole() || r.Sealed != 3 || r.Waiting != 2 || r.Since.IsZero() || r.Heads != 1 || r.Head.Seq != 3 {
			t.Errorf("%+v", r)
		}
	})
}

// A transaction that began early may commit late: its acts have ids smaller than the head's.
func TestLateCommitIsSealed(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		h := &heads{}
		s := sealer(d, h)
		record(t, d, 2)
		seal(t, s)
		now := d.Now()
		d.Clock = func() time.Time { return now.Add(-time.Hour) }
		do(t, d, func(tx *db.Tx) error { // as Record, but with the id of an hour ago
			if _, err := tx.Exec(`insert into act (id, at, who, via, verb, what, detail, salt) values (7, 1, 5, 'web', 'issue.late', 1, '{}', 'ab')`); err != nil {
				return err
			}
			_, err := tx.Exec(`insert into unsealed (act) values (7)`)
			return err
		})
		d.Clock = nil
		seal(t, s)
		if r := verify(t, d, h.String()); !r.Whole() || r.Sealed != 3 || r.Waiting != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// Whatever happens in which order, with two sealers and a crash now and then: every
// committed act is sealed once, none that was not, and the chain is whole.
func TestAnyHistoryIsWhole(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		now, acts := time.Now(), 0
		d.Clock = func() time.Time { return now }
		var h heads
		two := []*Sealer{sealer(d, &h), sealer(d, &h)}
		rapid.Check(t, func(rt *rapid.T) {
			crash := errors.New("crash")
			rt.Repeat(map[string]func(*rapid.T){
				"record": func(rt *rapid.T) {
					n := rapid.IntRange(1, 4).Draw(rt, "acts")
					record(t, d, n)
					acts += n
				},
				"crash between acts": func(rt *rapid.T) {
					_, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) {
						if err := Record(tx, who.System(who.Timer), "issue.late", 1, nil); err != nil {
							return 0, err
						}
						return 0, crash
					})
					if err != crash {
						rt.Fatal(err)
					}
				},
				"seal": func(rt *rapid.T) {
					s := rapid.IntRange(0, 1).Draw(rt, "node")
					if _, err := two[s].Once(t.Context()); err != nil && !h.down {
						rt.Fatal(err)
					}
				},
				"crash of a sealer": func(rt *rapid.T) {
					s := rapid.IntRange(0, 1).Draw(rt, "node")
					two[s].Once(t.Context())
					two[s] = sealer(d, &h) // a new holder: the lease of the old one must run out
				},
				"crash while sealing": func(rt *rapid.T) {
					s := rapid.IntRange(0, 1).Draw(rt, "node")
					db.Do(t.Context(), d, func(tx *db.Tx) (int, error) {
						two[s].seal(tx)
						return 0, crash
					})
				},
				"heads cannot be kept": func(rt *rapid.T) { h.down = !h.down },
				"time": func(rt *rapid.T) {
					now = now.Add(time.Duration(rapid.IntRange(-30, 30).Draw(rt, "seconds")) * time.Second)
				},
			})
			h.down = false
			now = now.Add(time.Hour)
			if _, err := two[0].All(t.Context()); err != nil {
				rt.Fatal(err)
			}
			r := verify(t, d, h.String())
			if !r.Whole() || r.Sealed != int64(acts) || r.Waiting != 0 {
				rt.Fatalf("recorded %d: %+v", acts, r)
			}
		})
	})
}

// Two nodes that seal at the same time seal nothing twice and miss nothing.
func TestTwoSealersAtOnce(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		var h heads
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 20 {
					record(t, d, 3)
				}
			})
		}
		for range 2 {
			s := sealer(d, &h)
			s.Lease = time.Nanosecond // as if there were none: the head alone must hold
			wg.Go(func() {
				for range 30 {
					if _, err := s.Once(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		s := sealer(d, &h)
		for { // until the last lease is over
			if seal(t, s); len(waiting(t, d)) == 0 {
				break
			}
		}
		if r := verify(t, d, h.String()); !r.Whole() || r.Sealed != 120 {
			t.Errorf("%+v", r)
		}
	})
}

func waiting(t *testing.T, d *db.DB) []id.ID {
	t.Helper()
	ids, err := db.See(t.Context(), d, func(tx *db.Tx) ([]id.ID, error) {
		return db.All(tx, scanID, `select act from unsealed`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// An act is sealed within a second, though nobody waits for it.
func TestSealedWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		d, err := db.Open(ctx, t.TempDir()+"/t.db")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := db.Migrate(ctx, d, rooms...); err != nil {
			t.Fatal(err)
		}
		go sealer(d).Run(ctx)
		for i := range 5 {
			time.Sleep(time.Duration(i) * 333 * time.Millisecond)
			record(t, d, 1)
			time.Sleep(time.Second)
			synctest.Wait()
			if w := waiting(t, d); len(w) != 0 {
				t.Errorf("%d wait after a second", len(w))
			}
		}
		stop()
		synctest.Wait()
	})
}

// A lease taken while the clock was wrong does not hold for years.
func TestClockGoesBack(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		now := time.Now()
		d.Clock = func() time.Time { return now.AddDate(10, 0, 0) }
		record(t, d, 1)
		seal(t, sealer(d))
		d.Clock = func() time.Time { return now }
		record(t, d, 1)
		seal(t, sealer(d))
		if n := len(waiting(t, d)); n != 0 {
			t.Errorf("%d wait", n)
		}
	})
}

func TestTheOtherNodeKeepsHeadsToo(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		var a, b heads
		sa, sb := sealer(d, &a), sealer(d, &b)
		record(t, d, 2)
		seal(t, sa)
		record(t, d, 2)
		b.down = true
		if n, err := sb.Once(t.Context()); n != 0 || err == nil {
			t.Errorf("sealed %d, %v; want the lease to hold and the disk to fail", n, err)
		}
		b.down = false
		seal(t, sb)
		if a.String() != b.String() || a.Len() == 0 {
			t.Errorf("got %q, want %q", b.String(), a.String())
		}
	})
}

func TestTrailOfAThing(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		record(t, d, 3)
		record(t, d, 2)
		seal(t, sealer(d))
		acts, err := db.See(t.Context(), d, func(tx *db.Tx) ([]Act, error) { return Of(tx, 101) })
		if err != nil || len(acts) != 2 || acts[0].ID >= acts[1].ID || acts[0].Detail != `{"n":1}` || acts[0].Who != 5 {
			t.Errorf("%+v %v", acts, err)
		}
		desk := Desk{d}
		if _, err := desk.Recent(t.Context(), who.Actor{ID: 5, Via: who.Web}, 0, 10); fail.KindOf(err) != fail.Denied {
			t.Errorf("%v, want denied", err)
		}
		admin := who.Actor{ID: 9, Via: who.Web, Grants: []who.Grant{{Role: who.Admin, Path: "/"}}}
		page, err := desk.Recent(t.Context(), admin, 0, 3)
		if err != nil || len(page) != 3 {
			t.Fatal(page, err)
		}
		rest, err := desk.Recent(t.Context(), admin, page[2].ID, 3)
		if err != nil || len(rest) != 2 || rest[0].ID >= page[2].ID {
			t.Errorf("%+v %v", rest, err)
		}
	})
}

// The file survives a line torn by a power cut, and says of a line made up that it is none.
func TestHeadsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heads.log")
	at := time.Date(2026, 6, 22, 1, 2, 3, 0, time.UTC)
	want := Head{7, strings.Repeat("0a", 32), at}
	for range 2 {
		f, err := OpenHeads(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Keep(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		f.f.Write([]byte(`{"seq":8,"ha`))
		f.Close()
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, bad, err := readHeads(f)
	if err != nil || len(bad) != 0 || len(got) != 2 || got[1].seq != 7 || !got[1].at.Equal(at) || got[1].line != 3 {
		t.Errorf("%+v %v %v", got, bad, err)
	}
	if _, bad, _ := readHeads(strings.NewReader("{\"seq\":8,\"hash\":\"zz\",\"at\":\"2026-06-22T01:02:03Z\"}\n" + strings.Repeat("x", 9000) + "\n")); len(bad) != 2 {
		t.Errorf("bad lines %v, want two", bad)
	}
}

func FuzzHeads(f *testing.F) {
	add := mutate.Adder(f)
	add("")
	add(`{"seq":1,"hash":"` + none + `","at":"2026-06-22T01:02:03Z"}` + "\n")
	add(`{"seq":1,"hash":"` + none + `","at":"2026-06-22T01:02:03Z"}{"seq":`)
	add(strings.Repeat("{", 5000) + "\n\n}")
	f.Fuzz(func(t *testing.T, s string) {
		got, bad, err := readHeads(strings.NewReader(s))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(s, "\n") + 1; len(got)+len(bad) > lines {
			t.Errorf("%d heads and %d bad in %d lines", len(got), len(bad), lines)
		}
	})
}

// Sealing what has come in must not cost more because much has been sealed.
func BenchmarkSeal(b *testing.B) {
	for _, before := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("after=%d", before), func(b *testing.B) {
			d := long(b, before)
			s := sealer(d)
			seal(b, s)
			for b.Loop() {
				b.StopTimer()
				record(b, d, 100)
				b.StartTimer()
				seal(b, s)
			}
		})
	}
}

func BenchmarkVerifyThousand(b *testing.B) {
	const n = 20_000
	d := long(b, n)
	seal(b, sealer(d))
	b.ReportAllocs()
	for b.Loop() {
		if r := verify(b, d, ""); !r.Whole() {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(n/1000), "µs/1000-acts")
}

func BenchmarkRecord(b *testing.B) {
	d := long(b, 0)
	do(b, d, func(tx *db.Tx) error {
		for b.Loop() {
			if err := Record(tx, who.Actor{ID: 5, Via: who.Web}, "issue.accept", 7, map[string]int{"n": 1}); err != nil {
				return err
			}
		}
		return nil
	})
}

func long(b *testing.B, n int) *db.DB {
	b.Helper()
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "t.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	if err := db.Migrate(b.Context(), d, rooms...); err != nil {
		b.Fatal(err)
	}
	for n > 0 {
		record(b, d, min(n, 5000))
		n -= min(n, 5000)
	}
	return d
}

func TestPlacesOfActs(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		record(t, d, 70)
		seal(t, sealer(d))
		record(t, d, 1)
		do(t, d, func(tx *db.Tx) error {
			as, err := Recent(tx, 0, 100)
			if err != nil {
				return err
			}
			var ns []id.ID
			for _, a := range as {
				ns = append(ns, a.ID)
			}
			at, err := PlacesOf(tx, ns)
			if len(as) != 71 || len(at) != 70 || at[as[0].ID] != 0 || at[as[1].ID] != 70 || at[as[70].ID] != 1 {
				t.Errorf("%d acts, %d places: %v", len(as), len(at), at)
			}
			if none, err := PlacesOf(tx, nil); err != nil || len(none) != 0 {
				t.Errorf("got %v, %v", none, err)
			}
			return err
		})
	})
}

package people

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLimitsComeBackWithTime(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		l := Limit{3, time.Minute}
		for name, d := range map[string]Desk{"table": {DB: d.DB}, "memory": {DB: d.DB, Rates: &Rates{}}} {
			for i := range 3 {
				if wait, ok := d.Allow(ctx, name, l); !ok || wait != 0 {
					t.Errorf("%s %d: wait %v", name, i, wait)
				}
			}
			if wait, ok := d.Allow(ctx, name, l); ok || wait != 20*time.Second {
				t.Errorf("%s: got %v %v, want 20s", name, wait, ok)
			}
			if _, ok := d.Allow(ctx, name+"2", l); !ok {
				t.Errorf("%s: another key waits", name)
			}
			c.add(20 * time.Second)
			if _, ok := d.Allow(ctx, name, l); !ok {
				t.Errorf("%s: waits still", name)
			}
			if _, ok := d.Allow(ctx, name, l); ok {
				t.Errorf("%s: one came back, two were taken", name)
			}
		}
	})
}

func TestARestartForgivesNobody(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		l := Limit{10, time.Hour}
		d.Rates = &Rates{}
		for range 10 {
			d.Allow(ctx, "a", l)
		}
		d.Allow(ctx, "b", l)
		if err := d.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		d.Rates = &Rates{}
		if _, ok := d.Allow(ctx, "a", l); ok {
			t.Error("forgiven")
		}
		if _, ok := d.Allow(ctx, "b", l); !ok {
			t.Error("hardly used, and refused")
		}
		c.add(time.Hour)
		if _, ok := d.Allow(ctx, "a", l); !ok {
			t.Error("never forgiven")
		}
	})
}

// A million addresses take no more room than Most, and do not push out the one that is held back.
func TestAFloodOfAddressesIsBounded(t *testing.T) {
	r := &Rates{Most: 5000}
	l := Limit{10, time.Hour}
	const now = 1_800_000_000_000
	bad := hashKey("bad")
	r.learn(bad, 0, now)
	for range 10 {
		r.use(bad, l, now)
	}
	for i := range 1_000_000 {
		k := rateKey{byte(i), byte(i >> 8), byte(i >> 16), 1}
		r.learn(k, 0, now)
		r.use(k, l, now)
	}
	if len(r.m) > r.Most {
		t.Errorf("%d kept, want at most %d", len(r.m), r.Most)
	}
	if !r.knows(bad) || r.use(bad, l, now) == 0 {
		t.Error("the one held back was pushed out")
	}
	runtime.KeepAlive(r)
}

// Whatever the times, no more than 2N pass within any one Per, and one who waits as told passes.
func TestNoBurstPassesALimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limit{rapid.IntRange(1, 20).Draw(t, "n"), time.Duration(rapid.IntRange(1, 3600).Draw(t, "per")) * time.Second}
		var tat, now int64
		now = 1_800_000_000_000
		var passed []int64
		for _, gap := range rapid.SliceOfN(rapid.Int64Range(0, 5000), 1, 200).Draw(t, "gaps") {
			now += gap
			next, wait := l.next(tat, now)
			if wait > 0 {
				if _, again := l.next(tat, now+wait); again != 0 {
					t.Fatalf("waited %d as told and must wait %d more", wait, again)
				}
				continue
			}
			tat, passed = next, append(passed, now)
			in := 0
			for _, p := range passed {
				if now-p < l.Per.Milliseconds() {
					in++
				}
			}
			if in > 2*l.N {
				t.Fatalf("%d passed within %v, limit %d", in, l.Per, l.N)
			}
		}
	})
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "?": "?"} {
		if got := Address(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func BenchmarkAllow(b *testing.B) {
	d, _ := benchTown(b)
	d.Rates = &Rates{}
	l := Limit{1_000_000, time.Minute}
	i := 0
	for b.Loop() {
		i++
		d.Allow(b.Context(), fmt.Sprint(i%1000), l)
	}
}

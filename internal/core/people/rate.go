package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
)

// Limit is how often something may be done: N at once, and N more in each Per.
type Limit struct {
	N   int
	Per time.Duration
}

// next is a bucket after one more use: tat is the moment at which all that was used
// will have come back (GCRA). When it may not be used, wait says how long not.
func (l Limit) next(tat, now int64) (_, wait int64) {
	one := l.Per.Milliseconds() / int64(l.N)
	tat = max(tat, now)
	if wait = tat - now - (l.Per.Milliseconds() - one); wait > 0 {
		return tat, wait
	}
	return tat + one, 0
}

// Rates keeps the buckets that are asked for at every request in memory, no more than
// Most of them. Flush writes those well used to the table, so that a restart forgives nobody.
type Rates struct {
	Most int // 0: 100,000, some 10 MB

	mu   sync.Mutex
	m    map[rateKey]bucket
	set  changes // limits the town has changed, as they were read
	seen int64   // when
}

type rateKey [16]byte

type bucket struct {
	tat   int64
	per   int64
	dirty bool
}

func hashKey(s string) rateKey {
	h := sha256.Sum256([]byte("rate\x00" + s))
	return rateKey(h[:16])
}

func (k rateKey) String() string { return hex.EncodeToString(k[:]) }

// Address is what a caller's address counts as: an IPv6 caller has a whole /64.
func Address(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}

// Allow reports whether key may be used once more, and if not, after how long. With
// Rates it asks the memory and, for a key not seen lately, the table.
func (d Desk) Allow(ctx context.Context, key string, l Limit) (retryAfter time.Duration, ok bool) {
	k, now := hashKey(key), db.Ms(d.DB.Now())
	if d.Rates == nil {
		wait, err := db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) { return take(tx, k, l) })
		return time.Duration(wait) * time.Millisecond, err != nil || wait == 0
	}
	if !d.Rates.knows(k) {
		tat, err := db.See(ctx, d.DB, func(tx *db.Tx) (int64, error) { return tatOf(tx, k) })
		if err != nil {
			tat = 0 // a database that cannot be read says so to whoever needs it; here we let pass
		}
		d.Rates.learn(k, tat, now)
	}
	wait := d.Rates.use(k, l, now)
	return time.Duration(wait) * time.Millisecond, wait == 0
}

func (r *Rates) knows(k rateKey) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.m[k]
	return ok
}

func (r *Rates) learn(k rateKey, tat, now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[rateKey]bucket{}
	}
	if b, ok := r.m[k]; ok { // learnt meanwhile by another
		tat = max(tat, b.tat)
	}
	most := r.Most
	if most == 0 {
		most = 100_000
	}
	if len(r.m) >= most {
		r.forget(now)
	}
	r.m[k] = bucket{tat: tat}
}

// forget drops the least used of a handful: whoever floods us with addresses pushes
// out those addresses, not the bucket that holds them back.
func (r *Rates) forget(now int64) {
	var least rateKey
	low, n := int64(math.MaxInt64), 0
	for k, b := range r.m { // begins anywhere
		if b.tat <= now {
			delete(r.m, k)
			return
		}
		if b.tat < low {
			least, low = k, b.tat
		}
		if n++; n == 16 {
			break
		}
	}
	delete(r.m, least)
}

func (r *Rates) use(k rateKey, l Limit, now int64) (wait int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.m[k]
	var tat int64
	if tat, wait = l.next(b.tat, now); wait == 0 {
		r.m[k] = bucket{tat: tat, per: l.Per.Milliseconds(), dirty: true}
	}
	return wait
}

// Flush writes the buckets that are more than half used to the table. The owner of the
// Desk calls it every few seconds and when the program stops.
func (d Desk) Flush(ctx context.Context) (err error) {
	defer fail.Wrap(&err, "people.Flush")
	if d.Rates == nil {
		return nil
	}
	now := db.Ms(d.DB.Now())
	out := map[rateKey]int64{}
	d.Rates.mu.Lock()
	for k, b := range d.Rates.m {
		if b.dirty && (b.tat-now)*2 >= b.per {
			out[k] = b.tat
			b.dirty = false
			d.Rates.m[k] = b
		} else if b.tat <= now {
			delete(d.Rates.m, k)
		}
	}
	d.Rates.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		for k, tat := range out {
			if err := keep(tx, k, tat); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	return err
}

func tatOf(tx *db.Tx, k rateKey) (int64, error) {
	v, err := db.All(tx, func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, `select tat from rate where key = $1`, k.String())
	if err != nil || len(v) == 0 {
		return 0, err
	}
	return v[0], nil
}

func keep(tx *db.Tx, k rateKey, tat int64) error {
	_, err := tx.Exec(`insert into rate (key, tat) values ($1, $2) on conflict (key) do update set rev = rate.rev + 1,
		tat = case when excluded.tat > rate.tat then excluded.tat else rate.tat end`, k.String(), tat)
	return err
}

// take uses a bucket in the table, where all nodes see it: for what must not be guessed.
func take(tx *db.Tx, k rateKey, l Limit) (wait int64, err error) {
	tat, err := tatOf(tx, k)
	if err != nil {
		return 0, err
	}
	if tat, wait = l.next(tat, db.Ms(tx.Now())); wait > 0 {
		return wait, nil
	}
	return 0, keep(tx, k, tat)
}

// spend uses several buckets in a transaction of its own, so that what follows may
// fail without giving the try back.
//
// Busy fail.too_many.
func (d Desk) spend(ctx context.Context, use map[string]Named) error {
	wait, err := db.Do(ctx, d.DB, func(tx *db.Tx) (most int64, err error) {
		set, err := limitsSet(tx)
		if err != nil {
			return 0, err
		}
		for key, l := range use {
			w, err := take(tx, hashKey(key), set.of(l).Limit)
			if err != nil {
				return 0, err
			}
			most = max(most, w)
		}
		return most, nil
	})
	if err != nil || wait == 0 {
		return err
	}
	return fail.New(fail.Busy, "fail.too_many", "minutes", (wait+59_999)/60_000, "seconds", (wait+999)/1000)
}

package people

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// How often one address may ask, write and send photos. A whole estate may share an address, so
// these only stop machines; what must not be guessed has limits of its own.
var (
	Asks   = Named{"asks", Limit{900, time.Minute}}
	Writes = Named{"writes", Limit{240, 10 * time.Minute}}
	Sends  = Named{"sends", Limit{60, 10 * time.Minute}}
)

// usual are all limits as they are where nobody has changed them.
var usual = []Named{codePerAddress, codePerClient, codePerTicket, passPerPair, passPerClient, passPerAccount, totpPerAccount, Asks, Writes, Sends}

// Bounds are how few and how many times a limit may be set to: a slip of the finger shuts
// nobody out, and does not open the door to a machine.
func (n Named) Bounds() (least, most int) {
	for _, u := range usual {
		if u.Name == n.Name {
			return max(2, u.N/5), u.N * 10
		}
	}
	return 0, 0
}

// Limits are all limits as they hold, and the revision they are changed at.
func (d Desk) Limits(ctx context.Context) (ls []Named, rev int64, err error) {
	defer fail.Wrap(&err, "people.Limits")
	k, err := db.See(ctx, d.DB, limitsSet)
	for _, u := range usual {
		ls = append(ls, k.of(u))
	}
	return ls, k.rev, err
}

// SetLimits changes how often things may be done, those that differ, at the revision that was seen. It holds
// at once, and within seconds on every other node.
//
// Denied fail.denied. Invalid people.rate. Conflict fail.stale.
func (d Desk) SetLimits(ctx context.Context, by who.Actor, ls []Named, rev int64) (err error) {
	defer fail.Wrap(&err, "people.SetLimits")
	if !by.May(who.AbuseEdit, "/") {
		return denied
	}
	for _, l := range ls {
		if least, most := l.Bounds(); l.N < least || l.N > most {
			return &fail.Error{Kind: fail.Invalid, Code: "people.rate", Field: l.Name, Args: []any{"least", least, "most", most}}
		}
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		k, err := limitsSet(tx)
		if err == nil && k.rev != rev {
			err = fail.New(fail.Conflict, "fail.stale")
		}
		if err != nil {
			return 0, err
		}
		for _, u := range usual {
			for _, l := range ls {
				if l.Name != u.Name || l.N == k.of(u).N {
					continue
				}
				if _, err := tx.Exec(`insert into rate_limit (name, n, rev) values ($1, $2, $3) on conflict (name) do update set n = excluded.n, rev = excluded.rev`, l.Name, l.N, rev+1); err != nil {
					return 0, err
				}
				if err := audit.Record(tx, by, "people.rate", 0, map[string]any{"name": l.Name, "was": k.of(u).N, "n": l.N}); err != nil {
					return 0, err
				}
			}
		}
		return 0, nil
	})
	if err == nil && d.Rates != nil {
		d.Rates.mu.Lock()
		d.Rates.seen = 0
		d.Rates.mu.Unlock()
	}
	return err
}

// changes are the limits a town has changed.
type changes struct {
	n   map[string]int
	rev int64
}

func (k changes) of(u Named) Named {
	if n, ok := k.n[u.Name]; ok {
		u.N = n
	}
	return u
}

func limitsSet(tx *db.Tx) (k changes, err error) {
	type row struct {
		name string
		n    int
		rev  int64
	}
	rows, err := db.All(tx, func(r db.Row) (v row, err error) { err = r.Scan(&v.name, &v.n, &v.rev); return }, `select name, n, rev from rate_limit order by name`)
	k.n = map[string]int{}
	for _, r := range rows {
		k.n[r.name], k.rev = r.n, max(k.rev, r.rev)
	}
	return k, err
}

const limitsFor = 5000 // milliseconds for which a node believes the limits it has read

// AllowNamed is Allow under a limit as it is set now.
func (d Desk) AllowNamed(ctx context.Context, key string, u Named) (retryAfter time.Duration, ok bool) {
	if d.Rates == nil {
		k, _ := db.See(ctx, d.DB, limitsSet) // a database that cannot be read says so to whoever needs it
		return d.Allow(ctx, key, k.of(u).Limit)
	}
	now := db.Ms(d.DB.Now())
	d.Rates.mu.Lock()
	old := d.Rates.seen == 0 || now < d.Rates.seen || now > d.Rates.seen+limitsFor
	if old {
		d.Rates.seen = now // the others go on with what there is
	}
	k := d.Rates.set
	d.Rates.mu.Unlock()
	if old {
		if got, err := db.See(ctx, d.DB, limitsSet); err == nil {
			k = got
			d.Rates.mu.Lock()
			d.Rates.set = got
			d.Rates.mu.Unlock()
		}
	}
	return d.Allow(ctx, key, k.of(u).Limit)
}

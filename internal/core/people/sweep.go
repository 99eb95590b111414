package people

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Retention is for how long a kind of data is kept. Kind: contact, account, block,
// consent, erasure; its name is people.retention.<kind>.
type Retention struct {
	Kind string
	Days int64 // 0: until asked
	Rev  int64
}

// Key is the key of the kind's name.
func (r Retention) Key() string { return "people.retention." + r.Kind }

// Retentions are all periods.
func Retentions(tx *db.Tx) ([]Retention, error) {
	return db.All(tx, func(r db.Row) (v Retention, err error) { err = r.Scan(&v.Kind, &v.Days, &v.Rev); return },
		`select kind, days, rev from retention order by kind`)
}

// SaveRetention changes a period at its Rev.
//
// Denied fail.denied. Invalid fail.number. Conflict fail.stale.
func (d Desk) SaveRetention(ctx context.Context, by who.Actor, r Retention) (err error) {
	defer fail.Wrap(&err, "people.SaveRetention")
	if !by.May(who.PeopleEdit, "/") {
		return denied
	}
	if r.Days < 0 || r.Days > 36500 {
		return &fail.Error{Kind: fail.Invalid, Code: "fail.number", Field: "days"}
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		n, err := tx.Exec(`update retention set days = $1, rev = rev + 1 where kind = $2 and rev = $3`, r.Days, r.Kind, r.Rev)
		if err := changed(n, err); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.retention", 0, map[string]any{"kind": r.Kind, "days": r.Days})
	})
	return err
}

// Swept is one line of the log: how many of a kind went.
type Swept struct {
	ID    id.ID
	At    time.Time
	Kind  string
	Count int64
}

// Sweeps is the log, newest first.
//
// Denied fail.denied.
func (d Desk) Sweeps(ctx context.Context, by who.Actor, limit int) (_ []Swept, err error) {
	defer fail.Wrap(&err, "people.Sweeps")
	if !by.May(who.Erase, "") {
		return nil, denied
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Swept, error) {
		return db.All(tx, func(r db.Row) (s Swept, err error) { err = r.Scan(&s.ID, db.Time(&s.At), &s.Kind, &s.Count); return },
			`select id, at, kind, count from sweep order by id desc limit $1`, min(max(limit, 1), 500))
	})
}

// sweepBatch persons at most are blanked in one transaction: others wait behind it.
const sweepBatch = 100

// Sweep takes away what has been kept for long enough, a line in the log for each
// kind. The owner of the Desk calls it once a day; twice is as good as once.
func (d Desk) Sweep(ctx context.Context) (_ []Swept, err error) {
	defer fail.Wrap(&err, "people.Sweep")
	days := map[string]int64{}
	rs, err := db.See(ctx, d.DB, Retentions)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		days[r.Kind] = r.Days
	}
	var out []Swept
	log := func(kind string, f func(tx *db.Tx) (batch, error)) (batch, error) {
		b, err := db.Do(ctx, d.DB, func(tx *db.Tx) (batch, error) {
			b, err := f(tx)
			if err != nil || b.n == 0 {
				return b, err
			}
			b.line = Swept{ID: id.New(tx.Now()), At: tx.Now(), Kind: kind, Count: b.n}
			if _, err := tx.Exec(`insert into sweep (id, at, kind, count) values ($1, $2, $3, $4)`, b.line.ID, db.Ms(tx.Now()), kind, b.n); err != nil {
				return b, err
			}
			return b, audit.Record(tx, who.System(who.Timer), "people.sweep", b.line.ID, map[string]any{"kind": kind, "count": b.n})
		})
		if err == nil && b.n > 0 {
			out = append(out, b.line)
		}
		return b, err
	}
	before := func(tx *db.Tx, kind string) int64 { return db.Ms(tx.Now().AddDate(0, 0, -int(days[kind]))) }
	for _, k := range []struct {
		kind, q string
		days    bool
	}{
		{"session", `delete from session where until <= $1`, false},
		{"code", `delete from code where until <= $1`, false},
		{"rate", `delete from rate where tat <= $1`, false},
		{"link", `delete from login where kind = 'link' and until <= $1`, false},
		{"block", `delete from block where until <> 0 and until <= $1`, true},
		{"consent", `delete from consent where withdrawn <> 0 and withdrawn <= $1`, true},
		{"erasure", `delete from erasure where ended <> 0 and ended <= $1`, true},
	} {
		if k.days && days[k.kind] == 0 {
			continue
		}
		if _, err := log(k.kind, func(tx *db.Tx) (b batch, err error) {
			at := db.Ms(tx.Now())
			if k.days {
				at = before(tx, k.kind)
			}
			b.n, err = tx.Exec(k.q, at)
			return
		}); err != nil {
			return out, err
		}
	}
	if _, err := db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) { // nobody's idle session is worth a line
		return tx.Exec(`delete from session where seen <= $1`, db.Ms(tx.Now().Add(-idle)))
	}); err != nil {
		return out, err
	}
	// What persons left who have no other tie to the town.
	for kind, which := range map[string]string{
		"contact": `phone_ok = 0 and email_ok = 0`,
		"account": `(phone_ok <> 0 or email_ok <> 0) and not exists (select 1 from act where act.what = p.id and act.verb = 'people.sign_in' and act.at > $2)`,
	} {
		if days[kind] == 0 || d.Needed == nil {
			continue
		}
		for last := id.ID(0); ; {
			b, err := log(kind, func(tx *db.Tx) (batch, error) {
				return d.sweepPersons(tx, which, last, tx.Now().AddDate(0, 0, -int(days[kind])))
			})
			if err != nil {
				return out, err
			}
			if last = b.last; last == 0 {
				break
			}
		}
	}
	return out, nil
}

// batch is what one transaction of a sweep did. last is where the next begins, 0 at the end.
type batch struct {
	n    int64
	last id.ID
	line Swept
}

func (d Desk) sweepPersons(tx *db.Tx, which string, last id.ID, since time.Time) (b batch, err error) {
	ps, err := db.All(tx, scanID, `select p.id from person p where p.id > $1 and p.at <= $2 and p.merged = 0 and p.erased = 0 and (p.name || p.phone || p.email) <> '' and `+which+`
		and not exists (select 1 from grants g where g.person = p.id and (g.ends = 0 or g.ends > $2))
		and not exists (select 1 from member m where m.person = p.id and (m.ends = 0 or m.ends > $2))
		order by p.id limit $3`, last, db.Ms(since), sweepBatch)
	if err != nil {
		return b, err
	}
	for _, p := range ps {
		need, err := d.Needed(tx, p, since)
		if err != nil {
			return b, err
		}
		if need {
			continue
		}
		if err := blank(tx, p); err != nil {
			return b, err
		}
		b.n++
	}
	if len(ps) == sweepBatch {
		b.last = ps[len(ps)-1]
	}
	return b, nil
}

package audit

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

// Sealer gives committed acts their place in the chain. It runs on every node; a
// lease in the database lets one of them seal at a time, and the others take note
// of its heads. No writer ever waits for it.
type Sealer struct {
	DB    *db.DB
	Log   *slog.Logger
	Heads []Heads       // where heads are kept outside the database
	Lease time.Duration // zero: 10 s
	Idle  time.Duration // between looks when nobody tells; zero: half a second

	holder int64
	kept   Head
}

// batch bounds one sealing transaction: on the embedded engine writers wait for it.
const batch = 256

// Run seals until ctx ends.
func (s *Sealer) Run(ctx context.Context) error {
	told := s.DB.Hear(topic)
	idle := s.Idle
	if idle == 0 {
		idle = 500 * time.Millisecond
	}
	for ctx.Err() == nil {
		n, err := s.Once(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "seal", "err", err)
		}
		if n == batch {
			continue
		}
		// Not at once: acts that come together are sealed together. Within a second all the same.
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(idle / 2):
		}
		select {
		case <-ctx.Done():
		case <-told:
		case <-time.After(idle):
		}
	}
	return nil
}

// All seals until nothing waits, and says how many it sealed. It stops short when
// another node holds the lease.
func (s *Sealer) All(ctx context.Context) (n int, err error) {
	for {
		k, err := s.Once(ctx)
		if n += k; err != nil || k == 0 {
			return n, err
		}
	}
}

// Once seals at most a batch and keeps the head, also the one another node made.
func (s *Sealer) Once(ctx context.Context) (n int, err error) {
	defer fail.Wrap(&err, "audit.Seal")
	if s.holder == 0 {
		var b [8]byte
		rand.Read(b[:])
		s.holder = int64(binary.BigEndian.Uint64(b[:])>>1) | 1
	}
	type look struct {
		waits bool
		head  Head
	}
	l, err := db.See(ctx, s.DB, func(tx *db.Tx) (l look, err error) {
		w, err := db.All(tx, scanID, `select act from unsealed order by act limit 1`)
		if err != nil {
			return l, err
		}
		l.waits = len(w) > 0
		l.head, err = End(tx)
		return l, err
	})
	if err != nil {
		return 0, err
	}
	head := l.head
	if l.waits {
		got, err := db.Do(ctx, s.DB, s.seal)
		if err != nil {
			return 0, err
		}
		if n = got.n; n > 0 {
			head = got.head
		}
	}
	return n, s.keep(ctx, head)
}

// made is what one transaction did, and the head it made.
type made struct {
	n    int
	head Head
}

func scanID(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }

// seal does one batch. It does nothing when the lease is another's.
func (s *Sealer) seal(tx *db.Tx) (done made, err error) {
	lease := s.Lease
	if lease == 0 {
		lease = 10 * time.Second
	}
	now := tx.Now()
	// A lease that ends in a far future was written by a clock that has since gone back.
	k, err := tx.Exec(`update sealer set holder = $1, until = $2 where one = 1 and (holder = $1 or until < $3 or until > $4)`,
		s.holder, db.Ms(now.Add(lease)), db.Ms(now), db.Ms(now.Add(10*lease)))
	if err != nil || k == 0 {
		return done, err
	}
	h, err := End(tx)
	if err != nil {
		return done, err
	}
	was := h.Seq
	acts, err := db.All(tx, scan, `select `+cols+` from unsealed u join act a on a.id = u.act order by u.act limit $1`, batch)
	if err != nil || len(acts) == 0 {
		return done, err
	}
	var rows, ids []any
	for _, a := range acts {
		m := mark(a)
		h = Head{h.Seq + 1, link(h.Hash, h.Seq+1, int64(a.ID), m), now}
		rows = append(rows, h.Seq, a.ID, m, h.Hash, db.Ms(now))
		ids = append(ids, a.ID)
	}
	if err := each(tx, `insert into seal (seq, act, mark, hash, at) values `, 5, rows); err != nil {
		return done, err
	}
	if err := strike(tx, ids); err != nil {
		return done, err
	}
	// The place before is asked for once more: whatever became of the lease, nothing is sealed twice.
	k, err = tx.Exec(`update sealer set seq = $1, hash = $2, at = $3 where one = 1 and seq = $4 and holder = $5`, h.Seq, h.Hash, db.Ms(now), was, s.holder)
	if err == nil && k != 1 {
		err = errors.New("the head of the chain moved")
	}
	return made{len(acts), h}, err
}

// each inserts rows of n values, many in a statement. The texts are few, so they stay prepared.
func each(tx *db.Tx, into string, n int, vals []any) error {
	for len(vals) > 0 {
		k := 1
		for k*4 <= 64 && k*4*n <= len(vals) {
			k *= 4
		}
		var b strings.Builder
		b.WriteString(into)
		for i := range k * n {
			switch {
			case i == 0:
				b.WriteString("(")
			case i%n == 0:
				b.WriteString("), (")
			default:
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d", i+1)
		}
		b.WriteString(")")
		if _, err := tx.Exec(b.String(), vals[:k*n]...); err != nil {
			return err
		}
		vals = vals[k*n:]
	}
	return nil
}

// strike takes acts off the list of what waits.
func strike(tx *db.Tx, ids []any) error {
	for len(ids) > 0 {
		k := 1
		for k*4 <= 64 && k*4 <= len(ids) {
			k *= 4
		}
		var b strings.Builder
		b.WriteString(`delete from unsealed where act in (`)
		for i := range k {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d", i+1)
		}
		b.WriteString(")")
		if _, err := tx.Exec(b.String(), ids[:k]...); err != nil {
			return err
		}
		ids = ids[k:]
	}
	return nil
}

// keep takes note of the head outside the database. What fails is tried at the next look.
func (s *Sealer) keep(ctx context.Context, h Head) error {
	if h.Seq == 0 || h.Seq == s.kept.Seq && h.Hash == s.kept.Hash {
		return nil
	}
	var errs []error
	for _, k := range s.Heads {
		errs = append(errs, k.Keep(ctx, h))
	}
	err := errors.Join(errs...)
	if err == nil {
		s.kept = h
	}
	return err
}

// Waiting says how many acts wait for their seal, and since when.
func Waiting(tx *db.Tx) (n int64, since time.Time, err error) {
	type row struct {
		n  int64
		at time.Time
	}
	r, err := db.One(tx, "audit.head", func(r db.Row) (v row, err error) { err = r.Scan(&v.n, db.Time(&v.at)); return },
		`select count(*), coalesce(min(a.at), 0) from unsealed u join act a on a.id = u.act`)
	return r.n, r.at, err
}

// PlacesOf are the places of acts in the chain; those not sealed yet have none.
func PlacesOf(tx *db.Tx, acts []id.ID) (map[id.ID]int64, error) {
	out := make(map[id.ID]int64, len(acts))
	for part := range slices.Chunk(acts, 64) {
		args := make([]any, 64) // always as many, so that the statement stays prepared
		var in strings.Builder
		for i := range args {
			args[i] = part[min(i, len(part)-1)]
			fmt.Fprintf(&in, ", $%d", i+1)
		}
		type place struct {
			act id.ID
			seq int64
		}
		ps, err := db.All(tx, func(r db.Row) (p place, err error) { err = r.Scan(&p.act, &p.seq); return },
			`select act, seq from seal where act in (`+in.String()[2:]+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			out[p.act] = p.seq
		}
	}
	return out, nil
}

package job

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

// Runner does the work. It may run on many nodes at once; a lease keeps a job with
// one of them as long as it is at it, and a node that dies loses it when the lease
// ends. Zero values mean what stands behind them.
type Runner struct {
	DB      *db.DB
	Log     *slog.Logger
	Lease   time.Duration // 1 min; renewed while the work goes on
	Idle    time.Duration // 1 s between looks for what other nodes put
	Workers int           // 8 jobs at a time; one kind takes at most three quarters of them
	Most    time.Duration // 10 min for one try
	Grace   time.Duration // 20 s for what is being done when Run is told to stop
	Tries   int           // 24, which is about half a day; then the job waits for a person
	// Move sets the clock for Until; nil: Until sets DB.Clock itself.
	Move func(time.Time)

	do map[string]func(context.Context, []byte) error
	mu sync.Mutex
	on map[string]*Stat
}

// Stat counts one kind of work of this runner.
type Stat struct {
	Kind                        string
	Done, Failed, Dead, Running int64
	Took                        time.Duration // all tries together
}

// On says who does work of type W. Work may be done twice, so f must be such that
// twice is as good as once. An error that is Hopeless is not tried again.
func On[W Work](r *Runner, f func(context.Context, W) error) {
	if r.do == nil {
		r.do = map[string]func(context.Context, []byte) error{}
	}
	var zero W
	r.do[zero.Kind()] = func(ctx context.Context, b []byte) error {
		var w W
		if err := json.Unmarshal(b, &w); err != nil {
			return Hopeless(err)
		}
		return f(ctx, w)
	}
}

type hopeless struct{ error }

func (h hopeless) Unwrap() error { return h.error }

// Hopeless marks an error that trying again cannot mend.
func Hopeless(err error) error { return hopeless{err} }

type letter struct {
	id    id.ID
	due   int64
	kind  string
	body  []byte
	tries int
	got   time.Time // by the machine's clock
}

func scan(s db.Row) (l letter, err error) {
	err = s.Scan(&l.id, &l.due, &l.kind, &l.body, &l.tries)
	return
}

func (r *Runner) lease() time.Duration { return cmp.Or(r.Lease, time.Minute) }
func (r *Runner) most() int            { return cmp.Or(r.Tries, 24) }

// Run works until ctx ends, then finishes what it is at.
func (r *Runner) Run(ctx context.Context) error {
	told := r.DB.Hear(topic)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	n := cmp.Or(r.Workers, 8)
	busy, freed := make(chan struct{}, n), make(chan struct{}, 1)
	for ctx.Err() == nil {
		free := n - len(busy)
		if free == 0 {
			select {
			case <-freed:
			case <-ctx.Done():
			}
			continue
		}
		ls, wait, err := r.claim(ctx, free, max(1, n*3/4))
		if err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "job", "err", err)
		}
		for _, l := range ls {
			busy <- struct{}{}
			wg.Go(func() {
				r.one(work, l)
				<-busy
				select {
				case freed <- struct{}{}:
				default:
				}
			})
		}
		if len(ls) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-told:
		case <-freed: // a kind that had its share may have more
		case <-time.After(min(wait, cmp.Or(r.Idle, time.Second))):
		}
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(cmp.Or(r.Grace, 20*time.Second)):
		stop()
		<-done
	}
	return nil
}

// Once claims what is due and does it, one after the other. It reports how many it did.
func (r *Runner) Once(ctx context.Context) (int, error) {
	ls, _, err := r.claim(ctx, 16, 16)
	n := 0
	for _, l := range ls {
		if time.Since(l.got) > r.lease()/3 { // the work before it took long
			if ok, err := r.renew(ctx, l); err != nil || !ok {
				r.stat(l.kind, func(s *Stat) { s.Running-- })
				continue
			}
		}
		if e := r.one(ctx, l); e != nil {
			err = e
			continue
		}
		n++
	}
	return n, err
}

// claim takes at most n jobs that are due, and says when to look again; 0 at once. A
// kind that has share of them running gets no more.
func (r *Runner) claim(ctx context.Context, n, share int) (ls []letter, wait time.Duration, err error) {
	full, most := r.full(share)
	n = min(n, share-most)
	// Looking is cheap; only what is found is worth a writing transaction.
	wait, err = db.See(ctx, r.DB, func(tx *db.Tx) (time.Duration, error) {
		now := db.Ms(tx.Now())
		next, err := db.All(tx, func(s db.Row) (due int64, err error) { err = s.Scan(&due); return },
			`select due from job where not dead and lease <= $1`+not(full, 2)+` order by due, id limit 1`, append([]any{now}, full...)...)
		if len(next) == 0 {
			return time.Hour, err
		}
		return max(0, time.Duration(next[0]-now)*time.Millisecond), nil
	})
	if err != nil {
		return nil, time.Second, err // a database that refuses at once must not be asked a thousand times a second
	}
	if wait > 0 {
		return nil, wait, nil
	}
	// Told to stop in the middle of the commit, nobody would know who has them.
	ls, err = db.Do(context.WithoutCancel(ctx), r.DB, func(tx *db.Tx) ([]letter, error) {
		now := db.Ms(tx.Now())
		return db.All(tx, scan, `
			update job set lease = $1, tries = tries + 1
			where id in (
				select id from job where not dead and due <= $2 and lease <= $2`+not(full, 4)+`
				order by due, id limit $3`+tx.SkipLocked()+`)
			returning id, due, kind, body, tries`, append([]any{now + r.lease().Milliseconds(), now, n}, full...)...)
	})
	if err != nil {
		return nil, time.Second, err // what was not committed is not ours
	}
	// No engine promises the order of RETURNING.
	slices.SortFunc(ls, func(a, b letter) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id)) })
	for i := range ls {
		ls[i].got = time.Now()
		r.stat(ls[i].kind, func(s *Stat) { s.Running++ })
	}
	if len(ls) == 0 { // another node was quicker
		wait = 10 * time.Millisecond
	}
	return ls, wait, nil
}

// not leaves kinds out; their names are the arguments from first on.
func not(kinds []any, first int) string {
	var b strings.Builder
	for i := range kinds {
		fmt.Fprintf(&b, " and kind <> $%d", first+i)
	}
	return b.String()
}

// full lists the kinds that have their share running, and how many the busiest other has.
func (r *Runner) full(share int) (kinds []any, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, s := range r.on {
		if s.Running >= int64(share) {
			kinds = append(kinds, k)
		} else {
			most = max(most, int(s.Running))
		}
	}
	return kinds, most
}

func (r *Runner) stat(kind string, f func(*Stat)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on == nil {
		r.on = map[string]*Stat{}
	}
	if r.on[kind] == nil {
		r.on[kind] = &Stat{Kind: kind}
	}
	f(r.on[kind])
}

// Stats gives what this runner has done since it started, by kind.
func (r *Runner) Stats() []Stat {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Stat
	for _, s := range r.on {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Stat) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}

// one does a job that is claimed, and strikes it off or says when to try again. Its
// error is that of the database alone.
func (r *Runner) one(ctx context.Context, l letter) error {
	end := r.hold(ctx, l)
	start := time.Now()
	err := r.try(ctx, l)
	end()
	took := time.Since(start)
	var gone hopeless
	dead := err != nil && (errors.As(err, &gone) || l.tries >= r.most())
	cut := err != nil && ctx.Err() != nil // told to stop: that was no try
	r.stat(l.kind, func(s *Stat) {
		s.Running--
		s.Took += took
		switch {
		case err == nil:
			s.Done++
		case !cut:
			s.Failed++
			if dead {
				s.Dead++
			}
		}
	})
	// What was done is said even while stopping, or it would be done again.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer stop()
	_, e := db.Do(ctx, r.DB, func(tx *db.Tx) (int64, error) {
		switch now := tx.Now(); {
		case err == nil:
			return tx.Exec(`delete from job where id = $1 and tries = $2`, l.id, l.tries)
		case cut:
			return tx.Exec(`update job set lease = 0, tries = tries - 1 where id = $1 and tries = $2`, l.id, l.tries)
		default:
			return tx.Exec(`update job set lease = 0, due = $1, dead = $2, err = $3 where id = $4 and tries = $5`,
				db.Ms(now.Add(Wait(l.tries))), dead, code(err), l.id, l.tries)
		}
	})
	if err != nil && !cut {
		r.Log.WarnContext(ctx, "job failed", "kind", l.kind, "id", l.id, "tries", l.tries, "dead", dead, "err", err)
	}
	if e != nil {
		r.Log.ErrorContext(ctx, "job not struck off", "kind", l.kind, "id", l.id, "err", e)
	}
	return e
}

// Wait is the time between the try of that number and the next: 2 s, 4 s … at most an hour.
func Wait(tries int) time.Duration { return min(time.Second<<min(tries, 12), time.Hour) }

// try does the work once.
func (r *Runner) try(ctx context.Context, l letter) (err error) {
	if l.tries > r.most() { // every try ended with the death of a node
		return Hopeless(errors.New("it brings the program down"))
	}
	f := r.do[l.kind]
	if f == nil {
		return fmt.Errorf("no one does %q", l.kind) // yet: a newer node may
	}
	ctx, stop := context.WithTimeout(ctx, cmp.Or(r.Most, 10*time.Minute))
	defer stop()
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v, debug.Stack()}
		}
	}()
	return f(ctx, l.body)
}

type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// code says what failed without saying about whom.
func code(err error) string {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e.Code
	}
	if _, ok := errors.AsType[panicked](err); ok {
		return "panic"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	return "fault"
}

// hold renews the lease of a job as long as the work goes on.
func (r *Runner) hold(ctx context.Context, l letter) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(r.lease() / 3):
			}
			if ok, err := r.renew(ctx, l); err == nil && !ok {
				return // taken back or replaced: what has begun is finished all the same
			}
		}
	}()
	return func() { stop(); <-done }
}

func (r *Runner) renew(ctx context.Context, l letter) (bool, error) {
	n, err := db.Do(ctx, r.DB, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`update job set lease = $1 where id = $2 and tries = $3`, db.Ms(tx.Now().Add(r.lease())), l.id, l.tries)
	})
	return n == 1, err
}

// Until does everything that falls due up to t, moving the clock to each moment at
// which something does, and at last to t. It is for the demo and for tests, which own
// the clock; nothing else may run meanwhile.
func (r *Runner) Until(ctx context.Context, t time.Time) error {
	move := r.Move
	if move == nil {
		move = func(t time.Time) { r.DB.Clock = func() time.Time { return t } }
	}
	for {
		next, err := db.See(ctx, r.DB, func(tx *db.Tx) (time.Time, error) {
			at, err := db.All(tx, func(s db.Row) (at time.Time, err error) { err = s.Scan(db.Time(&at)); return },
				`select due from job where not dead order by due, id limit 1`)
			if len(at) == 0 {
				return t.Add(time.Hour), err
			}
			return at[0], nil
		})
		switch {
		case err != nil:
			return err
		case next.After(t):
			if r.DB.Now().Before(t) {
				move(t)
			}
			return nil
		case next.After(r.DB.Now()):
			move(next)
		}
		n, err := r.Once(ctx)
		if err != nil {
			return err
		}
		if n == 0 { // a lease of a runner that died
			move(r.DB.Now().Add(time.Second))
		}
	}
}

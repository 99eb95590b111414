package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// group lets waiting writers share one SQLite transaction, and so one fsync. Each
// writer's part is a savepoint: it stands or falls alone. Nobody is answered before
// the shared COMMIT has returned.
type group struct {
	mu   sync.Mutex
	wait []*part
	turn chan struct{} // held by the leader
	most int           // parts in one transaction
}

// part is one writer's work in a group.
type part struct {
	ctx  context.Context
	f    func(*Tx) error
	err  error
	done chan struct{} // closed when err is final
}

const (
	groupMost = 128
	groupTime = 20 * time.Millisecond // after which a group takes no more parts
)

var errTorn = errors.New("db: the engine rolled the group back") // run the parts again, each alone

// write queues f, then leads the next group or waits for whoever does.
func (d *DB) write(ctx context.Context, f func(*Tx) error) error {
	p := &part{ctx: ctx, f: f, done: make(chan struct{})}
	g := d.g
	g.mu.Lock()
	g.wait = append(g.wait, p)
	g.mu.Unlock()
	for {
		select {
		case <-p.done:
			return p.err
		case <-ctx.Done():
			if g.leave(p) {
				return ctx.Err() // had not begun
			}
			<-p.done // has begun: the answer is the truth, not "perhaps"
			return p.err
		case g.turn <- struct{}{}:
			func() {
				defer func() { <-g.turn }()
				d.lead()
			}()
		}
	}
}

// leave takes a part that has not begun out of the queue.
func (g *group) leave(p *part) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, q := range g.wait {
		if q == p {
			g.wait = append(g.wait[:i:i], g.wait[i+1:]...)
			return true
		}
	}
	return false
}

// next takes the oldest waiting part.
func (g *group) next() *part {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.wait) == 0 {
		return nil
	}
	p := g.wait[0]
	g.wait = g.wait[1:]
	return p
}

// lead runs one group: begin, the parts, commit, answers.
func (d *DB) lead() {
	first := d.g.next()
	if first == nil {
		return
	}
	parts := []*part{first}
	calm := false
	defer func() {
		if !calm { // a part called runtime.Goexit, as t.FailNow does: this goroutine ends, the neighbours must not pay
			for _, p := range parts {
				if e, ok := p.err.(*Panicked); ok && e.Value == nil {
					continue
				}
				done := make(chan struct{})
				go func() { defer close(done); d.alone(p) }()
				<-done
			}
		}
		for _, p := range parts {
			close(p.done)
		}
	}()
	err := d.together(&parts)
	switch {
	case err == nil:
	case len(parts) == 1 && !errors.Is(err, errTorn):
		first.err = err // begin or commit failed for it alone: Do decides on a retry
	default: // the rare road: each alone, each its own truth
		for _, p := range parts {
			d.alone(p)
		}
	}
	calm = true
}

// alone runs one part in a transaction of its own, from the beginning.
func (d *DB) alone(p *part) {
	if p.err = p.ctx.Err(); p.err != nil {
		return
	}
	if err := d.together(&[]*part{p}, true); err != nil {
		p.err = err
	}
}

// together runs the parts, and the ones that arrive meanwhile, in one transaction.
// Its error means that nothing was committed; a part's own error is in the part.
func (d *DB) together(parts *[]*part, alone ...bool) (err error) {
	if e := d.sick.Load(); e != nil {
		return *e // queued before the disk failed: nothing may be promised any more
	}
	c, err := d.cs.writer(d)
	if err != nil {
		return err
	}
	// No part's context may reach the driver: an interrupted INSERT makes SQLite roll
	// back the whole transaction, which is everybody's.
	ctx := context.Background()
	done := false
	defer func() {
		if !done {
			d.note(err) // before the next group begins, not when the owner hears of it
			c.ExecContext(ctx, "rollback")
		}
	}()
	if _, err := c.ExecContext(ctx, "begin immediate"); err != nil {
		return err
	}
	end := time.Now().Add(groupTime)
	good := 0
	if first := (*parts)[0]; len(*parts) == 1 && (d.g.most == 1 || d.g.quiet()) { // nobody waits: no savepoint, as cheap as a plain transaction
		if first.err = d.bare(c, first); first.err != nil {
			d.note(first.err)
			return nil
		}
		err = d.commit(c, 1)
		done = err == nil
		return err
	}
	for i := 0; i < len(*parts); i++ {
		p := (*parts)[i]
		if p.err = d.part(ctx, c, p); errors.Is(p.err, errTorn) {
			return p.err
		} else if p.err == nil {
			good++
		} else if d.note(p.err) {
			return p.err // the disk failed under one part: nobody's is committed
		}
		if i == len(*parts)-1 && len(alone) == 0 && i+1 < d.g.most && time.Now().Before(end) {
			if n := d.g.next(); n != nil {
				*parts = append(*parts, n)
			}
		}
	}
	if good == 0 {
		return nil
	}
	err = d.commit(c, good)
	done = err == nil
	return err
}

func (d *DB) commit(c *conn, parts int) error {
	_, err := c.ExecContext(context.Background(), "commit")
	if err == nil && d.OnCommit != nil {
		d.OnCommit(parts)
	}
	return err
}

func (g *group) quiet() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.wait) == 0 }

// bare runs one part with nothing around it.
func (d *DB) bare(c *conn, p *part) error {
	tx := &Tx{tx: c.Conn, c: c, ctx: context.WithoutCancel(p.ctx), now: d.Now(), lite: true}
	defer tx.end()
	return safely(p, tx)
}

// part runs one part inside a savepoint.
func (d *DB) part(ctx context.Context, c *conn, p *part) error {
	if _, err := c.ExecContext(ctx, "savepoint p"); err != nil {
		return fmt.Errorf("%w: %w", errTorn, err)
	}
	err := d.bare(c, p)
	if err != nil {
		if _, e := c.ExecContext(ctx, "rollback to p"); e != nil {
			return fmt.Errorf("%w: %w", errTorn, err) // FULL, IOERR, NOMEM: nothing is left to release
		}
	}
	if _, e := c.ExecContext(ctx, "release p"); e != nil {
		return fmt.Errorf("%w: %w", errTorn, e)
	}
	return err
}

// Panicked is what a panic in a part becomes: Do raises it again where it belongs.
type Panicked struct {
	Value any // nil: not a panic but runtime.Goexit, as in t.FailNow
	Stack []byte
}

func (p *Panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// raise lets p happen where its f was given.
func (p *Panicked) raise() {
	if p.Value == nil {
		runtime.Goexit()
	}
	panic(p)
}

// safely catches a panic of p's function. A Goexit it can only note: that goes on,
// through the deferred functions of together, lead and write.
func safely(p *part, tx *Tx) (err error) {
	ok := false
	defer func() {
		if v := recover(); v != nil || !ok {
			err = &Panicked{v, debug.Stack()}
			p.err = err
		}
	}()
	err = p.f(tx)
	ok = true
	return err
}

// over answers for a Tx that someone kept after its end.
type over struct{}

func (over) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, sql.ErrTxDone
}
func (over) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, sql.ErrTxDone
}

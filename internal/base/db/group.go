package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
}

// part is one writer's work in a group.
type part struct {
	ctx  context.Context
	f    func(*Tx) error
	err  error
	done chan struct{} // closed when err is final
}

const (
	groupMost = 128                   // parts in one transaction
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
			d.lead()
			<-g.turn
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
	defer func() {
		for _, p := range parts {
			close(p.done)
		}
	}()
	c, err := d.cs.writer(d)
	if err != nil {
		first.err = err
		return
	}
	if err = d.together(c, &parts); err == nil {
		return
	}
	if len(parts) == 1 && !errors.Is(err, errTorn) {
		first.err = err // begin or commit failed for it alone: Do decides on a retry
		return
	}
	for _, p := range parts { // the rare road: each alone, each its own truth
		one := []*part{p}
		if p.err = nil; p.ctx.Err() != nil {
			p.err = p.ctx.Err()
		} else if err := d.together(c, &one, true); err != nil {
			p.err = err
		}
	}
}

// together runs the parts, and the ones that arrive meanwhile, in one transaction.
// Its error means that nothing was committed; a part's own error is in the part.
func (d *DB) together(c *conn, parts *[]*part, alone ...bool) (err error) {
	// No part's context may reach the driver: an interrupted INSERT makes SQLite roll
	// back the whole transaction, which is everybody's.
	ctx := context.Background()
	if _, err := c.ExecContext(ctx, "begin immediate"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			c.ExecContext(ctx, "rollback")
		}
	}()
	end := time.Now().Add(groupTime)
	good := 0
	if first := (*parts)[0]; len(*parts) == 1 && d.g.quiet() { // nobody waits: no savepoint, as cheap as a plain transaction
		if first.err = d.bare(c, first); first.err != nil {
			c.ExecContext(ctx, "rollback")
			return nil
		}
		return d.commit(c, 1)
	}
	for i := 0; i < len(*parts); i++ {
		p := (*parts)[i]
		if p.err = d.part(ctx, c, p); errors.Is(p.err, errTorn) {
			return p.err
		} else if p.err == nil {
			good++
		}
		if i == len(*parts)-1 && len(alone) == 0 && i+1 < groupMost && time.Now().Before(end) {
			if n := d.g.next(); n != nil {
				*parts = append(*parts, n)
			}
		}
	}
	if good == 0 {
		_, err := c.ExecContext(ctx, "rollback")
		return err
	}
	return d.commit(c, good)
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
	return safely(p.f, tx)
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
	Value any
	Stack []byte
}

func (p *Panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

func safely(f func(*Tx) error, tx *Tx) (err error) {
	ok := false
	defer func() {
		if v := recover(); v != nil || !ok { // !ok without a value: runtime.Goexit, as in t.FailNow
			err = &Panicked{v, debug.Stack()}
		}
	}()
	err = f(tx)
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
func (over) QueryRowContext(context.Context, string, ...any) *sql.Row { panic(sql.ErrTxDone) }

package db

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
)

// conn is a connection of the embedded engine with the statements prepared on it:
// parsing a statement costs more than running one. (pgx keeps its own.)
type conn struct {
	*sql.Conn
	kept map[string]*sql.Stmt
}

const (
	keptMost = 600 // texts on a connection; lists of changing length would grow it without end
	readers  = 8
)

// conns holds the connections for life: one that writes, a few that read.
type conns struct {
	mu   sync.Mutex
	w    *conn
	free []*conn
	seat chan struct{} // a reader takes one; its capacity is readers
}

// writer is the one connection that writes. Only the leader of a group calls it.
func (s *conns) writer(d *DB) (*conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		c, err := d.w.Conn(context.Background())
		if err != nil {
			return nil, err
		}
		s.w = &conn{c, map[string]*sql.Stmt{}}
	}
	return s.w, nil
}

// reader lends a connection; the caller gives it back, or drops it.
func (s *conns) reader(ctx context.Context, d *DB) (*conn, error) {
	select {
	case s.seat <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		c := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	c, err := d.r.Conn(ctx)
	if err != nil {
		<-s.seat
		return nil, err
	}
	return &conn{c, map[string]*sql.Stmt{}}, nil
}

func (s *conns) give(c *conn) {
	s.mu.Lock()
	s.free = append(s.free, c)
	s.mu.Unlock()
	<-s.seat
}

func (s *conns) drop(c *conn) {
	c.close()
	<-s.seat
}

func (c *conn) close() error {
	var errs []error
	for _, st := range c.kept {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.Conn.Close())...)
}

func (s *conns) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, c := range s.free {
		errs = append(errs, c.close())
	}
	s.free = nil
	if s.w != nil {
		errs = append(errs, s.w.close())
		s.w = nil
	}
	return errors.Join(errs...)
}

// look runs f in a read transaction of the embedded engine.
func look[T any](ctx context.Context, d *DB, f func(*Tx) (T, error)) (v T, err error) {
	c, err := d.cs.reader(ctx, d)
	if err != nil {
		return v, err
	}
	whole := false
	defer func() {
		// Also after a panic. A connection that cannot end its transaction is not lent again.
		if _, e := c.ExecContext(context.Background(), "rollback"); e != nil || !whole {
			d.cs.drop(c)
			return
		}
		d.cs.give(c)
	}()
	if _, err := c.ExecContext(ctx, "begin"); err != nil {
		return v, err
	}
	tx := &Tx{tx: c.Conn, c: c, ctx: ctx, now: d.Now(), lite: true}
	v, err = f(tx)
	tx.end()
	whole = true
	return v, err
}

// plain reports whether q is one statement that data moves through.
func plain(q string) bool {
	q = strings.TrimLeft(q, " \t\n")
	if len(q) < 6 || strings.Contains(q, ";") {
		return false
	}
	switch strings.ToLower(q[:6]) {
	case "select", "insert", "update", "delete":
		return true
	}
	return false
}

// statement returns q prepared once on this connection; nil when q is run as it is.
func (tx *Tx) statement(q string) (*sql.Stmt, error) {
	if tx.c == nil {
		return nil, nil
	}
	if st := tx.c.kept[q]; st != nil || len(tx.c.kept) >= keptMost || !plain(q) {
		return st, nil
	}
	st, err := tx.c.PrepareContext(context.Background(), q)
	if err == nil {
		tx.c.kept[q] = st
	}
	return st, err
}

func (tx *Tx) exec(q string, args []any) (sql.Result, error) {
	switch st, err := tx.statement(q); {
	case err != nil:
		return nil, err
	case st != nil:
		return st.ExecContext(tx.ctx, args...)
	}
	return tx.tx.ExecContext(tx.ctx, q, args...)
}

func (tx *Tx) query(q string, args []any) (*sql.Rows, error) {
	switch st, err := tx.statement(q); {
	case err != nil:
		return nil, err
	case st != nil:
		return st.QueryContext(tx.ctx, args...)
	}
	return tx.tx.QueryContext(tx.ctx, q, args...)
}

// end makes a Tx dead, so that one kept too long cannot write into a stranger's part.
func (tx *Tx) end() { tx.tx, tx.c = over{}, nil }

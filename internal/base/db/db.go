// Package db is the only door to the database. It opens SQLite or any PostgreSQL
// wire engine, runs the migrations, and hands out transactions. One SQL text runs
// on all engines: numbered placeholders ($1), bigint milliseconds for time, ids
// made by the program, and no construct that portable_test.go does not prove.
//
// Floor: base. Imports: base/fail, the two drivers.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/linli-town/linli/internal/base/fail"
)

// DB holds the pools. SQLite has one writer and many readers; PostgreSQL has one
// pool that is both.
type DB struct {
	// Clock is what Tx.Now reads; nil is the machine's. The demo and tests move it.
	Clock func() time.Time
	// OnCommit, when set, hears how many parts shared each commit.
	OnCommit func(parts int)

	w, r *sql.DB
	lite bool
	path string
	g    *group // nil: every write commits alone
	sick atomic.Pointer[error]
	cs   conns
	ears ears
}

// Sync is for the negative control of a test; the program never sets it.
var Sync = "full"

// wait bounds every call to a database on the network: a black hole has no error.
const wait = 15 * time.Second

// Open opens the database that url names: "postgres://…" or a SQLite file path.
func Open(ctx context.Context, url string) (_ *DB, err error) {
	defer fail.Wrap(&err, "db.Open")
	if strings.HasPrefix(url, "postgres") {
		c, err := pgx.ParseConfig(url)
		if err != nil {
			return nil, errors.New("the address of the database cannot be read") // the address holds a password
		}
		if c.ConnectTimeout == 0 {
			c.ConnectTimeout = 5 * time.Second
		}
		for k, v := range map[string]string{"statement_timeout": "10000", "idle_in_transaction_session_timeout": "10000"} {
			if c.RuntimeParams[k] == "" {
				c.RuntimeParams[k] = v
			}
		}
		p := stdlib.OpenDB(*c)
		p.SetMaxOpenConns(24)
		p.SetMaxIdleConns(12)
		p.SetConnMaxIdleTime(5 * time.Minute)
		return &DB{w: p, r: p}, p.PingContext(ctx)
	}
	// Pragmas belong to a connection, not to a database, so they go in the DSN.
	dsn := "file:" + plainPath.Replace(url) + "?_pragma=journal_mode(wal)&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=cache_size(-16000)&_pragma=wal_autocheckpoint(4000)&_pragma=synchronous(" + Sync + ")"
	d := &DB{lite: true, path: url, cs: conns{seat: make(chan struct{}, readers)}}
	if d.w, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	d.w.SetMaxOpenConns(1)
	d.g = &group{turn: make(chan struct{}, 1), most: groupMost}
	if d.r, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return nil, err
	}
	d.r.SetMaxOpenConns(readers + 1) // one for Ready
	return d, d.w.PingContext(ctx)
}

// plainPath writes a path so that SQLite, which reads an address, finds that path: a
// folder may have a # in its name.
var plainPath = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")

// Close closes the pools.
func (d *DB) Close() error { return errors.Join(d.cs.close(), d.r.Close(), d.w.Close()) }

// Lite reports whether this is the embedded engine.
func (d *DB) Lite() bool { return d.lite }

// Now is the time by the clock that transactions read.
func (d *DB) Now() time.Time {
	if d.Clock != nil {
		return d.Clock().UTC().Truncate(time.Millisecond)
	}
	return time.Now().UTC().Truncate(time.Millisecond)
}

// Ready says why this node must not serve: the engine cannot be reached, or a
// write to its disk failed. After a failed sync the kernel may call lost pages
// clean, so a later success proves nothing and only a restart clears it.
func (d *DB) Ready(ctx context.Context) error {
	if e := d.sick.Load(); e != nil {
		return *e
	}
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	return d.r.PingContext(ctx)
}

// Backup writes a consistent copy of an embedded database to path while others go
// on writing. On PostgreSQL it is refused with db.backup.pg: there pg_dump does it.
func (d *DB) Backup(ctx context.Context, path string) error {
	if !d.lite {
		return fail.New(fail.Invalid, "db.backup.pg")
	}
	c, err := sql.Open("sqlite", "file:"+plainPath.Replace(d.path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.ExecContext(ctx, `vacuum into $1`, path)
	return err
}

// note takes this node out of service if err says that its disk failed.
func (d *DB) note(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		err = fmt.Errorf("db: out of service: %w", err)
		d.sick.CompareAndSwap(nil, &err)
		return true
	}
	return false
}

// judge turns what the engine says of itself into what people may see: Busy db.full
// when there is no room, Busy db.away when a server cannot be reached or has no time.
func (d *DB) judge(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || fail.KindOf(err) != fail.Fault {
		return err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return &fail.Error{Kind: fail.Busy, Code: "db.full", Err: err}
		case sqlite3.SQLITE_BUSY:
			return &fail.Error{Kind: fail.Busy, Code: "db.away", Err: err}
		}
		if d.note(err) {
			return *d.sick.Load()
		}
		return err
	}
	if !d.lite && away(err) {
		return &fail.Error{Kind: fail.Busy, Code: "db.away", Err: err}
	}
	return err
}

// away reports whether a server was not reached, went away, or had no time or room.
// After such an answer to a commit nobody knows whether it happened; that is why
// forms carry a key.
func away(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if e.Code == "53100" {
			return true // its disk is full
		}
		switch e.Code[:min(2, len(e.Code))] {
		case "08", "53", "57", "40", "25": // connection, resources, operator, conflict, ended while idle
			return true
		}
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	for _, e := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone} {
		if errors.Is(err, e) {
			return true
		}
	}
	return strings.HasSuffix(err.Error(), "conn closed") // pgconn says this in words only
}

// runner is a *sql.Tx, or the writer's *sql.Conn inside a group.
type runner interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// Tx is one transaction. It lives only inside Do or See and carries their context,
// so what takes a Tx takes no context.
type Tx struct {
	tx   runner
	ctx  context.Context
	now  time.Time
	lite bool
	c    *conn    // the embedded engine's connection, for its kept statements
	told []string // topics to tell of after the commit
}

// Now is the moment the transaction began, the same for every row it writes.
func (tx *Tx) Now() time.Time { return tx.now }

// SkipLocked is the one clause that differs between engines: SQLite has a single
// writer, so no row can be locked by another.
func (tx *Tx) SkipLocked() string {
	if tx.lite {
		return ""
	}
	return " for update skip locked"
}

// Exec runs a statement and reports how many rows it touched.
func (tx *Tx) Exec(q string, args ...any) (int64, error) {
	res, err := tx.exec(q, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Row is what a scan function reads from.
type Row interface{ Scan(...any) error }

// All returns every row of a query. It is the only place that loops over rows.
func All[T any](tx *Tx, scan func(Row) (T, error), q string, args ...any) ([]T, error) {
	rows, err := tx.query(q, args)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// One returns the only row of a query, or a Missing error with the given code.
func One[T any](tx *Tx, missing string, scan func(Row) (T, error), q string, args ...any) (T, error) {
	vs, err := All(tx, scan, q, args...)
	if err == nil && len(vs) == 0 {
		err = fail.New(fail.Missing, missing)
	}
	if err != nil {
		var none T
		return none, err
	}
	return vs[0], nil
}

// See runs f on a consistent snapshot, read only.
func See[T any](ctx context.Context, d *DB, f func(*Tx) (T, error)) (T, error) {
	if d.lite {
		v, err := look(ctx, d, f)
		return v, d.judge(ctx, err)
	}
	// A snapshot is all a reader needs; a serialisable one could be told to try again.
	return try(ctx, d, func() (T, error) {
		return run(ctx, d.r, d, f, sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	})
}

// Do runs f in a transaction and commits it. The engine may make it run f again,
// so f touches nothing but its Tx: letters go to the outbox, not to the post.
// Busy db.full if there is no room, db.away if the engine stays out of reach.
func Do[T any](ctx context.Context, d *DB, f func(*Tx) (T, error)) (T, error) {
	return try(ctx, d, func() (v T, err error) {
		var told []string
		g := func(tx *Tx) (T, error) {
			v, err := f(tx)
			told = tx.told
			return v, err
		}
		if d.g == nil {
			v, err = run(ctx, d.w, d, g, sql.TxOptions{Isolation: sql.LevelSerializable})
		} else {
			err = d.write(ctx, func(tx *Tx) (err error) { v, err = g(tx); return err })
			if p, ok := errors.AsType[*Panicked](err); ok {
				p.raise()
			}
		}
		if err == nil {
			d.wake(told)
		}
		return v, err
	})
}

// try runs once, and again as long as the engine asks for it.
func try[T any](ctx context.Context, d *DB, once func() (T, error)) (v T, err error) {
	if e := d.sick.Load(); e != nil {
		return v, *e
	}
	for n := range 12 {
		if v, err = once(); err == nil || !again(err) {
			return v, d.judge(ctx, err)
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(time.Duration(rand.IntN(5<<min(n, 7))) * time.Millisecond):
		}
	}
	return v, d.judge(ctx, err)
}

func run[T any](ctx context.Context, p *sql.DB, d *DB, f func(*Tx) (T, error), o sql.TxOptions) (v T, err error) {
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	t, err := p.BeginTx(ctx, &o)
	if err != nil {
		return v, err
	}
	defer t.Rollback() // no effect after Commit; also undoes a panic
	if v, err = f(&Tx{tx: t, ctx: ctx, now: d.Now()}); err != nil {
		return v, err
	}
	return v, t.Commit()
}

// again reports whether the engine asks for the transaction to be run once more.
func again(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "40001", "40P01", // serialisation, deadlock
			"57P03": // starting up; nothing can have been committed
			return true
		}
		return e.Code == "42P07" || e.Code == "42710" || e.Code == "23505" && e.SchemaName == "pg_catalog" // two nodes migrate at once
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// Milli is a time in the database: milliseconds since 1970, 0 for none.
type Milli time.Time

// Time makes t scannable.
func Time(t *time.Time) *Milli { return (*Milli)(t) }

// Scan implements sql.Scanner.
func (m *Milli) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("db: time from %T", v)
	}
	if *m = (Milli{}); n != 0 {
		*m = Milli(time.UnixMilli(n).UTC())
	}
	return nil
}

// Ms is the database form of t.
func Ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

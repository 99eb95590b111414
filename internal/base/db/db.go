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
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/linli-town/linli/internal/base/fail"
)

// DB holds the pools. SQLite has one writer and many readers; PostgreSQL has one
// pool that is both.
type DB struct {
	w, r *sql.DB
	lite bool
	g    *group // nil: every write commits alone
}

// Sync is for the negative control of a test; the program never sets it.
var Sync = "full"

// Open opens the database that url names: "postgres://…" or a SQLite file path.
func Open(ctx context.Context, url string) (_ *DB, err error) {
	defer fail.Wrap(&err, "db.Open")
	if strings.HasPrefix(url, "postgres") {
		p, err := sql.Open("pgx", url)
		if err != nil {
			return nil, err
		}
		return &DB{w: p, r: p}, p.PingContext(ctx)
	}
	// Pragmas belong to a connection, not to a database, so they go in the DSN.
	dsn := "file:" + url + "?_pragma=journal_mode(wal)&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=synchronous(" + Sync + ")"
	d := &DB{lite: true}
	if d.w, err = sql.Open("sqlite", dsn+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	d.w.SetMaxOpenConns(1)
	d.g = &group{turn: make(chan struct{}, 1)}
	if d.r, err = sql.Open("sqlite", dsn+"&_pragma=query_only(1)"); err != nil {
		return nil, err
	}
	return d, d.w.PingContext(ctx)
}

// Close closes the pools.
func (d *DB) Close() error { return errors.Join(d.r.Close(), d.w.Close()) }

// runner is a *sql.Tx, or the writer's *sql.Conn inside a group.
type runner interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// Tx is one transaction. It lives only inside Do or See and carries their context,
// so what takes a Tx takes no context.
type Tx struct {
	tx   runner
	ctx  context.Context
	now  time.Time
	lite bool
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
	res, err := tx.tx.ExecContext(tx.ctx, q, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Row is what a scan function reads from.
type Row interface{ Scan(...any) error }

// All returns every row of a query. It is the only place that loops over rows.
func All[T any](tx *Tx, scan func(Row) (T, error), q string, args ...any) ([]T, error) {
	rows, err := tx.tx.QueryContext(tx.ctx, q, args...)
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
	v, err := scan(tx.tx.QueryRowContext(tx.ctx, q, args...))
	if errors.Is(err, sql.ErrNoRows) {
		err = fail.New(fail.Missing, missing)
	}
	return v, err
}

// See runs f on a consistent snapshot, read only.
func See[T any](ctx context.Context, d *DB, f func(*Tx) (T, error)) (T, error) {
	return run(ctx, d.r, d, f)
}

// Do runs f in a transaction and commits it. The engine may make it run f again,
// so f touches nothing but its Tx: letters go to the outbox, not to the post.
func Do[T any](ctx context.Context, d *DB, f func(*Tx) (T, error)) (v T, err error) {
	for try := range 8 {
		if d.g != nil {
			err = d.write(ctx, func(tx *Tx) (err error) { v, err = f(tx); return err })
			if p, ok := errors.AsType[*Panicked](err); ok {
				panic(p)
			}
		} else {
			v, err = run(ctx, d.w, d, f)
		}
		if err == nil || !again(err) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(time.Duration(rand.IntN(10<<try)) * time.Millisecond):
		}
	}
	return v, err
}

func run[T any](ctx context.Context, p *sql.DB, d *DB, f func(*Tx) (T, error)) (v T, err error) {
	o := &sql.TxOptions{Isolation: sql.LevelSerializable}
	if d.lite {
		o = nil // always serializable
	}
	t, err := p.BeginTx(ctx, o)
	if err != nil {
		return v, err
	}
	defer t.Rollback() // no effect after Commit; also undoes a panic
	if v, err = f(&Tx{tx: t, ctx: ctx, now: time.Now().UTC().Truncate(time.Millisecond), lite: d.lite}); err != nil {
		return v, err
	}
	return v, t.Commit()
}

// again reports whether the engine asks for the transaction to be run once more.
func again(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001" || e.Code == "40P01"
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

package job

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

// Sick is a job that does not get done.
type Sick struct {
	ID    id.ID
	Kind  string
	Key   string
	Tries int
	Err   string // a code, never about whom
	Due   time.Time
	Dead  bool // not tried again by itself
}

// Stuck lists what was given up, what has failed three times, and what has been due
// for ten minutes with nobody at it; at most two hundred, the longest due first.
func Stuck(ctx context.Context, d *db.DB) (_ []Sick, err error) {
	defer fail.Wrap(&err, "job.Stuck")
	scan := func(r db.Row) (s Sick, err error) {
		err = r.Scan(&s.ID, &s.Kind, &s.Key, &s.Tries, &s.Err, db.Time(&s.Due), &s.Dead)
		return
	}
	return db.See(ctx, d, func(tx *db.Tx) ([]Sick, error) {
		return db.All(tx, scan, `
			select id, kind, key, tries, err, due, dead from job
			where dead or (tries >= 3 and err <> '') or (due < $1 and lease <= $2)
			order by due, id limit 200`, db.Ms(tx.Now().Add(-10*time.Minute)), db.Ms(tx.Now()))
	})
}

// Count says how many jobs of a kind there are.
type Count struct {
	Kind           string
	All, Due, Dead int64
	Since          time.Time // when the first that is due fell due
}

// Counts counts jobs by kind.
func Counts(ctx context.Context, d *db.DB) (_ []Count, err error) {
	defer fail.Wrap(&err, "job.Counts")
	scan := func(r db.Row) (c Count, err error) {
		err = r.Scan(&c.Kind, &c.All, &c.Due, &c.Dead, db.Time(&c.Since))
		return
	}
	return db.See(ctx, d, func(tx *db.Tx) ([]Count, error) {
		return db.All(tx, scan, `
			select kind, count(*), count(case when due <= $1 and not dead then 1 end), count(case when dead then 1 end),
				coalesce(min(case when due <= $1 and not dead then due end), 0)
			from job group by kind order by kind`, db.Ms(tx.Now()))
	})
}

// Again has a job that was given up tried once more, now. Missing job.gone if there is none.
func Again(tx *db.Tx, job id.ID) error {
	tx.Tell(topic)
	n, err := tx.Exec(`update job set dead = false, tries = 0, lease = 0, due = $1 where id = $2 and dead`, db.Ms(tx.Now()), job)
	if err == nil && n == 0 {
		err = fail.New(fail.Missing, "job.gone")
	}
	return err
}

// Drop gives a job up for good. Missing job.gone if there is none.
func Drop(tx *db.Tx, job id.ID) error {
	n, err := tx.Exec(`delete from job where id = $1 and dead`, job)
	if err == nil && n == 0 {
		err = fail.New(fail.Missing, "job.gone")
	}
	return err
}

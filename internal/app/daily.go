package app

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/job"
)

// daily is what is done once a day, by whichever node gets to it: what has been kept
// for long enough is taken away.
type daily struct{}

// Kind implements job.Work.
func (daily) Kind() string { return "app.daily" }

func (t *town) daily(ctx context.Context, _ daily) error {
	if _, err := t.people.Sweep(ctx); err != nil {
		return err
	}
	return t.tomorrow(ctx)
}

// tomorrow puts the next day's round, at ten past three in the night.
func (t *town) tomorrow(ctx context.Context) error {
	_, err := db.Do(ctx, t.db, func(tx *db.Tx) (int, error) {
		y, m, d := tx.Now().In(t.zone).Date()
		due := time.Date(y, m, d, 3, 10, 0, 0, t.zone)
		if !due.After(tx.Now()) {
			due = time.Date(y, m, d+1, 3, 10, 0, 0, t.zone)
		}
		return 0, job.PutOnce(tx, "app.daily", due, daily{})
	})
	return err
}

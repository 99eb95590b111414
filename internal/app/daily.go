package app

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/core/notify"
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
	if err := t.sweepLetters(ctx); err != nil {
		return err
	}
	if err := t.sweepPhotos(ctx, 24*time.Hour); err != nil {
		return err
	}
	return t.tomorrow(ctx)
}

// lettersKept is how long a letter stays in an inbox.
const lettersKept = 180 * 24 * time.Hour

func (t *town) sweepLetters(ctx context.Context) error {
	for {
		n, err := db.Do(ctx, t.db, func(tx *db.Tx) (int64, error) { return notify.Sweep(tx, tx.Now().Add(-lettersKept), 1000) })
		if err != nil || n < 1000 {
			return err
		}
	}
}

// sweepPhotos takes away photos older than age that hang on nothing: of reports never
// sent, and of people who were forgotten.
func (t *town) sweepPhotos(ctx context.Context, age time.Duration) error {
	var old []string
	err := t.photos.Walk(func(f blob.File) error {
		if f.Size == blob.Full && time.Since(f.At) > age {
			old = append(old, f.Name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range old {
		loose, err := t.issues.Loose(ctx, name)
		if err == nil && loose {
			err = t.photos.Remove(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
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

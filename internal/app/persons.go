package app

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
)

// persons tells the rooms that keep persons' ids and words who became one with whom,
// and who is to be forgotten; and asks them whom they still need.
func (t *town) persons() {
	t.people.Needed = issue.Needs
	job.On(t.runner, func(ctx context.Context, m people.Merged) error {
		_, err := db.Do(ctx, t.db, func(tx *db.Tx) (int, error) {
			if err := issue.MergePerson(tx, m.From, m.Into); err != nil {
				return 0, err
			}
			return 0, notify.Merge(tx, m.From, m.Into)
		})
		return err
	})
	job.On(t.runner, func(ctx context.Context, e people.Erased) error {
		_, err := db.Do(ctx, t.db, func(tx *db.Tx) (int, error) {
			if err := issue.Forget(tx, e.Person); err != nil {
				return 0, err
			}
			return 0, notify.Forget(tx, e.Person)
		})
		return err
	})
}

package db_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/testkit"
)

// Only a commit is heard, and only by those who listen for it.
func TestToldAfterTheCommit(t *testing.T) {
	testkit.Each(t, []fs.FS{find}, func(t *testing.T, d *db.DB) {
		job, act := d.Hear("job"), d.Hear("act")
		say := func(fail error) {
			db.Do(t.Context(), d, func(tx *db.Tx) (int, error) {
				tx.Tell("job")
				tx.Tell("job")
				if len(job) != 0 {
					t.Error("heard before the commit")
				}
				return 0, fail
			})
		}
		say(errors.New("no"))
		if len(job) != 0 {
			t.Error("heard of what was not committed")
		}
		say(nil)
		if len(job) != 1 || len(act) != 0 {
			t.Errorf("heard %d and %d, want 1 and 0", len(job), len(act))
		}
	})
}

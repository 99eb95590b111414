package db_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// A folder may be called anything.
func TestFolderWithSigns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a#b ?c%41 街道")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), filepath.Join(dir, "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := db.Migrate(t.Context(), d, find); err != nil {
		t.Fatal(err)
	}
	if err := d.Backup(t.Context(), filepath.Join(dir, "copy.db")); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"t.db", "copy.db"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
}

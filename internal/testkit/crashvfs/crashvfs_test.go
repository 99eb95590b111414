package crashvfs_test

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/linli-town/linli/internal/testkit/crashvfs"
)

// The smallest proof that a cut takes what was not synced and leaves what was.
func TestCutTakesWhatWasNotSynced(t *testing.T) {
	for level, survives := range map[string]bool{"full": true, "off": false} {
		crashvfs.Take()
		d, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "a.db")+"?vfs=crash&_pragma=journal_mode(wal)&_pragma=synchronous("+level+")")
		if err != nil {
			t.Fatal(err)
		}
		d.SetMaxOpenConns(1)
		for _, q := range []string{`create table e (n integer primary key)`, `insert into e values (1)`} {
			if _, err := d.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		cut := len(crashvfs.Peek())
		d.Close()
		dir := t.TempDir()
		if err := crashvfs.Image(dir, crashvfs.Take(), cut, crashvfs.Drop, rand.New(rand.NewPCG(1, 1))); err != nil {
			t.Fatal(err)
		}
		after, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "a.db")+"?vfs=unix")
		if err != nil {
			t.Fatal(err)
		}
		defer after.Close()
		var n int
		err = after.QueryRow(`select count(*) from e`).Scan(&n)
		if got := err == nil && n == 1; got != survives {
			t.Errorf("synchronous=%s: the row is there: %v, want %v (%v)", level, got, survives, err)
		}
	}
}

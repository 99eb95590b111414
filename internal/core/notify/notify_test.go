package notify_test

import (
	"io/fs"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/testkit"
)

var rooms = []fs.FS{job.SQL, notify.SQL}

func count(t *testing.T, d *db.DB, q string, args ...any) (n int) {
	t.Helper()
	n, err := db.See(t.Context(), d, func(tx *db.Tx) (int, error) {
		return db.One(tx, "none", func(r db.Row) (n int, err error) { err = r.Scan(&n); return }, q, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The same thing is told once to each, however often it is posted.
func TestSameKeyIsOneLetter(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		for _, l := range []notify.Letter{
			{To: 1, Kind: "issue.late", About: 7, Key: "late:7"},
			{To: 1, Kind: "issue.late", About: 7, Key: "late:7"},
			{To: 2, Kind: "issue.late", About: 7, Key: "late:7"},
			{To: 1, Kind: "issue.moved", About: 7},
			{To: 1, Kind: "issue.moved", About: 7},
		} {
			if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) { return 0, notify.Post(tx, l) }); err != nil {
				t.Fatal(err)
			}
		}
		if l, j := count(t, d, `select count(*) from letter`), count(t, d, `select count(*) from job`); l != 4 || j != 4 {
			t.Errorf("%d letters and %d jobs, want 4 and 4", l, j)
		}
	})
}

package people

import (
	"errors"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
)

// A limit that is changed holds at once where it was changed, within seconds on the other
// node, for signing in too, and leaves an act.
func TestLimitsAreChangedWithoutARestart(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		admin := who.Actor{ID: 7, Via: who.Web, Grants: []who.Grant{{Role: who.Admin, Path: "/"}}}
		here, there := Desk{DB: d.DB, Rates: &Rates{}}, Desk{DB: d.DB, Rates: &Rates{}}
		times := func(d Desk, key string) (n int) {
			for ; n < 1000; n++ {
				if _, ok := d.AllowNamed(ctx, key, Sends); !ok {
					return n
				}
			}
			return n
		}
		if a, b := times(here, "a"), times(there, "b"); a != 60 || b != 60 {
			t.Fatalf("%d and %d, want 60", a, b)
		}
		ls, rev, err := here.Limits(ctx)
		if err != nil || len(ls) != len(usual) || rev != 0 {
			t.Fatalf("%v %d %v", ls, rev, err)
		}
		for i := range ls {
			switch ls[i].Name {
			case "sends":
				ls[i].N = 30
			case "code_address":
				ls[i].N = 2
			}
		}
		for name, tt := range map[string]struct {
			by   who.Actor
			ls   []Named
			rev  int64
			code string
		}{
			"not theirs": {who.Actor{ID: 8}, ls, 0, "fail.denied"},
			"too few":    {admin, []Named{{"asks", Limit{5, time.Minute}}}, 0, "people.rate"},
			"too many":   {admin, []Named{{"asks", Limit{9001, time.Minute}}}, 0, "people.rate"},
			"unknown":    {admin, []Named{{"dances", Limit{5, time.Minute}}}, 0, "people.rate"},
			"stale":      {admin, ls, 3, "fail.stale"},
		} {
			var e *fail.Error
			if err := here.SetLimits(ctx, tt.by, tt.ls, tt.rev); !errors.As(err, &e) || e.Code != tt.code {
				t.Errorf("%s: %v, want %s", name, err, tt.code)
			}
		}
		if err := here.SetLimits(ctx, admin, ls, 0); err != nil {
			t.Fatal(err)
		}
		if n := times(here, "c"); n != 30 {
			t.Errorf("%d here, want 30", n)
		}
		c.add(6 * time.Second)
		if n := times(there, "d"); n != 30 {
			t.Errorf("%d on the other node, want 30", n)
		}
		for i := range 3 {
			err := here.spend(ctx, map[string]Named{"code/x": codePerAddress})
			if (err != nil) != (i == 2) {
				t.Errorf("code %d: %v", i, err)
			}
		}
		acts, err := db.See(ctx, d.DB, func(tx *db.Tx) ([]string, error) {
			return db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return }, `select detail from act where verb = 'people.rate' order by id`)
		})
		if err != nil || len(acts) != 2 {
			t.Errorf("acts %v, %v", acts, err)
		}
		if _, rev, _ := there.Limits(ctx); rev != 1 {
			t.Errorf("revision %d", rev)
		}
	})
}

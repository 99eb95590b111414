package issue

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/testkit"
)

// What is kept in memory is what the table says, after every kind of change, also one
// made by another node.
func TestCategoriesShownAreThoseThereAre(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		here, other := Desk{DB: d, Shelf: &Shelf{}}, Desk{DB: d}
		same := func(what string) {
			t.Helper()
			for range 2 { // read, and kept
				got, err := here.Shown(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want, err := other.Categories(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s", what, diff)
				}
			}
		}
		same("none")
		if _, err := other.Seed(t.Context(), who.System(who.CLI)); err != nil {
			t.Fatal(err)
		}
		same("seeded")
		change := func(what string, f func(tx *db.Tx, c *Category) error) {
			t.Helper()
			if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) {
				c, err := CategoryByCode(tx, "facility")
				if err != nil {
					return 0, err
				}
				return 0, f(tx, &c)
			}); err != nil {
				t.Fatal(err)
			}
			same(what)
		}
		change("a new name", func(tx *db.Tx, c *Category) error { c.Names["zh-Hans"] = "公共设施"; return putCategory(tx, *c) })
		change("a limit", func(tx *db.Tx, c *Category) error {
			c.Limits = []Limit{{What: "accept", N: 3, Unit: "hour"}}
			return putCategory(tx, *c)
		})
		change("one more", func(tx *db.Tx, c *Category) error {
			n := *c
			n.Code, n.Parent, n.Rank = "facility.new_one", "facility", 99
			return putCategory(tx, n)
		})
		change("retired", func(tx *db.Tx, c *Category) error { c.Retired = tx.Now(); return putCategory(tx, *c) })
	})
}

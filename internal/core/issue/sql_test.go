package issue

import (
	"io/fs"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/testkit"
)

// fill puts a different value in every field of v that is not a list.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Type() == reflect.TypeFor[time.Time]():
			f.Set(reflect.ValueOf(time.UnixMilli(rand.Int64N(1 << 40)).UTC()))
		case f.Kind() == reflect.Struct:
			fill(f)
		case f.Kind() == reflect.Int64 || f.Kind() == reflect.Int:
			f.SetInt(rand.Int64N(1<<40) + 1)
		case f.Kind() == reflect.Float64:
			f.SetFloat(rand.Float64())
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.Kind() == reflect.String:
			f.SetString("灯" + v.Type().Field(i).Name)
		}
	}
}

// What is written comes back, column by column, on both engines.
func TestRowsComeBackWhole(t *testing.T) {
	testkit.Each(t, []fs.FS{SQL}, func(t *testing.T, d *db.DB) {
		var c, c2 Issue
		var e Entry
		var p Photo
		var k Task
		for _, v := range []any{&c, &c2, &e, &p, &k} {
			fill(reflect.ValueOf(v).Elem())
		}
		e.Replies = []Reply{{"q1", "是"}}
		_, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) {
			if ok, err := insert(tx, c); err != nil || !ok {
				t.Fatal(ok, err)
			}
			if ok, err := insert(tx, c); err != nil || ok {
				t.Errorf("the same twice: %v %v", ok, err)
			}
			if err := insertEntry(tx, e); err != nil {
				return 0, err
			}
			if err := insertPhoto(tx, p); err != nil {
				return 0, err
			}
			if err := insertTask(tx, k); err != nil {
				return 0, err
			}
			got, err := byID(tx, c.ID)
			if diff := cmp.Diff(c, got); diff != "" || err != nil {
				t.Errorf("issue (-put +got): %v\n%s", err, diff)
			}
			ge, err := entryByID(tx, e.Issue, e.ID)
			if diff := cmp.Diff(e, ge); diff != "" || err != nil {
				t.Errorf("entry (-put +got): %v\n%s", err, diff)
			}
			gp, err := photoByID(tx, p.Issue, p.ID)
			if diff := cmp.Diff(p, gp); diff != "" || err != nil {
				t.Errorf("photo (-put +got): %v\n%s", err, diff)
			}
			gk, err := taskByID(tx, k.ID)
			if diff := cmp.Diff(k, gk); diff != "" || err != nil {
				t.Errorf("task (-put +got): %v\n%s", err, diff)
			}
			// All that an act may change is saved; the rest stays as it was reported.
			c2.ID, c2.No, c2.Tree, c2.Channel, c2.At, c2.Source, c2.Form = c.ID, c.No, c.Tree, c.Channel, c.At, c.Source, c.Form
			c2.Located, c2.Owner, c2.For, c2.Taker, c2.Spot = c.Located, c.Owner, c.For, c.Taker, c.Spot
			c2.Rev = c.Rev + 1
			if err := save(tx, c2); err != nil {
				return 0, err
			}
			got, err = byID(tx, c.ID)
			if diff := cmp.Diff(c2, got); diff != "" || err != nil {
				t.Errorf("saved issue (-put +got): %v\n%s", err, diff)
			}
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

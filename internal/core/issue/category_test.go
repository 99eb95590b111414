package issue

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/testkit"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

var admin = who.Actor{ID: 90, Grants: []who.Grant{{Role: who.Admin, Path: "/"}}}

func TestDefaultCategoriesAreWhole(t *testing.T) {
	k, err := ReadBook(defaults)
	if err != nil {
		t.Fatal(err)
	}
	majors := 0
	for _, c := range k.Categories {
		for _, s := range []Said{c.Names, c.Promise, c.Hint} {
			if len(s) != 0 && len(s) != 3 {
				t.Errorf("%s speaks %d scripts: %v", c.Code, len(s), s)
			}
		}
		if c.Parent == "" {
			majors++
		} else if len(c.Promise) == 0 {
			t.Errorf("%s promises nothing", c.Code)
		}
		if c.Public && (c.Sort == Violation || strings.HasPrefix(c.Code, "dispute") || strings.HasPrefix(c.Code, "care")) {
			t.Errorf("%s is public", c.Code)
		}
	}
	if majors != 14 || len(k.Categories) < 14+45 || len(k.Limits) != 16 {
		t.Errorf("%d majors, %d in all, %d limits", majors, len(k.Categories), len(k.Limits))
	}
}

// What is exported comes back the same, and a category that the file lacks is retired.
func TestCategoriesGoOutAndComeBack(t *testing.T) {
	testkit.Each(t, []fs.FS{job.SQL, audit.SQL, SQL}, func(t *testing.T, d *db.DB) {
		desk := Desk{DB: d}
		if did, err := desk.Seed(t.Context(), admin); err != nil || !did {
			t.Fatal(did, err)
		}
		if did, err := desk.Seed(t.Context(), admin); err != nil || did {
			t.Fatal("seeded twice", err)
		}
		lamp, err := desk.Category(t.Context(), "facility.lamp")
		if err != nil {
			t.Fatal(err)
		}
		lamp.Limits = []Limit{{What: "settle", N: 3, Unit: "working_day"}}
		if _, err := desk.EditCategory(t.Context(), admin, lamp); err != nil {
			t.Fatal(err)
		}
		if _, err := desk.EditCategory(t.Context(), admin, lamp); fail.KindOf(err) != fail.Conflict {
			t.Errorf("a stale page: %v", err)
		}
		lamp.Sort, lamp.Rev = Violation, lamp.Rev+1
		if _, err := desk.EditCategory(t.Context(), admin, lamp); fail.KindOf(err) != fail.Invalid {
			t.Errorf("a public violation report: %v", err)
		}
		if _, err := desk.EditCategory(t.Context(), chair, lamp); fail.KindOf(err) != fail.Denied {
			t.Errorf("a chair edits categories: %v", err)
		}
		out, err := desk.ExportCategories(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := desk.ImportCategories(t.Context(), admin, out); err != nil {
			t.Fatal(err)
		}
		again, err := desk.ExportCategories(t.Context())
		if diff := cmp.Diff(string(out), string(again)); diff != "" || err != nil {
			t.Errorf("%v (-first +second):\n%s", err, diff)
		}
		all, err := desk.Categories(t.Context())
		if err != nil || all[0].Code != "waste" || all[1].Code != "waste.pile" {
			t.Errorf("%v %v", all[0].Code, err)
		}
		k, _ := ReadBook(out)
		k.Categories = k.Categories[:2]
		if _, err := desk.ImportCategories(t.Context(), admin, []byte(js(k))); err != nil {
			t.Fatal(err)
		}
		if all, err := desk.Categories(t.Context()); len(all) != 2 || err != nil {
			t.Errorf("%d left, %v", len(all), err)
		}
		ts, err := desk.Texts(t.Context(), ActHandle, "facility.lamp", "/1/2/")
		if err != nil || len(ts) != 4 || ts[0].Category != "facility.lamp" {
			t.Errorf("texts %v %v", ts, err)
		}
	})
}

func FuzzReadBook(f *testing.F) {
	add := mutate.Adder(f)
	add(defaults)
	add([]byte(`{"format": "linli-categories-1", "categories": [{"code": "a", "names": {"zh-Hans": "甲"}}]}`))
	add(bytes.Replace(defaults, []byte("facility.lamp"), []byte("facility."), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ReadBook(b); err != nil && fail.KindOf(err) == fail.Fault {
			t.Errorf("a fault: %v", err)
		}
	})
}

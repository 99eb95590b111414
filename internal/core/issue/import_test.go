package issue

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
)

// Issues from elsewhere come in once, tell nobody and start no clocks.
func TestImportedOnceAndQuietly(t *testing.T) {
	each(t, func(w *town) {
		w.work()
		quiet := w.count(`select (select count(*) from job) + (select count(*) from letter)`)
		at := time.Date(2025, 7, 1, 4, 0, 0, 0, time.UTC)
		batch := make([]Foreign, 120)
		for i := range batch {
			batch[i] = Foreign{Source: fmt.Sprintf("311-%d", i), Category: "facility.lamp", Text: "Street light out", Title: "Street light out", Public: true, Place: w.house.ID, Open: true,
				State: []State{Reported, Accepted, Closed, Refused}[i%4], At: at.Add(time.Duration(i) * time.Minute)}
			if f := &batch[i]; f.State == Closed || f.State == Refused {
				f.Ended = at.AddDate(0, 0, 3)
				if f.State == Closed {
					f.Outcome = Solved
				}
			}
		}
		sys := who.System(who.Import)
		for turn, want := range []Imported{{New: 120}, {Known: 120}} {
			got, err := w.d.Import(t.Context(), sys, batch)
			if err != nil || got != want {
				t.Fatalf("turn %d: %+v %v, want %+v", turn, got, err, want)
			}
		}
		if n := w.count(`select count(*) from issue`); n != 120 {
			t.Errorf("%d issues", n)
		}
		if n := w.count(`select count(*) from issue where due_settle <> 0 or due_accept <> 0`); n != 0 {
			t.Errorf("%d clocks run", n)
		}
		if n := w.count(`select (select count(*) from job) + (select count(*) from letter)`); n != quiet {
			t.Errorf("%d jobs and letters more", n-quiet)
		}
		if n := w.count(`select count(*) from issue where no like '250701-%'`); n != 120 {
			t.Errorf("%d have the number of their day", n)
		}
		if _, err := w.d.Import(t.Context(), w.chair, batch[:1]); fail.KindOf(err) != fail.Denied {
			t.Errorf("a chair imports: %v", err)
		}
		if bad := accounted(w.get(w.oldest("closed"))); bad != "" {
			t.Error(bad)
		}
		if bad := accounted(w.get(w.oldest("refused"))); bad != "" {
			t.Error(bad)
		}
	})
}

func TestAForeignIssueIsProvedFirst(t *testing.T) {
	at := time.Date(2025, 7, 1, 4, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		f    func(*Foreign)
		code string
	}{
		"whole":              {func(f *Foreign) {}, ""},
		"no source":          {func(f *Foreign) { f.Source = "" }, "issue.import_source"},
		"no time":            {func(f *Foreign) { f.At = time.Time{} }, "issue.import_time"},
		"ended before begun": {func(f *Foreign) { f.Ended = at.Add(-time.Hour) }, "issue.import_time"},
		"in hand":            {func(f *Foreign) { f.State = InHand }, "issue.import_state"},
		"closed at no time":  {func(f *Foreign) { f.State, f.Outcome = Closed, Solved }, "issue.import_state"},
		"closed somehow":     {func(f *Foreign) { f.State, f.Ended = Closed, at.Add(time.Hour) }, "issue.need_outcome"},
		"off the earth":      {func(f *Foreign) { f.Lat = 91 }, "issue.point_wrong"},
	} {
		f := Foreign{Source: "1", At: at, State: Reported}
		tt.f(&f)
		err := f.Check()
		code := ""
		if e, ok := errors.AsType[*fail.Error](err); ok {
			code = e.Code
		}
		if code != tt.code {
			t.Errorf("%s: got %q, want %q", name, code, tt.code)
		}
	}
}

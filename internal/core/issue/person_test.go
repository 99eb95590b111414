package issue

import (
	"slices"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
)

func in[T any](w *town, f func(tx *db.Tx) (T, error)) T {
	w.Helper()
	v, err := db.Do(w.Context(), w.d.DB, f)
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func TestWordsOfAnErasedPersonAreForgotten(t *testing.T) {
	each(t, func(w *town) {
		c := w.clock(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC))
		rep := w.lamp()
		rep.Text, rep.Spot, rep.Photos = "我是王小二，三单元的路灯坏了", "三单元门口", []string{"aaaa.jpg"}
		rep.Contact, rep.Consent = people.Contact{Name: "王小二", Phone: "13800138000"}, "2026-11"
		got, err := w.d.Report(w.Context(), who.Actor{Via: who.Web}, rep)
		if err != nil {
			t.Fatal(err)
		}
		n, owner := got.Issue.ID, got.Issue.Owner
		if _, err := w.d.Move(w.Context(), w.chair, Move{Issue: n, Rev: got.Issue.Rev, Act: ActNote, Text: "王小二来过电话"}); err != nil {
			t.Fatal(err)
		}
		words := func(s string) []id.ID {
			return in(w, func(tx *db.Tx) ([]id.ID, error) { return db.Match(tx, "issue_desk", text.Query(s), 0, 10) })
		}
		needs := func(since time.Time) bool {
			return in(w, func(tx *db.Tx) (bool, error) { return Needs(tx, owner, since) })
		}
		if !needs(c.now().Add(time.Hour)) || !slices.Equal(words("三单元"), []id.ID{n}) {
			t.Fatal("before: not needed, or not found")
		}
		for range 2 {
			in(w, func(tx *db.Tx) (int, error) { return 0, Forget(tx, owner) })
		}
		es := in(w, func(tx *db.Tx) ([]Entry, error) {
			return db.All(tx, scanEntry, `select `+entryCols+` from entry where issue = $1 order by id`, n)
		})
		if len(es) != 2 || es[0].Text != "" || es[1].Text != "王小二来过电话" {
			t.Errorf("got %+v", es)
		}
		i := in(w, func(tx *db.Tx) (Issue, error) { return byID(tx, n) })
		if i.Spot != "" || i.Owner != owner || i.Title != "" {
			t.Errorf("got %+v", i)
		}
		if got := words("三单元"); len(got) != 0 {
			t.Errorf("found still: %v", got)
		}
		if k := in(w, func(tx *db.Tx) ([]int, error) {
			return db.All(tx, func(r db.Row) (n int, err error) { err = r.Scan(&n); return }, `select count(*) from photo where issue = $1`, n)
		}); k[0] != 0 {
			t.Errorf("%d photos left", k[0])
		}
		if _, err := db.See(w.Context(), w.d.DB, func(tx *db.Tx) (Link, error) { return OpenLink(tx, got.Link) }); err == nil {
			t.Error("the private link opens still")
		}
		if needs(c.now().Add(time.Hour)) != true {
			t.Error("an open issue is nobody's")
		}
		in(w, func(tx *db.Tx) (int64, error) { return tx.Exec(`update issue set state = 'closed' where id = $1`, n) })
		if needs(c.now().Add(time.Hour)) || !needs(c.now().Add(-time.Hour)) {
			t.Error("a closed issue is needed for ever, or not at all")
		}
	})
}

func TestTwoPersonsWhoBecameOneHaveTheirIssues(t *testing.T) {
	each(t, func(w *town) {
		got, err := w.d.Report(w.Context(), w.wang, w.lamp())
		if err != nil {
			t.Fatal(err)
		}
		in(w, func(tx *db.Tx) (int, error) { return 0, follow(tx, got.Issue.ID, w.li.ID, "follower") })
		for range 2 {
			in(w, func(tx *db.Tx) (int, error) { return 0, MergePerson(tx, w.wang.ID, w.li.ID) })
		}
		i := in(w, func(tx *db.Tx) (Issue, error) { return byID(tx, got.Issue.ID) })
		if i.Owner != w.li.ID {
			t.Errorf("owner %d, want %d", i.Owner, w.li.ID)
		}
		n := in(w, func(tx *db.Tx) ([]id.ID, error) {
			return db.All(tx, func(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }, `select person from follow where issue = $1`, i.ID)
		})
		if !slices.Equal(n, []id.ID{w.li.ID}) {
			t.Errorf("followers %v", n)
		}
	})
}

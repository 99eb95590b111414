package notify

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
)

// town is a subdistrict with two communities.
func (h *house) town() (street, east, west place.Place) {
	h.t.Helper()
	add := func(parent id.ID, l place.Level, name string) (p place.Place) {
		h.do(func(tx *db.Tx) (err error) {
			p, err = place.Add(tx, who.System(who.CLI), place.Place{Parent: parent, Level: l, Name: name, Public: true})
			return err
		})
		return p
	}
	street = add(add(0, place.Province, "省").ID, place.Subdistrict, "青桥街道")
	return street, add(street.ID, place.Community, "东社区"), add(street.ID, place.Community, "西社区")
}

func said(title string) map[string]Words {
	return map[string]Words{"zh-Hans": {title, "明天上午停水。"}}
}

func code(err error) string {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e.Code + " " + e.Field
	}
	return ""
}

func TestNoticesReachWhoLivesThere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		street, east, west := h.town()
		clerk := who.Actor{ID: 5, Via: who.Web, Grants: []who.Grant{{Role: who.CommunityStaff, Path: east.Path}}}
		boss := who.Actor{ID: 6, Via: who.Web, Grants: []who.Grant{{Role: who.SubdistrictStaff, Path: street.Path}}}
		put := func(by who.Actor, p place.Place, title string, from, until time.Duration) Notice {
			t.Helper()
			n := Notice{Place: p.ID, Lang: "zh-Hans", Words: said(title)}
			if from != 0 {
				n.From = noon.Add(from)
			}
			if until != 0 {
				n.Until = noon.Add(until)
			}
			n, err := h.Announce(t.Context(), by, n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		titles := func(path string, at time.Duration) (out []string) {
			t.Helper()
			ns, err := h.Notices(t.Context(), path, noon.Add(at))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range ns {
				w, _ := n.In("en")
				out = append(out, w.Title)
			}
			return
		}
		put(boss, street, "全街道", 0, 48*time.Hour)
		water := put(clerk, east, "停水", time.Minute, 24*time.Hour)
		put(clerk, east, "后天开会", 24*time.Hour, 0)
		put(boss, west, "西边的", 0, 0)
		same(t, "east", titles(east.Path, time.Hour), []string{"停水", "全街道"})
		same(t, "a building in the east", titles(east.Path+"77/", time.Hour), []string{"停水", "全街道"})
		same(t, "the street alone", titles(street.Path, time.Hour), []string{"全街道"})
		same(t, "later", titles(east.Path, 30*time.Hour), []string{"后天开会", "全街道"})
		same(t, "nowhere", titles("", time.Hour), []string(nil))

		if _, err := h.Announce(t.Context(), clerk, Notice{Place: west.ID, Lang: "zh-Hans", Words: said("不归我")}); fail.KindOf(err) != fail.Denied {
			t.Errorf("%v, want denied", err)
		}
		if _, err := h.Withdraw(t.Context(), who.Actor{ID: 7, Via: who.Web}, water.ID, water.Rev); fail.KindOf(err) != fail.Denied {
			t.Errorf("%v, want denied", err)
		}
		edited := water
		edited.Words = map[string]Words{"zh-Hans": {"停水改期", "后天。"}, "en": {"No water", "The day after tomorrow."}}
		edited, err := h.EditNotice(t.Context(), clerk, edited)
		if err != nil || edited.Rev != 2 {
			t.Fatal(edited, err)
		}
		if _, err := h.EditNotice(t.Context(), clerk, water); code(err) != "fail.stale " {
			t.Errorf("%v, want stale", err)
		}
		same(t, "edited", titles(east.Path, time.Hour), []string{"No water", "全街道"})
		if _, err := h.Withdraw(t.Context(), boss, water.ID, 2); err != nil {
			t.Fatal(err)
		}
		same(t, "withdrawn", titles(east.Path, time.Hour), []string{"全街道"})
		if _, err := h.Notice(t.Context(), who.Actor{Via: who.Web}, water.ID); fail.KindOf(err) != fail.Missing {
			t.Errorf("%v, want missing", err)
		}
		if n, err := h.Notice(t.Context(), clerk, water.ID); err != nil || !n.Gone {
			t.Error(n, err)
		}
		vs, err := h.Versions(t.Context(), clerk, water.ID)
		if err != nil || len(vs) != 3 || vs[2].Words["zh-Hans"].Title != "停水" {
			t.Errorf("%+v %v: what was said stays on record", vs, err)
		}
		all, err := h.NoticesBelow(t.Context(), clerk, east.Path, 0, 10)
		if err != nil || len(all) != 2 {
			t.Errorf("%+v %v", all, err)
		}
		acts, err := db.See(t.Context(), h.DB, func(tx *db.Tx) ([]audit.Act, error) { return audit.Of(tx, water.ID) })
		var verbs []string
		for _, a := range acts {
			verbs = append(verbs, a.Verb)
		}
		same(t, "acts", verbs, []string{"notice.announce", "notice.edit", "notice.withdraw"})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNoticeCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		n    Notice
		want string
	}{
		"good":            {Notice{Lang: "zh-Hans", Words: said("停水")}, ""},
		"no words":        {Notice{Lang: "zh-Hans"}, "fail.choose lang"},
		"other script":    {Notice{Lang: "en", Words: said("停水")}, "fail.choose lang"},
		"no title":        {Notice{Lang: "zh-Hans", Words: said(" ")}, "fail.empty title.zh-Hans"},
		"no body":         {Notice{Lang: "en", Words: map[string]Words{"en": {"Water", ""}}}, "fail.empty body.en"},
		"long title":      {Notice{Lang: "zh-Hans", Words: said(strings.Repeat("水", 61))}, "text.long title.zh-Hans"},
		"long body":       {Notice{Lang: "en", Words: map[string]Words{"en": {"Water", strings.Repeat("x", 5001)}}}, "text.long body.en"},
		"ends before":     {Notice{Lang: "zh-Hans", Words: said("停水"), From: noon.Add(2 * time.Hour), Until: noon.Add(time.Hour)}, "notify.notice.until until"},
		"is over":         {Notice{Lang: "zh-Hans", Words: said("停水"), From: noon.Add(-2 * time.Hour), Until: noon}, "notify.notice.until until"},
		"one left empty":  {Notice{Lang: "zh-Hans", Words: map[string]Words{"zh-Hans": {"停水", "明天"}, "en": {}}}, ""},
		"one half filled": {Notice{Lang: "zh-Hans", Words: map[string]Words{"zh-Hans": {"停水", "明天"}, "en": {"Water", ""}}}, "fail.empty body.en"},
	} {
		if got := code(tt.n.Check(noon)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func BenchmarkNotices(b *testing.B) {
	d, err := db.Open(b.Context(), b.TempDir()+"/t.db")
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	if err := db.Migrate(b.Context(), d, rooms...); err != nil {
		b.Fatal(err)
	}
	path := "/1/2/3/4/5/6/"
	if _, err := db.Do(b.Context(), d, func(tx *db.Tx) (int, error) {
		for i := range 1000 {
			if _, err := put(tx, who.System(who.CLI), Notice{ID: id.ID(i + 1), Path: []string{"/1/2/3/", "/1/2/9/"}[min(i%20, 1)], Lang: "zh-Hans", Words: said("停水"), From: noon}, "notice.announce"); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}); err != nil {
		b.Fatal(err)
	}
	desk := Desk{DB: d}
	for b.Loop() {
		if ns, err := desk.Notices(b.Context(), path, noon.Add(time.Hour)); err != nil || len(ns) != 50 {
			b.Fatal(len(ns), err)
		}
	}
}

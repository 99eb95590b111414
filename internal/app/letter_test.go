package app

import (
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
)

// Whoever raised an issue gets a private link that opens it, those who work on it a way to
// the desk, followers the public page; and no letter holds what somebody wrote or is called.
func TestLettersLeadWhereTheirReaderMayGo(t *testing.T) {
	tn, at := lived(t)
	const url = "https://linli.example"
	r, err := tn.issues.Report(t.Context(), who.Actor{Via: who.Web}, issue.Report{Category: "waste.pile", Text: "我叫王荷生，电话 13800138000，垃圾没人清", Place: at,
		Channel: issue.ByWeb, Contact: people.Contact{Name: "王荷生", Phone: "13912345678"}, Consent: "1"})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Issue
	words := func(l notify.Letter, lang string) (notify.Message, error) {
		return db.Do(t.Context(), tn.db, func(tx *db.Tx) (notify.Message, error) { return tn.issues.Words(tx, l, lang, url) })
	}
	for kind, want := range map[string]struct {
		to   id.ID
		path string
	}{
		"issue.new": {1, "/desk/i/" + c.No}, "issue.late": {1, "/desk/i/" + c.No}, "issue.task": {1, "/desk/i/" + c.No},
		"issue.accepted": {c.Owner, "/m/"}, "issue.closed": {c.Owner, "/m/"}, "issue.link": {c.Owner, "/m/"}, "issue.told": {1, "/i/" + c.No},
	} {
		for _, lang := range []string{"zh-Hans", "zh-Hant", "en"} {
			m, err := words(notify.Letter{To: want.to, Kind: kind, About: c.ID}, lang)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			if !strings.HasPrefix(m.Link, url+want.path) || !strings.Contains(m.Text, m.Link) {
				t.Errorf("%s leads to %q, want %s", kind, m.Link, url+want.path)
			}
			for _, s := range []string{"荷生", "垃圾没人清", "13800138000", "13912345678", "{", "notify."} {
				if strings.Contains(m.Subject+m.Text, s) {
					t.Errorf("%s in %s holds %q: %s / %s", kind, lang, s, m.Subject, m.Text)
				}
			}
			if token, ok := strings.CutPrefix(m.Link, url+"/m/"); ok {
				if l, err := tn.issues.OpenLink(t.Context(), token); err != nil || l.Issue != c.ID {
					t.Errorf("%s: the link opens %v, %v", kind, l.Issue, err)
				}
			}
		}
	}
	if _, err := words(notify.Letter{To: 1, Kind: "issue.link", About: c.ID}, "en"); fail.KindOf(err) != fail.Missing {
		t.Errorf("a private link for a stranger: %v", err)
	}
	if _, err := words(notify.Letter{To: c.Owner, Kind: "issue.asked", About: c.ID}, "en"); err != notify.ErrMoot {
		t.Errorf("a question that was answered: %v", err)
	}
}

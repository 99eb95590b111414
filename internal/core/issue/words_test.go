package issue

import (
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/core/notify"
)

// Every letter that an issue sends has its words in every script, with its number; and no
// words wait for a letter that is never sent.
func TestEveryLetterHasItsWords(t *testing.T) {
	kinds := map[string]bool{"issue.link": true, "issue.follow_mail": true}
	for _, es := range hears {
		for _, e := range es {
			kinds[e.letter] = true
		}
	}
	for kind := range kinds {
		for _, l := range i18n.Langs() {
			m := notify.Say(kind, i18n.W{Lang: l}, "no", "260622-0017", "place", "春和苑", "when", "明天", "link", "https://linli.example/i/1")
			if !strings.Contains(m.Subject+m.Text, "260622-0017") || strings.ContainsAny(m.Subject+m.Text, "{}") || m.Subject == "" {
				t.Errorf("%s in %s: %q, %q", kind, l, m.Subject, m.Text)
			}
		}
	}
	if lost := i18n.Unknown(); len(lost) > 0 {
		t.Errorf("no words for %v", lost)
	}
	for _, k := range i18n.Keys() {
		kind, ok := strings.CutSuffix(strings.TrimPrefix(k, "notify."), ".text")
		if ok && strings.HasPrefix(k, "notify.issue.") && !kinds[kind] {
			t.Errorf("nobody sends %s", kind)
		}
	}
}

package browser_test

import (
	"testing"

	"github.com/linli-town/linli/internal/testkit/node"
	"github.com/linli-town/linli/test/browser"
)

// What nobody finds is still a page that stands on the narrowest phone and on a desk, in large print, in the
// dark, and without script.
func TestMissingPageStands(t *testing.T) {
	n := node.Start(t, "serve", "--data", t.TempDir())
	for name, opts := range map[string][]browser.Option{
		"phone":     {browser.Phone},
		"desktop":   {browser.Desktop},
		"elder":     {browser.Phone, browser.Elder},
		"dark":      {browser.Phone, browser.Dark},
		"no script": {browser.Phone, browser.NoJS},
	} {
		t.Run(name, func(t *testing.T) {
			tab := browser.Open(t, n.URL, opts...)
			if got := tab.Try("/nowhere"); got != 404 {
				t.Errorf("status %d, want 404", got)
			}
			if got := tab.Count("h1"); got != 1 {
				t.Errorf("%d h1", got)
			}
			tab.Overflow()
			tab.Axe()
			tab.Shot("missing-" + name)
		})
	}
}

package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var direct = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`) // an indirect one ends with a comment

// Whoever leans on a module says why, and how we would leave it.
func TestEveryModuleIsExplained(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/deps.md")
	if err != nil {
		t.Fatal(err)
	}
	all := direct.FindAllSubmatch(mod, -1)
	if len(all) < 5 {
		t.Fatalf("only %d modules found in go.mod: the test is blind", len(all))
	}
	for _, m := range all {
		if !strings.Contains(string(doc), string(m[1])) {
			t.Errorf("docs/deps.md says nothing of %s", m[1])
		}
	}
}

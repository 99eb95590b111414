package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/core/issue"
)

// verbs are the acts that the code records: the verb given to audit.Record, and, where that is a
// variable, the words with its form that the same file holds.
func verbs(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{"audit.blank": true}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		var loose bool
		var words []string
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					words = append(words, s)
				}
			case *ast.CallExpr:
				s, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || s.Sel.Name != "Record" || len(n.Args) != 5 {
					return true
				}
				if x, ok := s.X.(*ast.Ident); !ok || x.Name != "audit" {
					return true
				}
				switch v := n.Args[2].(type) {
				case *ast.BasicLit:
					s, _ := strconv.Unquote(v.Value)
					out[s] = true
				case *ast.Ident:
					loose = true
				}
			}
			return true
		})
		for _, w := range words {
			if loose && (strings.HasPrefix(w, "notice.") || strings.HasPrefix(w, "job.")) && strings.Count(w, ".") == 1 {
				out[w] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range issue.Steps() {
		out["issue."+string(s.Act)] = true
	}
	return out
}

// Whatever is recorded is said in words on the page of acts, in every script.
func TestEveryActHasItsWords(t *testing.T) {
	all := verbs(t)
	if len(all) < 90 {
		t.Errorf("only %d verbs were found", len(all))
	}
	for verb := range all {
		for _, l := range i18n.Langs() {
			w := i18n.W{Lang: l}
			if got := verbWord(w, verb); got == "" || strings.Contains(got, verb) || !w.Has("audit.verb."+verb) && !strings.HasPrefix(verb, "issue.") {
				t.Errorf("%s in %s: %q", verb, l, got)
			}
		}
	}
	if lost := i18n.Unknown(); len(lost) > 0 {
		t.Errorf("no words for %v", lost)
	}
}

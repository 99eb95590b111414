// Package arch keeps the house in order: it reads the source and checks who knows
// whom. The table is the plan of the house; change the plan before the walls.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/linli-town/linli/internal/"

// plan lists every room, the rooms it may know, and the tables it may write.
var plan = map[string]struct{ knows, owns string }{
	"base/fail":     {},
	"base/id":       {},
	"base/text":     {knows: "base/fail"},
	"base/geo":      {knows: "base/fail"},
	"base/worktime": {knows: "base/fail"},
	"base/basemap":  {knows: "base/fail base/geo"},
	"base/qr":       {knows: "base/fail"},
	"base/i18n":     {knows: "base/fail"},
	"base/who":      {knows: "base/id"},
	"base/db":       {knows: "base/fail base/id", owns: "migration"},
	"base/blob":     {knows: "base/fail"},
	"base/job":      {knows: "base/db base/fail base/id", owns: "job"},

	"core/audit":  {knows: bases, owns: "act unsealed seal sealer"},
	"core/place":  {knows: bases + " core/audit", owns: "place place_code grid ground door_scan"},
	"core/people": {knows: bases + " core/audit core/place", owns: "person login session code org council team member pillar grants consent erasure retention sweep block rate rate_limit certificate"},
	"core/notify": {knows: bases + " core/audit core/place core/people", owns: "letter wish mail notice channel_day"},
	"core/issue":  {knows: bases + " core/audit core/place core/people core/notify", owns: "category limits text issue shown wording entry photo task clock follow link view merge me_too answer"},

	"algo/dispatch": {}, // the workshop knows nothing of the town
	"algo/simulate": {knows: "algo/dispatch"},

	"door/gate": {knows: bases + " core/people core/audit"},
	"door/post": {knows: bases + " core/audit core/notify"}, // audit: heads of its chain kept elsewhere
	"door/web":  {knows: bases + " core/audit core/place core/people core/notify core/issue door/gate"},
	"app":       {knows: "*"},
	"testkit":   {knows: "*"},

	"testkit/crashvfs": {},
	"testkit/mutate":   {},
	"testkit/node":     {knows: "*"},
}

const bases = "base/fail base/id base/who base/db base/job base/text base/geo base/worktime base/blob base/i18n base/basemap base/qr"

var writes = regexp.MustCompile(`(?i)\b(for )?(?:insert into|update|delete from|create table(?: if not exists)?|alter table|drop table)\s+([a-z_]+)`)

func TestPlan(t *testing.T) {
	err := filepath.WalkDir("..", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(p, "_test.go") {
			return err
		}
		// Words, templates and pictures lie in their room's own folders (msg, tpl, static) and know nobody.
		if ext := filepath.Ext(p); ext != ".go" && ext != ".sql" {
			return nil
		}
		room := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(p, ".."+string(filepath.Separator))))
		r, ok := plan[room]
		if !ok {
			t.Errorf("%s: room %q is not in the plan", p, room)
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range writes.FindAllSubmatch(src, -1) {
			if table := string(m[2]); len(m[1]) == 0 && table != "set" && !slices.Contains(strings.Fields(r.owns), table) {
				t.Errorf("%s: %s may not write table %s", p, room, table)
			}
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		floor, _, _ := strings.Cut(room, "/")
		for _, im := range f.Imports {
			path, _ := strconv.Unquote(im.Path.Value)
			switch known, inside := strings.CutPrefix(path, module); {
			case inside && r.knows != "*" && !slices.Contains(strings.Fields(r.knows), known):
				t.Errorf("%s: %s may not know %s", p, room, known)
			case inside && strings.HasPrefix(known, "testkit") && floor != "testkit":
				t.Errorf("%s: %s in the binary", p, known)
			case path == "testing":
				if floor != "testkit" {
					t.Errorf("%s: package testing in the binary", p)
				}
			case path == "net/http" && floor == "core":
				t.Errorf("%s: no HTTP on the core floor", p)
			case path == "database/sql" && room != "base/db" && floor != "testkit":
				t.Errorf("%s: only base/db touches database/sql", p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A function inside db.Do may run twice: what the first try left in a variable from outside
// would be taken for the truth by the second, or by whoever called.
func TestTransactionsTouchOnlyTheirTx(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(fset, p, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isDo(call.Fun) {
				return true
			}
			for _, a := range call.Args {
				if lit, ok := a.(*ast.FuncLit); ok {
					for _, x := range touched(lit) {
						t.Errorf("%s: %s is from outside the transaction; begin it with %s := %s, or give the value back", fset.Position(x.Pos()), x.Name, x.Name, x.Name)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isDo(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Do" {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "db"
}

// touched are the variables from outside that a function assigns to or takes the address of.
func touched(lit *ast.FuncLit) (out []*ast.Ident) {
	add := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.SelectorExpr:
				e = x.X
				continue
			case *ast.IndexExpr:
				e = x.X
				continue
			case *ast.StarExpr:
				e = x.X
				continue
			case *ast.Ident:
				if x.Obj != nil && (x.Obj.Pos() < lit.Pos() || x.Obj.Pos() > lit.End()) {
					out = append(out, x)
				}
			}
			return
		}
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					add(e)
				}
			}
		case *ast.IncDecStmt:
			add(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				add(n.X)
			}
		}
		return true
	})
	return out
}

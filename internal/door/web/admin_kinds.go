package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminKindRoutes are categories, limits and standard texts.
func (s *Server) adminKindRoutes() []gate.Route {
	need := func(pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: who.CategoryEdit, Serve: f}
	}
	imp := need("POST /admin/categories/import", s.kindImport)
	imp.Upload = true
	return []gate.Route{
		need("GET /admin/categories", func(c *gate.Ctx) error { return s.kindList(c, nil) }),
		need("GET /admin/categories/file.json", s.kindExport),
		imp,
		need("GET /admin/categories/add", func(c *gate.Ctx) error { return s.kind(c, url.Values{"under": {c.R.FormValue("under")}}, nil) }),
		need("POST /admin/categories/add", s.kindSave),
		need("GET /admin/categories/c/{code}", s.kindEdit),
		need("POST /admin/categories/c/{code}", s.kindSave),
		need("GET /admin/limits", func(c *gate.Ctx) error { return s.limits(c, nil) }),
		need("POST /admin/limits", s.limitsSave),
		need("GET /admin/texts", s.texts),
		need("GET /admin/texts/add", func(c *gate.Ctx) error { return s.text(c, textForm{}, nil) }),
		need("POST /admin/texts/add", s.textSave),
		need("GET /admin/texts/{id}", s.textEdit),
		need("POST /admin/texts/{id}", s.textSave),
	}
}

func (s *Server) kindList(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	ks, err := s.kinds(c.Context())
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.categories"), "/admin")
	if c.R.Method != "GET" {
		p.Path = "/admin/categories"
	}
	p.Errs = errs
	b := block{Acts: []Act{{w.T("admin.category_add"), "/admin/categories/add"}, {w.T("admin.limits"), "/admin/limits"}, {w.T("admin.texts"), "/admin/texts"}}}
	if len(ks) == 0 {
		b.Empty = &Empty{Text: w.T("admin.units_none")}
	} else {
		t := &table{Label: p.Title, Heads: []string{w.T("admin.name"), w.T("admin.code"), w.T("admin.sort"), w.T("admin.grade"), w.T("admin.first"), w.T("admin.public")}}
		for _, k := range ks {
			name := k.Names.In(c.By.Lang)
			if k.Parent != "" {
				name = "\u3000" + name
			}
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: name, Href: "/admin/categories/c/" + k.Code}, {Text: k.Code}, {Text: w.T("issue.sort." + string(k.Sort))}, {Text: w.T("issue.grade." + string(k.Grade))},
				{Text: w.T("place.level." + k.First)}, {Text: yesNo(w.T("act.yes"), w.T("act.no"), k.Public)}}})
		}
		b.Table = t
	}
	p.Blocks = []block{b, {Title: w.T("admin.book"), Text: w.T("admin.book_text"), Acts: []Act{{w.T("admin.book_get"), "/admin/categories/file.json"}},
		Forms: []form{{Action: "/admin/categories/import", Upload: true, Button: w.T("admin.book_put"), Kind: "second", Once: true, Inputs: []input{{File: &Field{Name: "file", Label: w.T("admin.import_file"), Hint: w.T("admin.book_hint")}}}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) kindExport(c *gate.Ctx) error {
	b, err := s.Issues.ExportCategories(c.Context())
	if err != nil {
		return err
	}
	c.W.Header().Set("Content-Disposition", `attachment; filename="linli-categories.json"`)
	return c.Send("application/json", "no-store", b)
}

func (s *Server) kindImport(c *gate.Ctx) error {
	b, err := upload(c, 4<<20)
	if err == nil {
		_, err = s.Issues.ImportCategories(c.Context(), c.By, b)
	}
	if errs, ok := again(c, err); ok {
		for i := range errs {
			errs[i].Field = "file"
		}
		return s.kindList(c, errs)
	}
	if err != nil {
		return err
	}
	return c.To("/admin/categories?done=saved")
}

const asksMost = 50 // questions a form is taken with: more than that nobody answers

// asksIn is for how many questions a form has boxes.
func asksIn(v url.Values) (n int) {
	for n < asksMost && v.Has(fmt.Sprintf("ask%d.code", n+1)) {
		n++
	}
	return n
}

// moreAsks gives a form boxes for one more question.
func moreAsks(v url.Values) {
	if n := asksIn(v); n < asksMost {
		v.Set(fmt.Sprintf("ask%d.code", n+1), "")
	}
}

var scripts = []string{"zh-Hans", "zh-Hant", "en"}

// said3 writes something said in the scripts into a form, and out of it.
func said3(v url.Values, name string, s issue.Said) {
	for _, l := range scripts {
		v.Set(name+"."+l, s[l])
	}
}

func saidOf(v url.Values, name string) issue.Said {
	out := issue.Said{}
	for _, l := range scripts {
		if x := strings.TrimSpace(v.Get(name + "." + l)); x != "" {
			out[l] = x
		}
	}
	return out
}

// kindForm is a category as its form carries it.
func kindForm(k issue.Category) url.Values {
	v := url.Values{"rev": {strconv.FormatInt(k.Rev, 10)}, "code": {k.Code}, "under": {k.Parent}, "rank": {strconv.FormatInt(k.Rank, 10)}, "icon": {k.Icon}, "sort": {string(k.Sort)}, "grade": {string(k.Grade)}, "first": {k.First}, "gb": {k.GB}}
	for name, on := range map[string]bool{"public": k.Public, "open": k.Open, "retired": !k.Retired.IsZero()} {
		if on {
			v.Set(name, "on")
		}
	}
	said3(v, "names", k.Names)
	said3(v, "promise", k.Promise)
	said3(v, "hint", k.Hint)
	for _, l := range k.Limits {
		v.Set(l.What+".n", strconv.Itoa(l.N))
		v.Set(l.What+".unit", l.Unit)
	}
	for i, q := range k.Asks {
		n := fmt.Sprintf("ask%d", i+1)
		v.Set(n+".code", q.Code)
		v.Set(n+".kind", q.Kind)
		said3(v, n, q.Names)
		var lines []string
		for _, x := range q.Choices {
			lines = append(lines, x.Code+" "+strings.Join([]string{x.Names["zh-Hans"], x.Names["zh-Hant"], x.Names["en"]}, " / "))
		}
		v.Set(n+".choices", strings.Join(lines, "\n"))
	}
	return v
}

// kindOf is the category a form speaks of, in place of old.
func kindOf(c *gate.Ctx, v url.Values, old issue.Category) (k issue.Category, errs []FieldErr) {
	number := func(name string, otherwise int64) int64 {
		n, err := strconv.ParseInt(cmp.Or(strings.TrimSpace(v.Get(name)), strconv.FormatInt(otherwise, 10)), 10, 64)
		if err != nil {
			errs = append(errs, sentence(c, name, "fail.number"))
		}
		return n
	}
	k = issue.Category{Code: strings.TrimSpace(v.Get("code")), Parent: v.Get("under"), Icon: v.Get("icon"), Sort: issue.Sort(v.Get("sort")), Grade: issue.Grade(v.Get("grade")), First: v.Get("first"), GB: strings.TrimSpace(v.Get("gb")),
		Public: v.Get("public") != "", Open: v.Get("open") != "", Names: saidOf(v, "names"), Promise: saidOf(v, "promise"), Hint: saidOf(v, "hint")}
	k.Rank, k.Rev = number("rank", 0), number("rev", 0)
	if v.Get("retired") != "" {
		if k.Retired = old.Retired; k.Retired.IsZero() {
			k.Retired = c.Words.Now
		}
	}
	for _, what := range issue.Whats {
		if strings.TrimSpace(v.Get(what+".n")) != "" {
			k.Limits = append(k.Limits, issue.Limit{What: what, N: int(number(what+".n", 0)), Unit: v.Get(what + ".unit")})
		}
	}
	for i := range asksIn(v) {
		n := fmt.Sprintf("ask%d", i+1)
		q := issue.Question{Code: strings.TrimSpace(v.Get(n + ".code")), Kind: v.Get(n + ".kind"), Names: saidOf(v, n)}
		if q.Code == "" && len(q.Names) == 0 {
			continue
		}
		if q.Kind == "choice" {
			for line := range strings.Lines(v.Get(n + ".choices")) {
				code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
				if code == "" {
					continue
				}
				names := issue.Said{}
				for j, x := range strings.SplitN(rest, " / ", 3) {
					if x = strings.TrimSpace(x); x != "" {
						names[scripts[j]] = x
					}
				}
				if names["zh-Hans"] == "" {
					errs = append(errs, sentence(c, n+".choices", "admin.choices_form"))
				}
				q.Choices = append(q.Choices, struct {
					Code  string     `json:"code"`
					Names issue.Said `json:"names"`
				}{code, names})
			}
		}
		k.Asks = append(k.Asks, q)
	}
	return k, errs
}

func (s *Server) kindEdit(c *gate.Ctx) error {
	k, err := s.Issues.Category(c.Context(), c.Value("code"))
	if err != nil {
		return err
	}
	return s.kind(c, kindForm(k), nil)
}

// kind is the form of a category.
func (s *Server) kind(c *gate.Ctx, v url.Values, errs []FieldErr) error {
	w := c.Words
	ks, err := s.kinds(c.Context())
	if err != nil {
		return err
	}
	old := c.Value("code")
	title, here := w.T("admin.category_add"), "/admin/categories/add"
	if old != "" {
		title, here = w.T("admin.edit_what", "what", cmp.Or(v.Get("names."+c.By.Lang), v.Get("names.zh-Hans"))), "/admin/categories/c/"+old
	}
	p := s.adminSheet(c, title, "/admin/categories")
	if c.R.Method != "GET" {
		p.Path = here
	}
	p.Errs = errs
	box := func(name, label string, more ...func(*Field)) input {
		f := Field{Name: name, Label: label, Value: v.Get(name), Optional: true}
		for _, m := range more {
			m(&f)
		}
		return ask(f)
	}
	must := func(f *Field) { f.Optional = false }
	choose := func(os []Option) func(*Field) {
		return func(f *Field) { f.Kind, f.Options, f.Optional = "select", os, false }
	}
	say := func(text string) func(*Field) { return func(f *Field) { f.Hint = text } }
	long := func(f *Field) { f.Kind, f.Rows = "textarea", 2 }
	three := func(stem, label string, more ...func(*Field)) (out []input) {
		for i, l := range i18n.Langs() {
			m := more
			if stem == "names" && i == 0 {
				m = append([]func(*Field){must}, more...)
			}
			out = append(out, box(stem+"."+string(l), w.T("admin.in_script", "what", label, "script", l.Name()), m...))
		}
		return out
	}
	var in []input
	if old == "" {
		majors := []Option{{Value: "", Label: w.T("admin.major")}}
		for _, k := range ks.Under("") {
			majors = append(majors, Option{Value: k.Code, Label: k.Names.In(c.By.Lang)})
		}
		in = append(in, box("under", w.T("admin.under"), choose(majors)), box("code", w.T("admin.code"), must, say(w.T("admin.category_code_hint"))))
	} else {
		in = append(in, hide("under", v.Get("under")), hide("code", old))
	}
	in = append(in, hide("rev", v.Get("rev")))
	in = append(in, three("names", w.T("admin.name"))...)
	var icons []string
	for _, k := range ks {
		if !slices.Contains(icons, k.Icon) {
			icons = append(icons, k.Icon)
		}
	}
	slices.Sort(icons)
	var pics []Option
	for _, n := range icons {
		pics = append(pics, Option{Value: n, Label: n})
	}
	in = append(in,
		box("sort", w.T("admin.sort"), choose(options(w, "issue.sort.", []string{"inquiry", "help_request", "complaint", "violation_report", "suggestion", "praise", "other"}, ""))),
		box("grade", w.T("admin.grade"), choose(options(w, "issue.grade.", grades, ""))),
		box("first", w.T("admin.first"), choose(options(w, "place.level.", []string{"neighbourhood", "community", "subdistrict"}, ""))),
		tick(Pick{Name: "public", Label: w.T("admin.public"), Hidden: true, Many: true, Tall: true, Options: []Option{{Value: "on", Label: w.T("admin.category_public"), Hint: w.T("admin.category_public_hint"), On: v.Get("public") != ""}}}),
		tick(Pick{Name: "open", Label: w.T("admin.category_open"), Hidden: true, Many: true, Tall: true, Options: []Option{{Value: "on", Label: w.T("admin.category_open"), Hint: w.T("admin.category_open_hint"), On: v.Get("open") != ""}}}),
		box("icon", w.T("admin.icon"), choose(with(pics, v.Get("icon")))), box("rank", w.T("admin.rank"), func(f *Field) { f.Kind = "number" }), box("gb", w.T("admin.gb")))
	in = append(in, group(w.T("admin.promise")))
	in = append(in, three("promise", w.T("admin.promise"), long)...)
	in = append(in, group(w.T("admin.hint")))
	in = append(in, three("hint", w.T("admin.hint"), long)...)
	in = append(in, input{Fold: w.T("admin.own_limits")})
	for _, what := range issue.Whats {
		in = append(in, box(what+".n", w.T("issue.limit."+what), func(f *Field) { f.Kind = "number" }), box(what+".unit", w.T("admin.unit_of", "what", w.T("issue.limit."+what)), choose(options(w, "issue.unit.", units, v.Get(what+".unit")))))
	}
	in = append(in, input{Unfold: true})
	if c.R.Method == "GET" {
		moreAsks(v)
	}
	for i := range asksIn(v) {
		n := fmt.Sprintf("ask%d", i+1)
		head := input{Fold: w.T("admin.question", "n", i+1), Open: v.Get("more") != "" && i+1 == asksIn(v)}
		if v.Get(n+".code") != "" {
			head.Fold = w.T("admin.question_is", "n", i+1, "text", cmp.Or(v.Get(n+"."+c.By.Lang), v.Get(n+".zh-Hans")))
		}
		in = append(in, head, box(n+".code", w.T("admin.code")))
		in = append(in, three(n, w.T("admin.question_words"))...)
		in = append(in, box(n+".kind", w.T("admin.kind"), choose(options(w, "admin.ask.", []string{"yesno", "choice", "text"}, ""))),
			box(n+".choices", w.T("admin.choices"), func(f *Field) { f.Kind, f.Rows = "textarea", 3 }, say(w.T("admin.choices_hint"))), input{Unfold: true})
	}
	if old != "" {
		in = append(in, group(w.T("admin.retire")), tick(Pick{Name: "retired", Label: w.T("admin.retire"), Hidden: true, Many: true, Tall: true, Options: []Option{{Value: "on", Label: w.T("admin.retire"), Hint: w.T("admin.retire_hint"), On: v.Get("retired") != ""}}}))
	}
	p.Blocks = []block{{Forms: []form{{Action: here, Button: w.T("act.save"), Once: true, Inputs: in, Also: &form{Name: "more", Value: "1", Button: w.T("admin.question_more")}}}}}
	return s.show(c, "sheet", p)
}

var (
	grades = []string{"danger", "urgent", "general", "complex"}
	units  = []string{"hour", "day", "working_hour", "working_day"}
)

// kindBox is where the form has the box of a field of a category.
var kindBox = map[string]string{"names": "names.zh-Hans", "asks": "ask1.code", "limits": "accept.n"}

func (s *Server) kindSave(c *gate.Ctx) error {
	if err := c.Parse(); err != nil {
		return err
	}
	v := c.R.Form
	var old issue.Category
	if code := c.Value("code"); code != "" {
		var err error
		if old, err = s.Issues.Category(c.Context(), code); err != nil {
			return err
		}
		v.Set("code", code)
		v.Set("under", old.Parent)
	}
	if v.Get("more") != "" {
		moreAsks(v)
		return s.kind(c, v, nil)
	}
	k, errs := kindOf(c, v, old)
	if len(errs) == 0 {
		_, err := s.Issues.EditCategory(c.Context(), c.By, k)
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
		if fail.KindOf(err) == fail.Conflict && old.Code != "" {
			v.Set("rev", strconv.FormatInt(old.Rev, 10))
		}
		for i := range errs {
			errs[i].Field = cmp.Or(kindBox[errs[i].Field], errs[i].Field)
		}
	}
	if len(errs) > 0 {
		return s.kind(c, v, errs)
	}
	return c.To("/admin/categories?done=saved")
}

// limits are the times that the four grades allow.
func (s *Server) limits(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	ls, err := s.Issues.GradeLimits(c.Context())
	if err != nil {
		return err
	}
	v := url.Values{}
	for _, l := range ls {
		v.Set(string(l.Grade)+"."+l.What+".n", strconv.Itoa(l.N))
		v.Set(string(l.Grade)+"."+l.What+".unit", l.Unit)
	}
	if c.R.Method != "GET" {
		v = c.R.Form
	}
	p := s.adminSheet(c, w.T("admin.limits"), "/admin/categories")
	if c.R.Method != "GET" {
		p.Path = "/admin/limits"
	}
	p.Errs, p.Lead = errs, w.T("admin.limits_lead")
	var in []input
	for _, g := range grades {
		in = append(in, group(w.T("issue.grade."+g)))
		for _, what := range issue.Whats {
			n := g + "." + what
			in = append(in, ask(Field{Name: n + ".n", Kind: "number", Label: w.T("issue.limit." + what), Value: v.Get(n + ".n"), Optional: true}),
				ask(Field{Name: n + ".unit", Kind: "select", Label: w.T("admin.unit_of", "what", w.T("issue.limit."+what)), Options: options(w, "issue.unit.", units, v.Get(n+".unit"))}))
		}
	}
	p.Blocks = []block{{Forms: []form{{Action: "/admin/limits", Button: w.T("act.save"), Once: true, Inputs: in}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) limitsSave(c *gate.Ctx) error {
	if err := c.Parse(); err != nil {
		return err
	}
	var ls []issue.Limit
	var errs []FieldErr
	for _, g := range grades {
		for _, what := range issue.Whats {
			name := g + "." + what
			t := strings.TrimSpace(c.R.FormValue(name + ".n"))
			if t == "" {
				continue
			}
			n, err := strconv.Atoi(t)
			l := issue.Limit{Grade: issue.Grade(g), What: what, N: n, Unit: c.R.FormValue(name + ".unit")}
			if err != nil || l.Check() != nil {
				errs = append(errs, sentence(c, name+".n", "issue.limit_wrong"))
			}
			ls = append(ls, l)
		}
	}
	if len(errs) == 0 {
		if err := s.Issues.EditLimits(c.Context(), c.By, ls); err != nil {
			var ok bool
			if errs, ok = again(c, err); !ok {
				return err
			}
		}
	}
	if len(errs) > 0 {
		return s.limits(c, errs)
	}
	return c.To("/admin/limits?done=saved")
}

// textActs are the acts that have standard texts.
var textActs = []string{"accept", "refuse", "ask", "hand", "return", "up", "down", "pause", "extend", "tell", "handle", "pass", "rework"}

func (s *Server) texts(c *gate.Ctx) error {
	w := c.Words
	ts, err := s.Issues.Texts(c.Context(), "", "", "")
	if err != nil {
		return err
	}
	slices.SortStableFunc(ts, func(a, b issue.Text) int {
		return slices.Index(textActs, string(a.Act)) - slices.Index(textActs, string(b.Act))
	})
	p := s.adminSheet(c, w.T("admin.texts"), "/admin/categories")
	p.Lead = w.T("admin.texts_lead")
	b := block{Acts: []Act{{w.T("admin.text_add"), "/admin/texts/add"}}}
	if len(ts) == 0 {
		b.Empty = &Empty{Text: w.T("admin.units_none")}
	} else {
		t := &table{Label: p.Title, Heads: []string{w.T("admin.text_act"), w.T("admin.text_words"), w.T("admin.text_kind"), w.T("admin.where")}}
		for _, x := range ts {
			kind := w.T("admin.any_kind")
			if x.Category != "" {
				if kind, err = s.categoryName(c.Context(), c, x.Category); err != nil {
					return err
				}
			}
			at, err := s.placeName(c, x.Place)
			if err != nil {
				return err
			}
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.T("issue.act." + string(x.Act))}, {Text: x.Words.In(c.By.Lang), Href: "/admin/texts/" + idText(x.ID)}, {Text: kind}, {Text: at}}})
		}
		b.Table = t
	}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

// textForm is a standard text as its form carries it.
type textForm struct {
	Act      string `json:"act"`
	Category string `json:"category"`
	Place    id.ID  `json:"place"`
	Hans     string `json:"words.zh-Hans"`
	Hant     string `json:"words.zh-Hant"`
	En       string `json:"words.en"`
	Drop     bool   `json:"drop"`
}

func (s *Server) textAt(c *gate.Ctx) (issue.Text, error) {
	n, err := idOf(c, "id")
	if err != nil {
		return issue.Text{}, err
	}
	ts, err := s.Issues.Texts(c.Context(), "", "", "")
	if err != nil {
		return issue.Text{}, err
	}
	for _, t := range ts {
		if t.ID == n {
			return t, nil
		}
	}
	return issue.Text{}, fail.New(fail.Missing, "issue.text_missing")
}

func (s *Server) textEdit(c *gate.Ctx) error {
	t, err := s.textAt(c)
	if err != nil {
		return err
	}
	return s.text(c, textForm{Act: string(t.Act), Category: t.Category, Place: t.Place, Hans: t.Words["zh-Hans"], Hant: t.Words["zh-Hant"], En: t.Words["en"]}, nil)
}

func (s *Server) text(c *gate.Ctx, f textForm, errs []FieldErr) error {
	w := c.Words
	title, here := w.T("admin.text_add"), "/admin/texts/add"
	if n := c.Value("id"); n != "" {
		title, here = w.T("admin.text_edit"), "/admin/texts/"+n
	}
	p := s.adminSheet(c, title, "/admin/texts")
	if c.R.Method != "GET" {
		p.Path = here
	}
	p.Errs = errs
	ks, err := s.kinds(c.Context())
	if err != nil {
		return err
	}
	kinds := []Option{{Value: "", Label: w.T("admin.any_kind")}}
	for _, k := range ks {
		name := k.Names.In(c.By.Lang)
		if k.Parent != "" {
			name = "\u3000" + name
		}
		kinds = append(kinds, Option{Value: k.Code, Label: name, On: k.Code == f.Category})
	}
	places, err := s.placeOptions(c.Context(), c, who.CategoryEdit, place.Community, f.Place)
	if err != nil {
		return err
	}
	in := []input{ask(Field{Name: "act", Kind: "select", Label: w.T("admin.text_act"), Options: options(w, "issue.act.", textActs, f.Act)}),
		ask(Field{Name: "category", Kind: "select", Label: w.T("admin.text_kind"), Options: kinds}),
		ask(Field{Name: "place", Kind: "select", Label: w.T("admin.where"), Options: places})}
	for i, x := range []struct{ name, v string }{{"words.zh-Hans", f.Hans}, {"words.zh-Hant", f.Hant}, {"words.en", f.En}} {
		in = append(in, ask(Field{Name: x.name, Kind: "textarea", Rows: 2, Label: w.T("admin.in_script", "what", w.T("admin.text_words"), "script", i18n.Langs()[i].Name()), Value: x.v, Optional: i > 0}))
	}
	p.Blocks = []block{{Forms: []form{{Action: here, Button: w.T("act.save"), Once: true, Inputs: in}}}}
	if c.Value("id") != "" {
		p.Blocks[0].Forms = append(p.Blocks[0].Forms, form{Action: here, Button: w.T("act.delete"), Name: "drop", Value: "on", Kind: "second"})
	}
	return s.show(c, "sheet", p)
}

func (s *Server) textSave(c *gate.Ctx) error {
	var f textForm
	if err := c.Read(&f); err != nil {
		return err
	}
	t := issue.Text{Category: f.Category, Act: issue.Act(f.Act), Place: f.Place, Words: issue.Said{}}
	if c.Value("id") != "" {
		old, err := s.textAt(c)
		if err != nil {
			return err
		}
		t.ID, t.Rank = old.ID, old.Rank
		if f.Drop {
			t.Place, t.Act = old.Place, old.Act
		}
	}
	for l, x := range map[string]string{"zh-Hans": f.Hans, "zh-Hant": f.Hant, "en": f.En} {
		if x = strings.TrimSpace(x); x != "" && !f.Drop {
			t.Words[l] = x
		}
	}
	var errs []FieldErr
	if !f.Drop && !slices.Contains(textActs, f.Act) {
		errs = append(errs, sentence(c, "act", "fail.choose"))
	}
	if !f.Drop && t.Words["zh-Hans"] == "" {
		errs = append(errs, sentence(c, "words.zh-Hans", "fail.empty"))
	}
	if len(errs) == 0 {
		path := ""
		if t.Place != 0 {
			at, err := s.Places.ByID(c.Context(), t.Place)
			if err != nil {
				return err
			}
			path = at.Path
		}
		_, err := s.Issues.SaveText(c.Context(), c.By, t, path)
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
		for i := range errs {
			errs[i].Field = cmp.Or(errs[i].Field, "words.zh-Hans")
		}
	}
	if len(errs) > 0 {
		return s.text(c, f, errs)
	}
	if f.Drop {
		return c.To("/admin/texts?done=removed")
	}
	return c.To("/admin/texts?done=saved")
}

package issue

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Said is one thing said in the scripts, by their names; zh-Hans always.
type Said map[string]string

// In is the words in a script; the zh-Hans ones where there are no other.
func (s Said) In(lang string) string { return cmp.Or(s[lang], s["zh-Hans"]) }

// Category is what an issue is about: a major, or a minor below it ("facility.lamp").
type Category struct {
	Code    string     `json:"code"`
	Parent  string     `json:"parent,omitempty"` // "" a major
	Rank    int64      `json:"rank"`
	Icon    string     `json:"icon"`
	Sort    Sort       `json:"sort"`
	Grade   Grade      `json:"grade"`
	Public  bool       `json:"public"` // may be shown to everybody
	Open    bool       `json:"open"`   // usually lies in public space
	First   string     `json:"first"`  // level of the desk that handles first: neighbourhood, community, subdistrict
	GB      string     `json:"gb,omitempty"`
	Names   Said       `json:"names"`
	Promise Said       `json:"promise,omitempty"` // what happens, and by when, in a sentence
	Hint    Said       `json:"hint,omitempty"`    // said while somebody reports: call 119 first
	Asks    []Question `json:"asks,omitempty"`
	Limits  []Limit    `json:"limits,omitempty"` // its own, before those of its grade
	Retired time.Time  `json:"retired,omitzero"`
	Rev     int64      `json:"-"`
}

// Question is asked of the reporter; every one may be left unanswered.
type Question struct {
	Code    string `json:"code"`
	Kind    string `json:"kind"` // yesno, choice, text
	Names   Said   `json:"names"`
	Choices []struct {
		Code  string `json:"code"`
		Names Said   `json:"names"`
	} `json:"choices,omitempty"`
}

// Limit is a time one of the clocks may take.
type Limit struct {
	Grade Grade  `json:"grade,omitempty"` // of a grade; "" of a category
	What  string `json:"what"`            // accept, dispatch, first, settle
	N     int    `json:"n"`
	Unit  string `json:"unit"` // hour, day, working_hour, working_day
}

// Text is a standard text for an act.
type Text struct {
	ID       id.ID  `json:"-"`
	Category string `json:"category,omitempty"` // "" every one
	Act      Act    `json:"act"`
	Place    id.ID  `json:"-"` // 0 everywhere
	Rank     int64  `json:"-"`
	Words    Said   `json:"words"`
}

// Book is all categories, limits and standard texts: what a file of them holds.
type Book struct {
	Format     string     `json:"format"`
	Categories []Category `json:"categories"`
	Limits     []Limit    `json:"limits"`
	Texts      []Text     `json:"texts"`
}

const bookFormat = "linli-categories-1"

//go:embed categories.json
var defaults []byte

// never are the majors whose issues nobody sees but those who handle them: disputes
// and people in need. Nor does anybody see a report of a violation.
var never = []string{"dispute", "care"}

// Whats are the limits an issue has.
var Whats = []string{"accept", "dispatch", "first", "settle"}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}(\.[a-z][a-z0-9_]{0,30})?$`)

// Check says what is wrong with c. Invalid issue.category_*.
func (c Category) Check() error {
	bad := func(field, code string) error {
		return &fail.Error{Kind: fail.Invalid, Code: code, Field: field, Args: []any{"code", c.Code}}
	}
	major, _, minor := strings.Cut(c.Code, ".")
	switch {
	case !codeForm.MatchString(c.Code) || minor != (c.Parent != "") || minor && major != c.Parent:
		return bad("code", "issue.category_code")
	case c.Names["zh-Hans"] == "":
		return bad("names", "issue.category_name")
	case !slices.Contains([]Sort{Inquiry, Help, Complaint, Violation, Suggestion, Praise, Other}, c.Sort):
		return bad("sort", "issue.category_sort")
	case !slices.Contains([]Grade{Danger, Urgent, General, Complex}, c.Grade):
		return bad("grade", "issue.category_grade")
	case !slices.Contains([]string{"neighbourhood", "community", "subdistrict"}, c.First):
		return bad("first", "issue.category_first")
	case c.Public && (c.Sort == Violation || slices.Contains(never, major)):
		return bad("public", "issue.category_public")
	}
	for _, s := range []Said{c.Names, c.Promise, c.Hint} {
		for _, w := range s {
			if _, err := text.Clean(w, 500); err != nil {
				return err
			}
		}
	}
	for _, q := range c.Asks {
		if q.Code == "" || q.Names["zh-Hans"] == "" || !slices.Contains([]string{"yesno", "choice", "text"}, q.Kind) || (q.Kind == "choice") != (len(q.Choices) > 0) {
			return bad("asks", "issue.category_asks")
		}
	}
	for _, l := range c.Limits {
		if err := l.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Check says what is wrong with l. Invalid issue.limit_wrong.
func (l Limit) Check() error {
	if !slices.Contains(Whats, l.What) || l.N < 0 || l.N > 10000 || !slices.Contains([]string{"hour", "day", "working_hour", "working_day"}, l.Unit) {
		return &fail.Error{Kind: fail.Invalid, Code: "issue.limit_wrong", Field: "limits"}
	}
	return nil
}

const categoryCols = `code, parent, rank, icon, sort, grade, public, open, first, gb, names, promise, asks, words, retired, rev`

func scanCategory(r db.Row) (c Category, err error) {
	var names, promise, asks, hint []byte
	if err = r.Scan(&c.Code, &c.Parent, &c.Rank, &c.Icon, &c.Sort, &c.Grade, &c.Public, &c.Open, &c.First, &c.GB, &names, &promise, &asks, &hint, db.Time(&c.Retired), &c.Rev); err != nil {
		return
	}
	for _, p := range []struct {
		b []byte
		v any
	}{{names, &c.Names}, {promise, &c.Promise}, {asks, &c.Asks}, {hint, &c.Hint}} {
		if len(p.b) > 2 { // {} and [] are nothing
			if err = json.Unmarshal(p.b, p.v); err != nil {
				return
			}
		}
	}
	return
}

func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and structs of them
	}
	if string(b) == "null" {
		return "{}"
	}
	return string(b)
}

// category is one category, without its limits.
func category(tx *db.Tx, code string) (Category, error) {
	return db.One(tx, "issue.category_missing", scanCategory, `select `+categoryCols+` from category where code = $1`, code)
}

// CategoryByCode is one category, retired ones too, with its own limits. Missing issue.category_missing.
func CategoryByCode(tx *db.Tx, code string) (Category, error) {
	c, err := category(tx, code)
	if err != nil {
		return c, err
	}
	c.Limits, err = db.All(tx, scanLimit, `select grade, what, n, unit from limits where category = $1 order by what`, code)
	return c, err
}

func scanLimit(r db.Row) (l Limit, err error) {
	err = r.Scan(&l.Grade, &l.What, &l.N, &l.Unit)
	return
}

// Categories are all that are not retired: each major, then its minors.
func Categories(tx *db.Tx) ([]Category, error) { return categories(tx, false) }

func categories(tx *db.Tx, retired bool) ([]Category, error) {
	all, err := db.All(tx, scanCategory, `select `+categoryCols+` from category order by rank, code`)
	if err != nil {
		return nil, err
	}
	own := map[string][]Limit{}
	_, err = db.All(tx, func(r db.Row) (_ struct{}, err error) {
		var code string
		var l Limit
		err = r.Scan(&code, &l.What, &l.N, &l.Unit)
		own[code] = append(own[code], l)
		return
	}, `select category, what, n, unit from limits where category <> '' order by category, what`)
	if err != nil {
		return nil, err
	}
	var out []Category
	add := func(c Category) {
		if retired || c.Retired.IsZero() {
			c.Limits = own[c.Code]
			out = append(out, c)
		}
	}
	for _, m := range all {
		if m.Parent != "" {
			continue
		}
		add(m)
		for _, c := range all {
			if c.Parent == m.Code {
				add(c)
			}
		}
	}
	return out, nil
}

// Categories are all that are not retired: each major, then its minors.
func (d Desk) Categories(ctx context.Context) (_ []Category, err error) {
	defer fail.Wrap(&err, "issue.Categories")
	return db.See(ctx, d.DB, Categories)
}

// Category is one category. Missing issue.category_missing.
func (d Desk) Category(ctx context.Context, code string) (_ Category, err error) {
	defer fail.Wrap(&err, "issue.Category")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Category, error) { return CategoryByCode(tx, code) })
}

func putCategory(tx *db.Tx, c Category) error {
	if err := c.Check(); err != nil {
		return err
	}
	was, err := category(tx, c.Code)
	if err != nil && fail.KindOf(err) != fail.Missing {
		return err
	}
	if err == nil && was.Public != c.Public {
		if err := seen(tx, c.Code, c.Public); err != nil {
			return err
		}
	}
	asks := "[]"
	if len(c.Asks) > 0 {
		asks = js(c.Asks)
	}
	_, err = tx.Exec(`insert into category (`+categoryCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1)
		on conflict (code) do update set parent = excluded.parent, rank = excluded.rank, icon = excluded.icon, sort = excluded.sort, grade = excluded.grade,
			public = excluded.public, open = excluded.open, first = excluded.first, gb = excluded.gb, names = excluded.names, promise = excluded.promise,
			asks = excluded.asks, words = excluded.words, retired = excluded.retired, rev = category.rev + 1`,
		c.Code, c.Parent, c.Rank, c.Icon, c.Sort, c.Grade, c.Public, c.Open, c.First, c.GB, js(c.Names), js(c.Promise), asks, js(c.Hint), db.Ms(c.Retired))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from limits where category = $1 and category <> ''`, c.Code); err != nil {
		return err
	}
	for _, l := range c.Limits {
		if err := putLimit(tx, c.Code, Limit{What: l.What, N: l.N, Unit: l.Unit}); err != nil {
			return err
		}
	}
	return nil
}

func putLimit(tx *db.Tx, category string, l Limit) error {
	if err := l.Check(); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into limits (category, grade, what, n, unit) values ($1, $2, $3, $4, $5)
		on conflict (category, grade, what) do update set n = excluded.n, unit = excluded.unit`, category, l.Grade, l.What, l.N, l.Unit)
	return err
}

// EditCategory adds a category (Rev 0) or changes one (the Rev the person saw).
//
// Invalid issue.category_*, Denied issue.not_allowed, Conflict issue.changed.
func (d Desk) EditCategory(ctx context.Context, by who.Actor, c Category) (_ Category, err error) {
	defer fail.Wrap(&err, "issue.EditCategory(%s)", c.Code)
	if !by.May(who.CategoryEdit, "") {
		return c, fail.New(fail.Denied, "issue.not_allowed")
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Category, error) {
		c := c
		now, err := CategoryByCode(tx, c.Code)
		if fail.KindOf(err) != fail.Missing && err != nil {
			return c, err
		}
		if now.Rev != c.Rev {
			return c, fail.New(fail.Conflict, "issue.changed")
		}
		if c.Parent != "" {
			if _, err := CategoryByCode(tx, c.Parent); err != nil {
				return c, err
			}
		}
		if err := putCategory(tx, c); err != nil {
			return c, err
		}
		c.Rev++
		return c, audit.Record(tx, by, "issue.category", 0, map[string]string{"code": c.Code})
	})
}

// GradeLimits are the limits of the four grades.
func (d Desk) GradeLimits(ctx context.Context) (_ []Limit, err error) {
	defer fail.Wrap(&err, "issue.GradeLimits")
	return db.See(ctx, d.DB, gradeLimits)
}

func gradeLimits(tx *db.Tx) ([]Limit, error) {
	return db.All(tx, scanLimit, `select grade, what, n, unit from limits where category = '' order by grade, what`)
}

// EditLimits changes limits of grades. Invalid issue.limit_wrong, Denied issue.not_allowed.
func (d Desk) EditLimits(ctx context.Context, by who.Actor, ls []Limit) (err error) {
	defer fail.Wrap(&err, "issue.EditLimits")
	if !by.May(who.CategoryEdit, "") {
		return fail.New(fail.Denied, "issue.not_allowed")
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		for _, l := range ls {
			if !slices.Contains([]Grade{Danger, Urgent, General, Complex}, l.Grade) {
				return 0, &fail.Error{Kind: fail.Invalid, Code: "issue.limit_wrong", Field: "limits"}
			}
			if err := putLimit(tx, "", l); err != nil {
				return 0, err
			}
		}
		return 0, audit.Record(tx, by, "issue.limits", 0, nil)
	})
	return err
}

func scanText(r db.Row) (t Text, err error) {
	var words []byte
	if err = r.Scan(&t.ID, &t.Category, &t.Act, &t.Place, &t.Rank, &words); err == nil {
		err = json.Unmarshal(words, &t.Words)
	}
	return
}

// Texts are the standard texts for an act on an issue of a category in a place: the
// category's first, then those for every one. An empty act: all texts.
func (d Desk) Texts(ctx context.Context, a Act, category, path string) (_ []Text, err error) {
	defer fail.Wrap(&err, "issue.Texts")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Text, error) {
		ts, err := db.All(tx, scanText, `select id, category, act, place, rank, words from text where act = $1 or $1 = '' order by act, rank, id`, a)
		major, _, _ := strings.Cut(category, ".")
		ts = slices.DeleteFunc(ts, func(t Text) bool {
			return category != "" && t.Category != "" && t.Category != category && t.Category != major || path != "" && t.Place != 0 && !strings.Contains(path, fmt.Sprintf("/%d/", t.Place))
		})
		slices.SortStableFunc(ts, func(a, b Text) int { return cmp.Compare(len(b.Category), len(a.Category)) })
		return ts, err
	})
}

// SaveText adds a standard text (ID 0) or changes one; without words it goes.
// Those who edit categories may everywhere; those who move issues in their place.
func (d Desk) SaveText(ctx context.Context, by who.Actor, t Text, path string) (_ Text, err error) {
	defer fail.Wrap(&err, "issue.SaveText")
	if !by.May(who.CategoryEdit, "") && (t.Place == 0 || path == "" || !by.May(who.IssueMove, path)) {
		return t, fail.New(fail.Denied, "issue.not_allowed")
	}
	for _, w := range t.Words {
		if _, err := text.Clean(w, textMost); err != nil {
			return t, err
		}
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Text, error) {
		t := t
		if t.ID != 0 {
			old, err := db.One(tx, "issue.text_missing", scanText, `select id, category, act, place, rank, words from text where id = $1`, t.ID)
			if err != nil {
				return t, err
			}
			if old.Place != t.Place && !by.May(who.CategoryEdit, "") {
				return t, fail.New(fail.Denied, "issue.not_allowed")
			}
			if _, err := tx.Exec(`delete from text where id = $1`, t.ID); err != nil {
				return t, err
			}
		} else {
			t.ID = id.New(tx.Now())
		}
		if t.Words.In("zh-Hans") == "" {
			return t, audit.Record(tx, by, "issue.text", t.ID, nil)
		}
		if err := putText(tx, t); err != nil {
			return t, err
		}
		return t, audit.Record(tx, by, "issue.text", t.ID, nil)
	})
}

func putText(tx *db.Tx, t Text) error {
	_, err := tx.Exec(`insert into text (id, category, act, place, rank, words) values ($1, $2, $3, $4, $5, $6)`, t.ID, t.Category, t.Act, t.Place, t.Rank, js(t.Words))
	return err
}

// ReadBook reads a file of categories and says what is wrong with it.
//
// Invalid issue.book_broken, issue.book_format, issue.category_*, issue.limit_wrong.
func ReadBook(b []byte) (Book, error) {
	var k Book
	if len(b) > 4<<20 || json.Unmarshal(b, &k) != nil {
		return Book{}, fail.New(fail.Invalid, "issue.book_broken")
	}
	if k.Format != bookFormat || len(k.Categories) == 0 {
		return Book{}, fail.New(fail.Invalid, "issue.book_format", "format", bookFormat)
	}
	seen := map[string]bool{}
	for _, c := range k.Categories {
		if err := c.Check(); err != nil {
			return Book{}, err
		}
		if seen[c.Code] || c.Parent != "" && !seen[c.Parent] {
			return Book{}, &fail.Error{Kind: fail.Invalid, Code: "issue.category_code", Field: "code", Args: []any{"code", c.Code}}
		}
		seen[c.Code] = true
	}
	for _, l := range k.Limits {
		if err := l.Check(); err != nil {
			return Book{}, err
		}
	}
	return k, nil
}

// ExportCategories writes all categories, limits and standard texts for everywhere as a file.
func (d Desk) ExportCategories(ctx context.Context) (_ []byte, err error) {
	defer fail.Wrap(&err, "issue.ExportCategories")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]byte, error) {
		k := Book{Format: bookFormat}
		var err error
		if k.Categories, err = categories(tx, true); err != nil {
			return nil, err
		}
		if k.Limits, err = gradeLimits(tx); err != nil {
			return nil, err
		}
		if k.Texts, err = db.All(tx, scanText, `select id, category, act, place, rank, words from text where place = 0 order by act, rank, id`); err != nil {
			return nil, err
		}
		return json.MarshalIndent(k, "", " ")
	})
}

// ImportCategories takes a file in: what it holds replaces what there is, and a
// category it does not hold is retired; issues keep it.
func (d Desk) ImportCategories(ctx context.Context, by who.Actor, b []byte) (_ Book, err error) {
	defer fail.Wrap(&err, "issue.ImportCategories")
	if !by.May(who.CategoryEdit, "") {
		return Book{}, fail.New(fail.Denied, "issue.not_allowed")
	}
	k, err := ReadBook(b)
	if err != nil {
		return k, err
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Book, error) { return k, importBook(tx, by, k) })
}

func importBook(tx *db.Tx, by who.Actor, k Book) error {
	if _, err := tx.Exec(`update category set retired = $1, rev = rev + 1 where retired = 0`, db.Ms(tx.Now())); err != nil {
		return err
	}
	for _, c := range k.Categories {
		if err := putCategory(tx, c); err != nil {
			return err
		}
	}
	for _, l := range k.Limits {
		if err := putLimit(tx, "", l); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`delete from text where place = 0`); err != nil {
		return err
	}
	for i, t := range k.Texts {
		t.ID, t.Place, t.Rank = id.New(tx.Now()), 0, int64(i)
		if err := putText(tx, t); err != nil {
			return err
		}
	}
	return audit.Record(tx, by, "issue.book", 0, map[string]int{"categories": len(k.Categories)})
}

// Seed takes in the categories Linli ships with, if there are none yet. It reports whether it did.
func (d Desk) Seed(ctx context.Context, by who.Actor) (_ bool, err error) {
	defer fail.Wrap(&err, "issue.Seed")
	k, err := ReadBook(defaults)
	if err != nil {
		return false, err
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (bool, error) {
		n, err := db.One(tx, "", func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, `select count(*) from category`)
		if err != nil || n > 0 {
			return false, err
		}
		return true, importBook(tx, by, k)
	})
}

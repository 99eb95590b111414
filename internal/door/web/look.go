// Package web is the house's front door: pages for people, HTML first.
//
// look.go, parts.go, static.go, tpl and static are its look. They know nothing of routes or rights:
// a page is a struct with a Frame in it, a template of the same name, and Render.
//
// Floor: door. Imports: base, core, door/gate.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
)

//go:embed tpl/*.html
var tpls embed.FS

// CSP is the content security policy of every page: nothing inline, nothing from elsewhere.
const CSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"

// Frame is what every page has around it. Embed it in the page's struct.
type Frame struct {
	W     i18n.W
	Site  Site
	Title string // for <title>; the page says it again in its one h1
	Nav   string // which tab: home report list me desk, or none
	Path  string // of this page, without script prefix; the switches in the header come back to it
	Base  string // script prefix that links carry on: "", "/zh-hant", "/en"
	Size  string // "elder" is large print
	Theme string // "day", "night", or as the device has it
	Wide  bool   // room for two columns at a desk
	Paper bool   // a sheet to be printed: no header, no tabs
	Errs  []FieldErr
	Who   string // how the signed-in person is called; empty if nobody is
	Staff bool   // shows the way to the desk
	Token string // against forged forms; empty if the gate needs none
}

// Site is what an installation says about itself.
type Site struct {
	Name   string // 青桥街道
	Phone  string // of the community, for those who would rather call
	ICP    string // 备案 numbers, as they must be shown
	Police string
}

// FieldErr is one answer that needs changing.
type FieldErr struct{ Field, Msg string }

func (f Frame) look() Frame { return f }

// framed is any page: a struct with a Frame in it.
type framed interface{ look() Frame }

// To is a link to path that stays in the reader's script.
func (f Frame) To(path string) string { return f.Base + path }

// Err is the sentence at a field, or empty.
func (f Frame) Err(field string) string {
	for _, e := range f.Errs {
		if e.Field == field {
			return e.Msg
		}
	}
	return ""
}

// ErrsOf turns a refusal, or several joined, into sentences at their fields. A fault gives nil: it has a page of its own.
func ErrsOf(w i18n.W, err error) (out []FieldErr) {
	switch e := err.(type) {
	case nil:
	case *fail.Error:
		if e.Kind != fail.Fault {
			out = append(out, FieldErr{e.Field, w.Err(e, "")})
		}
	case interface{ Unwrap() []error }:
		for _, e := range e.Unwrap() {
			out = append(out, ErrsOf(w, e)...)
		}
	case interface{ Unwrap() error }:
		return ErrsOf(w, e.Unwrap())
	}
	return out
}

var pages = sync.OnceValue(func() *template.Template { return parse(tpls, "tpl/*.html") })

// parse reads templates; one that does not parse stops the program at its start.
func parse(from fs.FS, glob string) *template.Template {
	return template.Must(template.New("").Funcs(funcs).ParseFS(from, glob))
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes the page called name (tpl/<name>.html). Nothing is sent if the page does not come out whole.
func Render(w http.ResponseWriter, status int, name string, page framed) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := pages().ExecuteTemplate(b, name+".html", page); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(lang(page.look().W.Lang)))
	if h.Get("Content-Security-Policy") == "" {
		h.Set("Content-Security-Policy", CSP)
	}
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

func lang(l i18n.Lang) i18n.Lang {
	if l == "" {
		return i18n.Hans
	}
	return l
}

// Say is the page (say.html) for one thing to be said: not found, a fault of ours, offline, an expired link.
type Say struct {
	Frame
	Lead string // what to do now
	Ref  string // number to quote, if a fault is ours
	Acts []Act  // ways on; home if none
}

// Missing is the page for an address that leads nowhere, or not for these eyes.
func Missing(f Frame) Say {
	f.Title = f.W.T("web.page_missing")
	return Say{Frame: f, Lead: f.W.T("web.page_missing_say"), Acts: []Act{{f.W.T("web.go_home"), f.To("/")}, {f.W.T("web.nav.report"), f.To("/report")}}}
}

// Broken is the page for a fault of ours, with the number to quote.
func Broken(f Frame, ref string) Say {
	f.Title = f.W.T("web.page_fault")
	return Say{Frame: f, Lead: f.W.T("fail.fault", "ref", ref), Ref: ref, Acts: []Act{{f.W.T("web.try_again"), f.To(f.Path)}, {f.W.T("web.go_home"), f.To("/")}}}
}

// Offline is the page a phone keeps for when there is no network.
func Offline(f Frame) Say {
	f.Title = f.W.T("web.page_offline")
	return Say{Frame: f, Lead: f.W.T("web.page_offline_say"), Acts: []Act{{f.W.T("web.try_again"), f.To("/")}}}
}

// Act is a way on: a link that looks like a button.
type Act struct{ Label, Href string }

// funcs are the words templates have besides .W; parts.html says how each is used.
var funcs = template.FuncMap{
	"seal": seal, "plate": plate, "when": when, "left": left, "icon": icon, "rich": rich, "static": staticPath, "num": num, "lang": lang, "langs": i18n.Langs,
	"add": func(a, b int) int { return a + b },
	"ids": func(field string) string { return "f-" + field },

	"blockOn": func(on sheet, b block) onBlock { return onBlock{on, b} },
	"formOn":  func(on sheet, f form, under bool) onForm { return onForm{on, f, under} },

	"field": part[Field], "pick": part[Pick], "photo": part[Photo], "errs": part[Errs], "note": part[Note], "empty": part[Empty], "pager": part[Pager],
	"trail": part[Trail], "nums": part[Nums], "dl": part[DL], "map": part[Map], "slip": part[Slip], "side": part[Side], "step": part[Step], "sos": part[SOS], "geo": part[Geo], "find": part[Find], "mask": part[Mask], "poster": part[Poster],
}

// words finds the W in what a template calls $: the page, or a W itself.
func words(on any) (i18n.W, error) {
	switch on := on.(type) {
	case framed:
		return on.look().W, nil
	case i18n.W:
		return on, nil
	}
	return i18n.W{}, fmt.Errorf("%T is neither a page nor words", on)
}

func num(on any, v any) (string, error) {
	w, err := words(on)
	return w.Num(v), err
}

// when is the time as people say it, with the machine's form beside it.
func when(on any, t time.Time) (template.HTML, error) {
	w, err := words(on)
	if err != nil || t.IsZero() {
		return "", err
	}
	return template.HTML(`<time datetime="` + w.ISO(t) + `">` + template.HTMLEscapeString(w.Time(t)) + `</time>`), nil
}

// left is how far away a limit is; near ones and missed ones look different.
func left(on any, due time.Time) (template.HTML, error) {
	w, err := words(on)
	if err != nil || due.IsZero() {
		return "", err
	}
	class := "due"
	switch d := due.Sub(w.Now); {
	case d < 0:
		class += " is-late"
	case d < 24*time.Hour:
		class += " is-soon"
	}
	return template.HTML(`<span class="` + class + `">` + template.HTMLEscapeString(w.Left(due)) + `</span>`), nil
}

// rich makes *words* strong; everything else stays text.
func rich(s string) template.HTML {
	parts := strings.Split(template.HTMLEscapeString(s), "*")
	if len(parts)%2 == 0 {
		return template.HTML(strings.Join(parts, "*"))
	}
	var b strings.Builder
	for i, p := range parts {
		if i%2 == 1 {
			p = "<strong>" + p + "</strong>"
		}
		b.WriteString(p)
	}
	return template.HTML(b.String())
}

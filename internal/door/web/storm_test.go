package web

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

// box is one field of a form as a page serves it.
type box struct {
	name, kind, value string
	options           []string // of a select, of radio buttons, of named buttons
}

// typed reports whether a person types into it what they like.
func (b box) typed() bool {
	return slices.Contains([]string{"text", "textarea", "search"}, b.kind)
}

// sheetForm is a form that a role was shown.
type sheetForm struct {
	role, page, method, action string
	multi                      bool // multipart
	boxes                      []box
}

var numbered = regexp.MustCompile(`[0-9]+`)

var patterns sync.Map // by path of a route, its regexp

// pattern is the door that a path leads to: two issues have one.
func (k *crowd) pattern(path string) string {
	path, _, _ = strings.Cut(path, "?")
	best := path
	for _, r := range k.s.Routes() {
		_, p, _ := strings.Cut(r.Pattern, " ")
		re, ok := patterns.Load(p)
		if !ok {
			re = regexp.MustCompile("^" + strings.TrimSuffix(hole.ReplaceAllString(p, "[^/]+"), "{$}") + "$")
			patterns.Store(p, re)
		}
		if re.(*regexp.Regexp).MatchString(path) && (best == path || strings.Count(p, "{") < strings.Count(best, "{")) {
			best = p
		}
	}
	return best
}

// shape is what kind of form it is: two issues have the same forms.
func (k *crowd) shape(f sheetForm) string {
	var names []string
	for _, b := range f.boxes {
		names = append(names, numbered.ReplaceAllString(b.name, "#")) // a list that grows is one list
	}
	slices.Sort(names)
	act := ""
	if p := k.pattern(f.action); strings.HasSuffix(p, "{act}") {
		act = f.action[strings.LastIndex(f.action, "/"):]
	}
	return f.method + " " + k.pattern(f.action) + act + " " + strings.Join(slices.Compact(names), ",")
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// formsOf reads the forms of a page, and where its links lead.
func formsOf(role, page string, body []byte) (out []sheetForm, links []string) {
	doc, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, nil
	}
	byID := map[string]int{}
	add := func(f *sheetForm, n *html.Node) {
		name := attr(n, "name")
		if name == "" {
			return
		}
		b := box{name: name, kind: cmp.Or(attr(n, "type"), "text"), value: attr(n, "value")}
		switch n.Data {
		case "textarea":
			b.kind, b.value = "textarea", spoken(n)
		case "select":
			b.kind = "select"
			for o := range n.Descendants() {
				if o.Type == html.ElementNode && o.Data == "option" {
					b.options = append(b.options, attr(o, "value"))
				}
			}
		case "button":
			b.kind, b.options = "button", []string{b.value}
		case "input":
			if b.kind == "radio" || b.kind == "checkbox" || b.kind == "image" || b.kind == "submit" {
				b.options = []string{cmp.Or(b.value, "on")}
			}
		default:
			return
		}
		for i := range f.boxes {
			if f.boxes[i].name == name && b.kind != "hidden" {
				f.boxes[i].options = append(f.boxes[i].options, b.options...)
				return
			}
		}
		f.boxes = append(f.boxes, b)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "a":
			if h := attr(n, "href"); strings.HasPrefix(h, "/") && !strings.HasPrefix(h, "//") {
				links = append(links, h)
			}
		case "form":
			f := sheetForm{role: role, page: page, method: strings.ToUpper(cmp.Or(attr(n, "method"), "get")), action: cmp.Or(attr(n, "action"), page), multi: attr(n, "enctype") == "multipart/form-data"}
			for x := range n.Descendants() {
				if x.Type == html.ElementNode {
					add(&f, x)
				}
			}
			byID[attr(n, "id")] = len(out)
			out = append(out, f)
		}
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && attr(n, "form") != "" {
			if i, ok := byID[attr(n, "form")]; ok {
				add(&out[i], n)
			}
		}
	}
	return out, links
}

// plain is what a well-meaning person would put into a box.
func (k *crowd) plain(b box) string {
	name := strings.ToLower(b.name)
	now := k.s.DB.Now()
	switch {
	case b.kind == "hidden", b.kind == "file":
		return b.value
	case len(b.options) > 0:
		for _, o := range b.options {
			if o != "" && o == b.value {
				return o
			}
		}
		for _, o := range b.options {
			if o != "" {
				return o
			}
		}
		return ""
	case b.kind == "email" || strings.HasSuffix(name, "email"):
		return "guest@example.cn"
	case b.kind == "tel" || strings.Contains(name, "phone") || name == "address":
		return "13811112222"
	case b.kind == "password":
		return "lang-genug-und-nie-gesehen-1"
	case b.kind == "date":
		return now.AddDate(0, 0, 5).Format("2006-01-02")
	case b.kind == "datetime-local":
		return now.AddDate(0, 0, 5).Format("2006-01-02T15:04")
	case b.value != "":
		return b.value
	case strings.Contains(name, "url"), strings.Contains(name, "link"):
		return "https://example.cn/"
	}
	return "三号楼"
}

// fill fills a form in as a well-meaning person would.
func (k *crowd) fill(f sheetForm) url.Values {
	v := url.Values{}
	buttons := false
	for _, b := range f.boxes {
		if b.kind == "button" || b.kind == "submit" || b.kind == "image" { // one is pressed
			if buttons {
				continue
			}
			buttons = true
		}
		if b.kind != "file" {
			v.Set(b.name, k.plain(b))
		}
	}
	return v
}

// post sends a form as its role, in a session of its own: some forms end one.
func (k *crowd) post(f sheetForm, v url.Values) *httptest.ResponseRecorder {
	k.t.Helper()
	session := k.again(f.role)
	switch {
	case f.method == "GET":
		path, _, _ := strings.Cut(f.action, "?")
		return k.ask("GET", path+"?"+v.Encode(), session, nil)
	case !f.multi:
		return k.ask(f.method, f.action, session, v)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		for _, s := range v[name] {
			w.WriteField(name, s)
		}
	}
	w.Close()
	return k.send(f.method, f.action, session, w.FormDataContentType(), &b)
}

// stormRoles are those whose pages differ.
var stormRoles = []string{"visitor", "resident", "worker", "chair", "community", "staff", "admin"}

// walk opens every door for every role, and what their pages link to, one of each shape.
func (k *crowd) walk(see func(role, path string, w *httptest.ResponseRecorder)) {
	k.t.Helper()
	for _, role := range stormRoles {
		seen := map[string]bool{}
		var todo []string
		add := func(path string) {
			path, _, _ = strings.Cut(path, "#")
			if s := k.pattern(path); !seen[s] {
				seen[s] = true
				todo = append(todo, path)
			}
		}
		for _, r := range k.s.Routes() {
			if method, path := k.door(r); method == "GET" && !r.Frame {
				add(path)
			}
		}
		session := k.again(role)
		for n := 0; n < len(todo) && n < 300; n++ {
			w := k.ask("GET", todo[n], session, nil)
			see(role, todo[n], w)
			if w.Code == 200 && strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				_, links := formsOf(role, todo[n], w.Body.Bytes())
				for _, l := range links {
					add(l)
				}
			}
		}
	}
}

// forms are all the forms that anybody is shown, one of each shape.
func (k *crowd) forms() []sheetForm {
	k.t.Helper()
	var out []sheetForm
	seen := map[string]bool{}
	k.walk(func(role, path string, w *httptest.ResponseRecorder) {
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			return
		}
		fs, _ := formsOf(role, path, w.Body.Bytes())
		for _, f := range fs {
			if s := k.shape(f); !seen[s] {
				seen[s] = true
				out = append(out, f)
			}
		}
	})
	return out
}

// What is written into every box: it breaks out of text, attributes, scripts, templates, our own
// sentences with places, and spreadsheets. The first letter tells where it came out.
const (
	mark     = "ж"
	breakout = mark + `"'><xss>{to}{{1}}` // fits into a name
	storm    = mark + `"xss="1"'xss='1'><xss onx=1></textarea></title></script><script>x()</script><!--{no}{to}{count}{{.}}${1}<%=1%>&lt;xss&gt;javascript:x()`
)

// came says how hostile text came out of an answer, and whether it was let do anything.
func came(t *testing.T, where string, w *httptest.ResponseRecorder) (times int) {
	t.Helper()
	body, kind := w.Body.Bytes(), w.Header().Get("Content-Type")
	if w.Code >= 500 {
		t.Errorf("%s: %d", where, w.Code)
	}
	for _, h := range w.Header() {
		if s := strings.Join(h, " "); strings.ContainsAny(s, "\r\n\x00") || strings.Contains(s, "<xss") {
			t.Errorf("%s: hostile text in a header: %q", where, s)
		}
	}
	whole := func(s string) {
		for _, rest := range strings.Split(s, mark)[1:] {
			times++
			n := 0
			for _, h := range []string{breakout[len(mark):], storm[len(mark):]} {
				m := 0
				for m < min(len(h), len(rest)) && h[m] == rest[m] {
					m++
				}
				n = max(n, m)
			}
			if n < len(breakout)-len(mark) && n < len(rest) && !strings.HasPrefix(rest[n:], "…") {
				t.Errorf("%s: what was typed came out changed: %.200q", where, rest)
			}
		}
	}
	switch {
	case strings.HasPrefix(kind, "text/html"):
		doc, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", where, err)
			return
		}
		for n := range doc.Descendants() {
			switch n.Type {
			case html.TextNode:
				if n.Parent.Data == "script" && strings.TrimSpace(n.Data) != "" {
					t.Errorf("%s: a script with words of its own: %.200q", where, n.Data)
				}
				whole(n.Data)
			case html.CommentNode:
				if strings.Contains(n.Data, mark) || strings.Contains(n.Data, "{no}") {
					t.Errorf("%s: a comment holds what was typed: %.200q", where, n.Data)
				}
			case html.ElementNode:
				if n.Data == "xss" {
					t.Errorf("%s: what was typed became an element", where)
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "xss") || strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
						t.Errorf("%s: <%s> has %s=%.100q", where, n.Data, a.Key, a.Val)
					}
					if slices.Contains([]string{"href", "src", "action", "formaction", "data"}, a.Key) {
						u, err := url.Parse(a.Val)
						if err != nil || u.Scheme != "" && !slices.Contains([]string{"https", "http", "tel", "mailto", "data"}, u.Scheme) || u.Scheme == "data" && !strings.HasPrefix(a.Val, "data:image/") {
							t.Errorf("%s: <%s %s=%.200q>", where, n.Data, a.Key, a.Val)
						}
						continue
					}
					whole(a.Val)
				}
			}
		}
	case strings.Contains(kind, "json"):
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		times += bytes.Count(body, []byte(mark))
	case strings.Contains(kind, "xml"): // drawings too
		d := xml.NewDecoder(bytes.NewReader(body))
		for {
			tok, err := d.Token()
			if err == io.EOF {
				break
			}
			if e, ok := tok.(xml.StartElement); err != nil || ok && (e.Name.Local == "xss" || e.Name.Local == "script" || e.Name.Local == "foreignObject") {
				t.Errorf("%s: %v %v", where, err, tok)
				break
			}
		}
		times += bytes.Count(body, []byte(mark))
	case strings.Contains(kind, "csv"):
		rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", where, err)
		}
		for _, cell := range slices.Concat(rows...) {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%s: a cell is a formula: %.100q", where, cell)
			}
		}
		times += bytes.Count(body, []byte(mark))
	default:
		if bytes.Contains(body, []byte(mark)) {
			t.Errorf("%s: what was typed came out as %q", where, kind)
		}
	}
	return times
}

// Every box of every form that anybody is shown is written into by somebody who means harm,
// and then every page and download is opened: what was typed is there as it was typed, and is
// nothing but text.
func TestWhateverIsTypedStaysText(t *testing.T) {
	t.Parallel()
	k := newCrowd(t)
	todo := k.forms()
	seen, kept, boxes := map[string]bool{}, map[string]bool{}, 0
	for _, f := range todo {
		seen[k.shape(f)] = true
	}
	for n := 0; n < len(todo) && n < 700; n++ {
		f := todo[n]
		more := func(path string, w *httptest.ResponseRecorder) {
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				fs, _ := formsOf(f.role, path, w.Body.Bytes())
				for _, g := range fs {
					if s := k.shape(g); !seen[s] {
						seen[s] = true
						todo = append(todo, g)
					}
				}
			}
		}
		typed := slices.DeleteFunc(slices.Clone(f.boxes), func(b box) bool { return !b.typed() })
		try := func(name string, v url.Values) {
			w := k.post(f, v)
			where := fmt.Sprintf("%s %s as %s, %s", f.method, f.action, f.role, name)
			came(t, where, w)
			if w.Code < 400 {
				kept[k.shape(f)] = true
			}
			more(f.action, w)
			if l := w.Header().Get("Location"); w.Code == 303 && strings.HasPrefix(l, "/") {
				w := k.ask("GET", l, k.in[f.role], nil)
				came(t, "the page after "+where, w)
				more(l, w)
			}
		}
		all := k.fill(f)
		for _, b := range f.boxes {
			if b.kind != "hidden" && b.kind != "file" && b.kind != "button" {
				all.Set(b.name, storm)
			}
		}
		if len(typed) > 0 {
			try("everything", all)
		}
		for _, b := range typed {
			if box := k.shape(f) + " " + numbered.ReplaceAllString(b.name, "#"); seen[box] { // written into by another role
				continue
			} else {
				seen[box] = true
				boxes++
			}
			v := k.fill(f)
			v.Set(b.name, breakout)
			if b.kind == "textarea" {
				v.Set(b.name, storm)
			}
			try(b.name, v)
		}
	}
	times := map[string]int{}
	k.walk(func(role, path string, w *httptest.ResponseRecorder) {
		times[role] += came(t, "GET "+path+" as "+role, w)
	})
	t.Logf("%d forms, %d boxes, %d kinds of form took it, came out %v", len(todo), boxes, len(kept), times)
	if len(todo) < 100 || boxes < 120 || len(kept) < 20 || times["visitor"] == 0 || times["staff"] < 50 || times["admin"] < 50 {
		t.Errorf("the storm missed the town: %d forms, %d boxes, %d took it, %v", len(todo), boxes, len(kept), times)
	}
}

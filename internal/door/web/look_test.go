package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/qr"
)

type gallery struct {
	Frame
	States               []string
	Nums                 []Num
	Slips                []Slip
	Steps                []TrailStep
	Options              []Option
	Rows                 []Row
	Items                []SideItem
	Now, Soon, Past, Far time.Time
	QR                   string
	QRSize               int
}

var states = strings.Fields("reported accepted dispatched in_hand paused handled closed refused merged confirmed unconfirmed disputed handed_up overdue urgent draft")

func galleryIn(l i18n.Lang) gallery {
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	path, size, err := qr.Path("https://linli.example/r/CHY-12")
	if err != nil {
		panic(err)
	}
	return gallery{
		QR: path, QRSize: size,
		Frame: Frame{W: i18n.W{Lang: l, Now: now}, Site: Site{"青桥街道", "0513-0000 0000", "苏ICP备00000000号", "苏公网安备 00000000000000号"}, Title: "Gallery", Nav: "home", Path: "/", Wide: true, Staff: true,
			Errs: []FieldErr{{"text", "写一句发生了什么"}, {"kind", "选一类"}, {"", "还有一处"}}},
		States: states,
		Nums:   []Num{{"312", "件收到", ""}, {"287", "件办完", "/issues"}, {"1.8", "天，一半的事在这之内办完", ""}},
		Slips: []Slip{
			{State: "in_hand", Title: "三号楼前路灯不亮", Href: "/i/1", Place: "春和苑 12幢", Meta: []string{"物业已接单，明天下午修"}, At: now.Add(-14 * time.Hour), Due: now.Add(31 * time.Hour)},
			{State: "confirmed", Title: "河滨路井盖松动", Href: "/i/2", Place: "河滨路 88号", Meta: []string{"4 小时办完", "6 人说谢谢"}},
			{State: "overdue", Title: "楼上半夜装修", Href: "/i/3", Place: "木樨园 7幢", Due: now.Add(-3 * time.Hour), Hot: true},
			{State: "reported", Title: "文昌路早上堵车", Href: "/i/4", Meta: []string{"11 人也遇到了"}},
		},
		Steps: []TrailStep{
			{At: now.Add(-20 * time.Minute), Title: "维修组已接单", By: "春和苑物业", Text: "备件到了，明天下午去换。", Photos: []Picture{{"/static/x.svg", "/static/x.svg", "灯杆"}}},
			{At: now.Add(-14 * time.Hour), Title: "退回", By: "社区", Hot: true}, {At: now.Add(-15 * time.Hour), Title: "居民报事"},
		},
		Options: []Option{{"a", "路灯照明", "", false}, {"b", "垃圾卫生", "说明", true}, {"c", "停车占道", "", false}},
		Rows:    []Row{{"说的事", "路灯不亮\n很黑", "/report/what"}, {"电话", "", "/report/who"}, {"编号", "1", ""}},
		Items:   []SideItem{{Label: "待分派", Href: "/desk", N: 7, Here: true}, {Label: "超时", Href: "/desk?list=late", N: 2, Hot: true}, {Label: "全部", Href: "/desk?list=all", N: 1258, Rule: true}},
		Now:     now, Soon: now.Add(5 * time.Hour), Past: now.Add(-3 * time.Hour), Far: now.Add(80 * time.Hour),
	}
}

func render(t *testing.T, name string, g gallery) []byte {
	t.Helper()
	set := template.Must(parse(tpls, "tpl/*.html").ParseFiles("testdata/" + name))
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryPartStandsInEveryScript(t *testing.T) {
	for _, l := range i18n.Langs() {
		g := galleryIn(l)
		before := len(i18n.Unknown())
		b := render(t, "gallery.html", g)
		Inspect(t, string(l), b)
		if u := i18n.Unknown(); len(u) > before {
			t.Errorf("%s: keys without words: %v", l, u)
		}
		if bytes.Contains(b, []byte("ZgotmplZ")) || bytes.Contains(b, []byte("no value")) {
			t.Errorf("%s: the template could not place a value", l)
		}
		for _, want := range []string{"&lt;路灯&gt;", "<strong>b</strong> &lt;c&gt;", `aria-describedby="e-text h-text"`, "春和苑 <b>12</b>幢 <b>3</b>单元", "<b>88-2</b>号"} {
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("%s: %s is missing", l, want)
			}
		}
		for _, name := range []string{"home", "issue", "desk", "report", "poster"} {
			g := g
			g.Paper, g.Errs = name == "poster", nil
			Inspect(t, string(l)+" "+name, render(t, name+".html", g))
		}
		if dir := os.Getenv("LINLI_LOOK_DIR"); dir != "" {
			shelve(t, dir, l, g)
		}
	}
}

// shelve writes the gallery and the assets for looking at them in a browser: LINLI_LOOK_DIR=/tmp/x go test -run Script, then serve that folder.
func shelve(t *testing.T, dir string, l i18n.Lang, g gallery) {
	put := func(name string, b []byte) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	g.Errs = nil
	for _, size := range []string{"", "elder"} {
		for _, theme := range []string{"", "night"} {
			g.Size, g.Theme = size, theme
			for _, name := range []string{"gallery", "home", "issue", "desk", "report", "poster"} {
				g.Paper = name == "poster"
				put(fmt.Sprintf("%s-%s-%s-%s.html", name, l, size, theme), render(t, name+".html", g))
			}
		}
	}
	all, _ := assets()
	for n, a := range all {
		put(staticPath(n), a.body)
	}
	put("icon.svg", all["icon.svg"].body)
}

// Inspect is what every page must be: one h1, names for all boxes, ids once, labels that point somewhere, nothing inline.
func Inspect(t *testing.T, name string, page []byte) {
	t.Helper()
	keep(name, page)
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var h1 int
	ids, fors, refs, boxes := map[string]int{}, map[string]bool{}, []string{}, []*html.Node{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: <%s> has %s=", name, n.Data, a.Key)
			}
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				t.Errorf("%s: <%s> has a javascript: address", name, n.Data)
			}
		}
		if at["id"] != "" {
			ids[at["id"]]++
		}
		for _, k := range []string{"aria-describedby", "aria-labelledby"} {
			refs = append(refs, strings.Fields(at[k])...)
		}
		if h, ok := strings.CutPrefix(at["href"], "#"); ok {
			refs = append(refs, h)
		}
		switch n.Data {
		case "h1":
			h1++
		case "label":
			fors[at["for"]] = true
		case "style":
			t.Errorf("%s: a style element", name)
		case "script":
			if at["src"] == "" {
				t.Errorf("%s: a script inside the page", name)
			}
		case "img":
			if _, ok := at["alt"]; !ok {
				t.Errorf("%s: <img src=%q> has no alt", name, at["src"])
			}
		case "html":
			if at["lang"] == "" {
				t.Errorf("%s: no lang", name)
			}
		case "input", "select", "textarea":
			if at["type"] != "hidden" && at["type"] != "image" {
				boxes = append(boxes, n)
			}
		case "button", "a":
			if spoken(n) == "" && at["aria-label"] == "" {
				t.Errorf("%s: a <%s> without words", name, n.Data)
			}
		}
	}
	if h1 != 1 {
		t.Errorf("%s: %d h1, want 1", name, h1)
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %q %d times", name, id, n)
		}
	}
	for _, r := range refs {
		if r != "" && ids[r] == 0 {
			t.Errorf("%s: nothing has the id %q", name, r)
		}
	}
	for _, n := range boxes {
		id, label := "", ""
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				id = a.Val
			case "aria-label":
				label = a.Val
			}
		}
		if !(id != "" && fors[id]) && label == "" && (n.Parent == nil || n.Parent.Data != "label") {
			t.Errorf("%s: <%s id=%q> has no label", name, n.Data, id)
		}
	}
}

func spoken(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
		for _, a := range d.Attr {
			if a.Key == "alt" {
				b.WriteString(a.Val)
			}
		}
	}
	return strings.TrimSpace(b.String())
}

func gz(b []byte) int {
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, 5)
	w.Write(b)
	w.Close()
	return z.Len()
}

func TestBytesAreFew(t *testing.T) {
	all, _ := assets()
	for name, c := range map[string]struct{ got, most int }{
		"css":          {gz(all["app.css"].body), 10 << 10},
		"script":       {gz(all["app.js"].body), 15 << 10},
		"map script":   {gz(all["map.js"].body) + gz(all["vendor/leaflet/leaflet.js"].body), 50 << 10},
		"the gallery":  {gz(render(t, "gallery.html", galleryIn(i18n.Hans))), 14 << 10},
		"roofs of svg": {gz(all["roofs.svg"].body), 2 << 10},
	} {
		if c.got > c.most {
			t.Errorf("%s: %d bytes, want at most %d", name, c.got, c.most)
		}
	}
}

func TestNothingNewerThanTheFloor(t *testing.T) {
	all, _ := assets()
	css := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(all["app.css"].body), "")
	for _, bad := range []string{"@layer", "@container", "@supports", "clamp(", "min(", "max(", ";gap:", "{gap:", ":is(", ":where(", ":has(", "!important", "http:", "https:", "color-mix", "aspect-ratio"} {
		if strings.Contains(strings.ReplaceAll(css, "@media (min-", "@media (m-"), bad) && !(bad == "min(" || bad == "max(") {
			t.Errorf("app.css has %s", bad)
		}
	}
	// .btn and others say display too; once a button for script showed without it.
	if !strings.Contains(css, "[hidden][hidden]{display:none}") {
		t.Error("what is hidden may show")
	}
	for _, name := range []string{"app.js", "map.js", "mask.js", "sw.js"} {
		if m := regexp.MustCompile(`\?\.[a-z\[(]|\?\?|\|\|=|catch \{|replaceAll|Object\.fromEntries|\.flat\(|#[a-z]+ =`).FindString(regexp.MustCompile(`(?m)^//.*$|\s// .*$`).ReplaceAllString(string(all[name].body), "")); m != "" {
			t.Errorf("%s has %q, which Chrome 64 does not read", name, m)
		}
	}
}

func TestStaticFilesKeepForGood(t *testing.T) {
	s := Static()
	get := func(path string) *http.Response {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	for path, want := range map[string]string{
		staticPath("app.css"):           "200 public, max-age=31536000, immutable gzip text/css; charset=utf-8",
		staticPath("app.js"):            "200 public, max-age=31536000, immutable gzip text/javascript; charset=utf-8",
		"/static/0000000000/app.css":    "200 no-cache gzip text/css; charset=utf-8",
		"/sw.js":                        "200 no-cache gzip text/javascript; charset=utf-8",
		"/icon.svg":                     "200 public, max-age=86400 gzip image/svg+xml",
		"/static/0000000000/../look.go": "404",
		staticPath("nothing.css"):       "404",
	} {
		r := get(path)
		got := fmt.Sprint(r.StatusCode)
		if r.StatusCode == 200 {
			got += " " + r.Header.Get("Cache-Control") + " " + r.Header.Get("Content-Encoding") + " " + r.Header.Get("Content-Type")
		}
		if got != want && !(want == "404" && r.StatusCode >= 300 && r.StatusCode < 500) {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestPagesAreSentWholeOrNotAtAll(t *testing.T) {
	w := httptest.NewRecorder()
	if err := Render(w, 404, "say", Say{Frame: Frame{Title: "没有找到"}, Lead: "看看", Ref: "A7"}); err != nil {
		t.Fatal(err)
	}
	if r := w.Result(); r.StatusCode != 404 || r.Header.Get("Content-Security-Policy") != CSP || r.Header.Get("Content-Language") != "zh-Hans" {
		t.Errorf("got %d %v", r.StatusCode, r.Header)
	}
	Inspect(t, "say", w.Body.Bytes())
	for _, l := range i18n.Langs() {
		f := Frame{W: i18n.W{Lang: l}, Path: "/x"}
		for _, p := range []Say{Missing(f), Broken(f, "A7"), Offline(f)} {
			w := httptest.NewRecorder()
			if err := Render(w, 200, "say", p); err != nil {
				t.Error(err)
			}
			Inspect(t, p.Title, w.Body.Bytes())
		}
	}
	w = httptest.NewRecorder()
	if err := Render(w, 200, "no such page", Say{}); err == nil || w.Body.Len() > 0 {
		t.Errorf("got %v and %d bytes, want an error and nothing sent", err, w.Body.Len())
	}
}

func TestAWrongNameForAPartIsFound(t *testing.T) {
	for name, with := range map[string][]any{"unknown": {"Lable", "x"}, "kind": {"Label", 3}, "odd": {"Label"}, "number as text": {"Rows", "4"}} {
		if _, err := part[Field](Frame{}, with...); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	f, err := part[Field](Frame{Errs: []FieldErr{{"title", "写标题"}}}, "Name", "title", "Rows", int64(4))
	if err != nil || f.Err != "写标题" || f.Rows != 4 {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestRefusalsStandAtTheirFields(t *testing.T) {
	w := i18n.W{Lang: i18n.En}
	err := fmt.Errorf("issue.Report: %w", errors.Join(&fail.Error{Kind: fail.Invalid, Code: "fail.empty", Field: "text"}, fail.New(fail.Invalid, "fail.choose")))
	got := ErrsOf(w, err)
	if len(got) != 2 || got[0] != (FieldErr{"text", "Please fill this in."}) || got[1] != (FieldErr{"", "Please choose one."}) {
		t.Errorf("got %v", got)
	}
	for _, err := range []error{nil, errors.New("disk on fire"), &fail.Error{Code: "fail.empty"}} {
		if got := ErrsOf(w, err); got != nil {
			t.Errorf("%v gave %v", err, got)
		}
	}
}

func TestTheSealWearsTheOutcome(t *testing.T) {
	for in, want := range map[[3]string]string{
		{"closed", "solved", "confirmed"}: "confirmed", {"closed", "solved", "unconfirmed"}: "unconfirmed", {"closed", "handed_up", "awaiting"}: "handed_up",
		{"closed", "solved", "awaiting"}: "closed", {"in_hand", "", ""}: "in_hand", {"accepted", "", "disputed"}: "disputed", {"refused", "", ""}: "refused",
	} {
		if got := Sealed(in[0], in[1], in[2], false); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
	if got := Sealed("in_hand", "", "", true); got != "overdue" {
		t.Errorf("got %s", got)
	}
	w := i18n.W{}
	for _, s := range states {
		if !w.Has("web.seal."+s) || !w.Has("web.state."+s) {
			t.Errorf("%s has no words", s)
		}
	}
}

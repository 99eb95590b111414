// Package browser drives a real Chromium for the stories in this folder, and for any
// test that wants to see a page as people do.
//
//	tab := browser.Open(t, base, browser.Phone, browser.Elder)
//	tab.Go("/")
//	tab.Fill("title", "路灯坏了")
//	tab.Press("下一步")
//	tab.Axe()
//	tab.Overflow()
//
// A test fails on its own when a page writes an error to the console, breaks the
// content security policy, or cannot load something it asks for. Every method fails
// the test if it cannot do what it says, so stories have no error handling.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds one step, only so that a hanging page names the step it hangs in.
const patience = 2 * time.Minute

// Option changes the browser a Tab stands for.
type Option func(*conf)

type conf struct {
	width, height int64
	mobile        bool
	dark, noJS    bool
	cookies       map[string]string
	allow         []*regexp.Regexp
	media         string
}

// Options of Open. Phone is what most people have; the narrowest that must work.
var (
	Phone   Option = func(c *conf) { c.width, c.height, c.mobile = 360, 740, true }
	Desktop Option = func(c *conf) { c.width, c.height, c.mobile = 1280, 900, false }
	Elder   Option = Cookie("size", "elder")
	Dark    Option = func(c *conf) { c.dark = true }
	NoJS    Option = func(c *conf) { c.noJS = true }
	Print   Option = func(c *conf) { c.media = "print" }
)

// Cookie sets a cookie before the first page.
func Cookie(name, value string) Option {
	return func(c *conf) { c.cookies[name] = value }
}

// Allow lets complaints that match pass: what this story provokes on purpose.
func Allow(re string) Option {
	return func(c *conf) { c.allow = append(c.allow, regexp.MustCompile(re)) }
}

// Tab is one tab of a browser that shares nothing with other tabs.
type Tab struct {
	T    testing.TB
	Base string

	ctx  context.Context
	conf conf
	mu   sync.Mutex
	bad  []string
	page string // the document being shown
}

var shared struct {
	sync.Mutex
	ctx  context.Context
	stop context.CancelFunc
	dir  string
}

// Main runs the tests of m and closes the browser after them.
func Main(run func() int) int {
	code := run()
	shared.Lock()
	defer shared.Unlock()
	if shared.stop != nil {
		shared.stop()
		os.RemoveAll(shared.dir)
	}
	return code
}

// Path is the Chromium to use; empty if there is none.
func Path() string {
	if p := os.Getenv("LINLI_CHROMIUM"); p != "" {
		return p
	}
	for _, n := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	return ""
}

// need skips the test where there is no browser, but not under make test.
func need(t testing.TB, what, have string) {
	t.Helper()
	switch {
	case have != "":
	case os.Getenv("LINLI_TEST_NEED_BROWSER") == "1":
		t.Fatalf("LINLI_TEST_NEED_BROWSER is set, but there is no %s", what)
	default:
		t.Skipf("no %s; make test installs it", what)
	}
}

func browser(t testing.TB) context.Context {
	t.Helper()
	need(t, "chromium", Path())
	shared.Lock()
	defer shared.Unlock()
	if shared.ctx != nil {
		return shared.ctx
	}
	dir, err := os.MkdirTemp("", "linli-chromium")
	if err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(Path()), chromedp.UserDataDir(dir),
		chromedp.NoSandbox, // the pages are ours, and a container's root has no sandbox
		chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("lang", "zh-CN"), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"),
	)
	alloc, stop1 := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop2 := chromedp.NewContext(alloc)
	if err := chromedp.Do(ctx); err != nil {
		stop1()
		t.Fatalf("chromium: %v", err)
	}
	shared.ctx, shared.dir, shared.stop = ctx, dir, func() { stop2(); stop1() }
	return ctx
}

// Open opens a tab with no cookies but those in opts. Pages are relative to base.
func Open(t testing.TB, base string, opts ...Option) *Tab {
	t.Helper()
	parent := browser(t)
	tab := &Tab{T: t, Base: strings.TrimSuffix(base, "/"), conf: conf{cookies: map[string]string{}}}
	Desktop(&tab.conf)
	for _, o := range opts {
		o(&tab.conf)
	}
	ctx, stop := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.hear))
	tab.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			tab.keep()
		}
		stop()
		tab.mu.Lock()
		defer tab.mu.Unlock()
		for _, b := range tab.bad {
			t.Error(b)
		}
	})
	tab.check("open", chromedp.Do(ctx)) // the tab lives as long as the first context it sees, so not one of do's
	c := tab.conf
	var vp []chromedp.EmulateViewportOption
	if c.mobile {
		vp = append(vp, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	tab.do("open", chromedp.EmulateViewport(c.width, c.height, vp...))
	media := emulation.SetEmulatedMediaParams{Media: c.media, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: map[bool]string{true: "dark", false: "light"}[c.dark]},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	tab.check("media", call(ctx, emulation.SetEmulatedMedia, media))
	if c.noJS {
		tab.script(false)
	}
	for k, v := range c.cookies {
		tab.SetCookie(k, v)
	}
	return tab
}

func (b *Tab) script(on bool) {
	b.T.Helper()
	b.check("script", call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
}

func call[P, R any](ctx context.Context, cmd cdp.Command[P, R], p P) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	_, err := chromedp.Call(ctx, cmd, p)
	return err
}

// hear listens to everything the browser says of the page.
func (b *Tab) hear(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.complain("script: " + (&chromedp.ExceptionError{ExceptionDetails: ev.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeAssert {
			var s []string
			for _, a := range ev.Args {
				s = append(s, string(a.Value)+a.Description)
			}
			b.complain("console: " + strings.Join(s, " "))
		}
	case *log.EventEntryAdded:
		// What the network says is heard below, with its type.
		if ev.Entry.Level == log.EntryLevelError && ev.Entry.Source != log.EntrySourceNetwork {
			b.complain(fmt.Sprintf("%s: %s %s", ev.Entry.Source, ev.Entry.Text, ev.Entry.URL))
		}
	case *network.EventResponseReceived:
		if ev.Response.Status >= 400 && ev.Type != network.ResourceTypeDocument {
			b.complain(fmt.Sprintf("load: %d %s", ev.Response.Status, ev.Response.URL))
		}
	case *network.EventLoadingFailed:
		if !ev.Canceled && ev.ErrorText != "net::ERR_ABORTED" {
			b.complain(fmt.Sprintf("load: %s %s (%s)", ev.Type, ev.ErrorText, ev.BlockedReason))
		}
	}
}

func (b *Tab) complain(s string) {
	for _, re := range b.conf.allow {
		if re.MatchString(s) {
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad = append(b.bad, b.page+": "+s)
}

// check fails the test if a step failed.
func (b *Tab) check(step string, err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatalf("%s: %s: %v", b.page, step, err)
	}
}

func (b *Tab) do(step string, as ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	b.check(step, chromedp.Do(ctx, as...))
}

func run[T any](b *Tab, step string, a chromedp.Action[T]) T {
	b.T.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, a)
	b.check(step, err)
	return v
}

// load runs steps that lead to another page and returns its status.
func (b *Tab) load(step string, as ...chromedp.Action[chromedp.Void]) int {
	b.T.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	r, err := chromedp.RunResponse(ctx, as...)
	b.check(step, err)
	b.mu.Lock()
	b.page = strings.TrimPrefix(r.URL, b.Base)
	b.mu.Unlock()
	return int(r.Status)
}

// press clicks what sel finds.
func (b *Tab) press(step string, sel any) {
	b.T.Helper()
	switch s := sel.(type) {
	case chromedp.CSS:
		b.do(step, chromedp.Click(s))
	case chromedp.Search:
		b.do(step, chromedp.Click(s))
	}
}

// leave presses something and waits until the page is another, however it got there: a
// form's answer, a redirect, or out of the hands of the service worker.
func (b *Tab) leave(step string, sel any) int {
	b.T.Helper()
	b.Eval(`window.linliHere = true`)
	b.press(step, sel)
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ctx, stop := context.WithTimeout(b.ctx, patience)
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!window.linliHere && document.readyState === "complete" && location.href !== "about:blank"`))
		stop()
		if err == nil && there {
			break
		}
		if time.Now().After(end) {
			b.T.Fatalf("%s: %s led nowhere: %v", b.page, step, err)
		}
	}
	b.mu.Lock()
	b.page = ""
	b.mu.Unlock()
	at := b.Path()
	b.mu.Lock()
	b.page = at
	b.mu.Unlock()
	return Ask[int](b, `(performance.getEntriesByType("navigation")[0] || {}).responseStatus || 200`)
}

// Go opens a page that must be there; a path is relative to Base.
func (b *Tab) Go(path string) {
	b.T.Helper()
	if status := b.Try(path); status >= 400 {
		b.T.Fatalf("%s: status %d", path, status)
	}
}

// Try opens a page and returns its status.
func (b *Tab) Try(path string) int {
	b.T.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.Base + path
	}
	return b.load("go "+path, chromedp.Navigate(path))
}

// Path is where the tab is now, with the query, without Base.
func (b *Tab) Path() string {
	b.T.Helper()
	return strings.TrimPrefix(run(b, "path", chromedp.Location()), b.Base)
}

// named finds what people would press for text: a button, a link, a summary or a label.
func named(text string) chromedp.Search {
	q := `concat("` + strings.ReplaceAll(text, `"`, `", '"', "`) + `", "")`
	has := `[not(ancestor-or-self::*[@hidden])][contains(normalize-space(.), ` + q + `) or contains(@aria-label, ` + q + `) or contains(@value, ` + q + `)]`
	var alt []string
	for _, e := range []string{"button", "a", "summary", `input[@type="submit"]`, "label"} {
		alt = append(alt, "//"+e+has)
	}
	return chromedp.Search("(" + strings.Join(alt, " | ") + ")[1]")
}

// centre brings what sel finds to the middle of the screen: a bar fixed at an edge may
// cover what is only just in view, and people would scroll on.
func (b *Tab) centre(sel any) {
	b.T.Helper()
	find := ""
	switch s := sel.(type) {
	case chromedp.CSS:
		find = "document.querySelector(" + quote(string(s)) + ")"
	case chromedp.Search:
		find = "document.evaluate(" + quote(string(s)) + ", document, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue"
	}
	b.Eval("(e => e && e.scrollIntoView({block: 'center'}))(" + find + ")")
}

// Press presses the button or link that says text, waits for the page it leads to,
// and returns that page's status.
func (b *Tab) Press(text string) int {
	b.T.Helper()
	b.centre(named(text))
	return b.leave("press "+text, named(text))
}

// Tap is Press where no other page follows.
func (b *Tab) Tap(text string) {
	b.T.Helper()
	b.centre(named(text))
	b.press("tap "+text, named(text))
}

// Follow presses what a CSS selector finds and waits for the page it leads to.
func (b *Tab) Follow(css string) int {
	b.T.Helper()
	b.centre(chromedp.CSS(css))
	return b.leave("follow "+css, chromedp.CSS(css))
}

// Click presses what a CSS selector finds; no other page follows.
func (b *Tab) Click(css string) {
	b.T.Helper()
	b.centre(chromedp.CSS(css))
	b.press("click "+css, chromedp.CSS(css))
}

func field(name string) chromedp.CSS {
	return chromedp.CSS(fmt.Sprintf(`[name=%q]:not([type="hidden"])`, name))
}

// Fill writes text into the field of that name, instead of what is there.
func (b *Tab) Fill(name, text string) {
	b.T.Helper()
	b.centre(field(name))
	b.do("fill "+name, chromedp.Focus(field(name)))
	b.Eval(`document.activeElement.value = ""`) // chromedp's Clear fails on an empty text box
	if text != "" {
		b.check("fill "+name, call(b.ctx, input.InsertText, input.InsertTextParams{Text: text}))
	}
}

// Choose picks value among the radio buttons, ticks or options called name.
func (b *Tab) Choose(name, value string) {
	b.T.Helper()
	box := fmt.Sprintf(`input[name=%q][value=%q]`, name, value)
	if b.Has(box) {
		// The box itself is often invisible under its label, so it is asked to be clicked as a screen reader does.
		b.Eval(fmt.Sprintf(`document.querySelector(%s).click()`, quote(box)))
		return
	}
	b.do("choose "+name, chromedp.SetValue(chromedp.CSS(fmt.Sprintf(`select[name=%q]`, name)), value))
	b.Eval(fmt.Sprintf(`document.querySelector(%s).dispatchEvent(new Event("change", {bubbles: true}))`, quote(fmt.Sprintf(`select[name=%q]`, name))))
}

// Upload puts files into the file field of that name.
func (b *Tab) Upload(name string, files ...string) {
	b.T.Helper()
	b.do("upload "+name, chromedp.SetUploadFiles(chromedp.CSS(fmt.Sprintf(`input[type="file"][name=%q]`, name)), files, chromedp.NodeReady))
}

func quote(s string) string { j, _ := json.Marshal(s); return string(j) }

// Eval evaluates a script expression in the page, also where the page's own are off.
func (b *Tab) Eval(js string) {
	b.T.Helper()
	b.do("eval "+js, chromedp.Evaluate[chromedp.Void](js))
}

// Ask evaluates a script expression and returns its value.
func Ask[T any](b *Tab, js string) T {
	b.T.Helper()
	return run(b, "ask "+js, chromedp.Evaluate[T](js))
}

// Wait waits until a script expression is true: for what scripts of the page do.
func (b *Tab) Wait(js string) {
	b.T.Helper()
	run(b, "wait "+js, chromedp.Poll[bool](js))
}

// Has reports whether a CSS selector finds something.
func (b *Tab) Has(css string) bool {
	b.T.Helper()
	return Ask[bool](b, `document.querySelector(`+quote(css)+`) !== null`)
}

// Count is how many elements a CSS selector finds.
func (b *Tab) Count(css string) int {
	b.T.Helper()
	return Ask[int](b, `document.querySelectorAll(`+quote(css)+`).length`)
}

// Text is the visible text of what a CSS selector finds first, empty if nothing.
func (b *Tab) Text(css string) string {
	b.T.Helper()
	return Ask[string](b, `((e) => e ? e.innerText : "")(document.querySelector(`+quote(css)+`))`)
}

// Attr is an attribute of what a CSS selector finds first, empty if there is none.
func (b *Tab) Attr(css, name string) string {
	b.T.Helper()
	return Ask[string](b, `((e) => e && e.getAttribute(`+quote(name)+`) || "")(document.querySelector(`+quote(css)+`))`)
}

// Sees fails the test unless the page shows every one of texts.
func (b *Tab) Sees(texts ...string) {
	b.T.Helper()
	body := b.Text("body")
	for _, s := range texts {
		if !strings.Contains(body, s) {
			b.T.Errorf("%s: does not show %q; it shows:\n%s", b.page, s, body)
		}
	}
}

// SeesNot fails the test if the page shows one of texts.
func (b *Tab) SeesNot(texts ...string) {
	b.T.Helper()
	body := b.Text("body")
	for _, s := range texts {
		if strings.Contains(body, s) {
			b.T.Errorf("%s: shows %q", b.page, s)
		}
	}
}

// SetCookie sets a cookie for Base.
func (b *Tab) SetCookie(name, value string) {
	b.T.Helper()
	b.check("cookie "+name, call(b.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: b.Base + "/"}))
}

// Overflow fails the test if the page can be scrolled sideways, and says what sticks out.
func (b *Tab) Overflow() {
	b.T.Helper()
	out := Ask[[]string](b, `(() => {
		const d = document.documentElement, w = d.clientWidth;
		if (d.scrollWidth <= w && document.body.scrollWidth <= w) return [];
		const out = [];
		for (const e of document.querySelectorAll("body *")) {
			const r = e.getBoundingClientRect();
			if (r.width && r.right > w + 0.5) out.push(e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.className && e.className.baseVal === undefined ? "." + e.className.split(" ").join(".") : "") + " to " + Math.round(r.right));
		}
		return ["the page is " + d.scrollWidth + " px wide in a window of " + w].concat(out.slice(0, 8));
	})()`)
	if len(out) > 0 {
		b.T.Errorf("%s: scrolls sideways: %s", b.page, strings.Join(out, "; "))
	}
}

var axe = sync.OnceValues(func() (string, error) {
	js, err := os.ReadFile(os.Getenv("LINLI_AXE"))
	return string(js), err
})

// Axe fails the test if axe-core finds anything wrong with the page: all its rules,
// those of WCAG and the best practices. Rules by name may be left out, with a reason
// beside the call.
func (b *Tab) Axe(except ...string) {
	b.T.Helper()
	file := os.Getenv("LINLI_AXE")
	if file == "" && os.Getenv("LINLI_TEST_NEED_BROWSER") != "1" {
		b.T.Log("axe-core not looked for: LINLI_AXE is not set; make test installs it")
		return
	}
	src, err := axe()
	b.check("axe", err)
	if b.conf.noJS { // axe waits for timers, which do not run there; the page's own scripts have missed their moment
		b.script(true)
		defer b.script(false)
	}
	if !Ask[bool](b, `typeof axe !== "undefined"`) {
		b.do("axe", chromedp.Evaluate[chromedp.Void](src))
	}
	rules := map[string]any{}
	for _, r := range except {
		rules[r] = map[string]bool{"enabled": false}
	}
	j, _ := json.Marshal(rules)
	type found struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	all := run(b, "axe", chromedp.Evaluate[[]found](
		`window.linliAxe = axe.run(document, {resultTypes: ["violations"], rules: `+string(j)+`}).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map(n => ({html: n.html.slice(0, 300), failureSummary: n.failureSummary}))})))`,
		chromedp.EvalAwaitPromise))
	for _, f := range all {
		var where []string
		for _, n := range f.Nodes {
			where = append(where, n.HTML+"\n    "+strings.ReplaceAll(n.Summary, "\n", "\n    "))
		}
		b.T.Errorf("%s: axe %s: %s\n  %s", b.page, f.ID, f.Help, strings.Join(where, "\n  "))
	}
}

// Shot saves a picture of the whole page as name.png in the folder LINLI_SHOTS, if that is set.
func (b *Tab) Shot(name string) {
	b.T.Helper()
	dir := os.Getenv("LINLI_SHOTS")
	if dir == "" {
		return
	}
	png := run(b, "shot "+name, chromedp.FullScreenshot(100))
	b.check("shot", os.MkdirAll(dir, 0o755))
	b.check("shot", os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// keep saves the page of a failed test, if pictures are wanted.
func (b *Tab) keep() {
	if os.Getenv("LINLI_SHOTS") == "" || b.ctx.Err() != nil {
		return
	}
	ctx, stop := context.WithTimeout(b.ctx, 10*time.Second)
	defer stop()
	if png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100)); err == nil {
		name := "failed-" + url.PathEscape(strings.ReplaceAll(b.T.Name(), "/", "-")) + ".png"
		os.MkdirAll(os.Getenv("LINLI_SHOTS"), 0o755)
		os.WriteFile(filepath.Join(os.Getenv("LINLI_SHOTS"), name), png, 0o644)
	}
}

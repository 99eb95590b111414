package browser_test

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/testkit/node"
	"github.com/linli-town/linli/test/browser"
)

// town is the demo's town with few issues, served by the real program.
type town struct {
	*node.Node
	t *testing.T
}

// TestStories opens the town once and lets people live in it.
func TestStories(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a town and opens a browser")
	}
	browser.Open(t, "about:blank") // skips here where there is no browser, before a town is made
	tn := &town{node.Start(t, "demo", "--log-level=error", "--issues=36", "--data="+filepath.Join(t.TempDir(), "demo")), t}
	t.Run("from a word to a confirmed settlement", tn.settled)
	t.Run("disputed and reopened", tn.disputed)
	t.Run("by telephone for an elder", tn.telephone)
	t.Run("two returns", tn.returns)
	t.Run("a draft is kept", tn.draft)
	t.Run("without script", tn.plain)
	t.Run("every kind of page", tn.pages)
	t.Run("bytes", tn.bytes)
}

// open opens a tab of somebody who reads 简体.
func open(t *testing.T, base string, opts ...browser.Option) *browser.Tab {
	t.Helper()
	return browser.Open(t, base, append(opts, browser.Cookie("lang", "zh-Hans"))...)
}

// as opens a tab for one of the demo's people.
func (tn *town) as(t *testing.T, role string, opts ...browser.Option) *browser.Tab {
	t.Helper()
	b := open(t, tn.URL, opts...)
	b.Go("/in")
	b.Press("（" + role + "）")
	return b
}

// report goes the three leaves on a phone and returns the private link and the number.
func (tn *town) report(t *testing.T, b *browser.Tab, text string) (link, no string) {
	t.Helper()
	b.Go("/report")
	b.Fill("text", text)
	b.Choose("category", "facility")
	b.Press("继续")
	b.Choose("estate", browser.Ask[string](b, `document.querySelector("select[name=estate]").options[1].value`))
	b.Fill("building", "1")
	b.Follow(`button[name="done"]`)
	b.Sees("看一遍，再发", text)
	b.Press("发出去")
	b.Sees("收到了，谢谢您")
	return strings.TrimSuffix(b.Path(), "?new=1"), b.Text(".ticket .no")
}

// act does one act at a desk.
func act(b *browser.Tab, no, act string, fill map[string]string) {
	b.T.Helper()
	b.Go("/desk/i/" + no)
	b.Eval(`document.querySelectorAll("details").forEach(d => { d.open = true })`)
	for name, v := range fill {
		b.Eval(fmt.Sprintf(`document.getElementById(%q).value = %q`, "a-"+act+"-"+name, v))
	}
	b.Follow("#a-" + act + " button.btn")
}

// option is the value of the option that says text.
func option(b *browser.Tab, no, css, text string) string {
	b.T.Helper()
	b.Go("/desk/i/" + no)
	return browser.Ask[string](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].find(o => o.textContent.includes(%q)).value`, css+" option", text))
}

// picture is a file with a photo.
func picture(t *testing.T, w, h int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x * y), uint8(x), uint8(y), 255})
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), fmt.Sprintf("%d.jpg", w)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, m, nil); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// draft: what was written and chosen is still there after a reload, until it was received.
func (tn *town) draft(t *testing.T) {
	const kept = `new Promise(done => { const q = indexedDB.open("linli", 1); q.onupgradeneeded = () => q.result.createObjectStore("photos"); q.onsuccess = () => { const r = q.result.transaction("photos").objectStore("photos").get("draft:report"); r.onsuccess = () => { q.result.close(); done(r.result ? r.result.files.length : 0) } } })`
	chosen := func(n int) string {
		return fmt.Sprintf(`document.querySelector("[name=photo]").files.length === %d && document.querySelectorAll(".drop .photos img").length === %d`, n, n)
	}
	b := open(t, tn.URL, browser.Phone)
	b.Go("/report")
	b.Fill("text", "滑梯断了一块板")
	b.Upload("photo", picture(t, 640, 480), picture(t, 2400, 1800))
	keeps := func(n int) {
		b.Eval(`void setInterval(() => ` + kept + `.then(n => { window.linliKept = n }), 50)`)
		b.Wait(fmt.Sprintf(`window.linliKept === %d`, n))
	}
	keeps(2)
	b.Wait(`!!JSON.parse(localStorage.getItem("draft:report") || "{}").text`)
	b.Go("/report")
	b.Wait(chosen(2))
	if got := browser.Ask[string](b, `document.querySelector("[name=text]").value`); got != "滑梯断了一块板" {
		t.Errorf("the words are %q", got)
	}
	b.Shot("draft-kept")
	b.Choose("category", "facility")
	b.Press("继续")
	if n := browser.Ask[int](b, `new Set([...document.querySelectorAll("input[name=photos]")].map(i => i.value)).size`); n != 2 {
		t.Errorf("%d photos came, want 2", n)
	}
	b.Choose("estate", browser.Ask[string](b, `document.querySelector("select[name=estate]").options[1].value`))
	b.Fill("building", "1")
	b.Follow(`button[name="done"]`)
	b.Press("发出去")
	b.Sees("收到了，谢谢您")
	keeps(0)
	b.Go("/report")
	b.Wait(chosen(0))
}

func (tn *town) settled(t *testing.T) {
	wang := open(t, tn.URL, browser.Phone)
	link, no := tn.report(t, wang, "三号楼前路灯不亮，晚上很黑")
	wang.Go("/i/" + no)
	wang.SeesNot("路灯不亮") // nobody has looked at it yet

	chair := tn.as(t, "理事长", browser.Desktop)
	act(chair, no, "accept", nil)
	to := option(chair, no, "#a-hand-to", "物业服务站")
	act(chair, no, "hand", map[string]string{"to": to})

	worker := tn.as(t, "物业公司", browser.Phone)
	act(worker, no, "take", nil)
	act(worker, no, "handle", map[string]string{"text": "换了灯泡，晚上去看过，亮了"})

	staff := tn.as(t, "社区工作人员", browser.Desktop)
	act(staff, no, "pass", nil)
	staff.Go("/desk/release")
	staff.Sees("路灯不亮")
	staff.Eval(fmt.Sprintf(`[...document.querySelectorAll(".desk-wide > .box")].find(a => a.textContent.includes(%q)).querySelector("form button.btn").id = "go"`, no))
	staff.Follow("#go")

	wang.Go(link)
	wang.Sees("办好了吗？")
	wang.Tap("满意吗")
	wang.Choose("rating", "5")
	wang.Press("办好了，谢谢")
	wang.Go("/i/" + no)
	wang.Sees("路灯不亮", "报事人说办好了")
	if !wang.Has(".seal-confirmed") {
		t.Error("the seal does not say that it is confirmed")
	}
}

func (tn *town) disputed(t *testing.T) {
	wang := open(t, tn.URL, browser.Phone)
	link, no := tn.report(t, wang, "河边栏杆松了，孩子靠着危险")
	chair := tn.as(t, "理事长", browser.Desktop)
	staff := tn.as(t, "社区工作人员", browser.Desktop)
	for range 2 {
		if browser.Ask[bool](chair, `true`); !strings.Contains(status(wang, link), "disputed") {
			act(chair, no, "accept", nil)
		}
		act(chair, no, "handle", map[string]string{"text": "加固了"})
		act(staff, no, "pass", nil)
		wang.Go(link)
		if wang.Has(".seal-closed, .seal-disputed") && !strings.Contains(wang.Text("main"), "还是老样子") {
			wang.Tap("还没好")
			wang.Choose("reason", "not_fixed")
			wang.Eval(`document.querySelector('form[action$="/dispute"] textarea').value = "还是老样子"`)
			wang.Press("还没好，请再办")
			if !wang.Has(".seal-disputed") || wang.Text(".head .no") != no {
				t.Fatal("not reopened under its number")
			}
		} else {
			wang.Press("办好了，谢谢")
		}
	}
	wang.Go("/i/" + no)
	wang.Sees("报事人说还没好", "报事人说办好了")
}

func status(b *browser.Tab, link string) string {
	b.T.Helper()
	b.Go(link)
	return b.Attr(".head .seal", "class")
}

// A chair on the telephone: one page, at most six taps and one text field.
func (tn *town) telephone(t *testing.T) {
	chair := tn.as(t, "理事长", browser.Phone)
	chair.Go("/desk")
	taps, fields := 0, 0
	chair.Press("替人登记一件事")
	taps++
	chair.Fill("text", "张奶奶说：单元门口的灯坏了，请找人修")
	fields++
	chair.Choose("category", "facility")
	taps++
	chair.Follow("main form .btn:not(.is-second)")
	taps++
	if taps > 6 || fields > 1 {
		t.Errorf("%d taps and %d fields, at most 6 and 1", taps, fields)
	}
	t.Logf("entered with %d taps and %d text field", taps, fields)
	no := regexp.MustCompile(`\d{6}-\d{4}`).FindString(chair.Path())
	if no == "" {
		t.Fatalf("no number in %s", chair.Path())
	}
	act(chair, no, "accept", nil)
	act(chair, no, "handle", map[string]string{"text": "换好了"})
	staff := tn.as(t, "社区工作人员", browser.Desktop)
	act(staff, no, "pass", nil)
	chair.Go("/desk/i/" + no)
	act(staff, no, "callback", map[string]string{"reason": "confirm", "rating": "5"})
	chair.Go("/i/" + no)
	chair.Sees("回访")
	if !chair.Has(".seal-confirmed") {
		t.Error("the return call did not confirm it")
	}
}

// Two returns, and the subdistrict's do-it-now desk decides.
func (tn *town) returns(t *testing.T) {
	wang := open(t, tn.URL, browser.Phone)
	_, no := tn.report(t, wang, "花坛边的井盖松了")
	chair := tn.as(t, "理事长", browser.Desktop)
	worker := tn.as(t, "物业公司", browser.Phone)
	act(chair, no, "accept", nil)
	for range 2 {
		to := option(chair, no, "#a-hand-to", "物业服务站")
		act(chair, no, "hand", map[string]string{"to": to})
		back := option(worker, no, "#a-return-to", "市政养护所")
		act(worker, no, "return", map[string]string{"reason": "not_ours", "to": back})
	}
	desk := tn.as(t, "马上办", browser.Desktop)
	desk.Go("/desk?what=decide")
	desk.Sees(no)
	to := option(desk, no, "#a-decide-to", "市政养护所")
	act(desk, no, "decide", map[string]string{"to": to})
	desk.Go("/i/" + no)
	desk.Sees("马上办定下由")
}

// The whole report without script: the place by pressing the picture of the map.
func (tn *town) plain(t *testing.T) {
	b := open(t, tn.URL, browser.Desktop, browser.NoJS)
	photo := filepath.Join(t.TempDir(), "a.jpg")
	m := image.NewRGBA(image.Rect(0, 0, 320, 240))
	m.Set(9, 9, color.White)
	f, err := os.Create(photo)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, m, nil); err != nil {
		t.Fatal(err)
	}
	f.Close()
	b.Go("/report")
	b.Upload("photo", photo)
	b.Fill("text", "垃圾桶旁边堆了旧家具")
	b.Choose("category", "waste")
	b.Press("继续")
	b.Follow(`input[type="image"]`)
	b.Sees("地点：")
	b.Follow(`button[name="done"]`)
	b.Sees("看一遍，再发")
	b.Press("发出去")
	b.Sees("收到了，谢谢您")
}

// One page of each kind, on a phone, at a desk, in the dark and in large print: nothing
// that axe minds, nothing that scrolls sideways.
func (tn *town) pages(t *testing.T) {
	wang := open(t, tn.URL, browser.Phone)
	link, no := tn.report(t, wang, "楼道灯不亮")
	for role, paths := range map[string][]string{
		"":       {"/", "/issues", "/i/" + no, link, "/report", "/map", "/find", "/in", "/call", "/about"},
		"理事长":    {"/desk/i/" + no, "/desk/enter", "/me"},
		"社区工作人员": {"/desk/release"},
		"管理员":    {"/admin", "/admin/places", "/admin/categories"},
	} {
		for i, opts := range [][]browser.Option{{browser.Phone}, {browser.Desktop}, {browser.Phone, browser.Dark}, {browser.Phone, browser.Elder}} {
			var b *browser.Tab
			if role == "" {
				b = open(t, tn.URL, opts...)
			} else {
				b = tn.as(t, role, opts...)
			}
			for k, p := range paths {
				if i > 1 && k > 4 { // dark and large print change style, not pages
					break
				}
				b.Go(p)
				b.Overflow()
				b.Axe()
				b.Shot(strings.Trim(strings.NewReplacer("/", "-", no, "no", link, "-own").Replace(p), "-") + []string{"", "-desktop", "-dark", "-elder"}[i])
			}
		}
	}
}

var assets = regexp.MustCompile(`(?:href|src)="(/static/[^"]+\.(css|js))"`)

// What a page weighs on the way, squeezed: the budgets of an old phone on a slow line.
func (tn *town) bytes(t *testing.T) {
	size := func(path string) (int, string) {
		r, err := http.NewRequest("GET", tn.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		res, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 {
			t.Fatal(path, res.StatusCode, err)
		}
		r.Header.Del("Accept-Encoding")
		plain, err := http.Get(tn.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Body.Close()
		text, _ := io.ReadAll(plain.Body)
		return len(b), string(text)
	}
	for _, p := range []string{"/", "/issues", "/report", "/find", "/call", "/in", "/about", "/issues?" + url.Values{"q": {"路灯"}}.Encode()} {
		n, page := size(p)
		css, js := 0, 0
		for _, m := range assets.FindAllStringSubmatch(page, -1) {
			k, _ := size(m[1])
			if m[2] == "css" {
				css += k
			} else {
				js += k
			}
		}
		t.Logf("%s: HTML %d, CSS %d, JS %d bytes squeezed", p, n, css, js)
		if n > 14<<10 || css > 10<<10 || js > 15<<10 {
			t.Errorf("%s is too heavy: HTML %d (14 kB), CSS %d (10 kB), JS %d (15 kB)", p, n, css, js)
		}
	}
}

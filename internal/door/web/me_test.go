package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
	"github.com/linli-town/linli/internal/testkit"
)

// house is a town with an administrator, served.
type house struct {
	t       *testing.T
	s       *Server
	h       http.Handler
	sent    map[string]string // codes by address
	towns   map[string]place.Place
	admin   id.ID
	session string
	log     strings.Builder
	now     time.Time
}

var townRooms = []fs.FS{job.SQL, audit.SQL, place.SQL, people.SQL, notify.SQL, issue.SQL}

const goodPassword = "蓝鲸在河滨路晒太阳 42 次"

func newHouse(t *testing.T) *house {
	x := &house{t: t, sent: map[string]string{}, towns: map[string]place.Place{}, now: time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)}
	d := testkit.Fresh(t, townRooms...)
	d.Clock = func() time.Time { return x.now }
	x.s = &Server{DB: d, Issues: issue.Desk{DB: d}, Places: place.Desk{DB: d}, Letters: notify.Desk{DB: d}, Log: slog.New(slog.NewTextHandler(&x.log, &slog.HandlerOptions{Level: slog.LevelError})),
		Town: Town{Site: Site{Name: "青桥街道"}, URL: "https://linli.example", Zone: time.FixedZone("CST", 8*3600)},
		People: people.Desk{DB: d, Path: placePath, Send: func(tx *db.Tx, to people.Contact, kind, code string) error {
			x.sent[to.Phone+to.Email] = code
			return nil
		}}}
	ctx, sys := t.Context(), who.System(who.CLI)
	up := id.ID(0)
	for _, p := range []place.Place{
		{Level: place.Province, Name: "江苏省", Code: "32"}, {Level: place.Prefecture, Name: "南通市", Code: "3206"}, {Level: place.District, Name: "崇川区", Code: "320613"},
		{Level: place.Subdistrict, Name: "青桥街道", NameHant: "青橋街道", NameEn: "Qingqiao", Code: "320613999"}, {Level: place.Community, Name: "清荷社区", NameEn: "Qinghe", Phone: "0513-85000000"},
		{Level: place.Neighbourhood, Name: "清荷邻里"}, {Level: place.Estate, Name: "春和苑"}, {Level: place.Building, Name: "12幢", Door: "CHY-12", Public: true},
	} {
		p.Parent = up
		q, err := x.s.Places.Add(ctx, sys, p)
		if err != nil {
			t.Fatal(err)
		}
		up, x.towns[string(q.Level)] = q.ID, q
	}
	x.s.Town.Root = x.towns["subdistrict"].ID
	if _, _, err := x.s.People.FirstAdmin(ctx, people.Contact{Name: "赵敏", Phone: "13800138000"}, goodPassword); err != nil {
		t.Fatal(err)
	}
	hs, err := db.See(ctx, d, func(tx *db.Tx) ([]people.Holder, error) { return people.HoldersAt(tx, who.Admin, 0) })
	if err != nil || len(hs) != 1 {
		t.Fatal(hs, err)
	}
	x.admin = hs[0].Person
	x.session = x.open(x.admin)
	g := &gate.Gate{Routes: x.s.Routes(), Refuse: x.s.Refuse, Log: x.s.Log, Zone: x.s.Town.Zone, Now: d.Now,
		Actor: func(ctx context.Context, token string) (who.Actor, error) {
			by, _, err := x.s.People.SessionActor(ctx, token)
			return by, err
		}}
	x.h = g.Handler()
	return x
}

func placePath(tx *db.Tx, n id.ID) (string, error) {
	p, err := place.ByID(tx, n)
	return p.Path, err
}

// open signs somebody in without ado.
func (x *house) open(person id.ID) string {
	x.t.Helper()
	in, err := x.s.People.OpenSession(x.t.Context(), who.System(who.CLI), person, people.Client{Device: "Firefox, Linux"})
	if err != nil {
		x.t.Fatal(err)
	}
	return in.Token
}

// caller is one browser.
type caller struct {
	x       *house
	cookies map[string]string
}

func (x *house) caller(session string) *caller {
	k := &caller{x, map[string]string{}}
	if session != "" {
		k.cookies["session"] = session
	}
	return k
}

func (k *caller) do(method, path string, body io.Reader, kind string) *http.Response {
	r := httptest.NewRequest(method, path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	for n, v := range k.cookies {
		r.AddCookie(&http.Cookie{Name: n, Value: v})
	}
	w := httptest.NewRecorder()
	k.x.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if k.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(k.cookies, c.Name)
		}
	}
	return w.Result()
}

// get fetches a page and inspects it.
func (k *caller) get(path string, status int) string {
	k.x.t.Helper()
	return k.x.page("GET "+path, k.do("GET", path, nil, ""), status)
}

// post sends a form; a page that comes back is inspected. For a 303 it gives the path gone to.
func (k *caller) post(path string, status int, form ...string) string {
	k.x.t.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Add(form[i], form[i+1])
	}
	r := k.do("POST", path, strings.NewReader(v.Encode()), "application/x-www-form-urlencoded")
	if r.StatusCode == 303 && status == 303 {
		return r.Header.Get("Location")
	}
	return k.x.page("POST "+path, r, status)
}

func (x *house) page(name string, r *http.Response, status int) string {
	x.t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	if r.StatusCode != status {
		x.t.Errorf("%s: %d, want %d; to %s\n%s\n%s", name, r.StatusCode, status, r.Header.Get("Location"), bare(string(b)), x.log.String())
	}
	if status != 303 && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		Inspect(x.t, name, b)
	}
	if i := strings.Index(string(b), "ZgotmplZ"); i >= 0 {
		x.t.Errorf("%s: the template could not place a value", name)
	}
	return string(b)
}

var tags = regexp.MustCompile(`(?s)<(?:head|header|footer).*?</(?:head|header|footer)>|<[^>]*>`)

// bare is what a page says.
func bare(page string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
}

// everyScript fetches pages in all scripts and finds keys without words.
func (k *caller) everyScript(paths ...string) {
	k.x.t.Helper()
	before := len(i18n.Unknown())
	for _, p := range paths {
		for _, l := range i18n.Langs() {
			k.get(l.Path()+p, 200)
		}
	}
	if u := i18n.Unknown(); len(u) > before {
		k.x.t.Errorf("keys without words: %v", u)
	}
}

func (x *house) want(page string, words ...string) {
	x.t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			x.t.Errorf("%q is missing in\n%s", w, bare(page))
		}
	}
}

func (x *house) lack(page string, words ...string) {
	x.t.Helper()
	for _, w := range words {
		if strings.Contains(page, w) {
			x.t.Errorf("%q is in\n%s", w, bare(page))
		}
	}
}

func TestSigningInByCode(t *testing.T) {
	x := newHouse(t)
	k := x.caller("")
	k.everyScript("/in", "/in/staff", "/in/reset", "/in/totp", "/in/enrol")
	p := k.post("/in", 422, "address", "12345<b>", "back", "/me/ways")
	x.want(p, `value="12345&lt;b&gt;"`, "请填手机号或邮箱", `aria-invalid="true"`, `name="back" value="/me/ways"`)
	if to := k.post("/en/in", 303, "address", "wang@example.cn", "back", "/me/ways"); to != "/en/in/code?back=%2Fme%2Fways" {
		t.Fatal(to)
	}
	k.everyScript("/in/code?back=/me/ways")
	p = k.get("/in/code", 200)
	x.want(p, "w•••@example.cn")
	code := x.sent["wang@example.cn"]
	x.want(k.post("/in/code", 422, "code", "000 00x", "back", "/me/ways"), "验证码不对", "/me/ways")
	if to := k.post("/in/code", 303, "code", code[:3]+" "+code[3:], "back", "/me/ways"); to != "/me/ways" {
		t.Fatal(to)
	}
	if k.cookies["ticket"] != "" || k.cookies["session"] == "" {
		t.Errorf("cookies %v", k.cookies)
	}
	x.want(k.get("/me/ways", 200), "Firefox, Linux", "就是这里", "还没有设")
	k.everyScript("/me/ways", "/me/password")
	// A second browser, ended from the first.
	l := x.caller("")
	l.post("/in", 303, "address", "wang@example.cn")
	l.post("/in/code", 303, "code", x.sent["wang@example.cn"])
	p = k.get("/me/ways", 200)
	k.post("/me/ways/end", 303, "session", regexp.MustCompile(`name="session" value="(\d+)"`).FindStringSubmatch(p)[1])
	l.get("/me/ways", 403)
	k.post("/out", 303)
	x.want(k.get("/me/ways", 403), "/in?back=/me/ways")
}

func TestKnownAndUnknownAreAnsweredTheSame(t *testing.T) {
	x := newHouse(t)
	pages := map[string]string{}
	for _, a := range []string{"13800138000", "13900139000"} {
		k := x.caller("")
		one := k.post("/in", 303, "address", a) + k.get("/in/code", 200)
		two := k.post("/in/reset", 303, "address", a) + k.get("/in/reset/code", 200)
		three := k.post("/in/staff", 422, "address", a, "password", "wrong")
		pages[a] = strings.NewReplacer(a, "N", a[:3], "P", a[7:], "E").Replace(one + two + three)
	}
	if pages["13800138000"] != pages["13900139000"] {
		t.Error("the pages tell who is known")
	}
}

func TestStaffSignInWithTwoSteps(t *testing.T) {
	x := newHouse(t)
	li, err := x.s.People.AddPerson(t.Context(), who.System(who.CLI), people.Contact{Name: "李强", Phone: "13700137000"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.s.People.GiveGrant(t.Context(), who.System(who.CLI), people.Grant{Role: who.CommunityStaff, Place: x.towns["community"].ID, Person: li.ID}); err != nil {
		t.Fatal(err)
	}
	link, err := x.s.People.Invite(t.Context(), who.System(who.CLI), li.ID)
	if err != nil {
		t.Fatal(err)
	}
	k := x.caller("")
	k.everyScript("/in/link/" + link)
	p := k.post("/in/link/"+link, 422, "password", "kurz")
	x.want(p, "李强", "至少 12 个字")
	x.lack(p, "kurz")
	if to := k.post("/in/link/"+link, 303, "password", goodPassword); to != "/in/enrol" {
		t.Fatal(to)
	}
	x.want(k.get("/in/link/"+link, 403), "过期")
	p = k.post("/in/enrol", 200)
	secret := regexp.MustCompile(`name="secret" value="([A-Z2-7]+)"`).FindStringSubmatch(p)[1]
	x.want(p, `<path d="M`, fours(secret))
	p = k.post("/in/enrol/app", 422, "code", "12", "secret", secret)
	x.want(p, "动态码不对", fours(secret))
	k.get("/in/enrol/app", 303)
	p = k.post("/in/enrol/app", 200, "code", totp(t, secret, x.now), "secret", secret)
	x.want(p, "抄下恢复码", `href="/desk"`)
	recovery := regexp.MustCompile(`<code>([A-Z2-7-]+)</code>`).FindStringSubmatch(p)[1]

	k = x.caller("")
	p = k.post("/in/staff", 422, "address", "13700137000", "password", "falsch falsch")
	x.want(p, `value="13700137000"`, "对不上")
	x.lack(p, "falsch")
	if to := k.post("/in/staff", 303, "address", "13700137000", "password", goodPassword, "back", "/me/ways"); to != "/in/totp?back=%2Fme%2Fways" {
		t.Fatal(to)
	}
	k.get("/me/ways", 403)
	k.everyScript("/in/totp")
	x.want(k.post("/in/totp", 422, "code", "000000"), "动态码不对")
	if to := k.post("/in/totp", 303, "code", strings.ToLower(recovery), "back", "/me/ways"); to != "/me/ways" {
		t.Fatal(to)
	}
	p = k.post("/me/password", 422, "old", "falsch", "password", goodPassword+"!")
	x.want(p, "对不上", `id="f-old"`)
	x.lack(p, goodPassword)
	if to := k.post("/me/password", 303, "old", goodPassword, "password", goodPassword+"!"); to != "/me/ways" {
		t.Fatal(to)
	}
	k.get("/me/ways", 200)
	k.post("/me/ways/end_all", 303)
	k.get("/me/ways", 403)

	k = x.caller("")
	k.post("/in/reset", 303, "address", "13700137000")
	k.everyScript("/in/reset/code")
	x.want(k.post("/in/reset/code", 422, "code", "1", "password", goodPassword+"?"), "验证码不对")
	if to := k.post("/in/reset/code", 303, "code", x.sent["+8613700137000"], "password", goodPassword+"?"); to != "/in/staff" {
		t.Fatal(to)
	}
	k.post("/in/staff", 303, "address", "13700137000", "password", goodPassword+"?")
}

// totp is what an authenticator app shows, RFC 6238.
func totp(t *testing.T, secret string, at time.Time) string {
	k, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, k)
	binary.Write(m, binary.BigEndian, at.Unix()/30)
	h := m.Sum(nil)
	o := h[len(h)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(h[o:])&0x7fffffff%1_000_000)
}

func TestBackStaysInTheHouse(t *testing.T) {
	for in, want := range map[string]string{"/me": "/me", "/desk?list=late": "/desk?list=late", "": "", "//evil.example": "", "https://evil.example": "", `/\evil.example`: "", "/in": "", "/in/code": "", "/inbox": "/inbox", "/a\r\nX: y": ""} {
		if got := local(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDemoDoorIsOnlyInTheDemo(t *testing.T) {
	x := newHouse(t)
	k := x.caller("")
	x.lack(k.get("/in", 200), "/demo/in")
	k.post("/demo/in", 404, "key", "admin")
	k.post("/demo/in", 404)
	x.s.Town.Demo = []DemoRole{{Key: "admin", Name: "赵敏", Role: "people.role.admin", Person: x.admin}}
	x.want(k.get("/en/in", 200), "/demo/in", "赵敏 (Administrator)")
	k.everyScript("/in")
	k.post("/demo/in", 404, "key", "chair")
	if to := k.post("/demo/in", 303, "key", "admin", "back", "/me/ways"); to != "/me/ways" {
		t.Fatal(to)
	}
	k.get("/me/ways", 200)
}

func TestMessagesOfTheDemoAreShownThereOnly(t *testing.T) {
	x := newHouse(t)
	k := x.caller("")
	k.get("/demo/post", 404)
	x.s.Town.Sent = func() []SentMessage { return nil }
	x.want(k.get("/en/demo/post", 200), "No messages yet")
	x.s.Town.Sent = func() []SentMessage {
		return []SentMessage{{At: time.Now(), Channel: "sms", To: "+8613800000001", Text: "<b>271828"}}
	}
	x.want(k.get("/demo/post", 200), "8613800000001", "&lt;b&gt;271828")
	k.everyScript("/demo/post")
	k.post("/in", 303, "address", "wang@example.cn")
	x.want(k.get("/in/code", 200), "/demo/post")
}

func TestDevicesAreCalledAsTheirOwnersCallThem(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Linux; Android 10; HarmonyOS) AppleWebKit/537.36 Chrome/88 HuaweiBrowser/11 Mobile Safari/537.36": "Huawei, HarmonyOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605 Version/12.1 Mobile Safari/604.1":       "Safari, iPhone",
		"Mozilla/5.0 (Linux; Android 8.0) AppleWebKit Chrome/64 Mobile MicroMessenger/8.0":                              "WeChat, Android",
		"": "", "curl/8": "",
	} {
		if got := device(agent); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// resident is somebody who signs in with a code.
func (x *house) resident(email string) (*caller, id.ID) {
	x.t.Helper()
	k := x.caller("")
	k.post("/in", 303, "address", email)
	k.post("/in/code", 303, "code", x.sent[email])
	by, _, err := x.s.People.SessionActor(x.t.Context(), k.cookies["session"])
	if err != nil {
		x.t.Fatal(err)
	}
	return k, by.ID
}

func TestMineShowsWhatIsMine(t *testing.T) {
	x := newHouse(t)
	v := x.caller("")
	v.everyScript("/me")
	x.want(v.get("/me", 200), `href="/find"`, `href="/in?back=/me"`)
	for _, p := range []string{"/me/issues", "/me/followed", "/me/letters", "/me/wishes", "/me/data", "/me/data.json", "/me/data/edit", "/me/data/erase", "/me/i/1"} {
		v.get(p, 403)
	}
	k, wang := x.resident("wang@example.cn")
	x.want(k.get("/me", 200), "您还没有报过事")
	if _, err := x.s.Issues.Seed(t.Context(), who.System(who.CLI)); err != nil {
		t.Fatal(err)
	}
	r, err := x.s.Issues.Report(t.Context(), who.Actor{ID: wang, Via: who.Web, Lang: "zh-Hans"}, issue.Report{Key: "f1", Channel: issue.ByWeb, Category: "facility", Text: "三号楼前路灯不亮，晚上很黑", Place: x.towns["building"].ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Do(t.Context(), x.s.DB, func(tx *db.Tx) (int, error) {
		return 0, notify.Post(tx, notify.Letter{To: wang, Kind: "issue.accepted", About: r.Issue.ID})
	}); err != nil {
		t.Fatal(err)
	}
	here := fmt.Sprintf("/me/i/%d", r.Issue.ID)
	x.want(k.get("/me", 200), "三号楼前路灯不亮", here, "有 1 条消息没看")
	k.everyScript("/me", "/me/issues", "/me/followed", "/me/letters", "/me/wishes")
	x.want(k.get("/me/letters", 200), here, r.Issue.No, "没看")
	k.everyScript(here)
	x.want(k.get("/me/letters", 200), "已受理")
	x.lack(k.get("/me/letters", 200), "都看过了")
	k.post("/me/letters/read", 303)
	// Another resident sees none of it.
	l, _ := x.resident("li@example.cn")
	l.get(here, 404)
	l.post(here+"/withdraw", 404)
	x.lack(l.get("/me", 200), "路灯")
	// Urged from the page of mine, and back to it.
	x.now = x.now.Add(time.Hour)
	x.want(k.post(here+"/add", 422, "text", ""), "路灯")
	if to := k.post(here+"/add", 303, "text", "灯杆上写着 L-07"); !strings.HasPrefix(to, here+"?said=") {
		t.Errorf("went to %s", to)
	}
	x.want(k.get(here, 200), "L-07")
}

func TestEverybodySeesCorrectsAndTakesAwayWhatIsKept(t *testing.T) {
	x := newHouse(t)
	k, wang := x.resident("wang@example.cn")
	if err := x.s.People.GiveConsent(t.Context(), who.Actor{ID: wang, Via: who.Web}, "contact", "2026-11"); err != nil {
		t.Fatal(err)
	}
	x.want(k.get("/me/data", 200), "wang@example.cn", "联系您", "还没有人看过")
	k.everyScript("/me/data", "/me/data/edit", "/me/data/address", "/me/data/erase")
	rev := func() string {
		return regexp.MustCompile(`name="rev" value="(\d+)"`).FindStringSubmatch(k.get("/me/data/edit", 200))[1]
	}
	long := strings.Repeat("王", 50)
	x.want(k.post("/me/data/edit", 422, "rev", rev(), "name", long, "lang", "en"), long, "最多写 40 个字", `value="en" selected`)
	old := rev()
	if to := k.post("/me/data/edit", 303, "rev", old, "name", "王阿姨", "lang", "zh-Hant", "home", idText(x.towns["community"].ID)); to != "/me/data?done=edit" {
		t.Fatal(to)
	}
	p := k.post("/me/data/edit", 422, "rev", old, "name", "王伯伯", "lang", "en")
	x.want(p, "王伯伯", "打开太久")
	x.want(k.get("/me/data?done=edit", 200), "王阿姨", "清荷社区", "存好了")

	x.want(k.post("/me/data/address", 422, "address", "139"), `value="139"`)
	k.post("/me/data/address", 303, "address", "139 0013 9000")
	k.everyScript("/me/data/code")
	x.want(k.post("/me/data/code", 422, "code", "1"), "验证码不对", "139••••9000")
	k.post("/me/data/code", 303, "code", x.sent["+8613900139000"])
	x.want(k.get("/me/data?done=address", 200), "8613900139000", "换好了")
	// A number that opens somebody else's account is refused at the box.
	k.post("/me/data/address", 303, "address", "13800138000")
	x.want(k.post("/me/data/code", 422, "code", x.sent["+8613800138000"]), `id="e-code"`)

	r := k.do("GET", "/me/data.json", nil, "")
	b, err := io.ReadAll(r.Body)
	var file struct {
		Person struct{ Name, Phone string }
	}
	if err != nil || json.Unmarshal(b, &file) != nil || file.Person.Name != "王阿姨" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %s", err, b)
	}
	k.post("/me/data/consent", 303, "withdraw", "contact")
	x.want(k.get("/me/data?done=consent", 200), "收回了")
	k.post("/me/data/erase", 303)
	x.want(k.get("/me/data/erase", 200), "还是不删了")
	k.everyScript("/me/data", "/me/data/erase")
	k.post("/me/data/erase", 303, "back", "on")
	x.want(k.get("/me/data", 200), "您收回了")
}

func TestWishesAreKept(t *testing.T) {
	x := newHouse(t)
	x.s.Letters.Via = []notify.Channel{mute("sms"), mute("email")}
	k, _ := x.resident("wang@example.cn")
	p := k.get("/me/wishes", 200)
	x.want(p, `value="sms" id="f-channels" checked`, `<option value="22:00" selected>`)
	x.want(k.post("/me/wishes", 422, "channels", "sms", "quiet", "ten", "wake", "08:00", "pause", "morgen"), `id="e-quiet"`, `id="e-pause"`, `value="morgen"`, `value="sms" id="f-channels" checked`)
	x.want(k.post("/me/wishes", 422, "quiet", "21:00", "wake", "08:00", "pause", "2028-01-01"), `id="e-pause"`, `<option value="21:00" selected>`)
	if to := k.post("/me/wishes", 303, "channels", "email", "quiet", "21:00", "wake", "08:00", "pause", "2026-12-24"); to != "/me/wishes?done=1" {
		t.Fatal(to)
	}
	p = k.get("/me/wishes?done=1", 200)
	x.want(p, "存好了", `<option value="21:00" selected>`, `value="2026-12-24"`)
	x.lack(p, `value="sms" id="f-channels" checked`)
	k.everyScript("/me/wishes")
}

// mute is a channel that is only there.
type mute string

func (m mute) Name() string { return string(m) }

func (m mute) Send(context.Context, notify.Address, notify.Message) (string, error) { return "", nil }

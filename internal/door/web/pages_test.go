package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/blob"
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

// town is a small town behind its front door.
type town struct {
	t       testing.TB
	s       *Server
	h       http.Handler
	chair   string // session tokens
	staff   string
	estate  place.Place
	door    string
	cookies map[string]string
}

var rooms = []fs.FS{job.SQL, audit.SQL, place.SQL, people.SQL, notify.SQL, issue.SQL}

var clerk = who.System(who.CLI)

func newTown(t testing.TB) *town { return townOn(t, testkit.Fresh(t, rooms...)) }

func townOn(t testing.TB, d *db.DB) *town {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	photos, err := blob.New(filepath.Join(t.TempDir(), "photos"), blob.Options{})
	ok(err)
	model := basemap.Town(1)
	model.Communities = model.Communities[:1]
	s := &Server{DB: d, Places: place.Desk{DB: d, Shapes: &place.Shapes{}}, People: people.Desk{DB: d}, Letters: notify.Desk{DB: d}, Photos: photos, Map: model.Map, Log: slog.New(slog.DiscardHandler)}
	s.Issues = issue.Desk{DB: d, Shapes: s.Places.Shapes, Pins: &issue.Pins{}, Shelf: &issue.Shelf{}}
	root, err := s.Places.Settle(ctx, clerk, model)
	ok(err)
	_, err = s.Issues.Seed(ctx, clerk)
	ok(err)
	at := model.Map.Centre()
	s.Town = Town{Site: Site{Name: "青桥街道", Phone: "0513-0000"}, Root: root.ID, Zone: time.FixedZone("CST", 8*3600), Lat: at.Lat, Lon: at.Lon, Zoom: 15}
	tn := &town{t: t, s: s, cookies: map[string]string{}}
	g := &gate.Gate{Routes: s.Routes(), Refuse: s.Refuse, Log: slog.New(slog.NewTextHandler(faults{t}, &slog.HandlerOptions{Level: slog.LevelError})), Zone: s.Town.Zone, Now: d.Now,
		Actor: func(ctx context.Context, token string) (who.Actor, error) {
			a, _, err := s.People.SessionActor(ctx, token)
			return a, err
		}}
	tn.h = g.Handler()
	hoods, err := s.Places.Under(ctx, root.Path, place.Neighbourhood)
	ok(err)
	estates, err := s.Places.Under(ctx, hoods[0].Path, place.Estate)
	ok(err)
	tn.estate = estates[0]
	kids, err := s.Places.Children(ctx, tn.estate.ID)
	ok(err)
	tn.door = kids[0].Door
	tn.chair = tn.session("赵理", "13900000001", who.CouncilChair, hoods[0].ID)
	tn.staff = tn.session("钱工", "13900000002", who.SubdistrictStaff, root.ID)
	return tn
}

// session makes a person with a role and signs them in.
func (tn *town) session(name, phone string, role who.Role, at id.ID) string {
	tn.t.Helper()
	ctx := tn.t.Context()
	p, err := tn.s.People.AddPerson(ctx, clerk, people.Contact{Name: name, Phone: phone, Place: at})
	if err != nil {
		tn.t.Fatal(err)
	}
	if _, err := tn.s.People.GiveGrant(ctx, clerk, people.Grant{Role: role, Place: at, Person: p.ID}); err != nil {
		tn.t.Fatal(err)
	}
	in, err := tn.s.People.OpenSession(ctx, clerk, p.ID, people.Client{})
	if err != nil {
		tn.t.Fatal(err)
	}
	return in.Token
}

// ask sends one request. Session "" is a visitor.
func (tn *town) ask(method, path, session string, form url.Values) *httptest.ResponseRecorder {
	tn.t.Helper()
	var body io.Reader
	kind := ""
	if form != nil {
		body, kind = strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"
	}
	return tn.send(method, path, session, kind, body)
}

func (tn *town) send(method, path, session, kind string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if session != "" {
		r.AddCookie(&http.Cookie{Name: "session", Value: session})
	}
	for k, v := range tn.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	w := httptest.NewRecorder()
	tn.h.ServeHTTP(w, r)
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Header().Get("Location") == "" {
		keep(method+" "+path, w.Body.Bytes())
	}
	return w
}

// want sends a request and fails unless it answers so; it returns the page or where it leads.
func (tn *town) want(status int, method, path, session string, form url.Values) string {
	tn.t.Helper()
	w := tn.ask(method, path, session, form)
	if w.Code != status {
		tn.t.Fatalf("%s %s: %d, want %d\n%s", method, path, w.Code, status, brief(w.Body.String()))
	}
	if l := w.Header().Get("Location"); l != "" {
		return l
	}
	return w.Body.String()
}

var markup = regexp.MustCompile(`(?s)<head>.*?</head>|<[^>]*>|\s+`)

func brief(s string) string {
	s = markup.ReplaceAllString(s, " ")
	return s[:min(len(s), 1500)]
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// fields are the hidden fields of the last form on a page that is posted to action.
func fields(page, action string) url.Values {
	out := url.Values{}
	i := strings.LastIndex(page, `action="`+action+`"`)
	if i < 0 {
		return out
	}
	page = page[i:]
	if j := strings.Index(page, "</form>"); j > 0 {
		page = page[:j]
	}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		out.Add(m[1], strings.NewReplacer("&#43;", "+", "&amp;", "&", "&#34;", `"`, "&#39;", "'", "&lt;", "<").Replace(m[2]))
	}
	return out
}

// report goes the three leaves and returns the private link's path and the number.
func (tn *town) report(text, category string, more url.Values) (link, no string) {
	tn.t.Helper()
	page := tn.want(200, "GET", "/report", "", nil)
	f := fields(page, "/report")
	f.Set("text", text)
	f.Set("category", category)
	page = tn.want(200, "POST", "/report", "", f)
	f = fields(page, "/report")
	f.Set("estate", strconv.FormatInt(int64(tn.estate.ID), 10))
	f.Set("building", "1")
	page = tn.want(200, "POST", "/report", "", f)
	if !strings.Contains(page, "/report/send") {
		tn.t.Fatalf("no third leaf: %s", brief(page))
	}
	f = fields(page, "/report/send")
	for k, v := range more {
		f[k] = v
	}
	link = tn.want(303, "POST", "/report/send", "", f)
	page = tn.want(200, "GET", link, "", nil)
	no = regexp.MustCompile(`\d{6}-\d{4}`).FindString(page)
	if no == "" {
		tn.t.Fatalf("no number: %s", brief(page))
	}
	return strings.TrimSuffix(link, "?new=1"), no
}

func (tn *town) act(session, no, act string, form url.Values) string {
	tn.t.Helper()
	page := tn.want(200, "GET", "/desk/i/"+no, session, nil)
	f := fields(page, "/desk/i/"+no+"/"+act)
	if len(f) == 0 {
		tn.t.Fatalf("the desk does not offer %s: %s", act, brief(page))
	}
	for k, v := range form {
		f[k] = v
	}
	return tn.want(303, "POST", "/desk/i/"+no+"/"+act, session, f)
}

// The main loop, all by forms: reported without an account, taken up by the chair,
// handled, checked by somebody else, and the reporter has the last word.
func TestFromAWordToAConfirmedSettlement(t *testing.T) {
	tn := newTown(t)
	link, no := tn.report("3 号楼前路灯不亮，晚上很黑", "facility", nil)
	tn.act(tn.chair, no, "accept", nil)
	tn.act(tn.chair, no, "handle", url.Values{"text": {"换了灯泡，亮了"}, "outcome": {"solved"}})
	if page := tn.want(200, "GET", "/desk/i/"+no, tn.chair, nil); strings.Contains(page, "/desk/i/"+no+"/pass\"") {
		t.Error("the one who handled it is offered to check it")
	}
	tn.act(tn.staff, no, "pass", nil)
	page := tn.want(200, "GET", link, "", nil)
	f := fields(page, link+"/confirm")
	f.Set("rating", "5")
	tn.want(303, "POST", link+"/confirm", "", f)
	page = tn.want(200, "GET", "/i/"+no, "", nil)
	if !strings.Contains(page, "seal-confirmed") || strings.Contains(page, "路灯不亮") {
		t.Errorf("public page: %s", brief(page))
	}
	// Nothing was released: only now the words come out.
	page = tn.want(200, "GET", "/desk/release", tn.staff, nil)
	if !strings.Contains(page, "路灯不亮") {
		t.Fatalf("nothing waits for release: %s", brief(page))
	}
}

func TestDisputedIsReopenedUnderItsNumber(t *testing.T) {
	tn := newTown(t)
	link, no := tn.report("河边栏杆松了", "facility", nil)
	tn.act(tn.chair, no, "accept", nil)
	tn.act(tn.chair, no, "handle", url.Values{"text": {"加固了"}, "outcome": {"solved"}})
	tn.act(tn.staff, no, "pass", nil)
	f := fields(tn.want(200, "GET", link, "", nil), link+"/dispute")
	w := tn.ask("POST", link+"/dispute", "", f)
	if w.Code != 422 || !strings.Contains(w.Body.String(), "还没好") {
		t.Errorf("a dispute without a reason: %d %s", w.Code, brief(w.Body.String()))
	}
	f.Set("reason", issue.Reasons(issue.ActDispute)[0])
	tn.want(303, "POST", link+"/dispute", "", f)
	page := tn.want(200, "GET", "/i/"+no, "", nil)
	if !strings.Contains(page, "seal-disputed") {
		t.Errorf("not reopened: %s", brief(page))
	}
}

// What was typed is never lost, and what is wrong is said.
func TestBadReportsKeepWhatWasTyped(t *testing.T) {
	tn := newTown(t)
	start := func() url.Values { return fields(tn.want(200, "GET", "/report", "", nil), "/report") }
	for name, tt := range map[string]struct {
		set  url.Values
		want string
	}{
		"nothing said": {url.Values{"category": {"facility"}}, "is-wrong"},
		"no kind":      {url.Values{"text": {"路灯坏了"}}, "路灯坏了"},
		"too long":     {url.Values{"text": {strings.Repeat("灯", 10001)}, "category": {"facility"}}, "灯灯灯"},
		"control":      {url.Values{"text": {"路灯\x00\x07坏了"}, "kind": {"x"}}, "is-wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start()
			for k, v := range tt.set {
				f[k] = v
			}
			w := tn.ask("POST", "/report", "", f)
			if w.Code != 422 || !strings.Contains(w.Body.String(), tt.want) || !strings.Contains(w.Body.String(), "errs-title") {
				t.Errorf("%d %s", w.Code, brief(w.Body.String()))
			}
		})
	}
	f := start()
	f.Set("text", "路灯坏了")
	f.Set("category", "facility")
	page := tn.want(200, "POST", "/report", "", f)
	f = fields(page, "/report")
	f.Set("lat", "48.85")
	f.Set("lon", "2.35")
	f.Set("located", "map")
	w := tn.ask("POST", "/report", "", f)
	if w.Code != 422 || !strings.Contains(w.Body.String(), "不在我们街道里") || !strings.Contains(w.Body.String(), "路灯坏了") {
		t.Errorf("a point in Paris: %d %s", w.Code, brief(w.Body.String()))
	}
}

func TestAFormSentTwiceIsOneReport(t *testing.T) {
	tn := newTown(t)
	page := tn.want(200, "GET", "/report?door="+tn.door, "", nil)
	f := fields(page, "/report")
	f.Set("text", "门口积水")
	f.Set("category", "facility")
	page = tn.want(200, "POST", "/report", "", f)
	f = fields(page, "/report/send")
	if len(f) == 0 {
		f = fields(page, "/report")
		page = tn.want(200, "POST", "/report", "", f)
		f = fields(page, "/report/send")
	}
	a := tn.want(303, "POST", "/report/send", "", f)
	b := tn.want(303, "POST", "/report/send", "", f)
	number := regexp.MustCompile(`\d{6}-\d{4}`)
	x, y := number.FindString(tn.want(200, "GET", a, "", nil)), number.FindString(tn.want(200, "GET", b, "", nil))
	if x == "" || x != y {
		t.Errorf("two reports: %s and %s", x, y)
	}
}

func TestPhotoComesAndIsSeenByThoseWhoMay(t *testing.T) {
	tn := newTown(t)
	m := image.NewRGBA(image.Rect(0, 0, 60, 40))
	m.Set(3, 3, color.White)
	var pic, body bytes.Buffer
	if err := jpeg.Encode(&pic, m, nil); err != nil {
		t.Fatal(err)
	}
	f := fields(tn.want(200, "GET", "/report", "", nil), "/report")
	f.Set("text", "垃圾没清")
	f.Set("category", "waste")
	mw := multipart.NewWriter(&body)
	for k, vs := range f {
		for _, v := range vs {
			mw.WriteField(k, v)
		}
	}
	for _, b := range [][]byte{pic.Bytes(), []byte("not a photo")} {
		p, _ := mw.CreateFormFile("photo", "a.jpg")
		p.Write(b)
	}
	mw.Close()
	w := tn.send("POST", "/report", "", mw.FormDataContentType(), &body)
	if w.Code != 422 {
		t.Fatalf("a broken photo passed: %d", w.Code)
	}
	name := regexp.MustCompile(`name="photos" value="([0-9a-f]{32})"`).FindStringSubmatch(w.Body.String())
	if name == nil || !strings.Contains(w.Body.String(), "垃圾没清") {
		t.Fatalf("the good photo or the words were lost: %s", brief(w.Body.String()))
	}
	tn.want(200, "GET", "/p/"+name[1]+"/480", "", nil) // while it is being written
	f = fields(w.Body.String(), "/report")
	f.Set("text", "垃圾没清")
	f.Set("category", "waste")
	f = fields(tn.want(200, "POST", "/report", "", f), "/report")
	f.Set("estate", strconv.FormatInt(int64(tn.estate.ID), 10))
	f = fields(tn.want(200, "POST", "/report", "", f), "/report/send")
	link := tn.want(303, "POST", "/report/send", "", f)
	tn.want(200, "GET", link, "", nil)
	tn.want(404, "GET", "/p/"+name[1]+"/480", "", nil)
	tn.want(200, "GET", "/p/"+name[1]+"/480", tn.staff, nil)
}

func TestTheChairEntersForANeighbour(t *testing.T) {
	tn := newTown(t)
	page := tn.want(200, "GET", "/desk/enter", tn.chair, nil)
	f := fields(page, "/desk/enter")
	f.Set("text", "10 幢前大树倒了，挡住出入口")
	f.Set("category", "green.fallen")
	f.Set("estate", strconv.FormatInt(int64(tn.estate.ID), 10))
	f.Set("channel", "phone")
	f.Set("call_back", "on")
	f.Set("contact.phone", "13900000099")
	to := tn.want(303, "POST", "/desk/enter", tn.chair, f)
	page = tn.want(200, "GET", to, tn.chair, nil)
	if !strings.Contains(page, "大树倒了") || strings.Contains(page, "13900000099") {
		t.Errorf("entered: %s", brief(page))
	}
	path, _, _ := strings.Cut(to, "?")
	page = tn.want(200, "POST", path+"/contact", tn.chair, url.Values{"who": {"owner"}})
	if !strings.Contains(page, "13900000099") {
		t.Errorf("the number is not shown: %s", brief(page))
	}
}

// Every page is whole in every script: valid, one h1, every word there.
func TestEveryPageInEveryScript(t *testing.T) {
	tn := newTown(t)
	link, no := tn.report("路灯不亮，我电话 13900000098，车牌苏F12345", "facility", url.Values{"contact.phone": {"13900000098"}, "agree": {"on"}})
	_, other := tn.report("垃圾桶满了", "waste", nil)
	tn.act(tn.chair, no, "accept", nil)
	tn.act(tn.chair, other, "accept", nil)
	for _, base := range []string{"", "/zh-hant", "/en"} {
		for _, p := range []struct{ path, session string }{
			{"/", ""}, {"/issues", ""}, {"/issues?q=垃圾&state=open", ""}, {"/i/" + no, ""}, {"/map", ""}, {"/call", ""}, {"/report", ""}, {"/report?door=" + tn.door, ""},
			{"/find", ""}, {"/find?sent=1", ""}, {"/i/" + no + "/follow", ""}, {"/mail/" + strings.Repeat("A", 26), ""}, {"/about", ""}, {"/privacy", ""}, {"/access", ""}, {"/offline", ""},
			{link, ""}, {link + "?new=1", ""},
			{"/desk", tn.chair}, {"/desk?what=all_open", tn.staff}, {"/desk?q=垃圾", tn.staff}, {"/desk/i/" + no, tn.chair}, {"/desk/i/" + other, tn.staff}, {"/desk/enter", tn.chair}, {"/desk/release", tn.staff}, {"/desk/i/" + no + "/print", tn.chair},
		} {
			w := tn.ask("GET", base+p.path, p.session, nil)
			if w.Code != 200 {
				t.Errorf("%s%s: %d %s", base, p.path, w.Code, brief(w.Body.String()))
				continue
			}
			Inspect(t, base+p.path, w.Body.Bytes())
		}
		for _, p := range []string{"/nowhere", "/i/000000-0000", "/m/" + strings.Repeat("A", 26), "/desk", "/r/ZZZZ"} {
			w := tn.ask("GET", base+p, "", nil)
			if w.Code < 400 || w.Code >= 500 {
				t.Errorf("%s%s: %d", base, p, w.Code)
			}
			Inspect(t, base+p, w.Body.Bytes())
		}
	}
	if lost := i18n.Unknown(); len(lost) > 0 {
		t.Errorf("no words for %v", lost)
	}
}

func TestMapAnswersForEverybody(t *testing.T) {
	tn := newTown(t)
	tn.report("路灯不亮", "facility", nil)
	at := tn.s.Town
	b := strconv.FormatFloat(at.Lon-.1, 'f', 4, 64) + "," + strconv.FormatFloat(at.Lat-.1, 'f', 4, 64) + "," + strconv.FormatFloat(at.Lon+.1, 'f', 4, 64) + "," + strconv.FormatFloat(at.Lat+.1, 'f', 4, 64)
	if page := tn.want(200, "GET", "/map/points?z=15&b="+b, "", nil); !strings.HasPrefix(page, "[[") {
		t.Errorf("points: %s", page)
	}
	tn.want(422, "GET", "/map/points?z=15&b=1,2,x", "", nil)
	if w := tn.ask("GET", "/map/picture.svg?z=16&pin=1&lat=32&lon=120.8", "", nil); w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Error("no picture")
	}
	tn.want(200, "GET", "/tiles/15/27380/13240", "", nil)
	tn.want(404, "GET", "/tiles/15/x/13240", "", nil)
}

// faults fails the test on any fault of ours.
type faults struct{ t testing.TB }

func (f faults) Write(b []byte) (int, error) {
	f.t.Errorf("%s", b)
	return len(b), nil
}

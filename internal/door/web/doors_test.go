package web

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

var update = flag.Bool("update", false, "write testdata/grid.txt anew")

// hostile is what somebody writes who means harm.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">{{.}}'`

// crowd is a town with people of every kind and one issue, written by somebody hostile.
type crowd struct {
	*town
	roles []string
	in    map[string]string // session by role
	no    string
	link  string
	who   map[string]id.ID
	paths map[string]string // of doors that lead to one thing, by pattern
	photo string            // name of the photo that the reporter sent and nobody released
	board id.ID             // a photo's row
	hoods []place.Place
	issue issue.Issue
	guest string // secret of an outsider's link to the issue
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	return crowdIn(t, newTown(t))
}

func crowdIn(t *testing.T, tn *town) *crowd {
	t.Helper()
	k := &crowd{town: tn, in: map[string]string{"visitor": "", "chair": tn.chair, "staff": tn.staff}}
	hoods, err := tn.s.Places.Under(t.Context(), tn.estate.Path[:strings.Index(tn.estate.Path[1:], "/")+2], place.Neighbourhood)
	if err != nil || len(hoods) < 2 {
		t.Fatal(err, len(hoods))
	}
	k.in["other"] = tn.session("孙远", "13900000003", who.CouncilChair, hoods[1].ID)
	k.in["admin"] = tn.session("周管", "13900000004", who.Admin, tn.s.Town.Root)
	k.in["resident"] = tn.account("吴民"+hostile, "13900000005")
	k.hoods = hoods
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := tn.s.Places.ByID(ctx, tn.s.Town.Root)
	ok(err)
	far, err := tn.s.Places.Add(ctx, clerk, place.Place{Level: place.Community, Parent: root.ID, Name: "远社区" + hostile[:20]})
	ok(err)
	k.in["community"] = tn.session("冯近", "13900000007", who.CommunityStaff, hoods[0].Parent)
	k.in["far"] = tn.session("陈远", "13900000008", who.CommunityStaff, far.ID)
	org, err := tn.s.People.AddOrg(ctx, clerk, people.Org{Kind: "property_manager", Name: "物业" + hostile[:20], Place: hoods[0].ID})
	ok(err)
	p, err := tn.s.People.AddPerson(ctx, clerk, people.Contact{Name: "郑修", Phone: "13900000006"})
	ok(err)
	_, err = tn.s.People.AddMember(ctx, clerk, people.Member{Kind: "org", Of: org.ID, Person: p.ID})
	ok(err)
	got, err := tn.s.People.OpenSession(ctx, clerk, p.ID, people.Client{})
	ok(err)
	k.in["worker"] = got.Token
	k.roles = []string{"visitor", "resident", "worker", "chair", "other", "community", "far", "staff", "admin"}
	for _, role := range k.roles {
		k.again(role)
	}

	// One of everything that a door leads to.
	pic, err := tn.s.Photos.Put(ctx, bytes.NewReader(jpegOf(t, 60, 40)))
	ok(err)
	k.photo = pic.Name
	k.link, k.no = tn.report("路灯"+hostile, "facility", url.Values{"spot": {hostile[:50]}, "photos": {pic.Name}})
	tn.act(tn.chair, k.no, "note", url.Values{"text": {"内部" + hostile}})
	tn.act(tn.chair, k.no, "accept", nil)
	whole, err := tn.s.Issues.See(ctx, clerk, k.no)
	ok(err)
	k.issue = whole.Issue
	for _, e := range whole.Entries {
		for _, ph := range e.Photos {
			k.board = ph.ID
		}
	}
	chair := k.actor("chair")
	k.issue, k.guest, err = tn.s.Issues.Outsider(ctx, chair, k.issue.ID, k.issue.Rev)
	ok(err)
	resident := k.actor("resident")
	mine, err := tn.s.Issues.Report(ctx, resident, issue.Report{Key: "mine", Channel: issue.ByWeb, Category: "waste", Sort: issue.Other, Text: "垃圾" + hostile, Place: k.estate.ID})
	ok(err)
	_, err = tn.s.People.AskErasure(ctx, resident)
	ok(err)
	erasures, err := tn.s.People.Erasures(ctx, k.actor("staff"))
	ok(err)
	notice, err := tn.s.Letters.Announce(ctx, k.actor("staff"), notify.Notice{Place: root.ID, Lang: "zh-Hans", Words: map[string]notify.Words{"zh-Hans": {Title: "停水" + hostile[:40], Body: "明天" + hostile}}})
	ok(err)
	team, err := tn.s.People.AddTeam(ctx, clerk, people.Team{Org: org.ID, Place: hoods[0].ID, Kind: "response_group", Name: "小组" + hostile[:20]})
	ok(err)
	_, err = tn.s.People.AddCouncil(ctx, clerk, people.Council{Place: hoods[0].ID, Name: "理事会" + hostile[:20], From: tn.s.DB.Now(), Until: tn.s.DB.Now().AddDate(3, 0, 0)})
	ok(err)
	said, err := tn.s.Issues.SaveText(ctx, k.actor("admin"), issue.Text{Act: issue.ActTell, Words: issue.Said{"zh-Hans": "套话" + hostile}}, "")
	ok(err)
	_, err = tn.s.Issues.SaveView(ctx, k.actor("staff"), issue.SavedView{Name: hostile[:20], Query: "q=" + hostile})
	ok(err)
	invite, err := tn.s.People.Invite(ctx, clerk, p.ID)
	ok(err)
	row := func(n id.ID) string { return strconv.FormatInt(int64(n), 10) }
	k.paths = map[string]string{
		"/admin/categories/c/{code}": "/admin/categories/c/facility", "/admin/erasures/{id}": "/admin/erasures/" + row(erasures[0].ID), "/admin/notices/{id}": "/admin/notices/" + row(notice.ID),
		"/admin/people/{id}": "/admin/people/" + row(p.ID), "/admin/texts/{id}": "/admin/texts/" + row(said.ID),
		"/admin/units/{kind}": "/admin/units/org", "/admin/units/{kind}/add": "/admin/units/council/add", "/admin/units/{kind}/{id}": "/admin/units/team/" + row(team.ID),
		"/desk/mask/{no}/{photo}": "/desk/mask/" + k.no + "/" + row(k.board), "/g/{token}": "/g/" + k.guest, "/in/link/{link}": "/in/link/" + invite,
		"/me/i/{issue}": "/me/i/" + row(mine.Issue.ID), "/p/{name}/{size}": "/p/" + pic.Name + "/480",
		"/m/{token}/{act}": k.link + "/add", "/me/i/{issue}/{act}": "/me/i/" + row(mine.Issue.ID) + "/add", "/g/{token}/{act}": "/g/" + k.guest + "/tell",
	}
	for _, under := range []string{"/admin/people/{id}/invite", "/admin/people/{id}/clear", "/admin/notices/{id}/withdraw", "/admin/units/{kind}/{id}/seat", "/admin/units/{kind}/{id}/unseat", "/admin/erasures/{id}/refuse"} {
		at := strings.LastIndex(under, "/")
		k.paths[under] = k.paths[under[:at]] + under[at:]
	}
	return k
}

// account makes a person without any role and signs them in.
func (tn *town) account(name, phone string) string {
	tn.t.Helper()
	r := []rune(name)
	p, err := tn.s.People.AddPerson(tn.t.Context(), clerk, people.Contact{Name: string(r[:min(len(r), 20)]), Phone: phone})
	if err != nil {
		tn.t.Fatal(err)
	}
	in, err := tn.s.People.OpenSession(tn.t.Context(), clerk, p.ID, people.Client{})
	if err != nil {
		tn.t.Fatal(err)
	}
	return in.Token
}

var hole = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// door is the address of a route, with what stands in its holes.
func (k *crowd) door(r gate.Route) (method, path string) {
	method, path, _ = strings.Cut(r.Pattern, " ")
	if p, ok := k.paths[path]; ok {
		return method, p
	}
	path = strings.TrimSuffix(path, "{$}")
	token := strings.TrimPrefix(k.link, "/m/")
	fill := map[string]string{"no": k.no, "token": token, "act": "note", "name": strings.Repeat("0", 32), "size": "480", "z": "15", "x": "1", "y": "1", "code": k.town.door,
		"photo": "1", "hash": "x", "id": strconv.FormatInt(int64(k.estate.ID), 10)}
	path = hole.ReplaceAllStringFunc(path, func(h string) string {
		n := hole.FindStringSubmatch(h)
		if n[2] != "" {
			return "app.css"
		}
		if v, ok := fill[n[1]]; ok {
			return v
		}
		return "1"
	})
	if strings.HasPrefix(r.Pattern, "GET /map/points") {
		path += "?z=15&b=120,31,121,33"
	}
	return method, path
}

// again is a new session for a role.
func (k *crowd) again(role string) string {
	k.t.Helper()
	if k.who == nil {
		k.who = map[string]id.ID{}
		for r, token := range k.in {
			if token != "" {
				a, _, err := k.s.People.SessionActor(k.t.Context(), token)
				if err != nil {
					k.t.Fatal(err)
				}
				k.who[r] = a.ID
			}
		}
	}
	if k.who[role] == 0 {
		return ""
	}
	in, err := k.s.People.OpenSession(k.t.Context(), clerk, k.who[role], people.Client{})
	if err != nil {
		k.t.Fatal(err)
	}
	return in.Token
}

// actor is who a role's session makes them.
func (k *crowd) actor(role string) who.Actor {
	k.t.Helper()
	a, _, err := k.s.People.SessionActor(k.t.Context(), k.in[role])
	if err != nil {
		k.t.Fatal(err)
	}
	a.Via, a.Lang = who.Web, "zh-Hans"
	return a
}

// jpegOf is a small photo.
func jpegOf(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	m.Set(3, 3, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// every door, every kind of person.
func (k *crowd) each(f func(r gate.Route, role, method, path string)) {
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		for _, role := range k.roles {
			f(r, role, method, path)
		}
	}
}

// Who may do what, all of it, is a file to be read in review. A door that is not in
// it fails the test.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	k := newCrowd(t)
	lines := map[string][]string{}
	k.each(func(r gate.Route, role, method, path string) {
		var form url.Values
		if method == "POST" {
			form = url.Values{}
		}
		w := k.ask(method, path, k.again(role), form) // some doors end a session
		lines[r.Pattern] = append(lines[r.Pattern], fmt.Sprintf("%s=%d", role, w.Code))
		if w.Code >= 500 {
			t.Errorf("%s as %s: %d", r.Pattern, role, w.Code)
		}
	})
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&b, "%s\n    %s\n", p, strings.Join(lines[p], " "))
	}
	const file = "testdata/grid.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Fatalf("line %d differs; read it, and go test -update if it is meant\n got %q\nwant %q", i+1, at(g, i), at(w, i))
			}
		}
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return ""
}

// Nothing hostile that somebody wrote becomes part of a page; every answer carries
// its headers; every cookie is shut; a look changes nothing.
func TestEveryLookIsHarmless(t *testing.T) {
	k := newCrowd(t)
	before := k.dump()
	k.each(func(r gate.Route, role, method, path string) {
		if method != "GET" {
			return
		}
		w := k.ask("GET", path, k.in[role], nil)
		name := r.Pattern + " as " + role
		h := w.Header()
		for head, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"} {
			if !strings.Contains(h.Get(head), want) {
				t.Errorf("%s: %s is %q", name, head, h.Get(head))
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: unsafe CSP", name)
		}
		html := strings.HasPrefix(h.Get("Content-Type"), "text/html")
		if k.in[role] != "" && html && !strings.Contains(h.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: a signed-in page may be kept: %q", name, h.Get("Cache-Control"))
		}
		for _, c := range w.Result().Cookies() {
			if !c.HttpOnly || c.SameSite == 0 || c.Path != "/" {
				t.Errorf("%s: cookie %s stands open", name, c.Name)
			}
		}
		if html && w.Code/100 != 3 {
			Inspect(t, name, w.Body.Bytes())
			for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`} {
				if strings.Contains(w.Body.String(), bad) {
					t.Errorf("%s: %s came through", name, bad)
				}
			}
		}
	})
	after := k.dump()
	for table, rows := range before {
		if after[table] != rows {
			t.Errorf("a look changed table %s", table)
		}
	}
}

// dump is every table's content; sessions note when they were last seen, and limits count.
func (k *crowd) dump() map[string]string {
	k.t.Helper()
	out, err := db.See(k.t.Context(), k.s.DB, func(tx *db.Tx) (map[string]string, error) {
		names, err := db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return }, `select name from sqlite_master where type = 'table' and name not like '%\_find%' escape '\' and name not like '%\_desk%' escape '\' and name not in ('session', 'rate') order by name`)
		if err != nil {
			return nil, err
		}
		out := map[string]string{}
		for _, n := range names {
			text := func(r db.Row) (s string, err error) { err = r.Scan(&s); return }
			cols, err := db.All(tx, text, `select 'quote("' || name || '")' from pragma_table_info('`+n+`')`)
			if err != nil {
				return nil, err
			}
			rows, err := db.All(tx, text, `select `+strings.Join(cols, " || ',' || ")+` from "`+n+`" order by 1`)
			if err != nil {
				return nil, err
			}
			out[n] = strings.Join(rows, "|")
		}
		return out, nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

// No page of somebody else's can press our buttons.
func TestForeignPagesPressNothing(t *testing.T) {
	k := newCrowd(t)
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		if method != "POST" {
			continue
		}
		for name, head := range map[string][2]string{"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same-site": {"Sec-Fetch-Site", "same-site"}, "foreign": {"Origin", "https://evil.example"}, "null": {"Origin", "null"}} {
			q := httptest.NewRequest("POST", path, strings.NewReader("a=b"))
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			q.Header.Set(head[0], head[1])
			w := httptest.NewRecorder()
			k.h.ServeHTTP(w, q)
			if w.Code != 403 {
				t.Errorf("%s from %s: %d, want 403", r.Pattern, name, w.Code)
			}
		}
	}
}

// A number alone opens and moves nothing, and what one may not see looks like what is not there.
func TestANumberAloneOpensNothing(t *testing.T) {
	k := newCrowd(t)
	strange := strings.NewReplacer("0", "1", "1", "2").Replace(k.no)
	strip := regexp.MustCompile(`[0-9a-z]{8}`)
	for _, p := range []string{"/desk/i/%s", "/desk/i/%s/print"} {
		a := k.ask("GET", fmt.Sprintf(p, k.no), k.in["other"], nil)
		b := k.ask("GET", fmt.Sprintf(p, strange), k.in["other"], nil)
		x := strip.ReplaceAllString(strings.ReplaceAll(a.Body.String(), k.no, "NO"), "")
		y := strip.ReplaceAllString(strings.ReplaceAll(b.Body.String(), strange, "NO"), "")
		if a.Code != b.Code || a.Code != 404 || x != y {
			t.Errorf("%s: %d and %d tell a stranger which there is", p, a.Code, b.Code)
		}
	}
	for _, act := range []string{"confirm", "dispute", "withdraw"} {
		for _, token := range []string{k.no, strings.Repeat("A", 26), ""} {
			if w := k.ask("POST", "/m/"+token+"/"+act, "", url.Values{"act": {act}}); w.Code < 400 {
				t.Errorf("%s with %q: %d", act, token, w.Code)
			}
		}
	}
	if page := k.ask("GET", "/i/"+k.no, "", nil).Body.String(); strings.Contains(page, "alert(1)") || strings.Contains(page, "内部") {
		t.Error("words nobody released are on the public page")
	}
}

// A right taken away is gone at the next request.
func TestARightTakenAwayIsGone(t *testing.T) {
	k := newCrowd(t)
	k.want(200, "GET", "/desk/i/"+k.no, k.chair, nil)
	gs, err := db.Do(t.Context(), k.s.DB, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`update grants set ends = $1 where role = $2`, db.Ms(tx.Now())-1, who.CouncilChair)
	})
	if err != nil || gs == 0 {
		t.Fatal(gs, err)
	}
	k.want(404, "GET", "/desk/i/"+k.no, k.chair, nil)
}

// What people type, and what lets them in, is in no line of the log.
func TestLogsHoldNobody(t *testing.T) {
	k := newCrowd(t)
	var log bytes.Buffer
	g := &gate.Gate{Routes: k.s.Routes(), Refuse: k.s.Refuse, Log: slog.New(slog.NewJSONHandler(&log, nil)), Zone: k.s.Town.Zone, Now: k.s.DB.Now,
		Actor: func(ctx context.Context, token string) (who.Actor, error) {
			a, _, err := k.s.People.SessionActor(ctx, token)
			return a, err
		}}
	k.h = g.Handler()
	marks := []string{"13812340001", "Geheim-Passwort-1", "wang.private@example.com", "灯杆旁边的秘密", strings.TrimPrefix(k.link, "/m/"), k.chair}
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		form := url.Values{}
		if method == "POST" {
			for _, f := range []string{"text", "phone", "email", "password", "contact.phone", "address", "name", "q", "code", "reason"} {
				form.Set(f, marks[len(form)%4])
			}
		}
		for _, role := range []string{"visitor", "chair"} {
			if strings.HasSuffix(path, "/out") {
				continue
			}
			if method == "POST" {
				k.ask(method, path, k.in[role], form)
			} else {
				k.ask(method, path+"?q="+url.QueryEscape(marks[3])+"&z=1&b=1,1,2,2", k.in[role], nil)
			}
		}
	}
	if log.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for _, m := range marks {
		if strings.Contains(log.String(), m) {
			t.Errorf("the log holds %q", m)
		}
	}
}

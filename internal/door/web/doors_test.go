package web

import (
	"bytes"
	"context"
	"flag"
	"fmt"
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
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	tn := newTown(t)
	k := &crowd{town: tn, in: map[string]string{"visitor": "", "chair": tn.chair, "staff": tn.staff}}
	hoods, err := tn.s.Places.Under(t.Context(), tn.estate.Path[:strings.Index(tn.estate.Path[1:], "/")+2], place.Neighbourhood)
	if err != nil || len(hoods) < 2 {
		t.Fatal(err, len(hoods))
	}
	k.in["other"] = tn.session("孙远", "13900000003", who.CouncilChair, hoods[1].ID)
	k.in["admin"] = tn.session("周管", "13900000004", who.Admin, tn.s.Town.Root)
	k.in["resident"] = tn.account("吴民"+hostile, "13900000005")
	org, err := tn.s.People.AddOrg(t.Context(), clerk, people.Org{Kind: "property_manager", Name: "物业" + hostile[:20], Place: hoods[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	p, err := tn.s.People.AddPerson(t.Context(), clerk, people.Contact{Name: "郑修", Phone: "13900000006"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tn.s.People.AddMember(t.Context(), clerk, people.Member{Kind: "org", Of: org.ID, Person: p.ID}); err != nil {
		t.Fatal(err)
	}
	got, err := tn.s.People.OpenSession(t.Context(), clerk, p.ID, people.Client{})
	if err != nil {
		t.Fatal(err)
	}
	k.in["worker"] = got.Token
	k.roles = []string{"visitor", "resident", "worker", "chair", "other", "staff", "admin"}
	k.link, k.no = tn.report("路灯"+hostile, "facility", url.Values{"spot": {hostile[:50]}})
	tn.act(tn.chair, k.no, "note", url.Values{"text": {"内部" + hostile}})
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

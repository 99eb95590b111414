package web

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
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
	"github.com/linli-town/linli/internal/door/gate"
)

// golden compares got with a file that is read in review.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if at(g, i) != at(w, i) {
			t.Fatalf("%s, line %d differs; read it, and go test -update if it is meant\n got %q\nwant %q", file, i+1, at(g, i), at(w, i))
		}
	}
}

// A door that opens to nobody is not tested by the walks over all of them.
func TestEveryDoorOpensToSomebody(t *testing.T) {
	k := newCrowd(t)
	shut := []string{"GET /demo/post"} // in the demo only
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		if method != "GET" || slices.Contains(shut, r.Pattern) {
			continue
		}
		if !slices.ContainsFunc(k.roles, func(role string) bool { return k.ask("GET", path, k.in[role], nil).Code < 400 }) {
			t.Errorf("%s: %s opens to nobody; give the crowd what it leads to", r.Pattern, path)
		}
	}
}

// made is a new issue of the crowd's, brought to a state.
func (k *crowd) made(key string, st issue.State) (c issue.Issue, reporter, guest string) {
	k.t.Helper()
	ctx := k.t.Context()
	got, err := k.s.Issues.Report(ctx, who.Actor{Via: who.Web}, issue.Report{Key: key, Channel: issue.ByWeb, Category: "facility", Sort: issue.Other, Text: "路灯", Place: k.estate.ID})
	if err != nil {
		k.t.Fatal(err)
	}
	c = got.Issue
	move := func(role string, m issue.Move) {
		k.t.Helper()
		m.Issue, m.Rev = c.ID, c.Rev
		if c, err = k.s.Issues.Move(ctx, k.actor(role), m); err != nil {
			k.t.Fatal(err)
		}
	}
	if st != issue.Reported {
		move("chair", issue.Move{Act: issue.ActAccept})
		if c, guest, err = k.s.Issues.Outsider(ctx, k.actor("chair"), c.ID, c.Rev); err != nil {
			k.t.Fatal(err)
		}
		move("chair", issue.Move{Act: issue.ActRecall, Text: "自己来"})
	}
	switch st {
	case issue.InHand:
		move("chair", issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "org", ID: k.actor("worker").Orgs[0]}})
		move("worker", issue.Move{Act: issue.ActTake})
	case issue.Closed:
		move("chair", issue.Move{Act: issue.ActHandle, Text: "好了", Outcome: issue.Solved})
		move("staff", issue.Move{Act: issue.ActPass})
	}
	return c, got.Link, guest
}

// Every act of the life of an issue, asked by everybody: 303 done, 422 lets in and says what
// is missing or that it is not the time, 403 not theirs, 404 not theirs to know of.
func TestWhoMayMoveAnIssue(t *testing.T) {
	t.Parallel()
	k := newCrowd(t)
	var b strings.Builder
	for _, st := range []issue.State{issue.Reported, issue.InHand, issue.Closed} {
		c, link, guest := k.made(string(st), st)
		var done []issue.Act
		for _, step := range issue.Steps() {
			if slices.Contains(done, step.Act) {
				continue
			}
			done = append(done, step.Act)
			fmt.Fprintf(&b, "%s %s\n   ", st, step.Act)
			for _, name := range []string{"resident", "worker", "chair", "other", "community", "far", "staff", "admin", "reporter", "outsider"} {
				path := "/desk/i/" + c.No
				switch name {
				case "reporter":
					path = "/m/" + link
				case "outsider":
					path = "/g/" + cmp.Or(guest, strings.Repeat("A", 26))
				}
				w := k.ask("POST", path+"/"+string(step.Act), k.in[name], url.Values{"rev": {strconv.FormatInt(c.Rev, 10)}})
				fmt.Fprintf(&b, " %s=%d", name, w.Code)
				if w.Code >= 500 {
					t.Errorf("%s %s as %s: %d", st, step.Act, name, w.Code)
				}
				whole, err := k.s.Issues.SeeID(t.Context(), clerk, c.ID)
				if err != nil {
					t.Fatal(err)
				}
				if whole.Issue.State != st { // it moved: on with another
					c, link, guest = k.made(string(st)+string(step.Act)+name, st)
				} else {
					c = whole.Issue
				}
			}
			b.WriteByte('\n')
		}
	}
	golden(t, "testdata/acts.txt", b.String())
}

// What one may not see answers as what is not there: the same status and the same bytes.
func TestDeniedLooksLikeMissing(t *testing.T) {
	k := newCrowd(t)
	hidden, err := k.s.Issues.Report(t.Context(), who.Actor{Via: who.Web}, issue.Report{Key: "h", Channel: issue.ByWeb, Category: "housing.structure", Sort: issue.Other, Text: "违章", Place: k.estate.ID})
	if err != nil {
		t.Fatal(err)
	}
	const nobody = "991231-9998"
	form := func(no string) url.Values {
		return url.Values{"no": {no}, "text": {"x"}, "email": {"a@example.cn"}, "rev": {"1"}, "ref": {"1"}, "link": {"1"}, "act": {"accept"}, "into": {no}}
	}
	same := func(r gate.Route, role, path, no string) {
		t.Helper()
		method, _, _ := strings.Cut(r.Pattern, " ")
		var f, g url.Values
		if method == "POST" {
			f, g = form(no), form(nobody)
		}
		a, b := k.ask(method, path, k.in[role], f), k.ask(method, strings.ReplaceAll(path, no, nobody), k.in[role], g)
		x, y := strings.ReplaceAll(a.Body.String(), no, "NO"), strings.ReplaceAll(b.Body.String(), nobody, "NO")
		if a.Code != b.Code || x != y || !maps.EqualFunc(a.Header(), b.Header(), slices.Equal) {
			t.Errorf("%s as %s tells that %s is there: %d and %d\n%s\n%s", r.Pattern, role, no, a.Code, b.Code, brief(x), brief(y))
		}
	}
	for _, r := range k.s.Routes() {
		if r.Pattern == "POST /report/join" || r.Pattern == "POST /find" {
			_, path := k.door(r)
			same(r, "visitor", path, hidden.Issue.No)
			same(r, "other", path, hidden.Issue.No)
		}
		if !strings.Contains(r.Pattern, "{no}") {
			continue
		}
		_, path := k.door(r)
		if desk := strings.Contains(r.Pattern, " /desk/"); desk {
			for _, role := range []string{"visitor", "resident", "worker", "other", "far", "admin"} {
				same(r, role, path, k.no)
			}
			continue
		}
		for _, role := range []string{"visitor", "resident", "worker", "other", "far", "admin"} {
			same(r, role, strings.ReplaceAll(path, k.no, hidden.Issue.No), hidden.Issue.No)
		}
	}
	// Acts on many at once stop at the first that is not theirs, whether it is there or not.
	for _, p := range []string{"/desk/bulk", "/desk/release"} {
		a, b := k.ask("POST", p, k.in["far"], form(k.no)), k.ask("POST", p, k.in["far"], form(nobody))
		if a.Code != b.Code || a.Body.String() != b.Body.String() {
			t.Errorf("%s: %d and %d", p, a.Code, b.Code)
		}
	}
}

// A right taken away, a seat left, an account gone: the next request is refused, at every door.
func TestNothingIsLeftOfARightTakenAway(t *testing.T) {
	k := newCrowd(t)
	k.want(200, "GET", "/desk", k.in["worker"], nil)
	if _, err := db.Do(t.Context(), k.s.DB, func(tx *db.Tx) (int64, error) {
		if _, err := tx.Exec(`update member set ends = $1`, db.Ms(tx.Now())-1); err != nil {
			return 0, err
		}
		return tx.Exec(`update grants set ends = $1`, db.Ms(tx.Now())-1)
	}); err != nil {
		t.Fatal(err)
	}
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		if r.Need == "" && !strings.Contains(path, "/desk") && !strings.Contains(path, "/admin") {
			continue
		}
		for _, role := range []string{"worker", "chair", "community", "staff", "admin"} {
			var form url.Values
			if method == "POST" {
				form = url.Values{"name": {"x"}, "query": {"q=x"}}
			}
			if w := k.ask(method, path, k.in[role], form); w.Code != 403 && w.Code != 404 && r.Pattern != "POST /desk/views" {
				t.Errorf("%s still opens to what was the %s: %d", r.Pattern, role, w.Code)
			}
		}
	}
	if _, err := db.Do(t.Context(), k.s.DB, func(tx *db.Tx) (int64, error) { return tx.Exec(`delete from session`) }); err != nil {
		t.Fatal(err)
	}
	for _, r := range k.s.Routes() {
		if method, path := k.door(r); r.Signed || r.Need != "" {
			if w := k.ask(method, path, k.in["resident"], nil); w.Code != 403 {
				t.Errorf("%s opens to a session that ended: %d", r.Pattern, w.Code)
			}
		}
	}
}

// rows is one table as text, for comparing.
func (k *crowd) rows(table string) string { return k.dump()[table] }

// Ids, names and secrets of other people's things open nothing.
func TestWhatIsSomebodyElsesIsNotThere(t *testing.T) {
	k := newCrowd(t)
	ctx := t.Context()
	other, otherLink, otherGuest := k.made("other", issue.InHand)
	num := func(n id.ID) string { return strconv.FormatInt(int64(n), 10) }
	entries := func(n id.ID) int {
		whole, err := k.s.Issues.SeeID(ctx, clerk, n)
		if err != nil {
			t.Fatal(err)
		}
		return len(whole.Entries)
	}

	// A private link and an outsider's are good for their own issue and their own pages.
	token := strings.TrimPrefix(k.link, "/m/")
	mail, err := db.Do(ctx, k.s.DB, func(tx *db.Tx) (id.ID, error) {
		return people.Reach(tx, clerk, people.Contact{Email: "who@example.cn"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.s.Issues.FollowByMail(ctx, who.Actor{Via: who.Web}, k.issue.ID, people.Contact{Email: "who@example.cn"}); err != nil {
		t.Fatal(err)
	}
	letter, err := k.s.Issues.MintMail(ctx, k.issue.ID, mail)
	if err != nil {
		t.Fatal(err)
	}
	join, err := k.s.Issues.Join(ctx, who.Actor{Via: who.Web}, issue.Join{Issue: k.issue.ID, Voice: strings.Repeat("v", 26)})
	if err != nil {
		t.Fatal(err)
	}
	for kind, secret := range map[string]string{"reporter": token, "guest": k.guest, "mail": letter, "follow": join.Link, "number": k.no, "none": strings.Repeat("A", 26)} {
		if w := k.ask("GET", "/m/"+secret, "", nil); w.Code == 200 != (kind == "reporter") {
			t.Errorf("/m/ with a link of kind %s: %d", kind, w.Code)
		}
		if w := k.ask("GET", "/g/"+secret, "", nil); w.Code == 200 != (kind == "guest") {
			t.Errorf("/g/ with a link of kind %s: %d", kind, w.Code)
		}
		for _, act := range []string{"add", "withdraw", "confirm", "urge", "note", "accept", "release"} {
			if w := k.ask("POST", "/m/"+secret+"/"+act, "", url.Values{"text": {"我"}, "rev": {num(id.ID(k.issue.Rev))}}); w.Code < 400 && kind != "reporter" {
				t.Errorf("POST /m/…/%s with a link of kind %s: %d", act, kind, w.Code)
			}
			if w := k.ask("POST", "/g/"+secret+"/"+act, "", url.Values{"text": {"我"}}); w.Code < 400 && kind != "guest" {
				t.Errorf("POST /g/…/%s with a link of kind %s: %d", act, kind, w.Code)
			}
		}
		if kind != "reporter" {
			if w := k.ask("POST", "/m/"+secret+"/contact", "", url.Values{"contact.phone": {"13811112222"}, "agree": {"on"}}); w.Code < 400 {
				t.Errorf("a contact left with a link of kind %s", kind)
			}
		}
	}
	before := entries(other.ID)
	for _, body := range []string{`{"text":"混进来","issue":"` + num(other.ID) + `","act":"add"}`, `{"text":"混进来"}`} {
		k.send("POST", k.link+"/add", "", "application/json", strings.NewReader(body))
	}
	k.ask("POST", k.link+"/add", "", url.Values{"text": {"混进来"}, "issue": {num(other.ID)}, "no": {other.No}, "token": {otherLink}})
	k.ask("POST", "/g/"+k.guest+"/tell", "", url.Values{"text": {"混进来"}, "issue": {num(other.ID)}, "token": {otherGuest}})
	if n := entries(other.ID); n != before {
		t.Errorf("%d words came to another issue by a field", n-before)
	}
	if w := k.ask("POST", "/g/"+k.guest+"/merge", "", url.Values{"into": {other.No}, "rev": {num(id.ID(k.issue.Rev))}}); w.Code < 400 {
		t.Errorf("an outsider merged: %d", w.Code)
	}

	// Photos: nobody but those who have the issue in hand, and no public page tells the name.
	for role, want := range map[string]int{"visitor": 404, "resident": 404, "worker": 404, "other": 404, "far": 404, "admin": 404, "chair": 200, "community": 200, "staff": 200} {
		for _, size := range []string{"480", "1600"} {
			if w := k.ask("GET", "/p/"+k.photo+"/"+size, k.in[role], nil); w.Code != want {
				t.Errorf("the photo as %s: %d, want %d", role, w.Code, want)
			}
		}
	}
	for _, p := range []string{"/", "/issues", "/i/" + k.no, "/map", "/map/points?z=15&b=120,31,122,33"} {
		if strings.Contains(k.ask("GET", p, "", nil).Body.String(), k.photo) {
			t.Errorf("%s names a photo that nobody released", p)
		}
	}

	// A photo or a word of one issue under another's number.
	k.want(404, "GET", "/desk/mask/"+other.No+"/"+num(k.board), k.in["staff"], nil)
	k.want(404, "POST", "/desk/mask/"+other.No+"/"+num(k.board), k.in["staff"], url.Values{})
	whole, err := k.s.Issues.SeeID(ctx, clerk, k.issue.ID)
	if err != nil {
		t.Fatal(err)
	}
	words, photos := k.rows("wording"), k.rows("photo")
	for _, ref := range []id.ID{whole.Entries[0].ID, k.board} {
		if w := k.ask("POST", "/desk/release", k.in["staff"], url.Values{"no": {other.No}, "ref": {num(ref)}, "text": {"出来了"}}); w.Code < 400 {
			t.Errorf("released under another number: %d", w.Code)
		}
	}
	if k.rows("wording") != words || k.rows("photo") != photos {
		t.Error("something of one issue was released under another")
	}

	// Links of an issue are ended by its own desk only.
	for _, l := range whole.Links {
		for _, role := range []string{"other", "far"} {
			if w := k.ask("POST", "/desk/i/"+k.no+"/unlink", k.in[role], url.Values{"link": {num(l.ID)}}); w.Code < 400 {
				t.Errorf("%s ends the link of another's issue: %d", role, w.Code)
			}
		}
	}
	k.want(200, "GET", "/g/"+k.guest, "", nil)
	k.want(200, "GET", k.link, "", nil)

	// Saved views, sessions, letters, what is kept of a person.
	staff := k.actor("staff")
	views, err := k.s.Issues.SavedViews(ctx, staff)
	if err != nil || len(views) != 1 {
		t.Fatal(err, views)
	}
	k.ask("POST", "/desk/views", k.chair, url.Values{"drop": {num(views[0].ID)}})
	k.ask("POST", "/desk/views", k.chair, url.Values{"id": {num(views[0].ID)}, "name": {"mine"}, "query": {"q=1"}})
	if again, err := k.s.Issues.SavedViews(ctx, staff); err != nil || !slices.Equal(again, views) {
		t.Errorf("somebody else's view: %v, was %v", again, views)
	}
	_, here, err := k.s.People.SessionActor(ctx, k.staff)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"resident", "chair", "admin"} {
		k.ask("POST", "/me/ways/end", k.in[role], url.Values{"session": {num(here.ID)}, "person": {num(staff.ID)}})
	}
	k.want(200, "GET", "/desk", k.staff, nil)
	resident := k.actor("resident")
	if _, err := db.Do(ctx, k.s.DB, func(tx *db.Tx) (int, error) {
		return 0, notify.Post(tx, notify.Letter{To: resident.ID, Kind: "issue.accepted", About: k.issue.ID})
	}); err != nil {
		t.Fatal(err)
	}
	k.ask("POST", "/me/letters/read", k.chair, url.Values{"person": {num(resident.ID)}})
	if n, err := k.s.Letters.Unread(ctx, resident); err != nil || n != 1 {
		t.Errorf("letters unread: %d %v, want 1", n, err)
	}
	mine := k.paths["/me/i/{issue}"]
	for _, role := range []string{"worker", "chair", "staff", "admin", "other"} {
		k.want(404, "GET", mine, k.in[role], nil)
		for _, act := range []string{"add", "withdraw", "confirm", "dispute", "urge", "reply"} {
			k.want(404, "POST", mine+"/"+act, k.in[role], url.Values{"text": {"x"}, "reason": {"x"}})
		}
		if page := k.want(200, "GET", "/me/data.json", k.in[role], nil); strings.Contains(page, "吴民") || strings.Contains(page, "13900000005") {
			t.Errorf("the file of the %s holds somebody else", role)
		}
	}

	// A number to call is shown to the desk of the issue, for the people of that issue.
	for _, role := range []string{"resident", "worker", "other", "far", "admin"} {
		if w := k.ask("POST", "/desk/i/"+k.no+"/contact", k.in[role], url.Values{"who": {"owner"}, "person": {num(staff.ID)}}); w.Code < 400 {
			t.Errorf("a number is shown to the %s", role)
		}
	}
	if w := k.ask("POST", "/desk/i/"+k.no+"/contact", k.chair, url.Values{"who": {"owner"}, "person": {num(resident.ID)}, "id": {num(resident.ID)}}); strings.Contains(w.Body.String(), "13900000005") {
		t.Error("the number of somebody else is shown")
	}
}

// An outsider with a link, and a worker of an organisation, learn what is to be done and
// what was said, and nobody's name: not the reporter's, not a neighbour's, not the staff's.
func TestWithoutADeskNobodyHasAName(t *testing.T) {
	k := newCrowd(t)
	ctx := t.Context()
	got, err := k.s.Issues.Report(ctx, k.actor("resident"), issue.Report{Key: "r", Channel: issue.ByWeb, Category: "facility", Sort: issue.Other, Text: "楼道灯不亮", Place: k.estate.ID})
	if err != nil {
		t.Fatal(err)
	}
	c := got.Issue
	move := func(role string, m issue.Move) {
		t.Helper()
		now, err := k.s.Issues.SeeID(ctx, clerk, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		m.Issue, m.Rev = c.ID, now.Issue.Rev
		if c, err = k.s.Issues.Move(ctx, k.actor(role), m); err != nil {
			t.Fatal(m.Act, err)
		}
	}
	k.in["neighbour"] = k.account("赵邻", "13900000009")
	names := []string{"吴民", "赵邻", "郑修", "冯近"}
	for _, role := range []string{"chair", "staff"} {
		p, err := db.See(ctx, k.s.DB, func(tx *db.Tx) (people.Person, error) { return people.ByID(tx, k.actor(role).ID) })
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p.Name)
	}
	join, err := k.s.Issues.Join(ctx, k.actor("neighbour"), issue.Join{Issue: c.ID})
	if err != nil {
		t.Fatal(err, join)
	}
	move("resident", issue.Move{Act: issue.ActAdd, Text: "二楼的也不亮"})
	move("community", issue.Move{Act: issue.ActUrge, Text: "快些"})
	move("chair", issue.Move{Act: issue.ActAccept, Text: "收到了"})
	move("chair", issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "person", ID: k.actor("chair").ID}, Text: "我来"})
	move("chair", issue.Move{Act: issue.ActTake})
	move("chair", issue.Move{Act: issue.ActHandle, Text: "换了灯泡", Outcome: issue.Solved})
	move("staff", issue.Move{Act: issue.ActRework, Text: "还黑"})
	move("chair", issue.Move{Act: issue.ActRecall, Text: "换人"})
	move("chair", issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "org", ID: k.actor("worker").Orgs[0]}, Text: "请物业看"})
	move("worker", issue.Move{Act: issue.ActTake})
	worker := k.want(200, "GET", "/desk/i/"+c.No, k.in["worker"], nil)
	paper := k.want(200, "GET", "/desk/i/"+c.No+"/print", k.in["worker"], nil)
	desk := k.want(200, "GET", "/desk/i/"+c.No, k.chair, nil)
	move("chair", issue.Move{Act: issue.ActRecall, Text: "找外面的"})
	c, guest, err := k.s.Issues.Outsider(ctx, k.actor("chair"), c.ID, c.Rev)
	if err != nil {
		t.Fatal(err)
	}
	outsider := k.want(200, "GET", "/g/"+guest, "", nil)
	refused := k.want(422, "POST", "/g/"+guest+"/tell", "", url.Values{"text": {""}})
	for page, body := range map[string]string{"worker's": worker, "worker's print": paper, "outsider's": outsider, "outsider's with an error": refused} {
		for _, word := range []string{"楼道灯不亮", "二楼的也不亮", "收到了", "换了灯泡"} {
			if !strings.Contains(body, word) {
				t.Errorf("the %s page does not say %s", page, word)
			}
		}
		for _, n := range names {
			if strings.Contains(body, n) {
				t.Errorf("the %s page names %s", page, n)
			}
		}
	}
	for _, n := range []string{"吴民", "赵邻", names[4]} {
		if !strings.Contains(desk, n) {
			t.Errorf("the desk does not see %s", n)
		}
	}
}

// What one was told is read when one opens the page oneself, and not by a program that
// fetches it ahead.
func TestOnlyALookReadsLetters(t *testing.T) {
	k := newCrowd(t)
	ctx, resident, path := t.Context(), k.actor("resident"), k.paths["/me/i/{issue}"]
	about, err := strconv.ParseInt(path[strings.LastIndex(path, "/")+1:], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Do(ctx, k.s.DB, func(tx *db.Tx) (int, error) {
		return 0, notify.Post(tx, notify.Letter{To: resident.ID, Kind: "issue.accepted", About: id.ID(about)})
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		method, head, value string
		want                int
	}{
		{"HEAD", "", "", 1}, {"GET", "Sec-Purpose", "prefetch;prerender", 1}, {"GET", "Purpose", "prefetch", 1}, {"GET", "X-Moz", "prefetch", 1},
		{"GET", "Sec-Fetch-Dest", "image", 1}, {"GET", "Sec-Fetch-Site", "cross-site", 1}, {"GET", "Sec-Fetch-Dest", "document", 0},
	} {
		r := httptest.NewRequest(tt.method, path, nil)
		r.AddCookie(&http.Cookie{Name: "session", Value: k.in["resident"]})
		if tt.head != "" {
			r.Header.Set(tt.head, tt.value)
		}
		w := httptest.NewRecorder()
		k.h.ServeHTTP(w, r)
		if n, err := k.s.Letters.Unread(ctx, resident); w.Code != 200 || err != nil || n != tt.want {
			t.Errorf("%s with %s: %s: %d, %d unread (%v), want %d", tt.method, tt.head, tt.value, w.Code, n, err, tt.want)
		}
	}
}

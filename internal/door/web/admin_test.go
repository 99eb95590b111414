package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
)

func (x *house) chief() *caller { return x.caller(x.session) }

// send posts a form with a file.
func (k *caller) send(path string, status int, file, content string, form ...string) string {
	k.x.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(form); i += 2 {
		m.WriteField(form[i], form[i+1])
	}
	if file != "" {
		f, _ := m.CreateFormFile("file", file)
		io.WriteString(f, content)
	}
	m.Close()
	r := k.do("POST", path, &b, m.FormDataContentType())
	if r.StatusCode == 303 && status == 303 {
		return r.Header.Get("Location")
	}
	return k.x.page("POST "+path, r, status)
}

// hidden is the value of a hidden box.
func (x *house) hidden(page, name string) string {
	x.t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		x.t.Fatalf("no %s in\n%s", name, bare(page))
	}
	return m[1]
}

func TestTheAdministrationIsForThoseWhoMay(t *testing.T) {
	x := newHouse(t)
	v := x.caller("")
	w, _ := x.resident("wang@example.cn")
	for _, r := range x.s.adminRoutes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		path = regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "1")
		for name, k := range map[string]*caller{"visitor": v, "resident": w} {
			if got := k.do(method, path, strings.NewReader(""), "application/x-www-form-urlencoded"); got.StatusCode != 403 {
				t.Errorf("%s for a %s: %d, want 403", r.Pattern, name, got.StatusCode)
			}
		}
	}
	x.chief().everyScript("/admin")
}

func TestPlacesAreLookedAfter(t *testing.T) {
	x := newHouse(t)
	k := x.chief()
	estate := "/admin/places/" + idText(x.towns["estate"].ID)
	building := "/admin/places/" + idText(x.towns["building"].ID)
	k.everyScript("/admin/places", "/admin/places?q=春和", "/admin/places?q=CHY-12", "/admin/places?q=没有的", estate, building, building+"/edit", estate+"/add", "/admin/places/0/add", estate+"/doors", estate+"/doors?labels=1", "/admin/import")
	x.want(k.get("/admin/places?q="+url.QueryEscape("春和"), 200), "春和苑", "青桥街道 清荷社区 清荷邻里")
	x.want(k.get("/admin/places?q=chy-12", 200), "12幢")
	k.get("/admin/places/1", 404)
	k.get("/admin/places/x", 404)

	form := func(more ...string) []string {
		return append([]string{"level", "building", "name", "13幢", "name_en", "Building 13"}, more...)
	}
	x.want(k.post(estate+"/add", 422, form("lat", "north", "from", "gestern")...), "13幢", `value="north"`, `id="e-lat"`, `id="e-from"`, `value="building" selected`)
	x.want(k.post(estate+"/add", 422, "level", "building", "code", "320613"), `id="e-name"`, `value="320613"`)
	to := k.post(estate+"/add", 303, form("new_door", "on", "lat", "31.98", "lon", "120.89", "public", "on")...)
	path, _, _ := strings.Cut(to, "?")
	x.want(k.get(to, 200), "加好了", "13幢", "31.980000, 120.890000")
	p := k.get(path+"/edit", 200)
	rev := x.hidden(p, "rev")
	k.post(path+"/edit", 303, "rev", rev, "name", "13号楼", "door", "CHY-13")
	p = k.post(path+"/edit", 422, "rev", rev, "name", "13号房", "door", "CHY-13")
	x.want(p, "13号房", "别人改过")
	x.want(k.post(path+"/edit", 422, "rev", x.hidden(p, "rev"), "name", "13号房", "door", "CHY-12"), `id="e-door"`)
	k.post(path+"/edit", 303, "rev", x.hidden(p, "rev"), "name", "13号房", "door", "CHY-13")

	x.want(k.post(path+"/code", 422, "code", "", "from", "x"), `id="e-code"`, `id="e-from"`, `id="e-to"`, `value="x"`)
	x.want(k.post(path+"/code", 422, "code", "320613999001-1", "from", "2020-01-02", "to", "2020-01-01"), `id="e-to"`)
	k.post(path+"/code", 303, "code", "320613999001-1", "from", "2020-01-01", "to", "2021-01-01")
	x.want(k.get(path, 200), "320613999001-1", "2021-01-01")

	x.want(k.send(estate+"/boundary", 422, "", ""), `id="e-file"`)
	x.want(k.send(estate+"/boundary", 422, "a.json", "{}"), `id="e-file"`)
	k.send(estate+"/boundary", 303, "a.json", `{"type":"Polygon","coordinates":[[[120.88,31.97],[120.90,31.97],[120.90,31.99],[120.88,31.99],[120.88,31.97]]]}`, "crs", "wgs84")
	x.want(k.get(estate, 200), "画好了")

	p = k.get(estate+"/doors", 200)
	x.want(p, "linli.example/r/CHY-12", "CHY-13", "0513-85000000", `<div class="posters">`, "M4 4h7")
	x.want(k.get(estate+"/doors?labels=1", 200), `<div class="labels">`)
	k.post(estate+"/codes", 303)
	x.want(k.post(path+"/close", 422, "rev", "1"), "别人改过")
	x.want(k.post(path+"/close", 422, "rev", "4", "until", "bald"), `id="e-until"`, `value="bald"`)
	k.post(path+"/close", 303, "rev", x.hidden(k.get(path, 200), "rev"))
	x.want(k.get(path, 200), "到哪天")
	k.get(path+"/add", 200)

	x.want(k.send("/admin/import", 422, "", "", "kind", "divisions"), `id="e-file"`)
	x.want(k.send("/admin/import", 422, "a.csv", "x"), `id="e-kind"`)
	x.want(k.send("/admin/import", 200, "a.csv", "code,name\n320613999002,德民社区居委会\n12,?\n", "kind", "divisions", "dry", "on"), "什么都没改", "有问题")
	x.want(k.send("/admin/import", 200, "a.csv", "code,name\n320613999002,德民社区居委会\n", "kind", "divisions"), "导入好了")
	x.want(k.get("/admin/places?q="+url.QueryEscape("德民"), 200), "德民社区")
	shapes := `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"秋实苑"},"geometry":{"type":"Polygon","coordinates":[[[120.90,31.97],[120.91,31.97],[120.91,31.98],[120.90,31.98],[120.90,31.97]]]}}]}`
	x.want(k.send("/admin/import", 200, "a.json", shapes, "kind", "shapes", "in", idText(x.towns["neighbourhood"].ID), "level", "estate", "crs", "wgs84"), "导入好了", "没有边界的地方", "<code>春和苑</code>")
	x.want(k.get("/admin/places?q="+url.QueryEscape("秋实"), 200), "秋实苑")
}

func TestPeopleAndRolesAreLookedAfter(t *testing.T) {
	x := newHouse(t)
	k := x.chief()
	k.everyScript("/admin/people", "/admin/people?q=赵", "/admin/people?q=没有", "/admin/people/add", "/admin/people/twins", "/admin/people/"+idText(x.admin), "/admin/roles", "/admin/roles?role=admin", "/admin/roles?role=grid_worker", "/admin/roles/give?person=13800138000")
	k.get("/admin/people/7", 404)
	x.want(k.post("/admin/people/add", 422, "name", "", "phone", "139"), `value="139"`, `id="e-phone"`)
	x.want(k.post("/admin/people/add", 422, "name", "李强", "phone", "13800138000"), "李强", "已经有人用来登录")
	to := k.post("/admin/people/add", 303, "name", "李强", "phone", "13700137000", "home", idText(x.towns["community"].ID))
	li, _, _ := strings.Cut(to, "?")
	p := k.get(to, 200)
	x.want(p, "加好了", "86137****7000", "清荷社区", "能登录")
	x.lack(p, "13700137000")
	rev := x.hidden(p, "rev")
	x.want(k.post(li, 422, "rev", rev, "name", "李强", "phone", "12"), `value="12"`)
	k.post(li, 303, "rev", rev, "name", "李小强", "phone", "+86137****7000")
	x.want(k.get(li, 200), "李小强", "86137****7000")
	x.want(k.post(li, 422, "rev", rev, "name", "李大强"), "李大强", "打开太久")

	x.want(k.post("/admin/roles/give", 422, "person", "nobody", "role", "admin", "place", "0", "until", "x"), `value="nobody"`, `id="e-person"`, `id="e-until"`)
	x.want(k.post("/admin/roles/give", 422, "person", "13700137000", "role", "king", "place", "0"), `id="e-role"`)
	k.post("/admin/roles/give", 303, "person", "13700137000", "role", "community_staff", "place", idText(x.towns["community"].ID), "until", "2027-01-01")
	x.want(k.post("/admin/roles/give", 422, "person", "13700137000", "role", "community_staff", "place", idText(x.towns["community"].ID)), "已经有这个职务")
	k.everyScript("/admin/roles", li)
	x.want(k.get("/admin/roles", 200), "李小强", "社区工作人员", "2027-01-01")
	x.lack(k.get("/admin/roles?role=admin", 200), "李小强")
	p = k.get("/admin/roles/give", 200)
	stand := regexp.MustCompile(`<option value="(\d+)">李小强：社区工作人员`).FindStringSubmatch(p)
	wang, _ := x.s.People.AddPerson(t.Context(), sys, people.Contact{Name: "王芳", Phone: "13600136000"})
	k.post("/admin/roles/give", 303, "person", idText(wang.ID), "stand", stand[1], "role", "admin")
	x.want(k.get("/admin/people/"+idText(wang.ID), 200), "替李小强")
	p = k.get(li, 200)
	if to := k.post("/admin/roles/end", 303, "grant", x.hidden(p, "grant"), "to", li); to != li+"?done=ended" {
		t.Errorf("went to %s", to)
	}
	p = k.get("/admin/people/"+idText(x.admin), 200)
	x.want(k.post("/admin/roles/end", 422, "grant", x.hidden(p, "grant")), "最后一位管理员")

	p = k.post(li+"/invite", 200)
	x.want(p, "https://linli.example/in/link/")
	k.post(li+"/clear", 303)
	x.want(k.get(li+"?done=cleared", 200), "动态码清掉了")
	twin, _ := x.s.People.AddPerson(t.Context(), sys, people.Contact{Name: "王芳"})
	k.everyScript("/admin/people/twins")
	x.want(k.get("/admin/people/twins", 200), "名字一样")
	x.want(k.post("/admin/people/merge", 422, "keep", idText(wang.ID), "gone", "王芳"), "有好几位", `value="王芳"`)
	k.post("/admin/people/merge", 303, "keep", idText(wang.ID), "gone", idText(twin.ID))
	if to := k.do("GET", "/admin/people/"+idText(twin.ID), nil, "").Header.Get("Location"); to != "/admin/people/"+idText(wang.ID) {
		t.Errorf("went to %s", to)
	}
}

func TestUnitsAndTheirSeats(t *testing.T) {
	x := newHouse(t)
	k := x.chief()
	community := idText(x.towns["community"].ID)
	k.get("/admin/units/club", 404)
	for kind, sort := range map[string]string{"org": "property_manager", "team": "response_group", "council": ""} {
		list := "/admin/units/" + kind
		k.everyScript(list, list+"/add")
		x.want(k.post(list+"/add", 422, "name", "", "hant", "春和", "kind_of", sort, "place", community, "from", "", "until", ""), `id="e-name"`, `value="春和"`)
		x.want(k.post(list+"/add", 422, "name", "春和", "kind_of", sort, "place", community, "until", "bald"), `id="e-until"`, `value="bald"`)
		to := k.post(list+"/add", 303, "name", "春和"+kind, "kind_of", sort, "place", community)
		at, _, _ := strings.Cut(to, "?")
		p := k.get(to, 200)
		k.everyScript(at, list)
		rev := x.hidden(p, "rev")
		k.post(at, 303, "rev", rev, "name", "春和二"+kind, "kind_of", sort, "place", community, "until", "2028-01-01")
		x.want(k.post(at, 422, "rev", rev, "name", "春和三", "kind_of", sort, "place", community), "春和三")
		x.want(k.post(at+"/seat", 422, "person", "", "post", "chair"), `id="e-person"`)
		k.post(at+"/seat", 303, "person", idText(x.admin), "post", "chair")
		x.want(k.post(at+"/seat", 422, "person", idText(x.admin), "post", "member"), "已经在里面了")
		p = k.get(at, 200)
		x.want(p, "赵敏", "负责人", "2028-01-01")
		k.everyScript("/admin/people/"+idText(x.admin), "/me")
		k.post(at+"/unseat", 303, "seat", x.hidden(p, "seat"))
	}
	x.want(k.post("/admin/units/org/add", 422, "name", "某单位", "kind_of", "club"), `id="e-kind_of"`)
	k.everyScript("/admin/pillars")
	x.want(k.post("/admin/pillars", 422, "code", "Social Org", "name", "社会组织", "rank", "2"), `id="e-code"`, `value="Social Org"`)
	x.want(k.post("/admin/pillars", 422, "code", "guild", "name", "行会", "rank", "first", "until", "x"), `id="e-rank"`, `id="e-until"`)
	k.post("/admin/pillars", 303, "code", "guild", "name", "行会", "rank", "9")
	p := k.get("/admin/pillars?code=guild", 200)
	k.post("/admin/pillars", 303, "rev", x.hidden(p, "rev"), "code", "guild", "name", "商会")
	x.want(k.get("/admin/pillars", 200), "商会")
}

var sys = who.System(who.CLI)

func TestCategoriesLimitsAndTexts(t *testing.T) {
	x := newHouse(t)
	k := x.chief()
	k.everyScript("/admin/categories", "/admin/texts")
	if _, err := x.s.Issues.Seed(t.Context(), sys); err != nil {
		t.Fatal(err)
	}
	lamp := "/admin/categories/c/facility.lamp"
	k.everyScript("/admin/categories", "/admin/categories/add", "/admin/categories/add?under=facility", lamp, "/admin/limits", "/admin/texts", "/admin/texts/add")
	k.get("/admin/categories/c/none", 404)
	p := k.get("/admin/categories/c/traffic.parking", 200)
	x.want(p, "乱停车", "night 半夜 / 半夜 / At night")

	bad := []string{"under", "facility", "code", "Lamp Post", "names.zh-Hans", "", "names.en", "Post", "sort", "complaint", "grade", "general", "first", "community"}
	x.want(k.post("/admin/categories/add", 422, bad...), `id="e-code"`, `value="Lamp Post"`, `value="Post"`)
	x.want(k.post("/admin/categories/add", 422, append(bad, "rank", "first", "accept.n", "soon")...), `id="e-rank"`, `id="e-accept.n"`, `value="soon"`)
	good := []string{"under", "facility", "code", "facility.post", "names.zh-Hans", "灯杆", "names.en", "Post", "sort", "complaint", "grade", "general", "first", "community", "icon", "lamp", "public", "on",
		"promise.zh-Hans", "三天内换好", "accept.n", "3", "accept.unit", "hour", "ask1.code", "when", "ask1.kind", "choice", "ask1.zh-Hans", "什么时候？"}
	x.want(k.post("/admin/categories/add", 422, append(good, "ask1.choices", "night\n")...), `id="e-ask1.choices"`, "什么时候？")
	k.post("/admin/categories/add", 303, append(good, "ask1.choices", "day 白天\r\nnight 半夜 / 半夜 / At night")...)
	x.want(k.post("/admin/categories/add", 422, append(good, "ask1.choices", "day 白天")...), "灯杆")
	post := "/admin/categories/c/facility.post"
	p = k.get(post, 200)
	x.want(p, "三天内换好", "night 半夜 / 半夜 / At night", `value="3"`)
	rev := x.hidden(p, "rev")
	k.post(post, 303, append(good, "rev", rev, "ask1.choices", "day 白天", "retired", "on")...)
	x.lack(k.get("/admin/categories", 200), "灯杆")
	x.want(k.post(post, 422, append(good, "rev", rev, "ask1.choices", "day 白天")...), "灯杆")

	x.want(k.post("/admin/limits", 422, "danger.accept.n", "bald", "danger.accept.unit", "hour"), `id="e-danger.accept.n"`, `value="bald"`)
	k.post("/admin/limits", 303, "danger.accept.n", "2", "danger.accept.unit", "hour")
	x.want(k.get("/admin/limits", 200), `name="danger.accept.n" value="2"`)

	x.want(k.post("/admin/texts/add", 422, "act", "shout", "words.zh-Hans", "", "words.en", "Done."), `id="e-act"`, `id="e-words.zh-Hans"`, "Done.")
	k.post("/admin/texts/add", 303, "act", "handle", "category", "facility.lamp", "place", "0", "words.zh-Hans", "灯泡换好了。")
	p = k.get("/admin/texts", 200)
	at := regexp.MustCompile(`href="(/admin/texts/\d+)">灯泡换好了`).FindStringSubmatch(p)
	k.everyScript(at[1])
	k.post(at[1], 303, "act", "handle", "words.zh-Hans", "灯换好了。")
	x.want(k.get("/admin/texts", 200), "灯换好了。")
	k.post(at[1], 303, "drop", "on")
	x.lack(k.get("/admin/texts", 200), "灯换好了。")
	k.get(at[1], 404)

	r := k.do("GET", "/admin/categories/file.json", nil, "")
	book, _ := io.ReadAll(r.Body)
	x.want(k.send("/admin/categories/import", 422, "", ""), `id="e-file"`)
	x.want(k.send("/admin/categories/import", 422, "b.json", "[]"), `id="e-file"`)
	k.send("/admin/categories/import", 303, "b.json", string(book))
	x.want(k.get("/admin/categories", 200), "路灯不亮")
}

func TestWhatMustBeWatched(t *testing.T) {
	x := newHouse(t)
	x.s.Letters.Via = []notify.Channel{mute("sms"), mute("email")}
	k := x.chief()
	k.everyScript("/admin", "/admin/erasures", "/admin/keeping", "/admin/channels", "/admin/abuse", "/admin/audit")

	w, wang := x.resident("wang@example.cn")
	w.post("/me/data/erase", 303)
	x.want(k.get("/admin", 200), `<a href="/admin/erasures">1</a>`)
	p := k.get("/admin/erasures", 200)
	x.want(p, "w***@example.cn")
	wish := regexp.MustCompile(`href="(/admin/erasures/\d+)"`).FindStringSubmatch(p)[1]
	k.everyScript("/admin/erasures", wish)
	x.want(k.post(wish+"/refuse", 422, "reason", ""), `id="e-reason"`)
	k.post(wish+"/refuse", 303, "reason", "open_issue")
	x.want(w.get("/me/data", 200), "没有删：还有没办完的事")
	k.get(wish, 404)
	w.post("/me/data/erase", 303)
	wish = regexp.MustCompile(`href="(/admin/erasures/\d+)"`).FindStringSubmatch(k.get("/admin/erasures", 200))[1]
	k.post(wish+"/do", 303)
	w.get("/me/data", 403)
	x.want(k.get("/admin/people/"+idText(wang), 200), "本人要求删掉")

	p = k.get("/admin/keeping", 200)
	all := func(contact string) []string {
		f := []string{}
		for _, kind := range []string{"contact", "account", "block", "consent", "erasure"} {
			f = append(f, "rev."+kind, x.hidden(p, "rev."+kind), "days."+kind, "365")
		}
		return append(f[:3], append([]string{contact}, f[4:]...)...)
	}
	x.want(k.post("/admin/keeping", 422, all("lange")...), `id="e-days.contact"`, `value="lange"`)
	k.post("/admin/keeping", 303, all("40")...)
	x.want(k.get("/admin/keeping", 200), `name="days.contact" value="40"`)
	x.want(k.post("/admin/keeping", 422, all("41")...), "打开太久", `value="41"`)

	x.want(k.post("/admin/abuse", 422, "kind", "nose", "value", "13900139000", "until", "x"), `id="e-kind"`, `id="e-until"`, `value="13900139000"`)
	x.want(k.post("/admin/abuse", 422, "kind", "person", "value", "wang", "reason", "spam"), `id="e-value"`, `value="wang"`)
	x.want(k.post("/admin/abuse", 422, "kind", "phone", "value", "", "reason", "spam"), `id="e-value"`)
	k.post("/admin/abuse", 303, "kind", "phone", "value", "13900139000", "reason", "spam", "place", "0", "until", "2026-12-24")
	k.everyScript("/admin/abuse")
	p = k.get("/admin/abuse", 200)
	x.want(p, "广告和灌水", "12月24日", "给一个号码或邮箱发验证码")
	x.lack(p, "13900139000")
	k.post("/admin/abuse/lift", 303, "block", x.hidden(p, "block"))
	x.want(k.post("/admin/abuse/lift", 422, "block", x.hidden(p, "block")), "已经结束了")

	if _, err := db.Do(t.Context(), x.s.DB, func(tx *db.Tx) (int64, error) {
		if err := job.Put(tx, tx.Now(), notify.Deliver{Letter: 7}); err != nil {
			return 0, err
		}
		return tx.Exec(`update job set dead = true, tries = 5, err = 'notify.down'`)
	}); err != nil {
		t.Fatal(err)
	}
	k.everyScript("/admin/channels")
	p = k.get("/admin/channels", 200)
	x.want(p, "notify.deliver", "放弃了", "短信")
	k.post("/admin/channels/again", 303, "job", x.hidden(p, "job"))
	k.post("/admin/channels/drop", 404, "job", x.hidden(p, "job"))

	if _, err := (&audit.Sealer{DB: x.s.DB, Log: x.s.Log}).All(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.post("/admin/abuse", 303, "kind", "phone", "value", "13900139000", "reason", "test", "place", "0")
	p = k.get("/admin/audit", 200)
	x.want(p, "people.block.lift", "job.again", "people.erase", "还没封")
	k.everyScript("/admin/audit")
}

func TestNoticesArePutUpAndTakenDown(t *testing.T) {
	x := newHouse(t)
	li, _ := x.s.People.AddPerson(t.Context(), sys, people.Contact{Name: "李强", Phone: "13700137000"})
	if _, err := x.s.People.GiveGrant(t.Context(), sys, people.Grant{Role: who.CommunityStaff, Place: x.towns["community"].ID, Person: li.ID}); err != nil {
		t.Fatal(err)
	}
	k := x.caller(x.open(li.ID))
	k.everyScript("/admin", "/admin/notices", "/admin/notices/add")
	x.want(k.post("/admin/notices/add", 422, "place", idText(x.towns["community"].ID), "title.zh-Hans", "停水", "body.zh-Hans", "", "until", "x"), `value="停水"`, `id="e-until"`)
	x.want(k.post("/admin/notices/add", 422, "place", idText(x.towns["community"].ID), "title.zh-Hans", "停水", "body.zh-Hans", ""), `value="停水"`, `id="e-body.zh-Hans"`)
	x.want(k.post("/admin/notices/add", 422, "title.zh-Hans", ""), `id="e-title.zh-Hans"`, `id="e-place"`)
	k.post("/admin/notices/add", 403, "place", idText(x.towns["subdistrict"].ID), "title.zh-Hans", "停水", "body.zh-Hans", "明天")
	k.post("/admin/notices/add", 303, "place", idText(x.towns["community"].ID), "title.en", "No water", "body.en", "Tomorrow")
	k.post("/admin/notices/add", 303, "place", idText(x.towns["community"].ID), "title.zh-Hans", "停水", "body.zh-Hans", "明天上午", "title.en", "No water", "body.en", "Tomorrow")
	p := k.get("/admin/notices", 200)
	x.want(p, "停水", "贴着")
	at := regexp.MustCompile(`href="(/admin/notices/\d+)">停水`).FindStringSubmatch(p)[1]
	p = k.get(at, 200)
	rev := x.hidden(p, "rev")
	k.post(at, 303, "rev", rev, "title.zh-Hans", "停水改期", "body.zh-Hans", "后天")
	x.want(k.post(at, 422, "rev", rev, "title.zh-Hans", "停水又改期", "body.zh-Hans", "后天"), "停水又改期", "打开太久")
	k.everyScript(at, "/admin/notices")
	x.want(k.post(at+"/withdraw", 422, "rev", rev), "打开太久")
	k.post(at+"/withdraw", 303, "rev", x.hidden(k.get(at, 200), "rev"))
	x.want(k.get(at, 200), "只留着备查")
	x.want(k.get("/admin/notices", 200), "撤下了")
	// Somebody of another place neither sees nor changes it.
	zhao, _ := x.s.People.AddPerson(t.Context(), sys, people.Contact{Name: "赵云", Phone: "13700137001"})
	x.s.People.GiveGrant(t.Context(), sys, people.Grant{Role: who.CommunityStaff, Place: x.towns["building"].ID, Person: zhao.ID})
	z := x.caller(x.open(zhao.ID))
	z.get(at, 404)
	x.lack(z.get("/admin/notices", 200), "停水")
}

func TestWhatWasPutAwayAsSpamIsFoundAgain(t *testing.T) {
	x := newHouse(t)
	if _, err := x.s.Issues.Seed(t.Context(), sys); err != nil {
		t.Fatal(err)
	}
	li, _ := x.s.People.AddPerson(t.Context(), sys, people.Contact{Name: "李强", Phone: "13700137000"})
	if _, err := x.s.People.GiveGrant(t.Context(), sys, people.Grant{Role: who.CommunityStaff, Place: x.towns["community"].ID, Person: li.ID}); err != nil {
		t.Fatal(err)
	}
	r, err := x.s.Issues.Report(t.Context(), who.Actor{Via: who.Web}, issue.Report{Key: "s", Channel: issue.ByWeb, Category: "facility", Text: "便宜药，加我", Place: x.towns["building"].ID})
	if err != nil {
		t.Fatal(err)
	}
	k := x.caller(x.open(li.ID))
	x.want(k.get("/admin/abuse", 200), "没有收起的")
	by, _, err := x.s.People.SessionActor(t.Context(), k.cookies["session"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.s.Issues.Move(t.Context(), by, issue.Move{Issue: r.Issue.ID, Act: issue.ActSpam, Rev: r.Issue.Rev}); err != nil {
		t.Fatal(err)
	}
	x.want(k.get("/admin/abuse", 200), "/desk/i/"+r.Issue.No, "便宜药")
	x.want(k.get("/desk/i/"+r.Issue.No, 200), "不是乱发，恢复")
}

// A category keeps as many questions as it has, and is given more without anything typed being lost.
func TestACategoryHasAnyNumberOfQuestions(t *testing.T) {
	x := newHouse(t)
	if _, err := x.s.Issues.Seed(t.Context(), clerk); err != nil {
		t.Fatal(err)
	}
	k := x.chief()
	form := []string{"code", "facility.swing", "under", "facility", "icon", "lamp", "sort", "help_request", "grade", "general", "first", "neighbourhood", "names.zh-Hans", "秋千"}
	x.want(k.get("/admin/categories/add?under=facility", 200), `name="ask1.code"`, `name="more"`)
	x.lack(k.get("/admin/categories/add?under=facility", 200), `name="ask2.code"`)
	for i := 1; i <= 6; i++ {
		n := strconv.Itoa(i)
		form = append(form, "ask"+n+".code", "q"+n, "ask"+n+".kind", "yesno", "ask"+n+".zh-Hans", "第"+n+"问")
	}
	p := k.post("/admin/categories/add", 200, append(form, "more", "1", "rank", "zuerst")...)
	x.want(p, `name="ask7.code"`, `value="第6问"`, `value="q1"`, `value="秋千"`, `value="zuerst"`, "<details open>")
	x.lack(p, `name="ask8.code"`, "errs-title")
	k.post("/admin/categories/add", 303, append(form, "ask7.code", "")...)
	path := "/admin/categories/c/facility.swing"
	p = k.get(path, 200)
	x.want(p, `value="第6问"`, `name="ask7.code"`)
	x.want(k.post(path, 200, append(form, "rev", x.hidden(p, "rev"), "more", "1", "ask7.code", "", "ask7.zh-Hans", "还有")...), `name="ask8.code"`, `value="还有"`, `value="第6问"`)
	k.post(path, 303, append(form, "rev", x.hidden(p, "rev"), "names.en", "Swing")...)
	got, err := x.s.Issues.Category(t.Context(), "facility.swing")
	if err != nil || len(got.Asks) != 6 || got.Asks[5].Code != "q6" {
		t.Errorf("kept %d questions: %v", len(got.Asks), err)
	}
	k.everyScript(path)
}

func TestHowOftenIsChangedInTheAdministration(t *testing.T) {
	x := newHouse(t)
	k := x.chief()
	k.everyScript("/admin/abuse")
	p := k.get("/admin/abuse", 200)
	form := []string{"rev", x.hidden(p, "rev")}
	ls, _, err := x.s.People.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range ls {
		if l.Name != "sends" {
			form = append(form, l.Name, strconv.Itoa(l.N))
		}
	}
	x.want(k.post("/admin/abuse/rates", 422, append(form, "sends", "viele")...), `id="e-sends"`, `value="viele"`)
	x.want(k.post("/admin/abuse/rates", 422, append(form, "sends", "100000")...), `id="e-sends"`, `value="100000"`, "12 到 600")
	k.post("/admin/abuse/rates", 303, append(form, "sends", "90")...)
	x.want(k.get("/admin/abuse", 200), `name="sends" value="90"`)
	x.want(k.post("/admin/abuse/rates", 422, append(form, "sends", "70")...), "这一页打开太久了")
	x.want(k.get("/admin/audit", 200), "改了次数上限")
}

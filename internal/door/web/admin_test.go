package web

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"
	"testing"
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
}

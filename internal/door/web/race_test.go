package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/gif"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/door/gate"
	"github.com/linli-town/linli/internal/testkit"
)

// atOnce sends n requests at the same moment and counts the answers.
func atOnce(n int, send func(i int) *httptest.ResponseRecorder) (by map[int]int, all []*httptest.ResponseRecorder) {
	by, all = map[int]int{}, make([]*httptest.ResponseRecorder, n)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			all[i] = send(i)
		})
	}
	close(begin)
	wg.Wait()
	for _, w := range all {
		by[w.Code]++
	}
	return by, all
}

// What may happen once happens once, however many press at the same moment: one report of
// a form, one who takes an issue up, one answer of the reporter, one session for a code.
func TestOnceIsOnceForAllWhoPressTogether(t *testing.T) {
	t.Parallel()
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		tn := townOn(t, d)
		ctx := t.Context()
		count := func(q string, args ...any) (n int64) {
			t.Helper()
			n, err := db.See(ctx, d, func(tx *db.Tx) (int64, error) {
				return db.One(tx, "", func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, q, args...)
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}

		f := fields(tn.want(200, "GET", "/report", "", nil), "/report")
		f.Set("text", "路灯不亮")
		f.Set("category", "facility")
		f = fields(tn.want(200, "POST", "/report", "", f), "/report")
		f.Set("estate", strconv.FormatInt(int64(tn.estate.ID), 10))
		f = fields(tn.want(200, "POST", "/report", "", f), "/report/send")
		got, all := atOnce(64, func(int) *httptest.ResponseRecorder { return tn.ask("POST", "/report/send", "", f) })
		if n := count(`select count(*) from issue`); n != 1 || got[303] != 64 {
			t.Errorf("one form, sent 64 times: %d reports, answers %v", n, got)
		}
		link, _, _ := strings.Cut(all[0].Header().Get("Location"), "?")
		no := regexp.MustCompile(`\d{6}-\d{4}`).FindString(tn.want(200, "GET", link, "", nil))

		page := tn.want(200, "GET", "/desk/i/"+no, tn.chair, nil)
		act := fields(page, "/desk/i/"+no+"/accept")
		got, all = atOnce(12, func(i int) *httptest.ResponseRecorder {
			return tn.ask("POST", "/desk/i/"+no+"/accept", []string{tn.chair, tn.staff}[i%2], act)
		})
		if got[303] != 1 || got[422] != 11 || count(`select count(*) from entry where act = 'accept'`) != 1 {
			t.Errorf("twelve take it up: %v", got)
		}
		for _, w := range all {
			if w.Code == 422 && !strings.Contains(w.Body.String(), "刚才有人先办了一步") && !strings.Contains(w.Body.String(), "这件事现在走不到这一步") {
				t.Errorf("who came too late is not told so: %s", brief(w.Body.String()))
			}
		}
		tn.act(tn.chair, no, "handle", url.Values{"text": {"换了灯泡"}, "outcome": {"solved"}})
		tn.act(tn.staff, no, "pass", nil)
		said := fields(tn.want(200, "GET", link, "", nil), link+"/confirm")
		said.Set("rating", "5")
		got, _ = atOnce(16, func(int) *httptest.ResponseRecorder { return tn.ask("POST", link+"/confirm", "", said) })
		if n := count(`select count(*) from entry where act = 'confirm'`); n != 1 || got[303] == 0 || got[303]+got[422] != 16 {
			t.Errorf("confirmed %d times, answers %v", n, got)
		}

		var code string
		tn.s.People.Send = func(_ *db.Tx, _ people.Contact, _, c string) error { code = c; return nil }
		ticket := tn.ask("POST", "/in", "", url.Values{"address": {"wang@example.cn"}}).Result().Cookies()
		before := count(`select count(*) from session`)
		got, _ = atOnce(64, func(int) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", "/in/code", strings.NewReader("code="+code))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range ticket {
				r.AddCookie(c)
			}
			w := httptest.NewRecorder()
			tn.h.ServeHTTP(w, r)
			return w
		})
		if n := count(`select count(*) from session`) - before; n != 1 || got[303] != 1 || got[303]+got[422]+got[429] != 64 {
			t.Errorf("a code opened %d sessions, answers %v", n, got)
		}
	})
}

// zoo are files that are no photos of a phone, or more than one.
func zoo(t *testing.T) map[string][]byte {
	t.Helper()
	phone, err := os.ReadFile("../../base/blob/testdata/phone.jpg") // with Exif and a position
	if err != nil {
		t.Fatal(err)
	}
	var moving bytes.Buffer
	frame := func(c color.Color) *image.Paletted {
		return image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{c, color.White})
	}
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame(color.Black), frame(color.White)}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	png := func(w, h uint32) []byte { // a head that promises much
		b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
		for _, n := range []uint32{w, h} {
			b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		}
		return append(b, 8, 6, 0, 0, 0, 1, 2, 3, 4)
	}
	broken := bytes.Clone(phone)
	for i := 12; i < 60; i++ {
		broken[i] ^= 0xff
	}
	return map[string][]byte{
		"photo": phone, "with a page behind": append(bytes.Clone(phone), "<html><script>alert(1)</script>"...), "with an archive behind": append(bytes.Clone(phone), "PK\x03\x04evil"...),
		"broken notes": broken, "moving": moving.Bytes(), "vector": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "page": []byte("<html><script>alert(1)</script>"),
		"page that begins as a GIF": []byte("GIF89a/*<script>*/=1;alert(1)"), "cut": phone[:len(phone)/3], "head only": phone[:4], "bomb": png(60000, 60000), "bomb that lies": png(6000, 6000), "program": []byte("MZ\x90\x00\x03"),
		"empty": {}, "30 MB": bytes.Repeat([]byte{0xff, 0xd8}, 15<<20),
	}
}

// Through every door that takes photos: what is none is refused in words, and what is kept is a
// picture drawn anew, without place and phone, served as one and nothing else.
func TestOnlyPicturesComeThroughTheDoors(t *testing.T) {
	t.Parallel()
	k := newCrowd(t)
	photos := map[string]bool{"photo": true, "with a page behind": true, "with an archive behind": true, "broken notes": true, "moving": true, "empty": true}
	send := func(path, session string, v url.Values, field, name string, files ...[]byte) *httptest.ResponseRecorder {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for n, vs := range v {
			w.WriteField(n, vs[0])
		}
		for _, f := range files {
			p, _ := w.CreateFormFile(field, name)
			p.Write(f)
		}
		w.Close()
		return k.send("POST", path, session, w.FormDataContentType(), &b)
	}
	zoo := zoo(t)
	doors := 0
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		if !r.Upload || method != "POST" {
			continue
		}
		doors++
		for name, b := range zoo {
			if name == "30 MB" && path != "/report" {
				continue
			}
			w := send(path, k.in["staff"], url.Values{"text": {"灯"}, "category": {"facility"}, "key": {name}}, "photo", `../../a.jpg"; x="<xss>.php`, b)
			if w.Code >= 500 {
				t.Errorf("%s takes a file (%s): %d", r.Pattern, name, w.Code)
			}
			if body := w.Body.String(); strings.Contains(body, "<xss>") || strings.Contains(body, "alert(1)</script>") {
				t.Errorf("%s shows the name or the insides of a file (%s)", r.Pattern, name)
			}
		}
	}
	if doors < 4 {
		t.Errorf("%d doors take photos", doors)
	}
	start := func() url.Values {
		f := fields(k.want(200, "GET", "/report", "", nil), "/report")
		f.Set("text", "垃圾没清")
		f.Set("category", "waste")
		return f
	}
	kept := regexp.MustCompile(`name="photos" value="([0-9a-f]{32})"`)
	names := func(w *httptest.ResponseRecorder) (out []string) { // a leaf may hold two forms
		for _, m := range kept.FindAllStringSubmatch(w.Body.String(), -1) {
			if !slices.Contains(out, m[1]) {
				out = append(out, m[1])
			}
		}
		return out
	}
	for name, b := range zoo {
		w := send("/report", "", start(), "photo", name+".jpg", b)
		ms := names(w)
		switch {
		case photos[name] && w.Code != 200, !photos[name] && (w.Code != 422 || !strings.Contains(w.Body.String(), "垃圾没清")):
			t.Errorf("%s: %d %s", name, w.Code, brief(w.Body.String()))
		case photos[name] && name != "empty" && len(ms) != 1, !photos[name] && len(ms) != 0:
			t.Errorf("%s: %d kept", name, len(ms))
		case len(ms) == 1:
			p := k.ask("GET", "/p/"+ms[0]+"/1600", "", nil)
			h, body := p.Header(), p.Body.Bytes()
			if p.Code != 200 || h.Get("Content-Type") != "image/jpeg" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s is served as %d %v", name, p.Code, h)
			}
			for _, bad := range []string{"Exif", "GPS", "<script", "PK\x03\x04", "GIF89a", "http://ns.adobe.com"} {
				if bytes.Contains(body, []byte(bad)) {
					t.Errorf("%s still holds %q", name, bad)
				}
			}
		}
	}
	six := send("/report", "", start(), "photo", "a.jpg", zoo["photo"], zoo["moving"], zoo["moving"], zoo["moving"], zoo["moving"], zoo["moving"])
	if n := len(names(six)); six.Code != 422 || n != photosMost {
		t.Errorf("six photos: %d, %d kept", six.Code, n)
	}
	other := send("/report", "", start(), "attachment", "a.jpg", zoo["photo"])
	if other.Code != 200 || len(names(other)) > 0 {
		t.Errorf("a photo in another field: %d", other.Code)
	}
	if w := send("/find", "", url.Values{"no": {"1"}}, "photo", "a.jpg", bytes.Repeat([]byte("x"), 2<<20)); w.Code != 413 {
		t.Errorf("2 MB at a door that takes no photos: %d", w.Code)
	}
}

// Under TLS every cookie is bound to this host, to TLS and to HTTP; a session is new after
// signing in, whatever the browser brought, and nobody sets one from outside.
func TestCookiesAreShutUnderTLS(t *testing.T) {
	k := newCrowd(t)
	var code string
	k.s.People.Send = func(_ *db.Tx, _ people.Contact, _, c string) error { code = c; return nil }
	g := &gate.Gate{Routes: k.s.Routes(), Refuse: k.s.Refuse, Log: k.s.Log, Zone: k.s.Town.Zone, Now: k.s.DB.Now, TLS: true,
		Actor: func(ctx context.Context, token string) (who.Actor, error) {
			a, _, err := k.s.People.SessionActor(ctx, token)
			return a, err
		}}
	h, seen := g.Handler(), map[string]bool{}
	send := func(method, path string, form url.Values, cookies ...*http.Cookie) *http.Response {
		r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			seen[c.Name] = true
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s %s: %s", method, path, c)
			}
		}
		if w.Header().Get("Strict-Transport-Security") == "" {
			t.Errorf("%s %s: no HSTS", method, path)
		}
		return w.Result()
	}
	for _, r := range k.s.Routes() {
		method, path := k.door(r)
		send(method, path, url.Values{"size": {"elder"}, "lang": {"en"}, "theme": {"night"}, "address": {"wang@example.cn"}}, &http.Cookie{Name: "__Host-session", Value: k.again("resident")})
	}
	if path := "/desk"; send("GET", path, nil, &http.Cookie{Name: "session", Value: k.again("staff")}).StatusCode != 403 {
		t.Error("a cookie without __Host- signs in under TLS")
	}

	// Fixation: the browser brings a session that somebody else made.
	planted := k.again("resident")
	res := send("POST", "/in", url.Values{"address": {"li@example.cn"}}, &http.Cookie{Name: "__Host-session", Value: planted})
	ticket := res.Cookies()[0]
	res = send("POST", "/in/code", url.Values{"code": {code}}, ticket, &http.Cookie{Name: "__Host-session", Value: planted})
	var session *http.Cookie
	for _, c := range res.Cookies() {
		if c.Name == "__Host-session" {
			session = c
		}
	}
	if res.StatusCode != 303 || session == nil || session.Value == planted || len(session.Value) < 22 {
		t.Fatalf("signed in: %d, %v", res.StatusCode, session)
	}
	mine, _, err := k.s.People.SessionActor(t.Context(), session.Value)
	if err != nil || mine.ID == k.who["resident"] {
		t.Errorf("signed in as %v %v", mine.ID, err)
	}
	if !seen["__Host-session"] || !seen["__Host-ticket"] || !seen["__Host-size"] || !seen["__Host-lang"] {
		t.Errorf("cookies seen: %v", seen)
	}
	for _, back := range []string{"//evil.example", "/\t/evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example"} {
		for _, path := range []string{"/look", "/out", "/in"} {
			if l := send("POST", path, url.Values{"back": {back}, "address": {"li@example.cn"}}).Header.Get("Location"); l != "" && !gate.Local(l) {
				t.Errorf("%s with %q leads to %q", path, back, l)
			}
		}
	}
}

package gate_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/door/gate"
)

type in struct {
	No      string    `json:"no"`
	Rev     int64     `json:"rev"`
	Lat     float64   `json:"lat"`
	Urgent  bool      `json:"urgent"`
	Photos  []string  `json:"photos"`
	Until   time.Time `json:"until"`
	Contact struct {
		Phone string `json:"phone"`
	} `json:"contact"`
	Secret string
}

var town = time.FixedZone("CST", 8*3600)

func serve(t *testing.T, log io.Writer, routes ...gate.Route) http.Handler {
	t.Helper()
	g := &gate.Gate{
		Routes: routes,
		Actor: func(_ context.Context, token string) (who.Actor, error) {
			switch token {
			case "chair":
				return who.Actor{ID: 7, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/1/"}}}, nil
			case "broken":
				return who.Actor{}, errors.New("disk")
			case "away":
				return who.Actor{}, fail.New(fail.Busy, "db.away")
			}
			return who.Actor{}, fail.New(fail.Denied, "fail.sign_in")
		},
		Refuse: func(c *gate.Ctx, status int, err error) {
			c.W.Header().Set("Content-Type", "text/plain")
			c.W.WriteHeader(status)
			io.WriteString(c.W, c.Words.Err(err, c.Ref))
		},
		Log: slog.New(slog.NewJSONHandler(log, nil)), Zone: town, Now: time.Now,
		Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	return g.Handler()
}

func TestFormFillsTheStruct(t *testing.T) {
	var got in
	h := serve(t, io.Discard, gate.Route{Pattern: "POST /i/{no}", Serve: func(c *gate.Ctx) error { return c.Read(&got) }})
	body := url.Values{"rev": {"3"}, "lat": {" 32.5"}, "urgent": {"on"}, "photos": {"a", "b"}, "until": {"2026-11-25T09:00"}, "contact.phone": {"139"}, "Secret": {"x"}, "button": {"1"}}
	r := httptest.NewRequest("POST", "/i/260622-0017", strings.NewReader(body.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	want := in{No: "260622-0017", Rev: 3, Lat: 32.5, Urgent: true, Photos: []string{"a", "b"}, Until: time.Date(2026, 11, 25, 9, 0, 0, 0, town)}
	want.Contact.Phone = "139"
	if diff := cmp.Diff(want, got); w.Code != 200 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", w.Code, diff)
	}
}

func TestDoors(t *testing.T) {
	var log strings.Builder
	h := serve(t, &log,
		gate.Route{Pattern: "GET /open", Serve: func(c *gate.Ctx) error { _, err := io.WriteString(c.W, c.Words.T("act.go_on")); return err }},
		gate.Route{Pattern: "POST /open", Serve: func(c *gate.Ctx) error { return c.Read(&in{}) }},
		gate.Route{Pattern: "GET /mine", Signed: true, Serve: func(c *gate.Ctx) error { return nil }},
		gate.Route{Pattern: "GET /move", Need: who.IssueMove, Serve: func(c *gate.Ctx) error { return nil }},
		gate.Route{Pattern: "GET /places", Need: who.PlaceEdit, Serve: func(c *gate.Ctx) error { return nil }},
		gate.Route{Pattern: "GET /fault", Serve: func(c *gate.Ctx) error { return errors.New("secret table issue") }},
		gate.Route{Pattern: "GET /panic", Serve: func(c *gate.Ctx) error { panic("secret") }},
		gate.Route{Pattern: "GET /away", Serve: func(c *gate.Ctx) error { return c.To("//evil.example/x") }},
		gate.Route{Pattern: "GET /addr", Serve: func(c *gate.Ctx) error { _, err := io.WriteString(c.W, c.Addr); return err }},
	)
	for name, tt := range map[string]struct {
		method, path string
		head         map[string]string
		status       int
		want         string
	}{
		"open":              {"GET", "/open", nil, 200, "继续"},
		"english by path":   {"GET", "/en/open", nil, 200, "Continue"},
		"hant by cookie":    {"GET", "/open", map[string]string{"Cookie": "lang=zh-Hant"}, 200, "繼續"},
		"english by wish":   {"GET", "/open", map[string]string{"Accept-Language": "en"}, 200, "Continue"},
		"nobody":            {"GET", "/mine", nil, 403, "请先登录"},
		"old session":       {"GET", "/mine", map[string]string{"Cookie": "session=old"}, 403, "请先登录"},
		"chair":             {"GET", "/mine", map[string]string{"Cookie": "session=chair"}, 200, ""},
		"chair moves":       {"GET", "/move", map[string]string{"Cookie": "session=chair"}, 200, ""},
		"chair edits place": {"GET", "/places", map[string]string{"Cookie": "session=chair"}, 403, "权限"},
		"session fault":     {"GET", "/open", map[string]string{"Cookie": "session=broken"}, 500, ""},
		"database away":     {"GET", "/open", map[string]string{"Cookie": "session=away"}, 503, ""},
		"missing":           {"GET", "/nowhere", nil, 404, "没有找到"},
		"wrong method":      {"DELETE", "/open", nil, 404, ""},
		"foreign origin":    {"POST", "/open", map[string]string{"Origin": "https://evil.example"}, 403, "不是从我们的页面来的"},
		"cross site":        {"POST", "/open", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, ""},
		"fault":             {"GET", "/fault", nil, 500, "不是您的错"},
		"panic":             {"GET", "/panic", nil, 500, "不是您的错"},
		"away":              {"GET", "/away", nil, 303, ""},
		"forged address":    {"GET", "/addr", map[string]string{"X-Forwarded-For": "1.2.3.4"}, 200, "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, nil)
			for k, v := range tt.head {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tt.status, tt.want)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Error("a fault was shown")
			}
			if l := w.Header().Get("Location"); l != "" && l != "/" {
				t.Errorf("sent away to %s", l)
			}
			if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("X-Content-Type-Options") == "" {
				t.Error("headers are missing")
			}
		})
	}
	for _, p := range []string{"/mine?", "1.2.3.4", "/nowhere"} {
		if strings.Contains(log.String(), p) {
			t.Errorf("the log holds %q", p)
		}
	}
}

func TestProxyIsBelievedOnlyIfTrusted(t *testing.T) {
	h := serve(t, io.Discard, gate.Route{Pattern: "GET /addr", Serve: func(c *gate.Ctx) error { _, err := io.WriteString(c.W, c.Addr); return err }})
	for from, want := range map[string]string{"10.1.1.1:9": "9.9.9.9", "8.8.8.8:9": "8.8.8.8"} {
		r := httptest.NewRequest("GET", "/addr", nil)
		r.RemoteAddr = from
		r.Header.Set("X-Forwarded-For", "1.2.3.4, 9.9.9.9, 10.2.2.2")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Body.String(); got != want {
			t.Errorf("behind %s: %q, want %q", from, got, want)
		}
	}
}

func TestTextIsSqueezed(t *testing.T) {
	h := serve(t, io.Discard, gate.Route{Pattern: "GET /x", Serve: func(c *gate.Ctx) error {
		c.W.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := io.WriteString(c.W, strings.Repeat("邻里", 500))
		return err
	}})
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || len(b) != 3000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestTooLargeAFormIsRefused(t *testing.T) {
	h := serve(t, io.Discard, gate.Route{Pattern: "POST /x", Serve: func(c *gate.Ctx) error { return c.Read(&in{}) }})
	r := httptest.NewRequest("POST", "/x", strings.NewReader("no="+strings.Repeat("x", 2<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d, want 413", w.Code)
	}
}

// Nobody is sent to another house, however the address is dressed up.
func TestOnlyOurOwnPagesAreSentTo(t *testing.T) {
	var to string
	h := serve(t, io.Discard, gate.Route{Pattern: "GET /go", Serve: func(c *gate.Ctx) error { return c.To(to) }})
	for path, want := range map[string]string{
		"/desk?q=1": "/desk?q=1", "": "/", "//evil.example": "/", "https://evil.example": "/", "/\\evil.example": "/", "\\/evil.example": "/", "/\t/evil.example": "/",
		"\t//evil.example": "/", "/\n/evil.example": "/", "/\r/evil.example": "/", "/\x00/evil.example": "/", "/\x7f/evil.example": "/", "javascript:alert(1)": "/", " /x": "/",
		"evil.example": "/", "/./\\evil.example": "/",
	} {
		to = path
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/go", nil))
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", path, got, want)
		}
	}
}

// What no database keeps does not reach one: broken UTF-8, NUL, numbers that are none.
func TestWhatNoDatabaseKeepsStaysOutside(t *testing.T) {
	var got struct {
		No   string   `json:"no"`
		Many []string `json:"many"`
		Lat  float64  `json:"lat"`
	}
	h := serve(t, io.Discard, gate.Route{Pattern: "POST /x", Serve: func(c *gate.Ctx) error { return c.Read(&got) }}, gate.Route{Pattern: "GET /p/{no}", Serve: func(c *gate.Ctx) error { return nil }})
	send := func(kind, body string) int {
		r := httptest.NewRequest("POST", "/x", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	const form, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	for _, b := range []struct{ kind, body string }{
		{form, "no=a%00b%ff&many=%00&many=%c0%80"},
		{multi, "--b\r\nContent-Disposition: form-data; name=\"no\"\r\n\r\na\x00b\xff\r\n--b\r\nContent-Disposition: form-data; name=\"many\"\r\n\r\n\x00\r\n--b--\r\n"},
		{"application/json", `{"no":"a\u0000b` + "\xff" + `"}`},
	} {
		got.No, got.Many = "", nil
		if code := send(b.kind, b.body); code != 200 || got.No != "a�b�" || strings.Trim(strings.Join(got.Many, ""), "�") != "" {
			t.Errorf("%s: %d %q %q", b.kind, code, got.No, got.Many)
		}
	}
	for _, n := range []string{"NaN", "Inf", "-Inf", "1e999"} {
		if code := send(form, "lat="+n); code != 422 {
			t.Errorf("lat %s: %d", n, code)
		}
	}
	for _, p := range []string{"/p/%00", "/p/%ff"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", p, nil))
		if w.Code != 404 {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
}

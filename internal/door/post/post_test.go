package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/testkit"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

var local = Outbound(netip.MustParsePrefix("127.0.0.0/8"))

// No name, no way of writing and no redirect leads inside.
func TestNothingInsideIsReached(t *testing.T) {
	hit := false
	in := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = true }))
	defer in.Close()
	port := strings.TrimPrefix(in.URL, "http://127.0.0.1:")
	c := Outbound()
	for _, u := range []string{"http://127.0.0.1:" + port, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port,
		"http://[::1]:" + port, "http://[::]:" + port, "http://127.1:" + port, "http://[64:ff9b::7f00:1]/", "http://127.0.0.1/", "http://[::127.0.0.1]/"} {
		if r, err := c.Get(u); err == nil {
			r.Body.Close()
			t.Errorf("%s passed", u)
		}
	}
	for a, want := range map[string]bool{
		"127.0.0.1:80": false, "10.1.2.3:443": false, "172.20.0.1:80": false, "192.168.1.1:80": false, "169.254.169.254:80": false, "100.100.0.1:80": false,
		"[::1]:443": false, "[fd00::1]:443": false, "[fe80::1%eth0]:443": false, "[::ffff:10.0.0.1]:443": false, "[64:ff9b::a00:1]:443": false, "[2002:a00:1::]:80": false, "[fec0::1]:80": false,
		"224.0.0.1:80": false, "255.255.255.255:80": false, "0.0.0.0:80": false, "8.8.8.8:22": false, "8.8.8.8:25": false,
		"8.8.8.8:443": true, "223.5.5.5:80": true, "[2400:3200::1]:443": true,
	} {
		if err := reach(a, nil); (err == nil) != want {
			t.Errorf("%s: %v", a, err)
		}
	}
	out := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://[::1]:"+port+"/", http.StatusFound)
	}))
	defer out.Close()
	if r, err := local.Get(out.URL); err == nil {
		r.Body.Close()
		t.Error("the redirect passed")
	} else if !errors.Is(err, errInside) {
		t.Errorf("refused elsewhere: %v", err)
	}
	if hit {
		t.Error("the inner server was reached")
	}
}

func TestRedirectsEnd(t *testing.T) {
	hits := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits++; http.Redirect(w, r, "/", http.StatusFound) }))
	defer s.Close()
	if r, err := local.Get(s.URL); err == nil {
		r.Body.Close()
		t.Error("no end")
	}
	if hits != 4 {
		t.Errorf("%d calls, want the first and three more", hits)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	h := testkit.Gateway(t)
	h.Answer = func(w http.ResponseWriter, _ testkit.Call) {
		for range 100 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	b, err := call(t.Context(), local, h.URL, "text/plain", nil, nil)
	if err != nil || len(b) != most {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

var letter = notify.Message{ID: 77, Subject: "您报的事 260622-0017\r\nBcc: all@example.cn", Text: "办好了吗？\n.\n看这里", Foot: "青桥。不想再收", Stop: "https://t.example/mail/stop?t=abc", Lang: "zh-Hans"}

func mailer(t *testing.T, s *testkit.MailServer) *Mail {
	t.Helper()
	m, err := NewMail("smtp://linli:secret@"+s.Addr+"?tls=none", "邻里 <linli@example.cn>")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailArrivesWhole(t *testing.T) {
	s := testkit.SMTP(t)
	ref, err := mailer(t, s).Send(t.Context(), notify.Address{To: "wang@example.cn"}, letter)
	if err != nil || ref != "77@example.cn" {
		t.Fatal(ref, err)
	}
	ms := s.Mails()
	if len(ms) != 1 || ms[0].From != "linli@example.cn" || !cmp.Equal(ms[0].To, []string{"wang@example.cn"}) {
		t.Fatalf("%+v", ms)
	}
	m, err := mail.ReadMessage(strings.NewReader(ms[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	dec := new(mime.WordDecoder)
	subject, err := dec.DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "您报的事 260622-0017 Bcc: all@example.cn" || m.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, bcc %q, %v", subject, m.Header.Get("Bcc"), err)
	}
	for k, want := range map[string]string{"Message-Id": "<77@example.cn>", "List-Unsubscribe": "<https://t.example/mail/stop?t=abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated"} {
		if got := m.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	body, err := io.ReadAll(decoded(m))
	if err != nil || strings.ReplaceAll(string(body), "\r\n", "\n") != "办好了吗？\n.\n看这里\n\n-- \n青桥。不想再收\n" {
		t.Errorf("body %q %v", body, err)
	}
}

// What the mail server says decides whether to try again, go another way, or let it be.
func TestWhatMailServersSay(t *testing.T) {
	for name, tt := range map[string]struct {
		at, say string
		want    error // nil: open
	}{
		"no such user":           {"RCPT", "550 5.1.1 no such user", notify.ErrRefused},
		"box full for now":       {"RCPT", "452 4.2.2 full", notify.ErrNotSent},
		"we may not send":        {"MAIL", "550 5.7.1 no", notify.ErrNotSent},
		"wrong password":         {"AUTH", "535 5.7.8 no", notify.ErrNotSent},
		"content refused":        {".", "554 5.7.1 spam", notify.ErrRefused},
		"busy after the content": {".", "451 4.3.0 later", notify.ErrNotSent},
		"silence at the end":     {".", "hang up", nil},
		"gone at once":           {"EHLO", "hang up", notify.ErrNotSent},
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.SMTP(t)
			s.Say = func(line string) string {
				if strings.HasPrefix(strings.ToUpper(line), tt.at) {
					return tt.say
				}
				return ""
			}
			_, err := mailer(t, s).Send(t.Context(), notify.Address{To: "wang@example.cn"}, letter)
			if err == nil || errors.Is(err, notify.ErrRefused) != (tt.want == notify.ErrRefused) || errors.Is(err, notify.ErrNotSent) != (tt.want == notify.ErrNotSent) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if len(s.Mails()) != 0 {
				t.Error("it arrived")
			}
		})
	}
	for _, to := range []string{"", "wang", "a@example.cn, b@example.cn", "王 <wang@example.cn>", "a@example.cn\r\nRCPT TO:<b@example.cn>"} {
		if _, err := mailer(t, &testkit.MailServer{Addr: "127.0.0.1:1"}).Send(t.Context(), notify.Address{To: to}, letter); !errors.Is(err, notify.ErrRefused) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if _, err := mailer(t, &testkit.MailServer{Addr: "127.0.0.1:1"}).Send(t.Context(), notify.Address{To: "wang@example.cn"}, letter); !errors.Is(err, notify.ErrNotSent) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestMailServersMustSpeakTLS(t *testing.T) {
	s := testkit.SMTP(t)
	m, err := NewMail("smtp://linli:secret@"+s.Addr, "linli@example.cn")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Send(t.Context(), notify.Address{To: "wang@example.cn"}, letter); !errors.Is(err, notify.ErrNotSent) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "smtp.example.cn", "http://x", "smtp://a:b:c@@"} {
		if _, err := NewMail(bad, "linli@example.cn"); err == nil || strings.Contains(err.Error(), "b:c") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestGateway(t *testing.T) {
	h := testkit.Gateway(t)
	h.Answer = func(w http.ResponseWriter, c testkit.Call) { io.WriteString(w, `{"ref": "g-1", "msgid": 42}`) }
	now := time.Unix(1750564800, 0)
	g, err := NewGateway(h.URL+"/send?app=1", "key", local)
	if err != nil {
		t.Fatal(err)
	}
	g.Now = func() time.Time { return now }
	ref, err := g.Send(t.Context(), notify.Address{To: "+8613800000001"}, notify.Message{ID: 77, Text: `办好了吗？"{to}"`, Lang: "zh-Hans"})
	if err != nil || ref != "g-1" {
		t.Fatal(ref, err)
	}
	c := h.Calls()[0]
	var got map[string]string
	if err := json.Unmarshal([]byte(c.Body), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"id": "77", "to": "+8613800000001", "text": `办好了吗？"{to}"`, "lang": "zh-Hans"}, got); diff != "" {
		t.Error(diff)
	}
	if c.Path != "/send?app=1" || !signed("key", now, c.Header, []byte(c.Body)) || signed("other", now, c.Header, []byte(c.Body)) ||
		signed("key", now.Add(6*time.Minute), c.Header, []byte(c.Body)) || signed("key", now, c.Header, []byte(c.Body+" ")) {
		t.Errorf("%+v", c)
	}

	g, err = NewGateway(h.URL+"/send#form=1&field.mobile={to}&field.content=【邻里】{text}&ref=msgid", "", local)
	if err != nil {
		t.Fatal(err)
	}
	if ref, err = g.Send(t.Context(), notify.Address{To: "+8613800000001"}, notify.Message{ID: 77, Text: "a&b=c"}); err != nil || ref != "42" {
		t.Fatal(ref, err)
	}
	c = h.Calls()[1]
	v, err := url.ParseQuery(c.Body)
	if err != nil || v.Get("mobile") != "+8613800000001" || v.Get("content") != "【邻里】a&b=c" || len(v) != 2 || c.Header.Get("Linli-Signature") != "" {
		t.Errorf("%+v %v", c, err)
	}
	for status, want := range map[int]error{400: notify.ErrRefused, 401: notify.ErrNotSent, 429: notify.ErrNotSent, 302: notify.ErrNotSent, 503: notify.ErrNotSent, 500: nil, 502: nil} {
		h.Answer = func(w http.ResponseWriter, c testkit.Call) { w.Header().Set("Location", h.URL); w.WriteHeader(status) }
		_, err := g.Send(t.Context(), notify.Address{To: "1"}, letter)
		if err == nil || errors.Is(err, notify.ErrRefused) != (want == notify.ErrRefused) || errors.Is(err, notify.ErrNotSent) != (want == notify.ErrNotSent) {
			t.Errorf("%d: %v, want %v", status, err, want)
		}
	}
	if n := len(h.Calls()); n != 9 {
		t.Errorf("%d calls: a redirect was followed", n)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Nanosecond)
	defer stop()
	if _, err := g.Send(ctx, notify.Address{To: "1"}, letter); err == nil || strings.Contains(err.Error(), h.URL) {
		t.Errorf("%v", err)
	}
	g.URL = "http://127.0.0.1:1/?key=secret"
	if _, err := g.Send(t.Context(), notify.Address{To: "1"}, letter); !errors.Is(err, notify.ErrNotSent) || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestReceiptsAreSigned(t *testing.T) {
	g := &Gateway{Key: "key"}
	var got []string
	h := g.Receipts(func(_ context.Context, channel, ref string, arrived bool) error {
		got = append(got, fmt.Sprint(channel, " ", ref, " ", arrived))
		switch ref {
		case "unknown":
			return fail.New(fail.Missing, "notify.letter")
		case "down":
			return errors.New("no database")
		}
		return nil
	})
	ask := func(body string, key string) int {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		for k, v := range sign(key, time.Now(), []byte(body)) {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for body, want := range map[string]int{
		`{"ref":"g-1","state":"delivered"}`:     204,
		`{"id":77,"state":"failed"}`:            204,
		`{"ref":"unknown","state":"delivered"}`: 204,
		`{"ref":"down","state":"delivered"}`:    503,
		`{"ref":"g-1","state":"perhaps"}`:       400,
		`{"state":"delivered"}`:                 400,
		`x`:                                     400,
	} {
		if got := ask(body, "key"); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
	n := len(got)
	if got := ask(`{"ref":"g-1","state":"failed"}`, "other"); got != 403 {
		t.Errorf("%d, want 403", got)
	}
	g.Key = ""
	body := `{"ref":"g-1","state":"failed"}`
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	at := fmt.Sprint(time.Now().Unix())
	r.Header.Set("Linli-Time", at)
	r.Header.Set("Linli-Signature", "v1="+mac("", at, []byte(body)))
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 403 {
		t.Errorf("%d, want 403: without a key nobody is believed", w.Code)
	}
	if len(got) != n || n != 4 {
		t.Errorf("took %q", got)
	}
}

func TestRobots(t *testing.T) {
	h := testkit.Gateway(t)
	for kind, want := range map[string]struct {
		body, query string
	}{
		"wecom":    {`{"msgtype":"text","text":{"content":"超时了"}}`, "key=k"},
		"dingtalk": {`{"msgtype":"text","text":{"content":"超时了"}}`, ""},
		"feishu":   {`{"content":{"text":"超时了"},"msg_type":"text","sign":"SIGN","timestamp":"1750564800"}`, "key=k"},
	} {
		r, err := NewRobot(kind+"+"+h.URL+"/send?key=k#SEC", local)
		if err != nil {
			t.Fatal(err)
		}
		r.now = func() time.Time { return time.Unix(1750564800, 0) }
		if _, err := r.Send(t.Context(), notify.Address{}, notify.Message{Text: "超时了"}); err != nil || r.Name() != kind {
			t.Errorf("%s: %v", kind, err)
		}
		cs := h.Calls()
		c := cs[len(cs)-1]
		switch kind {
		case "wecom":
			if c.Body != want.body || c.Path != "/send?"+want.query {
				t.Errorf("%s: %+v", kind, c)
			}
		case "dingtalk": // the platform's own rule: HMAC under the secret of time, line end, secret
			u, _ := url.Parse(c.Path)
			if c.Body != want.body || u.Query().Get("sign") != seal("SEC", "1750564800000\nSEC") || u.Query().Get("timestamp") != "1750564800000" || u.Query().Get("key") != "k" {
				t.Errorf("%s: %+v", kind, c)
			}
		case "feishu": // and here: HMAC of nothing under time, line end, secret
			if c.Body != strings.Replace(want.body, "SIGN", seal("1750564800\nSEC", ""), 1) {
				t.Errorf("%s: %s", kind, c.Body)
			}
		}
	}
	for body, sent := range map[string]bool{`{"errcode":0,"errmsg":"ok"}`: true, `{"code":0}`: true, `{"errcode":93000}`: false, `{"code":19024,"msg":"x"}`: false, `oops`: false} {
		if err := answer([]byte(body)); (err == nil) != sent {
			t.Errorf("%s: %v", body, err)
		}
	}
	h.Answer = func(w http.ResponseWriter, _ testkit.Call) { w.WriteHeader(404) }
	r, _ := NewRobot("wecom+"+h.URL, local)
	if _, err := r.Send(t.Context(), notify.Address{}, letter); !errors.Is(err, notify.ErrNotSent) || errors.Is(err, notify.ErrRefused) {
		t.Errorf("%v: a robot that is gone must be seen as failing", err)
	}
	for _, bad := range []string{"", "https://example.cn/x", "ftp://oapi.dingtalk.com/", "slack+https://example.cn"} {
		if _, err := NewRobot(bad, local); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
	if r, err := NewRobot("https://open.feishu.cn/open-apis/bot/v2/hook/x", local); err != nil || r.Name() != "feishu" {
		t.Error(err)
	}
}

func TestDemoKeepsTheLast(t *testing.T) {
	d := &Demo{Most: 3}
	sms := d.Channel(notify.SMS)
	for i := range 5 {
		if _, err := sms.Send(t.Context(), notify.Address{To: fmt.Sprint(i % 2)}, notify.Message{Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, k := range d.Sent() {
		got = append(got, k.Channel+k.Msg.Text)
	}
	if want := []string{"sms4", "sms3", "sms2"}; !cmp.Equal(got, want) || len(d.To("1")) != 1 {
		t.Errorf("%q, want %q; %v", got, want, d.To("1"))
	}
}

func TestHeadsElsewhere(t *testing.T) {
	h := testkit.Gateway(t)
	k := HeadHook{URL: h.URL, Key: "key", Client: local}
	if err := k.Keep(t.Context(), audit.Head{Seq: 7, Hash: "ab", At: time.Unix(0, 0).UTC()}); err != nil {
		t.Fatal(err)
	}
	if c := h.Calls()[0]; c.Body != `{"seq":7,"hash":"ab","at":"1970-01-01T00:00:00Z"}` || !signed("key", time.Now(), c.Header, []byte(c.Body)) {
		t.Errorf("%+v", c)
	}
}

func FuzzReceipt(f *testing.F) {
	add := mutate.Adder(f)
	add([]byte(`{"ref":"g-1","state":"delivered"}`))
	add([]byte(`{"id":9223372036854775807,"state":"failed"}`))
	add([]byte(`{"id":1e400,"state":"failed"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, _, err := readReceipt(b); err == nil && (r == "" || len(r) > 100) {
			t.Errorf("%q", r)
		}
		ref(b, "id")
		answer(b)
	})
}

func decoded(m *mail.Message) io.Reader {
	if strings.EqualFold(m.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		return quotedprintable.NewReader(m.Body)
	}
	return m.Body
}

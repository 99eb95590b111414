package app

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/testkit"
)

// A code asked for goes out through the gateway, and a reminder by the mail server.
func TestMessagesLeaveTheHouse(t *testing.T) {
	s, g := testkit.SMTP(t), testkit.Gateway(t)
	tn, err := open(t.Context(), Config{Data: t.TempDir(), Town: "青桥", Zone: "Asia/Shanghai", URL: "https://t.example", Level: "error",
		SMTP: "smtp://" + s.Addr + "?tls=none", From: "linli@example.cn", SMS: g.URL + "/send", SMSKey: "key", SMSDay: 10, Inside: []string{"127.0.0.0/8"}}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer tn.close()
	day := time.Date(2026, 6, 22, 4, 0, 0, 0, time.UTC)
	tn.db.Clock = func() time.Time { return day }
	tn.letters.Words = func(_ *db.Tx, l notify.Letter, _ string) (notify.Message, error) {
		return notify.Message{Subject: "办好了吗？", Text: "好了"}, nil
	}
	tn.letters.Register(tn.runner)
	var wang id.ID
	if _, err := db.Do(t.Context(), tn.db, func(tx *db.Tx) (_ int, err error) {
		if wang, err = people.Reach(tx, who.System(who.CLI), people.Contact{Email: "wang@example.cn"}); err != nil {
			return 0, err
		}
		if err := tn.sendCode(tx, people.Contact{Phone: "+8613800000001"}, "sign_in", "271828"); err != nil {
			return 0, err
		}
		return 0, notify.Post(tx, notify.Letter{To: wang, Kind: "issue.told", About: 7})
	}); err != nil {
		t.Fatal(err)
	}
	if err := tn.runner.Until(t.Context(), day.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if c := g.Calls(); len(c) != 1 || !strings.Contains(c[0].Body, "271828") || c[0].Path != "/send" {
		t.Errorf("%+v", c)
	}
	m := s.Mails()
	if len(m) != 1 || m[0].To[0] != "wang@example.cn" {
		t.Fatalf("%+v", m)
	}
	// The mail ends with one click, as mail programs send it, and asks nothing.
	_, stop, _ := strings.Cut(m[0].Data, "List-Unsubscribe: <https://t.example")
	stop, _, _ = strings.Cut(stop, ">")
	ask := func(method, body string) int {
		r := httptest.NewRequest(method, stop, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		tn.handler().ServeHTTP(w, r)
		return w.Code
	}
	if got := ask("GET", ""); got != 200 {
		t.Errorf("the page: %d", got)
	}
	told := func() {
		t.Helper()
		if _, err := db.Do(t.Context(), tn.db, func(tx *db.Tx) (int, error) {
			return 0, notify.Post(tx, notify.Letter{To: wang, Kind: "issue.told", About: 7})
		}); err != nil {
			t.Fatal(err)
		}
		if err := tn.runner.Until(t.Context(), tn.db.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	told() // looking changes nothing
	if got := ask("POST", "List-Unsubscribe=One-Click"); got >= 400 {
		t.Errorf("one click: %d", got)
	}
	told()
	if n := len(s.Mails()); n != 2 {
		t.Errorf("%d mails, want two", n)
	}
}

func TestDemoKeepsMessages(t *testing.T) {
	tn := fresh(t)
	d := tn.sink()
	if _, err := db.Do(t.Context(), tn.db, func(tx *db.Tx) (int, error) {
		return 0, tn.sendCode(tx, people.Contact{Phone: "+8613800000001"}, "sign_in", "271828")
	}); err != nil {
		t.Fatal(err)
	}
	if err := tn.runner.Until(t.Context(), tn.db.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if k := d.To("+8613800000001"); len(k) != 1 || !strings.Contains(fmt.Sprint(k[0].Msg), "271828") {
		t.Errorf("%+v", k)
	}
}

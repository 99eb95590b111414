package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

var rooms = []fs.FS{job.SQL, audit.SQL, place.SQL, people.SQL, SQL}

// noon is a quiet-free moment in the town: 12:00 on a Monday.
var noon = time.Date(2026, 6, 22, 4, 0, 0, 0, time.UTC)

// fake is a channel that does as it is told.
type fake struct {
	name string
	sent []string // "address: text"
	ids  []id.ID
	last Message
	errs []error // answers to the next calls; then none
	hook func()
}

func (f *fake) Name() string { return f.name }

func (f *fake) Send(_ context.Context, to Address, m Message) (string, error) {
	if f.hook != nil {
		f.hook()
	}
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		if err != nil {
			return "", err
		}
	}
	f.sent = append(f.sent, to.To+": "+m.Text)
	f.ids = append(f.ids, m.ID)
	f.last = m
	return fmt.Sprintf("ref%d", len(f.sent)), nil
}

// house is a desk with its channels, on a clock that is moved.
type house struct {
	Desk
	t          *testing.T
	runner     *job.Runner
	mail, sms  *fake
	robot      *fake
	wang, zhao id.ID // wang has both, zhao a telephone only
}

func each(t *testing.T, f func(t *testing.T, h *house)) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		d.Clock = func() time.Time { return noon }
		h := &house{t: t, mail: &fake{name: Email}, sms: &fake{name: SMS}, robot: &fake{name: "robot"}}
		h.Desk = Desk{DB: d, Via: []Channel{h.mail, h.sms}, Group: []Channel{h.robot}, Secret: []byte("a secret of the test"), URL: "https://t.example", Town: "青桥",
			Words: func(tx *db.Tx, l Letter, lang string) (Message, error) {
				return Message{Subject: l.Kind, Text: fmt.Sprintf("%s %d%s", l.Kind, l.About, l.Token)}, nil
			}}
		h.runner = &job.Runner{DB: d, Log: h.log()}
		h.Register(h.runner)
		h.do(func(tx *db.Tx) (err error) {
			if h.wang, err = people.Reach(tx, who.System(who.CLI), people.Contact{Name: "王", Phone: "13800000001", Email: "wang@example.cn"}); err != nil {
				return err
			}
			h.zhao, err = people.Reach(tx, who.System(who.CLI), people.Contact{Name: "赵", Phone: "13800000002"})
			return err
		})
		f(t, h)
	})
}

func (h *house) do(f func(tx *db.Tx) error) {
	h.t.Helper()
	if _, err := db.Do(h.t.Context(), h.DB, func(tx *db.Tx) (int, error) { return 0, f(tx) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) post(l Letter) { h.t.Helper(); h.do(func(tx *db.Tx) error { return Post(tx, l) }) }

// until lets the time pass up to a moment after noon.
func (h *house) until(d time.Duration) {
	h.t.Helper()
	if err := h.runner.Until(h.t.Context(), noon.Add(d)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) at(d time.Duration) { h.DB.Clock = func() time.Time { return noon.Add(d) } }

// states lists "kind state channel err" of all letters.
func (h *house) states() []string {
	h.t.Helper()
	ls, err := db.See(h.t.Context(), h.DB, func(tx *db.Tx) ([]line, error) {
		return db.All(tx, scan, `select `+cols+` from letter order by id`)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, l := range ls {
		out = append(out, strings.TrimSpace(fmt.Sprint(l.Kind, " ", l.state, " ", l.channel, " ", l.err)))
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

// The same thing is told once to each, however often it is posted.
func TestSameKeyIsOneLetter(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, l := range []Letter{
			{To: h.wang, Kind: "issue.late", About: 7, Key: "late:7"},
			{To: h.wang, Kind: "issue.late", About: 7, Key: "late:7"},
			{To: h.zhao, Kind: "issue.late", About: 7, Key: "late:7"},
			{To: h.wang, Kind: "issue.told", About: 7},
			{To: h.wang, Kind: "issue.told", About: 7},
		} {
			h.post(l)
		}
		h.until(time.Hour)
		if n := len(h.states()); n != 4 || len(h.mail.sent) != 3 || len(h.sms.sent) != 1 {
			t.Errorf("%d letters, mails %q, sms %q", n, h.mail.sent, h.sms.sent)
		}
	})
}

// What a person has and allows chooses the way; an urgent letter rings.
func TestTheWayALetterGoes(t *testing.T) {
	down := errors.New("no answer")
	type test struct {
		letter    Letter // To 1: wang, 2: zhao
		wish      *Wish
		errs      map[string][]error
		mail, sms int
		state     string
	}
	tests := map[string]test{
		"mail first":           {Letter{To: 1}, nil, nil, 1, 0, "sent email"},
		"has a telephone only": {Letter{To: 2}, nil, nil, 0, 1, "sent sms"},
		"urgent rings":         {Letter{To: 1, Urgent: true}, nil, nil, 0, 1, "sent sms"},
		"no sms, please":       {Letter{To: 1, Urgent: true}, &Wish{Channels: []string{Email}}, nil, 1, 0, "sent email"},
		"the inbox only":       {Letter{To: 1, Urgent: true}, &Wish{Channels: []string{}}, nil, 0, 0, "skipped  notify.nowhere"},
		"a pause":              {Letter{To: 1}, &Wish{Pause: noon.Add(time.Hour)}, nil, 0, 0, "skipped  notify.paused"},
		"a pause, but urgent":  {Letter{To: 1, Urgent: true}, &Wish{Pause: noon.Add(time.Hour)}, nil, 0, 1, "sent sms"},
		"nobody":               {Letter{To: 3}, nil, nil, 0, 0, "skipped  notify.nowhere"},
		"fallback":             {Letter{To: 1}, nil, map[string][]error{Email: {ErrRefused}}, 0, 1, "sent sms"},
		"busy twice":           {Letter{To: 1}, nil, map[string][]error{Email: {ErrNotSent, ErrNotSent}}, 1, 0, "sent email"},
		"busy, then fallback":  {Letter{To: 1}, nil, map[string][]error{Email: {ErrNotSent, ErrNotSent, ErrNotSent}}, 0, 1, "sent sms"},
		"nothing will do":      {Letter{To: 1}, nil, map[string][]error{Email: {ErrRefused}, SMS: {ErrRefused}}, 0, 0, "failed sms notify.refused"},
		"perhaps: not twice":   {Letter{To: 1}, nil, map[string][]error{Email: {down}}, 0, 0, "sent email notify.unsure"},
		"perhaps, but urgent":  {Letter{To: 1, Urgent: true}, nil, map[string][]error{SMS: {down}}, 0, 1, "sent sms"},
		"moot":                 {Letter{To: 1, Kind: "moot"}, nil, nil, 0, 0, "skipped  notify.moot"},
	}
	each(t, func(t *testing.T, h *house) {
		words := h.Words
		h.Words = func(tx *db.Tx, l Letter, lang string) (Message, error) {
			if l.Kind == "moot" {
				return Message{}, ErrMoot
			}
			return words(tx, l, lang)
		}
		h.runner = &job.Runner{DB: h.DB, Log: h.log()}
		h.Register(h.runner)
		for name, tt := range tests {
			h.at(0)
			h.do(func(tx *db.Tx) error {
				for _, q := range []string{`delete from letter`, `delete from wish`, `delete from channel_day`} {
					if _, err := tx.Exec(q); err != nil {
						return err
					}
				}
				if tt.wish == nil {
					return nil
				}
				return saveWish(tx, h.wang, *tt.wish)
			})
			h.mail.errs, h.sms.errs, h.mail.sent, h.sms.sent = tt.errs[Email], tt.errs[SMS], nil, nil
			l := tt.letter
			l.To = map[id.ID]id.ID{1: h.wang, 2: h.zhao, 3: 99}[l.To]
			if l.Kind == "" {
				l.Kind = "k"
			}
			h.post(l)
			h.until(2 * time.Hour)
			same(t, name, h.states(), []string{strings.TrimSpace(l.Kind + " " + tt.state)})
			if len(h.mail.sent) != tt.mail || len(h.sms.sent) != tt.sms {
				t.Errorf("%s: mails %q, sms %q", name, h.mail.sent, h.sms.sent)
			}
		}
	})
}

func TestQuietHours(t *testing.T) {
	for name, tt := range map[string]struct {
		at, want string
		w        Wish
	}{
		"by day":       {"12:00", "", Default()},
		"begins":       {"22:00", "07:00 +1", Default()},
		"just before":  {"21:59", "", Default()},
		"after twelve": {"00:30", "07:00", Default()},
		"ends":         {"07:00", "", Default()},
		"by noon":      {"12:30", "14:00", Wish{Quiet: 12 * 60, Wake: 14 * 60}},
		"never":        {"03:00", "", Wish{Quiet: 60, Wake: 60}},
	} {
		at, err := time.ParseInLocation("15:04", tt.at, beijing)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if u := tt.w.QuietUntil(at, beijing); !u.IsZero() {
			got = u.In(beijing).Format("15:04")
			if u.In(beijing).YearDay() != at.YearDay() {
				got += " +1"
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// At night a reminder waits for the morning, an urgent letter and one somebody waits
// for do not.
func TestNight(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.at(11 * time.Hour) // 23:00
		h.post(Letter{To: h.zhao, Kind: "k"})
		h.post(Letter{To: h.zhao, Kind: "u", Urgent: true})
		h.post(Letter{To: h.zhao, Kind: "issue.link"})
		h.until(18*time.Hour + 59*time.Minute)
		if len(h.sms.sent) != 2 {
			t.Errorf("at night %q", h.sms.sent)
		}
		h.until(19*time.Hour + time.Minute) // 07:01
		if len(h.sms.sent) != 3 {
			t.Errorf("in the morning %q", h.sms.sent)
		}
	})
}

// Enough is enough: the rest of the day's letters lie in the inbox.
func TestCaps(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.PerDay = 3
		h.Caps = map[string]Cap{SMS: {Fen: 5, Spend: 25}} // five, of which four for reminders
		h.runner = &job.Runner{DB: h.DB, Log: h.log()}
		h.Register(h.runner)
		for i := range 5 {
			h.post(Letter{To: h.zhao, Kind: fmt.Sprint("k", i)})
		}
		h.until(time.Minute)
		if got, want := h.states(), []string{"k0 sent sms", "k1 sent sms", "k2 sent sms", "k3 skipped  notify.many", "k4 skipped  notify.many"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		h.post(Letter{To: h.wang, Kind: "u", Urgent: true})
		h.until(2 * time.Minute)
		h.do(func(tx *db.Tx) error { return saveWish(tx, h.wang, Wish{Channels: []string{SMS}}) })
		h.post(Letter{To: h.wang, Kind: "r"})
		h.post(Letter{To: h.wang, Kind: "u1", Urgent: true})
		h.post(Letter{To: h.wang, Kind: "u2", Urgent: true})
		h.until(3 * time.Minute)
		if got, want := h.states()[5:], []string{"u sent sms", "r skipped  notify.spent", "u1 sent sms", "u2 skipped  notify.spent"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if err := h.Direct(t.Context(), SMS, "+8613800000009", Message{Text: "123456"}); fail.KindOf(err) != fail.Busy {
			t.Errorf("%v, want busy", err)
		}
		h.until(24 * time.Hour)
		h.post(Letter{To: h.zhao, Kind: "k9"})
		h.until(25 * time.Hour)
		if s := h.states(); s[len(s)-1] != "k9 sent sms" {
			t.Errorf("the next day %q", s[len(s)-1])
		}
	})
}

// A crash between sending and writing it down: an urgent letter goes again under the
// same id, a reminder does not.
func TestCrashWhileSending(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.post(Letter{To: h.zhao, Kind: "k"})
		h.post(Letter{To: h.zhao, Kind: "u", Urgent: true})
		crash := errors.New("power cut")
		h.sms.hook = func() { panic(crash) }
		h.runner.Once(t.Context())
		h.sms.hook = nil
		h.until(time.Hour)
		same(t, "sent", h.sms.sent, []string{"+8613800000002: u 0"})
		same(t, "letters", h.states(), []string{"k sent sms", "u sent sms"})
	})
	each(t, func(t *testing.T, h *house) { // the message went out, then the power
		h.post(Letter{To: h.zhao, Kind: "u", Urgent: true})
		first := true
		h.sms.hook = func() {
			if first {
				first = false
				h.sms.sent = append(h.sms.sent, "x")
				ls := h.states()
				if ls[0] != "u waiting sms" {
					t.Error(ls)
				}
				panic("power cut")
			}
		}
		h.until(time.Hour)
		if len(h.sms.sent) != 2 {
			t.Errorf("%q, want at least once", h.sms.sent)
		}
	})
}

func TestReceipts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.post(Letter{To: h.wang, Kind: "a", Urgent: true})
		h.post(Letter{To: h.wang, Kind: "b", Urgent: true})
		h.post(Letter{To: h.wang, Kind: "c", Urgent: true})
		h.until(time.Minute)
		receipt := func(ref string, ok bool) {
			t.Helper()
			if err := h.Receipt(t.Context(), SMS, ref, ok); err != nil {
				t.Error(err)
			}
		}
		receipt("ref1", true)
		receipt("ref1", false) // a second word comes too late
		receipt(fmt.Sprint(int64(h.sms.ids[1])), true)
		receipt("ref3", false)
		if err := h.Receipt(t.Context(), SMS, "ref9", true); fail.KindOf(err) != fail.Missing {
			t.Errorf("%v, want missing", err)
		}
		h.until(time.Hour)
		same(t, "letters", h.states(), []string{"a delivered sms", "b delivered sms", "c sent email"})
	})
}

// A channel that fails again and again is shown, and is left alone for a while: a
// reminder waits for it, an urgent letter takes the next.
func TestFailingChannel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		boss := who.Actor{ID: 9, Via: who.Web, Grants: []who.Grant{{Role: who.Admin, Path: "/"}}}
		if _, err := h.Channels(t.Context(), who.Actor{ID: h.wang, Via: who.Web}); fail.KindOf(err) != fail.Denied {
			t.Errorf("%v, want denied", err)
		}
		calls := 0
		h.sms.hook = func() { calls++ }
		h.sms.errs = slices.Repeat([]error{ErrNotSent}, 100)
		for i := range 8 {
			h.post(Letter{To: h.zhao, Kind: fmt.Sprint("k", i)})
		}
		h.until(0)
		if calls != 5 {
			t.Errorf("tried %d times", calls)
		}
		cs, err := h.Channels(t.Context(), boss)
		if err != nil || len(cs) != 3 || cs[0].Channel != SMS || !cs[0].Failing || cs[0].Err != whyDown || cs[0].Failed != 5 || cs[1].Failing {
			t.Errorf("%+v %v", cs, err)
		}
		h.post(Letter{To: h.wang, Kind: "u", Urgent: true})
		h.until(time.Second)
		if len(h.mail.sent) != 1 {
			t.Errorf("mails %q", h.mail.sent)
		}
		h.sms.errs = nil
		h.until(time.Hour)
		if len(h.sms.sent) != 8 {
			t.Errorf("sms %q", h.sms.sent)
		}
		if cs, err = h.Channels(t.Context(), boss); err != nil || cs[0].Failing {
			t.Errorf("%+v %v", cs, err)
		}
	})
}

// Mails are slow today: that is no reason to ring somebody up.
func TestAReminderWaitsForItsChannel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into channel_day (day, channel, bad, err_at) values ('2026-06-22', 'email', 5, $1)`, db.Ms(noon))
			return err
		})
		h.post(Letter{To: h.wang, Kind: "k"})
		h.until(rest / 2)
		same(t, "letters", h.states(), []string{"k waiting"})
		h.until(2 * rest)
		same(t, "letters", h.states(), []string{"k sent email"})
	})
}

// What is read while it is on its way is read, and does not set out again.
func TestReadOnTheWay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.post(Letter{To: h.zhao, Kind: "k", Urgent: true})
		h.sms.errs = []error{ErrNotSent}
		h.sms.hook = func() {
			if err := h.MarkRead(t.Context(), who.Actor{ID: h.zhao, Via: who.Web}); err != nil {
				t.Error(err)
			}
		}
		h.until(time.Hour)
		if got := h.states(); len(h.sms.sent) != 0 || got[0] != "k read sms notify.down" {
			t.Errorf("%q, sent %q", got, h.sms.sent)
		}
	})
}

// Nobody is asked all day long because somebody types their address everywhere.
func TestAskedFiveTimesADay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for day := range 2 {
			h.at(time.Duration(day) * 24 * time.Hour)
			for i := range 8 {
				h.do(func(tx *db.Tx) error { return AskEmail(tx, h.wang, id.ID(100*day+i)) })
			}
		}
		if n := len(h.states()); n != 10 {
			t.Errorf("asked %d times in two days, want 10", n)
		}
	})
}

func TestInbox(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		wang, zhao := who.Actor{ID: h.wang, Via: who.Web}, who.Actor{ID: h.zhao, Via: who.Web}
		for i := range 5 {
			h.post(Letter{To: h.wang, Kind: fmt.Sprint("k", i), About: id.ID(i)})
		}
		h.post(Letter{To: h.wang, Kind: "later", Due: noon.Add(time.Hour)})
		h.post(Letter{To: h.zhao, Kind: "other"})
		kinds := func(before id.ID, limit int) (out []string, last id.ID) {
			t.Helper()
			is, err := h.Inbox(t.Context(), wang, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range is {
				out, last = append(out, i.Kind), i.ID
			}
			return
		}
		unread := func(want int) {
			t.Helper()
			if n, err := h.Unread(t.Context(), wang); n != want || err != nil {
				t.Errorf("%d unread %v, want %d", n, err, want)
			}
		}
		page, last := kinds(0, 3)
		same(t, "first page", page, []string{"k4", "k3", "k2"})
		page, _ = kinds(last, 3)
		same(t, "second page", page, []string{"k1", "k0"})
		unread(5)
		if err := h.MarkRead(t.Context(), zhao, last); err != nil { // not hers
			t.Fatal(err)
		}
		unread(5)
		if err := h.MarkRead(t.Context(), wang, last); err != nil {
			t.Fatal(err)
		}
		unread(4)
		h.do(func(tx *db.Tx) error { return ReadAbout(tx, h.wang, 1) })
		unread(3)
		if err := h.MarkRead(t.Context(), wang); err != nil {
			t.Fatal(err)
		}
		unread(0)
		h.until(2 * time.Hour) // what was read before it went out does not go out
		same(t, "mails", h.mail.sent, []string{"wang@example.cn: later 0"})
		unread(1)
		if _, err := h.Inbox(t.Context(), who.Actor{Via: who.Web}, 0, 3); fail.KindOf(err) != fail.Denied {
			t.Errorf("%v, want denied", err)
		}
	})
}

func TestWishesAreKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		wang := who.Actor{ID: h.wang, Via: who.Web}
		for name, w := range map[string]Wish{
			"all":   {Quiet: 1, Wake: 2},
			"none":  {Channels: []string{}, Quiet: 1, Wake: 2},
			"some":  {Channels: []string{SMS}, Pause: noon.Add(time.Hour)},
			"other": Default(),
		} {
			if err := h.SetWishes(t.Context(), wang, w); err != nil {
				t.Fatal(err)
			}
			got, err := h.Wishes(t.Context(), wang)
			if err != nil {
				t.Fatal(err)
			}
			same(t, name, got, w)
		}
		for code, w := range map[string]Wish{"notify.wish.channel": {Channels: []string{"pigeon"}}, "notify.wish.hour": {Quiet: 1440}, "notify.wish.pause": {Pause: noon.AddDate(1, 0, 0)}} {
			if e, ok := errors.AsType[*fail.Error](h.SetWishes(t.Context(), wang, w)); !ok || e.Code != code {
				t.Errorf("%v, want %s", e, code)
			}
		}
	})
}

// Nobody gets mails about a thing because somebody else typed their address.
func TestMailIsAskedFor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ask := func() { h.do(func(tx *db.Tx) error { return AskEmail(tx, h.wang, 7) }) }
		told := func(about id.ID) {
			h.do(func(tx *db.Tx) error { return saveWish(tx, h.wang, Wish{Channels: []string{Email}}) })
			h.post(Letter{To: h.wang, Kind: "issue.told", About: about})
			h.runner.Once(t.Context())
		}
		ask()
		ask() // twice in a day is once
		told(7)
		h.runner.Once(t.Context())
		if len(h.mail.sent) != 1 || !strings.HasPrefix(h.mail.sent[0], "wang@example.cn: email.confirm 7") {
			t.Fatalf("mails %q", h.mail.sent)
		}
		yes := strings.TrimPrefix(h.mail.sent[0], "wang@example.cn: email.confirm 7")
		for _, bad := range []string{"", "x", yes[1:], yes + "A", "A" + yes[1:], yes[:31] + "="} {
			if _, err := h.ConfirmEmail(t.Context(), bad); fail.KindOf(err) != fail.Missing {
				t.Errorf("%q: %v, want missing", bad, err)
			}
		}
		if _, err := h.StopEmail(t.Context(), yes, false); fail.KindOf(err) != fail.Missing {
			t.Errorf("%v: a yes is no stop", err)
		}
		for range 2 { // mail readers open links twice
			m, err := h.ConfirmEmail(t.Context(), yes)
			if err != nil || m.About != 7 || m.Person != h.wang {
				t.Fatal(m, err)
			}
		}
		told(7)
		if len(h.mail.sent) != 2 {
			t.Errorf("mails %q", h.mail.sent)
		}
		stop := strings.TrimPrefix(h.mail.last.Stop, "https://t.example/mail/")
		if !strings.Contains(h.mail.last.Foot, h.mail.last.Stop) {
			t.Errorf("foot %q", h.mail.last.Foot)
		}
		if _, err := h.StopEmail(t.Context(), stop, false); err != nil {
			t.Fatal(err)
		}
		told(7)
		told(8)
		if len(h.mail.sent) != 3 || h.mail.sent[2] != "wang@example.cn: issue.told 8" {
			t.Errorf("mails %q", h.mail.sent)
		}
		if _, err := h.ConfirmEmail(t.Context(), yes); fail.KindOf(err) != fail.Conflict {
			t.Errorf("%v: an old yes undoes no stop", err)
		}
		if _, err := h.StopEmail(t.Context(), stop, true); err != nil {
			t.Fatal(err)
		}
		told(9)
		ask()
		h.at(24 * time.Hour)
		ask()
		h.runner.Once(t.Context())
		if len(h.mail.sent) != 3 {
			t.Errorf("after the end of all mails %q", h.mail.sent)
		}
	})
}

func TestAnOldYesIsTooOld(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.do(func(tx *db.Tx) error { return AskEmail(tx, h.wang, 7) })
		h.until(time.Minute)
		yes := strings.TrimPrefix(h.mail.sent[0], "wang@example.cn: email.confirm 7")
		h.at(8 * 24 * time.Hour)
		if _, err := h.ConfirmEmail(t.Context(), yes); fail.KindOf(err) != fail.Conflict {
			t.Errorf("%v, want conflict", err)
		}
	})
}

// The reporter's own mails do not stop because somebody else asks in their name.
func TestAskingDoesNotTakeAway(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.do(func(tx *db.Tx) error { return AllowEmail(tx, h.wang, 7) })
		h.do(func(tx *db.Tx) error { return AskEmail(tx, h.wang, 7) })
		h.post(Letter{To: h.wang, Kind: "issue.told", About: 7})
		h.until(time.Minute)
		same(t, "mails", h.mail.sent, []string{"wang@example.cn: issue.told 7"})
	})
}

func TestCodesGoAtOnceAndAreNotKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		send := func(until time.Duration) {
			h.do(func(tx *db.Tx) error {
				return h.PostDirect(tx, SMS, "+8613800000003", Message{Text: "验证码 271828"}, noon.Add(until))
			})
		}
		send(10 * time.Minute)
		kept := func(q string) bool {
			t.Helper()
			b, err := db.See(t.Context(), h.DB, func(tx *db.Tx) ([]string, error) {
				return db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return }, q)
			})
			if err != nil {
				t.Fatal(err)
			}
			s := strings.Join(b, " ")
			return strings.Contains(s, "271828") || strings.Contains(s, "13800000003")
		}
		if kept(`select body from job`) {
			t.Error("the code can be read among the jobs")
		}
		h.sms.errs = []error{ErrNotSent, ErrNotSent}
		h.until(time.Minute)
		same(t, "sent", h.sms.sent, []string{"+8613800000003: 验证码 271828"})
		h.sms.errs = slices.Repeat([]error{ErrNotSent}, 1000)
		send(15 * time.Minute)
		h.until(20 * time.Minute)
		h.sms.errs = []error{ErrRefused}
		send(30 * time.Minute)
		h.until(24 * time.Hour)
		if len(h.sms.sent) != 1 || len(h.states()) != 0 {
			t.Errorf("sent %q, letters %q", h.sms.sent, h.states())
		}
		if s, err := job.Stuck(t.Context(), h.DB); err != nil || len(s) != 0 {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestRobotOfTheGroup(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.at(11 * time.Hour)
		h.post(Letter{Kind: "issue.new", About: 7, Key: "x", Urgent: true})
		h.post(Letter{Kind: "issue.new", About: 7, Key: "x", Urgent: true})
		h.post(Letter{Kind: "issue.late", About: 8})
		h.until(12 * time.Hour)
		same(t, "at night", h.robot.sent, []string{": issue.new 7"})
		h.until(20 * time.Hour)
		same(t, "in the morning", h.robot.sent, []string{": issue.new 7", ": issue.late 8"})
	})
}

func TestMergedAndForgotten(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, p := range []id.ID{h.wang, h.zhao} {
			h.post(Letter{To: p, Kind: "k", Key: "same"})
			h.do(func(tx *db.Tx) error { return AllowEmail(tx, p, 7) })
			h.do(func(tx *db.Tx) error { return saveWish(tx, p, Default()) })
		}
		h.do(func(tx *db.Tx) error { return Merge(tx, h.zhao, h.wang) })
		if n, err := h.Unread(t.Context(), who.Actor{ID: h.wang, Via: who.Web}); n != 2 || err != nil {
			t.Error(n, err)
		}
		h.do(func(tx *db.Tx) error { return Forget(tx, h.wang) })
		h.until(time.Hour)
		if len(h.states()) != 0 || len(h.mail.sent)+len(h.sms.sent) != 0 {
			t.Error(h.states(), h.mail.sent, h.sms.sent)
		}
	})
}

func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.post(Letter{To: h.wang, Kind: "old"})
		h.until(time.Hour)
		h.at(48 * time.Hour)
		h.post(Letter{To: h.wang, Kind: "new"})
		h.do(func(tx *db.Tx) error {
			n, err := Sweep(tx, noon.Add(24*time.Hour), 10)
			if n != 1 {
				t.Errorf("swept %d", n)
			}
			return err
		})
		same(t, "left", h.states(), []string{"new waiting"})
	})
}

// Whatever is known of a person: never by a way they do not allow, no reminder in quiet
// hours, in a pause or beyond the cap; and an answer that does one thing.
func TestDecideHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string) map[string]bool {
			return map[string]bool{Email: rapid.Bool().Draw(t, name+" email"), SMS: rapid.Bool().Draw(t, name+" sms")}
		}
		f := facts{
			now: noon.Add(time.Duration(rapid.IntRange(0, 48*60).Draw(t, "minutes")) * time.Minute), zone: beijing, order: []string{Email, SMS},
			letter: Letter{To: 1, Urgent: rapid.Bool().Draw(t, "urgent"), Kind: rapid.SampledFrom([]string{"issue.told", confirm, "issue.link"}).Draw(t, "kind")},
			wish:   Default(), told: rapid.IntRange(0, 12).Draw(t, "told"), most: 10, full: some("full"), down: some("down"), to: map[string]string{},
			mail: rapid.SampledFrom([]string{"", mailAsked, mailConfirmed, mailStopped}).Draw(t, "mail"),
		}
		for c, ok := range some("has") {
			if ok {
				f.to[c] = c
			}
		}
		for c, ok := range some("past") {
			if ok {
				f.past = append(f.past, c)
			}
		}
		if rapid.Bool().Draw(t, "choosy") {
			f.wish.Channels = []string{}
			for c, ok := range some("allows") {
				if ok {
					f.wish.Channels = append(f.wish.Channels, c)
				}
			}
		}
		if rapid.Bool().Draw(t, "pause") {
			f.wish.Pause = noon.Add(24 * time.Hour)
		}
		s := decide(f)
		if n := len(s.send) + len(s.skip); n == 0 && !s.until.After(f.now) || s.send != "" && s.skip != "" {
			t.Fatalf("%+v", s)
		}
		if s.send == "" {
			return
		}
		free := f.letter.Urgent || wanted(f.letter.Kind)
		switch {
		case f.to[s.send] == "", f.full[s.send], f.down[s.send], slices.Contains(f.past, s.send):
			t.Fatalf("cannot go by %s", s.send)
		case !f.wish.Allows(s.send) && !wanted(f.letter.Kind):
			t.Fatalf("may not go by %s", s.send)
		case s.send == Email && (f.mail == mailStopped || f.mail == mailAsked && f.letter.Kind != confirm):
			t.Fatal("no mails, please")
		case !free && (!f.wish.QuietUntil(f.now, beijing).IsZero() || f.wish.Pause.After(f.now) || f.told >= f.most):
			t.Fatal("a reminder, now?")
		}
	})
}

// One SMS is 70 characters. Words with usual values in them must fit, in English two.
func TestWordsFitAnSMS(t *testing.T) {
	for _, k := range i18n.Keys() {
		name, text := strings.CutSuffix(k, ".text")
		kind, ours := strings.CutPrefix(name, "notify.")
		if !text || !ours {
			continue
		}
		for _, l := range i18n.Langs() {
			w := i18n.W{Lang: l}
			m := Say(kind, w, "no", "260622-0017", "place", "青桥社区", "when", "11月23日 17:00", "link", "ll.cn/i/4k7d9x2m", "code", "271828", "minutes", 10)
			n := utf8.RuneCountInString(m.Text)
			if most := map[bool]int{true: 134, false: 70}[l == i18n.En]; !asks(kind) && n > most {
				t.Errorf("%s in %s has %d characters: %s", kind, l, n, m.Text)
			}
			if strings.Contains(m.Subject+m.Text, "notify.") {
				t.Errorf("%s has no words in %s", kind, l)
			}
		}
	}
}

func FuzzToken(f *testing.F) {
	add := mutate.Adder(f)
	d := Desk{Secret: []byte("a secret of the test")}
	add(d.token("yes", 7))
	add(d.token("stop", 7))
	add("")
	add(strings.Repeat("A", 32))
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := d.read("yes", s); ok && d.token("yes", n) != s {
			t.Errorf("%q is taken for %q", s, d.token("yes", n))
		}
	})
}

func BenchmarkPost(b *testing.B) {
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "t.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	if err := db.Migrate(b.Context(), d, rooms...); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Do(b.Context(), d, func(tx *db.Tx) (int, error) {
		for b.Loop() {
			if err := Post(tx, Letter{To: 1, Kind: "issue.told", About: 7}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}); err != nil {
		b.Fatal(err)
	}
}

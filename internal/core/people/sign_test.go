package people

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// post keeps the codes that were sent.
type post struct {
	mu   sync.Mutex
	sent []string // "kind to code"
}

func (p *post) send(_ *db.Tx, to Contact, kind, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, kind+" "+to.Phone+to.Email+" "+code)
	return nil
}

func (p *post) code() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[len(p.sent)-1][strings.LastIndexByte(p.sent[len(p.sent)-1], ' ')+1:]
}

const good = "三棵树-下的 Wangfang 喝茶"

var home = Client{Addr: "192.0.2.1", Device: "Firefox, Android"}

// member of staff with password, at the end of enrolling: their whole token, secret and recovery codes.
func enrolled(t *testing.T, d Desk, c *clock, phone string, role who.Role) (p Person, token, secret string, recovery []string) {
	t.Helper()
	ctx := t.Context()
	p = must(d.AddPerson(ctx, chief, Contact{Name: "孙", Phone: phone, Place: 4}))(t)
	must(d.GiveGrant(ctx, chief, Grant{Role: role, Place: 2, Person: p.ID}))(t)
	link := must(d.Invite(ctx, chief, p.ID))(t)
	in := must(d.AcceptInvite(ctx, link, good, home))(t)
	if in.Stage != Enrol {
		t.Fatalf("staff without a second factor is at stage %s", in.Stage)
	}
	a, s, err := d.SessionActor(ctx, in.Token)
	if err != nil || a.ID != 0 || s.Stage != Enrol {
		t.Fatalf("before the second factor: %+v %+v %v", a, s, err)
	}
	secret = must(d.BeginTOTP(ctx, in.Token))(t)
	_, _, err = d.ConfirmTOTP(ctx, in.Token, "000000", home)
	refused(t, err, "people.totp.wrong")
	now, _ := totp(secret, c.now().Unix()/totpStep)
	whole, recovery, err := d.ConfirmTOTP(ctx, in.Token, now, home)
	if err != nil || len(recovery) != 10 {
		t.Fatal(err, recovery)
	}
	_, _, err = d.SessionActor(ctx, in.Token)
	refused(t, err, "people.session.over")
	c.add(time.Minute)
	return p, whole.Token, secret, recovery
}

func TestRFC6238(t *testing.T) {
	secret := b32.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got, err := totp(secret, at/totpStep); got != want || err != nil {
			t.Errorf("%d: got %s %v, want %s", at, got, err, want)
		}
		for off, ok := range map[int64]bool{-60: false, -30: true, 0: true, 30: true, 60: false} {
			if at < 100 && off < -30 {
				continue // before 1970
			}
			if s, _ := matches(secret, want, time.Unix(at+off, 0)); (s != 0) != ok {
				t.Errorf("%d%+d: %v, want %v", at, off, s != 0, ok)
			}
		}
	}
}

func TestPasswordsTriedFirstAreRefused(t *testing.T) {
	for p, want := range map[string]string{
		"short":               "people.password.short",
		"12345678901":         "people.password.short",
		"123456789012":        "people.password.common",
		"password1234":        "people.password.common",
		"Password2026!":       "people.password.common",
		"qwertyuiop123":       "people.password.common",
		"aaaaaaaaaaaa":        "people.password.common",
		"abcabcabcabcabc":     "people.password.common",
		"woaini5201314":       "people.password.common",
		"1qaz2wsx3edc":        "people.password.common",
		"wangfang1380":        "people.password.common",
		"P@ssw0rd1234":        "people.password.common",
		"adminadmin123":       "people.password.common",
		"linli2026linli":      "people.password.common",
		"密码密码密码密码密码密码":        "people.password.common",
		good:                  "",
		"correct horse stapl": "",
		"银杏树下的石桌坏了三天啦":        "",
		"xK9#mQ2vLp7w":        "",
	} {
		if got := code(CheckPassword(p, "wangfang", "13800138000", "1380")); got != want {
			t.Errorf("%s: got %q, want %q", p, got, want)
		}
	}
	if got := code(CheckPassword(strings.Repeat("长", 200))); got != "people.password.long" {
		t.Errorf("got %q", got)
	}
}

func TestAResidentSignsInWithACode(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		wang := reach(t, d.DB, Contact{Name: "王", Phone: "13800138000", Email: "typed@example.cn"})
		ticket := must(d.AskCode(ctx, "138 0013 8000", "zh-Hans", home))(t)
		if want := "sign_in +8613800138000 " + p.code(); p.sent[0] != want {
			t.Errorf("sent %q, want %q", p.sent[0], want)
		}
		wrong := "000000"
		if p.code() == wrong {
			wrong = "000001"
		}
		_, err := d.SignInCode(ctx, ticket, wrong, home)
		refused(t, err, "people.code.wrong")
		in := must(d.SignInCode(ctx, ticket, " "+p.code()[:3]+" "+p.code()[3:], home))(t)
		if in.Person != wang || in.Stage != Whole {
			t.Errorf("got %+v", in)
		}
		_, err = d.SignInCode(ctx, ticket, p.code(), home)
		refused(t, err, "people.code.over")
		a, s, err := d.SessionActor(ctx, in.Token)
		if err != nil || a.ID != wang || s.Device != "Firefox, Android" {
			t.Errorf("got %+v %+v %v", a, s, err)
		}
		// The e-mail that came with the number was typed by anybody: it opens something else.
		ticket = must(d.AskCode(ctx, "typed@example.cn", "en", home))(t)
		in = must(d.SignInCode(ctx, ticket, p.code(), home))(t)
		if in.Person == wang {
			t.Error("an e-mail nobody confirmed opens the account")
		}
		// Somebody new is registered.
		ticket = must(d.AskCode(ctx, "13900139000", "en", home))(t)
		in = must(d.SignInCode(ctx, ticket, p.code(), home))(t)
		if got := load(t, d, in.Person); got.Phone != "+8613900139000" || !got.Account() {
			t.Errorf("got %+v", got)
		}
		_, err = d.AskCode(ctx, "nobody", "en", home)
		refused(t, err, "people.address.bad")
	})
}

func TestCodesEnd(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		ticket := must(d.AskCode(ctx, "13800138000", "", home))(t)
		c.add(codeLife)
		_, err := d.SignInCode(ctx, ticket, p.code(), home)
		refused(t, err, "people.code.over")
		ticket = must(d.AskCode(ctx, "13800138000", "", home))(t)
		for i := range codeTries {
			_, err := d.SignInCode(ctx, ticket, "x", home)
			refused(t, err, map[bool]string{false: "people.code.wrong", true: "people.code.over"}[i == codeTries-1])
		}
		_, err = d.SignInCode(ctx, ticket, p.code(), home)
		refused(t, err, "people.code.over")
		// A ticket of one kind is no good for another; one ticket's code not for another ticket.
		must(d.AskCode(ctx, "13800138000", "", home))(t)
		code := p.code()
		b := must(d.AskCode(ctx, "13800138000", "", home))(t)
		keeper := must(d.AddPerson(ctx, chief, Contact{Name: "孙", Phone: "13600136000"}))(t)
		must(d.AcceptInvite(ctx, must(d.Invite(ctx, chief, keeper.ID))(t), good, home))(t)
		mine := must(d.AskCode(ctx, "13600136000", "", home))(t)
		refused(t, d.ResetPassword(ctx, mine, p.code(), good+"2", home), "people.code.over")
		if code != p.code() {
			_, err = d.SignInCode(ctx, b, code, home)
			refused(t, err, "people.code.wrong")
		}
		must(d.AskCode(ctx, "13800138000", "", home))(t)
		_, err = d.AskCode(ctx, "13800138000", "", Client{Addr: "198.51.100.7"})
		refused(t, err, "fail.too_many")
		for i := range 15 {
			_, err = d.AskCode(ctx, "1390013900"+string(rune('0'+i%10)), "", home)
		}
		for i := range 10 {
			_, err = d.AskCode(ctx, "1370013900"+string(rune('0'+i)), "", home)
		}
		refused(t, err, "fail.too_many")
	})
}

// wins counts how many of 64 at once succeed, and that the others are refused as said.
func wins(t *testing.T, f func() error, no ...string) {
	t.Helper()
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			switch got := code(f()); {
			case got == "":
				won.Add(1)
			case !strings.Contains(strings.Join(no, " "), got):
				t.Errorf("refused with %q, want %q", got, no)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d won, want 1", won.Load())
	}
}

func TestOneCodeOpensOneSession(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		p := &post{}
		d.Send = p.send
		ticket := must(d.AskCode(t.Context(), "13800138000", "", home))(t)
		code := p.code()
		var n atomic.Int64
		wins(t, func() error {
			_, err := d.SignInCode(context.WithoutCancel(t.Context()), ticket, code, Client{Addr: "10.0.0." + personKey(id.ID(n.Add(1)))})
			return err
		}, "people.code.over")
	})
}

func TestOneTOTPOpensOneSession(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p, _, secret, _ := enrolled(t, d, c, "13800138000", who.CommunityStaff)
		// Many sessions wait at the second step, and one code comes to each. The limit per account stands in the way of more.
		var tokens [16]string
		for i := range tokens {
			v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) { return enter(tx, token(), p.ID, "password", home) })
			if err != nil || v.in.Stage != TOTP {
				t.Fatal(v, err)
			}
			tokens[i] = v.in.Token
		}
		now, _ := totp(secret, c.now().Unix()/totpStep)
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range tokens {
			wg.Go(func() {
				_, err := d.SignInTOTP(context.WithoutCancel(ctx), tokens[i], now, home)
				if got := code(err); got == "" {
					won.Add(1)
				} else if got != "people.totp.used" {
					t.Errorf("got %q", got)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d won, want 1", won.Load())
		}
		// And 64 with one session.
		c.add(2 * time.Hour)
		in := must(d.SignInPassword(ctx, "13800138000", good, home))(t)
		now, _ = totp(secret, c.now().Unix()/totpStep)
		wins(t, func() error {
			_, err := d.SignInTOTP(context.WithoutCancel(ctx), in.Token, now, home)
			return err
		}, "people.session.over", "people.totp.over", "people.totp.used", "fail.too_many")
	})
}

func TestOneLinkSetsOnePassword(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := must(d.AddPerson(ctx, chief, Contact{Name: "孙", Phone: "13800138000"}))(t)
		old := must(d.Invite(ctx, chief, p.ID))(t)
		link := must(d.Invite(ctx, chief, p.ID))(t)
		_, err := d.AcceptInvite(ctx, old, good, home)
		refused(t, err, "fail.expired")
		if got := must(d.Invited(ctx, link))(t); got.ID != p.ID || got.Phone != "+86138****8000" {
			t.Errorf("got %+v", got)
		}
		_, err = d.AcceptInvite(ctx, link, "Password2026!", home)
		refused(t, err, "people.password.common")
		wins(t, func() error {
			_, err := d.AcceptInvite(context.WithoutCancel(ctx), link, good, home)
			return err
		}, "fail.expired")
		link = must(d.Invite(ctx, chief, p.ID))(t)
		c.add(linkLife)
		_, err = d.AcceptInvite(ctx, link, good, home)
		refused(t, err, "fail.expired")
		nobody := must(d.AddPerson(ctx, chief, Contact{Name: "钱"}))(t)
		_, err = d.Invite(ctx, chief, nobody.ID)
		refused(t, err, "people.invite.no_address")
		_, err = d.Invite(ctx, local, p.ID)
		if err != nil {
			t.Error(err) // they live anywhere
		}
		must(d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Person: p.ID}))(t)
		_, err = d.Invite(ctx, local, p.ID)
		refused(t, err, "fail.denied")
		refused(t, d.ClearTOTP(ctx, local, p.ID), "fail.denied")
	})
}

// Known or not, the answer is one and the work is one.
func TestNobodyLearnsWhoIsKnown(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		var hashes atomic.Int64
		d.Send, d.OnHash = p.send, func() { hashes.Add(1) }
		enrolled(t, d, c, "13800138000", who.CommunityStaff)
		must(d.AddPerson(ctx, chief, Contact{Name: "李", Phone: "13700137000"}))(t) // no password
		type answer struct {
			err    string
			hashes int64
		}
		var want answer
		for i, to := range []string{"13800138000", "13700137000", "13900139000", "nobody@example.cn"} {
			hashes.Store(0)
			_, err := d.SignInPassword(ctx, to, "wrong password", home)
			got := answer{err.Error(), hashes.Load()}
			if i == 0 {
				want = got
			}
			if got != want || got.hashes != 1 {
				t.Errorf("%s: got %+v, want %+v", to, got, want)
			}
			a, err := d.AskReset(ctx, to, "", home)
			if err != nil || len(a) != 43 {
				t.Errorf("%s: got %q %v", to, a, err)
			}
		}
		if len(p.sent) != 1 || !strings.HasPrefix(p.sent[0], "reset +8613800138000 ") {
			t.Errorf("sent %q", p.sent)
		}
	})
}

func TestTheSecondFactorIsAsked(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		sun, whole, secret, recovery := enrolled(t, d, c, "13800138000", who.SubdistrictStaff)
		if a, s, err := d.SessionActor(ctx, whole); err != nil || !a.May(who.Erase, "/1/2/") || !s.Strong {
			t.Fatalf("got %+v %v", a, err)
		}
		in := must(d.SignInPassword(ctx, "13800138000", good, home))(t)
		if in.Stage != TOTP {
			t.Fatalf("got %+v", in)
		}
		if a, _, err := d.SessionActor(ctx, in.Token); err != nil || a.ID != 0 || len(a.Grants) != 0 {
			t.Errorf("between the steps: %+v %v", a, err)
		}
		_, err := d.BeginTOTP(ctx, in.Token)
		refused(t, err, "people.session.over")
		_, err = d.ChangePassword(ctx, in.Token, good, good+"!", home)
		refused(t, err, "people.session.over")
		now, _ := totp(secret, c.now().Unix()/totpStep)
		got := must(d.SignInTOTP(ctx, in.Token, now, home))(t)
		if got.Token == in.Token || got.Until.Sub(c.now()) != staffDay {
			t.Errorf("got %+v", got)
		}
		_, _, err = d.SessionActor(ctx, in.Token)
		refused(t, err, "people.session.over")
		// The same code once more, and then one too few tries.
		in = must(d.SignInPassword(ctx, "13800138000", good, home))(t)
		_, err = d.SignInTOTP(ctx, in.Token, now, home)
		refused(t, err, "people.totp.used")
		for i := range codeTries - 1 {
			_, err = d.SignInTOTP(ctx, in.Token, "12", home)
			refused(t, err, map[bool]string{false: "people.totp.wrong", true: "people.totp.over"}[i == codeTries-2])
		}
		c.add(time.Minute)
		now, _ = totp(secret, c.now().Unix()/totpStep)
		_, err = d.SignInTOTP(ctx, in.Token, now, home)
		refused(t, err, "people.totp.over")
		// A recovery code, once.
		in = must(d.SignInPassword(ctx, "13800138000", good, home))(t)
		must(d.SignInTOTP(ctx, in.Token, strings.ToLower(recovery[3]), home))(t)
		in = must(d.SignInPassword(ctx, "13800138000", good, home))(t)
		_, err = d.SignInTOTP(ctx, in.Token, recovery[3], home)
		refused(t, err, "people.totp.wrong")
		// Neither a code by SMS nor a new password goes round it.
		ticket := must(d.AskCode(ctx, "13800138000", "", home))(t)
		if in = must(d.SignInCode(ctx, ticket, p.code(), home))(t); in.Stage != TOTP {
			t.Errorf("with a code: %+v", in)
		}
		ticket = must(d.AskReset(ctx, "13800138000", "", home))(t)
		if err := d.ResetPassword(ctx, ticket, p.code(), good+"2", home); err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.SessionActor(ctx, got.Token); code(err) != "people.session.over" {
			t.Error("a session outlives the password")
		}
		_, err = d.SignInPassword(ctx, "13800138000", good, Client{Addr: "198.51.100.7"})
		refused(t, err, "people.password.wrong")
		if in = must(d.SignInPassword(ctx, "13800138000", good+"2", Client{Addr: "198.51.100.7"}))(t); in.Stage != TOTP {
			t.Errorf("after a reset: %+v", in)
		}
		if err := d.ClearTOTP(ctx, chief, sun.ID); err != nil {
			t.Fatal(err)
		}
		if in = must(d.SignInPassword(ctx, "13800138000", good+"2", Client{Addr: "198.51.100.7"}))(t); in.Stage != Enrol {
			t.Errorf("after clearing: %+v", in)
		}
	})
}

func TestStaffRightsNeedTheSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		sun := must(d.AddPerson(ctx, chief, Contact{Name: "孙", Phone: "13800138000", Place: 4}))(t)
		must(d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Person: sun.ID}))(t)
		must(d.GiveGrant(ctx, chief, Grant{Role: who.CouncilChair, Place: 4, Person: sun.ID}))(t)
		ticket := must(d.AskCode(ctx, "13800138000", "", home))(t)
		in := must(d.SignInCode(ctx, ticket, p.code(), home))(t)
		a, _, err := d.SessionActor(ctx, in.Token)
		if err != nil || a.May(who.GrantEdit, "") || !a.Has(who.CouncilChair, "/1/2/4/") {
			t.Errorf("got %+v %v", a, err)
		}
		_, err = d.BeginTOTP(ctx, in.Token) // else a stolen number would make its own second factor
		refused(t, err, "people.session.weak")
		_, err = d.ChangePassword(ctx, in.Token, "", good, home)
		refused(t, err, "people.session.weak")
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王", Phone: "13800138000"}))(t)
		g := must(d.GiveGrant(ctx, chief, Grant{Role: who.CouncilChair, Place: 4, Person: wang.ID}))(t)
		open := func() string {
			t.Helper()
			_, err := d.OpenSession(ctx, visitor, wang.ID, home)
			refused(t, err, "fail.denied")
			return must(d.OpenSession(ctx, who.System(who.CLI), wang.ID, home))(t).Token
		}
		alive := func(token string, want bool) {
			t.Helper()
			_, _, err := d.SessionActor(ctx, token)
			if (err == nil) != want {
				t.Errorf("alive %v, want %v: %v", err == nil, want, err)
			}
		}
		tok := open()
		c.add(idle - time.Minute)
		alive(tok, true) // and touched
		c.add(idle - time.Minute)
		alive(tok, true)
		c.add(idle)
		alive(tok, false)
		tok = open()
		for range 30 * 24 / 8 {
			alive(tok, true)
			c.add(8 * time.Hour)
		}
		alive(tok, false)
		a, b := open(), open()
		by, here, err := d.SessionActor(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		ss := must(d.Sessions(ctx, by, here.ID))(t)
		if len(ss) != 2 || ss[0].Here || !ss[1].Here || ss[0].Device != home.Device {
			t.Errorf("got %+v", ss)
		}
		if err := d.EndSession(ctx, who.Actor{ID: 5}, ss[0].ID); err != nil {
			t.Fatal(err)
		}
		alive(b, true) // not another's to end
		if err := d.EndSession(ctx, by, ss[0].ID); err != nil {
			t.Fatal(err)
		}
		alive(b, false)
		if err := d.SignOut(ctx, a); err != nil {
			t.Fatal(err)
		}
		alive(a, false)
		// A role taken away is gone at the next request.
		tok = open()
		if by, _, _ := d.SessionActor(ctx, tok); !by.May(who.ContactSee, "/1/2/4/") {
			t.Error("no right")
		}
		if err := d.EndGrant(ctx, chief, g.ID); err != nil {
			t.Fatal(err)
		}
		if by, _, _ := d.SessionActor(ctx, tok); by.May(who.ContactSee, "/1/2/4/") {
			t.Error("right outlives the role")
		}
		in := must(d.ChangePassword(ctx, tok, "", good, home))(t) // the first one, soon after signing in
		alive(tok, false)
		alive(in.Token, true)
		_, err = d.ChangePassword(ctx, in.Token, "no", good+"2", home)
		refused(t, err, "people.password.wrong")
		in2 := must(d.ChangePassword(ctx, in.Token, good, good+"2", home))(t)
		alive(in.Token, false)
		alive(in2.Token, true)
		_, err = d.AddBlock(ctx, by, Block{Kind: "person", Reason: "abuse"}, personKey(wang.ID), 4)
		refused(t, err, "fail.denied")
		mod := who.Actor{ID: 98, Grants: []who.Grant{{Role: who.SubdistrictStaff, Path: "/"}}}
		bl := must(d.AddBlock(ctx, mod, Block{Kind: "person", Reason: "abuse", Until: c.now().Add(time.Hour)}, personKey(wang.ID), 0))(t)
		alive(in2.Token, false)
		_, err = d.SignInPassword(ctx, "13800138000", good+"2", home)
		refused(t, err, "people.blocked")
		if bs := must(d.Blocks(ctx, mod))(t); len(bs) != 1 || bs[0].Reason != "abuse" {
			t.Errorf("got %+v", bs)
		}
		if err := d.Lift(ctx, mod, bl.ID); err != nil {
			t.Fatal(err)
		}
		must(d.SignInPassword(ctx, "13800138000", good+"2", home))(t)
		for _, bad := range []string{"", "x", strings.Repeat("x", 5000)} {
			alive(bad, false)
		}
	})
}

func TestTheFirstAdministrator(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		_, _, err := d.FirstAdmin(ctx, Contact{Name: "孙"}, good)
		refused(t, err, "people.address.bad")
		_, _, err = d.FirstAdmin(ctx, Contact{Name: "孙", Email: "sun@example.cn"}, "sunsunsunsun")
		refused(t, err, "people.password.common")
		secret, recovery, err := d.FirstAdmin(ctx, Contact{Name: "孙", Email: "sun@example.cn"}, good)
		if err != nil || len(recovery) != 10 {
			t.Fatal(err)
		}
		_, _, err = d.FirstAdmin(ctx, Contact{Name: "李", Email: "li@example.cn"}, good)
		refused(t, err, "people.admin.exists")
		in := must(d.SignInPassword(ctx, "Sun@example.cn", good, home))(t)
		now, _ := totp(secret, c.now().Unix()/totpStep)
		in = must(d.SignInTOTP(ctx, in.Token, now, home))(t)
		if a, _, err := d.SessionActor(ctx, in.Token); err != nil || !a.May(who.GrantEdit, "/") {
			t.Errorf("got %+v %v", a, err)
		}
		if l := TOTPLink("邻里 town", "sun@example.cn", secret); !strings.HasPrefix(l, "otpauth://totp/") || strings.ContainsAny(l, " +") || !strings.Contains(l, "secret="+secret) {
			t.Errorf("got %s", l)
		}
	})
}

// One who owns the account gets in while a stranger tries from elsewhere.
func TestTriesAreLimitedAndNobodyIsLockedOut(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		enrolled(t, d, c, "13800138000", who.CommunityStaff)
		bad := Client{Addr: "203.0.113.9"}
		for range passPerPair.N {
			_, err := d.SignInPassword(ctx, "13800138000", "wrong password", bad)
			refused(t, err, "people.password.wrong")
		}
		_, err := d.SignInPassword(ctx, "13800138000", good, bad)
		refused(t, err, "fail.too_many")
		must(d.SignInPassword(ctx, "13800138000", good, home))(t)
		c.add(passPerPair.Per)
		must(d.SignInPassword(ctx, "13800138000", good, bad))(t)
	})
}

func BenchmarkSessionActor(b *testing.B) {
	d, tok := benchTown(b)
	cpu(b, func() {
		for b.Loop() {
			if _, _, err := d.SessionActor(b.Context(), tok); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package people

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// dump is everything in the database as text.
func dump(t *testing.T, d *db.DB) string {
	t.Helper()
	return do(t, d, func(tx *db.Tx) (string, error) {
		q := `select table_name from information_schema.tables where table_schema = current_schema()`
		if d.Lite() {
			q = `select name from sqlite_master where type = 'table' and name not like 'sqlite%'`
		}
		tables, err := db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return }, q)
		if err != nil {
			return "", err
		}
		var b strings.Builder
		for _, name := range tables {
			_, err := db.All(tx, func(r db.Row) (_ int, err error) {
				cols, err := r.(interface{ Columns() ([]string, error) }).Columns()
				if err != nil {
					return 0, err
				}
				vs, ps := make([]any, len(cols)), make([]any, len(cols))
				for i := range vs {
					ps[i] = &vs[i]
				}
				err = r.Scan(ps...)
				fmt.Fprintf(&b, "%s %s\n", name, fmt.Sprint(vs...))
				return
			}, "select * from "+name)
			if err != nil {
				return "", err
			}
		}
		return b.String(), nil
	})
}

var street = who.Actor{ID: 97, Via: who.Web, Grants: []who.Grant{{Role: who.SubdistrictStaff, Place: 1, Path: "/1/"}}}

func TestAnErasedPersonIsNowhere(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		marks := []string{"13812345678", "13912345678", "12345678", "wangxiaoer@example.cn", "王小二", "小二", "小贰", "Nokia 3310"}
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王小二", Phone: "13812345678", Email: "wangxiaoer@example.cn", Place: 4}))(t)
		gone := reach(t, d.DB, Contact{Name: "王小贰", Phone: "13912345678"})
		must(d.MergePersons(ctx, chief, wang.ID, gone))(t)
		must(d.GiveGrant(ctx, chief, Grant{Role: who.CouncilChair, Place: 4, Person: wang.ID}))(t)
		link := must(d.Invite(ctx, chief, wang.ID))(t)
		in := must(d.AcceptInvite(ctx, link, good, Client{Device: "Nokia 3310"}))(t)
		by, s, err := d.SessionActor(ctx, in.Token)
		if err != nil {
			t.Fatal(err)
		}
		must(d.AskCode(ctx, "13812345678", "", home))(t)
		must(d.CorrectAsk(ctx, by, "13912345678", home))(t)
		must(d.AddBlock(ctx, street, Block{Kind: "phone", Reason: "spam"}, "13812345678", 1))(t)
		before := dump(t, d.DB)
		for _, m := range marks[:1] {
			if !strings.Contains(before, m) {
				t.Fatalf("%s is nowhere before", m)
			}
		}
		acts := strings.Count(before, "\nact ")
		e := must(d.AskErasure(ctx, by))(t)
		if again := must(d.AskErasure(ctx, by))(t); again.ID != e.ID {
			t.Error("asked twice, two wishes")
		}
		if es := must(d.Erasures(ctx, street))(t); len(es) != 1 || es[0].ID != e.ID {
			t.Errorf("got %+v", es)
		}
		refused(t, d.Erase(ctx, by, e.ID), "fail.denied")
		if err := d.Erase(ctx, street, e.ID); err != nil {
			t.Fatal(err)
		}
		refused(t, d.Erase(ctx, street, e.ID), "people.ended")
		after := dump(t, d.DB)
		for _, m := range marks {
			if i := strings.Index(after, m); i >= 0 {
				t.Errorf("%s is left: %s", m, after[max(0, i-60):min(len(after), i+60)])
			}
		}
		if n := strings.Count(after, "\nact "); n < acts {
			t.Errorf("%d acts, were %d", n, acts)
		}
		if got := load(t, d, gone); got.ID != wang.ID || got.Erased.IsZero() {
			t.Errorf("got %+v", got)
		}
		if _, _, err := d.SessionActor(ctx, in.Token); code(err) != "people.session.over" {
			t.Errorf("session %d outlives its person: %v", s.ID, err)
		}
		if a := actorOf(t, d, wang.ID); len(a.Grants) != 0 {
			t.Errorf("got %+v", a)
		}
		if !strings.Contains(after, "people.erased") {
			t.Error("nobody else hears of it")
		}
		// The number is free again, for somebody else.
		if n := reach(t, d.DB, Contact{Phone: "13812345678"}); n == wang.ID || n == gone {
			t.Error("an erased person was found by number")
		}
	})
}

func TestErasureMayBeRefusedOrTakenBack(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王", Phone: "13800138000", Place: 4}))(t)
		by := actorOf(t, d, wang.ID)
		e := must(d.AskErasure(ctx, by))(t)
		refused(t, d.RefuseErasure(ctx, street, e.ID, "because"), "fail.choose")
		if err := d.RefuseErasure(ctx, street, e.ID, "open_issue"); err != nil {
			t.Fatal(err)
		}
		must(d.AskErasure(ctx, by))(t)
		if err := d.TakeBackErasure(ctx, by); err != nil {
			t.Fatal(err)
		}
		k := must(d.Mine(ctx, by))(t)
		if len(k.Erasures) != 2 || k.Erasures[0].State != "refused" || k.Erasures[0].Reason != "open_issue" || k.Erasures[1].State != "taken_back" {
			t.Errorf("got %+v", k.Erasures)
		}
		_, err := d.AskErasure(ctx, visitor)
		refused(t, err, "fail.sign_in")
		boss := must(d.AddPerson(ctx, chief, Contact{Name: "孙", Phone: "13900139000"}))(t)
		must(d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Person: boss.ID}))(t)
		e = must(d.AskErasure(ctx, actorOf(t, d, boss.ID)))(t)
		refused(t, d.Erase(ctx, street, e.ID), "fail.denied")
		refused(t, d.Erase(ctx, chief, e.ID), "people.admin.last")
	})
}

func TestEveryLookAtANumberIsKept(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王", Phone: "13800138000", Place: 4}))(t)
		chair := who.Actor{ID: 96, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/1/2/4/"}}}
		other := who.Actor{ID: 95, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/1/3/"}}}
		got := must(d.SeeContact(ctx, chair, wang.ID, "call_back"))(t)
		if got.Phone != "+8613800138000" || got.Name != "王" {
			t.Errorf("got %+v", got)
		}
		for name, by := range map[string]who.Actor{"elsewhere": other, "visitor": visitor, "admin": chief} {
			if _, err := d.SeeContact(ctx, by, wang.ID, "call_back"); code(err) != "fail.denied" {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := d.SeeContact(ctx, chair, wang.ID, "I am curious")
		refused(t, err, "fail.choose")
		// The issue lies in the other's place.
		do(t, d.DB, func(tx *db.Tx) (Contact, error) { return SeeContact(tx, other, wang.ID, "/1/3/", 1234, "ask") })
		_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (Contact, error) { return SeeContact(tx, other, wang.ID, "", 1234, "ask") })
		refused(t, err, "fail.denied")
		must(d.SeeContact(ctx, actorOf(t, d, wang.ID), wang.ID, ""))(t) // one's own
		k := must(d.Mine(ctx, actorOf(t, d, wang.ID)))(t)
		want := []Look{{At: c.now(), Why: "call_back"}, {At: c.now(), Why: "ask", About: 1234}}
		if len(k.Looks) != 2 || k.Looks[0] != want[0] || k.Looks[1] != want[1] {
			t.Errorf("got %+v, want %+v", k.Looks, want)
		}
	})
}

func TestConsentIsGivenAndTakenBack(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := reach(t, d.DB, Contact{Name: "王", Phone: "13800138000"})
		agree := func(version string) {
			do(t, d.DB, func(tx *db.Tx) (int, error) { return 0, Agree(tx, visitor, wang, "contact", version) })
		}
		reachable := func() string {
			return do(t, d.DB, func(tx *db.Tx) (string, error) {
				phone, email, _, err := Reachable(tx, wang)
				return phone + email, err
			})
		}
		agree("2026-11")
		agree("2026-11")
		if got := reachable(); got != "+8613800138000" {
			t.Errorf("got %q", got)
		}
		by := actorOf(t, d, wang)
		if err := d.WithdrawConsent(ctx, by, "contact"); err != nil {
			t.Fatal(err)
		}
		if p := load(t, d, wang); p.Phone != "" {
			t.Errorf("a number nobody may call is kept: %+v", p)
		}
		k := must(d.Mine(ctx, by))(t)
		if len(k.Consents) != 1 || k.Consents[0].Version != "2026-11" || k.Consents[0].Withdrawn.IsZero() {
			t.Errorf("got %+v", k.Consents)
		}
		// With an account the number stays, for signing in, and no letter goes to it.
		p := &post{}
		d.Send = p.send
		ticket := must(d.AskCode(ctx, "13900139000", "", home))(t)
		wang = must(d.SignInCode(ctx, ticket, p.code(), home))(t).Person
		by = actorOf(t, d, wang)
		agree("2026-11")
		if err := d.WithdrawConsent(ctx, by, "contact"); err != nil {
			t.Fatal(err)
		}
		if got := reachable(); got != "" || load(t, d, wang).Phone == "" {
			t.Errorf("got %q", got)
		}
		agree("2026-12") // whoever typed the number into a report
		if got := reachable(); got != "" {
			t.Errorf("a stranger agreed for them: got %q", got)
		}
		if err := d.GiveConsent(ctx, by, "contact", "2026-12"); err != nil {
			t.Fatal(err)
		}
		if got := reachable(); got == "" {
			t.Error("consent given again, and still silent")
		}
		refused(t, d.GiveConsent(ctx, by, "everything", "1"), "fail.choose")
	})
}

func TestAPersonCorrectsWhatIsKept(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王", Phone: "13800138000"}))(t)
		must(d.AddPerson(ctx, chief, Contact{Name: "李", Phone: "13700137000"}))(t)
		here := must(d.OpenSession(ctx, who.System(who.CLI), wang.ID, home))(t).Token
		there := must(d.OpenSession(ctx, who.System(who.CLI), wang.ID, home))(t).Token
		by, s, err := d.SessionActor(ctx, here)
		if err != nil {
			t.Fatal(err)
		}
		got := must(d.Correct(ctx, by, wang.Rev, "王芳", "en", 4))(t)
		if got.Name != "王芳" || got.Lang != "en" || got.Place != 4 || got.Phone != wang.Phone {
			t.Errorf("got %+v", got)
		}
		_, err = d.Correct(ctx, by, wang.Rev, "王", "en", 4)
		refused(t, err, "fail.stale")
		ticket := must(d.CorrectAsk(ctx, by, "13900139000", home))(t)
		if !strings.HasPrefix(p.sent[0], "change +8613900139000 ") {
			t.Errorf("sent %q", p.sent)
		}
		refused(t, d.CorrectConfirm(ctx, who.Actor{ID: 5}, 0, ticket, p.code(), home), "people.code.over") // another's ticket
		ticket = must(d.CorrectAsk(ctx, by, "13900139000", home))(t)
		refused(t, d.CorrectConfirm(ctx, by, s.ID, ticket, "nope", home), "people.code.wrong")
		if err := d.CorrectConfirm(ctx, by, s.ID, ticket, p.code(), home); err != nil {
			t.Fatal(err)
		}
		if got := load(t, d, wang.ID); got.Phone != "+8613900139000" || got.PhoneOK.IsZero() {
			t.Errorf("got %+v", got)
		}
		if _, _, err := d.SessionActor(ctx, there); code(err) != "people.session.over" {
			t.Error("the other session goes on")
		}
		if _, _, err := d.SessionActor(ctx, here); err != nil {
			t.Error(err)
		}
		ticket = must(d.CorrectAsk(ctx, by, "13700137000", home))(t)
		refused(t, d.CorrectConfirm(ctx, by, s.ID, ticket, p.code(), home), "people.address.taken")
		k := must(d.Mine(ctx, by))(t)
		b, err := json.Marshal(k)
		if err != nil || !strings.Contains(string(b), `"id":"`+personKey(wang.ID)+`"`) || !strings.Contains(string(b), "+8613900139000") || !strings.Contains(string(b), home.Device) {
			t.Errorf("got %s %v", b, err)
		}
	})
}

func TestWhatWasKeptLongEnoughGoes(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := &post{}
		d.Send = p.send
		old := reach(t, d.DB, Contact{Name: "王", Phone: "13800138000"})
		needed := reach(t, d.DB, Contact{Name: "李", Phone: "13800138001"})
		chair := must(d.AddPerson(ctx, chief, Contact{Name: "孙"}))(t)
		must(d.GiveGrant(ctx, chief, Grant{Role: who.CouncilChair, Place: 4, Person: chair.ID}))(t)
		account := must(d.AddPerson(ctx, chief, Contact{Name: "赵", Phone: "13800138002"}))(t)
		for i := range sweepBatch + 3 {
			reach(t, d.DB, Contact{Name: fmt.Sprint("路人", i)})
		}
		must(d.AskCode(ctx, "13800138002", "", home))(t)
		must(d.OpenSession(ctx, who.System(who.CLI), account.ID, home))(t)
		d.Needed = func(_ *db.Tx, n id.ID, since time.Time) (bool, error) { return n == needed, nil }
		if got := must(d.Sweep(ctx))(t); len(got) != 0 {
			t.Errorf("on the first day: %+v", got)
		}
		c.add(181 * 24 * time.Hour)
		young := reach(t, d.DB, Contact{Name: "钱", Phone: "13800138003"})
		went := map[string]int64{}
		for _, s := range must(d.Sweep(ctx))(t) {
			went[s.Kind] += s.Count
		}
		if went["contact"] != sweepBatch+4 || went["session"] != 1 || went["code"] != 1 || went["account"] != 0 {
			t.Errorf("got %v", went)
		}
		for n, kept := range map[id.ID]bool{old: false, needed: true, chair.ID: true, account.ID: true, young: true} {
			if got := load(t, d, n); (got.Name != "") != kept {
				t.Errorf("%+v: kept %v, want %v", got, got.Name != "", kept)
			}
		}
		if got := must(d.Sweep(ctx))(t); len(got) != 0 {
			t.Errorf("twice: %+v", got)
		}
		if log := must(d.Sweeps(ctx, street, 100))(t); len(log) < 4 {
			t.Errorf("got %+v", log)
		}
		rs := do(t, d.DB, Retentions)
		if len(rs) != 5 || rs[0].Kind != "account" {
			t.Fatalf("got %+v", rs)
		}
		rs[0].Days = 30
		refused(t, d.SaveRetention(ctx, local, rs[0]), "fail.denied")
		if err := d.SaveRetention(ctx, chief, rs[0]); err != nil {
			t.Fatal(err)
		}
		refused(t, d.SaveRetention(ctx, chief, rs[0]), "fail.stale")
		in := must(d.AddPerson(ctx, chief, Contact{Name: "周", Phone: "13800138004"}))(t)
		c.add(31 * 24 * time.Hour)
		must(d.OpenSession(ctx, who.System(who.CLI), in.ID, home))(t) // came back just now
		must(d.Sweep(ctx))(t)
		if load(t, d, account.ID).Name != "" || load(t, d, in.ID).Name == "" {
			t.Error("the account nobody signs in to is kept, or the other is gone")
		}
	})
}

func TestTheBlockedAreRefused(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		refuses := func(by who.Actor, in Contact, path string) string {
			_, err := db.See(ctx, d.DB, func(tx *db.Tx) (int, error) { return 0, Refuses(tx, by, in, path) })
			return code(err)
		}
		wang := Contact{Phone: "138 0013 8000"}
		if got := refuses(visitor, wang, "/1/2/4/"); got != "" {
			t.Errorf("got %q", got)
		}
		p := must(d.AddPerson(ctx, chief, Contact{Name: "李", Place: 4}))(t)
		for kind, value := range map[string]string{"phone": "+8613800138000", "email": "Spam@example.cn", "person": personKey(p.ID), "place": "2", "address": "2001:db8::1"} {
			must(d.AddBlock(ctx, street, Block{Kind: kind, Reason: "spam", Until: c.now().Add(time.Hour)}, value, 1))(t)
		}
		_, err := d.AddBlock(ctx, street, Block{Kind: "phone", Reason: "spam"}, "13800138001", 0)
		refused(t, err, "fail.denied")
		chair := who.Actor{ID: 96, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/1/3/"}}}
		for name, got := range map[string]string{
			"phone":  refuses(visitor, wang, "/1/3/"),
			"email":  refuses(visitor, Contact{Email: "spam@EXAMPLE.cn"}, "/1/3/"),
			"person": refuses(who.Actor{ID: p.ID}, Contact{}, "/1/3/"),
			"place":  refuses(visitor, Contact{}, "/1/2/4/"),
			"chair":  refuses(chair, Contact{}, "/1/2/4/"),
			"addr":   code(d.RefusesAddress(ctx, "2001:db8::2")),
		} {
			if got != "people.blocked.report" {
				t.Errorf("%s: got %q", name, got)
			}
		}
		for name, got := range map[string]string{
			"other phone": refuses(visitor, Contact{Phone: "13800138001"}, "/1/3/"),
			"by a chair":  refuses(chair, wang, "/1/3/"),
			"addr":        code(d.RefusesAddress(ctx, "192.0.2.1")),
		} {
			if got != "" {
				t.Errorf("%s: got %q", name, got)
			}
		}
		c.add(time.Hour)
		if got := refuses(visitor, wang, "/1/2/4/"); got != "" {
			t.Errorf("after its end: got %q", got)
		}
	})
}

package people

import (
	"errors"
	"io/fs"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/testkit"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

var rooms = []fs.FS{audit.SQL, SQL}

var visitor = who.Actor{Via: who.Web}

// clock is a clock the test moves.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time      { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) add(d time.Duration) { c.ms.Add(d.Milliseconds()) }

func moved(d *db.DB) *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC).UnixMilli())
	d.Clock = c.now
	return c
}

func do[T any](t *testing.T, d *db.DB, f func(tx *db.Tx) (T, error)) T {
	t.Helper()
	v, err := db.Do(t.Context(), d, f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func reach(t *testing.T, d *db.DB, c Contact) id.ID {
	t.Helper()
	return do(t, d, func(tx *db.Tx) (id.ID, error) { return Reach(tx, visitor, c) })
}

func code(err error) string {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestPhonesAreKeptInOneForm(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000": "+8613800138000", "138 0013 8000": "+8613800138000", "１３８００１３８０００": "+8613800138000",
		"+86 138-0013-8000": "+8613800138000", "0086 13800138000": "+8613800138000", "0513-85512345": "+8651385512345",
		"+1 617 555 0123": "+16175550123", "+852 2123 4567": "+85221234567", "": "", "  ": "",
		"12345": "!", "1380013800": "!", "abc": "!", "12800138000": "!", "138001380001": "!", "+86": "!", "13800138000' or 1=1": "!",
	} {
		got, err := Phone(in)
		if err != nil {
			got = "!"
			if code(err) != "people.phone.bad" {
				t.Errorf("%q: %v", in, err)
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEmails(t *testing.T) {
	for in, want := range map[string]string{
		"Wang@Example.CN": "wang@example.cn", " li+1@mail.example.cn ": "li+1@mail.example.cn", "": "",
		"wang": "!", "wang@": "!", "@b.cn": "!", "wang@localhost": "!", "a b@c.cn": "!", "Wang <a@b.cn>": "!", "a@b.cn\r\nbcc: c@d.cn": "!", "a@b.cn,c@d.cn": "!", "a@b.": "!",
	} {
		got, err := Email(in)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{" 王  大妈 ": "王 大妈", "a\nb\x00c\u202e": "a bc", "": ""} {
		if got, err := Name(in); got != want || err != nil {
			t.Errorf("%q: got %q %v, want %q", in, got, err, want)
		}
	}
	long := ""
	for range 41 {
		long += "王"
	}
	_, err := Name(long)
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != "people.name.long" || e.Field != "name" {
		t.Errorf("got %v", err)
	}
}

func FuzzContact(f *testing.F) {
	add := mutate.Adder(f)
	add("王", "138 0013 8000", "a@b.cn")
	add("\xff\u202e", "+1 617 555 0123 ext 9", "\"a b\"@c.cn")
	add("", "tel:0513-8551-2345;phone-context=+86", "a@[127.0.0.1]")
	f.Fuzz(func(t *testing.T, name, phone, email string) {
		c, err := Contact{Name: name, Phone: phone, Email: email}.tidy()
		if err != nil {
			if fail.KindOf(err) != fail.Invalid {
				t.Fatal(err)
			}
			return
		}
		again, err := c.tidy()
		if err != nil || again != c {
			t.Errorf("tidied twice: %+v, then %+v %v", c, again, err)
		}
	})
}

func TestReachFindsWhoIsKnown(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		moved(d)
		wang := reach(t, d, Contact{Name: "王", Phone: "13800138000", Email: "wang@example.cn"})
		if got := reach(t, d, Contact{Phone: "+86 138 0013 8000"}); got != wang {
			t.Error("not found by telephone")
		}
		if got := reach(t, d, Contact{Email: "WANG@example.cn"}); got != wang {
			t.Error("not found by e-mail")
		}
		if got := reach(t, d, Contact{}); got != 0 {
			t.Errorf("nobody left nothing, got %d", got)
		}
		if a, b := reach(t, d, Contact{Name: "李"}), reach(t, d, Contact{Name: "李"}); a == b {
			t.Error("two of one name are one person")
		}
		// Somebody else types the number and an e-mail of their own.
		if got := reach(t, d, Contact{Name: "坏", Phone: "13800138000", Email: "evil@example.cn"}); got != wang {
			t.Error("not found by telephone")
		}
		p := do(t, d, func(tx *db.Tx) (Person, error) { return ByID(tx, wang) })
		want := Person{ID: wang, Name: "王", Phone: "+8613800138000", Email: "wang@example.cn", Lang: "zh-Hans", At: d.Now(), Rev: 1}
		if p != want {
			t.Errorf("got %+v, want %+v", p, want)
		}
		_, err := db.Do(t.Context(), d, func(tx *db.Tx) (id.ID, error) { return Reach(tx, visitor, Contact{Phone: "123"}) })
		if code(err) != "people.phone.bad" {
			t.Errorf("got %v", err)
		}
	})
}

func TestReachAtOnceMakesOnePerson(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		got := make(chan id.ID)
		for range 16 {
			go func() {
				n, err := db.Do(t.Context(), d, func(tx *db.Tx) (id.ID, error) { return Reach(tx, visitor, Contact{Phone: "13800138000"}) })
				if err != nil {
					t.Error(err)
				}
				got <- n
			}()
		}
		all := map[id.ID]bool{}
		for range 16 {
			all[<-got] = true
		}
		if len(all) != 1 {
			t.Errorf("%d persons, want 1", len(all))
		}
	})
}

func grant(t *testing.T, d *db.DB, g Grant) {
	t.Helper()
	do(t, d, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`insert into grants (`+grantCols+`, at, who) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)`,
			id.New(tx.Now()), g.Role, g.Place, g.Path, g.Person, db.Ms(g.From), db.Ms(g.Until), g.DeputyOf, g.Member)
	})
}

func TestNearestHoldersAreFound(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		c := moved(d)
		wang, li, zhao := reach(t, d, Contact{Name: "王"}), reach(t, d, Contact{Name: "李"}), reach(t, d, Contact{Name: "赵"})
		sun := reach(t, d, Contact{Name: "孙"})
		end := c.now().Add(time.Hour)
		grant(t, d, Grant{Role: who.CouncilChair, Place: 7, Path: "/1/7/", Person: wang, Until: end})
		grant(t, d, Grant{Role: who.CouncilChair, Place: 7, Path: "/1/7/", Person: li, DeputyOf: wang})
		grant(t, d, Grant{Role: who.CouncilChair, Place: 1, Path: "/1/", Person: zhao})
		grant(t, d, Grant{Role: who.CouncilChair, Place: 17, Path: "/1/17/", Person: sun})
		grant(t, d, Grant{Role: who.GridWorker, Place: 7, Path: "/1/7/", Person: sun})
		see := func(path string) (out []id.ID) {
			for _, h := range do(t, d, func(tx *db.Tx) ([]Holder, error) { return Holders(tx, who.CouncilChair, path) }) {
				out = append(out, h.Person)
			}
			return
		}
		for path, want := range map[string][]id.ID{"/1/7/": {wang, li}, "/1/7/9/": {wang, li}, "/1/8/": {zhao}, "/1/": {zhao}, "/2/": nil, "": nil} {
			if got := see(path); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		at := do(t, d, func(tx *db.Tx) ([]Holder, error) { return HoldersAt(tx, who.CouncilChair, 7) })
		want := []Holder{{Person: wang, Role: who.CouncilChair, Place: 7, Path: "/1/7/"}, {Person: li, Role: who.CouncilChair, Place: 7, Path: "/1/7/", Deputy: true}}
		if !slices.Equal(at, want) {
			t.Errorf("got %v, want %v", at, want)
		}
		a := do(t, d, func(tx *db.Tx) (who.Actor, error) { return Actor(tx, li) })
		if !a.May(who.ContactSee, "/1/7/3/") || a.May(who.ContactSee, "/1/8/") {
			t.Errorf("deputy's rights: %+v", a.Grants)
		}
		c.add(2 * time.Hour) // the chair's term is over, and with it the deputy's
		if got := see("/1/7/"); !slices.Equal(got, []id.ID{zhao}) {
			t.Errorf("after the term: got %v", got)
		}
		if a := do(t, d, func(tx *db.Tx) (who.Actor, error) { return Actor(tx, li) }); len(a.Grants) != 0 {
			t.Errorf("deputy of nobody: %+v", a.Grants)
		}
	})
}

func TestManyAreFoundAtOnce(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		var ns []id.ID
		for range 300 {
			ns = append(ns, 5)
		}
		ns = append(ns, reach(t, d, Contact{Name: "王"}))
		ps := do(t, d, func(tx *db.Tx) (map[id.ID]Person, error) { return ByIDs(tx, ns) })
		if len(ps) != 1 || ps[ns[300]].Name != "王" {
			t.Errorf("got %v", ps)
		}
	})
}

func TestFourPillarsStand(t *testing.T) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		ps := do(t, d, func(tx *db.Tx) ([]Pillar, error) { return Pillars(tx) })
		if len(ps) != 4 || ps[0].In("en") != "Party organisation" || ps[3].In("zh-Hant") != "志願者和居民" {
			t.Errorf("got %v", ps)
		}
	})
}

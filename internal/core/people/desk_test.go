package people

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/testkit"

	"io/fs"
)

// The town of the tests: subdistrict 1, communities 2 and 3, neighbourhood 4 in 2.
var places = map[id.ID]string{1: "/1/", 2: "/1/2/", 3: "/1/3/", 4: "/1/2/4/"}

func placePath(_ *db.Tx, n id.ID) (string, error) {
	if p, ok := places[n]; ok {
		return p, nil
	}
	return "", fail.New(fail.Missing, "fail.missing")
}

var allRooms = []fs.FS{audit.SQL, job.SQL, SQL}

func each(t *testing.T, f func(t *testing.T, d Desk, c *clock)) {
	t.Helper()
	testkit.Each(t, allRooms, func(t *testing.T, b *db.DB) {
		c := moved(b)
		f(t, Desk{DB: b, Path: placePath}, c)
	})
}

func admin(paths ...string) who.Actor {
	a := who.Actor{ID: 99, Via: who.Web}
	for _, p := range paths {
		a.Grants = append(a.Grants, who.Grant{Role: who.Admin, Path: p})
	}
	return a
}

var (
	chief = admin("/")
	local = admin("/1/2/")
)

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func load(t *testing.T, d Desk, n id.ID) Person {
	t.Helper()
	return do(t, d.DB, func(tx *db.Tx) (Person, error) { return ByID(tx, n) })
}

func actorOf(t *testing.T, d Desk, n id.ID) who.Actor {
	t.Helper()
	return do(t, d.DB, func(tx *db.Tx) (who.Actor, error) { return Actor(tx, n) })
}

func TestStalePersonIsRefused(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := must(d.AddPerson(ctx, chief, Contact{Name: "王", Phone: "13800138000", Place: 4}))(t)
		e := p
		e.Name, e.Phone = "王芳", MaskPhone(p.Phone)
		e = must(d.EditPerson(ctx, local, e))(t)
		if e.Phone != "+8613800138000" || e.Name != "王芳" || e.PhoneOK != c.now() {
			t.Errorf("got %+v", e)
		}
		if got := load(t, d, p.ID); got != e {
			t.Errorf("kept %+v, want %+v", got, e)
		}
		_, err := d.EditPerson(ctx, chief, p)
		refused(t, err, "fail.stale")
		_, err = d.AddPerson(ctx, chief, Contact{Name: "李", Phone: "13800138000"})
		refused(t, err, "people.phone.taken")
		_, err = d.AddPerson(ctx, chief, Contact{Phone: "13800138001"})
		refused(t, err, "fail.empty")
	})
}

// What one may not do elsewhere, and what an administrator of a part may not do to one of the whole.
func TestAdministratorsStayInTheirPlace(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		far := must(d.AddPerson(ctx, chief, Contact{Name: "赵", Place: 3}))(t)
		boss := must(d.AddPerson(ctx, chief, Contact{Name: "孙", Place: 4}))(t)
		must(d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Person: boss.ID}))(t)
		o := must(d.AddOrg(ctx, chief, Org{Kind: "department", Name: "城管", Place: 1}))(t)
		tm := must(d.AddTeam(ctx, chief, Team{Kind: "response_group", Name: "联动志愿组", Place: 3}))(t)
		g := must(d.GiveGrant(ctx, chief, Grant{Role: who.GridWorker, Place: 3, Person: far.ID}))(t)
		seat := must(d.AddMember(ctx, chief, Member{Kind: "team", Of: tm.ID, Person: far.ID}))(t)
		for name, err := range map[string]error{
			"add":         second(d.AddPerson(ctx, local, Contact{Name: "钱", Place: 3})),
			"edit":        second(d.EditPerson(ctx, local, far)),
			"edit boss":   second(d.EditPerson(ctx, local, boss)),
			"move":        second(d.EditPerson(ctx, local, Person{ID: boss.ID, Rev: boss.Rev, Name: "x", Place: 3})),
			"org":         second(d.AddOrg(ctx, local, Org{Kind: "school", Name: "x", Place: 1})),
			"edit org":    second(d.EditOrg(ctx, local, o)),
			"team":        second(d.AddTeam(ctx, local, Team{Kind: "other", Name: "x", Place: 3})),
			"edit team":   second(d.EditTeam(ctx, local, tm)),
			"council":     second(d.AddCouncil(ctx, local, Council{Name: "x", Place: 3})),
			"seat":        second(d.AddMember(ctx, local, Member{Kind: "team", Of: tm.ID, Person: boss.ID})),
			"unseat":      d.RemoveMember(ctx, local, seat.ID),
			"grant":       second(d.GiveGrant(ctx, local, Grant{Role: who.Admin, Place: 1, Person: far.ID})),
			"grant town":  second(d.GiveGrant(ctx, local, Grant{Role: who.Admin, Person: far.ID})),
			"end":         d.EndGrant(ctx, local, g.ID),
			"merge":       second(d.MergePersons(ctx, local, far.ID, boss.ID)),
			"pillar":      second(d.SavePillar(ctx, local, Pillar{Code: "x", Name: "x"})),
			"find":        second(d.Find(ctx, who.Actor{ID: 5, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/"}}}, "", 0, 9)),
			"duplicates":  second(d.Duplicates(ctx, visitor)),
			"visitor add": second(d.AddPerson(ctx, visitor, Contact{Name: "x"})),
		} {
			if got := code(err); got != "fail.denied" {
				t.Errorf("%s: got %q", name, got)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestSeatInACouncilBringsTheRole(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, local, Contact{Name: "王", Place: 4}))(t)
		end := c.now().Add(48 * time.Hour)
		co := must(d.AddCouncil(ctx, local, Council{Place: 4, Name: "桂花邻里理事会", Until: end}))(t)
		seat := must(d.AddMember(ctx, local, Member{Kind: "council", Of: co.ID, Person: wang.ID, Post: "chair"}))(t)
		if !seat.Until.Equal(end) {
			t.Errorf("seat ends %v, want with the term %v", seat.Until, end)
		}
		_, err := d.AddMember(ctx, local, Member{Kind: "council", Of: co.ID, Person: wang.ID})
		refused(t, err, "people.member.already")
		if a := actorOf(t, d, wang.ID); !a.Has(who.CouncilChair, "/1/2/4/") || a.Has(who.CouncilChair, "/1/2/") {
			t.Errorf("got %+v", a.Grants)
		}
		now := do(t, d.DB, func(tx *db.Tx) (Council, error) { return CouncilOf(tx, 4) })
		if now.ID != co.ID {
			t.Errorf("got %+v", now)
		}
		if err := d.RemoveMember(ctx, local, seat.ID); err != nil {
			t.Fatal(err)
		}
		refused(t, d.RemoveMember(ctx, local, seat.ID), "people.ended")
		if a := actorOf(t, d, wang.ID); len(a.Grants) != 0 {
			t.Errorf("a role without its seat: %+v", a.Grants)
		}
		c.add(time.Minute)
		must(d.AddMember(ctx, local, Member{Kind: "council", Of: co.ID, Person: wang.ID, Post: "chair"}))(t)
		c.add(72 * time.Hour)
		if a := actorOf(t, d, wang.ID); len(a.Grants) != 0 {
			t.Errorf("a role after its term: %+v", a.Grants)
		}
	})
}

func TestMembersAndTheirOrganisation(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王"}))(t)
		o := must(d.AddOrg(ctx, chief, Org{Kind: "property_manager", Pillar: "social_org", Name: "安家物业", En: "Anjia", Place: 2, Phone: "0513-85512345"}))(t)
		tm := must(d.AddTeam(ctx, chief, Team{Kind: "response_group", Name: "联动志愿组", Place: 4, Org: o.ID}))(t)
		must(d.AddMember(ctx, chief, Member{Kind: "org", Of: o.ID, Person: wang.ID}))(t)
		must(d.AddMember(ctx, chief, Member{Kind: "team", Of: tm.ID, Person: wang.ID, Post: "lead"}))(t)
		a := actorOf(t, d, wang.ID)
		if !slices.Equal(a.Orgs, []id.ID{o.ID}) || !slices.Equal(a.Teams, []id.ID{tm.ID}) {
			t.Errorf("got %v %v", a.Orgs, a.Teams)
		}
		for _, k := range []struct {
			kind string
			n    id.ID
		}{{"org", o.ID}, {"team", tm.ID}, {"person", wang.ID}} {
			if got := do(t, d.DB, func(tx *db.Tx) ([]id.ID, error) { return MembersOf(tx, k.kind, k.n) }); !slices.Equal(got, []id.ID{wang.ID}) {
				t.Errorf("%s: got %v", k.kind, got)
			}
		}
		got := do(t, d.DB, func(tx *db.Tx) ([]Org, error) { return OrgsFor(tx, "/1/2/4/", "property_manager") })
		if !slices.Equal(got, []Org{o}) || got[0].In("en") != "Anjia" || got[0].Phone != "+8651385512345" {
			t.Errorf("got %+v, want %+v", got, o)
		}
		if got := do(t, d.DB, func(tx *db.Tx) ([]Org, error) { return OrgsFor(tx, "/1/3/", "") }); got != nil {
			t.Errorf("got %+v", got)
		}
		if got := do(t, d.DB, func(tx *db.Tx) ([]Team, error) { return TeamsFor(tx, "/1/2/4/8/", "") }); !slices.Equal(got, []Team{tm}) {
			t.Errorf("got %+v", got)
		}
		o.Until = c.now().Add(-time.Hour)
		o = must(d.EditOrg(ctx, chief, o))(t)
		if got := do(t, d.DB, func(tx *db.Tx) ([]Org, error) { return OrgsFor(tx, "/1/2/4/", "") }); got != nil {
			t.Errorf("an ended organisation is at work: %+v", got)
		}
		if got := do(t, d.DB, func(tx *db.Tx) ([]Org, error) { return OrgsIn(tx, "/1/") }); !slices.Equal(got, []Org{o}) {
			t.Errorf("got %+v", got)
		}
		o.Rev--
		_, err := d.EditOrg(ctx, chief, o)
		refused(t, err, "fail.stale")
		tm.Kind = "no such"
		_, err = d.EditTeam(ctx, chief, tm)
		refused(t, err, "fail.choose")
		do(t, d.DB, func(tx *db.Tx) (int, error) { return 0, Repath(tx, "/1/2/", "/9/2/") })
		if got := do(t, d.DB, func(tx *db.Tx) ([]Team, error) { return TeamsFor(tx, "/9/2/4/", "") }); len(got) != 1 {
			t.Errorf("after the place moved: %+v", got)
		}
	})
}

func TestDeputiesStandInForHolders(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王"}))(t)
		li := must(d.AddPerson(ctx, chief, Contact{Name: "李"}))(t)
		_, err := d.GiveGrant(ctx, chief, Grant{Role: who.CommunityStaff, Place: 2, Person: li.ID, DeputyOf: wang.ID})
		refused(t, err, "people.deputy.bad")
		g := must(d.GiveGrant(ctx, chief, Grant{Role: who.CommunityStaff, Place: 2, Person: wang.ID}))(t)
		_, err = d.GiveGrant(ctx, chief, Grant{Role: who.CommunityStaff, Place: 2, Person: wang.ID})
		refused(t, err, "people.grant.already")
		must(d.GiveGrant(ctx, chief, Grant{Role: who.CommunityStaff, Place: 2, Person: li.ID, DeputyOf: wang.ID, Until: c.now().Add(time.Hour)}))(t)
		if a := actorOf(t, d, li.ID); !a.May(who.IssueApprove, "/1/2/4/") {
			t.Errorf("got %+v", a.Grants)
		}
		if err := d.EndGrant(ctx, chief, g.ID); err != nil {
			t.Fatal(err)
		}
		if a := actorOf(t, d, li.ID); len(a.Grants) != 0 {
			t.Errorf("got %+v", a.Grants)
		}
		_, err = d.GiveGrant(ctx, chief, Grant{Role: "king", Place: 2, Person: wang.ID})
		refused(t, err, "fail.choose")
		_, err = d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Place: 2, Person: wang.ID, Until: c.now()})
		refused(t, err, "people.until.bad")
	})
}

func TestLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		wang := must(d.AddPerson(ctx, chief, Contact{Name: "王"}))(t)
		a := must(d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Person: wang.ID}))(t)
		refused(t, d.EndGrant(ctx, chief, a.ID), "people.admin.last")
		li := must(d.AddPerson(ctx, chief, Contact{Name: "李"}))(t)
		b := must(d.GiveGrant(ctx, chief, Grant{Role: who.Admin, Person: li.ID}))(t)
		// Both go at once: one must stay.
		errs := make(chan error)
		for _, n := range []id.ID{a.ID, b.ID} {
			go func() { errs <- d.EndGrant(context.WithoutCancel(ctx), chief, n) }()
		}
		got := []string{code(<-errs), code(<-errs)}
		slices.Sort(got)
		if !slices.Equal(got, []string{"", "people.admin.last"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestTwoPersonsBecomeOne(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		keep := must(d.AddPerson(ctx, chief, Contact{Name: "王芳", Email: "wang@example.cn", Place: 4}))(t)
		gone := must(d.AddPerson(ctx, chief, Contact{Name: "王 芳", Phone: "13800138000", Place: 4}))(t)
		older := reach(t, d.DB, Contact{Name: "王芳", Phone: "13900139000"})
		must(d.GiveGrant(ctx, chief, Grant{Role: who.CouncilChair, Place: 4, Person: gone.ID}))(t)
		ps := must(d.Duplicates(ctx, chief))(t)
		if len(ps) != 3 || ps[0].Why != "name" || ps[0].A.Email != "w***@example.cn" || ps[0].B.Phone != "+86138****8000" {
			t.Errorf("got %+v", ps)
		}
		must(d.MergePersons(ctx, chief, gone.ID, older))(t)
		p := must(d.MergePersons(ctx, chief, keep.ID, gone.ID))(t)
		if p.Phone != "+8613800138000" || p.PhoneOK.IsZero() || p.Email != "wang@example.cn" {
			t.Errorf("got %+v", p)
		}
		for _, n := range []id.ID{keep.ID, gone.ID, older} {
			if got := load(t, d, n); got != p {
				t.Errorf("%d: got %+v, want %+v", n, got, p)
			}
		}
		if got := reach(t, d.DB, Contact{Phone: "13900139000"}); got != keep.ID {
			t.Errorf("by the old number: got %d, want %d", got, keep.ID)
		}
		if a := actorOf(t, d, gone.ID); a.ID != keep.ID || !a.Has(who.CouncilChair, "/1/2/4/") {
			t.Errorf("got %+v", a)
		}
		same := do(t, d.DB, func(tx *db.Tx) ([]id.ID, error) { return Same(tx, older) })
		if len(same) != 3 || same[0] != keep.ID {
			t.Errorf("got %v", same)
		}
		all := do(t, d.DB, func(tx *db.Tx) (map[id.ID]Person, error) { return ByIDs(tx, []id.ID{older, gone.ID}) })
		if all[older] != p || all[gone.ID] != p {
			t.Errorf("got %+v", all)
		}
		_, err := d.MergePersons(ctx, chief, older, keep.ID)
		refused(t, err, "people.merge.self")
		if ps := must(d.Duplicates(ctx, chief))(t); len(ps) != 0 {
			t.Errorf("left: %+v", ps)
		}
		if ps := must(d.Find(ctx, chief, "芳", 0, 10))(t); len(ps) != 1 || ps[0].Phone != "+86138****8000" {
			t.Errorf("found %+v", ps)
		}
		for _, q := range []string{"138 0013 8000", "wang@example.cn", "王%芳"} {
			if ps := must(d.Find(ctx, chief, q, 0, 10))(t); len(ps) != 1 {
				t.Errorf("%s: found %+v", q, ps)
			}
		}
	})
}

func TestPillarsAreTheTowns(t *testing.T) {
	each(t, func(t *testing.T, d Desk, c *clock) {
		ctx := t.Context()
		p := must(d.SavePillar(ctx, chief, Pillar{Code: "school", Name: "学校", Sort: 5}))(t)
		_, err := d.SavePillar(ctx, chief, Pillar{Code: "school", Name: "学校"})
		refused(t, err, "fail.stale")
		p.Name = "学校和单位"
		must(d.SavePillar(ctx, chief, p))(t)
		ps := do(t, d.DB, Pillars)
		if len(ps) != 5 || ps[4].Name != "学校和单位" || ps[4].Rev != 2 {
			t.Errorf("got %+v", ps)
		}
		_, err = d.SavePillar(ctx, chief, Pillar{Code: "x; drop", Name: "x"})
		refused(t, err, "people.code.bad")
		_, err = d.AddOrg(ctx, chief, Org{Kind: "school", Pillar: "none", Name: "x"})
		refused(t, err, "fail.choose")
	})
}

package app

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/web"
)

type demoCmd struct {
	Seed   uint64 `default:"1" help:"The same seed makes the same town."`
	Issues int    `default:"420" help:"How many issues there were in the last two months."`
	Fresh  bool   `help:"Throw the demo of before away and make a new one."`
	Only   bool   `name:"make-only" help:"Make the town and stop."`
}

// Help says what the demo is.
func (demoCmd) Help() string {
	return "Makes the invented subdistrict 青桥街道 with eight communities, sixty neighbourhoods and two months of issues, by the program's own verbs under a moved clock, and serves it on loopback with one-click sign-ins. Nobody and nothing in it is real."
}

const (
	demoData = "linli-demo"
	demoDays = 60
)

// demoMade is what is kept of how a demo was made.
type demoMade struct {
	Seed   uint64
	Issues int
	Day    string
	Roles  []web.DemoRole
}

func (d demoCmd) Run(e *env) error {
	cfg := e.cfg
	if cfg.Data == "linli-data" {
		cfg.Data = demoData
	}
	cfg.Ballast, cfg.Town = 0, "青桥街道"
	if host, _, err := net.SplitHostPort(cfg.Listen); err != nil || !loopback(host) {
		return fail.New(fail.Invalid, "cli.demo.loopback")
	}
	if cfg.DB != "" {
		return fail.New(fail.Invalid, "cli.demo.db")
	}
	made, err := readMade(cfg.Data)
	today := time.Now().Format(time.DateOnly)
	if err != nil || d.Fresh || made.Seed != d.Seed || made.Issues != d.Issues || made.Day != today {
		if err := demoClear(cfg.Data); err != nil {
			return err
		}
		if made, err = d.make(e, cfg, today); err != nil {
			return err
		}
	}
	if d.Only {
		return nil
	}
	t, err := open(e.ctx, cfg, e.errs)
	if err != nil {
		return err
	}
	defer t.close()
	t.demo, t.box = made.Roles, t.sink()
	if cfg.Map == "" {
		t.base = basemap.Town(made.Seed).Map
	}
	return t.serve(e.ctx, func(addr string) {
		at := "http://" + addr
		e.say("cli.demo.ready", "at", at)
		for _, p := range []string{"/", "/issues", "/map", "/report", "/in", "/desk"} {
			fmt.Fprintf(e.out, "  %s%s\n", at, p)
		}
		e.say("cli.demo.roles", "at", at)
		for _, r := range made.Roles {
			fmt.Fprintf(e.out, "  %s  %s\n", e.words.T(r.Role), r.Name)
		}
		e.say("cli.demo.stop")
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func madeFile(data string) string { return filepath.Join(data, "demo.json") }

func readMade(data string) (m demoMade, err error) {
	b, err := os.ReadFile(madeFile(data))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// demoClear takes away a folder that a demo was made in, or begun in, and no other.
func demoClear(data string) error {
	es, err := os.ReadDir(data)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(es) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(data, "demo.begun")); err != nil {
		return fail.New(fail.Conflict, "cli.demo.folder", "data", data)
	}
	return os.RemoveAll(data)
}

// make makes the town from nothing.
func (d demoCmd) make(e *env, cfg Config, today string) (m demoMade, err error) {
	if err := cfg.makeData(); err != nil {
		return m, err
	}
	if err := os.WriteFile(filepath.Join(cfg.Data, "demo.begun"), nil, 0o600); err != nil {
		return m, err
	}
	e.say("cli.demo.making")
	t, err := open(e.ctx, cfg, e.errs)
	if err != nil {
		return m, err
	}
	defer t.close()
	t.sink() // nothing leaves the demo, and nothing that was sent long ago is shown
	w := newDemo(t, d.Seed, time.Now())
	if err := w.build(e.ctx, d.Issues); err != nil {
		return m, err
	}
	m = demoMade{Seed: d.Seed, Issues: d.Issues, Day: today, Roles: w.roles}
	b, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	return m, os.WriteFile(madeFile(cfg.Data), b, 0o600)
}

// demo is the two months of the made-up town while they pass.
type demo struct {
	t     *town
	r     *rand.Rand
	seed  uint64
	mu    sync.Mutex
	now   time.Time
	end   time.Time
	steps steps
	roles []web.DemoRole
	hoods []*hood
	staff map[id.ID]*office // by community
	town  office
	doers []doer
	names map[string]bool
	count int
	last  struct { // what was raised before
		h    *hood
		cat  string
		door place.Place
	}
}

// hood is a neighbourhood and who is in office there.
type hood struct {
	place     place.Place
	community id.ID
	doors     []place.Place // buildings
	chair     who.Actor
	member    who.Actor
	team      people.Team
}

// office is who sits at a desk.
type office struct{ staff, grid, doItNow who.Actor }

// doer is an organisation and the person who does its work.
type doer struct {
	org  people.Org
	by   who.Actor
	cats []string
}

func newDemo(t *town, seed uint64, now time.Time) *demo {
	y, m, day := now.In(t.zone).Date()
	w := &demo{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 20160622)), staff: map[id.ID]*office{}, names: map[string]bool{}}
	w.end = now
	w.now = time.Date(y, m, day, 8, 0, 0, 0, t.zone).AddDate(0, 0, -demoDays-1)
	return w
}

func (w *demo) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *demo) move(to time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = to
}

var clerk = who.System(who.CLI)

func (w *demo) build(ctx context.Context, issues int) error {
	w.t.db.Clock = w.clock
	w.t.runner.Move = w.move
	defer func() { w.t.db.Clock, w.t.runner.Move = nil, nil }()
	model := basemap.Town(w.seed)
	root, err := w.t.places.Settle(ctx, clerk, model)
	if err != nil {
		return err
	}
	w.t.root = root
	if _, err := w.t.issues.Seed(ctx, clerk); err != nil {
		return err
	}
	if err := w.settle(ctx, root); err != nil {
		return err
	}
	days := w.end.Sub(w.now) - 24*time.Hour
	start := w.now.Add(24 * time.Hour)
	for n := range issues {
		at := start.Add(time.Duration(float64(days) * (float64(n) + w.r.Float64()) / float64(issues)))
		if n%4 == 0 { // so that the desks are not empty today
			at = w.end.Add(-time.Duration(w.r.Float64() * float64(4*24*time.Hour)))
		}
		h := 7 + w.r.IntN(15)
		y, m, d := at.In(w.t.zone).Date()
		at = time.Date(y, m, d, h, w.r.IntN(60), w.r.IntN(60), 0, w.t.zone)
		if at.After(w.end) {
			at = w.end.Add(-time.Duration(1+w.r.IntN(300)) * time.Minute)
		}
		w.at(at, w.raise(n))
	}
	for i, n := range demoNotices {
		w.at(w.end.AddDate(0, 0, -i*3).Add(-2*time.Hour), w.announce(i, n))
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	_, err = w.t.sealer.All(ctx)
	return err
}

// step is something somebody will do.
type step struct {
	at time.Time
	n  int
	do func(context.Context) error
}

type steps []step

func (s steps) Len() int { return len(s) }
func (s steps) Less(i, j int) bool {
	return s[i].at.Before(s[j].at) || s[i].at.Equal(s[j].at) && s[i].n < s[j].n
}
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)   { *s = append(*s, x.(step)) }
func (s *steps) Pop() any     { x := (*s)[len(*s)-1]; *s = (*s)[:len(*s)-1]; return x }

// at plans a step; what would come after today never does.
func (w *demo) at(t time.Time, do func(context.Context) error) {
	w.count++
	if !t.After(w.end) {
		heap.Push(&w.steps, step{t, w.count, do})
	}
}

// run lets the two months pass: letters and timers at their moments, people at theirs.
func (w *demo) run(ctx context.Context) error {
	for w.steps.Len() > 0 {
		s := heap.Pop(&w.steps).(step)
		if err := w.t.runner.Until(ctx, s.at); err != nil {
			return err
		}
		if err := s.do(ctx); err != nil {
			if fail.KindOf(err) == fail.Fault {
				return err
			}
			// Somebody else was first, or a timer was: it happens in towns.
		}
	}
	return w.t.runner.Until(ctx, w.end)
}

func pickOne[T any](w *demo, of []T) T { return of[w.r.IntN(len(of))] }

// hours is a while, longer now and then.
func (w *demo) hours(most float64) time.Duration {
	return time.Duration(w.r.Float64() * w.r.Float64() * 1.6 * most * float64(time.Hour))
}

func (w *demo) person(ctx context.Context, at id.ID) (people.Person, error) {
	name := pickOne(w, demoSurnames) + pickOne(w, demoGiven)
	for w.names[name] {
		name = pickOne(w, demoSurnames) + pickOne(w, demoGiven)
	}
	w.names[name] = true
	return w.t.people.AddPerson(ctx, clerk, people.Contact{Name: name, Email: fmt.Sprintf("p%d@qingqiao.example", len(w.names)), Lang: "zh-Hans", Place: at})
}

func (w *demo) actor(ctx context.Context, n id.ID) (who.Actor, error) {
	a, err := db.See(ctx, w.t.db, func(tx *db.Tx) (who.Actor, error) { return people.Actor(tx, n) })
	a.Via, a.Lang = who.Web, "zh-Hans"
	return a, err
}

// inOffice makes a person with a role.
func (w *demo) inOffice(ctx context.Context, role who.Role, at id.ID) (who.Actor, people.Person, error) {
	p, err := w.person(ctx, at)
	if err != nil {
		return who.Actor{}, p, err
	}
	if _, err := w.t.people.GiveGrant(ctx, clerk, people.Grant{Role: role, Place: at, Person: p.ID}); err != nil {
		return who.Actor{}, p, err
	}
	a, err := w.actor(ctx, p.ID)
	return a, p, err
}

func (w *demo) role(key, role string, p people.Person) {
	w.roles = append(w.roles, web.DemoRole{Key: key, Name: p.Name, Role: role, Person: p.ID})
}

// settle puts people in office: councils with chairs and deputies, staff, organisations
// of the four pillars and others, teams.
func (w *demo) settle(ctx context.Context, root place.Place) error {
	communities, err := w.t.places.Under(ctx, root.Path, place.Community)
	if err != nil {
		return err
	}
	for ci, com := range communities {
		o := &office{}
		w.staff[com.ID] = o
		var p people.Person
		if o.staff, p, err = w.inOffice(ctx, who.CommunityStaff, com.ID); err != nil {
			return err
		}
		if ci == 0 {
			w.role("community", "people.role.community_staff", p)
		}
		if o.grid, p, err = w.inOffice(ctx, who.GridWorker, com.ID); err != nil {
			return err
		}
		if ci == 0 {
			w.role("grid", "people.role.grid_worker", p)
		}
		if err := w.org(ctx, com, people.Org{Kind: "property_manager", Name: com.Name + "物业服务站", Hant: com.NameHant + "物業服務站", En: "Property service, " + com.NameEn}, ci == 0, "housing", "facility", "waste", "traffic.charging", "safety.ebike"); err != nil {
			return err
		}
		hoods, err := w.t.places.Under(ctx, com.Path, place.Neighbourhood)
		if err != nil {
			return err
		}
		for hi, n := range hoods {
			if err := w.hood(ctx, com, n, ci == 0 && hi == 0); err != nil {
				return err
			}
		}
	}
	for _, o := range []struct {
		org  people.Org
		cats []string
	}{
		{people.Org{Kind: "party_org", Pillar: "party", Name: "青桥街道党群服务中心", Hant: "青橋街道黨群服務中心", En: "Qingqiao Party and people service centre"}, []string{"idea", "care"}},
		{people.Org{Kind: "social_org", Pillar: "social_org", Name: "邻里帮社会服务中心", Hant: "鄰里幫社會服務中心", En: "Neighbours' Help social service centre"}, []string{"care", "service", "dispute", "culture"}},
		{people.Org{Kind: "volunteers", Pillar: "residents", Name: "青桥义务联防队", Hant: "青橋義務聯防隊", En: "Qingqiao mutual-defence patrol"}, []string{"order", "traffic.parking", "street"}},
		{people.Org{Kind: "department", Name: "青桥市政养护所", Hant: "青橋市政養護所", En: "Qingqiao public works"}, []string{"facility", "traffic.road", "green"}},
		{people.Org{Kind: "department", Name: "青桥环卫所", Hant: "青橋環衛所", En: "Qingqiao cleansing office"}, []string{"waste", "street"}},
		{people.Org{Kind: "school", Name: "青桥实验小学", Hant: "青橋實驗小學", En: "Qingqiao Experimental Primary School"}, []string{"traffic.parking", "street.vendor"}},
	} {
		if err := w.org(ctx, root, o.org, false, o.cats...); err != nil {
			return err
		}
	}
	var p people.Person
	if w.town.staff, p, err = w.inOffice(ctx, who.SubdistrictStaff, root.ID); err != nil {
		return err
	}
	w.role("subdistrict", "people.role.subdistrict_staff", p)
	if w.town.doItNow, p, err = w.inOffice(ctx, who.DoItNow, root.ID); err != nil {
		return err
	}
	w.role("do_it_now", "people.role.do_it_now", p)
	if p, err = w.person(ctx, root.ID); err != nil {
		return err
	}
	if _, err = w.t.people.GiveGrant(ctx, clerk, people.Grant{Role: who.Admin, Person: p.ID}); err != nil { // of the whole installation, as "linli init" makes one
		return err
	}
	w.role("admin", "people.role.admin", p)
	if p, err = w.person(ctx, w.hoods[0].place.ID); err != nil {
		return err
	}
	w.role("resident", "cli.demo.resident", p)
	return nil
}

func (w *demo) org(ctx context.Context, at place.Place, o people.Org, shown bool, cats ...string) error {
	o.Place = at.ID
	o, err := w.t.people.AddOrg(ctx, clerk, o)
	if err != nil {
		return err
	}
	p, err := w.person(ctx, at.ID)
	if err != nil {
		return err
	}
	if _, err := w.t.people.AddMember(ctx, clerk, people.Member{Kind: "org", Of: o.ID, Person: p.ID, Post: "lead"}); err != nil {
		return err
	}
	a, err := w.actor(ctx, p.ID)
	if err != nil {
		return err
	}
	if shown {
		w.role("property", "people.org.kind.property_manager", p)
	}
	w.doers = append(w.doers, doer{o, a, cats})
	return nil
}

func (w *demo) hood(ctx context.Context, com, n place.Place, shown bool) error {
	h := &hood{place: n, community: com.ID}
	council, err := w.t.people.AddCouncil(ctx, clerk, people.Council{Place: n.ID, Name: n.Name + "理事会", Hant: n.NameHant + "理事會", En: "Council of " + n.NameEn, Until: w.end.AddDate(3, 0, 0)})
	if err != nil {
		return err
	}
	var chair people.Person
	for i, post := range []string{"chair", "member", "member"} {
		p, err := w.person(ctx, n.ID)
		if err != nil {
			return err
		}
		if _, err := w.t.people.AddMember(ctx, clerk, people.Member{Kind: "council", Of: council.ID, Person: p.ID, Post: post}); err != nil {
			return err
		}
		a, err := w.actor(ctx, p.ID)
		if err != nil {
			return err
		}
		switch i {
		case 0:
			h.chair, chair = a, p
		case 1:
			h.member = a
			if _, err := w.t.people.GiveGrant(ctx, clerk, people.Grant{Role: who.CouncilChair, Place: n.ID, Person: p.ID, DeputyOf: chair.ID}); err != nil {
				return err
			}
		}
		if shown && i < 2 {
			w.role([]string{"chair", "member"}[i], []string{"people.role.council_chair", "people.role.council_member"}[i], p)
		}
	}
	if h.team, err = w.t.people.AddTeam(ctx, clerk, people.Team{Place: n.ID, Kind: "response_group", Name: n.Name + "联动志愿小组", Hant: n.NameHant + "聯動志願小組", En: "Response group of " + n.NameEn}); err != nil {
		return err
	}
	if _, err := w.t.people.AddMember(ctx, clerk, people.Member{Kind: "team", Of: h.team.ID, Person: h.member.ID, Post: "lead"}); err != nil {
		return err
	}
	if h.member, err = w.actor(ctx, h.member.ID); err != nil {
		return err
	}
	if h.doors, err = w.t.places.Under(ctx, n.Path, place.Building); err != nil {
		return err
	}
	if len(h.doors) > 0 {
		w.hoods = append(w.hoods, h)
	}
	return nil
}

// announce puts up a notice of a community.
func (w *demo) announce(i int, n [2]string) func(context.Context) error {
	return func(ctx context.Context) error {
		at, by := w.t.root.ID, w.town.staff
		_, err := w.t.letters.Announce(ctx, by, notify.Notice{Place: at, Lang: "zh-Hans", Words: map[string]notify.Words{"zh-Hans": {Title: n[0], Body: n[1]}}, Until: w.end.AddDate(0, 0, 20+i)})
		return err
	}
}

// demoNear are categories that a neighbourhood handles first.
var demoNear = []string{"waste.pile", "waste.bin", "waste.bulky", "waste.corridor", "green.tree", "traffic.parking", "facility.lamp", "facility.corridor_lamp",
	"housing.lift", "housing.gate", "noise.works", "noise.square"}

// tale is one issue of the demo and what the people around it know.
type tale struct {
	w     *demo
	h     *hood
	o     *office
	desk  who.Actor // who sits at the desk that has it first
	id    id.ID
	by    who.Actor // the reporter, with their link
	cat   string
	kind  int    // how it will go, 0…99
	seed  uint64 // of its pictures
	proof bool   // a picture shows that it is done
}

// raise is the moment somebody says something.
func (w *demo) raise(n int) func(context.Context) error {
	codes := make([]string, 0, len(demoSaid))
	for c := range demoSaid {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	s := &tale{w: w, h: pickOne(w, w.hoods), cat: pickOne(w, codes), kind: w.r.IntN(100)}
	if n%9 == 0 || n%12 == 0 { // where the chair of the one-click sign-in sits
		s.h = w.hoods[0]
	}
	if n%12 == 0 { // of these days, and for the chair to see to
		s.cat = pickOne(w, demoNear)
	}
	s.o = w.staff[s.h.community]
	door := pickOne(w, s.h.doors)
	if s.kind >= 8 && s.kind < 11 && w.last.h != nil { // somebody reports what a neighbour did the day before
		s.h, s.cat, door = w.last.h, w.last.cat, w.last.door
		s.o = w.staff[s.h.community]
	}
	w.last.h, w.last.cat, w.last.door = s.h, s.cat, door
	said := pickOne(w, demoSaid[s.cat])
	phone, photo := w.r.IntN(10) < 3, w.r.IntN(10) < 4
	contact := w.r.IntN(10) < 4
	lat, lon := door.Lat+(w.r.Float64()-.5)*4e-4, door.Lon+(w.r.Float64()-.5)*4e-4
	s.seed, s.proof = w.r.Uint64(), photo && w.r.IntN(10) < 4
	way := w.r.IntN(4)
	return func(ctx context.Context) error {
		in := issue.Report{Key: fmt.Sprintf("demo-%d-%d", w.seed, n), Category: s.cat, Text: said, Place: door.ID, Lat: lat, Lon: lon, Located: "list", Open: true, Channel: issue.ByWeb}
		if photo {
			var err error
			if in.Photos, err = w.photo(ctx, s.cat, false, s.seed); err != nil {
				return err
			}
		}
		by := who.Actor{Via: who.Web, Lang: "zh-Hans"}
		if phone {
			in.Channel, in.CallBack, by = issue.ByPhone, true, s.h.chair
			switch way {
			case 0:
				in.Channel, in.CallBack = issue.ByVisit, false
			case 1: // seen on the round: nobody to call back
				in.Channel, in.CallBack, contact = issue.ByPatrol, false, false
			}
		} else if way == 0 {
			in.Channel, in.Located = issue.ByDoor, "door"
		}
		if contact {
			in.Contact, in.Consent = people.Contact{Email: fmt.Sprintf("r%d@qingqiao.example", n), Lang: "zh-Hans"}, "2026-11"
		}
		got, err := w.t.issues.Report(ctx, by, in)
		if err != nil {
			return err
		}
		s.id = got.Issue.ID
		s.by = who.Actor{Via: who.Web, Lang: "zh-Hans", Link: s.id}
		switch got.Issue.Desk {
		case s.h.place.ID:
			s.desk = s.h.chair
		case s.h.community:
			s.desk = s.o.staff
		default:
			s.desk = w.town.staff
		}
		s.plan()
		return nil
	}
}

// act does one thing to the issue as it stands.
func (s *tale) act(by who.Actor, m issue.Move) func(context.Context) error {
	return func(ctx context.Context) error {
		whole, err := s.w.t.issues.SeeID(ctx, clerk, s.id)
		if err != nil {
			return err
		}
		m.Issue, m.Rev = s.id, whole.Issue.Rev
		if m.Act == issue.ActHandle && m.Outcome == issue.Solved && s.proof {
			if m.Photos, err = s.w.photo(ctx, s.cat, true, s.seed); err != nil {
				return err
			}
		}
		_, err = s.w.t.issues.Move(ctx, by, m)
		return err
	}
}

// then plans the next act a while after the last.
func (s *tale) then(t *time.Time, most float64, by who.Actor, m issue.Move) {
	*t = t.Add(5*time.Minute + s.w.hours(most))
	s.w.at(*t, s.act(by, m))
}

func (s *tale) doer() doer {
	for range 20 {
		d := pickOne(s.w, s.w.doers)
		for _, c := range d.cats {
			if strings.HasPrefix(s.cat, c) && place.Inside(s.h.place.Path, d.org.Path) {
				return d
			}
		}
	}
	for _, d := range s.w.doers {
		if place.Inside(s.h.place.Path, d.org.Path) {
			return d
		}
	}
	return s.w.doers[0]
}

func (s *tale) done() string {
	major, _, _ := strings.Cut(s.cat, ".")
	return pickOne(s.w, demoDone[major])
}

// plan is how it will go on from here.
func (s *tale) plan() {
	w, t := s.w, s.w.now
	chair, staff := s.desk, s.o.staff
	for range w.r.IntN(4) {
		voice := fmt.Sprintf("demo-%d", w.r.Uint64())
		w.at(t.Add(w.hours(60)), func(ctx context.Context) error {
			_, err := w.t.issues.Move(ctx, who.Actor{Via: who.Web}, issue.Move{Issue: s.id, Act: issue.ActMeToo, Voice: voice})
			return err
		})
	}
	if w.r.IntN(10) < 8 {
		w.at(t.Add(20*time.Minute+w.hours(20)), s.release)
	}
	switch k := s.kind; {
	case k < 5:
		s.then(&t, 20, chair, issue.Move{Act: issue.ActRefuse, Reason: pickOne(w, issue.Reasons(issue.ActRefuse)), Text: pickOne(w, demoRefused)})
		return
	case k < 6:
		s.then(&t, 6, staff, issue.Move{Act: issue.ActSpam})
		return
	case k < 8:
		s.then(&t, 30, s.by, issue.Move{Act: issue.ActWithdraw})
		return
	case k < 11:
		w.at(t.Add(30*time.Minute+w.hours(10)), s.merge)
		return
	}
	s.then(&t, 9, chair, issue.Move{Act: issue.ActAccept})
	switch k := s.kind; {
	case k < 16: // handed up a level
		up, by := s.h.community, staff
		if s.desk.ID == staff.ID {
			up, by = w.t.root.ID, w.town.staff
		}
		s.then(&t, 10, chair, issue.Move{Act: issue.ActUp, Reason: pickOne(w, issue.Reasons(issue.ActUp)), Place: up})
		s.then(&t, 10, by, issue.Move{Act: issue.ActAccept})
		s.handed(&t, by)
	case k < 19: // two returns: do-it-now decides
		a, b := s.doer(), s.doer()
		for _, d := range []doer{a, b} {
			s.then(&t, 8, chair, issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "org", ID: d.org.ID}})
			s.then(&t, 12, d.by, issue.Move{Act: issue.ActReturn, Reason: "not_ours", To: issue.Assignee{Kind: "org", ID: a.org.ID}})
		}
		s.then(&t, 20, w.town.doItNow, issue.Move{Act: issue.ActDecide, To: issue.Assignee{Kind: "org", ID: a.org.ID}})
		s.then(&t, 10, a.by, issue.Move{Act: issue.ActTake})
		s.then(&t, 40, a.by, issue.Move{Act: issue.ActHandle, Text: s.done(), Outcome: issue.Solved})
	case k < 25: // a question to the reporter
		s.then(&t, 10, chair, issue.Move{Act: issue.ActAsk, Text: pickOne(w, demoAsked)})
		if w.r.IntN(3) > 0 {
			s.then(&t, 40, s.by, issue.Move{Act: issue.ActReply, Text: pickOne(w, demoAnswered)})
		} else {
			t = t.AddDate(0, 0, 6)
		}
		s.handed(&t, chair)
	case k < 30: // pause or more time
		d := s.doer()
		s.then(&t, 10, chair, issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "org", ID: d.org.ID}})
		s.then(&t, 10, d.by, issue.Move{Act: issue.ActTake})
		a := pickOne(w, []issue.Act{issue.ActPause, issue.ActExtend})
		s.then(&t, 20, d.by, issue.Move{Act: a, Reason: pickOne(w, issue.Reasons(a)), Until: t.AddDate(0, 0, 4+w.r.IntN(6))})
		if w.r.IntN(4) == 0 {
			s.then(&t, 8, w.town.staff, issue.Move{Act: issue.ActDeny, Text: "天气已经好了，请按原来的时间办完"})
		} else {
			s.then(&t, 8, w.town.staff, issue.Move{Act: issue.ActApprove})
			t = t.AddDate(0, 0, 11)
		}
		s.then(&t, 20, d.by, issue.Move{Act: issue.ActHandle, Text: s.done(), Outcome: issue.Solved})
	case k < 60:
		s.handed(&t, chair)
	case k < 66: // the response group
		s.then(&t, 6, chair, issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "team", ID: s.h.team.ID}})
		s.then(&t, 4, s.h.member, issue.Move{Act: issue.ActTake})
		s.then(&t, 20, s.h.member, issue.Move{Act: issue.ActHandle, Text: s.done(), Outcome: issue.Solved})
	default: // settled in the neighbourhood
		m := issue.Move{Act: issue.ActHandle, Text: s.done(), Outcome: issue.Solved}
		switch w.r.IntN(16) {
		case 0, 1:
			m.Outcome, m.Text = issue.Partly, "先把危险的处理掉了，剩下的列进下个月的计划"
		case 2, 3:
			m.Outcome, m.Text = issue.Explained, "和大家说明了情况，暂时办不了，原因贴在公告栏"
		case 4:
			m.Outcome, m.Text, m.Receipt = issue.HandedUp, "已交市政热线，那边给了编号，我们继续盯着", fmt.Sprintf("R%06d", w.r.IntN(1e6))
		case 5:
			m.Outcome, m.Text = issue.CarriedOver, "理事会讨论过，列入明年的邻里项目"
		}
		s.then(&t, 16, chair, m)
	}
	checker := pickOne(w, []who.Actor{w.town.staff, s.o.grid})
	if w.r.IntN(12) == 0 {
		s.then(&t, 16, checker, issue.Move{Act: issue.ActRework, Text: "去看了，还有一处没弄好"})
		t = t.Add(w.hours(40))
		w.at(t, s.again)
	}
	s.then(&t, 20, checker, issue.Move{Act: issue.ActPass})
	if w.r.IntN(10) < 9 {
		w.at(t.Add(time.Hour), s.release)
	}
	s.answer(t)
}

// handed: to an organisation, which takes it and does it.
func (s *tale) handed(t *time.Time, by who.Actor) {
	d := s.doer()
	s.then(t, 10, by, issue.Move{Act: issue.ActHand, To: issue.Assignee{Kind: "org", ID: d.org.ID}})
	s.then(t, 12, d.by, issue.Move{Act: issue.ActTake})
	s.then(t, 70, d.by, issue.Move{Act: issue.ActHandle, Text: s.done(), Outcome: issue.Solved})
}

// answer is the reporter's last word, a return call, or silence.
func (s *tale) answer(t time.Time) {
	w := s.w
	switch k := w.r.IntN(100); {
	case k < 55:
		s.then(&t, 50, s.by, issue.Move{Act: issue.ActConfirm, Rating: []int{5, 5, 5, 4, 4, 3, 0}[w.r.IntN(7)]})
	case k < 68:
		s.then(&t, 40, w.town.staff, issue.Move{Act: issue.ActCallBack, Reason: "confirm", Rating: 5})
	case k < 76:
		s.then(&t, 60, s.by, issue.Move{Act: issue.ActDispute, Reason: pickOne(w, issue.Reasons(issue.ActDispute)), Text: "看过了，还是老样子"})
		t = t.Add(w.hours(30))
		w.at(t, s.again)
		s.then(&t, 20, s.o.grid, issue.Move{Act: issue.ActPass})
		s.then(&t, 40, s.by, issue.Move{Act: issue.ActConfirm, Rating: 4})
	}
}

// again is the work done once more by whoever has it now.
func (s *tale) again(ctx context.Context) error {
	err := s.act(s.desk, issue.Move{Act: issue.ActHandle, Text: "又去了一趟，这回弄好了", Outcome: issue.Solved})(ctx)
	if err == nil || fail.KindOf(err) == fail.Fault {
		return err
	}
	for _, d := range s.w.doers {
		if err = s.act(d.by, issue.Move{Act: issue.ActHandle, Text: "返工了，请再看看", Outcome: issue.Solved})(ctx); err == nil || fail.KindOf(err) == fail.Fault {
			return err
		}
	}
	return err
}

// release shows the words, and most photos, after a look.
func (s *tale) release(ctx context.Context) error {
	whole, err := s.w.t.issues.SeeID(ctx, clerk, s.id)
	if err != nil {
		return err
	}
	for _, e := range whole.Entries {
		if e.Text == "" || e.Internal || !e.Act.Told() {
			continue
		}
		if !e.Released {
			if err := s.act(s.o.staff, issue.Move{Act: issue.ActRelease, Ref: e.ID})(ctx); err != nil {
				return err
			}
		}
		for _, p := range e.Photos {
			if p.Released {
				continue
			}
			if err := s.act(s.o.staff, issue.Move{Act: issue.ActRelease, Ref: p.ID})(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge joins it with one that may be the same, or accepts it when there is none.
func (s *tale) merge(ctx context.Context) error {
	whole, err := s.w.t.issues.SeeID(ctx, s.desk, s.id)
	if err != nil {
		return err
	}
	for _, t := range whole.Twins {
		if !t.State.Ended() {
			return s.act(s.desk, issue.Move{Act: issue.ActMerge, Into: t.ID})(ctx)
		}
	}
	return s.act(s.desk, issue.Move{Act: issue.ActAccept})(ctx)
}

// photo draws a picture nobody took and keeps it; "" where there is nothing to see.
func (w *demo) photo(ctx context.Context, category string, mended bool, seed uint64) ([]string, error) {
	scene := demoScenes[category]
	if scene == "" {
		return nil, nil
	}
	p, err := w.t.photos.Put(ctx, bytes.NewReader(drawPhoto(scene, mended, seed)))
	if err != nil {
		return nil, err
	}
	return []string{p.Name}, nil
}

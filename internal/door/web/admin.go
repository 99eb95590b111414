package web

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminRoutes are the pages of the administrator: registers, forms and lists.
func (s *Server) adminRoutes() []gate.Route {
	return slices.Concat([]gate.Route{{Pattern: "GET /admin", Signed: true, Serve: s.admin}}, s.adminPlaceRoutes(), s.adminPeopleRoutes(), s.adminUnitRoutes(), s.adminKindRoutes(), s.adminNoticeRoutes(), s.adminWatchRoutes())
}

// adminParts are the parts of the administration, each with its right.
var adminParts = []struct {
	right            who.Right
	path, word, hint string
}{
	{who.Announce, "/admin/notices", "admin.notices", "admin.way.notices"},
	{who.PlaceEdit, "/admin/places", "admin.places", "admin.way.places"},
	{who.PeopleEdit, "/admin/people", "admin.people", "admin.way.people"},
	{who.GrantEdit, "/admin/roles", "admin.roles", "admin.way.roles"},
	{who.PeopleEdit, "/admin/units/org", "admin.units.org", "admin.way.org"},
	{who.PeopleEdit, "/admin/units/council", "admin.units.council", "admin.way.council"},
	{who.PeopleEdit, "/admin/units/team", "admin.units.team", "admin.way.team"},
	{who.PeopleEdit, "/admin/pillars", "admin.pillars", "admin.way.pillars"},
	{who.CategoryEdit, "/admin/categories", "admin.categories", "admin.way.categories"},
	{who.Erase, "/admin/erasures", "admin.erasures", "admin.way.erasures"},
	{who.PeopleEdit, "/admin/keeping", "admin.keeping", "admin.way.keeping"},
	{who.AbuseEdit, "/admin/abuse", "admin.abuse", "admin.way.abuse"},
	{who.ChannelSee, "/admin/channels", "admin.channels", "admin.way.channels"},
	{who.AuditSee, "/admin/audit", "admin.audit", "admin.way.audit"},
}

// mayAdmin reports whether there is anything in the administration for by.
func mayAdmin(by who.Actor) bool {
	for _, p := range adminParts {
		if by.May(p.right, "") {
			return true
		}
	}
	return false
}

// admin is the overview: what needs a look, and the ways in.
func (s *Server) admin(c *gate.Ctx) error {
	w := c.Words
	if !mayAdmin(c.By) {
		return fail.New(fail.Denied, "fail.denied")
	}
	p := s.adminSheet(c, w.T("admin.title"), "")
	p.Lead = w.T("admin.lead")
	var look []Num
	if c.By.May(who.Erase, "") {
		es, err := s.People.Erasures(c.Context(), c.By)
		if err != nil {
			return err
		}
		look = append(look, Num{w.Num(len(es)), w.T("admin.n_erasures"), p.To("/admin/erasures")})
	}
	if c.By.May(who.ChannelSee, "") {
		ch, err := s.Letters.Channels(c.Context(), c.By)
		if err != nil {
			return err
		}
		failing := 0
		for _, x := range ch {
			if x.Failing {
				failing++
			}
		}
		sick, err := job.Stuck(c.Context(), s.DB)
		if err != nil {
			return err
		}
		look = append(look, Num{w.Num(failing), w.T("admin.n_failing"), p.To("/admin/channels")}, Num{w.Num(len(sick)), w.T("admin.n_stuck"), p.To("/admin/channels")})
	}
	if c.By.May(who.AbuseEdit, "") {
		bs, err := s.People.Blocks(c.Context(), c.By)
		if err != nil {
			return err
		}
		look = append(look, Num{w.Num(len(bs)), w.T("admin.n_blocks"), p.To("/admin/abuse")})
	}
	if len(look) > 0 {
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.look"), Nums: look})
	}
	var ways block
	for _, a := range adminParts {
		if c.By.May(a.right, "") {
			ways.Ways = append(ways.Ways, way{w.T(a.word), a.path, w.T(a.hint)})
		}
	}
	ways.Title = w.T("admin.registers")
	p.Blocks = append(p.Blocks, ways)
	return s.show(c, "sheet", p)
}

// adminSheet is a page of the administration.
func (s *Server) adminSheet(c *gate.Ctx, title, back string) sheet {
	p := sheet{Frame: s.frame(c, title, "desk"), Back: back}
	p.Wide = true
	if c.R.Method != "GET" { // the switches in the header come back to a page that can be got
		p.Path = back
		if back == "" {
			p.Path = "/admin"
		}
	}
	if k := c.R.URL.Query().Get("done"); k != "" && c.Words.Has("admin.done."+k) {
		p.Note = okNote(c.Words, "admin.done."+k)
	}
	return p
}

// idOf is the id in a part of the path.
func idOf(c *gate.Ctx, name string) (id.ID, error) {
	n, err := strconv.ParseInt(c.Value(name), 10, 64)
	if err != nil || n < 0 {
		return 0, fail.New(fail.Missing, "fail.missing")
	}
	return id.ID(n), nil
}

// names3 are the boxes for a name in three scripts.
func names3(w i18n.W, hans, hant, en string, names ...string) []input {
	f := []string{"name", "hant", "en"}
	if len(names) == 3 {
		f = names
	}
	return []input{
		ask(Field{Name: f[0], Label: w.T("admin.name"), Value: hans}),
		ask(Field{Name: f[1], Label: w.T("admin.name_hant"), Value: hant, Optional: true}),
		ask(Field{Name: f[2], Label: w.T("admin.name_en"), Value: en, Optional: true}),
	}
}

// options are codes as choices, each called by the key stem+code.
func options(w i18n.W, stem string, codes []string, on string) (out []Option) {
	for _, k := range codes {
		out = append(out, Option{Value: k, Label: w.T(stem + k), On: k == on})
	}
	return out
}

// placeOptions are the places from the subdistrict down to a level that the actor has the
// right in, indented as they lie; everywhere stands first where the right holds there.
func (s *Server) placeOptions(ctx context.Context, c *gate.Ctx, r who.Right, deepest place.Level, on id.ID) (out []Option, err error) {
	if c.By.May(r, "/") {
		out = append(out, Option{Value: "0", Label: c.Words.T("admin.everywhere"), On: on == 0})
	}
	root, err := s.Places.ByID(ctx, s.Town.Root)
	if fail.KindOf(err) == fail.Missing {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	var all []place.Place
	for _, l := range place.Levels {
		if l.Depth() < place.Subdistrict.Depth() || l.Depth() > deepest.Depth() {
			continue
		}
		ps, err := s.Places.Under(ctx, root.Path, l)
		if err != nil {
			return nil, err
		}
		all = append(all, ps...)
	}
	below := map[id.ID][]place.Place{}
	for _, p := range all {
		below[p.Parent] = append(below[p.Parent], p)
	}
	var walk func(ps []place.Place, deep int)
	walk = func(ps []place.Place, deep int) {
		for _, p := range ps {
			if c.By.May(r, p.Path) {
				out = append(out, Option{Value: idText(p.ID), Label: strings.Repeat("\u3000", deep) + p.In(c.By.Lang), On: p.ID == on})
			}
			walk(below[p.ID], deep+1)
		}
	}
	walk(below[root.Parent], 0)
	return out, nil
}

// sentence is a refusal as an error at a field of a form that was read as text.
func sentence(c *gate.Ctx, field, code string, args ...any) FieldErr {
	return FieldErr{field, c.Words.T(code, args...)}
}

package web

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminUnitRoutes are organisations, teams and councils, who sits in them, and the pillars.
func (s *Server) adminUnitRoutes() []gate.Route {
	need := func(pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: who.PeopleEdit, Serve: f}
	}
	return []gate.Route{
		need("GET /admin/units/{kind}", s.units),
		need("GET /admin/units/{kind}/add", s.unitAdd),
		need("POST /admin/units/{kind}/add", s.unitSave),
		need("GET /admin/units/{kind}/{id}", s.unitEdit),
		need("POST /admin/units/{kind}/{id}", s.unitSave),
		need("POST /admin/units/{kind}/{id}/seat", s.seatAdd),
		need("POST /admin/units/{kind}/{id}/unseat", s.seatEnd),
		need("GET /admin/pillars", func(c *gate.Ctx) error { return s.pillars(c, nil, nil) }),
		need("POST /admin/pillars", s.pillarSave),
	}
}

// unit is an organisation, a team or a council, as their pages treat them alike.
type unit struct {
	ID     id.ID
	Sort   string // of its kind: party_org, response_group
	Pillar string
	Org    id.ID
	Name   string
	Hant   string
	En     string
	Place  id.ID
	Path   string
	Phone  string
	From   time.Time
	Until  time.Time
	Rev    int64
}

func ofOrg(o people.Org) unit {
	return unit{ID: o.ID, Sort: o.Kind, Pillar: o.Pillar, Name: o.Name, Hant: o.Hant, En: o.En, Place: o.Place, Path: o.Path, Phone: o.Phone, Until: o.Until, Rev: o.Rev}
}

func ofTeam(t people.Team) unit {
	return unit{ID: t.ID, Sort: t.Kind, Org: t.Org, Name: t.Name, Hant: t.Hant, En: t.En, Place: t.Place, Path: t.Path, Until: t.Until, Rev: t.Rev}
}

func ofCouncil(k people.Council) unit {
	return unit{ID: k.ID, Name: k.Name, Hant: k.Hant, En: k.En, Place: k.Place, Path: k.Path, From: k.From, Until: k.Until, Rev: k.Rev}
}

// In is the name in a script.
func (u unit) In(lang string) string {
	switch lang {
	case "zh-Hant":
		return cmp.Or(u.Hant, u.Name)
	case "en":
		return cmp.Or(u.En, u.Name)
	}
	return u.Name
}

var unitKinds = []string{"org", "team", "council"}

// unitKind is the kind of unit a path speaks of.
func unitKind(c *gate.Ctx) (string, error) {
	k := c.Value("kind")
	if !slices.Contains(unitKinds, k) {
		return "", fail.New(fail.Missing, "fail.missing")
	}
	return k, nil
}

func each[T any](in []T, f func(T) unit) []unit {
	out := make([]unit, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

// unitsIn are all units of a kind that the actor looks after.
func (s *Server) unitsIn(c *gate.Ctx, kind string) ([]unit, error) {
	us, err := db.See(c.Context(), s.DB, func(tx *db.Tx) ([]unit, error) {
		switch kind {
		case "org":
			x, err := people.OrgsIn(tx, "/")
			return each(x, ofOrg), err
		case "team":
			x, err := people.TeamsIn(tx, "/")
			return each(x, ofTeam), err
		}
		x, err := people.CouncilsIn(tx, "/")
		return each(x, ofCouncil), err
	})
	return slices.DeleteFunc(us, func(u unit) bool { return !c.By.May(who.PeopleEdit, u.Path) }), err
}

func (s *Server) unitByID(c *gate.Ctx, kind string, n id.ID) (unit, error) {
	return db.See(c.Context(), s.DB, func(tx *db.Tx) (unit, error) {
		switch kind {
		case "org":
			x, err := people.OrgByID(tx, n)
			return ofOrg(x), err
		case "team":
			x, err := people.TeamByID(tx, n)
			return ofTeam(x), err
		}
		x, err := people.CouncilByID(tx, n)
		return ofCouncil(x), err
	})
}

func (s *Server) sortKey(kind, sort string) string {
	if kind == "org" {
		return people.Org{Kind: sort}.KindKey()
	}
	return people.Team{Kind: sort}.KindKey()
}

func (s *Server) units(c *gate.Ctx) error {
	w := c.Words
	kind, err := unitKind(c)
	if err != nil {
		return err
	}
	us, err := s.unitsIn(c, kind)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.units."+kind), "/admin")
	b := block{Acts: []Act{{w.T("admin.unit_add." + kind), "/admin/units/" + kind + "/add"}}}
	if len(us) == 0 {
		b.Empty = &Empty{Text: w.T("admin.units_none")}
	} else {
		t := &table{Label: p.Title, Heads: []string{w.T("admin.name"), w.T("admin.where"), w.T("admin.kind"), w.T("admin.until")}}
		if kind == "council" {
			t.Heads[2] = w.T("admin.from")
		}
		for _, u := range us {
			at, err := s.placeName(c, u.Place)
			if err != nil {
				return err
			}
			row := tableRow{Cells: []cell{{Text: u.In(c.By.Lang), Href: "/admin/units/" + kind + "/" + idText(u.ID)}, {Text: at}, {}, {Text: s.day(u.Until)}}}
			if kind == "council" {
				row.Cells[2].Text = s.day(u.From)
			} else {
				row.Cells[2].Text = w.T(s.sortKey(kind, u.Sort))
			}
			if !u.Until.IsZero() && !u.Until.After(w.Now) {
				row.Cells[3].Chip = w.T("admin.over")
			}
			t.Rows = append(t.Rows, row)
		}
		b.Table = t
	}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

// unitForm is a unit as its form carries it.
type unitForm struct {
	Rev    int64  `json:"rev"`
	Sort   string `json:"kind_of"`
	Pillar string `json:"pillar"`
	Org    id.ID  `json:"org"`
	Name   string `json:"name"`
	Hant   string `json:"hant"`
	En     string `json:"en"`
	Place  id.ID  `json:"place"`
	Phone  string `json:"phone"`
	From   string `json:"from"`
	Until  string `json:"until"`
}

func (s *Server) unitAdd(c *gate.Ctx) error {
	kind, err := unitKind(c)
	if err != nil {
		return err
	}
	return s.unit(c, kind, unit{}, unitForm{}, nil)
}

func (s *Server) unitEdit(c *gate.Ctx) error {
	kind, u, err := s.unitAt(c)
	if err != nil {
		return err
	}
	return s.unit(c, kind, u, s.formOf(u), nil)
}

func (s *Server) formOf(u unit) unitForm {
	return unitForm{u.Rev, u.Sort, u.Pillar, u.Org, u.Name, u.Hant, u.En, u.Place, u.Phone, s.day(u.From), s.day(u.Until)}
}

func (s *Server) unitAt(c *gate.Ctx) (string, unit, error) {
	kind, err := unitKind(c)
	if err != nil {
		return "", unit{}, err
	}
	n, err := idOf(c, "id")
	if err != nil {
		return "", unit{}, err
	}
	u, err := s.unitByID(c, kind, n)
	if err == nil && !c.By.May(who.PeopleEdit, u.Path) {
		err = fail.New(fail.Denied, "fail.denied")
	}
	return kind, u, err
}

// unit is the page of one unit, or of one to add.
func (s *Server) unit(c *gate.Ctx, kind string, u unit, f unitForm, errs []FieldErr) error {
	w := c.Words
	list := "/admin/units/" + kind
	title, here := w.T("admin.unit_add."+kind), list+"/add"
	if u.ID != 0 {
		title, here = u.In(c.By.Lang), list+"/"+idText(u.ID)
	}
	p := s.adminSheet(c, title, list)
	p.Errs = errs
	if c.R.Method != "GET" {
		p.Path = here
	}
	g := form{Action: here, Button: w.T("act.save"), Once: true, Inputs: append([]input{hide("rev", strconv.FormatInt(f.Rev, 10))}, names3(w, f.Name, f.Hant, f.En)...)}
	places, err := s.placeOptions(c.Context(), c, who.PeopleEdit, place.Estate, f.Place)
	if err != nil {
		return err
	}
	switch kind {
	case "org":
		ps, err := db.See(c.Context(), s.DB, people.Pillars)
		if err != nil {
			return err
		}
		pillars := []Option{{Value: "", Label: w.T("admin.pillar_none")}}
		for _, x := range ps {
			pillars = append(pillars, Option{Value: x.Code, Label: x.In(c.By.Lang), On: x.Code == f.Pillar})
		}
		g.Inputs = append(g.Inputs, ask(Field{Name: "kind_of", Kind: "select", Label: w.T("admin.kind"), Options: options(w, "people.org.kind.", people.OrgKinds, f.Sort)}),
			ask(Field{Name: "pillar", Kind: "select", Label: w.T("admin.pillar"), Options: pillars}),
			ask(Field{Name: "phone", Kind: "tel", Label: w.T("admin.office_phone"), Value: f.Phone, Optional: true}))
	case "team":
		os, err := s.unitsIn(c, "org")
		if err != nil {
			return err
		}
		orgs := []Option{{Value: "0", Label: w.T("admin.org_none")}}
		for _, o := range os {
			orgs = append(orgs, Option{Value: idText(o.ID), Label: o.In(c.By.Lang), On: o.ID == f.Org})
		}
		g.Inputs = append(g.Inputs, ask(Field{Name: "kind_of", Kind: "select", Label: w.T("admin.kind"), Options: options(w, "people.team.kind.", people.TeamKinds, f.Sort)}),
			ask(Field{Name: "org", Kind: "select", Label: w.T("admin.of_org"), Options: orgs}))
	}
	if kind != "council" || u.ID == 0 {
		g.Inputs = append(g.Inputs, ask(Field{Name: "place", Kind: "select", Label: w.T("admin.where"), Options: places}))
	}
	if kind == "council" {
		g.Inputs = append(g.Inputs, ask(Field{Name: "from", Kind: "date", Label: w.T("admin.term_from"), Value: f.From, Optional: true}),
			ask(Field{Name: "until", Kind: "date", Label: w.T("admin.term_until"), Hint: w.T("admin.term_hint"), Value: f.Until, Optional: true}))
	} else {
		g.Inputs = append(g.Inputs, ask(Field{Name: "until", Kind: "date", Label: w.T("admin.until"), Hint: w.T("admin.until_hint"), Value: f.Until, Optional: true}))
	}
	p.Blocks = []block{{Forms: []form{g}}}
	if u.ID != 0 {
		seats, err := s.seats(c, kind, u, here)
		if err != nil {
			return err
		}
		p.Blocks = append([]block{seats}, p.Blocks...)
	}
	return s.show(c, "sheet", p)
}

// seats are those who sit in a unit, and the form that gives a seat.
func (s *Server) seats(c *gate.Ctx, kind string, u unit, here string) (block, error) {
	w := c.Words
	ms, err := db.See(c.Context(), s.DB, func(tx *db.Tx) ([]people.Member, error) { return people.Members(tx, kind, u.ID) })
	if err != nil {
		return block{}, err
	}
	b := block{Title: w.T("admin.members"), Text: w.T("admin.members_none")}
	if len(ms) > 0 {
		t := &table{Label: w.T("admin.members"), Heads: []string{w.T("admin.person"), w.T("admin.post"), w.T("admin.from"), w.T("admin.until"), ""}}
		for _, m := range ms {
			name, err := s.name(c.Context(), m.Person)
			if err != nil {
				return b, err
			}
			row := tableRow{Cells: []cell{{Text: name, Href: "/admin/people/" + idText(m.Person)}, {Text: w.T(m.PostKey())}, {Text: s.day(m.From)}, {Text: s.day(m.Until)}, {}}}
			if m.Until.IsZero() || m.Until.After(w.Now) {
				row.Cells[4].Forms = []form{{Action: here + "/unseat", Button: w.T("admin.end"), Alt: name, Kind: "second", Small: true, Inputs: []input{hide("seat", idText(m.ID))}}}
			} else {
				row.Cells[3].Chip = w.T("admin.over")
			}
			t.Rows = append(t.Rows, row)
		}
		b.Table, b.Text = t, ""
	}
	val := func(name string) string {
		if c.R.Method == "GET" {
			return ""
		}
		return c.R.FormValue(name)
	}
	text := ""
	if kind == "council" {
		text = w.T("admin.seat_council")
	}
	b.Forms = []form{{Action: here + "/seat", Button: w.T("admin.seat_add"), Kind: "second", Once: true, Inputs: []input{group(w.T("admin.seat_add")),
		ask(Field{Name: "person", Label: w.T("admin.person"), Hint: w.T("admin.person_hint"), Value: val("person"), Auto: "off", Private: true}),
		ask(Field{Name: "post", Kind: "select", Label: w.T("admin.post"), Hint: text, Options: options(w, "people.post.", []string{"member", "lead", "chair"}, val("post"))})}}}
	return b, nil
}

func (s *Server) unitSave(c *gate.Ctx) error {
	var f unitForm
	if err := c.Read(&f); err != nil {
		return err
	}
	kind, err := unitKind(c)
	if err != nil {
		return err
	}
	var u unit
	if c.Value("id") != "" {
		if _, u, err = s.unitAt(c); err != nil {
			return err
		}
	}
	var errs []FieldErr
	from, err := s.date(f.From)
	if err != nil {
		errs = append(errs, sentence(c, "from", "fail.date"))
	}
	until, err := s.date(f.Until)
	if err != nil {
		errs = append(errs, sentence(c, "until", "fail.date"))
	}
	if len(errs) > 0 {
		return s.unit(c, kind, u, f, errs)
	}
	ctx, n := c.Context(), u.ID
	switch kind {
	case "org":
		x := people.Org{ID: n, Kind: f.Sort, Pillar: f.Pillar, Name: f.Name, Hant: f.Hant, En: f.En, Place: f.Place, Phone: f.Phone, Until: until, Rev: f.Rev}
		if n == 0 {
			x, err = s.People.AddOrg(ctx, c.By, x)
		} else {
			x, err = s.People.EditOrg(ctx, c.By, x)
		}
		n = x.ID
	case "team":
		x := people.Team{ID: n, Kind: f.Sort, Org: f.Org, Name: f.Name, Hant: f.Hant, En: f.En, Place: f.Place, Until: until, Rev: f.Rev}
		if n == 0 {
			x, err = s.People.AddTeam(ctx, c.By, x)
		} else {
			x, err = s.People.EditTeam(ctx, c.By, x)
		}
		n = x.ID
	default:
		x := people.Council{ID: n, Name: f.Name, Hant: f.Hant, En: f.En, Place: f.Place, From: from, Until: until, Rev: f.Rev}
		if n == 0 {
			x, err = s.People.AddCouncil(ctx, c.By, x)
		} else {
			x, err = s.People.EditCouncil(ctx, c.By, x)
		}
		n = x.ID
	}
	if errs, ok := again(c, err); ok {
		for i := range errs {
			if errs[i].Field == "kind" {
				errs[i].Field = "kind_of"
			}
		}
		if fail.KindOf(err) == fail.Conflict && u.ID != 0 {
			f.Rev = u.Rev
		}
		return s.unit(c, kind, u, f, errs)
	}
	if err != nil {
		return err
	}
	return c.To("/admin/units/" + kind + "/" + idText(n) + "?done=saved")
}

func (s *Server) seatAdd(c *gate.Ctx) error {
	var in struct {
		Person string `json:"person"`
		Post   string `json:"post"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	kind, u, err := s.unitAt(c)
	if err != nil {
		return err
	}
	n, errs, err := s.whoIs(c, "person", in.Person)
	if err != nil {
		return err
	}
	if errs == nil {
		_, err := s.People.AddMember(c.Context(), c.By, people.Member{Kind: kind, Of: u.ID, Person: n, Post: in.Post})
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
		for i := range errs {
			if errs[i].Field == "" || errs[i].Field == "until" {
				errs[i].Field = "person"
			}
		}
	}
	if errs != nil {
		return s.unit(c, kind, u, s.formOf(u), errs)
	}
	return c.To("/admin/units/" + kind + "/" + idText(u.ID) + "?done=added")
}

func (s *Server) seatEnd(c *gate.Ctx) error {
	var in struct {
		Seat id.ID `json:"seat"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	kind, u, err := s.unitAt(c)
	if err != nil {
		return err
	}
	if err := s.People.RemoveMember(c.Context(), c.By, in.Seat); err != nil {
		if errs, ok := again(c, err); ok {
			return s.unit(c, kind, u, s.formOf(u), errs)
		}
		return err
	}
	return c.To("/admin/units/" + kind + "/" + idText(u.ID) + "?done=ended")
}

// pillarForm is one of the pillars of 四位一体 as its form carries it.
type pillarForm struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Hant string `json:"hant"`
	En   string `json:"en"`
	Sort string `json:"rank"`
	Ends string `json:"until"`
	Rev  int64  `json:"rev"`
}

// pillars lists them and changes one: that of ?code=, or a new one.
func (s *Server) pillars(c *gate.Ctx, sent *pillarForm, errs []FieldErr) error {
	w := c.Words
	ps, err := db.See(c.Context(), s.DB, people.Pillars)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.pillars"), "/admin")
	if c.R.Method != "GET" {
		p.Path = "/admin/pillars"
	}
	p.Errs, p.Lead = errs, w.T("admin.pillars_lead")
	t := &table{Label: w.T("admin.pillars"), Heads: []string{w.T("admin.rank"), w.T("admin.name"), w.T("admin.code"), w.T("admin.until")}}
	var f pillarForm
	for _, x := range ps {
		t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Num(x.Sort), Number: true}, {Text: x.In(c.By.Lang), Href: "/admin/pillars?code=" + query(x.Code)}, {Text: x.Code}, {Text: s.day(x.Until)}}})
		if x.Code == c.R.URL.Query().Get("code") {
			f = pillarForm{x.Code, x.Name, x.Hant, x.En, strconv.FormatInt(x.Sort, 10), s.day(x.Until), x.Rev}
		}
	}
	if sent != nil {
		f = *sent
	}
	title := w.T("admin.pillar_add")
	code := ask(Field{Name: "code", Label: w.T("admin.code"), Hint: w.T("admin.pillar_code_hint"), Value: f.Code})
	if f.Rev != 0 {
		title, code = w.T("admin.edit_what", "what", f.Name), hide("code", f.Code)
	}
	in := append([]input{hide("rev", strconv.FormatInt(f.Rev, 10)), code}, names3(w, f.Name, f.Hant, f.En)...)
	p.Blocks = []block{{Table: t}, {Title: title, Forms: []form{{Action: "/admin/pillars", Button: w.T("act.save"), Once: true, Inputs: append(in,
		ask(Field{Name: "rank", Kind: "number", Label: w.T("admin.rank"), Value: f.Sort, Optional: true}),
		ask(Field{Name: "until", Kind: "date", Label: w.T("admin.until"), Value: f.Ends, Optional: true}))}}}}
	if len(ps) == 0 {
		p.Blocks[0] = block{Empty: &Empty{Text: w.T("admin.units_none")}}
	}
	return s.show(c, "sheet", p)
}

func (s *Server) pillarSave(c *gate.Ctx) error {
	var f pillarForm
	if err := c.Read(&f); err != nil {
		return err
	}
	var errs []FieldErr
	rank, err := strconv.ParseInt(cmp.Or(f.Sort, "0"), 10, 64)
	if err != nil {
		errs = append(errs, sentence(c, "rank", "fail.number"))
	}
	until, err := s.date(f.Ends)
	if err != nil {
		errs = append(errs, sentence(c, "until", "fail.date"))
	}
	if len(errs) == 0 {
		_, err := s.People.SavePillar(c.Context(), c.By, people.Pillar{Code: f.Code, Name: f.Name, Hant: f.Hant, En: f.En, Sort: rank, Until: until, Rev: f.Rev})
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return s.pillars(c, &f, errs)
	}
	return c.To("/admin/pillars?done=saved")
}

package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminPeopleRoutes are the registers of persons and of who holds which role.
func (s *Server) adminPeopleRoutes() []gate.Route {
	edit := func(pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: who.PeopleEdit, Serve: f}
	}
	grant := func(pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: who.GrantEdit, Serve: f}
	}
	return []gate.Route{
		edit("GET /admin/people", s.persons),
		edit("GET /admin/people/add", func(c *gate.Ctx) error { return s.personAdd(c, personForm{}, nil) }),
		edit("POST /admin/people/add", s.personAddGo),
		edit("GET /admin/people/twins", s.twins),
		edit("POST /admin/people/merge", s.mergeGo),
		edit("GET /admin/people/{id}", func(c *gate.Ctx) error { return s.person(c, nil, nil) }),
		edit("POST /admin/people/{id}", s.personSave),
		grant("POST /admin/people/{id}/invite", s.invite),
		grant("POST /admin/people/{id}/clear", s.clearSecond),
		grant("GET /admin/roles", func(c *gate.Ctx) error { return s.roles(c, nil) }),
		grant("GET /admin/roles/give", func(c *gate.Ctx) error { return s.roleForm(c, roleForm{}, nil) }),
		grant("POST /admin/roles/give", s.roleGive),
		grant("POST /admin/roles/end", s.roleEnd),
	}
}

func (s *Server) persons(c *gate.Ctx) error {
	w := c.Words
	var in struct {
		Q      string `json:"q"`
		Before id.ID  `json:"before"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	const most = 50
	ps, err := s.People.Find(c.Context(), c.By, strings.TrimSpace(in.Q), in.Before, most)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.people"), "/admin")
	p.Blocks = []block{{Forms: []form{{Action: "/admin/people", Get: true, Button: w.T("act.search"), Small: true, Inputs: []input{
		ask(Field{Name: "q", Kind: "search", Label: w.T("admin.people_find"), Hint: w.T("admin.people_find_hint"), Value: in.Q, Optional: true, Auto: "off"})}}}}}
	b := block{Acts: []Act{{w.T("admin.person_add"), "/admin/people/add"}, {w.T("admin.twins"), "/admin/people/twins"}}}
	if len(ps) == 0 {
		b.Empty = &Empty{Text: w.T("admin.people_none")}
	} else {
		t := &table{Label: w.T("admin.people"), Heads: []string{w.T("me.name"), w.T("me.phone"), w.T("me.email"), w.T("me.home")}}
		for _, x := range ps {
			home, err := s.homeName(c, x.Place)
			if err != nil {
				return err
			}
			name := cell{Text: x.Name, Href: "/admin/people/" + idText(x.ID)}
			if name.Text == "" {
				name.Text = w.T("admin.no_name")
			}
			if x.Account() {
				name.Chip, name.Kind = w.T("admin.account"), "done"
			}
			t.Rows = append(t.Rows, tableRow{Cells: []cell{name, {Text: x.Phone}, {Text: x.Email}, {Text: home}}})
		}
		b.Table = t
		if len(ps) == most {
			b.Pager = leaves(p.Frame, "/admin/people?q="+query(in.Q)+"&before=", "", idText(ps[len(ps)-1].ID))
		}
	}
	p.Blocks = append(p.Blocks, b)
	return s.show(c, "sheet", p)
}

// personForm is a person as the form carries them. Masked numbers stand for those kept.
type personForm struct {
	Rev   int64  `json:"rev"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
	Lang  string `json:"lang"`
	Home  id.ID  `json:"home"`
}

func (s *Server) personInputs(c *gate.Ctx, f personForm) ([]input, error) {
	w := c.Words
	var langs []Option
	for _, l := range i18n.Langs() {
		langs = append(langs, Option{Value: string(l), Label: l.Name(), On: string(l) == f.Lang})
	}
	homes, err := s.placeOptions(c.Context(), c, who.PeopleEdit, place.Estate, f.Home)
	if err != nil {
		return nil, err
	}
	if len(homes) > 0 && homes[0].Value == "0" {
		homes[0].Label = w.T("admin.unknown")
	}
	if f.Home != 0 && !slices.ContainsFunc(homes, func(o Option) bool { return o.Value == idText(f.Home) }) {
		name, err := s.placeName(c, f.Home)
		if err != nil {
			return nil, err
		}
		homes = append(homes, Option{Value: idText(f.Home), Label: name, On: true})
	}
	return []input{hide("rev", strconv.FormatInt(f.Rev, 10)),
		ask(Field{Name: "name", Label: w.T("me.name"), Value: f.Name, Auto: "off", Private: true}),
		ask(Field{Name: "phone", Kind: "tel", Label: w.T("me.phone"), Hint: w.T("admin.phone_hint"), Value: f.Phone, Auto: "off", Optional: true, Private: true}),
		ask(Field{Name: "email", Kind: "email", Label: w.T("me.email"), Value: f.Email, Auto: "off", Optional: true, Private: true}),
		ask(Field{Name: "lang", Kind: "select", Label: w.T("me.lang"), Value: f.Lang, Options: langs}),
		ask(Field{Name: "home", Kind: "select", Label: w.T("me.home"), Options: homes})}, nil
}

func (s *Server) personAdd(c *gate.Ctx, f personForm, errs []FieldErr) error {
	p := s.adminSheet(c, c.Words.T("admin.person_add"), "/admin/people")
	p.Errs, p.Lead = errs, c.Words.T("admin.person_add_lead")
	in, err := s.personInputs(c, f)
	if err != nil {
		return err
	}
	p.Blocks = []block{{Forms: []form{{Action: "/admin/people/add", Button: c.Words.T("act.save"), Once: true, Inputs: in}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) personAddGo(c *gate.Ctx) error {
	var f personForm
	if err := c.Read(&f); err != nil {
		return err
	}
	got, err := s.People.AddPerson(c.Context(), c.By, people.Contact{Name: f.Name, Phone: f.Phone, Email: f.Email, Lang: f.Lang, Place: f.Home})
	if errs, ok := again(c, err); ok {
		return s.personAdd(c, f, errs)
	}
	if err != nil {
		return err
	}
	return c.To("/admin/people/" + idText(got.ID) + "?done=added")
}

// known is a person with all they hold. Their numbers are masked: looking at them is an
// act with a reason, and has its own door.
type known struct {
	person people.Person
	grants []people.Grant
	seats  []people.Member
}

func (s *Server) known(c *gate.Ctx, n id.ID) (known, error) {
	return db.See(c.Context(), s.DB, func(tx *db.Tx) (k known, err error) {
		if k.person, err = people.ByID(tx, n); err != nil {
			return k, err
		}
		k.person.Phone, k.person.Email = people.MaskPhone(k.person.Phone), people.MaskEmail(k.person.Email)
		if k.grants, err = people.GrantsHeld(tx, k.person.ID); err == nil {
			k.seats, err = people.SeatsOf(tx, k.person.ID)
		}
		return k, err
	})
}

func (s *Server) person(c *gate.Ctx, sent *personForm, errs []FieldErr, first ...block) error {
	w := c.Words
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	k, err := s.known(c, n)
	if err != nil {
		return err
	}
	x, here := k.person, "/admin/people/"+idText(n)
	title := x.Name
	if title == "" {
		title = w.T("admin.no_name")
	}
	p := s.adminSheet(c, title, "/admin/people")
	p.Errs = errs
	if c.R.Method != "GET" {
		p.Path = here
	}
	if x.ID != n {
		return c.To("/admin/people/" + idText(x.ID))
	}
	if !x.Erased.IsZero() {
		p.Blocks = []block{{Text: w.T("admin.erased", "when", w.Time(x.Erased))}}
		return s.show(c, "sheet", p)
	}
	f := personForm{x.Rev, x.Name, x.Phone, x.Email, x.Lang, x.Place}
	if sent != nil {
		f = *sent
	}
	in, err := s.personInputs(c, f)
	if err != nil {
		return err
	}
	account := w.T("admin.account_no")
	if x.Account() {
		account = w.T("admin.account_yes")
	}
	p.Blocks = append(first, block{Rows: []Row{{w.T("admin.id"), idText(x.ID), ""}, {w.T("me.since"), w.Time(x.At), ""}, {w.T("admin.account"), account, ""}}},
		block{Title: w.T("admin.edit"), Forms: []form{{Action: here, Button: w.T("act.save"), Once: true, Inputs: in}}})
	held := block{Title: w.T("admin.roles"), Table: &table{Label: w.T("admin.roles"), Heads: []string{w.T("admin.role"), w.T("admin.where"), w.T("admin.from"), w.T("admin.until"), ""}}}
	for _, g := range k.grants {
		row, err := s.grantRow(c, g)
		if err != nil {
			return err
		}
		held.Table.Rows = append(held.Table.Rows, row)
	}
	for _, m := range k.seats {
		name, err := s.seatName(c, m)
		if err != nil {
			return err
		}
		held.Table.Rows = append(held.Table.Rows, tableRow{Cells: []cell{{Text: w.T(m.PostKey())}, {Text: name, Href: "/admin/units/" + m.Kind + "/" + idText(m.Of)}, {Text: s.day(m.From)}, {Text: s.day(m.Until)}, {}}})
	}
	if len(held.Table.Rows) == 0 {
		held.Table, held.Text = nil, w.T("admin.roles_none")
	}
	if c.By.May(who.GrantEdit, "") {
		held.Acts = []Act{{w.T("admin.role_give"), "/admin/roles/give?person=" + idText(n)}}
	}
	p.Blocks = append(p.Blocks, held)
	if c.By.May(who.GrantEdit, "") {
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.signing"), Text: w.T("admin.signing_text"), Forms: []form{
			{Action: here + "/invite", Button: w.T("admin.invite"), Kind: "second", Once: true},
			{Action: here + "/clear", Button: w.T("admin.clear"), Kind: "second", Once: true}}})
	}
	p.Blocks = append(p.Blocks, block{Title: w.T("admin.merge"), Text: w.T("admin.merge_text"), Forms: []form{{Action: "/admin/people/merge", Button: w.T("admin.merge_go"), Kind: "hot", Once: true, Inputs: []input{
		hide("keep", idText(n)), ask(Field{Name: "gone", Label: w.T("admin.merge_who"), Hint: w.T("admin.person_hint"), Value: mergeWho(c), Auto: "off", Private: true})}}}})
	return s.show(c, "sheet", p)
}

func mergeWho(c *gate.Ctx) string {
	if c.R.Method == "GET" {
		return ""
	}
	return c.R.FormValue("gone")
}

func (s *Server) seatName(c *gate.Ctx, m people.Member) (string, error) {
	if m.Kind == "council" {
		return s.councilName(c, m.Of)
	}
	return s.target(c.Context(), c, m.Kind, m.Of)
}

// grantRow is a role in a table: what, where, from, until, and the button that ends it.
func (s *Server) grantRow(c *gate.Ctx, g people.Grant) (tableRow, error) {
	w := c.Words
	at, err := s.placeName(c, g.Place)
	if err != nil {
		return tableRow{}, err
	}
	role := cell{Text: w.T(people.RoleKey(g.Role))}
	if g.DeputyOf != 0 {
		name, err := s.name(c.Context(), g.DeputyOf)
		if err != nil {
			return tableRow{}, err
		}
		role.Small = w.T("admin.deputy_of", "name", name)
	}
	row := tableRow{Cells: []cell{role, {Text: at}, {Text: s.day(g.From)}, {Text: s.day(g.Until)}, {}}}
	if !g.Until.IsZero() && !g.Until.After(w.Now) {
		row.Cells[3].Chip = w.T("admin.over")
	} else if g.Member != 0 {
		row.Cells[4].Text = w.T("admin.by_seat")
	} else if c.By.May(who.GrantEdit, g.Path) {
		row.Cells[4].Forms = []form{{Action: "/admin/roles/end", Button: w.T("admin.end"), Alt: role.Text + " " + at, Kind: "second", Small: true, Inputs: []input{hide("grant", idText(g.ID)), hide("to", c.R.URL.Path)}}}
	}
	return row, nil
}

func (s *Server) personSave(c *gate.Ctx) error {
	var f personForm
	if err := c.Read(&f); err != nil {
		return err
	}
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	_, err = s.People.EditPerson(c.Context(), c.By, people.Person{ID: n, Rev: f.Rev, Name: f.Name, Phone: strings.TrimSpace(f.Phone), Email: strings.TrimSpace(f.Email), Lang: f.Lang, Place: f.Home})
	if errs, ok := again(c, err); ok {
		if fail.KindOf(err) == fail.Conflict {
			if k, err := s.known(c, n); err == nil {
				f.Rev = k.person.Rev
			}
		}
		return s.person(c, &f, errs)
	}
	if err != nil {
		return err
	}
	return c.To("/admin/people/" + idText(n) + "?done=saved")
}

// invite makes a link for a first password. It is shown once, here, and handed over by the administrator.
func (s *Server) invite(c *gate.Ctx) error {
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	link, err := s.People.Invite(c.Context(), c.By, n)
	if errs, ok := again(c, err); ok {
		return s.person(c, nil, errs)
	}
	if err != nil {
		return err
	}
	return s.person(c, nil, nil, block{Boxed: true, Title: c.Words.T("admin.invited"), Text: c.Words.T("admin.invited_text"), Lines: []string{s.url(c) + "/in/link/" + link}})
}

func (s *Server) clearSecond(c *gate.Ctx) error {
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := s.People.ClearTOTP(c.Context(), c.By, n); err != nil {
		return err
	}
	return c.To("/admin/people/" + idText(n) + "?done=cleared")
}

// whoIs finds the person somebody typed: by number in the register, whole telephone or
// e-mail, or a name that only one has.
func (s *Server) whoIs(c *gate.Ctx, field, q string) (id.ID, []FieldErr, error) {
	q = strings.TrimSpace(q)
	if q == "" {
		return 0, []FieldErr{sentence(c, field, "fail.empty")}, nil
	}
	if n, err := strconv.ParseInt(q, 10, 64); err == nil && len(q) > 15 {
		_, err := s.known(c, id.ID(n))
		if errs, ok := again(c, err); ok {
			return 0, errs, nil
		}
		if fail.KindOf(err) == fail.Missing {
			return 0, []FieldErr{sentence(c, field, "people.missing")}, nil
		}
		return id.ID(n), nil, err
	}
	ps, err := s.People.Find(c.Context(), c.By, q, 0, 3)
	switch {
	case err != nil:
		return 0, nil, err
	case len(ps) == 0:
		return 0, []FieldErr{sentence(c, field, "people.missing")}, nil
	case len(ps) > 1:
		return 0, []FieldErr{sentence(c, field, "admin.person_many")}, nil
	}
	return ps[0].ID, nil, nil
}

func (s *Server) mergeGo(c *gate.Ctx) error {
	var in struct {
		Keep id.ID  `json:"keep"`
		Gone string `json:"gone"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	gone, errs, err := s.whoIs(c, "gone", in.Gone)
	if err != nil {
		return err
	}
	if errs == nil {
		_, err := s.People.MergePersons(c.Context(), c.By, in.Keep, gone)
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
	}
	if errs != nil {
		c.R.SetPathValue("id", idText(in.Keep))
		return s.person(c, nil, errs)
	}
	return c.To("/admin/people/" + idText(in.Keep) + "?done=merged")
}

// twins are persons who may be one.
func (s *Server) twins(c *gate.Ctx) error {
	w := c.Words
	ps, err := s.People.Duplicates(c.Context(), c.By)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.twins"), "/admin/people")
	p.Lead = w.T("admin.twins_lead")
	if len(ps) == 0 {
		p.Blocks = []block{{Empty: &Empty{Text: w.T("admin.twins_none")}}}
		return s.show(c, "sheet", p)
	}
	t := &table{Label: w.T("admin.twins"), Heads: []string{w.T("admin.twin_keep"), w.T("admin.twin_gone"), w.T("admin.twin_why"), ""}}
	said := func(x people.Person) cell {
		name := x.Name
		if name == "" {
			name = w.T("admin.no_name")
		}
		return cell{Text: name, Href: "/admin/people/" + idText(x.ID), Small: strings.TrimSpace(x.Phone + " " + x.Email)}
	}
	for _, x := range ps {
		t.Rows = append(t.Rows, tableRow{Cells: []cell{said(x.A), said(x.B), {Text: w.T("admin.twin." + x.Why)}, {Forms: []form{{Action: "/admin/people/merge", Button: w.T("admin.merge_go"), Alt: x.A.Name, Kind: "second", Small: true,
			Inputs: []input{hide("keep", idText(x.A.ID)), hide("gone", idText(x.B.ID))}}}}}})
	}
	p.Blocks = []block{{Table: t}}
	return s.show(c, "sheet", p)
}

// roleForm gives a role. Stand is the grant of the one to stand in for.
type roleForm struct {
	Person string `json:"person"`
	Role   string `json:"role"`
	Place  id.ID  `json:"place"`
	Until  string `json:"until"`
	Stand  id.ID  `json:"stand"`
}

func (s *Server) grants(c *gate.Ctx) ([]people.Grant, error) {
	all, err := db.See(c.Context(), s.DB, func(tx *db.Tx) ([]people.Grant, error) { return people.GrantsIn(tx, "/") })
	return slices.DeleteFunc(all, func(g people.Grant) bool { return !c.By.May(who.GrantEdit, g.Path) }), err
}

func (s *Server) roleOptions(c *gate.Ctx, on string) (out []Option) {
	for _, r := range who.Roles {
		out = append(out, Option{Value: string(r), Label: c.Words.T(people.RoleKey(r)), On: string(r) == on})
	}
	return out
}

// roles lists who holds which role where, a leaf at a time; those in force first.
func (s *Server) roles(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	var in struct {
		Role string `json:"role"`
		Page int    `json:"page"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	all, err := s.grants(c)
	if err != nil {
		return err
	}
	if in.Role != "" {
		all = slices.DeleteFunc(all, func(g people.Grant) bool { return string(g.Role) != in.Role })
	}
	p := s.adminSheet(c, w.T("admin.roles"), "/admin")
	if c.R.Method != "GET" {
		p.Path = "/admin/roles"
	}
	p.Errs = errs
	const most = 50
	first := min(max(in.Page, 0)*most, len(all))
	last := min(first+most, len(all))
	t := &table{Label: w.T("admin.roles"), Heads: []string{w.T("admin.person"), w.T("admin.role"), w.T("admin.where"), w.T("admin.from"), w.T("admin.until"), ""}}
	for _, g := range all[first:last] {
		name, err := s.name(c.Context(), g.Person)
		if err != nil {
			return err
		}
		row, err := s.grantRow(c, g)
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, tableRow{Cells: append([]cell{{Text: name, Href: "/admin/people/" + idText(g.Person)}}, row.Cells...)})
	}
	prev, next := "", ""
	if first > 0 {
		prev = strconv.Itoa(in.Page - 1)
	}
	if last < len(all) {
		next = strconv.Itoa(in.Page + 1)
	}
	which := append([]Option{{Value: "", Label: w.T("admin.any_role")}}, s.roleOptions(c, in.Role)...)
	p.Blocks = []block{
		{Acts: []Act{{w.T("admin.role_give"), "/admin/roles/give"}}, Forms: []form{{Action: "/admin/roles", Get: true, Button: w.T("act.search"), Small: true, Inputs: []input{ask(Field{Name: "role", Kind: "select", Label: w.T("admin.role"), Options: which})}}}},
		{Table: t, Pager: leaves(p.Frame, "/admin/roles?role="+query(in.Role)+"&page=", prev, next)}}
	if len(all) == 0 {
		p.Blocks[1] = block{Empty: &Empty{Text: w.T("admin.units_none")}}
	}
	return s.show(c, "sheet", p)
}

// roleForm gives a role, or has somebody stand in for one who holds it.
func (s *Server) roleForm(c *gate.Ctx, f roleForm, errs []FieldErr) error {
	w := c.Words
	if c.R.Method == "GET" {
		if err := c.Read(&f); err != nil {
			return err
		}
	}
	all, err := s.grants(c)
	if err != nil {
		return err
	}
	stands := []Option{{Value: "0", Label: w.T("admin.stand_none")}}
	for _, g := range all {
		if g.DeputyOf != 0 || !g.Until.IsZero() && !g.Until.After(w.Now) {
			continue
		}
		name, err := s.name(c.Context(), g.Person)
		if err != nil {
			return err
		}
		at, err := s.placeName(c, g.Place)
		if err != nil {
			return err
		}
		stands = append(stands, Option{Value: idText(g.ID), Label: w.T("admin.stand_for", "name", name, "role", w.T(people.RoleKey(g.Role)), "place", at), On: g.ID == f.Stand})
	}
	places, err := s.placeOptions(c.Context(), c, who.GrantEdit, place.Neighbourhood, f.Place)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.role_give"), "/admin/roles")
	if c.R.Method != "GET" {
		p.Path = "/admin/roles/give"
	}
	p.Errs, p.Lead = errs, w.T("admin.role_give_text")
	p.Blocks = []block{{Forms: []form{{Action: "/admin/roles/give", Button: w.T("admin.role_give"), Once: true, Inputs: []input{
		ask(Field{Name: "person", Label: w.T("admin.person"), Hint: w.T("admin.person_hint"), Value: f.Person, Auto: "off", Private: true}),
		ask(Field{Name: "role", Kind: "select", Label: w.T("admin.role"), Options: s.roleOptions(c, f.Role)}),
		ask(Field{Name: "place", Kind: "select", Label: w.T("admin.where"), Hint: w.T("admin.where_hint"), Options: places}),
		ask(Field{Name: "stand", Kind: "select", Label: w.T("admin.stand"), Hint: w.T("admin.stand_hint"), Options: stands}),
		ask(Field{Name: "until", Kind: "date", Label: w.T("admin.until"), Value: f.Until, Optional: true})}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) roleGive(c *gate.Ctx) error {
	var f roleForm
	if err := c.Read(&f); err != nil {
		return err
	}
	n, errs, err := s.whoIs(c, "person", f.Person)
	if err != nil {
		return err
	}
	g := people.Grant{Role: who.Role(f.Role), Place: f.Place, Person: n}
	if g.Until, err = s.date(f.Until); err != nil {
		errs = append(errs, sentence(c, "until", "fail.date"))
	}
	if f.Stand != 0 {
		all, err := s.grants(c)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(g people.Grant) bool { return g.ID == f.Stand })
		if i < 0 {
			errs = append(errs, sentence(c, "stand", "people.deputy.bad"))
		} else {
			g.Role, g.Place, g.DeputyOf = all[i].Role, all[i].Place, all[i].Person
		}
	}
	if len(errs) == 0 {
		_, err := s.People.GiveGrant(c.Context(), c.By, g)
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
		for i := range errs {
			if errs[i].Field == "deputy_of" {
				errs[i].Field = "stand"
			}
		}
	}
	if len(errs) > 0 {
		return s.roleForm(c, f, errs)
	}
	return c.To("/admin/roles?done=added")
}

func (s *Server) roleEnd(c *gate.Ctx) error {
	var in struct {
		Grant id.ID  `json:"grant"`
		To    string `json:"to"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if err := s.People.EndGrant(c.Context(), c.By, in.Grant); err != nil {
		if errs, ok := again(c, err); ok {
			return s.roles(c, errs)
		}
		return err
	}
	if to := local(in.To); strings.HasPrefix(to, "/admin/people/") {
		return c.To(to + "?done=ended")
	}
	return c.To("/admin/roles?done=ended")
}

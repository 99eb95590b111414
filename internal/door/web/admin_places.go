package web

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/qr"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminPlaceRoutes are the pages on which the tree of places is looked after.
func (s *Server) adminPlaceRoutes() []gate.Route {
	need := func(pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: who.PlaceEdit, Serve: f}
	}
	up := func(r gate.Route) gate.Route { r.Upload = true; return r }
	return []gate.Route{
		need("GET /admin/places", s.places),
		need("GET /admin/places/{id}", func(c *gate.Ctx) error { return s.place(c, nil) }),
		need("GET /admin/places/{id}/edit", s.placeEdit),
		need("POST /admin/places/{id}/edit", s.placeSave),
		need("GET /admin/places/{id}/add", s.placeAdd),
		need("POST /admin/places/{id}/add", s.placeAddGo),
		need("POST /admin/places/{id}/close", s.placeClose),
		need("POST /admin/places/{id}/code", s.placeCode),
		up(need("POST /admin/places/{id}/boundary", s.placeBoundary)),
		need("POST /admin/places/{id}/codes", s.doorCodes),
		need("GET /admin/places/{id}/doors", s.doors),
		need("GET /admin/import", func(c *gate.Ctx) error { return s.importPage(c, importForm{Dry: true}, nil, nil) }),
		up(need("POST /admin/import", s.importGo)),
	}
}

// places is the tree from its roots, or what was searched for.
func (s *Server) places(c *gate.Ctx) error {
	w, ctx := c.Words, c.Context()
	q := strings.TrimSpace(c.R.FormValue("q"))
	p := s.adminSheet(c, w.T("admin.places"), "/admin")
	p.Blocks = []block{{Forms: []form{{Action: "/admin/places", Get: true, Button: w.T("act.search"), Small: true, Inputs: []input{
		ask(Field{Name: "q", Kind: "search", Label: w.T("admin.places_find"), Value: q, Optional: true})}}}}}
	var found []place.Place
	var err error
	if q == "" {
		found, err = s.Places.Children(ctx, 0)
	} else if found, err = s.Places.Search(ctx, q, "", 50); err == nil && len(found) == 0 {
		if d, e := s.Places.ByDoor(ctx, q); e == nil {
			found = append(found, d)
		}
	}
	if err != nil {
		return err
	}
	b := block{}
	if len(found) == 0 {
		b.Empty = &Empty{Text: w.T("admin.places_none")}
	} else if b.Table, err = s.placeTable(c, w.T("admin.places"), found, q != ""); err != nil {
		return err
	}
	b.Acts = []Act{{w.T("admin.import"), "/admin/import"}}
	if q == "" && c.By.May(who.PlaceEdit, "/") {
		b.Acts = append(b.Acts, Act{w.T("admin.place_add"), "/admin/places/0/add"})
	}
	p.Blocks = append(p.Blocks, b)
	return s.show(c, "sheet", p)
}

func (s *Server) placeTable(c *gate.Ctx, label string, ps []place.Place, chain bool) (*table, error) {
	w := c.Words
	t := &table{Label: label, Heads: []string{w.T("admin.name"), w.T("admin.level"), w.T("admin.code"), w.T("admin.door")}}
	for _, p := range ps {
		first := cell{Text: p.In(c.By.Lang), Href: "/admin/places/" + idText(p.ID)}
		if !p.Open(w.Now) {
			first.Chip, first.Kind = w.T("admin.closed"), "wait"
		}
		if chain {
			up, err := s.Places.Up(c.Context(), p.Parent)
			if err != nil && fail.KindOf(err) != fail.Missing {
				return nil, err
			}
			first.Small = place.Line(up, place.Subdistrict, c.By.Lang)
		}
		t.Rows = append(t.Rows, tableRow{Cells: []cell{first, {Text: w.T(p.Level.Key())}, {Text: p.Code}, {Text: p.Door}}})
	}
	return t, nil
}

// place is one place: what it is, what lies in it, and what may be done.
func (s *Server) place(c *gate.Ctx, errs []FieldErr) error {
	w, ctx := c.Words, c.Context()
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	chain, err := s.Places.Up(ctx, n)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		return fail.New(fail.Missing, "place.none")
	}
	at := chain[len(chain)-1]
	here := "/admin/places/" + idText(n)
	back := "/admin/places"
	if at.Parent != 0 {
		back += "/" + idText(at.Parent)
	}
	p := s.adminSheet(c, at.In(c.By.Lang), back)
	p.Errs = errs
	if c.R.Method != "GET" {
		p.Path = here
	}
	p.Lead = place.Line(chain[:len(chain)-1], place.Province, c.By.Lang)
	rows := []Row{{w.T("admin.level"), w.T(at.Level.Key()), ""}, {w.T("admin.name"), at.Name, ""}, {w.T("admin.name_hant"), at.NameHant, ""}, {w.T("admin.name_en"), at.NameEn, ""},
		{w.T("admin.code"), at.Code, ""}, {w.T("admin.door"), at.Door, ""}, {w.T("admin.office_phone"), at.Phone, ""}}
	if at.Placed() {
		rows = append(rows, Row{w.T("admin.point"), strconv.FormatFloat(at.Lat, 'f', 6, 64) + ", " + strconv.FormatFloat(at.Lon, 'f', 6, 64), ""})
	}
	rows = append(rows, Row{w.T("admin.public"), yesNo(w.T("act.yes"), w.T("act.no"), at.Public), ""}, Row{w.T("admin.from"), w.Day(at.From), ""})
	if !at.Until.IsZero() {
		rows = append(rows, Row{w.T("admin.until"), w.Day(at.Until), ""})
	}
	p.Blocks = []block{{Rows: rows, Acts: []Act{{w.T("admin.edit"), here + "/edit"}, {w.T("admin.place_below"), here + "/add"}, {w.T("admin.doors"), here + "/doors"}}}}

	below, err := s.Places.Children(ctx, n)
	if err != nil {
		return err
	}
	if len(below) > 0 {
		t, err := s.placeTable(c, w.T("admin.below"), below, false)
		if err != nil {
			return err
		}
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.below"), Table: t})
	}
	if at.Level.Depth() <= place.Building.Depth() {
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.codes"), Text: w.T("admin.codes_text"), Forms: []form{{Action: here + "/codes", Button: w.T("admin.codes_make"), Kind: "second"}}})
	}
	grids, err := s.Places.Grids(ctx, at.Path)
	if err != nil {
		return err
	}
	if len(grids) > 0 && at.Level.Depth() >= place.Community.Depth() {
		t := &table{Label: w.T("admin.grids"), Heads: []string{w.T("admin.number"), w.T("admin.name"), w.T("admin.code")}}
		for _, g := range grids {
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Num(g.Number), Number: true}, {Text: g.In(c.By.Lang)}, {Text: g.Code}}})
		}
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.grids"), Table: t})
	}
	ground := block{Title: w.T("admin.boundary"), Text: w.T("admin.boundary_has")}
	if _, err := s.Places.Boundary(ctx, n); fail.KindOf(err) == fail.Missing {
		ground.Text = w.T("admin.boundary_none")
	} else if err != nil {
		return err
	}
	ground.Forms = []form{{Action: here + "/boundary", Upload: true, Button: w.T("admin.boundary_set"), Kind: "second", Inputs: []input{
		{File: &Field{Name: "file", Label: w.T("admin.boundary_file"), Hint: w.T("admin.boundary_hint")}},
		ask(Field{Name: "crs", Kind: "select", Label: w.T("admin.crs"), Options: crsOptions(c, "")})}}}
	p.Blocks = append(p.Blocks, ground)

	had, err := s.Places.Codes(ctx, n)
	if err != nil {
		return err
	}
	old := block{Title: w.T("admin.had_codes")}
	if len(had) > 0 {
		t := &table{Label: w.T("admin.had_codes"), Heads: []string{w.T("admin.code"), w.T("admin.from"), w.T("admin.until")}}
		for _, k := range had {
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: k.Code}, {Text: s.day(k.From)}, {Text: s.day(k.Until)}}})
		}
		old.Table = t
	}
	val := func(name string) string {
		if c.R.Method == "GET" {
			return ""
		}
		return c.R.FormValue(name)
	}
	old.Forms = []form{{Action: here + "/code", Button: w.T("admin.had_code_add"), Kind: "second", Inputs: []input{group(w.T("admin.had_code")),
		ask(Field{Name: "code", Label: w.T("admin.code"), Value: val("code")}), ask(Field{Name: "from", Kind: "date", Label: w.T("admin.from"), Value: val("from")}),
		ask(Field{Name: "to", Kind: "date", Label: w.T("admin.until"), Value: val("to")})}}}
	p.Blocks = append(p.Blocks, old)
	if at.Until.IsZero() {
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.close"), Text: w.T("admin.close_text"), Forms: []form{{Action: here + "/close", Button: w.T("admin.close"), Kind: "hot", Once: true, Inputs: []input{
			hide("rev", strconv.FormatInt(at.Rev, 10)), ask(Field{Name: "until", Kind: "date", Label: w.T("admin.close_when"), Value: val("until"), Optional: true})}}}})
	}
	return s.show(c, "sheet", p)
}

func yesNo(yes, no string, is bool) string {
	if is {
		return yes
	}
	return no
}

func crsOptions(c *gate.Ctx, on string) []Option {
	return append([]Option{{Value: "", Label: c.Words.T("admin.crs_file")}}, Option{Value: "wgs84", Label: "WGS-84", On: on == "wgs84"}, Option{Value: "gcj02", Label: "GCJ-02", On: on == "gcj02"}, Option{Value: "bd09", Label: "BD-09", On: on == "bd09"})
}

// placeForm is a place as its form carries it: as typed.
type placeForm struct {
	Rev      int64  `json:"rev"`
	Level    string `json:"level"`
	Name     string `json:"name"`
	NameHant string `json:"name_hant"`
	NameEn   string `json:"name_en"`
	Code     string `json:"code"`
	Door     string `json:"door"`
	NewDoor  bool   `json:"new_door"`
	Lat      string `json:"lat"`
	Lon      string `json:"lon"`
	Phone    string `json:"phone"`
	From     string `json:"from"`
	Public   bool   `json:"public"`
}

// place reads the form; what cannot be read is said at its box.
func (f placeForm) place(s *Server, c *gate.Ctx) (p place.Place, errs []FieldErr) {
	p = place.Place{Rev: f.Rev, Level: place.Level(f.Level), Name: f.Name, NameHant: f.NameHant, NameEn: f.NameEn, Code: strings.TrimSpace(f.Code), Door: f.Door, Phone: f.Phone, Public: f.Public}
	if f.NewDoor {
		p.Door = place.NewDoor
	}
	for _, n := range []struct {
		field, v string
		to       *float64
	}{{"lat", f.Lat, &p.Lat}, {"lon", f.Lon, &p.Lon}} {
		v := strings.TrimSpace(n.v)
		if v == "" {
			continue
		}
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			errs = append(errs, sentence(c, n.field, "fail.number"))
		}
		*n.to = x
	}
	var err error
	if p.From, err = s.date(f.From); err != nil {
		errs = append(errs, sentence(c, "from", "fail.date"))
	}
	return p, errs
}

func (s *Server) placeEdit(c *gate.Ctx) error {
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	at, err := s.Places.ByID(c.Context(), n)
	if err != nil {
		return err
	}
	f := placeForm{Rev: at.Rev, Level: string(at.Level), Name: at.Name, NameHant: at.NameHant, NameEn: at.NameEn, Code: at.Code, Door: at.Door, Phone: at.Phone, From: s.day(at.From), Public: at.Public}
	if at.Placed() {
		f.Lat, f.Lon = strconv.FormatFloat(at.Lat, 'f', -1, 64), strconv.FormatFloat(at.Lon, 'f', -1, 64)
	}
	return s.placeForm(c, at, f, nil)
}

// placeForm asks for a place: at is the place itself, or the one to add below.
func (s *Server) placeForm(c *gate.Ctx, at place.Place, f placeForm, errs []FieldErr) error {
	w := c.Words
	adding := strings.HasSuffix(c.Route.Pattern, "/add")
	here := "/admin/places"
	if at.ID != 0 {
		here += "/" + idText(at.ID)
	}
	title, action := w.T("admin.edit_what", "what", at.In(c.By.Lang)), here+"/edit"
	if adding {
		title, action = w.T("admin.place_add_in", "what", at.In(c.By.Lang)), "/admin/places/"+strconv.FormatInt(int64(at.ID), 10)+"/add"
		if at.ID == 0 {
			title = w.T("admin.place_add")
		}
	}
	p := s.adminSheet(c, title, here)
	p.Errs = errs
	g := form{Action: action, Button: w.T("act.save"), Once: true, Inputs: []input{hide("rev", strconv.FormatInt(f.Rev, 10))}}
	if adding {
		var ls []Option
		for _, l := range place.Levels[1:] {
			if at.ID == 0 && l == place.Province || at.ID != 0 && l.Depth() > at.Level.Depth() {
				ls = append(ls, Option{Value: string(l), Label: w.T(l.Key()), On: string(l) == f.Level})
			}
		}
		g.Inputs = append(g.Inputs, ask(Field{Name: "level", Kind: "select", Label: w.T("admin.level"), Value: f.Level, Options: ls}))
	}
	g.Inputs = append(g.Inputs, names3(w, f.Name, f.NameHant, f.NameEn, "name", "name_hant", "name_en")...)
	g.Inputs = append(g.Inputs,
		ask(Field{Name: "code", Label: w.T("admin.code"), Hint: w.T("admin.code_hint"), Value: f.Code, Optional: true}),
		ask(Field{Name: "door", Label: w.T("admin.door"), Hint: w.T("admin.door_hint"), Value: f.Door, Optional: true}),
		tick(Pick{Name: "new_door", Label: w.T("admin.door_new"), Hidden: true, Many: true, Tall: true, Options: []Option{{Value: "on", Label: w.T("admin.door_new"), On: f.NewDoor}}}),
		ask(Field{Name: "phone", Kind: "tel", Label: w.T("admin.office_phone"), Hint: w.T("admin.office_phone_hint"), Value: f.Phone, Optional: true}),
		ask(Field{Name: "lat", Label: w.T("admin.lat"), Hint: w.T("admin.point_hint"), Mode: "decimal", Value: f.Lat, Optional: true}),
		ask(Field{Name: "lon", Label: w.T("admin.lon"), Mode: "decimal", Value: f.Lon, Optional: true}),
		ask(Field{Name: "from", Kind: "date", Label: w.T("admin.from"), Value: f.From, Optional: true}),
		tick(Pick{Name: "public", Label: w.T("admin.public"), Hidden: true, Many: true, Tall: true, Options: []Option{{Value: "on", Label: w.T("admin.public"), Hint: w.T("admin.public_hint"), On: f.Public}}}))
	p.Blocks = []block{{Forms: []form{g}}}
	return s.show(c, "sheet", p)
}

func (s *Server) placeSave(c *gate.Ctx) error {
	var f placeForm
	if err := c.Read(&f); err != nil {
		return err
	}
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	at, err := s.Places.ByID(c.Context(), n)
	if err != nil {
		return err
	}
	in, errs := f.place(s, c)
	if len(errs) > 0 {
		return s.placeForm(c, at, f, errs)
	}
	in.ID = n
	if _, err := s.Places.Edit(c.Context(), c.By, in); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		if fail.KindOf(err) == fail.Conflict {
			f.Rev = at.Rev
		}
		return s.placeForm(c, at, f, errs)
	}
	return c.To("/admin/places/" + idText(n) + "?done=saved")
}

func (s *Server) placeAdd(c *gate.Ctx) error {
	up, err := s.placeAbove(c)
	if err != nil {
		return err
	}
	return s.placeForm(c, up, placeForm{}, nil)
}

// placeAbove is the place to add below; none for 0, the root.
func (s *Server) placeAbove(c *gate.Ctx) (place.Place, error) {
	n, err := idOf(c, "id")
	if err != nil || n == 0 {
		return place.Place{}, err
	}
	return s.Places.ByID(c.Context(), n)
}

func (s *Server) placeAddGo(c *gate.Ctx) error {
	var f placeForm
	if err := c.Read(&f); err != nil {
		return err
	}
	up, err := s.placeAbove(c)
	if err != nil {
		return err
	}
	in, errs := f.place(s, c)
	if len(errs) > 0 {
		return s.placeForm(c, up, f, errs)
	}
	in.Parent = up.ID
	got, err := s.Places.Add(c.Context(), c.By, in)
	if errs, ok := again(c, err); ok {
		return s.placeForm(c, up, f, errs)
	}
	if err != nil {
		return err
	}
	return c.To("/admin/places/" + idText(got.ID) + "?done=added")
}

func (s *Server) placeClose(c *gate.Ctx) error {
	var in struct {
		Rev   int64  `json:"rev"`
		Until string `json:"until"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	until, err := s.date(in.Until)
	if err != nil {
		return s.place(c, []FieldErr{sentence(c, "until", "fail.date")})
	}
	if _, err := s.Places.Close(c.Context(), c.By, n, in.Rev, until); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.place(c, errs)
	}
	return c.To("/admin/places/" + idText(n) + "?done=closed")
}

// placeCode notes a code the place had in former times.
func (s *Server) placeCode(c *gate.Ctx) error {
	var in struct {
		Code string `json:"code"`
		From string `json:"from"`
		To   string `json:"to"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	var errs []FieldErr
	if strings.TrimSpace(in.Code) == "" {
		errs = append(errs, sentence(c, "code", "fail.empty"))
	}
	var days [2]time.Time
	for i, f := range []struct{ name, v string }{{"from", in.From}, {"to", in.To}} {
		at, err := s.date(f.v)
		if err != nil || at.IsZero() {
			errs = append(errs, sentence(c, f.name, "fail.date"))
		}
		days[i] = at
	}
	if len(errs) == 0 {
		err := s.Places.Recode(c.Context(), c.By, n, strings.TrimSpace(in.Code), days[0], days[1])
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
		for i := range errs {
			if errs[i].Field == "until" { // the box here is called to: until is that of closing
				errs[i].Field = "to"
			}
		}
	}
	if len(errs) > 0 {
		return s.place(c, errs)
	}
	return c.To("/admin/places/" + idText(n) + "?done=saved")
}

// upload is the one file of a form, nil for none.
func upload(c *gate.Ctx, most int64) ([]byte, error) {
	fs := c.Files("file")
	if len(fs) == 0 || fs[0].Size == 0 {
		return nil, &fail.Error{Kind: fail.Invalid, Code: "fail.empty", Field: "file"}
	}
	if fs[0].Size > most {
		return nil, &fail.Error{Kind: fail.Invalid, Code: "place.import.large", Field: "file"}
	}
	f, err := fs[0].Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (s *Server) placeBoundary(c *gate.Ctx) error {
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	b, err := upload(c, 16<<20)
	if err == nil {
		err = s.Places.SetBoundary(c.Context(), c.By, n, string(b), c.R.FormValue("crs"))
	}
	if errs, ok := again(c, err); ok {
		for i := range errs {
			errs[i].Field = "file"
		}
		return s.place(c, errs)
	}
	if err != nil {
		return err
	}
	return c.To("/admin/places/" + idText(n) + "?done=boundary")
}

// inside are the open places of the levels that have doors, in a place.
func (s *Server) inside(c *gate.Ctx, at place.Place) (out []place.Place, err error) {
	for _, l := range []place.Level{place.Estate, place.Building, place.Entrance, place.Door} {
		ps, err := s.Places.Under(c.Context(), at.Path, l)
		if err != nil {
			return nil, err
		}
		out = append(out, ps...)
	}
	return out, nil
}

// doorCodes gives every building in a place a door code that has none yet.
func (s *Server) doorCodes(c *gate.Ctx) error {
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	at, err := s.Places.ByID(c.Context(), n)
	if err != nil {
		return err
	}
	ps, err := s.Places.Under(c.Context(), at.Path, place.Building)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if p.Door != "" {
			continue
		}
		p.Door = place.NewDoor
		if _, err := s.Places.Edit(c.Context(), c.By, p); err != nil && fail.KindOf(err) != fail.Conflict { // who changed it meanwhile may have given it one
			return err
		}
	}
	return c.To("/admin/places/" + idText(n) + "?done=codes")
}

// doorsPage is sheets of posters or labels to be printed, one for each door.
type doorsPage struct {
	Frame
	Back    string
	Labels  bool
	Posters []Poster
	Other   string // the same doors in the other size
	Prev    string
	Next    string
}

const doorsMost = 96 // twelve sheets of labels, forty-eight of posters: what a printer takes at once

func (s *Server) doors(c *gate.Ctx) error {
	w, ctx := c.Words, c.Context()
	var in struct {
		Labels bool `json:"labels"`
		Page   int  `json:"page"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	n, err := idOf(c, "id")
	if err != nil {
		return err
	}
	at, err := s.Places.ByID(ctx, n)
	if err != nil {
		return err
	}
	if !c.By.May(who.PlaceEdit, at.Path) {
		return fail.New(fail.Denied, "place.denied")
	}
	all, err := s.inside(c, at)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p place.Place) bool { return p.Door == "" })
	here := "/admin/places/" + idText(n)
	p := doorsPage{Frame: s.frame(c, w.T("admin.doors_of", "what", at.In(c.By.Lang)), "desk"), Back: here, Labels: in.Labels}
	p.Paper = true
	size := ""
	if in.Labels {
		size = "&labels=1"
		p.Other = here + "/doors"
	} else {
		p.Other = here + "/doors?labels=1"
	}
	first := min(max(in.Page, 0)*doorsMost, len(all))
	last := min(first+doorsMost, len(all))
	if first > 0 {
		p.Prev = here + "/doors?page=" + strconv.Itoa(in.Page-1) + size
	}
	if last < len(all) {
		p.Next = here + "/doors?page=" + strconv.Itoa(in.Page+1) + size
	}
	phones := map[id.ID]string{}
	for _, d := range all[first:last] {
		chain, err := s.Places.Up(ctx, d.ID)
		if err != nil {
			return err
		}
		phone, ok := phones[d.Parent]
		if !ok {
			phone = phoneOf(chain)
			phones[d.Parent] = phone
		}
		if d.Phone != "" {
			phone = d.Phone
		}
		url := s.url(c) + "/r/" + d.Door
		path, size, err := qr.Path(url)
		if err != nil {
			return err
		}
		_, short, _ := strings.Cut(url, "://")
		p.Posters = append(p.Posters, Poster{Place: place.Line(chain, place.Estate, c.By.Lang), Code: d.Door, Phone: phone, URL: short, Path: path, Size: size, Label: in.Labels})
	}
	return s.show(c, "admin_doors", p)
}

// importForm is how a file of places is taken in.
type importForm struct {
	Kind  string `json:"kind"` // divisions, shapes
	In    id.ID  `json:"in"`
	Level string `json:"level"` // of shapes; grid for grids
	CRS   string `json:"crs"`
	Dry   bool   `json:"dry"`
}

func (s *Server) importPage(c *gate.Ctx, f importForm, report []block, errs []FieldErr) error {
	w := c.Words
	p := s.adminSheet(c, w.T("admin.import"), "/admin/places")
	if c.R.Method != "GET" {
		p.Path = "/admin/import"
	}
	p.Errs, p.Lead = errs, w.T("admin.import_lead")
	var ls []Option
	for _, l := range []place.Level{place.Community, place.Neighbourhood, place.Estate, place.Building} {
		ls = append(ls, Option{Value: string(l), Label: w.T(l.Key()), On: string(l) == f.Level})
	}
	ls = append(ls, Option{Value: "grid", Label: w.T("place.level.grid"), On: f.Level == "grid"})
	in, err := s.placeOptions(c.Context(), c, who.PlaceEdit, place.Estate, f.In)
	if err != nil {
		return err
	}
	in = slices.DeleteFunc(in, func(o Option) bool { return o.Value == "0" })
	p.Blocks = append(report, block{Forms: []form{{Action: "/admin/import", Upload: true, Button: w.T("admin.import_go"), Inputs: []input{
		{File: &Field{Name: "file", Label: w.T("admin.import_file"), Hint: w.T("admin.import_hint")}},
		tick(Pick{Name: "kind", Label: w.T("admin.import_kind"), Tall: true, Options: []Option{
			{Value: "divisions", Label: w.T("admin.import_divisions"), Hint: w.T("admin.import_divisions_hint"), On: f.Kind == "divisions"},
			{Value: "shapes", Label: w.T("admin.import_shapes"), Hint: w.T("admin.import_shapes_hint"), On: f.Kind == "shapes"}}}),
		ask(Field{Name: "in", Kind: "select", Label: w.T("admin.import_in"), Options: in}),
		ask(Field{Name: "level", Kind: "select", Label: w.T("admin.level"), Options: ls}),
		ask(Field{Name: "crs", Kind: "select", Label: w.T("admin.crs"), Options: crsOptions(c, f.CRS)}),
		tick(Pick{Name: "dry", Label: w.T("admin.import_dry"), Hidden: true, Many: true, Tall: true, Options: []Option{{Value: "on", Label: w.T("admin.import_dry"), On: f.Dry}}}),
	}}}})
	return s.show(c, "sheet", p)
}

func (s *Server) importGo(c *gate.Ctx) error {
	var f importForm
	if err := c.Read(&f); err != nil {
		return err
	}
	b, err := upload(c, 64<<20)
	if err == nil && f.Kind != "divisions" && f.Kind != "shapes" {
		err = &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: "kind"}
	}
	var r place.Report
	var fit place.Fit
	switch {
	case err != nil:
	case f.Kind == "divisions":
		r, err = s.Places.ImportDivisions(c.Context(), c.By, strings.NewReader(string(b)), f.Dry)
	default:
		l := place.Layer{In: f.In, Level: place.Level(f.Level), Grids: f.Level == "grid", CRS: f.CRS, Dry: f.Dry}
		if l.Grids {
			l.Level = ""
		}
		fit, err = s.Places.ImportGeoJSON(c.Context(), c.By, strings.NewReader(string(b)), l)
		r = fit.Report
	}
	if errs, ok := again(c, err); ok {
		return s.importPage(c, f, nil, errs)
	}
	if err != nil {
		return err
	}
	w := c.Words
	head := "admin.import_done"
	if f.Dry {
		head = "admin.import_would"
	}
	out := block{Title: w.T(head), ID: "report", Boxed: true, Nums: []Num{{w.Num(r.Read), w.T("admin.import_read"), ""}, {w.Num(r.Added), w.T("admin.import_added"), ""},
		{w.Num(r.Changed), w.T("admin.import_changed"), ""}, {w.Num(r.Same), w.T("admin.import_same"), ""}, {w.Num(r.Bad), w.T("admin.import_bad"), ""}}}
	if f.Kind == "shapes" {
		out.Nums = append(out.Nums, Num{w.Num(len(fit.Overlaps)), w.T("admin.import_overlaps"), ""}, Num{w.Num(len(fit.Astray)), w.T("admin.import_astray"), ""}, Num{w.Num(len(fit.Missing)), w.T("admin.import_missing"), ""})
		if len(fit.Missing) > 0 {
			out.Text, out.Lines = w.T("admin.import_missing_are"), fit.Missing
		}
	}
	if len(r.Lines) > 0 {
		t := &table{Label: w.T("admin.import_bad"), Heads: []string{w.T("admin.import_line"), w.T("admin.import_what")}}
		for _, l := range r.Lines {
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Num(l.N), Number: true}, {Text: w.T(l.Code, l.Args...)}}})
		}
		out.Table = t
	}
	return s.importPage(c, f, []block{out}, nil)
}

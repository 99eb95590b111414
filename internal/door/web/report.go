package web

import (
	"context"
	"crypto/rand"
	"errors"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// reportForm is all that is answered on the three leaves of a report. What a leaf
// does not ask goes along hidden, so that nothing depends on a session or a script.
type reportForm struct {
	Key      string         `json:"key"`
	Go       string         `json:"go"` // the leaf to show: what, where, check
	Text     string         `json:"text"`
	Category string         `json:"category"`
	Kind     string         `json:"kind"` // the finer category, "" the whole
	Photos   []string       `json:"photos"`
	Drop     string         `json:"drop"` // a photo to leave out
	Door     string         `json:"door"` // code read off a door
	Geo      string         `json:"geo"`
	Acc      float64        `json:"acc"`
	Estate   id.ID          `json:"estate,string"`
	Building string         `json:"building"`
	Spot     string         `json:"spot"`
	Lat      float64        `json:"lat"`
	Lon      float64        `json:"lon"`
	X        float64        `json:"at.x"` // a press on the picture of the map
	Y        float64        `json:"at.y"`
	Place    id.ID          `json:"place,string"`
	Located  string         `json:"located"`
	Inside   bool           `json:"inside"` // not in public space
	Elder    bool           `json:"elder"`
	For      people.Contact `json:"for"`
	Contact  people.Contact `json:"contact"`
	Agree    bool           `json:"agree"`
	answers  []issue.Reply  // to the category's questions, fields "ask.<code>"
}

// reportPage is a leaf of the report.
type reportPage struct {
	Frame
	In       reportForm
	Pictures []Picture
	Majors   []Option
	Minors   []Option
	Estates  []Option
	Where    string // the place found, as people say it
	Picture  string // of the map
	Z        int
	Tiles    string
	Credit   string
	NoPin    bool
	Likely   []likely
	Rows     []Row
	What     issue.Category
	Consent  string
	Asks     []Field // the category's questions
	Hint     string  // whom to call first
}

// likely is an issue that may be the same as the one being reported.
type likely struct {
	Slip Slip
	No   string
}

// consentVersion names the text agreed to when a contact is left; privacy.html is that text.
const consentVersion = "2026-11"

const photosMost, textMost = 5, 1000

// atField is err said at a field of the form.
func atField(field string, err error) error {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		f := *e
		f.Field = field
		return &f
	}
	return err
}

func (s *Server) reportRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /r/{code}", Serve: s.door},
		{Pattern: "GET /report", Serve: s.reportStart},
		{Pattern: "POST /report", Upload: true, Serve: s.reportLeaf},
		{Pattern: "POST /report/send", Serve: s.reportSend},
		{Pattern: "POST /report/join", Serve: s.reportJoin},
	}
}

// door is where the code on a door leads: the report with the place filled in.
func (s *Server) door(c *gate.Ctx) error {
	p, err := s.Places.ByDoor(c.Context(), c.Value("code"))
	if err != nil {
		return err
	}
	c.SetCookie("door", p.Door, 365*24*60*60*1e9)
	return c.To("/report?door=" + p.Door)
}

// reportStart is the first leaf, empty but for a place known from a door.
func (s *Server) reportStart(c *gate.Ctx) error {
	var in reportForm
	if err := c.Read(&in); err != nil {
		return err
	}
	in.Key = rand.Text()
	return s.leaf(c, "what", in, nil)
}

// reportLeaf takes the answers of a leaf and shows the next, or the same with what to change.
func (s *Server) reportLeaf(c *gate.Ctx) error {
	var in reportForm
	if err := c.Read(&in); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.leaf(c, "what", in, errs)
	}
	if in.Key == "" {
		in.Key = rand.Text()
	}
	var errs []error
	in.Photos, errs = s.take(c, "photo", in.Photos)
	if in.Drop != "" {
		in.Photos = slices.DeleteFunc(in.Photos, func(n string) bool { return n == in.Drop })
		return s.leaf(c, "what", in, nil)
	}
	if in.Go == "what" {
		return s.leaf(c, "what", in, nil)
	}
	cats, err := s.kindsOnce(c.Context(), c)
	if err != nil {
		return err
	}
	// Each leaf is looked at again: the answers came from outside.
	if t, err := text.Clean(in.Text, textMost); err != nil {
		errs = append(errs, atField("text", err))
	} else if in.Text = t; t == "" && len(in.Photos) == 0 {
		errs = append(errs, &fail.Error{Kind: fail.Invalid, Code: "issue.need_photo", Field: "text"})
	}
	if _, ok := cats.Find(in.Category); !ok {
		errs = append(errs, &fail.Error{Kind: fail.Invalid, Code: "issue.need_category", Field: "category"})
	}
	if w := sentences(c, errs); len(w) > 0 {
		return s.leaf(c, "what", in, w)
	}
	if k, ok := cats.Find(in.Kind); !ok || k.Parent != in.Category {
		in.Kind = ""
	}
	moved := in.X != 0 || in.Y != 0 || in.Geo != ""
	err = s.locate(c.Context(), &in)
	if in.Go == "where" || moved && err == nil {
		return s.leaf(c, "where", in, nil)
	}
	if err != nil {
		w, ok := again(c, err)
		if !ok {
			return err
		}
		if fromDoor := in.Go == "" && in.Place == 0 && in.Located == ""; fromDoor {
			w = nil // the second leaf is shown for the first time: nothing was wrong yet
		}
		return s.leaf(c, "where", in, w)
	}
	return s.leaf(c, "check", in, nil)
}

// sentences are what is wrong, said at its fields.
func sentences(c *gate.Ctx, errs []error) (out []FieldErr) {
	for _, err := range errs {
		out = append(out, ErrsOf(c.Words, err)...)
	}
	return out
}

// take keeps the photos sent in a field. Photos that cannot be used are left out and
// said; the others are kept.
func (s *Server) take(c *gate.Ctx, field string, have []string) (names []string, errs []error) {
	have = slices.DeleteFunc(slices.Clone(have), func(n string) bool { // names come from outside
		f, err := s.Photos.Open(n, blob.Thumb)
		if err == nil {
			f.Close()
		}
		return err != nil
	})
	for _, h := range c.Files(field) {
		if h.Size == 0 {
			continue
		}
		if len(have) >= photosMost {
			errs = append(errs, &fail.Error{Kind: fail.Invalid, Code: "issue.photos_most", Field: field, Args: []any{"max", photosMost}})
			break
		}
		name, err := s.keep(c.Context(), h)
		if err != nil {
			errs = append(errs, atField(field, err))
			continue
		}
		have = append(have, name)
	}
	return have, errs
}

func (s *Server) keep(ctx context.Context, h *multipart.FileHeader) (string, error) {
	f, err := h.Open()
	if err != nil {
		return "", err
	}
	defer f.Close()
	p, err := s.Photos.Put(ctx, f)
	return p.Name, err
}

// locate finds the place that the answers name: a press on the map, a position, a
// door, or compound and building, whichever was said last.
func (s *Server) locate(ctx context.Context, in *reportForm) error {
	switch {
	case in.X != 0 || in.Y != 0:
		p := s.pressed(in.Lat, in.Lon, s.zoom()+1, mapW, mapH, in.X, in.Y)
		in.Lat, in.Lon, in.Located, in.Estate, in.Door, in.Building = p.Lat, p.Lon, "map", 0, "", ""
		in.X, in.Y = 0, 0
	case in.Geo != "":
		in.Located, in.Estate, in.Door, in.Building = "gps", 0, "", ""
		in.Geo = ""
	case in.Door != "":
		p, err := s.Places.ByDoor(ctx, in.Door)
		if err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "place.door.unknown", Field: "door"}
		}
		in.Place, in.Lat, in.Lon, in.Located = p.ID, p.Lat, p.Lon, "door"
		return nil
	case in.Estate != 0:
		p, err := s.Places.ByID(ctx, in.Estate)
		if err != nil {
			return err
		}
		in.Located = "list"
		if b := strings.TrimSpace(in.Building); b != "" {
			kids, err := s.Places.Children(ctx, p.ID)
			if err != nil {
				return err
			}
			if k, ok := place.ByNumber(kids, b); ok {
				p = k
			}
		}
		in.Place, in.Lat, in.Lon = p.ID, p.Lat, p.Lon
		return nil
	case in.Located == "map" || in.Located == "gps":
	default:
		return &fail.Error{Kind: fail.Invalid, Code: "place.where.missing", Field: "estate"}
	}
	if !(geo.Point{Lat: in.Lat, Lon: in.Lon}).Valid() {
		return &fail.Error{Kind: fail.Invalid, Code: "place.where.missing", Field: "estate"}
	}
	chain, err := s.Places.At(ctx, geo.Point{Lat: in.Lat, Lon: in.Lon})
	if err != nil || len(chain) == 0 {
		if fail.KindOf(err) == fail.Fault && err != nil {
			return err
		}
		return &fail.Error{Kind: fail.Invalid, Code: "place.where.outside", Field: "estate"}
	}
	in.Place = chain[len(chain)-1].ID
	return nil
}

// leaf shows one leaf of the report.
func (s *Server) leaf(c *gate.Ctx, name string, in reportForm, errs []FieldErr) error {
	ctx, w := c.Context(), c.Words
	p := reportPage{Frame: s.frame(c, w.T("report.title."+name), "report"), In: in, Z: s.zoom() + 1, Tiles: s.tiles(), Credit: s.credit(c), Consent: consentVersion}
	p.Errs = errs
	for _, n := range in.Photos {
		p.Pictures = append(p.Pictures, Picture{Src: "/p/" + n + "/480", Full: "/p/" + n + "/1600", Alt: w.T("web.photo_alt")})
	}
	cats, err := s.kindsOnce(ctx, c)
	if err != nil {
		return err
	}
	p.What, _ = cats.Find(in.Category)
	var chain []place.Place
	if in.Door != "" && in.Place == 0 {
		if d, err := s.Places.ByDoor(ctx, in.Door); err == nil {
			in.Place, p.In.Place = d.ID, d.ID
		}
	}
	if in.Place != 0 {
		if chain, err = s.Places.Up(ctx, in.Place); err != nil {
			return err
		}
		p.Where = place.Line(chain, place.Estate, c.By.Lang)
		if p.Where == "" {
			p.Where = place.Line(chain, place.Neighbourhood, c.By.Lang)
		}
	}
	switch name {
	case "what":
		for _, k := range cats.Under("") {
			p.Majors = append(p.Majors, Option{Value: k.Code, Label: k.Names.In(c.By.Lang), On: k.Code == in.Category})
		}
	case "where":
		if in.Located == "" && in.Place == 0 { // nothing said yet: as things of this kind usually lie
			p.In.Inside = !p.What.Open
		}
		for _, k := range cats.Under(in.Category) {
			p.Minors = append(p.Minors, Option{Value: k.Code, Label: k.Names.In(c.By.Lang), On: k.Code == in.Kind})
		}
		if p.Estates, err = s.estates(ctx, c.Words, in.Estate); err != nil {
			return err
		}
		if p.NoPin = in.Lat == 0 && in.Lon == 0; p.NoPin {
			p.In.Lat, p.In.Lon = s.Town.Lat, s.Town.Lon
		}
		p.Picture = s.picture(p.In.Lat, p.In.Lon, p.Z, !p.NoPin)
	case "check":
		code := in.Category
		if in.Kind != "" {
			code = in.Kind
		}
		k, _ := cats.Find(code)
		p.Rows = []Row{
			{Label: w.T("report.text"), Value: in.Text, Change: "what"},
			{Label: w.T("report.category"), Value: k.Names.In(c.By.Lang), Change: "what"},
			{Label: w.T("report.where"), Value: strings.TrimSpace(p.Where + " " + in.Spot), Change: "where"},
		}
		p.Asks, p.Hint = asks(c, k), k.Hint.In(c.By.Lang)
		likes, err := s.Issues.Likely(ctx, code, geo.Point{Lat: in.Lat, Lon: in.Lon}, in.Text)
		if err != nil {
			return err
		}
		for _, l := range likes {
			sl, err := s.slip(ctx, c, l.Public)
			if err != nil {
				return err
			}
			sl.Meta = append(sl.Meta, w.T("report.metres", "metres", l.Metres))
			p.Likely = append(p.Likely, likely{sl, l.No})
		}
	}
	return s.show(c, "report_"+name, p)
}

// asks are the category's questions as fields; every one may be left.
func asks(c *gate.Ctx, k issue.Category) (out []Field) {
	w := c.Words
	for _, q := range k.Asks {
		f := Field{W: w, Name: "ask." + q.Code, Label: q.Names.In(c.By.Lang), Optional: true, Value: c.R.FormValue("ask." + q.Code)}
		switch q.Kind {
		case "yesno":
			f.Kind, f.Options = "select", []Option{{Label: ""}, {Value: "yes", Label: w.T("act.yes")}, {Value: "no", Label: w.T("act.no")}}
		case "choice":
			f.Kind, f.Options = "select", []Option{{Label: ""}}
			for _, x := range q.Choices {
				f.Options = append(f.Options, Option{Value: x.Code, Label: x.Names.In(c.By.Lang)})
			}
		}
		out = append(out, f)
	}
	return out
}

// readAsks reads the answers to the questions.
func (in *reportForm) readAsks(c *gate.Ctx) {
	for k, vs := range c.R.Form {
		if code, ok := strings.CutPrefix(k, "ask."); ok && vs[0] != "" {
			in.answers = append(in.answers, issue.Reply{Question: code, Value: vs[0]})
		}
	}
	slices.SortFunc(in.answers, func(a, b issue.Reply) int { return strings.Compare(a.Question, b.Question) })
}

// estates are the compounds to choose from, by neighbourhood order.
func (s *Server) estates(ctx context.Context, w i18n.W, on id.ID) ([]Option, error) {
	root, err := s.Places.ByID(ctx, s.Town.Root)
	if err != nil {
		return nil, err
	}
	ps, err := s.Places.Under(ctx, root.Path, place.Estate)
	if err != nil {
		return nil, err
	}
	out := []Option{{Value: "", Label: w.T("desk.choose")}}
	for _, p := range ps {
		out = append(out, Option{Value: strconv.FormatInt(int64(p.ID), 10), Label: p.In(string(w.Lang)), On: p.ID == on})
	}
	return out, nil
}

func (in reportForm) report(lang string) issue.Report {
	r := issue.Report{Key: in.Key, Category: in.Category, Text: in.Text, Place: in.Place, Spot: in.Spot, Lat: in.Lat, Lon: in.Lon, Located: in.Located,
		Open: !in.Inside, Photos: in.Photos, Channel: issue.ByWeb, Contact: in.Contact, Sort: issue.Other, Answers: in.answers}
	if in.Kind != "" {
		r.Category = in.Kind
	}
	if in.Located == "door" {
		r.Channel = issue.ByDoor
	}
	r.Contact.Lang = lang
	if in.Elder {
		r.Elder = in.For
		r.Elder.Lang = lang
	}
	if in.Agree {
		r.Consent = consentVersion
	}
	return r
}

// reportSend hands the report in and goes to the reporter's own page.
func (s *Server) reportSend(c *gate.Ctx) error {
	var in reportForm
	if err := c.Read(&in); err != nil {
		return err
	}
	if in.Go != "" {
		return s.leaf(c, in.Go, in, nil)
	}
	in.readAsks(c)
	err := s.locate(c.Context(), &in)
	var got issue.Receipt
	if err == nil {
		err = s.People.RefusesAddress(c.Context(), c.Addr)
	}
	if err == nil {
		got, err = s.Issues.Report(c.Context(), c.By, in.report(c.By.Lang))
	}
	if err != nil {
		w, ok := again(c, err)
		if !ok {
			return err
		}
		name := "check"
		for _, e := range w {
			switch e.Field {
			case "text", "category", "photos":
				name = "what"
			case "estate", "door", "place":
				name = "where"
			}
		}
		return s.leaf(c, name, in, w)
	}
	return c.To("/m/" + got.Link + "?new=1")
}

// reportJoin is 就是这件: the reporter joins an issue that is there and follows it.
func (s *Server) reportJoin(c *gate.Ctx) error {
	var in reportForm
	if err := c.Read(&in); err != nil {
		return err
	}
	i, err := s.Issues.Public(c.Context(), c.R.FormValue("no"))
	if err != nil {
		return err
	}
	got, err := s.Issues.Join(c.Context(), c.By, issue.Join{Issue: i.ID, Voice: s.voice(c), Contact: in.Contact})
	if err != nil {
		w, ok := again(c, err)
		if !ok {
			return err
		}
		return s.leaf(c, "check", in, w)
	}
	return c.To("/i/" + got.Issue.No + "?said=1")
}

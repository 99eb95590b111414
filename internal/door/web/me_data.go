package web

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/door/gate"
)

// dataRoutes are what is kept about a person: to see, correct, take away and have erased.
func (s *Server) dataRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /me/data", Signed: true, Serve: s.data},
		{Pattern: "GET /me/data.json", Signed: true, Serve: s.dataFile},
		{Pattern: "GET /me/data/edit", Signed: true, Serve: s.dataEdit},
		{Pattern: "POST /me/data/edit", Signed: true, Serve: s.dataSave},
		{Pattern: "GET /me/data/address", Signed: true, Serve: func(c *gate.Ctx) error { return s.dataAddress(c, "", nil) }},
		{Pattern: "POST /me/data/address", Signed: true, Serve: s.dataAsk},
		{Pattern: "GET /me/data/code", Signed: true, Serve: func(c *gate.Ctx) error { return s.dataCode(c, nil) }},
		{Pattern: "POST /me/data/code", Signed: true, Serve: s.dataConfirm},
		{Pattern: "POST /me/data/consent", Signed: true, Serve: s.dataConsent},
		{Pattern: "GET /me/data/erase", Signed: true, Serve: s.dataErase},
		{Pattern: "POST /me/data/erase", Signed: true, Serve: s.dataEraseGo},
	}
}

// data shows everything that is kept about the reader.
func (s *Server) data(c *gate.Ctx) error {
	w := c.Words
	k, err := s.People.Mine(c.Context(), c.By)
	if err != nil {
		return err
	}
	home, err := s.homeName(c, k.Place)
	if err != nil {
		return err
	}
	p := sheet{Frame: s.frame(c, w.T("me.data"), "me"), Back: "/me", Lead: w.T("me.data_lead")}
	switch c.R.FormValue("done") {
	case "edit":
		p.Note = okNote(w, "me.saved")
	case "address":
		p.Note = okNote(w, "me.address_done")
	case "consent":
		p.Note = okNote(w, "me.consent_done")
	}
	p.Path = "/me/data"
	edit, address := p.To("/me/data/edit"), p.To("/me/data/address")
	who := block{Title: w.T("me.data_who"), Rows: []Row{
		{w.T("me.name"), k.Name, edit}, {w.T("me.phone"), k.Phone, address}, {w.T("me.email"), k.Email, address},
		{w.T("lang.label"), i18n.Parse(k.Lang).Name(), edit}, {w.T("me.home"), home, edit}, {w.T("me.since"), w.Time(k.Since), ""}}}
	for _, a := range k.Also {
		who.Rows = append(who.Rows, Row{w.T("me.also"), strings.Join(slices.DeleteFunc([]string{a.Name, a.Phone, a.Email}, func(s string) bool { return s == "" }), " "), ""})
	}
	p.Blocks = []block{who, {Text: w.T("me.data_else"), Acts: []Act{{w.T("me.issues"), "/me/issues"}, {w.T("me.followed"), "/me/followed"}, {w.T("me.letters"), "/me/letters"}, {w.T("me.ways.title"), "/me/ways"}}}}

	agreed := block{Title: w.T("me.consents"), Text: w.T("me.consents_text")}
	if len(k.Consents) == 0 {
		agreed.Text = w.T("me.consents_none")
	} else {
		t := &table{Label: w.T("me.consents"), Heads: []string{w.T("me.consent_what"), w.T("me.consent_when"), ""}}
		for _, x := range k.Consents {
			row := tableRow{Cells: []cell{{Text: w.T(x.PurposeKey()), Small: x.Version}, {Text: w.Time(x.At)}, {}}}
			if x.Withdrawn.IsZero() {
				row.Cells[2].Forms = []form{{Action: "/me/data/consent", Button: w.T("me.consent_withdraw"), Alt: w.T(x.PurposeKey()), Kind: "second", Small: true, Inputs: []input{hide("withdraw", x.Purpose)}}}
			} else {
				row.Cells[1].Small = w.T("me.consent_withdrawn", "when", w.Time(x.Withdrawn))
			}
			t.Rows = append(t.Rows, row)
		}
		agreed.Table = t
	}
	p.Blocks = append(p.Blocks, agreed)

	looks := block{Title: w.T("me.looks"), Text: w.T("me.looks_none")}
	if len(k.Looks) > 0 {
		looks.Text = w.T("me.looks_text")
		t := &table{Label: w.T("me.looks"), Heads: []string{w.T("me.letters_when"), w.T("me.look_why"), w.T("me.look_about")}}
		for _, l := range slices.Backward(k.Looks) {
			a, err := s.about(c.Context(), c, l.About)
			if err != nil {
				return err
			}
			why := ""
			if l.Why != "" {
				why = w.T(people.WhyKey(l.Why))
			}
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Time(l.At)}, {Text: why}, {Text: a.no, Href: a.href}}})
		}
		looks.Table = t
	}
	p.Blocks = append(p.Blocks, looks)

	away := block{Title: w.T("me.away"), Text: w.T("me.away_text"), Acts: []Act{{w.T("me.download"), "/me/data.json"}, {w.T("me.erase"), "/me/data/erase"}}}
	for _, e := range k.Erasures {
		away.Rows = append(away.Rows, Row{Label: w.T("me.erase_asked", "when", w.Time(e.At)), Value: erasureState(w, e)})
	}
	p.Blocks = append(p.Blocks, away)
	return s.show(c, "sheet", p)
}

func erasureState(w i18n.W, e people.Erasure) string {
	said := w.T("me.erase_state." + e.State)
	if e.State == "refused" && e.Reason != "" {
		said = w.T("me.erase_because", "state", said, "reason", w.T(e.ReasonKey()))
	}
	return said
}

func (s *Server) homeName(c *gate.Ctx, n id.ID) (string, error) {
	if n == 0 {
		return "", nil
	}
	return s.placeName(c, n)
}

// dataFile is everything kept about the reader as a file.
func (s *Server) dataFile(c *gate.Ctx) error {
	type letter struct {
		Kind  string    `json:"kind"`
		About id.ID     `json:"about,string"`
		At    time.Time `json:"at"`
		Seen  time.Time `json:"seen,omitzero"`
		State string    `json:"state"`
	}
	type follow struct {
		No string    `json:"no"`
		At time.Time `json:"at"`
	}
	ctx := c.Context()
	out := struct {
		Format   string      `json:"format"`
		Made     time.Time   `json:"made"`
		Person   people.Kept `json:"person"`
		Issues   []issue.Own `json:"issues"`
		Followed []follow    `json:"followed"`
		Letters  []letter    `json:"letters"`
		Wishes   notify.Wish `json:"wishes"`
	}{Format: "linli-mine-1", Made: c.Words.Now, Issues: []issue.Own{}, Followed: []follow{}, Letters: []letter{}}
	var err error
	if out.Person, err = s.People.Mine(ctx, c.By); err != nil {
		return err
	}
	for from := ""; ; {
		page, err := s.Issues.Mine(ctx, c.By, from, 50)
		if err != nil {
			return err
		}
		for _, l := range page.Items {
			o, err := s.Issues.Own(ctx, c.By, l.ID)
			if err != nil {
				return err
			}
			out.Issues = append(out.Issues, o)
		}
		if from = page.Next; from == "" {
			break
		}
	}
	for from := ""; ; {
		page, err := s.Issues.Followed(ctx, c.By, from, 50)
		if err != nil {
			return err
		}
		for _, p := range page.Items {
			out.Followed = append(out.Followed, follow{p.No, p.At})
		}
		if from = page.Next; from == "" {
			break
		}
	}
	for before := id.ID(0); ; {
		items, err := s.Letters.Inbox(ctx, c.By, before, 200)
		if err != nil {
			return err
		}
		for _, i := range items {
			out.Letters, before = append(out.Letters, letter{i.Kind, i.About, i.At, i.Seen, i.State}), i.ID
		}
		if len(items) < 200 {
			break
		}
	}
	if out.Wishes, err = s.Letters.Wishes(ctx, c.By); err != nil {
		return err
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	c.W.Header().Set("Content-Disposition", `attachment; filename="linli-mine.json"`)
	return c.Send("application/json", "no-store", b)
}

// correctForm is what a person may correct themselves.
type correctForm struct {
	Rev  int64  `json:"rev"`
	Name string `json:"name"`
	Lang string `json:"lang"`
	Home id.ID  `json:"home"`
}

func (s *Server) dataEdit(c *gate.Ctx) error {
	k, err := s.People.Mine(c.Context(), c.By)
	if err != nil {
		return err
	}
	return s.dataForm(c, correctForm{k.Rev, k.Name, k.Lang, k.Place}, nil)
}

func (s *Server) dataForm(c *gate.Ctx, in correctForm, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.edit"), "me"), Back: "/me/data"}
	p.Errs = errs
	var langs []Option
	for _, l := range i18n.Langs() {
		langs = append(langs, Option{Value: string(l), Label: l.Name(), On: string(l) == in.Lang})
	}
	homes, err := s.communities(c.Context(), c, in.Home)
	if err != nil {
		return err
	}
	homes[0].Label = w.T("me.home_none")
	if in.Home != 0 && !slices.ContainsFunc(homes, func(o Option) bool { return o.Value == idText(in.Home) }) {
		name, err := s.placeName(c, in.Home)
		if err != nil {
			return err
		}
		if name != "" { // a home that no page offered is none
			homes = append(homes, Option{Value: idText(in.Home), Label: name, On: true})
		}
	}
	p.Blocks = []block{{Forms: []form{{Action: "/me/data/edit", Button: w.T("act.save"), Once: true, Inputs: []input{
		hide("rev", idText(id.ID(in.Rev))),
		ask(Field{Name: "name", Label: w.T("me.name"), Hint: w.T("me.name_hint"), Value: in.Name, Auto: "name", Optional: true, Private: true}),
		ask(Field{Name: "lang", Kind: "select", Label: w.T("me.lang"), Value: in.Lang, Options: langs}),
		ask(Field{Name: "home", Kind: "select", Label: w.T("me.home"), Hint: w.T("me.home_hint"), Value: idText(in.Home), Options: homes}),
	}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) dataSave(c *gate.Ctx) error {
	var in correctForm
	if err := c.Read(&in); err != nil {
		return err
	}
	if _, err := s.People.Correct(c.Context(), c.By, in.Rev, in.Name, in.Lang, in.Home); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		if fail.KindOf(err) == fail.Conflict { // what they typed stays, on top of what is there now
			if k, err := s.People.Mine(c.Context(), c.By); err == nil {
				in.Rev = k.Rev
			}
		}
		return s.dataForm(c, in, errs)
	}
	return c.To("/me/data?done=edit")
}

func (s *Server) dataAddress(c *gate.Ctx, address string, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.address"), "me"), Back: "/me/data", Lead: w.T("me.address_lead")}
	p.Errs = errs
	p.Blocks = []block{{Forms: []form{{Action: "/me/data/address", Button: w.T("me.in.send"), Once: true, Inputs: []input{
		ask(Field{Name: "address", Label: w.T("me.address_new"), Value: address, Auto: "off", Private: true})}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) dataAsk(c *gate.Ctx) error {
	var in struct {
		Address string `json:"address"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	ticket, err := s.People.CorrectAsk(c.Context(), c.By, in.Address, client(c))
	if errs, ok := mend(c, err); ok {
		return s.dataAddress(c, in.Address, errs)
	}
	if err != nil {
		return err
	}
	keepTicket(c, "change", ticket, in.Address)
	return c.To("/me/data/code")
}

func (s *Server) dataCode(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	ticket, address := ticketOf(c, "change")
	if ticket == "" && errs == nil {
		return c.To("/me/data/address")
	}
	p := sheet{Frame: s.frame(c, w.T("me.code.title"), "me"), Back: "/me/data/address", Lead: w.T("me.code.lead", "to", masked(address))}
	p.Errs = errs
	p.Blocks = []block{
		{Forms: []form{{Action: "/me/data/code", Button: w.T("me.address_set"), Once: true, Inputs: []input{
			ask(Field{Name: "code", Label: w.T("me.code.code"), Hint: w.T("me.code.hint"), Auto: "one-time-code", Mode: "numeric", Private: true})}}}},
		{Title: w.T("me.code.none"), Text: w.T("me.code.none_text"), Forms: []form{{Action: "/me/data/address", Button: w.T("me.code.again"), Kind: "second", Once: true, Inputs: []input{hide("address", address)}}}},
	}
	return s.show(c, "sheet", p)
}

func (s *Server) dataConfirm(c *gate.Ctx) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	here, err := s.here(c)
	if err != nil {
		return err
	}
	ticket, _ := ticketOf(c, "change")
	err = s.People.CorrectConfirm(c.Context(), c.By, here.ID, ticket, in.Code, client(c))
	if errs, ok := mend(c, err); ok {
		for i := range errs { // the page has one box
			errs[i].Field = "code"
		}
		return s.dataCode(c, errs)
	}
	if err != nil {
		return err
	}
	c.SetCookie("change", "", 0)
	return c.To("/me/data?done=address")
}

func (s *Server) dataConsent(c *gate.Ctx) error {
	var in struct {
		Withdraw string `json:"withdraw"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if err := s.People.WithdrawConsent(c.Context(), c.By, in.Withdraw); err != nil {
		return err
	}
	return c.To("/me/data?done=consent")
}

// dataErase says what being erased means before it is asked for.
func (s *Server) dataErase(c *gate.Ctx) error {
	w := c.Words
	k, err := s.People.Mine(c.Context(), c.By)
	if err != nil {
		return err
	}
	p := sheet{Frame: s.frame(c, w.T("me.erase"), "me"), Back: "/me/data", Lead: w.T("me.erase_lead")}
	open := slices.ContainsFunc(k.Erasures, func(e people.Erasure) bool { return e.State == "asked" })
	b := block{Text: w.T("me.erase_text"), Forms: []form{{Action: "/me/data/erase", Button: w.T("me.erase_ask"), Kind: "hot", Once: true}}}
	if open {
		b = block{Note: &Note{Text: w.T("me.erase_open")}, Forms: []form{{Action: "/me/data/erase", Button: w.T("me.erase_back"), Name: "back", Value: "on", Kind: "second", Once: true}}}
	}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

func (s *Server) dataEraseGo(c *gate.Ctx) error {
	var in struct {
		Back bool `json:"back"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if in.Back {
		if err := s.People.TakeBackErasure(c.Context(), c.By); err != nil {
			return err
		}
		return c.To("/me/data")
	}
	if _, err := s.People.AskErasure(c.Context(), c.By); err != nil {
		return err
	}
	return c.To("/me/data/erase")
}

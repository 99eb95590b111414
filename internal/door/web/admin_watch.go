package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminWatchRoutes are what must be watched: wishes to be erased, how long things are kept,
// channels, abuse, and the record of acts.
func (s *Server) adminWatchRoutes() []gate.Route {
	need := func(r who.Right, pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: r, Serve: f}
	}
	return []gate.Route{
		need(who.Erase, "GET /admin/erasures", s.erasures),
		need(who.Erase, "GET /admin/erasures/{id}", func(c *gate.Ctx) error { return s.erasure(c, nil) }),
		need(who.Erase, "POST /admin/erasures/{id}/do", s.erasureDo),
		need(who.Erase, "POST /admin/erasures/{id}/refuse", s.erasureRefuse),
		need(who.PeopleEdit, "GET /admin/keeping", func(c *gate.Ctx) error { return s.keeping(c, nil) }),
		need(who.PeopleEdit, "POST /admin/keeping", s.keepingSave),
		need(who.ChannelSee, "GET /admin/channels", s.channels),
		need(who.ChannelSee, "POST /admin/channels/again", s.jobAgain),
		need(who.ChannelSee, "POST /admin/channels/drop", s.jobDrop),
		need(who.AbuseEdit, "GET /admin/abuse", func(c *gate.Ctx) error { return s.abuse(c, blockForm{}, nil) }),
		need(who.AbuseEdit, "POST /admin/abuse", s.abuseAdd),
		need(who.AbuseEdit, "POST /admin/abuse/lift", s.abuseLift),
		need(who.AbuseEdit, "POST /admin/abuse/rates", s.ratesSave),
		need(who.AuditSee, "GET /admin/audit", s.audit),
	}
}

// wished is a wish to be erased that the actor may carry out.
func (s *Server) wished(c *gate.Ctx) (people.Erasure, error) {
	n, err := idOf(c, "id")
	if err != nil {
		return people.Erasure{}, err
	}
	es, err := s.People.Erasures(c.Context(), c.By)
	if err != nil {
		return people.Erasure{}, err
	}
	for _, e := range es {
		if e.ID == n {
			return e, nil
		}
	}
	return people.Erasure{}, fail.New(fail.Missing, "people.erasure.missing")
}

func (s *Server) erasures(c *gate.Ctx) error {
	w := c.Words
	es, err := s.People.Erasures(c.Context(), c.By)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.erasures"), "/admin")
	p.Lead = w.T("admin.erasures_lead")
	if len(es) == 0 {
		p.Blocks = []block{{Empty: &Empty{Text: w.T("admin.erasures_none")}}}
		return s.show(c, "sheet", p)
	}
	t := &table{Label: p.Title, Heads: []string{w.T("admin.person"), w.T("me.letters_when")}}
	for _, e := range es {
		k, err := s.known(c, e.Person)
		if err != nil {
			return err
		}
		name := k.person.Name
		if name == "" {
			name = w.T("admin.no_name")
		}
		t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: name, Href: "/admin/erasures/" + idText(e.ID), Small: strings.TrimSpace(k.person.Phone + " " + k.person.Email)}, {Text: w.Time(e.At)}}})
	}
	p.Blocks = []block{{Table: t}}
	return s.show(c, "sheet", p)
}

func (s *Server) erasure(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	e, err := s.wished(c)
	if err != nil {
		return err
	}
	k, err := s.known(c, e.Person)
	if err != nil {
		return err
	}
	here := "/admin/erasures/" + idText(e.ID)
	p := s.adminSheet(c, w.T("admin.erasure"), "/admin/erasures")
	if c.R.Method != "GET" {
		p.Path = here
	}
	p.Errs = errs
	held := 0
	for _, g := range k.grants {
		if g.Until.IsZero() || g.Until.After(w.Now) {
			held++
		}
	}
	reasons := append([]Option{{Value: "", Label: w.T("admin.choose")}}, options(w, "people.erasure.", people.ErasureReasons, c.R.FormValue("reason"))...)
	p.Blocks = []block{
		{Rows: []Row{{w.T("me.name"), k.person.Name, ""}, {w.T("me.phone"), k.person.Phone, ""}, {w.T("me.email"), k.person.Email, ""}, {w.T("me.letters_when"), w.Time(e.At), ""}, {w.T("admin.roles"), w.Num(held), ""}}},
		{Title: w.T("admin.erase"), Text: w.T("admin.erase_text"), Forms: []form{{Action: here + "/do", Button: w.T("admin.erase_go"), Kind: "hot", Once: true}}},
		{Title: w.T("admin.erase_not"), Forms: []form{{Action: here + "/refuse", Button: w.T("admin.erase_not_go"), Kind: "second", Once: true, Inputs: []input{
			ask(Field{Name: "reason", Kind: "select", Label: w.T("me.look_why"), Hint: w.T("admin.erase_not_hint"), Options: reasons})}}}},
	}
	return s.show(c, "sheet", p)
}

func (s *Server) erasureDo(c *gate.Ctx) error {
	e, err := s.wished(c)
	if err != nil {
		return err
	}
	if err := s.People.Erase(c.Context(), c.By, e.ID); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.erasure(c, errs)
	}
	return c.To("/admin/erasures?done=erased")
}

func (s *Server) erasureRefuse(c *gate.Ctx) error {
	var in struct {
		Reason string `json:"reason"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	e, err := s.wished(c)
	if err != nil {
		return err
	}
	if err := s.People.RefuseErasure(c.Context(), c.By, e.ID, in.Reason); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.erasure(c, errs)
	}
	return c.To("/admin/erasures?done=saved")
}

// keeping is for how long data is kept, and what the sweep took away.
func (s *Server) keeping(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	rs, err := db.See(c.Context(), s.DB, people.Retentions)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.keeping"), "/admin")
	if c.R.Method != "GET" {
		p.Path = "/admin/keeping"
	}
	p.Errs, p.Lead = errs, w.T("admin.keeping_lead")
	f := form{Action: "/admin/keeping", Button: w.T("act.save"), Once: true}
	for _, r := range rs {
		v := strconv.FormatInt(r.Days, 10)
		if c.R.Method != "GET" {
			v = c.R.FormValue("days." + r.Kind)
		}
		f.Inputs = append(f.Inputs, hide("rev."+r.Kind, strconv.FormatInt(r.Rev, 10)), ask(Field{Name: "days." + r.Kind, Kind: "number", Label: w.T(r.Key()), Hint: w.T("admin.days_hint"), Value: v}))
	}
	p.Blocks = []block{{Forms: []form{f}}}
	if c.By.May(who.Erase, "") {
		log, err := s.People.Sweeps(c.Context(), c.By, 30)
		if err != nil {
			return err
		}
		if len(log) > 0 {
			t := &table{Label: w.T("admin.swept"), Heads: []string{w.T("me.letters_when"), w.T("admin.kind"), w.T("admin.count")}}
			for _, x := range log {
				t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Time(x.At)}, {Text: w.T(people.Retention{Kind: x.Kind}.Key())}, {Text: w.Num(x.Count), Number: true}}})
			}
			p.Blocks = append(p.Blocks, block{Title: w.T("admin.swept"), Table: t})
		}
	}
	return s.show(c, "sheet", p)
}

func (s *Server) keepingSave(c *gate.Ctx) error {
	if err := c.Parse(); err != nil {
		return err
	}
	rs, err := db.See(c.Context(), s.DB, people.Retentions)
	if err != nil {
		return err
	}
	var errs []FieldErr
	for i, r := range rs {
		days, err := strconv.ParseInt(strings.TrimSpace(c.R.FormValue("days."+r.Kind)), 10, 64)
		if err != nil || days < 0 {
			errs = append(errs, sentence(c, "days."+r.Kind, "fail.number"))
			continue
		}
		rs[i].Days = days
		if n, err := strconv.ParseInt(c.R.FormValue("rev."+r.Kind), 10, 64); err == nil {
			rs[i].Rev = n
		}
		if days == r.Days {
			rs[i].Kind = "" // as it was
		}
	}
	for _, r := range rs {
		if len(errs) > 0 || r.Kind == "" {
			continue
		}
		if err := s.People.SaveRetention(c.Context(), c.By, r); err != nil {
			more, ok := again(c, err)
			if !ok {
				return err
			}
			for i := range more {
				more[i].Field = "days." + r.Kind
			}
			errs = append(errs, more...)
		}
	}
	if len(errs) > 0 {
		return s.keeping(c, errs)
	}
	return c.To("/admin/keeping?done=saved")
}

// channels shows how letters fare, and the work behind the doors that does not get done.
func (s *Server) channels(c *gate.Ctx) error {
	w := c.Words
	cs, err := s.Letters.Channels(c.Context(), c.By)
	if err != nil {
		return err
	}
	sick, err := job.Stuck(c.Context(), s.DB)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.channels"), "/admin")
	if len(cs) == 0 {
		p.Blocks = append(p.Blocks, block{Empty: &Empty{Text: w.T("admin.channels_none")}})
	} else {
		t := &table{Label: w.T("admin.channels"), Heads: []string{w.T("admin.channel"), w.T("admin.sent"), w.T("admin.failed"), w.T("admin.spent"), w.T("admin.last_ok"), w.T("admin.last_bad")}}
		for _, x := range cs {
			name := cell{Text: w.T("me.channel." + x.Channel)}
			switch {
			case x.Failing:
				name.Chip, name.Kind = w.T("admin.failing"), "hot"
			case x.Full:
				name.Chip, name.Kind = w.T("admin.full"), "wait"
			}
			bad := cell{Text: w.Time(x.ErrAt)}
			if x.Err != "" && w.Has(x.Err) {
				bad.Small = w.T(x.Err)
			}
			t.Rows = append(t.Rows, tableRow{Cells: []cell{name, {Text: w.Num(x.Sent), Number: true}, {Text: w.Num(x.Failed), Number: true}, {Text: w.T("admin.yuan", "n", strconv.FormatFloat(float64(x.Spent)/100, 'f', 2, 64)), Number: true}, {Text: w.Time(x.OkAt)}, bad}})
		}
		p.Blocks = append(p.Blocks, block{Table: t})
	}
	b := block{Title: w.T("admin.stuck"), Text: w.T("admin.stuck_text")}
	if len(sick) == 0 {
		b.Text, b.Empty = "", &Empty{Text: w.T("admin.stuck_none")}
	} else {
		t := &table{Label: w.T("admin.stuck"), Heads: []string{w.T("admin.job"), w.T("admin.due"), w.T("admin.tries"), w.T("admin.import_what"), ""}}
		for _, x := range sick {
			row := tableRow{Cells: []cell{{Text: x.Kind, Small: idText(x.ID)}, {Text: w.Time(x.Due)}, {Text: w.Num(x.Tries), Number: true}, {Text: x.Err}, {}}}
			if x.Dead {
				row.Cells[0].Chip, row.Cells[0].Kind = w.T("admin.given_up"), "hot"
				for _, a := range []struct{ path, word string }{{"again", "web.try_again"}, {"drop", "admin.drop"}} {
					row.Cells[4].Forms = append(row.Cells[4].Forms, form{Action: "/admin/channels/" + a.path, Button: w.T(a.word), Alt: x.Kind + " " + idText(x.ID), Kind: "second", Small: true, Inputs: []input{hide("job", idText(x.ID))}})
				}
			}
			t.Rows = append(t.Rows, row)
		}
		b.Table = t
	}
	p.Blocks = append(p.Blocks, b)
	return s.show(c, "sheet", p)
}

func (s *Server) jobAgain(c *gate.Ctx) error { return s.job(c, "job.again", job.Again) }

func (s *Server) jobDrop(c *gate.Ctx) error { return s.job(c, "job.drop", job.Drop) }

// job does something with a job that was given up, and leaves an act.
func (s *Server) job(c *gate.Ctx, verb string, f func(*db.Tx, id.ID) error) error {
	var in struct {
		Job id.ID `json:"job"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if _, err := db.Do(c.Context(), s.DB, func(tx *db.Tx) (int, error) {
		if err := f(tx, in.Job); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, c.By, verb, in.Job, nil)
	}); err != nil {
		return err
	}
	return c.To("/admin/channels?done=saved")
}

// blockForm blocks somebody or somewhere.
type blockForm struct {
	Kind   string `json:"kind"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
	Place  id.ID  `json:"place"`
	Until  string `json:"until"`
}

var blockKinds = []string{"phone", "email", "address", "person"}

// abuse is the list of blocks, what was put away as spam, and the limits on how often.
func (s *Server) abuse(c *gate.Ctx, f blockForm, errs []FieldErr) error {
	w, ctx := c.Words, c.Context()
	bs, err := s.People.Blocks(ctx, c.By)
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.abuse"), "/admin")
	if c.R.Method != "GET" {
		p.Path = "/admin/abuse"
	}
	p.Errs = errs
	list := block{Title: w.T("admin.blocks"), Text: w.T("admin.blocks_text")}
	if len(bs) == 0 {
		list.Text, list.Empty = "", &Empty{Text: w.T("admin.blocks_none")}
	} else {
		t := &table{Label: w.T("admin.blocks"), Heads: []string{w.T("admin.kind"), w.T("me.look_why"), w.T("admin.where"), w.T("admin.from"), w.T("admin.until"), ""}}
		for _, b := range bs {
			at := id.ID(0)
			if ids := place.PathIDs(b.Path); len(ids) > 0 {
				at = ids[len(ids)-1]
			}
			name, err := s.placeName(c, at)
			if err != nil {
				return err
			}
			until := w.T("admin.until_lifted")
			if !b.Until.IsZero() {
				until = w.Time(b.Until)
			}
			kind := w.T("admin.block." + b.Kind)
			t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: kind, Small: idText(b.ID)}, {Text: w.T(b.ReasonKey())}, {Text: name}, {Text: w.Time(b.At)}, {Text: until},
				{Forms: []form{{Action: "/admin/abuse/lift", Button: w.T("admin.lift"), Alt: kind, Kind: "second", Small: true, Inputs: []input{hide("block", idText(b.ID))}}}}}})
		}
		list.Table = t
	}
	places, err := s.placeOptions(ctx, c, who.AbuseEdit, place.Community, f.Place)
	if err != nil {
		return err
	}
	p.Blocks = []block{list, {Title: w.T("admin.block_add"), Text: w.T("admin.block_text"), Forms: []form{{Action: "/admin/abuse", Button: w.T("admin.block_add"), Kind: "hot", Once: true, Inputs: []input{
		ask(Field{Name: "kind", Kind: "select", Label: w.T("admin.block_kind"), Options: options(w, "admin.block.", blockKinds, f.Kind)}),
		ask(Field{Name: "value", Label: w.T("admin.block_value"), Hint: w.T("admin.block_value_hint"), Value: f.Value, Auto: "off", Private: true}),
		ask(Field{Name: "reason", Kind: "select", Label: w.T("me.look_why"), Options: options(w, "people.block.", people.BlockReasons, f.Reason)}),
		ask(Field{Name: "place", Kind: "select", Label: w.T("admin.where"), Options: places}),
		ask(Field{Name: "until", Kind: "date", Label: w.T("admin.until"), Hint: w.T("admin.block_until_hint"), Value: f.Until, Optional: true})}}}}}
	spam, err := s.spam(c)
	if err != nil {
		return err
	}
	p.Blocks = append(p.Blocks, spam)
	rates, err := s.rates(c)
	if err != nil {
		return err
	}
	p.Blocks = append(p.Blocks, rates)
	return s.show(c, "sheet", p)
}

// rates are the limits on how often, to be changed.
func (s *Server) rates(c *gate.Ctx) (block, error) {
	w := c.Words
	ls, rev, err := s.People.Limits(c.Context())
	if err != nil {
		return block{}, err
	}
	if !c.By.May(who.AbuseEdit, "/") { // they hold for all of the installation
		b := block{Title: w.T("admin.rates")}
		for _, l := range ls {
			b.Rows = append(b.Rows, Row{Label: w.T("admin.rate_most", "what", w.T("admin.rate."+l.Name), "span", w.Span(l.Per)), Value: w.Num(l.N)})
		}
		return b, nil
	}
	in := []input{hide("rev", strconv.FormatInt(rev, 10))}
	for _, l := range ls {
		v := strconv.Itoa(l.N)
		if c.R.Method != "GET" && c.R.Form.Has(l.Name) { // as typed
			v = c.R.Form.Get(l.Name)
		}
		least, most := l.Bounds()
		in = append(in, ask(Field{Name: l.Name, Kind: "number", Label: w.T("admin.rate_most", "what", w.T("admin.rate."+l.Name), "span", w.Span(l.Per)), Hint: w.T("admin.rate_bounds", "least", least, "most", most), Value: v}))
	}
	return block{Title: w.T("admin.rates"), ID: "rates", Text: w.T("admin.rates_text"), Forms: []form{{Action: "/admin/abuse/rates", Button: w.T("act.save"), Kind: "second", Once: true, Inputs: in}}}, nil
}

func (s *Server) ratesSave(c *gate.Ctx) error {
	if !c.By.May(who.AbuseEdit, "/") {
		return fail.New(fail.Denied, "fail.denied")
	}
	if err := c.Parse(); err != nil {
		return err
	}
	v := c.R.Form
	ls, _, err := s.People.Limits(c.Context())
	if err != nil {
		return err
	}
	var errs []FieldErr
	for i := range ls {
		n, err := strconv.Atoi(strings.TrimSpace(v.Get(ls[i].Name)))
		if err != nil {
			errs = append(errs, sentence(c, ls[i].Name, "fail.number"))
		}
		ls[i].N = n
	}
	rev, err := strconv.ParseInt(v.Get("rev"), 10, 64)
	if err != nil {
		rev = -1
	}
	if len(errs) == 0 {
		err := s.People.SetLimits(c.Context(), c.By, ls, rev)
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return s.abuse(c, blockForm{}, errs)
	}
	return c.To("/admin/abuse?done=saved")
}

// spam is what was put away as spam lately, so that a mistake can be undone.
func (s *Server) spam(c *gate.Ctx) (block, error) {
	w := c.Words
	b := block{Title: w.T("admin.spam"), Text: w.T("admin.spam_text")}
	from := ""
	for range 4 {
		page, err := s.Issues.DeskList(c.Context(), c.By, issue.View{What: issue.Ended}, from, 50)
		if gone(err) == nil && err != nil { // no desk of their own
			break
		}
		if err != nil {
			return b, err
		}
		for _, l := range page.Items {
			if l.Why != "spam" {
				continue
			}
			sl, err := s.line(c.Context(), c, l)
			if err != nil {
				return b, err
			}
			b.Slips = append(b.Slips, sl)
		}
		if from = page.Next; from == "" {
			break
		}
	}
	if len(b.Slips) == 0 {
		b.Text, b.Empty = "", &Empty{Text: w.T("admin.spam_none")}
	}
	return b, nil
}

func (s *Server) abuseAdd(c *gate.Ctx) error {
	var f blockForm
	if err := c.Read(&f); err != nil {
		return err
	}
	var errs []FieldErr
	b := people.Block{Kind: f.Kind, Reason: f.Reason}
	if !slices.Contains(blockKinds, f.Kind) {
		errs = append(errs, sentence(c, "kind", "fail.choose"))
	}
	var err error
	if b.Until, err = s.date(f.Until); err != nil {
		errs = append(errs, sentence(c, "until", "fail.date"))
	}
	value := strings.TrimSpace(f.Value)
	if f.Kind == "person" && value != "" {
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			errs = append(errs, sentence(c, "value", "people.missing"))
		}
	}
	if len(errs) == 0 {
		_, err := s.People.AddBlock(c.Context(), c.By, b, value, f.Place)
		if fail.KindOf(err) == fail.Missing && f.Kind == "person" {
			err = &fail.Error{Kind: fail.Invalid, Code: "people.missing", Field: "value"}
		}
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return s.abuse(c, f, errs)
	}
	return c.To("/admin/abuse?done=added")
}

func (s *Server) abuseLift(c *gate.Ctx) error {
	var in struct {
		Block id.ID `json:"block"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if err := s.People.Lift(c.Context(), c.By, in.Block); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.abuse(c, blockForm{}, errs)
	}
	return c.To("/admin/abuse?done=ended")
}

// verbWord is what an act is called: what happens to an issue as its trail says it.
func verbWord(w i18n.W, verb string) string {
	if act, ok := strings.CutPrefix(verb, "issue."); ok && w.Has("issue.did."+act) {
		return w.T("issue.did." + act)
	}
	return w.T("audit.verb." + verb)
}

// audit shows acts: which, when, by whom, about what, and its place in the sealed chain.
func (s *Server) audit(c *gate.Ctx) error {
	w := c.Words
	var in struct {
		Before id.ID `json:"before"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	const most = 100
	acts, err := audit.Desk{DB: s.DB}.Recent(c.Context(), c.By, in.Before, most)
	if err != nil {
		return err
	}
	var ids []id.ID
	for _, a := range acts {
		ids = append(ids, a.ID)
	}
	type chain struct {
		at   map[id.ID]int64
		head audit.Head
		n    int64
	}
	k, err := db.See(c.Context(), s.DB, func(tx *db.Tx) (k chain, err error) {
		if k.at, err = audit.PlacesOf(tx, ids); err != nil {
			return k, err
		}
		if k.head, err = audit.End(tx); err != nil {
			return k, err
		}
		k.n, _, err = audit.Waiting(tx)
		return k, err
	})
	if err != nil {
		return err
	}
	p := s.adminSheet(c, w.T("admin.audit"), "/admin")
	p.Lead = w.T("admin.audit_lead")
	t := &table{Label: p.Title, Heads: []string{w.T("me.letters_when"), w.T("admin.verb"), w.T("admin.by"), w.T("admin.about"), w.T("admin.detail"), w.T("admin.seal")}}
	for _, a := range acts {
		by := cell{Text: idText(a.Who), Small: string(a.Via)}
		if a.Who != 0 && c.By.May(who.PeopleEdit, "") {
			by.Href = "/admin/people/" + by.Text
		}
		sealed := cell{Text: w.T("admin.unsealed")}
		if n := k.at[a.ID]; n != 0 {
			sealed = cell{Text: w.Num(n), Number: true}
		}
		detail := a.Detail
		if detail == "null" {
			detail = ""
		}
		t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Time(a.At)}, {Text: verbWord(w, a.Verb), Small: a.Verb}, by, {Text: idText(a.What)}, {Text: detail}, sealed}})
	}
	b := block{Table: t}
	if len(acts) == most {
		b.Pager = leaves(p.Frame, "/admin/audit?before=", "", idText(acts[len(acts)-1].ID))
	}
	p.Blocks = []block{{Rows: []Row{{w.T("admin.chain"), w.Num(k.head.Seq), ""}, {w.T("admin.chain_head"), k.head.Hash, ""}, {w.T("admin.chain_waiting"), w.Num(k.n), ""}}}, b}
	return s.show(c, "sheet", p)
}

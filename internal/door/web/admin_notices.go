package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminNoticeRoutes are the announcements of a place.
func (s *Server) adminNoticeRoutes() []gate.Route {
	need := func(pattern string, f func(*gate.Ctx) error) gate.Route {
		return gate.Route{Pattern: pattern, Need: who.Announce, Serve: f}
	}
	return []gate.Route{
		need("GET /admin/notices", s.noticeList),
		need("GET /admin/notices/add", func(c *gate.Ctx) error { return s.notice(c, notify.Notice{}, noticeForm{}, nil) }),
		need("POST /admin/notices/add", s.noticeSave),
		need("GET /admin/notices/{id}", s.noticeEdit),
		need("POST /admin/notices/{id}", s.noticeSave),
		need("POST /admin/notices/{id}/withdraw", s.noticeWithdraw),
	}
}

func (s *Server) noticeList(c *gate.Ctx) error {
	w := c.Words
	var all []notify.Notice
	for _, path := range c.By.Paths(who.Announce) {
		ns, err := s.Letters.NoticesBelow(c.Context(), c.By, path, 0, 200)
		if err != nil {
			return err
		}
		all = append(all, ns...)
	}
	slices.SortFunc(all, func(a, b notify.Notice) int { return cmp.Compare(b.ID, a.ID) })
	p := s.adminSheet(c, w.T("admin.notices"), "/admin")
	p.Lead = w.T("admin.notices_lead")
	b := block{Acts: []Act{{w.T("admin.notice_add"), "/admin/notices/add"}}}
	if len(all) == 0 {
		b.Empty = &Empty{Text: w.T("admin.units_none")}
	} else {
		t := &table{Label: p.Title, Heads: []string{w.T("admin.notice_title"), w.T("admin.where"), w.T("admin.from"), w.T("admin.until")}}
		for _, n := range all {
			at, err := s.placeName(c, n.Place)
			if err != nil {
				return err
			}
			said, _ := n.In(c.By.Lang)
			title := cell{Text: said.Title, Href: "/admin/notices/" + idText(n.ID)}
			switch {
			case n.Gone:
				title.Chip = w.T("admin.notice_gone")
			case !n.Until.IsZero() && !n.Until.After(w.Now):
				title.Chip = w.T("admin.over")
			case n.From.After(w.Now):
				title.Chip, title.Kind = w.T("admin.notice_soon"), "wait"
			default:
				title.Chip, title.Kind = w.T("admin.notice_up"), "done"
			}
			t.Rows = append(t.Rows, tableRow{Cells: []cell{title, {Text: at}, {Text: s.day(n.From)}, {Text: s.day(n.Until)}}})
		}
		b.Table = t
	}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

// noticeForm is an announcement as its form carries it.
type noticeForm struct {
	Rev   int64  `json:"rev"`
	Place id.ID  `json:"place"`
	From  string `json:"from"`
	Until string `json:"until"`

	TitleHans string `json:"title.zh-Hans"`
	TitleHant string `json:"title.zh-Hant"`
	TitleEn   string `json:"title.en"`
	BodyHans  string `json:"body.zh-Hans"`
	BodyHant  string `json:"body.zh-Hant"`
	BodyEn    string `json:"body.en"`
}

func (f noticeForm) words() map[string]notify.Words {
	out := map[string]notify.Words{}
	for l, x := range map[string]notify.Words{"zh-Hans": {Title: f.TitleHans, Body: f.BodyHans}, "zh-Hant": {Title: f.TitleHant, Body: f.BodyHant}, "en": {Title: f.TitleEn, Body: f.BodyEn}} {
		if strings.TrimSpace(x.Title+x.Body) != "" {
			out[l] = x
		}
	}
	return out
}

func (s *Server) noticeAt(c *gate.Ctx) (notify.Notice, error) {
	n, err := idOf(c, "id")
	if err != nil {
		return notify.Notice{}, err
	}
	vs, err := s.Letters.Versions(c.Context(), c.By, n) // only for who may change it
	if err != nil {
		return notify.Notice{}, err
	}
	return vs[0], nil
}

func (s *Server) noticeEdit(c *gate.Ctx) error {
	n, err := s.noticeAt(c)
	if err != nil {
		return err
	}
	w := n.Words
	return s.notice(c, n, noticeForm{n.Rev, n.Place, s.day(n.From), s.day(n.Until), w["zh-Hans"].Title, w["zh-Hant"].Title, w["en"].Title, w["zh-Hans"].Body, w["zh-Hant"].Body, w["en"].Body}, nil)
}

func (s *Server) notice(c *gate.Ctx, n notify.Notice, f noticeForm, errs []FieldErr) error {
	w := c.Words
	title, here := w.T("admin.notice_add"), "/admin/notices/add"
	if n.ID != 0 {
		title, here = w.T("admin.notice_edit"), "/admin/notices/"+idText(n.ID)
	}
	p := s.adminSheet(c, title, "/admin/notices")
	if c.R.Method != "GET" {
		p.Path = here
	}
	p.Errs = errs
	g := form{Action: here, Button: w.T("admin.notice_put"), Once: true, Inputs: []input{hide("rev", strconv.FormatInt(f.Rev, 10))}}
	if n.ID == 0 {
		places, err := s.placeOptions(c.Context(), c, who.Announce, place.Estate, f.Place)
		if err != nil {
			return err
		}
		places = slices.DeleteFunc(places, func(o Option) bool { return o.Value == "0" })
		g.Inputs = append(g.Inputs, ask(Field{Name: "place", Kind: "select", Label: w.T("admin.notice_where"), Options: places}))
	} else {
		at, err := s.placeName(c, n.Place)
		if err != nil {
			return err
		}
		p.Lead = at
	}
	for i, x := range []struct{ lang, title, body string }{{"zh-Hans", f.TitleHans, f.BodyHans}, {"zh-Hant", f.TitleHant, f.BodyHant}, {"en", f.TitleEn, f.BodyEn}} {
		l := i18n.Langs()[i].Name()
		g.Inputs = append(g.Inputs, ask(Field{Name: "title." + x.lang, Label: w.T("admin.in_script", "what", w.T("admin.notice_title"), "script", l), Value: x.title, Optional: i > 0}),
			ask(Field{Name: "body." + x.lang, Kind: "textarea", Rows: 5, Max: 5000, Label: w.T("admin.in_script", "what", w.T("admin.notice_body"), "script", l), Value: x.body, Optional: i > 0}))
	}
	g.Inputs = append(g.Inputs, ask(Field{Name: "from", Kind: "date", Label: w.T("admin.notice_from"), Value: f.From, Optional: true}),
		ask(Field{Name: "until", Kind: "date", Label: w.T("admin.notice_until"), Value: f.Until, Optional: true}))
	if n.Gone {
		p.Blocks = []block{{Note: &Note{Kind: "plain", Text: w.T("admin.notice_is_gone")}, Text: n.Words[n.Lang].Title + "\n" + n.Words[n.Lang].Body}}
		return s.show(c, "sheet", p)
	}
	p.Blocks = []block{{Forms: []form{g}}}
	if n.ID != 0 {
		p.Blocks = append(p.Blocks, block{Title: w.T("admin.notice_withdraw"), Text: w.T("admin.notice_withdraw_text"), Forms: []form{{Action: here + "/withdraw", Button: w.T("admin.notice_withdraw"), Kind: "hot", Once: true, Inputs: []input{hide("rev", strconv.FormatInt(n.Rev, 10))}}}})
		vs, err := s.Letters.Versions(c.Context(), c.By, n.ID)
		if err != nil {
			return err
		}
		if len(vs) > 1 {
			t := &table{Label: w.T("admin.versions"), Heads: []string{w.T("admin.number"), w.T("me.letters_when"), w.T("admin.notice_title"), w.T("admin.notice_body")}}
			for _, v := range vs {
				said, _ := v.In(c.By.Lang)
				t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Num(v.Rev), Number: true}, {Text: w.Time(v.At)}, {Text: said.Title}, {Text: said.Body}}})
			}
			p.Blocks = append(p.Blocks, block{Title: w.T("admin.versions"), Table: t})
		}
	}
	return s.show(c, "sheet", p)
}

func (s *Server) noticeSave(c *gate.Ctx) error {
	var f noticeForm
	if err := c.Read(&f); err != nil {
		return err
	}
	var n notify.Notice
	if c.Value("id") != "" {
		var err error
		if n, err = s.noticeAt(c); err != nil {
			return err
		}
	}
	in := notify.Notice{ID: n.ID, Rev: f.Rev, Place: f.Place, Words: f.words()}
	for _, l := range scripts { // written in the first script that says anything
		if _, ok := in.Words[l]; ok && in.Lang == "" {
			in.Lang = l
		}
	}
	var errs []FieldErr
	var err error
	if in.From, err = s.date(f.From); err != nil {
		errs = append(errs, sentence(c, "from", "fail.date"))
	}
	if in.Until, err = s.date(f.Until); err != nil {
		errs = append(errs, sentence(c, "until", "fail.date"))
	}
	if in.Lang == "" {
		errs = append(errs, sentence(c, "title.zh-Hans", "fail.empty"))
	}
	if n.ID == 0 && in.Place == 0 {
		errs = append(errs, sentence(c, "place", "fail.choose"))
	}
	if len(errs) == 0 {
		if n.ID == 0 {
			_, err = s.Letters.Announce(c.Context(), c.By, in)
		} else {
			_, err = s.Letters.EditNotice(c.Context(), c.By, in)
		}
		var ok bool
		if errs, ok = again(c, err); !ok && err != nil {
			return err
		}
		if n.ID != 0 && len(errs) > 0 {
			f.Rev = n.Rev
		}
	}
	if len(errs) > 0 {
		return s.notice(c, n, f, errs)
	}
	return c.To("/admin/notices?done=saved")
}

func (s *Server) noticeWithdraw(c *gate.Ctx) error {
	var in struct {
		Rev int64 `json:"rev"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	n, err := s.noticeAt(c)
	if err != nil {
		return err
	}
	if _, err := s.Letters.Withdraw(c.Context(), c.By, n.ID, in.Rev); err != nil {
		if errs, ok := again(c, err); ok {
			w := n.Words
			return s.notice(c, n, noticeForm{n.Rev, n.Place, s.day(n.From), s.day(n.Until), w["zh-Hans"].Title, w["zh-Hant"].Title, w["en"].Title, w["zh-Hans"].Body, w["zh-Hant"].Body, w["en"].Body}, errs)
		}
		return err
	}
	return c.To("/admin/notices?done=ended")
}

package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/door/gate"
)

// mineRoutes are what a person has raised, follows and is told.
func (s *Server) mineRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /me", Serve: s.me},
		{Pattern: "GET /me/issues", Signed: true, Serve: s.myIssues},
		{Pattern: "GET /me/followed", Signed: true, Serve: s.myFollowed},
		{Pattern: "GET /me/i/{issue}", Signed: true, Serve: s.myIssue},
		{Pattern: "POST /me/i/{issue}/{act}", Signed: true, Upload: true, Serve: s.ownMove},
		{Pattern: "GET /me/letters", Signed: true, Serve: s.letters},
		{Pattern: "POST /me/letters/read", Signed: true, Serve: s.lettersRead},
		{Pattern: "GET /me/wishes", Signed: true, Serve: s.wishesPage},
		{Pattern: "POST /me/wishes", Signed: true, Serve: s.saveWishes},
	}
}

// me is the first page of what is mine, or, for who is not signed in, what can be done without.
func (s *Server) me(c *gate.Ctx) error {
	ctx, w := c.Context(), c.Words
	p := sheet{Frame: s.frame(c, w.T("me.title"), "me")}
	if !c.By.Signed() {
		p.Lead = w.T("me.visitor")
		p.Blocks = []block{
			{Title: w.T("me.find"), Text: w.T("me.find_text"), Acts: []Act{{w.T("me.find_go"), "/find"}, {w.T("web.nav.report"), "/report"}}},
			{Title: w.T("act.sign_in"), Text: w.T("me.in_text"), Acts: []Act{{w.T("act.sign_in"), "/in?back=/me"}}},
		}
		return s.show(c, "sheet", p)
	}
	unread, err := s.Letters.Unread(ctx, c.By)
	if err != nil {
		return err
	}
	letters := w.T("me.letters")
	if unread > 0 {
		p.Note = &Note{Kind: "plain", Text: w.N("me.unread", unread)}
	}
	mine, err := s.ownSlips(c, "", 5)
	if err != nil {
		return err
	}
	followed, err := s.Issues.Followed(ctx, c.By, "", 5)
	if err != nil {
		return err
	}
	slips, err := s.slips(ctx, c, followed.Items)
	if err != nil {
		return err
	}
	own := block{Title: w.T("me.issues"), Slips: mine.Items}
	if len(mine.Items) == 0 {
		own.Empty = &Empty{Text: w.T("me.issues_none"), Label: w.T("web.nav.report"), Href: p.To("/report")}
	} else if mine.Next != "" {
		own.Acts = []Act{{w.T("act.see_all"), "/me/issues"}}
	}
	p.Blocks = append(p.Blocks, own)
	if len(slips) > 0 {
		b := block{Title: w.T("me.followed"), Slips: slips}
		if followed.Next != "" {
			b.Acts = []Act{{w.T("act.see_all"), "/me/followed"}}
		}
		p.Blocks = append(p.Blocks, b)
	}
	roles, err := s.rolesOf(c)
	if err != nil {
		return err
	}
	if len(roles) > 0 {
		b := block{Title: w.T("me.roles"), Rows: roles}
		if p.Staff {
			b.Acts = append(b.Acts, Act{w.T("web.nav.desk"), "/desk"})
		}
		if mayAdmin(c.By) {
			b.Acts = append(b.Acts, Act{w.T("admin.title"), "/admin"})
		}
		p.Blocks = append(p.Blocks, b)
	}
	p.Blocks = append(p.Blocks, block{Title: w.T("me.about"), Acts: []Act{{letters, "/me/letters"}, {w.T("me.wishes"), "/me/wishes"}, {w.T("me.data"), "/me/data"}, {w.T("me.ways.title"), "/me/ways"}},
		Forms: []form{{Action: "/out", Button: w.T("act.sign_out"), Kind: "second"}}})
	return s.show(c, "sheet", p)
}

// rolesOf are the roles and seats the reader holds, as they are called.
func (s *Server) rolesOf(c *gate.Ctx) ([]Row, error) {
	w := c.Words
	type both struct {
		grants []people.Grant
		seats  []people.Member
	}
	b, err := db.See(c.Context(), s.DB, func(tx *db.Tx) (b both, err error) {
		if b.grants, err = people.GrantsHeld(tx, c.By.ID); err == nil {
			b.seats, err = people.SeatsOf(tx, c.By.ID)
		}
		return
	})
	if err != nil {
		return nil, err
	}
	var out []Row
	add := func(what, where string) { // one role in several places is one row
		if i := slices.IndexFunc(out, func(r Row) bool { return r.Label == what }); i >= 0 {
			out[i].Value += "\n" + where
			return
		}
		out = append(out, Row{Label: what, Value: where})
	}
	for _, g := range b.grants {
		at, err := s.placeName(c, g.Place)
		if err != nil {
			return nil, err
		}
		if !g.Until.IsZero() {
			at = w.T("me.until", "what", at, "when", w.Day(g.Until))
		}
		add(w.T(people.RoleKey(g.Role)), at)
	}
	for _, m := range b.seats {
		seat := func() (string, error) { return s.target(c.Context(), c, m.Kind, m.Of) }
		if m.Kind == "council" {
			seat = func() (string, error) { return s.councilName(c, m.Of) }
		}
		name, err := seat()
		if err != nil {
			return nil, err
		}
		add(w.T(m.PostKey()), name)
	}
	return out, nil
}

func (s *Server) councilName(c *gate.Ctx, n id.ID) (string, error) {
	k, err := db.See(c.Context(), s.DB, func(tx *db.Tx) (people.Council, error) { return people.CouncilByID(tx, n) })
	if fail.KindOf(err) == fail.Missing {
		err = nil
	}
	return k.In(c.By.Lang), err
}

// placeName is a place as one line; the whole town for none.
func (s *Server) placeName(c *gate.Ctx, n id.ID) (string, error) {
	if n == 0 {
		return c.Words.T("admin.everywhere"), nil
	}
	p, err := s.Places.ByID(c.Context(), n)
	if fail.KindOf(err) == fail.Missing {
		return "", nil
	}
	return p.In(c.By.Lang), err
}

// ownSlips are the issues a person raised, as they stand in their list.
func (s *Server) ownSlips(c *gate.Ctx, from string, most int) (out issue.Page[Slip], err error) {
	page, err := s.Issues.Mine(c.Context(), c.By, from, most)
	if err != nil {
		return out, err
	}
	out.Prev, out.Next = page.Prev, page.Next
	for _, l := range page.Items {
		sl, err := s.line(c.Context(), c, l)
		if err != nil {
			return out, err
		}
		sl.Href, sl.Due, sl.Hot, sl.Meta = c.Base+"/me/i/"+idText(l.ID), time.Time{}, false, sl.Meta[:min(len(sl.Meta), 2)]
		if !l.State.Ended() && l.State != issue.Handled {
			sl.Due = l.Promise
		}
		out.Items = append(out.Items, sl)
	}
	return out, nil
}

func (s *Server) myIssues(c *gate.Ctx) error {
	page, err := s.ownSlips(c, c.R.FormValue("page"), 20)
	if err != nil {
		return err
	}
	return s.myList(c, c.Words.T("me.issues"), "/me/issues", page)
}

func (s *Server) myFollowed(c *gate.Ctx) error {
	got, err := s.Issues.Followed(c.Context(), c.By, c.R.FormValue("page"), 20)
	if err != nil {
		return err
	}
	page := issue.Page[Slip]{Prev: got.Prev, Next: got.Next}
	if page.Items, err = s.slips(c.Context(), c, got.Items); err != nil {
		return err
	}
	return s.myList(c, c.Words.T("me.followed"), "/me/followed", page)
}

func (s *Server) myList(c *gate.Ctx, title, path string, page issue.Page[Slip]) error {
	p := sheet{Frame: s.frame(c, title, "me"), Back: "/me"}
	b := block{Slips: page.Items, Pager: leaves(p.Frame, path+"?page=", page.Prev, page.Next)}
	if len(page.Items) == 0 {
		b.Empty = &Empty{Text: c.Words.T("me.list_none"), Label: c.Words.T("web.nav.list"), Href: p.To("/issues")}
	}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

// leaves are the ways to the leaf before and after.
func leaves(f Frame, path, prev, next string) *Pager {
	g := &Pager{}
	if prev != "" {
		g.Prev = f.To(path + query(prev))
	}
	if next != "" {
		g.Next = f.To(path + query(next))
	}
	return g
}

// mineSigned is an issue of one who is signed in.
func (s *Server) mineSigned(c *gate.Ctx) (issue.Own, issue.Link, error) {
	n, err := strconv.ParseInt(c.Value("issue"), 10, 64)
	if err != nil {
		return issue.Own{}, issue.Link{}, fail.New(fail.Missing, "issue.missing")
	}
	o, err := s.Issues.Own(c.Context(), c.By, id.ID(n))
	return o, issue.Link{}, err
}

// looked reports whether a person opens a page on purpose: not a program that fetches it
// ahead or asks for its head, and not a page of somebody else's that draws it in.
func looked(r *http.Request) bool {
	for _, h := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := r.Header.Get(h); strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") || strings.Contains(v, "preview") {
			return false
		}
	}
	dest, site := r.Header.Get("Sec-Fetch-Dest"), r.Header.Get("Sec-Fetch-Site")
	return r.Method == http.MethodGet && (dest == "" || dest == "document" || dest == "empty") && site != "cross-site" && site != "same-site"
}

// myIssue shows an issue to the one who raised it; what they were told of it is read then.
func (s *Server) myIssue(c *gate.Ctx) error {
	o, _, err := s.mineSigned(c)
	if err != nil {
		return err
	}
	if !looked(c.R) {
		return s.own(c, nil)
	}
	items, err := s.Letters.Inbox(c.Context(), c.By, 0, 100)
	if err != nil {
		return err
	}
	var read []id.ID
	for _, i := range items {
		if i.About == o.View.ID && i.Seen.IsZero() {
			read = append(read, i.ID)
		}
	}
	if len(read) > 0 {
		if err := s.Letters.MarkRead(c.Context(), c.By, read...); err != nil {
			return err
		}
	}
	return s.own(c, nil)
}

// letters is the inbox.
func (s *Server) letters(c *gate.Ctx) error {
	ctx, w := c.Context(), c.Words
	var in struct {
		Before id.ID `json:"before"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	const most = 30
	items, err := s.Letters.Inbox(ctx, c.By, in.Before, most)
	if err != nil {
		return err
	}
	unread, err := s.Letters.Unread(ctx, c.By)
	if err != nil {
		return err
	}
	p := sheet{Frame: s.frame(c, w.T("me.letters"), "me"), Back: "/me"}
	if len(items) == 0 {
		p.Blocks = []block{{Empty: &Empty{Text: w.T("me.letters_none"), Label: w.T("me.wishes"), Href: p.To("/me/wishes")}}}
		return s.show(c, "sheet", p)
	}
	t := &table{Label: w.T("me.letters"), Heads: []string{w.T("me.letters_what"), w.T("me.letters_when")}}
	known := map[id.ID]aboutWhat{}
	for _, i := range items {
		a, ok := known[i.About]
		if !ok {
			if a, err = s.about(ctx, c, i.About); err != nil {
				return err
			}
			known[i.About] = a
		}
		text := cell{Href: a.href, Text: w.T("notify."+i.Kind+".subject", "no", a.no, "place", a.place, "what", a.place)}
		if i.Seen.IsZero() {
			text.Chip, text.Kind = w.T("me.letters_new"), "wait"
		}
		t.Rows = append(t.Rows, tableRow{Here: i.Seen.IsZero(), Cells: []cell{text, {Text: w.Time(i.At)}}})
	}
	b := block{Table: t}
	if len(items) == most {
		b.Pager = leaves(p.Frame, "/me/letters?before=", "", idText(items[len(items)-1].ID))
	}
	if unread > 0 {
		b.Forms = []form{{Action: "/me/letters/read", Button: w.T("me.letters_read"), Kind: "second"}}
	}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

// aboutWhat is what a letter tells of, and where to look at it.
type aboutWhat struct{ no, place, href string }

func (s *Server) about(ctx context.Context, c *gate.Ctx, n id.ID) (a aboutWhat, err error) {
	if n == 0 {
		return a, nil
	}
	at := id.ID(0)
	if o, err := s.Issues.Own(ctx, c.By, n); err == nil {
		a, at = aboutWhat{no: o.View.No, href: "/me/i/" + idText(n)}, o.View.Place
	} else if gone(err) != nil {
		return a, err
	} else if whole, err := s.Issues.SeeID(ctx, c.By, n); err == nil {
		a, at = aboutWhat{no: whole.Issue.No, href: "/desk/i/" + whole.Issue.No}, whole.Issue.Place
	} else if gone(err) != nil {
		return a, err
	} else if v, err := s.Issues.PublicByID(ctx, n); err == nil {
		a, at = aboutWhat{no: v.No, href: "/i/" + v.No}, v.Place
	} else if gone(err) != nil {
		return a, err
	}
	a.place, err = s.where(ctx, c, at)
	return a, err
}

// gone lets it pass that something is not there, or not for these eyes.
func gone(err error) error {
	if k := fail.KindOf(err); k == fail.Missing || k == fail.Denied {
		return nil
	}
	return err
}

func (s *Server) lettersRead(c *gate.Ctx) error {
	if err := s.Letters.MarkRead(c.Context(), c.By); err != nil {
		return err
	}
	return c.To("/me/letters")
}

// wishForm is how a person wants to be told, as the form carries it.
type wishForm struct {
	Channels []string `json:"channels"`
	Quiet    string   `json:"quiet"`
	Wake     string   `json:"wake"`
	Pause    string   `json:"pause"`
	Done     bool     `json:"done"`
}

func (s *Server) wishesPage(c *gate.Ctx) error {
	var in wishForm
	if err := c.Read(&in); err != nil {
		return err
	}
	wish, err := s.Letters.Wishes(c.Context(), c.By)
	if err != nil {
		return err
	}
	f := wishForm{Quiet: clock(wish.Quiet), Wake: clock(wish.Wake), Done: in.Done}
	for _, v := range s.Letters.Via {
		if wish.Allows(v.Name()) {
			f.Channels = append(f.Channels, v.Name())
		}
	}
	if wish.Pause.After(c.Words.Now) {
		f.Pause = s.day(wish.Pause)
	}
	return s.wishes(c, f, nil)
}

// clock is a minute of the day as people write it.
func clock(minute int) string {
	return time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC).Format("15:04")
}

// day is a date in the town, as a form carries it.
func (s *Server) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := s.Town.Zone
	if zone == nil {
		zone = time.FixedZone("CST", 8*3600)
	}
	return t.In(zone).Format(time.DateOnly)
}

func (s *Server) wishes(c *gate.Ctx, f wishForm, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.wishes"), "me"), Back: "/me", Lead: w.T("me.wishes_lead")}
	p.Path, p.Errs = "/me/wishes", errs
	if f.Done {
		p.Note = okNote(w, "me.saved")
	}
	var via, from, to []Option
	for _, v := range s.Letters.Via {
		via = append(via, Option{Value: v.Name(), Label: w.T("me.channel." + v.Name()), On: slices.Contains(f.Channels, v.Name())})
	}
	for h := range 24 {
		v := clock(h * 60)
		from, to = append(from, Option{Value: v, Label: v}), append(to, Option{Value: v, Label: v})
	}
	g := form{Action: "/me/wishes", Button: w.T("act.save"), Once: true}
	if len(via) > 0 {
		g.Inputs = append(g.Inputs, tick(Pick{Name: "channels", Label: w.T("me.wish_channels"), Hint: w.T("me.wish_channels_hint"), Many: true, Options: via}))
	}
	g.Inputs = append(g.Inputs,
		ask(Field{Name: "quiet", Kind: "select", Label: w.T("me.wish_quiet"), Hint: w.T("me.wish_quiet_hint"), Value: f.Quiet, Options: with(from, f.Quiet)}),
		ask(Field{Name: "wake", Kind: "select", Label: w.T("me.wish_wake"), Value: f.Wake, Options: with(to, f.Wake)}),
		ask(Field{Name: "pause", Kind: "date", Label: w.T("me.wish_pause"), Hint: w.T("me.wish_pause_hint"), Value: f.Pause, Optional: true}))
	p.Blocks = []block{{Forms: []form{g}}}
	return s.show(c, "sheet", p)
}

// with are the options, and v among them.
func with(os []Option, v string) []Option {
	if v == "" || slices.ContainsFunc(os, func(o Option) bool { return o.Value == v }) {
		return os
	}
	return append([]Option{{Value: v, Label: v}}, os...)
}

func (s *Server) saveWishes(c *gate.Ctx) error {
	var f wishForm
	if err := c.Read(&f); err != nil {
		return err
	}
	wish := notify.Wish{Channels: append([]string{}, f.Channels...)}
	var errs []FieldErr
	bad := func(field, code string) {
		errs = append(errs, FieldErr{field, c.Words.T(code)})
	}
	for _, t := range []struct {
		field, s string
		m        *int
	}{{"quiet", f.Quiet, &wish.Quiet}, {"wake", f.Wake, &wish.Wake}} {
		at, err := time.Parse("15:04", strings.TrimSpace(cmp.Or(t.s, "00:00")))
		if err != nil {
			bad(t.field, "notify.wish.hour")
			continue
		}
		*t.m = at.Hour()*60 + at.Minute()
	}
	if strings.TrimSpace(f.Pause) != "" {
		at, err := s.date(f.Pause)
		if err != nil {
			bad("pause", "fail.date")
		}
		wish.Pause = at
	}
	if len(errs) > 0 {
		return s.wishes(c, f, errs)
	}
	if err := s.Letters.SetWishes(c.Context(), c.By, wish); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.wishes(c, f, errs)
	}
	return c.To("/me/wishes?done=1")
}

// date is a day in the town as typed into a form, zero for nothing typed.
func (s *Server) date(v string) (time.Time, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return time.Time{}, nil
	}
	zone := s.Town.Zone
	if zone == nil {
		zone = time.FixedZone("CST", 8*3600)
	}
	return time.ParseInLocation(time.DateOnly, v, zone)
}

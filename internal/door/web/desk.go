package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// deskRoutes are the pages of those who see to issues.
func (s *Server) deskRoutes() []gate.Route {
	return slices.Concat(s.enterRoutes(), s.releaseRoutes(), []gate.Route{
		{Pattern: "GET /desk", Signed: true, Serve: func(c *gate.Ctx) error { return s.desk(c, "", "", nil) }},
		{Pattern: "GET /desk/i/{no}", Signed: true, Serve: func(c *gate.Ctx) error { return s.desk(c, c.Value("no"), "", nil) }},
		{Pattern: "POST /desk/i/{no}/{act}", Signed: true, Upload: true, Serve: s.deskMove},
		{Pattern: "POST /desk/i/{no}/link", Need: who.IssueMove, Serve: s.deskLink},
		{Pattern: "POST /desk/i/{no}/unlink", Need: who.IssueMove, Serve: s.deskUnlink},
		{Pattern: "POST /desk/i/{no}/contact", Need: who.ContactSee, Serve: s.deskContact},
		{Pattern: "GET /desk/i/{no}/print", Signed: true, Serve: s.deskPrint},
		{Pattern: "POST /desk/bulk", Need: who.IssueBulk, Serve: s.deskBulk},
		{Pattern: "POST /desk/views", Signed: true, Serve: s.deskView},
		{Pattern: "GET /g/{token}", Serve: func(c *gate.Ctx) error { return s.guest(c, "", nil) }},
		{Pattern: "POST /g/{token}/{act}", Upload: true, Serve: s.guestMove},
	})
}

type deskPage struct {
	Frame
	Side       Side
	View       issue.View
	Lines      []deskLine
	Prev, Next string
	Here       string // what is listed
	Query      string // of this list, for links
	One        *deskOne
	Bulk       []Option
	MayBulk    bool
	MayEnter   bool
	MayAdmin   bool
	SaveName   string
}

// deskLine is an issue in the list of a desk.
type deskLine struct {
	Slip Slip
	No   string
	Rev  int64
	Here bool
}

// deskOne is the issue that is open on a desk.
type deskOne struct {
	Whole    issue.Whole
	Seal     string
	Name     string
	Kind     string
	Where    string
	Who      string // how it came, and for whom
	Text     string
	Photos   []Picture
	Steps    []TrailStep
	Clocks   []Row
	Forms    []actForm
	Twins    []Slip
	Joined   []Slip
	Map      *Map
	Base     string // where its acts are posted
	Shown    string // a number just looked up
	ShownWho string
	Link     string // an outsider's link just made
	Phone    bool   // there is somebody to call
	Passes   []passView
	Guest    bool
}

type passView struct {
	ID    id.ID
	Until time.Time
	Ended bool
}

// actForm is one act a person may do now, with the boxes it needs.
type actForm struct {
	W        i18n.W
	Base     string // where it is posted
	Rev      int64
	Act      issue.Act
	Label    string
	Main     bool // a button of its own; the others stand under "more"
	Hot      bool
	Open     bool
	Need     issue.Need
	TextWord string
	Text     string
	Texts    []Option // standard texts
	Reasons  []Option
	Tos      []Option
	Places   []Option
	Intos    []Option
	Kinds    []Option
	Outcomes []Option
	Photo    bool
	Rating   bool
	Rates    []Option
}

// desk shows the lists, one of them, and one issue. Sent is the act whose form was sent
// and came back with errs.
func (s *Server) desk(c *gate.Ctx, no string, sent issue.Act, errs []FieldErr) error {
	ctx, w := c.Context(), c.Words
	if len(c.By.Grants) == 0 && len(c.By.Orgs) == 0 && len(c.By.Teams) == 0 && no == "" {
		return fail.New(fail.Denied, "fail.denied")
	}
	var in struct {
		What     issue.What `json:"what"`
		Q        string     `json:"q"`
		Category string     `json:"category"`
		Page     string     `json:"page"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	p := deskPage{Frame: s.frame(c, w.T("desk.title"), "desk"), View: issue.View{What: in.What, Q: strings.TrimSpace(in.Q), Category: in.Category}}
	p.Wide, p.Errs = true, errs
	p.MayBulk, p.MayEnter, p.MayAdmin = c.By.May(who.IssueBulk, ""), c.By.May(who.IssueEnter, ""), mayAdmin(c.By)
	counts, err := s.Issues.Counts(ctx, c.By)
	if err != nil {
		return err
	}
	if p.View.What == "" && p.View.Q == "" {
		p.View.What = firstBusy(counts)
	}
	if err := s.side(c, &p, counts); err != nil {
		return err
	}
	page, err := s.Issues.DeskList(ctx, c.By, p.View, in.Page, 50)
	if err != nil {
		more, ok := again(c, err)
		if !ok {
			return err
		}
		p.Errs = append(p.Errs, more...)
	}
	q := url.Values{}
	for k, v := range map[string]string{"what": string(p.View.What), "q": p.View.Q, "category": p.View.Category} {
		if v != "" {
			q.Set(k, v)
		}
	}
	p.Query = q.Encode()
	leaf := func(cursor string) string {
		if cursor == "" {
			return ""
		}
		return p.To("/desk?" + p.Query + "&page=" + url.QueryEscape(cursor))
	}
	p.Prev, p.Next = leaf(page.Prev), leaf(page.Next)
	at := make([]id.ID, 0, len(page.Items))
	for _, l := range page.Items {
		at = append(at, l.Place)
	}
	if err := s.wheres(ctx, c, at); err != nil {
		return err
	}
	for _, l := range page.Items {
		sl, err := s.line(ctx, c, l)
		if err != nil {
			return err
		}
		if p.Query != "" {
			sl.Href += "?" + p.Query
		}
		p.Lines = append(p.Lines, deskLine{Slip: sl, No: l.No, Rev: l.Rev, Here: l.No == no})
	}
	for _, a := range []issue.Act{issue.ActAccept, issue.ActPass, issue.ActUrge} {
		p.Bulk = append(p.Bulk, Option{Value: string(a), Label: w.T("desk.act." + string(a))})
	}
	if no != "" {
		whole, err := s.Issues.See(ctx, c.By, no)
		if err != nil {
			return err
		}
		if p.One, err = s.one(c, whole, sent); err != nil {
			return err
		}
		p.Title = no + " · " + p.Title
	}
	return s.show(c, "desk", p)
}

// firstBusy is the first list in which something waits.
func firstBusy(counts map[issue.What]int64) issue.What {
	for _, k := range issue.Lists {
		if counts[k] > 0 && k != issue.AllOpen && k != issue.Ended {
			return k
		}
	}
	return issue.AllOpen
}

// listed is the count shown beside a list: none beside what has ended, which nobody counts.
func listed(k issue.What, n int64) int {
	if k == issue.Ended {
		return -1
	}
	return int(n)
}

func (s *Server) side(c *gate.Ctx, p *deskPage, counts map[issue.What]int64) error {
	w := c.Words
	p.Side.Label = w.T("desk.lists")
	for _, k := range issue.Lists {
		n := counts[k]
		if n == 0 && k != p.View.What && k != issue.AllOpen && k != issue.Ended && k != issue.ToAccept {
			continue
		}
		here := k == p.View.What && p.View.Q == ""
		href := p.To("/desk?what=" + string(k))
		if k == issue.Waiting {
			href = p.To("/desk/release")
		}
		p.Side.Items = append(p.Side.Items, SideItem{Label: w.T("desk.what." + string(k)), Href: href, N: listed(k, n), Here: here, Hot: k == issue.Overdue && n > 0, Rule: k == issue.AllOpen})
		if here {
			p.Here = w.T("desk.what." + string(k))
		}
	}
	views, err := s.Issues.SavedViews(c.Context(), c.By)
	if err != nil {
		return err
	}
	for i, v := range views {
		p.Side.Items = append(p.Side.Items, SideItem{Label: v.Name, Href: p.To("/desk?" + v.Query), N: -1, Rule: i == 0})
	}
	if p.View.Q != "" {
		p.Here = w.T("desk.found", "q", p.View.Q)
	}
	return nil
}

// line is an issue as it stands in a list for staff.
func (s *Server) line(ctx context.Context, c *gate.Ctx, l issue.Line) (Slip, error) {
	name, err := s.categoryName(ctx, c, l.Category)
	if err != nil {
		return Slip{}, err
	}
	sl := Slip{State: Sealed(string(l.State), string(l.Outcome), string(l.Answer), l.Late), Title: cmp.Or(l.Title, l.Said, name), Href: c.Base + "/desk/i/" + l.No, At: l.At,
		Hot: l.Grade == issue.Danger && !l.State.Ended(), Meta: []string{l.No, name}}
	if !l.State.Ended() {
		sl.Due = l.Settle
	}
	if l.Channel != "" {
		sl.Meta = append(sl.Meta, c.Words.T("desk.channel."+string(l.Channel)))
	}
	sl.Place, err = s.where(ctx, c, l.Place)
	return sl, err
}

// one is all that a desk shows of an issue.
func (s *Server) one(c *gate.Ctx, whole issue.Whole, sent issue.Act) (*deskOne, error) {
	ctx, w, i := c.Context(), c.Words, whole.Issue
	o := &deskOne{Whole: whole, Seal: Sealed(string(i.State), string(i.Outcome), string(i.Answer), i.Late), Kind: whole.Category.Names.In(c.By.Lang), Base: c.Base + "/desk/i/" + i.No}
	o.Where = strings.TrimSpace(place.Line(whole.Chain, place.Neighbourhood, c.By.Lang) + " " + i.Spot)
	for _, e := range whole.Entries {
		if e.Act == issue.ActReport {
			o.Text = e.Text
			for _, ph := range e.Photos {
				o.Photos = append(o.Photos, picture(c, ph.Name))
			}
		}
	}
	o.Name = cmp.Or(i.Title, firstLine(o.Text), o.Kind)
	o.Who = w.T("desk.came", "channel", w.T("desk.channel."+string(i.Channel)), "when", w.Time(i.At))
	o.Phone = whole.Desk && (i.Owner != 0 || i.For != 0)
	if i.Lat != 0 || i.Lon != 0 {
		o.Map = &Map{Mode: "show", Lat: i.Lat, Lon: i.Lon, Z: s.zoom() + 2, W2: 640, H: 260, Plain: true, Src: s.picture(i.Lat, i.Lon, s.zoom()+2, true) + "&h=260", Alt: w.T("web.issue_map", "place", o.Where), Tiles: s.tiles(), Credit: s.credit(c)}
	}
	for _, k := range []struct {
		name string
		at   time.Time
	}{{"accept", i.Accept}, {"dispatch", i.Dispatch}, {"first", i.First}, {"settle", i.Settle}} {
		if !k.at.IsZero() && !i.State.Ended() {
			o.Clocks = append(o.Clocks, Row{Label: w.T("desk.clock." + k.name), Value: w.Time(k.at) + " · " + w.Left(k.at)})
		}
	}
	if !i.Paused.IsZero() {
		o.Clocks = append(o.Clocks, Row{Label: w.T("desk.clock.paused"), Value: w.Time(i.Paused)})
	}
	var err error
	if o.Steps, err = s.staffTrail(ctx, c, whole); err != nil {
		return nil, err
	}
	for _, t := range whole.Twins {
		o.Twins = append(o.Twins, Slip{State: Sealed(string(t.State), "", "", false), Title: cmp.Or(t.Title, t.No), Href: c.Base + "/desk/i/" + t.No, Meta: []string{t.No, w.T("report.metres", "metres", t.Metres)}})
	}
	for _, l := range whole.Joined {
		sl, err := s.line(ctx, c, l)
		if err != nil {
			return nil, err
		}
		o.Joined = append(o.Joined, sl)
	}
	for _, k := range whole.Links {
		if k.Kind == "guest" {
			o.Passes = append(o.Passes, passView{k.ID, k.Until, !k.Ended.IsZero()})
		}
	}
	for _, a := range whole.Acts {
		f, ok, err := s.actForm(c, whole, a)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if a == sent {
			f.Open, f.Text = true, c.R.FormValue("text")
		}
		o.Forms = append(o.Forms, f)
	}
	return o, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// staffTrail is what happened, as staff read it: everything, the newest first. Who has the
// task but no desk (an outsider with a link, a worker of an organisation) learns what was
// said and as what somebody said it, and nobody's name.
func (s *Server) staffTrail(ctx context.Context, c *gate.Ctx, whole issue.Whole) ([]TrailStep, error) {
	w := c.Words
	var out []TrailStep
	for _, e := range slices.Backward(whole.Entries) {
		st := TrailStep{At: e.At, Title: w.T("web.did." + string(e.Act)), Text: e.Text, Hot: e.Act == issue.ActDispute || e.Act == issue.ActLate}
		if e.Reason != "" && w.Has("issue.reason."+e.Reason) {
			st.Title = w.T("web.did_reason", "did", st.Title, "reason", w.T("issue.reason."+e.Reason))
		}
		to, err := s.target(ctx, c, e.Target, e.TargetID)
		if err != nil {
			return nil, err
		}
		if e.Target == "person" && e.TargetID != 0 && whole.Desk {
			if to, err = s.name(ctx, e.TargetID); err != nil {
				return nil, err
			}
		}
		if to != "" {
			st.Title = w.T("web.did_to", "did", st.Title, "to", to)
		}
		if !e.Until.IsZero() {
			st.Title = w.T("web.did_until", "did", st.Title, "until", w.Time(e.Until))
		}
		switch {
		case e.Who == 0:
		case !whole.Desk && e.Act == issue.ActReport:
			st.By = w.T("web.hand." + string(issue.Reporter))
		case !whole.Desk:
			st.By = w.T("web.hand." + string(whole.Issue.As(e)))
		default:
			if st.By, err = s.name(ctx, e.Who); err != nil {
				return nil, err
			}
		}
		if e.Internal {
			st.By = strings.TrimSpace(st.By + " · " + w.T("desk.internal"))
		}
		for _, ph := range e.Photos {
			st.Photos = append(st.Photos, picture(c, ph.Name))
		}
		out = append(out, st)
	}
	return out, nil
}

// name is what a person is called, for staff; "" when they are not there any more.
func (s *Server) name(ctx context.Context, n id.ID) (string, error) {
	p, err := db.See(ctx, s.DB, func(tx *db.Tx) (people.Person, error) { return people.ByID(tx, n) })
	if fail.KindOf(err) == fail.Missing {
		err = nil
	}
	return p.Name, err
}

// mains are the acts that have a form standing open to the eye, in this order.
var mains = []issue.Act{issue.ActAccept, issue.ActTake, issue.ActHand, issue.ActDecide, issue.ActHandle, issue.ActPass, issue.ActRework, issue.ActApprove, issue.ActCallBack, issue.ActReturn}

// actForm is the form of an act: the boxes are those the table of the flow asks for.
func (s *Server) actForm(c *gate.Ctx, whole issue.Whole, a issue.Act) (f actForm, ok bool, err error) {
	ctx, w, i := c.Context(), c.Words, whole.Issue
	switch a {
	case issue.ActReply, issue.ActAdd, issue.ActWithdraw, issue.ActConfirm, issue.ActDispute, issue.ActMeToo, issue.ActNotDone, issue.ActRelease, issue.ActUnrelease:
		return f, false, nil // the reporter's, the public's, and the page of releases
	}
	f = actForm{W: w, Base: c.Base + "/desk/i/" + i.No, Rev: i.Rev, Act: a, Label: w.T("desk.act." + string(a)), Main: slices.Contains(mains, a) && (a != issue.ActCallBack || i.State == issue.Closed), Hot: a == issue.ActRefuse || a == issue.ActRework || a == issue.ActSpam || a == issue.ActHide}
	if f.Need, ok = whole.Need(a, c.By); !ok {
		return f, false, nil
	}
	f.TextWord = w.T("desk.text")
	if k := "desk.text." + string(a); w.Has(k) {
		f.TextWord = w.T(k)
	}
	f.Photo = f.Need.Photo || f.Need.Picture
	for _, r := range issue.Reasons(a) {
		f.Reasons = append(f.Reasons, Option{Value: r, Label: w.T("issue.reason." + r)})
	}
	if f.Need.To {
		if f.Tos, err = s.assignees(ctx, c, whole); err != nil {
			return f, false, err
		}
	}
	if f.Need.Place {
		if f.Places, err = s.levels(ctx, c, whole, a); err != nil || len(f.Places) == 0 {
			return f, false, err
		}
	}
	if f.Need.Into {
		for _, t := range whole.Twins {
			f.Intos = append(f.Intos, Option{Value: t.No, Label: strings.TrimSpace(t.No + " " + t.Title)})
		}
	}
	if a == issue.ActClassify {
		ks, err := s.kindsOnce(ctx, c)
		if err != nil {
			return f, false, err
		}
		for _, m := range ks.Under("") {
			f.Kinds = append(f.Kinds, Option{Value: m.Code, Label: m.Names.In(c.By.Lang), On: m.Code == i.Category})
			for _, k := range ks.Under(m.Code) {
				f.Kinds = append(f.Kinds, Option{Value: k.Code, Label: "　" + k.Names.In(c.By.Lang), On: k.Code == i.Category})
			}
		}
	}
	if f.Need.Result {
		for _, r := range []issue.Outcome{issue.Solved, issue.Partly, issue.Explained, issue.HandedUp, issue.CarriedOver} {
			f.Outcomes = append(f.Outcomes, Option{Value: string(r), Label: w.T("issue.outcome." + string(r)), On: r == issue.Solved})
		}
	}
	if f.Rating = a == issue.ActCallBack; f.Rating {
		f.Rates = rates(w)
	}
	texts, err := s.Issues.Texts(ctx, a, i.Category, i.Path)
	for _, t := range texts {
		f.Texts = append(f.Texts, Option{Value: t.Words.In(c.By.Lang), Label: firstLine(t.Words.In(c.By.Lang))})
	}
	return f, true, err
}

// assignees are those an issue can be handed to: organisations, teams, and people in
// office at or above its place. Who has no desk reads the offices, one of each, and no names.
func (s *Server) assignees(ctx context.Context, c *gate.Ctx, whole issue.Whole) ([]Option, error) {
	w := c.Words
	path := whole.Issue.Path
	return db.See(ctx, s.DB, func(tx *db.Tx) ([]Option, error) {
		out := []Option{{Label: w.T("desk.choose")}}
		add := func(kind string, n id.ID, label string) {
			out = append(out, Option{Value: kind + ":" + strconv.FormatInt(int64(n), 10), Label: label})
		}
		teams, err := people.TeamsFor(tx, path, "")
		if err != nil {
			return nil, err
		}
		for _, t := range teams {
			add("team", t.ID, t.In(c.By.Lang))
		}
		orgs, err := people.OrgsFor(tx, path, "")
		if err != nil {
			return nil, err
		}
		for _, o := range orgs {
			add("org", o.ID, o.In(c.By.Lang))
		}
		for _, role := range []who.Role{who.CouncilMember, who.CouncilChair, who.GridWorker, who.CommunityStaff} {
			hs, err := people.Holders(tx, role, path)
			if err != nil {
				return nil, err
			}
			for _, h := range hs {
				if !whole.Desk {
					add("person", h.Person, w.T("people.role."+string(role)))
					break
				}
				p, err := people.ByID(tx, h.Person)
				if err != nil {
					return nil, err
				}
				add("person", p.ID, w.T("people.role."+string(role))+" "+p.Name)
			}
		}
		return out, nil
	})
}

// levels are the desks above or below the one that has the issue.
func (s *Server) levels(ctx context.Context, c *gate.Ctx, whole issue.Whole, a issue.Act) (out []Option, err error) {
	desks := []place.Level{place.Subdistrict, place.Community, place.Neighbourhood}
	at := -1
	for i, p := range whole.Chain {
		if p.ID == whole.Issue.Desk {
			at = i
		}
	}
	for i, p := range whole.Chain {
		if slices.Contains(desks, p.Level) && (a == issue.ActUp && i < at || a == issue.ActDown && i > at) {
			out = append(out, Option{Value: strconv.FormatInt(int64(p.ID), 10), Label: p.In(c.By.Lang)})
		}
	}
	if a == issue.ActUp {
		slices.Reverse(out) // the next level first
	}
	return out, nil
}

// readMove reads an act from its form: who it goes to as "org:12", another issue by its number.
func (s *Server) readMove(c *gate.Ctx) (m issue.Move, err error) {
	var in struct {
		Rev      int64         `json:"rev"`
		Act      issue.Act     `json:"act"`
		Text     string        `json:"text"`
		Standard string        `json:"standard"`
		Reason   string        `json:"reason"`
		To       string        `json:"to"`
		Place    id.ID         `json:"place,string"`
		Into     string        `json:"into"`
		Until    time.Time     `json:"until"`
		Outcome  issue.Outcome `json:"outcome"`
		Rating   int           `json:"rating"`
		Ref      id.ID         `json:"ref,string"`
		Receipt  string        `json:"receipt"`
		Category string        `json:"category"`
	}
	if err := c.Read(&in); err != nil {
		return m, err
	}
	m = issue.Move{Rev: in.Rev, Act: in.Act, Text: cmp.Or(strings.TrimSpace(in.Text), in.Standard), Reason: in.Reason, Place: in.Place, Until: in.Until, Outcome: in.Outcome,
		Rating: in.Rating, Ref: in.Ref, Receipt: in.Receipt, Category: in.Category}
	if kind, n, ok := strings.Cut(in.To, ":"); ok {
		v, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return m, &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: "to"}
		}
		m.To = issue.Assignee{Kind: kind, ID: id.ID(v)}
	}
	if no := strings.TrimSpace(in.Into); no != "" {
		other, err := s.Issues.See(c.Context(), c.By, no)
		if err != nil {
			if fail.KindOf(err) == fail.Fault {
				return m, err
			}
			return m, &fail.Error{Kind: fail.Invalid, Code: "issue.into_missing", Field: "into"}
		}
		m.Into = other.Issue.ID
	}
	photos, bad := s.take(c, "photo", nil)
	if len(bad) > 0 {
		return m, bad[0]
	}
	m.Photos = photos
	return m, nil
}

func (s *Server) deskMove(c *gate.Ctx) error {
	whole, err := s.Issues.See(c.Context(), c.By, c.Value("no"))
	if err != nil {
		return err
	}
	m, err := s.readMove(c)
	if err == nil {
		m.Issue = whole.Issue.ID
		_, err = s.Issues.Move(c.Context(), c.By, m)
	}
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.desk(c, c.Value("no"), issue.Act(c.Value("act")), errs)
	}
	if _, err := s.Issues.See(c.Context(), c.By, c.Value("no")); err != nil {
		return c.To("/desk") // handed to where this desk does not reach
	}
	return c.To("/desk/i/" + c.Value("no"))
}

// deskLink makes a link for an outsider and shows it once.
func (s *Server) deskLink(c *gate.Ctx) error {
	whole, err := s.Issues.See(c.Context(), c.By, c.Value("no"))
	if err != nil {
		return err
	}
	_, token, err := s.Issues.Outsider(c.Context(), c.By, whole.Issue.ID, whole.Issue.Rev)
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.desk(c, c.Value("no"), "", errs)
	}
	return s.oneWith(c, func(o *deskOne) { o.Link = s.url(c) + "/g/" + token })
}

func (s *Server) deskUnlink(c *gate.Ctx) error {
	n, err := strconv.ParseInt(c.R.FormValue("link"), 10, 64)
	if err != nil {
		return fail.New(fail.Missing, "fail.missing")
	}
	if err := s.Issues.RevokeLink(c.Context(), c.By, id.ID(n)); err != nil {
		return err
	}
	return c.To("/desk/i/" + c.Value("no"))
}

// deskContact shows a number to call. The look is an act in the audit.
func (s *Server) deskContact(c *gate.Ctx) error {
	whole, err := s.Issues.See(c.Context(), c.By, c.Value("no"))
	if err != nil {
		return err
	}
	i := whole.Issue
	n, word := i.Owner, "desk.reporter"
	if c.R.FormValue("who") == "elder" {
		n, word = i.For, "desk.elder"
	}
	got, err := db.Do(c.Context(), s.DB, func(tx *db.Tx) (people.Contact, error) {
		return people.SeeContact(tx, c.By, n, i.Path, i.ID, "call_back")
	})
	if err != nil {
		return err
	}
	return s.oneWith(c, func(o *deskOne) {
		o.Shown, o.ShownWho = strings.TrimSpace(got.Name+" "+got.Phone+" "+got.Email), c.Words.T(word)
	})
}

// oneWith shows an issue with something on it that is shown this once.
func (s *Server) oneWith(c *gate.Ctx, f func(*deskOne)) error {
	whole, err := s.Issues.See(c.Context(), c.By, c.Value("no"))
	if err != nil {
		return err
	}
	o, err := s.one(c, whole, "")
	if err != nil {
		return err
	}
	f(o)
	p := deskPage{Frame: s.frame(c, c.Words.T("desk.title"), "desk"), One: o}
	p.Wide = true
	counts, err := s.Issues.Counts(c.Context(), c.By)
	if err != nil {
		return err
	}
	if err := s.side(c, &p, counts); err != nil {
		return err
	}
	return s.show(c, "desk", p)
}

func (s *Server) deskPrint(c *gate.Ctx) error {
	whole, err := s.Issues.See(c.Context(), c.By, c.Value("no"))
	if err != nil {
		return err
	}
	o, err := s.one(c, whole, "")
	if err != nil {
		return err
	}
	p := deskPage{Frame: s.frame(c, whole.Issue.No, "desk"), One: o}
	p.Paper = true
	return s.show(c, "desk_print", p)
}

// deskBulk does one act to all that are ticked, and says how many it could not be done to.
func (s *Server) deskBulk(c *gate.Ctx) error {
	var in struct {
		Act issue.Act `json:"act"`
		Nos []string  `json:"no"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	var ms []issue.Move
	for _, no := range in.Nos[:min(len(in.Nos), 100)] {
		no, rev, _ := strings.Cut(no, "@")
		whole, err := s.Issues.See(c.Context(), c.By, no)
		if err != nil {
			return err
		}
		r, _ := strconv.ParseInt(rev, 10, 64)
		ms = append(ms, issue.Move{Issue: whole.Issue.ID, Rev: r, Act: in.Act})
	}
	done, err := s.Issues.Bulk(c.Context(), c.By, ms)
	if err != nil {
		return err
	}
	var errs []FieldErr
	for k, d := range done {
		if d.Err != nil {
			errs = append(errs, FieldErr{Msg: fmt.Sprintf("%s: %s", strings.Split(in.Nos[k], "@")[0], c.Words.Err(d.Err, c.Ref))})
		}
	}
	if len(errs) > 0 {
		return s.desk(c, "", "", errs)
	}
	return c.To("/desk")
}

// deskView keeps the list that is shown under a name, or lets one go.
func (s *Server) deskView(c *gate.Ctx) error {
	var in struct {
		Name  string `json:"name"`
		Query string `json:"query"`
		Drop  id.ID  `json:"drop,string"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	var err error
	if in.Drop != 0 {
		err = s.Issues.DropView(c.Context(), c.By, in.Drop)
	} else {
		_, err = s.Issues.SaveView(c.Context(), c.By, issue.SavedView{Name: in.Name, Query: in.Query})
	}
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.desk(c, "", "", errs)
	}
	return c.To("/desk?" + in.Query)
}

// outsider puts the one issue a link is good for into the actor.
func (s *Server) outsider(c *gate.Ctx) (who.Actor, error) {
	l, err := s.Issues.OpenLink(c.Context(), c.Value("token"))
	if err == nil && l.Kind != "guest" {
		err = fail.New(fail.Missing, "issue.link_missing")
	}
	c.By = l.As(c.By)
	return c.By, err
}

// guest is the page of an outsider whose link is good for one issue.
func (s *Server) guest(c *gate.Ctx, sent issue.Act, errs []FieldErr) error {
	by, err := s.outsider(c)
	if err != nil {
		return err
	}
	whole, err := s.Issues.SeeID(c.Context(), by, by.Guest)
	if err != nil {
		return err
	}
	o, err := s.one(c, whole, sent)
	if err != nil {
		return err
	}
	o.Base, o.Guest = c.Base+"/g/"+c.Value("token"), true
	for k := range o.Forms {
		o.Forms[k].Base = o.Base
	}
	p := deskPage{Frame: s.frame(c, whole.Issue.No, "none"), One: o}
	p.Errs = errs
	return s.show(c, "guest", p)
}

func (s *Server) guestMove(c *gate.Ctx) error {
	by, err := s.outsider(c)
	if err != nil {
		return err
	}
	m, err := s.readMove(c)
	if err == nil {
		m.Issue = by.Guest
		_, err = s.Issues.Move(c.Context(), by, m)
	}
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.guest(c, issue.Act(c.Value("act")), errs)
	}
	return c.To("/g/" + c.Value("token"))
}

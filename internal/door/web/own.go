package web

import (
	"slices"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// ownRoutes are the pages behind the reporter's private link, and how a lost one is had again.
func (s *Server) ownRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /m/{token}", Serve: func(c *gate.Ctx) error { return s.own(c, nil) }},
		{Pattern: "POST /m/{token}/{act}", Upload: true, Serve: s.ownMove},
		{Pattern: "POST /m/{token}/contact", Serve: s.ownContact},
		{Pattern: "GET /find", Serve: s.find},
		{Pattern: "POST /find", Serve: s.findGo},
		{Pattern: "POST /find/link", Serve: s.findLink},
		{Pattern: "GET /i/{no}/follow", Serve: s.follow},
		{Pattern: "POST /i/{no}/follow", Serve: s.followGo},
		{Pattern: "GET /mail/{token}", Serve: s.mail},
		{Pattern: "POST /mail/{token}", Serve: s.mailGo},
	}
}

type ownPage struct {
	Frame
	Own      issue.Own
	I        issue.Public
	Text0    string // what the reporter wrote
	Photos0  []Picture
	At       string // where this page is, and its acts are posted below it
	New      bool
	Link     string // to keep
	Seal     string
	Name     string
	Kind     string
	Where    string
	Steps    []TrailStep
	Next     string
	Promise  string // what the category promises, in a sentence
	Phone    string
	Acts     map[string]bool
	Question string
	Reasons  []Option
	Rates    []Option
	Text     string
}

// mine is the issue that a private link opens, and the link.
func (s *Server) mine(c *gate.Ctx) (issue.Own, issue.Link, error) {
	if c.Value("issue") != "" { // signed in, without a link
		return s.mineSigned(c)
	}
	l, err := s.Issues.OpenLink(c.Context(), c.Value("token"))
	if err != nil {
		return issue.Own{}, l, err
	}
	if l.Kind != "reporter" && l.Kind != "follow" {
		return issue.Own{}, l, fail.New(fail.Missing, "issue.link_missing")
	}
	if l.Kind == "follow" {
		p, err := s.Issues.PublicByID(c.Context(), l.Issue)
		return issue.Own{View: p}, l, err
	}
	o, err := s.Issues.Own(c.Context(), l.As(c.By), l.Issue)
	return o, l, err
}

// ownAt is where the page of one's own issue is: behind the private link, or in "mine".
func ownAt(c *gate.Ctx) string {
	if t := c.Value("token"); t != "" {
		return "/m/" + t
	}
	return "/me/i/" + c.Value("issue")
}

func (s *Server) own(c *gate.Ctx, errs []FieldErr) error {
	ctx, w := c.Context(), c.Words
	o, l, err := s.mine(c)
	if err != nil {
		return err
	}
	if l.Kind == "follow" { // a neighbour who joined: the public page is theirs
		return c.To("/i/" + o.View.No)
	}
	i := o.View
	p := ownPage{Own: o, I: i, At: ownAt(c), New: c.R.FormValue("new") != "", Acts: map[string]bool{}, Text: c.R.FormValue("text")}
	p.Seal = Sealed(string(i.State), string(i.Outcome), string(i.Answer), i.Late)
	if p.Kind, err = s.categoryName(ctx, c, i.Category); err != nil {
		return err
	}
	p.Name = p.Kind
	p.Frame = s.frame(c, w.T("own.title", "no", i.No), "me")
	p.Path = p.At
	p.Errs = errs
	if c.Value("token") != "" {
		p.Link = s.url(c) + p.At
	}
	chain, err := s.Places.Up(ctx, i.Place)
	if err != nil {
		return err
	}
	if p.Where = place.Line(chain, place.Estate, c.By.Lang); p.Where == "" {
		p.Where = place.Line(chain, place.Community, c.By.Lang)
	}
	p.Phone = phoneOf(chain)
	trail := slices.Clone(i.Trail)
	for k, e := range trail {
		if e.Act == issue.ActReport { // stands above by itself
			p.Text0 = e.Text
			for _, n := range e.Photos {
				p.Photos0 = append(p.Photos0, picture(c, n))
			}
			trail[k].Text, trail[k].Photos = "", nil
		}
	}
	if p.Steps, err = s.trail(ctx, c, trail); err != nil {
		return err
	}
	p.Next = nextWord(c, i.State, i.Answer, i.Outcome)
	ks, err := s.kindsOnce(ctx, c)
	if err != nil {
		return err
	}
	if k, ok := ks.Find(i.Category); ok {
		p.Promise = k.Promise.In(c.By.Lang)
	}
	for _, a := range o.Acts {
		p.Acts[string(a)] = true
	}
	for _, r := range issue.Reasons(issue.ActDispute) {
		p.Reasons = append(p.Reasons, Option{Value: r, Label: w.T("issue.reason." + r)})
	}
	p.Rates = rates(w)
	return s.show(c, "own", p)
}

// rates are the answers to how satisfied somebody is, the best first.
func rates(w i18n.W) (out []Option) {
	for _, n := range []string{"5", "4", "3", "2", "1"} {
		out = append(out, Option{Value: n, Label: w.T("own.rate." + n)})
	}
	return out
}

// url is where people reach us, without a slash at the end.
func (s *Server) url(c *gate.Ctx) string {
	if s.Town.URL != "" {
		return strings.TrimSuffix(s.Town.URL, "/")
	}
	scheme := "http"
	if c.TLS() {
		scheme = "https"
	}
	return scheme + "://" + c.R.Host
}

// ownActs are what the holder of a private link may ask for; the flow decides whether.
var ownActs = []issue.Act{issue.ActReply, issue.ActAdd, issue.ActWithdraw, issue.ActUrge, issue.ActConfirm, issue.ActDispute}

func (s *Server) ownMove(c *gate.Ctx) error {
	var m issue.Move
	if err := c.Read(&m); err != nil {
		return err
	}
	if !slices.Contains(ownActs, m.Act) {
		return fail.New(fail.Missing, "fail.missing")
	}
	o, l, err := s.mine(c)
	if err != nil {
		return err
	}
	if l.Kind == "follow" { // opens the public page and moves nothing
		return fail.New(fail.Denied, "issue.not_yours")
	}
	photos, bad := s.take(c, "photo", nil)
	if len(bad) > 0 {
		return s.own(c, sentences(c, bad))
	}
	m.Issue, m.Photos = o.View.ID, photos
	if m.Rev == 0 {
		m.Rev = o.Rev
	}
	if _, err := s.Issues.Move(c.Context(), l.As(c.By), m); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.own(c, errs)
	}
	return c.To(ownAt(c) + "?said=" + string(m.Act))
}

// ownContact leaves a number or an address after the report.
func (s *Server) ownContact(c *gate.Ctx) error {
	var in struct {
		Contact people.Contact `json:"contact"`
		Agree   bool           `json:"agree"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	in.Contact.Lang = c.By.Lang
	version := ""
	if in.Agree {
		version = consentVersion
	}
	if err := s.Issues.LeaveContact(c.Context(), c.Value("token"), in.Contact, version); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.own(c, errs)
	}
	return c.To("/m/" + c.Value("token") + "?said=contact")
}

type findPage struct {
	Frame
	No   string
	Sent bool
}

// find is where somebody with a number, or without their link, comes.
func (s *Server) find(c *gate.Ctx) error {
	return s.show(c, "find", findPage{Frame: s.frame(c, c.Words.T("find.title"), "me"), Sent: c.R.FormValue("sent") != ""})
}

func (s *Server) findGo(c *gate.Ctx) error {
	no := strings.TrimSpace(c.R.FormValue("no"))
	if i, err := s.Issues.Public(c.Context(), no); err == nil {
		return c.To("/i/" + i.No)
	} else if fail.KindOf(err) == fail.Fault {
		return err
	}
	p := findPage{Frame: s.frame(c, c.Words.T("find.title"), "me"), No: no}
	p.Errs = []FieldErr{{"no", c.Words.T("find.none")}}
	return s.show(c, "find", p)
}

// findLink sends the links again to whoever left that number or address. The answer is
// the same whether there are any.
func (s *Server) findLink(c *gate.Ctx) error {
	var in people.Contact
	if err := c.Read(&in); err != nil {
		return err
	}
	in.Lang = c.By.Lang
	if err := s.Issues.ResendLink(c.Context(), in); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		p := findPage{Frame: s.frame(c, c.Words.T("find.title"), "me")}
		p.Errs = errs
		return s.show(c, "find", p)
	}
	return c.To("/find?sent=1")
}

type followPage struct {
	Frame
	No    string
	Email string
	Sent  bool
	In    bool // signed in: one button
}

func (s *Server) follow(c *gate.Ctx) error {
	i, err := s.Issues.Public(c.Context(), c.Value("no"))
	if err != nil {
		return err
	}
	return s.show(c, "follow", followPage{Frame: s.frame(c, c.Words.T("follow.title"), "list"), No: i.No, Sent: c.R.FormValue("sent") != "", In: c.By.Signed()})
}

// followGo follows in-app for who is signed in, else by an e-mail that is confirmed first.
func (s *Server) followGo(c *gate.Ctx) error {
	i, err := s.Issues.Public(c.Context(), c.Value("no"))
	if err != nil {
		return err
	}
	email := strings.TrimSpace(c.R.FormValue("email"))
	if c.By.Signed() {
		err = s.Issues.Follow(c.Context(), c.By, i.ID)
	} else {
		err = s.Issues.FollowByMail(c.Context(), c.By, i.ID, people.Contact{Email: email, Lang: c.By.Lang})
	}
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		p := followPage{Frame: s.frame(c, c.Words.T("follow.title"), "list"), No: i.No, Email: email, In: c.By.Signed()}
		p.Errs = errs
		return s.show(c, "follow", p)
	}
	return c.To("/i/" + i.No + "/follow?sent=1")
}

type mailPage struct {
	Frame
	Token string
	Done  bool
	Stop  bool // the link can only end them
}

// mail asks once more before an address is confirmed or taken off: a mail program that
// opens links must not do either.
func (s *Server) mail(c *gate.Ctx) error {
	return s.show(c, "mail", mailPage{Frame: s.frame(c, c.Words.T("mail.title"), "none"), Token: c.Value("token"), Done: c.R.FormValue("done") != "", Stop: s.Letters.EndsMail(c.Value("token"))})
}

func (s *Server) mailGo(c *gate.Ctx) error {
	var err error
	token, off := c.Value("token"), c.R.FormValue("off") != "" || c.R.FormValue("List-Unsubscribe") == "One-Click"
	switch {
	case s.Letters.EndsMail(token):
		_, err = s.Letters.StopEmail(c.Context(), token, c.R.FormValue("off") == "all")
	case off:
		_, err = s.Issues.StopFollow(c.Context(), token)
	default:
		_, err = s.Issues.ConfirmFollow(c.Context(), c.Value("token"))
	}
	if err != nil {
		return err
	}
	return c.To("/mail/" + c.Value("token") + "?done=1")
}

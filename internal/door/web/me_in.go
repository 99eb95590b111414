package web

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/qr"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/door/gate"
)

// inRoutes are the ways in and out.
func (s *Server) inRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /in", Serve: func(c *gate.Ctx) error { return s.in(c, "", nil) }},
		{Pattern: "POST /in", Serve: s.askCode},
		{Pattern: "GET /in/code", Serve: func(c *gate.Ctx) error { return s.inCode(c, nil) }},
		{Pattern: "POST /in/code", Serve: s.useCode},
		{Pattern: "GET /in/staff", Serve: func(c *gate.Ctx) error { return s.inStaff(c, "", nil) }},
		{Pattern: "POST /in/staff", Serve: s.usePassword},
		{Pattern: "GET /in/totp", Serve: func(c *gate.Ctx) error { return s.inTOTP(c, nil) }},
		{Pattern: "POST /in/totp", Serve: s.useTOTP},
		{Pattern: "GET /in/enrol", Serve: func(c *gate.Ctx) error { return s.inEnrol(c, nil) }},
		{Pattern: "POST /in/enrol", Serve: s.beginTOTP},
		{Pattern: "GET /in/enrol/app", Serve: func(c *gate.Ctx) error { return c.To("/in/enrol") }},
		{Pattern: "POST /in/enrol/app", Serve: s.confirmTOTP},
		{Pattern: "GET /in/reset", Serve: func(c *gate.Ctx) error { return s.inReset(c, "", nil) }},
		{Pattern: "POST /in/reset", Serve: s.askReset},
		{Pattern: "GET /in/reset/code", Serve: func(c *gate.Ctx) error { return s.inResetCode(c, nil) }},
		{Pattern: "POST /in/reset/code", Serve: s.resetPassword},
		{Pattern: "GET /in/link/{link}", Serve: func(c *gate.Ctx) error { return s.inLink(c, nil) }},
		{Pattern: "POST /in/link/{link}", Serve: s.acceptInvite},
		{Pattern: "POST /out", Serve: s.out},
		{Pattern: "POST /demo/in", Serve: s.demoIn},
		{Pattern: "GET /demo/post", Serve: s.demoPost},

		{Pattern: "GET /me/ways", Signed: true, Serve: func(c *gate.Ctx) error { return s.ways(c, nil) }},
		{Pattern: "POST /me/ways/end", Signed: true, Serve: s.endSession},
		{Pattern: "POST /me/ways/end_all", Signed: true, Serve: s.endSessions},
		{Pattern: "GET /me/password", Signed: true, Serve: func(c *gate.Ctx) error { return s.password(c, nil) }},
		{Pattern: "POST /me/password", Signed: true, Serve: s.changePassword},
	}
}

// mend is again, and also for refusals of signing in: what was wrong is said at the box.
func mend(c *gate.Ctx, err error) ([]FieldErr, bool) {
	if e, ok := errors.AsType[*fail.Error](err); ok && e.Kind == fail.Denied && e.Code != "fail.denied" && e.Code != "fail.sign_in" {
		return ErrsOf(c.Words, err), true
	}
	return again(c, err)
}

// client is where a reader comes from, for signing in.
func client(c *gate.Ctx) people.Client {
	return people.Client{Addr: c.Addr, Device: device(c.R.UserAgent())}
}

// device is what a browser calls itself, in the two words its owner knows it by.
func device(agent string) string {
	has := func(names ...string) string {
		for _, n := range names {
			mark, name, ok := strings.Cut(n, "=")
			if !ok {
				name = mark
			}
			if strings.Contains(agent, mark) {
				return name
			}
		}
		return ""
	}
	browser := has("MicroMessenger=WeChat", "Edg=Edge", "HuaweiBrowser=Huawei", "MiuiBrowser=Xiaomi", "QQBrowser=QQ", "UCBrowser=UC", "Firefox", "OPR=Opera", "SamsungBrowser=Samsung", "Chrome", "Safari")
	system := has("HarmonyOS", "OpenHarmony=HarmonyOS", "Android", "iPhone", "iPad", "Windows", "Mac OS=Mac", "Linux")
	return strings.Trim(browser+", "+system, ", ")
}

// local is a path of this house that a reader may be sent back to, "" for any other.
func local(back string) string {
	if !gate.Local(back) || len(back) > 500 {
		return ""
	}
	if path, _, _ := strings.Cut(back, "?"); path == "/in" || path == "/out" || strings.HasPrefix(path, "/in/") {
		return ""
	}
	return back
}

// back is where a reader wants to go once signed in, as the form or the address says.
func back(c *gate.Ctx) string { return local(c.R.FormValue("back")) }

func withBack(path, back string) string {
	if back == "" {
		return path
	}
	return path + "?back=" + query(back)
}

const ticketLife = 10 * time.Minute

// keepTicket keeps what a code belongs to in the reader's own browser: its ticket, and the
// address it went to, so that another can be sent without typing it again.
func keepTicket(c *gate.Ctx, name, ticket, address string) {
	c.SetCookie(name, ticket+"."+base64.RawURLEncoding.EncodeToString([]byte(address)), ticketLife)
}

func ticketOf(c *gate.Ctx, name string) (ticket, address string) {
	ticket, rest, _ := strings.Cut(c.Cookie(name), ".")
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(b) > 300 {
		return ticket, ""
	}
	return ticket, string(b)
}

// masked is an address as it may stand on a page, where stars would make words strong.
func masked(address string) string {
	if p, err := people.Phone(address); err == nil && p != "" {
		address = people.MaskPhone(strings.TrimPrefix(p, "+86"))
	} else {
		address = people.MaskEmail(address)
	}
	return strings.ReplaceAll(address, "*", "•")
}

// in is the first page of signing in.
func (s *Server) in(c *gate.Ctx, address string, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.in.title"), "me"), Lead: w.T("me.in.lead")}
	p.Errs = errs
	p.Blocks = []block{{Forms: []form{{Action: "/in", Button: w.T("me.in.send"), Once: true, Inputs: []input{
		ask(Field{Name: "address", Label: w.T("me.in.address"), Hint: w.T("me.in.address_hint"), Value: address, Auto: "username", Private: true}), hide("back", back(c))}}},
		Acts: []Act{{w.T("me.in.staff"), withBack("/in/staff", back(c))}}},
	}
	if c.By.Signed() {
		p.Note = &Note{Kind: "plain", Text: w.T("me.in.already")}
	}
	if len(s.Town.Demo) > 0 {
		demo := block{Title: w.T("me.demo.title"), Text: w.T("me.demo.text"), Boxed: true}
		for _, r := range s.Town.Demo {
			label := r.Role
			if w.Has(label) {
				label = w.T(label)
			}
			demo.Forms = append(demo.Forms, form{Action: "/demo/in", Button: w.T("me.demo.as", "role", label, "name", r.Name), Kind: "second", Inputs: []input{hide("key", r.Key), hide("back", back(c))}})
		}
		p.Blocks = append(p.Blocks, demo)
	}
	return s.show(c, "sheet", p)
}

func (s *Server) askCode(c *gate.Ctx) error {
	var in struct {
		Address string `json:"address"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	ticket, err := s.People.AskCode(c.Context(), in.Address, string(c.Words.Lang), client(c))
	if errs, ok := mend(c, err); ok {
		return s.in(c, in.Address, errs)
	}
	if err != nil {
		return err
	}
	keepTicket(c, "ticket", ticket, in.Address)
	return c.To(withBack("/in/code", back(c)))
}

// inCode asks for the code that was sent. It says the same whether the address is known or not.
func (s *Server) inCode(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	ticket, address := ticketOf(c, "ticket")
	if ticket == "" && errs == nil {
		return c.To(withBack("/in", back(c)))
	}
	p := sheet{Frame: s.frame(c, w.T("me.code.title"), "me"), Back: withBack("/in", back(c)), Lead: w.T("me.code.lead", "to", masked(address))}
	p.Errs = errs
	p.Blocks = []block{
		{Forms: []form{{Action: "/in/code", Button: w.T("act.sign_in"), Once: true, Inputs: []input{
			ask(Field{Name: "code", Label: w.T("me.code.code"), Hint: w.T("me.code.hint"), Auto: "one-time-code", Mode: "numeric", Private: true}), hide("back", back(c))}}}},
		{Title: w.T("me.code.none"), Text: w.T("me.code.none_text"), Forms: []form{{Action: "/in", Button: w.T("me.code.again"), Kind: "second", Once: true, Inputs: []input{hide("address", address), hide("back", back(c))}}}},
	}
	if s.Town.Sent != nil {
		p.Blocks = append(p.Blocks, block{Title: w.T("me.demo.title"), Text: w.T("demo.post.code"), Boxed: true, Acts: []Act{{w.T("demo.post.title"), "/demo/post"}}})
	}
	return s.show(c, "sheet", p)
}

func (s *Server) useCode(c *gate.Ctx) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	ticket, _ := ticketOf(c, "ticket")
	got, err := s.People.SignInCode(c.Context(), ticket, in.Code, client(c))
	if errs, ok := mend(c, err); ok {
		return s.inCode(c, errs)
	}
	if err != nil {
		return err
	}
	c.SetCookie("ticket", "", 0)
	return s.entered(c, got)
}

// entered keeps the session and goes on to the next step, or to where the reader wanted to go.
func (s *Server) entered(c *gate.Ctx, got people.SignedIn) error {
	c.SetCookie("session", got.Token, got.Until.Sub(c.Words.Now))
	switch got.Stage {
	case people.TOTP:
		return c.To(withBack("/in/totp", back(c)))
	case people.Enrol:
		return c.To(withBack("/in/enrol", back(c)))
	}
	return c.To(s.homeOf(c.Context(), got.Token, back(c)))
}

// homeOf is where somebody begins: where they wanted to go, else their desk if they have one.
func (s *Server) homeOf(ctx context.Context, token, back string) string {
	if back != "" {
		return back
	}
	by, _, err := s.People.SessionActor(ctx, token)
	switch {
	case err != nil:
		return "/me"
	case by.May(who.IssueSee, ""), len(by.Orgs) > 0, len(by.Teams) > 0:
		return "/desk"
	case len(by.Grants) > 0:
		return "/admin"
	}
	return "/me"
}

func (s *Server) inStaff(c *gate.Ctx, address string, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.staff.title"), "me"), Back: withBack("/in", back(c)), Lead: w.T("me.staff.lead")}
	p.Errs = errs
	p.Blocks = []block{{Forms: []form{{Action: "/in/staff", Button: w.T("act.go_on"), Once: true, Inputs: []input{
		ask(Field{Name: "address", Label: w.T("me.in.address"), Value: address, Auto: "username", Private: true}),
		ask(Field{Name: "password", Label: w.T("me.staff.password"), Kind: "password", Auto: "current-password", Private: true}), hide("back", back(c))}}},
		Acts: []Act{{w.T("me.staff.forgot"), withBack("/in/reset", back(c))}, {w.T("me.staff.by_code"), withBack("/in", back(c))}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) usePassword(c *gate.Ctx) error {
	var in struct {
		Address  string `json:"address"`
		Password string `json:"password"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	got, err := s.People.SignInPassword(c.Context(), in.Address, in.Password, client(c))
	if errs, ok := mend(c, err); ok {
		return s.inStaff(c, in.Address, errs)
	}
	if err != nil {
		return err
	}
	return s.entered(c, got)
}

func (s *Server) inTOTP(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.totp.title"), "me"), Back: withBack("/in/staff", back(c)), Lead: w.T("me.totp.lead")}
	p.Errs = errs
	p.Blocks = []block{{Forms: []form{{Action: "/in/totp", Button: w.T("act.sign_in"), Once: true, Inputs: []input{
		ask(Field{Name: "code", Label: w.T("me.totp.code"), Hint: w.T("me.totp.hint"), Auto: "one-time-code", Private: true}), hide("back", back(c))}}}},
		{Fold: w.T("me.totp.lost"), Text: w.T("me.totp.lost_text")}}
	return s.show(c, "sheet", p)
}

func (s *Server) useTOTP(c *gate.Ctx) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	got, err := s.People.SignInTOTP(c.Context(), c.Cookie("session"), in.Code, client(c))
	if errs, ok := mend(c, err); ok {
		return s.inTOTP(c, errs)
	}
	if err != nil {
		return err
	}
	return s.entered(c, got)
}

// inEnrol says what a second factor is, before its secret is made: reading a page makes none.
func (s *Server) inEnrol(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.enrol.title"), "me"), Lead: w.T("me.enrol.lead")}
	p.Errs = errs
	p.Blocks = []block{{Text: w.T("me.enrol.how"), Forms: []form{{Action: "/in/enrol", Button: w.T("me.enrol.begin"), Once: true, Inputs: []input{hide("back", back(c))}}}}}
	if len(errs) > 0 {
		p.Blocks = append(p.Blocks, block{Forms: []form{{Action: "/out", Button: w.T("act.sign_out"), Kind: "second", Inputs: []input{hide("back", "/in/staff")}}}})
	}
	return s.show(c, "sheet", p)
}

func (s *Server) beginTOTP(c *gate.Ctx) error {
	if err := c.Parse(); err != nil {
		return err
	}
	secret, err := s.People.BeginTOTP(c.Context(), c.Cookie("session"))
	if errs, ok := mend(c, err); ok {
		return s.inEnrol(c, errs)
	}
	if err != nil {
		return err
	}
	return s.inApp(c, secret, nil)
}

// inApp shows the secret as a code to scan and as letters to type.
func (s *Server) inApp(c *gate.Ctx, secret string, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.app.title"), "me"), Back: "/in/enrol"}
	p.Path, p.Errs = "/in/enrol", errs
	b := block{Text: w.T("me.app.scan")}
	path, size, err := qr.Path(people.TOTPLink(s.Town.Name, w.T("web.brand"), secret))
	if err != nil {
		return err
	}
	b.QR, b.Rows = &qrBlock{Path: path, Size: size, Alt: w.T("me.app.alt")}, []Row{{Label: w.T("me.app.letters"), Value: fours(secret)}}
	b.Forms = []form{{Action: "/in/enrol/app", Button: w.T("me.app.done"), Once: true, Inputs: []input{
		ask(Field{Name: "code", Label: w.T("me.totp.code"), Hint: w.T("me.app.hint"), Auto: "one-time-code", Mode: "numeric", Private: true}), hide("secret", secret), hide("back", back(c))}}}
	p.Blocks = []block{b}
	return s.show(c, "sheet", p)
}

// fours sets letters to be typed in groups of four.
func fours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (s *Server) confirmTOTP(c *gate.Ctx) error {
	var in struct {
		Code   string `json:"code"`
		Secret string `json:"secret"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	got, recovery, err := s.People.ConfirmTOTP(c.Context(), c.Cookie("session"), in.Code, client(c))
	if errs, ok := mend(c, err); ok {
		if e, is := errors.AsType[*fail.Error](err); is && e.Code == "people.totp.wrong" && len(in.Secret) < 100 {
			return s.inApp(c, in.Secret, errs)
		}
		return s.inEnrol(c, errs)
	}
	if err != nil {
		return err
	}
	c.SetCookie("session", got.Token, got.Until.Sub(c.Words.Now))
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.codes.title"), "me"), Lead: w.T("me.codes.lead"), Note: okNote(w, "me.codes.done")}
	p.Path = "/me/ways"
	p.Blocks = []block{{Lines: recovery, Acts: []Act{{w.T("me.codes.kept"), s.homeOf(c.Context(), got.Token, back(c))}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) inReset(c *gate.Ctx, address string, errs []FieldErr) error {
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("me.reset.title"), "me"), Back: withBack("/in/staff", back(c)), Lead: w.T("me.reset.lead")}
	p.Errs = errs
	p.Blocks = []block{{Forms: []form{{Action: "/in/reset", Button: w.T("me.in.send"), Once: true, Inputs: []input{
		ask(Field{Name: "address", Label: w.T("me.in.address"), Value: address, Auto: "username", Private: true}), hide("back", back(c))}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) askReset(c *gate.Ctx) error {
	var in struct {
		Address string `json:"address"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	ticket, err := s.People.AskReset(c.Context(), in.Address, string(c.Words.Lang), client(c))
	if errs, ok := mend(c, err); ok {
		return s.inReset(c, in.Address, errs)
	}
	if err != nil {
		return err
	}
	keepTicket(c, "reset", ticket, in.Address)
	return c.To(withBack("/in/reset/code", back(c)))
}

func (s *Server) inResetCode(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	ticket, address := ticketOf(c, "reset")
	if ticket == "" && errs == nil {
		return c.To(withBack("/in/reset", back(c)))
	}
	p := sheet{Frame: s.frame(c, w.T("me.reset.new"), "me"), Back: withBack("/in/reset", back(c)), Lead: w.T("me.reset.sent", "to", masked(address))}
	p.Errs = errs
	p.Blocks = []block{{Forms: []form{{Action: "/in/reset/code", Button: w.T("me.reset.set"), Once: true, Inputs: []input{
		ask(Field{Name: "code", Label: w.T("me.code.code"), Hint: w.T("me.code.hint"), Auto: "one-time-code", Mode: "numeric", Private: true}),
		ask(s.newPassword(c)), hide("back", back(c))}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) newPassword(c *gate.Ctx) Field {
	return Field{Name: "password", Label: c.Words.T("me.password.new"), Hint: c.Words.T("me.password.hint"), Kind: "password", Auto: "new-password", Private: true}
}

func (s *Server) resetPassword(c *gate.Ctx) error {
	var in struct {
		Code     string `json:"code"`
		Password string `json:"password"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	ticket, _ := ticketOf(c, "reset")
	err := s.People.ResetPassword(c.Context(), ticket, in.Code, in.Password, client(c))
	if errs, ok := mend(c, err); ok {
		return s.inResetCode(c, errs)
	}
	if err != nil {
		return err
	}
	c.SetCookie("reset", "", 0)
	return c.To(withBack("/in/staff", back(c)))
}

// inLink is where an invitation leads: a first password is set here.
func (s *Server) inLink(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	guest, err := s.People.Invited(c.Context(), c.Value("link"))
	if err != nil {
		return err
	}
	p := sheet{Frame: s.frame(c, w.T("me.link.title"), "me"), Lead: w.T("me.link.lead", "name", guest.Name)}
	p.Errs, p.Path = errs, "/in"
	rows := []Row{}
	for _, r := range []Row{{Label: w.T("me.phone"), Value: guest.Phone}, {Label: w.T("me.email"), Value: guest.Email}} {
		if r.Value != "" {
			rows = append(rows, r)
		}
	}
	p.Blocks = []block{{Rows: rows, Forms: []form{{Action: "/in/link/" + c.Value("link"), Button: w.T("me.reset.set"), Once: true, Inputs: []input{ask(s.newPassword(c))}}}}}
	return s.show(c, "sheet", p)
}

func (s *Server) acceptInvite(c *gate.Ctx) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	got, err := s.People.AcceptInvite(c.Context(), c.Value("link"), in.Password, client(c))
	if fail.KindOf(err) == fail.Invalid || fail.KindOf(err) == fail.Busy {
		return s.inLink(c, ErrsOf(c.Words, err))
	}
	if err != nil {
		return err
	}
	return s.entered(c, got)
}

func (s *Server) out(c *gate.Ctx) error {
	if err := c.Parse(); err != nil {
		return err
	}
	if t := c.Cookie("session"); t != "" {
		if err := s.People.SignOut(c.Context(), t); err != nil {
			return err
		}
	}
	c.SetCookie("session", "", 0)
	if c.R.FormValue("back") == "/in/staff" {
		return c.To("/in/staff")
	}
	return c.To("/in")
}

// demoIn lets a visitor of the demo be one of its people. Elsewhere there is no such door.
func (s *Server) demoIn(c *gate.Ctx) error {
	var in struct {
		Key string `json:"key"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	for _, r := range s.Town.Demo {
		if r.Key != in.Key {
			continue
		}
		got, err := s.People.OpenSession(c.Context(), who.System(who.CLI), r.Person, client(c))
		if err != nil {
			return err
		}
		return s.entered(c, got)
	}
	return fail.New(fail.Missing, "fail.missing")
}

// demoPost shows the mails and SMS of the demo, which reach nobody. Elsewhere there is
// no such page.
func (s *Server) demoPost(c *gate.Ctx) error {
	if s.Town.Sent == nil {
		return fail.New(fail.Missing, "fail.missing")
	}
	w := c.Words
	p := sheet{Frame: s.frame(c, w.T("demo.post.title"), "me"), Back: "/in", Lead: w.T("demo.post.lead")}
	t := &table{Label: w.T("demo.post.title"), Heads: []string{w.T("demo.post.at"), w.T("demo.post.to"), w.T("demo.post.text")}}
	for i, m := range s.Town.Sent() {
		if i == 50 {
			break
		}
		t.Rows = append(t.Rows, tableRow{Cells: []cell{{Text: w.Time(m.At)}, {Text: cmp.Or(m.To, m.Channel), Small: m.Channel}, {Text: m.Text}}})
	}
	if len(t.Rows) == 0 {
		p.Blocks = []block{{Empty: &Empty{Text: w.T("demo.post.none")}}}
	} else {
		p.Blocks = []block{{Table: t}}
	}
	return s.show(c, "sheet", p)
}

// here is the session of the reader.
func (s *Server) here(c *gate.Ctx) (people.Session, error) {
	_, here, err := s.People.SessionActor(c.Context(), c.Cookie("session"))
	return here, err
}

// ways shows how the reader signs in, and where they are signed in.
func (s *Server) ways(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	password, second, err := s.People.Ways(c.Context(), c.By)
	if err != nil {
		return err
	}
	here, err := s.here(c)
	if err != nil {
		return err
	}
	all, err := s.People.Sessions(c.Context(), c.By, here.ID)
	if err != nil {
		return err
	}
	p := sheet{Frame: s.frame(c, w.T("me.ways.title"), "me"), Back: "/me"}
	p.Errs = errs
	yes := map[bool]string{true: w.T("me.ways.set"), false: w.T("me.ways.unset")}
	t := &table{Label: w.T("me.ways.sessions"), Heads: []string{w.T("me.ways.device"), w.T("me.ways.since"), w.T("me.ways.seen"), ""}}
	for _, x := range all {
		name := x.Device
		if name == "" {
			name = w.T("me.ways.unknown")
		}
		row := tableRow{Here: x.Here, Cells: []cell{{Text: name}, {Text: w.Time(x.At)}, {Text: w.Time(x.Seen)}, {}}}
		if x.Here {
			row.Cells[0].Chip = w.T("me.ways.this")
		} else {
			row.Cells[3].Forms = []form{{Action: "/me/ways/end", Button: w.T("me.ways.end"), Alt: name, Kind: "second", Small: true, Inputs: []input{hide("session", idText(x.ID))}}}
		}
		t.Rows = append(t.Rows, row)
	}
	p.Blocks = []block{
		{Rows: []Row{{w.T("me.ways.password"), yes[password], p.To("/me/password")}, {w.T("me.ways.second"), yes[second], p.To("/in/enrol")}}},
		{Title: w.T("me.ways.sessions"), Text: w.T("me.ways.sessions_text"), Table: t, Forms: []form{
			{Action: "/out", Button: w.T("act.sign_out"), Kind: "second"},
			{Action: "/me/ways/end_all", Button: w.T("me.ways.end_all"), Kind: "second"}}},
	}
	return s.show(c, "sheet", p)
}

func (s *Server) endSession(c *gate.Ctx) error {
	var in struct {
		Session id.ID `json:"session"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if err := s.People.EndSession(c.Context(), c.By, in.Session); err != nil {
		return err
	}
	return c.To("/me/ways")
}

func (s *Server) endSessions(c *gate.Ctx) error {
	if err := s.People.EndSessions(c.Context(), c.By); err != nil {
		return err
	}
	c.SetCookie("session", "", 0)
	return c.To("/in")
}

func (s *Server) password(c *gate.Ctx, errs []FieldErr) error {
	w := c.Words
	has, _, err := s.People.Ways(c.Context(), c.By)
	if err != nil {
		return err
	}
	p := sheet{Frame: s.frame(c, w.T("me.password.title"), "me"), Back: "/me/ways", Lead: w.T("me.password.lead")}
	p.Errs = errs
	f := form{Action: "/me/password", Button: w.T("me.reset.set"), Once: true}
	if has {
		f.Inputs = append(f.Inputs, ask(Field{Name: "old", Label: w.T("me.password.old"), Kind: "password", Auto: "current-password", Private: true}))
	}
	f.Inputs = append(f.Inputs, ask(s.newPassword(c)))
	p.Blocks = []block{{Forms: []form{f}}}
	return s.show(c, "sheet", p)
}

func (s *Server) changePassword(c *gate.Ctx) error {
	var in struct {
		Old      string `json:"old"`
		Password string `json:"password"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	got, err := s.People.ChangePassword(c.Context(), c.Cookie("session"), in.Old, in.Password, client(c))
	if errs, ok := mend(c, err); ok {
		return s.password(c, errs)
	}
	if err != nil {
		return err
	}
	c.SetCookie("session", got.Token, got.Until.Sub(c.Words.Now))
	return c.To("/me/ways")
}

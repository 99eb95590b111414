package web

import (
	"crypto/rand"
	"strconv"

	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// enterRoutes are where an issue is entered for somebody on the telephone or at a counter.
func (s *Server) enterRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /desk/enter", Need: who.IssueEnter, Serve: s.enter},
		{Pattern: "POST /desk/enter", Need: who.IssueEnter, Upload: true, Serve: s.enterSend},
	}
}

type enterForm struct {
	Key      string         `json:"key"`
	Text     string         `json:"text"`
	Category string         `json:"category"`
	Estate   id.ID          `json:"estate,string"`
	Building string         `json:"building"`
	Spot     string         `json:"spot"`
	Channel  issue.Channel  `json:"channel"`
	Contact  people.Contact `json:"contact"`
	For      people.Contact `json:"for"`
	CallBack bool           `json:"call_back"`
	Urgent   bool           `json:"urgent"`
	Inside   bool           `json:"inside"`
	Photos   []string       `json:"photos"`
}

// enterPage is one page: at most six taps and one text box.
type enterPage struct {
	Frame
	In       enterForm
	Majors   []Option
	Estates  []Option
	Channels []Option
	Likely   []Slip
}

func (s *Server) enter(c *gate.Ctx) error {
	in := enterForm{Key: rand.Text(), Channel: issue.ByPhone, CallBack: true}
	return s.enterShow(c, in, nil)
}

func (s *Server) enterShow(c *gate.Ctx, in enterForm, errs []FieldErr) error {
	ctx, w := c.Context(), c.Words
	p := enterPage{Frame: s.frame(c, w.T("enter.title"), "desk"), In: in}
	p.Errs = errs
	ks, err := s.kindsOnce(ctx, c)
	if err != nil {
		return err
	}
	for _, k := range ks.Under("") {
		p.Majors = append(p.Majors, Option{Value: k.Code, Label: k.Names.In(c.By.Lang), On: k.Code == in.Category})
	}
	// The estates of the places this person may enter for; a chair has few, the first is chosen.
	for _, path := range c.By.Paths(who.IssueEnter) {
		ps, err := s.Places.Under(ctx, path, place.Estate)
		if err != nil {
			return err
		}
		for _, e := range ps {
			p.Estates = append(p.Estates, Option{Value: strconv.FormatInt(int64(e.ID), 10), Label: e.In(c.By.Lang), On: e.ID == in.Estate})
		}
	}
	for _, k := range []issue.Channel{issue.ByPhone, issue.ByVisit, issue.ByPatrol} {
		p.Channels = append(p.Channels, Option{Value: string(k), Label: w.T("desk.channel." + string(k)), On: k == in.Channel})
	}
	return s.show(c, "enter", p)
}

func (s *Server) enterSend(c *gate.Ctx) error {
	var in enterForm
	if err := c.Read(&in); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.enterShow(c, in, errs)
	}
	photos, bad := s.take(c, "photo", in.Photos)
	in.Photos = photos
	if len(bad) > 0 {
		return s.enterShow(c, in, sentences(c, bad))
	}
	where := reportForm{Estate: in.Estate, Building: in.Building}
	err := s.locate(c.Context(), &where)
	var got issue.Receipt
	if err == nil {
		r := issue.Report{Key: in.Key, Category: in.Category, Text: in.Text, Place: where.Place, Lat: where.Lat, Lon: where.Lon, Located: "list", Spot: in.Spot, Open: !in.Inside,
			Photos: in.Photos, Channel: in.Channel, Contact: in.Contact, Elder: in.For, CallBack: in.CallBack, Urgent: in.Urgent, Sort: issue.Other}
		if !in.Contact.Empty() {
			r.Consent = "spoken-" + consentVersion
		}
		got, err = s.Issues.Report(c.Context(), c.By, r)
	}
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.enterShow(c, in, errs)
	}
	return c.To("/desk/i/" + got.Issue.No + "?new=1")
}

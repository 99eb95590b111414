package web

import (
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/door/gate"
)

// releaseRoutes are where words and photos are looked at before anybody else sees them.
func (s *Server) releaseRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /desk/release", Need: who.IssueRelease, Serve: func(c *gate.Ctx) error { return s.release(c, nil) }},
		{Pattern: "POST /desk/release", Need: who.IssueRelease, Serve: s.releaseGo},
		{Pattern: "GET /desk/mask/{no}/{photo}", Need: who.IssueRelease, Serve: s.mask},
		{Pattern: "POST /desk/mask/{no}/{photo}", Need: who.IssueRelease, Serve: s.maskGo},
	}
}

type releasePage struct {
	Frame
	Side       Side
	Items      []waitView
	Prev, Next string
}

type waitView struct {
	Slip   Slip
	No     string
	Rev    int64
	Ref    id.ID // of the text; 0 when only photos wait
	Marked template.HTML
	Text   string // as proposed
	Marks  []string
	Photos []waitPhoto
}

type waitPhoto struct {
	ID  id.ID
	Pic Picture
}

func (s *Server) release(c *gate.Ctx, errs []FieldErr) error {
	ctx, w := c.Context(), c.Words
	p := releasePage{Frame: s.frame(c, w.T("release.title"), "desk")}
	p.Wide, p.Errs = true, errs
	page, err := s.Issues.Waiting(ctx, c.By, "", c.R.FormValue("page"), 20)
	if err != nil {
		return err
	}
	leaf := func(cursor string) string {
		if cursor == "" {
			return ""
		}
		return p.To("/desk/release?page=" + cursor)
	}
	p.Prev, p.Next = leaf(page.Prev), leaf(page.Next)
	for _, x := range page.Items {
		v := waitView{No: x.Line.No, Rev: x.Line.Rev, Text: x.Masked, Marked: marked(x.Entry.Text, x.Marks)}
		if x.Entry.Text != "" && !x.Entry.Released {
			v.Ref = x.Entry.ID
		}
		for _, m := range x.Marks {
			if k := w.T("text.mark." + m.Kind); !slices.Contains(v.Marks, k) {
				v.Marks = append(v.Marks, k)
			}
		}
		for _, ph := range x.Photos {
			v.Photos = append(v.Photos, waitPhoto{ph.ID, picture(c, ph.Name)})
		}
		if v.Slip, err = s.line(ctx, c, x.Line); err != nil {
			return err
		}
		p.Items = append(p.Items, v)
	}
	counts, err := s.Issues.Counts(ctx, c.By)
	if err != nil {
		return err
	}
	d := deskPage{Frame: p.Frame, View: issue.View{What: issue.Waiting}}
	if err := s.side(c, &d, counts); err != nil {
		return err
	}
	p.Side = d.Side
	return s.show(c, "release", p)
}

// marked is a text with what seems to be personal in it marked.
func marked(s string, ms []text.Mark) template.HTML {
	var b strings.Builder
	at := 0
	for _, m := range ms {
		if m.From < at || m.To > len(s) {
			continue
		}
		b.WriteString(template.HTMLEscapeString(s[at:m.From]))
		b.WriteString("<mark>" + template.HTMLEscapeString(s[m.From:m.To]) + "</mark>")
		at = m.To
	}
	b.WriteString(template.HTMLEscapeString(s[at:]))
	return template.HTML(b.String())
}

// releaseGo shows a text or a photo to everybody, or keeps it back.
func (s *Server) releaseGo(c *gate.Ctx) error {
	var in struct {
		No   string `json:"no"`
		Ref  id.ID  `json:"ref,string"`
		Text string `json:"text"`
		Keep bool   `json:"keep"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	whole, err := s.Issues.See(c.Context(), c.By, in.No)
	if err != nil {
		return err
	}
	m := issue.Move{Issue: whole.Issue.ID, Rev: whole.Issue.Rev, Act: issue.ActRelease, Ref: in.Ref, Text: in.Text}
	if in.Keep {
		m.Act, m.Text = issue.ActUnrelease, ""
	}
	if _, err := s.Issues.Move(c.Context(), c.By, m); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.release(c, errs)
	}
	return c.To("/desk/release")
}

type maskPage struct {
	Frame
	No    string
	Photo string
	Src   string
}

func (s *Server) masked(c *gate.Ctx) (issue.Whole, issue.Photo, error) {
	whole, err := s.Issues.See(c.Context(), c.By, c.Value("no"))
	if err != nil {
		return whole, issue.Photo{}, err
	}
	for _, e := range whole.Entries {
		for _, p := range e.Photos {
			if strconv.FormatInt(int64(p.ID), 10) == c.Value("photo") {
				return whole, p, nil
			}
		}
	}
	return whole, issue.Photo{}, fail.New(fail.Missing, "issue.photo_missing")
}

func (s *Server) mask(c *gate.Ctx) error {
	whole, p, err := s.masked(c)
	if err != nil {
		return err
	}
	return s.show(c, "mask", maskPage{Frame: s.frame(c, c.Words.T("mask.title"), "desk"), No: whole.Issue.No, Photo: c.Value("photo"), Src: "/p/" + p.Name + "/1600"})
}

// maskGo covers what was marked for good in a copy and shows the copy.
func (s *Server) maskGo(c *gate.Ctx) error {
	whole, p, err := s.masked(c)
	if err != nil {
		return err
	}
	if err := c.Parse(); err != nil {
		return err
	}
	boxes, err := Covered(c.R.Form["cell"], c.R.Form["box"])
	if err != nil {
		return err
	}
	shown := p.Name
	if len(boxes) > 0 {
		copied, err := s.Photos.Pixelate(c.Context(), p.Name, boxes)
		if err != nil {
			return err
		}
		shown = copied.Name
	}
	if _, err := s.Issues.Move(c.Context(), c.By, issue.Move{Issue: whole.Issue.ID, Rev: whole.Issue.Rev, Act: issue.ActRelease, Ref: p.ID, Shown: shown}); err != nil {
		return err
	}
	return c.To("/desk/release")
}

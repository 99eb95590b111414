package web

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// Server makes the pages from the rooms. Its fields are set by the assembly.
type Server struct {
	DB      *db.DB
	Issues  issue.Desk
	Places  place.Desk
	People  people.Desk
	Letters notify.Desk
	Photos  *blob.Store
	Map     *basemap.Map // nil where Tiles is set
	Town    Town
	Log     *slog.Logger
}

// Town is what an installation says about itself and where it lies.
type Town struct {
	Site
	URL    string // "https://…", without a slash at the end; "" makes links from the request
	Root   id.ID  // the subdistrict
	Zone   *time.Location
	Lat    float64 // middle of the map
	Lon    float64
	Zoom   int
	Tiles  string // pattern of another layer, or ""
	Credit string
	Demo   []DemoRole // one-click sign-ins, only in the demo
	// Sent lists what would have gone out, the newest first; only in the demo.
	Sent func() []SentMessage
}

// SentMessage is a message that the demo kept to itself.
type SentMessage struct {
	At                time.Time
	Channel, To, Text string
}

// DemoRole is a person of the demo whom a visitor can be.
type DemoRole struct {
	Key    string
	Name   string
	Role   string // key of the words for it
	Person id.ID
}

// Routes is every door that web opens.
func (s *Server) Routes() []gate.Route {
	return slices.Concat(s.lookRoutes(), s.publicRoutes(), s.deskRoutes(), s.meRoutes(), s.adminRoutes())
}

// frame is what stands around every page.
func (s *Server) frame(c *gate.Ctx, title, nav string) Frame {
	f := Frame{W: c.Words, Site: s.Town.Site, Title: title, Nav: nav, Path: c.R.URL.RequestURI(), Base: c.Base, Size: c.Size, Theme: theme(c.Cookie("theme"))}
	if c.By.Signed() {
		f.Who, f.Staff = c.Words.T("web.signed_in"), len(c.By.Grants) > 0 || len(c.By.Orgs) > 0 || len(c.By.Teams) > 0
	}
	return f
}

func theme(s string) string {
	if s == "day" || s == "night" {
		return s
	}
	return ""
}

// show sends a page.
func (s *Server) show(c *gate.Ctx, name string, page framed) error {
	status := http.StatusOK
	if len(page.look().Errs) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return Render(c.W, status, name, page)
}

// again reports whether err is something the reader can mend on the page they are
// on, and how it is said there. Anything else goes to a page of its own.
func again(c *gate.Ctx, err error) ([]FieldErr, bool) {
	switch fail.KindOf(err) {
	case fail.Invalid, fail.Conflict, fail.Busy:
		return ErrsOf(c.Words, err), true
	case fail.Missing: // something named in a field is not there
		if e, ok := errors.AsType[*fail.Error](err); ok && e.Field != "" {
			return ErrsOf(c.Words, err), true
		}
	}
	return nil, false
}

// Refuse writes the page of a refusal or a fault.
func (s *Server) Refuse(c *gate.Ctx, status int, err error) {
	p := Say{Frame: s.frame(c, c.Words.T("web.refused"), "none"), Lead: c.Words.Err(err, c.Ref)}
	if fail.KindOf(err) == fail.Fault {
		p.Ref = c.Ref
	}
	if status == http.StatusForbidden && !c.By.Signed() {
		p.Acts = append(p.Acts, Act{Label: c.Words.T("act.sign_in"), Href: p.To("/in?back=" + strings.ReplaceAll(query(c.R.URL.Path), "%2F", "/"))})
	}
	if e := Render(c.W, status, "say", p); e != nil {
		s.Log.ErrorContext(c.Context(), "refusal page", "ref", c.Ref, "err", e)
		http.Error(c.W, c.Ref, status)
	}
}

// lookRoutes are the files of the look and the switches in the header.
func (s *Server) lookRoutes() []gate.Route {
	return []gate.Route{
		{Pattern: "GET /static/{hash}/{name...}", Frame: true, Serve: files},
		{Pattern: "GET /icon.svg", Frame: true, Serve: files},
		{Pattern: "GET /favicon.ico", Frame: true, Serve: files},
		{Pattern: "GET /sw.js", Frame: true, Serve: files},
		{Pattern: "GET /manifest.webmanifest", Serve: s.manifest},
		{Pattern: "GET /offline", Serve: func(c *gate.Ctx) error { return s.show(c, "say", Offline(s.frame(c, "", "none"))) }},
		{Pattern: "POST /look", Serve: s.look},
	}
}

func files(c *gate.Ctx) error {
	static().ServeHTTP(c.W, c.R)
	return nil
}

func (s *Server) manifest(c *gate.Ctx) error {
	c.W.Header().Set("Content-Type", "application/manifest+json")
	_, err := c.W.Write(Manifest(c.Words, s.Town.Site))
	return err
}

var static = sync.OnceValue(Static)

// look changes size, script or theme and goes back to the page it was pressed on.
func (s *Server) look(c *gate.Ctx) error {
	var in struct {
		Size  string `json:"size"`
		Lang  string `json:"lang"`
		Theme string `json:"theme"`
		Back  string `json:"back"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	const keep = 2 * 365 * 24 * time.Hour
	switch in.Size {
	case "elder":
		c.SetCookie("size", "elder", keep)
	case "normal":
		c.SetCookie("size", "", 0)
	}
	if in.Lang != "" {
		c.SetCookie("lang", string(i18n.Parse(in.Lang)), keep)
		c.Base = ""
	}
	if in.Theme != "" {
		c.SetCookie("theme", theme(in.Theme), keep)
	}
	return c.To(in.Back)
}

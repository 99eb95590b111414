package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
)

// publicRoutes are the pages for everybody.
func (s *Server) publicRoutes() []gate.Route {
	return slices.Concat(s.reportRoutes(), s.ownRoutes(), []gate.Route{
		{Pattern: "GET /{$}", Serve: s.home},
		{Pattern: "GET /issues", Serve: s.issues},
		{Pattern: "GET /i/{no}", Serve: s.issue},
		{Pattern: "POST /i/{no}/me_too", Serve: s.meToo},
		{Pattern: "POST /i/{no}/not_done", Upload: true, Serve: s.notDone},
		{Pattern: "GET /map", Serve: s.mapPage},
		{Pattern: "GET /map/points", Serve: s.points},
		{Pattern: "GET /map/picture.svg", Frame: true, Serve: s.mapPicture},
		{Pattern: "GET /tiles/{z}/{x}/{y}", Frame: true, Serve: s.tile},
		{Pattern: "GET /p/{name}/{size}", Serve: s.photo},
		{Pattern: "GET /call", Serve: s.call},
		{Pattern: "GET /about", Serve: s.words("about")},
		{Pattern: "GET /privacy", Serve: s.words("privacy")},
		{Pattern: "GET /access", Serve: s.words("access")},
	})
}

type homePage struct {
	Frame
	Map     Map
	Issues  []Slip
	Notices []noticeView
	Phone   string // of the neighbourhood the reader is in, as a door or a choice told
	Where   string
}

// noticeView is an announcement as shown.
type noticeView struct{ Title, Text, Place string }

func (s *Server) home(c *gate.Ctx) error {
	ctx, w := c.Context(), c.Words
	p := homePage{Frame: s.frame(c, w.T("home.title"), "home")}
	p.Wide = true
	page, err := s.Issues.PublicList(ctx, issue.Scope{State: "open"}, "", 8)
	if err != nil {
		return err
	}
	if p.Issues, err = s.slips(ctx, c, page.Items); err != nil {
		return err
	}
	path := ""
	if root, err := s.Places.ByID(ctx, s.Town.Root); err == nil {
		path = root.Path
	}
	if door := c.Cookie("door"); door != "" {
		if chain, err := s.chainOfDoor(ctx, door); err == nil && len(chain) > 0 {
			p.Where, p.Phone = place.Line(chain, place.Estate, c.By.Lang), phoneOf(chain)
			path = chain[len(chain)-1].Path
		}
	}
	if p.Notices, err = s.notices(ctx, c, path, 3); err != nil {
		return err
	}
	p.Map = s.publicMap(c, "/map/points?state=open")
	return s.show(c, "home", p)
}

func (s *Server) notices(ctx context.Context, c *gate.Ctx, path string, most int) (out []noticeView, err error) {
	ns, err := s.Letters.Notices(ctx, path, s.DB.Now())
	if err != nil {
		return nil, err
	}
	for _, n := range ns[:min(len(ns), most)] {
		at, err := s.Places.ByID(ctx, n.Place)
		if err != nil {
			return nil, err
		}
		t, _ := n.In(c.By.Lang)
		out = append(out, noticeView{Title: t.Title, Text: t.Body, Place: at.In(c.By.Lang)})
	}
	return out, nil
}

func (s *Server) chainOfDoor(ctx context.Context, door string) ([]place.Place, error) {
	d, err := s.Places.ByDoor(ctx, door)
	if err != nil {
		return nil, err
	}
	return s.Places.Up(ctx, d.ID)
}

// phoneOf is the number to call: the nearest office that has one.
func phoneOf(chain []place.Place) string {
	for _, p := range slices.Backward(chain) {
		if p.Phone != "" {
			return p.Phone
		}
	}
	return ""
}

// slips are issues as they stand in a list.
func (s *Server) slips(ctx context.Context, c *gate.Ctx, ps []issue.Public) ([]Slip, error) {
	out := make([]Slip, 0, len(ps))
	at := make([]id.ID, 0, len(ps))
	for _, p := range ps {
		at = append(at, p.Place)
	}
	if err := s.wheres(ctx, c, at); err != nil {
		return nil, err
	}
	for _, p := range ps {
		sl, err := s.slip(ctx, c, p)
		if err != nil {
			return nil, err
		}
		out = append(out, sl)
	}
	return out, nil
}

func (s *Server) slip(ctx context.Context, c *gate.Ctx, p issue.Public) (Slip, error) {
	w := c.Words
	title, err := s.title(ctx, c, p)
	if err != nil {
		return Slip{}, err
	}
	sl := Slip{State: sealOf(p), Title: title, Href: c.Base + "/i/" + p.No, At: p.Moved, Hot: p.Grade == issue.Danger && !p.State.Ended()}
	if sl.Place, err = s.where(ctx, c, p.Place); err != nil {
		return sl, err
	}
	sl.Meta = []string{p.No}
	if p.MeToo > 0 {
		sl.Meta = append(sl.Meta, w.N("web.me_too_count", p.MeToo))
	}
	if p.Photo != "" {
		sl.Photo = "/p/" + p.Photo + "/480"
	}
	if !p.State.Ended() && p.State != issue.Handled && !p.Paused {
		sl.Due = p.Promise
	}
	return sl, nil
}

func sealOf(p issue.Public) string {
	return Sealed(string(p.State), string(p.Outcome), string(p.Answer), p.Late)
}

// title is what an issue is called in public: its own words once released, else its category.
func (s *Server) title(ctx context.Context, c *gate.Ctx, p issue.Public) (string, error) {
	if p.Title != "" {
		return p.Title, nil
	}
	return s.categoryName(ctx, c, p.Category)
}

func (s *Server) categoryName(ctx context.Context, c *gate.Ctx, code string) (string, error) {
	cats, err := s.kindsOnce(ctx, c)
	if err != nil {
		return "", err
	}
	k, ok := cats.Find(code)
	if !ok {
		return code, nil
	}
	return k.Names.In(c.By.Lang), nil
}

// chainOf is the key of the places above one, in a request.
type chainOf id.ID

// wheres looks up the places that a list will name, all at once.
func (s *Server) wheres(ctx context.Context, c *gate.Ctx, ns []id.ID) error {
	chains, err := s.Places.Chains(ctx, ns)
	for n, chain := range chains {
		gate.Keep(c, chainOf(n), chain)
	}
	return err
}

// where is a place as people say it: from the compound down, or the widest there is.
func (s *Server) where(ctx context.Context, c *gate.Ctx, n id.ID) (string, error) {
	if n == 0 {
		return "", nil
	}
	chain, err := gate.Once(c, chainOf(n), func() ([]place.Place, error) { return s.Places.Up(ctx, n) })
	if err != nil {
		return "", err
	}
	if l := place.Line(chain, place.Estate, c.By.Lang); l != "" {
		return l, nil
	}
	return chain[len(chain)-1].In(c.By.Lang), nil
}

type listPage struct {
	Frame
	Q, State, Category, Place string
	States, Majors, Places    []Option
	Issues                    []Slip
	Prev, Next                string
	Feed                      string
}

func (s *Server) issues(c *gate.Ctx) error {
	ctx, w := c.Context(), c.Words
	var in struct {
		Q        string  `json:"q"`
		State    string  `json:"state"`
		Category string  `json:"category"`
		Place    id.ID   `json:"place,string"`
		Page     string  `json:"page"`
		Lat      float64 `json:"lat"`
		Lon      float64 `json:"lon"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	p := listPage{Frame: s.frame(c, w.T("issues.title"), "list"), Q: in.Q}
	p.Wide = true
	sc := issue.Scope{Q: in.Q, State: in.State, Category: in.Category}
	if in.Lat != 0 || in.Lon != 0 {
		sc.Near = geo.Point{Lat: in.Lat, Lon: in.Lon}
	}
	if in.Place != 0 {
		at, err := s.Places.ByID(ctx, in.Place)
		if err != nil {
			return err
		}
		sc.Path = at.Path
	}
	page, err := s.Issues.PublicList(ctx, sc, in.Page, 30)
	if err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		p.Errs = errs
	}
	if p.Issues, err = s.slips(ctx, c, page.Items); err != nil {
		return err
	}
	q := url.Values{}
	for k, v := range map[string]string{"q": in.Q, "state": in.State, "category": in.Category} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if in.Place != 0 {
		q.Set("place", strconv.FormatInt(int64(in.Place), 10))
	}
	leaf := func(cursor string) string {
		if cursor == "" {
			return ""
		}
		q.Set("page", cursor)
		return p.To("/issues?" + q.Encode())
	}
	p.Prev, p.Next = leaf(page.Prev), leaf(page.Next)
	for _, st := range []string{"", "open", "ended"} {
		p.States = append(p.States, Option{Value: st, Label: w.T("issues.state." + cmp.Or(st, "all")), On: st == in.State})
	}
	cats, err := s.kindsOnce(ctx, c)
	if err != nil {
		return err
	}
	p.Majors = []Option{{Value: "", Label: w.T("issues.any_kind")}}
	for _, k := range cats.Under("") {
		p.Majors = append(p.Majors, Option{Value: k.Code, Label: k.Names.In(c.By.Lang), On: k.Code == in.Category})
	}
	if p.Places, err = s.communities(ctx, c, in.Place); err != nil {
		return err
	}
	return s.show(c, "issues", p)
}

// communities are the places to choose a list for.
func (s *Server) communities(ctx context.Context, c *gate.Ctx, on id.ID) ([]Option, error) {
	root, err := s.Places.ByID(ctx, s.Town.Root)
	if err != nil {
		return []Option{{Label: c.Words.T("issues.any_place")}}, nil //nolint: a town without places yet
	}
	ps, err := s.Places.Under(ctx, root.Path, place.Community)
	out := []Option{{Label: c.Words.T("issues.any_place")}}
	for _, p := range ps {
		out = append(out, Option{Value: strconv.FormatInt(int64(p.ID), 10), Label: p.In(c.By.Lang), On: p.ID == on})
	}
	return out, err
}

type issuePage struct {
	Frame
	I       issue.Public
	Seal    string
	Name    string
	Kind    string
	Where   string
	Steps   []TrailStep
	Next    string
	Map     *Map
	Photo   string
	Wait    []issue.Act
	CanSay  bool // a neighbour may say that it is not done
	Reasons []Option
	Said    bool
}

func (s *Server) issue(c *gate.Ctx) error {
	return s.issueAgain(c, nil)
}

func (s *Server) issueAgain(c *gate.Ctx, errs []FieldErr) error {
	ctx, w := c.Context(), c.Words
	i, err := s.Issues.Public(ctx, c.Value("no"))
	if err != nil {
		return err
	}
	p := issuePage{I: i, Seal: sealOf(i)}
	if p.Name, err = s.title(ctx, c, i); err != nil {
		return err
	}
	p.Frame = s.frame(c, p.Name, "list")
	p.Errs, p.Wide = errs, true
	if p.Kind, err = s.categoryName(ctx, c, i.Category); err != nil {
		return err
	}
	if p.Where, err = s.where(ctx, c, i.Place); err != nil {
		return err
	}
	if p.Steps, err = s.trail(ctx, c, i.Trail); err != nil {
		return err
	}
	p.Next = nextWord(c, i.State, i.Answer, i.Outcome)
	if i.Lat != 0 || i.Lon != 0 {
		p.Map = &Map{Mode: "show", Lat: i.Lat, Lon: i.Lon, Z: s.zoom() + 1, W2: 640, H: 300, Plain: true, Src: s.picture(i.Lat, i.Lon, s.zoom()+1, true) + "&h=300", Alt: w.T("web.issue_map", "place", p.Where), Tiles: s.tiles(), Credit: s.credit(c)}
	}
	p.CanSay = i.State == issue.Closed && i.Answer != issue.Disputed
	p.Said = c.R.FormValue("said") != ""
	return s.show(c, "issue", p)
}

// nextWord is the dashed line on top of a trail: what comes next.
func nextWord(c *gate.Ctx, st issue.State, a issue.Answer, o issue.Outcome) string {
	key := "web.next." + string(st)
	if st == issue.Closed {
		key += "." + string(a)
	}
	if !c.Words.Has(key) {
		return ""
	}
	return c.Words.T(key)
}

// trail is what happened, as anybody may read it.
func (s *Server) trail(ctx context.Context, c *gate.Ctx, es []issue.PublicEntry) ([]TrailStep, error) {
	w := c.Words
	var out []TrailStep
	for _, e := range es {
		st := TrailStep{At: e.At, Title: w.T("web.did." + string(e.Act)), Text: e.Text}
		if e.Reason != "" && w.Has("issue.reason."+e.Reason) {
			st.Title = w.T("web.did_reason", "did", st.Title, "reason", w.T("issue.reason."+e.Reason))
		}
		to, err := s.target(ctx, c, e.Target, e.TargetID)
		if err != nil {
			return nil, err
		}
		if to != "" {
			st.Title = w.T("web.did_to", "did", st.Title, "to", to)
		}
		if !e.Until.IsZero() {
			st.Title = w.T("web.did_until", "did", st.Title, "until", w.Time(e.Until))
		}
		if e.Act == issue.ActReport {
			e.By = issue.Reporter
		}
		if e.By != "" && w.Has("web.hand."+string(e.By)) {
			st.By = w.T("web.hand." + string(e.By))
		}
		for _, n := range e.Photos {
			st.Photos = append(st.Photos, picture(c, n))
		}
		st.Hot = e.Act == issue.ActDispute || e.Act == issue.ActLate || e.Act == issue.ActNotDone
		out = append(out, st)
	}
	return out, nil
}

func picture(c *gate.Ctx, name string) Picture {
	return Picture{Src: "/p/" + name + "/480", Full: "/p/" + name + "/1600", Alt: c.Words.T("web.photo_alt")}
}

// target names whom or where an act went to; a person is "a neighbour" and no more.
func (s *Server) target(ctx context.Context, c *gate.Ctx, kind string, n id.ID) (string, error) {
	var err error
	var name string
	switch kind {
	case "":
		return "", nil
	case "person":
		return c.Words.T("web.to_person"), nil
	case "place":
		var p place.Place
		if p, err = s.Places.ByID(ctx, n); err == nil {
			name = p.In(c.By.Lang)
		}
	case "org":
		var o people.Org
		if o, err = db.See(ctx, s.DB, func(tx *db.Tx) (people.Org, error) { return people.OrgByID(tx, n) }); err == nil {
			name = o.In(c.By.Lang)
		}
	case "team":
		var t people.Team
		if t, err = db.See(ctx, s.DB, func(tx *db.Tx) (people.Team, error) { return people.TeamByID(tx, n) }); err == nil {
			name = t.In(c.By.Lang)
		}
	default: // a category
		return s.categoryName(ctx, c, kind)
	}
	if fail.KindOf(err) == fail.Missing {
		err = nil
	}
	return name, err
}

// voice is who a visitor without an account is when something may be done once: the
// holder of a cookie that says nothing but that it is the same browser.
func (s *Server) voice(c *gate.Ctx) string {
	if v := c.Cookie("voice"); len(v) == 26 {
		return v
	}
	v := rand.Text()
	c.SetCookie("voice", v, 400*24*60*60*1e9)
	return v
}

func (s *Server) meToo(c *gate.Ctx) error {
	i, err := s.Issues.Public(c.Context(), c.Value("no"))
	if err != nil {
		return err
	}
	if _, err := s.Issues.Move(c.Context(), c.By, issue.Move{Issue: i.ID, Act: issue.ActMeToo, Voice: s.voice(c)}); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.issueAgain(c, errs)
	}
	return c.To("/i/" + c.Value("no") + "?said=1")
}

func (s *Server) notDone(c *gate.Ctx) error {
	photos, bad := s.take(c, "photo", nil)
	if len(bad) > 0 {
		return s.issueAgain(c, sentences(c, bad))
	}
	i, err := s.Issues.Public(c.Context(), c.Value("no"))
	if err != nil {
		return err
	}
	if _, err := s.Issues.Move(c.Context(), c.By, issue.Move{Issue: i.ID, Act: issue.ActNotDone, Voice: s.voice(c), Text: c.R.FormValue("text"), Photos: photos}); err != nil {
		errs, ok := again(c, err)
		if !ok {
			return err
		}
		return s.issueAgain(c, errs)
	}
	return c.To("/i/" + c.Value("no") + "?said=1")
}

// Maps.

const mapW, mapH = 640, 400

func (s *Server) zoom() int { return cmp.Or(s.Town.Zoom, 15) }

func (s *Server) tiles() string { return cmp.Or(s.Town.Tiles, "/tiles/{z}/{x}/{y}") }

func (s *Server) credit(c *gate.Ctx) string {
	if s.Town.Tiles != "" || s.Map == nil {
		return s.Town.Credit
	}
	return s.Map.Credit.In(c.By.Lang)
}

// picture is the address of a drawn map around a point.
func (s *Server) picture(lat, lon float64, z int, pin bool) string {
	u := fmt.Sprintf("/map/picture.svg?lat=%.6f&lon=%.6f&z=%d", lat, lon, z)
	if pin {
		u += "&pin=1"
	}
	return u
}

// pressed is where on the ground a press on the picture fell.
func (s *Server) pressed(lat, lon float64, z, w, h int, x, y float64) geo.Point {
	if lat == 0 && lon == 0 {
		lat, lon = s.Town.Lat, s.Town.Lon
	}
	cx, cy := geo.Pixel(geo.Point{Lat: lat, Lon: lon}, float64(z))
	return geo.FromPixel(cx+x-float64(w)/2, cy+y-float64(h)/2, float64(z))
}

func (s *Server) publicMap(c *gate.Ctx, points string) Map {
	return Map{Mode: "public", Lat: s.Town.Lat, Lon: s.Town.Lon, Z: s.zoom(), Points: points, Src: s.picture(s.Town.Lat, s.Town.Lon, s.zoom(), false), Alt: c.Words.T("web.map_alt"), Tiles: s.tiles(), Credit: s.credit(c)}
}

type mapPageView struct {
	Frame
	Map    Map
	Issues []Slip
}

func (s *Server) mapPage(c *gate.Ctx) error {
	p := mapPageView{Frame: s.frame(c, c.Words.T("map.title"), "list"), Map: s.publicMap(c, "/map/points")}
	p.Wide = true
	p.Map.H = 520
	page, err := s.Issues.PublicList(c.Context(), issue.Scope{State: "open"}, "", 30)
	if err != nil {
		return err
	}
	if p.Issues, err = s.slips(c.Context(), c, page.Items); err != nil {
		return err
	}
	return s.show(c, "map", p)
}

// points are the markers of a view, as [lat, lon, how many, path of the one, state].
func (s *Server) points(c *gate.Ctx) error {
	var in struct {
		B     string `json:"b"` // west,south,east,north
		Z     int    `json:"z"`
		State string `json:"state"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	var b [4]float64
	parts := strings.Split(in.B, ",")
	for i := range b {
		var err error
		if len(parts) == 4 {
			b[i], err = strconv.ParseFloat(parts[i], 64)
		}
		if len(parts) != 4 || err != nil || math.IsNaN(b[i]) || math.Abs(b[i]) > 360 {
			return &fail.Error{Kind: fail.Invalid, Code: "fail.input", Field: "b"}
		}
	}
	pins, err := s.Issues.Map(c.Context(), geo.Bound{Min: geo.Point{Lat: b[1], Lon: b[0]}, Max: geo.Point{Lat: b[3], Lon: b[2]}}, in.Z, issue.Scope{State: in.State})
	if err != nil {
		return err
	}
	out := make([][5]any, 0, len(pins))
	for _, p := range pins {
		path := ""
		if p.No != "" {
			path = c.Base + "/i/" + p.No
		}
		out = append(out, [5]any{round6(p.Lat), round6(p.Lon), p.N, path, p.State})
	}
	return c.JSON(out)
}

func round6(f float64) float64 { return math.Round(f*1e6) / 1e6 }

func (s *Server) theme(c *gate.Ctx) basemap.Theme {
	name := c.R.FormValue("theme")
	if c.R.FormValue("size") == "elder" {
		name = "elder"
	}
	return basemap.Named(name, c.By.Lang)
}

func (s *Server) mapPicture(c *gate.Ctx) error {
	var in struct {
		Lat float64 `json:"lat"`
		Lon float64 `json:"lon"`
		Z   int     `json:"z"`
		W   int     `json:"w"`
		H   int     `json:"h"`
		Pin bool    `json:"pin"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	if s.Map == nil {
		return fail.New(fail.Missing, "fail.missing")
	}
	at := geo.Point{Lat: in.Lat, Lon: in.Lon}
	var pins []basemap.Pin
	if in.Pin {
		pins = append(pins, basemap.Pin{At: at})
	}
	return c.Send("image/svg+xml", "public, max-age=86400", s.Map.Picture(at, in.Z, cmp.Or(in.W, mapW), cmp.Or(in.H, mapH), pins, s.theme(c)))
}

func (s *Server) tile(c *gate.Ctx) error {
	var n [3]int
	for i, k := range []string{"z", "x", "y"} {
		v, err := strconv.Atoi(strings.TrimSuffix(c.Value(k), ".svg"))
		if err != nil {
			return fail.New(fail.Missing, "fail.missing")
		}
		n[i] = v
	}
	if s.Map == nil {
		return fail.New(fail.Missing, "fail.missing")
	}
	return c.Send("image/svg+xml", "public, max-age=86400", s.Map.Tile(n[0], n[1], n[2], s.theme(c)))
}

// photo serves a photo to who may see it.
func (s *Server) photo(c *gate.Ctx) error {
	size, err := strconv.Atoi(c.Value("size"))
	if err != nil {
		return fail.New(fail.Missing, "issue.photo_missing")
	}
	_, denied := s.Issues.Picture(c.Context(), c.By, c.Value("name"))
	if fail.KindOf(denied) == fail.Fault && denied != nil {
		return denied
	}
	f, err := s.Photos.Open(c.Value("name"), blob.Size(size))
	if err != nil {
		return err
	}
	defer f.Close()
	if denied != nil {
		// Who is still writing the report sees what they sent; nobody else knows its name.
		i, err := f.Stat()
		if err != nil {
			return err
		}
		if loose, err := s.Issues.Loose(c.Context(), c.Value("name")); err != nil {
			return err
		} else if !loose || time.Since(i.ModTime()) > time.Hour {
			return denied
		}
	}
	h := c.W.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Disposition", "inline")
	h.Set("Cache-Control", "private, max-age=300")
	http.ServeContent(c.W, c.R, "", s.DB.Now(), f)
	return nil
}

type callPage struct {
	Frame
	Phone, Where string
	Estates      []Option
	All          []Row
}

// call is who to telephone: the chair of the neighbourhood, one tap away.
func (s *Server) call(c *gate.Ctx) error {
	ctx := c.Context()
	p := callPage{Frame: s.frame(c, c.Words.T("call.title"), "report")}
	var in struct {
		Estate id.ID `json:"estate,string"`
	}
	if err := c.Read(&in); err != nil {
		return err
	}
	var err error
	if p.Estates, err = s.estates(ctx, c.Words, in.Estate); err != nil {
		return err
	}
	var chain []place.Place
	if in.Estate != 0 {
		chain, err = s.Places.Up(ctx, in.Estate)
	} else if door := c.Cookie("door"); door != "" {
		chain, _ = s.chainOfDoor(ctx, door) // a door that is gone is no reason not to show the others
	}
	if err != nil {
		return err
	}
	p.Phone, p.Where = phoneOf(chain), place.Line(chain, place.Neighbourhood, c.By.Lang)
	return s.show(c, "call", p)
}

type wordsPage struct {
	Frame
	Name string
}

// words is a page of words only: tpl/words.html says words.<name>.*.
func (s *Server) words(name string) func(*gate.Ctx) error {
	return func(c *gate.Ctx) error {
		p := wordsPage{Frame: s.frame(c, c.Words.T("words."+name+".title"), "none"), Name: name}
		return s.show(c, "words", p)
	}
}

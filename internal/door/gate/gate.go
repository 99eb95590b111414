// Package gate is what every request meets before a room does: it limits, finds the
// actor and the reader's language, reads the input, and turns the answer or the
// refusal into bytes. One table of routes feeds the mux and the tests of who may do
// what, so that a new door is tested by being there.
//
// Floor: door. Imports: base, core/people. Asked by: door/web, app.
package gate

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/who"
)

// Route is one row of the table of everything the outside may ask.
type Route struct {
	Pattern string    // "POST /desk/{no}/{act}"
	Need    who.Right // a right held somewhere; "" for anyone. The verb asks again for the place.
	Signed  bool      // an account is needed
	Upload  bool      // may carry photos
	Frame   bool      // may be kept by caches: holds nothing about the reader
	Serve   func(*Ctx) error
}

// Ctx is one request on its way through.
type Ctx struct {
	W      http.ResponseWriter
	R      *http.Request
	By     who.Actor
	Words  i18n.W
	Base   string // script prefix of the path, "/en", which links carry on; "" without
	Size   string // "" or "elder"
	Ref    string // quoted on error pages and in the log
	Addr   string // the caller's address, for limits only
	Route  Route
	g      *Gate
	parsed bool
	kept   map[any]any // see Once
}

// Context is the request's.
func (c *Ctx) Context() context.Context { return c.R.Context() }

// Value is a part of the path: "{no}".
func (c *Ctx) Value(name string) string { return c.R.PathValue(name) }

// Local reports whether path leads to a page of this house. Browsers drop tabs and line
// ends from addresses and read \ as /: a / and a tab and a / lead to somebody else's.
func Local(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") &&
		!strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' })
}

// To answers 303: the browser goes to the page that says what happened. What is not Local
// leads to the first page.
func (c *Ctx) To(url string) error {
	if !Local(url) {
		url = "/"
	}
	http.Redirect(c.W, c.R, c.Base+url, http.StatusSeeOther)
	return nil
}

// Gate is the front door. Its fields are set before Handler is called.
type Gate struct {
	Routes  []Route
	Actor   func(ctx context.Context, token string) (who.Actor, error)
	Refuse  func(c *Ctx, status int, err error)        // writes the page of a refusal or a fault
	Allow   func(c *Ctx) (wait time.Duration, ok bool) // rate limit of a request
	Log     *slog.Logger
	Seen    func(pattern string, status int, took time.Duration) // metrics
	Proxies []netip.Prefix                                       // whose X-Forwarded-For and -Proto are believed
	TLS     bool                                                 // served over TLS, by us or by a trusted proxy
	Zone    *time.Location                                       // the town's: times typed into forms are meant there
	Now     func() time.Time
}

const (
	maxForm   = 1 << 20
	maxUpload = 160 << 20
)

// Cookie is the name of a cookie: bound to this host where TLS is on.
func (g *Gate) Cookie(name string) string {
	if g.TLS {
		return "__Host-" + name
	}
	return name
}

// SetCookie keeps value in the reader's browser for the time given; "" takes it away.
func (c *Ctx) SetCookie(name, value string, keep time.Duration) {
	k := &http.Cookie{Name: c.g.Cookie(name), Value: value, Path: "/", MaxAge: int(keep.Seconds()), HttpOnly: true, Secure: c.g.TLS, SameSite: http.SameSiteLaxMode}
	if value == "" {
		k.MaxAge = -1
	}
	http.SetCookie(c.W, k)
}

// Cookie is the value of a cookie, "" without it.
func (c *Ctx) Cookie(name string) string {
	k, err := c.R.Cookie(c.g.Cookie(name))
	if err != nil {
		return ""
	}
	return k.Value
}

// Handler is the whole front door.
func (g *Gate) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range g.Routes {
		mux.Handle(r.Pattern, g.serve(r))
	}
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(g.plain(func(c *Ctx) error { return fail.New(fail.Denied, "fail.origin") }))
	known := func(r *http.Request) bool { _, p := mux.Handler(r); return p != "" }
	missing := g.plain(func(c *Ctx) error { return fail.New(fail.Missing, "fail.missing") })
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lang, rest, ok := i18n.Cut(r.URL.Path); ok {
			r = r.Clone(context.WithValue(r.Context(), langKey{}, lang))
			r.URL.Path = rest
		}
		if !known(r) {
			missing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	return headers(g.TLS, squeeze(cross.Handler(inner)))
}

type langKey struct{}

func (g *Gate) plain(f func(*Ctx) error) http.Handler { return g.serve(Route{Pattern: "", Serve: f}) }

// serve runs one route.
func (g *Gate) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		sw := &statusWriter{ResponseWriter: w}
		c := &Ctx{W: sw, R: r, Ref: strings.ToLower(rand.Text()[:8]), Route: route, g: g, Addr: g.addr(r)}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				g.refuse(c, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			}
			took := time.Since(start)
			if g.Seen != nil {
				g.Seen(route.Pattern, sw.code(), took)
			}
			g.Log.InfoContext(r.Context(), "request", "route", route.Pattern, "status", sw.code(), "ms", took.Milliseconds(), "ref", c.Ref)
		}()
		c.read()
		limit := int64(maxForm)
		if route.Upload {
			limit = maxUpload
		}
		r.Body = http.MaxBytesReader(sw, r.Body, limit)
		if err := g.enter(c); err != nil {
			g.refuse(c, err)
			return
		}
		if !utf8.ValidString(r.URL.Path) || strings.ContainsRune(r.URL.Path, 0) {
			g.refuse(c, fail.New(fail.Missing, "fail.missing"))
			return
		}
		if err := c.Parse(); err != nil {
			g.refuse(c, err)
			return
		}
		if c.By.Signed() || !route.Frame {
			sw.Header().Set("Cache-Control", "no-store")
		}
		if err := route.Serve(c); err != nil {
			g.refuse(c, err)
		}
	})
}

// read finds out how the reader wants to be spoken to.
func (c *Ctx) read() {
	lang, ok := c.R.Context().Value(langKey{}).(i18n.Lang)
	if ok {
		c.Base = lang.Path()
	} else {
		lang = i18n.Parse(c.Cookie("lang"), c.R.Header.Get("Accept-Language"))
	}
	c.Words = i18n.W{Lang: lang, Now: c.g.Now(), Loc: c.g.Zone}
	if c.Cookie("size") == "elder" {
		c.Size = "elder"
	}
}

// enter finds the actor and asks whether the door is open to them.
func (g *Gate) enter(c *Ctx) error {
	if g.Allow != nil {
		if wait, ok := g.Allow(c); !ok {
			c.W.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
			return fail.New(fail.Busy, "fail.busy", "seconds", int(wait.Seconds())+1)
		}
	}
	if t := c.Cookie("session"); t != "" {
		by, err := g.Actor(c.Context(), t)
		switch {
		case err == nil:
			c.By = by
		case fail.KindOf(err) != fail.Denied:
			return err // while nobody can say who comes, they are not taken for a stranger
		}
	}
	c.By.Via, c.By.Lang = who.Web, string(c.Words.Lang)
	r := c.Route
	if (r.Signed || r.Need != "") && !c.By.Signed() {
		return fail.New(fail.Denied, "fail.sign_in")
	}
	if r.Need != "" && !c.By.May(r.Need, "") {
		return fail.New(fail.Denied, "fail.denied")
	}
	return nil
}

var status = map[fail.Kind]int{
	fail.Fault: 500, fail.Invalid: 422, fail.Denied: 403, fail.Missing: 404, fail.Conflict: 409, fail.Busy: 429,
}

// Status is the HTTP status of an error.
func Status(err error) int {
	if e, ok := errors.AsType[*fail.Error](err); ok && e.Kind == fail.Busy && (e.Code == "db.full" || e.Code == "db.away") {
		return http.StatusServiceUnavailable // ours to mend; a proxy may ask another node
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	return status[fail.KindOf(err)]
}

// refuse answers with the page of the error. A fault is logged whole and shown as
// a reference, nothing else.
func (g *Gate) refuse(c *Ctx, err error) {
	if errors.Is(err, context.Canceled) && c.R.Context().Err() != nil {
		return
	}
	if fail.KindOf(err) == fail.Fault {
		g.Log.ErrorContext(c.Context(), "fault", "ref", c.Ref, "route", c.Route.Pattern, "err", err)
	}
	c.W.Header().Set("Cache-Control", "no-store")
	g.Refuse(c, Status(err), err)
}

// addr is the address of the caller, believed from a header only behind our proxies.
func (g *Gate) addr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	trusted := func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && slices.ContainsFunc(g.Proxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
	}
	if !trusted(host) {
		return host
	}
	hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
	for i := len(hops) - 1; i >= 0; i-- { // from the right: what a caller wrote stands left of what our proxy saw
		h := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(h); err != nil {
			break
		}
		if !trusted(h) {
			return h
		}
	}
	return host
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func headers(tls bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
		if tls {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// squeeze compresses text answers.
func squeeze(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Header.Get("Range") != "" {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipWriter{ResponseWriter: w}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

type zipWriter struct {
	http.ResponseWriter
	z     *gzip.Writer
	begun bool
}

func (w *zipWriter) WriteHeader(code int) {
	if !w.begun {
		w.begun = true
		h := w.Header()
		kind := h.Get("Content-Type")
		text := strings.HasPrefix(kind, "text/") && kind != "text/event-stream" || strings.Contains(kind, "json") || strings.Contains(kind, "javascript") || strings.Contains(kind, "svg")
		if text && h.Get("Content-Encoding") == "" && code != http.StatusNoContent && code != http.StatusNotModified {
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			w.z, _ = gzip.NewWriterLevel(w.ResponseWriter, 5)
		}
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *zipWriter) Write(b []byte) (int, error) {
	if !w.begun {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", http.DetectContentType(b))
		}
		w.WriteHeader(http.StatusOK)
	}
	if w.z != nil {
		return w.z.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

func (w *zipWriter) close() {
	if w.z != nil {
		w.z.Close()
	}
}

func (w *zipWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// JSON answers with v.
func (c *Ctx) JSON(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Send("application/json", "no-store", b)
}

// Send answers with bytes of a kind, and how long they may be kept.
func (c *Ctx) Send(kind, keep string, b []byte) error {
	c.W.Header().Set("Content-Type", kind)
	c.W.Header().Set("Cache-Control", keep)
	_, err := c.W.Write(b)
	return err
}

// TLS reports whether the reader's side of the connection is encrypted.
func (c *Ctx) TLS() bool { return c.g.TLS }

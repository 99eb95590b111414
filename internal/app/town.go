package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/base/worktime"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/door/gate"
	"github.com/linli-town/linli/internal/door/post"
	"github.com/linli-town/linli/internal/door/web"
)

// rooms are the schemas of all rooms.
var rooms = []fs.FS{job.SQL, audit.SQL, place.SQL, people.SQL, notify.SQL, issue.SQL}

// town is a running program: its rooms wired together.
type town struct {
	cfg     Config
	log     *slog.Logger
	db      *db.DB
	zone    *time.Location
	proxies []netip.Prefix
	metrics *metrics

	places  place.Desk
	people  people.Desk
	letters notify.Desk
	issues  issue.Desk
	photos  *blob.Store
	base    *basemap.Map
	root    place.Place // the subdistrict; none before places are there

	runner *job.Runner
	sealer *audit.Sealer
	heads  *audit.HeadsFile
	hook   *hook // heads go to somebody outside as well; nil: they do not

	receipts http.Handler // of the SMS gateway; nil: there is none
	demo     []web.DemoRole
	box      *post.Demo // of the demo: what would have gone out
	wg       sync.WaitGroup
}

// open builds the town that the configuration describes.
// A command that does not serve needs no ballast on its disk.
func (e *env) open() (*town, error) {
	cfg := e.cfg
	cfg.Ballast = 0
	return open(e.ctx, cfg, e.errs)
}

// existing is open for a command that makes no sense without a town: a mistyped folder is
// not taken for an empty one.
func (e *env) existing() (*town, error) {
	if !e.cfg.made() {
		return nil, fail.New(fail.Missing, "cli.no_town", "db", showDB(e.cfg.database()))
	}
	return e.open()
}

func open(ctx context.Context, cfg Config, logs io.Writer) (_ *town, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	t := &town{cfg: cfg, metrics: newMetrics(), log: slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: level(cfg.Level)}))}
	if t.zone, err = cfg.zone(); err != nil {
		return nil, err
	}
	if t.proxies, err = cfg.proxies(); err != nil {
		return nil, err
	}
	if err := cfg.makeData(); err != nil {
		return nil, err
	}
	if err := cfg.ours(); err != nil {
		return nil, err
	}
	if t.db, err = db.Open(ctx, cfg.database()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	t.db.OnCommit = func(parts int) { t.metrics.commits.Observe(float64(parts)) }
	if err := db.Migrate(ctx, t.db, rooms...); err != nil {
		return nil, err
	}
	if err := t.desks(); err != nil {
		return nil, err
	}
	if err := t.find(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// desks wires the rooms: who asks whom, and who does which letter.
func (t *town) desks() (err error) {
	calendar, err := worktime.New(t.zone)
	if err != nil {
		return err
	}
	shapes := &place.Shapes{}
	t.places = place.Desk{DB: t.db, Shapes: shapes, Zone: t.zone}
	t.issues = issue.Desk{DB: t.db, Calendar: calendar, Shapes: shapes, Pins: &issue.Pins{}, Shelf: &issue.Shelf{}}
	url := strings.TrimSuffix(t.cfg.URL, "/")
	t.letters = notify.Desk{DB: t.db, Log: t.log, Zone: t.zone, URL: url, Town: t.cfg.Town,
		Words: func(tx *db.Tx, l notify.Letter, lang string) (notify.Message, error) {
			return t.issues.Words(tx, l, lang, url)
		}}
	if t.letters.Secret, err = t.cfg.secret(); err != nil {
		return err
	}
	t.people = people.Desk{DB: t.db, Rates: &people.Rates{}, Send: t.sendCode}
	if t.photos, err = blob.New(filepath.Join(t.cfg.Data, "photos"), blob.Options{Ballast: t.cfg.ballast(), Low: blob.Low}); err != nil {
		return err
	}
	if t.heads, err = audit.OpenHeads(t.cfg.heads()); err != nil {
		return err
	}
	t.sealer = &audit.Sealer{DB: t.db, Log: t.log, Heads: []audit.Heads{t.heads}}
	t.runner = &job.Runner{DB: t.db, Log: t.log, Lease: t.cfg.Lease}
	t.issues.Timers(t.runner)
	if err := t.channels(); err != nil {
		return err
	}
	t.letters.Register(t.runner)
	t.metrics.reg.MustRegister(gauges{t})
	t.persons()
	job.On(t.runner, t.daily)
	return nil
}

// find looks up what the town stands on: its subdistrict and its map.
func (t *town) find(ctx context.Context) (err error) {
	t.root, err = db.See(ctx, t.db, func(tx *db.Tx) (place.Place, error) { return root(tx, t.cfg.Root) })
	if err != nil {
		return err
	}
	if t.base, err = t.cfg.basemap(); err != nil || t.root.ID == 0 || t.root.Placed() || t.base.Len() > 0 {
		return err
	}
	return t.middle(ctx)
}

// middle takes for the middle of a town that has neither a point nor a map that of its
// places that have one.
func (t *town) middle(ctx context.Context) error {
	for _, l := range []place.Level{place.Community, place.Neighbourhood, place.Estate, place.Building} {
		ps, err := t.places.Under(ctx, t.root.Path, l)
		if err != nil {
			return err
		}
		var lat, lon, n float64
		for _, p := range ps {
			if p.Placed() {
				lat, lon, n = lat+p.Lat, lon+p.Lon, n+1
			}
		}
		if n > 0 {
			t.root.Lat, t.root.Lon = lat/n, lon/n
			return nil
		}
	}
	return nil
}

// root is the subdistrict of that code or, without one, the first there is.
func root(tx *db.Tx, code string) (none place.Place, err error) {
	if code != "" {
		return place.ByCode(tx, place.FullCode(code), tx.Now())
	}
	roots, err := place.Children(tx, 0)
	if err != nil {
		return none, err
	}
	for _, r := range roots {
		if r.Level == place.Tree {
			continue // an import, kept apart
		}
		ps, err := place.Under(tx, r.Path, place.Subdistrict)
		if err != nil {
			return none, err
		}
		if len(ps) > 0 {
			return slices.MinFunc(ps, func(a, b place.Place) int { return cmp.Compare(a.ID, b.ID) }), nil
		}
	}
	return none, nil
}

// basemap is the map made by 'linli import basemap'; without one a bare ground that says so.
func (c Config) basemap() (*basemap.Map, error) {
	f, err := os.Open(c.mapPath())
	if c.Map == "" && errors.Is(err, fs.ErrNotExist) {
		return basemap.New(nil, basemap.Names{Hans: i18n.W{}.T("basemap.none"), Hant: i18n.W{Lang: i18n.Hant}.T("basemap.none"), En: i18n.W{Lang: i18n.En}.T("basemap.none")}), nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return basemap.Load(f)
}

func (c Config) mapPath() string { return cmp.Or(c.Map, filepath.Join(c.Data, mapFile)) }

// mapFile is where 'linli import basemap' lays the map, in the data folder.
const mapFile = "basemap.json.gz"

func (t *town) close() error {
	var errs []error
	if t.heads != nil {
		errs = append(errs, t.heads.Close())
	}
	return errors.Join(append(errs, t.db.Close())...)
}

// work runs what happens behind the doors until ctx ends: letters and timers, the
// sealer, limits that must outlive a restart, what has been kept for long enough.
func (t *town) work(ctx context.Context) error {
	if err := t.tomorrow(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { t.sealer.Run(ctx) })
	wg.Go(func() { t.every(ctx, 5*time.Second, "rates", t.people.Flush) })
	if t.hook != nil {
		wg.Go(func() { t.hook.run(ctx) })
	}
	err := t.runner.Run(ctx)
	wg.Wait()
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	_, e := t.sealer.All(last) // what the last requests did gets its seal before the lights go out
	if t.hook != nil {
		if err := t.hook.bring(last); err != nil {
			t.log.ErrorContext(last, "audit hook", "err", err)
		}
	}
	return errors.Join(err, e, t.people.Flush(last))
}

// every does f again and again. What goes wrong is said and tried at the next time.
func (t *town) every(ctx context.Context, d time.Duration, name string, f func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(d):
		}
		if err := f(ctx); err != nil && ctx.Err() == nil {
			t.log.ErrorContext(ctx, name, "err", err)
		}
	}
}

// handler is everything served: the doors and the two questions of whoever runs us.
func (t *town) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := t.db.Ready(r.Context()); err != nil {
			t.log.ErrorContext(r.Context(), "not ready", "err", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ready\n")
	})
	t.hooks(m)
	m.Handle("/", t.front())
	return m
}

// doors are the pages, behind the gate.
func (t *town) doors() http.Handler {
	s := t.web()
	g := &gate.Gate{Routes: s.Routes(), Refuse: s.Refuse, Log: t.log, Seen: t.metrics.seen, TLS: t.cfg.Cert != "" || strings.HasPrefix(t.cfg.URL, "https://"),
		Proxies: t.proxies, Zone: t.zone, Now: t.db.Now, Actor: t.actor, Allow: t.allow}
	return g.Handler()
}

func (t *town) web() *web.Server {
	w := web.Town{Site: web.Site{Name: t.cfg.Town, Phone: t.cfg.Phone, ICP: t.cfg.Record}, URL: strings.TrimSuffix(t.cfg.URL, "/"), Zone: t.zone,
		Tiles: t.cfg.Tiles, Credit: t.cfg.TilesBy, Root: t.root.ID, Lat: t.root.Lat, Lon: t.root.Lon, Zoom: 15, Demo: t.demo}
	if w.Phone == "" {
		w.Phone = t.root.Phone
	}
	if t.box != nil {
		w.Sent = t.sent
	}
	if c := t.base.Centre(); w.Lat == 0 && w.Lon == 0 {
		w.Lat, w.Lon = c.Lat, c.Lon
	}
	s := &web.Server{DB: t.db, Issues: t.issues, Places: t.places, People: t.people, Letters: t.letters, Photos: t.photos, Map: t.base, Log: t.log, Town: w}
	if w.Tiles != "" {
		s.Map = nil
	}
	return s
}

// sendCode has a one-time code brought to whoever asked for it, within its ten minutes.
func (t *town) sendCode(tx *db.Tx, to people.Contact, kind, code string) error {
	const minutes = 10
	m := notify.Say("code", i18n.W{Lang: i18n.Parse(to.Lang)}, "code", code, "minutes", minutes)
	channel, address := notify.SMS, to.Phone
	if address == "" {
		channel, address = notify.Email, to.Email
	}
	return t.letters.PostDirect(tx, channel, address, m, tx.Now().Add(minutes*time.Minute))
}

// actor is who comes with a session.
func (t *town) actor(ctx context.Context, token string) (who.Actor, error) {
	a, _, err := t.people.SessionActor(ctx, token)
	return a, err
}

func (t *town) allow(c *gate.Ctx) (time.Duration, bool) {
	if strings.HasPrefix(c.Route.Pattern, "GET /static/") {
		return 0, true
	}
	key, l := "ask ", people.Asks
	switch {
	case c.Route.Upload:
		key, l = "send ", people.Sends
	case c.R.Method != http.MethodGet && c.R.Method != http.MethodHead:
		key, l = "write ", people.Writes
	}
	return t.people.AllowNamed(c.Context(), key+people.Address(c.Addr), l)
}

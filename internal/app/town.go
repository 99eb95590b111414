package app

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/door/gate"
	"github.com/linli-town/linli/internal/door/web"
)

// rooms are the schemas of all rooms.
var rooms = []fs.FS{job.SQL, audit.SQL}

// town is a running program: its rooms wired together.
type town struct {
	cfg     Config
	log     *slog.Logger
	db      *db.DB
	zone    *time.Location
	proxies []netip.Prefix
	metrics *metrics
	runner  *job.Runner
	wg      sync.WaitGroup
}

// open builds the town that the configuration describes.
func (e *env) open() (*town, error) { return open(e.ctx, e.cfg, e.errs) }

func open(ctx context.Context, cfg Config, logs io.Writer) (_ *town, err error) {
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
	if t.db, err = db.Open(ctx, cfg.database()); err != nil {
		return nil, err
	}
	t.db.OnCommit = func(parts int) { t.metrics.commits.Observe(float64(parts)) }
	if err := db.Migrate(ctx, t.db, rooms...); err != nil {
		t.db.Close()
		return nil, err
	}
	t.runner = &job.Runner{DB: t.db, Log: t.log, Lease: time.Minute, Idle: time.Second}
	return t, nil
}

func (t *town) close() error { return t.db.Close() }

// work runs what happens behind the doors: letters, timers, the sealer.
func (t *town) work(ctx context.Context) error { return t.runner.Run(ctx) }

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
	s := &web.Server{DB: t.db, Issues: issue.Desk{DB: t.db}, People: people.Desk{DB: t.db}, Letters: notify.Desk{DB: t.db}, Log: t.log,
		Town: web.Town{Site: web.Site{Name: t.cfg.Town, Phone: t.cfg.Phone, ICP: t.cfg.Record}, URL: t.cfg.URL, Zone: t.zone, Tiles: t.cfg.Tiles, Credit: t.cfg.TilesBy}}
	g := &gate.Gate{Routes: s.Routes(), Refuse: s.Refuse, Log: t.log, Seen: t.metrics.seen, TLS: t.cfg.Cert != "" || strings.HasPrefix(t.cfg.URL, "https://"),
		Proxies: t.proxies, Zone: t.zone, Now: t.db.Now,
		Actor: func(ctx context.Context, token string) (who.Actor, error) {
			return who.Actor{}, fail.New(fail.Denied, "fail.sign_in")
		},
	}
	m.Handle("/", g.Handler())
	return m
}

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type serveCmd struct{}

func (serveCmd) Run(e *env) error {
	t, err := open(e.ctx, e.cfg, e.errs)
	if err != nil {
		return err
	}
	defer t.close()
	return t.serve(e.ctx, func(addr string) { fmt.Fprintf(e.out, "linli: http://%s\n", addr) })
}

// serve answers until ctx ends, then finishes what has begun.
func (t *town) serve(ctx context.Context, ready func(addr string)) error {
	ln, err := net.Listen("tcp", t.cfg.Listen)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler: t.handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(t.log.Handler(), slog.LevelWarn),
	}
	var aux *http.Server
	if t.cfg.Metrics != "" {
		m := http.NewServeMux()
		m.Handle("GET /metrics", promhttp.HandlerFor(t.metrics.reg, promhttp.HandlerOpts{}))
		aux = &http.Server{Addr: t.cfg.Metrics, Handler: m, ReadHeaderTimeout: 10 * time.Second}
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var errs = make(chan error, 4)
	t.wg.Go(func() { errs <- t.work(work) })
	if aux != nil {
		t.wg.Go(func() { errs <- aux.ListenAndServe() })
	}
	t.wg.Go(func() {
		if t.cfg.Cert != "" {
			errs <- srv.ServeTLS(ln, t.cfg.Cert, t.cfg.Key)
		} else {
			errs <- srv.Serve(ln)
		}
	})
	ready(ln.Addr().String())
	select {
	case <-ctx.Done():
		err = nil
	case err = <-errs:
	}
	down, done := context.WithTimeout(context.Background(), 20*time.Second)
	defer done()
	if e := srv.Shutdown(down); e != nil {
		srv.Close()
	}
	if aux != nil {
		aux.Shutdown(down)
	}
	stop()
	t.wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// metrics are counts without people in them.
type metrics struct {
	reg      *prometheus.Registry
	requests *prometheus.HistogramVec
	commits  prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{
		reg: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "linli_request_seconds", Help: "Time of requests by route and status class.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10}}, []string{"route", "status"}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "linli_commit_parts", Help: "Writes that shared one commit.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128}}),
	}
	m.reg.MustRegister(m.requests, m.commits, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) seen(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, fmt.Sprintf("%dxx", status/100)).Observe(took.Seconds())
}

func level(s string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(strings.ToUpper(s))) != nil {
		return slog.LevelInfo
	}
	return l
}

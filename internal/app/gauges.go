package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

var (
	jobsNow  = prometheus.NewDesc("linli_jobs", "Jobs that lie in the database.", []string{"kind", "state"}, nil)
	jobsLate = prometheus.NewDesc("linli_jobs_late_seconds", "How long the first job of a kind has been due.", []string{"kind"}, nil)
	jobTries = prometheus.NewDesc("linli_job_tries_total", "Tries of this node since it started.", []string{"kind", "result"}, nil)
	jobTime  = prometheus.NewDesc("linli_job_seconds_total", "Time this node has spent on jobs.", []string{"kind"}, nil)
	unsealed = prometheus.NewDesc("linli_acts_unsealed", "Acts that wait for their seal.", nil, nil)
	sealLate = prometheus.NewDesc("linli_acts_unsealed_seconds", "How long the oldest of them has waited.", nil, nil)
	messages = prometheus.NewDesc("linli_messages_today", "Messages that went out today, and how many failed.", []string{"channel", "result"}, nil)
)

// gauges are what is counted when somebody asks: from the database, by kind and
// channel, never by person or place.
type gauges struct{ t *town }

// Describe implements prometheus.Collector.
func (gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jobsNow, jobsLate, jobTries, jobTime, unsealed, sealLate, messages} {
		to <- d
	}
}

// Collect implements prometheus.Collector. What cannot be counted just now is left out.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	now := g.t.db.Now()
	if cs, err := job.Counts(ctx, g.t.db); err == nil {
		for _, c := range cs {
			set(jobsNow, float64(c.Due), c.Kind, "due")
			set(jobsNow, float64(c.Dead), c.Kind, "dead")
			set(jobsNow, float64(c.All-c.Due-c.Dead), c.Kind, "later")
			if late := now.Sub(c.Since); !c.Since.IsZero() && late > 0 {
				set(jobsLate, late.Seconds(), c.Kind)
			}
		}
	}
	for _, s := range g.t.runner.Stats() {
		count(jobTries, float64(s.Done), s.Kind, "done")
		count(jobTries, float64(s.Failed), s.Kind, "failed")
		count(jobTime, s.Took.Seconds(), s.Kind)
	}
	type waits struct {
		n     int64
		since time.Time
	}
	if w, err := db.See(ctx, g.t.db, func(tx *db.Tx) (w waits, err error) { w.n, w.since, err = audit.Waiting(tx); return }); err == nil {
		set(unsealed, float64(w.n))
		late := 0.0
		if !w.since.IsZero() {
			late = max(0, now.Sub(w.since).Seconds())
		}
		set(sealLate, late)
	}
	if cs, err := g.t.letters.Channels(ctx, who.System(who.CLI)); err == nil {
		for _, c := range cs {
			set(messages, float64(c.Sent), c.Channel, "sent")
			set(messages, float64(c.Failed), c.Channel, "failed")
		}
	}
}

package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/notify"
)

// Whoever runs us sees what waits, and nobody's name in it.
func TestWhatWaitsIsCounted(t *testing.T) {
	tn := fresh(t)
	tn.sink()
	if _, err := db.Do(t.Context(), tn.db, func(tx *db.Tx) (int, error) {
		if err := audit.Record(tx, who.System(who.CLI), "test", 1, nil); err != nil {
			return 0, err
		}
		return 0, notify.Post(tx, notify.Letter{To: 1, Kind: "issue.told", About: 7})
	}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(tn.metrics.reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`linli_jobs{kind="notify.deliver",state="due"} 1`, `linli_acts_unsealed `, `linli_messages_today{channel="sms",result="sent"} 0`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}

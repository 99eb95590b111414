package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
)

// Whole pages, from the request to the last byte, with fifty issues at as many houses:
// what the rooms cost alone is measured there. CPU of this process, not time.
func BenchmarkPages(b *testing.B) {
	tn := newTown(b)
	root, err := tn.s.Places.ByID(b.Context(), tn.s.Town.Root)
	if err != nil {
		b.Fatal(err)
	}
	houses, err := tn.s.Places.Under(b.Context(), root.Path, place.Building)
	if err != nil {
		b.Fatal(err)
	}
	no := ""
	for n := range 60 {
		r, err := tn.s.Issues.Report(b.Context(), who.Actor{Via: who.Web}, issue.Report{Key: fmt.Sprint("bench", n), Category: "facility", Text: fmt.Sprintf("楼下路灯不亮了，第%d件", n),
			Place: houses[n%len(houses)].ID, Located: "list", Open: true, Channel: issue.ByWeb})
		if err != nil {
			b.Fatal(err)
		}
		no = r.Issue.No
	}
	for _, p := range []struct{ name, path, session string }{
		{"home", "/", ""}, {"list", "/issues", ""}, {"page", "/i/" + no, ""}, {"report", "/report", ""}, {"map", "/map", ""}, {"static", "/icon.svg", ""}, {"desk", "/desk", tn.staff}, {"desk issue", "/desk/i/" + no, tn.staff},
	} {
		b.Run(p.name, func(b *testing.B) {
			ask := func() {
				r := httptest.NewRequest("GET", p.path, nil)
				if p.session != "" {
					r.AddCookie(&http.Cookie{Name: "session", Value: p.session})
				}
				w := httptest.NewRecorder()
				tn.h.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatalf("%d %.200s", w.Code, strings.TrimSpace(w.Body.String()))
				}
			}
			ask()
			var was, is syscall.Rusage
			syscall.Getrusage(syscall.RUSAGE_SELF, &was)
			for b.Loop() {
				ask()
			}
			syscall.Getrusage(syscall.RUSAGE_SELF, &is)
			b.ReportMetric(float64(is.Utime.Nano()+is.Stime.Nano()-was.Utime.Nano()-was.Stime.Nano())/1e3/float64(b.N), "cpu-µs/op")
		})
	}
}

package issue

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// spent is the processor time this process has used, all threads, in microseconds.
func spent(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}

// BenchmarkReport is the promise of a report: without a photo at most a millisecond of
// processor time, on SQLite with full durability, and at a hundred thousand issues at most
// one and a half times what it costs at a thousand. letter-µs/op is what its letter costs
// after the answer: the search, and whom it concerns. -short leaves out the large.
func BenchmarkReport(b *testing.B) {
	texts := []string{"楼下路灯不亮了，晚上回家一路黑", "垃圾桶满了没人收，堆在路口三天了", "电动车停满了楼道，老人走路不方便", "下水道堵了往外冒，气味很大，请快来看看"}
	base := 0.0
	for _, size := range []int{1_000, 100_000} {
		if testing.Short() && size > 1_000 {
			continue
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "t.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			if err := db.Migrate(b.Context(), d, rooms...); err != nil {
				b.Fatal(err)
			}
			clk := &clockOf{t: time.Date(2024, 11, 24, 1, 0, 0, 0, time.UTC)}
			d.Clock = clk.now
			w := settle(b, d)
			report := func(i int) Report {
				clk.set(clk.now().Add(10 * time.Minute)) // 144 a day
				in := w.lamp()
				in.Text, in.Key, in.Lat, in.Lon = texts[i%len(texts)], fmt.Sprintf("key-of-a-form-%012d", i), 32+float64(i%997)/1e5, 120.9+float64(i%991)/1e5
				return in
			}
			n := 0
			for n < size {
				if _, err := db.Do(context.Background(), d, func(tx *db.Tx) (int, error) {
					for range 500 {
						if _, err := w.d.report(tx, who.Actor{}, report(n)); err != nil {
							return 0, err
						}
						n++
					}
					return 0, nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			from, first := spent(b), n
			for b.Loop() {
				if _, err := w.d.Report(b.Context(), who.Actor{}, report(n)); err != nil {
					b.Fatal(err)
				}
				n++
			}
			each := (spent(b) - from) / float64(n-first)
			b.ReportMetric(each, "cpu-µs/op")
			last, err := db.See(b.Context(), d, func(tx *db.Tx) ([]id.ID, error) {
				return db.All(tx, func(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }, `select id from issue order by id desc limit 300`)
			})
			if err != nil {
				b.Fatal(err)
			}
			from = spent(b)
			for _, c := range last {
				if err := w.d.tell(b.Context(), Moved{c, c, ActReport, 0}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((spent(b)-from)/float64(len(last)), "letter-µs/op")
			if base > 0 {
				b.ReportMetric(each/base, "x-of-1k")
			}
			base = each
		})
	}
}

package issue

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/place"
)

// cpu is the processor time this process has used, all threads, in microseconds.
func cpu(b testing.TB) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}

// quarter is a subdistrict with issues of two years: 8 communities, 60 neighbourhoods, 600
// buildings on 3 by 3 km; three in a hundred issues are open.
type quarter struct {
	*readTown
	coms, hoods, houses []place.Place
	ids                 []id.ID
	nos                 []string
}

var phrases = strings.Fields("楼下路灯不亮了 晚上回家一路黑 垃圾桶满了没人收 垃圾堆在路口三天了 电动车停满了楼道 消防通道被占 小广告贴满墙 下水道堵了往外冒 " +
	"路面有个大坑 老人走路不方便 楼上装修太吵 夜里有人唱歌 树枝压着电线 健身器材坏了 门禁失灵 快递柜挡路 流浪狗很多 自来水发黄 电梯又停了 车位被人占着")

func newQuarter(b *testing.B, size int) *quarter {
	b.Helper()
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "q.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	if err := db.Migrate(b.Context(), d, rooms...); err != nil {
		b.Fatal(err)
	}
	q := &quarter{readTown: newReadTown(b, d, time.Date(2024, 6, 1, 9, 0, 0, 0, time.UTC))}
	rnd := rand.New(rand.NewPCG(7, 7))
	write(b, d, func(tx *db.Tx) error {
		add := func(up place.Place, l place.Level, name string) place.Place {
			p, err := place.Add(tx, who.System(who.CLI), place.Place{Parent: up.ID, Level: l, Name: name, Lat: 32 + rnd.Float64()*.027, Lon: 120.86 + rnd.Float64()*.032})
			if err != nil {
				b.Fatal(err)
			}
			return p
		}
		for i := range 8 {
			q.coms = append(q.coms, add(q.root, place.Community, fmt.Sprintf("第%d社区", i)))
		}
		for i := range 60 {
			q.hoods = append(q.hoods, add(q.coms[i%8], place.Neighbourhood, fmt.Sprintf("第%d邻里", i)))
		}
		for i := range 600 {
			q.houses = append(q.houses, add(q.hoods[i%60], place.Building, fmt.Sprintf("%d幢", i)))
		}
		for i := range 36 {
			if err := addCategory(tx, fmt.Sprintf("kind%d.sub%d", i/4, i), i%9 != 0); err != nil {
				return err
			}
		}
		return nil
	})
	start := q.now
	step := 2 * 365 * 24 * time.Hour / time.Duration(size)
	for i := 0; i < size; {
		q.now = start.Add(time.Duration(i) * step)
		write(b, d, func(tx *db.Tx) error {
			for end := min(i+1000, size); i < end; i++ {
				if err := q.seed(tx, rnd, i, start.Add(time.Duration(i)*step), i > size-size/33); err != nil {
					return err
				}
			}
			return nil
		})
	}
	q.now = start.Add(time.Duration(size) * step)
	return q
}

func (q *quarter) seed(tx *db.Tx, rnd *rand.Rand, i int, at time.Time, open bool) error {
	h := q.houses[rnd.IntN(len(q.houses))]
	hood := q.hoods[rnd.IntN(len(q.hoods))]
	for _, n := range q.hoods {
		if n.ID == h.Parent {
			hood = n
		}
	}
	k := rnd.IntN(36)
	text := phrases[rnd.IntN(len(phrases))] + "，" + phrases[rnd.IntN(len(phrases))]
	c := Issue{ID: id.New(at), No: fmt.Sprintf("%s-%05d", at.Format("060102"), i), Category: fmt.Sprintf("kind%d.sub%d", k/4, k), Sort: Complaint, Grade: General, Channel: ByWeb,
		Place: h.ID, Path: h.Path, Lat: 32 + rnd.Float64()*.027, Lon: 120.86 + rnd.Float64()*.032, Open: rnd.IntN(4) > 0, Desk: hood.ID, DeskPath: hood.Path,
		State: Closed, Outcome: Solved, Answer: Confirmed, Title: phrases[rnd.IntN(len(phrases))], Named: true, At: at, Moved: at.Add(time.Hour), Closed: at.Add(50 * time.Hour), Rev: 5}
	if open {
		c.State, c.Outcome, c.Answer, c.Closed = []State{Reported, Accepted, Dispatched, InHand, Handled}[rnd.IntN(5)], "", "", time.Time{}
		c.Settle = at.Add(time.Duration(rnd.IntN(15*24)) * time.Hour)
	}
	q.ids, q.nos = append(q.ids, c.ID), append(q.nos, c.No)
	if ok, err := insert(tx, c); err != nil || !ok {
		return fmt.Errorf("insert %v: %w", ok, err)
	}
	for j, a := range []Act{ActReport, ActAccept, ActHand, ActTake, ActHandle, ActPass} {
		e := Entry{ID: id.New(at), Issue: c.ID, At: at.Add(time.Duration(j) * time.Hour), Who: id.ID(20 + j), Act: a, To: Reported}
		if a == ActReport {
			e.Text, e.Released = text, true
		}
		if err := insertEntry(tx, e); err != nil {
			return err
		}
	}
	return reindex(tx, c)
}

// BenchmarkRead measures what the promises are about: processor time per request, on
// SQLite with full durability, among a hundred thousand issues and, by turns, so that what
// else the machine does weighs on both, among a thousand.
func BenchmarkRead(b *testing.B) {
	small, big := newQuarter(b, 1_000), newQuarter(b, 100_000)
	ctx := b.Context()
	measure := func(name string, f func(q *quarter) func(i int) int) {
		b.Run(name, func(b *testing.B) {
			fs := [2]func(int) int{f(small), f(big)}
			var used [2]float64
			var rows [2]int
			for k, f := range fs {
				for i := range 20 { // what is prepared once and kept is not the price of a request
					rows[k] = f(i)
				}
			}
			n := 20
			for b.Loop() {
				for k, f := range fs {
					from := cpu(b)
					for i := range 10 {
						f(n + i)
					}
					used[k] += cpu(b) - from
				}
				n += 10
			}
			b.ReportMetric(used[1]/float64(n-20), "cpu-µs/op")
			b.ReportMetric(used[1]/used[0], "x-of-1k")
			b.ReportMetric(float64(rows[0]), "rows-1k")
			b.ReportMetric(float64(rows[1]), "rows")
			b.ReportMetric(0, "ns/op")
		})
	}
	fatal := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	list := func(scope func(q *quarter) Scope) func(q *quarter) func(i int) int {
		return func(q *quarter) func(i int) int {
			s := scope(q)
			return func(int) int {
				p, err := q.d.PublicList(ctx, s, "", 50)
				fatal(err)
				return len(p.Items)
			}
		}
	}
	of := func(s Scope) func(q *quarter) Scope { return func(*quarter) Scope { return s } }
	desk := func(v View) func(q *quarter) func(i int) int {
		return func(q *quarter) func(i int) int {
			by := q.office()
			return func(int) int {
				p, err := q.d.DeskList(ctx, by, v, "", 50)
				fatal(err)
				return len(p.Items)
			}
		}
	}
	box := geo.Bound{Min: geo.Point{Lat: 32, Lon: 120.86}, Max: geo.Point{Lat: 32.027, Lon: 120.892}}
	view := func(z int, s Scope) func(q *quarter) func(i int) int {
		return func(q *quarter) func(i int) int {
			return func(int) int {
				ps, err := q.d.Map(ctx, box, z, s)
				fatal(err)
				return len(ps)
			}
		}
	}
	measure("page", func(q *quarter) func(i int) int {
		return func(i int) int {
			p, err := q.d.Public(ctx, q.nos[i*7919%len(q.nos)])
			if fail.KindOf(err) != fail.Missing {
				fatal(err)
			}
			return len(p.Trail)
		}
	})
	measure("list", list(of(Scope{})))
	measure("list-town", list(func(q *quarter) Scope { return Scope{Path: q.root.Path, State: "ended"} }))
	measure("list-community", list(func(q *quarter) Scope { return Scope{Path: q.coms[3].Path} }))
	measure("search-垃圾", list(of(Scope{Q: "垃圾"})))
	measure("search-垃圾-here", list(func(q *quarter) Scope { return Scope{Q: "垃圾", Path: q.root.Path} }))
	measure("search-门禁-ended", list(of(Scope{Q: "门禁失灵", State: "ended"})))
	measure("search-number", list(func(q *quarter) Scope {
		for _, no := range q.nos[len(q.nos)/2:] {
			if _, err := q.d.Public(ctx, no); err == nil { // found in both, or one of the two does less
				return Scope{Q: no}
			}
		}
		panic("nothing is public")
	}))
	measure("map", view(15, Scope{}))
	measure("map-wide", view(13, Scope{State: "open"}))
	measure("map-category", view(15, Scope{Category: "kind2"}))
	measure("likely", func(q *quarter) func(i int) int {
		return func(i int) int {
			ls, err := q.d.Likely(ctx, "kind3.sub14", geo.Point{Lat: 32.013, Lon: 120.876}, "路灯不亮")
			fatal(err)
			return len(ls)
		}
	})
	measure("desk-open", desk(View{What: AllOpen}))
	measure("desk-dispatch", desk(View{What: ToDispatch}))
	measure("desk-closed", desk(View{What: Ended}))
	measure("desk-search-路灯", desk(View{Q: "路灯"}))
	measure("desk-search-number", func(q *quarter) func(i int) int { return desk(View{Q: q.nos[len(q.nos)/2]})(q) })
	measure("desk-counts", func(q *quarter) func(i int) int {
		return func(int) int {
			n, err := q.d.Counts(ctx, q.office())
			fatal(err)
			return int(n[AllOpen])
		}
	})
	measure("desk-see", func(q *quarter) func(i int) int {
		return func(i int) int {
			w, err := q.d.See(ctx, q.office(), q.nos[len(q.nos)-1-i%20])
			fatal(err)
			return len(w.Entries)
		}
	})
}

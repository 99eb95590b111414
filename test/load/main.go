// Command load puts a load on a town of this machine and says how it was borne:
//
//	go run ./test/load                                   a fresh town on SQLite
//	go run ./test/load --db 'postgres://…/an_empty_one'  on PostgreSQL
//	go run ./test/load --url http://127.0.0.1:8080 --pid 4711 --door A01-1
//
// It runs on loopback only, and ends after so many requests or so long, whichever comes
// first. A town of its own lies in a temporary folder and is thrown away.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/linli-town/linli/internal/app"
	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
)

// as makes this program linli itself, so that there is nothing else to build.
const as = "LINLI_LOAD_AS_PROGRAM"

func main() {
	if os.Getenv(as) != "" {
		os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// load is what was asked for.
type load struct {
	url, db, door, category string
	pid, clients, issues    int
	most                    int64
	length                  time.Duration
	nos                     []string // of issues there are
	begun                   string   // of keys and texts, another each time
	at                      geo.Point
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var l load
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.StringVar(&l.url, "url", "", "a town that is served already, on loopback; else one is made")
	f.StringVar(&l.db, "db", "", "database of the town that is made: an empty postgres://… ; else SQLite")
	f.IntVar(&l.pid, "pid", 0, "process that serves --url, for its processor time and memory")
	f.StringVar(&l.door, "door", "A01-1", "code of a door to report at")
	f.StringVar(&l.category, "category", "facility", "what to report")
	l.at = basemap.Town(1).Centre
	f.Float64Var(&l.at.Lat, "lat", l.at.Lat, "middle of the map looked at")
	f.Float64Var(&l.at.Lon, "lon", l.at.Lon, "middle of the map looked at")
	f.IntVar(&l.clients, "clients", 16, "clients at once, at most 256")
	f.IntVar(&l.issues, "issues", 1000, "issues in the town that is made, at most 100000")
	f.Int64Var(&l.most, "requests", 20_000, "requests, at most 1000000")
	f.DurationVar(&l.length, "for", 20*time.Second, "longest time, at most 10m")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case l.clients < 1 || l.clients > 256, l.issues < 1 || l.issues > 100_000, l.most < 1 || l.most > 1_000_000, l.length <= 0 || l.length > 10*time.Minute:
		return errors.New("out of bounds: see --help")
	case l.url != "" && !loopback(l.url):
		return errors.New("--url must be on loopback: this is no tool to be pointed at others")
	}
	l.begun = strconv.FormatInt(time.Now().UnixNano(), 36)
	if l.url == "" {
		end, err := l.make(ctx)
		if err != nil {
			return err
		}
		defer end()
	}
	return l.bear(ctx, out)
}

func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// make makes a town with issues and serves it by a process of its own.
func (l *load) make(ctx context.Context) (end func(), err error) {
	dir, err := os.MkdirTemp("", "linli-load-")
	if err != nil {
		return nil, err
	}
	var server *exec.Cmd
	end = func() {
		if server != nil {
			server.Process.Signal(syscall.SIGTERM)
			server.Wait()
		}
		os.RemoveAll(dir)
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	at := cmp.Or(l.db, filepath.Join(dir, "linli.db"))
	linli := func(args ...string) *exec.Cmd {
		c := exec.Command(os.Args[0], append(args, "--data="+dir, "--log-level=error")...)
		c.Env = append(os.Environ(), as+"=1", "LINLI_DB="+at, "LINLI_BALLAST=0", "LINLI_ADMIN_PASSWORD=a long word of the town")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		c.Stderr = os.Stderr
		return c
	}
	if out, err := linli("init", "--contact=admin@town.example", "--name=load").Output(); err != nil {
		return nil, fmt.Errorf("init: %w\n%s", err, out)
	}
	if err := l.fill(ctx, at); err != nil {
		return nil, err
	}
	runtime.LockOSThread() // the server dies with the thread that started it
	c := linli("serve", "--listen=127.0.0.1:0", "--trusted-proxy=127.0.0.1")
	pipe, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	server, l.pid = c, c.Process.Pid
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if l.url = regexp.MustCompile(`http://\S+`).FindString(line); l.url == "" {
		return nil, fmt.Errorf("serve: %q %w", line, err)
	}
	return end, nil
}

// fill settles the made-up town and lets its issues be reported.
func (l *load) fill(ctx context.Context, at string) error {
	d, err := db.Open(ctx, at)
	if err != nil {
		return err
	}
	defer d.Close()
	shapes := &place.Shapes{}
	root, err := place.Desk{DB: d, Shapes: shapes}.Settle(ctx, who.System(who.CLI), basemap.Town(1))
	if err != nil {
		return err
	}
	houses, err := place.Desk{DB: d}.Under(ctx, root.Path, place.Building)
	if err != nil {
		return err
	}
	desk := issue.Desk{DB: d, Shapes: shapes}
	todo := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var bad error
	for range 8 { // together they share commits
		wg.Go(func() {
			for n := range todo {
				h := houses[n%len(houses)]
				r, err := desk.Report(ctx, who.Actor{Via: who.Web}, issue.Report{Key: fmt.Sprint("fill-", l.begun, n), Category: l.category, Text: said(n), Place: h.ID, Located: "list", Open: true, Channel: issue.ByWeb})
				mu.Lock()
				l.nos = append(l.nos, r.Issue.No)
				bad = cmp.Or(bad, err)
				mu.Unlock()
			}
		})
	}
	for n := range l.issues {
		todo <- n
	}
	close(todo)
	wg.Wait()
	l.door = houses[0].Door
	return bad
}

var sayings = strings.Fields("楼下路灯不亮了 垃圾桶满了没人收 电动车停满了楼道 下水道堵了 路面有个大坑 门禁失灵 电梯又停了 树枝压着电线")

func said(n int) string { return fmt.Sprintf("%s，第%d件", sayings[n%len(sayings)], n) }

// kind is one thing people do, and how often of a hundred times.
type kind struct {
	name  string
	often int
	do    func(l *load, n int64) (method, path string, form url.Values)
}

var kinds = []kind{
	{"report", 10, func(l *load, n int64) (string, string, url.Values) {
		return "POST", "/report/send", url.Values{"key": {fmt.Sprint("load-", l.begun, n)}, "text": {said(int(n))}, "door": {l.door}, "located": {"door"}, "category": {l.category}}
	}},
	{"page", 35, func(l *load, n int64) (string, string, url.Values) {
		if len(l.nos) == 0 {
			return "GET", "/", nil
		}
		return "GET", "/i/" + l.nos[rand.IntN(len(l.nos))], nil
	}},
	{"list", 25, func(*load, int64) (string, string, url.Values) { return "GET", "/issues", nil }},
	{"search", 15, func(*load, int64) (string, string, url.Values) {
		return "GET", "/issues?q=" + url.QueryEscape([]string{"路灯", "垃圾", "电梯", "下水"}[rand.IntN(4)]), nil
	}},
	{"map", 15, func(l *load, _ int64) (string, string, url.Values) {
		return "GET", fmt.Sprintf("/map/points?z=15&state=open&b=%.4f,%.4f,%.4f,%.4f", l.at.Lon-.02, l.at.Lat-.015, l.at.Lon+.02, l.at.Lat+.015), nil
	}},
}

// tally is how one kind was answered.
type tally struct {
	mu     sync.Mutex
	took   []time.Duration
	errs   int
	sample string
}

func (t *tally) add(took time.Duration, wrong string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.took = append(t.took, took)
	if wrong != "" {
		t.errs, t.sample = t.errs+1, wrong
	}
}

func (l *load) bear(ctx context.Context, out io.Writer) error {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: l.clients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	tallies := make([]tally, len(kinds))
	cpu := l.cpu()
	start := time.Now()
	ctx, stop := context.WithTimeout(ctx, l.length)
	defer stop()
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range l.clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := sent.Add(1)
				if n > l.most {
					return
				}
				k := pick(rand.IntN(100))
				begun := time.Now()
				wrong := l.one(client, kinds[k], n)
				tallies[k].add(time.Since(begun), wrong)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	cpu = l.cpu() - cpu
	engine := "of " + l.url
	if len(l.nos) > 0 {
		engine = "SQLite"
		if l.db != "" {
			engine = "PostgreSQL"
		}
	}
	fmt.Fprintf(out, "town %s, %d clients, %.1f s\n", engine, l.clients, took.Seconds())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tcount\tper s\tp50 ms\tp95 ms\tp99 ms\tmax ms\terrors\t")
	all, errs, sample := 0, 0, ""
	for i := range tallies {
		t := &tallies[i]
		slices.Sort(t.took)
		at := func(q float64) float64 {
			if len(t.took) == 0 {
				return 0
			}
			return float64(t.took[min(len(t.took)-1, int(q*float64(len(t.took))))].Microseconds()) / 1000
		}
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.1f\t%.1f\t%.1f\t%.1f\t%d\t\n", kinds[i].name, len(t.took), float64(len(t.took))/took.Seconds(), at(.5), at(.95), at(.99), at(1), t.errs)
		all, errs, sample = all+len(t.took), errs+t.errs, cmp.Or(sample, t.sample)
	}
	fmt.Fprintf(w, "all\t%d\t%.0f\t\t\t\t\t%d\t\n", all, float64(all)/took.Seconds(), errs)
	w.Flush()
	if l.pid != 0 && all > 0 {
		rss, peak := l.memory()
		fmt.Fprintf(out, "server: %.2f ms of processor time a request (%.0f%% of one core), %d MB of memory, %d MB at most; the database's own processes are not counted\n",
			cpu.Seconds()*1000/float64(all), 100*cpu.Seconds()/took.Seconds(), rss>>10, peak>>10)
	}
	if errs > 0 {
		return fmt.Errorf("%d of %d went wrong, such as: %s", errs, all, sample)
	}
	return nil
}

// pick is the kind of the n-th of a hundred.
func pick(n int) int {
	for i, k := range kinds {
		if n < k.often {
			return i
		}
		n -= k.often
	}
	return len(kinds) - 1
}

// one does one thing, and says what was wrong with the answer.
func (l *load) one(client *http.Client, k kind, n int64) string {
	method, path, form := k.do(l, n)
	q, err := http.NewRequest(method, l.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error()
	}
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	// A crowd, not one household: limits are by address, and we are the proxy.
	q.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", rand.IntN(256), 1+rand.IntN(250)))
	r, err := client.Do(q)
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err.Error()
	}
	want := http.StatusOK
	if method == "POST" {
		want = http.StatusSeeOther
	}
	if r.StatusCode != want {
		return fmt.Sprintf("%s %s: status %d", method, path, r.StatusCode)
	}
	return ""
}

// cpu is the processor time of the server so far.
func (l *load) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.pid))
	if l.pid == 0 || err != nil {
		return 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // a hundred ticks a second, on every Linux
}

// memory is what the server holds now, and held at most, in kB.
func (l *load) memory() (now, peak int64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.pid))
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			now = n
		case "VmHWM:":
			peak = n
		}
	}
	return now, peak
}

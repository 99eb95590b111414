package chaos

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit/node"
)

// A town on PostgreSQL with two nodes: residents report, staff accept and answer, letters
// go out by SMS and timers ring, while nodes are killed and stopped, their cable to the
// database is cut, and the database itself is killed.
type crowd struct {
	t     *testing.T
	dir   string
	pg    *node.PG
	d     *db.DB // the test's own way to the database, never cut
	form  url.Values
	token string // of a staff session
	sms   *sms

	mu    sync.Mutex
	nodes map[string]*node.Node // by name; what is not there is down
	next  int
	acked map[int]*matter
	done  atomic.Int64 // steps acknowledged
	fails atomic.Int64
}

// matter is one report and what was acknowledged of it.
type matter struct {
	n              int
	no             string
	accepted, told bool
	late           bool // its limit was made to run out
}

func said(n int) string          { return fmt.Sprintf("第%06d件：门禁坏了", n) }
func answered(n int) string      { return fmt.Sprintf("第%06d件：明天有人来", n) }
func phone(n int) string         { return fmt.Sprintf("139%08d", n) }
func (m *matter) quiet() bool    { return m.n%3 == 0 } // staff let it lie
func (m *matter) String() string { return said(m.n) }

// sms is a gateway that keeps what it was given.
type sms struct {
	*httptest.Server
	mu  sync.Mutex
	got map[string]int // by the letter's id
}

func gateway(t *testing.T) *sms {
	s := &sms{got: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID string }
		if json.NewDecoder(r.Body).Decode(&m) != nil || m.ID == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.got[m.ID]++
		s.mu.Unlock()
	}))
	t.Cleanup(s.Close)
	return s
}

func newCrowd(t *testing.T) *crowd {
	c := &crowd{t: t, dir: t.TempDir(), pg: node.Postgres(t), nodes: map[string]*node.Node{}, acked: map[int]*matter{}, sms: gateway(t)}
	t.Setenv("LINLI_ADMIN_PASSWORD", "a long word of the town")
	if out, code := node.Run(t, "init", "--db="+c.pg.URL, "--data="+c.dir, "--contact=admin@town.example", "--name=wang"); code != 0 {
		t.Fatalf("init: exit %d: %s", code, out)
	}
	var err error
	if c.d, err = db.Open(t.Context(), c.pg.URL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.d.Close() })
	by := who.System(who.CLI)
	root, err := place.Desk{DB: c.d, Shapes: &place.Shapes{}}.Settle(t.Context(), by, basemap.Town(1))
	if err != nil {
		t.Fatal(err)
	}
	ps := people.Desk{DB: c.d}
	staff, err := ps.AddPerson(t.Context(), by, people.Contact{Name: "li", Place: root.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ps.GiveGrant(t.Context(), by, people.Grant{Role: who.SubdistrictStaff, Place: root.ID, Person: staff.ID}); err != nil {
		t.Fatal(err)
	}
	in, err := ps.OpenSession(t.Context(), by, staff.ID, people.Client{})
	if err != nil {
		t.Fatal(err)
	}
	c.token = in.Token
	c.form = url.Values{"category": {"facility"}, "located": {"door"},
		"door": words(t, c.d, `select door from place where door <> '' and level = 'building' order by id limit 1`)}
	return c
}

// start starts a node. Each keeps heads of its own; both have the same folder otherwise.
func (c *crowd) start(name, url string) *node.Node {
	c.t.Helper()
	// Noon, whatever the hour: letters do not wait for the morning.
	zone := (12 - time.Now().UTC().Hour()) // hours east
	n := node.StartEnv(c.t, []string{"LINLI_JOB_LEASE=2s"}, "serve", "--db="+url, "--data="+c.dir, "--audit-heads="+c.heads(name), "--trusted-proxy=127.0.0.1", "--log-level=error",
		"--sms-url="+c.sms.URL, "--may-call=127.0.0.0/8", "--sms-per-day=0", fmt.Sprintf("--zone=Etc/GMT%+d", -zone))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[name] = n
	return n
}

func (c *crowd) heads(name string) string { return filepath.Join(c.dir, "heads."+name) }

func (c *crowd) drop(name string) *node.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.nodes[name]
	delete(c.nodes, name)
	return n
}

// bases are the addresses of the nodes that are thought to be up.
func (c *crowd) bases() (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		out = append(out, n.URL)
	}
	slices.Sort(out)
	return out
}

// impatient gives up on a node before the node gives up on its database.
var impatient = &http.Client{
	Timeout:       2 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
}

var errFault = errors.New("not an answer")

// ask gets an answer of the town, of whichever node gives one: refused, unanswered or
// told to come again, the same is sent to the next.
func (c *crowd) ask(ctx context.Context, method, path string, form url.Values) (status int, page, to string, err error) {
	for try := rand.IntN(2); ; try++ {
		if ctx.Err() != nil {
			return 0, "", "", ctx.Err()
		}
		bs := c.bases()
		if len(bs) == 0 {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		status, page, to, err = c.once(ctx, method, bs[try%len(bs)]+path, form)
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			return status, page, to, nil
		}
		c.fails.Add(1)
		time.Sleep(time.Duration(5+rand.IntN(20)) * time.Millisecond)
	}
}

func (c *crowd) once(ctx context.Context, method, url string, form url.Values) (int, string, string, error) {
	q, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", "", err
	}
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	q.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", rand.IntN(255), 1+rand.IntN(250)))
	q.AddCookie(&http.Cookie{Name: "session", Value: c.token})
	if strings.Contains(url, "/report") || strings.Contains(url, "/m/") {
		q.Header.Del("Cookie") // a resident, not signed in
	}
	r, err := impatient.Do(q)
	if err != nil {
		return 0, "", "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), r.Header.Get("Location"), err
}

var (
	number  = regexp.MustCompile(`\b\d{6}-\d{4}\b`)
	version = regexp.MustCompile(`name="rev" value="(\d+)"`)
)

// live lets one issue be reported, accepted and answered. Every step is sent until there
// is an answer; only what was answered goes into the ledger.
func (c *crowd) live(ctx context.Context) error {
	c.mu.Lock()
	c.next++
	m := &matter{n: c.next}
	c.mu.Unlock()
	note := func(f func()) { c.mu.Lock(); f(); c.mu.Unlock(); c.done.Add(1) }

	v := url.Values{"key": {fmt.Sprintf("chaos-pg-%016d", m.n)}, "text": {said(m.n)}, "contact.phone": {phone(m.n)}, "agree": {"1"}}
	for k := range c.form {
		v[k] = c.form[k]
	}
	status, page, to, err := c.ask(ctx, "POST", "/report/send", v)
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther {
		return fmt.Errorf("%w: report: status %d: %.400s", errFault, status, page)
	}
	note(func() { c.acked[m.n] = m })
	if status, page, _, err = c.ask(ctx, "GET", to, nil); err != nil {
		return err
	}
	no := number.FindString(page)
	if status != 200 || no == "" {
		return fmt.Errorf("%w: own page: status %d", errFault, status)
	}
	note(func() { m.no = no })
	if m.quiet() {
		return nil
	}
	for { // until the desk shows that it is accepted
		if status, page, _, err = c.ask(ctx, "GET", "/desk/i/"+no, nil); err != nil {
			return err
		}
		rev := version.FindStringSubmatch(page)
		if status != 200 || rev == nil {
			return fmt.Errorf("%w: desk: status %d: %.300s", errFault, status, page)
		}
		if !strings.Contains(page, "/desk/i/"+no+"/accept\"") {
			break
		}
		status, _, _, err = c.ask(ctx, "POST", "/desk/i/"+no+"/accept", url.Values{"act": {"accept"}, "rev": rev[1:]})
		if err != nil {
			return err
		}
		if status == http.StatusSeeOther {
			break
		}
		if status != http.StatusUnprocessableEntity { // an answer that got lost: it was done already
			return fmt.Errorf("%w: accept: status %d", errFault, status)
		}
	}
	note(func() { m.accepted = true })
	status, page, _, err = c.ask(ctx, "POST", "/desk/i/"+no+"/tell", url.Values{"act": {"tell"}, "rev": {"0"}, "text": {answered(m.n)}})
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther {
		return fmt.Errorf("%w: tell: status %d: %.300s", errFault, status, page)
	}
	note(func() { m.told = true })
	return nil
}

// busy lets people live while f does harm, and returns when all of them have gone home.
func (c *crowd) busy(f func()) {
	ctx, stop := context.WithCancel(c.t.Context())
	var wg sync.WaitGroup
	defer func() { stop(); wg.Wait() }()
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := c.live(ctx); err != nil && ctx.Err() == nil {
					c.t.Error(err)
					return
				}
				time.Sleep(4 * time.Millisecond)
			}
		})
	}
	f()
}

// served waits until n more steps are acknowledged.
func (c *crowd) served(n int64) {
	for end := c.done.Load() + n; c.done.Load() < end && !c.t.Failed(); {
		time.Sleep(2 * time.Millisecond)
	}
}

// ready waits until a node says that it is, or is not.
func (c *crowd) ready(n *node.Node, want int) {
	for got := 0; got != want && !c.t.Failed(); time.Sleep(10 * time.Millisecond) {
		r, err := client.Get(n.URL + "/readyz") // it takes two seconds to find that nobody answers
		if err == nil {
			got = r.StatusCode
			r.Body.Close()
		}
	}
}

// runOut makes the limits of what staff let lie run out now, so that timers ring.
func (c *crowd) runOut() {
	c.mu.Lock()
	var ms []*matter
	for _, m := range c.acked {
		if m.quiet() && m.no != "" && !m.late {
			ms = append(ms, m)
		}
	}
	c.mu.Unlock()
	for _, m := range ms[:min(len(ms), 8)] {
		err := error(fail.New(fail.Busy, "db.away"))
		for fail.KindOf(err) == fail.Busy && err != nil { // the town is at it as well
			_, err = db.Do(c.t.Context(), c.d, func(tx *db.Tx) (int64, error) {
				now := db.Ms(tx.Now())
				if _, err := tx.Exec(`update issue set due_accept = $1 where no = $2 and state = 'reported'`, now, m.no); err != nil {
					return 0, err
				}
				return tx.Exec(`update job set due = $1 where key in (select 'issue.due:' || cast(id as text) from issue where no = $2)`, now, m.no)
			})
		}
		if err != nil {
			c.t.Error(err)
			return
		}
		c.mu.Lock()
		m.late = true
		c.mu.Unlock()
	}
}

// calm waits until all that was put into the letter box is done and every act is sealed.
func (c *crowd) calm() {
	for !c.t.Failed() {
		left := words(c.t, c.d, `select kind from job where not dead and kind not in ('issue.due', 'app.daily') or kind = 'issue.due' and due <= `+fmt.Sprint(db.Ms(c.d.Now()))+`
			union all select 'unsealed' from unsealed`)
		if len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// wrong is everything that is not as the ledger says, in a fixed order. A reminder may
// have been lost with the node that was about to send it, at most so many.
func (c *crowd) wrong(mayLose int) (out []string) {
	type line struct {
		no, text                       string
		reports, accepts, tells, lates int
		audits                         int
		letter                         string // states of the letters that say "accepted"
	}
	all, err := db.See(c.t.Context(), c.d, func(tx *db.Tx) ([]line, error) {
		return db.All(tx, func(r db.Row) (l line, err error) {
			return l, r.Scan(&l.no, &l.text, &l.reports, &l.accepts, &l.tells, &l.lates, &l.audits, &l.letter)
		}, `select i.no, coalesce((select min(e.body) from entry e where e.issue = i.id and e.act = 'report'), ''),
			(select count(*) from entry e where e.issue = i.id and e.act = 'report'),
			(select count(*) from entry e where e.issue = i.id and e.act = 'accept'),
			(select count(*) from entry e where e.issue = i.id and e.act = 'tell'),
			(select count(*) from entry e where e.issue = i.id and e.act = 'late'),
			(select count(*) from act a where a.what = i.id and a.verb in ('issue.report', 'issue.accept', 'issue.tell', 'issue.late')),
			coalesce((select string_agg(l.state, ' ') from letter l where l.about = i.id and l.person = i.owner and l.kind = 'issue.accepted'), '')
			from issue i order by i.id`)
	})
	if err != nil {
		c.t.Fatal(err)
	}
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	by, nos := map[string]line{}, map[string]int{}
	for _, l := range all {
		if _, twice := by[l.text]; twice && l.text != "" {
			bad("two issues: %s", l.text)
		}
		by[l.text] = l
		if nos[l.no]++; nos[l.no] > 1 {
			bad("two have the number %s", l.no)
		}
		if l.reports != 1 || l.accepts > 1 || l.tells > 1 || l.lates > 1 {
			bad("%s: %d reports, %d accepts, %d answers, %d late", l.no, l.reports, l.accepts, l.tells, l.lates)
		}
		if l.audits != l.reports+l.accepts+l.tells+l.lates {
			bad("%s: %d acts in the audit", l.no, l.audits)
		}
	}
	c.mu.Lock()
	ms := make([]*matter, 0, len(c.acked))
	for _, m := range c.acked {
		ms = append(ms, m)
	}
	c.mu.Unlock()
	slices.SortFunc(ms, func(a, b *matter) int { return cmp.Compare(a.n, b.n) })
	for _, m := range ms {
		l, ok := by[said(m.n)]
		switch {
		case !ok:
			bad("lost: %s", m)
		case m.no != "" && l.no != m.no:
			bad("%s has the number %s, not %s", m, l.no, m.no)
		case m.accepted && l.accepts == 0, m.told && l.tells == 0:
			bad("an act is lost: %s", m)
		case m.late && l.lates != 1:
			bad("%s: the timer rang %d times", m, l.lates)
		case m.accepted && l.letter != "sent":
			bad("%s: letters %q", m, l.letter)
		}
	}
	for _, k := range words(c.t, c.d, `select kind from job where dead or lease > 0 order by id`) {
		bad("stuck: %s", k)
	}
	c.sms.mu.Lock()
	defer c.sms.mu.Unlock()
	missed := 0
	sent := words(c.t, c.d, `select cast(id as text) from letter where state = 'sent' and channel = 'sms' order by id`)
	for _, n := range sent {
		if c.sms.got[n] == 0 {
			missed++
		}
	}
	for n, k := range c.sms.got {
		if k > 1 {
			bad("letter %s went out %d times", n, k)
		}
		if !slices.Contains(sent, n) {
			bad("letter %s went out, and is not written down", n)
		}
	}
	if missed > mayLose {
		bad("%d of %d letters did not go out", missed, len(sent))
	}
	slices.Sort(out)
	return out
}

// spoil does something to the database that the check must find.
func (c *crowd) spoil(q string, args ...any) {
	c.t.Helper()
	if _, err := db.Do(c.t.Context(), c.d, func(tx *db.Tx) (int64, error) { return tx.Exec(q, args...) }); err != nil {
		c.t.Fatal(err)
	}
}

func TestTwoNodesOnPostgreSQL(t *testing.T) {
	c := newCrowd(t)
	cable := node.NewCable(t, c.pg.Addr)
	far := strings.Replace(c.pg.URL, c.pg.Addr, cable.Addr, 1)
	a, b := c.start("a", c.pg.URL), c.start("b", far)
	began := time.Now()
	var lap []string
	mark := func(name string) {
		lap = append(lap, fmt.Sprintf("%s %.1fs/%d", name, time.Since(began).Seconds(), c.done.Load()))
	}
	c.busy(func() {
		c.served(60)
		mark("begun")
		for range 3 {
			c.runOut()
			c.served(10)
			c.drop("a").Kill() // in the middle of its work
			c.served(30)       // the other goes on
			a = c.start("a", c.pg.URL)
			c.served(20)
		}
		mark("killed")

		c.runOut()
		b.Freeze() // still in the list: nobody knows
		time.Sleep(4 * time.Second)
		b.Thaw() // what it had begun meets what was done without it
		c.served(40)
		mark("stopped")

		for _, cut := range []node.Cut{node.Pulled, node.Refused, node.Deaf} {
			c.runOut()
			cable.Set(cut)
			c.ready(b, http.StatusServiceUnavailable)
			c.served(8)
			cable.Set(node.Whole)
			if cut == node.Deaf {
				cable.Reset()
			}
			c.ready(b, http.StatusOK)
			c.served(15)
		}
		mark("cut off")

		for range 2 {
			c.runOut()
			c.served(10)
			c.pg.Crash()
			c.ready(a, http.StatusServiceUnavailable)
			c.pg.Start()
			c.ready(a, http.StatusOK)
			c.ready(b, http.StatusOK)
			c.served(30)
		}
		mark("database killed")
	})
	if t.Failed() {
		return
	}
	c.calm()
	mark("calm")
	for _, n := range []*node.Node{a, b} {
		if err := n.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	t.Logf("%s; %d steps acknowledged, %d tries without an answer, %d letters out", strings.Join(lap, ", "), c.done.Load(), c.fails.Load(), len(c.sms.got))
	lose := 8 * (3 + 1 + 3 + 2) // what the workers of a node had in hand, at each of the nine
	for _, w := range c.wrong(lose) {
		t.Error(w)
	}
	for _, name := range []string{"a", "b"} {
		if out, code := node.Run(t, "audit", "verify", "--db="+c.pg.URL, "--data="+c.dir, "--audit-heads="+c.heads(name)); code != 0 {
			t.Errorf("the chain of acts, heads of %s: %s", name, out)
		}
	}

	// The check is not blind.
	one, two, three := c.pick(0), c.pick(1), c.pick(2)
	c.spoil(`delete from issue where no = $1`, one.no)
	c.spoil(`delete from entry where act = 'accept' and issue = (select id from issue where no = $1)`, two.no)
	c.spoil(`insert into entry (id, issue, at, who, act, from_state, to_state, body, reason, target, target_id, until_at, replies, internal, released, corrects)
		select $1, issue, at, who, act, from_state, to_state, body, reason, target, target_id, until_at, replies, internal, released, corrects from entry
		where act = 'tell' and issue = (select id from issue where no = $2)`, id.New(time.Now()), three.no)
	for n := range c.sms.got {
		c.sms.got[n]++
		break
	}
	found := strings.Join(c.wrong(lose), "\n")
	for _, want := range []string{"lost: " + one.String(), "an act is lost: " + two.String(), three.no + ": 1 reports, 1 accepts, 2 answers", "went out 2 times"} {
		if !strings.Contains(found, want) {
			t.Errorf("spoiled, and not found: %s\n%s", want, found)
		}
	}
	c.unsynced()
}

// unsynced is the other half of the proof: a server that answers before its log has left
// its memory loses what it had acknowledged when it is killed, and the same check says so.
func (c *crowd) unsynced() {
	c.t.Helper()
	c.pg.Crash()
	c.pg.Start("synchronous_commit=off", "wal_buffers=32MB", "shared_buffers=128MB", "bgwriter_lru_maxpages=0", "autovacuum=off")
	c.pg.Hold("walwriter") // a server that syncs its commits does not need it
	c.mu.Lock()
	clear(c.acked)
	c.mu.Unlock()
	c.drop("b")
	a := c.start("a", c.pg.URL)
	c.busy(func() { c.served(30) })
	a.Freeze() // its sealer would go on
	c.pg.Crash()
	a.Kill()
	c.pg.Start()
	lost := 0
	for _, w := range c.wrong(1 << 20) {
		if strings.HasPrefix(w, "lost: ") {
			lost++
		}
	}
	if lost == 0 {
		c.t.Error("nothing was lost without syncing: the test proves nothing")
	}
	c.t.Logf("without syncing, %d of %d reports are lost", lost, len(c.acked))
}

// pick is the k-th issue that was answered.
func (c *crowd) pick(k int) *matter {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := 1; n <= c.next; n++ {
		if m := c.acked[n]; m != nil && m.told {
			if k == 0 {
				return m
			}
			k--
		}
	}
	c.t.Fatal("too few were answered")
	return nil
}

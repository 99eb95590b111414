// Package chaos ends the real program as badly as a night can, under load, and then
// looks whether it kept its word. The rule of every test here: a ledger on the side of
// the clients says what was acknowledged; afterwards all of it is there, once, whole.
package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/testkit/node"
)

func TestMain(m *testing.M) { os.Exit(node.Main(m)) }

// report is one neighbour's report: sent again under the same key until it is acknowledged.
type report struct {
	key, text string
	photo     []byte
}

// ledger is what the clients know.
type ledger struct {
	mu      sync.Mutex
	next    int
	pending []report
	acked   map[string]report // by text
	tries   int
}

// take hands out a report that was not acknowledged yet, or a new one.
func (l *ledger) take() report {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries++
	if n := len(l.pending); n > 0 {
		r := l.pending[n-1]
		l.pending = l.pending[:n-1]
		return r
	}
	l.next++
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 {
		m.Set(i, i%48, color.RGBA{uint8(l.next), uint8(l.next >> 8), uint8(i * 4), 255})
	}
	var b bytes.Buffer
	jpeg.Encode(&b, m, nil)
	return report{key: fmt.Sprintf("chaos-%016d", l.next), text: fmt.Sprintf("第%06d件：楼道灯不亮", l.next), photo: b.Bytes()}
}

func (l *ledger) done(r report, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.pending = append(l.pending, r)
		return
	}
	l.acked[r.text] = r
}

func (l *ledger) count() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.acked) }

var kept = regexp.MustCompile(`name="photos" value="([^"]+)"`)

// client has no cookies, follows no redirect, and comes from an address of its own, so
// that limits meant for one household do not hold up a crowd.
var client = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 16},
}

func post(ctx context.Context, url, kind string, body io.Reader) (*http.Response, string, error) {
	q, err := http.NewRequestWithContext(ctx, "POST", url, body)
	if err != nil {
		return nil, "", err
	}
	q.Header.Set("Content-Type", kind)
	q.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", rand.IntN(255), 1+rand.IntN(250)))
	r, err := client.Do(q)
	if err != nil {
		return nil, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r, string(b), err
}

// send goes the way of a browser: the leaf with the photo, then the last button.
func send(ctx context.Context, base string, form url.Values, r report) error {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k := range form {
		w.WriteField(k, form.Get(k))
	}
	w.WriteField("key", r.key)
	w.WriteField("text", r.text)
	f, _ := w.CreateFormFile("photo", "p.jpg")
	f.Write(r.photo)
	w.Close()
	res, page, err := post(ctx, base+"/report", w.FormDataContentType(), &b)
	if err != nil {
		return err
	}
	m := kept.FindStringSubmatch(page)
	if res.StatusCode != 200 || m == nil {
		return fmt.Errorf("photo: status %d", res.StatusCode)
	}
	v := maps.Clone(form)
	v["key"], v["text"], v["photos"], v["located"] = []string{r.key}, []string{r.text}, m[1:], []string{"door"}
	res, page, err = post(ctx, base+"/report/send", "application/x-www-form-urlencoded", strings.NewReader(v.Encode()))
	if err != nil {
		return err
	}
	if res.StatusCode != 303 {
		return fmt.Errorf("send: status %d: %.300s", res.StatusCode, page)
	}
	return nil
}

// town makes a small demo town in a folder of its own and says where and what to report.
func town(t *testing.T) (dir string, form url.Values) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "town")
	if out, code := node.Run(t, "demo", "--make-only", "--issues=5", "--data="+dir); code != 0 {
		t.Fatalf("demo: exit %d: %s", code, out)
	}
	d := open(t, dir)
	defer d.Close()
	door := words(t, d, `select door from place where door <> '' and level = 'building' order by id limit 1`)
	kind := words(t, d, `select code from category where parent = '' and open order by rank, code limit 1`)
	if len(door) != 1 || len(kind) != 1 {
		t.Fatalf("the demo has no door (%v) or no category (%v)", door, kind)
	}
	return dir, url.Values{"door": door, "category": kind}
}

func open(t *testing.T, dir string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(dir, "linli.db"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func words(t *testing.T, d *db.DB, q string) []string {
	t.Helper()
	v, err := db.See(t.Context(), d, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, func(r db.Row) (s string, err error) { return s, r.Scan(&s) }, q)
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verify looks for everything acknowledged: once, with its photo, in a file that is whole.
func verify(t *testing.T, dir string, l *ledger) (wrong []string) {
	t.Helper()
	d := open(t, dir)
	defer d.Close()
	if ok := words(t, d, `pragma integrity_check`); !slices.Equal(ok, []string{"ok"}) {
		wrong = append(wrong, fmt.Sprint("integrity: ", ok))
	}
	type found struct {
		n     int
		photo string
	}
	there := map[string]found{}
	_, err := db.See(t.Context(), d, func(tx *db.Tx) (int, error) {
		_, err := db.All(tx, func(r db.Row) (int, error) {
			var text, photo string
			err := r.Scan(&text, &photo)
			there[text] = found{there[text].n + 1, photo}
			return 0, err
		}, `select e.body, coalesce((select min(p.name) from photo p where p.issue = e.issue), '') from entry e where e.body like '第%件：楼道灯不亮'`)
		return 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	photos, err := blob.New(filepath.Join(dir, "photos"), blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text := range l.acked {
		f := there[text]
		switch {
		case f.n == 0:
			wrong = append(wrong, "lost: "+text)
		case f.n > 1:
			wrong = append(wrong, fmt.Sprintf("%d times: %s", f.n, text))
		}
	}
	for text, f := range there { // also those nobody was told of: no row without its photo
		if f.photo == "" {
			wrong = append(wrong, "no photo: "+text)
			continue
		}
		file, err := photos.Open(f.photo, blob.Thumb)
		if err == nil {
			_, _, err = image.Decode(file)
			file.Close()
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("photo of %s: %v", text, err))
		}
	}
	return wrong
}

// Fifty times the program is killed in the middle of its work, with photos on the way.
// (A kill keeps what the kernel has; that a power cut loses nothing is shown in base/db.)
func TestKilledFiftyTimes(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 3
	}
	dir, form := town(t)
	l := &ledger{acked: map[string]report{}}
	r := rand.New(rand.NewPCG(7, 7))
	for range kills {
		n := node.Start(t, "serve", "--data="+dir, "--trusted-proxy=127.0.0.1", "--log-level=error")
		ctx, stop := context.WithCancel(t.Context())
		had := l.count()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					r := l.take()
					err := send(ctx, n.URL, form, r)
					l.done(r, err)
					if _, gone := errors.AsType[*url.Error](err); gone {
						return
					} else if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		more := 2 + r.IntN(12)
		for l.count() < had+more && !t.Failed() { // so many answers, then the axe, somewhere in the next ones
			time.Sleep(time.Millisecond)
		}
		n.Kill()
		stop()
		wg.Wait()
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills, %d tries, %d acknowledged", kills, l.tries, len(l.acked))
	for _, w := range verify(t, dir, l) {
		t.Error(w)
	}
	if out, code := node.Run(t, "audit", "verify", "--data="+dir); code != 0 {
		t.Errorf("the chain of acts: %s", out)
	}

	// The test is not blind: what is taken away is missed.
	d := open(t, dir)
	one := slices.Sorted(maps.Keys(l.acked))[0]
	if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int64, error) { return tx.Exec(`delete from entry where body = $1`, one) }); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if got := verify(t, dir, l); len(got) != 1 || got[0] != "lost: "+one {
		t.Errorf("after taking one away: %v", got)
	}
}

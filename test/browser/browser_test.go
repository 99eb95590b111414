package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/linli-town/linli/internal/testkit/node"
	"github.com/linli-town/linli/test/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(func() int { return node.Main(m) })) }

// witness is a test that only notes what went wrong.
type witness struct {
	testing.TB
	mu   sync.Mutex
	said []string
	ends []func()
}

func (w *witness) Error(a ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprint(a...))
}
func (w *witness) Errorf(f string, a ...any) { w.Error(fmt.Sprintf(f, a...)) }
func (w *witness) Failed() bool              { return false }
func (w *witness) Cleanup(f func())          { w.ends = append(w.ends, f) }
func (w *witness) done() string {
	for _, f := range w.ends {
		f()
	}
	return strings.Join(w.said, "\n")
}

const page = `<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>试</title>%s</head>
<body><main><h1>试</h1>%s</main></body></html>`

// The harness notices what it promises to notice, and lets a good page pass.
func TestHarnessIsNotBlind(t *testing.T) {
	for name, tt := range map[string]struct{ head, body, want string }{
		"good":      {"", `<p>好的</p>`, ""},
		"inline":    {"", `<p>好的</p><script>1</script>`, "Content Security Policy"},
		"console":   {`<script src="/error.js"></script>`, `<p>好的</p>`, "not so good"},
		"throws":    {`<script src="/throw.js"></script>`, `<p>好的</p>`, "thrown"},
		"missing":   {"", `<img src="/missing.png" alt="">`, "load: 404"},
		"wide":      {`<link rel="stylesheet" href="/wide.css">`, `<p class="wide">好的</p>`, "scrolls sideways"},
		"no label":  {"", `<form><input name="a"></form>`, "axe label"},
		"no button": {"", `<button></button>`, "axe button-name"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Security-Policy", "default-src 'self'")
				switch r.URL.Path {
				case "/":
					fmt.Fprintf(w, page, tt.head, tt.body)
				case "/error.js":
					fmt.Fprint(w, `console.error("not so good")`)
				case "/throw.js":
					fmt.Fprint(w, `throw new Error("thrown")`)
				case "/wide.css":
					w.Header().Set("Content-Type", "text/css")
					fmt.Fprint(w, `.wide { width: 500px }`)
				case "/favicon.ico":
					w.WriteHeader(http.StatusNoContent)
				default:
					http.NotFound(w, r)
				}
			}))
			defer srv.Close()
			w := &witness{TB: t}
			tab := browser.Open(w, srv.URL, browser.Phone)
			tab.Go("/")
			tab.Overflow()
			tab.Axe()
			got := w.done()
			if strings.HasPrefix(tt.want, "axe") && os.Getenv("LINLI_AXE") == "" {
				t.Skip("LINLI_AXE is not set")
			}
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("noticed %q, want %q", got, tt.want)
			}
		})
	}
}

// A form can be filled in and sent, with the page's scripts on and off.
func TestFormsAreFilledIn(t *testing.T) {
	for name, opts := range map[string][]browser.Option{"script": nil, "no script": {browser.NoJS, browser.Phone, browser.Elder}} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" {
					size := "normal"
					if c, err := r.Cookie("size"); err == nil {
						size = c.Value
					}
					http.Redirect(w, r, "/done?"+r.FormValue("what")+r.FormValue("kind")+r.FormValue("to")+size, http.StatusSeeOther)
					return
				}
				if r.URL.Path == "/done" {
					fmt.Fprintf(w, page, "", "<p>收到 "+r.URL.RawQuery+"</p>")
					return
				}
				fmt.Fprintf(w, page, "", `<form method="post"><label>什么<textarea name="what">旧的</textarea></label><input type="hidden" name="what" value="hidden">
					<label><input type="radio" name="kind" value="a">甲</label><label><input type="radio" name="kind" value="b">乙</label>
					<select name="to"><option value="x">X</option><option value="y">Y</option></select><button>报事</button></form><script>document.title="有"</script>`)
			}))
			defer srv.Close()
			tab := browser.Open(t, srv.URL, append(opts, browser.Allow("favicon"))...)
			tab.Go("/")
			if got, want := browser.Ask[string](tab, "document.title"), map[string]string{"script": "有", "no script": "试"}[name]; got != want {
				t.Errorf("title %q, want %q", got, want)
			}
			tab.Fill("what", "灯坏了")
			tab.Choose("kind", "b")
			tab.Choose("to", "y")
			if status := tab.Press("报事"); status != 200 {
				t.Errorf("status %d", status)
			}
			want := "灯坏了by" + map[string]string{"script": "normal", "no script": "elder"}[name]
			if p := browser.Ask[string](tab, "decodeURIComponent(location.search)"); p != "?"+want {
				t.Errorf("sent %q, want %q", p, want)
			}
			tab.Sees("收到")
			tab.SeesNot("旧的")
		})
	}
}

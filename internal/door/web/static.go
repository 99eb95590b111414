package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/linli-town/linli/internal/base/i18n"
)

//go:embed static
var statics embed.FS

type asset struct {
	body, small []byte // small is gzipped, nil if that does not help
	kind        string
}

// assets are all files of static, and the hash of them together. One hash for all keeps the relative imports of modules and
// style sheets true; the whole is small.
var assets = sync.OnceValues(func() (map[string]asset, string) {
	all, sum := map[string]asset{}, sha256.New()
	err := fs.WalkDir(statics, "static", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := statics.ReadFile(p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, "static/")
		sum.Write([]byte(name))
		sum.Write(b)
		all[name] = pack(name, b)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return all, hex.EncodeToString(sum.Sum(nil))[:10]
})

func pack(name string, b []byte) asset {
	a := asset{body: b, kind: mime.TypeByExtension(path.Ext(name))}
	switch path.Ext(name) { // the machine's own table may say otherwise
	case ".js":
		a.kind = "text/javascript; charset=utf-8"
	case ".css":
		a.kind = "text/css; charset=utf-8"
	case ".svg":
		a.kind = "image/svg+xml"
	case ".webmanifest":
		a.kind = "application/manifest+json"
	case "":
		a.kind = "text/plain; charset=utf-8"
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	w.Write(b)
	w.Close()
	if z.Len() < len(b)*9/10 {
		a.small = z.Bytes()
	}
	return a
}

// staticPath is the address of a file for good: it changes when the file does.
func staticPath(name string) string {
	_, hash := assets()
	return "/static/" + hash + "/" + name
}

// Static serves /static/, /sw.js, /icon.svg, /favicon.ico and /manifest.webmanifest.
func Static() http.Handler {
	all, hash := assets()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/{hash}/{name...}", func(w http.ResponseWriter, r *http.Request) {
		a, ok := all[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		keep := "public, max-age=31536000, immutable"
		if r.PathValue("hash") != hash { // a page kept from before an update: today's file, not for keeping
			keep = "no-cache"
		}
		a.serve(w, r, keep)
	})
	icon := func(w http.ResponseWriter, r *http.Request) { all["icon.svg"].serve(w, r, "public, max-age=86400") }
	mux.HandleFunc("GET /icon.svg", icon)
	mux.HandleFunc("GET /favicon.ico", icon)
	worker := pack("sw.js", bytes.ReplaceAll(all["sw.js"].body, []byte("HASH"), []byte(hash)))
	mux.HandleFunc("GET /sw.js", func(w http.ResponseWriter, r *http.Request) { worker.serve(w, r, "no-cache") })
	return mux
}

func (a asset) serve(w http.ResponseWriter, r *http.Request, keep string) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", keep)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	b := a.body
	if a.small != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		b = a.small
	}
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

// Manifest tells phones how the site looks as an app on their desk.
func Manifest(w i18n.W, site Site) []byte {
	type m map[string]any
	b, err := json.Marshal(m{
		"name": site.Name + " · " + w.T("web.brand"), "short_name": w.T("web.brand"), "lang": lang(w.Lang), "start_url": "/", "scope": "/",
		"display": "standalone", "background_color": "#f8f5ee", "theme_color": "#1d4e74",
		"icons": []m{
			{"src": "/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
			{"src": staticPath("icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
			{"src": staticPath("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
		},
		"shortcuts": []m{{"name": w.T("web.nav.report"), "url": "/report"}},
	})
	if err != nil {
		panic(err) // strings and maps of strings always marshal
	}
	return b
}

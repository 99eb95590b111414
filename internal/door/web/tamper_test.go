package web

import (
	"bytes"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/testkit"
)

// tampered is a form as somebody sends it who wrote the request by hand.
type tampered struct{ name, kind, body string }

func (k *crowd) tamper(f sheetForm) (out []tampered) {
	const form = "application/x-www-form-urlencoded"
	add := func(name string, v url.Values) { out = append(out, tampered{name, form, v.Encode()}) }
	full := k.fill(f)
	add("nothing", url.Values{})
	strange := maps.Clone(full)
	for _, n := range []string{"id", "issue", "owner", "person", "who", "state", "role", "place", "path", "token", "session", "guest", "link", "grants", "admin", "at", "by", "via", "rev2", "contact[phone]", "__proto__", "", "."} {
		if !strange.Has(n) {
			strange.Set(n, strconv.FormatInt(int64(k.estate.ID), 10))
		}
	}
	add("unknown fields", strange)
	for name, value := range map[string]string{
		"negative": "-1", "zero": "0", "huge": "9223372036854775807", "beyond": "99999999999999999999999", "smallest": "-9223372036854775808", "no number": "1e9x", "not a number": "NaN",
		"control": "\x00\x01\x1b\xff\xfe\u202e\u200b\r\nSet-Cookie: a=b", "sql": "' or 1=1;--", "path": "../../../etc/passwd%00", "another's": strconv.FormatInt(int64(k.issue.ID), 10), "space": " \t\u3000", "percent": "%_\\%",
		"time": "0000-00-00T99:99", "far": "9999-12-31T23:59",
	} {
		all := url.Values{}
		for n := range full {
			all.Set(n, value)
		}
		add("all "+name, all)
		for _, b := range f.boxes { // what the page itself wrote: ids, revisions, choices
			if b.kind == "hidden" && slices.Contains([]string{"negative", "huge", "no number", "control"}, name) || b.kind == "select" && name == "another's" {
				one := maps.Clone(full)
				one.Set(b.name, value)
				add(b.name+" "+name, one)
			}
		}
	}
	double, many := url.Values{}, url.Values{}
	for n, vs := range full {
		double[n] = append([]string{"x"}, vs...)
		many[n+"[]"], many[n+"[0]"], many[n] = vs, vs, slices.Repeat(vs, 300)
	}
	add("doubled", double)
	add("arrays", many)
	long := url.Values{}
	for _, b := range f.boxes {
		long.Set(b.name, strings.Repeat("长", 20_000/max(1, len(f.boxes))))
	}
	add("long", long)
	body := full.Encode()
	return append(out, []tampered{
		{"too long", form, body + "&pad=" + strings.Repeat("x", 1<<20)}, {"broken escapes", form, "%zz=%"}, {"semicolons", form, "a;b;c"}, {"json", "application/json", `{"rev":"x"`}, {"json array", "application/json", `[[[]]]`},
		{"json null", "application/json", `null`}, {"json of all", "application/json", `{"text":{"a":1},"rev":1e400,"act":null}`}, {"plain", "text/plain", body}, {"none", "", body}, {"xml", "application/xml", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"},
		{"no boundary", "multipart/form-data", body}, {"cut multipart", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx"},
		{"odd multipart", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../../a\x00.jpg\"\r\nContent-Type: text/html\r\n\r\n<script>\r\n--b--\r\n"},
		{"odd type", "application/x-www-form-urlencoded; charset=\"utf-7\"; a=b", body}, {"no type at all", ";;;", body},
	}...)
}

// Whoever writes requests by hand gets an answer and no fault of ours, and what is refused has
// changed nothing.
func TestTamperedFormsAreRefusedWhole(t *testing.T) {
	t.Parallel()
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) {
		k := crowdIn(t, townOn(t, d))
		forms := slices.DeleteFunc(k.forms(), func(f sheetForm) bool { return f.method == "GET" && len(f.boxes) > 3 })
		embedded := strings.HasSuffix(t.Name(), "/sqlite")
		count, refused := 0, 0
		for _, f := range forms {
			session, clean := k.again(f.role), embedded
			var before map[string]string
			if embedded {
				before = k.dump()
			}
			for _, m := range k.tamper(f) {
				if !embedded && !strings.HasPrefix(m.name, "all ") { // what the engines could take differently
					continue
				}
				w, ok := k.hand(f, m, session)
				if !ok {
					continue
				}
				count++
				where := fmt.Sprintf("%s %s as %s, %s", f.method, f.action, f.role, m.name)
				if w.Code >= 500 {
					t.Errorf("%s: %d", where, w.Code)
				}
				if w.Code < 400 {
					session, clean = k.again(f.role), false
				} else {
					refused++
				}
				for h, vs := range w.Header() {
					if s := strings.Join(vs, ""); strings.ContainsAny(s, "\r\n\x00") || h == "Set-Cookie" && strings.Contains(s, "a=b") {
						t.Errorf("%s: %s is %q", where, h, vs)
					}
				}
				if b := w.Body.Bytes(); bytes.Contains(b, []byte("goroutine ")) || bytes.Contains(b, []byte("SQLSTATE")) {
					t.Errorf("%s: our insides are shown", where)
				}
			}
			if !clean {
				continue
			}
			for table, rows := range k.dump() {
				if rows != before[table] && !slices.Contains([]string{"login", "code", "block"}, table) { // tries are counted
					t.Errorf("%s %s as %s: every try was refused, and table %s changed", f.method, f.action, f.role, table)
				}
			}
		}
		t.Logf("%d forms, %d tries, %d refused", len(forms), count, refused)
		if len(forms) < 80 || count < 1000 || refused < count/2 {
			t.Errorf("few were tried: %d forms, %d tries, %d refused", len(forms), count, refused)
		}
	})
}

// hand sends a request written by hand; false when it is none for that door.
func (k *crowd) hand(f sheetForm, m tampered, session string) (*httptest.ResponseRecorder, bool) {
	if f.method != "GET" {
		return k.send(f.method, f.action, session, m.kind, strings.NewReader(m.body)), true
	}
	if m.kind != "application/x-www-form-urlencoded" || len(m.body) > 1<<17 {
		return nil, false
	}
	path, _, _ := strings.Cut(f.action, "?")
	return k.send("GET", path+"?"+m.body, session, "", nil), true
}

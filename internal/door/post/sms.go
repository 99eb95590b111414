package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/core/notify"
)

// Gateway is the channel "sms": a gateway spoken to by HTTP.
//
// The message is a POST of Fields, as JSON or as a form, in whose values {to}, {text},
// {id}, {lang} and {subject} are replaced. With a Key it is signed (see sign). A 2xx
// takes it on; 400, 404, 410, 413 and 422 say that this number will never do; Ref is
// the field of a JSON answer with the gateway's own name for it.
type Gateway struct {
	URL    string
	Key    string
	Form   bool
	Fields map[string]string // nil: id, to, text, lang
	Ref    string            // "": ref
	Client *http.Client
	Now    func() time.Time // nil: the machine's
}

// NewGateway reads the address of a gateway. What stands behind # sets the rest:
// https://sms.example/send#form=1&field.mobile={to}&field.content=【邻里】{text}&ref=msgid
func NewGateway(address, key string, c *http.Client) (*Gateway, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the address of the SMS gateway cannot be read") // it may hold a key
	}
	set, err := url.ParseQuery(u.Fragment)
	if err != nil {
		return nil, errors.New("the settings of the SMS gateway cannot be read")
	}
	g := &Gateway{Key: key, Form: set.Get("form") == "1", Ref: set.Get("ref"), Client: c}
	for k, v := range set {
		if f, ok := strings.CutPrefix(k, "field."); ok {
			if g.Fields == nil {
				g.Fields = map[string]string{}
			}
			g.Fields[f] = v[0]
		}
	}
	u.Fragment, u.RawFragment = "", ""
	g.URL = u.String()
	return g, nil
}

// Name implements notify.Channel.
func (*Gateway) Name() string { return notify.SMS }

func (g *Gateway) now() time.Time {
	if g.Now != nil {
		return g.Now()
	}
	return time.Now()
}

// Send implements notify.Channel.
func (g *Gateway) Send(ctx context.Context, to notify.Address, m notify.Message) (string, error) {
	fields := g.Fields
	if fields == nil {
		fields = map[string]string{"id": "{id}", "to": "{to}", "text": "{text}", "lang": "{lang}"}
	}
	fill := strings.NewReplacer("{to}", to.To, "{text}", m.Text, "{id}", strconv.FormatInt(int64(m.ID), 10), "{lang}", m.Lang, "{subject}", m.Subject)
	form, obj := url.Values{}, map[string]string{}
	for k, v := range fields {
		v = fill.Replace(v)
		form.Set(k, v)
		obj[k] = v
	}
	kind, body := "application/x-www-form-urlencoded", []byte(form.Encode())
	if !g.Form {
		b, err := json.Marshal(obj)
		if err != nil {
			return "", err
		}
		kind, body = "application/json", b
	}
	b, err := call(ctx, g.Client, g.URL, kind, body, sign(g.Key, g.now(), body))
	if err != nil {
		return "", err
	}
	return ref(b, g.Ref), nil
}

// ref reads the gateway's name for a message from its answer; "" when there is none.
func ref(body []byte, field string) string {
	if field == "" {
		field = "ref"
	}
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return ""
	}
	switch s := v[field].(type) {
	case string:
		if len(s) <= 100 {
			return s
		}
	case json.Number:
		return s.String()
	}
	return ""
}

// Receipts is where a gateway says what became of messages: a POST of JSON, signed under
// the same key, {"ref": "…" or "id": "…", "state": "delivered" or "failed"}. It answers
// 204, also to what it does not know: the gateway is not to ask again.
func (g *Gateway) Receipts(take func(ctx context.Context, channel, ref string, arrived bool) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		if err != nil || !signed(g.Key, g.now(), r.Header, body) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		name, arrived, err := readReceipt(body)
		if err == nil {
			err = take(r.Context(), notify.SMS, name, arrived)
			if fail.KindOf(err) == fail.Missing {
				err = nil
			}
			if err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func readReceipt(body []byte) (ref string, arrived bool, err error) {
	var v struct {
		Ref   string      `json:"ref"`
		ID    json.Number `json:"id"`
		State string      `json:"state"`
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return "", false, err
	}
	if ref = v.Ref; ref == "" {
		ref = v.ID.String()
	}
	if ref == "" || len(ref) > 100 || v.State != "delivered" && v.State != "failed" {
		return "", false, fmt.Errorf("not a receipt")
	}
	return ref, v.State == "delivered", nil
}

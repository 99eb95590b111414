// Package post carries letters out of the house: mail, SMS gateways, robots of chat
// groups, and the sink of the demo. These are the channels behind core/notify. It also
// makes the one HTTP client with which the house calls others.
//
// Floor: door. Imports: base, core/audit (heads kept elsewhere), core/notify. Asked by: app.
package post

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/linli-town/linli/internal/core/notify"
)

var errInside = errors.New("post: the address is not a public one")

// inside are addresses that are not the public internet.
var inside = func() (out []netip.Prefix) {
	for _, s := range strings.Fields("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8") {
		out = append(out, netip.MustParsePrefix(s))
	}
	return
}()

// reach says whether an address may be dialled. It is asked with the address really
// dialled, after the name was looked up and after every redirect, so that no name and
// no redirect leads inside.
func reach(address string, allow []netip.Prefix) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := ap.Addr().Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(a) {
			return nil
		}
	}
	for _, p := range inside {
		if p.Contains(a) {
			return errInside
		}
	}
	if p := ap.Port(); p != 443 && p != 80 {
		return errInside
	}
	return nil
}

// Outbound is the client with which the house calls addresses that somebody typed: not
// loopback, private or link-local ones, and no ports but those of the web, unless allow
// names them; no proxy, three redirects, a quarter of a minute.
func Outbound(allow ...netip.Prefix) *http.Client {
	d := net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error { return reach(address, allow) }}
	return &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, MaxConnsPerHost: 8, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("post: too many redirects")
			}
			if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return errors.New("post: a redirect from https to http")
			}
			return nil
		},
	}
}

// most bounds what we read of an answer.
const most = 64 << 10

// call sends one POST that must not be redirected: it carries a message and perhaps a
// key. It answers with the body of a 2xx; the errors are those of notify.Channel.
func call(ctx context.Context, c *http.Client, address, kind string, body []byte, head map[string]string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, hide(notify.ErrNotSent, err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "linli")
	for k, v := range head {
		r.Header.Set(k, v)
	}
	direct := *c
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := direct.Do(r)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return nil, hide(notify.ErrNotSent, op.Err)
		}
		if _, ok := errors.AsType[*net.DNSError](err); ok {
			return nil, hide(notify.ErrNotSent, errors.New("no such host"))
		}
		return nil, hide(nil, err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(res.Body, most)) // the status says it all
	switch s := res.StatusCode; {
	case s >= 200 && s < 300:
		return b, nil // taken on, whatever became of the answer
	case s == 400 || s == 404 || s == 410 || s == 413 || s == 422:
		return b, fmt.Errorf("%w: status %d", notify.ErrRefused, s)
	case s < 500 || s == 503:
		return b, fmt.Errorf("%w: status %d", notify.ErrNotSent, s) // wrong key, too many, redirected, closed for now
	default:
		return b, fmt.Errorf("status %d", s)
	}
}

// hide drops the address from an error of net/http: it may hold a key.
func hide(kind, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if kind == nil {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// sign makes the headers by which the other side knows that a body is ours and fresh:
// Linli-Time, seconds, and Linli-Signature, "v1=" and the hex HMAC-SHA256 under the
// shared key of the time, a line end and the body.
func sign(key string, now time.Time, body []byte) map[string]string {
	if key == "" {
		return nil
	}
	at := strconv.FormatInt(now.Unix(), 10)
	return map[string]string{"Linli-Time": at, "Linli-Signature": "v1=" + mac(key, at, body)}
}

func mac(key, at string, body []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(at + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// signed reports whether a request's body was signed under the key within five minutes.
func signed(key string, now time.Time, head http.Header, body []byte) bool {
	at := head.Get("Linli-Time")
	sec, err := strconv.ParseInt(at, 10, 64)
	if err != nil || key == "" || now.Sub(time.Unix(sec, 0)).Abs() > 5*time.Minute {
		return false
	}
	return hmac.Equal([]byte("v1="+mac(key, at, body)), []byte(head.Get("Linli-Signature")))
}

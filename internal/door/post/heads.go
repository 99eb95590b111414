package post

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/linli-town/linli/internal/core/audit"
)

// HeadHook keeps heads of the audit chain elsewhere, by a signed POST of
// {"seq": …, "hash": "…", "at": "…"}: with a neighbour, an archive, another department.
type HeadHook struct {
	URL, Key string
	Client   *http.Client
}

// NewHeadHook reads the address heads are sent to.
func NewHeadHook(address, key string, c *http.Client) (HeadHook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return HeadHook{}, errors.New("the address of the audit hook cannot be read") // it may hold a key
	}
	return HeadHook{URL: address, Key: key, Client: c}, nil
}

// Keep implements audit.Heads.
func (h HeadHook) Keep(ctx context.Context, head audit.Head) error {
	b, err := json.Marshal(head)
	if err != nil {
		return err
	}
	_, err = call(ctx, h.Client, h.URL, "application/json", b, sign(h.Key, time.Now(), b))
	return err
}

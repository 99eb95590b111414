package post

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/core/notify"
)

// Robot posts into one group of WeCom, DingTalk or Feishu by the address that group's
// robot has. It says no more than an SMS would: many read it.
type Robot struct {
	kind   string // wecom, dingtalk, feishu
	url    string
	secret string
	client *http.Client
	now    func() time.Time
}

// NewRobot reads a robot's address. Its kind is told by the host, or by a prefix as in
// feishu+https://proxy.example/…; a signing secret stands behind #.
func NewRobot(address string, c *http.Client) (*Robot, error) {
	kind, rest, ok := strings.Cut(address, "+http")
	if ok && !strings.Contains(kind, "/") {
		address = "http" + rest
	} else {
		kind = ""
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the address of the robot cannot be read") // it holds a key
	}
	for k, host := range map[string]string{"wecom": "qyapi.weixin.qq.com", "dingtalk": "oapi.dingtalk.com", "feishu": "open.feishu.cn"} {
		if kind == "" && u.Hostname() == host {
			kind = k
		}
	}
	if kind != "wecom" && kind != "dingtalk" && kind != "feishu" {
		return nil, errors.New("a robot is of WeCom, DingTalk or Feishu: write wecom+https://…")
	}
	r := &Robot{kind: kind, secret: u.Fragment, client: c, now: time.Now}
	u.Fragment, u.RawFragment = "", ""
	r.url = u.String()
	return r, nil
}

// Name implements notify.Channel.
func (r *Robot) Name() string { return r.kind }

// Send implements notify.Channel; to is not looked at.
func (r *Robot) Send(ctx context.Context, _ notify.Address, m notify.Message) (string, error) {
	at := r.url
	text := map[string]string{"content": m.Text}
	body := map[string]any{"msgtype": "text", "text": text}
	switch {
	case r.kind == "feishu":
		body = map[string]any{"msg_type": "text", "content": map[string]string{"text": m.Text}}
		if r.secret != "" {
			sec := strconv.FormatInt(r.now().Unix(), 10)
			body["timestamp"], body["sign"] = sec, seal(sec+"\n"+r.secret, "")
		}
	case r.kind == "dingtalk" && r.secret != "":
		ms := strconv.FormatInt(r.now().UnixMilli(), 10)
		u, err := url.Parse(at)
		if err != nil {
			return "", err
		}
		q := u.Query()
		q.Set("timestamp", ms)
		q.Set("sign", seal(r.secret, ms+"\n"+r.secret))
		u.RawQuery = q.Encode()
		at = u.String()
	}
	b, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	b, err = call(ctx, r.client, at, "application/json", b, nil)
	if errors.Is(err, notify.ErrRefused) {
		return "", fmt.Errorf("%w: %v", notify.ErrNotSent, err) // there is but one address: that the robot is gone is to be seen
	}
	if err != nil {
		return "", err
	}
	return "", answer(b)
}

// answer reads a robot's answer: they all say 200, and whether it is true stands inside.
func answer(b []byte) error {
	var v struct {
		Errcode *int `json:"errcode"`
		Code    *int `json:"code"`
	}
	if json.Unmarshal(b, &v) != nil {
		return errors.New("the robot's answer cannot be read")
	}
	for _, c := range []*int{v.Errcode, v.Code} {
		if c != nil && *c != 0 {
			return fmt.Errorf("%w: the robot says %d", notify.ErrNotSent, *c)
		}
	}
	return nil
}

func seal(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

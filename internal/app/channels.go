package app

import (
	"fmt"
	"net/http"
	"net/netip"

	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/door/post"
	"github.com/linli-town/linli/internal/door/web"
)

// channels are the ways out that the configuration names. None is needed: the inbox is
// always there.
func (t *town) channels() error {
	c := t.cfg
	var allow []netip.Prefix
	for _, s := range c.Inside {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("may-call: %w", err)
		}
		allow = append(allow, p)
	}
	out := post.Outbound(allow...)
	if c.SMTP != "" {
		m, err := post.NewMail(c.SMTP, c.From)
		if err != nil {
			return err
		}
		t.letters.Via = append(t.letters.Via, m)
	}
	if c.SMS != "" {
		g, err := post.NewGateway(c.SMS, c.SMSKey, out)
		if err != nil {
			return err
		}
		t.letters.Via = append(t.letters.Via, g)
		t.receipts = g.Receipts(t.letters.Receipt)
	}
	if c.Hook != "" {
		h, err := post.NewHeadHook(c.Hook, c.HookKey, out)
		if err != nil {
			return err
		}
		t.hook = newHook(h, t.log)
		t.sealer.Heads = append(t.sealer.Heads, t.hook)
	}
	if c.Robot != "" {
		r, err := post.NewRobot(c.Robot, out)
		if err != nil {
			return err
		}
		t.letters.Group = append(t.letters.Group, r)
	}
	t.letters.Caps = map[string]notify.Cap{notify.SMS: {Messages: int64(c.SMSDay)}}
	return nil
}

// sink has all messages stay in memory, for the demo. Call it before anything runs.
func (t *town) sink() *post.Demo {
	d := &post.Demo{Now: t.db.Now}
	t.letters.Via = []notify.Channel{d.Channel(notify.Email), d.Channel(notify.SMS)}
	t.letters.Group = []notify.Channel{d.Channel("robot")}
	t.letters.Register(t.runner)
	return d
}

// receiptsAt is where a gateway says what became of messages.
const receiptsAt = "POST /hook/sms"

func (t *town) hooks(m *http.ServeMux) {
	if t.receipts != nil {
		m.Handle(receiptsAt, t.receipts)
	}
}

// sent is what the demo's sink holds, for its page.
func (t *town) sent() (out []web.SentMessage) {
	for _, k := range t.box.Sent() {
		out = append(out, web.SentMessage{At: k.At, Channel: k.Channel, To: k.To, Text: k.Msg.Text})
	}
	return out
}

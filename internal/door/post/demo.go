package post

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/core/notify"
)

// Demo is the sink of the demo: what would have gone out stays in memory, where the
// demo's page shows it. The oldest goes when it is full.
type Demo struct {
	Now  func() time.Time // nil: the machine's
	Most int              // zero: 500

	mu   sync.Mutex
	kept []Kept
}

// Kept is a message that would have gone out.
type Kept struct {
	At      time.Time
	Channel string
	To      string
	Msg     notify.Message
}

// Channel is the sink as the channel of that name.
func (d *Demo) Channel(name string) notify.Channel { return sink{d, name} }

// Sent lists what is kept, the newest first.
func (d *Demo) Sent() []Kept {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := slices.Clone(d.kept)
	slices.Reverse(out)
	return out
}

// To lists what went to one address, the newest first.
func (d *Demo) To(to string) (out []Kept) {
	for _, k := range d.Sent() {
		if k.To == to {
			out = append(out, k)
		}
	}
	return out
}

type sink struct {
	d    *Demo
	name string
}

func (s sink) Name() string { return s.name }

func (s sink) Send(_ context.Context, to notify.Address, m notify.Message) (string, error) {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now
	if d.Now != nil {
		now = d.Now
	}
	most := d.Most
	if most == 0 {
		most = 500
	}
	if len(d.kept) >= most {
		d.kept = append(d.kept[:0], d.kept[len(d.kept)-most+1:]...)
	}
	d.kept = append(d.kept, Kept{now(), s.name, to.To, m})
	return "demo-" + strconv.FormatInt(int64(m.ID), 10), nil
}

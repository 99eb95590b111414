package app

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/linli-town/linli/internal/core/audit"
)

// hook brings heads of the chain to somebody outside, one after the other and by itself,
// so that the sealer never waits for them. What could not be brought is tried again with
// the newest head, which stands for all before it.
type hook struct {
	to    audit.Heads
	log   *slog.Logger
	again time.Duration // after a failure; 0: a minute

	mu   sync.Mutex
	head audit.Head // to be brought; none: Seq 0
	news chan struct{}
}

func newHook(to audit.Heads, log *slog.Logger) *hook {
	return &hook{to: to, log: log, news: make(chan struct{}, 1)}
}

// Keep implements audit.Heads: it takes the head down and returns.
func (h *hook) Keep(_ context.Context, head audit.Head) error {
	h.mu.Lock()
	h.head = head
	h.mu.Unlock()
	select {
	case h.news <- struct{}{}:
	default:
	}
	return nil
}

// run brings heads until ctx ends, and then the last one, if that is quickly done.
func (h *hook) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-h.news:
			if err := h.bring(ctx); err != nil && ctx.Err() == nil {
				h.log.ErrorContext(ctx, "audit hook", "err", err)
				select {
				case <-ctx.Done():
				case <-time.After(cmp.Or(h.again, time.Minute)):
				}
				select {
				case h.news <- struct{}{}:
				default:
				}
			}
		}
	}
}

// bring sends the newest head that has not been taken.
func (h *hook) bring(ctx context.Context) error {
	h.mu.Lock()
	head := h.head
	h.mu.Unlock()
	if head.Seq == 0 {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	if err := h.to.Keep(ctx, head); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.head == head {
		h.head = audit.Head{}
	}
	return nil
}

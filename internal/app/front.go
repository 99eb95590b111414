package app

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// front is the doors of a town. One that was started before its places were there looks
// for them as people come, at most once a second, and opens its doors anew when they are:
// after 'linli import places' nothing has to be started again.
type front struct {
	t    *town
	open atomic.Pointer[http.Handler]

	mu   sync.Mutex
	next time.Time // to look again
	done atomic.Bool
}

func (t *town) front() *front {
	f := &front{t: t}
	f.build()
	f.done.Store(t.root.ID != 0)
	return f
}

func (f *front) build() {
	h := f.t.doors()
	f.open.Store(&h)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.done.Load() && f.mu.TryLock() { // the others need not wait for the one who looks
		if now := time.Now(); now.After(f.next) {
			f.next = now.Add(time.Second)
			switch err := f.t.find(r.Context()); {
			case err != nil:
				f.t.log.ErrorContext(r.Context(), "subdistrict", "err", err)
			case f.t.root.ID != 0:
				f.build()
				f.done.Store(true)
			}
		}
		f.mu.Unlock()
	}
	(*f.open.Load()).ServeHTTP(w, r)
}

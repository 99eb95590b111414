package db

import "sync"

// ears are those of this process who want to know of commits that told of something.
type ears struct {
	mu sync.Mutex
	on map[string][]chan struct{}
}

// Tell wakes, after the commit and only then, those of this process who listen for
// topic. It spares them waiting until they look by themselves; it carries nothing,
// and what another node commits is not heard.
func (tx *Tx) Tell(topic string) {
	for _, t := range tx.told {
		if t == topic {
			return
		}
	}
	tx.told = append(tx.told, topic)
}

// Hear gives a channel that has something in it after every commit that told of
// topic; many commits may be one. Listeners are few and live as long as the DB.
func (d *DB) Hear(topic string) <-chan struct{} {
	c := make(chan struct{}, 1)
	d.ears.mu.Lock()
	defer d.ears.mu.Unlock()
	if d.ears.on == nil {
		d.ears.on = map[string][]chan struct{}{}
	}
	d.ears.on[topic] = append(d.ears.on[topic], c)
	return c
}

func (d *DB) wake(topics []string) {
	if len(topics) == 0 {
		return
	}
	d.ears.mu.Lock()
	defer d.ears.mu.Unlock()
	for _, t := range topics {
		for _, c := range d.ears.on[t] {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

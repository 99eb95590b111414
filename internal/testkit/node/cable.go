package node

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Cable carries TCP connections to an address until it is cut.
type Cable struct {
	Addr string

	to    string
	mu    sync.Mutex
	state Cut
	news  *sync.Cond
	conns map[net.Conn]bool
	over  bool
}

// Cut is what is wrong with a cable.
type Cut int

const (
	Whole   Cut = iota
	Pulled      // nothing arrives, nothing is closed
	Refused     // connections are reset, and new ones refused
	Deaf        // questions arrive, answers do not: a commit happens and nobody hears of it
)

// NewCable lays a cable to an address. It ends with the test.
func NewCable(t testing.TB, to string) *Cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cable{Addr: l.Addr().String(), to: to, conns: map[net.Conn]bool{}}
	c.news = sync.NewCond(&c.mu)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { c.carry(in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		c.mu.Lock()
		c.over = true
		c.reset()
		c.mu.Unlock()
		wg.Wait()
	})
	return c
}

// Set cuts the cable, or mends it.
func (c *Cable) Set(s Cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state = s; s == Refused {
		c.reset()
	}
	c.news.Broadcast()
}

// Reset ends every connection with a reset.
func (c *Cable) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
}

func (c *Cable) reset() {
	for k := range c.conns {
		k.(*net.TCPConn).SetLinger(0)
		k.Close()
	}
	clear(c.conns)
	c.news.Broadcast()
}

// hold keeps a connection where Reset finds it; false when there is none to be had.
func (c *Cable) hold(k net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.state == Refused {
		k.(*net.TCPConn).SetLinger(0)
		k.Close()
		return false
	}
	c.conns[k] = true
	return true
}

func (c *Cable) carry(in net.Conn) {
	if !c.hold(in) {
		return
	}
	out, err := net.DialTimeout("tcp", c.to, 5*time.Second)
	if err != nil {
		in.(*net.TCPConn).SetLinger(0)
		in.Close()
		return
	}
	if !c.hold(out) {
		in.Close()
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { c.pump(out, in, Pulled) })
	wg.Go(func() { c.pump(in, out, Pulled, Deaf) })
	wg.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, in)
	delete(c.conns, out)
}

// pump carries one way, and waits while the cable is cut that way.
func (c *Cable) pump(to io.WriteCloser, from io.ReadCloser, cut ...Cut) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if !c.wait(from.(net.Conn), cut) {
			return
		}
		if n > 0 {
			if _, e := to.Write(b[:n]); e != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait waits while the cable is cut so; false when the connection was reset meanwhile.
func (c *Cable) wait(k net.Conn, cut []Cut) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if c.over || !c.conns[k] {
			return false
		}
		blocked := false
		for _, s := range cut {
			blocked = blocked || c.state == s
		}
		if !blocked {
			return true
		}
		c.news.Wait()
	}
}

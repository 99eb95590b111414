package testkit

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// MailServer is a mail server that keeps what it is given.
type MailServer struct {
	Addr string
	// Say, when set, answers a command instead: "550 5.1.1 no such user". "" goes on;
	// "hang up" ends the connection. It is asked with the whole line, and with "." at
	// the end of a mail.
	Say func(line string) string

	mu    sync.Mutex
	mails []Mail
	conns []net.Conn
}

// Mail is one mail as it came over the wire.
type Mail struct {
	From string
	To   []string
	Data string
}

// Mails lists what came, the oldest first.
func (s *MailServer) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// SMTP starts a mail server for one test.
func SMTP(t testing.TB) *MailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &MailServer{Addr: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			wg.Go(func() { defer c.Close(); s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for _, c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		wg.Wait()
	})
	return s
}

func (s *MailServer) serve(c net.Conn) {
	in := bufio.NewReader(c)
	say := func(format string, a ...any) { fmt.Fprintf(c, format+"\r\n", a...) }
	say("220 fake ESMTP")
	var m Mail
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		if s.Say != nil {
			switch a := s.Say(line); a {
			case "":
			case "hang up":
				return
			default:
				say("%s", a)
				continue
			}
		}
		cmd, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(cmd) {
		case "EHLO", "HELO":
			say("250-fake\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN")
		case "AUTH":
			say("235 welcome")
		case "MAIL":
			m = Mail{From: angle(rest)}
			say("250 ok")
		case "RCPT":
			m.To = append(m.To, angle(rest))
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(l, "."))
			}
			if m.Data = b.String(); s.Say != nil {
				if a := s.Say("."); a == "hang up" {
					return
				} else if a != "" {
					say("%s", a)
					continue
				}
			}
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func angle(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

// Call is one request that came to a Hook.
type Call struct {
	Path, Body string
	Header     http.Header
}

// Hook is a web server that keeps what is posted to it: an SMS gateway, a robot.
type Hook struct {
	URL    string
	Answer func(w http.ResponseWriter, c Call) // nil: 200 and {}

	mu    sync.Mutex
	calls []Call
}

// Calls lists what came, the oldest first.
func (h *Hook) Calls() []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Call(nil), h.calls...)
}

// Gateway starts a Hook for one test.
func Gateway(t testing.TB) *Hook {
	t.Helper()
	h := &Hook{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		c := Call{r.URL.RequestURI(), string(b), r.Header}
		h.mu.Lock()
		h.calls = append(h.calls, c)
		h.mu.Unlock()
		if h.Answer != nil {
			h.Answer(w, c)
			return
		}
		io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	h.URL = s.URL
	return h
}

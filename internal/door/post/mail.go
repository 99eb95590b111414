package post

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/linli-town/linli/internal/core/notify"
)

// Mail is the channel "email": one mail server.
type Mail struct {
	from   *netmail.Address
	host   string
	domain string
	tls    bool // from the start
	opts   []mail.Option
}

// NewMail reads the address of a mail server: smtp://user:password@host:port asks for
// STARTTLS, smtps:// speaks TLS from the start, and ?tls=none speaks plainly (to a server
// on the same machine). From is the sender, "邻里 <linli@example.cn>".
func NewMail(server, from string) (*Mail, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("the address of the mail server cannot be read") // it holds a password
	}
	m := &Mail{host: u.Hostname()}
	if m.from, err = netmail.ParseAddress(from); err != nil {
		return nil, fmt.Errorf("the sender of mails: %w", err)
	}
	_, m.domain, _ = strings.Cut(m.from.Address, "@")
	port := 587
	switch {
	case u.Scheme == "smtps":
		port = 465
		m.tls = true
		m.opts = append(m.opts, mail.WithSSL())
	case u.Scheme != "smtp":
		return nil, fmt.Errorf("a mail server is smtp:// or smtps://, not %q", u.Scheme)
	case u.Query().Get("tls") == "none":
		port = 25
		m.opts = append(m.opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		m.opts = append(m.opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, err
		}
	}
	m.opts = append(m.opts, mail.WithPort(port), mail.WithTimeout(30*time.Second), mail.WithHELO(m.domain), mail.WithoutNoop(),
		mail.WithTLSConfig(&tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}))
	if u.User != nil {
		pass, _ := u.User.Password()
		auth := mail.SMTPAuthAutoDiscover
		if u.Query().Get("tls") == "none" {
			auth = mail.SMTPAuthPlainNoEnc
		}
		m.opts = append(m.opts, mail.WithUsername(u.User.Username()), mail.WithPassword(pass), mail.WithSMTPAuth(auth))
	}
	return m, nil
}

// Name implements notify.Channel.
func (*Mail) Name() string { return notify.Email }

// Send implements notify.Channel. The mail's name is the letter's, so that a double is
// known for one.
func (m *Mail) Send(ctx context.Context, to notify.Address, in notify.Message) (string, error) {
	addr, err := netmail.ParseAddress(to.To)
	if err != nil || addr.Address != to.To {
		return "", fmt.Errorf("%w: not an address", notify.ErrRefused)
	}
	ref := fmt.Sprintf("%d@%s", in.ID, m.domain)
	msg := m.write(addr, in, ref)
	whole, stop := context.WithCancel(ctx)
	defer stop()
	// The connection is ours to close, whatever goes wrong on it: the library leaves it
	// open when a server has no STARTTLS.
	var conn net.Conn
	dial := func(ctx context.Context, network, address string) (_ net.Conn, err error) {
		d := net.Dialer{Timeout: 10 * time.Second}
		if conn, err = d.DialContext(ctx, network, address); err == nil && m.tls {
			conn = tls.Client(conn, &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12})
		}
		if c := conn; err == nil {
			context.AfterFunc(whole, func() { c.Close() }) // the library's own ctx ends with the dialling
		}
		return conn, err
	}
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	c, err := mail.NewClient(m.host, append(m.opts[:len(m.opts):len(m.opts)], mail.WithDialContextFunc(dial))...)
	if err != nil {
		return "", fmt.Errorf("%w: %w", notify.ErrNotSent, err)
	}
	s, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", notify.ErrNotSent, err)
	}
	defer c.CloseWithSMTPClient(s) // after the server has taken it, a bad good-bye changes nothing
	if err := c.SendWithSMTPClient(s, msg); err != nil {
		return "", judge(err)
	}
	return ref, nil
}

func (m *Mail) write(to *netmail.Address, in notify.Message, ref string) *mail.Msg {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(to)
	msg.Subject(strings.Join(strings.Fields(in.Subject), " "))
	msg.SetMessageIDWithValue(ref)
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("Content-Language", cmp.Or(in.Lang, "zh-Hans"))
	if in.Stop != "" {
		msg.SetGenHeaderPreformatted(mail.HeaderListUnsubscribe, "<"+in.Stop+">")
		msg.SetGenHeader(mail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	text := in.Text
	if in.Foot != "" {
		text += "\n\n-- \n" + in.Foot
	}
	msg.SetBodyString(mail.TypeTextPlain, text+"\n")
	return msg
}

// judge says of what a mail server answered which error of a channel it is.
func judge(err error) error {
	e, ok := errors.AsType[*mail.SendError](err)
	if !ok {
		return err
	}
	switch e.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose, mail.ErrSMTPMailFrom:
		if c := e.ErrorCode(); c >= 500 && c < 600 {
			if e.Reason == mail.ErrSMTPMailFrom {
				return fmt.Errorf("%w: %w", notify.ErrNotSent, err) // our fault, not the address's
			}
			return fmt.Errorf("%w: %w", notify.ErrRefused, err)
		} else if c >= 400 {
			return fmt.Errorf("%w: %w", notify.ErrNotSent, err)
		}
		if e.Reason == mail.ErrSMTPDataClose {
			return err // the end of the mail went out, and no answer came
		}
		return fmt.Errorf("%w: %w", notify.ErrNotSent, err)
	case mail.ErrWriteContent:
		if _, ok := errors.AsType[net.Error](err); ok {
			return err
		}
	}
	return fmt.Errorf("%w: %w", notify.ErrNotSent, err)
}

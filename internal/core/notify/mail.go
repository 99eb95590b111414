package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

// Mails about a thing to a person are: asked (somebody typed the address, so nothing
// but the question goes there), confirmed, open (never asked: the person reported it),
// stopped.
const (
	mailAsked     = "asked"
	mailConfirmed = "confirmed"
	mailOpen      = "open"
	mailStopped   = "stopped"
)

// AskEmail asks a person by e-mail whether letters about a thing may come there. Until
// they say yes, none do. Somebody who ended mails altogether is not even asked, and
// nobody is asked more than five times a day or twice about one thing in a day.
func AskEmail(tx *db.Tx, person, about id.ID) error {
	all, err := mailAt(tx, person, 0)
	if err != nil || all == mailStopped {
		return err
	}
	switch state, err := mailAt(tx, person, about); {
	case err != nil:
		return err
	case state == mailConfirmed, state == mailOpen:
		return nil
	}
	day := tx.Now().UnixMilli() / (24 * 3600 * 1000)
	asked, err := db.All(tx, scanID, `select id from letter where person = $1 and kind = '`+confirm+`' and due >= $2`, person, day*24*3600*1000)
	if err != nil || len(asked) >= 5 {
		return err
	}
	if err := setMail(tx, person, about, mailAsked); err != nil {
		return err
	}
	return Post(tx, Letter{To: person, Kind: confirm, About: about, Urgent: true, Key: fmt.Sprintf("%s:%d:%d", confirm, about, day)})
}

// AllowEmail notes that the person wants mails about a thing: they reported it, or
// asked for it signed in.
func AllowEmail(tx *db.Tx, person, about id.ID) error { return setMail(tx, person, about, mailOpen) }

// Mail says what a token of a mail is about.
type Mail struct {
	Person id.ID
	About  id.ID // 0: everything
	State  string
}

// LookMail says what a token of either kind is about, for the page that asks once more.
// Missing notify.token if it is none.
func (d Desk) LookMail(ctx context.Context, token string) (_ Mail, err error) {
	defer fail.Wrap(&err, "notify.LookMail")
	n, ok := d.read("yes", token)
	if !ok {
		if n, ok = d.read("stop", token); !ok {
			return Mail{}, fail.New(fail.Missing, "notify.token")
		}
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) (Mail, error) { return mailByID(tx, n) })
}

// EndsMail reports whether a token is one that ends mails. It asks nobody.
func (d Desk) EndsMail(token string) bool { _, ok := d.read("stop", token); return ok }

// ConfirmEmail takes the yes of whoever reads the mail. Missing notify.token if it is
// none; Conflict notify.token.old a week after the question.
func (d Desk) ConfirmEmail(ctx context.Context, token string) (_ Mail, err error) {
	defer fail.Wrap(&err, "notify.ConfirmEmail")
	n, ok := d.read("yes", token)
	if !ok {
		return Mail{}, fail.New(fail.Missing, "notify.token")
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Mail, error) {
		m, err := mailByID(tx, n)
		if err != nil {
			return m, err
		}
		if m.State != mailAsked {
			if m.State == mailStopped {
				err = fail.New(fail.Conflict, "notify.token.old")
			}
			return m, err
		}
		k, err := tx.Exec(`update mail set state = 'confirmed', at = $1 where id = $2 and at >= $3`, db.Ms(tx.Now()), n, db.Ms(tx.Now().AddDate(0, 0, -7)))
		if err == nil && k == 0 {
			err = fail.New(fail.Conflict, "notify.token.old")
		}
		m.State = mailConfirmed
		return m, err
	})
}

// StopEmail ends mails about a thing, or about everything. It works for ever and asks
// for nothing. Missing notify.token if the token is none.
func (d Desk) StopEmail(ctx context.Context, token string, everything bool) (_ Mail, err error) {
	defer fail.Wrap(&err, "notify.StopEmail")
	n, ok := d.read("stop", token)
	if !ok {
		return Mail{}, fail.New(fail.Missing, "notify.token")
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Mail, error) {
		m, err := mailByID(tx, n)
		if err != nil {
			return m, err
		}
		if m.State = mailStopped; everything {
			m.About = 0
		}
		return m, setMail(tx, m.Person, m.About, mailStopped)
	})
}

func mailAt(tx *db.Tx, person, about id.ID) (string, error) {
	s, err := db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return }, `select state from mail where person = $1 and about = $2`, person, about)
	if len(s) == 0 {
		return "", err
	}
	return s[0], err
}

// mailState is what holds for a mail about a thing: an end to everything ends it too.
func mailState(tx *db.Tx, person, about id.ID) (string, error) {
	all, err := mailAt(tx, person, 0)
	if err != nil || all == mailStopped || about == 0 {
		return all, err
	}
	return mailAt(tx, person, about)
}

func setMail(tx *db.Tx, person, about id.ID, state string) error {
	_, err := tx.Exec(`
		insert into mail (id, person, about, state, at) values ($1, $2, $3, $4, $5)
		on conflict (person, about) do update set state = excluded.state, at = excluded.at`,
		id.New(tx.Now()), person, about, state, db.Ms(tx.Now()))
	return err
}

// mailRow is the row of mails about a thing, made if there is none.
func mailRow(tx *db.Tx, person, about id.ID) (id.ID, error) {
	if _, err := tx.Exec(`insert into mail (id, person, about, state, at) values ($1, $2, $3, $4, $5) on conflict (person, about) do nothing`,
		id.New(tx.Now()), person, about, mailOpen, db.Ms(tx.Now())); err != nil {
		return 0, err
	}
	return db.One(tx, "notify.token", scanID, `select id from mail where person = $1 and about = $2`, person, about)
}

func mailByID(tx *db.Tx, n id.ID) (Mail, error) {
	return db.One(tx, "notify.token", func(r db.Row) (m Mail, err error) {
		err = r.Scan(&m.Person, &m.About, &m.State)
		return
	}, `select person, about, state from mail where id = $1`, n)
}

// token is 192 bits: the row, and 128 of a hash that only the holder of the secret makes.
// Nothing of it is kept.
func (d Desk) token(what string, row id.ID) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(row))
	return base64.RawURLEncoding.EncodeToString(append(b, d.mac(what, b)...))
}

func (d Desk) mac(what string, b []byte) []byte {
	h := hmac.New(sha256.New, d.Secret)
	h.Write([]byte("linli mail " + what + "\n"))
	h.Write(b)
	return h.Sum(nil)[:16]
}

func (d Desk) read(what, token string) (id.ID, bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(token) != 32 || len(b) != 24 || // base64 passes over line ends
		len(d.Secret) < 16 || !hmac.Equal(b[8:], d.mac(what, b[:8])) {
		return 0, false
	}
	return id.ID(binary.BigEndian.Uint64(b)), true
}

package notify

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
)

// Direct sends a message at once and keeps nothing of it: a code that somebody waits
// for. It counts towards the channel's day as an urgent letter does.
//
// Busy notify.spent when the channel carries no more today; Busy notify.down when it
// fails; Invalid notify.refused when the address will not do; Missing notify.nowhere
// when there is no such channel.
func (d Desk) Direct(ctx context.Context, channel, to string, m Message) (err error) {
	defer fail.Wrap(&err, "notify.Direct")
	c := d.channel(channel)
	if c == nil {
		return fail.New(fail.Missing, whyNowhere)
	}
	fen := parts(m.Text) * d.Caps[channel].Fen
	type taken struct {
		id   id.ID
		date string
	}
	of, err := db.Do(ctx, d.DB, func(tx *db.Tx) (taken, error) {
		date := d.date(tx.Now())
		ds, err := days(tx, date)
		if err != nil {
			return taken{}, err
		}
		if y := ds[channel]; !d.Caps[channel].carries(true, y.sent-y.failed, y.spent, parts(m.Text)) {
			return taken{}, fail.New(fail.Busy, whySpent)
		}
		return taken{id.New(tx.Now()), date}, took(tx, date, channel, fen)
	})
	if err != nil {
		return err
	}
	m.ID = of.id
	_, sendErr := send(ctx, c, Address{to}, m)
	refused := errors.Is(sendErr, ErrRefused)
	_, err = db.Do(context.WithoutCancel(ctx), d.DB, func(tx *db.Tx) (int, error) {
		switch {
		case sendErr == nil:
			return 0, went(tx, of.date, channel)
		case refused:
			return 0, failed(tx, of.date, channel, whyRefused, 0, fen)
		}
		return 0, failed(tx, of.date, channel, whyDown, 1, 0)
	})
	switch {
	case refused:
		return &fail.Error{Kind: fail.Invalid, Code: whyRefused, Err: sendErr}
	case sendErr != nil:
		return &fail.Error{Kind: fail.Busy, Code: whyDown, Err: sendErr}
	}
	return err
}

// Sealed is the work of sending what PostDirect sealed.
type Sealed struct {
	Box []byte `json:"box"`
}

// Kind implements job.Work.
func (Sealed) Kind() string { return "notify.direct" }

type parcel struct {
	Channel, To string
	Msg         Message
	Until       time.Time
}

// PostDirect is Direct from within a transaction: once it is committed the message goes
// out, tried again until it is taken on or until has passed. Until then it lies with
// the jobs, readable with the secret only; it is for codes, which live for minutes.
func (d Desk) PostDirect(tx *db.Tx, channel, to string, m Message, until time.Time) error {
	b, err := json.Marshal(parcel{channel, to, m, until})
	if err != nil {
		return err
	}
	box, err := d.box()
	if err != nil {
		return err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce)
	return job.Put(tx, tx.Now(), Sealed{box.Seal(nonce, nonce, b, nil)})
}

func (d Desk) box() (cipher.AEAD, error) {
	if len(d.Secret) < 16 {
		return nil, errors.New("notify: a secret of 16 bytes or more is needed")
	}
	h := hmac.New(sha256.New, d.Secret)
	h.Write([]byte("linli parcel"))
	c, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(c)
}

func (d Desk) sealed(ctx context.Context, s Sealed) error {
	box, err := d.box()
	if err != nil {
		return err
	}
	if len(s.Box) < box.NonceSize() {
		return job.Hopeless(errors.New("not a parcel"))
	}
	b, err := box.Open(nil, s.Box[:box.NonceSize()], s.Box[box.NonceSize():], nil)
	if err != nil {
		return nil // sealed under another secret: nobody waits for it any more
	}
	var p parcel
	if err := json.Unmarshal(b, &p); err != nil {
		return job.Hopeless(err)
	}
	if d.DB.Now().After(p.Until) {
		return nil
	}
	err = d.Direct(ctx, p.Channel, p.To, p.Msg)
	if k := fail.KindOf(err); k == fail.Invalid || k == fail.Missing {
		return nil // the address will not do, and whoever waits sees that nothing comes
	}
	return err
}

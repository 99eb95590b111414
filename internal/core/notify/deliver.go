package notify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/core/people"
)

var beijing = time.FixedZone("CST", 8*3600)

func (d Desk) zone() *time.Location {
	if d.Zone == nil {
		return beijing
	}
	return d.Zone
}

func (d Desk) date(t time.Time) string { return t.In(d.zone()).Format(time.DateOnly) }

func (d Desk) log() *slog.Logger { return cmp.Or(d.Log, slog.New(slog.DiscardHandler)) }

// limit bounds one Send, whatever the channel does.
const limit = 45 * time.Second

// trip is a message that is about to go out.
type trip struct {
	line line
	by   Channel // nil: nothing to send
	to   Address
	msg  Message
	date string
	fen  int64
}

// Deliver brings a letter one step further: it sends it, or puts it off, or lets it be.
// Doing it twice is as good as once.
func (d Desk) Deliver(ctx context.Context, w Deliver) (err error) {
	defer fail.Wrap(&err, "notify.Deliver(%d)", w.Letter)
	t, err := db.Do(ctx, d.DB, func(tx *db.Tx) (trip, error) { return d.ready(tx, w.Letter) })
	if err != nil || t.by == nil {
		return err
	}
	ref, sendErr := send(ctx, t.by, t.to, t.msg)
	// What became of it is kept even when we are told to stop: it would be sent again.
	_, err = db.Do(context.WithoutCancel(ctx), d.DB, func(tx *db.Tx) (int, error) { return 0, d.settle(tx, t, ref, sendErr) })
	return err
}

func send(ctx context.Context, c Channel, to Address, m Message) (string, error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	return c.Send(ctx, to, m)
}

// ready decides about a letter and makes it ready to go.
func (d Desk) ready(tx *db.Tx, n id.ID) (t trip, err error) {
	l, err := load(tx, n)
	if fail.KindOf(err) == fail.Missing {
		return t, nil // taken back
	}
	if err != nil || l.state != Waiting {
		return t, err
	}
	f, lang, err := d.facts(tx, l)
	if err != nil {
		return t, err
	}
	s := decide(f)
	switch {
	case !s.until.IsZero():
		return t, job.Put(tx, s.until, Deliver{n})
	case s.skip != "":
		l.state, l.err = s.state, cmp.Or(l.err, s.skip)
		return t, save(tx, l)
	}
	t = trip{line: l, to: Address{f.to[s.send]}, date: d.date(tx.Now())}
	if t.msg, err = d.words(tx, l.Letter, s.send, lang); errors.Is(err, ErrMoot) || fail.KindOf(err) == fail.Missing {
		l.state, l.err = Skipped, whyMoot
		return trip{}, save(tx, l)
	}
	if err != nil {
		return trip{}, err
	}
	t.by, t.fen = d.channel(s.send), parts(t.msg.Text)*d.Caps[s.send].Fen
	if l.channel != s.send {
		l.channel, l.tries = s.send, 0
	}
	l.tries++
	l.sent = tx.Now()
	if !l.Urgent {
		l.state = Sent // and stays so if we die now: at most once
	}
	t.line = l
	if err := took(tx, t.date, s.send, t.fen); err != nil {
		return trip{}, err
	}
	return t, save(tx, l)
}

// facts gathers what deciding takes, and the person's language.
func (d Desk) facts(tx *db.Tx, l line) (f facts, lang string, err error) {
	f = facts{now: tx.Now(), zone: d.zone(), letter: l.Letter, past: words(l.past), wish: Default(),
		most: cmp.Or(d.PerDay, 10), to: map[string]string{}, full: map[string]bool{}, down: map[string]bool{}}
	there := d.Via
	if l.To == 0 {
		there = d.Group
	}
	ds, err := days(tx, d.date(f.now))
	if err != nil {
		return f, "", err
	}
	for _, c := range there {
		n, y := c.Name(), ds[c.Name()]
		f.order = append(f.order, n)
		f.full[n] = !d.Caps[n].carries(l.Urgent, y.sent-y.failed, y.spent, 1)
		f.down[n] = y.bad >= 5 && f.now.Before(y.errAt.Add(rest))
	}
	if l.To == 0 {
		return f, "", nil
	}
	phone, email, lang, err := people.Reachable(tx, l.To)
	if err != nil && fail.KindOf(err) != fail.Missing {
		return f, "", err
	}
	f.to[SMS], f.to[Email] = phone, email
	if f.wish, err = wishOf(tx, l.To); err != nil {
		return f, "", err
	}
	if f.mail, err = mailState(tx, l.To, l.About); err != nil {
		return f, "", err
	}
	at := f.now.In(f.zone)
	f.told, err = db.One(tx, "notify.letter", func(r db.Row) (n int, err error) { err = r.Scan(&n); return },
		`select count(*) from letter where person = $1 and sent >= $2 and sent > 0 and urgent = false and id <> $3`,
		l.To, db.Ms(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, f.zone)), l.ID)
	return f, lang, err
}

func (d Desk) channel(name string) Channel {
	for _, c := range d.Via {
		if c.Name() == name {
			return c
		}
	}
	for _, c := range d.Group {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// words puts the letter in words for a channel.
func (d Desk) words(tx *db.Tx, l Letter, channel, lang string) (m Message, err error) {
	var mail id.ID
	if channel == Email {
		if mail, err = mailRow(tx, l.To, l.About); err != nil {
			return m, err
		}
	}
	if l.Kind == confirm {
		l.Token = d.token("yes", mail)
	}
	lang = string(i18n.Parse(lang))
	if d.Words == nil {
		return m, errors.New("nobody puts letters in words")
	}
	if m, err = d.Words(tx, l, lang); err != nil {
		return m, err
	}
	m.ID, m.Lang = l.ID, lang
	if channel == Email {
		m.Stop = d.URL + "/mail/" + d.token("stop", mail)
		m.Foot = i18n.W{Lang: i18n.Lang(lang)}.T("notify.mail.foot", "town", d.Town, "link", m.Stop)
	}
	return m, nil
}

// settle keeps what became of a message.
func (d Desk) settle(tx *db.Tx, t trip, ref string, sendErr error) error {
	l, err := load(tx, t.line.ID)
	if fail.KindOf(err) == fail.Missing {
		return nil
	}
	if err != nil {
		return err
	}
	name := t.by.Name()
	if sendErr == nil {
		if l.state == Waiting || l.state == Sent {
			l.state = Sent
		}
		l.ref, l.err = ref, ""
		if err := went(tx, t.date, name); err != nil {
			return err
		}
		return save(tx, l)
	}
	refused, surely := errors.Is(sendErr, ErrRefused), errors.Is(sendErr, ErrNotSent)
	code, bad, back := whyDown, int64(1), t.fen
	switch {
	case refused:
		code, bad = whyRefused, 0 // the address is at fault, not the channel
	case !surely:
		code, back = whyUnsure, 0
	}
	d.log().Warn("letter not brought", "letter", l.ID, "kind", l.Kind, "channel", name, "tries", l.tries, "code", code, "err", sendErr)
	if err := failed(tx, t.date, name, code, bad, back); err != nil {
		return err
	}
	if l.err = code; l.state != Waiting && l.state != Sent {
		return save(tx, l) // read meanwhile
	}
	if !refused && !surely && !l.Urgent {
		l.state = Sent // perhaps: at most once
		return save(tx, l)
	}
	l.state, l.sent = Waiting, time.Time{}
	wait := again(l.tries, l.Urgent)
	if refused || l.tries >= most {
		l.giveUp()
		wait = 0
	}
	if err := save(tx, l); err != nil {
		return err
	}
	return job.Put(tx, tx.Now().Add(wait), Deliver{l.ID})
}

// Receipt takes a channel's word on what became of a message; ref is its own name for
// it or Message.ID. What did not arrive goes by the next channel. Missing
// notify.letter if the channel never had it.
func (d Desk) Receipt(ctx context.Context, channel, ref string, arrived bool) (err error) {
	defer fail.Wrap(&err, "notify.Receipt")
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		ls, err := db.All(tx, scan, `select `+cols+` from letter where channel = $1 and ref = $2 and ref <> ''`, channel, ref)
		if err != nil {
			return 0, err
		}
		if n, e := strconv.ParseInt(ref, 10, 64); len(ls) == 0 && e == nil {
			if ls, err = db.All(tx, scan, `select `+cols+` from letter where id = $1 and channel = $2`, n, channel); err != nil {
				return 0, err
			}
		}
		if len(ls) == 0 {
			return 0, fail.New(fail.Missing, "notify.letter")
		}
		l := ls[0]
		switch {
		case l.state != Sent && l.state != Waiting || l.tries == 0:
			return 0, nil // it is further, or by another way already
		case arrived:
			l.state, l.err = Delivered, ""
			return 0, save(tx, l)
		}
		l.state, l.err, l.sent = Waiting, whyRefused, time.Time{}
		l.giveUp()
		if err := save(tx, l); err != nil {
			return 0, err
		}
		return 0, job.Put(tx, tx.Now(), Deliver{l.ID})
	})
	return err
}

// Package notify writes letters to people and sees that they arrive: channel, quiet
// hours, caps, receipt, retry and fallback. A letter holds ids, never a text with
// personal data; words are put together when it is sent. It also keeps announcements.
//
// Urgent letters are brought at least once: after a crash they are sent again, under
// the same Message.ID, so that a double does no harm. The others are brought at most
// once: what may have arrived is not sent again, for a reminder twice is a nuisance
// and a reminder lost lies in the inbox all the same.
//
// Floor: core. Imports: base, core/audit, core/place, core/people.
// Owns tables: letter, wish, mail, notice, channel_day. Asked by: core/issue, door/web, door/post, app.
package notify

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
)

//go:embed *.sql
var SQL embed.FS

// Letter asks to tell one person one thing.
type Letter struct {
	To     id.ID     // person; 0: the robot of the group, if there is one
	Kind   string    // "issue.accepted"; the words are the keys notify.<kind>.subject and notify.<kind>.text
	About  id.ID     // an issue, a task, a rally
	Urgent bool      // goes out in quiet hours too, uncounted, and at least once
	Key    string    // collapse key: a second letter with the same key and person is not written
	Due    time.Time // zero: now

	ID    id.ID  // given by Post
	Token string // for email.confirm, while its words are put together
}

// Message is a letter in words, on its way.
type Message struct {
	ID      id.ID // of the letter; the same however often it is sent
	Subject string
	Text    string // short enough for an SMS
	Foot    string // below a mail
	Link    string
	Stop    string // address that ends such mails with one click; "" none
	Lang    string
}

// Address is where a channel brings a message to: a telephone, an e-mail address;
// empty for a group's robot.
type Address struct{ To string }

// Channel brings messages. Send answers once the other side has taken the message on,
// with its name for it there. An error is ErrRefused when another try is of no use,
// ErrNotSent when it has surely not been taken on; any other leaves it open.
type Channel interface {
	Name() string
	Send(ctx context.Context, to Address, m Message) (ref string, err error)
}

// Names of the channels that a person's address belongs to.
const (
	Email = "email"
	SMS   = "sms"
)

var (
	// ErrRefused says that this address or message will never do there.
	ErrRefused = errors.New("refused for good")
	// ErrNotSent says that the message has surely not been taken on.
	ErrNotSent = errors.New("not sent")
	// ErrMoot is Words' answer when there is no longer anything to tell.
	ErrMoot = errors.New("nothing to tell any more")
)

// Desk is where letters are brought and read, and channels are watched. A zero
// field does what stands behind it.
type Desk struct {
	DB    *db.DB
	Log   *slog.Logger
	Via   []Channel // in the order they are tried; an urgent letter tries SMS first
	Group []Channel // robots of a group
	// Words puts a letter in words, in the transaction in which it leaves; a link made
	// there holds once that is committed. ErrMoot, or what is Missing: nothing to tell.
	Words  func(tx *db.Tx, l Letter, lang string) (Message, error)
	Zone   *time.Location // of the town; Beijing
	Secret []byte         // makes tokens for mails that cannot be made up
	URL    string         // of the town, for links in mails
	Town   string         // its name, below mails
	PerDay int            // letters a day that leave the inbox, for one person, urgent ones apart; 10
	Caps   map[string]Cap // by channel
}

// Cap bounds what a channel carries on one day. A fifth is kept for urgent letters.
type Cap struct {
	Messages int64 // 0: no bound
	Fen      int64 // price of one part (70 characters)
	Spend    int64 // fen a day; 0: no bound
}

// Deliver is the work of bringing one letter.
type Deliver struct {
	Letter id.ID `json:"letter,string"`
}

// Kind implements job.Work.
func (Deliver) Kind() string { return "notify.deliver" }

// Register has the runner bring letters.
func (d Desk) Register(r *job.Runner) {
	job.On(r, d.Deliver)
	job.On(r, d.sealed)
}

// Post writes a letter in the transaction of what it tells of: it lies in the
// person's inbox once due, and is brought by a channel soon after the commit.
// A second letter with the same Key to the same person is not written.
func Post(tx *db.Tx, l Letter) error {
	now := tx.Now()
	if l.Due.IsZero() || l.Due.Before(now) {
		l.Due = now
	}
	l.ID = id.New(now)
	k, err := tx.Exec(`
		insert into letter (id, person, kind, about, urgent, key, due, state) values ($1, $2, $3, $4, $5, $6, $7, 'waiting')
		on conflict (person, key) where key <> '' do nothing`,
		l.ID, l.To, l.Kind, l.About, l.Urgent, l.Key, db.Ms(l.Due))
	if err != nil || k == 0 {
		return err
	}
	return job.Put(tx, l.Due, Deliver{l.ID})
}

// Say puts a letter in the words of the catalogue: notify.<kind>.subject and .text,
// their places filled from args.
func Say(kind string, w i18n.W, args ...any) Message {
	return Message{Subject: w.T("notify."+kind+".subject", args...), Text: w.T("notify."+kind+".text", args...), Lang: string(w.Lang)}
}

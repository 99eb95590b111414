// Package notify writes letters to people and sees that they arrive: channel, quiet
// hours, caps, receipt, retry and fallback. A letter holds ids, never a text with
// personal data; words are put together when it is sent.
//
// Floor: core. Imports: base, core/audit, core/place, core/people.
// Owns tables: letter, notice, notice_read, channel_day. Asked by: core/issue, door/web.
package notify

import (
	"embed"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
)

//go:embed *.sql
var SQL embed.FS

// Letter asks to tell one person one thing.
type Letter struct {
	To     id.ID     // person
	Kind   string    // "issue.accepted"; the words are the keys notify.<kind>.subject and notify.<kind>.text
	About  id.ID     // an issue, a task, a rally
	Urgent bool      // goes out in quiet hours too
	Key    string    // collapse key: a second letter with the same key and person is not written
	Due    time.Time // zero: now
}

// Desk is where letters are read and channels are watched.
type Desk struct{ DB *db.DB }

// Deliver is the work of bringing one letter.
type Deliver struct {
	Letter id.ID `json:"letter,string"`
}

// Kind implements job.Work.
func (Deliver) Kind() string { return "notify.deliver" }

// Post writes a letter in the transaction of what it tells of: it lies in the
// person's inbox once due, and is brought by a channel soon after the commit.
// A second letter with the same Key to the same person is not written.
func Post(tx *db.Tx, l Letter) error {
	now := tx.Now()
	if l.Due.IsZero() || l.Due.Before(now) {
		l.Due = now
	}
	n := id.New(now)
	k, err := tx.Exec(`
		insert into letter (id, person, kind, about, urgent, key, due, state) values ($1, $2, $3, $4, $5, $6, $7, 'waiting')
		on conflict (person, key) where key <> '' do nothing`,
		n, l.To, l.Kind, l.About, l.Urgent, l.Key, db.Ms(l.Due))
	if err != nil || k == 0 {
		return err
	}
	return job.Put(tx, l.Due, Deliver{n})
}

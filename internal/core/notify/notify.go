// Package notify writes letters to people and sees that they arrive: channel, quiet
// hours, caps, receipt, retry and fallback. A letter holds ids, never a text with
// personal data; words are put together when it is sent.
//
// Floor: core. Imports: base, core/audit, core/place, core/people.
// Owns tables: letter, notice, notice_read, channel_day. Asked by: core/issue, door/web.
package notify

import (
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
)

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

package notify

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Letters go: waiting → sent → delivered → read, or waiting → skipped (it stays in
// the inbox alone) or failed (no channel would do), and from any of them → read.
const (
	Waiting   = "waiting"
	Sent      = "sent"
	Delivered = "delivered"
	Failed    = "failed"
	Read      = "read"
	Skipped   = "skipped"
)

// Why a letter was not brought. Codes, kept with it.
const (
	whyNowhere = "notify.nowhere" // no address, or none of the allowed channels
	whyPaused  = "notify.paused"
	whyMany    = "notify.many"
	whySpent   = "notify.spent"
	whyMoot    = "notify.moot"
	whyRefused = "notify.refused"
	whyDown    = "notify.down"
	whyUnsure  = "notify.unsure" // it may have arrived, so it is not sent again
)

// Wish is how a person wants to be told.
type Wish struct {
	Channels []string // allowed ones; nil: all; empty: the inbox only
	Quiet    int      // minute of the day at which quiet begins
	Wake     int      // and ends; the same: never quiet
	Pause    time.Time
}

// Default is the wish of whoever has not said another: quiet from ten to seven.
func Default() Wish { return Wish{Quiet: 22 * 60, Wake: 7 * 60} }

// Allows reports whether the channel may be used.
func (w Wish) Allows(channel string) bool {
	return w.Channels == nil || slices.Contains(w.Channels, channel)
}

// QuietUntil is when quiet ends if it is quiet at now, else zero.
func (w Wish) QuietUntil(now time.Time, zone *time.Location) time.Time {
	if w.Quiet == w.Wake {
		return time.Time{}
	}
	at := now.In(zone)
	m := at.Hour()*60 + at.Minute()
	quiet := w.Quiet <= m && m < w.Wake
	if w.Quiet > w.Wake {
		quiet = m >= w.Quiet || m < w.Wake
	}
	if !quiet {
		return time.Time{}
	}
	end := time.Date(at.Year(), at.Month(), at.Day(), w.Wake/60, w.Wake%60, 0, 0, zone)
	if !end.After(now) {
		end = time.Date(at.Year(), at.Month(), at.Day()+1, w.Wake/60, w.Wake%60, 0, 0, zone)
	}
	return end.UTC()
}

// facts are all that deciding about one letter takes.
type facts struct {
	now    time.Time
	zone   *time.Location
	letter Letter
	past   []string          // channels that will not do
	order  []string          // channels there are, in the order of the house
	to     map[string]string // the person's addresses by channel
	wish   Wish
	told   int // letters that went out to the person today, urgent ones apart
	most   int
	mail   string          // what is known of mails about this to this person
	full   map[string]bool // channels that carry no more today
	down   map[string]bool // channels that have failed again and again, a moment ago
}

// step is what to do with a letter.
type step struct {
	send  string    // by this channel
	until time.Time // or look again then
	skip  string    // or not at all, for this reason
	state string    // and what it is then
}

// decide says what to do with a letter now.
func decide(f facts) step {
	skip := func(why string) step { return step{skip: why, state: Skipped} }
	urgent := f.letter.Urgent
	if f.letter.To != 0 && !urgent && !wanted(f.letter.Kind) {
		if f.wish.Pause.After(f.now) {
			return skip(whyPaused)
		}
		if f.told >= f.most {
			return skip(whyMany)
		}
	}
	var can []string
	why := whyNowhere
	for _, c := range f.order {
		switch {
		case f.letter.To != 0 && f.to[c] == "",
			!f.wish.Allows(c) && !wanted(f.letter.Kind) && f.letter.To != 0,
			asks(f.letter.Kind) && c != Email,
			c == Email && !mayMail(f.mail, f.letter.Kind),
			slices.Contains(f.past, c):
		case f.full[c]:
			why = whySpent
		default:
			can = append(can, c)
		}
	}
	if urgent {
		slices.SortStableFunc(can, func(a, b string) int { return rank(a) - rank(b) })
	}
	if len(can) == 0 {
		if len(f.past) > 0 {
			return step{skip: whyRefused, state: Failed}
		}
		return skip(why)
	}
	if until := f.wish.QuietUntil(f.now, f.zone); !urgent && !until.IsZero() && !wanted(f.letter.Kind) {
		return step{until: until}
	}
	for _, c := range can {
		if !f.down[c] {
			if c != can[0] && !urgent {
				break // a reminder can wait for its channel
			}
			return step{send: c}
		}
	}
	return step{until: f.now.Add(rest)}
}

// rest is how long a channel that keeps failing is left alone.
const rest = time.Minute

func rank(channel string) int {
	if channel == SMS {
		return 0
	}
	return 1
}

const confirm = "email.confirm"

// asks reports whether a letter asks for leave to send more, which it may do without.
func asks(kind string) bool { return kind == confirm || kind == "issue.follow_mail" }

// wanted reports whether somebody has just asked for the letter and waits for it: no
// quiet hours, no counting, whatever they wish otherwise.
func wanted(kind string) bool { return asks(kind) || kind == "issue.link" }

// mayMail reports whether a mail of the kind may go where the person's mail stands so.
func mayMail(state, kind string) bool {
	switch state {
	case mailStopped:
		return false
	case mailAsked:
		return asks(kind)
	}
	return true
}

// most is how often a channel is tried for one letter.
const most = 3

// again is the time until the next try of a channel.
func again(tries int, urgent bool) time.Duration {
	if urgent {
		return time.Duration(tries*tries) * 15 * time.Second
	}
	return time.Duration(tries*tries*tries) * 2 * time.Minute
}

// parts is how many parts an SMS of that text has: 70 characters fit in one, 67 in
// each of several.
func parts(text string) int64 {
	n := utf8.RuneCountInString(text)
	if n <= 70 {
		return 1
	}
	return int64((n + 66) / 67)
}

// carries reports whether a channel with that cap and that day behind it carries one
// more.
func (c Cap) carries(urgent bool, messages, spent, n int64) bool {
	fits := func(used, more, cap int64) bool {
		if cap == 0 {
			return true
		}
		if !urgent {
			cap -= cap / 5
		}
		return used+more <= cap
	}
	return fits(messages, 1, c.Messages) && fits(spent, n*c.Fen, c.Spend)
}

func words(s string) []string { return strings.Fields(s) }

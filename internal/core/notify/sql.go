package notify

import (
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
)

// line is a letter as it is kept.
type line struct {
	Letter
	state   string
	channel string
	tries   int
	past    string
	ref     string
	sent    time.Time
	seen    time.Time
	err     string
}

const cols = `id, person, kind, about, urgent, key, due, state, channel, tries, past, ref, sent, seen, err`

func scan(r db.Row) (l line, err error) {
	err = r.Scan(&l.ID, &l.To, &l.Kind, &l.About, &l.Urgent, &l.Key, db.Time(&l.Due), &l.state, &l.channel, &l.tries, &l.past, &l.ref, db.Time(&l.sent), db.Time(&l.seen), &l.err)
	return
}

func load(tx *db.Tx, n id.ID) (line, error) {
	return db.One(tx, "notify.letter", scan, `select `+cols+` from letter where id = $1`, n)
}

// save keeps how the letter is getting on.
func save(tx *db.Tx, l line) error {
	_, err := tx.Exec(`update letter set state = $1, channel = $2, tries = $3, past = $4, ref = $5, sent = $6, seen = $7, err = $8 where id = $9`,
		l.state, l.channel, l.tries, l.past, l.ref, db.Ms(l.sent), db.Ms(l.seen), l.err, l.ID)
	return err
}

// giveUp notes that the letter's channel will not do.
func (l *line) giveUp() { l.past, l.tries, l.ref = strings.TrimSpace(l.past+" "+l.channel), 0, "" }

func wishOf(tx *db.Tx, person id.ID) (Wish, error) {
	type row struct {
		channels           string
		quiet, wake, pause int64
	}
	ws, err := db.All(tx, func(r db.Row) (w row, err error) {
		err = r.Scan(&w.channels, &w.quiet, &w.wake, &w.pause)
		return
	}, `select channels, quiet, wake, pause from wish where person = $1`, person)
	w := Default()
	if len(ws) == 0 || err != nil {
		return w, err
	}
	if ws[0].channels != "" {
		w.Channels = []string{}
	}
	if ws[0].channels != "none" {
		w.Channels = append(w.Channels, words(ws[0].channels)...)
	}
	w.Quiet, w.Wake = int(ws[0].quiet), int(ws[0].wake)
	if ws[0].pause != 0 {
		w.Pause = time.UnixMilli(ws[0].pause).UTC()
	}
	return w, nil
}

func saveWish(tx *db.Tx, person id.ID, w Wish) error {
	channels := strings.Join(w.Channels, " ")
	if w.Channels != nil && channels == "" {
		channels = "none"
	}
	_, err := tx.Exec(`
		insert into wish (person, channels, quiet, wake, pause) values ($1, $2, $3, $4, $5)
		on conflict (person) do update set channels = excluded.channels, quiet = excluded.quiet, wake = excluded.wake, pause = excluded.pause`,
		person, channels, w.Quiet, w.Wake, db.Ms(w.Pause))
	return err
}

// day is one channel on one day.
type day struct {
	channel           string
	sent, failed, bad int64
	spent             int64
	err               string
	errAt, okAt       time.Time
}

func scanDay(r db.Row) (d day, err error) {
	err = r.Scan(&d.channel, &d.sent, &d.failed, &d.bad, &d.spent, &d.err, db.Time(&d.errAt), db.Time(&d.okAt))
	return
}

func days(tx *db.Tx, date string) (map[string]day, error) {
	ds, err := db.All(tx, scanDay, `select channel, sent, failed, bad, spent, err, err_at, ok_at from channel_day where day = $1`, date)
	out := map[string]day{}
	for _, d := range ds {
		out[d.channel] = d
	}
	return out, err
}

// took counts a message that is about to go out.
func took(tx *db.Tx, date, channel string, fen int64) error {
	_, err := tx.Exec(`
		insert into channel_day (day, channel, sent, spent) values ($1, $2, 1, $3)
		on conflict (day, channel) do update set sent = channel_day.sent + 1, spent = channel_day.spent + excluded.spent`, date, channel, fen)
	return err
}

// went notes that the channel did its work; failed that it did not, and what it gave back.
func went(tx *db.Tx, date, channel string) error {
	_, err := tx.Exec(`update channel_day set bad = 0, ok_at = $1 where day = $2 and channel = $3`, db.Ms(tx.Now()), date, channel)
	return err
}

func failed(tx *db.Tx, date, channel, code string, bad, fen int64) error {
	_, err := tx.Exec(`update channel_day set failed = failed + 1, bad = bad + $1, spent = spent - $2, err = $3, err_at = $4 where day = $5 and channel = $6`,
		bad, fen, code, db.Ms(tx.Now()), date, channel)
	return err
}

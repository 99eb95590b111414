package notify

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
)

// Notice is an announcement (公告) of a place, to all who live there or below.
type Notice struct {
	ID    id.ID
	Rev   int64
	Place id.ID
	Path  string
	By    id.ID
	Lang  string           // the script it was written in
	Words map[string]Words // by script; at least the writer's
	From  time.Time        // zero: now
	Until time.Time        // zero: no end
	Gone  bool             // withdrawn
	At    time.Time
}

// Words are an announcement in one script.
type Words struct {
	Title string `json:"title"`
	Body  string `json:"body"`
}

// In gives the announcement in the reader's script, or as it was written; lang says in which.
func (n Notice) In(reader string) (w Words, lang string) {
	if w, ok := n.Words[reader]; ok {
		return w, reader
	}
	return n.Words[n.Lang], n.Lang
}

const (
	titleMost = 60
	bodyMost  = 5000
)

// Check tidies an announcement and says what is wrong with it: Invalid fail.empty,
// text.long, fail.choose, notify.notice.until.
func (n *Notice) Check(now time.Time) error {
	words := map[string]Words{}
	for _, l := range i18n.Langs() {
		w, ok := n.Words[string(l)]
		if !ok {
			continue
		}
		var err error
		if w.Title, err = text.Line(w.Title, titleMost); err != nil {
			return at("title."+string(l), err)
		}
		if w.Body, err = text.Clean(w.Body, bodyMost); err != nil {
			return at("body."+string(l), err)
		}
		if w == (Words{}) && string(l) != n.Lang {
			continue
		}
		if w.Title == "" {
			return at("title."+string(l), fail.New(fail.Invalid, "fail.empty"))
		}
		if w.Body == "" {
			return at("body."+string(l), fail.New(fail.Invalid, "fail.empty"))
		}
		words[string(l)] = w
	}
	if n.Words = words; words[n.Lang] == (Words{}) {
		return at("lang", fail.New(fail.Invalid, "fail.choose"))
	}
	if n.From.IsZero() {
		n.From = now
	}
	if !n.Until.IsZero() && (!n.Until.After(n.From) || !n.Until.After(now)) {
		return at("until", fail.New(fail.Invalid, "notify.notice.until"))
	}
	return nil
}

// at says at which field a refusal is.
func at(field string, err error) error {
	if e, ok := err.(*fail.Error); ok {
		e.Field = field
	}
	return err
}

const noticeCols = `id, rev, place, path, author, lang, words, opens, until, gone, at`

func scanNotice(r db.Row) (n Notice, err error) {
	var words string
	if err = r.Scan(&n.ID, &n.Rev, &n.Place, &n.Path, &n.By, &n.Lang, &words, db.Time(&n.From), db.Time(&n.Until), &n.Gone, db.Time(&n.At)); err == nil {
		err = json.Unmarshal([]byte(words), &n.Words)
	}
	return
}

func noticeByID(tx *db.Tx, n id.ID) (Notice, error) {
	return db.One(tx, "notify.notice.gone", scanNotice, `select `+noticeCols+` from notice where id = $1 and last`, n)
}

// put writes the next version; the ones before stay.
func put(tx *db.Tx, by who.Actor, n Notice, verb string) (Notice, error) {
	b, err := json.Marshal(n.Words)
	if err != nil {
		return n, err
	}
	if n.Rev > 0 {
		k, err := tx.Exec(`update notice set last = false where id = $1 and rev = $2 and last`, n.ID, n.Rev)
		if err == nil && k == 0 {
			err = fail.New(fail.Conflict, "fail.stale")
		}
		if err != nil {
			return n, err
		}
	}
	n.Rev, n.By, n.At = n.Rev+1, by.ID, tx.Now()
	if _, err := tx.Exec(`insert into notice (id, rev, last, place, path, author, lang, words, opens, until, gone, at) values ($1, $2, true, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		n.ID, n.Rev, n.Place, n.Path, n.By, n.Lang, string(b), db.Ms(n.From), db.Ms(n.Until), n.Gone, db.Ms(n.At)); err != nil {
		return n, err
	}
	return n, audit.Record(tx, by, verb, n.ID, map[string]any{"rev": n.Rev, "place": n.Place})
}

// Announce puts up an announcement. Denied fail.denied without the right to announce in
// that place; Missing place.none; Invalid as Check says.
func (d Desk) Announce(ctx context.Context, by who.Actor, n Notice) (_ Notice, err error) {
	defer fail.Wrap(&err, "notify.Announce")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Notice, error) {
		n := n
		p, err := place.ByID(tx, n.Place)
		if err != nil {
			return n, err
		}
		if !by.May(who.Announce, p.Path) {
			return n, fail.New(fail.Denied, "fail.denied")
		}
		if err := n.Check(tx.Now()); err != nil {
			return n, err
		}
		n.ID, n.Rev, n.Path, n.Gone = id.New(tx.Now()), 0, p.Path, false
		return put(tx, by, n, "notice.announce")
	})
}

// EditNotice puts other words or another time in its place; the place stays. Conflict
// fail.stale when somebody changed it after the rev the writer saw.
func (d Desk) EditNotice(ctx context.Context, by who.Actor, in Notice) (_ Notice, err error) {
	defer fail.Wrap(&err, "notify.EditNotice(%d)", in.ID)
	return d.change(ctx, by, in.ID, in.Rev, "notice.edit", func(n *Notice, now time.Time) error {
		n.Lang, n.Words, n.From, n.Until = in.Lang, in.Words, in.From, in.Until
		if in.From.IsZero() {
			n.From = n.At
		}
		return n.Check(now)
	})
}

// Withdraw takes an announcement down. It stays on record.
func (d Desk) Withdraw(ctx context.Context, by who.Actor, n id.ID, rev int64) (_ Notice, err error) {
	defer fail.Wrap(&err, "notify.Withdraw(%d)", n)
	return d.change(ctx, by, n, rev, "notice.withdraw", func(n *Notice, _ time.Time) error { n.Gone = true; return nil })
}

func (d Desk) change(ctx context.Context, by who.Actor, n id.ID, rev int64, verb string, f func(*Notice, time.Time) error) (Notice, error) {
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Notice, error) {
		v, err := noticeByID(tx, n)
		if err != nil {
			return v, err
		}
		if !by.May(who.Announce, v.Path) {
			return v, fail.New(fail.Denied, "fail.denied")
		}
		if v.Gone {
			return v, fail.New(fail.Missing, "notify.notice.gone")
		}
		if v.Rev != rev {
			return v, fail.New(fail.Conflict, "fail.stale")
		}
		if err := f(&v, tx.Now()); err != nil {
			return v, err
		}
		return put(tx, by, v, verb)
	})
}

// Notice gives one announcement that is up, or that the actor may change. Missing
// notify.notice.gone.
func (d Desk) Notice(ctx context.Context, by who.Actor, n id.ID) (_ Notice, err error) {
	defer fail.Wrap(&err, "notify.Notice(%d)", n)
	return db.See(ctx, d.DB, func(tx *db.Tx) (Notice, error) {
		v, err := noticeByID(tx, n)
		if err == nil && !v.up(tx.Now()) && !by.May(who.Announce, v.Path) {
			err = fail.New(fail.Missing, "notify.notice.gone")
		}
		return v, err
	})
}

func (n Notice) up(now time.Time) bool {
	return !n.Gone && !n.From.After(now) && (n.Until.IsZero() || n.Until.After(now))
}

// Notices lists what is up at that time for a place, given by its path: its own and
// those of all places above, the newest first, at most fifty.
func (d Desk) Notices(ctx context.Context, path string, now time.Time) (_ []Notice, err error) {
	defer fail.Wrap(&err, "notify.Notices")
	const levels = 12
	ids := place.PathIDs(path)
	if len(ids) > levels {
		ids = ids[:levels]
	}
	args := []any{db.Ms(now)}
	above := strings.SplitAfter(path, "/")
	for i := range levels {
		p := "" // of no place
		if i < len(ids) {
			p = strings.Join(above[:i+2], "")
		}
		args = append(args, p)
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Notice, error) {
		return db.All(tx, scanNotice, `
			select `+noticeCols+` from notice
			where last and path in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
				and not gone and opens <= $1 and (until = 0 or until > $1)
			order by opens desc, id desc limit 50`, args...)
	})
}

// NoticesBelow lists all announcements, up or not, of the places the actor may announce
// in, the newest first: for those who write them.
func (d Desk) NoticesBelow(ctx context.Context, by who.Actor, path string, before id.ID, limit int) (_ []Notice, err error) {
	defer fail.Wrap(&err, "notify.NoticesBelow")
	if !by.May(who.Announce, path) {
		return nil, fail.New(fail.Denied, "fail.denied")
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Notice, error) {
		return db.All(tx, scanNotice, `
			select `+noticeCols+` from notice
			where last and path like $1 and id < $2
			order by id desc limit $3`, path+"%", before, limit)
	})
}

// Versions lists all versions of an announcement, the newest first, for those who may change it.
func (d Desk) Versions(ctx context.Context, by who.Actor, n id.ID) (_ []Notice, err error) {
	defer fail.Wrap(&err, "notify.Versions(%d)", n)
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Notice, error) {
		vs, err := db.All(tx, scanNotice, `select `+noticeCols+` from notice where id = $1 order by rev desc`, n)
		if err == nil && (len(vs) == 0 || !by.May(who.Announce, vs[0].Path)) {
			err = fail.New(fail.Missing, "notify.notice.gone")
		}
		return vs, err
	})
}

package notify

import (
	"context"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// Item is a letter in the inbox of its person.
type Item struct {
	ID    id.ID
	Kind  string // its words: notify.<kind>.subject
	About id.ID
	At    time.Time
	Seen  time.Time // zero: not read
	State string    // how it was brought: waiting sent delivered failed skipped read
}

func scanItem(r db.Row) (i Item, err error) {
	err = r.Scan(&i.ID, &i.Kind, &i.About, db.Time(&i.At), db.Time(&i.Seen), &i.State)
	return
}

// Inbox lists a person's letters from before the given one back, the newest first; 0
// begins at the newest. Denied fail.sign_in for a visitor.
func (d Desk) Inbox(ctx context.Context, by who.Actor, before id.ID, limit int) (_ []Item, err error) {
	defer fail.Wrap(&err, "notify.Inbox")
	if !by.Signed() {
		return nil, fail.New(fail.Denied, "fail.sign_in")
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Item, error) {
		return db.All(tx, scanItem, `
			select id, kind, about, due, seen, state from letter
			where person = $1 and id < $2 and due <= $3 and kind <> '`+confirm+`'
			order by id desc limit $4`, by.ID, before, db.Ms(tx.Now()), limit)
	})
}

// Unread counts what the person has not read, up to a hundred.
func (d Desk) Unread(ctx context.Context, by who.Actor) (_ int, err error) {
	defer fail.Wrap(&err, "notify.Unread")
	if !by.Signed() {
		return 0, nil
	}
	ids, err := db.See(ctx, d.DB, func(tx *db.Tx) ([]id.ID, error) {
		return db.All(tx, scanID, `select id from letter where person = $1 and seen = 0 and due <= $2 and kind <> '`+confirm+`' limit 100`, by.ID, db.Ms(tx.Now()))
	})
	return len(ids), err
}

func scanID(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }

// MarkRead notes that the person has read those letters; none named: all there are.
// What has not gone out by then does not go out.
func (d Desk) MarkRead(ctx context.Context, by who.Actor, letters ...id.ID) (err error) {
	defer fail.Wrap(&err, "notify.MarkRead")
	if !by.Signed() {
		return fail.New(fail.Denied, "fail.sign_in")
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) {
		now := db.Ms(tx.Now())
		if len(letters) == 0 {
			return tx.Exec(`update letter set seen = $1, state = 'read' where person = $2 and seen = 0 and due <= $1`, now, by.ID)
		}
		for _, n := range letters {
			if _, err := tx.Exec(`update letter set seen = $1, state = 'read' where id = $2 and person = $3 and seen = 0`, now, n, by.ID); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	return err
}

// ReadAbout marks all letters of a person about one thing as read: they look at it.
func ReadAbout(tx *db.Tx, person, about id.ID) error {
	_, err := tx.Exec(`update letter set seen = $1, state = 'read' where person = $2 and about = $3 and seen = 0 and due <= $1`, db.Ms(tx.Now()), person, about)
	return err
}

// Wishes says how the person wants to be told.
func (d Desk) Wishes(ctx context.Context, by who.Actor) (_ Wish, err error) {
	defer fail.Wrap(&err, "notify.Wishes")
	if !by.Signed() {
		return Wish{}, fail.New(fail.Denied, "fail.sign_in")
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) (Wish, error) { return wishOf(tx, by.ID) })
}

// SetWishes keeps how the person wants to be told. Invalid notify.wish.channel, notify.wish.hour,
// notify.wish.pause (a pause ends within ninety days).
func (d Desk) SetWishes(ctx context.Context, by who.Actor, w Wish) (err error) {
	defer fail.Wrap(&err, "notify.SetWishes")
	if !by.Signed() {
		return fail.New(fail.Denied, "fail.sign_in")
	}
	for _, c := range w.Channels {
		if !slices.ContainsFunc(d.Via, func(v Channel) bool { return v.Name() == c }) {
			return &fail.Error{Kind: fail.Invalid, Code: "notify.wish.channel", Field: "channels"}
		}
	}
	if w.Quiet < 0 || w.Quiet >= 24*60 || w.Wake < 0 || w.Wake >= 24*60 {
		return &fail.Error{Kind: fail.Invalid, Code: "notify.wish.hour", Field: "quiet"}
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		if w.Pause.After(tx.Now().Add(90 * 24 * time.Hour)) {
			return 0, &fail.Error{Kind: fail.Invalid, Code: "notify.wish.pause", Field: "pause"}
		}
		return 0, saveWish(tx, by.ID, w)
	})
	return err
}

// Merge gives all letters and wishes of one person to another they have become.
func Merge(tx *db.Tx, from, into id.ID) error {
	for _, q := range []string{
		`update letter set key = '' where person = $1 and key <> '' and exists (select 1 from letter o where o.person = $2 and o.key = letter.key)`,
		`update letter set person = $2 where person = $1`,
		`delete from mail where person = $1 and exists (select 1 from mail o where o.person = $2 and o.about = mail.about)`,
		`update mail set person = $2 where person = $1`,
		`delete from wish where person = $1 and exists (select 1 from wish o where o.person = $2)`,
		`update wish set person = $2 where person = $1`,
	} {
		if _, err := tx.Exec(q, from, into); err != nil {
			return err
		}
	}
	return nil
}

// Forget deletes all that is kept here of a person who is erased.
func Forget(tx *db.Tx, person id.ID) error {
	for _, q := range []string{`delete from letter where person = $1`, `delete from mail where person = $1`, `delete from wish where person = $1`} {
		if _, err := tx.Exec(q, person); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes letters older than before, at most limit of them, and says how many.
func Sweep(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`delete from letter where id in (select id from letter where due < $1 and state <> 'waiting' order by id limit $2)`, db.Ms(before), limit)
}

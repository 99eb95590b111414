package issue

import (
	"encoding/json"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

const cols = `id, no, tree, category, sort, grade, channel, place, path, lat, lon, open, spot, located,
	desk, desk_path, state, was, why, outcome, answer, rating, receipt, owner, elder, taker, task, handler,
	checker, into_id, title, named, hidden, spam, photo, call_back, called, me_too, hops, returned, bounced, reworks,
	reopens, wish, wish_until, wish_by, due_accept, due_dispatch, due_first, due_settle, promise, paused, until_at, late, missed, at,
	moved, closed, source, form, rev`

func scan(r db.Row) (c Issue, err error) {
	err = r.Scan(&c.ID, &c.No, &c.Tree, &c.Category, &c.Sort, &c.Grade, &c.Channel, &c.Place,
		&c.Path, &c.Lat, &c.Lon, &c.Open, &c.Spot, &c.Located, &c.Desk, &c.DeskPath,
		&c.State, &c.Was, &c.Why, &c.Outcome, &c.Answer, &c.Rating, &c.Receipt, &c.Owner,
		&c.For, &c.Taker, &c.Task, &c.Handler, &c.Checker, &c.Into, &c.Title, &c.Named,
		&c.Hidden, &c.Spam, &c.Photo, &c.CallBack, db.Time(&c.Called), &c.MeToo, &c.Hops, &c.Returns,
		&c.Bounced, &c.Reworks, &c.Reopens, &c.Wish, db.Time(&c.WishTo), &c.WishBy, db.Time(&c.Accept), db.Time(&c.Dispatch),
		db.Time(&c.First), db.Time(&c.Settle), db.Time(&c.Promise), db.Time(&c.Paused), db.Time(&c.Until), &c.Late, &c.Missed, db.Time(&c.At),
		db.Time(&c.Moved), db.Time(&c.Closed), &c.Source, &c.Form, &c.Rev)
	return
}

// insert writes a new issue. It reports false, and writes nothing, when another issue
// has the number, the form's key or the source already.
func insert(tx *db.Tx, c Issue) (bool, error) {
	n, err := tx.Exec(`insert into issue (`+cols+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
			$17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32,
			$33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48,
			$49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61)
		on conflict do nothing`,
		c.ID, c.No, c.Tree, c.Category, c.Sort, c.Grade, c.Channel, c.Place,
		c.Path, c.Lat, c.Lon, c.Open, c.Spot, c.Located, c.Desk, c.DeskPath,
		c.State, c.Was, c.Why, c.Outcome, c.Answer, c.Rating, c.Receipt, c.Owner,
		c.For, c.Taker, c.Task, c.Handler, c.Checker, c.Into, c.Title, c.Named,
		c.Hidden, c.Spam, c.Photo, c.CallBack, db.Ms(c.Called), c.MeToo, c.Hops, c.Returns,
		c.Bounced, c.Reworks, c.Reopens, c.Wish, db.Ms(c.WishTo), c.WishBy, db.Ms(c.Accept), db.Ms(c.Dispatch),
		db.Ms(c.First), db.Ms(c.Settle), db.Ms(c.Promise), db.Ms(c.Paused), db.Ms(c.Until), c.Late, c.Missed, db.Ms(c.At),
		db.Ms(c.Moved), db.Ms(c.Closed), c.Source, c.Form, c.Rev)
	return n == 1, err
}

// save writes what an act may change, if nobody changed it meanwhile.
func save(tx *db.Tx, c Issue) error {
	n, err := tx.Exec(`update issue set category = $1, grade = $2, place = $3, path = $4, lat = $5, lon = $6, open = $7,
		desk = $8, desk_path = $9, state = $10, was = $11, why = $12, outcome = $13, answer = $14,
		rating = $15, receipt = $16, task = $17, handler = $18, checker = $19, into_id = $20, title = $21,
		named = $22, hidden = $23, spam = $24, photo = $25, call_back = $26, called = $27, me_too = $28,
		hops = $29, returned = $30, bounced = $31, reworks = $32, reopens = $33, wish = $34, wish_until = $35,
		wish_by = $36, due_accept = $37, due_dispatch = $38, due_first = $39, due_settle = $40, promise = $41, paused = $42,
		until_at = $43, late = $44, missed = $45, moved = $46, closed = $47, rev = $48, sort = $50
		where id = $49 and rev < $48`,
		c.Category, c.Grade, c.Place, c.Path, c.Lat, c.Lon, c.Open, c.Desk,
		c.DeskPath, c.State, c.Was, c.Why, c.Outcome, c.Answer, c.Rating, c.Receipt,
		c.Task, c.Handler, c.Checker, c.Into, c.Title, c.Named, c.Hidden, c.Spam,
		c.Photo, c.CallBack, db.Ms(c.Called), c.MeToo, c.Hops, c.Returns, c.Bounced, c.Reworks,
		c.Reopens, c.Wish, db.Ms(c.WishTo), c.WishBy, db.Ms(c.Accept), db.Ms(c.Dispatch), db.Ms(c.First), db.Ms(c.Settle),
		db.Ms(c.Promise), db.Ms(c.Paused), db.Ms(c.Until), c.Late, c.Missed, db.Ms(c.Moved), db.Ms(c.Closed), c.Rev,
		c.ID, c.Sort)
	if err == nil && n == 0 {
		err = fail.New(fail.Conflict, "issue.changed")
	}
	return err
}

func byID(tx *db.Tx, n id.ID) (Issue, error) {
	return db.One(tx, "issue.missing", scan, `select `+cols+` from issue where id = $1`, n)
}

const entryCols = `id, issue, at, who, act, from_state, to_state, body, reason, target, target_id, until_at, replies, internal, released, corrects`

func scanEntry(r db.Row) (e Entry, err error) {
	var more []byte
	err = r.Scan(&e.ID, &e.Issue, db.Time(&e.At), &e.Who, &e.Act, &e.From, &e.To, &e.Text, &e.Reason, &e.Target,
		&e.TargetID, db.Time(&e.Until), &more, &e.Internal, &e.Released, &e.Corrects)
	if err == nil && len(more) > 2 {
		err = json.Unmarshal(more, &e.Replies)
	}
	return
}

// spokenIn are the entries of an issue that have words.
func spokenIn(tx *db.Tx, issue id.ID) ([]Entry, error) {
	return db.All(tx, scanEntry, `select `+entryCols+` from entry where issue = $1 and body <> '' order by id`, issue)
}

func insertEntry(tx *db.Tx, e Entry) error {
	more := "[]"
	if len(e.Replies) > 0 {
		b, err := json.Marshal(e.Replies)
		if err != nil {
			return err
		}
		more = string(b)
	}
	_, err := tx.Exec(`insert into entry (`+entryCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		e.ID, e.Issue, db.Ms(e.At), e.Who, e.Act, e.From, e.To, e.Text, e.Reason, e.Target,
		e.TargetID, db.Ms(e.Until), more, e.Internal, e.Released, e.Corrects)
	return err
}

func saveEntry(tx *db.Tx, e Entry) error {
	_, err := tx.Exec(`update entry set released = $1 where id = $2`,
		e.Released, e.ID)
	return err
}

const photoCols = `id, issue, entry, name, shown, w, h, released`

func scanPhoto(r db.Row) (p Photo, err error) {
	err = r.Scan(&p.ID, &p.Issue, &p.Entry, &p.Name, &p.Shown, &p.W, &p.H, &p.Released)
	return
}

func insertPhoto(tx *db.Tx, p Photo) error {
	_, err := tx.Exec(`insert into photo (`+photoCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Issue, p.Entry, p.Name, p.Shown, p.W, p.H, p.Released)
	return err
}

func savePhoto(tx *db.Tx, p Photo) error {
	_, err := tx.Exec(`update photo set shown = $1, w = $2, h = $3, released = $4 where id = $5`,
		p.Shown, p.W, p.H, p.Released, p.ID)
	return err
}

const taskCols = `id, issue, kind, target, state, decided, by_id, at, due, taken, taker, ended, reason, proposed_kind, proposed`

func scanTask(r db.Row) (k Task, err error) {
	err = r.Scan(&k.ID, &k.Issue, &k.To.Kind, &k.To.ID, &k.State, &k.Decided, &k.By, db.Time(&k.At), db.Time(&k.Due), db.Time(&k.Taken),
		&k.Taker, db.Time(&k.Ended), &k.Reason, &k.Proposed.Kind, &k.Proposed.ID)
	return
}

func insertTask(tx *db.Tx, k Task) error {
	_, err := tx.Exec(`insert into task (`+taskCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		k.ID, k.Issue, k.To.Kind, k.To.ID, k.State, k.Decided, k.By, db.Ms(k.At), db.Ms(k.Due), db.Ms(k.Taken),
		k.Taker, db.Ms(k.Ended), k.Reason, k.Proposed.Kind, k.Proposed.ID)
	return err
}

func saveTask(tx *db.Tx, k Task) error {
	_, err := tx.Exec(`update task set state = $1, due = $2, taken = $3, taker = $4, ended = $5, reason = $6, proposed_kind = $7, proposed = $8 where id = $9`,
		k.State, db.Ms(k.Due), db.Ms(k.Taken), k.Taker, db.Ms(k.Ended), k.Reason, k.Proposed.Kind, k.Proposed.ID, k.ID)
	return err
}

func taskByID(tx *db.Tx, n id.ID) (Task, error) {
	if n == 0 {
		return Task{}, nil
	}
	return db.One(tx, "issue.task_missing", scanTask, `select `+taskCols+` from task where id = $1`, n)
}

func entryByID(tx *db.Tx, issue, n id.ID) (Entry, error) {
	return db.One(tx, "issue.entry_missing", scanEntry, `select `+entryCols+` from entry where id = $1 and issue = $2`, n, issue)
}

func photoByID(tx *db.Tx, issue, n id.ID) (Photo, error) {
	return db.One(tx, "issue.photo_missing", scanPhoto, `select `+photoCols+` from photo where id = $1 and issue = $2`, n, issue)
}

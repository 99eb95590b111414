package issue

import (
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
)

// MergePerson follows two persons who became one.
func MergePerson(tx *db.Tx, from, into id.ID) error {
	for _, q := range []string{
		`update issue set owner = $2 where owner = $1`,
		`update issue set elder = $2 where elder = $1`,
		`update issue set elder = 0 where elder = $2 and owner = $2 and $1 <> $2`,
		`update issue set taker = $2 where taker = $1`,
		`update issue set handler = $2 where handler = $1`,
		`update issue set checker = $2 where checker = $1`,
		`update issue set wish_by = $2 where wish_by = $1`,
		`update entry set who = $2 where who = $1`,
		`update task set target = $2 where target = $1 and kind = 'person'`,
		`update task set proposed = $2 where proposed = $1 and proposed_kind = 'person'`,
		`update task set taker = $2 where taker = $1`,
		`update task set by_id = $2 where by_id = $1`,
		`delete from follow where person = $1 and exists (select 1 from follow o where o.issue = follow.issue and o.person = $2)`,
		`update follow set person = $2 where person = $1`,
		`update link set person = $2 where person = $1`,
		`update view set person = $2 where person = $1`,
		`update answer set by_id = $2 where by_id = $1`,
	} {
		if _, err := tx.Exec(q, from, into); err != nil {
			return err
		}
	}
	return nil
}

// Forget takes from the issues of a person who is erased what they wrote and nobody
// released: words, answers, photos, the spot. Their links end. What was released has been
// looked through by staff and stays, as do ids, acts and figures. Twice is as good as once.
func Forget(tx *db.Tx, person id.ID) error {
	cs, err := db.All(tx, scan, `select `+cols+` from issue where owner = $1 or elder = $1 order by id`, person)
	if err != nil {
		return err
	}
	const theirs = `issue = $1 and released = false and act in ('report', 'reply', 'add', 'withdraw', 'confirm', 'dispute', 'callback', 'urge', 'not_done', 'me_too') and (who in (0, $2) or act in ('report', 'callback'))`
	for _, c := range cs {
		for _, q := range []string{
			`delete from photo where issue = $1 and released = false and entry in (select id from entry where ` + theirs + `)`,
			`delete from wording where issue = $1 and ref in (select id from entry where ` + theirs + `)`,
			`update entry set body = '', replies = '[]' where ` + theirs,
		} {
			if _, err := tx.Exec(q, c.ID, person); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`update issue set spot = '' where id = $1`, c.ID); err != nil {
			return err
		}
		if c.Spot = ""; !c.Named {
			c.Title = ""
		}
		c.CallBack = false
		c.Rev++
		if err := save(tx, c); err != nil {
			return err
		}
		if err := reindex(tx, c); err != nil {
			return err
		}
	}
	now := db.Ms(tx.Now())
	for _, q := range []string{
		`update link set ended = $1 where person = $2 and ended = 0`,
		`update link set ended = $1 where ended = 0 and kind = 'reporter' and issue in (select id from issue where owner = $2)`,
		`update follow set ended = $1 where person = $2 and ended = 0`,
	} {
		if _, err := tx.Exec(q, now, person); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`delete from view where person = $1`, person)
	return err
}

// Needs reports whether a person is still needed: an issue of theirs, or one they
// follow, is open or moved after since.
func Needs(tx *db.Tx, person id.ID, since time.Time) (bool, error) {
	one := func(r db.Row) (n int, err error) { err = r.Scan(&n); return }
	const alive = ` and not (i.state in ('closed', 'refused', 'merged') and i.moved <= $2) limit 1`
	for _, q := range []string{
		`select 1 from issue i where i.owner = $1` + alive,
		`select 1 from issue i where i.elder = $1` + alive,
		`select 1 from issue i join follow f on f.issue = i.id where f.person = $1 and f.ended = 0` + alive,
	} {
		got, err := db.All(tx, one, q, person, db.Ms(since))
		if err != nil || len(got) > 0 {
			return len(got) > 0, err
		}
	}
	return false, nil
}

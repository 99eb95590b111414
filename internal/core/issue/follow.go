package issue

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
)

// follow lets a person hear of an issue. Role: reporter, elder, follower, or asked (an
// address that has not said yes). Who follows already keeps their role.
func follow(tx *db.Tx, issue, person id.ID, role string) error {
	_, err := tx.Exec(`insert into follow (id, issue, person, role, at, ended) values ($1, $2, $3, $4, $5, 0)
		on conflict (issue, person) do update set ended = 0, role = case when follow.role = 'asked' and excluded.role <> 'asked' then excluded.role else follow.role end`,
		id.New(tx.Now()), issue, person, role, db.Ms(tx.Now()))
	return err
}

// open refuses what by may not know of.
func (c Issue) openTo(tx *db.Tx, by who.Actor) error {
	if c.Reporter(by) || c.Allows(by, who.IssueSee) {
		return nil
	}
	cat, err := category(tx, c.Category)
	if err != nil {
		return err
	}
	if !cat.Public || c.Sort == Violation || c.Hidden || c.Spam {
		return fail.New(fail.Missing, "issue.missing")
	}
	return nil
}

// Follow lets the actor hear of an issue in the inbox. Denied fail.sign_in without an
// account; Missing issue.missing for what they may not see.
func (d Desk) Follow(ctx context.Context, by who.Actor, n id.ID) (err error) {
	defer fail.Wrap(&err, "issue.Follow(%d)", n)
	if !by.Signed() {
		return fail.New(fail.Denied, "fail.sign_in")
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		c, err := byID(tx, n)
		if err != nil {
			return 0, err
		}
		if err := c.openTo(tx, by); err != nil {
			return 0, err
		}
		return 0, follow(tx, n, by.ID, "follower")
	})
	return err
}

// Unfollow ends it. Doing so twice is as good as once.
func (d Desk) Unfollow(ctx context.Context, by who.Actor, n id.ID) (err error) {
	defer fail.Wrap(&err, "issue.Unfollow(%d)", n)
	if !by.Signed() {
		return fail.New(fail.Denied, "fail.sign_in")
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) { return unfollow(tx, n, by.ID) })
	return err
}

func unfollow(tx *db.Tx, issue, person id.ID) (int64, error) {
	return tx.Exec(`update follow set ended = $1 where issue = $2 and person = $3 and ended = 0`, db.Ms(tx.Now()), issue, person)
}

// FollowByMail asks an address, by a letter of kind issue.follow_mail, whether it wants to
// follow. It hears nothing more until the link in it is opened (ConfirmFollow).
func (d Desk) FollowByMail(ctx context.Context, by who.Actor, n id.ID, in people.Contact) (err error) {
	defer fail.Wrap(&err, "issue.FollowByMail(%d)", n)
	in.Phone = ""
	if in.Email == "" {
		return &fail.Error{Kind: fail.Invalid, Code: "fail.email", Field: "email"}
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		c, err := byID(tx, n)
		if err != nil {
			return 0, err
		}
		if err := c.openTo(tx, by); err != nil {
			return 0, err
		}
		p, err := people.Reach(tx, by, in)
		if err != nil {
			return 0, err
		}
		if err := follow(tx, n, p, "asked"); err != nil {
			return 0, err
		}
		return 0, notify.Post(tx, notify.Letter{To: p, Kind: "issue.follow_mail", About: n, Key: "issue.follow_mail:" + c.No + ":" + tx.Now().Format("060102")})
	})
	return err
}

// ConfirmFollow is the yes of the address a link was sent to. Missing issue.link_*.
func (d Desk) ConfirmFollow(ctx context.Context, token string) (_ Link, err error) {
	defer fail.Wrap(&err, "issue.ConfirmFollow")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Link, error) {
		l, err := OpenLink(tx, token)
		if err == nil && l.Kind != "mail" {
			err = fail.New(fail.Missing, "issue.link_missing")
		}
		if err != nil {
			return l, err
		}
		return l, follow(tx, l.Issue, l.Person, "follower")
	})
}

// StopFollow ends what a link of kind mail or follow began.
func (d Desk) StopFollow(ctx context.Context, token string) (_ Link, err error) {
	defer fail.Wrap(&err, "issue.StopFollow")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Link, error) {
		l, err := OpenLink(tx, token)
		if err == nil && l.Kind != "mail" && l.Kind != "follow" {
			err = fail.New(fail.Missing, "issue.link_missing")
		}
		if err != nil {
			return l, err
		}
		if l.Person != 0 {
			_, err = unfollow(tx, l.Issue, l.Person)
		}
		if err == nil && l.Kind == "follow" {
			_, err = tx.Exec(`update link set ended = $1 where id = $2`, db.Ms(tx.Now()), l.ID)
		}
		return l, err
	})
}

// Join is "就是这件": instead of a second report, one more voice for the first.
type Join struct {
	Issue   id.ID
	Voice   string // a mark from the visitor's cookie
	Contact people.Contact
}

// Join counts one more voice, follows, and gives a link to follow by. Joining twice gives
// another link and counts once. A merged issue passes the voice on to what it went into.
func (d Desk) Join(ctx context.Context, by who.Actor, in Join) (_ Receipt, err error) {
	defer fail.Wrap(&err, "issue.Join(%d)", in.Issue)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (r Receipt, err error) {
		c, err := byID(tx, in.Issue)
		for hop := 0; err == nil && c.State == Merged && hop < 20; hop++ {
			c, err = byID(tx, c.Into)
		}
		if err != nil {
			return r, err
		}
		if err := c.openTo(tx, by); err != nil {
			return r, err
		}
		m := Move{Issue: c.ID, Act: ActMeToo, Voice: in.Voice}
		if by.ID == 0 && in.Voice == "" {
			return r, &fail.Error{Kind: fail.Invalid, Code: "issue.need_voice", Field: "voice"}
		}
		rel, err := d.relation(tx, by, c, &m)
		if err != nil {
			return r, err
		}
		if !rel.Said && !c.Reporter(by) {
			if c, err = d.move(tx, by, m); err != nil {
				return r, err
			}
		}
		person := by.ID
		if person == 0 {
			if person, err = people.Reach(tx, by, in.Contact); err != nil {
				return r, err
			}
		}
		if person != 0 {
			role := "follower"
			if by.ID == 0 {
				role = "asked" // whose address it is, somebody else may have typed
			}
			if err := follow(tx, c.ID, person, role); err != nil {
				return r, err
			}
			if by.ID == 0 {
				if err := notify.Post(tx, notify.Letter{To: person, Kind: "issue.follow_mail", About: c.ID, Key: "issue.follow_mail:" + c.No + ":" + tx.Now().Format("060102")}); err != nil {
					return r, err
				}
			}
		}
		r.Issue = c
		r.Link, err = newLink(tx, by, c.ID, "follow", person, time.Time{})
		return r, err
	})
}

// SavedView is a search of the desk that a person keeps.
type SavedView struct {
	ID    id.ID
	Name  string
	Query string // the query of the page's address
	Rank  int64
}

const viewsMost = 40

// SavedViews are the actor's, in their order.
func (d Desk) SavedViews(ctx context.Context, by who.Actor) (_ []SavedView, err error) {
	defer fail.Wrap(&err, "issue.SavedViews")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]SavedView, error) {
		return db.All(tx, func(r db.Row) (v SavedView, err error) { err = r.Scan(&v.ID, &v.Name, &v.Query, &v.Rank); return },
			`select id, name, query, rank from view where person = $1 and person <> 0 order by rank, id`, by.ID)
	})
}

// SaveView keeps a view (ID 0: a new one). Invalid issue.need_name, issue.views_most.
func (d Desk) SaveView(ctx context.Context, by who.Actor, v SavedView) (_ SavedView, err error) {
	defer fail.Wrap(&err, "issue.SaveView")
	if !by.Signed() {
		return v, fail.New(fail.Denied, "fail.sign_in")
	}
	if v.Name, err = text.Line(v.Name, 30); err != nil {
		return v, at("name", err)
	}
	if v.Name == "" || len(v.Query) > 2000 {
		return v, &fail.Error{Kind: fail.Invalid, Code: "issue.need_name", Field: "name"}
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (SavedView, error) {
		v := v
		if v.ID != 0 {
			n, err := tx.Exec(`update view set name = $1, query = $2, rank = $3 where id = $4 and person = $5`, v.Name, v.Query, v.Rank, v.ID, by.ID)
			if err == nil && n == 0 {
				err = fail.New(fail.Missing, "issue.view_missing")
			}
			return v, err
		}
		n, err := db.One(tx, "", func(r db.Row) (n int64, err error) { err = r.Scan(&n); return }, `select count(*) from view where person = $1`, by.ID)
		if err != nil {
			return v, err
		}
		if n >= viewsMost {
			return v, fail.New(fail.Invalid, "issue.views_most", "max", viewsMost)
		}
		v.ID = id.New(tx.Now())
		_, err = tx.Exec(`insert into view (id, person, name, query, rank, at) values ($1, $2, $3, $4, $5, $6)`, v.ID, by.ID, v.Name, v.Query, v.Rank, db.Ms(tx.Now()))
		return v, err
	})
}

// DropView forgets one of the actor's views.
func (d Desk) DropView(ctx context.Context, by who.Actor, n id.ID) (err error) {
	defer fail.Wrap(&err, "issue.DropView")
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`delete from view where id = $1 and person = $2 and person <> 0`, n, by.ID)
	})
	return err
}

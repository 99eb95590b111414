package issue

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/people"
)

// Link opens one issue to whoever holds its secret, of which only a hash is kept.
//
//	reporter  may do all that the one who raised it may
//	guest     an outsider without an account, to whom the issue was handed; 14 days
//	follow    sees the public page and that it is followed
//	mail      confirms that an e-mail address wants to follow; 3 days
type Link struct {
	ID     id.ID
	Issue  id.ID
	Kind   string
	Person id.ID
	By     id.ID
	At     time.Time
	Until  time.Time // zero: no end
	Ended  time.Time
}

const guestDays, mailDays = 14, 3

const linkCols = `id, issue, kind, person, by_id, at, until, ended`

func scanLink(r db.Row) (l Link, err error) {
	err = r.Scan(&l.ID, &l.Issue, &l.Kind, &l.Person, &l.By, db.Time(&l.At), db.Time(&l.Until), db.Time(&l.Ended))
	return
}

// newLink makes a link and returns its secret: 26 letters and digits, 130 random bits.
func newLink(tx *db.Tx, by who.Actor, issue id.ID, kind string, person id.ID, until time.Time) (string, error) {
	token := rand.Text()
	_, err := tx.Exec(`insert into link (id, issue, kind, hash, person, by_id, at, until, ended) values ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
		id.New(tx.Now()), issue, kind, hash(token), person, by.ID, db.Ms(tx.Now()), db.Ms(until))
	return token, err
}

// OpenLink finds what a secret opens. Missing issue.link_missing, issue.link_expired.
func (d Desk) OpenLink(ctx context.Context, token string) (_ Link, err error) {
	defer fail.Wrap(&err, "issue.OpenLink")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Link, error) { return OpenLink(tx, token) })
}

// OpenLink is the Desk's in a transaction that is open.
func OpenLink(tx *db.Tx, token string) (Link, error) {
	if len(token) < 20 || len(token) > 60 {
		return Link{}, fail.New(fail.Missing, "issue.link_missing")
	}
	l, err := db.One(tx, "issue.link_missing", scanLink, `select `+linkCols+` from link where hash = $1`, hash(token))
	if err != nil {
		return l, err
	}
	if !l.Ended.IsZero() || !l.Until.IsZero() && !tx.Now().Before(l.Until) {
		return Link{}, fail.New(fail.Missing, "issue.link_expired")
	}
	return l, nil
}

// As puts what a link allows into an actor: for the gate.
func (l Link) As(by who.Actor) who.Actor {
	switch l.Kind {
	case "reporter":
		by.Link = l.Issue
	case "guest":
		by.Guest = l.Issue
	}
	return by
}

// Outsider makes a link for somebody without an account, good for this one issue for 14
// days. If nobody has the issue in hand it is handed to them. The secret is shown once.
//
// What Step promises of ActHand; Denied issue.not_yours; Conflict issue.changed.
func (d Desk) Outsider(ctx context.Context, by who.Actor, n id.ID, rev int64) (_ Issue, token string, err error) {
	defer fail.Wrap(&err, "issue.Outsider(%d)", n)
	type out struct {
		c     Issue
		token string
	}
	o, err := db.Do(ctx, d.DB, func(tx *db.Tx) (o out, err error) {
		if o.c, err = byID(tx, n); err != nil {
			return o, err
		}
		if !o.c.Allows(by, who.IssueMove) {
			return o, fail.New(fail.Denied, "issue.not_yours")
		}
		if o.c.State != Accepted && o.c.State != Dispatched && o.c.State != InHand {
			return o, fail.New(fail.Conflict, "issue.wrong_state")
		}
		if o.token, err = newLink(tx, by, n, "guest", 0, tx.Now().AddDate(0, 0, guestDays)); err != nil {
			return o, err
		}
		if err := audit.Record(tx, by, "issue.outsider", n, nil); err != nil || o.c.Task != 0 {
			return o, err
		}
		l, err := OpenLink(tx, o.token)
		if err != nil {
			return o, err
		}
		o.c, err = d.move(tx, by, Move{Issue: n, Rev: rev, Act: ActHand, To: Assignee{"guest", l.ID}})
		return o, err
	})
	return o.c, o.token, err
}

// RevokeLink ends a link. Its issue's desk may, and who holds the issue's private link.
func (d Desk) RevokeLink(ctx context.Context, by who.Actor, link id.ID) (err error) {
	defer fail.Wrap(&err, "issue.RevokeLink(%d)", link)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) {
		l, err := db.One(tx, "issue.link_missing", scanLink, `select `+linkCols+` from link where id = $1`, link)
		if err != nil {
			return 0, err
		}
		c, err := byID(tx, l.Issue)
		if err != nil {
			return 0, err
		}
		if !c.Allows(by, who.IssueMove) && !c.Reporter(by) {
			return 0, fail.New(fail.Denied, "issue.not_yours")
		}
		if _, err := tx.Exec(`update link set ended = $1 where id = $2 and ended = 0`, db.Ms(tx.Now()), link); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "issue.revoke", l.Issue, map[string]id.ID{"link": link})
	})
	return err
}

// ResendLink sends new private links to the issues somebody raised in the last 180 days
// to the telephone or e-mail they left. The answer is the same whether we know them or
// not. The letters of kind issue.link carry no secret: MintLink makes it when they go out.
func (d Desk) ResendLink(ctx context.Context, in people.Contact) (err error) {
	defer fail.Wrap(&err, "issue.ResendLink")
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		p, err := people.Known(tx, in)
		if err != nil || p == 0 {
			return 0, err
		}
		cs, err := db.All(tx, scan, `select `+cols+` from issue where owner = $1 and owner <> 0 and at > $2 order by id desc limit 5`, p, db.Ms(tx.Now().AddDate(0, 0, -180)))
		if err != nil {
			return 0, err
		}
		for _, c := range cs {
			day := tx.Now().Format("060102")
			if err := notify.Post(tx, notify.Letter{To: p, Kind: "issue.link", About: c.ID, Key: "issue.link:" + day + ":" + c.No}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	return err
}

// MintLink makes a private link to an issue for the person who raised it, for whoever
// puts a letter together. Missing issue.missing for anybody else.
func (d Desk) MintLink(ctx context.Context, n, person id.ID) (_ string, err error) {
	defer fail.Wrap(&err, "issue.MintLink(%d)", n)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (string, error) {
		c, err := byID(tx, n)
		if err == nil && (person == 0 || person != c.Owner && person != c.For) {
			err = fail.New(fail.Missing, "issue.missing")
		}
		if err != nil {
			return "", err
		}
		return newLink(tx, who.System(who.Timer), n, "reporter", person, time.Time{})
	})
}

// MintMail is MintLink for the letter that asks whether an address wants to follow.
func (d Desk) MintMail(ctx context.Context, n, person id.ID) (_ string, err error) {
	defer fail.Wrap(&err, "issue.MintMail(%d)", n)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (string, error) {
		if ok, err := said(tx, `select 1 from follow where issue = $1 and person = $2 and ended = 0`, n, person); !ok || err != nil {
			if err == nil {
				err = fail.New(fail.Missing, "issue.missing")
			}
			return "", err
		}
		return newLink(tx, who.System(who.Timer), n, "mail", person, tx.Now().AddDate(0, 0, mailDays))
	})
}

package issue

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/people"
)

// Need is what an act would have to bring from by, as the table says; false when by may
// not do it now.
func (w Whole) Need(a Act, by who.Actor) (Need, bool) {
	rel := Relation{}
	for _, k := range w.Tasks {
		if k.ID == w.Issue.Task {
			rel.Task = k
		}
	}
	s, err := w.Issue.line(a, anyBranch, by, rel)
	return s.Need, err == nil
}

// LeaveContact keeps a way to reach the reporter who handed in without one. Version is
// that of the text they agreed to.
//
// Missing issue.link_*; Conflict issue.contact_known when somebody is known already;
// Invalid issue.need_contact, issue.need_consent, and what people.Contact.Check promises.
func (d Desk) LeaveContact(ctx context.Context, token string, in people.Contact, version string) (err error) {
	defer fail.Wrap(&err, "issue.LeaveContact")
	switch {
	case in.Phone == "" && in.Email == "":
		return &fail.Error{Kind: fail.Invalid, Code: "issue.need_contact", Field: "contact.phone"}
	case version == "":
		return &fail.Error{Kind: fail.Invalid, Code: "issue.need_consent", Field: "agree"}
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		l, err := OpenLink(tx, token)
		if err == nil && l.Kind != "reporter" {
			err = fail.New(fail.Missing, "issue.link_missing")
		}
		if err != nil {
			return 0, err
		}
		c, err := byID(tx, l.Issue)
		if err != nil {
			return 0, err
		}
		if c.Owner != 0 {
			return 0, fail.New(fail.Conflict, "issue.contact_known")
		}
		by := l.As(who.Actor{Via: who.Web, Lang: in.Lang})
		if c.Owner, err = people.Reach(tx, by, in); err != nil {
			return 0, err
		}
		if err := people.Agree(tx, by, c.Owner, "contact", version); err != nil {
			return 0, err
		}
		c.Rev++
		if err := save(tx, c); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`update link set person = $1 where id = $2`, c.Owner, l.ID); err != nil {
			return 0, err
		}
		if err := follow(tx, c.ID, c.Owner, "reporter"); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "issue.contact", c.ID, map[string]any{"consent": version, "person": c.Owner})
	})
	return err
}

// PublicByID is Public for an issue whose id is known. Missing issue.missing.
func (d Desk) PublicByID(ctx context.Context, n id.ID) (_ Public, err error) {
	defer fail.Wrap(&err, "issue.PublicByID(%d)", n)
	return db.See(ctx, d.DB, func(tx *db.Tx) (Public, error) {
		c, err := byID(tx, n)
		if err != nil {
			return Public{}, err
		}
		return public(tx, c)
	})
}

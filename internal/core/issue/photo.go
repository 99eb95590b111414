package issue

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
)

// Picture says whether the actor may have the photo of that name from the store: anybody
// what was released of an issue that is public, the reporter their own, staff and
// whoever has the issue in hand all of it.
//
// Missing issue.photo_missing, also when there is one.
func (d Desk) Picture(ctx context.Context, by who.Actor, name string) (_ Photo, err error) {
	defer fail.Wrap(&err, "issue.Picture")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Photo, error) {
		none := fail.New(fail.Missing, "issue.photo_missing")
		if name == "" {
			return Photo{}, none
		}
		ps, err := db.All(tx, scanPhoto, `select `+photoCols+` from photo where name = $1 union select `+photoCols+` from photo where shown = $1 and shown <> '' order by id`, name)
		if err != nil {
			return Photo{}, err
		}
		for _, p := range ps {
			switch ok, err := mayPicture(tx, by, p, name); {
			case err != nil:
				return Photo{}, err
			case ok:
				return p, nil
			}
		}
		return Photo{}, none
	})
}

func mayPicture(tx *db.Tx, by who.Actor, p Photo, name string) (bool, error) {
	c, err := byID(tx, p.Issue)
	if err != nil {
		return false, err
	}
	e, err := entryByID(tx, c.ID, p.Entry)
	if err != nil {
		return false, err
	}
	if p.Released && p.Shown == name && !e.Internal && e.Act.Told() && !c.withdrawn() {
		switch _, err := publicOf(tx, c); {
		case err == nil:
			return true, nil
		case fail.KindOf(err) != fail.Missing:
			return false, err
		}
	}
	if ok, err := maySee(tx, by, c); ok || err != nil {
		return ok, err
	}
	return c.Reporter(by) && c.toReporter(e), nil
}

// Loose reports whether the photo of that name hangs on nothing: sent with a report that
// is still being written.
func (d Desk) Loose(ctx context.Context, name string) (_ bool, err error) {
	defer fail.Wrap(&err, "issue.Loose")
	return db.See(ctx, d.DB, func(tx *db.Tx) (bool, error) {
		ns, err := db.All(tx, scanID, `select id from photo where name = $1 union select id from photo where shown = $1 and shown <> '' limit 1`, name)
		return len(ns) == 0, err
	})
}

package issue

import (
	"context"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
)

// Reshow brings what is read of a category's issues up to date after it was decided
// anew whether they are public. Twice is as good as once.
type Reshow struct {
	Category string `json:"category"`
	After    id.ID  `json:"after,string"`
}

// Kind is its name among the letters.
func (Reshow) Kind() string { return "issue.reshow" }

// seen is called when a category becomes public, or no longer is. What must not be seen
// is gone from the lists and the map with this transaction; the search index, and what may
// now be seen, follow.
func seen(tx *db.Tx, code string, public bool) error {
	if !public {
		if _, err := tx.Exec(`update shown set pub = false, no = '', title = '', place = 0, lat = $3, lon = $3, photo = '', up = '', stamp = $2 where kind = $1 and pub`,
			code, id.New(tx.Now()), 0.0); err != nil {
			return err
		}
	}
	return job.Put(tx, tx.Now(), Reshow{Category: code})
}

const reshowMost = 200

func (d Desk) reshow(ctx context.Context, w Reshow) error {
	_, err := db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		cs, err := db.All(tx, scan, `select `+cols+` from issue where category = $1 and id > $2 order by id limit $3`, w.Category, w.After, reshowMost)
		if err != nil || len(cs) == 0 {
			return 0, err
		}
		for _, c := range cs {
			if err := afresh(tx, c); err != nil {
				return 0, err
			}
		}
		return 0, job.Put(tx, tx.Now(), Reshow{w.Category, cs[len(cs)-1].ID})
	})
	return err
}

// afresh is reword for an issue whose row may already say less than the search index holds.
func afresh(tx *db.Tx, c Issue) error {
	if err := db.Unindex(tx, "issue_find", c.ID); err != nil {
		return err
	}
	return reword(tx, c)
}

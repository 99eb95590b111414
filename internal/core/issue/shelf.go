package issue

import (
	"context"
	"sync"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
)

// Shelf keeps the categories in memory, as they were when their revs had a sum: every
// change raises one and no category goes away, so nodes need not tell each other. The zero
// value is ready.
type Shelf struct {
	mu         sync.Mutex
	count, sum int64
	all        []Category
}

// Shown are the categories in use, as Categories gives them, for pages that only name
// them: they are shared, and must not be changed.
func (d Desk) Shown(ctx context.Context) (_ []Category, err error) {
	defer fail.Wrap(&err, "issue.Shown")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Category, error) {
		s := d.Shelf
		if s == nil {
			return Categories(tx)
		}
		type stamp struct{ count, sum int64 }
		now, err := db.One(tx, "issue.category_missing", func(r db.Row) (v stamp, err error) { err = r.Scan(&v.count, &v.sum); return },
			`select count(*), cast(coalesce(sum(rev), 0) as bigint) from category`)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		if s.all != nil && (now == stamp{s.count, s.sum}) {
			defer s.mu.Unlock()
			return s.all, nil
		}
		s.mu.Unlock()
		all, err := Categories(tx)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if now.sum >= s.sum { // one who looked earlier may come later
			s.count, s.sum, s.all = now.count, now.sum, all
		}
		return all, nil
	})
}

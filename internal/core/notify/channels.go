package notify

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/who"
)

// State is how a channel fares.
type State struct {
	Channel      string
	Sent, Failed int64 // today
	Spent        int64 // fen
	Cap          Cap
	Failing      bool   // the last three went wrong
	Full         bool   // it carries no more reminders today
	Err          string // code of the last failure, key of its sentence
	ErrAt, OkAt  time.Time
}

// Channels says how each channel fares today; those that fail come first.
//
// Denied fail.denied.
func (d Desk) Channels(ctx context.Context, by who.Actor) (_ []State, err error) {
	defer fail.Wrap(&err, "notify.Channels")
	if !by.May(who.ChannelSee, "") {
		return nil, fail.New(fail.Denied, "fail.denied")
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]State, error) {
		ds, err := days(tx, d.date(tx.Now()))
		if err != nil {
			return nil, err
		}
		var bad, good []State
		for _, c := range append(append([]Channel{}, d.Via...), d.Group...) {
			y, cap := ds[c.Name()], d.Caps[c.Name()]
			s := State{c.Name(), y.sent, y.failed, y.spent, cap, y.bad >= 3, !cap.carries(false, y.sent-y.failed, y.spent, 1), y.err, y.errAt, y.okAt}
			if s.Failing {
				bad = append(bad, s)
			} else {
				good = append(good, s)
			}
		}
		return append(bad, good...), nil
	})
}

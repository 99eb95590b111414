package issue

import (
	"time"

	"github.com/linli-town/linli/internal/base/worktime"
)

// stretch is one stretch in which the clocks of an issue ran; stop is zero while they do.
type stretch struct {
	start, stop time.Time
	began       Act
	settle      time.Time // when it was to be settled, as that stood at its end
}

// fresh reports whether limits are counted anew from where a stretch begins: from the
// report, and again from what reopened it.
func (s stretch) fresh() bool {
	return s.began == ActReport || s.began == ActDispute || s.began == ActCallBack
}

// recount is when a limit runs out for an issue whose clocks ran in these stretches. An issue
// put into another category or grade has the limits it would have had if it had been there from the
// start: they are counted from the same start, and what the clocks stood still (while it was
// paused, or waited for an answer or for the check) puts them off by as much. More time that was approved
// holds: it is settled in time until the later of the two. No limit gives no time.
func recount(cal *worktime.Calendar, l Limit, ss []stretch) time.Time {
	if l.N == 0 {
		return time.Time{}
	}
	unit := l.unit()
	var due time.Time
	for i, s := range ss {
		switch {
		case i == 0 || s.fresh():
			due = cal.Add(s.start, l.N, unit)
		default:
			due = cal.Delay(due, ss[i-1].stop, s.start, unit)
		}
		if s.began == ActApprove && l.What == "settle" && s.settle.After(due) {
			due = s.settle
		}
	}
	return due.UTC().Truncate(time.Millisecond)
}

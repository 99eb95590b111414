// Package worktime counts in working hours and working days: the Chinese statutory
// calendar with its make-up working days, in the town's time zone.
//
// Floor: base. Imports: base/fail. Brings the time zones along (time/tzdata).
package worktime

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata"

	"github.com/linli-town/linli/internal/base/fail"
)

// Unit is what a limit is counted in.
type Unit string

const (
	Hour        Unit = "hour"
	Day         Unit = "day"          // natural: the same time of day, n days on
	WorkingHour Unit = "working_hour" // only while people are at work
	WorkingDay  Unit = "working_day"  // the first day does not count, the last ends when work ends
)

// Span is a stretch of working time, both ends counted from midnight.
type Span struct{ From, To time.Duration }

// usual working time where none is set.
var usual = []Span{{9 * time.Hour, 12 * time.Hour}, {13*time.Hour + 30*time.Minute, 17*time.Hour + 30*time.Minute}}

// Calendar knows when people work. It does not change; share it freely.
type Calendar struct {
	zone  *time.Location
	spans []Span
}

// New is the statutory calendar in a zone (nil: Asia/Shanghai) with these working
// hours (none: 9:00–12:00 and 13:30–17:30). Invalid worktime.hours if they are not
// in order within a day.
func New(zone *time.Location, hours ...Span) (*Calendar, error) {
	if zone == nil {
		zone, _ = time.LoadLocation("Asia/Shanghai") // in the binary, cannot fail
	}
	if len(hours) == 0 {
		hours = usual
	}
	last := time.Duration(0)
	for _, h := range hours {
		if h.From < last || h.To <= h.From || h.To > 24*time.Hour {
			return nil, fail.New(fail.Invalid, "worktime.hours")
		}
		last = h.To
	}
	return &Calendar{zone, slices.Clone(hours)}, nil
}

// ParseHours reads working hours as people set them: 9:00-12:00, 13:30-17:30.
// Invalid worktime.hours.
func ParseHours(s string) ([]Span, error) {
	var out []Span
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(part, "-")
		a, ok1 := clock(from)
		b, ok2 := clock(to)
		if !ok || !ok1 || !ok2 {
			return nil, fail.New(fail.Invalid, "worktime.hours")
		}
		out = append(out, Span{a, b})
	}
	if _, err := New(time.UTC, out...); err != nil {
		return nil, err
	}
	return out, nil
}

func clock(s string) (time.Duration, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hour, err1 := strconv.ParseUint(h, 10, 8)
	minute, err2 := strconv.ParseUint(m, 10, 8)
	d := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	return d, ok && err1 == nil && err2 == nil && len(m) == 2 && minute < 60
}

//go:embed days.txt
var days string

type table struct {
	work map[int]bool // yyyymmdd, where it is not as the weekday says
	year map[int]bool
}

var statute = sync.OnceValue(func() table {
	t := table{map[int]bool{}, map[int]bool{}}
	for line := range strings.Lines(days) {
		if line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		y, _ := strconv.Atoi(f[0])
		t.year[y] = true
		for _, md := range f[2:] {
			d, _ := strconv.Atoi(md)
			t.work[y*10000+d] = f[1] == "on"
		}
	}
	return t
})

// Known says whether the statutory days of a year are known. In other years every
// Monday to Friday is a working day.
func (c *Calendar) Known(year int) bool { return statute().year[year] }

// Zone is where the calendar is.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Workday says whether the day t falls on is one.
func (c *Calendar) Workday(t time.Time) bool { return workday(t.In(c.zone).Date()) }

func workday(y int, m time.Month, d int) bool {
	if w, ok := statute().work[y*10000+int(m)*100+d]; ok {
		return w
	}
	wd := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()
	return wd != time.Saturday && wd != time.Sunday
}

// Add is when n units after start are over; start itself if n is not above 0.
// An unknown unit counts hours.
func (c *Calendar) Add(start time.Time, n int, u Unit) time.Time {
	switch {
	case n <= 0:
		return start
	case u == Day:
		return start.In(c.zone).AddDate(0, 0, min(n, farDays))
	case u == WorkingHour:
		return c.Advance(start, hours(n))
	case u == WorkingDay:
		return c.workingDays(start, n)
	}
	return start.Add(hours(n)).In(c.zone)
}

// A limit ends within two hundred years, whatever somebody typed.
const farDays = 200 * 366

func hours(n int) time.Duration { return time.Duration(min(n, farDays*24)) * time.Hour }

func (c *Calendar) workingDays(start time.Time, n int) time.Time {
	y, m, d := start.In(c.zone).Date()
	for i := 0; n > 0 && i < farDays; i++ {
		if y, m, d = time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC).Date(); workday(y, m, d) {
			n--
		}
	}
	return c.at(y, m, d, c.spans[len(c.spans)-1].To)
}

// at is the time of day on a date, as the clock on the wall shows it.
func (c *Calendar) at(y int, m time.Month, d int, clock time.Duration) time.Time {
	return time.Date(y, m, d, 0, 0, 0, int(clock), c.zone)
}

// Advance is when d of working time after start has passed. What ends with the working
// day ends then and not the next morning.
func (c *Calendar) Advance(start time.Time, d time.Duration) time.Time {
	start = start.In(c.zone)
	if d <= 0 {
		return start
	}
	end := start
	c.walk(start, farDays, func(from, to time.Time) bool {
		if w := to.Sub(from); w < d {
			d -= w
			end = to
			return true
		}
		end = from.Add(d)
		return false
	})
	return end
}

// Worked is the working time between two moments, 0 if to is not after from.
func (c *Calendar) Worked(from, to time.Time) (d time.Duration) {
	c.walk(from, farDays, func(a, b time.Time) bool {
		if !a.Before(to) {
			return false
		}
		if b.After(to) {
			b = to
		}
		d += b.Sub(a)
		return true
	})
	return d
}

// walk calls yield with each stretch of working time after start, for so many days.
func (c *Calendar) walk(start time.Time, limit int, yield func(from, to time.Time) bool) {
	y, m, d := start.In(c.zone).Date()
	for range limit {
		if workday(y, m, d) {
			for _, s := range c.spans {
				from, to := c.at(y, m, d, s.From), c.at(y, m, d, s.To)
				if from.Before(start) {
					from = start
				}
				if from.Before(to) && !yield(from, to) {
					return
				}
			}
		}
		y, m, d = time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC).Date()
	}
}

// Between is how many units lie between from and to, negative if to is earlier.
// Between(t, Add(t, n, u), u) is n. Working days are whole: how often one began after
// the first day.
func (c *Calendar) Between(from, to time.Time, u Unit) float64 {
	if to.Before(from) {
		return -c.Between(to, from, u)
	}
	switch u {
	case Day:
		a, b := from.In(c.zone), to.In(c.zone)
		whole := int(date(b).Sub(date(a)) / (24 * time.Hour))
		return float64(whole) + b.Sub(a.AddDate(0, 0, whole)).Hours()/24
	case WorkingHour:
		return c.Worked(from, to).Hours()
	case WorkingDay:
		n := 0
		day, last := date(from.In(c.zone)), date(to.In(c.zone))
		for day.Before(last) {
			if day = day.AddDate(0, 0, 1); workday(day.Date()) {
				n++
			}
		}
		return float64(n)
	}
	return to.Sub(from).Hours()
}

// date is midnight of t's day, in a zone without surprises.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Left is how many units remain until due; below 0 if it is over.
func (c *Calendar) Left(now, due time.Time, u Unit) float64 { return c.Between(now, due, u) }

// Delay is due put off by what was waited from one moment to another: a clock that
// stood still. Waiting within one day costs no working day.
func (c *Calendar) Delay(due, from, to time.Time, u Unit) time.Time {
	if !to.After(from) {
		return due
	}
	switch u {
	case WorkingHour:
		return c.Advance(due, c.Worked(from, to))
	case WorkingDay:
		return c.Add(due, int(c.Between(from, to, WorkingDay)), WorkingDay)
	}
	return due.Add(to.Sub(from)).In(c.zone)
}

package i18n

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
)

// W speaks to one reader: a script, the moment the page was made, and the town's clock.
// Now and Loc only matter for times: a zero Now gives whole dates, a nil Loc is Beijing time.
type W struct {
	Lang Lang
	Now  time.Time
	Loc  *time.Location
}

var beijing = time.FixedZone("CST", 8*3600)

// T gives the words of key. args are name, value, name, value… for named places, or plain values for {0} {1}.
// A key without words is shown as itself and counted (Unknown).
func (w W) T(key string, args ...any) string {
	m, ok := catalogue()[key]
	if !ok {
		lost(key)
		return key
	}
	return w.speak(m[w.Lang.at()], args)
}

// N gives the words of key for n things: key.one or key.other, with {count}.
func (w W) N(key string, n any, args ...any) string {
	k := key + ".other"
	if one := key + ".one"; fmt.Sprint(n) == "1" && w.Has(one) {
		k = one
	} else if !w.Has(k) && w.Has(key) {
		k = key
	}
	return w.T(k, append([]any{"count", n}, args...)...)
}

// Has reports whether key has words.
func (w W) Has(key string) bool {
	_, ok := catalogue()[key]
	return ok
}

// Err gives the sentence of a refusal: of its code, or of its kind if the code has none yet. A fault of ours speaks with its reference number.
func (w W) Err(err error, ref string) string {
	e, ok := errors.AsType[*fail.Error](err)
	if !ok || e.Kind == fail.Fault {
		return w.T("fail.fault", "ref", ref)
	}
	if w.Has(e.Code) {
		return w.T(e.Code, e.Args...)
	}
	lost(e.Code)
	switch e.Kind {
	case fail.Denied:
		return w.T("fail.denied")
	case fail.Missing:
		return w.T("fail.missing")
	case fail.Conflict:
		return w.T("fail.conflict")
	case fail.Busy:
		return w.T("fail.busy", "seconds", 30)
	}
	return w.T("fail.invalid")
}

// word writes one value into a sentence.
func (w W) word(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return w.Time(v)
	case time.Duration:
		return w.Span(v)
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return w.Num(v)
	}
	return fmt.Sprint(v)
}

// Num writes a number: thousands set apart, at most one decimal.
func (w W) Num(v any) string {
	s := fmt.Sprint(v)
	switch v := v.(type) {
	case float64:
		s = strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	case float32:
		s = strings.TrimSuffix(strconv.FormatFloat(float64(v), 'f', 1, 32), ".0")
	}
	sign, digits := "", s
	if d, ok := strings.CutPrefix(s, "-"); ok {
		sign, digits = "−", d
	}
	whole, frac, dot := strings.Cut(digits, ".")
	if w.Lang != En && len(whole) < 5 { // Chinese readers meet 1234 plain
		return sign + digits
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		whole += "." + frac
	}
	return sign + whole
}

func (w W) local(t time.Time) (at, now time.Time) {
	loc := w.Loc
	if loc == nil {
		loc = beijing
	}
	return t.In(loc), w.Now.In(loc)
}

// days counts midnights from now to t.
func days(t, now time.Time) int {
	y, m, d := t.Date()
	yn, mn, dn := now.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(yn, mn, dn, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
}

// Time says when: 今天 09:40, 昨天 20:05, 11月23日 17:00, and with the year if it is another.
func (w W) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	at, now := w.local(t)
	clock := at.Format("15:04")
	if !w.Now.IsZero() {
		switch days(at, now) {
		case 0:
			return w.T("time.today", "clock", clock)
		case -1:
			return w.T("time.yesterday", "clock", clock)
		case 1:
			return w.T("time.tomorrow", "clock", clock)
		}
	}
	return w.T("time.date_clock", "date", w.date(at, now), "clock", clock)
}

// Day says which day, without the clock.
func (w W) Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	at, now := w.local(t)
	if !w.Now.IsZero() {
		switch days(at, now) {
		case 0:
			return w.T("time.day_today")
		case -1:
			return w.T("time.day_yesterday")
		case 1:
			return w.T("time.day_tomorrow")
		}
	}
	return w.date(at, now)
}

func (w W) date(at, now time.Time) string {
	month, day := strconv.Itoa(int(at.Month())), strconv.Itoa(at.Day())
	if w.Lang == En {
		month = at.Format("Jan")
	}
	if at.Year() == now.Year() {
		return w.T("time.date", "month", month, "day", day)
	}
	return w.T("time.date_year", "year", strconv.Itoa(at.Year()), "month", month, "day", day)
}

// ISO is the machine's form, for <time datetime>.
func (w W) ISO(t time.Time) string {
	at, _ := w.local(t)
	return at.Format("2006-01-02T15:04:05Z07:00")
}

// Promise says by when a thing should be done: 预计 11月23日 17:00 前办完.
func (w W) Promise(due time.Time) string { return w.T("time.promise", "when", w.Time(due)) }

// Left says how far away due is: 还有 26 小时, or 已超 3 小时.
func (w W) Left(due time.Time) string {
	if d := due.Sub(w.Now); d < 0 {
		return w.T("time.late", "span", w.Span(-d))
	} else {
		return w.T("time.left", "span", w.Span(d))
	}
}

// Span says how long: minutes below an hour and a half, hours below two days, then days; rounded down.
func (w W) Span(d time.Duration) string {
	switch {
	case d < 90*time.Minute:
		return w.N("time.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return w.N("time.hours", int(d/time.Hour))
	}
	return w.N("time.days", int(d/(24*time.Hour)))
}

// Paragraphs are the words of a key that holds several, one a line.
func (w W) Paragraphs(key string, args ...any) []string {
	return strings.Split(w.T(key, args...), "\n")
}

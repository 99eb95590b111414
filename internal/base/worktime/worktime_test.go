package worktime

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func calendar(t interface{ Fatal(...any) }, zone string, hours ...Span) *Calendar {
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(z, hours...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t *testing.T, c *Calendar, s string) time.Time {
	t.Helper()
	x, err := time.ParseInLocation("2006-01-02 15:04", s, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestStatutoryDays(t *testing.T) {
	c := calendar(t, "Asia/Shanghai")
	for day, want := range map[string]bool{
		"2026-02-13": true,  // Friday before the Spring Festival
		"2026-02-14": true,  // Saturday made up
		"2026-02-16": false, // New Year's Eve, a Monday
		"2026-02-23": false,
		"2026-02-24": true,
		"2026-02-28": true, // Saturday made up
		"2026-03-01": false,
		"2026-10-07": false,
		"2026-10-08": true,
		"2026-10-10": true, // Saturday made up
		"2015-01-04": true, // Sunday made up
		"2020-01-31": false,
		"2015-09-03": false, // once only: seventy years of victory
		"2016-09-03": false, // a Saturday anyhow
		"2027-10-01": true,  // not known yet: a Friday is a Friday
		"2027-10-02": false,
		"2014-10-01": true,
	} {
		if got := c.Workday(at(t, c, day+" 00:00")); got != want {
			t.Errorf("%s: %v, want %v", day, got, want)
		}
		if got := c.Workday(at(t, c, day+" 23:59")); got != want {
			t.Errorf("%s at night: %v, want %v", day, got, want)
		}
	}
	for year, want := range map[int]bool{2014: false, 2015: true, 2026: true, 2027: false} {
		if c.Known(year) != want {
			t.Errorf("Known(%d) is %v", year, !want)
		}
	}
}

func TestDayIsTheZones(t *testing.T) {
	c := calendar(t, "Asia/Shanghai")
	if !c.Workday(time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)) { // Monday in Shanghai
		t.Error("Sunday 16:00 UTC is Monday")
	}
}

func TestAdd(t *testing.T) {
	c := calendar(t, "Asia/Shanghai")
	for name, x := range map[string]struct {
		from string
		n    int
		unit Unit
		want string
	}{
		"hours go on at night":        {"2026-11-23 23:30", 2, Hour, "2026-11-24 01:30"},
		"days keep the clock":         {"2026-02-13 10:07", 7, Day, "2026-02-20 10:07"},
		"within the morning":          {"2026-11-23 09:30", 2, WorkingHour, "2026-11-23 11:30"},
		"a day and more":              {"2026-11-23 09:30", 9, WorkingHour, "2026-11-24 11:30"},
		"over noon":                   {"2026-11-23 11:30", 1, WorkingHour, "2026-11-23 14:00"},
		"just the day":                {"2026-11-23 09:00", 7, WorkingHour, "2026-11-23 17:30"},
		"at night":                    {"2026-11-23 20:00", 1, WorkingHour, "2026-11-24 10:00"},
		"early":                       {"2026-11-23 03:00", 1, WorkingHour, "2026-11-23 10:00"},
		"over the weekend":            {"2026-11-27 17:00", 1, WorkingHour, "2026-11-30 09:30"},
		"over the festival":           {"2026-02-14 17:00", 2, WorkingHour, "2026-02-24 10:30"},
		"a made-up Saturday":          {"2026-02-13 17:30", 1, WorkingHour, "2026-02-14 10:00"},
		"working days end with work":  {"2026-11-23 10:00", 1, WorkingDay, "2026-11-24 17:30"},
		"however early they begin":    {"2026-11-23 00:00", 1, WorkingDay, "2026-11-24 17:30"},
		"five working days":           {"2026-11-23 10:00", 5, WorkingDay, "2026-11-30 17:30"},
		"from a Saturday":             {"2026-11-28 10:00", 1, WorkingDay, "2026-11-30 17:30"},
		"working days over the feast": {"2026-02-13 10:00", 2, WorkingDay, "2026-02-24 17:30"},
		"none":                        {"2026-11-28 10:00", 0, WorkingDay, "2026-11-28 10:00"},
		"less than none":              {"2026-11-28 10:00", -3, WorkingHour, "2026-11-28 10:00"},
	} {
		from := at(t, c, x.from)
		if got := c.Add(from, x.n, x.unit).Format("2006-01-02 15:04"); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	for _, u := range []Unit{Hour, Day, WorkingHour, WorkingDay} {
		if y := c.Add(at(t, c, "2026-11-28 10:00"), math.MaxInt, u).Year(); y < 2200 || y > 2500 {
			t.Errorf("a mistyped limit in %s ends in %d", u, y)
		}
	}
}

func TestLeftAndDelay(t *testing.T) {
	c := calendar(t, "Asia/Shanghai")
	due := at(t, c, "2026-11-24 11:00")
	for name, x := range map[string]struct {
		now  string
		unit Unit
		want float64
	}{
		"working hours": {"2026-11-23 17:00", WorkingHour, 2.5},
		"overdue":       {"2026-11-24 14:30", WorkingHour, -2},
		"hours":         {"2026-11-23 17:00", Hour, 18},
		"days":          {"2026-11-22 11:00", Day, 2},
		"working days":  {"2026-11-20 23:00", WorkingDay, 2},
		"late by days":  {"2026-11-30 09:00", WorkingDay, -4},
	} {
		if got := c.Left(at(t, c, x.now), due, x.unit); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", name, got, x.want)
		}
	}
	for name, x := range map[string]struct {
		from, to string
		unit     Unit
		want     string
	}{
		"working hours":           {"2026-11-23 16:30", "2026-11-24 10:00", WorkingHour, "2026-11-24 14:30"},
		"nobody works":            {"2026-11-23 18:00", "2026-11-24 08:00", WorkingHour, "2026-11-24 11:00"},
		"hours":                   {"2026-11-23 18:00", "2026-11-24 08:00", Hour, "2026-11-25 01:00"},
		"within a day":            {"2026-11-23 09:00", "2026-11-23 16:00", WorkingDay, "2026-11-24 11:00"},
		"over one night":          {"2026-11-23 16:00", "2026-11-24 09:00", WorkingDay, "2026-11-25 17:30"},
		"backwards costs nothing": {"2026-11-24 09:00", "2026-11-23 09:00", Hour, "2026-11-24 11:00"},
	} {
		if got := c.Delay(due, at(t, c, x.from), at(t, c, x.to), x.unit).Format("2006-01-02 15:04"); got != x.want {
			t.Errorf("delayed, %s: %s, want %s", name, got, x.want)
		}
	}
}

var (
	moments = rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMilli(rapid.Int64Range(time.Date(2014, 12, 1, 0, 0, 0, 0, time.UTC).UnixMilli(), time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()).Draw(t, "moment"))
	})
	units = rapid.SampledFrom([]Unit{Hour, Day, WorkingHour, WorkingDay})
	zones = rapid.SampledFrom([]string{"Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/New_York"})
)

func TestAddIsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := calendar(t, zones.Draw(t, "zone"))
		a, b, u := moments.Draw(t, "a"), moments.Draw(t, "b"), units.Draw(t, "unit")
		n, m := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(0, 60).Draw(t, "m")
		if b.Before(a) {
			a, b = b, a
		}
		if m < n {
			n, m = m, n
		}
		if n > 0 && c.Add(b, n, u).Before(c.Add(a, n, u)) {
			t.Fatalf("the later start ends first: %v, %v", c.Add(a, n, u), c.Add(b, n, u))
		}
		if c.Add(a, m, u).Before(c.Add(a, n, u)) {
			t.Fatalf("the longer limit ends first: %v, %v", c.Add(a, n, u), c.Add(a, m, u))
		}
		if c.Add(a, n, u).Before(a) {
			t.Fatalf("over before it began: %v", c.Add(a, n, u))
		}
	})
}

func TestAddAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := calendar(t, "Asia/Shanghai")
		a, u := moments.Draw(t, "a"), units.Draw(t, "unit")
		n, m := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(0, 60).Draw(t, "m")
		if x, y := c.Add(c.Add(a, n, u), m, u), c.Add(a, n+m, u); !x.Equal(y) {
			t.Fatalf("%v, want %v", x, y)
		}
	})
}

func TestBetweenUndoesAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := calendar(t, zones.Draw(t, "zone"))
		a, u, n := moments.Draw(t, "a"), units.Draw(t, "unit"), rapid.IntRange(0, 60).Draw(t, "n")
		if got := c.Between(a, c.Add(a, n, u), u); math.Abs(got-float64(n)) > 1e-6 {
			t.Fatalf("%g, want %d", got, n)
		}
		b, d := moments.Draw(t, "b"), moments.Draw(t, "d")
		if u != Day && !b.Before(a) && !d.Before(b) && math.Abs(c.Between(a, b, u)+c.Between(b, d, u)-c.Between(a, d, u)) > 1e-6 {
			t.Fatal("parts do not add up")
		}
	})
}

// Working time, counted minute by minute.
func TestWorkedAgreesWithCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := calendar(t, zones.Draw(t, "zone"))
		a := moments.Draw(t, "a").Truncate(time.Minute)
		b := a.Add(time.Duration(rapid.IntRange(0, 14*24*60).Draw(t, "minutes")) * time.Minute)
		var want time.Duration
		for m := a; m.Before(b); m = m.Add(time.Minute) {
			x := m.In(c.Zone())
			clock := x.Hour()*60 + x.Minute()
			if c.Workday(m) && (clock >= 540 && clock < 720 || clock >= 810 && clock < 1050) {
				want += time.Minute
			}
		}
		if got := c.Worked(a, b); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestHoursAreChecked(t *testing.T) {
	for in, want := range map[string][]Span{
		"9:00-12:00, 13:30-17:30": usual,
		"00:00-24:00":             {{0, 24 * time.Hour}},
		"08:30-17:00":             {{8*time.Hour + 30*time.Minute, 17 * time.Hour}},
		"":                        nil,
		"9-12":                    nil,
		"9:00-9:00":               nil,
		"12:00-9:00":              nil,
		"13:30-17:30,9:00-12:00":  nil,
		"9:00-12:00,11:00-13:00":  nil,
		"9:00-24:01":              nil,
		"9:60-10:30":              nil,
		"9:0-10:00":               nil,
	} {
		got, err := ParseHours(in)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %v\n%s", in, err, d)
		}
		if e, ok := errors.AsType[*fail.Error](err); (want == nil) != ok || ok && e.Code != "worktime.hours" {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseHours(f *testing.F) {
	add := mutate.Adder(f)
	add("9:00-12:00, 13:30-17:30")
	add("00:00-24:00")
	add("9:00-9:00,")
	f.Fuzz(func(t *testing.T, s string) {
		hours, err := ParseHours(s)
		if err != nil {
			return
		}
		c := calendar(t, "Asia/Shanghai", hours...)
		start := time.Date(2026, 2, 14, 3, 0, 0, 0, time.UTC)
		if got := c.Between(start, c.Add(start, 5, WorkingHour), WorkingHour); math.Abs(got-5) > 1e-6 {
			t.Errorf("%q: %g", s, got)
		}
	})
}

func BenchmarkAddWorkingHours(b *testing.B) {
	c := calendar(b, "Asia/Shanghai")
	start := time.Date(2026, 2, 14, 3, 0, 0, 0, time.UTC)
	for b.Loop() {
		c.Add(start, 16, WorkingHour)
	}
}

func BenchmarkAddWorkingDays(b *testing.B) {
	c := calendar(b, "Asia/Shanghai")
	start := time.Date(2026, 2, 14, 3, 0, 0, 0, time.UTC)
	for b.Loop() {
		c.Add(start, 5, WorkingDay)
	}
}

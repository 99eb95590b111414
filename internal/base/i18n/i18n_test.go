package i18n

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func TestCatalogueIsWhole(t *testing.T) {
	for _, err := range Check() {
		t.Error(err)
	}
}

var (
	asked   = regexp.MustCompile(`(?:\.T|\.N|\.Has)(?:\(| )"([a-z][a-z0-9_]*\.[a-z0-9_.]+)"`)
	refused = regexp.MustCompile(`(?:fail\.New\([^"]*,\s*|db\.One\(\w+,\s*|Code:\s*)"([a-z][a-z0-9_]*\.[a-z0-9_.]+)"`)
	quoted  = regexp.MustCompile("[\"`]([a-z][a-z0-9_.]*(?:%[a-z])?)[\"`]")
	remark  = regexp.MustCompile(`(?s)\{\{/\*.*?\*/\}\}`)
)

// TestEveryKeyIsSpoken reads all Go and templates: no key used without words, no words without use.
func TestEveryKeyIsSpoken(t *testing.T) {
	needs, literals := map[string]string{}, map[string]bool{}
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == ".git" || e.Name() == "node_modules") {
			return fs.SkipDir
		}
		if ext := filepath.Ext(p); (ext != ".go" && ext != ".html") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		b = remark.ReplaceAll(b, nil)
		for _, re := range []*regexp.Regexp{asked, refused} {
			for _, m := range re.FindAllSubmatch(b, -1) {
				needs[string(m[1])] = p
			}
		}
		for _, m := range quoted.FindAllSubmatch(b, -1) {
			literals[string(m[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := W{}
	for _, k := range slices.Sorted(maps.Keys(needs)) {
		if !w.Has(k) && !w.Has(k+".other") && !strings.HasSuffix(k, ".") {
			t.Errorf("%s asks for %s, which has no words", needs[k], k)
		}
	}
	// common.json is the stock everybody takes from; the rest is written for a place and goes with it.
	stock := map[string]bool{}
	for _, f := range raws() {
		for k := range f.words {
			stock[k] = f.name == "msg/common.json"
		}
	}
	var stems []string
	for l := range literals {
		l, _, _ = strings.Cut(l, "%")
		if strings.HasSuffix(l, ".") && len(l) > 3 {
			stems = append(stems, l)
		}
	}
	for _, k := range Keys() {
		if stock[k] {
			continue
		}
		bare := strings.TrimSuffix(strings.TrimSuffix(k, ".one"), ".other")
		if !literals[k] && !literals[bare] && !slices.ContainsFunc(stems, func(s string) bool { return strings.HasPrefix(k, s) }) {
			t.Errorf("nobody says %s", k)
		}
	}
}

func TestPlacesAreFilled(t *testing.T) {
	w := W{Lang: En}
	if got, want := w.T("fail.too_long", "count", 10001, "max", 1000), "Please write at most 1,000 characters; there are 10,001 now."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := []string{w.N("time.hours", 1), w.N("time.hours", int64(26)), W{}.N("time.hours", 1)}
	if want := []string{"1 hour", "26 hours", "1 小时"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := w.speak(cut("{0} of {1}, {2}"), []any{"a", 2}), "a of 2, "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnknownKeyShowsItself(t *testing.T) {
	if got := (W{}).T("no.such.key"); got != "no.such.key" {
		t.Errorf("got %q", got)
	}
	if !slices.Contains(Unknown(), "no.such.key") {
		t.Error("the unknown key was not counted")
	}
}

func TestRefusalsSpeak(t *testing.T) {
	w := W{Lang: En}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"own words": {fail.New(fail.Invalid, "fail.too_short", "min", 2), "Please write at least 2 characters."},
		"by kind":   {fail.New(fail.Conflict, "no.words.yet"), "Somebody changed this a moment ago. Please look at how it stands now before changing it."},
		"a fault":   {errors.New("disk on fire"), "Something went wrong on our side; it is not your fault. What you filled in is still here, so please try again in a little while. If it still does not work, give your community this number: A7."},
	} {
		if got := w.Err(c.err, "A7"); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if !slices.Contains(Unknown(), "no.words.yet") {
		t.Error("a code without words was not counted")
	}
}

func TestTimesAreSaidAsPeopleSayThem(t *testing.T) {
	now := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC) // 09:30 in the town
	at := func(h float64) time.Time { return now.Add(time.Duration(h * float64(time.Hour))) }
	for _, l := range []Lang{Hans, En} {
		w := W{Lang: l, Now: now}
		got := []string{w.Time(at(0)), w.Time(at(-10)), w.Time(at(24)), w.Time(at(48)), w.Time(at(-24 * 400)), w.Day(at(-10)), w.Day(at(72)),
			w.Promise(at(7.5)), w.Left(at(26)), w.Left(at(-3)), w.Left(at(96)), w.Left(at(.5)), w.Time(time.Time{})}
		want := map[Lang][]string{
			Hans: {"今天 09:30", "昨天 23:30", "明天 09:30", "11月25日 09:30", "2025年10月19日 09:30", "昨天", "11月26日",
				"预计今天 17:00 前办完", "还有 26 小时", "已超 3 小时", "还有 4 天", "还有 30 分钟", ""},
			En: {"today 09:30", "yesterday 23:30", "tomorrow 09:30", "25 Nov 09:30", "19 Oct 2025 09:30", "yesterday", "26 Nov",
				"Expected to be done by today 17:00", "26 hours left", "3 hours overdue", "4 days left", "30 minutes left", ""},
		}[l]
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", l, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	got := []string{W{}.Num(1234), W{}.Num(12345), W{Lang: En}.Num(1234567), W{}.Num(1.84), W{}.Num(-2.0), W{Lang: En}.Num(1234.5)}
	if want := []string{"1234", "12,345", "1,234,567", "1.8", "−2", "1,234.5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWishes(t *testing.T) {
	for in, want := range map[string]Lang{
		"": Hans, "/en/": En, "/zh-hant/": Hant, "zh-TW,zh;q=0.9,en;q=0.8": Hant, "fr, en;q=0.5, zh-CN;q=0.7": Hans,
		"zh_HK": Hant, "EN-gb": En, "zh-Hans-HK": Hans, "de": Hans, "en;q=0, zh": Hans, "en;q=NaN": Hans,
	} {
		if got := Parse(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := Parse("", "xx", "en"); got != En {
		t.Errorf("got %s, want the first wish that names a script", got)
	}
	l, rest, ok := Cut("/en/issue/7")
	if l != En || rest != "/issue/7" || !ok {
		t.Errorf("got %s %s %v", l, rest, ok)
	}
	if _, rest, ok := Cut("/energy"); ok || rest != "/energy" {
		t.Errorf("got %s %v, want /energy left alone", rest, ok)
	}
}

func FuzzParse(f *testing.F) {
	add := mutate.Adder(f)
	for _, s := range []string{"", "zh-TW,zh;q=0.9,en;q=0.8", "*", "en;q=1e999", ",,,;;;", "/zh-hant/"} {
		add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if l := Parse(s); !slices.Contains(Langs(), l) {
			t.Errorf("%q gives %q", s, l)
		}
	})
}

func BenchmarkT(b *testing.B) {
	w := W{Lang: Hans}
	for b.Loop() {
		w.T("fail.too_long", "count", 1200, "max", 1000)
	}
}

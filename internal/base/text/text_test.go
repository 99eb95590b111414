package text

import (
	"encoding/csv"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func TestFoldBringsSpellingsTogether(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"traditional": {"垃圾分類、樓道雜物", "垃圾分类、楼道杂物"},
		"width":       {"１０幢Ａ座：３０１室", "10幢a座:301室"},
		"著":           {"開著燈", "开着灯"},
		"unseen":      {"垃\u200b圾\ufeff", "垃圾"},
		"compat":      {"㎡ ﾊﾟ ①", "m2 パ 1"},
		"joins later": {"H\u0331", "\u1e96"},
		"broken":      {"a\xffb", "a\ufffdb"},
	} {
		if got := Fold(c.in); got != c.want {
			t.Errorf("%s: Fold(%q) = %q, want %q", name, c.in, got, c.want)
		}
	}
}

func TestTokens(t *testing.T) {
	for name, c := range map[string]struct {
		in          string
		index, find []string
	}{
		"pairs":     {"路灯坏了", []string{"路", "灯", "路灯", "坏", "灯坏", "了", "坏了"}, []string{"路灯", "灯坏", "坏了"}},
		"one":       {"灯", []string{"灯"}, []string{"灯"}},
		"mixed":     {"10幢B座 wi-fi", []string{"10", "幢", "b", "座", "wi", "fi"}, []string{"10", "幢", "b", "座", "wi", "fi"}},
		"number":    {"260622-0017", []string{"260622", "0017"}, []string{"260622", "0017"}},
		"once":      {"天天天", []string{"天", "天天"}, []string{"天天"}},
		"last word": {"灯led", []string{"灯", "led"}, []string{"灯", "led"}},
		"nothing":   {" ，。!", nil, nil},
		"long":      {strings.Repeat("x", 5000), []string{strings.Repeat("x", maxWord)}, []string{strings.Repeat("x", maxWord)}},
	} {
		if d := cmp.Diff(c.index, Tokens(c.in)); d != "" {
			t.Errorf("%s: Tokens: want - got +\n%s", name, d)
		}
		if d := cmp.Diff(c.find, Query(c.in)); d != "" {
			t.Errorf("%s: Query: want - got +\n%s", name, d)
		}
	}
}

var chinese = rapid.StringOfN(rapid.RuneFrom([]rune("垃圾分類类路灯燈壞坏了10幢Ａa 、，.-\nÉ")), 0, 40, -1)

// What stands in a text is found by its query, in whichever script it is written.
func TestPartIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// A query cuts words where it likes, so the part begins and ends at a Han character.
		part := "灯" + chinese.Draw(t, "part") + "壞"
		s := Tokens(chinese.Draw(t, "before") + part + chinese.Draw(t, "behind"))
		for _, q := range Query(part) {
			if !slices.Contains(s, q) {
				t.Fatalf("query %q is not among %q", q, s)
			}
		}
	})
}

func TestSimilar(t *testing.T) {
	for name, c := range map[string]struct {
		a, b     string
		min, max float64
	}{
		"same":      {"三栋楼下路灯坏了", "三栋楼下路灯坏了", 1, 1},
		"script":    {"三棟樓下路燈壞了！", "三栋楼下路灯坏了", 1, 1},
		"alike":     {"三栋楼下路灯坏了", "三栋楼下的路灯坏了好几天", .5, .8},
		"different": {"三栋楼下路灯坏了", "垃圾没人收", 0, .1},
		"one":       {"灯", "灯", 1, 1},
		"repeated":  {"急急急急急急", "急急", 1, 1},
		"nothing":   {"", "", 0, 0},
	} {
		if got := Similar(c.a, c.b); got < c.min || got > c.max {
			t.Errorf("%s: %g, want %g to %g", name, got, c.min, c.max)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := chinese.Draw(t, "a"), chinese.Draw(t, "b")
		if x, y := Similar(a, b), Similar(b, a); x != y || x < 0 || x > 1 {
			t.Fatalf("%g and %g", x, y)
		}
	})
}

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, text, line string }{
		"line ends":  {"一\r\n二\r三\u2028四", "一\n二\n三\n四", "一 二 三 四"},
		"control":    {"\x00路\x07灯\x7f\u0085\tx\x1b[31m", "路灯\n\tx[31m", "路灯  x[31m"},
		"direction":  {"a\u202egpj.exe", "agpj.exe", "agpj.exe"},
		"emoji stay": {"👨\u200d👩\u200d👧 ❤️", "👨\u200d👩\u200d👧 ❤️", "👨\u200d👩\u200d👧 ❤️"},
		"broken":     {"路\xe7\x81灯", "路\ufffd灯", "路\ufffd灯"},
		"joined":     {"e\u200b\u0301", "é", "é"},
		"around":     {"　 路灯 \n\n", "路灯", "路灯"},
	} {
		if got, err := Clean(c.in, 0); got != c.text || err != nil {
			t.Errorf("%s: Clean(%q) = %q, %v, want %q", name, c.in, got, err, c.text)
		}
		if got, err := Line(c.in, 0); got != c.line || err != nil {
			t.Errorf("%s: Line(%q) = %q, %v, want %q", name, c.in, got, err, c.line)
		}
	}
}

func TestCharactersAreCountedNotBytes(t *testing.T) {
	if _, err := Clean("路灯坏了", 4); err != nil {
		t.Error(err)
	}
	_, err := Clean("路灯坏了", 3)
	e, ok := errors.AsType[*fail.Error](err)
	if !ok || e.Kind != fail.Invalid || e.Code != "text.long" || !cmp.Equal(e.Args, []any{"max", 3, "actual", 4}) {
		t.Errorf("got %#v, want text.long with max 3 and actual 4", err)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1":           "'=1+1",
		"＝cmd|' /C'!A0":  "'＝cmd|' /C'!A0",
		"@x":             "'@x",
		"+86 139":        "'+86 139",
		"-5":             "'-5",
		"\t=1":           "'\t'=1",
		"\r=1":           "'\r'=1",
		" =1":            " '=1",
		`a",=1+1`:        `a",'=1+1`,
		"a\n=1":          "a\n'=1",
		"路灯-坏了, 3=4 a@b": "路灯-坏了, 3=4 a@b",
	} {
		if got := CSVCell(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	add := mutate.Adder(f)
	for _, s := range []string{"", "路灯坏了", "１３９１２３４５６７８ H\u0331 İ ẞ ﾊﾞ", "a\xff\x00\r\n\u202e", "=1,\t@x\n-2", "我叫王小明，电话0513-85512345", "苏F12345 3206021990010112 3X", "각ㄱㅏ", "\u1100\u200d\u1161"} {
		add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if x := Fold(s); Fold(x) != x || !utf8.ValidString(x) {
			t.Errorf("Fold(Fold(%q)): %q, %q", s, x, Fold(x))
		}
		for _, w := range Tokens(s) {
			if w == "" || len(w) > maxWord || !utf8.ValidString(w) || Fold(w) != w {
				t.Errorf("token %q of %q", w, s)
			}
		}
		if x, err := Clean(s, 0); err != nil || !utf8.ValidString(x) || strings.ContainsAny(x, "\x00\r") {
			t.Errorf("Clean(%q) = %q, %v", s, x, err)
		} else if y, _ := Clean(x, 0); y != x {
			t.Errorf("Clean again: %q, %q", x, y)
		}
		if x, _ := Line(s, 0); strings.ContainsAny(x, "\n\t") {
			t.Errorf("Line(%q) = %q", s, x)
		}
		if x := CSVCell(s); CSVCell(x) != x {
			t.Errorf("CSVCell again: %q, %q", x, CSVCell(x))
		}
		last := 0
		marks := Personal(s)
		for _, m := range marks {
			if m.From < last || m.To <= m.From || m.To > len(s) || m.Kind == "" {
				t.Fatalf("marks of %q: %v", s, marks)
			}
			last = m.To
		}
		Mask(s, marks)
	})
}

func FuzzCSVCell(f *testing.F) {
	add := mutate.Adder(f)
	add("=1+1", "a,\"=2")
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = CSVCell(strings.ToValidUTF8(a, "?")), CSVCell(strings.ToValidUTF8(b, "?"))
		var w strings.Builder
		c := csv.NewWriter(&w)
		c.Write([]string{"1", a, b})
		c.Flush()
		got, err := csv.NewReader(strings.NewReader(w.String())).Read()
		same := func(x, y string) bool {
			return strings.ReplaceAll(x, "\r", "") == strings.ReplaceAll(y, "\r", "") // csv reads \r\n as \n
		}
		if err != nil || !same(got[1], a) || !same(got[2], b) {
			t.Errorf("%q %v, want %q %q", got, err, a, b)
		}
		for _, cell := range got {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("formula %q", cell)
			}
		}
	})
}

const report = "三棟樓下的路燈壞了好幾天，晚上老人出門看不見路，已經有人摔倒。電話13912345678，Wang@example.com，請儘快派人來修理！2026年6月22日 10-2-301"

func BenchmarkFold(b *testing.B) {
	for b.Loop() {
		Fold(report)
	}
}

func BenchmarkTokens(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Tokens(report)
	}
}

func BenchmarkClean(b *testing.B) {
	for b.Loop() {
		Clean(report, 1000)
	}
}

func BenchmarkPersonal(b *testing.B) {
	for b.Loop() {
		Personal(report)
	}
}

func BenchmarkSimilar(b *testing.B) {
	for b.Loop() {
		Similar(report, report[3:])
	}
}

// Real messages, where they are at hand: nothing is marked in most of them, and
// what is marked is printed for the eye with -v.
func TestRealMessages(t *testing.T) {
	src, err := os.ReadFile("../../../../shared/data/zh-messages/labelled_raw.csv")
	if err != nil { // a worktree lies one deeper
		src, err = os.ReadFile("../../../../../shared/data/zh-messages/labelled_raw.csv")
	}
	if err != nil {
		t.Skip("no shared data here")
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(src), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, r := range rows {
		s := strings.Join(r, "\n")
		marks := Personal(s)
		if len(marks) > 0 {
			marked++
		}
		for _, m := range marks {
			t.Logf("%s %q in %q", m.Kind, s[m.From:m.To], tail(s[:m.From], 30))
		}
	}
	t.Logf("%d of %d are marked", marked, len(rows))
	if marked > len(rows)/5 {
		t.Errorf("%d of %d messages are marked", marked, len(rows))
	}
}

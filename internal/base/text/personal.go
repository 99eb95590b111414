package text

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Mark is a place in a text where personal data seems to stand.
type Mark struct {
	From, To int    // bytes
	Kind     string // phone id_card plate bank_card name email
}

// Personal finds what should not be shown to everybody: phone numbers, identity
// and bank cards, number plates, e-mail, and names after 我叫 and the like, in
// order and apart. It helps the one who releases a text and does not replace them:
// a name in the middle of a sentence it cannot see.
func Personal(s string) []Mark {
	t, at := plain(s)
	var all []Mark
	add := func(from, to int, kind string) { all = append(all, Mark{at[from], at[to], kind}) }
	for _, m := range email.FindAllStringIndex(t, -1) {
		add(m[0], m[1], "email")
	}
	numbers(t, add)
	for _, m := range plate.FindAllStringSubmatchIndex(t, -1) {
		if plated(t[m[2]:m[3]]) && (m[1] == len(t) || !alnum(t[m[1]])) {
			add(m[0], m[1], "plate")
		}
	}
	names(t, add)
	slices.SortStableFunc(all, func(a, b Mark) int { return cmp.Compare(a.From, b.From) })
	out := all[:0]
	for _, m := range all {
		if n := len(out); n == 0 || out[n-1].To <= m.From {
			out = append(out, m)
		} else {
			out[n-1].To = max(out[n-1].To, m.To) // 139 1234 5678a@b.cn: hide all of it
		}
	}
	return out
}

// Mask puts *** in the place of every mark.
func Mask(s string, marks []Mark) string {
	marks = slices.Clone(marks)
	slices.SortFunc(marks, func(a, b Mark) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	var b strings.Builder
	done := 0
	for _, m := range marks {
		from, to := max(m.From, done), min(m.To, len(s))
		if from >= to {
			continue
		}
		b.WriteString(s[done:from])
		if m.From >= done || done == 0 { // not the rest of a mark that overlaps
			b.WriteString("***")
		}
		done = to
	}
	b.WriteString(s[done:])
	return b.String()
}

// plain writes s with simplified characters and half-width signs, and tells for
// every byte of that where it stands in s.
func plain(s string) (string, []int) {
	pages := simple()
	var b strings.Builder
	at := make([]int, 0, len(s)+1)
	for i, r := range s {
		switch {
		case '！' <= r && r <= '～':
			r -= '！' - '!'
		case r == '　' || r == '\u00a0' || r == '\t':
			r = ' '
		case '‐' <= r && r <= '―' || r == '−':
			r = '-'
		case han(r):
			r = fold(r, pages)
		}
		b.WriteRune(r)
		for len(at) < b.Len() {
			at = append(at, i)
		}
	}
	return b.String(), append(at, len(s))
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
func alnum(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }

var email = regexp.MustCompile(`[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}`)

// A plate is the province, the office, a point or so perhaps, and its number.
var plate = regexp.MustCompile(`[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z][ ·•.-]?([A-HJ-NP-Za-hj-np-z0-9]{4,6}[挂学警港澳使领]?)`)

// plated says whether n is a plate's number: five signs with at most two letters, the
// last perhaps a character; or six for new energy, with a letter at one end.
func plated(n string) bool {
	letters, signs := 0, utf8.RuneCountInString(n)
	for _, r := range n {
		if r < utf8.RuneSelf && !digit(byte(r)) {
			letters++
		}
	}
	switch {
	case len(n) != signs || signs == 5:
		return signs == 5 && letters <= 2
	case signs == 6:
		return letters == 1 && !(digit(n[0]) && digit(n[5])) || letters == 2 && !digit(n[0]) && !digit(n[1])
	}
	return false
}

// group is digits without anything between; an X may end it.
type group struct {
	from, to int
	frac     bool // stands behind the point of a number such as 120.86: nothing begins here
}

// numbers looks at rows of digit groups with one separator between them. What a
// number is follows from the lengths of its groups and from its digits, so that
// 260622-0017 or 10-2-301 stays what it is.
func numbers(t string, add func(from, to int, kind string)) {
	var row []group
	for i := 0; i <= len(t); {
		if i < len(t) && digit(t[i]) {
			g := group{from: i}
			for i < len(t) && digit(t[i]) {
				i++
			}
			if i < len(t) && t[i]|0x20 == 'x' && (i-g.from == 17 || i+1 == len(t) || !alnum(t[i+1])) {
				i++
			}
			g.to = i
			if n := len(row); n > 0 {
				last := row[n-1]
				g.frac = t[last.to:g.from] == "." && last.to-last.from <= 3
				if !between(t[last.to:g.from]) {
					judge(t, row, add)
					row = row[:0]
				}
			}
			row = append(row, g)
			continue
		}
		i++
	}
	judge(t, row, add)
}

func between(sep string) bool {
	switch sep {
	case " ", "-", " - ", ".", ")", ") ", "·", "转":
		return true
	}
	return false
}

func judge(t string, row []group, add func(from, to int, kind string)) {
	for i := 0; i < len(row); i++ {
		if row[i].frac {
			continue
		}
		for k := min(5, len(row)-i); k > 0; k-- {
			from, to := row[i].from, row[i+k-1].to
			if kind := kindOf(t, row[i:i+k]); kind != "" {
				if kind == "phone" && from > 0 && (t[from-1] == '+' || t[from-1] == '(' && strings.Contains(t[from:to], ")")) {
					from--
				}
				add(from, to, kind)
				i += k - 1
				break
			}
		}
	}
}

func kindOf(t string, row []group) string {
	var d strings.Builder
	size := make([]int, len(row))
	for i, g := range row {
		d.WriteString(t[g.from:g.to])
		size[i] = g.to - g.from
	}
	before := t[:row[0].from]
	switch n := d.String(); {
	case in(size, "18", "6 8 4", "6 4 4 4") && idCard(n),
		in(size, "15") && province(n) && born("19"+n[6:12]):
		return "id_card"
	case strings.ContainsAny(n, "xX"):
		return ""
	case mobile(n, size):
		return "phone"
	case landline(n, size), len(size) > 2 && size[len(size)-1] <= 4 && extension(t, row) && landline(n[:len(n)-size[len(size)-1]], size[:len(size)-1]):
		return "phone"
	case len(size) == 1 && (len(n) == 7 || len(n) == 8) && '2' <= n[0] && n[0] <= '8' && called.MatchString(tail(before, 24)):
		return "phone"
	case in(size, "16", "17", "18", "19", "4 4 4 4", "4 4 4 4 1", "4 4 4 4 2", "4 4 4 4 3", "6 13") && bank(n):
		return "bank_card"
	}
	return ""
}

// called: what stands before a number of seven or eight digits that is a telephone's.
var called = regexp.MustCompile(`(?i:电话|座机|联系方式|致电|回电|拨打|tel|phone)[^0-9]{0,6}$`)

// tail is the last n bytes of s, a bit less at a character's start.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	for len(s) > 0 && !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return s
}

// in says whether the group sizes are one of the shapes.
func in(size []int, shapes ...string) bool {
	return slices.Contains(shapes, strings.Trim(fmt.Sprint(size), "[]"))
}

func mobile(n string, size []int) bool {
	for _, p := range []string{"0086", "86", "0"} {
		if len(n) == 11+len(p) && strings.HasPrefix(n, p) {
			n = n[len(p):]
			if size[0] == len(p) {
				size = size[1:]
			} else if size[0] > len(p) {
				size = append([]int{size[0] - len(p)}, size[1:]...)
			}
			break
		}
	}
	return len(n) == 11 && n[0] == '1' && '3' <= n[1] && n[1] <= '9' && (len(size) == 1 || in(size, "3 4 4", "3 8", "4 4 3", "4 3 4", "3 3 5", "7 4"))
}

// landline is an area code (010, 02x, 0xxx) and seven or eight digits.
func landline(n string, size []int) bool {
	for _, p := range []string{"0086", "86"} {
		if strings.HasPrefix(n, p) && len(size) > 1 && size[0] == len(p) {
			n, size = n[len(p):], size[1:]
			if n[0] != '0' {
				n, size = "0"+n, append([]int{size[0] + 1}, size[1:]...)
			}
		}
	}
	if len(n) < 10 || n[0] != '0' || n[1] == '0' {
		return false
	}
	area := 4
	if n[1] == '1' && n[2] == '0' || n[1] == '2' {
		area = 3
	}
	if area == 4 && n[1] < '3' {
		return false
	}
	if len(size) == 1 {
		l := len(n) - area
		return n[area] >= '2' && n[area] <= '8' && (l == 8 || l == 7 && area == 4)
	}
	if size[0] != area || n[area] < '2' || n[area] > '8' {
		return false
	}
	return in(size[1:], "7", "8", "4 4", "3 4")
}

// extension says whether the last group is one: 85512345-801, 85512345转801.
func extension(t string, row []group) bool {
	sep := t[row[len(row)-2].to:row[len(row)-1].from]
	return sep == "-" || sep == "转"
}

func province(n string) bool {
	switch n[:2] {
	case "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45", "46",
		"50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83":
		return true
	}
	return false
}

func born(ymd string) bool {
	d, err := time.Parse("20060102", ymd)
	return err == nil && d.Year() >= 1900 && d.Year() < 2100
}

// idCard checks the last sign of GB 11643: weights are powers of two modulo 11.
func idCard(n string) bool {
	if !province(n) || !born(n[6:14]) {
		return false
	}
	sum := 0
	for i := range 17 {
		if !digit(n[i]) {
			return false
		}
		sum += int(n[i]-'0') * (1 << (17 - i) % 11)
	}
	return "10X98765432"[sum%11] == strings.ToUpper(n)[17]
}

// bank checks Luhn's sum and that the number begins as cards here do.
func bank(n string) bool {
	if !strings.ContainsRune("3456", rune(n[0])) && !strings.HasPrefix(n, "955") {
		return false
	}
	sum, twice := 0, false
	for i := len(n) - 1; i >= 0; i-- {
		d := int(n[i] - '0')
		if twice {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		twice = !twice
	}
	return sum%10 == 0
}

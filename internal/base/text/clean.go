package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/linli-town/linli/internal/base/fail"
)

// Clean makes what somebody typed fit to be kept: line ends become \n, broken
// UTF-8 becomes �, control characters and those that are not seen but change what
// is (text direction, zero width) go, white space around goes. The joiner inside
// emoji stays.
//
// Invalid text.long (Args: max and actual) if it has more than max
// characters after that. Characters, not bytes: 路灯坏了 is four. No limit if max is 0.
func Clean(s string, max int) (string, error) { return clean(s, max, false) }

// Line is Clean for what has one line only, such as a title or a name: line ends
// and tabs become one space.
func Line(s string, max int) (string, error) { return clean(s, max, true) }

func clean(s string, max int, line bool) (string, error) {
	s = norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.TrimSpace(strings.Map(func(r rune) rune { return keep(r, line) }, s))
	// Dropping may have brought a letter and its mark together.
	s = norm.NFC.String(s)
	if n := utf8.RuneCountInString(s); max > 0 && n > max {
		return "", fail.New(fail.Invalid, "text.long", "max", max, "actual", n)
	}
	return s, nil
}

func keep(r rune, line bool) rune {
	switch r {
	case '\r', '\u0085', '\u2028', '\u2029':
		r = '\n'
	case '\u200b', '\u2060', '\ufeff', '\u200e', '\u200f', '\u061c': // zero width, direction
		return -1
	}
	switch {
	case r == '\n' || r == '\t':
		if line {
			return ' '
		}
		return r
	case unicode.Is(unicode.Cc, r),
		'\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u206f', // direction
		'\ufff9' <= r && r <= '\ufffb', 0xe0000 <= r && r <= 0xe007f, // notes and tags nobody sees
		'\ufdd0' <= r && r <= '\ufdef', r&0xfffe == 0xfffe: // no characters at all
		return -1
	}
	return r
}

// CSVCell keeps s from being a formula when a spreadsheet opens the file: a cell
// that begins with = + - @, also full width or after white space, gets a ' before it, and so does
// such a sign right behind a , or ; or " or line end inside, where a careless reader
// would begin a new cell. encoding/csv does the quoting; numbers of our own need
// none of this.
func CSVCell(s string) string {
	if !strings.ContainsAny(s, "=+-@＝＋－＠\t\r") {
		return s
	}
	var b strings.Builder
	fresh := true // nothing but white space since a cell may have begun
	for i, r := range s {
		switch r {
		case '=', '+', '-', '@', '＝', '＋', '－', '＠':
			if fresh {
				b.WriteByte('\'')
			}
			fresh = false
		case ',', ';', '"', '\n':
			fresh = true
		case '\t', '\r':
			if i == 0 {
				b.WriteByte('\'')
			}
			fresh = true
		default:
			fresh = fresh && unicode.IsSpace(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

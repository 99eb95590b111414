// Package text knows what people write: it folds and cuts it for searching, cleans
// it on the way in, finds personal data in it, compares it, and makes it safe for a
// spreadsheet.
//
// Floor: base. Imports: base/fail, golang.org/x/text/unicode/norm.
//
// There is no word segmentation and no dictionary: Han characters are cut into
// overlapping pairs, which finds 垃圾 on every engine. What is indexed with Tokens
// is searched with Query; whoever needs the exact phrase looks for Fold(query) in
// Fold(text) among what Query found.
package text

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed opencc.txt
var opencc string

// simple maps traditional characters to simplified ones, in pages of 256: a map of
// three thousand runes costs five times as much a character.
var simple = sync.OnceValue(func() *[0x340]*[256]rune {
	var pages [0x340]*[256]rune
	for line := range strings.Lines(opencc) {
		if line[0] == '#' {
			continue
		}
		pair := []rune(strings.TrimSpace(line))
		for i := 0; i+1 < len(pair); i += 2 {
			p := &pages[pair[i]>>8]
			if *p == nil {
				*p = new([256]rune)
			}
			(*p)[pair[i]&0xff] = pair[i+1]
		}
	}
	return &pages
})

// fold is Fold of one rune; -1 drops it.
func fold(r rune, pages *[0x340]*[256]rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	case r>>8 < 0x340 && pages[r>>8] != nil && pages[r>>8][r&0xff] != 0:
		return pages[r>>8][r&0xff]
	case han(r):
		return r
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		return -1
	}
	return unicode.ToLower(r)
}

// Fold brings spellings of one thing together: full width and half width (NFKC),
// capitals, traditional and simplified characters; what is not seen (zero-width
// marks) goes. Fold(Fold(s)) is Fold(s). It is for comparing, never for showing:
// 著名 becomes 着名.
func Fold(s string) string {
	pages := simple()
	one := func(r rune) rune { return fold(r, pages) }
	s = strings.Map(one, norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD")))
	// A small letter may join with the mark behind it where the capital could not.
	for !norm.NFKC.IsNormalString(s) {
		s = strings.Map(one, norm.NFKC.String(s))
	}
	return s
}

func han(r rune) bool {
	return '\u4e00' <= r && r <= '\u9fff' || r > 0x2e00 && unicode.Is(unicode.Han, r)
}

// wide says whether r belongs to a script written without spaces.
func wide(r rune) bool {
	return han(r) || r > 0x1100 && unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func wordy(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// maxWord is where a word without spaces is cut, in bytes: an index has its limits.
const maxWord = 96

// Tokens cuts s for indexing: each distinct token once, in order of appearance.
// Han runs give every pair of neighbours and every single character, so that a
// query of one character finds something too; all else gives words.
func Tokens(s string) []string { return cut(Fold(s), true) }

// Query cuts s for searching in what Tokens made: all of them must be there. A run
// of two or more characters gives pairs only, a lonely character itself.
func Query(s string) []string { return cut(Fold(s), false) }

func cut(s string, singles bool) []string {
	var out []string
	seen := make(map[string]struct{}, len(s)/2)
	add := func(t string) {
		if _, ok := seen[t]; !ok {
			seen[t] = struct{}{}
			out = append(out, t)
		}
	}
	word, prev, run := -1, -1, 0 // starts of the word and of the character before; characters in this run
	end := func(i int) {
		if word >= 0 {
			add(clip(s[word:i]))
			word = -1
		}
		if run == 1 && !singles {
			add(s[prev:i])
		}
		prev, run = -1, 0
	}
	for i, r := range s {
		switch {
		case wide(r):
			n := utf8.RuneLen(r)
			if word >= 0 {
				end(i)
			}
			if singles {
				add(s[i : i+n])
			}
			if run > 0 {
				add(s[prev : i+n])
			}
			prev, run = i, run+1
		case wordy(r):
			if run > 0 {
				end(i)
			}
			if word < 0 {
				word = i
			}
		default:
			end(i)
		}
	}
	end(len(s))
	return out
}

// clip shortens a word to maxWord bytes, at the start of a character.
func clip(w string) string {
	if len(w) <= maxWord {
		return w
	}
	n := maxWord
	for !utf8.RuneStart(w[n]) {
		n--
	}
	return w[:n]
}

package place

import (
	"strings"

	"github.com/linli-town/linli/internal/base/text"
)

// ByNumber finds the place people mean by "12", "12幢", "12号楼" or "Building 12" among
// places next to one another; false when there is none or more than one.
func ByNumber(ps []Place, said string) (Place, bool) {
	want := number(said)
	if want == "" {
		return Place{}, false
	}
	var found []Place
	for _, p := range ps {
		if number(p.Name) == want {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return Place{}, false
	}
	return found[0], true
}

// number is the first run of digits or capital letters and digits in a name, by which
// buildings are told apart: "12" of 12幢, "A3" of A3座; "十二" counts as 12.
func number(s string) string {
	s = strings.ToUpper(hanDigits.Replace(text.Fold(s)))
	at := strings.IndexFunc(s, digit)
	if at < 0 {
		return ""
	}
	for at > 0 && s[at-1] >= 'A' && s[at-1] <= 'Z' {
		at--
	}
	end := at
	for end < len(s) && (digit(rune(s[end])) || end == at && s[end] >= 'A' && s[end] <= 'Z') {
		end++
	}
	return strings.TrimLeft(s[at:end], "0")
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

// hanDigits reads the Chinese numerals that stand on doors, up to nineteen and the tens.
var hanDigits = strings.NewReplacer("十一", "11", "十二", "12", "十三", "13", "十四", "14", "十五", "15", "十六", "16", "十七", "17", "十八", "18", "十九", "19",
	"二十", "20", "三十", "30", "十", "10", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9")

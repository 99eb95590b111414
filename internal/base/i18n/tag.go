package i18n

import (
	"slices"
	"strconv"
	"strings"
)

// Parse gives the first script that one of its wishes names: a path prefix, a cookie's value, an
// Accept-Language header, strongest wish first. Source script if none does.
func Parse(wishes ...string) Lang {
	for _, s := range wishes {
		if l, ok := wish(s); ok {
			return l
		}
	}
	return Hans
}

// Cut takes a script's prefix off a path: "/en/issue/7" is En and "/issue/7". ok is false if there was none.
func Cut(path string) (l Lang, rest string, ok bool) {
	for _, l := range Langs()[1:] {
		if r, found := strings.CutPrefix(path, l.Path()); found && (r == "" || r[0] == '/') {
			if r == "" {
				r = "/"
			}
			return l, r, true
		}
	}
	return Hans, path, false
}

// wish reads "zh-TW,zh;q=0.9,en;q=0.8" and plain tags. Long headers are cut: nobody reads twenty languages.
func wish(s string) (Lang, bool) {
	type tag struct {
		l Lang
		q float64
	}
	var tags []tag
	for i, part := range strings.Split(s, ",") {
		if i == 20 {
			break
		}
		name, weight, _ := strings.Cut(part, ";")
		l, ok := one(strings.Trim(strings.TrimSpace(name), "/"))
		if !ok {
			continue
		}
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(weight), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil || !(q >= 0 && q <= 1) {
				q = 0
			}
		}
		if q > 0 {
			tags = append(tags, tag{l, q})
		}
	}
	if len(tags) == 0 {
		return "", false
	}
	slices.SortStableFunc(tags, func(a, b tag) int {
		switch {
		case a.q > b.q:
			return -1
		case a.q < b.q:
			return 1
		}
		return 0
	})
	return tags[0].l, true
}

func one(tag string) (Lang, bool) {
	subs := strings.Split(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	switch subs[0] {
	case "en":
		return En, true
	case "zh", "yue", "wuu", "cmn":
	default:
		return "", false
	}
	for _, s := range subs[1:] {
		switch s {
		case "hans", "cn", "sg", "my":
			return Hans, true
		case "hant", "tw", "hk", "mo":
			return Hant, true
		}
	}
	return Hans, true
}

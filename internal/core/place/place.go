// Package place keeps the tree of places: province … subdistrict, community,
// neighbourhood, estate, building, entrance, door; the grids over the same ground; dated
// codes, boundaries, and the short codes on doors.
//
// Floor: core. Imports: base, core/audit. Owns tables: place, place_code, grid, ground, door_scan.
// Asked by: core/people, core/notify, core/issue, door/web.
package place

import (
	"embed"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
)

//go:embed *.sql
var SQL embed.FS

// Level is how deep a place stands.
type Level string

const (
	Tree          Level = "tree" // the root of an import that is kept apart from the town
	Province      Level = "province"
	Prefecture    Level = "prefecture"
	District      Level = "district"
	Subdistrict   Level = "subdistrict"
	Community     Level = "community"
	Neighbourhood Level = "neighbourhood"
	Estate        Level = "estate"
	Building      Level = "building"
	Entrance      Level = "entrance"
	Door          Level = "door"
)

// Levels are all levels, the widest first.
var Levels = []Level{Tree, Province, Prefecture, District, Subdistrict, Community, Neighbourhood, Estate, Building, Entrance, Door}

// Depth is the place of l in Levels, -1 for none.
func (l Level) Depth() int { return slices.Index(Levels, l) }

// Key is the key of l's name: place.level.community.
func (l Level) Key() string { return "place.level." + string(l) }

// Place is one place. Times are zero for "always" and "no end".
type Place struct {
	ID       id.ID     `json:"id,string"`
	Parent   id.ID     `json:"parent,string"` // 0: a root
	Path     string    `json:"path"`          // "/1/2/3/", its own id last
	Level    Level     `json:"level"`
	Code     string    `json:"code"` // 12 digits, or own code below a community
	Door     string    `json:"door"` // short code of /r/CODE, "" none
	Name     string    `json:"name"`
	NameHant string    `json:"name_hant"`
	NameEn   string    `json:"name_en"`
	Lat      float64   `json:"lat"`
	Lon      float64   `json:"lon"`
	Phone    string    `json:"phone"` // of the office, open to all: "call my council chair"
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Public   bool      `json:"public"`
	Rev      int64     `json:"rev"`
}

// In is the name in a script; the first name where there is no other.
func (p Place) In(lang string) string {
	switch {
	case lang == "zh-Hant" && p.NameHant != "":
		return p.NameHant
	case lang == "en" && p.NameEn != "":
		return p.NameEn
	}
	return p.Name
}

// Root is the id of p's root: of the town, or of the import tree it belongs to.
func (p Place) Root() id.ID {
	r, _, _ := strings.Cut(strings.TrimPrefix(p.Path, "/"), "/")
	n, _ := strconv.ParseInt(r, 10, 64)
	return id.ID(n)
}

// At is p's point.
func (p Place) At() geo.Point { return geo.Point{Lat: p.Lat, Lon: p.Lon} }

// Placed reports whether p's point is known.
func (p Place) Placed() bool { return p.Lat != 0 || p.Lon != 0 }

// Open reports whether p exists at that time.
func (p Place) Open(at time.Time) bool {
	return !at.Before(p.From) && (p.Until.IsZero() || at.Before(p.Until))
}

// Line is the name of a chain of places, widest first, from a level on:
// "清荷社区 清荷邻里 清荷新村 3幢", "Building 3, Qinghe New Village, …" in English.
func Line(chain []Place, from Level, lang string) string {
	var parts []string
	for _, p := range chain {
		if p.Level.Depth() >= from.Depth() {
			parts = append(parts, p.In(lang))
		}
	}
	if lang == "en" {
		slices.Reverse(parts)
		return strings.Join(parts, ", ")
	}
	return strings.Join(parts, " ")
}

// PathIDs are the ids in a path, the root first.
func PathIDs(path string) (out []id.ID) {
	for s := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			out = append(out, id.ID(n))
		}
	}
	return out
}

// Inside reports whether the place of path lies in the place of scope, or is it.
func Inside(path, scope string) bool { return strings.HasPrefix(path, scope) }

var (
	ownCode  = regexp.MustCompile(`^[0-9]{12}(-[0-9A-Za-z]{1,8}){1,5}$`)
	treeCode = regexp.MustCompile(`^[0-9A-Za-z._-]{1,40}$`)
	doorCode = regexp.MustCompile(`^[0-9A-Z]{1,12}(-[0-9A-Z]{1,12}){0,2}$`)
	digits   = regexp.MustCompile(`^[0-9]+$`)
)

// FullCode makes a division code of 2, 4, 6, 9 or 12 digits whole: 320613 is
// 320613000000. Anything else stays as it is.
func FullCode(code string) string {
	switch n := len(code); {
	case !digits.MatchString(code):
	case n == 2 || n == 4 || n == 6 || n == 9:
		return code + strings.Repeat("0", 12-n)
	}
	return code
}

// CodeLevel is the level a whole division code speaks of.
func CodeLevel(code string) (Level, bool) {
	if len(code) != 12 || !digits.MatchString(code) || strings.HasPrefix(code, "00") {
		return "", false
	}
	switch {
	case code[9:] != "000":
		return Community, true
	case code[6:9] != "000":
		return Subdistrict, true
	case code[4:6] != "00":
		return District, true
	case code[2:4] != "00":
		return Prefecture, true
	}
	return Province, true
}

// above are the codes of the places a division may lie in, the nearest first.
func above(code string) (out []string) {
	for _, n := range []int{9, 6, 4, 2} {
		if c := code[:n] + strings.Repeat("0", 12-n); c != code && (len(out) == 0 || out[len(out)-1] != c) {
			out = append(out, c)
		}
	}
	return out
}

// DoorKey is the form in which door codes are compared: neither case nor a dash counts,
// nor which of O and 0, or of I, L and 1, somebody read off a sticker.
func DoorKey(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'o':
			return '0'
		case r == 'i' || r == 'l':
			return '1'
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= '0' && r <= '9':
			return r
		}
		return -1
	}, text.Fold(code)) // full width is half by now, and all is lower case
}

// doorAlphabet has no letter that looks like a digit or like another letter.
const doorAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

const nameMax = 60

// Check tidies p and says what is wrong with it. Invalid place.*.
func (p *Place) Check() error {
	for _, f := range []struct {
		s     *string
		field string
		max   int
	}{{&p.Name, "name", nameMax}, {&p.NameHant, "name_hant", nameMax}, {&p.NameEn, "name_en", 120}, {&p.Phone, "phone", 40}} {
		s, err := text.Line(*f.s, f.max)
		if err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "place.name.long", Field: f.field, Args: []any{f.max}}
		}
		*f.s = s
	}
	p.Door = strings.ToUpper(strings.TrimSpace(p.Door))
	switch {
	case p.Level.Depth() < 0:
		return bad("level", "place.level.unknown")
	case p.Name == "":
		return bad("name", "place.name.missing")
	case p.Door != "" && !doorCode.MatchString(p.Door):
		return bad("door", "place.door.form")
	case !p.At().Valid():
		return bad("lat", "geo.point")
	case !p.Until.IsZero() && p.Until.Before(p.From):
		return bad("until", "place.until.early")
	}
	return nil
}

// checkCode says whether p may have its code: a division's code fits its level; below a
// community, or in a tree of imports, an own one.
func (p *Place) checkCode(tree bool) error {
	if p.Code == "" {
		return nil
	}
	if tree {
		if !treeCode.MatchString(p.Code) {
			return bad("code", "place.code.form")
		}
		return nil
	}
	p.Code = FullCode(p.Code)
	l, ok := CodeLevel(p.Code)
	switch below := p.Level.Depth() > Community.Depth(); {
	case below && !ownCode.MatchString(p.Code), !below && !ok:
		return bad("code", "place.code.form")
	case !below && l != p.Level:
		return bad("code", "place.code.level")
	}
	return nil
}

func bad(field, code string) error {
	return &fail.Error{Kind: fail.Invalid, Code: code, Field: field}
}

// natural compares names as people count: 2幢 before 10幢.
func natural(a, b string) int {
	for a != "" && b != "" {
		da, db := lead(a), lead(b)
		if da != "" && db != "" {
			x, y := strings.TrimLeft(da, "0"), strings.TrimLeft(db, "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[len(da):], b[len(db):]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func lead(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

// Package i18n gives every sentence people read, in three scripts.
//
// The words live in msg/<room>.json, one file a room, one key a line:
//
//	"issue.title.long": {"zh-Hans": "标题最多 {max} 个字", "zh-Hant": "標題最多 {max} 個字", "en": "A title has at most {max} characters"},
//
// Places are named, `{max}`, or numbered after a refusal's arguments, `{0}`. A number that
// changes the words has two keys, `key.one` and `key.other`, and its place is `{count}`.
// Words *between stars* are strong on a page (the look's `rich`).
// A key made of parts in code (`"issue.state." + s`) keeps its dot at the end of the literal, so
// that the test of unused keys sees it.
//
// Floor: base. Imports: base/fail.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed msg/*.json
var files embed.FS

// Lang is a script people read. The zero value reads as Hans.
type Lang string

const (
	Hans Lang = "zh-Hans" // the source
	Hant Lang = "zh-Hant" // mainland wording in traditional script
	En   Lang = "en"
)

// Langs lists the scripts in the order they are offered.
func Langs() []Lang { return []Lang{Hans, Hant, En} }

// Name is what the script calls itself.
func (l Lang) Name() string { return [...]string{"简体", "繁體", "English"}[l.at()] }

// Short is the name for a narrow switch.
func (l Lang) Short() string { return [...]string{"简", "繁", "EN"}[l.at()] }

// Path is the prefix under which the script's pages live; none for the source.
func (l Lang) Path() string { return [...]string{"", "/zh-hant", "/en"}[l.at()] }

func (l Lang) at() int {
	switch l {
	case Hant:
		return 1
	case En:
		return 2
	}
	return 0
}

// message is one key's words, cut at its places.
type message [3][]piece

type piece struct {
	text  string
	place bool
}

var place = regexp.MustCompile(`\{([a-z_]+|[0-9])\}`)

func cut(s string) (out []piece) {
	at := 0
	for _, m := range place.FindAllStringSubmatchIndex(s, -1) {
		if m[0] > at {
			out = append(out, piece{s[at:m[0]], false})
		}
		out, at = append(out, piece{s[m[2]:m[3]], true}), m[1]
	}
	if at < len(s) {
		out = append(out, piece{s[at:], false})
	}
	return out
}

// catalogue reads all messages once. A file that does not parse stops the program at its start.
var catalogue = sync.OnceValue(func() map[string]message {
	all := map[string]message{}
	for _, f := range raws() {
		for k, words := range f.words {
			var m message
			for i, l := range Langs() {
				m[i] = cut(words[l])
			}
			all[k] = m
		}
	}
	return all
})

type raw struct {
	name  string
	words map[string]map[Lang]string
	twice []string
}

func raws() (out []raw) {
	names, err := fs.Glob(files, "msg/*.json")
	if err != nil {
		panic(err)
	}
	for _, n := range names {
		b, err := files.ReadFile(n)
		if err != nil {
			panic(err)
		}
		r := raw{name: n}
		if err := json.Unmarshal(b, &r.words); err != nil {
			panic(fmt.Sprintf("%s: %v", n, err))
		}
		// encoding/json lets the last of two equal keys win; a merge can make such pairs.
		seen := map[string]bool{}
		for _, m := range keyLine.FindAllSubmatch(b, -1) {
			if k := string(m[1]); seen[k] {
				r.twice = append(r.twice, k)
			} else {
				seen[k] = true
			}
		}
		out = append(out, r)
	}
	return out
}

var (
	keyLine = regexp.MustCompile(`(?m)^\s*"([^"]+)"\s*:\s*\{`)
	keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
	scolds  = regexp.MustCompile(`非法|异常|異常|输入有误|輸入有誤|系统错误|[Ii]nvalid|[Oo]ops`)
)

// Check lists what is wrong with the catalogue: a script or a place missing, a key twice, half a plural, words that scold.
func Check() (errs []error) {
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	home := map[string]string{}
	for _, f := range raws() {
		for _, k := range f.twice {
			bad("%s: %s stands twice", f.name, k)
		}
		for k, words := range f.words {
			if other, ok := home[k]; ok {
				bad("%s: %s is in %s too", f.name, k, other)
			}
			home[k] = f.name
			if !keyForm.MatchString(k) {
				bad("%s: %s is not a key", f.name, k)
			}
			for l, s := range words {
				if !slices.Contains(Langs(), l) {
					bad("%s: %s has words in %q", f.name, k, l)
				}
				if strings.TrimSpace(s) != s || s == "" {
					bad("%s: %s is blank or has space around it in %s", f.name, k, l)
				}
				if w := scolds.FindString(s); w != "" {
					bad("%s: %s scolds with %q in %s", f.name, k, w, l)
				}
				if got, want := places(s), places(words[Hans]); !slices.Equal(got, want) {
					bad("%s: %s has places %v in %s, but %v in %s", f.name, k, got, l, want, Hans)
				}
			}
			for _, l := range Langs() {
				if _, ok := words[l]; !ok {
					bad("%s: %s has no %s", f.name, k, l)
				}
			}
		}
	}
	for k, f := range home {
		if one, ok := strings.CutSuffix(k, ".one"); ok && home[one+".other"] == "" {
			bad("%s: %s has no .other", f, k)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

func places(s string) []string {
	var out []string
	for _, m := range place.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Keys lists every key, sorted.
func Keys() []string {
	var out []string
	for k := range catalogue() {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// unknown remembers keys somebody asked for in vain. It stops at a hundred: keys come from code, but codes may come from afar.
var unknown = struct {
	sync.Mutex
	keys map[string]int
}{keys: map[string]int{}}

// Unknown lists the keys that were asked for and are not in the catalogue, since the program started.
func Unknown() []string {
	unknown.Lock()
	defer unknown.Unlock()
	var out []string
	for k := range unknown.keys {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func lost(key string) {
	unknown.Lock()
	defer unknown.Unlock()
	if _, ok := unknown.keys[key]; ok || len(unknown.keys) < 100 {
		unknown.keys[key]++
	}
}

// speak fills the places of m. A named place takes the value after its name in args, a numbered one args[n].
func (w W) speak(m []piece, args []any) string {
	if len(m) == 1 && !m[0].place {
		return m[0].text
	}
	var b strings.Builder
	for _, p := range m {
		if !p.place {
			b.WriteString(p.text)
			continue
		}
		if n, err := strconv.Atoi(p.text); err == nil {
			if n < len(args) {
				b.WriteString(w.word(args[n]))
			}
			continue
		}
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] == p.text {
				b.WriteString(w.word(args[i+1]))
				break
			}
		}
	}
	return b.String()
}

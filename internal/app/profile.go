package app

import (
	"bytes"
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/core/issue"
)

//go:embed profiles/*.json
var profiles embed.FS

// profile says how to read somebody else's issues: what their columns are, in which
// zone their clocks went, in which system their coordinates are, and under which tree
// of places they are to lie.
type profile struct {
	Tree struct {
		Code string `json:"code"`
		Name string `json:"name"`
	} `json:"tree"`
	Zone     string `json:"zone"`
	CRS      string `json:"crs"`      // wgs84, gcj02, bd09; "none" where there are no coordinates
	Encoding string `json:"encoding"` // utf-8, gb18030
	Columns  struct {
		ID       string   `json:"id"`
		Created  string   `json:"created"`
		Closed   string   `json:"closed"`
		Due      string   `json:"due"`
		Status   string   `json:"status"`
		Category string   `json:"category"`
		Title    []string `json:"title"` // published by the other system, and so public here; not beside a text
		Text     []string `json:"text"`  // waits for release
		Area     string   `json:"area"`
		Spot     []string `json:"spot"`
		Lat      string   `json:"lat"`
		Lon      string   `json:"lon"`
	} `json:"columns"`
	Late struct {
		Column string `json:"column"`
		Value  string `json:"value"`
	} `json:"late"`
	Status     map[string]ending `json:"status"`
	Categories map[string]string `json:"categories"`
	Other      string            `json:"other"`
	Times      []string          `json:"times"` // layouts beside the usual ones

	zone *time.Location
}

type ending struct {
	State   issue.State   `json:"state"`
	Outcome issue.Outcome `json:"outcome"`
}

var slug = regexp.MustCompile(`[^0-9A-Za-z._-]+`)

// readProfile reads a built-in profile by its name, or a file.
func readProfile(name string) (*profile, error) {
	b, err := profiles.ReadFile("profiles/" + name + ".json")
	if err != nil {
		if b, err = os.ReadFile(name); err != nil {
			return nil, fail.New(fail.Invalid, "cli.import.no_profile", "name", name)
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	p := &profile{}
	if err := d.Decode(p); err != nil {
		return nil, &fail.Error{Kind: fail.Invalid, Code: "cli.import.profile", Args: []any{"why", err.Error()}, Err: err}
	}
	return p, p.check()
}

// check refuses a profile that leaves open what must be said.
func (p *profile) check() (err error) {
	lacks := func(what string) error { return fail.New(fail.Invalid, "cli.import.lacks", "what", what) }
	p.CRS, p.Encoding = strings.ToLower(p.CRS), strings.ToLower(p.Encoding)
	switch c := p.Columns; {
	case p.Tree.Code == "" || slug.MatchString(p.Tree.Code) || p.Tree.Name == "":
		return lacks("tree")
	case p.Zone == "":
		return lacks("zone")
	case !slices.Contains([]string{"wgs84", "gcj02", "bd09", "none"}, p.CRS):
		return lacks("crs")
	case p.Encoding != "utf-8" && p.Encoding != "gb18030":
		return lacks("encoding")
	case c.ID == "" || c.Created == "":
		return lacks("columns.id, columns.created")
	case p.CRS != "none" && (c.Lat == "" || c.Lon == ""):
		return lacks("columns.lat, columns.lon")
	case p.Other == "":
		return lacks("other")
	case len(p.Status) == 0:
		return lacks("status")
	}
	for s, e := range p.Status {
		if !slices.Contains([]issue.State{issue.Reported, issue.Accepted, issue.Closed, issue.Refused}, e.State) ||
			(e.State == issue.Closed) != slices.Contains([]issue.Outcome{issue.Solved, issue.Partly, issue.Explained, issue.CarriedOver}, e.Outcome) {
			return lacks("status." + s)
		}
	}
	if p.zone, err = time.LoadLocation(p.Zone); err != nil {
		return lacks("zone")
	}
	return nil
}

// record is one row, as it will be taken in; Area is still a name.
type record struct {
	issue.Foreign
	Area string
	line int
}

// rowErr is what is wrong with a row.
type rowErr struct {
	line   int
	column string
	code   string
	args   []any
}

// rows reads a file row by row and gives each to got, or to bad what is wrong with it.
// It keeps nothing, so that a file may be larger than the memory.
func (p *profile) rows(in io.Reader, got func(record) error, bad func(rowErr)) error {
	if p.Encoding == "gb18030" {
		in = simplifiedchinese.GB18030.NewDecoder().Reader(in)
	}
	r := csv.NewReader(in)
	r.ReuseRecord, r.FieldsPerRecord = true, 0
	head, err := r.Read()
	if err != nil {
		return fail.New(fail.Invalid, "cli.import.head", "why", "")
	}
	col := map[string]int{}
	for i, h := range head {
		col[strings.TrimPrefix(strings.TrimSpace(h), "\ufeff")] = i
	}
	if err := p.has(col); err != nil {
		return err
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			bad(rowErr{line: e.Line, code: "cli.import.row.csv"})
			if !errors.Is(err, csv.ErrFieldCount) {
				return nil // what follows cannot be told apart
			}
			continue
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		rec, e := p.record(row, col)
		if e != nil {
			e.line = line
			bad(*e)
			continue
		}
		rec.line = line
		if err := got(rec); err != nil {
			return err
		}
	}
}

// has refuses a file without the columns that the profile names.
func (p *profile) has(col map[string]int) error {
	c := p.Columns
	for _, name := range slices.Concat([]string{c.ID, c.Created, c.Closed, c.Due, c.Status, c.Category, c.Area, c.Lat, c.Lon, p.Late.Column}, c.Title, c.Text, c.Spot) {
		if _, ok := col[name]; !ok && name != "" {
			return fail.New(fail.Invalid, "cli.import.head", "why", name)
		}
	}
	return nil
}

// record reads one row.
func (p *profile) record(row []string, col map[string]int) (r record, bad *rowErr) {
	get := func(name string) string {
		if i, ok := col[name]; ok && name != "" {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	join := func(names []string) string {
		var out []string
		for _, n := range names {
			if v := get(n); v != "" {
				out = append(out, v)
			}
		}
		return strings.Join(out, "\n")
	}
	for i, v := range row {
		if !utf8.ValidString(v) || p.Encoding == "gb18030" && strings.ContainsRune(v, utf8.RuneError) {
			return r, &rowErr{column: strconv.Itoa(i + 1), code: "cli.import.row.bytes"}
		}
	}
	c := p.Columns
	if r.Source = get(c.ID); r.Source == "" || len(r.Source) > 100 {
		return r, &rowErr{column: c.ID, code: "cli.import.row.id"}
	}
	for _, t := range []struct {
		to   *time.Time
		name string
		must bool
	}{{&r.At, c.Created, true}, {&r.Ended, c.Closed, false}, {&r.Promise, c.Due, false}} {
		v := get(t.name)
		if v == "" && !t.must {
			continue
		}
		at, ok := p.time(v)
		if !ok {
			return r, &rowErr{column: t.name, code: "cli.import.row.time", args: []any{"value", v}}
		}
		*t.to = at
	}
	end, ok := p.Status[get(c.Status)]
	if !ok {
		return r, &rowErr{column: c.Status, code: "cli.import.row.status", args: []any{"value", get(c.Status)}}
	}
	r.State, r.Outcome = end.State, end.Outcome
	if !r.State.Ended() {
		r.Ended = time.Time{}
	} else if r.Ended.Before(r.At) { // some clocks there ran behind others
		r.Ended = r.At
	}
	if r.Category = p.Categories[get(c.Category)]; r.Category == "" {
		r.Category = p.Other
	}
	if e := p.point(&r, get(c.Lat), get(c.Lon)); e != nil {
		return r, e
	}
	r.Text, r.Title, r.Spot, r.Area = join(c.Text), short(join(c.Title), 60), short(join(c.Spot), 60), short(get(c.Area), 60)
	r.Public = r.Title != "" && len(c.Text) == 0 // what the title says was published there; free text waits for release
	r.Late = p.Late.Column != "" && get(p.Late.Column) == p.Late.Value
	if e, ok := errors.AsType[*fail.Error](r.Check()); ok {
		return r, &rowErr{column: e.Field, code: e.Code, args: e.Args}
	}
	return r, nil
}

func (p *profile) point(r *record, lat, lon string) *rowErr {
	if p.CRS == "none" || lat == "" && lon == "" {
		return nil
	}
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lon, 64)
	at, err3 := geo.Parse(p.CRS, y, x)
	if err := errors.Join(err1, err2, err3); err != nil {
		return &rowErr{column: p.Columns.Lat, code: "cli.import.row.point", args: []any{"value", lat + " " + lon}}
	}
	r.Lat, r.Lon = at.Lat, at.Lon
	return nil
}

func (p *profile) time(s string) (time.Time, bool) {
	for _, l := range append(p.Times, "2006-01-02 15:04:05", "2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04:05", time.RFC3339, "2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2") {
		if t, err := time.ParseInLocation(l, s, p.zone); err == nil && t.Year() > 1900 && t.Year() < 2200 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// short is one line of s, cut at a number of characters.
func short(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func (e rowErr) in(w interface{ T(string, ...any) string }) string {
	return fmt.Sprint(w.T("cli.import.line", "line", e.line, "column", e.column, "what", w.T(e.code, e.args...)))
}

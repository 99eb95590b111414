package place

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Report is what an import did, or would do.
type Report struct {
	Read, Added, Changed, Same int
	Bad                        int
	Lines                      []BadLine // the first hundred that are bad
}

// BadLine says what is wrong in a line of a file (a feature of a GeoJSON file, from 1). Code
// is a sentence's key.
type BadLine struct {
	N    int
	Code string
	Args []any
}

const (
	linesMost = 100
	batch     = 1000
	bytesMost = 256 << 20 // of a file, unpacked
)

func (r *Report) bad(n int, code string, args ...any) {
	r.Bad++
	if len(r.Lines) < linesMost {
		r.Lines = append(r.Lines, BadLine{n, code, args})
	}
}

type division struct {
	line       int
	code, name string
}

// ImportDivisions reads a list of divisions: CSV, gzipped or not, whose first line names
// the columns code and name; codes of 2, 4, 6, 9 or 12 digits, each after the one it lies
// in (or already here). It adds, renames, leaves alone, and closes nothing, so it may be
// run again. dry only reports. Invalid place.import.*.
func (d Desk) ImportDivisions(ctx context.Context, by who.Actor, file io.Reader, dry bool) (_ Report, err error) {
	defer fail.Wrap(&err, "place.ImportDivisions")
	if err := allowed(by, ""); err != nil {
		return Report{}, err
	}
	im := importer{d: d, ctx: ctx, by: by, dry: dry, known: map[string]Place{}}
	err = divisions(file, func(v division, code string) error {
		if im.Read++; code != "" {
			im.bad(v.line, code)
			return nil
		}
		if im.rows = append(im.rows, v); len(im.rows) < batch {
			return nil
		}
		return im.flush()
	})
	if err != nil {
		return im.Report, err
	}
	return im.Report, im.flush()
}

// divisions reads a list line by line; code says what is wrong with a line.
func divisions(file io.Reader, each func(v division, code string) error) error {
	in, err := unpack(file)
	if err != nil {
		return err
	}
	lim := &io.LimitedReader{R: in, N: bytesMost}
	c := csv.NewReader(lim)
	c.ReuseRecord, c.FieldsPerRecord, c.LazyQuotes = true, -1, true
	head, err := c.Read()
	if err != nil {
		return &fail.Error{Kind: fail.Invalid, Code: "place.import.form", Err: err}
	}
	code, name := slices.IndexFunc(head, is("code")), slices.IndexFunc(head, is("name"))
	if code < 0 || name < 0 {
		return fail.New(fail.Invalid, "place.import.columns")
	}
	for {
		row, err := c.Read()
		p, torn := errors.AsType[*csv.ParseError](err)
		switch {
		case errors.Is(err, io.EOF):
			if lim.N <= 0 {
				return fail.New(fail.Invalid, "place.import.large")
			}
			return nil
		case torn:
			err = each(division{line: p.StartLine}, "place.import.line")
		case err != nil: // a gzip that breaks off
			return &fail.Error{Kind: fail.Invalid, Code: "place.import.form", Err: err}
		case code >= len(row) || name >= len(row):
			n, _ := c.FieldPos(0)
			err = each(division{line: n}, "place.import.line")
		default:
			v := division{code: FullCode(strings.TrimSpace(strings.Clone(row[code])))}
			v.line, _ = c.FieldPos(0)
			err = each(v.named(row[name]))
		}
		if err != nil {
			return err
		}
	}
}

// named gives v its name and says what is wrong with the line.
func (v division) named(name string) (division, string) {
	l, ok := CodeLevel(v.code)
	if !ok {
		return v, "place.code.form"
	}
	name, err := text.Line(strings.Clone(name), nameMax)
	if err != nil || name == "" {
		return v, "place.name.missing"
	}
	if v.name = name; l == Community {
		v.name = tidy(name)
	}
	return v, ""
}

func is(name string) func(string) bool {
	return func(s string) bool { return strings.EqualFold(strings.Trim(s, "\ufeff \""), name) }
}

// unpack opens a gzipped file, or leaves another as it is.
func unpack(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	if m, _ := b.Peek(2); len(m) == 2 && m[0] == 0x1f && m[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, &fail.Error{Kind: fail.Invalid, Code: "place.import.form", Err: err}
		}
		return z, nil
	}
	return b, nil
}

// tidy makes a committee's name the place's: 德民社区居委会 is 德民社区, 福利村委会 is 福利村.
// (The list has a typing error or two of its own.)
func tidy(name string) string {
	for _, s := range []string{"居民委员会", "居民委委会", "居委会", "社区居民委委会"} {
		if rest, ok := strings.CutSuffix(name, s); ok && strings.HasSuffix(rest, "社区") {
			return rest
		} else if ok && utf8.RuneCountInString(rest) > 1 {
			return rest + "社区"
		}
	}
	for _, s := range []string{"村村民委员会", "村村委会", "村民委员会", "村委会"} {
		if rest, ok := strings.CutSuffix(name, s); ok && utf8.RuneCountInString(rest) > 0 {
			return rest + "村"
		}
	}
	return name
}

type importer struct {
	Report
	d     Desk
	ctx   context.Context
	by    who.Actor
	dry   bool
	rows  []division
	known map[string]Place // divisions above communities, by code
}

// flush writes one batch in one transaction.
func (im *importer) flush() error {
	if len(im.rows) == 0 {
		return nil
	}
	run := db.Do[step]
	if im.dry {
		run = db.See[step]
	}
	s, err := run(im.ctx, im.d.DB, im.batch)
	if err != nil {
		return err
	}
	// Only now: the function may have run twice.
	im.Added, im.Changed, im.Same = im.Added+s.added, im.Changed+s.changed, im.Same+s.same
	for _, l := range s.lines {
		im.bad(l.N, l.Code, l.Args...)
	}
	maps.Copy(im.known, s.known)
	im.rows = im.rows[:0]
	return nil
}

type step struct {
	added, changed, same int
	lines                []BadLine
	known                map[string]Place
}

func (im *importer) batch(tx *db.Tx) (step, error) {
	s := step{known: map[string]Place{}}
	find := func(code string) (Place, bool) {
		if p, ok := s.known[code]; ok {
			return p, true
		}
		p, ok := im.known[code]
		return p, ok
	}
	// what is here already, and what may lie above, in a few reads
	var ask []string
	for _, v := range im.rows {
		ask = append(ask, v.code)
		for _, c := range above(v.code) {
			if _, ok := find(c); !ok {
				ask = append(ask, c)
			}
		}
	}
	slices.Sort(ask)
	ask = slices.Compact(ask)
	here := map[string]Place{}
	for part := range slices.Chunk(ask, some) {
		ps, err := db.All(tx, func(r db.Row) (Place, error) { return scan(r) }, `select `+cols+` from place where id in (
			select place from place_code where tree = 0 and until = 0 and code in (`+list(len(part))+`))`, anys(part)...)
		if err != nil {
			return s, err
		}
		for _, p := range ps {
			here[p.Code] = p
			if p.Level.Depth() < Community.Depth() {
				s.known[p.Code] = p
			}
		}
	}
	for _, v := range im.rows {
		if p, ok := here[v.code]; ok {
			if p.Name == v.name {
				s.same++
				continue
			}
			s.changed++
			p.Name = v.name
			here[v.code] = p
			if im.dry {
				continue
			}
			if err := update(tx, p); err != nil {
				return s, err
			}
			if err := db.Index(tx, "place_words", p.ID, words(p)); err != nil {
				return s, err
			}
			continue
		}
		level, _ := CodeLevel(v.code)
		p := Place{ID: id.New(tx.Now()), Level: level, Code: v.code, Name: v.name, From: tx.Now(), Public: true, Rev: 1}
		up := Place{}
		for _, c := range above(v.code) {
			var ok bool
			if up, ok = find(c); ok {
				break
			}
		}
		if up.ID == 0 && level != Province {
			s.lines = append(s.lines, BadLine{v.line, "place.import.parent", []any{above(v.code)[0]}})
			continue
		}
		p.Parent, p.Path = up.ID, fmt.Sprintf("%s%d/", orSlash(up.Path), p.ID)
		if !im.dry {
			if err := insert(tx, p, 0); err != nil {
				return s, err
			}
		}
		s.added++
		here[v.code] = p
		if level != Community {
			s.known[v.code] = p
		}
	}
	if im.dry || s.added+s.changed == 0 {
		return s, nil
	}
	return s, audit.Record(tx, im.by, "place.import", 0, map[string]any{"added": s.added, "changed": s.changed})
}

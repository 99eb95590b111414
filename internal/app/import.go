package app

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
)

type importCmd struct {
	Places  importPlaces  `cmd:"" help:"Take in a list of divisions (CSV: code, name) or, with --geojson, boundaries."`
	Basemap importBasemap `cmd:"" help:"Make the base map of an OpenStreetMap extract."`
	Issues  importIssues  `cmd:"" help:"Take in issues of another system (CSV), told by a profile how to read them."`
}

// opened is a file, unpacked if it is gzipped.
func opened(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(f, 1<<16)
	if head, _ := b.Peek(2); len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return both{b, f}, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		f.Close()
		return nil, err
	}
	return both{z, f}, nil
}

type both struct {
	io.Reader
	io.Closer
}

type importPlaces struct {
	File    string `arg:"" help:"File to read, gzipped or not."`
	GeoJSON bool   `name:"geojson" help:"The file holds boundaries: a FeatureCollection with properties code or name."`
	In      string `placeholder:"CODE" help:"Code of the place in which all of it lies (with --geojson)."`
	Level   string `help:"Level of the places in the file: community, neighbourhood, estate (with --geojson)."`
	Grids   bool   `help:"The file holds grids, the second layer (with --geojson)."`
	CRS     string `name:"crs" help:"Coordinates of the file: wgs84, gcj02 or bd09, if it does not say so itself."`
	DryRun  bool   `help:"Only say what would be done."`
}

func (c importPlaces) Run(e *env) error {
	if !c.GeoJSON && (c.In != "" || c.Level != "" || c.Grids || c.CRS != "") {
		return e.wrong("cli.import.geojson_only")
	}
	if c.GeoJSON && (c.In == "" || (c.Level == "") != c.Grids) {
		return e.wrong("cli.import.geojson_needs")
	}
	f, err := opened(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := e.open()
	if err != nil {
		return err
	}
	defer t.close()
	var r place.Report
	var fit place.Fit
	if c.GeoJSON {
		in, err := t.places.ByCode(e.ctx, place.FullCode(c.In), t.db.Now())
		if err != nil {
			return err
		}
		fit, err = t.places.ImportGeoJSON(e.ctx, who.System(who.Import), f, place.Layer{In: in.ID, Level: place.Level(c.Level), Grids: c.Grids, CRS: c.CRS, Dry: c.DryRun})
		r = fit.Report
		if err != nil {
			e.badLines(r)
			return err
		}
	} else if r, err = t.places.ImportDivisions(e.ctx, who.System(who.Import), f, c.DryRun); err != nil {
		e.badLines(r)
		return err
	}
	e.badLines(r)
	e.say("cli.import.places", "read", r.Read, "added", r.Added, "changed", r.Changed, "same", r.Same, "bad", r.Bad)
	if c.GeoJSON {
		e.say("cli.import.fit", "overlaps", len(fit.Overlaps), "astray", len(fit.Astray), "missing", len(fit.Missing))
	}
	if r.Bad > 0 {
		return errSaid
	}
	return t.sealed(e.ctx)
}

// badLines says which lines of a list are bad.
func (e *env) badLines(r place.Report) {
	for _, l := range r.Lines {
		fmt.Fprintln(e.out, e.words.T("cli.import.line", "line", l.N, "column", "", "what", e.words.T(l.Code, l.Args...)))
	}
}

type importBasemap struct {
	File string `arg:"" help:"An .osm extract, gzipped or not."`
}

func (c importBasemap) Run(e *env) error {
	f, err := opened(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	fs, err := basemap.ReadOSM(f)
	if err != nil {
		return err
	}
	if err := e.cfg.makeData(); err != nil {
		return err
	}
	path := e.cfg.mapPath()
	m := basemap.New(fs, basemap.Names{Hans: "© OpenStreetMap 贡献者", Hant: "© OpenStreetMap 貢獻者", En: "© OpenStreetMap contributors"})
	if err := whole(path, m.Save); err != nil {
		return err
	}
	e.say("cli.import.basemap", "count", m.Len(), "file", path)
	return nil
}

// whole writes a file so that it is there in full after a power cut, or as it was before.
func whole(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type importIssues struct {
	File    string `arg:"" help:"CSV to read, gzipped or not."`
	Profile string `required:"" placeholder:"NAME|FILE" help:"boston, chicago, losangeles, newport, zurich, or a JSON file."`
	DryRun  bool   `help:"Only look the file through."`
}

// Help says what happens, and what a second run does.
func (importIssues) Help() string {
	return "The whole file is looked through first; if a line is wrong, all such lines are told and nothing is taken in.\n\n" +
		"Issues lie in a tree of places of their own, nobody is told of them, and no clock runs. " +
		"What has been taken in is durable; the same file again takes in only what is missing.\n\n" +
		"A profile names the columns and says the time zone, the coordinate system (wgs84, gcj02, bd09), the encoding (utf-8, gb18030), the categories and the states. See docs/operating.md."
}

func (c importIssues) Run(e *env) error {
	p, err := readProfile(c.Profile)
	if err != nil {
		return err
	}
	rows, again, err := c.look(e, p)
	if err != nil {
		return err
	}
	e.say("cli.import.looked", "rows", rows, "again", again)
	if c.DryRun {
		return nil
	}
	t, err := e.open()
	if err != nil {
		return err
	}
	defer t.close()
	if _, err := t.issues.Seed(e.ctx, who.System(who.Import)); err != nil {
		return err
	}
	b := e.bar("cli.import.bar")
	added, err := t.importIssues(e.ctx, p, c.File, func(done int) { b.to(int64(done), int64(rows)) })
	b.end()
	if err != nil {
		e.say("cli.import.stopped", "added", added)
		return err
	}
	e.say("cli.import.done", "added", added, "had", rows-again-added, "tree", p.Tree.Name)
	return t.sealed(e.ctx)
}

// look reads the file through and tells every line that is wrong.
func (c importIssues) look(e *env, p *profile) (rows, again int, err error) {
	f, err := opened(c.File)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	const most = 100
	seen, bad := map[string]bool{}, 0
	err = p.rows(f, func(r record) error {
		if rows++; seen[r.Source] {
			again++
		}
		seen[r.Source] = true
		return e.ctx.Err()
	}, func(b rowErr) {
		if bad++; bad <= most {
			fmt.Fprintln(e.errs, b.in(e.words))
		}
	})
	if err != nil {
		return rows, again, err
	}
	if bad > 0 {
		return rows, again, fail.New(fail.Invalid, "cli.import.bad", "count", bad)
	}
	return rows, again, nil
}

// importBatch is how many issues share a commit; others wait that long.
const importBatch = 500

// importIssues takes a file in that was looked through, in durable batches.
func (t *town) importIssues(ctx context.Context, p *profile, file string, tell func(done int)) (added int, err error) {
	f, err := opened(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	tree, err := t.tree(ctx, p)
	if err != nil {
		return 0, err
	}
	areas, done := map[string]id.ID{"": tree.ID}, 0
	var batch []issue.Foreign
	flush := func() error {
		if err := ctx.Err(); err != nil || len(batch) == 0 {
			return err
		}
		n, err := t.issues.Import(ctx, who.System(who.Import), batch)
		added, done, batch = added+n.New, done+len(batch), batch[:0]
		if tell != nil {
			tell(done)
		}
		return err
	}
	err = p.rows(f, func(r record) error {
		at, ok := areas[r.Area]
		if !ok {
			if at, err = t.area(ctx, tree, r.Area); err != nil {
				return err
			}
			areas[r.Area] = at
		}
		r.Place = at
		if batch = append(batch, r.Foreign); len(batch) < importBatch {
			return nil
		}
		return flush()
	}, func(rowErr) {})
	if err != nil {
		return added, err
	}
	return added, flush()
}

// tree is the root under which the places of a profile lie, made at the first import.
func (t *town) tree(ctx context.Context, p *profile) (place.Place, error) {
	roots, err := t.places.Children(ctx, 0)
	if err != nil {
		return place.Place{}, err
	}
	for _, r := range roots {
		if r.Level == place.Tree && strings.EqualFold(r.Code, p.Tree.Code) {
			return r, nil
		}
	}
	return t.places.Add(ctx, who.System(who.Import), place.Place{Level: place.Tree, Code: p.Tree.Code, Name: p.Tree.Name, Public: true})
}

// area is the place of a name directly in the tree.
func (t *town) area(ctx context.Context, tree place.Place, name string) (id.ID, error) {
	code := strings.Trim(slug.ReplaceAllString(name, "-"), "-")
	if code == "" || len(code) > 40 {
		code = fmt.Sprintf("a%x", []byte(name)[:min(len(name), 19)])
	}
	p, err := db.See(ctx, t.db, func(tx *db.Tx) (place.Place, error) { return place.ByTreeCode(tx, tree.ID, code) })
	if fail.KindOf(err) == fail.Missing {
		p, err = t.places.Add(ctx, who.System(who.Import), place.Place{Parent: tree.ID, Level: place.Community, Code: code, Name: name, Public: true})
	}
	return p.ID, err
}

package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
)

// A backup is a folder laid out like a data folder, with a list of its files and their
// hashes. The list is written last: a folder without it is no backup.
const (
	listFile     = "backup.json"
	backupFormat = "linli-backup-1"
	dbFile       = "linli.db"
	headsFile    = "heads.log"
	photosDir    = "photos"
)

type backupList struct {
	Format string       `json:"format"`
	At     time.Time    `json:"at"`
	Linli  string       `json:"linli"`
	Gone   int          `json:"gone"` // photos erased while it was made
	Files  []backupFile `json:"files"`
}

type backupFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

type backupCmd struct {
	Dir string `arg:"" help:"Folder to make; it must not hold anything yet."`
}

// Help says what is in it.
func (backupCmd) Help() string {
	return "Writes a consistent copy of the database while the town goes on, then every photo it names, the heads of the audit chain, the base map and the key of the links.\n\n" +
		"Keep it as safe as the town itself: it holds what people told you. For PostgreSQL use pg_dump, and copy the data folder after it."
}

func (c backupCmd) Run(e *env) error {
	if err := empty(c.Dir); err != nil {
		return err
	}
	t, err := e.existing()
	if err != nil {
		return err
	}
	defer t.close()
	if !t.db.Lite() {
		return fail.New(fail.Invalid, "db.backup.pg")
	}
	b := e.bar("cli.backup.bar")
	l, err := t.backup(e.ctx, c.Dir, b.to)
	b.end()
	if err != nil {
		return err
	}
	photos := 0
	var size int64
	for _, f := range l.Files {
		if size += f.Bytes; strings.HasPrefix(f.Path, photosDir+"/") {
			photos++
		}
	}
	e.say("cli.backup.done", "dir", c.Dir, "photos", photos, "mb", (size+1<<20-1)>>20)
	return nil
}

// empty refuses a folder that holds something.
func empty(dir string) error {
	es, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(es) > 0 {
		return fail.New(fail.Conflict, "cli.backup.full", "dir", dir)
	}
	return nil
}

// backup writes the town into dir. The heads go first, then the database, then the
// photos: heads never tell of acts the copy has not, and a photo is on the disk before
// the row that names it.
func (t *town) backup(ctx context.Context, dir string, tell func(done, of int64)) (l backupList, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return l, err
	}
	l = backupList{Format: backupFormat, At: t.db.Now(), Linli: Version}
	for from, to := range map[string]string{t.cfg.heads(): headsFile, filepath.Join(t.cfg.Data, "secret"): "secret", t.cfg.mapPath(): mapFile} {
		if err := copyFile(from, filepath.Join(dir, to)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return l, err
		}
	}
	if err := t.db.Backup(ctx, filepath.Join(dir, dbFile)); err != nil {
		return l, err
	}
	names, err := photosOf(ctx, filepath.Join(dir, dbFile))
	if err != nil {
		return l, err
	}
	to, err := blob.New(filepath.Join(dir, photosDir), blob.Options{})
	if err != nil {
		return l, err
	}
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return l, err
		}
		if tell != nil {
			tell(int64(i+1), int64(len(names)))
		}
		for _, size := range []blob.Size{blob.Full, blob.Thumb} {
			f, err := t.photos.Open(name, size)
			if fail.KindOf(err) == fail.Missing {
				l.Gone++
				continue
			}
			if err != nil {
				return l, err
			}
			err = to.Restore(name, size, f)
			if e := f.Close(); err == nil {
				err = e
			}
			if err != nil {
				return l, err
			}
		}
	}
	if l.Files, err = list(dir); err != nil {
		return l, err
	}
	return l, whole(filepath.Join(dir, listFile), func(w io.Writer) error {
		j := json.NewEncoder(w)
		j.SetIndent("", " ")
		return j.Encode(l)
	})
}

// photosOf are the photos that the copy of a database names. It is left as one closed
// file that lies on the disk.
func photosOf(ctx context.Context, path string) (names []string, err error) {
	d, err := db.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	names, err = db.See(ctx, d, func(tx *db.Tx) ([]string, error) {
		return db.All(tx, func(r db.Row) (s string, err error) { err = r.Scan(&s); return },
			`select name from photo where name <> '' union select shown from photo where shown <> '' order by 1`)
	})
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return names, errors.Join(f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}

// list reads every file of a backup.
func list(dir string) (out []backupFile, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == filepath.Join(dir, listFile) {
			return err
		}
		f, err := hashFile(path)
		if err != nil {
			return err
		}
		if f.Path, err = filepath.Rel(dir, path); err != nil {
			return err
		}
		f.Path = filepath.ToSlash(f.Path)
		out = append(out, f)
		return nil
	})
	return out, err
}

func hashFile(path string) (b backupFile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return b, err
	}
	defer f.Close()
	h := sha256.New()
	b.Bytes, err = io.Copy(h, f)
	b.SHA256 = hex.EncodeToString(h.Sum(nil))
	return b, err
}

// copyFile copies a file so that it lies on the disk in full, or not at all.
func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return whole(to, func(w io.Writer) error { _, err := io.Copy(w, f); return err })
}

type restoreCmd struct {
	Dir string `arg:"" help:"Folder that 'linli backup' made."`
}

// Help says what is refused.
func (restoreCmd) Help() string {
	return "Brings a backup into an empty data folder, checks every file against the list, and proves the chain of acts.\n\n" +
		"A data folder or a database that holds something is refused: nothing is ever written over."
}

func (c restoreCmd) Run(e *env) error {
	if strings.HasPrefix(e.cfg.database(), "postgres") {
		return fail.New(fail.Invalid, "db.backup.pg")
	}
	if err := empty(e.cfg.Data); err != nil {
		return err
	}
	for _, p := range []string{e.cfg.database(), e.cfg.database() + "-wal"} {
		if _, err := os.Stat(p); err == nil {
			return fail.New(fail.Conflict, "cli.backup.full", "dir", p)
		}
	}
	l, err := readList(c.Dir)
	if err != nil {
		return err
	}
	b := e.bar("cli.backup.check")
	err = l.check(e.ctx, c.Dir, b.to)
	b.end()
	if err != nil {
		return err
	}
	b = e.bar("cli.restore.bar")
	err = restore(e.ctx, e.cfg, c.Dir, l, b.to)
	b.end()
	if err != nil {
		return err
	}
	e.say("cli.restore.done", "at", e.words.Time(l.At))
	t, err := e.open()
	if err != nil {
		return err
	}
	defer t.close()
	return t.verify(e, filepath.Join(c.Dir, headsFile))
}

func readList(dir string) (l backupList, err error) {
	b, err := os.ReadFile(filepath.Join(dir, listFile))
	if errors.Is(err, fs.ErrNotExist) {
		return l, fail.New(fail.Invalid, "cli.backup.none", "dir", dir)
	}
	if err != nil {
		return l, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&l); err != nil || l.Format != backupFormat {
		return l, &fail.Error{Kind: fail.Invalid, Code: "cli.backup.none", Args: []any{"dir", dir}, Err: err}
	}
	if !slices.ContainsFunc(l.Files, func(f backupFile) bool { return f.Path == dbFile }) {
		return l, fail.New(fail.Invalid, "cli.backup.none", "dir", dir)
	}
	return l, nil
}

// check refuses a backup in which a file is missing or is not what was written.
func (l backupList) check(ctx context.Context, dir string, tell func(done, of int64)) error {
	for i, f := range l.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fail.New(fail.Invalid, "cli.backup.broken", "file", f.Path)
		}
		got, err := hashFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err != nil || got.SHA256 != f.SHA256 {
			return fail.New(fail.Invalid, "cli.backup.broken", "file", f.Path)
		}
		tell(int64(i+1), int64(len(l.Files)))
	}
	return nil
}

// restore copies a checked backup into place, the database last: a folder without it
// was not restored in full.
func restore(ctx context.Context, cfg Config, dir string, l backupList, tell func(done, of int64)) (err error) {
	if err := cfg.makeData(); err != nil {
		return err
	}
	last := slices.Clone(l.Files)
	slices.SortStableFunc(last, func(a, b backupFile) int {
		switch {
		case a.Path == dbFile && b.Path != dbFile:
			return 1
		case b.Path == dbFile && a.Path != dbFile:
			return -1
		}
		return 0
	})
	for i, f := range last {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := filepath.Join(cfg.Data, filepath.FromSlash(f.Path))
		switch f.Path {
		case dbFile:
			to = cfg.database()
		case headsFile:
			if to = cfg.heads(); exists(to) {
				continue // heads that outlived the town know more than the backup
			}
		case mapFile:
			to = cfg.mapPath()
		}
		if err := copyFile(filepath.Join(dir, filepath.FromSlash(f.Path)), to); err != nil {
			return err
		}
		tell(int64(i+1), int64(len(last)))
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

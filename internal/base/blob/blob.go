// Package blob keeps photos: it makes what a phone sends safe to show and lays it
// down so that no power cut takes it away again.
//
// Floor: base. Imports: base/fail, golang.org/x/image.
//
// A photo is taken only as a picture: it is decoded, turned upright, drawn anew and
// encoded as JPEG in two sizes, so nothing of what came along (position, phone,
// serial number, a second file hidden behind the first) is left. The position is read
// before that and given back, for the form to offer as the place. Who may see a photo is
// for the room to say that keeps its name: names are random and cannot be guessed.
package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
)

// Size is the long side of a stored picture, at most.
type Size int

const (
	Full  Size = 1600
	Thumb Size = 480
)

var sizes = [...]Size{Full, Thumb}

// Photo is what came of a picture.
type Photo struct {
	Name     string // 32 hexadecimal digits
	W, H     int    // of Full
	Tint     string // mean colour, #rrggbb: stands in while the picture loads
	Located  bool   // the phone had written down where it was taken:
	Lat, Lon float64
}

// Options say what room to leave. In a running town: Ballast and Low of this package.
type Options struct {
	Ballast int64 // bytes of a file kept only to be thrown out in need; 0 none
	Low     int64 // no photo is taken when fewer bytes are free; 0 until it is full
}

const (
	Ballast = 64 << 20
	Low     = 256 << 20
)

// Store is a folder of photos. Use New.
type Store struct {
	dir   string
	low   int64
	slots chan struct{}   // one for each picture being worked on
	large chan struct{}   // one for the picture that needs much memory
	mu    sync.Mutex      // guards made
	made  map[string]bool // folders that are surely there after a power cut

	// What tests replace.
	sync func(*os.File) error
	free func(dir string) (int64, error)
}

// New opens the store in dir and lays down its ballast.
func New(dir string, o Options) (*Store, error) {
	s := &Store{
		dir: dir, low: o.Low,
		slots: make(chan struct{}, 2), large: make(chan struct{}, 1),
		made: map[string]bool{}, sync: (*os.File).Sync, free: free,
	}
	if err := s.tidy(); err != nil {
		return nil, err
	}
	return s, s.load(o.Ballast)
}

// tidy throws out what a power cut left half written. Young files may be another node's.
func (s *Store) tidy() error {
	if err := os.MkdirAll(s.temp("."), 0o700); err != nil {
		return err
	}
	left, err := os.ReadDir(s.temp("."))
	for _, e := range left {
		if i, err := e.Info(); err == nil && time.Since(i.ModTime()) > time.Hour {
			os.Remove(s.temp(e.Name()))
		}
	}
	return err
}

func (s *Store) temp(path string) string { return filepath.Join(s.dir, "tmp", filepath.Base(path)) }

// Put takes a picture: JPEG, PNG, GIF (its first image) or WebP. When it returns, the photo is on the
// disk. Two pictures are worked on at a time; others wait, or give up with ctx. r should be a
// body already received, for it is read while holding one of the two places.
//
// Invalid photo.large (Args: actual, limit in MB), photo.pixels (actual, limit in
// millions), photo.kind (kind) or photo.unknown if it is another kind of file, photo.broken;
// Busy photo.noroom if the disk is (almost) full.
func (s *Store) Put(ctx context.Context, r io.Reader) (Photo, error) {
	if err := s.room(); err != nil {
		return Photo{}, err
	}
	defer hold(ctx, s.slots)()
	if err := ctx.Err(); err != nil {
		return Photo{}, err
	}
	b, err := read(r)
	if err != nil {
		return Photo{}, err
	}
	h, err := look(b)
	if err != nil {
		return Photo{}, err
	}
	if h.heavy {
		defer hold(ctx, s.large)()
	}
	if err := ctx.Err(); err != nil {
		return Photo{}, err
	}
	m, err := h.decode(b)
	if err != nil {
		return Photo{}, err
	}
	p, err := s.keep(m)
	if err != nil {
		return Photo{}, err
	}
	p.Lat, p.Lon, p.Located = h.note.lat, h.note.lon, h.note.located
	return p, nil
}

// hold takes a place and gives the way to leave it. If ctx ends first there is no place to leave.
func hold(ctx context.Context, places chan struct{}) (leave func()) {
	select {
	case places <- struct{}{}:
		return func() { <-places }
	case <-ctx.Done():
		return func() {}
	}
}

// Pixelate makes a new photo of name's in which the boxes are blurred beyond recall.
// Boxes are in thousandths of width and height. The photo itself stays as it is and must not
// be shown any more to those the boxes are for.
//
// Invalid photo.boxes if no box covers anything or there are more than 400; Missing photo.gone.
func (s *Store) Pixelate(ctx context.Context, name string, boxes []image.Rectangle) (Photo, error) {
	if err := s.room(); err != nil {
		return Photo{}, err
	}
	defer hold(ctx, s.slots)()
	if err := ctx.Err(); err != nil {
		return Photo{}, err
	}
	f, err := s.Open(name, Full)
	if err != nil {
		return Photo{}, err
	}
	defer f.Close()
	m, err := redraw(f)
	if err != nil {
		return Photo{}, err
	}
	if len(boxes) > 400 || mosaic(m, boxes) == 0 {
		return Photo{}, fail.New(fail.Invalid, "photo.boxes")
	}
	return s.keep(m)
}

// Open opens one size of a photo for reading. Missing photo.gone.
func (s *Store) Open(name string, size Size) (*os.File, error) {
	path, ok := s.path(name, size)
	if !ok {
		return nil, fail.New(fail.Missing, "photo.gone")
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail.New(fail.Missing, "photo.gone")
	}
	return f, err
}

// Remove takes a photo away for good. What is not there is removed already.
func (s *Store) Remove(name string) error {
	for _, size := range sizes {
		path, ok := s.path(name, size)
		if !ok {
			return nil
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	path, _ := s.path(name, Full)
	if err := s.syncDir(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// File is one stored picture.
type File struct {
	Name  string
	Size  Size
	Bytes int64
	At    time.Time // when it was laid down
}

// Walk calls yield with every file, by name, until it returns an error. Backups read
// them with Open and restore them with Restore.
func (s *Store) Walk(yield func(File) error) error {
	return filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, ext, _ := strings.Cut(e.Name(), ".")
		n, _ := strconv.Atoi(strings.TrimSuffix(ext, ".jpg"))
		if want, ok := s.path(name, Size(n)); !ok || want != path {
			return nil // ballast, or left over from a power cut
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		return yield(File{name, Size(n), info.Size(), info.ModTime()})
	})
}

// Restore lays down a file as Walk and Open gave it.
func (s *Store) Restore(name string, size Size, r io.Reader) error {
	if _, ok := s.path(name, size); !ok {
		return fail.New(fail.Invalid, "photo.broken")
	}
	b, err := read(r)
	if err != nil {
		return err
	}
	return s.save(name, map[Size][]byte{size: b})
}

// path says where a size of a photo lies, if name can be one.
func (s *Store) path(name string, size Size) (string, bool) {
	if b, err := hex.DecodeString(name); err != nil || len(b) != 16 || strings.ToLower(name) != name || size != Full && size != Thumb {
		return "", false
	}
	return filepath.Join(s.dir, name[:2], name[2:4], name+"."+strconv.Itoa(int(size))+".jpg"), true
}

// keep draws m in both sizes and saves it under a new name.
func (s *Store) keep(m *image.RGBA) (Photo, error) {
	full, thumb, p, err := encode(m)
	if err != nil {
		return Photo{}, err
	}
	var random [16]byte
	rand.Read(random[:]) // never fails
	p.Name = hex.EncodeToString(random[:])
	if err := s.save(p.Name, map[Size][]byte{Full: full, Thumb: thumb}); err != nil {
		return Photo{}, err
	}
	return p, nil
}

// save writes files so that they are there, whole, when it returns, or not at all:
// to a temporary file, to the disk, into place, and the folder to the disk.
func (s *Store) save(name string, files map[Size][]byte) (err error) {
	path, _ := s.path(name, Full)
	dir := filepath.Dir(path)
	defer func() {
		if err == nil {
			return
		}
		for size := range files {
			path, _ := s.path(name, size)
			os.Remove(s.temp(path))
			os.Remove(path)
		}
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			err = &fail.Error{Kind: fail.Busy, Code: "photo.noroom", Err: err}
		}
	}()
	if err := s.folder(dir); err != nil {
		return err
	}
	for size, b := range files {
		path, _ := s.path(name, size)
		if err := s.write(s.temp(path), b); err != nil {
			return err
		}
	}
	for size := range files {
		path, _ := s.path(name, size)
		if err := os.Rename(s.temp(path), path); err != nil {
			return err
		}
	}
	return s.syncDir(dir)
}

func (s *Store) write(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = s.sync(f)
	}
	return errors.Join(err, f.Close())
}

// folder makes dir below the store, and its name lasting. One that was there already
// may have been made a moment ago by somebody else, so each is seen to once.
func (s *Store) folder(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made[dir] {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for d := dir; d != s.dir; d = filepath.Dir(d) {
		if err := s.syncDir(filepath.Dir(d)); err != nil {
			return err
		}
	}
	s.made[dir] = true
	return nil
}

func (s *Store) syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(s.sync(d), d.Close())
}

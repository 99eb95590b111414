package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/linli-town/linli/internal/base/fail"
)

// Free is how many bytes the disk still has for us, without the ballast.
func (s *Store) Free() (int64, error) { return s.free(s.dir) }

// room refuses photos while little is left, so that the database on the same disk can go
// on: a report without its photo is better than none.
func (s *Store) room() error {
	n, err := s.Free()
	if err != nil {
		return err
	}
	if n < s.low {
		return fail.New(fail.Busy, "photo.noroom")
	}
	return nil
}

func (s *Store) ballast() string { return filepath.Join(s.dir, "ballast") }

// load lays down the ballast if it is not there and there is room for twice as much and Low.
func (s *Store) load(size int64) error {
	if size <= 0 {
		return nil
	}
	if i, err := os.Stat(s.ballast()); err == nil && i.Size() == size {
		return nil
	}
	if n, err := s.Free(); err != nil || n < 2*size+s.low {
		return err
	}
	f, err := os.Create(s.ballast())
	if err != nil {
		return err
	}
	zero := make([]byte, 1<<20) // written and not only claimed: a hole takes no room
	for size > 0 && err == nil {
		n := min(size, int64(len(zero)))
		_, err = f.Write(zero[:n])
		size -= n
	}
	return errors.Join(err, s.sync(f), f.Close())
}

// DropBallast throws the ballast out when the disk is full: what can be done with
// that room is end well and make more. New lays it down again.
func (s *Store) DropBallast() error {
	if err := os.Remove(s.ballast()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.syncDir(s.dir)
}

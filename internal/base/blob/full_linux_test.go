package blob

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"github.com/linli-town/linli/internal/base/fail"
)

// A disk that is really full: the photo is refused, nothing is left of it, and once there
// is room the same store takes it.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skip("needs root:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s, err := New(dir, Options{Ballast: 512 << 10})
	if err != nil {
		t.Fatal(err)
	}
	in, taken := shot(1200, 900), 0
	for range 100 {
		_, err = s.Put(t.Context(), bytes.NewReader(in))
		if err != nil {
			break
		}
		taken++
	}
	e, ok := errors.AsType[*fail.Error](err)
	if !ok || e.Kind != fail.Busy || e.Code != "photo.noroom" || taken == 0 {
		t.Fatalf("after %d: %v, want photo.noroom", taken, err)
	}
	if got := files(t, dir); got != 2*taken+1 {
		t.Errorf("%d files, want %d and the ballast", got, 2*taken)
	}
	if err := s.DropBallast(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), bytes.NewReader(in)); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

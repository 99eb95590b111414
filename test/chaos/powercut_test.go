package chaos

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/linli-town/linli/internal/testkit/node"
)

// The real program with its photos on a real ext4, whose disk is a file: that holds what
// the kernel has sent to the disk and no more. A copy of it, taken while the program
// stands still, is what a power cut leaves. (Every cut point there is, without photos and
// without a kernel, is tried in base/db.)
func TestPowerIsCut(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		cuts int
		safe bool
	}{
		"as it is":            {nil, 8, true},
		"without any syncing": {[]string{"LINLI_TEST_SYNC=off"}, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			root, img := disk(t)
			dir := filepath.Join(root, "town")
			made, form := town(t)
			if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
				t.Fatal(err)
			}
			syscall.Sync()
			n := node.StartEnv(t, append(c.env, "LINLI_BALLAST=0"), "serve", "--data="+dir, "--trusted-proxy=127.0.0.1", "--log-level=error")
			l := &ledger{acked: map[string]report{}}
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer func() { stop(); wg.Wait() }()
			for range 4 {
				wg.Go(func() {
					for ctx.Err() == nil {
						r := l.take()
						err := send(ctx, n.URL, form, r)
						l.done(r, err)
						if err != nil && ctx.Err() == nil {
							t.Error(err)
							return
						}
					}
				})
			}
			bad := 0
			for k := range c.cuts {
				for had := l.count(); l.count() < had+7+3*k && !t.Failed(); {
					time.Sleep(time.Millisecond)
				}
				n.Freeze()
				l.mu.Lock()
				then := &ledger{acked: maps.Clone(l.acked)} // promised by then
				l.mu.Unlock()
				after := filepath.Join(t.TempDir(), "img")
				copied(t, img, after)
				n.Thaw()
				left := filepath.Join(mounted(t, after), "town")
				wrong := verify(t, left, then)
				if out, code := node.Run(t, "audit", "verify", "--data="+left); code != 0 {
					wrong = append(wrong, "the chain of acts: "+out)
				}
				if c.safe {
					for _, w := range wrong {
						t.Errorf("cut %d: %s", k, w)
					}
				} else if len(wrong) > 0 {
					bad++
				}
			}
			t.Logf("%d cuts, %d acknowledged", c.cuts, l.count())
			if !c.safe && bad == 0 {
				t.Error("nothing was lost without syncing: the test proves nothing")
			}
		})
	}
}

// disk is a fresh ext4 in a file: where it is mounted, and the file.
func disk(t *testing.T) (root, img string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a file system of one's own takes root")
	}
	// In memory: that a sync reaches the file is the question, not how long a disk takes.
	dir, err := os.MkdirTemp("/dev/shm", "linli-cut-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	img = filepath.Join(dir, "img")
	if err := os.WriteFile(img, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(img, 1<<30); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", img).CombinedOutput(); err != nil {
		t.Skipf("mkfs.ext4: %v %s", err, out)
	}
	return mounted(t, img), img
}

// mounted mounts the file system in a file; it ends with the test.
func mounted(t *testing.T, img string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "mnt")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "loop", img, at).CombinedOutput(); err != nil {
		t.Skipf("this machine mounts no files: %v %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() { syscall.Unmount(at, 2) }) // MNT_DETACH
	return at
}

// copied copies a file with its holes.
func copied(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "--sparse=always", from, to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v %s", err, out)
	}
}

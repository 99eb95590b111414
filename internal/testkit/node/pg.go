package node

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// PG is a PostgreSQL server of the test's own: its processes may be killed, and it syncs
// what it commits, as the one that other tests share does not.
type PG struct {
	Addr string // host:port
	URL  string // of its only database

	t         testing.TB
	bin, home string
	cred      *syscall.Credential
	cmd       *exec.Cmd
	out       *bytes.Buffer
}

// Postgres makes a server and starts it; settings are "name=value". Where PostgreSQL is
// not installed the test is skipped, or fails if LINLI_TEST_NEED_PG says so.
func Postgres(t testing.TB, settings ...string) *PG {
	t.Helper()
	bin := os.Getenv("LINLI_PG_BIN")
	if bin == "" {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		if len(found) > 0 {
			bin = slices.Max(found)
		}
	}
	if _, err := os.Stat(filepath.Join(bin, "initdb")); bin == "" || err != nil {
		if os.Getenv("LINLI_TEST_NEED_PG") == "1" {
			t.Fatal("LINLI_TEST_NEED_PG is set, but there is no PostgreSQL (LINLI_PG_BIN, /usr/lib/postgresql)")
		}
		t.Skip("no PostgreSQL here: LINLI_PG_BIN names the folder of initdb and postgres")
	}
	// Not t.TempDir: the server's user must be able to walk into it.
	home, err := os.MkdirTemp("/tmp", "linli-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	p := &PG{t: t, bin: bin, home: home}
	if err := errors.Join(os.Chmod(home, 0o755), os.Mkdir(p.data(), 0o700)); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // PostgreSQL refuses root
		u, err := user.Lookup("postgres")
		if err != nil {
			if u, err = user.Lookup("nobody"); err != nil {
				t.Fatal(err)
			}
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := errors.Join(os.Chown(home, uid, gid), os.Chown(p.data(), uid, gid)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := p.command("initdb", "-D", p.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	t.Cleanup(p.Crash)
	for try := 0; ; try++ { // the port may be taken between the question and the use
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p.Addr = l.Addr().String()
		l.Close()
		if err = p.start(settings); err == nil {
			break
		} else if try == 4 {
			t.Fatal(err)
		}
	}
	p.URL = "postgres://postgres@" + p.Addr + "/postgres?sslmode=disable"
	return p
}

func (p *PG) data() string { return filepath.Join(p.home, "data") }

func (p *PG) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(p.bin, name), args...)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return c
}

// Start starts the server again, on the same address, and waits until it has made good
// what a crash left and takes connections.
func (p *PG) Start(settings ...string) {
	p.t.Helper()
	if err := p.start(settings); err != nil {
		p.t.Fatal(err)
	}
}

func (p *PG) start(settings []string) error {
	host, port, _ := net.SplitHostPort(p.Addr)
	args := []string{"-D", p.data(), "-k", p.home, "-h", host, "-p", port, "-c", "shared_buffers=32MB"}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	p.cmd, p.out = p.command("postgres", args...), &bytes.Buffer{}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	cmd := p.cmd
	go func() { gone <- cmd.Wait() }()
	for {
		select {
		case err := <-gone:
			p.cmd = nil
			return fmt.Errorf("postgres: %v\n%s", err, p.out)
		case <-time.After(20 * time.Millisecond):
		}
		// "ready" in its own file: another server may answer on that port.
		b, _ := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
		if f := strings.Split(string(b), "\n"); len(f) > 7 && f[0] == strconv.Itoa(cmd.Process.Pid) && strings.TrimSpace(f[7]) == "ready" {
			go func() { <-gone }()
			return nil
		}
	}
}

// Crash kills every process of the server with SIGKILL, and returns when all are gone:
// what it had not written to the kernel by then is lost.
func (p *PG) Crash() {
	if p.cmd == nil {
		return
	}
	pid := p.cmd.Process.Pid
	syscall.Kill(pid, syscall.SIGSTOP) // no new ones while they are counted
	all := append([]int{pid}, children(pid)...)
	for _, n := range all {
		syscall.Kill(n, syscall.SIGKILL)
	}
	for _, n := range all {
		for alive(n) {
			time.Sleep(5 * time.Millisecond)
		}
	}
	p.cmd = nil
}

// Hold stops one of the server's own processes ("walwriter") until the crash.
func (p *PG) Hold(name string) {
	p.t.Helper()
	for _, n := range children(p.cmd.Process.Pid) {
		if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", n)); bytes.Contains(b, []byte(name)) {
			syscall.Kill(n, syscall.SIGSTOP)
			return
		}
	}
	p.t.Fatalf("the server has no %s", name)
}

// stat is the state of a process and its parent, from /proc.
func stat(pid int) (state string, parent int, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, false
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	parent, _ = strconv.Atoi(f[1])
	return f[0], parent, true
}

func alive(pid int) bool {
	s, _, ok := stat(pid)
	return ok && s != "Z" && s != "X"
}

func children(pid int) (out []int) {
	es, _ := os.ReadDir("/proc")
	for _, e := range es {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			if _, up, ok := stat(n); ok && up == pid {
				out = append(out, n)
			}
		}
	}
	return out
}

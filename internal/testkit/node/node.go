// Package node runs the whole program as a process of its own for tests from outside:
// the test binary becomes linli when it is asked to, so there is nothing to build and
// -race and -cover carry over.
//
//	func TestMain(m *testing.M) { os.Exit(node.Main(m)) }
//
//	n := node.Start(t, "serve", "--data", dir)
//	http.Get(n.URL + "/healthz")
//
// Floor: testkit. Imports: app, base/db.
package node

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/linli-town/linli/internal/app"
	"github.com/linli-town/linli/internal/base/db"
)

const as = "LINLI_TEST_AS_PROGRAM"

// Main is linli if this process was started by Start, else it runs the tests.
func Main(m *testing.M) int {
	if os.Getenv(as) != "" {
		if s := os.Getenv("LINLI_TEST_SYNC"); s != "" { // of a negative control; linli itself knows no such thing
			db.Sync = s
		}
		return app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	return m.Run()
}

// Node is one running linli.
type Node struct {
	URL string // where it serves, without a slash at the end
	PID int

	t    testing.TB
	cmd  *exec.Cmd
	mu   sync.Mutex
	news *sync.Cond
	out  []string
	eof  bool
	end  sync.Once
	err  error
}

var address = regexp.MustCompile(`https?://[^\s/"]+`)

// Start runs linli with args and waits for the first line with an address. An
// argument "--listen" is added: a port of the system's choice. The process ends with
// the test; what it wrote is shown if the test failed.
func Start(t testing.TB, args ...string) *Node { return StartEnv(t, nil, args...) }

// StartEnv is Start with more environment, "KEY=value".
func StartEnv(t testing.TB, env []string, args ...string) *Node {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--listen") {
		args = append(args, "--listen=127.0.0.1:0")
	}
	n := &Node{t: t}
	n.news = sync.NewCond(&n.mu)
	n.cmd = exec.Command(os.Args[0], args...)
	n.cmd.Env = append(append(os.Environ(), as+"=1"), env...)
	// A group of its own, so that all of it can be killed; dies with us in any case.
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	n.cmd.Stdout, n.cmd.Stderr = w, w
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	n.PID = n.cmd.Process.Pid
	go n.read(r)
	t.Cleanup(func() {
		n.Kill()
		if t.Failed() {
			out := n.Output()
			if len(out) > 20_000 {
				out = "…" + out[len(out)-20_000:]
			}
			t.Logf("linli %s wrote:\n%s", strings.Join(args, " "), out)
		}
	})
	n.URL = address.FindString(n.Await(address))
	return n
}

func (n *Node) read(r io.ReadCloser) {
	defer r.Close()
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		n.mu.Lock()
		n.out = append(n.out, s.Text())
		n.news.Broadcast()
		n.mu.Unlock()
	}
	n.mu.Lock()
	n.eof = true
	n.news.Broadcast()
	n.mu.Unlock()
}

// Await returns the first line that matches, as soon as the program has written it.
func (n *Node) Await(re *regexp.Regexp) string {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := 0; ; i++ {
		for ; i < len(n.out); i++ {
			if re.MatchString(n.out[i]) {
				return n.out[i]
			}
		}
		if n.eof {
			n.t.Fatalf("linli ended without writing %v", re)
		}
		n.news.Wait()
		i--
	}
}

// Output is what the program has written so far.
func (n *Node) Output() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.out, "\n")
}

// Kill ends the program at once, as a crash would (SIGKILL to its whole group).
func (n *Node) Kill() {
	syscall.Kill(-n.PID, syscall.SIGKILL)
	n.wait()
}

// Stop asks the program to end (SIGTERM) and waits for it; its error is that of exec.
func (n *Node) Stop() error {
	n.cmd.Process.Signal(syscall.SIGTERM)
	return n.wait()
}

// Freeze stops the program in the middle of whatever it does (SIGSTOP); Thaw lets it go on.
func (n *Node) Freeze() { syscall.Kill(-n.PID, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (n *Node) Thaw() { syscall.Kill(-n.PID, syscall.SIGCONT) }

func (n *Node) wait() error {
	n.end.Do(func() { n.err = n.cmd.Wait() })
	return n.err
}

// Run runs linli with args to its end and returns what it wrote and its exit code.
func Run(t testing.TB, args ...string) (out string, code int) {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), as+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	b, err := c.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(b), c.ProcessState.ExitCode()
}

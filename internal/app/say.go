package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// errSaid ends a command that has told already what is wrong.
var errSaid = errors.New("said")

// misused is a wrong use of a command: exit code 2.
type misused struct{ error }

func (e *env) wrong(key string, args ...any) error {
	return misused{errors.New(e.words.T(key, args...))}
}

// say writes a sentence of the catalogue.
func (e *env) say(key string, args ...any) { fmt.Fprintln(e.out, e.words.T(key, args...)) }

// terminal reports whether somebody sits at the other end.
func terminal(v any) bool {
	f, ok := v.(*os.File)
	if !ok {
		return false
	}
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}

// ask reads a line; a secret is not shown while it is typed.
func (e *env) ask(key string, secret bool) (string, error) {
	tty := terminal(e.in)
	if tty {
		fmt.Fprint(e.errs, e.words.T(key)+" ")
		if secret {
			defer fmt.Fprintln(e.errs)
			defer stty(e.in, "echo")
			stty(e.in, "-echo")
		}
	}
	if e.lines == nil {
		e.lines = bufio.NewReader(e.in)
	}
	s, err := e.lines.ReadString('\n')
	if err != nil && (err != io.EOF || s == "") {
		return "", e.wrong("cli.no_input", "what", e.words.T(key))
	}
	return strings.TrimRight(s, "\r\n"), nil
}

func stty(in io.Reader, arg string) {
	c := exec.Command("stty", arg)
	c.Stdin = in
	c.Run() // no stty, no harm: it is shown as it is typed
}

// bar shows how far a long command is, where somebody watches.
type bar struct {
	out  io.Writer // nil: nobody watches
	what string
	last time.Time
	wide int
}

func (e *env) bar(key string) *bar {
	if !terminal(e.errs) {
		return &bar{}
	}
	return &bar{out: e.errs, what: e.words.T(key)}
}

// to shows that done of a number of things are done.
func (b *bar) to(done, of int64) {
	if b.out == nil || of <= 0 || done < of && time.Since(b.last) < 100*time.Millisecond {
		return
	}
	b.last = time.Now()
	const cells = 30
	n := int(min(done, of) * cells / of)
	line := fmt.Sprintf("%s [%s%s] %3d%% %d/%d", b.what, strings.Repeat("#", n), strings.Repeat(".", cells-n), min(done, of)*100/of, done, of)
	fmt.Fprintf(b.out, "\r%s%s", line, strings.Repeat(" ", max(0, b.wide-len(line))))
	b.wide = len(line)
}

// end takes the bar away.
func (b *bar) end() {
	if b.out != nil && b.wide > 0 {
		fmt.Fprintf(b.out, "\r%s\r", strings.Repeat(" ", b.wide+8))
	}
}

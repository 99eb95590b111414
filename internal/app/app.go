// Package app is the assembly: configuration, the rooms, starting and stopping,
// and the subcommands of the one binary.
//
// Floor: app. Imports: everything.
package app

import (
	"fmt"
	"io"
)

// Main runs one subcommand and returns the exit code: 0 done, 1 failed, 2 wrong use.
func Main(args []string, in io.Reader, out, errs io.Writer) int {
	fmt.Fprintln(errs, "usage: linli COMMAND")
	return 2
}

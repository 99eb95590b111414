// Command linli serves a neighbourhood that governs itself.
package main

import (
	"os"

	"github.com/linli-town/linli/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

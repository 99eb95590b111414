// Package app is the assembly: configuration, the rooms, starting and stopping,
// and the subcommands of the one binary.
//
// Floor: app. Imports: everything.
package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
)

// Version is set by the linker.
var Version = "dev"

// cli is the whole command line. Every command has a Run(*env) error.
type cli struct {
	Config
	Lang string `env:"LINLI_LANG,LC_ALL,LANG" help:"Language of messages: zh-Hans, zh-Hant or en."`

	Serve      serveCmd      `cmd:"" help:"Serve the town."`
	Init       initCmd       `cmd:"" help:"Make the database, the categories and the first administrator."`
	Import     importCmd     `cmd:"" help:"Take in places, a base map, or issues of another system."`
	Backup     backupCmd     `cmd:"" help:"Copy the town into a folder while it goes on: database, photos, heads."`
	Restore    restoreCmd    `cmd:"" help:"Bring a backup into an empty data folder, and prove it."`
	Audit      auditCmd      `cmd:"" help:"Look after the chain of acts."`
	Categories categoriesCmd `cmd:"" help:"Export or import categories, limits and standard texts."`
	Simulate   simulateCmd   `cmd:"" help:"Try rules on made-up neighbourhoods before trying them on people."`
	Conf       confCmd       `cmd:"" name:"config" help:"Print the configuration, secrets hidden."`
	Demo       demoCmd       `cmd:"" help:"Make and serve the made-up town."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// env is what a command runs in.
type env struct {
	ctx       context.Context
	cfg       Config
	words     i18n.W
	in        io.Reader
	lines     *bufio.Reader // over in, once something was asked
	out, errs io.Writer
}

// Main runs one subcommand and returns the exit code: 0 done, 1 failed, 2 wrong use.
func Main(args []string, in io.Reader, out, errs io.Writer) int {
	var c cli
	code := -1
	k, err := kong.New(&c, kong.Name("linli"), kong.Description("Linli 邻里: a neighbourhood that governs itself."),
		kong.Writers(out, errs), kong.Exit(func(n int) { code = n }), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		panic(err) // a mistake in the struct above
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := k.Parse(args)
	if code >= 0 {
		return code // --help
	}
	if err != nil {
		fmt.Fprintf(errs, "linli: %v\n", err)
		fmt.Fprintln(errs, "linli --help")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	e := &env{ctx: ctx, cfg: c.Config, words: i18n.W{Lang: i18n.Parse(c.Lang)}, in: in, out: out, errs: errs}
	if err := kctx.Run(e); err != nil {
		if _, ok := errors.AsType[misused](err); ok {
			fmt.Fprintf(errs, "linli: %v\n", err)
			return 2
		}
		if errors.Is(err, errSaid) {
			return 1
		}
		if f, ok := errors.AsType[*fail.Error](err); ok {
			fmt.Fprintf(errs, "linli: %s\n", e.words.Err(f, ""))
		} else {
			fmt.Fprintf(errs, "linli: %v\n", err)
		}
		return 1
	}
	return 0
}

type confCmd struct{}

func (confCmd) Run(e *env) error {
	e.cfg.print(e.out)
	return nil
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintln(e.out, "linli", Version)
	return err
}

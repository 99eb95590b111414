package app

import (
	"io"
	"os"

	"github.com/linli-town/linli/internal/base/who"
)

type categoriesCmd struct {
	Export categoriesExport `cmd:"" help:"Write categories, limits and standard texts as a file."`
	Import categoriesImport `cmd:"" help:"Take in a file that export made and people have edited; what it does not hold is retired."`
}

type categoriesExport struct {
	File string `arg:"" optional:"" default:"-" help:"File to write; - is the terminal."`
}

func (c categoriesExport) Run(e *env) error {
	t, err := e.existing()
	if err != nil {
		return err
	}
	defer t.close()
	b, err := t.issues.ExportCategories(e.ctx)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if c.File == "-" {
		_, err = e.out.Write(b)
		return err
	}
	return os.WriteFile(c.File, b, 0o644)
}

type categoriesImport struct {
	File string `arg:"" help:"File to read; - is standard input."`
}

func (c categoriesImport) Run(e *env) error {
	in, err := e.file(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, 16<<20))
	if err != nil {
		return err
	}
	t, err := e.open()
	if err != nil {
		return err
	}
	defer t.close()
	k, err := t.issues.ImportCategories(e.ctx, who.System(who.CLI), b)
	if err != nil {
		return err
	}
	e.say("cli.categories.done", "count", len(k.Categories))
	return t.sealed(e.ctx)
}

// file opens what a command reads.
func (e *env) file(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.in), nil
	}
	return os.Open(name)
}

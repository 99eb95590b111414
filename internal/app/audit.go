package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/linli-town/linli/internal/core/audit"
)

type auditCmd struct {
	Verify verifyCmd `cmd:"" help:"Prove the chain of acts against the heads kept outside the database; exit 1 and say where if it breaks."`
}

type verifyCmd struct {
	Against string `placeholder:"FILE" help:"Heads to prove against; default: the file of --audit-heads."`
}

func (c verifyCmd) Run(e *env) error {
	t, err := e.existing()
	if err != nil {
		return err
	}
	defer t.close()
	if c.Against == "" {
		c.Against = e.cfg.heads()
	}
	return t.verify(e, c.Against)
}

// verify says whether the chain holds, and where it does not.
func (t *town) verify(e *env, path string) error {
	var heads io.Reader
	f, err := os.Open(path)
	switch {
	case err == nil:
		defer f.Close()
		heads = f
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	b := e.bar("cli.audit.bar")
	r, err := audit.Check{DB: t.db, Tell: b.to}.Verify(e.ctx, heads)
	b.end()
	if err != nil {
		return err
	}
	for _, f := range r.Found {
		fmt.Fprintln(e.out, e.words.T(f.Key(), "seq", f.Seq, "after", f.After, "act", f.Act, "verb", f.Verb, "line", f.Line))
	}
	if r.More > 0 {
		e.say("cli.audit.more", "count", r.More)
	}
	if !r.Whole() {
		e.say("cli.audit.broken", "count", int64(len(r.Found))+r.More)
		return errSaid
	}
	e.say("cli.audit.whole", "count", r.Sealed, "heads", r.Heads, "waiting", r.Waiting, "hash", r.Head.Hash)
	if r.Heads == 0 && r.Sealed > 0 {
		e.say("cli.audit.no_heads")
	}
	return nil
}

// sealed seals what a command did, and keeps the head.
func (t *town) sealed(ctx context.Context) error {
	_, err := t.sealer.All(ctx)
	return err
}

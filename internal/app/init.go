package app

import (
	"fmt"
	"os"
	"strings"

	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/people"
)

type initCmd struct {
	Contact string `env:"LINLI_ADMIN_CONTACT" placeholder:"E-MAIL|TELEPHONE" help:"What the administrator signs in with."`
	Name    string `env:"LINLI_ADMIN_NAME" help:"Name of the administrator."`
}

// Help tells what is asked for and what comes out.
func (initCmd) Help() string {
	return "Makes the database, the categories with their limits, and the first administrator.\n\n" +
		"What is not given by flags is asked for: first a telephone or e-mail, then the password, one a line.\n" +
		"LINLI_ADMIN_PASSWORD may hold the password. It prints, once, the secret of the second factor and ten recovery codes."
}

func (c initCmd) Run(e *env) error {
	contact := people.Contact{Name: c.Name, Lang: string(e.words.Lang)}
	if c.Contact == "" {
		var err error
		if c.Contact, err = e.ask("cli.init.contact", false); err != nil {
			return err
		}
	}
	if strings.ContainsAny(c.Contact, "@＠") {
		contact.Email = c.Contact
	} else {
		contact.Phone = c.Contact
	}
	password := os.Getenv("LINLI_ADMIN_PASSWORD")
	if password == "" {
		var err error
		if password, err = e.ask("cli.init.password", true); err != nil {
			return err
		}
	}
	t, err := e.open()
	if err != nil {
		return err
	}
	defer t.close()
	if _, err := t.issues.Seed(e.ctx, who.System(who.CLI)); err != nil {
		return err
	}
	secret, codes, err := t.people.FirstAdmin(e.ctx, contact, password)
	if err != nil {
		return err
	}
	e.say("cli.init.done", "db", showDB(e.cfg.database()))
	e.say("cli.init.totp", "secret", secret)
	fmt.Fprintln(e.out, people.TOTPLink(e.cfg.Town, c.Contact, secret))
	e.say("cli.init.recovery")
	for _, k := range codes {
		fmt.Fprintln(e.out, "  "+k)
	}
	e.say("cli.init.next")
	return t.sealed(e.ctx)
}

package people

import (
	"context"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
)

// ids are the details of an act.
type ids map[string]id.ID

var denied = fail.New(fail.Denied, "fail.denied")

// path is the path of a place, "/" for place 0, the whole town.
func (d Desk) path(tx *db.Tx, n id.ID) (string, error) {
	if n == 0 {
		return "/", nil
	}
	if d.Path != nil {
		return d.Path(tx, n)
	}
	p, err := place.ByID(tx, n)
	return p.Path, err
}

// need is the path of a place in which by has the right.
//
// Denied fail.denied.
func (d Desk) need(tx *db.Tx, by who.Actor, r who.Right, place id.ID) (string, error) {
	path, err := d.path(tx, place)
	if err == nil && !by.May(r, path) {
		err = denied
	}
	return path, err
}

// mayEdit asks whether by may change a person: by where they live, and by every
// place in which they hold a role, or an administrator here could become one there.
func (d Desk) mayEdit(tx *db.Tx, by who.Actor, r who.Right, p Person) error {
	path := ""
	if p.Place != 0 {
		var err error
		if path, err = d.path(tx, p.Place); err != nil {
			return err
		}
	}
	if !by.May(r, path) {
		return denied
	}
	gs, err := GrantsOf(tx, p.ID)
	if err != nil {
		return err
	}
	for _, g := range gs {
		if !by.May(r, g.Path) {
			return denied
		}
	}
	return nil
}

// AddPerson registers somebody. Staff vouch that telephone and e-mail are theirs.
//
// Denied fail.denied. Conflict people.phone.taken, people.email.taken. Invalid as Contact.Check.
func (d Desk) AddPerson(ctx context.Context, by who.Actor, c Contact) (_ Person, err error) {
	defer fail.Wrap(&err, "people.AddPerson")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Person, error) {
		if c.Place == 0 && !by.May(who.PeopleEdit, "") {
			return Person{}, denied
		} else if c.Place != 0 {
			if _, err := d.need(tx, by, who.PeopleEdit, c.Place); err != nil {
				return Person{}, err
			}
		}
		c, err := c.tidy()
		if err != nil {
			return Person{}, err
		}
		if c.Name == "" {
			return Person{}, &fail.Error{Kind: fail.Invalid, Code: "fail.empty", Field: "name"}
		}
		p := Person{Name: c.Name, Lang: c.Lang, Place: c.Place}
		if p, err = vouch(tx, p, c); err != nil {
			return Person{}, err
		}
		n, err := add(tx, by, p)
		if err != nil {
			return Person{}, err
		}
		return ByID(tx, n)
	})
}

// vouch puts a telephone and an e-mail in as known to be theirs.
//
// Conflict people.phone.taken, people.email.taken when they open somebody else's account.
func vouch(tx *db.Tx, p Person, c Contact) (Person, error) {
	if c.Phone != p.Phone {
		if n, err := opens(tx, "phone", c.Phone); err != nil || n != 0 && n != p.ID {
			return p, orElse(err, &fail.Error{Kind: fail.Conflict, Code: "people.phone.taken", Field: "phone"})
		}
		if p.Phone, p.PhoneOK = c.Phone, tx.Now(); c.Phone == "" {
			p.PhoneOK = time.Time{}
		}
	}
	if c.Email != p.Email {
		if n, err := opens(tx, "email", c.Email); err != nil || n != 0 && n != p.ID {
			return p, orElse(err, &fail.Error{Kind: fail.Conflict, Code: "people.email.taken", Field: "email"})
		}
		if p.Email, p.EmailOK = c.Email, tx.Now(); c.Email == "" {
			p.EmailOK = time.Time{}
		}
	}
	return p, nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// opens is whose account a telephone or e-mail opens, 0 for nobody's.
func opens(tx *db.Tx, field, value string) (id.ID, error) {
	if value == "" {
		return 0, nil
	}
	ns, err := db.All(tx, scanID, `select case when merged <> 0 then merged else id end from person where `+field+` = $1 and `+field+`_ok <> 0`, value)
	if err != nil || len(ns) == 0 {
		return 0, err
	}
	return ns[0], nil
}

// EditPerson changes ID at Rev to what p says. A masked telephone or e-mail, as Find
// shows them, stands for the one kept.
//
// Denied fail.denied. Conflict fail.stale, people.phone.taken, people.email.taken.
func (d Desk) EditPerson(ctx context.Context, by who.Actor, in Person) (_ Person, err error) {
	defer fail.Wrap(&err, "people.EditPerson(%d)", in.ID)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Person, error) {
		in := in
		p, err := ByID(tx, in.ID)
		if err != nil {
			return p, err
		}
		if err := d.mayEdit(tx, by, who.PeopleEdit, p); err != nil {
			return p, err
		}
		if p.Rev != in.Rev || !p.Erased.IsZero() {
			return p, fail.New(fail.Conflict, "fail.stale")
		}
		if in.Place != p.Place && in.Place != 0 {
			if _, err := d.need(tx, by, who.PeopleEdit, in.Place); err != nil {
				return p, err
			}
		}
		if in.Phone == MaskPhone(p.Phone) {
			in.Phone = p.Phone
		}
		if in.Email == MaskEmail(p.Email) {
			in.Email = p.Email
		}
		c, err := Contact{Name: in.Name, Phone: in.Phone, Email: in.Email}.tidy()
		if err != nil {
			return p, err
		}
		was := p
		p.Name, p.Lang, p.Place = c.Name, lang(in.Lang), in.Place
		if p, err = vouch(tx, p, c); err != nil {
			return p, err
		}
		if was.Phone != p.Phone || was.Email != p.Email { // whoever had the old number is out
			if err := endSessions(tx, p.ID); err != nil {
				return p, err
			}
		}
		if p, err = savePerson(tx, p); err != nil {
			return p, err
		}
		return p, audit.Record(tx, by, "people.edit", p.ID, nil)
	})
}

// MaskPhone hides the middle of a telephone number: +86138****8000.
func MaskPhone(s string) string {
	if len(s) < 8 {
		return strings.Repeat("*", len(s))
	}
	return s[:len(s)-8] + "****" + s[len(s)-4:]
}

// MaskEmail leaves the first letter and the host: w***@example.cn.
func MaskEmail(s string) string {
	if i := strings.LastIndexByte(s, '@'); i > 0 {
		r := []rune(s[:i])
		return string(r[:1]) + "***" + s[i:]
	}
	return ""
}

// Find lists persons for the pages of the administration, newest first, telephone and
// e-mail masked: whose name holds q, or whose whole telephone or e-mail is q. The next
// page begins before the last id of this one.
//
// Denied fail.denied.
func (d Desk) Find(ctx context.Context, by who.Actor, q string, before id.ID, limit int) (_ []Person, err error) {
	defer fail.Wrap(&err, "people.Find")
	if !by.May(who.PeopleEdit, "") {
		return nil, denied
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	phone, err := Phone(q)
	if err != nil || phone == "" {
		phone = "-"
	}
	email, err := Email(q)
	if err != nil || email == "" {
		email = "-"
	}
	like := "%" + strings.NewReplacer("%", "", "_", "", `\`, "").Replace(fold(q)) + "%"
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Person, error) {
		ps, err := db.All(tx, scanPerson, `select `+personCols+` from person where id < $1 and merged = 0 and erased = 0
			and (fold like $2 or phone = $3 or email = $4) order by id desc limit $5`, before, like, phone, email, min(max(limit, 1), 200))
		for i := range ps {
			ps[i] = masked(ps[i])
		}
		return ps, err
	})
}

// names checks the three names of a thing; only the first must be there.
//
// Invalid fail.empty, people.name.long.
func names(name, hant, en *string) error {
	for field, s := range map[string]*string{"name": name, "hant": hant, "en": en} {
		clean, err := text.Line(*s, 60)
		if err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "people.name.long", Field: field, Args: []any{"max", 60, "count", len([]rune(*s))}}
		}
		*s = clean
	}
	if *name == "" {
		return &fail.Error{Kind: fail.Invalid, Code: "fail.empty", Field: "name"}
	}
	return nil
}

// within checks that what ends does so after its start.
//
// Invalid people.until.bad.
func within(from, until time.Time) error {
	if !until.IsZero() && !until.After(from) {
		return &fail.Error{Kind: fail.Invalid, Code: "people.until.bad", Field: "until"}
	}
	return nil
}

func oneOf(s, field string, all ...string) error {
	for _, a := range all {
		if s == a {
			return nil
		}
	}
	return &fail.Error{Kind: fail.Invalid, Code: "fail.choose", Field: field}
}

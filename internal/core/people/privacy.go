package people

import (
	"context"
	"encoding/json"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/job"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Consent is what a person agreed to: which text, for what.
type Consent struct {
	ID        id.ID     `json:"id,string"`
	Purpose   string    `json:"purpose"`
	Version   string    `json:"version"`
	At        time.Time `json:"at"`
	Withdrawn time.Time `json:"withdrawn,omitzero"`
}

// Purposes are what consent is asked for; their names are people.purpose.<purpose>.
var Purposes = []string{"contact", "account", "photo", "survey"}

// PurposeKey is the key of the purpose's words.
func (c Consent) PurposeKey() string { return "people.purpose." + c.Purpose }

// Agree notes that a person agreed to a version of the text for a purpose. Agreeing
// again to the same changes nothing. Somebody else, such as whoever typed a neighbour's
// number into a report, cannot agree for one who has said no.
//
// Invalid fail.choose.
func Agree(tx *db.Tx, by who.Actor, person id.ID, purpose, version string) error {
	if err := oneOf(purpose, "purpose", Purposes...); err != nil {
		return err
	}
	n, err := db.All(tx, scanID, `select id from consent where person = $1 and purpose = $2 and version = $3 and withdrawn = 0`, person, purpose, version)
	if err != nil || len(n) > 0 {
		return err
	}
	if by.ID != person {
		if no, err := silenced(tx, person); no || err != nil {
			return err
		}
	}
	k := id.New(tx.Now())
	if _, err := tx.Exec(`insert into consent (id, person, purpose, version, at) values ($1, $2, $3, $4, $5)`, k, person, purpose, version, db.Ms(tx.Now())); err != nil {
		return err
	}
	return audit.Record(tx, by, "people.consent", person, map[string]string{"purpose": purpose, "version": version})
}

// Withdraw takes a person's consent back. Without it for contact no letter is sent, and
// a telephone or e-mail that opens no account is blanked.
func Withdraw(tx *db.Tx, by who.Actor, person id.ID, purpose string) error {
	n, err := tx.Exec(`update consent set withdrawn = $1 where person = $2 and purpose = $3 and withdrawn = 0`, db.Ms(tx.Now()), person, purpose)
	if err != nil || n == 0 {
		return err
	}
	if purpose == "contact" {
		for _, field := range []string{"phone", "email"} {
			if _, err := tx.Exec(`update person set `+field+` = '', rev = rev + 1 where (id = $1 or merged = $1) and `+field+`_ok = 0 and `+field+` <> ''`, person); err != nil {
				return err
			}
		}
	}
	return audit.Record(tx, by, "people.consent.withdraw", person, map[string]string{"purpose": purpose})
}

// WithdrawConsent is Withdraw by the person.
//
// Denied fail.sign_in.
func (d Desk) WithdrawConsent(ctx context.Context, by who.Actor, purpose string) (err error) {
	defer fail.Wrap(&err, "people.WithdrawConsent")
	_, err = d.mine(ctx, by, func(tx *db.Tx, p Person) (Person, error) { return p, Withdraw(tx, by, p.ID, purpose) })
	return err
}

// GiveConsent is Agree by the person.
//
// Denied fail.sign_in. Invalid fail.choose.
func (d Desk) GiveConsent(ctx context.Context, by who.Actor, purpose, version string) (err error) {
	defer fail.Wrap(&err, "people.GiveConsent")
	_, err = d.mine(ctx, by, func(tx *db.Tx, p Person) (Person, error) { return p, Agree(tx, by, p.ID, purpose, version) })
	return err
}

// mine does something with the person who acts.
func (d Desk) mine(ctx context.Context, by who.Actor, f func(*db.Tx, Person) (Person, error)) (Person, error) {
	if by.ID == 0 {
		return Person{}, fail.New(fail.Denied, "fail.sign_in")
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Person, error) {
		p, err := ByID(tx, by.ID)
		if err != nil {
			return p, err
		}
		return f(tx, p)
	})
}

// silenced reports whether a person took back consent to be written to and has not given it again.
func silenced(tx *db.Tx, person id.ID) (bool, error) {
	v, err := db.All(tx, scanID, `select withdrawn from consent where person = $1 and purpose = 'contact' order by id desc limit 1`, person)
	return len(v) > 0 && v[0] != 0, err
}

// Whys are the reasons for looking at somebody's telephone; their names are people.why.<why>.
var Whys = []string{"call_back", "ask", "danger", "check", "other"}

// WhyKey is the key of a reason's words.
func WhyKey(why string) string { return "people.why." + why }

// SeeContact is a person's contact for an actor with the right contact.see at path,
// and leaves an act. A neighbour who calls this has made sure that the person has to
// do with the thing about, which lies at path.
//
// Denied fail.denied. Missing people.missing. Invalid fail.choose.
func SeeContact(tx *db.Tx, by who.Actor, person id.ID, path string, about id.ID, why string) (Contact, error) {
	p, err := ByID(tx, person)
	if err != nil {
		return Contact{}, err
	}
	c := Contact{Name: p.Name, Phone: p.Phone, Email: p.Email, Lang: p.Lang, Place: p.Place}
	if p.ID == by.ID {
		return c, nil
	}
	if path == "" || !by.May(who.ContactSee, path) {
		return Contact{}, denied
	}
	if err := oneOf(why, "why", Whys...); err != nil {
		return Contact{}, err
	}
	return c, audit.Record(tx, by, "people.contact.see", p.ID, map[string]any{"about": about, "why": why})
}

// SeeContact is for somebody not looked up about a particular issue: the right is asked
// where they live, or where they hold a role.
//
// Denied fail.denied. Missing people.missing. Invalid fail.choose.
func (d Desk) SeeContact(ctx context.Context, by who.Actor, person id.ID, why string) (_ Contact, err error) {
	defer fail.Wrap(&err, "people.SeeContact(%d)", person)
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Contact, error) {
		p, err := ByID(tx, person)
		if err != nil {
			return Contact{}, err
		}
		at := "/"
		if p.Place != 0 {
			if at, err = d.path(tx, p.Place); err != nil {
				return Contact{}, err
			}
		}
		gs, err := GrantsOf(tx, p.ID)
		if err != nil {
			return Contact{}, err
		}
		for _, g := range gs {
			if by.May(who.ContactSee, g.Path) {
				at = g.Path
			}
		}
		return SeeContact(tx, by, person, at, 0, why)
	})
}

// Kept is everything this room keeps about a person, for themselves.
type Kept struct {
	ID       id.ID     `json:"id,string"`
	Name     string    `json:"name"`
	Phone    string    `json:"phone"`
	Email    string    `json:"email"`
	Lang     string    `json:"lang"`
	Place    id.ID     `json:"place,string"`
	Since    time.Time `json:"since"`
	Rev      int64     `json:"-"`
	Also     []Also    `json:"also,omitempty"` // entered twice and merged
	Password bool      `json:"password"`
	Second   bool      `json:"second_factor"`
	Consents []Consent `json:"consents"`
	Roles    []Held    `json:"roles"`
	Seats    []Held    `json:"seats"`
	Sessions []Device  `json:"sessions"`
	Looks    []Look    `json:"looks"`
	Erasures []Erasure `json:"erasures"`
}

// Also is a second entry that was merged into a person.
type Also struct {
	ID    id.ID  `json:"id,string"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
}

// Held is a role or a seat.
type Held struct {
	What  string    `json:"what"`
	Of    id.ID     `json:"of,string"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

// Device is a session as its person sees it.
type Device struct {
	Device string    `json:"device"`
	At     time.Time `json:"at"`
	Seen   time.Time `json:"seen"`
}

// Look is one time that somebody looked at the contact.
type Look struct {
	At    time.Time `json:"at"`
	Why   string    `json:"why"`
	About id.ID     `json:"about,string"`
}

// Mine is everything this room keeps about the actor.
//
// Denied fail.sign_in.
func (d Desk) Mine(ctx context.Context, by who.Actor) (_ Kept, err error) {
	defer fail.Wrap(&err, "people.Mine")
	if by.ID == 0 {
		return Kept{}, fail.New(fail.Denied, "fail.sign_in")
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) (Kept, error) { return kept(tx, by.ID) })
}

func kept(tx *db.Tx, person id.ID) (k Kept, err error) {
	p, err := ByID(tx, person)
	if err != nil {
		return k, err
	}
	k = Kept{ID: p.ID, Name: p.Name, Phone: p.Phone, Email: p.Email, Lang: p.Lang, Place: p.Place, Since: p.At, Rev: p.Rev}
	if k.Also, err = db.All(tx, func(r db.Row) (a Also, err error) {
		err = r.Scan(&a.ID, &a.Name, &a.Phone, &a.Email)
		return
	}, `select id, name, phone, email from person where merged = $1 order by id`, p.ID); err != nil {
		return k, err
	}
	for kind, has := range map[string]*bool{"password": &k.Password, "totp": &k.Second} {
		l, err := loginOf(tx, p.ID, kind)
		if err != nil {
			return k, err
		}
		*has = l.secret != ""
	}
	if k.Consents, err = db.All(tx, func(r db.Row) (c Consent, err error) {
		err = r.Scan(&c.ID, &c.Purpose, &c.Version, db.Time(&c.At), db.Time(&c.Withdrawn))
		return
	}, `select id, purpose, version, at, withdrawn from consent where person = $1 order by id`, p.ID); err != nil {
		return k, err
	}
	gs, err := GrantsHeld(tx, p.ID)
	if err != nil {
		return k, err
	}
	for _, g := range gs {
		k.Roles = append(k.Roles, Held{string(g.Role), g.Place, g.From, g.Until})
	}
	ms, err := SeatsOf(tx, p.ID)
	if err != nil {
		return k, err
	}
	for _, m := range ms {
		k.Seats = append(k.Seats, Held{m.Kind + " " + m.Post, m.Of, m.From, m.Until})
	}
	if k.Sessions, err = db.All(tx, func(r db.Row) (v Device, err error) {
		err = r.Scan(&v.Device, db.Time(&v.At), db.Time(&v.Seen))
		return
	}, `select device, at, seen from session where person = $1 order by id`, p.ID); err != nil {
		return k, err
	}
	if k.Looks, err = db.All(tx, func(r db.Row) (l Look, err error) {
		var detail string
		var v struct {
			Why   string
			About id.ID
		}
		if err = r.Scan(db.Time(&l.At), &detail); err == nil {
			err = json.Unmarshal([]byte(detail), &v)
		}
		l.Why, l.About = v.Why, v.About
		return
	}, `select at, detail from act where what = $1 and verb = 'people.contact.see' order by id`, p.ID); err != nil {
		return k, err
	}
	k.Erasures, err = db.All(tx, scanErasure, `select `+erasureCols+` from erasure where person = $1 order by id`, p.ID)
	return k, err
}

// Correct changes name, language and home of the actor at rev. Telephone and e-mail
// change by CorrectAsk and CorrectConfirm.
//
// Denied fail.sign_in. Conflict fail.stale. Invalid people.name.long.
func (d Desk) Correct(ctx context.Context, by who.Actor, rev int64, name, language string, home id.ID) (_ Person, err error) {
	defer fail.Wrap(&err, "people.Correct")
	return d.mine(ctx, by, func(tx *db.Tx, p Person) (_ Person, err error) {
		if p.Rev != rev {
			return p, fail.New(fail.Conflict, "fail.stale")
		}
		if p.Name, err = Name(name); err != nil {
			return p, err
		}
		if home != 0 {
			if _, err := d.path(tx, home); err != nil {
				return p, err
			}
		}
		p.Lang, p.Place = lang(language), home
		if p, err = savePerson(tx, p); err != nil {
			return p, err
		}
		return p, audit.Record(tx, by, "people.correct", p.ID, nil)
	})
}

// CorrectAsk sends a code to the actor's new telephone or e-mail.
//
// Denied fail.sign_in. Invalid people.address.bad. Busy fail.too_many.
func (d Desk) CorrectAsk(ctx context.Context, by who.Actor, to string, from Client) (ticket string, err error) {
	defer fail.Wrap(&err, "people.CorrectAsk")
	if by.ID == 0 {
		return "", fail.New(fail.Denied, "fail.sign_in")
	}
	return d.ask(ctx, "change", by.ID, to, by.Lang, from)
}

// CorrectConfirm puts the new telephone or e-mail in the place of the old one. All
// other sessions end: whoever holds the old one is out.
//
// Denied fail.sign_in, people.code.wrong, people.code.over. Conflict people.address.taken. Busy fail.too_many.
func (d Desk) CorrectConfirm(ctx context.Context, by who.Actor, here id.ID, ticket, code string, from Client) (err error) {
	defer fail.Wrap(&err, "people.CorrectConfirm")
	if by.ID == 0 {
		return fail.New(fail.Denied, "fail.sign_in")
	}
	if err := d.spend(ctx, map[string]Named{"try code/" + Address(from.Addr): codePerTicket}); err != nil {
		return err
	}
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		v, err := redeem(tx, "change", ticket, code)
		if err != nil || v.no != nil {
			return v, err
		}
		if v.person != by.ID {
			return refuse("people.code.over"), nil
		}
		p, err := ByID(tx, by.ID)
		if err != nil {
			return v, err
		}
		c := Contact{Phone: p.Phone, Email: p.Email}
		if v.field == "phone" {
			c.Phone = v.value
		} else {
			c.Email = v.value
		}
		if n, err := opens(tx, v.field, v.value); err != nil || n != 0 && n != p.ID {
			return verdict{no: &fail.Error{Kind: fail.Conflict, Code: "people.address.taken", Field: v.field}}, err
		}
		if v.field == "phone" {
			p.Phone, p.PhoneOK = c.Phone, tx.Now()
		} else {
			p.Email, p.EmailOK = c.Email, tx.Now()
		}
		if _, err := savePerson(tx, p); err != nil {
			return v, err
		}
		if _, err := tx.Exec(`delete from session where person = $1 and id <> $2`, p.ID, here); err != nil {
			return v, err
		}
		return v, audit.Record(tx, by, "people.correct", p.ID, map[string]string{"field": v.field})
	})
	if err != nil {
		return err
	}
	return v.err()
}

// Erasure is a wish to be forgotten.
type Erasure struct {
	ID     id.ID     `json:"id,string"`
	Person id.ID     `json:"-"`
	At     time.Time `json:"at"`
	State  string    `json:"state"`            // asked, done, refused, taken_back
	Reason string    `json:"reason,omitempty"` // of a refusal, one of ErasureReasons
	Ended  time.Time `json:"ended,omitzero"`
}

// ErasureReasons are why an erasure may be refused; their names are people.erasure.<reason>.
var ErasureReasons = []string{"open_issue", "holds_role", "law", "identity"}

// ReasonKey is the key of the reason's words.
func (e Erasure) ReasonKey() string { return "people.erasure." + e.Reason }

const erasureCols = `id, person, at, state, reason, ended`

func scanErasure(r db.Row) (e Erasure, err error) {
	err = r.Scan(&e.ID, &e.Person, db.Time(&e.At), &e.State, &e.Reason, db.Time(&e.Ended))
	return
}

// AskErasure asks that all personal data of the actor be erased; asked twice it is one wish.
//
// Denied fail.sign_in.
func (d Desk) AskErasure(ctx context.Context, by who.Actor) (_ Erasure, err error) {
	defer fail.Wrap(&err, "people.AskErasure")
	if by.ID == 0 {
		return Erasure{}, fail.New(fail.Denied, "fail.sign_in")
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Erasure, error) { return AskErasure(tx, by, by.ID) })
}

// AskErasure is for a neighbour who knows the person by another proof than an
// account: the holder of a private link, a call to the chair.
func AskErasure(tx *db.Tx, by who.Actor, person id.ID) (Erasure, error) {
	n, err := into(tx, person)
	if err != nil {
		return Erasure{}, err
	}
	es, err := db.All(tx, scanErasure, `select `+erasureCols+` from erasure where person = $1 and state = 'asked'`, n)
	if err != nil || len(es) > 0 {
		return append(es, Erasure{})[0], err
	}
	e := Erasure{ID: id.New(tx.Now()), Person: n, At: tx.Now(), State: "asked"}
	if _, err := tx.Exec(`insert into erasure (id, person, at, state, reason) values ($1, $2, $3, $4, $5)`, e.ID, e.Person, db.Ms(e.At), e.State, ""); err != nil {
		return e, err
	}
	return e, audit.Record(tx, by, "people.erasure.ask", n, ids{"erasure": e.ID})
}

// TakeBackErasure ends the actor's wish.
func (d Desk) TakeBackErasure(ctx context.Context, by who.Actor) (err error) {
	defer fail.Wrap(&err, "people.TakeBackErasure")
	_, err = d.mine(ctx, by, func(tx *db.Tx, p Person) (Person, error) {
		n, err := tx.Exec(`update erasure set state = 'taken_back', ended = $1 where person = $2 and state = 'asked'`, db.Ms(tx.Now()), p.ID)
		if err != nil || n == 0 {
			return p, err
		}
		return p, audit.Record(tx, by, "people.erasure.take_back", p.ID, nil)
	})
	return err
}

// Erasures are the wishes still open, the oldest first.
//
// Denied fail.denied.
func (d Desk) Erasures(ctx context.Context, by who.Actor) (_ []Erasure, err error) {
	defer fail.Wrap(&err, "people.Erasures")
	if !by.May(who.Erase, "") {
		return nil, denied
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Erasure, error) {
		es, err := db.All(tx, scanErasure, `select `+erasureCols+` from erasure where state = 'asked' order by id limit 500`)
		if err != nil {
			return nil, err
		}
		out := es[:0]
		for _, e := range es {
			p, err := ByID(tx, e.Person)
			if err != nil {
				return nil, err
			}
			if d.mayEdit(tx, by, who.Erase, p) == nil {
				out = append(out, e)
			}
		}
		return out, nil
	})
}

// Erased says that a person asked to be forgotten and is. Rooms that keep their words,
// such as what they wrote in an issue, follow.
type Erased struct {
	Person id.ID `json:"person,string"`
}

// Kind implements job.Work.
func (Erased) Kind() string { return "people.erased" }

// Erase carries out a wish: the person's fields are blank, logins and sessions gone,
// roles and seats ended. The id stays, and with it figures and the chain of acts.
//
// Denied fail.denied. Missing people.erasure.missing. Conflict people.ended, people.admin.last.
func (d Desk) Erase(ctx context.Context, by who.Actor, erasure id.ID) (err error) {
	defer fail.Wrap(&err, "people.Erase(%d)", erasure)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		p, err := d.wish(tx, by, erasure, "done", "")
		if err != nil {
			return 0, err
		}
		at := db.Ms(tx.Now())
		gs, err := GrantsHeld(tx, p.ID)
		if err != nil {
			return 0, err
		}
		for _, q := range []string{
			`update grants set ends = $1 where person = $2 and (ends = 0 or ends > $1)`,
			`update member set ends = $1 where person = $2 and (ends = 0 or ends > $1)`,
		} {
			if _, err := tx.Exec(q, at, p.ID); err != nil {
				return 0, err
			}
		}
		for _, g := range gs {
			if err := adminLeft(tx, g); err != nil {
				return 0, err
			}
		}
		if err := blank(tx, p.ID); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.erase", p.ID, ids{"erasure": erasure})
	})
	return err
}

// RefuseErasure ends a wish with a reason from the list.
//
// Denied fail.denied. Missing people.erasure.missing. Invalid fail.choose. Conflict people.ended.
func (d Desk) RefuseErasure(ctx context.Context, by who.Actor, erasure id.ID, reason string) (err error) {
	defer fail.Wrap(&err, "people.RefuseErasure(%d)", erasure)
	if err := oneOf(reason, "reason", ErasureReasons...); err != nil {
		return err
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		p, err := d.wish(tx, by, erasure, "refused", reason)
		if err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.erasure.refuse", p.ID, map[string]string{"reason": reason})
	})
	return err
}

// wish ends an erasure that is still asked for and gives the person.
func (d Desk) wish(tx *db.Tx, by who.Actor, erasure id.ID, state, reason string) (Person, error) {
	e, err := db.One(tx, "people.erasure.missing", scanErasure, `select `+erasureCols+` from erasure where id = $1`, erasure)
	if err != nil {
		return Person{}, err
	}
	p, err := ByID(tx, e.Person)
	if err != nil {
		return p, err
	}
	if err := d.mayEdit(tx, by, who.Erase, p); err != nil {
		return p, err
	}
	n, err := tx.Exec(`update erasure set state = $1, reason = $2, ended = $3, who = $4 where id = $5 and state = 'asked'`, state, reason, db.Ms(tx.Now()), by.ID, erasure)
	if err == nil && n == 0 {
		err = fail.New(fail.Conflict, "people.ended")
	}
	return p, err
}

// blank takes everything personal from a person and those merged into them.
func blank(tx *db.Tx, person id.ID) error {
	if _, err := tx.Exec(`update person set name = '', fold = '', phone = '', email = '', phone_ok = 0, email_ok = 0, place = 0, erased = $1, rev = rev + 1 where id = $2 or merged = $2`,
		db.Ms(tx.Now()), person); err != nil {
		return err
	}
	for _, q := range []string{
		`delete from login where person = $1`,
		`delete from session where person = $1`,
		`delete from code where person = $1`,
	} {
		if _, err := tx.Exec(q, person); err != nil {
			return err
		}
	}
	return job.Put(tx, tx.Now(), Erased{Person: person})
}

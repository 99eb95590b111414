package people

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// Client is where somebody comes from, as far as signing in needs to know.
type Client struct {
	Addr   string // for limits; never kept
	Device string // "Firefox, Android": shown to the person in the list of their sessions
}

// SignedIn is a session just begun. The token goes into a cookie and nowhere else.
type SignedIn struct {
	Token  string
	Person id.ID
	Stage  string // Whole; or what is asked next: TOTP, Enrol
	Until  time.Time
}

// Stages of a session. Only a whole one lets a person do anything.
const (
	Whole = "whole"
	TOTP  = "totp"  // the second factor is asked
	Enrol = "enrol" // staff without a second factor must set one up
)

const (
	codeLife  = 10 * time.Minute
	codeTries = 5
	linkLife  = 72 * time.Hour
)

// Limits on signing in. The table counts them, so that all nodes do.
var (
	codePerAddress = Named{"code_address", Limit{5, time.Hour}}            // codes sent to one telephone or e-mail
	codePerClient  = Named{"code_client", Limit{20, time.Hour}}            // codes asked for from one place
	passPerPair    = Named{"password_pair", Limit{5, 15 * time.Minute}}    // tries at one account from one place
	passPerClient  = Named{"password_client", Limit{30, 15 * time.Minute}} // tries from one place
	passPerAccount = Named{"password_account", Limit{100, time.Hour}}      // tries at one account; high, so that a stranger cannot lock its owner out
	totpPerAccount = Named{"totp_account", Limit{20, time.Hour}}
	codePerTicket  = Named{"code_try", Limit{60, time.Hour}} // tries of codes from one place
)

// Named is a limit with a name, for the page that shows which there are.
type Named struct {
	Name string
	Limit
}

// address reads what somebody typed to sign in.
//
// Invalid people.address.bad.
func address(s string) (field, value string, err error) {
	if strings.Contains(s, "@") || strings.Contains(s, "＠") {
		value, err = Email(strings.ReplaceAll(s, "＠", "@"))
		field = "email"
	} else {
		value, err = Phone(s)
		field = "phone"
	}
	if err != nil || value == "" {
		return "", "", &fail.Error{Kind: fail.Invalid, Code: "people.address.bad", Field: "address"}
	}
	return field, value, nil
}

func contactOf(field, value, lang string) Contact {
	if field == "email" {
		return Contact{Email: value, Lang: lang}
	}
	return Contact{Phone: value, Lang: lang}
}

// AskCode sends a one-time code to a telephone or e-mail with which to sign in, and
// gives a ticket that must come back with it. It answers the same for those we know
// and those we don't; whoever signs in for the first time is registered then.
//
// Invalid people.address.bad. Busy fail.too_many.
func (d Desk) AskCode(ctx context.Context, to, lang string, from Client) (ticket string, err error) {
	defer fail.Wrap(&err, "people.AskCode")
	return d.ask(ctx, "sign_in", 0, to, lang, from)
}

// AskReset sends a code with which a new password can be set, if there is one now.
// It answers the same when there is none.
//
// Invalid people.address.bad. Busy fail.too_many.
func (d Desk) AskReset(ctx context.Context, to, lang string, from Client) (ticket string, err error) {
	defer fail.Wrap(&err, "people.AskReset")
	return d.ask(ctx, "reset", 0, to, lang, from)
}

func (d Desk) ask(ctx context.Context, kind string, person id.ID, to, lang string, from Client) (string, error) {
	field, value, err := address(to)
	if err != nil {
		return "", err
	}
	if err := d.spend(ctx, map[string]Named{"code/" + value: codePerAddress, "code from/" + Address(from.Addr): codePerClient}); err != nil {
		return "", err
	}
	ticket, code := token(), digits()
	sealed, err := seal(ticket, field+"\x00"+value)
	if err != nil {
		return "", err
	}
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		if _, err := tx.Exec(`insert into code (hash, kind, person, code, sealed, at, until) values ($1, $2, $3, $4, $5, $6, $7)`,
			hashed(ticket), kind, person, hashed(ticket, code), sealed, db.Ms(tx.Now()), db.Ms(tx.Now().Add(codeLife))); err != nil {
			return 0, err
		}
		if kind == "reset" {
			n, err := opens(tx, field, value)
			if err != nil || n == 0 {
				return 0, err
			}
			if l, err := loginOf(tx, n, "password"); err != nil || l.secret == "" {
				return 0, err
			}
		}
		if d.Send == nil {
			return 0, nil
		}
		return 0, d.Send(tx, contactOf(field, value, lang), kind, code)
	})
	return ticket, err
}

// verdict is what became of a try that must be counted whether it was right or wrong:
// an error would undo the counting.
type verdict struct {
	no           *fail.Error
	field, value string // of a code: the address it was sent to
	person       id.ID
	in           SignedIn
}

func (v verdict) err() error {
	if v.no == nil {
		return nil
	}
	return v.no
}

func refuse(code string) verdict {
	return verdict{no: &fail.Error{Kind: fail.Denied, Code: code, Field: "code"}}
}

// redeem uses a code up. Of many who bring the same at once, one succeeds.
func redeem(tx *db.Tx, kind, ticket, code string) (v verdict, err error) {
	type row struct {
		code, sealed string
		person       id.ID
		tries        int
	}
	h := hashed(ticket)
	rs, err := db.All(tx, func(r db.Row) (c row, err error) {
		err = r.Scan(&c.code, &c.sealed, &c.person, &c.tries)
		return
	}, `select code, sealed, person, tries from code where hash = $1 and kind = $2 and until > $3`, h, kind, db.Ms(tx.Now()))
	if err != nil {
		return v, err
	}
	if len(rs) == 0 || rs[0].tries >= codeTries {
		return refuse("people.code.over"), nil
	}
	if !same(rs[0].code, hashed(ticket, typed(code))) {
		_, err := tx.Exec(`update code set tries = tries + 1 where hash = $1`, h)
		if rs[0].tries+1 >= codeTries {
			return refuse("people.code.over"), err
		}
		return refuse("people.code.wrong"), err
	}
	if n, err := tx.Exec(`delete from code where hash = $1`, h); err != nil || n != 1 {
		return refuse("people.code.over"), err
	}
	address, err := unseal(ticket, rs[0].sealed)
	if err != nil {
		return v, err
	}
	v.field, v.value, _ = strings.Cut(address, "\x00")
	v.person = rs[0].person
	return v, nil
}

// SignInCode begins a session with a ticket and the code that was sent.
//
// Denied people.code.wrong, people.code.over, people.blocked. Busy fail.too_many.
func (d Desk) SignInCode(ctx context.Context, ticket, code string, from Client) (_ SignedIn, err error) {
	defer fail.Wrap(&err, "people.SignInCode")
	if err := d.spend(ctx, map[string]Named{"try code/" + Address(from.Addr): codePerTicket}); err != nil {
		return SignedIn{}, err
	}
	t := token()
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		v, err := redeem(tx, "sign_in", ticket, code)
		if err != nil || v.no != nil {
			return v, err
		}
		p, err := account(tx, v.field, v.value)
		if err != nil {
			return v, err
		}
		return enter(tx, t, p, "code", from)
	})
	if err != nil {
		return SignedIn{}, err
	}
	return v.in, v.err()
}

// account is the person whose telephone or e-mail it has just been shown to be: the one
// it opens, else one who left it and has no other way in, else somebody new.
func account(tx *db.Tx, field, value string) (id.ID, error) {
	n, err := opens(tx, field, value)
	if err != nil || n != 0 {
		return n, err
	}
	ps, err := db.All(tx, scanPerson, `select `+personCols+` from person where `+field+` = $1 and merged = 0 and erased = 0 and phone_ok = 0 and email_ok = 0
		and not exists (select 1 from grants where grants.person = person.id) and not exists (select 1 from login where login.person = person.id)
		order by id limit 1`, value)
	if err != nil {
		return 0, err
	}
	var p Person
	if len(ps) > 0 {
		p = ps[0]
	} else {
		c := contactOf(field, value, "")
		if p.ID, err = add(tx, who.Actor{Via: who.Web}, Person{Phone: c.Phone, Email: c.Email}); err != nil {
			return 0, err
		}
		if p, err = ByID(tx, p.ID); err != nil {
			return 0, err
		}
	}
	if field == "phone" {
		p.PhoneOK = tx.Now()
	} else {
		p.EmailOK = tx.Now()
	}
	_, err = savePerson(tx, p)
	return p.ID, err
}

// SignInPassword begins a session with a password. For somebody unknown, and for one
// without a password, it takes as long and says the same.
//
// Denied people.password.wrong, people.blocked. Invalid people.address.bad. Busy fail.too_many.
func (d Desk) SignInPassword(ctx context.Context, to, password string, from Client) (_ SignedIn, err error) {
	defer fail.Wrap(&err, "people.SignInPassword")
	field, value, err := address(to)
	if err != nil {
		return SignedIn{}, err
	}
	addr := Address(from.Addr)
	if err := d.spend(ctx, map[string]Named{"pass/" + value: passPerAccount, "pass/" + value + "/" + addr: passPerPair, "pass from/" + addr: passPerClient}); err != nil {
		return SignedIn{}, err
	}
	kept, err := db.See(ctx, d.DB, func(tx *db.Tx) (login, error) {
		n, err := opens(tx, field, value)
		if err != nil || n == 0 {
			return login{}, err
		}
		return loginOf(tx, n, "password")
	})
	if err != nil {
		return SignedIn{}, err
	}
	ok, err := d.fits(ctx, password, kept.secret)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, &fail.Error{Kind: fail.Denied, Code: "people.password.wrong", Field: "password"}
	}
	t := token()
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		if l, err := loginOf(tx, kept.person, "password"); err != nil || l != kept { // changed while we hashed
			return verdict{no: &fail.Error{Kind: fail.Denied, Code: "people.password.wrong", Field: "password"}}, err
		}
		return enter(tx, t, kept.person, "password", from)
	})
	if err != nil {
		return SignedIn{}, err
	}
	return v.in, v.err()
}

// SignInTOTP ends the second step: token is that of a session at stage TOTP, code the
// six digits of the app or one of the recovery codes. The session gets a new token.
//
// Denied people.totp.wrong, people.totp.used, people.totp.over (sign in again). Busy fail.too_many.
func (d Desk) SignInTOTP(ctx context.Context, old, code string, from Client) (_ SignedIn, err error) {
	defer fail.Wrap(&err, "people.SignInTOTP")
	t, code := token(), typed(code)
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		s, err := sessionOf(tx, old)
		if err != nil {
			return verdict{}, err
		}
		if s.Stage != TOTP || s.tries >= codeTries {
			return refuse("people.totp.over"), nil
		}
		set, err := limitsSet(tx)
		if err != nil {
			return verdict{}, err
		}
		if wait, err := take(tx, hashKey("totp/"+strconv.FormatInt(int64(s.Person), 10)), set.of(totpPerAccount).Limit); err != nil || wait > 0 {
			return verdict{no: fail.New(fail.Busy, "fail.too_many", "minutes", (wait+59_999)/60_000)}, err
		}
		no, err := secondFactor(tx, s.Person, code)
		if err != nil {
			return verdict{}, err
		}
		if no != "" {
			if s.tries+1 >= codeTries {
				no = "people.totp.over"
			}
			_, err := tx.Exec(`update session set tries = tries + 1 where hash = $1`, hashed(old))
			return refuse(no), err
		}
		if n, err := tx.Exec(`delete from session where hash = $1`, hashed(old)); err != nil || n != 1 {
			return refuse("people.totp.over"), err
		}
		in, err := begin(tx, t, s.Person, Whole, true, from)
		return verdict{in: in}, err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return v.in, v.err()
}

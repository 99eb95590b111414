package people

import (
	"context"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// login is one way in of a person. Kinds: password; totp, and totp_new until the first
// code came; recovery, ten of them; link, an invitation.
type login struct {
	person id.ID
	secret string
	step   int64
	at     int64
}

// loginOf is a person's login of a kind, empty when there is none.
func loginOf(tx *db.Tx, person id.ID, kind string) (login, error) {
	ls, err := db.All(tx, func(r db.Row) (l login, err error) {
		err = r.Scan(&l.person, &l.secret, &l.step, &l.at)
		return
	}, `select person, secret, step, at from login where person = $1 and kind = $2 order by n`, person, kind)
	if err != nil || len(ls) == 0 {
		return login{}, err
	}
	return ls[0], nil
}

// setLogin puts a login in instead of those of its kind.
func setLogin(tx *db.Tx, person id.ID, kind string, until time.Time, secrets ...string) error {
	if _, err := tx.Exec(`delete from login where person = $1 and kind = $2`, person, kind); err != nil {
		return err
	}
	for n, s := range secrets {
		if _, err := tx.Exec(`insert into login (person, kind, n, secret, at, until) values ($1, $2, $3, $4, $5, $6)`,
			person, kind, n, s, db.Ms(tx.Now()), db.Ms(until)); err != nil {
			return err
		}
	}
	return nil
}

// secondFactor checks six digits of the app, or a recovery code, and uses it up. It
// gives the code of a refusal, "" when it is right.
func secondFactor(tx *db.Tx, person id.ID, code string) (string, error) {
	if len(code) > 6 {
		n, err := tx.Exec(`delete from login where person = $1 and kind = 'recovery' and secret = $2`, person, hashed(code))
		if err != nil || n != 1 {
			return "people.totp.wrong", err
		}
		return "", audit.Record(tx, who.Actor{ID: person, Via: who.Web}, "people.recovery.used", person, nil)
	}
	l, err := loginOf(tx, person, "totp")
	if err != nil || l.secret == "" {
		return "people.totp.wrong", err
	}
	step, err := matches(l.secret, code, tx.Now())
	if err != nil || step == 0 {
		return "people.totp.wrong", err
	}
	// Of many with the same code at once, one moves the step on.
	n, err := tx.Exec(`update login set step = $1 where person = $2 and kind = 'totp' and step < $1`, step, person)
	if err != nil || n != 1 {
		return "people.totp.used", err
	}
	return "", nil
}

// BeginTOTP starts to set up a second factor and gives the secret for the app. It
// counts once ConfirmTOTP has seen a code. The session is at stage Enrol or, to change
// to another app, has begun a quarter of an hour ago at most.
//
// Denied people.session.over, people.session.old.
func (d Desk) BeginTOTP(ctx context.Context, token string) (secret string, err error) {
	defer fail.Wrap(&err, "people.BeginTOTP")
	secret = totpSecret()
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		s, err := mayEnrol(tx, token)
		if err != nil {
			return 0, err
		}
		return 0, setLogin(tx, s.Person, "totp_new", time.Time{}, secret)
	})
	return secret, err
}

const fresh = 15 * time.Minute

func mayEnrol(tx *db.Tx, token string) (Session, error) {
	s, err := sessionOf(tx, token)
	if err != nil || s.Stage == Enrol {
		return s, err
	}
	if s.Stage != Whole {
		return s, fail.New(fail.Denied, "people.session.over")
	}
	if tx.Now().Sub(s.At) > fresh {
		return s, fail.New(fail.Denied, "people.session.old")
	}
	if s.Strong {
		return s, nil
	}
	// A code by SMS alone must not make somebody staff.
	gs, err := GrantsOf(tx, s.Person)
	if err == nil && isStaff(gs) {
		err = fail.New(fail.Denied, "people.session.weak")
	}
	return s, err
}

// ConfirmTOTP ends setting up the second factor with its first code. All other
// sessions end; this one gets a new token. The recovery codes are shown this once.
//
// Denied people.totp.wrong, people.totp.over, people.session.over.
func (d Desk) ConfirmTOTP(ctx context.Context, old, code string, from Client) (_ SignedIn, recovery []string, err error) {
	defer fail.Wrap(&err, "people.ConfirmTOTP")
	t, code := token(), typed(code)
	recovery = recoveryCodes()
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		s, err := mayEnrol(tx, old)
		if err != nil {
			return verdict{}, err
		}
		if s.tries >= codeTries {
			return refuse("people.totp.over"), nil
		}
		l, err := loginOf(tx, s.Person, "totp_new")
		if err != nil || l.secret == "" {
			return refuse("people.totp.over"), err
		}
		step, err := matches(l.secret, code, tx.Now())
		if err != nil {
			return verdict{}, err
		}
		if step == 0 {
			_, err := tx.Exec(`update session set tries = tries + 1 where hash = $1`, hashed(old))
			return refuse("people.totp.wrong"), err
		}
		if err := setTOTP(tx, s.Person, l.secret, step, recovery); err != nil {
			return verdict{}, err
		}
		if err := endSessions(tx, s.Person); err != nil {
			return verdict{}, err
		}
		in, err := begin(tx, t, s.Person, Whole, true, from)
		if err != nil {
			return verdict{}, err
		}
		return verdict{in: in}, audit.Record(tx, who.Actor{ID: s.Person, Via: who.Web}, "people.totp.set", s.Person, nil)
	})
	if err == nil {
		err = v.err()
	}
	if err != nil {
		return SignedIn{}, nil, err
	}
	return v.in, recovery, nil
}

func setTOTP(tx *db.Tx, person id.ID, secret string, step int64, recovery []string) error {
	if err := setLogin(tx, person, "totp_new", time.Time{}); err != nil {
		return err
	}
	if err := setLogin(tx, person, "totp", time.Time{}, secret); err != nil {
		return err
	}
	if _, err := tx.Exec(`update login set step = $1 where person = $2 and kind = 'totp'`, step, person); err != nil {
		return err
	}
	hs := make([]string, len(recovery))
	for i, c := range recovery {
		hs[i] = hashed(typed(c))
	}
	return setLogin(tx, person, "recovery", time.Time{}, hs...)
}

// ClearTOTP takes the second factor from somebody who lost both app and recovery
// codes; with the next password they set up another.
//
// Denied fail.denied. Missing people.missing.
func (d Desk) ClearTOTP(ctx context.Context, by who.Actor, person id.ID) (err error) {
	defer fail.Wrap(&err, "people.ClearTOTP(%d)", person)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		p, err := ByID(tx, person)
		if err != nil {
			return 0, err
		}
		if err := d.mayEdit(tx, by, who.GrantEdit, p); err != nil {
			return 0, err
		}
		for _, k := range []string{"totp", "totp_new", "recovery"} {
			if err := setLogin(tx, p.ID, k, time.Time{}); err != nil {
				return 0, err
			}
		}
		if err := endSessions(tx, p.ID); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.totp.clear", p.ID, nil)
	})
	return err
}

// Invite makes a link with which a person sets a password, good for three days and
// once. A newer one takes the place of an older.
//
// Denied fail.denied. Missing people.missing. Conflict people.invite.no_address when
// there is no telephone or e-mail to sign in with.
func (d Desk) Invite(ctx context.Context, by who.Actor, person id.ID) (link string, err error) {
	defer fail.Wrap(&err, "people.Invite(%d)", person)
	link = token()
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		p, err := ByID(tx, person)
		if err != nil {
			return 0, err
		}
		if err := d.mayEdit(tx, by, who.GrantEdit, p); err != nil {
			return 0, err
		}
		if !p.Account() {
			return 0, fail.New(fail.Conflict, "people.invite.no_address")
		}
		if err := setLogin(tx, p.ID, "link", tx.Now().Add(linkLife), hashed(link)); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.invite", p.ID, nil)
	})
	return link, err
}

const linkOf = `select person from login where kind = 'link' and secret = $1 and until > $2`

// Invited is whom a link invites, before they have typed anything.
//
// Denied fail.expired.
func (d Desk) Invited(ctx context.Context, link string) (_ Person, err error) {
	defer fail.Wrap(&err, "people.Invited")
	return db.See(ctx, d.DB, func(tx *db.Tx) (Person, error) {
		ns, err := db.All(tx, scanID, linkOf, hashed(link), db.Ms(tx.Now()))
		if err != nil {
			return Person{}, err
		}
		if len(ns) == 0 {
			return Person{}, fail.New(fail.Denied, "fail.expired")
		}
		p, err := ByID(tx, ns[0])
		return masked(p), err
	})
}

// AcceptInvite sets a first or new password with a link and signs in: staff go on to
// the second factor. All older sessions end. Of many at once, one succeeds.
//
// Denied fail.expired. Invalid people.password.short, .long, .common.
func (d Desk) AcceptInvite(ctx context.Context, link, password string, from Client) (_ SignedIn, err error) {
	defer fail.Wrap(&err, "people.AcceptInvite")
	p, err := d.Invited(ctx, link) // before the hash, which is dear
	if err != nil {
		return SignedIn{}, err
	}
	if err := CheckPassword(password, own(p)...); err != nil {
		return SignedIn{}, err
	}
	h, err := d.newHash(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	t := token()
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		ns, err := db.All(tx, scanID, linkOf, hashed(link), db.Ms(tx.Now()))
		if err != nil {
			return verdict{}, err
		}
		if len(ns) == 0 {
			return verdict{}, fail.New(fail.Denied, "fail.expired")
		}
		if n, err := tx.Exec(`delete from login where kind = 'link' and secret = $1`, hashed(link)); err != nil || n != 1 {
			return verdict{}, orElse(err, fail.New(fail.Denied, "fail.expired"))
		}
		if err := newPassword(tx, ns[0], h); err != nil {
			return verdict{}, err
		}
		return enter(tx, t, ns[0], "password", from)
	})
	if err != nil {
		return SignedIn{}, err
	}
	return v.in, v.err()
}

// newPassword puts a password's hash in and ends all sessions.
func newPassword(tx *db.Tx, person id.ID, hash string) error {
	if err := setLogin(tx, person, "password", time.Time{}, hash); err != nil {
		return err
	}
	if err := endSessions(tx, person); err != nil {
		return err
	}
	return audit.Record(tx, who.Actor{ID: person, Via: who.Web}, "people.password.set", person, nil)
}

// own are the words a stranger would try first for a person.
func own(p Person) []string {
	out := []string{p.Name}
	if len(p.Phone) >= 8 {
		out = append(out, strings.TrimPrefix(p.Phone, "+86"), p.Phone[len(p.Phone)-8:], p.Phone[len(p.Phone)-4:])
	}
	if local, _, ok := strings.Cut(p.Email, "@"); ok {
		out = append(out, local)
	}
	return out
}

// ResetPassword sets a new password with the ticket and code of AskReset. It signs
// nobody in, and leaves the second factor as it is.
//
// Denied people.code.wrong, people.code.over. Invalid people.password.short, .long, .common.
func (d Desk) ResetPassword(ctx context.Context, ticket, code, password string, from Client) (err error) {
	defer fail.Wrap(&err, "people.ResetPassword")
	if err := d.spend(ctx, map[string]Named{"try code/" + Address(from.Addr): codePerTicket}); err != nil {
		return err
	}
	if err := CheckPassword(password); err != nil {
		return err
	}
	h, err := d.newHash(ctx, password)
	if err != nil {
		return err
	}
	v, err := db.Do(ctx, d.DB, func(tx *db.Tx) (verdict, error) {
		v, err := redeem(tx, "reset", ticket, code)
		if err != nil || v.no != nil {
			return v, err
		}
		n, err := opens(tx, v.field, v.value)
		if err != nil {
			return v, err
		}
		if l, err := loginOf(tx, n, "password"); err != nil || l.secret == "" {
			return refuse("people.code.over"), err
		}
		return v, newPassword(tx, n, h)
	})
	if err != nil {
		return err
	}
	return v.err()
}

// ChangePassword sets a new password for the one of a whole session who knows the old
// one, or has none yet. All sessions end; this one goes on with a new token.
//
// Denied people.password.wrong, people.session.over. Invalid people.password.short, .long, .common. Busy fail.too_many.
func (d Desk) ChangePassword(ctx context.Context, session, old, password string, from Client) (_ SignedIn, err error) {
	defer fail.Wrap(&err, "people.ChangePassword")
	type found struct {
		s Session
		p Person
		l login
	}
	f, err := db.See(ctx, d.DB, func(tx *db.Tx) (f found, err error) {
		if f.s, err = sessionOf(tx, session); err != nil {
			return f, err
		}
		if f.s.Stage != Whole {
			return f, fail.New(fail.Denied, "people.session.over")
		}
		if f.p, err = ByID(tx, f.s.Person); err != nil {
			return f, err
		}
		if f.l, err = loginOf(tx, f.s.Person, "password"); err == nil && f.l.secret == "" {
			_, err = mayEnrol(tx, session)
		}
		return f, err
	})
	if err != nil {
		return SignedIn{}, err
	}
	if err := CheckPassword(password, own(f.p)...); err != nil {
		return SignedIn{}, err
	}
	if f.l.secret != "" {
		if err := d.spend(ctx, map[string]Named{"change/" + personKey(f.p.ID): passPerPair}); err != nil {
			return SignedIn{}, err
		}
		ok, err := d.fits(ctx, old, f.l.secret)
		if err != nil {
			return SignedIn{}, err
		}
		if !ok {
			return SignedIn{}, &fail.Error{Kind: fail.Denied, Code: "people.password.wrong", Field: "old"}
		}
	}
	h, err := d.newHash(ctx, password)
	if err != nil {
		return SignedIn{}, err
	}
	t := token()
	return db.Do(ctx, d.DB, func(tx *db.Tx) (SignedIn, error) {
		s, err := sessionOf(tx, session)
		if err != nil {
			return SignedIn{}, err
		}
		if l, err := loginOf(tx, s.Person, "password"); err != nil || l != f.l {
			return SignedIn{}, orElse(err, fail.New(fail.Conflict, "fail.stale"))
		}
		if err := newPassword(tx, s.Person, h); err != nil {
			return SignedIn{}, err
		}
		return begin(tx, t, s.Person, Whole, s.Strong, from)
	})
}

// Ways says whether the actor has a password and a second factor, for their own page.
func (d Desk) Ways(ctx context.Context, by who.Actor) (password, second bool, err error) {
	defer fail.Wrap(&err, "people.Ways")
	w, err := db.See(ctx, d.DB, func(tx *db.Tx) (w [2]bool, err error) {
		for i, kind := range []string{"password", "totp"} {
			l, err := loginOf(tx, by.ID, kind)
			if err != nil {
				return w, err
			}
			w[i] = l.secret != ""
		}
		return w, nil
	})
	return w[0], w[1], err
}

// FirstAdmin makes the administrator of the whole town, when there is none yet, and
// gives the secret of the second factor and the recovery codes.
//
// Conflict people.admin.exists. Invalid as Contact.Check and CheckPassword; people.address.bad
// without telephone and e-mail.
func (d Desk) FirstAdmin(ctx context.Context, c Contact, password string) (totpSecretOut string, recovery []string, err error) {
	defer fail.Wrap(&err, "people.FirstAdmin")
	if c, err = c.tidy(); err != nil {
		return "", nil, err
	}
	if c.Phone+c.Email == "" {
		return "", nil, &fail.Error{Kind: fail.Invalid, Code: "people.address.bad", Field: "email"}
	}
	if err := CheckPassword(password, own(Person{Name: c.Name, Phone: c.Phone, Email: c.Email})...); err != nil {
		return "", nil, err
	}
	h, err := d.newHash(ctx, password)
	if err != nil {
		return "", nil, err
	}
	secret, recovery := totpSecret(), recoveryCodes()
	by := who.System(who.CLI)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		if hs, err := HoldersAt(tx, who.Admin, 0); err != nil || len(hs) > 0 {
			return 0, orElse(err, fail.New(fail.Conflict, "people.admin.exists"))
		}
		p, err := vouch(tx, Person{Name: c.Name, Lang: c.Lang}, c)
		if err != nil {
			return 0, err
		}
		n, err := add(tx, by, p)
		if err != nil {
			return 0, err
		}
		if _, err := give(tx, by, Grant{Role: who.Admin, Path: "/", Person: n, From: tx.Now()}); err != nil {
			return 0, err
		}
		if err := newPassword(tx, n, h); err != nil {
			return 0, err
		}
		return 0, setTOTP(tx, n, secret, 0, recovery)
	})
	if err != nil {
		return "", nil, err
	}
	return secret, recovery, nil
}

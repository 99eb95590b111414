package people

import (
	"context"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
)

// Session is somebody being signed in on one device.
type Session struct {
	ID     id.ID
	Person id.ID
	Stage  string
	Strong bool // with a second factor
	At     time.Time
	Seen   time.Time
	Until  time.Time
	Device string
	Here   bool // the one that asks

	tries int
	lang  string
}

const (
	idle      = 12 * time.Hour
	longest   = 30 * 24 * time.Hour
	staffDay  = 12 * time.Hour
	stageLife = 10 * time.Minute
	touch     = 10 * time.Minute // Seen is no finer than this: reading a page must not write
)

// staff are the roles that count only with a second factor.
var staff = map[who.Role]bool{who.CommunityStaff: true, who.SubdistrictStaff: true, who.DoItNow: true, who.Admin: true}

func isStaff(gs []who.Grant) bool {
	for _, g := range gs {
		if staff[g.Role] {
			return true
		}
	}
	return false
}

const sessionCols = `s.id, s.person, s.stage, s.strong, s.tries, s.at, s.seen, s.until, s.device`

func scanSession(r db.Row) (s Session, err error) {
	err = r.Scan(&s.ID, &s.Person, &s.Stage, &s.Strong, &s.tries, db.Time(&s.At), db.Time(&s.Seen), db.Time(&s.Until), &s.Device)
	return
}

// sessionOf is the session of a token.
//
// Denied people.session.over.
func sessionOf(tx *db.Tx, token string) (Session, error) {
	return live(tx, `select `+sessionCols+`, p.lang from session s join person p on p.id = s.person where s.hash = $1`, hashed(token))
}

func live(tx *db.Tx, q string, args ...any) (Session, error) {
	ss, err := db.All(tx, func(r db.Row) (s Session, err error) {
		err = r.Scan(&s.ID, &s.Person, &s.Stage, &s.Strong, &s.tries, db.Time(&s.At), db.Time(&s.Seen), db.Time(&s.Until), &s.Device, &s.lang)
		return
	}, q, args...)
	if err != nil {
		return Session{}, err
	}
	if len(ss) == 0 || !tx.Now().Before(ss[0].Until) || tx.Now().Sub(ss[0].Seen) >= idle {
		return Session{}, fail.New(fail.Denied, "people.session.over")
	}
	return ss[0], nil
}

// begin writes a session.
func begin(tx *db.Tx, token string, person id.ID, stage string, strong bool, from Client) (SignedIn, error) {
	life := longest
	switch {
	case stage != Whole:
		life = stageLife
	case strong:
		gs, err := GrantsOf(tx, person)
		if err != nil {
			return SignedIn{}, err
		}
		if isStaff(gs) {
			life = staffDay
		}
	}
	in := SignedIn{Token: token, Person: person, Stage: stage, Until: tx.Now().Add(life)}
	device, err := Name(from.Device)
	if err != nil {
		device = ""
	}
	at := db.Ms(tx.Now())
	if _, err := tx.Exec(`insert into session (hash, id, person, stage, strong, at, seen, until, device) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		hashed(token), id.New(tx.Now()), person, stage, strong, at, at, db.Ms(in.Until), device); err != nil {
		return in, err
	}
	if stage != Whole {
		return in, nil
	}
	return in, audit.Record(tx, who.Actor{ID: person, Via: who.Web}, "people.sign_in", person, map[string]bool{"strong": strong})
}

// enter begins a session after the first step: whole, or at the stage that comes next.
func enter(tx *db.Tx, token string, person id.ID, way string, from Client) (v verdict, err error) {
	if b, err := blocked(tx, "person", personKey(person)); err != nil || b != nil {
		return verdict{no: &fail.Error{Kind: fail.Denied, Code: "people.blocked"}}, err
	}
	stage := Whole
	second, err := loginOf(tx, person, "totp")
	if err != nil {
		return v, err
	}
	if second.secret != "" {
		stage = TOTP
	} else if way == "password" {
		gs, err := GrantsOf(tx, person)
		if err != nil {
			return v, err
		}
		if isStaff(gs) {
			stage = Enrol
		}
	}
	v.in, err = begin(tx, token, person, stage, false, from)
	return v, err
}

// OpenSession begins a whole session without any proof. Only the program itself may:
// for the demo's sign-in with one click, and for tests.
//
// Denied fail.denied.
func (d Desk) OpenSession(ctx context.Context, by who.Actor, person id.ID, from Client) (_ SignedIn, err error) {
	defer fail.Wrap(&err, "people.OpenSession(%d)", person)
	if !by.IsSystem() {
		return SignedIn{}, denied
	}
	t := token()
	return db.Do(ctx, d.DB, func(tx *db.Tx) (SignedIn, error) {
		n, err := into(tx, person)
		if err != nil {
			return SignedIn{}, err
		}
		return begin(tx, t, n, Whole, true, from)
	})
}

// SessionActor is who comes with a token, with all they may do at this moment: nothing
// is remembered between requests, so a role taken away is gone at the next. At a stage
// before Whole the actor is a visitor. Without a second factor staff roles do not count.
//
// Denied people.session.over.
func (d Desk) SessionActor(ctx context.Context, token string) (who.Actor, Session, error) {
	type both struct {
		a who.Actor
		s Session
	}
	none := who.Actor{Via: who.Web}
	if token == "" || len(token) > 100 {
		return none, Session{}, fail.New(fail.Denied, "people.session.over")
	}
	b, err := db.See(ctx, d.DB, func(tx *db.Tx) (b both, err error) {
		if b.s, err = sessionOf(tx, token); err != nil || b.s.Stage != Whole {
			b.a = none
			return b, err
		}
		b.a, err = actor(tx, b.s.Person, b.s.lang)
		return b, err
	})
	if err != nil {
		return none, Session{}, err
	}
	b.s.Here = true
	if !b.s.Strong {
		kept := b.a.Grants[:0]
		for _, g := range b.a.Grants {
			if !staff[g.Role] {
				kept = append(kept, g)
			}
		}
		b.a.Grants = kept
	}
	if now := d.DB.Now(); now.Sub(b.s.Seen) >= touch && b.s.Stage == Whole {
		_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) {
			return tx.Exec(`update session set seen = $1 where hash = $2 and seen < $1`, db.Ms(now), hashed(token))
		})
		if fail.KindOf(err) == fail.Busy {
			err = nil // no room, or no answer: reading goes on
		}
	}
	return b.a, b.s, err
}

// Sessions are a person's own, the newest first.
func (d Desk) Sessions(ctx context.Context, by who.Actor, here id.ID) (_ []Session, err error) {
	defer fail.Wrap(&err, "people.Sessions")
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Session, error) {
		ss, err := db.All(tx, scanSession, `select `+sessionCols+` from session s where s.person = $1 and s.stage = 'whole' and s.until > $2 and s.seen > $3 order by s.id desc`,
			by.ID, db.Ms(tx.Now()), db.Ms(tx.Now().Add(-idle)))
		for i := range ss {
			ss[i].Here = ss[i].ID == here
		}
		return ss, err
	})
}

// EndSession ends one of a person's own sessions.
func (d Desk) EndSession(ctx context.Context, by who.Actor, n id.ID) (err error) {
	defer fail.Wrap(&err, "people.EndSession")
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		k, err := tx.Exec(`delete from session where id = $1 and person = $2`, n, by.ID)
		if err != nil || k == 0 {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.session.end", by.ID, nil)
	})
	return err
}

// EndSessions ends all of a person's own sessions.
func (d Desk) EndSessions(ctx context.Context, by who.Actor) (err error) {
	defer fail.Wrap(&err, "people.EndSessions")
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		if err := endSessions(tx, by.ID); err != nil {
			return 0, err
		}
		return 0, audit.Record(tx, by, "people.session.end", by.ID, nil)
	})
	return err
}

// SignOut ends the session of a token; one that is over already is no fault.
func (d Desk) SignOut(ctx context.Context, token string) (err error) {
	defer fail.Wrap(&err, "people.SignOut")
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int64, error) {
		return tx.Exec(`delete from session where hash = $1`, hashed(token))
	})
	return err
}

// endSessions ends every session of a person.
func endSessions(tx *db.Tx, person id.ID) error {
	_, err := tx.Exec(`delete from session where person = $1`, person)
	return err
}

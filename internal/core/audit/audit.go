// Package audit remembers who did what to which thing. It only ever adds; a leased
// sealer orders committed acts and chains them by hash (chain.go says how), and heads
// of the chain are kept outside the database, so that nobody who holds the database
// can change, cut or rewrite what happened without being found (verify.go).
//
// Floor: core. Imports: base. Owns tables: act, unsealed, seal, sealer.
// Asked by: every room that changes something, app.
package audit

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

//go:embed *.sql
var SQL embed.FS

// Act is one thing that was done.
type Act struct {
	ID     id.ID
	At     time.Time
	Who    id.ID // the person; 0 a visitor without account, or the program
	Via    who.Via
	Verb   string
	What   id.ID
	Detail string // JSON
	salt   string
}

// Sealed is an act at its place in the chain.
type Sealed struct {
	Act
	Seq  int64
	Hash string
}

// Head is the end of the chain at a moment.
type Head struct {
	Seq  int64     `json:"seq"`
	Hash string    `json:"hash"`
	At   time.Time `json:"at"`
}

const topic = "act" // the sealer hears it

// Record notes one act in the transaction that does it. Detail holds ids, states
// and counts, never a name, a number to call or what somebody wrote; nil for none.
func Record(tx *db.Tx, by who.Actor, verb string, what id.ID, detail any) error {
	b := []byte("{}")
	if detail != nil {
		var err error
		if b, err = json.Marshal(detail); err != nil {
			return err
		}
	}
	var salt [16]byte
	rand.Read(salt[:])
	n := id.New(tx.Now())
	if _, err := tx.Exec(`insert into act (id, at, who, via, verb, what, detail, salt) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		n, db.Ms(tx.Now()), by.ID, string(by.Via), verb, what, string(b), hex.EncodeToString(salt[:])); err != nil {
		return err
	}
	tx.Tell(topic)
	_, err := tx.Exec(`insert into unsealed (act) values ($1)`, n)
	return err
}

// Blank takes the detail out of an act that should not have held it. The act itself
// stays, the chain still proves all the rest of it, and that it was blanked, when
// and by whom is an act too. Missing audit.act if there is none.
func Blank(tx *db.Tx, by who.Actor, act id.ID) error {
	a, err := one(tx, act)
	if err != nil || a.salt == "" {
		return err
	}
	if _, err := tx.Exec(`update act set detail = $1, salt = '' where id = $2`, inner(a.salt, a.Detail), act); err != nil {
		return err
	}
	return Record(tx, by, blanked, act, nil)
}

const blanked = "audit.blank"

const cols = `a.id, a.at, a.who, a.via, a.verb, a.what, a.detail, a.salt`

func scan(r db.Row) (a Act, err error) {
	err = r.Scan(&a.ID, db.Time(&a.At), &a.Who, &a.Via, &a.Verb, &a.What, &a.Detail, &a.salt)
	return
}

func one(tx *db.Tx, act id.ID) (Act, error) {
	return db.One(tx, "audit.act", scan, `select `+cols+` from act a where a.id = $1`, act)
}

// Of lists what was done to a thing, the oldest first.
func Of(tx *db.Tx, what id.ID) ([]Act, error) {
	return db.All(tx, scan, `select `+cols+` from act a where a.what = $1 order by a.id`, what)
}

// Recent lists acts from before the given one back, the newest first; 0 begins at the newest.
func Recent(tx *db.Tx, before id.ID, limit int) ([]Act, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return db.All(tx, scan, `select `+cols+` from act a where a.id < $1 order by a.id desc limit $2`, before, limit)
}

// List lists sealed acts in the order of the chain, from after the given place on.
// Nothing ever comes in between, so a follower who keeps the last place misses none.
func List(tx *db.Tx, after int64, limit int) ([]Sealed, error) {
	return db.All(tx, func(r db.Row) (s Sealed, err error) {
		err = r.Scan(&s.Seq, &s.Hash, &s.ID, db.Time(&s.At), &s.Who, &s.Via, &s.Verb, &s.What, &s.Detail, &s.salt)
		return
	}, `select s.seq, s.hash, `+cols+` from seal s join act a on a.id = s.act where s.seq > $1 order by s.seq limit $2`, after, limit)
}

// End gives the head of the chain; place 0 when nothing is sealed yet.
func End(tx *db.Tx) (Head, error) {
	return db.One(tx, "audit.head", func(r db.Row) (h Head, err error) {
		err = r.Scan(&h.Seq, &h.Hash, db.Time(&h.At))
		return
	}, `select seq, hash, at from sealer where one = 1`)
}

// Desk is where the audit page asks.
type Desk struct{ DB *db.DB }

// Recent lists acts for those who may see them, the newest first. Denied otherwise.
func (d Desk) Recent(ctx context.Context, by who.Actor, before id.ID, limit int) (_ []Act, err error) {
	defer fail.Wrap(&err, "audit.Recent")
	if !by.May(who.AuditSee, "") {
		return nil, fail.New(fail.Denied, "fail.denied")
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Act, error) { return Recent(tx, before, limit) })
}

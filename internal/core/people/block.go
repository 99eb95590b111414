package people

import (
	"context"
	"strconv"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/audit"
	"github.com/linli-town/linli/internal/core/place"
)

// Block keeps somebody or somewhere from handing things in. What it names is kept as
// a hash only; the list says why and until when, not whom.
type Block struct {
	ID     id.ID
	Kind   string // address, phone, email, place, person
	Reason string // one of BlockReasons
	At     time.Time
	Until  time.Time // zero: until lifted
	By     id.ID
	Path   string // of the place it was set for

	hash string
}

// BlockReasons are why somebody is blocked; their names are people.block.<reason>.
var BlockReasons = []string{"spam", "abuse", "threat", "false_reports", "test"}

// ReasonKey is the key of the reason's words.
func (b Block) ReasonKey() string { return "people.block." + b.Reason }

// BlockHash is what a block of a kind is kept under. Telephones and e-mails are read
// as people type them, an address as what it counts as for limits.
func BlockHash(kind, value string) string {
	switch kind {
	case "phone":
		if p, err := Phone(value); err == nil {
			value = p
		}
	case "email":
		if e, err := Email(value); err == nil {
			value = e
		}
	case "address":
		value = Address(value)
	}
	return hashed("block", kind, value)
}

func personKey(n id.ID) string { return strconv.FormatInt(int64(n), 10) }

// Blocked is the block that holds for a hash of BlockHash, nil for none.
func Blocked(tx *db.Tx, kind, hash string) (*Block, error) {
	bs, err := db.All(tx, scanBlock, `select `+blockCols+` from block where kind = $2 and hash = $3 and (until = 0 or until > $1) order by id limit 1`, db.Ms(tx.Now()), kind, hash)
	if err != nil || len(bs) == 0 {
		return nil, err
	}
	return &bs[0], nil
}

func blocked(tx *db.Tx, kind, value string) (*Block, error) {
	return Blocked(tx, kind, BlockHash(kind, value))
}

const blockCols = `id, kind, hash, reason, at, until, who, path`

func scanBlock(r db.Row) (b Block, err error) {
	err = r.Scan(&b.ID, &b.Kind, &b.hash, &b.Reason, db.Time(&b.At), db.Time(&b.Until), &b.By, &b.Path)
	return
}

// Refuses says whether something handed in must be refused: because of who hands it
// in, the telephone or e-mail left with it, or a place on path. Those who may enter
// issues there on behalf of others are never refused.
//
// Denied people.blocked.report.
func Refuses(tx *db.Tx, by who.Actor, c Contact, path string) error {
	if by.May(who.IssueEnter, path) {
		return nil
	}
	keys := []string{BlockHash("place", "0")}
	for _, n := range place.PathIDs(path) {
		keys = append(keys, BlockHash("place", personKey(n)))
	}
	if by.ID != 0 {
		keys = append(keys, BlockHash("person", personKey(by.ID)))
	}
	if c.Phone != "" {
		keys = append(keys, BlockHash("phone", c.Phone))
	}
	if c.Email != "" {
		keys = append(keys, BlockHash("email", c.Email))
	}
	return refuses(tx, keys...)
}

func refuses(tx *db.Tx, keys ...string) error {
	in, args := marks(2, keys)
	bs, err := db.All(tx, scanID, `select id from block where hash in (`+in+`) and (until = 0 or until > $1) limit 1`, append([]any{db.Ms(tx.Now())}, args...)...)
	if err == nil && len(bs) > 0 {
		err = fail.New(fail.Denied, "people.blocked.report")
	}
	return err
}

// RefusesAddress is Refuses for the address a request comes from.
//
// Denied people.blocked.report.
func (d Desk) RefusesAddress(ctx context.Context, addr string) (err error) {
	defer fail.Wrap(&err, "people.RefusesAddress")
	_, err = db.See(ctx, d.DB, func(tx *db.Tx) (int, error) { return 0, refuses(tx, BlockHash("address", addr)) })
	return err
}

// AddBlock blocks value: a telephone, an e-mail, an address, a place's or a person's
// id. b says Kind, Reason, Until; at is the place where it is set, 0 for the whole town, and
// the actor must have the right there. A person's sessions end.
//
// Denied fail.denied. Invalid fail.choose, fail.empty, people.until.bad.
func (d Desk) AddBlock(ctx context.Context, by who.Actor, b Block, value string, at id.ID) (_ Block, err error) {
	defer fail.Wrap(&err, "people.AddBlock")
	return db.Do(ctx, d.DB, func(tx *db.Tx) (Block, error) {
		b, value := b, value
		var err error
		if b.Path, err = d.need(tx, by, who.AbuseEdit, at); err != nil {
			return b, err
		}
		if err := oneOf(b.Kind, "kind", "address", "phone", "email", "place", "person"); err != nil {
			return b, err
		}
		if err := oneOf(b.Reason, "reason", BlockReasons...); err != nil {
			return b, err
		}
		if value == "" {
			return b, &fail.Error{Kind: fail.Invalid, Code: "fail.empty", Field: "value"}
		}
		if err := within(tx.Now(), b.Until); err != nil {
			return b, err
		}
		if b.Kind == "person" {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return b, fail.New(fail.Missing, "people.missing")
			}
			p, err := ByID(tx, id.ID(n))
			if err != nil {
				return b, err
			}
			if err := d.mayEdit(tx, by, who.AbuseEdit, p); err != nil {
				return b, err
			}
			if value = personKey(p.ID); p.ID == by.ID {
				return b, denied
			}
			if err := endSessions(tx, p.ID); err != nil {
				return b, err
			}
		}
		b.ID, b.At, b.By, b.hash = id.New(tx.Now()), tx.Now(), by.ID, BlockHash(b.Kind, value)
		if _, err := tx.Exec(`insert into block (`+blockCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			b.ID, b.Kind, b.hash, b.Reason, db.Ms(b.At), db.Ms(b.Until), b.By, b.Path); err != nil {
			return b, err
		}
		return b, audit.Record(tx, by, "people.block", b.ID, map[string]string{"kind": b.Kind, "reason": b.Reason})
	})
}

// Lift ends a block now.
//
// Denied fail.denied. Missing people.block.missing. Conflict people.ended.
func (d Desk) Lift(ctx context.Context, by who.Actor, n id.ID) (err error) {
	defer fail.Wrap(&err, "people.Lift(%d)", n)
	_, err = db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) {
		b, err := db.One(tx, "people.block.missing", scanBlock, `select `+blockCols+` from block where id = $1`, n)
		if err != nil {
			return 0, err
		}
		if !by.May(who.AbuseEdit, b.Path) {
			return 0, denied
		}
		k, err := tx.Exec(`update block set until = $1 where id = $2 and (until = 0 or until > $1)`, db.Ms(tx.Now()), n)
		if err != nil || k == 0 {
			return 0, orElse(err, fail.New(fail.Conflict, "people.ended"))
		}
		return 0, audit.Record(tx, by, "people.block.lift", n, nil)
	})
	return err
}

// Blocks are those that hold in the places where the actor may lift them, newest first.
//
// Denied fail.denied.
func (d Desk) Blocks(ctx context.Context, by who.Actor) (_ []Block, err error) {
	defer fail.Wrap(&err, "people.Blocks")
	if !by.May(who.AbuseEdit, "") {
		return nil, denied
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) ([]Block, error) {
		bs, err := db.All(tx, scanBlock, `select `+blockCols+` from block where until = 0 or until > $1 order by id desc limit 1000`, db.Ms(tx.Now()))
		out := bs[:0]
		for _, b := range bs {
			if by.May(who.AbuseEdit, b.Path) {
				out = append(out, b)
			}
		}
		return out, err
	})
}

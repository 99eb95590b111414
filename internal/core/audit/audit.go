// Package audit remembers who did what to which thing. It only ever adds; a leased
// sealer orders committed acts and chains them by hash.
//
// Floor: core. Imports: base. Owns tables: act, seal, sealer.
package audit

import (
	"embed"
	"encoding/json"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

//go:embed *.sql
var SQL embed.FS

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
	_, err := tx.Exec(`insert into act (id, at, who, via, verb, what, detail) values ($1, $2, $3, $4, $5, $6, $7)`,
		id.New(tx.Now()), db.Ms(tx.Now()), by.ID, by.Via, verb, what, string(b))
	return err
}

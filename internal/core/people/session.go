package people

import (
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
)

// endSessions ends every session of a person.
func endSessions(tx *db.Tx, person id.ID) error {
	_, err := tx.Exec(`delete from session where person = $1`, person)
	return err
}

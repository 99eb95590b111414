// Package people keeps persons, organisations, councils and teams, who holds which
// role where, and how a person is let in. Personal fields live in table person and
// nowhere else.
//
// Floor: core. Imports: base, core/audit, core/place.
// Owns tables: person, login, session, code, org, council, team, member, grants, consent, erasure, retention, block, rate, certificate.
// Asked by: door/gate, door/web, core/notify, core/issue.
package people

import (
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// Person is somebody we know. A person may have no account: one who left a number
// with a report is a Person too. Erased persons keep their id and nothing else.
type Person struct {
	ID     id.ID
	Name   string
	Phone  string // E.164
	Email  string
	Lang   string
	Place  id.ID // where they live or work, 0 unknown
	At     time.Time
	Merged id.ID // into whom, 0 not merged
	Erased time.Time
	Rev    int64
}

// Contact is what somebody leaves with a report; every field may be empty.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
	Lang  string `json:"lang"`
	Place id.ID  `json:"place,string"`
}

// Desk is where persons are registered, let in and looked up.
type Desk struct{ DB *db.DB }

// Org is an organisation. Kind: party_org, council, social_org, volunteers,
// property_manager, department, school, business. Pillar is one of the four of
// 四位一体, or "".
type Org struct {
	ID     id.ID
	Kind   string
	Pillar string
	Name   string
	Hant   string
	En     string
	Place  id.ID
	Path   string
	Phone  string
	Until  time.Time
	Rev    int64
}

// Team is a group of people in a place, such as the linked-response volunteer group.
type Team struct {
	ID    id.ID
	Org   id.ID
	Place id.ID
	Path  string
	Kind  string // response_group, mutual_patrol, …
	Name  string
	Hant  string
	En    string
	Until time.Time
	Rev   int64
}

// Holder is a person in a role.
type Holder struct {
	Person id.ID
	Role   who.Role
	Place  id.ID
	Path   string
}

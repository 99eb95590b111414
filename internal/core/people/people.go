// Package people keeps persons, organisations, councils and teams, who holds which
// role where, and how a person is let in. Personal fields live in table person and
// nowhere else.
//
// Floor: core. Imports: base, core/audit, core/place.
// Owns tables: person, login, session, code, org, council, team, member, grants, pillar, consent, erasure, retention, sweep, block, rate, rate_limit, certificate.
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
	ID      id.ID
	Name    string
	Phone   string // E.164
	Email   string
	PhoneOK time.Time // since when it is known to be theirs; zero: somebody typed it
	EmailOK time.Time
	Lang    string
	Place   id.ID // where they live or work, 0 unknown
	At      time.Time
	Merged  id.ID // into whom, 0 not merged
	Erased  time.Time
	Rev     int64
}

// Account reports whether the person has shown that a telephone or e-mail is theirs.
func (p Person) Account() bool { return !p.PhoneOK.IsZero() || !p.EmailOK.IsZero() }

// Contact is what somebody leaves with a report; every field may be empty.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
	Lang  string `json:"lang"`
	Place id.ID  `json:"place,string"`
}

// Desk is where persons are registered, let in and looked up.
type Desk struct {
	DB *db.DB
	// Path finds a place's path; nil asks core/place.
	Path func(tx *db.Tx, place id.ID) (string, error)
	// Send sends a one-time code, in the transaction that makes it. Kind: sign_in, reset, change.
	Send func(tx *db.Tx, to Contact, kind, code string) error
	// Rates keeps limits in memory; nil: each is a transaction.
	Rates *Rates
	// Needed says whether a person is still needed by something later than since, such as
	// an issue open or closed after it. Nil: Sweep blanks nobody.
	Needed func(tx *db.Tx, person id.ID, since time.Time) (bool, error)
	// OnHash hears each password hashed.
	OnHash func()
}

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

// Council is a neighbourhood council (邻里理事会) in one term.
type Council struct {
	ID    id.ID
	Place id.ID
	Path  string
	Name  string
	Hant  string
	En    string
	From  time.Time
	Until time.Time
	Rev   int64
}

// Member is a person's seat in an organisation, a team or a council.
type Member struct {
	ID     id.ID
	Kind   string // org, team, council
	Of     id.ID
	Person id.ID
	Post   string // chair, lead, member
	From   time.Time
	Until  time.Time
}

// Grant is a role given to a person in a place and everything below it.
type Grant struct {
	ID       id.ID
	Role     who.Role
	Place    id.ID // 0: everywhere
	Path     string
	Person   id.ID
	From     time.Time
	Until    time.Time
	DeputyOf id.ID // counts only while that person holds the role there
	Member   id.ID // the council seat it came with, 0 none
}

// Pillar is one of the four of 四位一体.
type Pillar struct {
	Code  string
	Name  string
	Hant  string
	En    string
	Sort  int64
	Until time.Time
	Rev   int64
}

// Holder is a person in a role.
type Holder struct {
	Person id.ID
	Role   who.Role
	Place  id.ID
	Path   string
	Deputy bool
}

func called(lang, hans, hant, en string) string {
	switch {
	case lang == "zh-Hant" && hant != "":
		return hant
	case lang == "en" && en != "":
		return en
	}
	return hans
}

// In is the name in a script; the zh-Hans one where there is no other.
func (o Org) In(lang string) string     { return called(lang, o.Name, o.Hant, o.En) }
func (t Team) In(lang string) string    { return called(lang, t.Name, t.Hant, t.En) }
func (c Council) In(lang string) string { return called(lang, c.Name, c.Hant, c.En) }
func (p Pillar) In(lang string) string  { return called(lang, p.Name, p.Hant, p.En) }

// Keys of the words for kinds, posts and roles.
func (o Org) KindKey() string    { return "people.org.kind." + o.Kind }
func (t Team) KindKey() string   { return "people.team.kind." + t.Kind }
func (m Member) PostKey() string { return "people.post." + m.Post }

// RoleKey is the key of a role's name.
func RoleKey(r who.Role) string { return "people.role." + string(r) }

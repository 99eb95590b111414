// Package issue keeps the matters people raise: what was said, who does it, by when,
// and what became of it.
//
// Floor: core. Imports: base, core/audit, core/place, core/people, core/notify.
// Owns tables: category, limits, text, issue, shown, wording, entry, photo, task, clock, follow, link, view, merge, me_too, answer.
// Asked by: door/web, app.
package issue

import (
	"embed"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/worktime"
	"github.com/linli-town/linli/internal/core/people"
	"github.com/linli-town/linli/internal/core/place"
)

//go:embed *.sql
var SQL embed.FS

// Issue is one matter raised. It holds no personal data: the words are in its
// entries, the reporter is a person's id.
type Issue struct {
	ID       id.ID
	No       string // "260622-0017": said on the telephone; opens nothing by itself
	Category string // code of the category, "facility.lamp"
	Sort     Sort
	Grade    Grade
	Channel  Channel
	Place    id.ID  // where it lies: a building, an estate, a neighbourhood …
	Path     string // that place's path
	Lat, Lon float64
	Open     bool   // lies in public space: the building may be shown
	Spot     string // "3 单元门口", shown to staff only
	Located  string // how the place was found: door, gps, map, list
	Desk     id.ID  // the neighbourhood, community or subdistrict whose desk has it now
	DeskPath string // that place's path
	State    State
	Was      State  // what it goes back to from paused or merged, or when spam is undone
	Why      string // reason of a pause (ask, or a code from the list), or of an end without an outcome (withdrawn, spam, or a code)
	Outcome  Outcome
	Answer   Answer // disputed: reopened since, until it closes again
	Rating   int64  // the reporter's, 1…5, 0 not given
	Receipt  string // number at the receiver, when handed up out of Linli
	Owner    id.ID  // person who raised it, 0 unknown
	For      id.ID  // the elder a relative raised it for, 0 nobody
	Taker    id.ID  // who entered it on somebody's behalf, 0 nobody
	Task     id.ID  // the task in hand, 0 none
	Handler  id.ID  // person who last said it was handled, 0 nobody: never checks
	Checker  id.ID  // person who let it pass, 0 nobody
	Into     id.ID  // merged into, 0 none
	Title    string // public once released; until then the category's name stands for it
	Named    bool   // Title was released
	Hidden   bool   // taken out of public view
	Spam     bool
	Photo    string // released photo to show in lists, "" none
	CallBack bool   // the reporter asked to be called
	Called   time.Time
	MeToo    int64
	Hops     int64 // hand-overs between desks and handlers
	Returns  int64 // tasks returned
	Bounced  int64 // tasks returned since it was last opened: at two, 马上办 decides
	Reworks  int64
	Reopens  int64
	Wish     Act // pause or extend, asked and not yet approved; "" none
	WishTo   time.Time
	WishBy   id.ID
	Accept   time.Time // when each limit runs out, as the clocks stand; zero: none, or met
	Dispatch time.Time
	First    time.Time
	Settle   time.Time
	Promise  time.Time // what the resident was told
	Paused   time.Time // since when, zero: running
	Until    time.Time // when a pause ends by itself
	Late     bool      // some limit was missed
	Missed   string    // which: "accept settle"
	At       time.Time
	Moved    time.Time // last act
	Closed   time.Time
	Source   string // id in another system, unique with Tree
	Tree     id.ID  // root place, so that imports keep apart
	Form     string // hash of the form's key, "" none
	Rev      int64
}

// Sort is what kind of request it is: 咨询 求助 投诉 举报 建议 表扬 其他.
type Sort string

// Grade chooses the default limits: danger, urgent (utilities and weather), general, complex.
type Grade string

// Channel is how it came in.
type Channel string

const (
	Inquiry    Sort = "inquiry"
	Help       Sort = "help_request"
	Complaint  Sort = "complaint"
	Violation  Sort = "violation_report"
	Suggestion Sort = "suggestion"
	Praise     Sort = "praise"
	Other      Sort = "other"

	Danger  Grade = "danger"
	Urgent  Grade = "urgent"
	General Grade = "general"
	Complex Grade = "complex"

	ByWeb    Channel = "web"
	ByDoor   Channel = "door" // scanned at a door
	ByPhone  Channel = "phone"
	ByVisit  Channel = "visit"
	ByPatrol Channel = "patrol"
	ByImport Channel = "import"
)

// Report is what is handed in at the desk, by whomever.
type Report struct {
	Key      string         `json:"key"` // made by the form: the same key twice is one issue
	Category string         `json:"category"`
	Sort     Sort           `json:"sort"`
	Text     string         `json:"text"`
	Place    id.ID          `json:"place,string"`
	Spot     string         `json:"spot"` // "3 单元门口", shown to staff only
	Lat      float64        `json:"lat"`
	Lon      float64        `json:"lon"`
	Located  string         `json:"located"` // how: door, gps, map, list
	Open     bool           `json:"open"`    // lies in public space
	Photos   []string       `json:"photos"`  // names in the photo store
	Channel  Channel        `json:"channel"`
	Contact  people.Contact `json:"contact"`
	Elder    people.Contact `json:"elder"` // 亲友代办: for whom
	CallBack bool           `json:"call_back"`
	Consent  string         `json:"consent"` // version of the text agreed to when a contact is left
	Answers  []Reply        `json:"answers"` // to the category's questions
	Urgent   bool           `json:"urgent"`
}

// Reply answers one question of a category.
type Reply struct {
	Question string `json:"question"`
	Value    string `json:"value"`
}

// Receipt is what the reporter takes home.
type Receipt struct {
	Issue Issue
	Link  string // private, 128 random bits; only its hash is kept
}

// Entry is one line of the trail of an issue.
type Entry struct {
	ID       id.ID
	Issue    id.ID
	At       time.Time
	Who      id.ID // person, 0 the visitor or the program
	Act      Act
	From, To State
	Text     string // as typed; shown in public only once Released
	Reason   string // code from a list
	Target   string // who it went to: place, person, team, org, or a category's code
	TargetID id.ID  // that place's, person's, team's or organisation's
	Until    time.Time
	Internal bool
	Released bool
	Corrects id.ID // the entry this one puts right, 0 none
	Replies  []Reply
	Photos   []Photo
}

// Photo hangs on an entry.
type Photo struct {
	ID       id.ID
	Issue    id.ID
	Entry    id.ID
	Name     string // in the photo store, staff only
	Shown    string // the public copy once released: Name itself, or a copy with parts covered
	W, H     int
	Released bool
}

// Assignee is a person, a team or an organisation.
type Assignee struct {
	Kind string `json:"kind"` // person, team, org
	ID   id.ID  `json:"id,string"`
}

// Task hands an issue to somebody, who must accept it or return it.
type Task struct {
	ID       id.ID
	Issue    id.ID
	To       Assignee
	State    string // offered, taken, returned, done, withdrawn
	Decided  bool   // by 马上办: cannot be returned
	By       id.ID
	At       time.Time
	Due      time.Time
	Taken    time.Time
	Taker    id.ID
	Ended    time.Time
	Reason   string   // of a return
	Proposed Assignee // who should do it instead
}

// Move is one act on an issue. Which fields an act reads and must have is in the flow table.
type Move struct {
	Issue   id.ID     `json:"issue,string"`
	Rev     int64     `json:"rev"` // of the page the actor saw; nobody moves an issue on yesterday's news
	Act     Act       `json:"act"`
	Text    string    `json:"text"`
	Reason  string    `json:"reason"`
	Photos  []string  `json:"photos"`
	To      Assignee  `json:"to"`
	Place   id.ID     `json:"place,string"` // desk to hand up or down to
	Into    id.ID     `json:"into,string"`
	Until   time.Time `json:"until"`
	Outcome Outcome   `json:"outcome"`
	Rating  int       `json:"rating"`     // 1…5, 0 not given
	Ref     id.ID     `json:"ref,string"` // the entry, photo or link an act is about
	Receipt string    `json:"receipt"`    // number at the receiver, when handed up out of Linli

	Category string `json:"category"` // of classify
	Grade    Grade  `json:"grade"`    // of classify; "" the category's
	Shown    string `json:"shown"`    // of release: the copy of the photo to show, "" the photo itself
	Voice    string `json:"voice"`    // of not_done and me_too by a visitor: a mark from the visitor's cookie, so that once is once
}

// Desk is where issues are handed in, moved and looked up.
type Desk struct {
	DB       *db.DB
	Calendar *worktime.Calendar // nil: the statutory one in China's time
	Shapes   *place.Shapes      // boundaries kept in memory; nil works, slowly
	Pins     *Pins              // the map kept in memory; nil works, slowly
	Shelf    *Shelf             // the categories kept in memory; nil works, slowly
}

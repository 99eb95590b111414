package issue

import (
	"slices"

	"github.com/linli-town/linli/internal/base/who"
)

// State is where an issue stands; Act is what moves it; Outcome is how it ended;
// Answer is what the reporter said of that.
type (
	State   string
	Act     string
	Outcome string
	Answer  string
)

const (
	Reported   State = "reported"
	Accepted   State = "accepted"
	Dispatched State = "dispatched"
	InHand     State = "in_hand"
	Paused     State = "paused"
	Handled    State = "handled"
	Closed     State = "closed"
	Refused    State = "refused"
	Merged     State = "merged"

	Solved      Outcome = "solved"
	Partly      Outcome = "partly"
	Explained   Outcome = "explained"
	HandedUp    Outcome = "handed_up"
	CarriedOver Outcome = "carried_over"

	Awaiting    Answer = "awaiting"
	Confirmed   Answer = "confirmed"
	Unconfirmed Answer = "unconfirmed"
	Disputed    Answer = "disputed"
)

const (
	ActReport    Act = "report"
	ActAccept    Act = "accept"
	ActRefuse    Act = "refuse"
	ActSpam      Act = "spam" // refuse as spam, can be undone
	ActUnspam    Act = "unspam"
	ActMerge     Act = "merge"
	ActUnmerge   Act = "unmerge"
	ActAsk       Act = "ask"   // ask the reporter; the clock stands; expires in 5 days
	ActReply     Act = "reply" // the reporter answers
	ActAdd       Act = "add"   // the reporter adds words or photos
	ActWithdraw  Act = "withdraw"
	ActHand      Act = "hand"   // to a person, team or organisation
	ActTake      Act = "take"   // the task is accepted
	ActReturn    Act = "return" // the task is returned, with reason and proposed owner
	ActDecide    Act = "decide" // 马上办 decides after two returns: as hand, but cannot be returned
	ActRecall    Act = "recall" // the desk takes the task back
	ActUp        Act = "up"
	ActDown      Act = "down"
	ActPause     Act = "pause" // 缓办: asked; runs from approval
	ActResume    Act = "resume"
	ActExtend    Act = "extend" // asked; holds from approval
	ActApprove   Act = "approve"
	ActDeny      Act = "deny"
	ActHandle    Act = "handle"
	ActPass      Act = "pass"
	ActRework    Act = "rework"
	ActConfirm   Act = "confirm"
	ActDispute   Act = "dispute"
	ActCallBack  Act = "callback" // 回访 by telephone: Reason confirm|dispute|heard (called back before it was done)|unreachable
	ActSilence   Act = "silence"  // seven days without an answer
	ActNotDone   Act = "not_done" // a neighbour says, once, with a photo
	ActMeToo     Act = "me_too"
	ActNote      Act = "note" // internal
	ActTell      Act = "tell" // a public word from the desk
	ActRelease   Act = "release"
	ActUnrelease Act = "unrelease"
	ActHide      Act = "hide"
	ActShow      Act = "show"
	ActCorrect   Act = "correct"  // puts a wrong act right by a new one
	ActClassify  Act = "classify" // another category
	ActUrge      Act = "urge"     // 催办
	ActLate      Act = "late"     // a limit ran out; the next level is told
)

// Step is one line of the life of an issue.
type Step struct {
	Act  Act
	From []State // nil: any that is not merged
	To   State   // "" stays; Back: where it was before
	By   Hand
	Need Need
	If   string // this line holds only for it: the wish that is approved, the answer that was given, "undo"
	Free bool   // needs no Rev: it takes nothing away from what the others see
}

// Back stands in the table for the state an issue was in before.
const Back State = "back"

// Hand says who may do it.
type Hand string

const (
	AnyOne   Hand = "anyone"
	Reporter Hand = "reporter" // holds the private link, or is the person who raised it or for whom it was raised
	DeskHand Hand = "desk"     // has Right in the place of the issue
	TaskHand Hand = "task"     // the one it was handed to: person, member of the team, worker of the organisation, holder of an outsider's link
	Program  Hand = "program"
)

// Need is what an act must bring.
type Need struct {
	Right   who.Right // for DeskHand
	Text    bool
	Reason  bool // a code from the list Reasons gives
	Photo   bool // a photo or a text
	Picture bool // a photo
	To      bool
	Place   bool
	Into    bool
	Until   bool
	Result  bool // an outcome
	Ref     bool // the entry or photo it is about
}

var (
	open   = []State{Reported, Accepted, Dispatched, InHand, Paused, Handled} // not ended
	moving = []State{Accepted, Dispatched, InHand}                            // somebody's to do
	early  = []State{Reported, Accepted}
	tasked = []State{Dispatched, InHand}
)

// flow is the whole life of an issue. docs/flow.md is drawn from it.
var flow = []Step{
	// How it is taken up.
	{Act: ActReport, From: []State{""}, To: Reported, By: AnyOne, Need: Need{}, Free: true},
	{Act: ActAccept, From: []State{Reported}, To: Accepted, By: DeskHand, Need: Need{Right: who.IssueMove}},
	{Act: ActRefuse, From: early, To: Refused, By: DeskHand, Need: Need{Right: who.IssueMove, Reason: true, Text: true}},
	{Act: ActSpam, From: early, To: Refused, By: DeskHand, Need: Need{Right: who.IssueMove}},
	{Act: ActUnspam, From: []State{Refused}, To: Back, By: DeskHand, Need: Need{Right: who.IssueMove}},
	{Act: ActMerge, From: []State{Reported, Accepted, Dispatched, InHand, Paused}, To: Merged, By: DeskHand, Need: Need{Right: who.IssueMove, Into: true}},
	{Act: ActUnmerge, From: []State{Merged}, To: Back, By: DeskHand, Need: Need{Right: who.IssueMove}},
	{Act: ActClassify, From: open, By: DeskHand, Need: Need{Right: who.IssueMove}},

	// Words between the reporter and those who do it.
	{Act: ActAsk, From: []State{Reported, Accepted, Dispatched, InHand}, To: Paused, By: DeskHand, Need: Need{Right: who.IssueMove, Text: true}},
	{Act: ActAsk, From: []State{InHand}, To: Paused, By: TaskHand, Need: Need{Text: true}},
	{Act: ActReply, From: []State{Paused}, To: Back, By: Reporter, Need: Need{Photo: true}, Free: true},
	{Act: ActAdd, From: open, By: Reporter, Need: Need{Photo: true}, Free: true},
	{Act: ActUrge, From: open, By: Reporter, Free: true},
	{Act: ActUrge, From: open, By: DeskHand, Need: Need{Right: who.IssueMove}, Free: true},
	{Act: ActWithdraw, From: []State{Reported, Accepted, Dispatched, InHand, Paused}, To: Refused, By: Reporter},
	{Act: ActTell, By: DeskHand, Need: Need{Right: who.IssueMove, Text: true}, Free: true},
	{Act: ActTell, From: open, By: TaskHand, Need: Need{Photo: true}, Free: true},
	{Act: ActNote, By: DeskHand, Need: Need{Right: who.IssueSee, Text: true}, Free: true},
	{Act: ActNote, From: open, By: TaskHand, Need: Need{Text: true}, Free: true},

	// Who does it.
	{Act: ActHand, From: []State{Accepted}, To: Dispatched, By: DeskHand, Need: Need{Right: who.IssueMove, To: true}},
	{Act: ActDecide, From: []State{Accepted}, To: Dispatched, By: DeskHand, Need: Need{Right: who.IssueDecide, To: true}},
	{Act: ActTake, From: []State{Dispatched}, To: InHand, By: TaskHand},
	{Act: ActReturn, From: tasked, To: Accepted, By: TaskHand, Need: Need{Reason: true, To: true}},
	{Act: ActRecall, From: tasked, To: Accepted, By: DeskHand, Need: Need{Right: who.IssueMove, Text: true}},
	{Act: ActUp, From: early, By: DeskHand, Need: Need{Right: who.IssueMove, Reason: true, Place: true}},
	{Act: ActDown, From: early, By: DeskHand, Need: Need{Right: who.IssueMove, Reason: true, Place: true}},

	// Time.
	{Act: ActPause, From: moving, By: DeskHand, Need: Need{Right: who.IssueMove, Reason: true, Until: true}},
	{Act: ActPause, From: []State{InHand}, By: TaskHand, Need: Need{Reason: true, Until: true}},
	{Act: ActExtend, From: moving, By: DeskHand, Need: Need{Right: who.IssueMove, Reason: true, Until: true}},
	{Act: ActExtend, From: []State{InHand}, By: TaskHand, Need: Need{Reason: true, Until: true}},
	{Act: ActApprove, From: moving, To: Paused, By: DeskHand, Need: Need{Right: who.IssueApprove}, If: "pause"},
	{Act: ActApprove, From: moving, By: DeskHand, Need: Need{Right: who.IssueApprove}, If: "extend"},
	{Act: ActDeny, From: moving, By: DeskHand, Need: Need{Right: who.IssueApprove, Text: true}},
	{Act: ActResume, From: []State{Paused}, To: Back, By: DeskHand, Need: Need{Right: who.IssueMove}},
	{Act: ActResume, From: []State{Paused}, To: Back, By: Program},
	{Act: ActLate, From: open, By: Program, Free: true},

	// Handled, checked by somebody else, answered.
	{Act: ActHandle, From: []State{Accepted}, To: Handled, By: DeskHand, Need: Need{Right: who.IssueHandle, Photo: true, Result: true}},
	{Act: ActHandle, From: []State{InHand}, To: Handled, By: TaskHand, Need: Need{Photo: true, Result: true}},
	{Act: ActPass, From: []State{Handled}, To: Closed, By: DeskHand, Need: Need{Right: who.IssueCheck}},
	{Act: ActRework, From: []State{Handled}, To: Back, By: DeskHand, Need: Need{Right: who.IssueCheck, Text: true}},
	{Act: ActConfirm, From: []State{Closed}, By: Reporter, Free: true},
	{Act: ActDispute, From: []State{Closed}, To: Accepted, By: Reporter, Need: Need{Reason: true}, Free: true},
	{Act: ActCallBack, From: []State{Closed}, By: DeskHand, Need: Need{Right: who.IssueCallBack, Reason: true}, If: "confirm"},
	{Act: ActCallBack, From: []State{Closed}, To: Accepted, By: DeskHand, Need: Need{Right: who.IssueCallBack, Reason: true}, If: "dispute"},
	{Act: ActCallBack, By: DeskHand, Need: Need{Right: who.IssueCallBack, Reason: true}, If: "heard"},
	{Act: ActCallBack, By: DeskHand, Need: Need{Right: who.IssueCallBack, Reason: true}, If: "unreachable"},
	{Act: ActSilence, From: []State{Closed}, By: Program},
	{Act: ActNotDone, From: []State{Handled, Closed}, By: AnyOne, Need: Need{Picture: true}, Free: true},
	{Act: ActMeToo, From: []State{Reported, Accepted, Dispatched, InHand, Paused, Handled, Closed}, By: AnyOne, Free: true},

	// What the public sees, and what was wrong.
	{Act: ActRelease, By: DeskHand, Need: Need{Right: who.IssueRelease}, Free: true},
	{Act: ActUnrelease, By: DeskHand, Need: Need{Right: who.IssueRelease}, Free: true},
	{Act: ActHide, By: DeskHand, Need: Need{Right: who.IssueRelease}, Free: true},
	{Act: ActShow, By: DeskHand, Need: Need{Right: who.IssueRelease}, Free: true},
	{Act: ActCorrect, From: []State{Accepted, Refused, Handled, Closed}, To: Back, By: DeskHand, Need: Need{Right: who.IssueMove, Text: true, Ref: true}, If: "undo"},
	{Act: ActCorrect, By: DeskHand, Need: Need{Right: who.IssueMove, Text: true, Ref: true}, If: "words"},
}

// Some numbers of the flow. They are rules of the town, not settings of a page.
const (
	askDays     = 5  // the reporter has these to answer a question
	answerDays  = 7  // of silence make a closed issue unconfirmed
	disputeDays = 30 // after closing, 还没好 reopens it
	bounceMost  = 2  // returns after which only 马上办 decides
	extendMost  = 365
	titleMost   = 60   // characters
	textMost    = 2000 // characters
	photoMost   = 5
)

// reasons are the codes an act's reason may be. The list a person chooses from is in this order.
var reasons = map[Act][]string{
	ActRefuse:   {"not_ours", "private_matter", "no_fact", "court", "settled_before", "unclear"},
	ActReturn:   {"not_ours", "no_means", "wrong_place", "already_done", "no_time"},
	ActUp:       {"beyond_us", "several_places", "department", "money", "danger"},
	ActDown:     {"closer_hands", "theirs"},
	ActPause:    {"weather", "materials", "permission", "others", "season"},
	ActExtend:   {"weather", "materials", "permission", "others", "harder"},
	ActDispute:  {"not_fixed", "half", "came_back", "nobody_came", "other_thing", "manner"},
	ActCallBack: {"confirm", "dispute", "heard", "unreachable"},
}

// Reasons lists the codes an act's reason may be; the words are the keys issue.reason.<code>.
func Reasons(a Act) []string { return reasons[a] }

// Steps is the table of the life of an issue, for pages that draw it.
func Steps() []Step { return slices.Clone(flow) }

// Ended reports whether nothing more is to be done: closed, refused or merged.
func (s State) Ended() bool { return s == Closed || s == Refused || s == Merged }

// runs reports whether the clocks run in it.
func (s State) runs() bool { return s == Reported || slices.Contains(moving, s) }

package issue

import (
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
	ActCallBack  Act = "callback" // the chair takes the answer by telephone: Outcome "", Reason confirm|dispute
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
	To   State   // "" stays
	By   Hand
	Need Need
}

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
	Right  who.Right // for DeskHand
	Text   bool
	Reason bool
	Photo  bool // a photo or a text
	To     bool
	Place  bool
	Into   bool
	Until  bool
	Result bool // an outcome
}

package who

import "slices"

// Role is what a person is in a place.
type Role string

const (
	CouncilMember    Role = "council_member"    // 理事
	CouncilChair     Role = "council_chair"     // 理事长
	GridWorker       Role = "grid_worker"       // 网格员
	CommunityStaff   Role = "community_staff"   // 社区工作人员
	SubdistrictStaff Role = "subdistrict_staff" // 街道工作人员
	DoItNow          Role = "do_it_now"         // 马上办
	Admin            Role = "admin"
)

// Roles are all roles, the lowest first.
var Roles = []Role{CouncilMember, CouncilChair, GridWorker, CommunityStaff, SubdistrictStaff, DoItNow, Admin}

// Right is one thing a role allows in its place.
type Right string

const (
	IssueSee      Right = "issue.see"      // read what is not public
	IssueEnter    Right = "issue.enter"    // enter an issue on somebody's behalf
	IssueMove     Right = "issue.move"     // accept, refuse, merge, ask, hand, hand up or down, note
	IssueHandle   Right = "issue.handle"   // say that it is handled
	IssueCheck    Right = "issue.check"    // check what somebody else handled
	IssueApprove  Right = "issue.approve"  // approve a pause or an extension
	IssueDecide   Right = "issue.decide"   // decide who must do it after two returns
	IssueRelease  Right = "issue.release"  // make texts and photos public, take them back
	IssueCallBack Right = "issue.callback" // take the reporter's answer by telephone
	IssueBulk     Right = "issue.bulk"
	ContactSee    Right = "contact.see" // see a telephone number; leaves an act
	Announce      Right = "announce"

	CategoryEdit Right = "category.edit"
	PlaceEdit    Right = "place.edit"
	PeopleEdit   Right = "people.edit" // persons, organisations, teams, councils
	GrantEdit    Right = "grant.edit"
	Erase        Right = "person.erase"
	AbuseEdit    Right = "abuse.edit"
	ChannelSee   Right = "channel.see"
	AuditSee     Right = "audit.see"
)

// rights is the one table of who may do what. A grant holds for its place and
// everything below it.
var rights = map[Role][]Right{
	CouncilMember:    {IssueSee, IssueEnter, IssueHandle},
	CouncilChair:     {IssueSee, IssueEnter, IssueMove, IssueHandle, IssueCheck, IssueCallBack, ContactSee, IssueBulk},
	GridWorker:       {IssueSee, IssueEnter, IssueHandle, IssueCheck, ContactSee},
	CommunityStaff:   {IssueSee, IssueEnter, IssueMove, IssueHandle, IssueCheck, IssueApprove, IssueRelease, IssueCallBack, IssueBulk, ContactSee, Announce, AbuseEdit},
	SubdistrictStaff: {IssueSee, IssueEnter, IssueMove, IssueHandle, IssueCheck, IssueApprove, IssueDecide, IssueRelease, IssueCallBack, IssueBulk, ContactSee, Announce, AbuseEdit, ChannelSee, Erase, AuditSee},
	DoItNow:          {IssueSee, IssueEnter, IssueMove, IssueHandle, IssueCheck, IssueApprove, IssueDecide, IssueRelease, IssueCallBack, IssueBulk, ContactSee},
	Admin:            {CategoryEdit, PlaceEdit, PeopleEdit, GrantEdit, Erase, AbuseEdit, ChannelSee, AuditSee},
}

// Rights lists what a role allows.
func (r Role) Rights() []Right { return slices.Clone(rights[r]) }

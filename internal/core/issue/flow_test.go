package issue

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

var update = flag.Bool("update", false, "write docs/flow.md anew")

// The neighbourhood /1/2/ in the community /1/ of the tests.
var (
	chair  = who.Actor{ID: 10, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/1/2/"}}}
	staff  = who.Actor{ID: 20, Grants: []who.Grant{{Role: who.CommunityStaff, Path: "/1/"}}}
	office = who.Actor{ID: 30, Grants: []who.Grant{{Role: who.DoItNow, Path: "/"}}}
	wang   = who.Actor{ID: 40}
	li     = who.Actor{ID: 41, Teams: []id.ID{400}}
	firm   = who.Actor{ID: 42, Orgs: []id.ID{500}}
	link   = who.Actor{Link: 1}
	guest  = who.Actor{Guest: 1}
	timer  = who.System(who.Timer)
)

func wild(t *rapid.T, c Issue, now time.Time) (Move, who.Actor, Relation) {
	var acts []Act
	for _, s := range flow[1:] {
		acts = append(acts, s.Act)
	}
	by := rapid.SampledFrom([]who.Actor{chair, staff, office, wang, li, firm, link, guest, timer, {}}).Draw(t, "by")
	rel := Relation{}
	if c.Task != 0 {
		rel.Task = Task{ID: c.Task, To: rapid.SampledFrom([]Assignee{{"person", 40}, {"team", 400}, {"org", 500}, {"person", 10}, {"guest", 9}}).Draw(t, "task"), Decided: rapid.Bool().Draw(t, "decided")}
	}
	a := rapid.SampledFrom(acts).Draw(t, "act")
	if may := c.Acts(by, rel, now); len(may) > 0 && rapid.IntRange(0, 3).Draw(t, "wild") > 0 { // mostly what could be done
		a = rapid.SampledFrom(may).Draw(t, "likely")
	}
	m := Move{Act: a, Text: "换了灯", Photos: []string{"p"}, Receipt: "12345-1", Into: 2, Place: 3, Ref: 4, Category: "x", Reason: "x",
		To:      rapid.SampledFrom([]Assignee{{"person", 40}, {"team", 400}, {"org", 500}, {"guest", 9}, {"person", 10}}).Draw(t, "to"),
		Outcome: rapid.SampledFrom([]Outcome{Solved, Partly, Explained, HandedUp, CarriedOver}).Draw(t, "outcome"),
		Until:   now.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "until")) * time.Hour)}
	if r := Reasons(a); len(r) > 0 {
		m.Reason = rapid.SampledFrom(r).Draw(t, "reason")
	}
	switch rapid.IntRange(0, 20).Draw(t, "spoil") { // now and then something is missing
	case 1:
		m.Text = ""
	case 2:
		m.Photos = nil
	case 3:
		m.Receipt = ""
	case 4:
		m.Reason = ""
	case 5:
		m.To = Assignee{"desk", 0}
	case 6:
		m.Outcome = "done"
	case 7:
		m.Until = start
	}
	rel = Relation{Task: rel.Task, Goal: rapid.SampledFrom([]string{"/", "", "/1/", "/1/2/", "/1/2/3/", "/9/"}).Draw(t, "goal"), Said: rapid.IntRange(0, 4).Draw(t, "said") == 1,
		Into: Issue{ID: 2, State: rapid.SampledFrom([]State{Reported, Closed, Merged, Refused}).Draw(t, "into")},
		Last: rapid.Bool().Draw(t, "last"),
		Ref:  Entry{Act: rapid.SampledFrom([]Act{ActRefuse, ActPass, ActHandle, ActWithdraw, ActNote, ActAccept}).Draw(t, "ref"), To: c.State}}
	rel.Ref.From = map[Act]State{ActRefuse: Reported, ActPass: Handled, ActHandle: Accepted, ActWithdraw: InHand, ActNote: c.State, ActAccept: Reported}[rel.Ref.Act]
	if rel.Ref.Act == ActHandle && c.Task != 0 {
		rel.Ref.From = InHand
	}
	if (rel.Ref.Act == ActRefuse || rel.Ref.Act == ActWithdraw) != (c.State == Refused) || rel.Ref.Act == ActPass != (c.State == Closed) || rel.Ref.Act == ActHandle != (c.State == Handled) || rel.Ref.Act == ActAccept != (c.State == Accepted) {
		rel.Last = false
	}
	return m, by, rel
}

var start = time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC)

// accounted says what is wrong with how an issue stands.
func accounted(c Issue) string {
	in := func(s State, of ...State) bool { return slices.Contains(of, s) }
	switch {
	case !in(c.State, Reported, Accepted, Dispatched, InHand, Paused, Handled, Closed, Refused, Merged):
		return "off the map"
	case (c.State == Closed || c.State == Handled) != (c.Outcome != ""):
		return "an outcome goes with handled and closed, and with nothing else"
	case c.State == Closed && !slices.Contains([]Answer{Awaiting, Confirmed, Unconfirmed}, c.Answer):
		return "closed without an answer"
	case c.State != Closed && c.Answer != "" && c.Answer != Disputed:
		return "an answer to what is not closed"
	case (c.State == Closed) != !c.Closed.IsZero():
		return "closed at no time, or not closed"
	case (c.State == Refused) != (c.Why != "") && c.State != Paused:
		return "refused without a reason"
	case (c.State == Merged) != (c.Into != 0):
		return "merged into nothing"
	case (c.State == Paused) != !c.Paused.IsZero():
		return "paused since never"
	case c.Task != 0 && in(c.State, Reported, Accepted, Refused, Merged):
		return "a task nobody looks after"
	case in(c.State, Dispatched, InHand) && c.Task == 0:
		return "with nobody"
	case c.Outcome == HandedUp && c.Receipt == "":
		return "handed up without a number"
	}
	return ""
}

// Whatever anyone tries, an issue stays on the map, each success raises Rev by one, a
// refusal changes nothing, the one who handled never lets it pass, and every end is accounted for.
func TestWhateverAnyoneTries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		c := Issue{ID: 1, State: Reported, Owner: 40, Path: "/1/2/7/", Desk: 2, DeskPath: "/1/2/", Rev: 1, At: now,
			Accept: now.Add(time.Hour), Dispatch: now.Add(2 * time.Hour), First: now.Add(24 * time.Hour), Settle: now.Add(72 * time.Hour)}
		c.DeskPath = rapid.SampledFrom([]string{"/1/2/", "/1/"}).Draw(t, "desk")
		switch c.State = rapid.SampledFrom([]State{Reported, Accepted, Dispatched, InHand, Handled, Closed}).Draw(t, "start"); c.State {
		case Dispatched, InHand, Handled, Closed:
			c.Task = 7
		}
		if c.State == Handled || c.State == Closed {
			c.Outcome, c.Handler, c.Was = Solved, rapid.SampledFrom([]id.ID{10, 20, 30, 41}).Draw(t, "handler"), InHand
		}
		if c.State == Closed {
			c.Closed, c.Answer = now, Awaiting
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "wait")) * time.Hour)
			m, by, rel := wild(t, c, now)
			may := c.Acts(by, rel, now)
			next, err := c.Step(m, by, rel, now)
			if err != nil {
				if next != c {
					t.Fatalf("refused but changed: %+v to %+v", c, next)
				}
				if fail.KindOf(err) == fail.Fault {
					t.Fatalf("%s: %v", m.Act, err)
				}
				continue
			}
			// The desk makes the task.
			if m.Act == ActHand || m.Act == ActDecide {
				next.Task = 7
			}
			if next.Rev != c.Rev+1 || next.Moved != now {
				t.Fatalf("%s: rev %d to %d", m.Act, c.Rev, next.Rev)
			}
			if bad := accounted(next); bad != "" {
				t.Fatalf("%s from %s by %+v: %s: %+v", m.Act, c.State, by, bad, next)
			}
			if m.Act == ActPass && (by.ID == c.Handler && by.ID != 0 || by.ID == 0 && !by.IsSystem() || c.Holds(by, rel.Task)) {
				t.Fatalf("%+v handled and checked", by)
			}
			if !by.IsSystem() && !slices.Contains(may, m.Act) {
				t.Fatalf("%s was done, but no button shows it to %+v", m.Act, by)
			}
			c = next
		}
	})
}

func TestRulesOfTheRoad(t *testing.T) {
	base := Issue{ID: 1, Owner: 40, Path: "/1/2/7/", Desk: 2, DeskPath: "/1/2/", Rev: 1, Task: 7}
	at := func(s State, f func(*Issue)) Issue {
		c := base
		if c.State = s; s == Reported || s == Accepted {
			c.Task = 0
		}
		if s == Closed {
			c.Closed, c.Answer, c.Outcome = start, Awaiting, Solved
		}
		if f != nil {
			f(&c)
		}
		return c
	}
	team := Relation{Task: Task{ID: 7, To: Assignee{"team", 400}}}
	for name, tt := range map[string]struct {
		c    Issue
		by   who.Actor
		m    Move
		rel  Relation
		code string
	}{
		"a resident does not accept":              {at(Reported, nil), wang, Move{Act: ActAccept}, Relation{}, "issue.not_yours"},
		"the chair accepts":                       {at(Reported, nil), chair, Move{Act: ActAccept}, Relation{}, ""},
		"another chair does not":                  {at(Reported, nil), who.Actor{ID: 11, Grants: []who.Grant{{Role: who.CouncilChair, Path: "/1/3/"}}}, Move{Act: ActAccept}, Relation{}, "issue.not_yours"},
		"a refusal has a reason":                  {at(Reported, nil), chair, Move{Act: ActRefuse, Text: "…"}, Relation{}, "issue.need_reason"},
		"a reason from the list":                  {at(Reported, nil), chair, Move{Act: ActRefuse, Text: "…", Reason: "lazy"}, Relation{}, "issue.need_reason"},
		"the chair below has let go":              {at(Reported, func(c *Issue) { c.DeskPath = "/1/" }), chair, Move{Act: ActAccept}, Relation{}, "issue.not_yours"},
		"a member of the team takes it":           {at(Dispatched, nil), li, Move{Act: ActTake}, team, ""},
		"a stranger does not":                     {at(Dispatched, nil), firm, Move{Act: ActTake}, team, "issue.not_yours"},
		"an old task takes nothing":               {at(Dispatched, func(c *Issue) { c.Task = 8 }), li, Move{Act: ActTake}, team, "issue.not_yours"},
		"a return proposes an owner":              {at(Dispatched, nil), li, Move{Act: ActReturn, Reason: "no_means"}, team, "issue.need_to"},
		"after two returns the chair cannot hand": {at(Accepted, func(c *Issue) { c.Bounced = 2 }), chair, Move{Act: ActHand, To: Assignee{"org", 500}}, Relation{}, "issue.decide_only"},
		"but 马上办 decides":                         {at(Accepted, func(c *Issue) { c.Bounced = 2 }), office, Move{Act: ActDecide, To: Assignee{"org", 500}}, Relation{}, ""},
		"not before":                              {at(Accepted, nil), office, Move{Act: ActDecide, To: Assignee{"org", 500}}, Relation{}, "issue.not_bounced"},
		"what is decided stays":                   {at(Dispatched, nil), li, Move{Act: ActReturn, Reason: "no_means", To: Assignee{"org", 500}}, Relation{Task: Task{ID: 7, To: team.Task.To, Decided: true}}, "issue.decided"},
		"also for the chair":                      {at(Dispatched, nil), chair, Move{Act: ActRecall, Text: "…"}, Relation{Task: Task{ID: 7, Decided: true}}, "issue.decided"},
		"solved needs a word or a photo":          {at(InHand, nil), li, Move{Act: ActHandle, Outcome: Solved}, team, "issue.need_photo"},
		"explained needs words":                   {at(InHand, nil), li, Move{Act: ActHandle, Outcome: Explained, Photos: []string{"p"}}, team, "issue.need_text"},
		"handed up needs the receiver's number":   {at(InHand, nil), li, Move{Act: ActHandle, Outcome: HandedUp, Text: "…"}, team, "issue.need_receipt"},
		"an outsider handles by link":             {at(InHand, nil), guest, Move{Act: ActHandle, Outcome: Solved, Text: "…"}, team, ""},
		"but not another issue":                   {at(InHand, func(c *Issue) { c.ID = 2 }), guest, Move{Act: ActHandle, Outcome: Solved, Text: "…"}, team, "issue.not_yours"},
		"the handler does not check":              {at(Handled, func(c *Issue) { c.Handler = 10 }), chair, Move{Act: ActPass}, Relation{}, "issue.own_work"},
		"nor a colleague of the same task":        {at(Handled, func(c *Issue) { c.Handler = 41 }), who.Actor{ID: 10, Teams: []id.ID{400}, Grants: chair.Grants}, Move{Act: ActPass}, team, "issue.own_work"},
		"somebody else does":                      {at(Handled, func(c *Issue) { c.Handler = 10 }), staff, Move{Act: ActPass}, Relation{}, ""},
		"the handler does not call back":          {at(Closed, func(c *Issue) { c.Handler = 10 }), chair, Move{Act: ActCallBack, Reason: "confirm"}, Relation{}, "issue.own_work"},
		"the reporter confirms":                   {at(Closed, nil), link, Move{Act: ActConfirm}, Relation{}, ""},
		"a stranger does not confirm":             {at(Closed, nil), li, Move{Act: ActConfirm}, Relation{}, "issue.not_yours"},
		"nobody without a link does":              {at(Closed, nil), who.Actor{}, Move{Act: ActConfirm}, Relation{}, "issue.not_yours"},
		"nor the link of another":                 {at(Closed, nil), who.Actor{Link: 9}, Move{Act: ActConfirm}, Relation{}, "issue.not_yours"},
		"a dispute has a reason":                  {at(Closed, nil), link, Move{Act: ActDispute}, Relation{}, "issue.need_reason"},
		"a dispute comes in time":                 {at(Closed, func(c *Issue) { c.Closed = start.AddDate(0, 0, -31) }), link, Move{Act: ActDispute, Reason: "half"}, Relation{}, "issue.dispute_late"},
		"a neighbour shows a photo":               {at(Closed, nil), li, Move{Act: ActNotDone, Text: "…"}, Relation{}, "issue.need_picture"},
		"and says it once":                        {at(Closed, nil), li, Move{Act: ActNotDone, Photos: []string{"p"}}, Relation{Said: true}, "issue.said"},
		"a visitor leaves a mark":                 {at(Closed, nil), who.Actor{}, Move{Act: ActNotDone, Photos: []string{"p"}}, Relation{}, "issue.need_voice"},
		"nobody approves his own wish":            {at(InHand, func(c *Issue) { c.Wish, c.WishBy, c.WishTo = ActPause, 20, start.AddDate(0, 0, 3) }), staff, Move{Act: ActApprove}, Relation{}, "issue.own_wish"},
		"a chair approves nothing":                {at(InHand, func(c *Issue) { c.Wish, c.WishBy, c.WishTo = ActPause, 41, start.AddDate(0, 0, 3) }), chair, Move{Act: ActApprove}, Relation{}, "issue.not_yours"},
		"up goes up":                              {at(Accepted, nil), chair, Move{Act: ActUp, Reason: "money", Place: 3}, Relation{Goal: "/1/2/3/"}, "issue.place_wrong"},
		"up to the community":                     {at(Accepted, nil), chair, Move{Act: ActUp, Reason: "money", Place: 1}, Relation{Goal: "/1/"}, ""},
		"silence is seven days":                   {at(Closed, func(c *Issue) { c.Closed = start.AddDate(0, 0, -6) }), timer, Move{Act: ActSilence}, Relation{}, "issue.not_silent"},
		"only spam is taken back so":              {at(Refused, func(c *Issue) { c.Was = Reported }), chair, Move{Act: ActUnspam}, Relation{}, "issue.not_spam"},
		"a merged issue is not merged into":       {at(Accepted, nil), chair, Move{Act: ActMerge, Into: 2}, Relation{Into: Issue{ID: 2, State: Merged}}, "issue.into_ended"},
		"nor into itself":                         {at(Accepted, nil), chair, Move{Act: ActMerge, Into: 1}, Relation{Into: Issue{ID: 1, State: Accepted}}, "issue.into_wrong"},
		"nor across trees":                        {at(Accepted, nil), chair, Move{Act: ActMerge, Into: 2}, Relation{Into: Issue{ID: 2, State: Accepted, Tree: 9}}, "issue.into_wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tt.c.Step(tt.m, tt.by, tt.rel, start)
			code := ""
			if e, ok := err.(*fail.Error); ok {
				code = e.Code
			}
			if code != tt.code {
				t.Errorf("got %q, want %q", code, tt.code)
			}
		})
	}
}

// A limit met too late was missed, whether or not its timer rang first.
func TestMetTooLateIsMissed(t *testing.T) {
	c := Issue{ID: 1, State: Reported, Path: "/1/2/7/", DeskPath: "/1/2/", Accept: start.Add(-time.Minute), Dispatch: start.Add(time.Hour), Settle: start.Add(time.Hour)}
	got, err := c.Step(Move{Act: ActAccept}, chair, Relation{}, start)
	if err != nil || !got.Late || got.Missed != "accept" || !got.Accept.IsZero() {
		t.Errorf("late %v, missed %q, accept %v, %v", got.Late, got.Missed, got.Accept, err)
	}
	got, err = got.Step(Move{Act: ActHand, To: Assignee{"org", 500}}, chair, Relation{}, start)
	if err != nil || got.Missed != "accept" || !got.Dispatch.IsZero() || got.Settle.IsZero() {
		t.Errorf("missed %q, dispatch %v, %v", got.Missed, got.Dispatch, err)
	}
}

// docs/flow.md is drawn from the table; go test ./internal/core/issue -run FlowPage -update draws it anew.
func TestFlowPageIsFresh(t *testing.T) {
	const path = "../../../docs/flow.md"
	want := flowPage()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/flow.md is stale; draw it with -update (-table +page):\n%s", diff)
	}
}

func flowPage() string {
	var b strings.Builder
	b.WriteString(`# The life of an issue

Drawn from the table in ` + "`internal/core/issue/flow.go`" + ` by its test; do not edit here.
An issue ends closed (with one outcome and one answer), refused (with a reason) or merged (into one that is not).

` + "```mermaid\nstateDiagram-v2\n  direction LR\n  [*] --> reported: report\n")
	arrows := map[string][]string{}
	var order []string
	for _, s := range flow[1:] {
		for _, f := range s.From {
			if s.To == "" {
				continue
			}
			to := []State{s.To}
			if s.To == Back {
				to = backs[s.Act]
			}
			for _, x := range to {
				k := fmt.Sprintf("%s --> %s", f, x)
				if x == f {
					continue
				}
				if arrows[k] == nil {
					order = append(order, k)
				}
				if l := string(s.Act); !slices.Contains(arrows[k], l) {
					arrows[k] = append(arrows[k], l)
				}
			}
		}
	}
	for _, k := range order {
		fmt.Fprintf(&b, "  %s: %s\n", k, strings.Join(arrows[k], ", "))
	}
	b.WriteString("  closed --> [*]\n  refused --> [*]\n  merged --> [*]\n```\n\n| act | from | to | by | needs | only if |\n|---|---|---|---|---|---|\n")
	for _, s := range flow {
		from := "any but merged"
		if s.From != nil {
			var xs []string
			for _, f := range s.From {
				xs = append(xs, string(f))
			}
			from = strings.Join(xs, ", ")
		}
		to := string(s.To)
		if to == "" {
			to = "stays"
		}
		by := string(s.By)
		if s.Need.Right != "" {
			by += " with " + string(s.Need.Right)
		}
		var needs []string
		n := s.Need
		for _, x := range []struct {
			is   bool
			word string
		}{{n.Text, "text"}, {n.Reason, "reason"}, {n.Photo, "photo or text"}, {n.Picture, "photo"}, {n.To, "to whom"}, {n.Place, "place"}, {n.Into, "issue"}, {n.Until, "until"}, {n.Result, "outcome"}, {n.Ref, "entry"}} {
			if x.is {
				needs = append(needs, x.word)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", s.Act, from, to, by, strings.Join(needs, ", "), s.If)
	}
	fmt.Fprintf(&b, `
- The one who handles never checks, never calls back, and never confirms; nor does anybody who acts for the same task.
- After %d returns only 马上办 decides; what it decides cannot be returned.
- A question to the reporter stands for %d days, then the clock runs on. A pause or an extension holds from the approval of somebody else than the one who asked.
- Closed: the reporter has %d days to answer, then silence is counted apart (unconfirmed); 还没好 reopens it under the same number for %d days.
- A neighbour, a link or a visitor says once, with a photo, that it is not done.
`, bounceMost, askDays, answerDays, disputeDays)
	return b.String()
}

// backs are the states an act that goes back can lead to.
var backs = map[Act][]State{
	ActUnspam: early, ActUnmerge: early, ActReply: {Reported, Accepted, Dispatched, InHand}, ActResume: {Reported, Accepted, Dispatched, InHand},
	ActRework: {Accepted, InHand}, ActCorrect: {Reported, Accepted, InHand, Handled},
}

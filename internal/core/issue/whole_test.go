package issue

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
)

// whole says what does not fit together in what is kept of an issue.
func (w *town) whole(c Issue) string {
	if bad := accounted(c); bad != "" {
		return bad
	}
	running := w.count(`select count(*) from clock where issue = $1 and stop = 0`, c.ID)
	ever := w.count(`select count(*) from clock where issue = $1`, c.ID)
	switch dues := !c.Accept.IsZero() || !c.Dispatch.IsZero() || !c.First.IsZero() || !c.Settle.IsZero(); {
	case !c.State.runs() && (dues || running != 0):
		return "a clock runs while it stands still"
	case c.State.runs() && ever > 0 && running != 1:
		return fmt.Sprintf("%d clocks run", running)
	case c.State.runs() && c.Settle.IsZero():
		return "nobody has to settle it"
	}
	if n := w.count(`select count(*) from task where issue = $1 and ended = 0`, c.ID); (c.State == Dispatched || c.State == InHand) && n != 1 || n > 1 {
		return fmt.Sprintf("%d tasks are open", n)
	}
	if n := w.count(`select count(*) from entry where issue = $1 and id = (select max(id) from entry where issue = $1) and to_state = $2`, c.ID, c.State); n != 1 {
		return "the trail ends elsewhere"
	}
	if c.State == Paused || c.State == Closed && c.Answer == Awaiting {
		if n := w.count(`select count(*) from job where key = $1`, fmt.Sprintf("issue.due:%d", c.ID)); n != 1 {
			return "nothing will wake it"
		}
	}
	return ""
}

// Whatever people try, in whatever order, while time passes, what is kept of an issue fits together.
func TestWhateverHappensItFitsTogether(t *testing.T) {
	towns := 0
	rapid.Check(t, func(r *rapid.T) {
		if towns++; towns > 8 {
			return // each is a town of its own, which takes its time; other runs draw others
		}
		d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"))
		if err != nil {
			r.Fatal(err)
		}
		defer d.Close()
		if err := db.Migrate(t.Context(), d, rooms...); err != nil {
			r.Fatal(err)
		}
		clk := &clockOf{t: time.Date(2026, 2, 10, 1, 0, 0, 0, time.UTC)}
		d.Clock = clk.now
		w := settle(t, d)
		ids := []id.ID{w.report(w.wang, w.lamp()).Issue.ID, w.report(w.li, w.lamp()).Issue.ID}
		people := []who.Actor{w.chair, w.staff, w.staff2, w.office, w.repairer, w.wang, w.li}
		for i := range rapid.IntRange(20, 45).Draw(r, "steps") {
			w.at(clk, clk.now().Add(time.Duration(rapid.IntRange(0, 60).Draw(r, "hours"))*time.Hour))
			c := w.get(rapid.SampledFrom(ids).Draw(r, "issue"))
			k := Task{}
			if c.Task != 0 {
				k, _ = db.See(t.Context(), d, func(tx *db.Tx) (Task, error) { return taskByID(tx, c.Task) })
			}
			type turn struct {
				by  who.Actor
				act Act
			}
			var any, road []turn // what anybody may do, and what leads on
			for _, p := range people {
				for _, a := range c.Acts(p, Relation{Task: k}, clk.now()) {
					if slices.Contains([]Act{ActAccept, ActHand, ActTake, ActReturn, ActRecall, ActHandle, ActPass, ActRework, ActDispute, ActApprove, ActDecide, ActUnmerge, ActReply}, a) {
						road = append(road, turn{p, a})
					} else if !slices.Contains([]Act{ActNote, ActRelease, ActUnrelease, ActHide, ActShow, ActRefuse, ActSpam, ActUrge, ActTell}, a) || i%8 == 7 {
						any = append(any, turn{p, a})
					}
				}
			}
			if len(road) > 0 && rapid.IntRange(0, 3).Draw(r, "wild") > 0 || len(any) == 0 {
				any = road
			}
			if len(any) == 0 {
				continue
			}
			now := any[rapid.IntRange(0, len(any)-1).Draw(r, "turn")]
			by := now.by
			m := Move{Issue: c.ID, Rev: c.Rev, Act: now.act, Text: fmt.Sprint("话", i), Photos: []string{"p"}, Receipt: "1", To: w.firmTask(), Place: w.com.ID,
				Into: ids[0] + ids[1] - c.ID, Until: clk.now().AddDate(0, 0, 40), Outcome: Solved, Category: rapid.SampledFrom([]string{"facility.lamp", "housing.structure", "facility.cover"}).Draw(r, "category"), Ref: w.last(c.ID).ID}
			if rs := Reasons(m.Act); len(rs) > 0 {
				m.Reason = rapid.SampledFrom(rs).Draw(r, "reason")
			}
			if m.Act == ActDown {
				m.Place = w.nb.ID
			}
			if _, err := w.d.Move(t.Context(), by, m); err != nil && fail.KindOf(err) == fail.Fault {
				r.Fatalf("%s: %v", m.Act, err)
			}
			for _, n := range ids {
				if bad := w.whole(w.get(n)); bad != "" {
					r.Fatalf("after %s by %d: %s: %+v", m.Act, by.ID, bad, w.get(n))
				}
			}
		}
	})
}

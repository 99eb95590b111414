package issue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/place"
	"github.com/linli-town/linli/internal/testkit"
)

// readTown is a place to read in: a subdistrict of two communities, a neighbourhood in each,
// a building in each of those.
type readTown struct {
	d            Desk
	now          time.Time
	root         place.Place
	com, hood, b [2]place.Place
	serial       int
}

func eachRead(t *testing.T, f func(t *testing.T, w *readTown)) {
	testkit.Each(t, rooms, func(t *testing.T, d *db.DB) { f(t, newReadTown(t, d)) })
}

func newReadTown(t testing.TB, d *db.DB, at ...time.Time) *readTown {
	w := &readTown{d: Desk{DB: d, Pins: &Pins{}}, now: append(at, time.Date(2026, 6, 22, 9, 0, 0, 0, time.UTC))[0]}
	d.Clock = func() time.Time { return w.now }
	write(t, d, func(tx *db.Tx) error {
		add := func(up place.Place, l place.Level, name string) place.Place {
			p, err := place.Add(tx, who.System(who.CLI), place.Place{Parent: up.ID, Level: l, Name: name, Lat: 32.02, Lon: 120.87})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		w.root = add(add(place.Place{}, place.Province, "江苏省"), place.Subdistrict, "青桥街道")
		for i, name := range []string{"清荷", "望江"} {
			w.com[i] = add(w.root, place.Community, name+"社区")
			w.hood[i] = add(w.com[i], place.Neighbourhood, name+"一邻里")
			w.b[i] = add(w.hood[i], place.Building, fmt.Sprintf("%d幢", i+1))
		}
		for _, c := range []struct {
			code   string
			public bool
		}{{"facility.lamp", true}, {"facility.road", true}, {"waste.bin", true}, {"dispute.neighbour", false}} {
			if err := addCategory(tx, c.code, c.public); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func addCategory(tx *db.Tx, code string, public bool) error {
	_, err := tx.Exec(`insert into category (code, parent, rank, icon, sort, grade, public, open, first, gb, names, promise, asks, words, retired, rev)
		values ($1, '', 0, '', 'complaint', 'general', $2, true, '', '', '{}', '{}', '[]', '[]', 0, 1)`, code, public)
	return err
}

func write(t testing.TB, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if _, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) { return 0, f(tx) }); err != nil {
		t.Fatal(err)
	}
}

// put writes an issue as the desk would: itself, its first words, and what is read of it.
func (w *readTown) put(t testing.TB, in int, words string, with ...func(*Issue)) Issue {
	t.Helper()
	w.now = w.now.Add(time.Minute)
	var c Issue
	write(t, w.d.DB, func(tx *db.Tx) error {
		w.serial++
		c = Issue{ID: id.New(tx.Now()), No: fmt.Sprintf("260622-%04d", w.serial), Category: "facility.lamp", Sort: Complaint, Grade: General, Channel: ByWeb,
			Place: w.b[in].ID, Path: w.b[in].Path, Lat: 32.02, Lon: 120.87, Open: true, Desk: w.hood[in].ID, DeskPath: w.hood[in].Path,
			State: Reported, At: tx.Now(), Moved: tx.Now(), Rev: 1}
		for _, f := range with {
			f(&c)
		}
		if ok, err := insert(tx, c); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := insertEntry(tx, Entry{ID: id.New(tx.Now()), Issue: c.ID, At: tx.Now(), Who: c.Owner, Act: ActReport, To: Reported, Text: words}); err != nil {
			return err
		}
		return reindex(tx, c)
	})
	return c
}

// change saves an issue after f.
func (w *readTown) change(t testing.TB, c Issue, f func(tx *db.Tx, c *Issue) error) Issue {
	t.Helper()
	w.now = w.now.Add(time.Minute)
	write(t, w.d.DB, func(tx *db.Tx) error {
		var err error
		if c, err = byID(tx, c.ID); err != nil {
			return err
		}
		c.Rev, c.Moved = c.Rev+1, tx.Now()
		if err := f(tx, &c); err != nil {
			return err
		}
		if err := save(tx, c); err != nil {
			return err
		}
		return reindex(tx, c)
	})
	return c
}

func (w *readTown) entry(tx *db.Tx, c Issue, e Entry) (Entry, error) {
	e.ID, e.Issue, e.At = id.New(tx.Now()), c.ID, tx.Now()
	return e, insertEntry(tx, e)
}

func nos[T any](t testing.TB, no func(T) string, list func(cursor string) (Page[T], error)) (out []string) {
	t.Helper()
	for cur := ""; ; {
		p, err := list(cur)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Items {
			out = append(out, no(v))
		}
		if p.Next == "" || len(out) > 500 {
			return out
		}
		cur = p.Next
	}
}

func (w *readTown) public(t testing.TB, s Scope) []string {
	t.Helper()
	return nos(t, func(p Public) string { return p.No[7:] }, func(c string) (Page[Public], error) { return w.d.PublicList(t.Context(), s, c, 2) })
}

func (w *readTown) desk(t testing.TB, by who.Actor, v View) []string {
	t.Helper()
	return nos(t, func(l Line) string { return l.No[7:] }, func(c string) (Page[Line], error) { return w.d.DeskList(t.Context(), by, v, c, 2) })
}

func (w *readTown) staff(in int) who.Actor {
	return who.Actor{ID: 20 + id.ID(in), Grants: []who.Grant{{Role: who.CommunityStaff, Path: w.com[in].Path}}}
}

func (w *readTown) office() who.Actor {
	return who.Actor{ID: 30, Grants: []who.Grant{{Role: who.SubdistrictStaff, Path: w.root.Path}}}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("%s (-got +want)\n%s", what, d)
	}
}

func TestPublicListShowsWhatIsPublicInItsScope(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		w.put(t, 0, "路灯不亮")                                                        // 1
		w.put(t, 1, "垃圾桶满了", func(c *Issue) { c.Category = "waste.bin" })          // 2
		w.put(t, 0, "楼上吵架", func(c *Issue) { c.Category = "dispute.neighbour" })   // 3
		w.put(t, 0, "违建", func(c *Issue) { c.Sort = Violation })                   // 4
		w.put(t, 0, "广告", func(c *Issue) { c.Spam = true; c.State = Refused })     // 5
		six := w.put(t, 0, "路面坑", func(c *Issue) { c.Category = "facility.road" }) // 6
		w.put(t, 1, "灯坏了", func(c *Issue) { c.State = Closed; c.Closed = w.now })  // 7
		w.put(t, 1, "家里灯坏了", func(c *Issue) { c.Open = false; c.State = InHand })  // 8
		same(t, "all", w.public(t, Scope{}), []string{"0008", "0007", "0006", "0002", "0001"})
		same(t, "community 0", w.public(t, Scope{Path: w.com[0].Path}), []string{"0006", "0001"})
		same(t, "building 1", w.public(t, Scope{Path: w.b[1].Path}), []string{"0007", "0002"})
		same(t, "community 1", w.public(t, Scope{Path: w.com[1].Path}), []string{"0008", "0007", "0002"})
		same(t, "category", w.public(t, Scope{Category: "facility.lamp"}), []string{"0008", "0007", "0001"})
		same(t, "main category", w.public(t, Scope{Category: "facility"}), []string{"0008", "0007", "0006", "0001"})
		same(t, "open", w.public(t, Scope{State: "open", Path: w.root.Path}), []string{"0008", "0006", "0002", "0001"})
		same(t, "ended", w.public(t, Scope{State: "ended"}), []string{"0007"})
		same(t, "in hand", w.public(t, Scope{State: "in_hand"}), []string{"0008"})
		same(t, "a number", w.public(t, Scope{Q: "260622-0006"}), []string{"0006"})
		same(t, "its end", w.public(t, Scope{Q: "0006"}), []string{"0006"})
		same(t, "blanks", len(w.public(t, Scope{Q: " 　"})), 5)
		same(t, "signs", w.public(t, Scope{Q: "？！"}), []string(nil))

		w.change(t, six, func(_ *db.Tx, c *Issue) error { c.Hidden = true; return nil })
		same(t, "hidden", w.public(t, Scope{}), []string{"0008", "0007", "0002", "0001"})
		same(t, "hidden in search", w.public(t, Scope{Q: "0006"}), []string(nil))
		same(t, "hidden in its category", w.public(t, Scope{Category: "facility.road"}), []string(nil))
		w.change(t, six, func(_ *db.Tx, c *Issue) error { c.Hidden = false; c.State = Accepted; return nil })
		same(t, "the desk's ended before", w.desk(t, w.staff(0), View{What: Ended}), []string{"0005"})
		w.change(t, six, func(_ *db.Tx, c *Issue) error {
			c.State, c.Closed, c.Title, c.Named = Closed, w.now, "深坑", true
			return nil
		})
		same(t, "the desk's ended", w.desk(t, w.staff(0), View{What: Ended}), []string{"0006", "0005"})
		same(t, "the title", w.public(t, Scope{Q: "深坑"}), []string{"0006"})
		w.change(t, six, func(_ *db.Tx, c *Issue) error {
			c.State, c.Closed, c.Title, c.Named = Accepted, time.Time{}, "", false
			return nil
		})
		same(t, "the title taken back", w.public(t, Scope{Q: "深坑"}), []string(nil))
		same(t, "found again among what is open", w.desk(t, w.staff(0), View{What: AllOpen, Q: "路面"}), []string{"0006"})
		same(t, "shown again", w.public(t, Scope{State: "accepted"}), []string{"0006"})
	})
}

// What was imported stands in a tree of its own, and is listed where one asks for that.
func TestImportsDoNotFallIntoTheTown(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		var boston, ward place.Place
		write(t, w.d.DB, func(tx *db.Tx) (err error) {
			if boston, err = place.Add(tx, who.System(who.CLI), place.Place{Level: place.Tree, Name: "Boston"}); err != nil {
				return err
			}
			ward, err = place.Add(tx, who.System(who.CLI), place.Place{Level: place.Community, Parent: boston.ID, Name: "Ward 1"})
			return err
		})
		w.put(t, 0, "灯")
		w.put(t, 0, "lamp out", func(c *Issue) {
			c.Place, c.Path, c.Desk, c.DeskPath, c.Tree, c.Lat, c.Lon = ward.ID, ward.Path, ward.ID, ward.Path, boston.ID, 42.3, -71.1
		})
		same(t, "the town", w.public(t, Scope{}), []string{"0001"})
		same(t, "search in the town", w.public(t, Scope{Q: "0002"}), []string(nil))
		for range 60 {
			w.put(t, 0, "lamp out", func(c *Issue) { c.Place, c.Path, c.Title, c.Named = ward.ID, ward.Path, "lamp out", true })
		}
		w.put(t, 0, "lamp", func(c *Issue) { c.Title, c.Named, c.State, c.Closed = "lamp", true, Closed, w.now })
		same(t, "past all of Boston", w.public(t, Scope{Q: "lamp"}), []string{"0063"})
		same(t, "what has ended", w.public(t, Scope{Q: "lamp", State: "ended"}), []string{"0063"})
		same(t, "what is open", w.public(t, Scope{Q: "lamp", State: "open"}), []string(nil))
		same(t, "all ended in Boston", w.public(t, Scope{Path: boston.Path, Q: "lamp", State: "ended"}), []string(nil))
		same(t, "Boston", w.public(t, Scope{Path: boston.Path, Q: "0002"}), []string{"0002"})
	})
}

// Two characters, one, Latin, traditional: what was released is found, what was not is not.
func TestSearchFindsReleasedWordsOnly(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		c := w.put(t, 0, "小区门口垃圾堆了三天，Bus站旁的路灯也不亮，我叫王小明")
		find := func(q string) []string { t.Helper(); return w.public(t, Scope{Q: q}) }
		for _, q := range []string{"垃圾", "路灯", "门", "bus", "王小明", "地" + fmt.Sprint(int64(w.com[0].ID)), "开1"} {
			same(t, q+" before", find(q), []string(nil))
			want := []string{"0001"}
			if q == "开1" || q[:3] == "地" {
				want = nil
			}
			same(t, q+" at the desk", w.desk(t, w.staff(0), View{Q: q}), want)
		}
		same(t, "place names are for the desk", w.desk(t, w.staff(0), View{Q: "清荷一邻里"}), []string{"0001"})
		same(t, "number at the desk", w.desk(t, w.staff(0), View{Q: "0001"}), []string{"0001"})
		same(t, "not the other desk's", w.desk(t, w.staff(1), View{Q: "垃圾"}), []string(nil))

		var es []Entry
		c = w.change(t, c, func(tx *db.Tx, c *Issue) (err error) {
			if es, err = entries(tx, c.ID); err != nil {
				return err
			}
			*c, err = release(tx, w.staff(0), *c, Move{Act: ActRelease, Ref: es[0].ID, Text: "小区门口垃圾堆了三天，Bus站旁的路灯也不亮，我叫***"})
			return err
		})
		for q, want := range map[string][]string{"垃圾": {"0001"}, "路灯": {"0001"}, "路燈": {"0001"}, "门": {"0001"}, "BUS": {"0001"}, "ｂｕｓ": {"0001"}, "垃圾 路灯": {"0001"},
			"王小明": nil, "垃圾车": nil, "自行车": nil} {
			same(t, q, find(q), want)
		}
		same(t, "all of it at the desk", w.desk(t, w.staff(0), View{Q: "王小明"}), []string{"0001"})
		p, err := w.d.Public(t.Context(), c.No)
		if err != nil || len(p.Trail) != 1 || p.Trail[0].Text != "小区门口垃圾堆了三天，Bus站旁的路灯也不亮，我叫***" {
			t.Errorf("%+v %v", p, err)
		}
		w.change(t, c, func(tx *db.Tx, c *Issue) (err error) { // released once more, with less in it
			if *c, err = release(tx, w.staff(0), *c, Move{Act: ActRelease, Ref: es[0].ID, Text: "小区门口路灯不亮"}); err != nil {
				return err
			}
			return reword(tx, *c)
		})
		same(t, "taken out", find("垃圾"), []string(nil))
		same(t, "left in", find("路灯"), []string{"0001"})
		w.change(t, c, func(tx *db.Tx, c *Issue) (err error) {
			*c, err = release(tx, w.staff(0), *c, Move{Act: ActUnrelease, Ref: es[0].ID})
			return err
		})
		if got, err := w.d.Public(t.Context(), c.No); err != nil || got.Title != "" {
			t.Errorf("what was said is taken back, its first line is not: %q %v", got.Title, err)
		}
		w.change(t, c, func(tx *db.Tx, c *Issue) (err error) { // a name that staff gave stays
			c.Title, c.Named = "一盏灯", true
			for _, a := range []Act{ActRelease, ActUnrelease} {
				if *c, err = release(tx, w.staff(0), *c, Move{Act: a, Ref: es[0].ID}); err != nil || c.Title != "一盏灯" || !c.Named {
					t.Errorf("%s: %q %v", a, c.Title, err)
				}
			}
			return err
		})
		same(t, "taken back", find("路灯"), []string(nil))
		if p, err := w.d.Public(t.Context(), c.No); err != nil || p.Trail[0].Text != "" {
			t.Errorf("taken back: %+v %v", p, err)
		}
	})
}

func TestListsPageBothWays(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		for i := range 7 {
			w.put(t, 0, "灯", func(c *Issue) { c.Settle = w.now.Add(time.Duration(10-i/2) * time.Hour) })
		}
		for name, s := range map[string]Scope{"in the town": {}, "of a category": {Category: "facility.lamp"}} {
			a, err := w.d.PublicList(t.Context(), s, "", 3)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := w.d.PublicList(t.Context(), s, a.Next, 3)
			c, _ := w.d.PublicList(t.Context(), s, b.Next, 3)
			back, _ := w.d.PublicList(t.Context(), s, c.Prev, 3)
			first, _ := w.d.PublicList(t.Context(), s, back.Prev, 3)
			if a.Prev != "" || c.Next != "" || len(c.Items) != 1 {
				t.Errorf("%s: ends %q %q, %d left", name, a.Prev, c.Next, len(c.Items))
			}
			same(t, name+" back", back.Items, b.Items)
			same(t, name+" first", first.Items, a.Items)
			if first.Prev != "" {
				t.Errorf("%s: something before the first", name)
			}
		}
		a, err := w.d.DeskList(t.Context(), w.staff(0), View{What: AllOpen}, "", 3)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := w.d.DeskList(t.Context(), w.staff(0), View{What: AllOpen}, a.Next, 3)
		back, _ := w.d.DeskList(t.Context(), w.staff(0), View{What: AllOpen}, b.Prev, 3)
		same(t, "desk back", back.Items, a.Items)
		if !a.Items[0].Settle.Before(b.Items[2].Settle) {
			t.Error("the limit that runs out first is not first")
		}
		_, err = w.d.PublicList(t.Context(), Scope{}, "n1", 3)
		if fail.KindOf(err) != fail.Invalid {
			t.Errorf("a torn cursor: %v", err)
		}
	})
}

func TestDeskListsAndCountsAgree(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		me := w.staff(0)
		me.Orgs = []id.ID{500}
		in := func(f func(c *Issue)) func(*Issue) { return f }
		w.put(t, 0, "一")                                                                                            // 1 to accept
		w.put(t, 0, "二", in(func(c *Issue) { c.State = Accepted }))                                                 // 2 to dispatch
		w.put(t, 0, "三", in(func(c *Issue) { c.State = Accepted; c.Bounced = 1 }))                                  // 3 returned
		w.put(t, 0, "四", in(func(c *Issue) { c.State = Accepted; c.Bounced = 2; c.Wish = ActExtend }))              // 4 decide, to approve
		w.put(t, 0, "五", in(func(c *Issue) { c.State = Handled; c.Handler = me.ID }))                               // 5 mine to show, not to check
		w.put(t, 0, "六", in(func(c *Issue) { c.State = Handled; c.Handler = 77 }))                                  // 6 to check
		w.put(t, 0, "七", in(func(c *Issue) { c.State = Closed; c.Closed = w.now; c.Answer = Awaiting }))            // 7 to confirm
		w.put(t, 0, "八", in(func(c *Issue) { c.State = Paused; c.Why = "ask" }))                                    // 8 asked
		w.put(t, 0, "九", in(func(c *Issue) { c.State = Paused; c.Why = "pause" }))                                  // 9 stands
		w.put(t, 0, "十", in(func(c *Issue) { c.State = InHand; c.Settle = w.now.Add(3 * time.Hour) }))              // 10 soon
		late := w.put(t, 0, "末", in(func(c *Issue) { c.State = Dispatched; c.Settle = w.now.Add(-3 * time.Hour) })) // 11 late
		w.put(t, 1, "外", in(func(c *Issue) { c.State = Accepted }))                                                 // 12 not theirs
		w.put(t, 0, "已", in(func(c *Issue) { c.State = Closed; c.Closed = w.now; c.Answer = Confirmed }))           // 13
		write(t, w.d.DB, func(tx *db.Tx) error {
			return insertTask(tx, Task{ID: 1, Issue: late.ID, To: Assignee{"org", 500}, State: "offered", At: tx.Now()})
		})
		got := map[What][]string{}
		for _, v := range Lists {
			got[v] = w.desk(t, me, View{What: v})
		}
		same(t, "lists", got, map[What][]string{
			ToAccept: {"0001"}, ToDispatch: {"0002", "0003"}, Returned: {"0003"}, Decide: {"0004"}, ToApprove: {"0004"}, ToCheck: {"0006"}, ToConfirm: {"0007"},
			Asked: {"0008"}, Standing: {"0009"}, Soon: {"0010"}, Overdue: {"0011"}, Mine: {"0011"}, Ended: {"0013", "0007"},
			AllOpen: {"0001", "0002", "0003", "0004", "0005", "0006", "0008", "0009", "0011", "0010"},
			Waiting: {"0013", "0011", "0010", "0009", "0008", "0007", "0006", "0005", "0004", "0003", "0002", "0001"},
		})
		n, err := w.d.Counts(t.Context(), me)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range Lists {
			if v != Ended && n[v] != int64(len(got[v])) {
				t.Errorf("%s: counted %d, listed %d", v, n[v], len(got[v]))
			}
		}
		w.put(t, 0, "跨社区的树", func(c *Issue) { c.Desk, c.DeskPath = w.hood[1].ID, w.hood[1].Path })
		same(t, "found where it lies", w.desk(t, w.staff(0), View{Q: "跨社区"}), []string{"0014"})
		same(t, "found where its desk is", w.desk(t, w.staff(1), View{Q: "跨社区"}), []string{"0014"})
		same(t, "narrowed", w.desk(t, w.office(), View{What: ToDispatch, Path: w.com[1].Path}), []string{"0012"})
		same(t, "not mine to narrow to", w.desk(t, me, View{What: ToDispatch, Path: w.com[1].Path}), []string(nil))
		same(t, "category", w.desk(t, w.office(), View{What: ToDispatch, Category: "waste"}), []string(nil))
		same(t, "main category", len(w.desk(t, w.office(), View{What: ToDispatch, Category: "facility"})), 3)
		same(t, "nobody", w.desk(t, who.Actor{ID: 99}, View{What: AllOpen}), []string(nil))
		if n, err := w.d.Counts(t.Context(), who.Actor{}); err != nil || len(n) != 0 {
			t.Errorf("a visitor counts %v %v", n, err)
		}
		if _, err := w.d.DeskList(t.Context(), me, View{What: "all"}, "", 5); fail.KindOf(err) != fail.Invalid {
			t.Errorf("unknown list: %v", err)
		}
	})
}

// What is not theirs and what is not there look alike.
func TestSeeIsForThoseWhoWorkOnIt(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		c := w.put(t, 0, "灯不亮，电话13912345678", func(c *Issue) { c.Owner = 900; c.State = InHand; c.Task = 7 })
		w.put(t, 0, "灯又不亮", func(c *Issue) { c.Owner = 900 })
		write(t, w.d.DB, func(tx *db.Tx) error {
			if _, err := w.entry(tx, c, Entry{Act: ActNote, Text: "内部", Internal: true, Who: 20}); err != nil {
				return err
			}
			return insertTask(tx, Task{ID: 7, Issue: c.ID, To: Assignee{"team", 400}, State: "taken", At: tx.Now()})
		})
		see := func(by who.Actor) (Whole, error) { return w.d.See(t.Context(), by, c.No) }
		_, none := w.d.See(t.Context(), w.staff(0), "260622-9999")
		for name, by := range map[string]who.Actor{"a visitor": {}, "the other community": w.staff(1), "the reporter": {ID: 900}, "a guest of another": {Guest: 5}, "with no right": {ID: 8, Grants: []who.Grant{{Role: who.Admin, Path: "/"}}}} {
			if _, err := see(by); err == nil || err.Error() != none.Error() {
				t.Errorf("%s: %v, want %v", name, err, none)
			}
		}
		v, err := see(w.staff(0))
		if err != nil || !v.Desk || !v.Release || len(v.Entries) != 2 || v.Others != 1 || len(v.Twins) != 1 || !v.Public || len(v.Chain) != 5 {
			t.Errorf("%+v %v", v, err)
		}
		if m := v.Marks[v.Entries[0].ID]; len(m) != 1 || m[0].Kind != "phone" {
			t.Errorf("marks %v", m)
		}
		if v, err := see(who.Actor{ID: 41, Teams: []id.ID{400}}); err != nil || len(v.Entries) != 1 || v.Desk || v.Others != 0 || v.Twins != nil {
			t.Errorf("the team: %+v %v", v, err)
		}
		if v, err := see(who.Actor{Guest: c.ID}); err != nil || len(v.Entries) != 1 {
			t.Errorf("the guest: %+v %v", v, err)
		}
		if ls, err := w.d.OthersOf(t.Context(), w.staff(0), c.ID); err != nil || len(ls) != 1 || ls[0].No != "260622-0002" {
			t.Errorf("others: %v %v", ls, err)
		}
	})
}

func TestOwnWordsAreOnesOwn(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		c := w.put(t, 0, "家里漏水", func(c *Issue) {
			c.Category = "dispute.neighbour"
			c.Open = false
			c.State = Paused
			c.Why = "ask"
			c.Until = w.now.AddDate(0, 0, 5)
		})
		write(t, w.d.DB, func(tx *db.Tx) error {
			for _, e := range []Entry{{Act: ActAsk, Text: "几楼？", Who: 20}, {Act: ActNote, Text: "内部", Internal: true, Who: 20}, {Act: ActRecall, Text: "换人", Who: 20}} {
				if _, err := w.entry(tx, c, e); err != nil {
					return err
				}
			}
			return nil
		})
		o, err := w.d.Own(t.Context(), who.Actor{Link: c.ID}, c.ID)
		if err != nil || o.Public || o.Question != "几楼？" || o.View.Place != w.b[0].ID || !slices.Contains(o.Acts, ActReply) {
			t.Errorf("%+v %v", o, err)
		}
		var said []string
		for _, e := range o.View.Trail {
			said = append(said, e.Text)
		}
		same(t, "said", said, []string{"", "几楼？", "家里漏水"})
		if _, err := w.d.Public(t.Context(), c.No); fail.KindOf(err) != fail.Missing {
			t.Errorf("a dispute has a public page: %v", err)
		}
		for name, by := range map[string]who.Actor{"a visitor": {}, "another link": {Link: c.ID + 1}, "staff": w.staff(0)} {
			if _, err := w.d.Own(t.Context(), by, c.ID); fail.KindOf(err) != fail.Missing {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestMergedLeadsToTheOther(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		a := w.put(t, 0, "灯")
		b := w.put(t, 0, "同一盏灯")
		x := w.put(t, 0, "吵", func(c *Issue) { c.Category = "dispute.neighbour" })
		b = w.change(t, b, func(_ *db.Tx, c *Issue) error { c.State, c.Into = Merged, a.ID; return nil })
		w.change(t, x, func(_ *db.Tx, c *Issue) error { c.State, c.Into = Merged, a.ID; return nil })
		if p, err := w.d.Public(t.Context(), b.No); err != nil || p.No != a.No {
			t.Errorf("%v %v", p.No, err)
		}
		if _, err := w.d.Public(t.Context(), x.No); fail.KindOf(err) != fail.Missing {
			t.Errorf("what was not public leads on: %v", err)
		}
		same(t, "listed", w.public(t, Scope{}), []string{"0001"})
	})
}

func TestLikelyIsNearAndAlikeAndFew(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		at := func(m float64) func(*Issue) { return func(c *Issue) { c.Lat += m / 111_195 } }
		w.put(t, 0, "灯", at(160))                                                                         // 1 too far
		w.put(t, 0, "灯", at(140))                                                                         // 2
		w.put(t, 0, "灯", func(c *Issue) { c.Category = "waste.bin" })                                     // 3 another kind
		w.put(t, 0, "灯", func(c *Issue) { c.Open = false })                                               // 4 would give its place away
		w.put(t, 0, "灯", func(c *Issue) { c.State, c.Closed = Closed, w.now.AddDate(0, 0, -8) })          // 5 long ago
		w.put(t, 0, "灯", func(c *Issue) { c.State, c.Closed = Closed, w.now.AddDate(0, 0, -6) }, at(100)) // 6
		w.put(t, 0, "灯", at(130), func(c *Issue) { c.Title, c.Named = "三号楼前的路灯不亮", true })                // 7 alike
		w.put(t, 0, "灯", func(c *Issue) { c.Hidden = true })                                              // 8
		likely := func() (out []string) {
			ls, err := w.d.Likely(t.Context(), "facility.lamp", geo.Point{Lat: 32.02, Lon: 120.87}, "三号楼前的路灯不亮了")
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range ls {
				out = append(out, l.No[7:])
			}
			return
		}
		same(t, "likely", likely(), []string{"0007", "0006", "0002"})
		for range 6 {
			w.put(t, 0, "灯")
		}
		if got := likely(); len(got) != 5 {
			t.Errorf("%d, want 5", len(got))
		}
		near, err := w.d.PublicList(t.Context(), Scope{Near: geo.Point{Lat: 32.02, Lon: 120.87}}, "", 50)
		if err != nil || len(near.Items) != 12 || near.Items[len(near.Items)-1].No != "260622-0001" {
			t.Errorf("near: %d %v", len(near.Items), err)
		}
	})
}

func TestMapFollowsEveryChange(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		box := geo.Bound{Min: geo.Point{Lat: 32.005, Lon: 120.86}, Max: geo.Point{Lat: 32.035, Lon: 120.88}}
		ctx := context.Background()
		view := func(z int, s Scope) (n int, pins []Pin) {
			t.Helper()
			ps, err := w.d.Map(ctx, box, z, s)
			if err != nil {
				t.Fatal(err)
			}
			slow, err := Desk{DB: w.d.DB}.Map(ctx, box, z, s)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "kept and counted now", ps, slow)
			for _, p := range ps {
				n += p.N
			}
			return n, ps
		}
		if n, _ := view(14, Scope{}); n != 0 {
			t.Errorf("%d on an empty map", n)
		}
		a := w.put(t, 0, "灯")
		n, ps := view(16, Scope{})
		if n != 1 || ps[0].No != a.No || ps[0].ID != a.ID || ps[0].State != Reported || geo.Distance(geo.Point{Lat: ps[0].Lat, Lon: ps[0].Lon}, geo.Point{Lat: 32.02, Lon: 120.87}) > 80 {
			t.Errorf("%d %+v", n, ps)
		}
		w.put(t, 0, "灯", func(c *Issue) { c.Open = false })
		b := w.put(t, 1, "灯", func(c *Issue) { c.Lat += .01; c.Category = "waste.bin" })
		if n, ps := view(16, Scope{}); n != 2 || len(ps) != 2 {
			t.Errorf("%d in %d", n, len(ps))
		}
		if n, ps := view(8, Scope{State: "open"}); n != 2 || len(ps) != 1 || ps[0].No != "" {
			t.Errorf("%d in %+v", n, ps)
		}
		if n, _ := view(16, Scope{Category: "waste"}); n != 1 {
			t.Errorf("%d bins", n)
		}
		w.change(t, a, func(_ *db.Tx, c *Issue) error { c.State, c.Closed = Closed, w.now; return nil })
		if n, ps := view(16, Scope{State: "open"}); n != 1 || ps[0].No != b.No {
			t.Errorf("%d open", n)
		}
		if n, _ := view(16, Scope{State: "ended"}); n != 1 {
			t.Errorf("%d ended", n)
		}
		w.change(t, a, func(_ *db.Tx, c *Issue) error { c.Hidden = true; return nil })
		if n, ps := view(16, Scope{}); n != 1 || ps[0].No != b.No {
			t.Errorf("%d after one was hidden", n)
		}
	})
}

func TestWhatWaitsLeavesOnceDecided(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		c := w.put(t, 0, "灯，我叫王小明")
		var e Entry
		write(t, w.d.DB, func(tx *db.Tx) error {
			es, err := entries(tx, c.ID)
			e = es[0]
			if err == nil {
				err = insertPhoto(tx, Photo{ID: 5, Issue: c.ID, Entry: e.ID, Name: "raw"})
			}
			return err
		})
		c = w.change(t, c, func(*db.Tx, *Issue) error { return nil })
		waiting := func(by who.Actor) []Wait {
			t.Helper()
			p, err := w.d.Waiting(t.Context(), by, "", "", 50)
			if err != nil {
				t.Fatal(err)
			}
			return p.Items
		}
		ws := waiting(w.staff(0))
		if len(ws) != 1 || len(ws[0].Marks) != 1 || ws[0].Masked != "灯，我叫***" || len(ws[0].Photos) != 1 {
			t.Fatalf("%+v", ws)
		}
		if ws := waiting(who.Actor{ID: 10, Grants: []who.Grant{{Role: who.CouncilChair, Path: w.hood[0].Path}}}); len(ws) != 0 {
			t.Errorf("a chair releases: %+v", ws)
		}
		picture := func(by who.Actor, name string) bool {
			t.Helper()
			_, err := w.d.Picture(t.Context(), by, name)
			if err != nil && fail.KindOf(err) != fail.Missing {
				t.Fatal(err)
			}
			return err == nil
		}
		if picture(who.Actor{}, "raw") || !picture(w.staff(0), "raw") || picture(w.staff(1), "raw") || !picture(who.Actor{Link: c.ID}, "raw") {
			t.Error("an unreleased photo is for the reporter and the desk")
		}
		decide := func(m Move) {
			t.Helper()
			c = w.change(t, c, func(tx *db.Tx, c *Issue) (err error) { *c, err = release(tx, w.staff(0), *c, m); return })
		}
		decide(Move{Act: ActUnrelease, Ref: e.ID})
		if ws := waiting(w.staff(0)); len(ws) != 1 || len(ws[0].Photos) != 1 {
			t.Errorf("the photo still waits: %+v", ws)
		}
		decide(Move{Act: ActRelease, Ref: 5, Shown: "covered"})
		if ws := waiting(w.staff(0)); len(ws) != 0 {
			t.Errorf("still waiting: %+v", ws)
		}
		if c.Photo != "covered" || !picture(who.Actor{}, "covered") || picture(who.Actor{}, "raw") {
			t.Errorf("shown %q", c.Photo)
		}
		p, err := w.d.Public(t.Context(), c.No)
		if err != nil || p.Photo != "covered" || p.Trail[0].Text != "" || len(p.Trail[0].Photos) != 1 {
			t.Errorf("%+v %v", p, err)
		}
		decide(Move{Act: ActUnrelease, Ref: 5})
		if c.Photo != "" || picture(who.Actor{}, "covered") {
			t.Error("a photo taken back is shown")
		}
		w.change(t, c, func(tx *db.Tx, c *Issue) error {
			note, err := w.entry(tx, *c, Entry{Act: ActNote, Text: "内部", Internal: true})
			if err == nil {
				if _, err := release(tx, w.staff(0), *c, Move{Act: ActRelease, Ref: note.ID}); fail.KindOf(err) != fail.Conflict {
					t.Errorf("a note is released: %v", err)
				}
				if _, err := release(tx, w.staff(0), *c, Move{Act: ActRelease, Ref: 12345}); fail.KindOf(err) != fail.Missing {
					t.Errorf("nothing is released: %v", err)
				}
			}
			return err
		})
	})
}

func TestMineAndFollowed(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		a := w.put(t, 0, "一", func(c *Issue) { c.Owner = 900 })
		w.put(t, 0, "二", func(c *Issue) { c.Owner, c.For = 901, 900 })
		b := w.put(t, 0, "三", func(c *Issue) { c.Owner = 902 })
		x := w.put(t, 0, "四", func(c *Issue) { c.Hidden = true })
		write(t, w.d.DB, func(tx *db.Tx) error {
			for i, n := range []id.ID{a.ID, b.ID, x.ID} {
				if _, err := tx.Exec(`insert into follow (id, issue, person, role, at, ended) values ($1, $2, 900, 'follower', 0, 0)`, i+1, n); err != nil {
					return err
				}
			}
			return nil
		})
		same(t, "mine", nos(t, func(l Line) string { return l.Said }, func(c string) (Page[Line], error) { return w.d.Mine(t.Context(), who.Actor{ID: 900}, c, 1) }), []string{"二", "一"})
		same(t, "followed", nos(t, func(p Public) string { return p.No[7:] }, func(c string) (Page[Public], error) { return w.d.Followed(t.Context(), who.Actor{ID: 900}, c, 1) }), []string{"0003", "0001"})
		if p, err := w.d.Mine(t.Context(), who.Actor{}, "", 9); err != nil || len(p.Items) != 0 {
			t.Errorf("a visitor's: %v %v", p, err)
		}
	})
}

// Whether a category is public is decided anew: what must not be seen is gone at once,
// what may be seen comes back with the letter.
func TestCategoryOutOfSightAndBack(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		c := w.put(t, 0, "垃圾满了", func(c *Issue) { c.Category, c.Title, c.Named = "waste.bin", "垃圾满了", true })
		w.put(t, 0, "灯")
		box := geo.Bound{Min: geo.Point{Lat: 32.005, Lon: 120.86}, Max: geo.Point{Lat: 32.035, Lon: 120.88}}
		pins := func() (n int) {
			t.Helper()
			w.now = w.now.Add(time.Second)
			ps, err := w.d.Map(t.Context(), box, 15, Scope{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				n += p.N
			}
			return
		}
		turn := func(public bool) {
			t.Helper()
			write(t, w.d.DB, func(tx *db.Tx) error {
				k, err := category(tx, "waste.bin")
				if err != nil {
					return err
				}
				k.Names, k.Public, k.First, k.Sort, k.Grade, k.Parent = Said{"zh-Hans": "垃圾桶"}, public, "neighbourhood", Complaint, General, "waste"
				return putCategory(tx, k)
			})
		}
		work := func() {
			t.Helper()
			for after := id.ID(0); after != c.ID; after = c.ID {
				if err := w.d.reshow(t.Context(), Reshow{Category: "waste.bin", After: after}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := pins(); n != 2 {
			t.Errorf("%d pins", n)
		}
		turn(false)
		same(t, "list at once", w.public(t, Scope{}), []string{"0002"})
		same(t, "search at once", w.public(t, Scope{Q: "垃圾"}), []string(nil))
		if n := pins(); n != 1 {
			t.Errorf("%d pins at once", n)
		}
		if _, err := w.d.Public(t.Context(), c.No); fail.KindOf(err) != fail.Missing {
			t.Errorf("page: %v", err)
		}
		work()
		n, err := db.See(t.Context(), w.d.DB, func(tx *db.Tx) ([]id.ID, error) { return db.Match(tx, "issue_find", []string{"垃圾"}, 0, 9) })
		if err != nil || len(n) != 0 {
			t.Errorf("still in the index: %v %v", n, err)
		}
		turn(true)
		work()
		same(t, "back", w.public(t, Scope{Q: "垃圾"}), []string{"0001"})
		if n := pins(); n != 2 {
			t.Errorf("%d pins again", n)
		}
	})
}

func TestPrivateLinkOpensOnesOwn(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		c := w.put(t, 0, "灯")
		token := func(kind string, until time.Time) (s string) {
			write(t, w.d.DB, func(tx *db.Tx) (err error) { s, err = newLink(tx, who.Actor{}, c.ID, kind, 0, until); return })
			return
		}
		if o, err := w.d.OwnLink(t.Context(), token("reporter", time.Time{})); err != nil || o.View.No != c.No || len(o.Acts) == 0 {
			t.Errorf("%+v %v", o, err)
		}
		for name, s := range map[string]string{"of a follower": token("follow", time.Time{}), "expired": token("reporter", w.now.Add(-time.Second)), "made up": "AAAAAAAAAAAAAAAAAAAAAAAAAA", "none": ""} {
			if _, err := w.d.OwnLink(t.Context(), s); fail.KindOf(err) != fail.Missing {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Each list finds its rows through an index on both engines: none looks at all there is.
func TestListsUseTheirIndexes(t *testing.T) {
	eachRead(t, func(t *testing.T, w *readTown) {
		for range 3 {
			w.put(t, 0, "灯")
		}
		type query struct {
			q    string
			args []any
		}
		of := func(q string, args []any) query { return query{q, args} }
		paths := []string{w.root.Path, w.com[1].Path}
		mid := cursor{false, 5, 6}
		qs := map[string]query{
			"near":        of(aroundQuery(w.now, geo.Point{Lat: 32.02, Lon: 120.87}, nearPublic, nearDays, "facility.lamp")),
			"open":        of(openQuery(w.now, w.office(), View{What: AllOpen}, paths, mid, 50)),
			"late":        of(openQuery(w.now, w.office(), View{What: Overdue}, paths, cursor{}, 50)),
			"to confirm":  of(confirmQuery(View{}, paths, mid, 50)),
			"waiting":     of(waitingQuery(View{}, paths, cursor{}, 50)),
			"by number":   {`select id from issue where no = $1`, []any{"260622-0001"}},
			"mine":        {`select id from issue where owner = $1 and owner <> 0`, []any{1}},
			"the elder's": {`select id from issue where elder = $1 and elder <> 0`, []any{1}},
			"map":         {`select id from shown where (stamp, id) > ($1, $2) order by stamp, id limit 5000`, []any{1, 2}},
			"trail":       {`select id from entry where issue = $1 order by id`, []any{1}},
			"wordings":    {`select ref from wording where issue = $1 order by ref`, []any{1}},
		}
		sorts := map[string]bool{"near": true} // a few dozen
		for name, q := range qs {
			plan := ""
			write(t, w.d.DB, func(tx *db.Tx) error {
				explain := "explain query plan "
				scan := func(r db.Row) (s string, err error) { var n int; err = r.Scan(&n, &n, &n, &s); return }
				if !w.d.DB.Lite() {
					if _, err := tx.Exec(`set local enable_seqscan = off`); err != nil {
						return err
					}
					explain, scan = "explain ", func(r db.Row) (s string, err error) { err = r.Scan(&s); return }
				}
				ls, err := db.All(tx, scan, explain+q.q, q.args...)
				plan = strings.Join(ls, "\n")
				return err
			})
			for _, l := range strings.Split(plan, "\n") {
				whole := strings.Contains(l, "Seq Scan") || strings.HasPrefix(l, "SCAN") && !strings.Contains(l, "USING")
				if whole || !sorts[name] && strings.Contains(l, "TEMP B-TREE FOR ORDER BY") {
					t.Errorf("%s:\n%s", name, plan)
				}
			}
		}
	})
}

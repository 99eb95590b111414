package issue

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/place"
)

const pageMost = 100

// Scope is what a list or the map is about. The zero value is everything public in the town.
type Scope struct {
	Path     string // in this place; "" in the town, and in no tree of imports
	Category string // of this category, or of all below a main one
	State    string // "open", "ended", or a State
	Q        string // with these words, or of this number
	Near     geo.Point
}

// facets are the scope as words of issue_find; false when nothing can be in it. With words
// to search for, what holds for nearly everything is left out at first: a rare word
// and a common one together cost the index the common one.
func (s Scope) facets() ([]string, bool) {
	words := text.Query(s.Q)
	if s.Q != "" && len(words) == 0 {
		return nil, false
	}
	if ids := place.PathIDs(s.Path); len(ids) > 0 {
		words = append(words, placeFacet(ids[len(ids)-1]))
	}
	if s.Q == "" {
		words = append(words, s.wide()...)
	}
	if s.Category != "" {
		words = append(words, categoryFacet(s.Category))
	}
	switch s.State {
	case "", "ended":
	case "open":
		words = append(words, openFacet(Reported))
	default:
		words = append(words, stateFacet(State(s.State)))
	}
	return words, true
}

// wide are the facets that hold for nearly everything.
func (s Scope) wide() (words []string) {
	if s.Path == "" {
		words = append(words, townFacet)
	}
	if s.State == "ended" {
		words = append(words, openFacet(Closed))
	}
	return words
}

// PublicList lists what the public may see, the newest first; with a point, what is open
// or ended in the last thirty days within 1 km of it, the nearest first, in one page.
//
// Invalid issue.cursor.
func (d Desk) PublicList(ctx context.Context, s Scope, from string, limit int) (_ Page[Public], err error) {
	defer fail.Wrap(&err, "issue.PublicList")
	c, err := parseCursor(from)
	if err != nil {
		return Page[Public]{}, err
	}
	limit = max(1, min(limit, pageMost))
	s.Q = strings.TrimSpace(s.Q)
	return db.See(ctx, d.DB, func(tx *db.Tx) (Page[Public], error) {
		if s.Near != (geo.Point{}) {
			return near(tx, s, limit)
		}
		words, ok := s.facets()
		if !ok {
			return Page[Public]{}, nil
		}
		return publicByWords(tx, s, words, c, limit)
	})
}

func publicAt(p Public) (int64, id.ID) { return 0, p.ID }

// roundsMost is how often a search reads on when what it found is not in the scope; then
// the page is short and says that there is more.
const roundsMost = 12

func publicByWords(tx *db.Tx, s Scope, words []string, c cursor, limit int) (Page[Public], error) {
	var ps []Public
	on, more := c, true
	for round := 0; more && len(ps) <= limit && round < roundsMost; round++ {
		ids, err := match(tx, "issue_find", words, on, limit+1)
		if err != nil {
			return Page[Public]{}, err
		}
		if more = len(ids) > limit; len(ids) == 0 {
			break
		}
		on.id = ids[len(ids)-1]
		if s.Q != "" && round == 0 { // the word is common: from now on the index may do it all
			words = append(slices.Clip(words), s.wide()...)
		}
		some, err := s.rest(tx, ids)
		if err != nil {
			return Page[Public]{}, err
		}
		slices.SortFunc(some, func(a, b Public) int { return newer(a.ID, b.ID, c.back) })
		ps = append(ps, some...)
	}
	out := page(ps, c, limit, publicAt)
	if more && len(ps) <= limit {
		if k := on.String(); c.back {
			out.Prev = k
		} else {
			out.Next = k
		}
	}
	return out, nil
}

// rest are those of ids that are public and in what facets left out.
func (s Scope) rest(tx *db.Tx, ids []id.ID) ([]Public, error) {
	in, args := marks(1, ids)
	roots := map[id.ID][]id.ID{}
	ps, err := db.All(tx, func(r db.Row) (p Public, err error) {
		var up string
		err = r.Scan(append(publicDest(&p), &up)...)
		if at := place.PathIDs(up); len(at) > 0 {
			roots[at[0]] = append(roots[at[0]], p.ID)
		}
		return
	}, `select `+publicCols+`, up from shown where id in (`+in+`) and pub`, args...)
	if err != nil || s.Q == "" {
		return ps, err
	}
	apart := map[id.ID]bool{}
	if s.Path == "" {
		of, err := place.ByIDs(tx, slices.Collect(maps.Keys(roots)))
		if err != nil {
			return nil, err
		}
		for root, ids := range roots {
			for _, n := range ids {
				apart[n] = of[root].Level == place.Tree
			}
		}
	}
	return slices.DeleteFunc(ps, func(p Public) bool { return apart[p.ID] || s.State == "ended" && p.State.Open() }), nil
}

// newer orders ids newest first, or oldest first when a list is read backwards.
func newer(a, b id.ID, back bool) int {
	if back {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(b, a)
}

func match(tx *db.Tx, index string, words []string, c cursor, limit int) ([]id.ID, error) {
	if c.back {
		return db.MatchAfter(tx, index, words, c.id, limit)
	}
	return db.Match(tx, index, words, c.id, limit)
}

const (
	nearList = 1000.0
	nearAgo  = 30 * 24 * time.Hour
)

func near(tx *db.Tx, s Scope, limit int) (Page[Public], error) {
	ps, err := around(tx, s.Near, nearList, nearAgo, "")
	if err != nil {
		return Page[Public]{}, err
	}
	dist := func(p Public) float64 { return metres(s.Near.Lat, s.Near.Lon, p.Lat, p.Lon) }
	ps = slices.DeleteFunc(ps, func(p Public) bool {
		return dist(p) > nearList || s.Category != "" && p.Category != s.Category && mainCategory(p.Category) != s.Category ||
			s.State == "open" && !p.State.Open() || s.State == "ended" && p.State.Open()
	})
	slices.SortFunc(ps, func(a, b Public) int { return cmp.Or(cmp.Compare(dist(a), dist(b)), cmp.Compare(b.ID, a.ID)) })
	return Page[Public]{Items: ps[:min(len(ps), limit)]}, nil
}

// Line is an issue in a list for staff.
type Line struct {
	ID       id.ID
	No       string
	Category string
	Sort     Sort
	Grade    Grade
	Channel  Channel
	Title    string // "" until released
	Said     string // how the report begins, released or not
	Place    id.ID
	Path     string
	Desk     id.ID
	DeskPath string
	State    State
	Why      string
	Outcome  Outcome
	Answer   Answer
	Accept   time.Time
	Dispatch time.Time
	First    time.Time
	Settle   time.Time
	Promise  time.Time
	Late     bool
	Wish     Act
	Bounced  int64
	Reworks  int64
	Reopens  int64
	MeToo    int64
	Handler  id.ID
	Photo    string
	Hidden   bool
	CallBack bool
	At       time.Time
	Moved    time.Time
	Closed   time.Time
	Rev      int64
}

const lineCols = `i.id, i.no, i.category, i.sort, i.grade, i.channel, i.title, i.place, i.path, i.desk, i.desk_path, i.state, i.why,
	i.outcome, i.answer, i.due_accept, i.due_dispatch, i.due_first, i.due_settle, i.promise, i.late, i.wish, i.bounced, i.reworks, i.reopens,
	i.me_too, i.handler, i.photo, i.hidden, i.call_back, i.at, i.moved, i.closed, i.rev,
	coalesce((select substr(e.body, 1, 80) from entry e where e.issue = i.id order by e.id limit 1), '')`

func scanLine(r db.Row) (l Line, err error) {
	err = r.Scan(&l.ID, &l.No, &l.Category, &l.Sort, &l.Grade, &l.Channel, &l.Title, &l.Place, &l.Path, &l.Desk, &l.DeskPath, &l.State, &l.Why,
		&l.Outcome, &l.Answer, db.Time(&l.Accept), db.Time(&l.Dispatch), db.Time(&l.First), db.Time(&l.Settle), db.Time(&l.Promise), &l.Late, &l.Wish,
		&l.Bounced, &l.Reworks, &l.Reopens, &l.MeToo, &l.Handler, &l.Photo, &l.Hidden, &l.CallBack, db.Time(&l.At), db.Time(&l.Moved), db.Time(&l.Closed), &l.Rev, &l.Said)
	return
}

// What is one of the desk's lists.
type What string

const (
	ToAccept   What = "to_accept"
	ToDispatch What = "to_dispatch"
	Mine       What = "mine" // handed to me, my teams or my organisations
	Soon       What = "soon" // some limit runs out within a day
	Overdue    What = "late"
	ToCheck    What = "to_check" // handled by somebody else
	ToConfirm  What = "to_confirm"
	Returned   What = "returned" // by the one it was handed to, or sent back by the check
	Decide     What = "decide"   // returned twice: 马上办 decides
	ToApprove  What = "to_approve"
	Asked      What = "asked"
	Standing   What = "paused"
	AllOpen    What = "all_open"
	Ended      What = "closed"
	Waiting    What = "release" // texts and photos wait to be looked at
)

// Lists are the lists in the order of the desk's side bar.
var Lists = []What{ToAccept, ToDispatch, Mine, Soon, Overdue, ToCheck, ToConfirm, Returned, Decide, ToApprove, Asked, Standing, Waiting, AllOpen, Ended}

// conds are the open lists: each reads the index of what is open.
var conds = map[What]string{
	ToAccept:   `i.state = 'reported'`,
	ToDispatch: `i.state = 'accepted' and i.bounced < 2`,
	Soon:       `i.due_settle > $2 and i.due_settle <= $3 and i.state <> 'handled'`,
	Overdue:    `(i.late or (i.due_settle > 0 and i.due_settle <= $2))`,
	ToCheck:    `i.state = 'handled' and i.handler <> $4`,
	Returned:   `i.state in ('accepted', 'in_hand') and (i.bounced = 1 or (i.bounced = 0 and i.reworks > 0))`,
	Decide:     `i.state = 'accepted' and i.bounced >= 2`,
	ToApprove:  `i.wish <> ''`,
	Asked:      `i.state = 'paused' and i.why = 'ask'`,
	Standing:   `i.state = 'paused' and i.why <> 'ask'`,
	AllOpen:    `i.id > 0`,
}

// View is a list of the desk, narrowed down. A saved view is one under a name.
type View struct {
	What     What   `json:"what"`
	Path     string `json:"path"` // in this place only
	Category string `json:"category"`
	Q        string `json:"q"` // words or a number, among all there are, or with AllOpen or Ended among those
}

// DeskList lists what of a view is before the desks the actor may see, or is in the
// actor's hands. Open lists begin with the limit that runs out first, ended and found ones
// with the newest.
//
// Invalid issue.cursor, issue.view. Denied issue.denied for who has no desk and no task.
func (d Desk) DeskList(ctx context.Context, by who.Actor, v View, from string, limit int) (_ Page[Line], err error) {
	defer fail.Wrap(&err, "issue.DeskList")
	c, err := parseCursor(from)
	if err != nil {
		return Page[Line]{}, err
	}
	limit = max(1, min(limit, pageMost))
	v.Q = strings.TrimSpace(v.Q)
	paths := narrowed(by, who.IssueSee, v.Path)
	if v.What == Waiting {
		paths = narrowed(by, who.IssueRelease, v.Path)
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) (Page[Line], error) {
		switch {
		case v.What == Mine:
			return mineList(tx, by, c, limit)
		case len(paths) == 0:
			return Page[Line]{}, nil
		case v.Q != "":
			return deskByWords(tx, v, paths, text.Query(v.Q), c, limit)
		case v.What == Ended:
			return deskByWords(tx, v, paths, nil, c, limit)
		case v.What == ToConfirm:
			return confirmList(tx, v, paths, c, limit)
		case v.What == Waiting:
			return waitingList(tx, v, paths, c, limit)
		case conds[v.What] == "":
			return Page[Line]{}, &fail.Error{Kind: fail.Invalid, Code: "issue.view", Field: "view"}
		}
		return openList(tx, by, v, paths, c, limit)
	})
}

// narrowed are the places of a right, cut down to one place.
func narrowed(by who.Actor, r who.Right, in string) (out []string) {
	paths := by.Paths(r)
	if by.IsSystem() {
		paths = []string{"/"}
	}
	if in == "" {
		return paths
	}
	for _, p := range paths {
		switch {
		case place.Inside(in, p):
			return []string{in}
		case place.Inside(p, in):
			out = append(out, p)
		}
	}
	return out
}

// pathCond is "col lies in one of the paths", with its arguments from number n on.
func pathCond(col string, n int, paths []string) (string, []any) {
	var or []string
	var args []any
	for i, p := range paths {
		// Not like: over three thousand open issues that alone is a millisecond more.
		or = append(or, `substr(`+col+`, 1, `+itoa(len(p))+`) = $`+itoa(n+i))
		args = append(args, p)
	}
	return "(" + strings.Join(or, " or ") + ")", args
}

func settleAt(l Line) (int64, id.ID) { return db.Ms(l.Settle), l.ID }
func newestAt(l Line) (int64, id.ID) { return 0, l.ID }

// openList walks the index of what is open in the order of the limits.
func openList(tx *db.Tx, by who.Actor, v View, paths []string, c cursor, limit int) (Page[Line], error) {
	q, args := openQuery(tx.Now(), by, v, paths, c, limit)
	ids, err := db.All(tx, scanID, q, args...)
	if err != nil {
		return Page[Line]{}, err
	}
	ls, err := lines(tx, ids)
	return page(ls, c, limit, settleAt), err
}

func openQuery(now time.Time, by who.Actor, v View, paths []string, c cursor, limit int) (string, []any) {
	in, args := pathCond("i.desk_path", 9, paths)
	dir, order := ">", ""
	if c.back {
		dir, order = "<", " desc"
	}
	if c.first() {
		c.key = -1
	}
	// The numbered arguments are all named once, in vain where a list has no use for them:
	// PostgreSQL wants to know the type of each.
	q := `select i.id from issue i where i.` + isOpen + ` and ` + conds[v.What] + ` and ` + in + `
		and (i.due_settle, i.id) ` + dir + ` ($5, $6) and ($7 = '' or i.category = $7 or i.category like $8)
		and cast($2 as bigint) <= cast($3 as bigint) and cast($4 as bigint) >= 0 order by i.due_settle` + order + `, i.id` + order + ` limit $1`
	return q, append([]any{limit + 1, db.Ms(now), db.Ms(now.Add(24 * time.Hour)), by.ID, c.key, c.id, v.Category, v.Category + ".%"}, args...)
}

func scanID(r db.Row) (n id.ID, err error) { err = r.Scan(&n); return }

// lines are the issues of ids, in that order.
func lines(tx *db.Tx, ids []id.ID) ([]Line, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := marks(1, ids)
	ls, err := db.All(tx, scanLine, `select `+lineCols+` from issue i where i.id in (`+in+`)`, args...)
	rank := make(map[id.ID]int, len(ids))
	for i, n := range ids {
		rank[n] = i
	}
	slices.SortFunc(ls, func(a, b Line) int { return rank[a.ID] - rank[b.ID] })
	return ls, err
}

func mineList(tx *db.Tx, by who.Actor, c cursor, limit int) (Page[Line], error) {
	if !by.Signed() {
		return Page[Line]{}, nil
	}
	or, args := held(by, 3)
	q, from := `k.issue < $2`, id.ID(far)
	order := " desc"
	if !c.first() {
		from = c.id
	}
	if c.back {
		q, order = `k.issue > $2`, ""
	}
	ids, err := db.All(tx, scanID, `select distinct k.issue from task k where k.state in ('offered', 'taken') and `+or+` and `+q+`
		order by k.issue`+order+` limit $1`, append([]any{limit + 1, from}, args...)...)
	if err != nil {
		return Page[Line]{}, err
	}
	ls, err := lines(tx, ids)
	return page(ls, c, limit, newestAt), err
}

// held is the condition that task k is in the actor's hands, arguments from n on.
func held(by who.Actor, n int) (string, []any) {
	or := []string{`(k.kind = 'person' and k.target = $` + itoa(n) + `)`}
	args := []any{by.ID}
	for kind, ids := range map[string][]id.ID{"team": by.Teams, "org": by.Orgs} {
		if len(ids) == 0 {
			continue
		}
		in, more := marks(n+len(args), ids)
		or, args = append(or, `(k.kind = '`+kind+`' and k.target in (`+in+`))`), append(args, more...)
	}
	return "(" + strings.Join(or, " or ") + ")", args
}

// deskByWords reads the desk's search index, the newest first: all there is, or what is
// open, or what has ended.
func deskByWords(tx *db.Tx, v View, paths []string, words []string, c cursor, limit int) (Page[Line], error) {
	if v.Q != "" {
		if len(words) == 0 {
			return Page[Line]{}, nil
		}
		// A rare word: all it finds is at hand, without the common words of a wide place.
		ids, err := match(tx, "issue_desk", words, c, limit+1)
		if err != nil {
			return Page[Line]{}, err
		}
		if len(ids) <= limit {
			ls, err := lines(tx, ids)
			ls = slices.DeleteFunc(ls, func(l Line) bool { return !v.holds(l, paths) })
			return page(ls, c, limit, newestAt), err
		}
	}
	if v.Category != "" {
		words = append(words, categoryFacet(v.Category))
	}
	switch v.What {
	case AllOpen:
		words = append(words, openFacet(Reported))
	case Ended:
		words = append(words, openFacet(Closed))
	}
	var ids []id.ID
	for _, p := range paths {
		all := words
		if at := place.PathIDs(p); len(at) > 0 {
			all = append(slices.Clip(words), placeFacet(at[len(at)-1]))
		}
		more, err := match(tx, "issue_desk", all, c, limit+1)
		if err != nil {
			return Page[Line]{}, err
		}
		ids = append(ids, more...)
	}
	slices.SortFunc(ids, func(a, b id.ID) int { return newer(a, b, c.back) })
	ids = slices.Compact(ids)
	ls, err := lines(tx, ids[:min(len(ids), limit+1)])
	return page(ls, c, limit, newestAt), err
}

// holds reports whether l is in the view and in one of the places.
func (v View) holds(l Line, paths []string) bool {
	switch {
	case v.What == AllOpen && !l.State.Open(), v.What == Ended && l.State.Open(),
		v.Category != "" && l.Category != v.Category && mainCategory(l.Category) != v.Category:
		return false
	}
	return slices.ContainsFunc(paths, func(p string) bool { return place.Inside(l.Path, p) || place.Inside(l.DeskPath, p) })
}

func confirmList(tx *db.Tx, v View, paths []string, c cursor, limit int) (Page[Line], error) {
	q, args := confirmQuery(v, paths, c, limit)
	ids, err := db.All(tx, scanID, q, args...)
	if err != nil {
		return Page[Line]{}, err
	}
	ls, err := lines(tx, ids)
	return page(ls, c, limit, func(l Line) (int64, id.ID) { return db.Ms(l.Closed), l.ID }), err
}

func confirmQuery(v View, paths []string, c cursor, limit int) (string, []any) {
	in, args := pathCond("i.desk_path", 6, paths)
	dir, order := ">", ""
	if c.back {
		dir, order = "<", " desc"
	}
	return `select i.id from issue i where i.answer = 'awaiting' and ` + in + `
		and (i.closed, i.id) ` + dir + ` ($2, $3) and ($4 = '' or i.category = $4 or i.category like $5)
		order by i.closed` + order + `, i.id` + order + ` limit $1`,
		append([]any{limit + 1, c.key, c.id, v.Category, v.Category + ".%"}, args...)
}

// Counts are how many wait in each of the open lists, for the side bar. They cost what is
// open, not what there ever was. Ended has none.
func (d Desk) Counts(ctx context.Context, by who.Actor) (_ map[What]int64, err error) {
	defer fail.Wrap(&err, "issue.Counts")
	return db.See(ctx, d.DB, func(tx *db.Tx) (map[What]int64, error) { return counts(tx, by) })
}

var counted = []What{ToAccept, ToDispatch, Soon, Overdue, ToCheck, Returned, Decide, ToApprove, Asked, Standing, AllOpen}

func counts(tx *db.Tx, by who.Actor) (map[What]int64, error) {
	out := map[What]int64{}
	if by.Signed() {
		or, args := held(by, 1)
		n, err := db.One(tx, "", scanInt, `select count(distinct k.issue) from task k where k.state in ('offered', 'taken') and `+or, args...)
		if err != nil {
			return nil, err
		}
		out[Mine] = n
	}
	paths := by.Paths(who.IssueSee)
	if len(paths) == 0 {
		return out, nil
	}
	var sums []string
	for _, w := range counted {
		sums = append(sums, `coalesce(sum(case when `+conds[w]+` then 1 else 0 end), 0)`)
	}
	in, args := pathCond("i.desk_path", 5, paths)
	now := tx.Now()
	_, err := db.One(tx, "", func(r db.Row) (_ int, err error) {
		ns := make([]int64, len(counted))
		to := make([]any, len(counted))
		for i := range ns {
			to[i] = &ns[i]
		}
		err = r.Scan(to...)
		for i, w := range counted {
			out[w] = ns[i]
		}
		return
	}, `select `+strings.Join(sums, ", ")+` from issue i where i.`+isOpen+` and $1 >= 0 and `+in,
		append([]any{0, db.Ms(now), db.Ms(now.Add(24 * time.Hour)), by.ID}, args...)...)
	if err != nil {
		return nil, err
	}
	in, args = pathCond("i.desk_path", 1, paths)
	if out[ToConfirm], err = db.One(tx, "", scanInt, `select count(*) from issue i where i.answer = 'awaiting' and `+in, args...); err != nil {
		return nil, err
	}
	if paths := by.Paths(who.IssueRelease); len(paths) > 0 {
		if out[Waiting], err = waitingCount(tx, paths); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func scanInt(r db.Row) (n int64, err error) { err = r.Scan(&n); return }

// Mine are the issues a signed-in person raised, or had raised for them, newest first:
// their own, so the title is theirs to read.
func (d Desk) Mine(ctx context.Context, by who.Actor, from string, limit int) (_ Page[Line], err error) {
	defer fail.Wrap(&err, "issue.Mine")
	return d.personal(ctx, by, from, limit, `select id from issue where owner = $2 and owner <> 0 and id `, ` union select id from issue where elder = $2 and elder <> 0 and id `)
}

// Followed are the issues a person follows and may see, newest first, as the public sees them.
func (d Desk) Followed(ctx context.Context, by who.Actor, from string, limit int) (_ Page[Public], err error) {
	defer fail.Wrap(&err, "issue.Followed")
	c, err := parseCursor(from)
	if err != nil || !by.Signed() {
		return Page[Public]{}, err
	}
	limit = max(1, min(limit, pageMost))
	q, at, order := `f.issue < $3`, id.ID(far), " desc"
	if !c.first() {
		at = c.id
	}
	if c.back {
		q, order = `f.issue > $3`, ""
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) (Page[Public], error) {
		ps, err := db.All(tx, scanPublic, `select `+prefixed("s", publicCols)+` from follow f join shown s on s.id = f.issue
			where f.person = $2 and f.ended = 0 and s.pub and `+q+` order by f.issue`+order+` limit $1`, limit+1, by.ID, at)
		return page(ps, c, limit, publicAt), err
	})
}

func prefixed(t, cols string) string { return t + "." + strings.ReplaceAll(cols, ", ", ", "+t+".") }

func (d Desk) personal(ctx context.Context, by who.Actor, from string, limit int, selects ...string) (Page[Line], error) {
	c, err := parseCursor(from)
	if err != nil || !by.Signed() {
		return Page[Line]{}, err
	}
	limit = max(1, min(limit, pageMost))
	dir, at, order := "<", id.ID(far), " desc"
	if !c.first() {
		at = c.id
	}
	if c.back {
		dir, order = ">", ""
	}
	q := ""
	for _, s := range selects {
		q += s + dir + ` $3`
	}
	return db.See(ctx, d.DB, func(tx *db.Tx) (Page[Line], error) {
		ids, err := db.All(tx, scanID, q+` order by id`+order+` limit $1`, limit+1, by.ID, at)
		if err != nil {
			return Page[Line]{}, err
		}
		ls, err := lines(tx, ids)
		return page(ls, c, limit, newestAt), err
	})
}

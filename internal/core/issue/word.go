package issue

import (
	"context"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/base/text"
	"github.com/linli-town/linli/internal/base/who"
)

// Wording is what staff decided to show of a text or a photo. What was typed and taken is
// never changed.
type Wording struct {
	Ref   id.ID // the entry or the photo
	Issue id.ID
	Text  string // of an entry: a copy with parts taken out; "" as typed
	Kept  bool   // kept back: decided, and not shown
	By    id.ID
	At    time.Time
}

// of is what is shown of e once it is released.
func (w Wording) of(e Entry) string {
	switch {
	case w.Kept:
		return ""
	case w.Text != "":
		return w.Text
	}
	return e.Text
}

const wordMost = 10_000

// release shows a text or a photo of c, or takes it back: m.Ref names it. A text is shown
// as typed, or as m.Text; a photo as it is, or as its copy m.Shown. Taking back what was
// never shown keeps it back. It returns c with the photo that lists show; the caller saves
// c and calls reword.
//
// Missing issue.ref_missing; Conflict issue.internal for words among staff.
func release(tx *db.Tx, by who.Actor, c Issue, m Move) (Issue, error) {
	w := Wording{Ref: m.Ref, Issue: c.ID, Kept: m.Act == ActUnrelease, By: by.ID, At: tx.Now()}
	e, err := entryByID(tx, c.ID, m.Ref)
	switch {
	case err == nil:
		if e.Internal || !e.Act.Told() {
			return c, fail.New(fail.Conflict, "issue.internal")
		}
		if w.Text, err = text.Clean(m.Text, wordMost); err != nil {
			return c, err
		}
		if w.Text == e.Text || w.Kept {
			w.Text = ""
		}
		if e.Act == ActReport {
			was, err := wordings(tx, c.ID)
			if err != nil {
				return c, err
			}
			c.headline(e, was[e.ID], w)
		}
		e.Released = !w.Kept
		err = saveEntry(tx, e)
	case fail.KindOf(err) == fail.Missing:
		var p Photo
		if p, err = photoByID(tx, c.ID, m.Ref); err != nil {
			if fail.KindOf(err) == fail.Missing {
				err = fail.New(fail.Missing, "issue.ref_missing")
			}
			return c, err
		}
		if e, err := entryByID(tx, c.ID, p.Entry); err != nil || e.Internal || !e.Act.Told() {
			if err == nil {
				err = fail.New(fail.Conflict, "issue.internal")
			}
			return c, err
		}
		p.Released, p.Shown = !w.Kept, ""
		if p.Released {
			if p.Shown = m.Shown; p.Shown == "" {
				p.Shown = p.Name
			}
		}
		err = savePhoto(tx, p)
	}
	if err != nil {
		return c, err
	}
	if err := putWording(tx, w); err != nil {
		return c, err
	}
	c.Photo, err = firstShown(tx, c.ID)
	return c, err
}

// headline lets c be called by the first line of what was said, as it is now shown, unless
// staff named it: a name that came from the words goes with the words.
func (c *Issue) headline(e Entry, was, now Wording) {
	if c.Named && !(e.Released && c.Title == firstLine(was.of(e))) {
		return
	}
	c.Title = firstLine(now.of(e))
	c.Named = c.Title != ""
}

// firstLine is the first line of a text, as long as a title may be.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > titleMost {
		s = string(r[:titleMost-1]) + "…"
	}
	return s
}

// firstShown is the photo that lists show: the first that was released.
func firstShown(tx *db.Tx, issue id.ID) (string, error) {
	ps, err := photos(tx, issue)
	for _, p := range ps {
		if p.Released && p.Shown != "" {
			return p.Shown, err
		}
	}
	return "", err
}

// Wait is a text, with its photos, that somebody must look at before it is shown.
type Wait struct {
	Line   Line
	Entry  Entry
	Marks  []text.Mark // what seems to be personal in it
	Masked string      // the text with the marks covered: what we propose
	Photos []Photo     // those of the entry that wait
}

// Waiting lists what waits for release where the actor may release, one item a text, of
// the newest issues first.
//
// Invalid issue.cursor.
func (d Desk) Waiting(ctx context.Context, by who.Actor, in, from string, limit int) (_ Page[Wait], err error) {
	defer fail.Wrap(&err, "issue.Waiting")
	c, err := parseCursor(from)
	if err != nil {
		return Page[Wait]{}, err
	}
	paths := narrowed(by, who.IssueRelease, in)
	if len(paths) == 0 {
		return Page[Wait]{}, nil
	}
	limit = max(1, min(limit, pageMost))
	return db.See(ctx, d.DB, func(tx *db.Tx) (out Page[Wait], err error) {
		ls, err := waitingList(tx, View{What: Waiting}, paths, c, limit)
		if err != nil {
			return out, err
		}
		out.Next, out.Prev = ls.Next, ls.Prev
		for _, l := range ls.Items {
			ws, err := waits(tx, l)
			if err != nil {
				return out, err
			}
			out.Items = append(out.Items, ws...)
		}
		return out, nil
	})
}

// waits are the texts and photos of one issue that nobody has looked at.
func waits(tx *db.Tx, l Line) (out []Wait, err error) {
	es, err := entries(tx, l.ID)
	if err != nil {
		return nil, err
	}
	seen, err := wordings(tx, l.ID)
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		if e.Internal || !e.Act.Told() {
			continue
		}
		w := Wait{Line: l, Entry: e}
		for _, p := range e.Photos {
			if _, looked := seen[p.ID]; !p.Released && !looked {
				w.Photos = append(w.Photos, p)
			}
		}
		_, looked := seen[e.ID]
		if worded := e.Text != "" && !e.Released && !looked; !worded && len(w.Photos) == 0 {
			continue
		}
		w.Marks = text.Personal(e.Text)
		w.Masked = text.Mask(e.Text, w.Marks)
		out = append(out, w)
	}
	return out, nil
}

func waitingList(tx *db.Tx, v View, paths []string, c cursor, limit int) (Page[Line], error) {
	q, args := waitingQuery(v, paths, c, limit)
	ids, err := db.All(tx, scanID, q, args...)
	if err != nil {
		return Page[Line]{}, err
	}
	ls, err := lines(tx, ids)
	return page(ls, c, limit, newestAt), err
}

func waitingQuery(v View, paths []string, c cursor, limit int) (string, []any) {
	in, args := pathCond("s.path", 3, paths)
	on, more := pathCond("s.desk", 3+len(args), paths)
	args = append(append([]any{limit + 1, c.id}, args...), more...)
	q, order := `s.id < $2`, " desc"
	if c.first() {
		args[1] = id.ID(far)
	}
	if c.back {
		q, order = `s.id > $2`, ""
	}
	if v.Category != "" {
		n := len(args) + 1
		q += ` and (s.kind = $` + itoa(n) + ` or s.kind like $` + itoa(n+1) + `)`
		args = append(args, v.Category, v.Category+".%")
	}
	return `select s.id from shown s where s.waits > 0 and (` + in + ` or ` + on + `) and ` + q + ` order by s.id` + order + ` limit $1`, args
}

// countMost is where counting for the side bar ends: nobody works off more in a day.
const countMost = 999

func waitingCount(tx *db.Tx, paths []string) (int64, error) {
	in, args := pathCond("s.path", 2, paths)
	on, more := pathCond("s.desk", 2+len(args), paths)
	return db.One(tx, "", scanInt, `select count(*) from (select s.id from shown s where s.waits > 0 and (`+in+` or `+on+`) limit $1) t`,
		append(append([]any{countMost}, args...), more...)...)
}

package audit

import (
	"cmp"
	"context"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

// Report is what checking the whole chain found.
type Report struct {
	Sealed  int64     // acts in the chain
	Waiting int64     // acts not sealed yet: no finding as long as they are young
	Since   time.Time // of the oldest that waits
	Blanked int64     // acts whose detail was taken out by an act
	Heads   int       // heads kept outside that were compared
	Head    Head
	Found   []Finding // the first hundred
	More    int64     // how many further
}

// Whole reports whether nothing was found.
func (r Report) Whole() bool { return len(r.Found) == 0 }

// What is wrong at a place of the chain.
type What string

const (
	ActChanged  What = "act_changed"  // the act is not what was sealed
	ActGone     What = "act_gone"     // the act that was sealed is not there
	SealChanged What = "seal_changed" // the seal does not follow from the one before it
	Gap         What = "gap"          // places are missing inside the chain
	TailCut     What = "tail_cut"     // the end is missing: more was known
	HeadDiffers What = "head_differs" // the chain was rewritten after After and up to Seq
	HeadTorn    What = "head_torn"    // a line of the heads cannot be read
	Stray       What = "stray"        // an act that neither is sealed nor waits
)

// Finding says what is wrong and where.
type Finding struct {
	What  What
	Seq   int64 // place in the chain, 0 none
	After int64 // the last place known to be good before it, for HeadDiffers, Gap and TailCut
	Act   id.ID
	Verb  string
	At    time.Time
	Line  int // in the heads
}

// Key is the key of the sentence that says it.
func (f Finding) Key() string { return "audit.found." + string(f.What) }

// Verify checks every act, every seal and every head that was kept outside; heads
// nil: there are none to compare, and a cut or rewritten chain cannot be found.
func Verify(ctx context.Context, d *db.DB, heads io.Reader) (Report, error) {
	return Check{DB: d}.Verify(ctx, heads)
}

// Check is Verify with somebody watching.
type Check struct {
	DB    *db.DB
	Tell  func(done, of int64) // called now and then; nil: nobody watches
	heads []known
	rep   Report
	end   Head // by the sealer's own row, when the check began
}

const pageSize = 1000

// Verify checks the chain.
func (c Check) Verify(ctx context.Context, heads io.Reader) (_ Report, err error) {
	defer fail.Wrap(&err, "audit.Verify")
	if heads != nil {
		var bad []int
		if c.heads, bad, err = readHeads(heads); err != nil {
			return c.rep, err
		}
		for _, n := range bad {
			c.found(Finding{What: HeadTorn, Line: n})
		}
		slices.SortStableFunc(c.heads, func(a, b known) int { return cmp.Compare(a.seq, b.seq) })
		c.rep.Heads = len(c.heads)
	}
	// First the end, then the walk: what is sealed meanwhile is only more.
	if c.end, err = db.See(ctx, c.DB, End); fail.KindOf(err) == fail.Missing {
		err = nil // the row of the sealer was taken away; the heads and the walk tell the rest
		c.found(Finding{What: SealChanged})
	}
	if err != nil {
		return c.rep, err
	}
	if err = c.chain(ctx); err != nil {
		return c.rep, err
	}
	err = c.strays(ctx)
	return c.rep, err
}

func (c *Check) found(f Finding) {
	if len(c.rep.Found) == 100 {
		c.rep.More++
		return
	}
	c.rep.Found = append(c.rep.Found, f)
}

type sealed struct {
	seq        int64
	act        id.ID
	mark, hash string
	at         time.Time
	a          Act
	there      bool
}

func scanSealed(r db.Row) (s sealed, err error) {
	err = r.Scan(&s.seq, &s.act, &s.mark, &s.hash, db.Time(&s.at), &s.there,
		&s.a.ID, db.Time(&s.a.At), &s.a.Who, &s.a.Via, &s.a.Verb, &s.a.What, &s.a.Detail, &s.a.salt)
	return
}

// chain walks the seals from the first to the last.
func (c *Check) chain(ctx context.Context) error {
	last := Head{Hash: none}
	next, good, differs := 0, int64(0), false
	for {
		page, err := db.See(ctx, c.DB, func(tx *db.Tx) ([]sealed, error) {
			return db.All(tx, scanSealed, `
				select s.seq, s.act, s.mark, s.hash, s.at, a.id is not null, coalesce(a.id, 0), coalesce(a.at, 0), coalesce(a.who, 0),
					coalesce(a.via, ''), coalesce(a.verb, ''), coalesce(a.what, 0), coalesce(a.detail, ''), coalesce(a.salt, '')
				from seal s left join act a on a.id = s.act
				where s.seq > $1 order by s.seq limit $2`, last.Seq, pageSize)
		})
		if err != nil {
			return err
		}
		for _, s := range page {
			at := Finding{Seq: s.seq, Act: s.act, Verb: s.a.Verb, At: s.at}
			say := func(w What) { at.What = w; c.found(at) }
			if s.seq != last.Seq+1 {
				at.After = last.Seq
				say(Gap)
				at.After = 0
			} else if link(last.Hash, s.seq, int64(s.act), s.mark) != s.hash {
				say(SealChanged)
			}
			switch ok, err := c.act(ctx, s); {
			case err != nil:
				return err
			case !s.there:
				say(ActGone)
			case !ok:
				say(ActChanged)
			}
			for ; next < len(c.heads) && c.heads[next].seq <= s.seq; next++ {
				k := c.heads[next]
				if k.seq == s.seq && hex.EncodeToString(k.hash[:]) == s.hash {
					good = max(good, k.seq)
				} else if !differs { // all after it differ too; a head whose place is missing is in a gap
					differs = k.seq == s.seq
					if differs {
						at.After, at.Line = good, k.line
						say(HeadDiffers)
						at.After, at.Line = 0, 0
					}
				}
			}
			last = Head{s.seq, s.hash, s.at}
			c.rep.Sealed++
		}
		if c.Tell != nil {
			c.Tell(last.Seq, c.end.Seq)
		}
		if len(page) < pageSize {
			break
		}
	}
	c.rep.Head = last
	cut := Finding{What: TailCut, After: last.Seq}
	if c.end.Seq > last.Seq {
		cut.Seq, cut.At = c.end.Seq, c.end.At
	}
	if next < len(c.heads) {
		if k := c.heads[len(c.heads)-1]; k.seq >= cut.Seq {
			cut.Seq, cut.At, cut.Line = k.seq, k.at, k.line
		}
	}
	if cut.Seq != 0 {
		c.found(cut)
	}
	return nil
}

// act reports whether the act is what was sealed.
func (c *Check) act(ctx context.Context, s sealed) (bool, error) {
	if !s.there || mark(s.a) != s.mark {
		return false, nil
	}
	if s.a.salt != "" {
		return true, nil
	}
	// Blanked: only an act may do that.
	by, err := db.See(ctx, c.DB, func(tx *db.Tx) ([]id.ID, error) {
		return db.All(tx, scanID, `select id from act where what = $1 and verb = $2 limit 1`, s.act, blanked)
	})
	if len(by) > 0 {
		c.rep.Blanked++
	}
	return len(by) > 0, err
}

// strays looks for acts the chain does not know, and counts those that wait.
func (c *Check) strays(ctx context.Context) error {
	type line struct {
		id     id.ID
		at     time.Time
		verb   string
		sealed bool
		waits  bool
	}
	scan := func(r db.Row) (l line, err error) {
		err = r.Scan(&l.id, db.Time(&l.at), &l.verb, &l.sealed, &l.waits)
		return
	}
	after := id.ID(-1 << 63)
	for {
		page, err := db.See(ctx, c.DB, func(tx *db.Tx) ([]line, error) {
			return db.All(tx, scan, `
				select a.id, a.at, a.verb, s.seq is not null, u.act is not null
				from act a left join seal s on s.act = a.id left join unsealed u on u.act = a.id
				where a.id > $1 order by a.id limit $2`, after, pageSize)
		})
		if err != nil {
			return err
		}
		for _, l := range page {
			after = l.id
			switch {
			case !l.sealed && !l.waits:
				c.found(Finding{What: Stray, Act: l.id, Verb: l.verb, At: l.at})
			case !l.sealed:
				if c.rep.Waiting++; c.rep.Since.IsZero() {
					c.rep.Since = l.at
				}
			}
		}
		if len(page) < pageSize {
			break
		}
	}
	gone, err := db.See(ctx, c.DB, func(tx *db.Tx) ([]id.ID, error) {
		return db.All(tx, scanID, `select u.act from unsealed u left join act a on a.id = u.act where a.id is null order by u.act limit 100`)
	})
	for _, n := range gone {
		c.found(Finding{What: ActGone, Act: n})
	}
	return err
}

package issue

import (
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
)

// shown is one row of what the public may see.
type shown struct {
	Public
	Stamp  id.ID
	Pub    bool
	Up     string // path of the place shown
	Kind   string
	Path   string
	Desk   string
	Texts  int64
	Spoken int64
	Waits  int64
	Cell   int64
	Live   int64
}

const publicCols = `id, no, category, grade, title, place, lat, lon, state, outcome, answer, promise, paused, late, me_too, reopens, photo, at, moved, closed`

func publicDest(p *Public) []any {
	return []any{&p.ID, &p.No, &p.Category, &p.Grade, &p.Title, &p.Place, &p.Lat, &p.Lon, &p.State, &p.Outcome, &p.Answer,
		db.Time(&p.Promise), &p.Paused, &p.Late, &p.MeToo, &p.Reopens, &p.Photo, db.Time(&p.At), db.Time(&p.Moved), db.Time(&p.Closed)}
}

func scanPublic(r db.Row) (p Public, err error) {
	err = r.Scan(publicDest(&p)...)
	return
}

const shownCols = publicCols + `, stamp, pub, up, kind, path, desk, texts, spoken, waits, cell, live`

func scanShown(r db.Row) (s shown, err error) {
	err = r.Scan(append(publicDest(&s.Public), &s.Stamp, &s.Pub, &s.Up, &s.Kind, &s.Path, &s.Desk, &s.Texts, &s.Spoken, &s.Waits, &s.Cell, &s.Live)...)
	return
}

func (s shown) args() []any {
	return []any{s.ID, s.No, s.Category, s.Grade, s.Title, s.Place, s.Lat, s.Lon, s.State, s.Outcome, s.Answer,
		db.Ms(s.Promise), s.Paused, s.Late, s.MeToo, s.Reopens, s.Photo, db.Ms(s.At), db.Ms(s.Moved), db.Ms(s.Closed),
		s.Stamp, s.Pub, s.Up, s.Kind, s.Path, s.Desk, s.Texts, s.Spoken, s.Waits, s.Cell, s.Live}
}

func shownByID(tx *db.Tx, n id.ID) (s shown, found bool, err error) {
	ss, err := db.All(tx, scanShown, `select `+shownCols+` from shown where id = $1`, n)
	if err != nil || len(ss) == 0 {
		return s, false, err
	}
	return ss[0], true, nil
}

func insertShown(tx *db.Tx, s shown) error {
	_, err := tx.Exec(`insert into shown (`+shownCols+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)`, s.args()...)
	return err
}

func saveShown(tx *db.Tx, s shown) error {
	_, err := tx.Exec(`update shown set no = $2, category = $3, grade = $4, title = $5, place = $6, lat = $7, lon = $8, state = $9,
		outcome = $10, answer = $11, promise = $12, paused = $13, late = $14, me_too = $15, reopens = $16, photo = $17, at = $18,
		moved = $19, closed = $20, stamp = $21, pub = $22, up = $23, kind = $24, path = $25, desk = $26, texts = $27, spoken = $28, waits = $29, cell = $30, live = $31
		where id = $1`, s.args()...)
	return err
}

func byNo(tx *db.Tx, no string) (Issue, error) {
	return db.One(tx, "issue.missing", scan, `select `+cols+` from issue where no = $1 order by id limit 1`, no)
}

// entries are all entries of an issue with their photos, oldest first.
func entries(tx *db.Tx, issue id.ID) ([]Entry, error) {
	es, err := db.All(tx, scanEntry, `select `+entryCols+` from entry where issue = $1 order by id`, issue)
	if err != nil {
		return nil, err
	}
	ps, err := photos(tx, issue)
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		for i := range es {
			if es[i].ID == p.Entry {
				es[i].Photos = append(es[i].Photos, p)
			}
		}
	}
	return es, nil
}

func photos(tx *db.Tx, issue id.ID) ([]Photo, error) {
	return db.All(tx, scanPhoto, `select `+photoCols+` from photo where issue = $1 order by id`, issue)
}

const wordingCols = `ref, issue, body, kept, by_id, at`

func scanWording(r db.Row) (w Wording, err error) {
	err = r.Scan(&w.Ref, &w.Issue, &w.Text, &w.Kept, &w.By, db.Time(&w.At))
	return
}

func wordings(tx *db.Tx, issue id.ID) (map[id.ID]Wording, error) {
	ws, err := db.All(tx, scanWording, `select `+wordingCols+` from wording where issue = $1 order by ref`, issue)
	if err != nil || len(ws) == 0 {
		return nil, err
	}
	out := make(map[id.ID]Wording, len(ws))
	for _, w := range ws {
		out[w.Ref] = w
	}
	return out, nil
}

func putWording(tx *db.Tx, w Wording) error {
	_, err := tx.Exec(`insert into wording (`+wordingCols+`) values ($1, $2, $3, $4, $5, $6)
		on conflict (ref) do update set body = excluded.body, kept = excluded.kept, by_id = excluded.by_id, at = excluded.at`,
		w.Ref, w.Issue, w.Text, w.Kept, w.By, db.Ms(w.At))
	return err
}

// marks is "$from, $from+1, …" for vs. So that the number of texts stays small, lists are
// filled up to a power of two by repeating the last value.
func marks[T any](from int, vs []T) (string, []any) {
	n := 1
	for n < len(vs) {
		n *= 2
	}
	var b strings.Builder
	args := make([]any, n)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(itoa(from + i))
		args[i] = vs[min(i, len(vs)-1)]
	}
	return b.String(), args
}

// isOpen picks what has not ended; it must stand as it stands in the indexes.
const isOpen = `state in ('reported', 'accepted', 'dispatched', 'in_hand', 'paused', 'handled')`

// far is the end of time in the database.
const far = 1<<63 - 1

func since(now time.Time, d time.Duration) int64 { return db.Ms(now.Add(-d)) }

// sight is of a category what a report and its readers need, without the words.
func sight(tx *db.Tx, code string) (Category, error) {
	return db.One(tx, "issue.category_missing", func(r db.Row) (c Category, err error) {
		err = r.Scan(&c.Code, &c.Public, &c.Sort, &c.Grade, &c.First, db.Time(&c.Retired))
		return
	}, `select code, public, sort, grade, first, retired from category where code = $1`, code)
}

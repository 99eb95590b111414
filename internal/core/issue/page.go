package issue

import (
	"slices"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/id"
)

// Page is a part of a list. Next and Prev are cursors, "" at the ends; what is in them is
// nobody's business.
type Page[T any] struct {
	Items      []T
	Next, Prev string
}

// cursor says where a page begins: behind a row, or before it when it goes back.
type cursor struct {
	back bool
	key  int64
	id   id.ID
}

// parseCursor reads what a page gave out. Invalid issue.cursor.
func parseCursor(s string) (c cursor, err error) {
	if s == "" {
		return c, nil
	}
	key, n, ok := strings.Cut(s[1:], "-")
	if !ok || s[0] != 'n' && s[0] != 'p' || len(s) > 40 {
		return c, &fail.Error{Kind: fail.Invalid, Code: "issue.cursor", Field: "page"}
	}
	c.back = s[0] == 'p'
	k, err1 := strconv.ParseInt(key, 36, 64)
	m, err2 := strconv.ParseInt(n, 36, 64)
	if err1 != nil || err2 != nil || k < 0 || m <= 0 {
		return c, &fail.Error{Kind: fail.Invalid, Code: "issue.cursor", Field: "page"}
	}
	c.key, c.id = k, id.ID(m)
	return c, nil
}

func (c cursor) String() string {
	d := "n"
	if c.back {
		d = "p"
	}
	return d + strconv.FormatInt(c.key, 36) + "-" + strconv.FormatInt(int64(c.id), 36)
}

// first reports whether the list is read from its beginning.
func (c cursor) first() bool { return c.id == 0 }

// page cuts rows, read in the direction of c and one more than limit, into a page.
func page[T any](rows []T, c cursor, limit int, at func(T) (int64, id.ID)) Page[T] {
	more := len(rows) > limit
	rows = rows[:min(len(rows), limit)]
	if c.back {
		slices.Reverse(rows)
	}
	p := Page[T]{Items: rows}
	if len(rows) == 0 {
		return p
	}
	mark := func(back bool, r T) string {
		k, n := at(r)
		return cursor{back, k, n}.String()
	}
	if more && !c.back || c.back {
		p.Next = mark(false, rows[len(rows)-1])
	}
	if more && c.back || !c.back && !c.first() {
		p.Prev = mark(true, rows[0])
	}
	return p
}

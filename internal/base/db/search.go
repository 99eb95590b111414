package db

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/linli-town/linli/internal/base/id"
)

// A search index finds ids by words. A migration makes one with the line
//
//	create search index NAME;
//
// The words are made by base/text (bigrams) or are facets such as "p123" (a place)
// and must hold letters and digits only. Answers come newest first, because an id
// grows with time, and an engine reads no further than it must.

func createSearch(name string, lite bool) string {
	if lite {
		return `create virtual table ` + name + ` using fts5(words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0')`
	}
	return `create table ` + name + ` (id bigint primary key, words tsvector not null); create index ` + name + `_words on ` + name + ` using gin (words)`
}

// Index puts words for n in the search index, instead of any there before.
func Index(tx *Tx, index string, n id.ID, words []string) error {
	if tx.lite {
		if _, err := tx.Exec(`delete from `+index+` where rowid = $1`, n); err != nil {
			return err
		}
		_, err := tx.Exec(`insert into `+index+` (rowid, words) values ($1, $2)`, n, strings.Join(words, " "))
		return err
	}
	_, err := tx.Exec(`insert into `+index+` (id, words) values ($1, array_to_tsvector($2::text[])) on conflict (id) do update set words = excluded.words`, n, array(words))
	return err
}

// IndexNew is Index for an id known to be new, at half the price.
func IndexNew(tx *Tx, index string, n id.ID, words []string) error {
	if tx.lite {
		_, err := tx.Exec(`insert into `+index+` (rowid, words) values ($1, $2)`, n, strings.Join(words, " "))
		return err
	}
	return Index(tx, index, n, words)
}

// Unindex takes n out of the search index.
func Unindex(tx *Tx, index string, n id.ID) error {
	col := "id"
	if tx.lite {
		col = "rowid"
	}
	_, err := tx.Exec(`delete from `+index+` where `+col+` = $1`, n)
	return err
}

// Match returns up to limit ids below before (0: no bound) that hold every word of
// all, newest first. No words match nothing.
func Match(tx *Tx, index string, all []string, before id.ID, limit int) ([]id.ID, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return match(tx, index, all, before, limit, false)
}

// MatchAfter is Match for a list read backwards: ids above after, oldest first.
func MatchAfter(tx *Tx, index string, all []string, after id.ID, limit int) ([]id.ID, error) {
	return match(tx, index, all, after, limit, true)
}

func match(tx *Tx, index string, all []string, from id.ID, limit int, up bool) ([]id.ID, error) {
	for _, w := range all {
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return nil, nil // no index holds such a word, and to an engine it may be an operator
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	scan := func(r Row) (n id.ID, err error) { err = r.Scan(&n); return }
	dir, order := "<", " desc"
	if up {
		dir, order = ">", ""
	}
	if tx.lite {
		quoted := make([]string, len(all))
		for i, w := range all {
			quoted[i] = `"` + w + `"`
		}
		return All(tx, scan, `select rowid from `+index+` where `+index+` match $1 and rowid `+dir+` $2 order by rowid`+order+` limit $3`, strings.Join(quoted, " AND "), from, limit)
	}
	return All(tx, scan, `select id from `+index+` where words @@ (select string_agg(quote_literal(w), ' & ')::tsquery from unnest($1::text[]) w) and id `+dir+` $2 order by id`+order+` limit $3`, array(all), from, limit)
}

// array is a PostgreSQL array literal of words without quotes or braces in them.
func array(words []string) string {
	var b strings.Builder
	b.WriteByte('{')
	seen := map[string]bool{}
	for _, w := range words {
		if w == "" || seen[w] {
			continue
		}
		seen[w] = true
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%s"`, strings.NewReplacer(`"`, "", `\`, "", "\x00", "").Replace(w))
	}
	b.WriteByte('}')
	return b.String()
}

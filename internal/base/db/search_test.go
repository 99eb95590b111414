package db_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
	"github.com/linli-town/linli/internal/testkit"

	"io/fs"
)

var find = fstest.MapFS{"0001_find.sql": {Data: []byte("create search index thing_find;\ncreate table thing (id bigint primary key, word text);")}}

// Newest first, every word required, replaced and taken out, the same on both engines.
func TestSearchFindsTwoCharacters(t *testing.T) {
	testkit.Each(t, []fs.FS{find}, func(t *testing.T, d *db.DB) {
		_, err := db.Do(t.Context(), d, func(tx *db.Tx) (int, error) {
			for n, words := range map[id.ID][]string{1: {"垃圾", "圾桶", "p7"}, 2: {"路灯", "p7"}, 3: {"垃圾", "p8"}} {
				if err := db.Index(tx, "thing_find", n, words); err != nil {
					return 0, err
				}
			}
			if err := db.Index(tx, "thing_find", 2, []string{"垃圾", "p7"}); err != nil {
				return 0, err
			}
			return 0, db.Unindex(tx, "thing_find", 3)
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			words  []string
			before id.ID
			want   []id.ID
		}{
			"two characters": {[]string{"垃圾"}, 0, []id.ID{2, 1}},
			"replaced":       {[]string{"路灯"}, 0, nil},
			"gone":           {[]string{"p8"}, 0, nil},
			"both":           {[]string{"垃圾", "p7", "圾桶"}, 0, []id.ID{1}},
			"older":          {[]string{"垃圾"}, 2, []id.ID{1}},
			"nothing":        {nil, 0, nil},
			"hostile":        {[]string{`x" OR "垃圾`}, 0, nil},
		} {
			got, err := db.See(t.Context(), d, func(tx *db.Tx) ([]id.ID, error) {
				return db.Match(tx, "thing_find", tt.words, tt.before, 10)
			})
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v %v, want %v", name, got, err, tt.want)
			}
		}
	})
}

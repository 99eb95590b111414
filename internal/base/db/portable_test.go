package db_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/testkit"
)

var portable = fstest.MapFS{"0001_p.sql": {Data: []byte(`
create table p (
  id   bigint  primary key,
  up   bigint  references p (id),
  name text    not null,
  at   bigint  not null default 0,
  done boolean not null default false,
  body jsonb   not null default '{}',
  x    double precision,
  raw  bytea
);
create index p_open on p (at, id) where not done;
create unique index p_name on p (name) where name <> '';
alter table p add column more text not null default 'm';
insert into p (id, up, name, at, done, body, x) values
  (1, null, '灯', 10, true,  '{"kind":"灯","n":1}', 0.5),
  (2, 1,    '路', 20, false, '{"kind":"路","n":2}', null),
  (3, 1,    '桥', 20, false, '{"tags":["a","b"]}', -2.25),
  (4, 2,    '',   30, false, '{}', 1e-7),
  (5, 2,    '',   30, true,  '{}', 100);
`)}}

// Every construct that SQL in this house may use, with the answer all engines give. A
// new one first earns its line here.
func TestPortable(t *testing.T) {
	const id4 = 1<<62 + 12345
	testkit.Each(t, []fs.FS{portable}, func(t *testing.T, d *db.DB) {
		for _, tt := range []struct {
			what, q string
			args    []any
			want    string // rows joined by " · ", columns by ","
		}{
			{"keyset, newest first", `select id from p where (at, id) < ($1, $2) order by at desc, id desc limit 2`, []any{30, 5}, "4 · 3"},
			{"a placeholder twice", `select id from p where id = $1 or up = $1 order by id`, []any{1}, "1 · 2 · 3"},
			{"yes and no as arguments", `select id from p where done = $1 order by id`, []any{true}, "1 · 5"},
			{"yes and no as words", `select id from p where not done and (done is false) = true order by id`, nil, "2 · 3 · 4"},
			{"count with a filter", `select count(*), count(*) filter (where done), count(up) from p`, nil, "5,2,4"},
			{"counting yes", `select sum(case when done then 1 else 0 end) from p`, nil, "2"},
			{"group and having", `select up, count(*) from p where up is not null group by up having count(*) > 1 order by up`, nil, "1,2 · 2,2"},
			{"where nothing stands", `select id from p order by up nulls first, id desc limit 2`, nil, "1 · 3"},
			{"distinct from", `select id from p where up is distinct from 1 order by id`, nil, "1 · 4 · 5"},
			{"coalesce and nullif", `select id, coalesce(up, 0), coalesce(nullif(name, ''), '-') from p where id in (1, 4) order by id`, nil, "1,0,灯 · 4,2,-"},
			{"pieces of text", `select upper('a') || lower('B') || substr('路灯坏了', 1, 2) || replace('x-y', '-', '') || trim(' t '), length('路灯')`, nil, "Ab路灯xyt,2"},
			{"like, with an escape", `select '100%' like '100!%' escape '!', '路灯' like '%灯%'`, nil, "1,1"},
			{"whole numbers divide whole", `select 7 / 2, -7 / 2, 7 % 3`, nil, "3,-3,1"},
			{"as another type", `select cast('12' as bigint) + 1, cast(12 as text) || '!'`, nil, "13,12!"},
			{"large numbers", `select cast($1 as bigint) - 1`, []any{int64(id4)}, fmt.Sprint(int64(id4 - 1))},
			{"a member of json", `select id, body ->> 'kind' from p where body ->> 'kind' = $1`, []any{"路"}, "2,路"},
			{"an absent member", `select count(*) from p where body ->> 'kind' is null`, nil, "3"},
			{"exists", `select id from p a where exists (select 1 from p b where b.up = a.id and not b.done) order by id`, nil, "1 · 2"},
			{"join and left join", `select a.id, coalesce(b.name, '') from p a left join p b on b.id = a.up where a.id < 3 order by a.id`, nil, "1, · 2,灯"},
			{"union", `select 1 union all select 2 union all select 2 order by 1`, nil, "1 · 2 · 2"},
			{"with", `with o as (select id from p where not done) select count(*) from o`, nil, "3"},
			{"a tree", `with recursive t (id, deep) as (select id, 0 from p where up is null union all select p.id, deep + 1 from p join t on p.up = t.id) select id, deep from t order by deep, id`, nil, "1,0 · 2,1 · 3,1 · 4,2 · 5,2"},
			{"the last of each", `select id from (select id, row_number() over (partition by at order by id desc) as k from p) q where k = 1 order by id`, nil, "1 · 3 · 5"},
			{"lag", `select id, at - lag(at) over (order by id) from p where id in (1, 2) order by id`, nil, "1, · 2,10"},
			{"text put together", `select string_agg(name, '、' order by id) from p where name <> ''`, nil, "灯、路、桥"},
			{"fractions", `select id from p where x < $1 order by x`, []any{0.5}, "3 · 4"},
			{"absolute and round", `select abs(-3), cast(round(2.6) as bigint)`, nil, "3,3"},
			{"least and most of a column", `select min(at), max(at), cast(avg(at) as bigint) from p`, nil, "10,30,22"},
			{"returning what was put", `insert into p (id, name) values ($1, $2) returning id, name, done`, []any{6, "新"}, "6,新,0"},
			{"put or leave", `insert into p (id, name) values ($1, 'x') on conflict (id) do nothing returning id`, []any{6}, ""},
			{"put or change", `insert into p (id, name, at) values (6, '新', 5) on conflict (id) do update set at = p.at + excluded.at returning at`, nil, "5"},
			{"put or change by a part of an index", `insert into p (id, name, at) values (7, '新', 9) on conflict (name) where name <> '' do update set at = excluded.at returning id, at`, nil, "6,9"},
			{"put from a list", `insert into p (id, name) select id + 100, '' from p where id < 3 returning up`, nil, " · "},
			{"change from another table", `update p set at = q.at + 1 from (select id, at from p where id = 5) q where p.id = q.id returning p.at`, nil, "31"},
			{"change two at once", `update p set (at, name) = (1, 'y') where id = 6 returning at, name`, nil, "1,y"},
			{"take away", `delete from p where id > 100 returning done`, nil, "0 · 0"},
			{"bytes", `insert into p (id, name, raw) values (8, '', $1) returning raw`, []any{[]byte{0, 255, 1}}, "\x00\xff\x01"},
			{"json in, json out", `insert into p (id, name, body) values (9, '', $1) returning body ->> 'a'`, []any{`{"a":"爸"}`}, "爸"},
			{"no time is 0", `select count(*) from p where at = $1`, []any{0}, "2"},
		} {
			got, err := db.Do(t.Context(), d, func(tx *db.Tx) ([]string, error) {
				n := columns(tt.q)
				return db.All(tx, func(r db.Row) (string, error) { return row(r, n) }, tt.q, tt.args...)
			})
			if err != nil {
				t.Errorf("%s: %v", tt.what, err)
				continue
			}
			if diff := cmp.Diff(strings.Join(got, " · "), tt.want); diff != "" {
				t.Errorf("%s (-got +want):\n%s", tt.what, diff)
			}
		}
	})
}

// columns counts what the last select or returning gives, outside brackets.
func columns(q string) int {
	n, deep, words := 1, 0, q
	if i := strings.LastIndex(q, "returning "); i >= 0 {
		words = q[i:]
	} else if strings.HasPrefix(q, "with") {
		words = q[strings.LastIndex(q, ") select ")+2:]
	}
	for i, c := range words {
		switch c {
		case '(':
			deep++
		case ')':
			deep--
		case ',':
			if deep == 0 {
				n++
			}
		case 'f':
			if deep == 0 && strings.HasPrefix(words[i:], "from ") {
				return n
			}
		}
	}
	return n
}

func row(r db.Row, n int) (string, error) {
	vs, ps := make([]any, n), make([]any, n)
	for i := range vs {
		ps[i] = &vs[i]
	}
	if err := r.Scan(ps...); err != nil {
		return "", err
	}
	var out []string
	for _, v := range vs {
		switch v := v.(type) {
		case nil:
			out = append(out, "")
		case []byte:
			out = append(out, string(v))
		case bool: // an embedded engine has no such type; scanned into a bool they are the same
			out = append(out, map[bool]string{true: "1", false: "0"}[v])
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return strings.Join(out, ","), nil
}

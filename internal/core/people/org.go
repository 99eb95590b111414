package people

import (
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/id"
)

// OrgByID is one organisation. Missing people.org.missing.
func OrgByID(tx *db.Tx, n id.ID) (Org, error) {
	return db.One(tx, "people.org.missing", scanOrg, `select `+orgCols+` from org where id = $1`, n)
}

// TeamByID is one team. Missing people.team.missing.
func TeamByID(tx *db.Tx, n id.ID) (Team, error) {
	return db.One(tx, "people.team.missing", scanTeam, `select `+teamCols+` from team where id = $1`, n)
}

// CouncilByID is one council. Missing people.council.missing.
func CouncilByID(tx *db.Tx, n id.ID) (Council, error) {
	return db.One(tx, "people.council.missing", scanCouncil, `select `+councilCols+` from council where id = $1`, n)
}

// OrgsFor are the organisations at work in a place: its own and those of the levels
// above, the nearest first. An empty kind means every kind.
func OrgsFor(tx *db.Tx, path, kind string) ([]Org, error) {
	q, args := covering(tx, orgCols, "org", path, kind)
	return db.All(tx, scanOrg, q, args...)
}

// TeamsFor are the teams at work in a place, the nearest first.
func TeamsFor(tx *db.Tx, path, kind string) ([]Team, error) {
	q, args := covering(tx, teamCols, "team", path, kind)
	return db.All(tx, scanTeam, q, args...)
}

func covering(tx *db.Tx, cols, table, path, kind string) (string, []any) {
	ls := levels(path)
	if len(ls) == 0 {
		ls = []string{"/"}
	}
	in, args := marks(3, ls)
	return `select ` + cols + ` from ` + table + ` where path in (` + in + `) and ($2 = '' or kind = $2) and (ends = 0 or ends > $1)
		order by length(path) desc, id`, append([]any{db.Ms(tx.Now()), kind}, args...)
}

// OrgsIn are the organisations at or below a path, ended ones last.
func OrgsIn(tx *db.Tx, path string) ([]Org, error) {
	return db.All(tx, scanOrg, `select `+orgCols+` from org where path like $2 order by (ends <> 0 and ends <= $1), path, id`, db.Ms(tx.Now()), under(path))
}

// TeamsIn are the teams at or below a path, ended ones last.
func TeamsIn(tx *db.Tx, path string) ([]Team, error) {
	return db.All(tx, scanTeam, `select `+teamCols+` from team where path like $2 order by (ends <> 0 and ends <= $1), path, id`, db.Ms(tx.Now()), under(path))
}

// CouncilsIn are the councils at or below a path: of each place the newest term first.
func CouncilsIn(tx *db.Tx, path string) ([]Council, error) {
	return db.All(tx, scanCouncil, `select `+councilCols+` from council where path like $1 order by path, starts desc, id desc`, under(path))
}

// CouncilOf is the council of exactly that place whose term runs now. Missing people.council.missing.
func CouncilOf(tx *db.Tx, place id.ID) (Council, error) {
	return db.One(tx, "people.council.missing", scanCouncil, `select `+councilCols+` from council where place = $2 and `+now+` order by starts desc, id desc limit 1`, db.Ms(tx.Now()), place)
}

// Members are the seats of an organisation, a team or a council, past ones last.
func Members(tx *db.Tx, kind string, of id.ID) ([]Member, error) {
	return db.All(tx, scanMember, `select `+memberCols+` from member where kind = $2 and of = $3
		order by (ends <> 0 and ends <= $1), post <> 'chair', post <> 'lead', id`, db.Ms(tx.Now()), kind, of)
}

// Pillars are the four of 四位一体 as they are understood here, in order; ended ones last.
func Pillars(tx *db.Tx) ([]Pillar, error) {
	return db.All(tx, func(r db.Row) (p Pillar, err error) {
		err = r.Scan(&p.Code, &p.Name, &p.Hant, &p.En, &p.Sort, db.Time(&p.Until), &p.Rev)
		return
	}, `select code, name, hant, en, sort, ends, rev from pillar order by (ends <> 0 and ends <= $1), sort, code`, db.Ms(tx.Now()))
}

package app

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/linli-town/linli/internal/algo/dispatch"
	"github.com/linli-town/linli/internal/algo/simulate"
)

type simulateCmd struct {
	Rally simulateRally `cmd:"" help:"Compare ways of asking for help in made-up neighbourhoods; needs no town."`
}

type simulateRally struct {
	People    int     `placeholder:"N" help:"Only this many volunteers (default: every cell of the grid)."`
	Calls     float64 `placeholder:"N" help:"Only this many calls a day."`
	Fatigue   float64 `default:"-1" placeholder:"F" help:"Only this fatigue; without it 0, 1 and 2 are all shown."`
	Cap       int     `placeholder:"N" help:"Questions to one person in 7 days, ordinary calls."`
	CapUrgent int     `placeholder:"N" help:"Questions to one person in 7 days, urgent ones included."`
	Seed      uint64  `default:"101" help:"The first town. 1 to 100 served to set the knobs and prove nothing."`
	Seeds     int     `default:"20" help:"Towns a cell; smaller neighbourhoods get more, as luck is larger there."`
	Days      int     `default:"180" help:"Days lived; the first 30 are not counted."`
	Quick     bool    `help:"A first look: the reference cell for the three fatigues, 4 towns, 90 days."`
	Workers   int     `placeholder:"N" help:"Towns lived at the same time (default: all processors)."`
	Out       string  `placeholder:"FILE" help:"Write the report there (Markdown), and its picture beside it (.svg)."`
}

func (c simulateRally) Run(e *env) error {
	if c.Quick {
		c.Seeds, c.Days = 4, 90
	}
	cells := c.cells()
	if len(cells) == 0 || c.Seeds < 2 || c.Days < 31 {
		return e.wrong("cli.simulate.none")
	}
	rules := dispatch.Defaults()
	if c.Cap > 0 {
		rules.Cap = c.Cap
	}
	if rules.CapUrgent = max(rules.CapUrgent, rules.Cap); c.CapUrgent > 0 {
		rules.CapUrgent = c.CapUrgent
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	b := e.bar("cli.simulate.bar")
	t := simulate.Trial{Cells: cells, Policies: []simulate.Policy{simulate.Dispatch(), simulate.NearestCapped()},
		From: c.Seed, Seeds: c.Seeds, Rules: rules, Workers: c.Workers, Tell: b.to, Stop: e.ctx.Done()}
	pairs, ok := t.Run()
	b.end()
	if !ok {
		return e.ctx.Err()
	}
	all := t
	all.Cells, all.Policies = c.shown(cells), simulate.Policies()
	b = e.bar("cli.simulate.bar")
	all.Tell = b.to
	tables, ok := all.Run()
	b.end()
	if !ok {
		return e.ctx.Err()
	}
	return c.tell(e, pairs, tables)
}

// cells are those of the grid the flags name; a number that is not in the grid makes a cell of its own.
func (c simulateRally) cells() (out []simulate.Cell) {
	fatigues := []float64{0, 1, 2}
	if c.Fatigue >= 0 {
		fatigues = []float64{c.Fatigue}
	}
	if c.Quick && c.People == 0 && c.Calls == 0 {
		c.People, c.Calls = simulate.Reference().People, simulate.Reference().Calls
	}
	if c.People > 0 && c.Calls > 0 {
		for _, f := range fatigues {
			out = append(out, simulate.Cell{People: c.People, Calls: c.Calls, Fatigue: f})
		}
	} else {
		for _, x := range simulate.Grid() {
			if (c.People == 0 || x.People == c.People) && (c.Calls == 0 || x.Calls == c.Calls) && slices.Contains(fatigues, x.Fatigue) {
				out = append(out, x)
			}
		}
	}
	for i := range out {
		out[i].Days, out[i].Burn = c.Days, 30
	}
	return out
}

// shown are the cells for which all policies are shown: the reference, or the first named, for each fatigue.
func (c simulateRally) shown(cells []simulate.Cell) (out []simulate.Cell) {
	ref := simulate.Reference()
	like := cells[0]
	for _, x := range cells {
		if x.People == ref.People && x.Calls == ref.Calls && x.Wrong == simulate.Right {
			like = x
		}
	}
	for _, x := range cells {
		if x.People == like.People && x.Calls == like.Calls && x.Wrong == like.Wrong {
			out = append(out, x)
		}
	}
	return out
}

func (c simulateRally) tell(e *env, pairs, tables simulate.Result) error {
	w := simulate.Words(func(key string) string { return e.words.T("simulate." + key) })
	verdicts := pairs.Verdicts(0, 1)
	var b strings.Builder
	say := func(key string, args ...any) { fmt.Fprintf(&b, "%s\n\n", e.words.T(key, args...)) }
	say("simulate.title")
	say("simulate.intro", "seed", fmt.Sprint(c.Seed), "seeds", c.Seeds, "days", c.Days)
	for i, cell := range tables.Cells {
		fmt.Fprintf(&b, "## %s\n\n%s\n", cell.Label(w), tables.Table(i, w))
	}
	say("simulate.against")
	if c.Out != "" {
		fmt.Fprintf(&b, "![](%s)\n\n", filepath.Base(picture(c.Out)))
	}
	fmt.Fprintf(&b, "%s\n", simulate.Differences(verdicts, w))
	for _, v := range verdicts {
		if v.Cell.People == simulate.Reference().People && v.Cell.Calls == simulate.Reference().Calls && v.Cell.Fatigue == 1 && v.Cell.Wrong == simulate.Right {
			if v.Kept() {
				say("simulate.kept")
			} else {
				say("simulate.broken")
			}
		}
	}
	lost := 0
	for _, v := range verdicts {
		if v.Loses() {
			lost++
			say("simulate.lost", "cell", v.Cell.Label(w), "points", v.Half.String())
		}
	}
	if lost == 0 {
		say("simulate.lost_none")
	}
	say("simulate.estimates", "cell", tables.Cells[len(tables.Cells)/2].Label(w))
	b.WriteString(tables.Reliability(len(tables.Cells)/2, 0, w))
	if c.Out == "" {
		_, err := fmt.Fprint(e.out, b.String())
		return err
	}
	if err := os.WriteFile(c.Out, []byte(b.String()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(picture(c.Out), []byte(simulate.SVG(verdicts, w)), 0o644); err != nil {
		return err
	}
	e.say("cli.simulate.done", "file", c.Out)
	return nil
}

func picture(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) + ".svg" }

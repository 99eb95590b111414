package simulate

import (
	"fmt"
	"html"
	"strings"
)

// Words gives the word for a key; reports have none of their own. Keys: head.*, policy.*, wrong.*.
type Words func(key string) string

// Table shows what every policy did in one cell, as a Markdown table.
func (r *Result) Table(cell int, w Words) string {
	heads := []struct {
		key string
		m   Measure
		dec int
	}{
		{"quick", Quick, 1}, {"ten", func(s *Score) float64 { return s.Ten }, 1}, {"half", Half, 1},
		{"first", func(s *Score) float64 { return s.First }, 1}, {"median", func(s *Score) float64 { return s.Median }, 1}, {"arrived", func(s *Score) float64 { return s.Arrived }, 1},
		{"asks", func(s *Score) float64 { return s.Asks }, 1}, {"asks_covered", AsksPerCovered, 1}, {"rate", func(s *Score) float64 { return s.Rate }, 1}, {"surplus", func(s *Score) float64 { return s.Surplus }, 2}, {"night", func(s *Score) float64 { return s.Night }, 2},
		{"gone", Gone, 1}, {"most_week", func(s *Score) float64 { return s.MostWeek }, 0}, {"never", func(s *Score) float64 { return s.NeverAsked }, 1},
		{"gini_asks", func(s *Score) float64 { return s.GiniAsks }, 2}, {"gini_tasks", func(s *Score) float64 { return s.GiniTasks }, 2}, {"worst", func(s *Score) float64 { return s.WorstBuilding }, 2}, {"brier", func(s *Score) float64 { return s.Brier }, 3},
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", w("head.policy"))
	for _, h := range heads {
		fmt.Fprintf(&b, " %s |", w("head."+h.key))
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(heads)) + "\n")
	for p := range r.Policies {
		fmt.Fprintf(&b, "| %s |", w("policy."+r.Policies[p].Name))
		for _, h := range heads {
			fmt.Fprintf(&b, " %.*f |", h.dec, r.Mean(cell, p, h.m))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Differences shows the verdicts as a Markdown table. A star is a loss, a question mark an interval wider than a point.
func Differences(vs []Verdict, w Words) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |  |\n|---|---:|---:|---:|---:|---|\n", w("head.cell"), w("head.quick"), w("head.half"), w("head.asks_covered"), w("head.gone"))
	for _, v := range vs {
		mark := ""
		if v.Loses() {
			mark = "★ "
		}
		if v.Vague() {
			mark += "?"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", v.Cell.Label(w), v.Quick, v.Half, v.Asks, v.Gone, strings.TrimSpace(mark))
	}
	return b.String()
}

// String is the difference as +1.2 ± 0.3.
func (i Interval) String() string {
	return strings.ReplaceAll(fmt.Sprintf("%+.1f ± %.1f", i.Mean, i.Width), "-", "−")
}

// Label names a cell: people · calls a day · fatigue, and what is wrong.
func (c Cell) Label(w Words) string {
	s := fmt.Sprintf("%d · %g · φ %g", c.People, c.Calls, c.Fatigue)
	if c.Wrong != Right {
		s += " · " + w("wrong."+c.Wrong.String())
	}
	return s
}

// Reliability shows said against came, for the policy's estimates in one cell.
func (r *Result) Reliability(cell, policy int, w Words) string {
	var bins [10]Bin
	for _, s := range r.Scores[cell][policy] {
		for i, b := range s.Bins {
			bins[i].N, bins[i].Said, bins[i].Came = bins[i].N+b.N, bins[i].Said+b.Said, bins[i].Came+b.Came
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s | %s |\n|---:|---:|---:|\n", w("head.said"), w("head.came"), w("head.count"))
	for _, x := range bins {
		if x.N > 0 {
			fmt.Fprintf(&b, "| %.3f | %.3f | %.0f |\n", x.Said/x.N, x.Came/x.N, x.N)
		}
	}
	return b.String()
}

// SVG draws the differences: a row a cell, a dot and its 95 % interval for covered within 5 and
// within 30 minutes. The line of what is not to be lost stands at -1.
func SVG(vs []Verdict, w Words) string {
	const left, wide, row, top = 250, 300, 22, 56
	lo, hi := -5.0, 15.0
	for _, v := range vs {
		for _, i := range []Interval{v.Quick, v.Half} {
			if i.Width < 50 {
				lo, hi = min(lo, i.Mean-i.Width-1), max(hi, i.Mean+i.Width+1)
			}
		}
	}
	x := func(panel int, v float64) float64 {
		return left + float64(panel)*(wide+30) + (min(max(v, lo), hi)-lo)/(hi-lo)*wide
	}
	height := top + row*len(vs) + 20
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="12">`+"\n", left+2*wide+50, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fcfbf8\"/>\n", html.EscapeString(w("head.chart")))
	for panel, key := range []string{"quick", "half"} {
		fmt.Fprintf(&b, `<text x="%.0f" y="20" font-size="13" fill="#33403c">%s</text>`+"\n", x(panel, lo), html.EscapeString(w("head."+key)))
		for v := float64(int(lo/5) * 5); v <= hi; v += 5 {
			colour := "#e6e2d8"
			if v == 0 {
				colour = "#8a928d"
			}
			fmt.Fprintf(&b, `<line x1="%[1]s" x2="%[1]s" y1="44" y2="%[2]d" stroke="%[3]s"/><text x="%[1]s" y="38" text-anchor="middle" fill="#6b746f">%+[4]g</text>`+"\n", f1(x(panel, v)), height-14, colour, v)
		}
	}
	fmt.Fprintf(&b, `<line x1="%[1]s" x2="%[1]s" y1="44" y2="%[2]d" stroke="#b5734d" stroke-dasharray="4 3"/>`+"\n", f1(x(1, -1)), height-14)
	for i, v := range vs {
		y := top + row*i + row/2
		fmt.Fprintf(&b, `<text x="8" y="%d" fill="#33403c">%s</text>`+"\n", y+4, html.EscapeString(v.Cell.Label(w)))
		for panel, d := range []Interval{v.Quick, v.Half} {
			colour := "#3f7d6b"
			if d.Mean+d.Width < 0 {
				colour = "#b5734d"
			} else if d.Mean-d.Width < 0 {
				colour = "#8a928d"
			}
			fmt.Fprintf(&b, `<line x1="%s" x2="%s" y1="%[3]d" y2="%[3]d" stroke="%[4]s" stroke-width="2"/><circle cx="%[5]s" cy="%[3]d" r="4" fill="%[4]s"/>`+"\n",
				f1(x(panel, d.Mean-d.Width)), f1(x(panel, d.Mean+d.Width)), y, colour, f1(x(panel, d.Mean)))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func f1(v float64) string { return fmt.Sprintf("%.1f", v) }

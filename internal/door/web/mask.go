package web

import (
	"image"
	"strconv"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
)

// Mask is a photo over which staff mark what nobody should see: by dragging boxes (field box), or without script by
// ticking a grid (field cell). Covered reads both.
type Mask struct {
	W        i18n.W
	Src, Alt string
}

const cells = 6 // a side of the grid

// Cells are the rows and columns of the grid.
func (m Mask) Cells() []int { return []int{1, 2, 3, 4, 5, 6} }

// Covered are the marked parts of a photo, in thousandths of its sides. Each cell is "row-column" from 1, each box
// "x,y,width,height". Invalid web.mask.wrong if one is no such thing.
func Covered(cell, box []string) ([]image.Rectangle, error) {
	all := image.Rect(0, 0, 1000, 1000)
	var out []image.Rectangle
	wrong := fail.New(fail.Invalid, "web.mask.wrong")
	if len(box) > 200 || len(cell) > cells*cells {
		return nil, wrong
	}
	for _, s := range cell {
		n, ok := numbers(s, "-", 2)
		if !ok || n[0] < 1 || n[1] < 1 || n[0] > cells || n[1] > cells {
			return nil, wrong
		}
		r, c := n[0]-1, n[1]-1
		out = append(out, image.Rect(c*1000/cells, r*1000/cells, (c*1000+1000)/cells, (r*1000+1000)/cells))
	}
	for _, s := range box {
		n, ok := numbers(s, ",", 4)
		if !ok {
			return nil, wrong
		}
		r := image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3]).Intersect(all)
		if r.Empty() {
			return nil, wrong
		}
		out = append(out, r)
	}
	return out, nil
}

func numbers(s, sep string, want int) ([]int, bool) {
	parts := strings.Split(s, sep)
	if len(parts) != want {
		return nil, false
	}
	var out []int
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > 1000 {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

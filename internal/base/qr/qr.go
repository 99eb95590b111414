// Package qr draws QR codes as one SVG path, so that a poster is sharp at any size and
// a page needs no image.
//
// Floor: base. Imports: base/fail, rsc.io/qr.
package qr

import (
	"strconv"

	"rsc.io/qr"

	"github.com/linli-town/linli/internal/base/fail"
)

// Quiet is the empty border, in modules, that the standard asks for. It is part of size.
const Quiet = 4

// Path draws text at level Q (a quarter of the code may be torn or dirty). The path is
// for viewBox "0 0 size size", filled dark on a light ground. Invalid qr.long if text
// does not fit.
func Path(text string) (svgPath string, size int, err error) {
	c, err := qr.Encode(text, qr.Q)
	if err != nil {
		return "", 0, &fail.Error{Kind: fail.Invalid, Code: "qr.long", Err: err}
	}
	var b []byte
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			if !c.Black(x, y) {
				continue
			}
			n := 1
			for c.Black(x+n, y) { // false beyond the edge
				n++
			}
			// a run as one bar: M x y h n v1 h-n z
			b = append(b, 'M')
			b = strconv.AppendInt(b, int64(x+Quiet), 10)
			b = append(b, ' ')
			b = strconv.AppendInt(b, int64(y+Quiet), 10)
			b = append(b, 'h')
			b = strconv.AppendInt(b, int64(n), 10)
			b = append(b, "v1h-"...)
			b = strconv.AppendInt(b, int64(n), 10)
			b = append(b, 'z')
			x += n
		}
	}
	return string(b), c.Size + 2*Quiet, nil
}

package place

import (
	"encoding/json"
	"sync"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
)

// one reads a boundary from outside: one area in GeoJSON, in the system crs names or,
// if that is empty, the file does. Invalid geo.*, place.boundary.single.
func one(geojson []byte, crs string) (geo.Shape, error) {
	fs, err := geo.Decode(crs, geojson)
	if err != nil {
		return geo.Shape{}, err
	}
	if len(fs) != 1 {
		return geo.Shape{}, &fail.Error{Kind: fail.Invalid, Code: "place.boundary.single", Field: "boundary"}
	}
	return fs[0].Shape, nil
}

// Shapes keeps parsed boundaries in memory, under their rev: a changed boundary has a new
// one, so nodes need not tell each other. The zero value is ready; nil keeps nothing.
type Shapes struct {
	mu sync.Mutex
	m  map[int64]geo.Shape
}

const shapesMost = 4096 // a subdistrict has a hundred or so

// read is the shape of rev, parsed once.
func (c *Shapes) read(rev int64, text func() (string, error)) (s geo.Shape, err error) {
	if c != nil {
		c.mu.Lock()
		s, ok := c.m[rev]
		c.mu.Unlock()
		if ok {
			return s, nil
		}
	}
	b, err := text()
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(b), &s); err != nil || c == nil {
		return s, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= shapesMost {
		c.m = map[int64]geo.Shape{}
	}
	c.m[rev] = s
	return s, nil
}

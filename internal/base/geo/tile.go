package geo

import "math"

// Web Mercator as all tile maps use it: the world is 256·2^zoom pixels wide.

const maxLat = 85.05112877980659 // where that square world ends

// Pixel is where p lies in the world at this zoom, from the north-west corner.
func Pixel(p Point, zoom float64) (x, y float64) {
	size := 256 * math.Exp2(zoom)
	s := math.Sin(rad(max(-maxLat, min(maxLat, p.Lat))))
	return (p.Lon + 180) / 360 * size, (.5 - math.Log((1+s)/(1-s))/(4*math.Pi)) * size
}

// FromPixel undoes Pixel.
func FromPixel(x, y, zoom float64) Point {
	size := 256 * math.Exp2(zoom)
	return Point{
		Lat: math.Atan(math.Sinh(math.Pi*(1-2*y/size))) * 180 / math.Pi,
		Lon: x/size*360 - 180,
	}
}

// Tile is the number of the tile that p lies in.
func Tile(p Point, zoom int) (x, y int) {
	fx, fy := Pixel(p, float64(zoom))
	last := 1<<zoom - 1
	return max(0, min(last, int(fx/256))), max(0, min(last, int(fy/256)))
}

// TileBound is what tile x, y shows.
func TileBound(zoom, x, y int) Bound {
	nw := FromPixel(float64(x)*256, float64(y)*256, float64(zoom))
	se := FromPixel(float64(x+1)*256, float64(y+1)*256, float64(zoom))
	return Bound{Point{se.Lat, nw.Lon}, Point{nw.Lat, se.Lon}}
}

// Marker stands for the N points of one cell; First is the place of its first in the list.
type Marker struct {
	At    Point
	N     int
	First int
}

const (
	cell = 72 // pixels
	sway = 12 // how far from the middle of its cell a marker may stand
)

// Cluster gathers points in a grid of 72 pixels at this zoom. A marker stands at the
// mean of its points, but held within 12 pixels of its cell's middle, so that markers are never less than 48
// apart and a thumb can hit them. The grid is the world's: moving the map moves no marker.
func Cluster(points []Point, zoom float64) []Marker {
	type sum struct{ x, y float64 }
	var out []Marker
	var sums []sum
	at := map[[2]int32]int{}
	for i, p := range points {
		x, y := Pixel(p, zoom)
		k := [2]int32{int32(math.Floor(x / cell)), int32(math.Floor(y / cell))}
		j, ok := at[k]
		if !ok {
			j = len(out)
			at[k] = j
			out = append(out, Marker{First: i})
			sums = append(sums, sum{})
		}
		out[j].N++
		// From the middle of the cell, to keep what is added up small.
		sums[j].x += x - (float64(k[0])+.5)*cell
		sums[j].y += y - (float64(k[1])+.5)*cell
		if out[j].N == 1 {
			out[j].At = Point{(float64(k[1]) + .5) * cell, (float64(k[0]) + .5) * cell} // pixels for now
		}
	}
	for j := range out {
		m, n := &out[j], float64(out[j].N)
		hold := func(v float64) float64 { return max(-sway, min(sway, v/n)) }
		m.At = FromPixel(m.At.Lon+hold(sums[j].x), m.At.Lat+hold(sums[j].y), zoom)
	}
	return out
}

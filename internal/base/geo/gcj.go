package geo

import "math"

const krasovsky, flat = 6378245.0, 0.00669342162296594323 // Krasovsky 1940

// mainland is the box outside of which GCJ-02 is WGS-84.
func mainland(p Point) bool {
	return p.Lon >= 72.004 && p.Lon <= 137.8347 && p.Lat >= .8293 && p.Lat <= 55.8271
}

// shift is how far GCJ-02 is from WGS-84 at p, in degrees.
func shift(p Point) Point {
	x, y := p.Lon-105, p.Lat-35
	s := func(k float64) float64 { return math.Sin(k * math.Pi) }
	both := (20*s(6*x) + 20*s(2*x)) * 2 / 3
	lat := -100 + 2*x + 3*y + .2*y*y + .1*x*y + .2*math.Sqrt(math.Abs(x)) + both + (20*s(y)+40*s(y/3))*2/3 + (160*s(y/12)+320*s(y/30))*2/3
	lon := 300 + x + 2*y + .1*x*x + .1*x*y + .1*math.Sqrt(math.Abs(x)) + both + (20*s(x)+40*s(x/3))*2/3 + (150*s(x/12)+300*s(x/30))*2/3
	phi := rad(p.Lat)
	m := 1 - flat*math.Sin(phi)*math.Sin(phi)
	return Point{
		Lat: lat * 180 / (krasovsky * (1 - flat) / (m * math.Sqrt(m)) * math.Pi),
		Lon: lon * 180 / (krasovsky / math.Sqrt(m) * math.Cos(phi) * math.Pi),
	}
}

// ToGCJ gives p in GCJ-02.
func ToGCJ(p Point) Point {
	if !mainland(p) {
		return p
	}
	d := shift(p)
	return Point{p.Lat + d.Lat, p.Lon + d.Lon}
}

// FromGCJ undoes ToGCJ, to better than a millimetre.
func FromGCJ(g Point) Point {
	if !mainland(g) {
		return g
	}
	return undo(g, func(p Point) Point { d := shift(p); return Point{p.Lat + d.Lat, p.Lon + d.Lon} })
}

const baidu = math.Pi * 3000 / 180

// ToBD gives a GCJ-02 position in BD-09.
func ToBD(g Point) Point {
	z := math.Hypot(g.Lon, g.Lat) + .00002*math.Sin(g.Lat*baidu)
	t := math.Atan2(g.Lat, g.Lon) + .000003*math.Cos(g.Lon*baidu)
	return Point{z*math.Sin(t) + .006, z*math.Cos(t) + .0065}
}

// FromBD undoes ToBD: the result is GCJ-02. The usual formula alone is off by a metre.
func FromBD(b Point) Point { return undo(b, ToBD) }

// undo finds the point that way leads to goal: what is missing is added, again and again.
func undo(goal Point, way func(Point) Point) Point {
	p := goal
	for range 12 {
		q := way(p)
		p = Point{p.Lat + goal.Lat - q.Lat, p.Lon + goal.Lon - q.Lon}
	}
	return p
}

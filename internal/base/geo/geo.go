// Package geo knows positions: where a point is, how far, in which area, and how it
// is called in the coordinate systems that phones and maps use in China.
//
// Floor: base. Imports: base/fail, github.com/paulmach/orb (geometry only).
//
// Everything inside is WGS-84 (GPS, OpenStreetMap; CGCS2000 and so Tianditu are the
// same to within a metre). GCJ-02 (Gaode, Tencent, WeChat) and BD-09 (Baidu) are
// converted at the edge, by Parse and Decode, and unlabelled coordinates are refused.
package geo

import (
	"math"
	"strings"

	"github.com/linli-town/linli/internal/base/fail"
)

// Point is a position in WGS-84 degrees.
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Valid says whether p is on the Earth at all.
func (p Point) Valid() bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180 // false for NaN, too
}

const (
	earth  = 6371008.8 // metres, mean radius
	degree = earth * math.Pi / 180
)

func rad(deg float64) float64 { return deg * math.Pi / 180 }

// Distance is how far apart a and b are, in metres along the Earth (haversine).
func Distance(a, b Point) float64 {
	s, t := math.Sin(rad(b.Lat-a.Lat)/2), math.Sin(rad(b.Lon-a.Lon)/2)
	h := s*s + math.Cos(rad(a.Lat))*math.Cos(rad(b.Lat))*t*t
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}

// Parse reads a position given in the system crs names: wgs84, gcj02 or bd09, or by
// one of their other names.
//
// Invalid geo.crs.unlabelled if crs is empty, geo.crs.unknown (Args: crs) if nobody
// knows it, geo.point if the numbers are no position.
func Parse(crs string, lat, lon float64) (Point, error) {
	to, err := system(crs)
	if err != nil {
		return Point{}, err
	}
	p := Point{lat, lon}
	if p.Valid() {
		p = to(p)
	}
	if !p.Valid() {
		return Point{}, fail.New(fail.Invalid, "geo.point")
	}
	return p, nil
}

// system finds the way from the named system to WGS-84.
func system(crs string) (func(Point) Point, error) {
	name := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(crs))
	switch name {
	case "":
		return nil, fail.New(fail.Invalid, "geo.crs.unlabelled")
	case "wgs84", "gps", "epsg:4326", "urn:ogc:def:crs:epsg::4326", "crs84", "ogc:crs84", "urn:ogc:def:crs:ogc:1.3:crs84",
		"cgcs2000", "epsg:4490", "urn:ogc:def:crs:epsg::4490", "tianditu":
		return func(p Point) Point { return p }, nil
	case "gcj02", "gcj", "gaode", "amap", "tencent", "wechat", "mars":
		return FromGCJ, nil
	case "bd09", "bd09ll", "baidu":
		return func(p Point) Point { return FromGCJ(FromBD(p)) }, nil
	}
	return nil, fail.New(fail.Invalid, "geo.crs.unknown", "crs", clip(crs))
}

// clip keeps a sentence about a wrong word short.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

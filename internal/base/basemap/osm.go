package basemap

import (
	"cmp"
	"encoding/xml"
	"errors"
	"io"
)

type osmTag struct {
	K string `xml:"k,attr"`
	V string `xml:"v,attr"`
}

type osmElement struct {
	ID   int64    `xml:"id,attr"`
	Lat  float64  `xml:"lat,attr"`
	Lon  float64  `xml:"lon,attr"`
	Tags []osmTag `xml:"tag"`
	Nds  []struct {
		Ref int64 `xml:"ref,attr"`
	} `xml:"nd"`
	Members []struct {
		Type string `xml:"type,attr"`
		Ref  int64  `xml:"ref,attr"`
		Role string `xml:"role,attr"`
	} `xml:"member"`
}

type osmTags map[string]string

func (t osmTags) name() Names {
	n := Names{
		Hans: cmp.Or(t["name:zh-Hans"], t["name:zh"], t["name"]),
		Hant: cmp.Or(t["name:zh-Hant"], t["name:zh-TW"], t["name:zh-HK"]),
		En:   t["name:en"],
	}
	return n
}

// ReadOSM turns an .osm XML extract into features: what a neighbourhood map needs, no
// more. Ways come before the relations that use them, as every extract has them.
// Invalid basemap.osm, basemap.large, basemap.empty.
func ReadOSM(r io.Reader) ([]*Feature, error) {
	nodes := map[int64]LonLat{}
	ways := map[int64][]LonLat{}
	var fs []*Feature
	keep := func(f *Feature) {
		if f != nil && sound(f) {
			fs = append(fs, f)
		}
	}
	d := xml.NewDecoder(r)
	points := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if len(fs) == 0 {
				return nil, bad("basemap.empty", nil)
			}
			return fs, nil
		}
		if err != nil {
			return nil, bad("basemap.osm", err)
		}
		s, ok := t.(xml.StartElement)
		if !ok || s.Name.Local != "node" && s.Name.Local != "way" && s.Name.Local != "relation" {
			continue
		}
		var e osmElement
		if err := d.DecodeElement(&e, &s); err != nil {
			return nil, bad("basemap.osm", err)
		}
		if points += 1 + len(e.Nds); points > mostPoints || len(fs) > mostFeatures {
			return nil, bad("basemap.large", nil)
		}
		tags := osmTags{}
		for _, t := range e.Tags {
			tags[t.K] = t.V
		}
		switch s.Name.Local {
		case "node":
			p := LonLat{e.Lon, e.Lat}
			nodes[e.ID] = p
			keep(osmPoint(p, tags))
		case "way":
			var l []LonLat
			for _, n := range e.Nds {
				if p, ok := nodes[n.Ref]; ok {
					l = append(l, p)
				}
			}
			if len(l) < 2 {
				continue
			}
			ways[e.ID] = l
			keep(osmShape([][]LonLat{l}, len(l) > 3 && l[0] == l[len(l)-1], tags))
		case "relation":
			if tags["type"] != "multipolygon" {
				continue
			}
			var parts [][]LonLat
			for _, m := range e.Members {
				if l := ways[m.Ref]; m.Type == "way" && l != nil && len(parts) < 2000 {
					parts = append(parts, l)
				}
			}
			if rings := join(parts); len(rings) > 0 {
				keep(osmShape(rings, true, tags))
			}
		}
	}
}

// join ties open pieces end to end into rings; what does not close is left out. Holes
// need no roles: the fill rule is even-odd.
func join(parts [][]LonLat) (rings [][]LonLat) {
	used := make([]bool, len(parts))
	for i, l := range parts {
		if used[i] {
			continue
		}
		used[i] = true
		ring := append([]LonLat(nil), l...)
		for grew := true; grew && ring[0] != ring[len(ring)-1]; {
			grew = false
			end := ring[len(ring)-1]
			for j, m := range parts {
				if used[j] {
					continue
				}
				if m[0] == end {
					ring = append(ring, m[1:]...)
				} else if m[len(m)-1] == end {
					for k := len(m) - 2; k >= 0; k-- {
						ring = append(ring, m[k])
					}
				} else {
					continue
				}
				used[j], grew = true, true
				break
			}
		}
		if len(ring) > 3 && ring[0] == ring[len(ring)-1] {
			rings = append(rings, ring)
		}
	}
	return rings
}

func osmPoint(p LonLat, t osmTags) *Feature {
	class := 0
	switch a := t["amenity"]; {
	case t["railway"] == "station":
		class = 1
	case a == "school" || a == "hospital" || a == "marketplace" || a == "community_centre":
		class = 2
	case t["shop"] != "" || a != "":
		class = 5
	}
	if n := t.name(); n.Hans != "" && class > 0 {
		return &Feature{Kind: Place, Class: class, Name: n, Lines: [][]LonLat{{p}}}
	}
	return nil
}

var osmRoads = map[string]int{"motorway": 1, "trunk": 1, "primary": 1, "secondary": 1, "tertiary": 2, "unclassified": 3, "residential": 3, "living_street": 3, "service": 4}

func osmShape(lines [][]LonLat, area bool, t osmTags) *Feature {
	f := &Feature{Name: t.name(), Lines: lines, Area: area}
	switch l, a := t["leisure"], t["amenity"]; {
	case t["building"] != "":
		f.Kind = Building
	case t["natural"] == "water" || t["waterway"] == "riverbank":
		f.Kind = Water
	case t["waterway"] != "" && !area: // the middle line of a river carries its name
		f.Kind = Water
		if f.Name.Hans == "" {
			return nil
		}
		return f
	case l == "park" || l == "garden" || t["landuse"] == "grass" || t["landuse"] == "forest" || t["natural"] == "wood":
		f.Kind = Green
	case l == "pitch" || l == "track":
		f.Kind = Pitch
	case t["landuse"] == "residential" || a == "school" || a == "university" || a == "hospital" || t["landuse"] == "commercial":
		f.Kind = Area
	case t["railway"] == "subway" || t["railway"] == "light_rail" || t["railway"] == "rail":
		f.Kind, f.Area = Rail, false
		return f
	case t["highway"] != "":
		f.Area = false
		if f.Class = osmRoads[t["highway"]]; f.Class > 0 {
			f.Kind = Road
		} else {
			f.Kind = Path
		}
		return f
	}
	if f.Kind == "" || !area {
		return nil
	}
	return f
}

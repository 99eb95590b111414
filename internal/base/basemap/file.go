package basemap

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/linli-town/linli/internal/base/fail"
)

// The file is GeoJSON, gzipped: properties k (kind), c (class), n, h, e (names in
// zh-Hans, zh-Hant and English). Any GIS opens it.
const (
	mostBytes    = 128 << 20 // of JSON
	mostFeatures = 500_000
	mostPoints   = 5_000_000
)

type fileFeature struct {
	Type       string `json:"type"`
	Properties struct {
		K Kind   `json:"k"`
		C int    `json:"c,omitempty"`
		N string `json:"n,omitempty"`
		H string `json:"h,omitempty"`
		E string `json:"e,omitempty"`
	} `json:"properties"`
	Geometry struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"geometry"`
}

type file struct {
	Type     string        `json:"type"`
	Credit   Names         `json:"credit"`
	Features []fileFeature `json:"features"`
}

// Save writes the map's file.
func (m *Map) Save(w io.Writer) error {
	out := file{Type: "FeatureCollection", Credit: m.Credit}
	for _, f := range m.Features() {
		g := fileFeature{Type: "Feature"}
		g.Properties.K, g.Properties.C, g.Properties.N, g.Properties.H, g.Properties.E = f.Kind, f.Class, f.Name.Hans, f.Name.Hant, f.Name.En
		ls := make([][]LonLat, len(f.Lines))
		for i, l := range f.Lines {
			ls[i] = make([]LonLat, len(l))
			for j, q := range l {
				ls[i][j] = round(q)
			}
		}
		var c any = ls
		g.Geometry.Type = "MultiLineString"
		if f.Area {
			g.Geometry.Type = "Polygon"
		} else if f.Kind == Place {
			g.Geometry.Type, c = "Point", ls[0][0]
		}
		var err error
		if g.Geometry.Coordinates, err = json.Marshal(c); err != nil {
			return err
		}
		out.Features = append(out.Features, g)
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(z).Encode(out); err != nil {
		return err
	}
	return z.Close()
}

// round is a point to about 10 cm.
func round(q LonLat) LonLat { return LonLat{math.Round(q[0]*1e6) / 1e6, math.Round(q[1]*1e6) / 1e6} }

// Load reads the map's file, gzipped or plain. Invalid basemap.file, basemap.large,
// basemap.empty.
func Load(r io.Reader) (*Map, error) {
	b := bufio.NewReader(r)
	var in io.Reader = b
	if magic, _ := b.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, bad("basemap.file", err)
		}
		in = z
	}
	lim := &io.LimitedReader{R: in, N: mostBytes}
	var f file
	if err := json.NewDecoder(lim).Decode(&f); err != nil {
		if lim.N <= 0 {
			return nil, bad("basemap.large", err)
		}
		return nil, bad("basemap.file", err)
	}
	if len(f.Features) > mostFeatures {
		return nil, bad("basemap.large", nil)
	}
	var fs []*Feature
	for _, g := range f.Features {
		x := &Feature{Kind: g.Properties.K, Class: g.Properties.C, Name: Names{g.Properties.N, g.Properties.H, g.Properties.E}}
		var err error
		switch g.Geometry.Type {
		case "Point":
			var p LonLat
			err = json.Unmarshal(g.Geometry.Coordinates, &p)
			x.Lines = [][]LonLat{{p}}
		case "Polygon":
			x.Area = true
			err = json.Unmarshal(g.Geometry.Coordinates, &x.Lines)
		case "MultiLineString":
			err = json.Unmarshal(g.Geometry.Coordinates, &x.Lines)
		default:
			continue
		}
		if err != nil {
			return nil, bad("basemap.file", err)
		}
		if sound(x) {
			fs = append(fs, x)
		}
	}
	if len(fs) == 0 {
		return nil, bad("basemap.empty", nil)
	}
	return New(fs, f.Credit), nil
}

func bad(code string, cause error) error {
	return &fail.Error{Kind: fail.Invalid, Code: code, Err: cause}
}

// sound reports whether a feature from outside can be drawn: a known kind, a class in
// range, enough points, all of them on the earth.
func sound(f *Feature) bool {
	if !slices.Contains(kinds, f.Kind) || f.Class < 0 || f.Class > 9 || f.Kind == Road && (f.Class < 1 || f.Class > 4) || len(f.Lines) == 0 {
		return false
	}
	least := 2
	if f.Kind == Place {
		least = 1
	} else if f.Area {
		least = 4
	}
	for _, l := range f.Lines {
		if len(l) < least {
			return false
		}
		for _, p := range l {
			if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 85) { // NaN too
				return false
			}
		}
	}
	return true
}

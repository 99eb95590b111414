package basemap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func wellFormed(t testing.TB, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("not XML: %v\n%s", err, b)
		}
	}
}

func TestTilesAreSmallAndWellFormed(t *testing.T) {
	m := Town(1).Map
	for z := 13; z <= 19; z++ {
		x, y := geo.Tile(TownCentre, z)
		for _, th := range []Theme{Day, Night, Elder, Named("day", "en"), Named("elder", "zh-Hant")} {
			b := m.Tile(z, x, y, th)
			wellFormed(t, b)
			if len(b) > 80<<10 {
				t.Errorf("z%d: a tile of %d bytes", z, len(b))
			}
		}
	}
	for _, c := range [][3]int{{0, 0, 0}, {2, 1, 1}, {30, 1 << 29, 1 << 29}, {-4, -1, -1}, {16, 0, 0}} {
		b := m.Tile(c[0], c[1], c[2], Day)
		wellFormed(t, b)
		if bytes.Contains(b, []byte("<path")) {
			t.Errorf("tile %v is not bare", c)
		}
	}
}

func TestNameAcrossTilesIsAtOneSpot(t *testing.T) {
	m := Town(1).Map
	a, b := m.labelsAt(16, Day), m.labelsAt(16, Day)
	if len(a) < 50 || &a[0] != &b[0] {
		t.Errorf("%d labels, placed twice", len(a))
	}
	for _, l := range a {
		if l.text == "青桥公园" {
			return
		}
	}
	t.Error("the park has no name at z16")
}

func TestPictureHasPinsAndSpeaksTheScript(t *testing.T) {
	m := Town(1).Map
	pins := []Pin{{At: TownCentre, Text: "<1>"}, {At: geo.Point{Lat: TownCentre.Lat, Lon: TownCentre.Lon + .001}}, {At: geo.Point{Lat: math.NaN()}}, {At: geo.Point{}, Text: "far"}}
	for lang, want := range map[string]string{"zh-Hans": "虚构街道", "zh-Hant": "虛構街道", "en": "made-up"} {
		b := m.Picture(TownCentre, 16, 720, 480, pins, Named("day", lang))
		wellFormed(t, b)
		if !bytes.Contains(b, []byte(want)) || !bytes.Contains(b, []byte("&lt;1&gt;")) || bytes.Contains(b, []byte("far")) {
			t.Errorf("%s: credit or pins are wrong", lang)
		}
	}
}

func TestClickFindsThePoint(t *testing.T) {
	if p := Click(TownCentre, 17, 400, 300, 200, 150); geo.Distance(p, TownCentre) > .01 {
		t.Errorf("the middle is %v", p)
	}
	p := Click(TownCentre, 17, 400, 300, 400, 0)
	c, z := Fit([]geo.Point{TownCentre, p}, 400, 300, 18)
	if p.Lon <= TownCentre.Lon || p.Lat <= TownCentre.Lat || z < 15 || z > 18 || c.Lon <= TownCentre.Lon {
		t.Errorf("corner %v, fit %v z%d", p, c, z)
	}
}

func TestFileRoundTrip(t *testing.T) {
	m := Town(2).Map
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d features, %d bytes", m.Len(), b.Len())
	if b.Len() > 200<<10 {
		t.Errorf("the file has %d bytes", b.Len())
	}
	got, err := Load(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	x, y := geo.Tile(TownCentre, 16)
	if got.Len() != m.Len() || !bytes.Equal(got.Tile(16, x, y, Day), m.Tile(16, x, y, Day)) {
		t.Errorf("%d features of %d, or another drawing", got.Len(), m.Len())
	}
}

const smallOSM = `<osm version="0.6">
<node id="1" lat="32.0" lon="120.8"/><node id="2" lat="32.0" lon="120.81"/><node id="3" lat="32.01" lon="120.81"/><node id="4" lat="32.01" lon="120.8"/>
<node id="5" lat="32.005" lon="120.805"><tag k="amenity" v="school"/><tag k="name" v="小学"/><tag k="name:en" v="School"/></node>
<way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/><tag k="name" v="大道"/></way>
<way id="11"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/></way>
<way id="12"><nd ref="1"/><nd ref="2"/><nd ref="3"/></way><way id="13"><nd ref="1"/><nd ref="4"/><nd ref="3"/></way>
<way id="14"><nd ref="1"/><nd ref="99"/><tag k="highway" v="footway"/></way>
<relation id="20"><member type="way" ref="12" role="outer"/><member type="way" ref="13" role="outer"/><tag k="type" v="multipolygon"/><tag k="natural" v="water"/><tag k="name" v="湖"/></relation>
</osm>`

func TestReadOSM(t *testing.T) {
	fs, err := ReadOSM(strings.NewReader(smallOSM))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fs {
		got = append(got, string(f.Kind)+" "+f.Name.Hans)
	}
	if s := strings.Join(got, ","); s != "place 小学,road 大道,building ,water 湖" {
		t.Errorf("read %s", s)
	}
	for _, bad := range []string{"", "<osm", "<osm></osm>", `<osm><node id="x"/></osm>`} {
		if _, err := ReadOSM(strings.NewReader(bad)); fail.KindOf(err) != fail.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzReadOSM(f *testing.F) {
	add := mutate.Adder(f)
	add([]byte(smallOSM))
	add([]byte(`<osm><node id="1" lat="NaN" lon="1e400"/></osm>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fs, err := ReadOSM(bytes.NewReader(b))
		if err != nil {
			if fail.KindOf(err) != fail.Invalid {
				t.Fatal(err)
			}
			return
		}
		m := New(fs, Names{})
		wellFormed(t, m.Picture(m.Centre(), 15, 200, 200, nil, Day))
	})
}

func FuzzLoad(f *testing.F) {
	add := mutate.Adder(f)
	add([]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"k":"road","c":1,"n":"路"},"geometry":{"type":"MultiLineString","coordinates":[[[120,32],[121,32]]]}}]}`))
	add([]byte(`{"features":[{"properties":{"k":"place"},"geometry":{"type":"Point","coordinates":[1,2]}}]}`))
	add([]byte{0x1f, 0x8b, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load(bytes.NewReader(b))
		if err != nil {
			if fail.KindOf(err) != fail.Invalid {
				t.Fatal(err)
			}
			return
		}
		wellFormed(t, m.Picture(m.Centre(), 15, 200, 200, nil, Day))
		var w bytes.Buffer
		if err := m.Save(&w); err != nil {
			t.Fatal(err)
		}
		if n, err := Load(&w); err != nil || n.Len() != m.Len() {
			t.Fatalf("saved, not loaded: %v", err)
		}
	})
}

func BenchmarkTile(b *testing.B) {
	m := Town(1).Map
	x, y := geo.Tile(TownCentre, 16)
	m.Tile(16, x, y, Day) // places the names
	for b.Loop() {
		m.Tile(16, x, y, Day)
	}
}

func BenchmarkPicture(b *testing.B) {
	m := Town(1).Map
	pins := []Pin{{At: TownCentre}}
	for b.Loop() {
		m.Picture(TownCentre, 16, 720, 480, pins, Day)
	}
}

func BenchmarkLabels(b *testing.B) {
	m := Town(1).Map
	for b.Loop() {
		m.labels.Clear()
		m.labelsAt(17, Day)
	}
}

func BenchmarkTown(b *testing.B) {
	for b.Loop() {
		Town(1)
	}
}

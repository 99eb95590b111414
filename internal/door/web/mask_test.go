package web

import (
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func TestWhatIsMarkedIsCovered(t *testing.T) {
	got, err := Covered([]string{"1-1", "6-2"}, []string{"100,200,50,60", "990,0,100,5"})
	want := []image.Rectangle{image.Rect(0, 0, 166, 166), image.Rect(166, 833, 333, 1000), image.Rect(100, 200, 150, 260), image.Rect(990, 0, 1000, 5)}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for name, c := range map[string]struct{ cell, box string }{
		"a cell outside": {cell: "0-1"}, "beyond the last": {cell: "7-1"}, "no cell": {cell: "x"}, "half a box": {box: "1,2,3"}, "an empty box": {box: "5,5,0,9"},
		"far away": {box: "1001,0,5,5"}, "below zero": {box: "-1,0,5,5"}, "too large to add": {box: "9223372036854775807,0,5,5"},
	} {
		var cell, box []string
		if c.cell != "" {
			cell = []string{c.cell}
		}
		if c.box != "" {
			box = []string{c.box}
		}
		if got, err := Covered(cell, box); fail.KindOf(err) != fail.Invalid || got != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if _, err := Covered(nil, slices.Repeat([]string{"1,1,1,1"}, 201)); err == nil {
		t.Error("201 boxes were taken")
	}
}

func TestTheGridLeavesNoGap(t *testing.T) {
	var all []string
	for r := range cells {
		for c := range cells {
			all = append(all, string(rune('1'+r))+"-"+string(rune('1'+c)))
		}
	}
	got, err := Covered(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	for y := range 1000 {
		p := image.Pt(y, y)
		if !slices.ContainsFunc(got, func(r image.Rectangle) bool { return p.In(r) }) {
			t.Fatalf("%v is open", p)
		}
	}
}

func FuzzCovered(f *testing.F) {
	add := mutate.Adder(f)
	for _, s := range []string{"1-1|0,0,1000,1000", "6-6|", "|-1,2,3,4", "|1,2,3,99999999999999999999", "|"} {
		add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, b, _ := strings.Cut(s, "|")
		rs, err := Covered(strings.Fields(a), strings.Fields(b))
		for _, r := range rs {
			if err != nil || r.Empty() || !r.In(image.Rect(0, 0, 1000, 1000)) {
				t.Errorf("%q: %v, %v", s, r, err)
			}
		}
	})
}

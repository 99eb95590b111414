package qr_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	rsc "rsc.io/qr"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/qr"
)

var bar = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// The path, painted on squared paper again, is the code module by module.
func TestPathIsTheCode(t *testing.T) {
	for _, text := range []string{"A", "https://example.org/r/CHY-12", "邻里一家亲", strings.Repeat("x", 600)} {
		p, size, err := qr.Path(text)
		if err != nil {
			t.Fatal(err)
		}
		black := map[[2]int]bool{}
		for _, m := range bar.FindAllStringSubmatch(p, -1) {
			x, _ := strconv.Atoi(m[1])
			y, _ := strconv.Atoi(m[2])
			n, _ := strconv.Atoi(m[3])
			if m[3] != m[4] {
				t.Fatalf("bar %s does not come back", m[0])
			}
			for i := range n {
				black[[2]int{x + i, y}] = true
			}
		}
		if rest := bar.ReplaceAllString(p, ""); rest != "" {
			t.Fatalf("path has more than bars: %s", rest)
		}
		c, _ := rsc.Encode(text, rsc.Q)
		for y := range size {
			for x := range size {
				if got, want := black[[2]int{x, y}], c.Black(x-qr.Quiet, y-qr.Quiet); got != want {
					t.Fatalf("%q: module %d,%d is %v, want %v", text, x, y, got, want)
				}
			}
		}
	}
}

func TestTooLongIsRefused(t *testing.T) {
	if _, _, err := qr.Path(strings.Repeat("x", 5000)); fail.KindOf(err) != fail.Invalid {
		t.Errorf("got %v, want invalid", err)
	}
}

func ExamplePath() {
	p, size, _ := qr.Path("https://example.org/r/CHY-12")
	fmt.Printf("viewBox 0 0 %d %d, path begins %s\n", size, size, p[:13])
	// Output: viewBox 0 0 37 37, path begins M4 4h7v1h-7zM
}

func BenchmarkPath(b *testing.B) {
	for b.Loop() {
		qr.Path("https://example.org/r/CHY-12")
	}
}

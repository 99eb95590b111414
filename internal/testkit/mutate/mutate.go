// Package mutate gives a fuzz target the same few hundred damaged seeds in every run. A
// random search finds what nobody thought of, but may not decide whether main is green:
// the same tree has to give the same answer twice. Only _test.go files import it.
package mutate

import (
	"encoding/binary"
	"flag"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// each is how many damaged copies of a seed are tried.
const each = 300

// Adder stands for f.Add: it adds the seed and its damaged copies, always the same ones.
// A random search starts from the seeds alone.
func Adder(f *testing.F) func(args ...any) {
	if l := flag.Lookup("test.fuzz"); l != nil && l.Value.String() != "" {
		return f.Add
	}
	h := fnv.New64a()
	h.Write([]byte(f.Name()))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	var old []byte // an earlier text, to splice with
	return func(args ...any) {
		f.Add(args...)
		for range each {
			hurt := slices.Clone(args)
			for i := range hurt {
				switch a := hurt[i].(type) {
				case string:
					hurt[i] = string(bytesOf(r, []byte(a), old))
				case []byte:
					hurt[i] = bytesOf(r, a, old)
				case bool:
					hurt[i] = r.IntN(2) == 0
				case int64:
					hurt[i] = number(r, a)
				case int:
					hurt[i] = int(number(r, int64(a)))
				case float64:
					hurt[i] = []float64{a, -a, 0, a * 1e9, math.NaN(), math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64}[r.IntN(8)]
				}
			}
			f.Add(hurt...)
		}
		for _, a := range args {
			switch a := a.(type) {
			case string:
				old = []byte(a)
			case []byte:
				old = a
			}
		}
	}
}

func number(r *rand.Rand, a int64) int64 {
	return []int64{a, -a, 0, -1, a + 1, math.MaxInt64, math.MinInt64, r.Int64()}[r.IntN(8)]
}

// words are what breaks readers: numbers at their ends, open brackets, byte order marks,
// letters that are more or fewer bytes than they look.
var words = []string{"0", "-1", "1e400", "1e308", "-1e308", "NaN", "9223372036854775808", "\x00", "\xff", "\ufeff", "\u202e", "\U0010ffff", "\xe4\xb8", "[[[[[[[[", "{", "\"", "\\u", "null", "\r\n", ",,", "=cmd", "𠮷", "../"}

// bytesOf does one to four small things to a copy of b.
func bytesOf(r *rand.Rand, b, old []byte) []byte {
	b = slices.Clone(b)
	for range 1 + r.IntN(4) {
		at := r.IntN(len(b) + 1)
		end := at + r.IntN(len(b)-at+1)
		if end-at > 64 && r.IntN(4) > 0 {
			end = at + r.IntN(64)
		}
		switch r.IntN(8) {
		case 0: // a bit turns over
			if at < len(b) {
				b[at] ^= 1 << r.IntN(8)
			}
		case 1: // a piece is lost
			b = slices.Delete(b, at, end)
		case 2: // a piece comes twice
			b = slices.Insert(b, at, b[at:end]...)
		case 3: // the end is missing
			b = b[:at]
		case 4: // a word that breaks readers
			b = slices.Insert(b, at, []byte(words[r.IntN(len(words))])...)
		case 5: // the same in place of something
			b = slices.Replace(b, at, end, []byte(words[r.IntN(len(words))])...)
		case 6: // another seed goes on from here
			b = append(b[:at], old[r.IntN(len(old)+1):]...)
		case 7: // a length, wrong
			if at+4 <= len(b) {
				binary.BigEndian.PutUint32(b[at:], r.Uint32()>>r.IntN(32))
			}
		}
	}
	return b
}

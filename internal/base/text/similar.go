package text

import "slices"

// Similar says how alike two texts are, 0 to 1: twice the pairs of neighbouring
// characters they share by all they have (Dice), over folded letters and digits.
// Good for finding the same thing reported twice; it knows nothing of meaning.
func Similar(a, b string) float64 {
	x, y := pairs(a), pairs(b)
	if len(x)+len(y) == 0 {
		return 0
	}
	same := 0
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			same++
			i++
			j++
		case x[i] < y[j]:
			i++
		default:
			j++
		}
	}
	return 2 * float64(same) / float64(len(x)+len(y))
}

// pairs gives the distinct pairs of s in order; of a text of one character, that.
func pairs(s string) []uint64 {
	var out []uint64
	var last rune
	for _, r := range Fold(s) {
		if !wordy(r) {
			continue
		}
		if last != 0 {
			out = append(out, uint64(last)<<32|uint64(r))
		}
		last = r
	}
	if len(out) == 0 && last != 0 {
		out = append(out, uint64(last))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

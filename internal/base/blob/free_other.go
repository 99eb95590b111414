//go:build !unix || solaris || illumos || netbsd || openbsd || aix

package blob

import "math"

// free is not known here: photos are taken until a write fails.
func free(string) (int64, error) { return math.MaxInt64, nil }

//go:build unix && !solaris && !illumos && !netbsd && !openbsd && !aix

package blob

import "syscall"

func free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

package app

import "golang.org/x/sys/unix"

// openFilesLimit returns how many files and connections this process may have open.
func openFilesLimit() (limit uint64, known bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return r.Cur, true
}

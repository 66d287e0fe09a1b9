package app

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// processMemory returns how much memory this process may use: all of the machine's, or what its container is limited to.
func processMemory() (bytes uint64, known bool) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, false
	}
	bytes = info.Totalram * uint64(info.Unit)
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil { // it may be "max"
			bytes = min(bytes, limit)
		}
	}
	return bytes, true
}

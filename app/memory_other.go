//go:build !linux

package app

func processMemory() (bytes uint64, known bool) { return 0, false }

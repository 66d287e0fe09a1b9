package app

import "testing"

func TestGrowth(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 10 << 20: 400, 128 << 20: 400, 256 << 20: 200, 512 << 20: 100, 8 << 30: 100} {
		if got := growth(live, 512<<20); got != want {
			t.Errorf("growth(%d MiB) = %d %%, want %d %%", live>>20, got, want)
		}
	}
}

func TestProcessMemory(t *testing.T) {
	if bytes, known := processMemory(); known && bytes < 64<<20 {
		t.Errorf("%d bytes", bytes)
	}
}

package forest

import "golang.org/x/sys/cpu"

// hasVectors reports whether descendVectors and ascendVectors can be called.
func hasVectors() bool { return cpu.X86.HasAVX2 }

// descendVectors is [group.descend] with all lanes at once.
//
//go:noescape
func descendVectors(trees *group, s *Scratch)

// ascendVectors is [group.ascend] with all lanes at once.
//
//go:noescape
func ascendVectors(trees *group, s *Scratch)

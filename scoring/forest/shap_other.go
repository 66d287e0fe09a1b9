//go:build !amd64

package forest

func hasVectors() bool { return false }

func descendVectors(g *group, s *Scratch) { g.descend(s) }

func ascendVectors(g *group, s *Scratch) { g.ascend(s) }

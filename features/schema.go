package features

import (
	"errors"
	"fmt"
)

// Schema is an ordered list of features: the meaning of a Vector's positions. Each carries the hash of its own
// definition and of those it depends on, so that a model can tell whether it is served what it was trained on.
type Schema struct {
	Names  []string `json:"names"`
	Hashes []string `json:"hashes"`
}

// Vector holds one transaction's feature values in the order of a Schema. A missing value is NaN.
type Vector []float64

// ErrDefinition is matched by the errors of [Schema.Project] that stem from a missing or differing definition.
var ErrDefinition = errors.New("feature definition")

// Len returns the number of features.
func (s *Schema) Len() int { return len(s.Names) }

// Index returns the position of the named feature, or -1.
func (s *Schema) Index(name string) int {
	for i, n := range s.Names {
		if n == name {
			return i
		}
	}
	return -1
}

// Project returns, for each feature of want, its position in s. A feature that s lacks, or defines otherwise, is an
// error that names it; so is a want that has not one hash for each name.
func (s *Schema) Project(want *Schema) ([]int, error) {
	if len(want.Names) != len(want.Hashes) {
		return nil, fmt.Errorf("%w: the list has %d names and %d hashes", ErrDefinition, len(want.Names), len(want.Hashes))
	}
	at := make([]int, want.Len())
	for i, name := range want.Names {
		j := s.Index(name)
		switch {
		case j < 0:
			return nil, fmt.Errorf("%w: %q is not declared here", ErrDefinition, name)
		case s.Hashes[j] != want.Hashes[i]:
			return nil, fmt.Errorf("%w: %q is defined otherwise here (hash %s, the model was trained on %s)",
				ErrDefinition, name, s.Hashes[j], want.Hashes[i])
		}
		at[i] = j
	}
	return at, nil
}

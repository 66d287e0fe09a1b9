package features_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
)

func TestProject(t *testing.T) {
	have := &features.Schema{Names: []string{"a", "b", "c"}, Hashes: []string{"1", "2", "3"}}
	for _, c := range []struct {
		name string
		want features.Schema
		at   []int
		err  string
	}{
		{"itself", *have, []int{0, 1, 2}, ""},
		{"nothing", features.Schema{}, []int{}, ""},
		{"some, in another order", features.Schema{Names: []string{"c", "a"}, Hashes: []string{"3", "1"}}, []int{2, 0}, ""},
		{"one twice", features.Schema{Names: []string{"b", "b"}, Hashes: []string{"2", "2"}}, []int{1, 1}, ""},
		{"unknown", features.Schema{Names: []string{"a", "d"}, Hashes: []string{"1", "4"}}, nil, `"d" is not declared here`},
		{"another definition", features.Schema{Names: []string{"b"}, Hashes: []string{"1"}}, nil,
			`"b" is defined otherwise here (hash 2, the model was trained on 1)`},
		{"fewer hashes than names", features.Schema{Names: []string{"a", "b"}, Hashes: []string{"1"}}, nil, "2 names and 1 hashes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := have.Project(&c.want)
			if !slices.Equal(at, c.at) {
				t.Errorf("positions %v, want %v", at, c.at)
			}
			if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || !errors.Is(err, features.ErrDefinition)) {
				t.Errorf("the error is %v, want one with %q", err, c.err)
			}
		})
	}
	if have.Len() != 3 || have.Index("c") != 2 || have.Index("d") != -1 {
		t.Errorf("Len is %d, c is at %d, d at %d", have.Len(), have.Index("c"), have.Index("d"))
	}
}

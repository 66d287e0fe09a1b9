package control

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"unicode/utf8"
)

// The members of an object are what encoding/json says they are, where none is given twice.
func FuzzMembers(f *testing.F) {
	for _, text := range []string{
		`{}`, ` {"a" : 1 , "b":[{"c":"}]\""}, null] ,"d":-1.5e3,"":true}`, `{"a\u0041\\":"\"","b":{"b":{}}}`, `[1]`, `"x"`, `7`, "\n{\"a\"\t:\r{ } }\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !utf8.Valid(text) || !json.Valid(text) {
			return
		}
		got, names := make(map[string]json.RawMessage), []string{}
		object, err := eachMember(text, func(name string, value json.RawMessage) error {
			got[name] = value
			names = append(names, name)
			return nil
		})
		var want map[string]json.RawMessage
		if wrong := json.Unmarshal(text, &want); (wrong == nil && want != nil) != object || err != nil {
			t.Fatalf("%s: an object %v, %v; encoding/json says %v", text, object, err, wrong)
		}
		equal := func(a, b json.RawMessage) bool { return string(a) == string(b) }
		if object && len(slices.Compact(slices.Sorted(slices.Values(names)))) == len(names) && !maps.EqualFunc(got, want, equal) {
			t.Fatalf("%s: %q instead of %q", text, got, want)
		}
	})
}

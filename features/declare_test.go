package features_test

import (
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
)

// file returns a features file with the given parts, and then these features: the keys and values of each, as they
// stand between braces.
func file(parts string, list ...string) string {
	var b strings.Builder
	b.WriteString("format: 1\n" + parts)
	if !strings.HasSuffix(parts, "\n") && parts != "" {
		b.WriteByte('\n')
	}
	b.WriteString("features:\n")
	for _, f := range list {
		b.WriteString("  - {" + f + "}\n")
	}
	return b.String()
}

// plain is a file that keeps nothing beyond what every state keeps.
var plain = file("", "name: amount, value: amount")

// replaced returns the file with one piece of its text replaced.
func replaced(tb testing.TB, text, old, with string) string {
	tb.Helper()
	if strings.Count(text, old) != 1 {
		tb.Fatalf("%q stands %d times in\n%s", old, strings.Count(text, old), text)
	}
	return strings.Replace(text, old, with, 1)
}

// compileFile compiles the text of a features file.
func compileFile(text string, layout features.Layout) (*features.Set, error) {
	d, err := features.ParseDeclarations("features.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	return features.Compile(d, layout)
}

// compile does so where there is no mistake.
func compile(tb testing.TB, text string, layout features.Layout) *features.Set {
	tb.Helper()
	set, err := compileFile(text, layout)
	if err != nil {
		tb.Fatalf("%v\nin\n%s", err, text)
	}
	return set
}

func shipped(tb testing.TB) *features.Set {
	tb.Helper()
	return compile(tb, features.BuiltinSource(), features.DefaultLayout())
}

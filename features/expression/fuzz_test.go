package expression_test

import (
	"errors"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/weir-fraud/weir/features/expression"
)

// FuzzCompile compiles any text: nothing panics, an error has a place in the text, what compiles gives values that its
// kind may have, and its canonical spelling means the same.
func FuzzCompile(f *testing.F) {
	for _, c := range timed {
		f.Add(c.source)
	}
	for _, source := range []string{
		"1 < amount <= 3 ? -0x10 : (none ?? .5e-3)", "type not in ['a', \"b\", `c`] && !(unusual || false)",
		"attributes.device not contains nothing /* c */ // d", "filter(type) + pow(1, -2) ** -0.5", `weekday("Asia/Kolkata") in [1, -2]`,
		"a | b(#, {c: 1}) ?. d [1:2] ?: e .. f ; let g = if h {} else {}", `"\u00e4\x41\101\U0001F600" > b"x"`, "known(1/0) == missing(log1p(-1))",
		"((((((((1))))))))", "not not not true", "- - - -1 % 3", "::abs(1)",
	} {
		f.Add(source)
	}
	names, env := names(), environment()
	same := func(name string) string { return name }
	f.Fuzz(func(t *testing.T, source string) {
		for _, want := range []expression.Kind{expression.Number, expression.Text, expression.Bool} {
			p, err := expression.Compile(source, names, want)
			if err != nil {
				var e *expression.Error
				if !errors.As(err, &e) || e.Column < 1 || e.Column > utf8.RuneCountInString(source)+1 || e.Message == "" {
					t.Fatalf("%q: %v", source, err)
				}
				continue
			}
			x := p.Number(env)
			if math.IsInf(x, 0) || math.IsNaN(x) && math.Float64bits(x) != math.Float64bits(math.NaN()) {
				t.Fatalf("%q is %v", source, x)
			}
			canonical := p.Canonical(untable)
			if len(canonical) > 4096 {
				continue
			}
			again, err := expression.Compile(canonical, names, want)
			if err != nil {
				if len(source) < 200 {
					t.Fatalf("%q, which is %q: %v", source, canonical, err)
				}
				continue // its parentheses may be too many
			}
			if again.Canonical(same) != p.Canonical(same) {
				t.Fatalf("%q is %q, and that %q", source, canonical, again.Canonical(untable))
			}
			if math.Float64bits(again.Number(env)) != math.Float64bits(x) || again.Text(env) != p.Text(env) || again.Bool(env) != p.Bool(env) {
				t.Fatalf("%q is %v, and %q is %v", source, x, canonical, again.Number(env))
			}
		}
	})
}

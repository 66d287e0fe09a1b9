package expression_test

import (
	"testing"

	"github.com/weir-fraud/weir/features/expression"
)

// timed are expressions as definitions have them.
var timed = []struct {
	name, source string
	want         expression.Kind
}{
	{"ratio", "amount / mean_30d", expression.Number},
	{"filter", `type != "deposit"`, expression.Bool},
	{"mark", "amount > 2.5 * mean_30d and count_30d >= 3 or amount > 220", expression.Bool},
	{"list", `type in ["deposit", "purchase", "withdrawal"]`, expression.Bool},
	{"night", `hour("Europe/Berlin") < 6`, expression.Bool},
	{"date", "day_of_month() + month()", expression.Number},
	{"table", "(log(amount) - log_mean(category)) ?? 0", expression.Number},
	{"power", "exp(amount / 100) + amount ** 1.5 + max(amount, mean_30d)", expression.Number},
	{"text", `unusual ? type ?? "a" : category`, expression.Text},
}

// evaluate evaluates p and returns something of the value, so that nothing is left out.
func evaluate(p *expression.Program, env *expression.Env) float64 {
	switch p.Kind() {
	case expression.Bool:
		if p.Bool(env) {
			return 1
		}
		return 0
	case expression.Text:
		return float64(len(p.Text(env)))
	}
	return p.Number(env)
}

func TestEvaluationAllocatesNothing(t *testing.T) {
	env := environment()
	for _, c := range timed {
		p := compile(t, c.source, c.want)
		if n := testing.AllocsPerRun(100, func() { evaluate(p, env) }); n != 0 {
			t.Errorf("%s: %v allocations", c.source, n)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	env := environment()
	for _, c := range timed {
		b.Run(c.name, func(b *testing.B) {
			p := compile(b, c.source, c.want)
			b.ReportAllocs()
			for b.Loop() {
				evaluate(p, env)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	names := names()
	for _, c := range timed {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := expression.Compile(c.source, names, c.want); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package expression_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// untable undoes the prefix that Canonical gives the names of tables.
func untable(name string) string { return strings.TrimPrefix(name, "table:") }

// value is what the plain interpreter computes with: a number or nil, a text or nil, a bool.
type value any

// situation is an Env as the plain interpreter sees it.
type situation struct {
	at     time.Time
	values map[string]value
}

// tree is a random expression: how to write it, and what it means, which is said here once more and in other words.
type tree struct {
	source string
	eval   func(s situation) value
}

type generator struct {
	*rand.Rand
	functions map[string]func(x, y float64) float64 // what the language computes; elementary_test.go holds them
}

func pick[T any](g generator, of ...T) T { return of[g.IntN(len(of))] }

// space is blank or nothing.
func (g generator) space() string { return pick(g, "", "", " ", "  ", "\n", " /* ? */ ") }

// join writes parts with spaces between.
func (g generator) join(parts ...string) string {
	return "(" + g.space() + strings.Join(parts, g.space()) + g.space() + ")"
}

func (g generator) quote(s string) string {
	return pick(g, `"`+s+`"`, "'"+s+"'", "`"+s+"`")
}

func number(x float64) value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return x
}

// on applies f where no operand is missing.
func on(a, b tree, f func(x, y float64) float64) func(situation) value {
	return func(s situation) value {
		x, y := a.eval(s), b.eval(s)
		if x == nil || y == nil {
			return nil
		}
		return number(f(x.(float64), y.(float64)))
	}
}

func (g generator) number(depth int) tree {
	if depth == 0 {
		return g.numberLeaf()
	}
	a, b := g.number(depth-1), g.number(depth-1)
	switch g.IntN(12) {
	case 0:
		return g.numberLeaf()
	case 1, 2, 3:
		op := pick(g, "+", "-", "*", "/", "%", "**")
		f := map[string]func(x, y float64) float64{
			"+": func(x, y float64) float64 { return x + y },
			"-": func(x, y float64) float64 { return x - y },
			"*": func(x, y float64) float64 { return x * y },
			"/": func(x, y float64) float64 { return x / y },
			"%": math.Mod, "**": g.functions["**"],
		}[op]
		return tree{g.join(a.source, op, b.source), on(a, b, f)}
	case 4:
		return tree{g.join("-", a.source), on(a, a, func(x, _ float64) float64 { return -x })}
	case 5, 6:
		name := pick(g, "abs", "floor", "ceil", "round", "sqrt", "exp", "log", "log1p", "log10")
		return tree{name + "(" + a.source + ")", on(a, a, g.functions[name])}
	case 7:
		c := g.number(depth - 1)
		if g.IntN(2) == 0 {
			return tree{"min(" + a.source + "," + b.source + ", " + c.source + ")", extreme(-1, a, b, c)}
		}
		return tree{"max(" + a.source + "," + b.source + ")", extreme(1, a, b)}
	case 8:
		return tree{g.join(a.source, "??", b.source), coalesce(a, b)}
	case 9:
		return g.choice(g.condition(depth-1), a, b)
	case 10:
		return g.tableCall(depth)
	}
	return tree{"pow(" + a.source + "," + b.source + ")", on(a, b, g.functions["**"])}
}

func (g generator) numberLeaf() tree {
	switch g.IntN(4) {
	case 0:
		x := pick(g, 0, 1, 2, 0.5, 3.25, 1e-9, 1e300, 7, 64, 100)
		return tree{fmt.Sprint(x), func(situation) value { return x }}
	case 1:
		zone, location := "", time.UTC
		if g.IntN(2) == 0 {
			location, _ = time.LoadLocation("America/New_York")
			zone = g.quote("America/New_York")
		}
		name := pick(g, "hour", "weekday", "day_of_month", "month")
		return tree{name + "(" + zone + ")", func(s situation) value {
			t := s.at.In(location)
			return float64(map[string]int{
				"hour": t.Hour(), "weekday": (int(t.Weekday()) + 6) % 7, "day_of_month": t.Day(), "month": int(t.Month()),
			}[name])
		}}
	}
	return named(pick(g, variables[expression.Number]...))
}

func named(name string) tree {
	return tree{name, func(s situation) value { return s.values[name] }}
}

func (g generator) tableCall(depth int) tree {
	key, name := g.text(depth-1), pick(g, "log_mean", "strict")
	return tree{name + "(" + key.source + ")", func(s situation) value {
		text := key.eval(s)
		if text == nil {
			return nil
		}
		if x, ok := tableValues[text.(string)]; ok {
			return x
		}
		if name == "strict" {
			return nil
		}
		return 3.0
	}}
}

func extreme(sign float64, trees ...tree) func(situation) value {
	return func(s situation) value {
		var all []float64
		for _, t := range trees {
			x := t.eval(s)
			if x == nil {
				return nil
			}
			all = append(all, sign*x.(float64))
		}
		// The first of equals, since 0 and -0 differ in their bits.
		return sign * all[slices.Index(all, slices.Max(all))]
	}
}

func coalesce(a, b tree) func(situation) value {
	return func(s situation) value {
		if x := a.eval(s); x != nil {
			return x
		}
		return b.eval(s)
	}
}

func (g generator) choice(condition, a, b tree) tree {
	return tree{g.join(condition.source, "?", a.source, " :", b.source), func(s situation) value {
		if condition.eval(s).(bool) {
			return a.eval(s)
		}
		return b.eval(s)
	}}
}

func (g generator) text(depth int) tree {
	if depth <= 0 || g.IntN(3) > 0 {
		if g.IntN(3) == 0 {
			s := pick(g, "grocery", "travel", "d", "purchase", "ä")
			return tree{g.quote(s), func(situation) value { return s }}
		}
		return named(pick(g, variables[expression.Text]...))
	}
	a, b := g.text(depth-1), g.text(depth-1)
	if g.IntN(2) == 0 {
		return tree{g.join(a.source, "??", b.source), coalesce(a, b)}
	}
	return g.choice(g.condition(depth-1), a, b)
}

func (g generator) condition(depth int) tree {
	if depth <= 0 {
		if g.IntN(4) == 0 {
			truth := g.IntN(2) == 0
			return tree{fmt.Sprint(truth), func(situation) value { return truth }}
		}
		return named(pick(g, variables[expression.Bool]...))
	}
	a, b := g.condition(depth-1), g.condition(depth-1)
	switch g.IntN(8) {
	case 0:
		return tree{g.join(a.source, pick(g, " and ", "&&"), b.source), func(s situation) value { return a.eval(s).(bool) && b.eval(s).(bool) }}
	case 1:
		return tree{g.join(a.source, pick(g, " or ", "||"), b.source), func(s situation) value { return a.eval(s).(bool) || b.eval(s).(bool) }}
	case 2:
		return tree{g.join(pick(g, "not ", "!"), a.source), func(s situation) value { return !a.eval(s).(bool) }}
	case 3:
		return g.choice(g.condition(depth-1), a, b)
	case 4:
		return g.presence(depth)
	case 5:
		return g.membership(depth)
	case 6:
		return g.comparison(g.text(depth-1), g.text(depth-1), "==", "!=", "<", "<=", ">", ">=", " contains ", " startsWith ", " endsWith ",
			" not contains ", " not startsWith ", " not endsWith ")
	}
	return g.comparison(g.number(depth-1), g.number(depth-1), "==", "!=", "<", "<=", ">", ">=")
}

func (g generator) presence(depth int) tree {
	x := g.number(depth - 1)
	if g.IntN(2) == 0 {
		x = g.text(depth - 1)
	}
	if g.IntN(2) == 0 {
		return tree{"known(" + x.source + ")", func(s situation) value { return x.eval(s) != nil }}
	}
	return tree{"missing(" + x.source + ")", func(s situation) value { return x.eval(s) == nil }}
}

func (g generator) membership(depth int) tree {
	x, list, source := g.text(depth-1), []value{"grocery", "purchase"}, `["purchase", 'grocery' ]`
	if g.IntN(2) == 0 {
		x, list, source = g.number(depth-1), []value{-0.5, 0.0, 3.0}, "[ 0, 3,-0.5, 0.0]"
	}
	negated := g.IntN(2) == 0
	op := " in "
	if negated {
		op = " not in "
	}
	return tree{g.join(x.source, op, source), func(s situation) value {
		v := x.eval(s)
		return v != nil && slices.Contains(list, v) != negated
	}}
}

// order compares two values of one kind.
func order(x, y value) int {
	if s, ok := x.(string); ok {
		return strings.Compare(s, y.(string))
	}
	switch a, b := x.(float64), y.(float64); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (g generator) comparison(a, b tree, ops ...string) tree {
	op := pick(g, ops...)
	return tree{g.join(a.source, op, b.source), func(s situation) value {
		x, y := a.eval(s), b.eval(s)
		if x == nil || y == nil {
			return false
		}
		switch op = strings.TrimSpace(op); op {
		case "==":
			return order(x, y) == 0
		case "!=":
			return order(x, y) != 0
		case "<":
			return order(x, y) < 0
		case "<=":
			return order(x, y) <= 0
		case ">":
			return order(x, y) > 0
		case ">=":
			return order(x, y) >= 0
		}
		positive, negated := strings.CutPrefix(op, "not ")
		holds := map[string]func(string, string) bool{
			"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
		}[positive]
		return holds(x.(string), y.(string)) != negated
	}}
}

// situate draws values, and gives them as both see them.
func (g generator) situate() (situation, *expression.Env) {
	at := payment.Time(g.Int64N(int64(payment.MaxTime)))
	s, env := situation{at.Std(), make(map[string]value)}, &expression.Env{Time: at}
	for _, name := range variables[expression.Number] {
		x := pick(g, math.NaN(), math.Inf(-1), 0, math.Copysign(0, -1), 1, -0.5, 3, 1e308, g.NormFloat64(), g.ExpFloat64()*100)
		env.Numbers, s.values[name] = append(env.Numbers, x), number(x)
	}
	for _, name := range variables[expression.Bool] {
		x := pick(g, 0, 1, -2, math.NaN())
		env.Numbers, s.values[name] = append(env.Numbers, x), x == 1 || x == -2
	}
	for _, name := range variables[expression.Text] {
		text := pick(g, "", "grocery", "purchase", "travel", "d", "ä")
		env.Texts = append(env.Texts, text)
		if s.values[name] = text; text == "" {
			s.values[name] = nil
		}
	}
	return s, env
}

// result returns what p gives, as the plain interpreter would, but numbers as their bits.
func result(p *expression.Program, env *expression.Env) value {
	switch p.Kind() {
	case expression.Text:
		return p.Text(env)
	case expression.Bool:
		return p.Bool(env)
	}
	return math.Float64bits(p.Number(env))
}

func asResult(v value, kind expression.Kind) value {
	switch x := v.(type) {
	case float64:
		return math.Float64bits(x)
	case nil:
		if kind == expression.Text {
			return ""
		}
		return math.Float64bits(math.NaN())
	}
	return v
}

// Random expressions, written in random ways, give what the plain interpreter gives, bit for bit, and so do their
// canonical spellings.
func TestRandomExpressions(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(5, 6)), make(map[string]func(x, y float64) float64)}
	for _, name := range []string{"abs", "floor", "ceil", "round", "sqrt", "exp", "log", "log1p", "log10"} {
		g.functions[name] = evaluator(t, name+"(amount)")
	}
	g.functions["**"] = evaluator(t, "amount ** mean_30d")
	compared, missing := 0, 0
	for i := range 6000 {
		kind := pick(g, expression.Number, expression.Text, expression.Bool)
		root := map[expression.Kind]func(int) tree{expression.Number: g.number, expression.Text: g.text, expression.Bool: g.condition}[kind](1 + i%5)
		if len(root.source) > 3000 {
			continue
		}
		p, err := expression.Compile(root.source, names(), kind)
		if err != nil {
			t.Fatalf("%s\n%v", root.source, err)
		}
		canonical := compile(t, p.Canonical(untable), kind)
		for range 8 {
			s, env := g.situate()
			want := asResult(root.eval(s), kind)
			if got, again := result(p, env), result(canonical, env); got != want || again != want {
				t.Fatalf("%s\nis %v, canonically %v, and should be %v, with %v", root.source, got, again, want, s.values)
			}
			compared++
			if want == "" || want == math.Float64bits(math.NaN()) {
				missing++
			}
		}
	}
	t.Logf("%d values compared, %d of them missing", compared, missing)
	if compared < 20000 || missing > compared/2 {
		t.Errorf("only %d values were compared, %d of them missing", compared, missing)
	}
}

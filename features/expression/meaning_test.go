package expression_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// variables are the names of the tests' expressions, by kind; the slot of each is its place.
var variables = map[expression.Kind][]string{
	expression.Number: {"amount", "mean_30d", "count_30d", "none", "attributes.risk"},
	expression.Text:   {"type", "category", "nothing", "attributes.device"},
	expression.Bool:   {"unusual", "usual", "unsaid"},
}

var tableValues = map[string]float64{"grocery": 4.25, "travel": -1, "fuel": 0}

func names() expression.Names {
	known := make(map[string]expression.Variable)
	var all []string
	for kind, names := range variables {
		for i, name := range names {
			if kind == expression.Bool {
				i += len(variables[expression.Number])
			}
			known[name] = expression.Variable{Kind: kind, Slot: i}
			all = append(all, name)
		}
	}
	tables := map[string]*expression.Table{
		"log_mean": expression.NewTable(tableValues, 3),
		"strict":   expression.NewTable(tableValues, math.NaN()),
		"filter":   expression.NewTable(nil, 7),
	}
	return expression.Names{
		Variable: func(name string) (expression.Variable, bool) { v, ok := known[name]; return v, ok },
		Known:    func() []string { return append(all, "log_mean", "strict") },
		Table:    func(name string) (*expression.Table, bool) { t, ok := tables[name]; return t, ok },
	}
}

func environment() *expression.Env {
	return &expression.Env{
		Time:    payment.TimeOf(time.Date(2024, 7, 14, 22, 30, 5, 0, time.UTC)), // a Sunday
		Numbers: []float64{250, 40, 3, math.NaN(), -0.5, 1, 0, math.NaN()},
		Texts:   []string{"purchase", "grocery", "", "d-17"},
	}
}

func compile(t testing.TB, source string, want expression.Kind) *expression.Program {
	t.Helper()
	p, err := expression.Compile(source, names(), want)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return p
}

func TestNumber(t *testing.T) {
	missing := math.NaN()
	for _, c := range []struct {
		source string
		want   float64
	}{
		{"amount / mean_30d", 6.25},
		{"1 + 2 * 3 - 4 / 8", 6.5},
		{"-2 ** 2", -4},
		{"(-2) ** 2", 4},
		{"2 ** 3 ** 2", 512},
		{"2 ** -2", 0.25},
		{"2 ** 0.5", math.Sqrt2},
		{"(-8) ** 0.5", missing},
		{"(-2) ** 63", -9223372036854775808},
		{"0 ** -1", missing},
		{"0 ** 70", 0},
		{"none ** 0", missing},
		{"-7 % 3", -1},
		{"7.5 % 2", 1.5},
		{"amount / 0", missing},
		{"0 / 0", missing},
		{"amount % 0", missing},
		{"1e308 * 10", missing},
		{"-1e308 - 1e308", missing},
		{"none + 1", missing},
		{"-none", missing},
		{"+amount", 250},
		{"0x10 + 1_000", 1016},
		{"attributes.risk", -0.5},
		{"abs(attributes.risk)", 0.5},
		{"floor(attributes.risk) + ceil(1.5) + round(2.5) + round(-2.5)", 1},
		{"sqrt(mean_30d - 4)", 6},
		{"sqrt(-1)", missing},
		{"exp(0) + log(1) + log1p(0) + log10(1000)", 4},
		{"log(0)", missing},
		{"log(-1)", missing},
		{"log1p(-1)", missing},
		{"exp(1000)", missing},
		{"min(amount, mean_30d, 60)", 40},
		{"max(amount, mean_30d, 60)", 250},
		{"min(1, none)", missing},
		{"max(none, 1)", missing},
		{"max(1, none, 2)", missing},
		{"pow(2, 10)", 1024},
		{"none ?? 7", 7},
		{"(amount / 0) ?? mean_30d ?? 1", 40},
		{"none ?? none", missing},
		{"unusual ? 1 : 2", 1},
		{"unsaid ? 1 : 2", 2},
		{"none > 1 ? 1 : 2", 2},
		{"unusual", 1},
		{"amount > 1000", 0},
		{"log_mean(category)", 4.25},
		{"log_mean(type)", 3},
		{"log_mean(nothing)", missing},
		{"log_mean(nothing) ?? 3", 3},
		{"strict(type)", missing},
		{"filter(type)", 7},
		{`hour()`, 22},
		{`hour("Europe/Berlin")`, 0},
		{`weekday("UTC")`, 6},
		{`weekday("Europe/Berlin")`, 0},
		{`day_of_month("Europe/Berlin") + month()`, 22},
		{"amount // the rest is a comment", 250},
	} {
		got := compile(t, c.source, expression.Number).Number(environment())
		if math.Float64bits(got) != math.Float64bits(c.want) {
			t.Errorf("%s is %v, not %v", c.source, got, c.want)
		}
	}
}

func TestBool(t *testing.T) {
	for source, want := range map[string]bool{
		"true": true,
		"amount > 2.5 * mean_30d and count_30d >= 3 or amount > 220": true,
		"amount > 1 && !(unusual || false)":                          false,
		"not unusual":                                                false,
		"unsaid":                                                     false,
		"unusual == usual":                                           false,
		"unusual != usual":                                           true,
		"1 < count_30d < 3":                                          false,
		"1 < count_30d <= 3":                                         true,
		"amount == 250 and amount != 251":                            true,
		"none == none":                                               false,
		"none != none":                                               false,
		"none != 1":                                                  false,
		"none < 1":                                                   false,
		"none >= 1":                                                  false,
		"not (none >= 1)":                                            true,
		"nothing == nothing":                                         false,
		"nothing != type":                                            false,
		"nothing < type":                                             false,
		`type == "purchase"`:                                         true,
		`type != 'deposit'`:                                          true,
		"type <= `purchase` and type > category":                     true,
		`type in ["deposit", "purchase"]`:                            true,
		`type not in ["deposit", "purchase"]`:                        false,
		`type not in ["deposit"]`:                                    true,
		`nothing in ["deposit"]`:                                     false,
		`nothing not in ["deposit"]`:                                 false,
		`not (nothing in ["deposit"])`:                               true,
		"count_30d in [1, -2, 3]":                                    true,
		"none in [1]":                                                false,
		"none not in [1]":                                            false,
		"-count_30d in [-3]":                                         true,
		`type contains "rch"`:                                        true,
		`type not contains "rch"`:                                    false,
		`nothing not contains "x"`:                                   false,
		`type startsWith "pur"`:                                      true,
		`type not startsWith "x"`:                                    true,
		`type endsWith "x"`:                                          false,
		`"x" contains nothing`:                                       false,
		"known(amount) and missing(none)":                            true,
		"missing(amount / 0)":                                        true,
		"known(type)":                                                true,
		"missing(nothing)":                                           true,
		"unusual ? usual : true":                                     false,
		`(nothing ?? type) == "purchase"`:                            true,
	} {
		if got := compile(t, source, expression.Bool).Bool(environment()); got != want {
			t.Errorf("%s is %v", source, got)
		}
	}
}

func TestText(t *testing.T) {
	for source, want := range map[string]string{
		"type":                             "purchase",
		`nothing ?? "none"`:                "none",
		`amount > 100 ? "high" : category`: "high",
		`none > 100 ? "high" : category`:   "grocery",
		"attributes.device":                "d-17",
		"nothing":                          "",
	} {
		if got := compile(t, source, expression.Text).Text(environment()); got != want {
			t.Errorf("%s is %q, not %q", source, got, want)
		}
	}
}

// What is not finite is missing, wherever it comes from, and has one bit pattern.
func TestInfiniteInput(t *testing.T) {
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.Float64frombits(0xFFF8000000000123), math.NaN()} {
		env := environment()
		env.Numbers[0], env.Numbers[5] = x, x
		for _, source := range []string{"amount", "-amount", "abs(amount)", "max(1, amount)", "amount * 0"} {
			if got := compile(t, source, expression.Number).Number(env); math.Float64bits(got) != math.Float64bits(math.NaN()) {
				t.Errorf("%s of %v has the bits %x", source, x, math.Float64bits(got))
			}
		}
		for _, source := range []string{"amount > 3", "amount < 3", "known(amount)", "unusual"} {
			if compile(t, source, expression.Bool).Bool(env) {
				t.Errorf("%s of %v holds", source, x)
			}
		}
	}
}

func TestProgramOfAnotherKind(t *testing.T) {
	env := environment()
	if p := compile(t, "unusual", expression.Number); p.Kind() != expression.Bool || !p.Bool(env) || p.Text(env) != "" {
		t.Error("a Bool program")
	}
	if p := compile(t, "type", expression.Text); p.Kind() != expression.Text || p.Bool(env) || !math.IsNaN(p.Number(env)) {
		t.Error("a Text program")
	}
	if p := compile(t, "amount", expression.Number); p.Kind() != expression.Number || p.Bool(env) || p.Text(env) != "" {
		t.Error("a Number program")
	}
}

func TestReads(t *testing.T) {
	p := compile(t, "strict(type) > 1 and attributes.risk < amount and log_mean(category) > strict(type) + amount", expression.Bool)
	if got := p.Reads(); !slices.Equal(got, []string{"type", "attributes.risk", "amount", "category"}) {
		t.Errorf("it reads %q", got)
	}
	if got := p.Tables(); !slices.Equal(got, []string{"strict", "log_mean"}) {
		t.Errorf("its tables are %q", got)
	}
}

func TestCanonical(t *testing.T) {
	rename := func(name string) string { return "<" + name + ">" }
	for source, want := range map[string]string{
		"amount>1&&!unusual||  usual":           "(((<amount> > 1) and (not <unusual>)) or <usual>)",
		"amount > 1.0 and not unusual or usual": "(((<amount> > 1) and (not <unusual>)) or <usual>)",
		`type in ['b', "a", "b"]`:               `(<type> in ["a", "b"])`,
		"count_30d not in [2, 0, -0.0, -1]":     "(<count_30d> not in [(-1), 0, 2])",
		"not (type in ['a'])":                   `(not (<type> in ["a"]))`,
		"pow(amount, -2)":                       "(<amount> ** (-2))",
		"-amount ** 2":                          "(-(<amount> ** 2))",
		"unusual ? log_mean(type) : 1e21":       "(<unusual> ? <table:log_mean>(<type>) : 1e+21)",
		"hour( ) + min(1,amount , 3)":           `(hour("UTC") + min(1, <amount>, 3))`,
		"1 < amount <= 0x10":                    "((1 < <amount>) and (<amount> <= 16))",
		`nothing ?? "a\n" == "b"`:               "",
	} {
		p, err := expression.Compile(source, names(), expression.Number)
		if want == "" {
			if err == nil {
				t.Errorf("%s is accepted", source)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := p.Canonical(rename); got != want {
			t.Errorf("%s is\n%s, not\n%s", source, got, want)
		}
	}
}

func TestTableCanonical(t *testing.T) {
	a := expression.NewTable(map[string]float64{"b": 1, "a": -2.5}, 3)
	if got, want := a.Canonical(), `{"a": -2.5, "b": 1, default: 3}`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if got := expression.NewTable(nil, math.NaN()).Canonical(); got != "{default: NaN}" {
		t.Error(got)
	}
}

func TestReserved(t *testing.T) {
	for _, name := range strings.Fields("hour min log10 known not in true startsWith") {
		if !expression.Reserved(name) {
			t.Errorf("%s is not reserved", name)
		}
	}
	for _, name := range strings.Fields("amount count filter len") {
		if expression.Reserved(name) {
			t.Errorf("%s is reserved", name)
		}
	}
}

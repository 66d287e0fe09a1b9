package expression_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features/expression"
)

func TestErrors(t *testing.T) {
	deep := strings.Repeat("-", 300) + "amount"
	for _, c := range []struct {
		source  string
		want    expression.Kind
		column  int
		message string // a part of it
	}{
		{"", expression.Number, 1, "empty"},
		{"  // nothing", expression.Number, 1, "empty"},
		{"amuont + 1", expression.Number, 1, "did you mean amount?"},
		{"1 + mean_3d", expression.Number, 5, "did you mean mean_30d?"},
		{"attribute.risk", expression.Number, 1, "did you mean attributes.risk?"},
		{"zebra", expression.Number, 1, "the name zebra is not known: declare it"},
		{"lgo(amount)", expression.Number, 1, "did you mean log?"},
		{"log_men(type)", expression.Number, 1, "did you mean log_mean?"},
		{"len(type)", expression.Number, 1, "no function or table len"},
		{"map(type)", expression.Number, 1, "did you mean max?"},
		{"amount(2)", expression.Number, 1, "amount is a value and no function"},
		{"strict > 1", expression.Bool, 1, "strict is a table: write strict(x)"},
		{"hour > 1", expression.Bool, 1, "hour is a function"},
		{"amount + type", expression.Number, 10, "+ needs a number, but type is a text"},
		{"amount * (amount > 1)", expression.Number, 18, "write x ? 1 : 0"},
		{`amount > "5"`, expression.Bool, 8, `> compares two of a kind, but amount is a number and "5" a text`},
		{"unusual > usual", expression.Bool, 1, "bools are only equal or not"},
		{"amount and unusual", expression.Bool, 1, "and needs a bool, but amount is a number: compare it, as in x > 0"},
		{"unusual or type", expression.Bool, 12, `compare it, as in x == "a"`},
		{`not type == "x"`, expression.Bool, 1, "put brackets around the condition"},
		{"-type", expression.Number, 2, "- needs a number"},
		{"amount", expression.Bool, 1, "a bool is wanted here, but amount is a number"},
		{"amount", expression.Text, 1, "a text is wanted here"},
		{"type", expression.Number, 1, "a number is wanted here"},
		{"amount ? 1 : 2", expression.Number, 1, "? needs a bool"},
		{"unusual ? 1 : type", expression.Number, 1, "? : chooses between two of a kind"},
		{"unusual ?: usual", expression.Bool, 1, "write x or y"},
		{"unusual ?? usual", expression.Bool, 1, "never missing"},
		{"amount ?? type", expression.Number, 8, "?? chooses between two of a kind"},
		{"amount / mean_30d ?? 1", expression.Number, 19, "?? needs brackets"},
		{"-amount ?? 1", expression.Number, 9, "?? needs brackets"},
		{"type not contains nothing ?? category", expression.Bool, 27, "?? needs brackets"},
		{"amount ?? 1 + 2", expression.Number, 13, "parentheses"},
		{`type == ""`, expression.Bool, 9, "write missing(x)"},
		{`type in ["a", ""]`, expression.Bool, 15, "write missing(x)"},
		{`type in ["a", 1]`, expression.Bool, 15, "1 is a number, but type, which is looked for, is a text"},
		{"amount in [mean_30d]", expression.Bool, 12, "only literals"},
		{"amount in []", expression.Bool, 11, "empty"},
		{"amount in 5", expression.Bool, 8, "needs a list of literals"},
		{"unusual in [true]", expression.Bool, 1, "is a bool"},
		{"amount contains 2", expression.Bool, 1, "contains needs a text, but amount is a number"},
		{"known(unusual)", expression.Bool, 7, "never missing"},
		{"known()", expression.Bool, 1, "takes one value"},
		{"min(1)", expression.Number, 1, "two numbers or more"},
		{"pow(1)", expression.Number, 1, "two numbers"},
		{"log(1, 2)", expression.Number, 1, "one number"},
		{"1 + abs(type)", expression.Number, 9, "abs needs a number"},
		{"strict()", expression.Number, 1, "takes one text"},
		{"strict(amount)", expression.Number, 8, "needs a text"},
		{`hour("Europe/Berlim")`, expression.Number, 6, `no time zone "Europe/Berlim"`},
		{`hour("Local")`, expression.Number, 6, "is no time zone"},
		{"hour(type)", expression.Number, 6, "must be written out"},
		{`hour("UTC", "UTC")`, expression.Number, 1, "takes one time zone"},
		{"amount = 1", expression.Bool, 8, "write =="},
		{"amount ^ 2", expression.Number, 8, "write **"},
		{"amount | abs()", expression.Number, 8, "pipes"},
		{"1..5", expression.Number, 2, "ranges"},
		{"amount; 1", expression.Number, 7, "one value"},
		{"let x = 1; x", expression.Number, 1, "no variables of its own"},
		{"if unusual { 1 } else { 2 }", expression.Number, 1, "? x : y"},
		{"attributes?.risk", expression.Number, 11, "plain dot"},
		{"::abs(1)", expression.Number, 1, "leave :: out"},
		{"#", expression.Number, 1, "closures"},
		{"{}", expression.Number, 1, "maps"},
		{`type matches "a"`, expression.Bool, 6, "patterns"},
		{"[1, 2]", expression.Number, 1, "only after in"},
		{"type[0]", expression.Text, 5, "only after in"},
		{"nil", expression.Number, 1, "missing(x)"},
		{"amount == nil", expression.Bool, 11, "missing(x)"},
		{"b'x' == type", expression.Bool, 1, "without the b"},
		{"abs(1).x", expression.Number, 1, "only for names"},
		{"(abs)(1)", expression.Number, 6, "unexpected token"},
		{"(amount", expression.Number, 1, "never closed"},
		{"amount)", expression.Number, 7, "closes nothing"},
		{"amount in [1)", expression.Bool, 13, "closes nothing"},
		{"amount +", expression.Number, 9, "ends where a value is expected"},
		{"ä", expression.Number, 1, "ä"},
		{`type == "ä" and amuont > 1`, expression.Bool, 17, "did you mean amount?"},
		{`type == "abc`, expression.Bool, 13, "not terminated"},
		{"amount\n+ amuont", expression.Number, 10, "did you mean amount?"},
		{"99999999999999999999", expression.Number, 20, "write a large one as 1e20"},
		{"\xff", expression.Number, 1, "UTF-8"},
		{strings.Repeat(" ", 4096) + "1", expression.Number, 1, "4097 bytes"},
		{strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300), expression.Number, 201, "brackets"},
		{deep, expression.Number, 201, "nested deeper"},
		{strings.Repeat("1+(", 150) + "1" + strings.Repeat(")", 150) + strings.Repeat("+1", 100), expression.Number, 298, "nested deeper"},
		{"amount in [1" + strings.Repeat(",1", 1000) + "]", expression.Bool, 2008, "more than 1000 parts"},
		{strings.Repeat("1 < (", 60) + "1" + strings.Repeat(") < 2", 60), expression.Bool, 0, "bools are only equal"},
	} {
		_, err := expression.Compile(c.source, names(), c.want)
		var e *expression.Error
		if !errors.As(err, &e) {
			t.Errorf("%.60q: %v", c.source, err)
			continue
		}
		if !strings.Contains(e.Message, c.message) || c.column != 0 && e.Column != c.column {
			t.Errorf("%.60q: column %d: %s", c.source, e.Column, e.Message)
		}
	}
}

// In a < b < c the parser uses b twice: a source of a few hundred bytes would be walked 2^30 times.
func TestSharedOperands(t *testing.T) {
	source := "1"
	for range 30 {
		source = "(1 < (" + source + ") < 2 ? 1 : 0)"
	}
	if _, err := expression.Compile(source, names(), expression.Number); err == nil || !strings.Contains(err.Error(), "parts") {
		t.Error(err)
	}
}

func TestNoNames(t *testing.T) {
	p, err := expression.Compile("1 + 1", expression.Names{}, expression.Number)
	if err != nil || p.Number(&expression.Env{}) != 2 {
		t.Error(err)
	}
	for _, source := range []string{"x", "x(1)"} {
		if _, err := expression.Compile(source, expression.Names{}, expression.Number); err == nil {
			t.Errorf("%s is accepted", source)
		}
	}
}

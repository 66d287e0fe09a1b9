package expression

import (
	"math"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// elementary are the functions of one number.
var elementary = map[string]func(float64) float64{
	"abs": math.Abs, "floor": math.Floor, "ceil": math.Ceil, "round": math.Round, // half away from zero
	"sqrt": math.Sqrt, "exp": exp, "log": log, "log1p": log1p, "log10": log10,
}

// otherFunctions are those that neither elementary nor calendarFields lists.
var otherFunctions = []string{"min", "max", "pow", "known", "missing"}

// words are the names with a meaning of their own in the language of the parser.
var words = []string{
	"true", "false", "nil", "and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "let", "if", "else",
}

// Reserved reports whether name has a meaning in the language, so that no variable and no table should have it.
func Reserved(name string) bool { return isFunction(name) || slices.Contains(words, name) }

func isFunction(name string) bool {
	return elementary[name] != nil || calendarFields[name] != nil || slices.Contains(otherFunctions, name)
}

func functionNames() []string {
	names := slices.Clone(otherFunctions)
	for name := range elementary {
		names = append(names, name)
	}
	for name := range calendarFields {
		names = append(names, name)
	}
	return names
}

// call checks a call of a function or a table.
func (c *checker) call(n *ast.CallNode, at int) (*node, error) {
	name, ok := dotted(n.Callee)
	if !ok {
		return nil, fail(at, "only functions and tables are called, by their names")
	}
	if calendarFields[name] != nil {
		return calendarCall(name, n.Arguments, at)
	}
	if !isFunction(name) {
		return c.lookup(name, n.Arguments, at)
	}
	args, err := c.checkAll(n.Arguments...)
	if err != nil {
		return nil, err
	}
	switch name {
	case "known", "missing":
		if len(args) != 1 {
			return nil, fail(at, "%s takes one value, as in %s(x), and has %d", name, name, len(args))
		}
		if args[0].kind == Bool {
			return nil, fail(args[0].column, "%s needs a number or a text, but %s is a bool, which is never missing", name, describe(args[0]))
		}
		return &node{form: call, kind: Bool, column: at, op: name, args: args}, nil
	case "min", "max":
		if len(args) < 2 {
			return nil, fail(at, "%s takes two numbers or more, as in %s(x, y), and has %d", name, name, len(args))
		}
	case "pow":
		if len(args) != 2 {
			return nil, fail(at, "pow takes two numbers, as in pow(x, y), and has %d", len(args))
		}
	default:
		if len(args) != 1 {
			return nil, fail(at, "%s takes one number, as in %s(x), and has %d", name, name, len(args))
		}
	}
	for _, arg := range args {
		if arg.kind != Number {
			return nil, mismatch(name, Number, arg)
		}
	}
	if name == "pow" {
		return &node{form: binary, kind: Number, column: at, op: "**", args: args}, nil
	}
	return &node{form: call, kind: Number, column: at, op: name, args: args}, nil
}

// calendarCall checks a call of hour or its like.
func calendarCall(name string, arguments []ast.Node, at int) (*node, error) {
	z := &zone{name: "UTC"}
	if len(arguments) > 1 {
		return nil, fail(at, `%s takes one time zone, as in %s("Europe/Berlin"), and has %d`, name, name, len(arguments))
	}
	if len(arguments) == 1 {
		text, ok := arguments[0].(*ast.StringNode)
		if !ok {
			return nil, fail(column(arguments[0]), `the time zone of %s must be written out, as in %s("Europe/Berlin")`, name, name)
		}
		var err error
		if z, err = loadZone(text.Value); err != nil {
			return nil, fail(column(text), `%v: write its name in the IANA database, as in "Europe/Berlin"`, err)
		}
	}
	return &node{form: calendar, kind: Number, column: at, op: name, zone: z}, nil
}

// lookup checks a call of a table.
func (c *checker) lookup(name string, arguments []ast.Node, at int) (*node, error) {
	t, ok := c.names.table(name)
	if !ok {
		return nil, c.unknownCall(name, at)
	}
	args, err := c.checkAll(arguments...)
	if err != nil {
		return nil, err
	}
	if len(args) != 1 {
		return nil, fail(at, "the table %s takes one text, as in %s(x), and has %d", name, name, len(args))
	}
	if args[0].kind != Text {
		return nil, mismatch("the table "+name, Text, args[0])
	}
	if !slices.Contains(c.tables, name) {
		c.tables = append(c.tables, name)
	}
	return &node{form: lookup, kind: Number, column: at, text: name, table: t, args: args}, nil
}

func (c *checker) unknownCall(name string, at int) error {
	if _, ok := c.names.variable(name); ok {
		return fail(at, "%s is a value and no function: write an operator before the bracket, or no bracket", name)
	}
	var tables []string
	for _, known := range c.names.known() {
		if _, ok := c.names.table(known); ok {
			tables = append(tables, known)
		}
	}
	if near, ok := nearest(name, append(functionNames(), tables...)); ok {
		return fail(at, "there is no function or table %s: did you mean %s?", name, near)
	}
	return fail(at, "there is no function or table %s: declare the table", name)
}

package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// checker makes checked nodes of the parser's.
type checker struct {
	names          Names
	depths         map[int]int // see layout
	nodes, nesting int
	reads, tables  []string
}

// check returns the checked form of n. It counts what it visits and not what the tree has: in a < b < c the parser uses
// b twice, so that a small tree can be large to walk.
func (c *checker) check(n ast.Node) (*node, error) {
	c.nodes++
	c.nesting++
	defer func() { c.nesting-- }()
	if c.nodes > maxNodes {
		return nil, fail(column(n), "the expression has more than %d parts: give some of them names of their own", maxNodes)
	}
	if c.nesting > maxDepth {
		return nil, fail(column(n), "the expression is nested deeper than %d: give parts of it names of their own", maxDepth)
	}
	at := column(n)
	switch n := n.(type) {
	case *ast.IntegerNode:
		return &node{form: literal, kind: Number, column: at, value: float64(n.Value)}, nil
	case *ast.FloatNode:
		return &node{form: literal, kind: Number, column: at, value: n.Value}, nil
	case *ast.StringNode:
		return &node{form: literal, kind: Text, column: at, text: n.Value}, nil
	case *ast.BoolNode:
		truth := &node{form: literal, kind: Bool, column: at}
		if n.Value {
			truth.value = 1
		}
		return truth, nil
	case *ast.NilNode:
		return nil, fail(at, "nil is not part of the language: write missing(x) to ask whether there is an x")
	case *ast.IdentifierNode, *ast.MemberNode:
		return c.variable(n, at)
	case *ast.UnaryNode:
		return c.unary(n, at)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.choice(n, at)
	case *ast.CallNode:
		return c.call(n, at)
	}
	return nil, fail(at, "%s is not part of the language", n)
}

// column returns where n begins, or where its operator stands.
func column(n ast.Node) int {
	switch n := n.(type) {
	case *ast.MemberNode:
		return column(n.Node)
	case *ast.CallNode:
		return column(n.Callee)
	case *ast.ConditionalNode: // the parser gives these the place of what follows them
		return column(n.Cond)
	}
	return n.Location().From + 1
}

// dotted returns the name that n spells, such as attributes.device_id.
func dotted(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.MemberNode:
		property, ok := n.Property.(*ast.StringNode)
		if !ok {
			return "", false
		}
		front, ok := dotted(n.Node)
		return front + "." + property.Value, ok
	}
	return "", false
}

func (c *checker) variable(n ast.Node, at int) (*node, error) {
	name, ok := dotted(n)
	if !ok {
		return nil, fail(at, "a dot is only for names, as in attributes.device_id")
	}
	v, ok := c.names.variable(name)
	if !ok {
		return nil, c.unknown(name, at)
	}
	if !slices.Contains(c.reads, name) {
		c.reads = append(c.reads, name)
	}
	return &node{form: variable, kind: v.Kind, column: at, text: name, slot: v.Slot}, nil
}

func (c *checker) unknown(name string, at int) error {
	if _, ok := c.names.table(name); ok {
		return fail(at, "%s is a table: write %s(x) with the text x to look up", name, name)
	}
	if isFunction(name) {
		return fail(at, "%s is a function: write its arguments behind it in brackets", name)
	}
	if near, ok := nearest(name, c.names.known()); ok {
		return fail(at, "the name %s is not known: did you mean %s?", name, near)
	}
	return fail(at, "the name %s is not known: declare it, or write a text in quotes", name)
}

func (c *checker) unary(n *ast.UnaryNode, at int) (*node, error) {
	if inner, ok := n.Node.(*ast.BinaryNode); ok {
		if n.Location() == inner.Location() { // the parser's form of x not in y, and of no other
			return c.comparison(inner, "not "+inner.Operator)
		}
		if err := c.explicit(n, inner); err != nil {
			return nil, err
		}
	}
	arg, err := c.check(n.Node)
	if err != nil {
		return nil, err
	}
	want, op := Number, n.Operator
	if op == "!" || op == "not" {
		want, op = Bool, "not"
	}
	switch {
	case arg.kind != want && op == "not":
		return nil, fail(at, "not takes only %s, which is a %s: put brackets around the condition, as in not (x > 1)", describe(arg), arg.kind)
	case arg.kind != want:
		return nil, mismatch(op, want, arg)
	case op == "+":
		return arg, nil
	case op == "-" && arg.form == literal:
		arg.value, arg.column = -arg.value, at
		return arg, nil
	}
	return &node{form: unary, kind: want, column: at, op: op, args: []*node{arg}}, nil
}

// choice checks condition ? x : y.
func (c *checker) choice(n *ast.ConditionalNode, at int) (*node, error) {
	if n.Cond == n.Exp1 {
		return nil, fail(at, "?: with nothing between is not part of the language: write x or y, or x ?? y")
	}
	args, err := c.checkAll(n.Cond, n.Exp1, n.Exp2)
	if err != nil {
		return nil, err
	}
	if args[0].kind != Bool {
		return nil, mismatch("?", Bool, args[0])
	}
	if args[1].kind != args[2].kind {
		return nil, clash("? : chooses between", args[1], args[2], at)
	}
	return &node{form: choice, kind: args[1].kind, column: at, args: args}, nil
}

func (c *checker) checkAll(nodes ...ast.Node) ([]*node, error) {
	checked := make([]*node, len(nodes))
	for i, n := range nodes {
		var err error
		if checked[i], err = c.check(n); err != nil {
			return nil, err
		}
	}
	return checked, nil
}

// mismatch is the error of an operator or function that wants another kind than its operand has.
func mismatch(op string, want Kind, got *node) error {
	return fail(got.column, "%s needs a %s, but %s is a %s%s", op, want, describe(got), got.kind, remedy(want, got.kind))
}

// clash is the error of two operands that should be of one kind.
func clash(does string, a, b *node, at int) error {
	return fail(at, "%s two of a kind, but %s is a %s and %s a %s", does, describe(a), a.kind, describe(b), b.kind)
}

// remedy says how to make one kind of another.
func remedy(want, got Kind) string {
	switch {
	case want == Number && got == Bool:
		return ": write x ? 1 : 0"
	case want == Number:
		return ": compare it with ==, or look up a number for it in a table"
	case want == Bool && got == Number:
		return ": compare it, as in x > 0"
	case want == Bool:
		return `: compare it, as in x == "a"`
	}
	return `: no text is made of it; write x ? "a" : "b" to choose one`
}

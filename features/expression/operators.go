package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

func (c *checker) binary(n *ast.BinaryNode) (*node, error) {
	switch op := n.Operator; op {
	case "and", "&&":
		return c.operation(n, "and", Bool)
	case "or", "||":
		return c.operation(n, "or", Bool)
	case "+", "-", "*", "/", "%", "**":
		return c.operation(n, op, Number)
	case "??":
		return c.coalesce(n)
	case "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith":
		return c.comparison(n, op)
	}
	return nil, fail(column(n), "%s is not part of the language", n.Operator)
}

// explicit refuses an operator that takes a ?? as its operand without brackets. The parser reads x / y ?? 1 as
// x / (y ?? 1), which is rarely meant, and x ?? y / 2 not at all.
func (c *checker) explicit(outer ast.Node, inner *ast.BinaryNode) error {
	from, to := outer.Location().From, inner.Location().From
	if inner.Operator != "??" || c.depths[from] != c.depths[to] {
		return nil
	}
	return fail(to+1, "?? needs brackets beside another operator: write (x / y) ?? 1, or x / (y ?? 1)")
}

// operands checks both operands of any operator but ??.
func (c *checker) operands(n *ast.BinaryNode) ([]*node, error) {
	for _, operand := range []ast.Node{n.Left, n.Right} {
		if inner, ok := operand.(*ast.BinaryNode); ok {
			if err := c.explicit(n, inner); err != nil {
				return nil, err
			}
		}
	}
	return c.checkAll(n.Left, n.Right)
}

// operation checks an operator whose operands and result are of one kind.
func (c *checker) operation(n *ast.BinaryNode, op string, kind Kind) (*node, error) {
	args, err := c.operands(n)
	if err != nil {
		return nil, err
	}
	for _, arg := range args {
		if arg.kind != kind {
			return nil, mismatch(op, kind, arg)
		}
	}
	return &node{form: binary, kind: kind, column: column(n), op: op, args: args}, nil
}

func (c *checker) coalesce(n *ast.BinaryNode) (*node, error) {
	args, err := c.checkAll(n.Left, n.Right)
	if err != nil {
		return nil, err
	}
	if args[0].kind != args[1].kind {
		return nil, clash("?? chooses between", args[0], args[1], column(n))
	}
	if args[0].kind == Bool {
		return nil, fail(args[0].column, "?? needs a number or a text, but %s is a bool, which is never missing", describe(args[0]))
	}
	return &node{form: binary, kind: args[0].kind, column: column(n), op: "??", args: args}, nil
}

// comparison checks an operator that makes a Bool of values that may be missing. A leading not is part of op.
func (c *checker) comparison(n *ast.BinaryNode, op string) (*node, error) {
	if n.Operator == "in" {
		return c.membership(n, op)
	}
	args, err := c.operands(n)
	if err != nil {
		return nil, err
	}
	a, b := args[0], args[1]
	switch n.Operator {
	case "contains", "startsWith", "endsWith":
		for _, arg := range args {
			if arg.kind != Text {
				return nil, mismatch(op, Text, arg)
			}
		}
	case "==", "!=":
	default:
		for _, arg := range args {
			if arg.kind == Bool {
				return nil, fail(arg.column, "%s needs numbers or texts, but %s is a bool: bools are only equal or not", op, describe(arg))
			}
		}
	}
	if a.kind != b.kind {
		return nil, clash(op+" compares", a, b, column(n))
	}
	for _, arg := range args {
		if isEmptyText(arg) {
			return nil, emptyText(arg.column)
		}
	}
	return &node{form: binary, kind: Bool, column: column(n), op: op, args: args}, nil
}

func isEmptyText(n *node) bool { return n.form == literal && n.kind == Text && n.text == "" }

func emptyText(at int) error {
	return fail(at, `"" is a missing text, and no comparison with it holds: write missing(x) or known(x)`)
}

// membership checks x in [literals].
func (c *checker) membership(n *ast.BinaryNode, op string) (*node, error) {
	x, err := c.check(n.Left)
	if err != nil {
		return nil, err
	}
	if x.kind == Bool {
		return nil, fail(x.column, "%s needs a number or a text, but %s is a bool", op, describe(x))
	}
	elements, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return nil, fail(column(n), `%s needs a list of literals, as in x in ["a", "b"]`, op)
	}
	if len(elements.Nodes) == 0 {
		return nil, fail(column(n.Right), "the list is empty, so that nothing is in it: name what may be")
	}
	m := &node{form: member, kind: Bool, column: column(n), op: op, args: []*node{x}}
	for _, e := range elements.Nodes {
		if err := c.element(&m.list, x, e); err != nil {
			return nil, err
		}
	}
	slices.Sort(m.list.numbers)
	slices.Sort(m.list.texts)
	m.list.numbers, m.list.texts = slices.Compact(m.list.numbers), slices.Compact(m.list.texts)
	return m, nil
}

// element adds a literal to the list that x is looked up in.
func (c *checker) element(l *list, x *node, n ast.Node) error {
	e, err := c.check(n)
	if err != nil {
		return err
	}
	switch {
	case e.form != literal:
		return fail(e.column, "a list holds only literals, which %s is not: write x == a or x == b", describe(e))
	case e.kind != x.kind:
		return fail(e.column, "%s is a %s, but %s, which is looked for, is a %s", describe(e), e.kind, describe(x), x.kind)
	case isEmptyText(e):
		return emptyText(e.column)
	case e.kind == Number:
		l.numbers = append(l.numbers, e.value+0) // 0 for -0
	default:
		l.texts = append(l.texts, e.text)
	}
	return nil
}

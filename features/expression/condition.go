package expression

import (
	"slices"
	"strings"
)

// conditionOf compiles a Bool.
func (n *node) conditionOf() func(*Env) bool {
	switch n.form {
	case literal:
		truth := n.value != 0
		return func(*Env) bool { return truth }
	case variable:
		slot := n.slot
		return func(e *Env) bool { x := finite(e.Numbers[slot]); return x < 0 || x > 0 }
	case unary:
		a := n.args[0].conditionOf()
		return func(e *Env) bool { return !a(e) }
	case choice:
		condition, a, b := n.args[0].conditionOf(), n.args[1].conditionOf(), n.args[2].conditionOf()
		return func(e *Env) bool {
			if condition(e) {
				return a(e)
			}
			return b(e)
		}
	case call:
		return n.presenceOf()
	case member:
		return n.memberOf()
	}
	switch n.args[0].kind {
	case Number:
		return n.numberComparisonOf()
	case Text:
		return n.textComparisonOf()
	}
	return n.logicOf()
}

// presenceOf compiles known and missing.
func (n *node) presenceOf() func(*Env) bool {
	known := n.op == "known"
	if n.args[0].kind == Text {
		a := n.args[0].textOf()
		return func(e *Env) bool { return (a(e) != "") == known }
	}
	a := n.args[0].numberOf()
	return func(e *Env) bool { x := a(e); return (x == x) == known }
}

func (n *node) memberOf() func(*Env) bool {
	in := n.op == "in"
	if n.args[0].kind == Text {
		a, texts := n.args[0].textOf(), n.list.texts
		return func(e *Env) bool {
			x := a(e)
			_, found := slices.BinarySearch(texts, x)
			return x != "" && found == in
		}
	}
	a, numbers := n.args[0].numberOf(), n.list.numbers
	return func(e *Env) bool {
		x := a(e)
		_, found := slices.BinarySearch(numbers, x)
		return x == x && found == in
	}
}

// numberComparisonOf leaves it to NaN that a comparison with it is false; != is the one that is not.
func (n *node) numberComparisonOf() func(*Env) bool {
	a, b := n.args[0].numberOf(), n.args[1].numberOf()
	switch n.op {
	case "==":
		return func(e *Env) bool { return a(e) == b(e) }
	case "!=":
		return func(e *Env) bool { x, y := a(e), b(e); return x < y || x > y }
	case "<":
		return func(e *Env) bool { return a(e) < b(e) }
	case "<=":
		return func(e *Env) bool { return a(e) <= b(e) }
	case ">":
		return func(e *Env) bool { return a(e) > b(e) }
	}
	return func(e *Env) bool { return a(e) >= b(e) }
}

func (n *node) textComparisonOf() func(*Env) bool {
	a, b := n.args[0].textOf(), n.args[1].textOf()
	switch n.op { // the two that filters are made of, without another call
	case "==":
		return func(e *Env) bool { x := a(e); return x != "" && x == b(e) }
	case "!=":
		return func(e *Env) bool { x, y := a(e), b(e); return x != "" && y != "" && x != y }
	}
	holds := textComparison(n.op)
	return func(e *Env) bool {
		x, y := a(e), b(e)
		return x != "" && y != "" && holds(x, y)
	}
}

// textComparison returns what an operator says of two texts that are not missing.
func textComparison(op string) func(x, y string) bool {
	if positive, ok := strings.CutPrefix(op, "not "); ok {
		holds := textComparison(positive)
		return func(x, y string) bool { return !holds(x, y) }
	}
	switch op {
	case "<":
		return func(x, y string) bool { return x < y }
	case "<=":
		return func(x, y string) bool { return x <= y }
	case ">":
		return func(x, y string) bool { return x > y }
	case ">=":
		return func(x, y string) bool { return x >= y }
	case "contains":
		return strings.Contains
	case "startsWith":
		return strings.HasPrefix
	}
	return strings.HasSuffix
}

func (n *node) logicOf() func(*Env) bool {
	a, b := n.args[0].conditionOf(), n.args[1].conditionOf()
	switch n.op {
	case "and":
		return func(e *Env) bool { return a(e) && b(e) }
	case "or":
		return func(e *Env) bool { return a(e) || b(e) }
	case "==":
		return func(e *Env) bool { return a(e) == b(e) }
	}
	return func(e *Env) bool { return a(e) != b(e) }
}

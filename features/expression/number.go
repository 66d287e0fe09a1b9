package expression

import "math"

// finite returns x, or the one NaN that stands for a missing number. It compares and does not subtract, lest a compiler
// fuse the subtraction with the product that x is.
func finite(x float64) float64 {
	if math.Abs(x) <= math.MaxFloat64 {
		return x
	}
	return math.NaN()
}

// numberOf compiles a Number, or a Bool as 1 or 0. Every function that it returns gives a finite number or math.NaN().
func (n *node) numberOf() func(*Env) float64 {
	if n.kind == Bool {
		condition := n.conditionOf()
		return func(e *Env) float64 {
			if condition(e) {
				return 1
			}
			return 0
		}
	}
	switch n.form {
	case literal:
		x := n.value
		return func(*Env) float64 { return x }
	case variable:
		slot := n.slot
		return func(e *Env) float64 { return finite(e.Numbers[slot]) }
	case lookup:
		t, text := n.table, n.args[0].textOf()
		return func(e *Env) float64 { return t.at(text(e)) }
	case choice:
		condition, a, b := n.args[0].conditionOf(), n.args[1].numberOf(), n.args[2].numberOf()
		return func(e *Env) float64 {
			if condition(e) {
				return a(e)
			}
			return b(e)
		}
	case unary:
		a := n.args[0].numberOf()
		return func(e *Env) float64 { return finite(-a(e)) }
	case calendar:
		return n.calendarOf()
	case call:
		return n.callOf()
	}
	return n.arithmeticOf()
}

func (n *node) arithmeticOf() func(*Env) float64 {
	a, b := n.args[0].numberOf(), n.args[1].numberOf()
	switch n.op {
	case "+":
		return func(e *Env) float64 { return finite(a(e) + b(e)) }
	case "-":
		return func(e *Env) float64 { return finite(a(e) - b(e)) }
	case "*":
		return func(e *Env) float64 { return finite(float64(a(e) * b(e))) }
	case "/":
		return func(e *Env) float64 { return finite(a(e) / b(e)) }
	case "%":
		return func(e *Env) float64 { return finite(math.Mod(a(e), b(e))) }
	case "**":
		return func(e *Env) float64 { return finite(power(a(e), b(e))) }
	}
	return func(e *Env) float64 { // ??
		if x := a(e); x == x {
			return x
		}
		return b(e)
	}
}

func (n *node) callOf() func(*Env) float64 {
	args := make([]func(*Env) float64, len(n.args))
	for i, arg := range n.args {
		args[i] = arg.numberOf()
	}
	switch n.op {
	case "min":
		return foldOf(args, func(least, x float64) bool { return x < least })
	case "max":
		return foldOf(args, func(most, x float64) bool { return x > most })
	}
	f, a := elementary[n.op], args[0]
	return func(e *Env) float64 { return finite(f(a(e))) }
}

// foldOf keeps the argument that none is better than, the first of such; if one is missing, so is the result.
func foldOf(args []func(*Env) float64, better func(best, x float64) bool) func(*Env) float64 {
	return func(e *Env) float64 {
		best := args[0](e)
		for _, arg := range args[1:] {
			if x := arg(e); better(best, x) || x != x {
				best = x
			}
		}
		return best
	}
}

func (n *node) calendarOf() func(*Env) float64 {
	z, field := n.zone, calendarFields[n.op]
	return func(e *Env) float64 { return field(z.local(floorDiv(int64(e.Time), millisPerSecond))) }
}

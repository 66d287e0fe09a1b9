package expression

// textOf compiles a Text.
func (n *node) textOf() func(*Env) string {
	switch n.form {
	case literal:
		s := n.text
		return func(*Env) string { return s }
	case variable:
		slot := n.slot
		return func(e *Env) string { return e.Texts[slot] }
	case choice:
		condition, a, b := n.args[0].conditionOf(), n.args[1].textOf(), n.args[2].textOf()
		return func(e *Env) string {
			if condition(e) {
				return a(e)
			}
			return b(e)
		}
	}
	a, b := n.args[0].textOf(), n.args[1].textOf() // ??
	return func(e *Env) string {
		if s := a(e); s != "" {
			return s
		}
		return b(e)
	}
}

package expression

import "slices"

// form tells the sorts of nodes apart.
type form uint8

const (
	literal  form = iota // value or text
	variable             // name at slot
	lookup               // the number of args[0] in table
	unary                // op args[0]
	binary               // args[0] op args[1]
	member               // args[0] op list
	choice               // args[0] ? args[1] : args[2]
	call                 // op(args...)
	calendar             // op(zone)
)

// node is a checked expression: every operand has the kind that its operator needs. Operators are spelt in one way,
// whatever way the source has.
type node struct {
	form   form
	kind   Kind
	column int
	op     string
	args   []*node

	value float64 // of a literal Number or, 0 or 1, Bool
	text  string  // of a literal Text; the name of a variable or a table
	slot  int
	table *Table
	zone  *zone
	list  list
}

func (n *node) readsTime() bool {
	return n.form == calendar || slices.ContainsFunc(n.args, (*node).readsTime)
}

// list holds literals of one kind, sorted and each once.
type list struct {
	numbers []float64
	texts   []string
}

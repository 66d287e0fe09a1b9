package expression

import "github.com/weir-fraud/weir/payment"

// Kind is the type of a value.
type Kind uint8

// The kinds of values.
const (
	Number Kind = iota
	Text
	Bool
)

// String returns the kind as definitions write it.
func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Bool:
		return "bool"
	}
	return "number"
}

// Variable tells where a named value is found: a Number is Env.Numbers[Slot], a Text is Env.Texts[Slot], and a Bool is
// true where Env.Numbers[Slot] is neither 0 nor missing.
type Variable struct {
	Kind Kind
	Slot int
}

// Env holds the values that a program reads.
type Env struct {
	Time    payment.Time // of the transaction, for hour and its like
	Numbers []float64    // NaN, and anything infinite, is missing
	Texts   []string     // "" is missing
}

// Names resolves the names of an expression. Any of its functions may be nil: there are no such names then.
type Names struct {
	// Variable returns the named value. A dotted name such as attributes.device_id is one name.
	Variable func(name string) (Variable, bool)
	// Known lists the names that a misspelt one is compared with.
	Known func() []string
	// Table returns the table that is called by the name. A table cannot have a name that is [Reserved].
	Table func(name string) (*Table, bool)
}

func (n Names) variable(name string) (Variable, bool) {
	if n.Variable == nil {
		return Variable{}, false
	}
	return n.Variable(name)
}

func (n Names) table(name string) (*Table, bool) {
	if n.Table == nil {
		return nil, false
	}
	return n.Table(name)
}

func (n Names) known() []string {
	if n.Known == nil {
		return nil
	}
	return n.Known()
}

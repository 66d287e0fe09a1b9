package features

import (
	"maps"
	"slices"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// maxSupplied is how many numbers that are not the set's own an expression may read, such as a score.
const maxSupplied = 4

// Expression compiles an expression over what the set knows of a transaction: its fields and attributes, marks and
// features. It may read further numbers by the given names, at most four; [Set.Supply] puts them in place. Every error
// is an [*expression.Error].
func (s *Set) Expression(source string, want expression.Kind, supplied ...string) (*expression.Program, error) {
	names := maps.Clone(s.variables)
	for i, name := range supplied {
		names[name] = expression.Variable{Kind: expression.Number, Slot: s.numbers + i}
	}
	p, err := expression.Compile(source, expression.Names{
		Variable: func(name string) (expression.Variable, bool) { v, ok := names[name]; return v, ok },
		Known:    func() []string { return slices.Sorted(maps.Keys(names)) },
		Table:    func(name string) (*expression.Table, bool) { t, ok := s.tables[name]; return t, ok },
	}, want)
	if err != nil {
		return nil, err
	}
	for _, name := range p.Reads() {
		if _, twice := s.variables[name]; twice && slices.Contains(supplied, name) {
			return nil, &expression.Error{Column: 1, Message: name + " means two things here, since the features file declares it too: call it otherwise there"}
		}
	}
	return p, nil
}

// Supply sets the i-th of the further numbers that an expression may read.
func (s *Set) Supply(env *expression.Env, i int, v float64) { env.Numbers[s.numbers+i] = v }

// Env returns what expressions read of the observed transaction, once it is computed. It is good until the next Observe.
func (o *Observation) Env() *expression.Env { return &o.env }

// Scene shows expressions a transaction that no account observes: what is known of it is given. It is used by one
// goroutine.
type Scene struct {
	set *Set
	env expression.Env
}

// NewScene returns a Scene.
func (s *Set) NewScene() *Scene { return &Scene{set: s, env: s.newEnv()} }

// Suppose returns what expressions read of the transaction, of which some features and marks are given by name. The rest
// follows: a value and a mark from what it reads, and what is aggregated is missing. It is good until the next call.
func (c *Scene) Suppose(tx *payment.Transaction, features map[string]float64, marks map[string]bool) *expression.Env {
	c.describe(tx)
	for _, at := range c.set.order {
		if at.mark {
			m := &c.set.marks[at.index]
			holds, given := marks[m.name]
			if !given {
				holds = m.program.Bool(&c.env)
			}
			c.env.Numbers[c.set.markSlot(at.index)] = indicator(holds)
			continue
		}
		v, given := features[c.set.schema.Names[at.index]]
		if f := &c.set.features[at.index]; !given {
			if v = nan; f.op == opValue {
				v = f.program.Number(&c.env)
			}
		}
		c.env.Numbers[c.set.featureSlot(at.index)] = v
	}
	return &c.env
}

func (c *Scene) describe(tx *payment.Transaction) {
	s := c.set
	e := event{time: tx.Time, original: tx.Amount, currency: tx.Currency, kind: tx.Type}
	if tx.Merchant.Location.Known {
		e.flags |= located
		e.latE7, e.lonE7 = tx.Merchant.Location.LatitudeE7, tx.Merchant.Location.LongitudeE7
	}
	s.report(&e)
	s.describe(&c.env, tx, &e)
}

package features

import (
	"math"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// Explanation says how the value of one feature of an observed transaction came about: what the value was read off, and
// what plain arithmetic makes of that.
type Explanation struct {
	Definition *Definition
	Hash       string
	Value      float64 // as computed
	Recomputed float64 // found by going through all that is listed here, and not from windows and totals

	Approximate bool // see [Observation.Approximate]

	// One of them is there.
	Operands []Operand    // what an expression reads, in the order of their first use
	Events   *EventWindow // the account's events that an aggregate is made of
	Tiles    *TileWindow  // the tiles
}

// Agrees reports whether both values are equal, or both missing.
func (x *Explanation) Agrees() bool {
	return x.Value == x.Recomputed || math.IsNaN(x.Value) && math.IsNaN(x.Recomputed)
}

// Operand is one name that an expression reads, and its value.
type Operand struct {
	Name   string
	Kind   expression.Kind
	Number float64 // of a number; of a bool 1 or 0
	Text   string  // of a text
}

// EventWindow is what an aggregate over an account's events sees.
type EventWindow struct {
	After, Until payment.Time // events after the one, up to and including the other
	Filter       string       // the condition that they pass, "" for none
	Same, Own    string       // the text that they share with this transaction, and what that is here; "" for none
	Inside       int          // events inside the window, whether they count or not
	Counted      int          // those that count
	Parts        []Part       // these, oldest first, or bundles of them
	Heard        []Heard      // the texts of bundled events, where texts are told apart
}

// Part is an event, or a bundle of events, and what it adds to an aggregate.
type Part struct {
	Retained
	Marks    []string
	Number   float64 // what is added up or compared; NaN where the event has none, or the aggregate needs none
	Text     string  // what is told apart
	Decisive bool    // the value is read off this event alone
}

// Explain tells how a feature came about, after Compute and before Fold.
func (a *Account) Explain(o *Observation, feature int) Explanation {
	s := a.set
	f := &s.features[feature]
	x := Explanation{Definition: &s.definitions[feature], Hash: s.schema.Hashes[feature], Value: o.env.Numbers[s.featureSlot(feature)]}
	x.Approximate = o.approximation.features[feature]
	switch f.op {
	case opValue:
		x.Operands, x.Recomputed = s.operands(f.program, &o.env), f.program.Number(&o.env)
	case opTiles:
		x.Tiles, x.Recomputed = f.tiles.explain(s, o, x.Definition.Labels)
	default:
		r := eventReading{account: a, observation: o, feature: f, plan: &s.windows[f.window].aggregates[f.aggregate], env: s.newEnv()}
		x.Events, x.Recomputed = r.explain(s.windows[f.window].length)
	}
	return x
}

// MarksOf returns the names of the marks that the observed transaction bears, after Compute.
func (s *Set) MarksOf(o *Observation) []string { return s.markNames(o.event.marks) }

func (s *Set) markNames(bits uint16) []string {
	var names []string
	for i := range s.marks {
		if bits>>i&1 != 0 {
			names = append(names, s.marks[i].name)
		}
	}
	return names
}

// operands returns what a program reads.
func (s *Set) operands(p *expression.Program, env *expression.Env) []Operand {
	var all []Operand
	for _, name := range p.Reads() {
		v, ok := s.variable(name)
		if !ok {
			continue
		}
		x := Operand{Name: name, Kind: v.Kind}
		if v.Kind == expression.Text {
			x.Text = env.Texts[v.Slot]
		} else {
			x.Number = env.Numbers[v.Slot]
		}
		all = append(all, x)
	}
	return all
}

// variable returns what a name in an expression stands for: see placeNames.
func (s *Set) variable(name string) (expression.Variable, bool) {
	if v, ok := fixedFields[name]; ok {
		return v, true
	}
	for i := range s.attributes {
		if s.attributes[i].name == name {
			return expression.Variable{Kind: s.attributes[i].kind, Slot: s.attributes[i].slot}, true
		}
	}
	for i := range s.marks {
		if s.marks[i].name == name {
			return expression.Variable{Kind: expression.Bool, Slot: s.markSlot(i)}, true
		}
	}
	if i := s.schema.Index(name); i >= 0 {
		return expression.Variable{Kind: expression.Number, Slot: s.featureSlot(i)}, true
	}
	return expression.Variable{}, false
}

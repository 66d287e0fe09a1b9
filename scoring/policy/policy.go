package policy

import (
	"math"
	"slices"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Policy decides about scored transactions of one feature set. It is immutable and safe for concurrent use.
type Policy struct {
	version  string
	fallback scoring.Action
	set      *features.Set
	lists    []List // block lists first, each kind in the file's order
	segments []Segment
	rules    []Rule              // those that are off among them
	run      []int               // the rules that are not off
	money    *expression.Program // over the amount, score and adjusted_score
	source   string              // of money
	digits   float64             // minor units in a unit of the reporting currency
	entries  *Lists
}

// The numbers that a policy adds to what an expression may read.
const (
	scoreName    = "score"          // the model's
	adjustedName = "adjusted_score" // with what rules added
)

const (
	suppliedScore = iota
	suppliedAdjusted
)

// Segment is a kind of transaction with bands of its own.
type Segment struct {
	Name  string
	When  string // the condition; empty for the last segment, which takes the rest
	Bands scoring.Bands
	Grade Grade

	program *expression.Program
}

// Grade divides scores into severities: from Medium on medium, from High on high.
type Grade struct{ Medium, High float64 }

// thirds returns the grade where none is declared: between the review threshold and 1, the upper third is high and the
// middle one medium.
func thirds(b scoring.Bands) Grade {
	if b.Review == scoring.Never() {
		return Grade{scoring.Never(), scoring.Never()}
	}
	third := (1 - b.Review) / 3
	return Grade{1 - 2*third, 1 - third}
}

func (g Grade) severity(score float64) scoring.Severity {
	switch {
	case score >= g.High:
		return scoring.High
	case score >= g.Medium:
		return scoring.Medium
	}
	return scoring.Low
}

// Mode says whether a rule counts.
type Mode uint8

// The modes of a rule.
const (
	On     Mode = iota
	Off         // it is compiled, and does not run
	Shadow      // it is in the trace, and changes nothing
)

var modeNames = []string{On: "on", Off: "off", Shadow: "shadow"}

// String returns the mode's name in the file.
func (m Mode) String() string { return modeNames[m] }

// Rule is a condition and what follows from it.
type Rule struct {
	ID           string
	When         string
	Acts         bool // whether Action is taken
	Action       scoring.Action
	Add          float64          // to the score; 0 for a rule that is only noted, or that acts
	Severity     scoring.Severity // of its alert at least
	DespiteAllow bool             // whether it acts on what an allow list has, too
	Reason       string
	Owner        string
	Mode         Mode

	program *expression.Program
	trace   string // what stands in a decision
}

// Kind is what a list is for.
type Kind uint8

// The kinds of lists.
const (
	Block Kind = iota
	Allow
)

var kindNames = []string{Block: "block", Allow: "allow"}

// String returns the kind's name in the file, and in the list's id.
func (k Kind) String() string { return kindNames[k] }

// List is a declared list. Its entries are in a [Lists], under its ID.
type List struct {
	ID       string // block:merchants
	Kind     Kind
	Key      string         // the text whose values it holds, such as merchant
	Action   scoring.Action // of a block list: decline, or review
	Severity scoring.Severity
	Reason   string
	Owner    string

	program *expression.Program
}

// DefaultFallback is what a policy answers where there is no time to decide, unless it says otherwise.
const DefaultFallback = scoring.Review

// FromThresholds returns the policy that a model's thresholds make: no segments, no rules, no lists.
func FromThresholds(version string, b scoring.Bands, set *features.Set) (*Policy, error) {
	d := &Document{version: version, fallback: DefaultFallback, segments: []segmentSource{{Segment: Segment{Name: "default", Bands: b, Grade: thirds(b)}}}}
	if err := b.Validate(); err != nil {
		return nil, err
	}
	return d.Compile(set)
}

// Version returns the version that stands in every decision.
func (p *Policy) Version() string { return p.version }

// Fallback returns the action to answer with where there is no time to decide.
func (p *Policy) Fallback() scoring.Action { return p.fallback }

// Segments returns the segments in the order in which they are tried. The last takes what is left.
func (p *Policy) Segments() []Segment { return p.segments }

// Rules returns the rules in their order.
func (p *Policy) Rules() []Rule { return p.rules }

// Lists returns the declared lists.
func (p *Policy) Lists() []List { return p.lists }

// Entries returns the entries that the file declares.
func (p *Policy) Entries() *Lists { return p.entries }

// Money returns the expression for the money at risk.
func (p *Policy) Money() string { return p.source }

// Default returns the bands of the last segment, which takes what no other does.
func (p *Policy) Default() scoring.Bands { return p.segments[len(p.segments)-1].Bands }

// Verdict is what a policy says of a transaction. Its memory is used again by the next Decide.
type Verdict struct {
	Action   scoring.Action
	Score    float64 // the adjusted score: the model's and what rules added, from 0 to 1
	Severity scoring.Severity
	Segment  string
	ByBands  bool     // whether the segment's bands decided, and no list or rule
	Rules    []string // the trace: lists and rules that hit, in the order of precedence and the file; shadow ones are marked
	Reasons  []Reason // of what made an alert of it, where that is not the model alone
}

// Reason is why a rule or a list made an alert.
type Reason struct{ Code, Text string }

// outcome is what is decided by, before the bands.
type outcome struct {
	block, allow int // the first list that hit, -1 for none
	rule         int // the first rule that acts
	hard         int // the first that acts despite an allow list
	add          float64
}

// nothing is the outcome where no list and no rule hits.
func nothing() outcome { return outcome{block: -1, allow: -1, rule: -1, hard: -1} }

// Decide decides about a transaction that env shows, which is of the policy's set, and whose score is the model's. It
// sets what env supplies of the score. The precedence is: block lists, rules that act despite an allow list, allow lists,
// rules that act, the bands. A block list is a floor: what comes after it, allow lists aside, may be stricter.
func (p *Policy) Decide(env *expression.Env, score float64, lists *Lists, v *Verdict) {
	p.set.Supply(env, suppliedScore, score)
	v.Rules, v.Reasons = v.Rules[:0], v.Reasons[:0]
	o := nothing()
	p.consult(env, lists, v, &o)
	p.apply(env, v, &o)
	s := p.segment(env)
	v.Segment = s.Name
	v.Score = adjusted(score, &o)
	p.set.Supply(env, suppliedAdjusted, v.Score)
	v.Action, v.ByBands = p.action(&o, s.Bands, score), o.block < 0 && o.hard < 0 && o.allow < 0 && o.rule < 0
	floor := scoring.Low
	if o.block >= 0 {
		l := &p.lists[o.block]
		floor = l.Severity
		v.Reasons = append(v.Reasons, Reason{l.ID, l.Reason})
	}
	switch {
	case o.hard >= 0:
		floor = max(floor, p.credit(o.hard, v))
	case o.block >= 0 && o.rule >= 0:
		floor = max(floor, p.credit(o.rule, v))
	case o.block >= 0, o.allow >= 0:
	case o.rule >= 0:
		floor = p.credit(o.rule, v)
	case v.Action > s.Bands.Action(score):
		floor = p.raised(env, v)
	}
	v.Severity = max(floor, s.Grade.severity(v.Score))
	if v.Action == scoring.Decline {
		v.Severity = scoring.High
	}
}

// adjusted returns the score with what rules add.
func adjusted(score float64, o *outcome) float64 { return min(1, max(0, score+o.add)) }

// action returns what follows for a transaction of the score in a segment with such bands.
func (p *Policy) action(o *outcome, b scoring.Bands, score float64) scoring.Action {
	a := b.Action(adjusted(score, o))
	switch {
	case o.hard >= 0:
		a = p.rules[o.hard].Action
	case o.block >= 0 && o.rule >= 0:
		a = p.rules[o.rule].Action
	case o.block >= 0:
	case o.allow >= 0:
		a = scoring.Approve
	case o.rule >= 0:
		a = p.rules[o.rule].Action
	}
	if o.block >= 0 {
		a = max(a, p.lists[o.block].Action) // a block list never loosens
	}
	return a
}

// Again returns what the policy would do about a transaction on which it has decided before, had the score been another:
// the trace says which lists and rules hit, and those that read the score are taken to hit all the same. What no trace
// says is the segment, so the bands are those of the last one.
func (p *Policy) Again(trace []string, score float64) scoring.Action {
	o := nothing()
	for i := range p.lists {
		if slices.Contains(trace, p.lists[i].ID) {
			p.listed(i, &o)
		}
	}
	for _, i := range p.run {
		if slices.Contains(trace, p.rules[i].trace) {
			p.applies(i, &o)
		}
	}
	return p.action(&o, p.Default(), score)
}

// consult looks the transaction up in all lists.
func (p *Policy) consult(env *expression.Env, lists *Lists, v *Verdict, o *outcome) {
	for i := range p.lists {
		l := &p.lists[i]
		if lists.Len(l.ID) == 0 || !lists.Contains(l.ID, l.program.Text(env), env.Time) {
			continue
		}
		v.Rules = append(v.Rules, l.ID)
		p.listed(i, o)
	}
}

// listed takes in that the transaction is on a list.
func (p *Policy) listed(i int, o *outcome) {
	switch l := &p.lists[i]; {
	case l.Kind == Allow && o.allow < 0:
		o.allow = i
	case l.Kind == Block && (o.block < 0 || l.Action > p.lists[o.block].Action):
		o.block = i
	}
}

// apply tries all rules.
func (p *Policy) apply(env *expression.Env, v *Verdict, o *outcome) {
	for _, i := range p.run {
		r := &p.rules[i]
		if !r.program.Bool(env) {
			continue
		}
		v.Rules = append(v.Rules, r.trace)
		p.applies(i, o)
	}
}

// applies takes in that a rule's condition holds.
func (p *Policy) applies(i int, o *outcome) {
	r := &p.rules[i]
	switch {
	case r.Mode == Shadow:
	case !r.Acts:
		o.add += r.Add
	case r.DespiteAllow && o.hard < 0:
		o.hard = i
	}
	if r.Mode == On && r.Acts && o.rule < 0 {
		o.rule = i
	}
}

// credit names the rule whose action is taken as a reason, and returns the least severity of its alert.
func (p *Policy) credit(rule int, v *Verdict) scoring.Severity {
	r := &p.rules[rule]
	if r.Action != scoring.Approve {
		v.Reasons = append(v.Reasons, Reason{r.ID, r.Reason})
	}
	return r.Severity
}

// raised gives the reasons of the rules that lifted the score into a stricter band, and returns the least severity.
func (p *Policy) raised(env *expression.Env, v *Verdict) (floor scoring.Severity) {
	for _, i := range p.run {
		if r := &p.rules[i]; r.Mode == On && r.Add > 0 && r.program.Bool(env) {
			v.Reasons = append(v.Reasons, Reason{r.ID, r.Reason})
			floor = max(floor, r.Severity)
		}
	}
	return floor
}

func (p *Policy) segment(env *expression.Env) *Segment {
	last := len(p.segments) - 1
	for i := range last {
		if p.segments[i].program.Bool(env) {
			return &p.segments[i]
		}
	}
	return &p.segments[last]
}

// MoneyAtRisk returns what stands to be lost by the transaction just decided, in units of the reporting currency: never
// below 0, NaN where it is not known. env is what Decide was given.
func (p *Policy) MoneyAtRisk(env *expression.Env) float64 {
	x := p.money.Number(env)
	if math.IsNaN(x) || x > float64(payment.MaxAmount) {
		return math.NaN()
	}
	return math.RoundToEven(max(0, x)*p.digits) / p.digits
}

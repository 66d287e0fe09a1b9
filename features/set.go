package features

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

const day = 24 * time.Hour

// Set is a compiled feature set over a state layout: what to keep per account and entity, and how to read each feature
// off it. It is immutable and safe for concurrent use.
type Set struct {
	layout      Layout
	schema      Schema
	definitions []Definition
	state       string // the state layout's hash

	horizon, lateness, dedupe, idle, retention, labelDelay payment.Time // milliseconds

	rates *rates
	scale float64 // minor units in a unit of the reporting currency

	attributes                       []placedAttribute
	numberAttributes, textAttributes int
	marks                            []mark
	numbers                          int // slots of an expression.Env

	variables map[string]expression.Variable // by name, and
	tables    map[string]*expression.Table   // all that an expression of others may read

	filters []filter
	columns []column // derived numbers of an event
	stride  int      // of an account's rows: attributes and columns
	windows []windowPlan

	aggregates [kinds]int   // how many of each kind all windows have
	seed       maphash.Seed // of accounts' names

	entities []Entity
	features []feature

	order      []step // of everything, each after what it reads
	marksOrder []step // of the marks and what they read
}

// placedAttribute is a retained attribute. Its place in an account's rows is its place in the list.
type placedAttribute struct {
	attribute
	slot  int // in an expression.Env
	field textField
}

// mark is a compiled mark.
type mark struct {
	named
	program *expression.Program
	hash    string
}

// filter decides which events an aggregate sees. It reads retained fields and marks only, so it can be told again from
// a decoded event.
type filter struct {
	canonical string
	program   *expression.Program // nil for all events
}

// column is a number derived from an event.
type column struct {
	canonical string
	program   *expression.Program
}

// step is the computing of a feature, or of a mark.
type step struct {
	mark  bool
	index int
}

// feature is a compiled definition.
type feature struct {
	op        operation
	program   *expression.Program // opValue
	window    int                 // opStatistic and those below
	aggregate int
	statistic statistic
	same      textField
	tiles     tileReading // opTiles

	reads []int // features that a value is made of
}

type operation uint8

const (
	opValue operation = iota + 1
	opStatistic
	opSince
	opKmSince
	opKmhSince
	opTiles
)

// Compile checks the declarations against the layout and compiles them. A mistake is an error of type *[yamldoc.Error],
// which names the line.
func Compile(d *Declarations, layout Layout) (*Set, error) {
	if err := layout.Validate(); err != nil {
		return nil, fmt.Errorf("state layout: %w", err)
	}
	r, err := newRates(layout.Currency, layout.Rates)
	if err != nil {
		return nil, fmt.Errorf("state layout: %w", err)
	}
	s := &Set{
		seed: maphash.MakeSeed(), layout: layout, definitions: slices.Clone(d.features), rates: r, scale: math.Pow10(r.exponent),
		horizon: millis(layout.Horizon()), lateness: millis(layout.Lateness), dedupe: millis(layout.Dedupe), idle: millis(layout.Idle()),
	}
	s.layout.Rates, s.labelDelay = maps.Clone(layout.Rates), millis(d.labelDelay)
	c := &compiler{Declarations: d, set: s}
	if err := c.compile(); err != nil {
		return nil, err
	}
	for i := range s.windows {
		w := &s.windows[i]
		for j := range w.aggregates {
			w.placed = append(w.placed, s.place(&w.aggregates[j]))
		}
		w.byKind = slices.SortedStableFunc(slices.Values(w.placed), func(a, b placed) int { return cmp.Compare(a.kind, b.kind) })
	}
	s.retention = s.idle
	for i := range s.entities {
		s.retention = max(s.retention, s.entities[i].retention())
	}
	return s, nil
}

func millis(d time.Duration) payment.Time { return payment.Time(d / time.Millisecond) }

// Schema returns the features' names and definition hashes, in the order of the vectors.
func (s *Set) Schema() *Schema { return &s.schema }

// Layout returns the layout that the set was compiled for.
func (s *Set) Layout() *Layout { return &s.layout }

// State returns the hash of the state layout, 12 hexadecimal digits: it covers all that decides what a stored value
// means and which transactions it stands for. Sets that differ in what they read off the same state share it.
func (s *Set) State() string { return s.state }

// Definitions returns what the set was compiled from.
func (s *Set) Definitions() []Definition { return s.definitions }

// Entities returns the entities whose tiles the set keeps or reads.
func (s *Set) Entities() []Entity { return s.entities }

// InReportingCurrency returns an amount in minor units of the reporting currency, or false where there is no rate.
func (s *Set) InReportingCurrency(amount int64, c payment.Currency) (int64, bool) {
	return s.rates.convert(amount, c)
}

// Report returns an amount in units of the reporting currency, NaN where there is no rate.
func (s *Set) Report(amount int64, c payment.Currency) float64 {
	reported, ok := s.rates.convert(amount, c)
	if !ok {
		return nan
	}
	return float64(reported) / s.scale
}

// LabelDelay returns how long after its transaction a label may be used at the earliest.
func (s *Set) LabelDelay() time.Duration { return time.Duration(s.labelDelay) * time.Millisecond }

// ReadsLabels reports whether any feature is over labels.
func (s *Set) ReadsLabels() bool {
	return slices.ContainsFunc(s.entities, func(e Entity) bool { return len(e.labels.counts) > 0 })
}

// LabelKnown returns when the label of a transaction may be used at the earliest.
func (s *Set) LabelKnown(t payment.Time) payment.Time { return t + s.labelDelay }

// Marks returns the names of the marks, in the order of their bits.
func (s *Set) Marks() []string {
	all := make([]string, len(s.marks))
	for i := range s.marks {
		all[i] = s.marks[i].name
	}
	return all
}

// Forgotten reports whether an account is so far behind its partition's watermark that it counts as empty; see
// [Layout.Idle].
func (s *Set) Forgotten(newest, watermark payment.Time) bool { return newest < watermark-s.idle }

// Bucket returns the bucket, from 1, under which a store files an account or an entity's tiles with the given newest
// event time. Buckets are half a horizon wide.
func (s *Set) Bucket(newest payment.Time) int64 { return int64(newest/(s.horizon/2)) + 1 }

// DeletableBefore returns the first bucket that may hold something which is still of use at the watermark.
func (s *Set) DeletableBefore(watermark payment.Time) int64 {
	return s.Bucket(max(0, watermark-s.retention))
}

// derive fills what an event implies under this set: which filters it passes, and the derived numbers of its row. env
// holds its fields and marks.
func (s *Set) derive(env *expression.Env, e *event, row []int64) {
	e.matches = 0
	for i := range s.filters {
		if p := s.filters[i].program; p == nil || p.Bool(env) {
			e.matches |= 1 << i
		}
	}
	for i := range s.columns {
		row[len(s.attributes)+i] = toFixed(s.columns[i].program.Number(env))
	}
}

// report fills in the event's amount in the reporting currency.
func (s *Set) report(e *event) {
	amount, ok := s.rates.convert(e.original, e.currency)
	if !ok {
		e.flags |= noAmount
	}
	e.amount = amount
}

package features

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Set is a compiled feature set over a state layout: what to keep per account, and how to read each feature off it.
// It is immutable and safe for concurrent use.
type Set struct {
	layout      Layout
	schema      Schema
	definitions []Definition

	horizon, lateness, dedupe, idle payment.Time // milliseconds

	rates    *rates
	scale    float64 // minor units in a unit of the reporting currency
	filters  []filter
	windows  []windowPlan
	features []feature
}

// feature is a compiled definition.
type feature struct {
	op                operation
	window, aggregate int
	statistic         statistic
	left, right       int // features that a ratio reads, both computed before it
}

type operation uint8

const (
	opAmount operation = iota + 1
	opIsWithdrawal
	opIsDeposit
	opHour
	opWeekday
	opStatistic
	opNew
	opSecondsSince
	opKmSince
	opKmhSince
	opRatio
)

// Compile checks the definitions against the layout and compiles them.
func Compile(definitions []Definition, layout Layout) (*Set, error) {
	if err := layout.Validate(); err != nil {
		return nil, fmt.Errorf("state layout: %w", err)
	}
	r, err := newRates(layout.Currency, layout.Rates)
	if err != nil {
		return nil, fmt.Errorf("state layout: %w", err)
	}
	s := &Set{
		layout: layout, definitions: slices.Clone(definitions), rates: r, scale: math.Pow10(r.exponent),
		horizon: millis(layout.Horizon()), lateness: millis(layout.Lateness), dedupe: millis(layout.Dedupe), idle: millis(layout.Idle()),
	}
	s.layout.Rates = maps.Clone(layout.Rates)
	hashOf := make(map[string]string, len(definitions))
	for i := range definitions {
		d := &definitions[i]
		if _, twice := hashOf[d.Name]; twice || d.Name == "" {
			return nil, fmt.Errorf("feature %q: the name is empty or taken", d.Name)
		}
		f, err := s.compile(d)
		if err != nil {
			return nil, fmt.Errorf("feature %q: %w", d.Name, err)
		}
		h := hash(d.canonical(hashOf))
		hashOf[d.Name] = h
		s.features = append(s.features, f)
		s.schema.Names = append(s.schema.Names, d.Name)
		s.schema.Hashes = append(s.schema.Hashes, h)
	}
	return s, nil
}

func millis(d time.Duration) payment.Time { return payment.Time(d / time.Millisecond) }

// Schema returns the features' names and definition hashes, in the order of the vectors.
func (s *Set) Schema() *Schema { return &s.schema }

// Layout returns the layout that the set was compiled for.
func (s *Set) Layout() *Layout { return &s.layout }

// Definitions returns what the set was compiled from.
func (s *Set) Definitions() []Definition { return s.definitions }

// Forgotten reports whether an account is so far behind its partition's watermark that it counts as empty; see
// [Layout.Idle].
func (s *Set) Forgotten(newest, watermark payment.Time) bool { return newest < watermark-s.idle }

// Bucket returns the bucket, from 1, under which a store files an account with the given newest event time. Buckets
// are half a horizon wide.
func (s *Set) Bucket(newest payment.Time) int64 { return int64(newest/(s.horizon/2)) + 1 }

// ForgottenBefore returns the first bucket that may hold an account that is not forgotten at the watermark.
func (s *Set) ForgottenBefore(watermark payment.Time) int64 {
	return s.Bucket(max(0, watermark-s.idle))
}

// facts are the features of the transaction alone.
func factOperation(name string) (operation, bool) {
	switch name {
	case "amount":
		return opAmount, true
	case "is_withdrawal":
		return opIsWithdrawal, true
	case "is_deposit":
		return opIsDeposit, true
	case "hour_of_day":
		return opHour, true
	case "day_of_week":
		return opWeekday, true
	}
	return 0, false
}

// reading says how an aggregate of a definition is kept and read.
type reading struct {
	op        operation
	family    family
	statistic statistic
	field     string // the field that the aggregate needs
}

func readingOf(aggregate string) (reading, bool) {
	switch aggregate {
	case "count":
		return reading{opStatistic, familyCount, statCount, ""}, true
	case "sum":
		return reading{opStatistic, familyMoments, statSum, "amount"}, true
	case "mean":
		return reading{opStatistic, familyMoments, statMean, "amount"}, true
	case "std":
		return reading{opStatistic, familyMoments, statStd, "amount"}, true
	case "max":
		return reading{opStatistic, familyMaximum, statMax, "amount"}, true
	case "distinct":
		return reading{opStatistic, familyDistinct, statDistinct, "merchant"}, true
	case "new":
		return reading{opNew, familyDistinct, 0, "merchant"}, true
	case "seconds_since":
		return reading{opSecondsSince, familyLatest, 0, ""}, true
	case "km_since":
		return reading{opKmSince, familyLatestLocated, 0, "location"}, true
	case "kmh_since":
		return reading{opKmhSince, familyLatestLocated, 0, "location"}, true
	}
	return reading{}, false
}

func (s *Set) compile(d *Definition) (feature, error) {
	if err := d.check(); err != nil {
		return feature{}, err
	}
	if d.Fact != "" {
		op, ok := factOperation(d.Fact)
		if !ok {
			return feature{}, fmt.Errorf("unknown fact %q", d.Fact)
		}
		return feature{op: op}, nil
	}
	if d.Aggregate == "" {
		left, right := s.schema.Index(d.Ratio[0]), s.schema.Index(d.Ratio[1])
		if left < 0 || right < 0 {
			return feature{}, fmt.Errorf("%q and %q must both be declared before it", d.Ratio[0], d.Ratio[1])
		}
		return feature{op: opRatio, left: left, right: right}, nil
	}
	r, ok := readingOf(d.Aggregate)
	if !ok {
		return feature{}, fmt.Errorf("unknown aggregate %q", d.Aggregate)
	}
	field := noField
	switch {
	case r.family == familyDistinct && d.Field == "merchant":
		field = merchantField
	case r.family == familyDistinct && d.Field == "category":
		field = categoryField
	case d.Field != r.field:
		return feature{}, fmt.Errorf("%s does not go with field %q", d.Aggregate, d.Field)
	}
	if d.Window < time.Millisecond || d.Window > s.layout.LongestWindow || d.Window%time.Millisecond != 0 {
		return feature{}, fmt.Errorf("window %v is not between 1ms and the longest window, %v, in whole milliseconds", d.Window, s.layout.LongestWindow)
	}
	filter, err := s.filter(d.Filter)
	if err != nil {
		return feature{}, err
	}
	w, g := s.aggregate(millis(d.Window), aggregatePlan{family: r.family, field: field, filter: filter})
	return feature{op: r.op, window: w, aggregate: g, statistic: r.statistic}, nil
}

// filter returns the index of the named filter, adding it where it is new.
func (s *Set) filter(name string) (int, error) {
	if i := slices.IndexFunc(s.filters, func(f filter) bool { return f.name == name }); i >= 0 {
		return i, nil
	}
	f, ok := filterNamed(name)
	if !ok {
		return 0, fmt.Errorf("unknown filter %q", name)
	}
	if len(s.filters) == 32 {
		return 0, fmt.Errorf("filter %q is one too many: 32 are possible", name)
	}
	s.filters = append(s.filters, f)
	return len(s.filters) - 1, nil
}

// aggregate returns the place of an aggregate in the plan, adding its window and itself where they are new.
func (s *Set) aggregate(length payment.Time, p aggregatePlan) (w, g int) {
	w = slices.IndexFunc(s.windows, func(w windowPlan) bool { return w.length == length })
	if w < 0 {
		w = len(s.windows)
		s.windows = append(s.windows, windowPlan{length: length})
	}
	g = slices.Index(s.windows[w].aggregates, p)
	if g < 0 {
		g = len(s.windows[w].aggregates)
		s.windows[w].aggregates = append(s.windows[w].aggregates, p)
	}
	return w, g
}

func (s *Set) newWindows() []window {
	windows := make([]window, len(s.windows))
	for i := range windows {
		p := &s.windows[i]
		windows[i] = window{plan: p, aggregates: make([]aggregate, len(p.aggregates))}
		for j, g := range p.aggregates {
			windows[i].aggregates[j] = newAggregate(g.family, g.field, s.scale)
		}
	}
	return windows
}

// derive fills what an event's stored fields imply under this set: the reporting amount and the filters it passes.
func (s *Set) derive(e *event) {
	amount, ok := s.rates.convert(e.original, e.currency)
	if !ok {
		e.flags |= noAmount
	}
	e.amount = amount
	e.matches = 0
	for i := range s.filters {
		if s.filters[i].match(e) {
			e.matches |= 1 << i
		}
	}
}

package features

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/yamldoc"
)

// compiler turns declarations into a set.
type compiler struct {
	*Declarations
	set *Set

	names       map[string]expression.Variable // all that an expression over a transaction may read
	featureAt   map[string]int
	markAt      map[string]int
	featureHash []string
	hashing     []string // what is being hashed, to find cycles
}

func (c *compiler) compile() error {
	for _, do := range []func() error{
		c.placeAttributes, c.placeNames, c.compileMarks, c.checkFilters, c.compileEntities, c.compileFeatures, c.hashAll, c.putInOrder, c.findReads, c.finishEntities,
	} {
		if err := do(); err != nil {
			return err
		}
	}
	c.set.variables, c.set.tables = c.names, make(map[string]*expression.Table, len(c.tables))
	for i := range c.tables {
		c.set.tables[c.tables[i].name] = c.tables[i].Table
	}
	c.set.stride = len(c.set.attributes) + len(c.set.columns)
	c.set.state = c.stateHash()
	return nil
}

// placeAttributes gives each attribute its slot and its place in the rows.
func (c *compiler) placeAttributes() error {
	s := c.set
	for i, a := range c.attributes {
		p := placedAttribute{attribute: a, field: firstAttributeField + textField(i)}
		if a.kind == expression.Text {
			p.slot = fixedTexts + s.textAttributes
			s.textAttributes++
		} else {
			p.slot = fixedNumbers + s.numberAttributes
			s.numberAttributes++
		}
		s.attributes = append(s.attributes, p)
	}
	s.marks = make([]mark, len(c.marks))
	s.numbers = fixedNumbers + s.numberAttributes + len(c.marks) + len(c.features)
	return nil
}

// placeNames gives every mark and feature its slot, and refuses names that mean two things.
func (c *compiler) placeNames() error {
	s := c.set
	c.names, c.markAt, c.featureAt = maps.Clone(fixedFields), map[string]int{}, map[string]int{}
	for i := range s.attributes {
		c.names[s.attributes[i].name] = expression.Variable{Kind: s.attributes[i].kind, Slot: s.attributes[i].slot}
	}
	for i, m := range c.marks {
		if _, taken := c.names[m.name]; taken {
			return c.doc.Mistake(m.source.at, "mark %q: the name is taken by a field, an attribute or another mark", m.name)
		}
		c.names[m.name] = expression.Variable{Kind: expression.Bool, Slot: s.markSlot(i)}
		c.markAt[m.name] = i
	}
	declared := make(map[string]bool)
	for i := range c.features {
		f := &c.features[i]
		again := declared[f.Name]
		declared[f.Name] = true
		switch _, taken := c.names[f.Name]; {
		case again:
			return c.mistake(f, "name", "the name is taken by a feature above it")
		case taken && f.Value == f.Name:
			continue // the field itself: both names mean the same
		case taken:
			return c.mistake(f, "name", "the name is taken; a feature may be called like a field only if its value is that field")
		}
		c.names[f.Name] = expression.Variable{Kind: expression.Number, Slot: s.featureSlot(i)}
		c.featureAt[f.Name] = i
	}
	return nil
}

// mistake returns an error about a key of a feature.
func (c *compiler) mistake(f *Definition, key, format string, args ...any) error {
	return c.doc.Mistake(f.at(key), "feature %q: %s", f.Name, fmt.Sprintf(format, args...))
}

// expression compiles an expression that reads what readable allows. what names it in errors.
func (c *compiler) expression(source string, at yamldoc.Place, what string, want expression.Kind, readable func(string) bool, scope string) (*expression.Program, error) {
	p, err := expression.Compile(source, expression.Names{
		Variable: func(name string) (expression.Variable, bool) {
			v, ok := c.names[name]
			return v, ok && readable(name)
		},
		Known: func() []string {
			return slices.DeleteFunc(slices.Sorted(maps.Keys(c.names)), func(name string) bool { return !readable(name) })
		},
		Table: func(name string) (*expression.Table, bool) {
			for i := range c.tables {
				if c.tables[i].name == name {
					return c.tables[i].Table, true
				}
			}
			return nil, false
		},
	}, want)
	if err == nil {
		return p, nil
	}
	message := err.Error()
	if e, ok := errors.AsType[*expression.Error](err); ok {
		message = e.Message
		if at.Column > 0 && !strings.Contains(source, "\n") {
			at.Column += e.Column - 1
		}
	}
	if scope != "" {
		message += "; " + scope
	}
	return nil, c.doc.Mistake(at, "%s: %s", what, message)
}

// inEvent reports whether a name can be read off a retained event.
func (c *compiler) inEvent(name string) bool {
	_, isFeature := c.featureAt[name]
	return !isFeature && name != "account"
}

const eventScope = "a filter and what is aggregated read the fields, attributes and marks of an earlier event"

func (c *compiler) compileMarks() error {
	for i, m := range c.marks {
		p, err := c.expression(m.source.string, m.source.at, fmt.Sprintf("mark %q", m.name), expression.Bool,
			func(string) bool { return true }, "")
		if err != nil {
			return err
		}
		c.set.marks[i] = mark{named: m, program: p}
	}
	return nil
}

// checkFilters finds the mistakes in filters, also in those that no feature uses.
func (c *compiler) checkFilters() error {
	for _, f := range c.filters {
		what := fmt.Sprintf("filter %q", f.name)
		if _, isMark := c.markAt[f.name]; isMark {
			return c.doc.Mistake(f.source.at, "%s: the name is taken by a mark, which can be used as a filter itself", what)
		}
		if _, err := c.expression(f.source.string, f.source.at, what, expression.Bool, c.inEvent, eventScope); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) compileFeatures() error {
	c.set.filters = []filter{{}} // the first one is for all
	for i := range c.features {
		f, err := c.feature(&c.features[i])
		if err != nil {
			return err
		}
		c.set.features = append(c.set.features, f)
	}
	return nil
}

func (c *compiler) feature(d *Definition) (feature, error) {
	if d.Value != "" {
		for _, key := range []string{"aggregate", "of", "filter", "same", "entity", "labels", "windows", "delay"} {
			if _, there := d.places[key]; there {
				return feature{}, c.mistake(d, key, "a value has no %s", key)
			}
		}
		p, err := c.expression(d.Value, d.at("value"), fmt.Sprintf("feature %q", d.Name), expression.Number, func(string) bool { return true }, "")
		return feature{op: opValue, program: p}, err
	}
	if d.Entity != "" {
		return c.tileFeature(d)
	}
	if d.Labels != "" || d.Delay != 0 {
		key := "labels"
		if d.Labels == "" {
			key = "delay"
		}
		return feature{}, c.mistake(d, key, "labels and delay go with an entity; declare one with key: account for an account's own labels")
	}
	if d.Window < time.Millisecond || d.Window > c.set.layout.LongestWindow {
		return feature{}, c.mistake(d, "windows", "window %s is not between 1ms and the longest window that the state keeps, %s (features.longest_window in weir.yaml)",
			spanInWords(d.Window), spanInWords(c.set.layout.LongestWindow))
	}
	f, plan, err := c.aggregate(d)
	if err != nil {
		return feature{}, err
	}
	f.window, f.aggregate = c.place(millis(d.Window), plan)
	f.same = plan.same
	if plan.family == familyDistinct {
		f.same = plan.field // what is new is asked about this transaction's own text
	}
	return f, nil
}

// accountAggregates are the aggregates over an account's events.
var accountAggregates = map[string]struct {
	op        operation
	family    family
	statistic statistic
}{
	"count":     {opStatistic, familyCount, statCount},
	"sum":       {opStatistic, familyMoments, statSum},
	"mean":      {opStatistic, familyMoments, statMean},
	"std":       {opStatistic, familyMoments, statStd},
	"max":       {opStatistic, familyMaximum, statExtreme},
	"min":       {opStatistic, familyMinimum, statExtreme},
	"last":      {opStatistic, familyLatestKnown, statLast},
	"distinct":  {opStatistic, familyDistinct, statDistinct},
	"new":       {opStatistic, familyDistinct, statNew},
	"since":     {opSince, familyLatest, 0},
	"km_since":  {opKmSince, familyLatestLocated, 0},
	"kmh_since": {opKmhSince, familyLatestLocated, 0},
}

func (c *compiler) aggregate(d *Definition) (f feature, plan aggregatePlan, err error) {
	a, ok := accountAggregates[d.Aggregate]
	if !ok {
		wrong := "aggregate is missing"
		if d.Aggregate != "" {
			wrong = fmt.Sprintf("unknown aggregate %q", d.Aggregate)
		}
		return f, plan, c.mistake(d, "aggregate", "%s; there are %s", wrong, strings.Join(slices.Sorted(maps.Keys(accountAggregates)), ", "))
	}
	f = feature{op: a.op, statistic: a.statistic}
	plan.family = a.family
	if plan.filter, err = c.filter(d); err != nil {
		return f, plan, err
	}
	switch a.family {
	case familyMoments, familyMaximum, familyMinimum, familyLatestKnown:
		if plan.column, err = c.column(d); err != nil {
			return f, plan, err
		}
	case familyDistinct:
		if plan.field, err = c.textField(d, "of", d.Of); err != nil {
			return f, plan, err
		}
	default:
		if d.Of != "" {
			return f, plan, c.mistake(d, "of", "%s has no of", d.Aggregate)
		}
	}
	if d.Same != "" {
		if a.family != familyCount && a.family != familyMoments {
			return f, plan, c.mistake(d, "same", "same goes with count, sum, mean and std")
		}
		plan.same, err = c.textField(d, "same", d.Same)
	}
	return f, plan, err
}

// textField returns the retained text with the given name.
func (c *compiler) textField(d *Definition, key, name string) (textField, error) {
	switch name {
	case "merchant":
		return merchantField, nil
	case "category":
		return categoryField, nil
	}
	texts := []string{"merchant", "category"}
	for i := range c.set.attributes {
		a := &c.set.attributes[i]
		if a.kind != expression.Text {
			continue
		}
		if a.name == name {
			return a.field, nil
		}
		texts = append(texts, a.name)
	}
	return 0, c.mistake(d, key, "%s needs a retained text, and %q is none; there are %s (declare others under attributes)", key, name, strings.Join(texts, ", "))
}

// filter returns the index of the definition's filter, adding it where it is new.
func (c *compiler) filter(d *Definition) (int, error) {
	source, at, what := d.Filter, d.at("filter"), fmt.Sprintf("feature %q", d.Name)
	if source == "" {
		return 0, nil
	}
	if i := slices.IndexFunc(c.filters, func(n named) bool { return n.name == source }); i >= 0 {
		source, at, what = c.filters[i].source.string, c.filters[i].source.at, fmt.Sprintf("filter %q", d.Filter)
	}
	if _, known := c.names[source]; !known && identifier.MatchString(source) {
		return 0, c.mistake(d, "filter", "no filter is called %q: declare it under filters, where there are %s, or write a condition", source, c.filterNames())
	}
	p, err := c.expression(source, at, what, expression.Bool, c.inEvent, eventScope)
	if err != nil {
		return 0, err
	}
	canonical := p.Canonical(c.plainName)
	if i := slices.IndexFunc(c.set.filters, func(f filter) bool { return f.canonical == canonical }); i >= 0 {
		return i, nil
	}
	if len(c.set.filters) == 32 {
		return 0, c.doc.Mistake(at, "%s: one filter too many: 31 different ones are possible", what)
	}
	c.set.filters = append(c.set.filters, filter{canonical, p})
	return len(c.set.filters) - 1, nil
}

func (c *compiler) filterNames() string {
	if len(c.filters) == 0 {
		return "none"
	}
	var all []string
	for _, f := range c.filters {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

// column returns the column of what the definition aggregates, adding it where it is new.
func (c *compiler) column(d *Definition) (int, error) {
	switch d.Of {
	case "":
		return 0, c.mistake(d, "aggregate", "%s needs of: what to aggregate, such as amount", d.Aggregate)
	case "amount":
		return amountColumn, nil
	}
	p, err := c.expression(d.Of, d.at("of"), fmt.Sprintf("feature %q", d.Name), expression.Number, c.inEvent, eventScope)
	if err != nil {
		return 0, err
	}
	canonical := p.Canonical(c.plainName)
	if i := slices.IndexFunc(c.set.columns, func(k column) bool { return k.canonical == canonical }); i >= 0 {
		return i, nil
	}
	c.set.columns = append(c.set.columns, column{canonical, p})
	return len(c.set.columns) - 1, nil
}

// plainName leaves names as they are: within one file they mean one thing.
func (c *compiler) plainName(name string) string { return name }

// place returns the place of an aggregate in the plan, adding its window and itself where they are new.
func (c *compiler) place(length payment.Time, p aggregatePlan) (w, g int) {
	s := c.set
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

// hash returns the first n bytes of a digest, in hexadecimal.
func hash(n int, text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:n])
}

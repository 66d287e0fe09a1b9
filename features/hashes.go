package features

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/features/expression"
)

// A definition's hash covers everything that decides the feature's value: names are replaced by what they stand for,
// so that renaming or describing changes nothing, and a change anywhere below changes all hashes above.

// hashAll hashes marks and features, and refuses cycles.
func (c *compiler) hashAll() error {
	c.featureHash = make([]string, len(c.features))
	for i := range c.marks {
		if _, err := c.hashMark(i); err != nil {
			return err
		}
	}
	for i := range c.features {
		h, err := c.hashFeature(i)
		if err != nil {
			return err
		}
		c.set.schema.Names = append(c.set.schema.Names, c.features[i].Name)
		c.set.schema.Hashes = append(c.set.schema.Hashes, h)
	}
	return nil
}

func (c *compiler) hashMark(i int) (string, error) {
	m := &c.set.marks[i]
	if m.hash != "" {
		return m.hash, nil
	}
	if err := c.enter(m.name); err != nil {
		return "", c.doc.Mistake(m.source.at, "mark %q: %v", m.name, err)
	}
	defer c.leave()
	canonical, err := c.canonical(m.program)
	m.hash = hash(8, "weir mark v1 "+canonical)
	return m.hash, err
}

func (c *compiler) hashFeature(i int) (string, error) {
	if c.featureHash[i] != "" {
		return c.featureHash[i], nil
	}
	d := &c.features[i]
	if err := c.enter(d.Name); err != nil {
		return "", c.mistake(d, "value", "%v", err)
	}
	defer c.leave()
	text, err := c.describe(i)
	c.featureHash[i] = hash(8, "weir feature v2 "+text)
	return c.featureHash[i], err
}

// enter notes that something is being hashed. Within itself that is a cycle.
func (c *compiler) enter(name string) error {
	if i := slices.Index(c.hashing, name); i >= 0 {
		return fmt.Errorf("it depends on itself: %s", strings.Join(append(slices.Clone(c.hashing[i:]), name), ", which reads "))
	}
	c.hashing = append(c.hashing, name)
	return nil
}

func (c *compiler) leave() { c.hashing = c.hashing[:len(c.hashing)-1] }

// describe returns the text that a feature's hash covers.
func (c *compiler) describe(i int) (string, error) {
	d, f := &c.features[i], &c.set.features[i]
	if f.op == opValue {
		text, err := c.canonical(f.program)
		return "value " + text, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s window=%dms", d.Aggregate, d.Window.Milliseconds())
	if f.op == opTiles {
		return c.describeTiles(&b, d, f)
	}
	p := &c.set.windows[f.window].aggregates[f.aggregate]
	if p.field != noField {
		fmt.Fprintf(&b, " of=%s", c.textName(p.field))
	}
	if p.same != noField {
		fmt.Fprintf(&b, " same=%s", c.textName(p.same))
	}
	if d.Of != "" && p.field == noField {
		if err := c.describeColumn(&b, p.column); err != nil {
			return "", err
		}
	}
	err := c.describeFilter(&b, p.filter)
	return b.String(), err
}

func (c *compiler) describeColumn(b *strings.Builder, i int) error {
	if i == amountColumn {
		b.WriteString(" of=amount")
		return nil
	}
	text, err := c.canonical(c.set.columns[i].program)
	fmt.Fprintf(b, " of=%s", text)
	return err
}

func (c *compiler) describeFilter(b *strings.Builder, i int) error {
	if c.set.filters[i].program == nil {
		return nil
	}
	text, err := c.canonical(c.set.filters[i].program)
	fmt.Fprintf(b, " filter=%s", text)
	return err
}

// textName returns what stands for a text field in a hash.
func (c *compiler) textName(f textField) string {
	if f >= firstAttributeField {
		return "text attribute:" + c.set.textName(f)
	}
	return c.set.textName(f)
}

// canonical returns an expression with every name replaced by what it stands for.
func (c *compiler) canonical(p *expression.Program) (string, error) {
	var failed error
	text := p.Canonical(func(name string) string {
		h, err := c.meaning(name)
		if err != nil && failed == nil {
			failed = err
		}
		return h
	})
	return text, failed
}

// meaning returns what stands for a name in a hash.
func (c *compiler) meaning(name string) (string, error) {
	if t, ok := strings.CutPrefix(name, "table:"); ok {
		for i := range c.tables {
			if c.tables[i].name == t {
				return "table:" + hash(8, c.tables[i].Canonical()), nil
			}
		}
	}
	if i, ok := c.featureAt[name]; ok {
		h, err := c.hashFeature(i)
		return "feature:" + h, err
	}
	if i, ok := c.markAt[name]; ok {
		h, err := c.hashMark(i)
		return "mark:" + h, err
	}
	for i := range c.set.attributes {
		if a := &c.set.attributes[i]; a.name == name {
			return a.kind.String() + " attribute:" + name, nil
		}
	}
	return name, nil
}

// putInOrder sorts marks and features so that each comes after what it reads. There are no cycles any more.
func (c *compiler) putInOrder() error {
	s := c.set
	for i := range s.marks {
		c.visit(step{mark: true, index: i}, &s.marksOrder)
	}
	for _, at := range s.marksOrder {
		if !at.mark && s.features[at.index].op == opTiles {
			return c.mistake(&c.features[at.index], "entity", "a mark reads it, and a mark may not look at entities: what is stored depends on the account's own log alone")
		}
	}
	s.order = slices.Clone(s.marksOrder)
	for i := range s.features {
		c.visit(step{index: i}, &s.order)
	}
	return nil
}

func (c *compiler) visit(at step, order *[]step) {
	if slices.Contains(*order, at) {
		return
	}
	var p *expression.Program
	if at.mark {
		p = c.set.marks[at.index].program
	} else {
		p = c.set.features[at.index].program
	}
	if p != nil {
		for _, name := range p.Reads() {
			if i, ok := c.featureAt[name]; ok {
				c.visit(step{index: i}, order)
			} else if i, ok := c.markAt[name]; ok {
				c.visit(step{mark: true, index: i}, order)
			}
		}
	}
	*order = append(*order, at)
}

// stateHash covers everything that decides what a stored value means, and which transactions it stands for.
func (c *compiler) stateHash() string {
	s := c.set
	var b strings.Builder
	b.WriteString(s.layout.describe())
	for i := range s.attributes {
		fmt.Fprintf(&b, " attribute=%s:%d", s.attributes[i].name, s.attributes[i].kind)
	}
	for i := range s.marks {
		fmt.Fprintf(&b, " mark=%s", s.marks[i].hash)
	}
	for i := range s.entities {
		fmt.Fprintf(&b, " entity=%s", s.entities[i].stored)
	}
	return hash(6, b.String())
}

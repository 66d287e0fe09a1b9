package history

import (
	"strings"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
)

// fault is the fault of a row whose value of the field has the given flaw.
func (s *source) fault(f flaw) fault {
	if f.none() {
		return fault{}
	}
	return fault{flaw: f, field: s.field, column: s.column}
}

// missingFlaw is that of a field that must have a value and has none.
func missingFlaw(reason string) flaw { return flaw{kind: payment.KindMissing, reason: reason} }

// converter turns the values of one file's rows into Records. Nothing that it hands out is ever written again.
type converter struct {
	m        *Mapping
	template []templatePart
	time     timeFormat // a copy, for the memory of its zone
	form     moneyForm
	degree   numberForm
	number   number
	scratch  []byte
	slab     slab
}

func newConverter(m *Mapping, path string) *converter {
	return &converter{m: m, template: fillFile(m.template, path), time: m.timeFormat, form: m.money, degree: m.degree}
}

// convert fills rec from the values of the mapping's slots.
func (c *converter) convert(values []string, row int64, rec *Record) fault {
	m := c.m
	*rec = Record{Row: row}
	t := &rec.Transaction
	if m.template != nil {
		c.scratch = appendID(c.scratch[:0], c.template, row)
		t.ID = c.slab.text(c.scratch)
	} else {
		t.ID = m.id.text(values)
	}
	t.AccountID = m.account.text(values)
	t.Merchant.Name = m.name.text(values)
	t.Merchant.Category = m.category.text(values)
	if f := c.when(values, t); !f.none() {
		return f
	}
	if f := c.money(values, t); !f.none() {
		return f
	}
	if m.latitude.given() {
		if f := c.place(values, &t.Merchant.Location); !f.none() {
			return f
		}
	}
	if len(m.attributes) > 0 {
		t.Attributes = c.attributes(values)
	}
	if f := c.label(values, rec); !f.none() {
		return f
	}
	if err := t.Validate(); err != nil {
		return m.blame(err)
	}
	return fault{}
}

// blame returns the fault of a payment error, with the column the field came from.
func (m *Mapping) blame(err error) fault {
	f := faultOf(err)
	if f.field == "" {
		return f
	}
	for _, s := range m.sources() {
		if s.field == f.field {
			f.column = s.column
		}
	}
	return f
}

// when sets the time, from one column or from several that are joined by a space.
func (c *converter) when(values []string, t *payment.Transaction) fault {
	s := &c.m.time
	text := s.text(values)
	if text == "" {
		return s.fault(missingFlaw("is missing"))
	}
	if len(c.m.timeMore) > 0 {
		c.scratch = append(c.scratch[:0], text...)
		for i := range c.m.timeMore {
			more := &c.m.timeMore[i]
			part := more.text(values)
			if part == "" {
				return more.fault(missingFlaw("is missing"))
			}
			c.scratch = append(append(c.scratch, ' '), part...)
		}
		text = view(c.scratch)
	}
	var bad flaw
	t.Time, bad = c.time.parse(text)
	return s.fault(bad)
}

// place sets a location, which both coordinates make up.
func (c *converter) place(values []string, l *payment.Location) fault {
	m := c.m
	latitude, longitude := m.latitude.text(values), m.longitude.text(values)
	switch {
	case latitude == "" && longitude == "":
		return fault{}
	case latitude == "":
		return m.latitude.fault(missingFlaw("is missing where there is a longitude"))
	case longitude == "":
		return m.longitude.fault(missingFlaw("is missing where there is a latitude"))
	}
	var bad flaw
	if l.LatitudeE7, bad = c.degrees(latitude, 90); !bad.none() {
		return m.latitude.fault(bad)
	}
	if l.LongitudeE7, bad = c.degrees(longitude, 180); !bad.none() {
		return m.longitude.fault(bad)
	}
	l.Known = true
	return fault{}
}

// degrees reads a coordinate in units of 1e-7 degree, rounded half to even as payment.Decoder rounds it.
func (c *converter) degrees(text string, limit int32) (e7 int32, bad flaw) {
	n := &c.number
	if !n.parse(text, c.degree) {
		return 0, notNumber(text)
	}
	if n.exceeds(uint64(limit)*1e7, 7) {
		return 0, flawed(payment.KindRange, "%s is outside the earth: is latitude taken for longitude?", quote(text))
	}
	n.round(7)
	whole, _, _ := n.scaled(7)
	if n.neg {
		return -int32(whole), flaw{}
	}
	return int32(whole), flaw{}
}

func notNumber(text string) flaw {
	return flawed(payment.KindFormat, "%s is not a number%s", quote(text), missingHint(text))
}

func (c *converter) attributes(values []string) []payment.Attribute {
	attributes := c.slab.reserve(len(c.m.attributes))
	for i := range c.m.attributes {
		s := &c.m.attributes[i]
		if value := s.text(values); value != "" {
			attributes = append(attributes, payment.Attribute{Key: s.attribute(), Value: value})
		}
	}
	return c.slab.take(attributes)
}

// label sets label and pattern.
func (c *converter) label(values []string, rec *Record) fault {
	m := c.m
	if m.label.given() {
		rec.Label = m.labelDefault
		if text := m.label.text(values); text != "" {
			var ok bool
			if rec.Label, ok = m.labels[text]; !ok {
				return m.label.fault(flawed(payment.KindValue,
					"%s is no known label: list it under fraud, legitimate or missing of label in the mapping", quote(text)))
			}
		}
	}
	if m.pattern.given() {
		rec.Pattern = m.pattern.text(values)
		return m.pattern.fault(checkPattern(rec.Pattern))
	}
	return fault{}
}

// checkPattern refuses what is no name of a pattern.
func checkPattern(name string) flaw {
	const most = 128
	switch {
	case len(name) > most:
		return flaw{payment.KindSize, "is longer than 128 bytes"}
	case !utf8.ValidString(name):
		return flaw{payment.KindUTF8, "is not valid UTF-8"}
	case strings.ContainsRune(name, 0):
		return flaw{payment.KindControl, "has the control character U+0000"}
	}
	return flaw{}
}

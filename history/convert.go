package history

import (
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/weir-fraud/weir/payment"
)

// fault says why a row is no Record. The zero fault is none.
type fault struct {
	field  string
	column string
	reason string
}

func (s *source) fault(reason string) fault {
	if reason == "" {
		return fault{}
	}
	return fault{field: s.field, column: s.column, reason: reason}
}

// converter turns the values of one file's rows into Records. Nothing that it hands out is ever written again.
type converter struct {
	m        *Mapping
	template []templatePart
	time     timeFormat // a copy, for the memory of its zone
	number   number
	scratch  []byte
	slab     slab
}

func newConverter(m *Mapping, path string) *converter {
	return &converter{m: m, template: fillFile(m.template, path), time: m.timeFormat}
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
	if f := c.when(values, t); f.reason != "" {
		return f
	}
	if f := c.money(values, t); f.reason != "" {
		return f
	}
	if m.latitude.given() {
		if f := c.place(values, &t.Merchant.Location); f.reason != "" {
			return f
		}
	}
	if len(m.attributes) > 0 {
		t.Attributes = c.attributes(values)
	}
	if f := c.label(values, rec); f.reason != "" {
		return f
	}
	if err := t.Validate(); err != nil {
		return m.blame(err)
	}
	return fault{}
}

// blame returns the fault of a payment error, with the column the field came from.
func (m *Mapping) blame(err error) fault {
	f := fault{reason: reasonOf(err)}
	if f.field = fieldOf(err); f.field == "" {
		return f
	}
	for _, s := range m.sources() {
		if s.field == f.field {
			f.column = s.column
		}
	}
	return f
}

func (c *converter) when(values []string, t *payment.Transaction) (f fault) {
	s := &c.m.time
	text := s.text(values)
	if text == "" {
		return s.fault("is missing")
	}
	var reason string
	if t.Time, reason = c.time.parse(text); reason != "" {
		return s.fault(reason)
	}
	return fault{}
}

// money sets type, currency and amount.
func (c *converter) money(values []string, t *payment.Transaction) fault {
	m := c.m
	t.Type, t.Currency = m.kindValue, m.cashValue
	if text := m.kind.text(values); text != "" {
		var ok bool
		if t.Type, ok = m.kinds[text]; !ok {
			return m.kind.fault(quote(text) + " is not a known type: add it to transaction_type.values in the mapping")
		}
	}
	if text := m.currency.text(values); text != "" {
		var ok bool
		if t.Currency, ok = m.currencies[text]; !ok && m.currencies == nil {
			t.Currency, ok = payment.ParseCurrency(text)
		}
		if !ok {
			return m.currency.fault(quote(text) + " is not an ISO 4217 code: add it to currency.values in the mapping")
		}
	}
	switch text := m.amount.text(values); {
	case t.Type == 0:
		return m.kind.fault("is missing")
	case t.Currency == 0:
		return m.currency.fault("is missing")
	case text == "":
		return m.amount.fault("is missing")
	default:
		var reason string
		t.Amount, reason = c.amount(text, t.Currency)
		return m.amount.fault(reason)
	}
}

// amount reads an amount of the given currency.
func (c *converter) amount(text string, currency payment.Currency) (minor int64, reason string) {
	form := &c.m.money
	if form.plain {
		if minor, err := payment.ParseAmount(text, currency); err == nil {
			return minor, ""
		}
	}
	if !c.number.parse(text, form.form) {
		return 0, quote(text) + " is not a number" + missingHint(text)
	}
	exponent, _ := currency.Exponent()
	if form.minor {
		c.number.shift(exponent)
	}
	c.number.shift(form.places)
	if form.round {
		c.number.round(exponent)
	}
	c.scratch = c.number.appendTo(c.scratch[:0])
	minor, err := payment.ParseAmount(view(c.scratch), currency)
	if kindOf(err) == payment.KindPrecision {
		return 0, reasonOf(err) + ": write round: true below amount to have it rounded"
	}
	return minor, reasonOf(err)
}

// place sets a location, which both coordinates make up.
func (c *converter) place(values []string, l *payment.Location) fault {
	m := c.m
	latitude, longitude := m.latitude.text(values), m.longitude.text(values)
	switch {
	case latitude == "" && longitude == "":
		return fault{}
	case latitude == "":
		return m.latitude.fault("is missing where there is a longitude")
	case longitude == "":
		return m.longitude.fault("is missing where there is a latitude")
	}
	var reason string
	if l.LatitudeE7, reason = c.degrees(latitude, 90); reason != "" {
		return m.latitude.fault(reason)
	}
	if l.LongitudeE7, reason = c.degrees(longitude, 180); reason != "" {
		return m.longitude.fault(reason)
	}
	l.Known = true
	return fault{}
}

// degrees reads a coordinate in units of 1e-7 degree, rounded half to even as payment.Decoder rounds it.
func (c *converter) degrees(text string, limit int32) (e7 int32, reason string) {
	n := &c.number
	if !n.parse(text, numberForm{decimal: '.'}) {
		return 0, quote(text) + " is not a number" + missingHint(text)
	}
	if n.exceeds(uint64(limit)*1e7, 7) {
		return 0, quote(text) + " is outside the earth: is latitude taken for longitude?"
	}
	n.round(7)
	whole, _, _ := n.scaled(7)
	if n.neg {
		return -int32(whole), ""
	}
	return int32(whole), ""
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
		if text := m.label.text(values); text != "" {
			var ok bool
			if rec.Label, ok = m.labels[text]; !ok {
				return m.label.fault(quote(text) + " is no known label: list it under fraud, legitimate or missing of label in the mapping")
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
func checkPattern(name string) (reason string) {
	const most = 128
	switch {
	case len(name) > most:
		return "is longer than 128 bytes"
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return "is not valid UTF-8 text"
	}
	return ""
}

// slab hands out memory for what rows hold besides views of the input, many rows to an allocation.
type slab struct {
	bytes []byte
	attrs []payment.Attribute
}

// text returns a copy of b.
func (s *slab) text(b []byte) string {
	const size = 8 << 10
	if cap(s.bytes)-len(s.bytes) < len(b) {
		s.bytes = make([]byte, 0, max(size, len(b)))
	}
	start := len(s.bytes)
	s.bytes = append(s.bytes, b...)
	return view(s.bytes[start:])
}

// reserve returns an empty slice with room for n attributes. What is appended to it has to be taken before the next call.
func (s *slab) reserve(n int) []payment.Attribute {
	const size = 512
	if len(s.attrs) < n {
		s.attrs = make([]payment.Attribute, max(size, n))
	}
	return s.attrs[:0]
}

// take makes what was reserved and appended to safe from later calls, and returns it.
func (s *slab) take(used []payment.Attribute) []payment.Attribute {
	if len(used) == 0 {
		return nil
	}
	s.attrs = s.attrs[len(used):]
	return slices.Clip(used)
}

// view returns b as a string without copying. What it is called on is never written again.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

package history

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/yamldoc"
)

// Mapping says which column of a file is which field of a transaction. It is made by [LoadMapping], [ParseMapping] or
// [Native], does not change afterwards, and serves any number of Readers at once.
type Mapping struct {
	doc    document // the text it was read from, empty for Native
	native bool

	format    Format // 0 where the name of the file says it
	encoding  encoding
	delimiter byte     // 0 for a comma
	skipLines int      // before the header
	columns   []string // names of the columns of a file without a header, else nil
	trim      bool
	missing   []string // texts that stand for no value in any column, besides the empty one

	formatAt, delimiterAt, skipLinesAt, columnsAt, zoneAt, signAt yamldoc.Place

	id           source
	template     []templatePart // of ids made from the row number, nil where id is read from a column
	time         source
	timeMore     []source // columns whose texts follow that of time
	timeFormat   timeFormat
	account      source
	kind         source
	kinds        map[string]payment.Type // texts of the column
	kindValue    payment.Type            // the constant, or the default
	bySign       *signTypes              // nil where the type has another source
	amount       source
	money        moneyForm
	currency     source
	currencies   map[string]payment.Currency // texts of the column, nil for ISO 4217 codes
	cashValue    payment.Currency            // the constant, or the default
	name         source
	category     source
	latitude     source
	longitude    source
	degree       numberForm
	attributes   []source
	label        source
	labels       map[string]Label
	labelDefault Label
	pattern      source

	slots []string // the distinct columns that are read; a source knows its slot
}

// source is where the value of one field comes from: a column or a constant. The zero source gives no value.
type source struct {
	field    string // the dotted path of the field
	column   string // "" for a constant
	slot     int    // index of column in Mapping.slots
	constant string
	fallback string // for a row without a value
	prefix   string // taken off the front of a value
	missing  []string
	at       yamldoc.Place // where the mapping names the column or the constant
}

// given reports whether the mapping has the field at all.
func (s *source) given() bool { return s.field != "" }

// text returns the value for a row, given the values of the slots: "" for none.
func (s *source) text(values []string) string {
	if s.column == "" {
		return s.constant
	}
	v := values[s.slot]
	for _, m := range s.missing {
		if v == m {
			return s.fallback
		}
	}
	if s.prefix != "" {
		v = strings.TrimPrefix(v, s.prefix)
	}
	if v == "" {
		return s.fallback
	}
	return v
}

// Native returns the mapping for JSONL files whose lines are transactions in Weir's own form, as [payment.Decoder]
// reads it. Two more members of a line are read: "label", which is "fraud", "legitimate" or null, and "pattern", a
// string or null.
func Native() *Mapping { return &Mapping{native: true, format: JSONL} }

// LoadMapping reads the mapping file at path. A mistake in it is a *[MappingError].
func LoadMapping(path string) (*Mapping, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a mapping: %w", err)
	}
	return ParseMapping(path, text)
}

// ParseMapping reads a mapping from text. Errors call it by the given name, and are of type *[MappingError].
func ParseMapping(name string, text []byte) (*Mapping, error) {
	doc := document{&yamldoc.Document{Name: name, Content: string(text)}}
	m := &Mapping{
		doc:        doc,
		trim:       true,
		timeFormat: timeFormat{rfc3339: true},
		money:      moneyForm{form: numberForm{decimal: '.'}, plain: true},
		degree:     numberForm{decimal: '.'},
		labels:     defaultLabels(),
		kinds:      wireTypes(),
	}
	if err := doc.read(m); err != nil {
		return nil, err
	}
	if err := m.complete(); err != nil {
		return nil, err
	}
	return m, nil
}

// defaultLabels are the texts that mean a label unless the mapping says otherwise. Columns of flags come out of
// dataframes as 1, as True, or as 1.0 where a value is missing in between.
func defaultLabels() map[string]Label {
	return map[string]Label{
		"1": Fraud, "1.0": Fraud, "true": Fraud, "True": Fraud, "fraud": Fraud,
		"0": Legitimate, "0.0": Legitimate, "false": Legitimate, "False": Legitimate, "legitimate": Legitimate,
	}
}

func wireTypes() map[string]payment.Type {
	types := make(map[string]payment.Type, 3)
	for _, t := range []payment.Type{payment.Purchase, payment.Withdrawal, payment.Deposit} {
		types[t.String()] = t
	}
	return types
}

// sources returns all sources of the mapping that are given.
func (m *Mapping) sources() []*source {
	all := []*source{&m.id, &m.time, &m.account, &m.kind, &m.amount, &m.currency, &m.name, &m.category,
		&m.latitude, &m.longitude, &m.label, &m.pattern}
	for i := range m.timeMore {
		all = append(all, &m.timeMore[i])
	}
	for i := range m.attributes {
		all = append(all, &m.attributes[i])
	}
	return slices.DeleteFunc(all, func(s *source) bool { return !s.given() })
}

// complete checks what only the whole mapping shows, and numbers the columns.
func (m *Mapping) complete() error {
	if err := m.checkRequired(); err != nil {
		return err
	}
	if err := m.checkCombinations(); err != nil {
		return err
	}
	fieldOf := make(map[string]string) // column to the field of the transaction proper that reads it
	slotOf := make(map[string]int)
	for _, s := range m.sources() {
		if s.column == "" {
			continue
		}
		if !s.shares() {
			if other, taken := fieldOf[s.column]; taken {
				return m.doc.Mistake(s.at, "%s: column %q is %s already: a column can be one field only, besides attributes, label and pattern",
					s.field, s.column, other)
			}
			fieldOf[s.column] = s.field
		}
		slot, known := slotOf[s.column]
		if !known {
			slot = len(m.slots)
			slotOf[s.column] = slot
			m.slots = append(m.slots, s.column)
		}
		s.slot = slot
		s.missing = append(slices.Clip(m.missing), s.missing...)
	}
	if m.columns != nil {
		if _, err := m.bind(m.columns, ""); err != nil {
			return err
		}
	}
	return m.checkConstants()
}

// shares reports whether the field may be read from a column that another field is read from.
func (s *source) shares() bool {
	return s.field == "label" || s.field == "pattern" || strings.HasPrefix(s.field, attributePrefix)
}

func (m *Mapping) checkRequired() error {
	var lacking []string
	for _, f := range []struct {
		name   string
		source *source
	}{
		{"transaction_id", &m.id}, {"timestamp", &m.time}, {"account_id", &m.account},
		{"transaction_type", &m.kind}, {"amount", &m.amount}, {"currency", &m.currency},
	} {
		if !f.source.given() {
			lacking = append(lacking, f.name+": "+remedies[f.name])
		}
	}
	if lacking == nil {
		return nil
	}
	return m.doc.Mistake(yamldoc.Place{}, "required and not given:\n  %s", strings.Join(lacking, "\n  "))
}

// remedies are what to write for a required field that is not there.
var remedies = map[string]string{
	"transaction_id":   `name its column, or make ids from the row number with {template: "{file}-{row}"}`,
	"timestamp":        `name its column: {column: NAME, format: "%Y-%m-%d %H:%M:%S"}`,
	"account_id":       "name its column",
	"transaction_type": "name its column, or write {value: purchase}",
	"amount":           "name its column",
	"currency":         "name its column, or write {value: USD}",
}

func (m *Mapping) checkCombinations() error {
	csv := m.format == 0 || m.format == CSV
	switch f := m.timeFormat; {
	case !csv && m.delimiter != 0:
		return m.doc.Mistake(m.delimiterAt, "delimiter: only CSV has one: leave it out")
	case !csv && m.skipLines > 0:
		return m.doc.Mistake(m.skipLinesAt, "skip_lines: only CSV has lines before its header: leave it out")
	case !csv && m.columns != nil:
		return m.doc.Mistake(m.columnsAt, "columns: only CSV can lack a header: leave it out")
	case m.format == Parquet && m.encoding != utf8Text:
		return m.doc.Mistake(m.formatAt, "format: parquet: its text is UTF-8 always: leave encoding out")
	case m.zoneAt != yamldoc.Place{} && (f.zoned || f.ops == nil && !(f.rfc3339 && m.format == Parquet)):
		return m.doc.Mistake(m.zoneAt, "timestamp.zone: the format says the zone already: leave it out")
	case m.bySign != nil && m.money.sign != signKeep:
		return m.doc.Mistake(m.signAt, "amount.sign: the type takes the sign off already: leave it out")
	case m.bySign != nil:
		m.money.sign = signDrop
	}
	if m.latitude.given() != m.longitude.given() {
		at := m.latitude.at
		if m.longitude.given() {
			at = m.longitude.at
		}
		return m.doc.Mistake(at, "merchant.location: needs both latitude and longitude")
	}
	return nil
}

// checkConstants refuses constants, defaults and attribute keys that no transaction can have: it makes up one that has
// them all.
func (m *Mapping) checkConstants() error {
	dollar, _ := payment.ParseCurrency("USD")
	t := payment.Transaction{
		ID:        "x",
		AccountID: cmp.Or(m.account.constant, m.account.fallback, "x"),
		Type:      payment.Purchase,
		Currency:  dollar,
		Merchant: payment.Merchant{
			Name:     cmp.Or(m.name.constant, m.name.fallback),
			Category: cmp.Or(m.category.constant, m.category.fallback),
		},
	}
	if err, bad := errors.AsType[*payment.FieldError](t.Validate()); bad {
		at := yamldoc.Place{}
		for _, s := range m.sources() {
			if s.field == err.Field {
				at = s.at
			}
		}
		return m.doc.Mistake(at, "%s: %s", err.Field, err.Reason)
	}
	for i := range m.attributes {
		s := &m.attributes[i]
		t.Attributes = append(t.Attributes, payment.Attribute{Key: s.attribute(), Value: cmp.Or(s.constant, s.fallback, "x")})
		if err, bad := errors.AsType[*payment.FieldError](t.Validate()); bad {
			return m.doc.Mistake(s.at, "%s: %s", err.Field, err.Reason)
		}
	}
	return nil
}

// attribute returns the key of the attribute that s is the source of.
func (s *source) attribute() string { return strings.TrimPrefix(s.field, attributePrefix) }

const attributePrefix = "attributes."

package history

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/yamldoc"
)

// code is a closed set of values that texts stand for.
type code[T any] struct {
	want  string // what a value must be, in words
	parse func(string) (T, bool)
}

var (
	typeCode     = code[payment.Type]{"purchase, withdrawal or deposit", payment.ParseType}
	currencyCode = code[payment.Currency]{"an ISO 4217 code in upper case", payment.ParseCurrency}
)

// into returns a reader of one of the set's values by its own name.
func (c code[T]) into(d document, what string, to *T) func(ast.Node) error {
	return func(node ast.Node) error {
		text, err := d.Text(node, what)
		if err != nil {
			return err
		}
		var ok bool
		if *to, ok = c.parse(text); !ok {
			return d.Mistake(yamldoc.PlaceOf(node), "%s: %q is not %s", what, text, c.want)
		}
		return nil
	}
}

// source reads a source whose texts stand for the set's values: by their own names, or by those of a table that the
// mapping gives under values. It reports whether there is a column or a constant.
func (c code[T]) source(d document, node ast.Node, s *source, field string, table *map[string]T, value *T, more yamldoc.Keys) (given bool, err error) {
	var constant, fallback, values bool
	noting := func(what string, isSet *bool) func(ast.Node) error {
		read := c.into(d, what, value)
		return func(node ast.Node) error {
			*isSet = true
			return read(node)
		}
	}
	known := yamldoc.Keys{
		"value":   noting(field+".value", &constant),
		"default": noting(field+".default", &fallback),
		"values": func(node ast.Node) error {
			values = true
			*table = make(map[string]T)
			return d.Members(node, field+".values", func(key string, _ yamldoc.Place, node ast.Node) error {
				var v T
				err := c.into(d, field+".values."+key, &v)(node)
				(*table)[key] = v
				return err
			})
		},
	}
	maps.Copy(known, more)
	if err := d.source(node, field, s, openEnded, known); err != nil {
		return false, err
	}
	beside := s.column != "" || fallback || values || s.prefix != "" || s.missing != nil
	switch {
	case constant && beside:
		return false, d.Mistake(s.at, "%s: value is the same for every row, so nothing else can stand beside it", field)
	case !constant && s.column == "" && beside:
		return false, d.Mistake(s.at, "%s: needs a column or a value", field)
	}
	return constant || s.column != "", nil
}

// kind reads where the type comes from: a column, a constant, or the amount's sign.
func (d document) kind(node ast.Node, m *Mapping) error {
	const field = "transaction_type"
	var bySign signTypes
	given, err := typeCode.source(d, node, &m.kind, field, &m.kinds, &m.kindValue, yamldoc.Keys{
		"negative": typeCode.into(d, field+".negative", &bySign.negative),
		"positive": typeCode.into(d, field+".positive", &bySign.positive),
	})
	signed := bySign.negative != 0 || bySign.positive != 0
	switch {
	case err != nil:
		return err
	case !given && !signed:
		return d.Mistake(m.kind.at, "%s: needs a column or a value", field)
	case given && signed:
		return d.Mistake(m.kind.at, "%s: negative and positive choose the type by the amount's sign: leave out column and value", field)
	case signed && (bySign.negative == 0 || bySign.positive == 0):
		return d.Mistake(m.kind.at, "%s: needs both negative and positive", field)
	case signed:
		m.bySign = &bySign
	}
	return nil
}

// cash reads where the currency comes from.
func (d document) cash(node ast.Node, m *Mapping) error {
	const field = "currency"
	given, err := currencyCode.source(d, node, &m.currency, field, &m.currencies, &m.cashValue, nil)
	if err == nil && !given {
		return d.Mistake(m.currency.at, "%s: needs a column or a value", field)
	}
	return err
}

// timestamp reads the column of the event time, or several, and how the time is written.
func (d document) timestamp(node ast.Node, m *Mapping) error {
	var columns []string
	var format, zone, since string
	var columnsAt, formatAt, sinceAt yamldoc.Place
	if err := d.source(node, "timestamp", &m.time, openEnded, yamldoc.Keys{
		"columns": func(node ast.Node) (err error) {
			columnsAt = yamldoc.PlaceOf(node)
			columns, err = d.Texts(node, "timestamp.columns")
			return err
		},
		"format": d.placed("timestamp.format", &format, &formatAt),
		"zone":   d.placed("timestamp.zone", &zone, &m.zoneAt),
		"since":  d.placed("timestamp.since", &since, &sinceAt),
	}); err != nil {
		return err
	}
	switch {
	case columns != nil && m.time.column != "":
		return d.Mistake(columnsAt, "timestamp: has both column and columns: keep one")
	case columns == nil && m.time.column == "":
		return d.Mistake(m.time.at, "timestamp: names no column: add column: NAME")
	case columns != nil && (len(columns) < 2 || slices.Contains(columns, "")):
		return d.Mistake(columnsAt, "timestamp.columns: needs the names of two columns or more: for one write column: NAME")
	case columns != nil:
		m.time.column, m.time.at = columns[0], columnsAt
		for _, column := range columns[1:] {
			m.timeMore = append(m.timeMore, source{field: m.time.field, column: column, at: columnsAt, missing: m.time.missing})
		}
	}
	f, err := parseTimeFormat(format)
	if err != nil {
		return d.Mistake(formatAt, "timestamp.format: %v", err)
	}
	m.timeFormat = f
	switch {
	case f.needsSince && since == "":
		return d.Mistake(formatAt, "timestamp.format: %s need to know what they count from: add since: 2017-12-01T00:00:00Z", format)
	case !f.needsSince && since != "":
		return d.Mistake(sinceAt, "timestamp.since: only seconds, minutes, hours and days count from a time of your own")
	case since != "":
		if m.timeFormat.since, err = payment.ParseTime(since); err != nil {
			return d.Mistake(sinceAt, "timestamp.since: %s", flawOf(err).reason)
		}
	}
	m.timeFormat.zone = localZone{name: "UTC"}
	if zone == "" {
		return nil
	}
	if m.timeFormat.zone, err = parseZone(zone); err != nil {
		return d.Mistake(m.zoneAt, "timestamp.zone: %v: write an IANA name such as Europe/Berlin, or an offset such as +01:00", err)
	}
	return nil
}

// decimal returns a reader of a decimal mark.
func (d document) decimal(what string, to *byte) func(ast.Node) error {
	return func(node ast.Node) error {
		s, err := d.Text(node, what)
		if err != nil {
			return err
		}
		if s != "." && s != "," {
			return d.Mistake(yamldoc.PlaceOf(node), `%s: must be "." or ","`, what)
		}
		*to = s[0]
		return nil
	}
}

// amount reads the column of the amount, and how the number is written.
func (d document) amount(node ast.Node, m *Mapping) error {
	f := &m.money
	var thousands, unit, divisor string
	var thousandsAt, unitAt, divisorAt yamldoc.Place
	if err := d.source(node, "amount", &m.amount, 0, yamldoc.Keys{
		"decimal":   d.decimal("amount.decimal", &f.form.decimal),
		"thousands": d.placed("amount.thousands", &thousands, &thousandsAt),
		"symbols": func(node ast.Node) (err error) {
			f.symbols, err = d.Texts(node, "amount.symbols")
			for _, s := range f.symbols {
				if err == nil && (s == "" || strings.ContainsAny(s, "0123456789+-()")) {
					return d.Mistake(yamldoc.PlaceOf(node), "amount.symbols: %q is no currency sign or code, such as \"$\" or EUR", s)
				}
			}
			return err
		},
		"accounting": d.Flag("amount.accounting", &f.accounting),
		"sign": func(node ast.Node) error {
			i, err := d.Choice(node, "amount.sign", "keep", "drop", "flip")
			f.sign = signRule(i)
			m.signAt = yamldoc.PlaceOf(node)
			return err
		},
		"unit":    d.placed("amount.unit", &unit, &unitAt),
		"divisor": d.placed("amount.divisor", &divisor, &divisorAt),
		"round":   d.Flag("amount.round", &f.round),
	}); err != nil {
		return err
	}
	switch {
	case thousands == string(f.form.decimal) || strings.ContainsAny(thousands, "0123456789+-eE()") || len([]rune(thousands)) > 1:
		return d.Mistake(thousandsAt, "amount.thousands: must be one character that is no digit, no sign and not the decimal mark \"%c\"", f.form.decimal)
	case unit != "" && unit != "major" && unit != "minor":
		return d.Mistake(unitAt, "amount.unit: must be major (dollars) or minor (cents)")
	case divisor != "" && unit == "minor":
		return d.Mistake(divisorAt, "amount.divisor: unit: minor divides already: keep one")
	case divisor != "":
		n, err := strconv.ParseUint(divisor, 10, 64)
		for ; err == nil && n > 1 && n%10 == 0; n /= 10 {
			f.places++
		}
		if err != nil || n != 1 || f.places == 0 {
			return d.Mistake(divisorAt, "amount.divisor: must be a power of ten, such as 100")
		}
	}
	f.form.thousands, f.minor = thousands, unit == "minor"
	f.settle()
	return nil
}

// attributes reads the attributes, in the order of the file.
func (d document) attributes(node ast.Node, m *Mapping) error {
	return d.Members(node, "attributes", func(key string, _ yamldoc.Place, value ast.Node) error {
		m.attributes = append(m.attributes, source{})
		return d.optional(attributePrefix+key, &m.attributes[len(m.attributes)-1])(value)
	})
}

// label reads the column of the label, and which texts in it mean what.
func (d document) label(node ast.Node, m *Mapping) error {
	var fraud, legitimate []string
	byDefault := func(node ast.Node) error {
		text, err := d.Text(node, "label.default")
		if err != nil {
			return err
		}
		var ok bool
		if m.labelDefault, ok = ParseLabel(text); !ok {
			return d.Mistake(yamldoc.PlaceOf(node), "label.default: %q is neither fraud nor legitimate", text)
		}
		return nil
	}
	list := func(what string, to *[]string) func(ast.Node) error {
		return func(node ast.Node) (err error) {
			*to, err = d.Texts(node, what)
			return err
		}
	}
	if err := d.source(node, "label", &m.label, 0, yamldoc.Keys{
		"fraud":      list("label.fraud", &fraud),
		"legitimate": list("label.legitimate", &legitimate),
		"default":    byDefault,
	}); err != nil {
		return err
	}
	switch {
	case fraud == nil && legitimate == nil:
		return nil
	case fraud == nil || legitimate == nil:
		return d.Mistake(m.label.at, "label: needs both fraud and legitimate, or neither")
	}
	m.labels = make(map[string]Label)
	for _, text := range fraud {
		m.labels[text] = Fraud
	}
	for _, text := range legitimate {
		if slices.Contains(fraud, text) {
			return d.Mistake(m.label.at, "label: %q is listed both as fraud and as legitimate", text)
		}
		m.labels[text] = Legitimate
	}
	return nil
}

package history

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/payment"
)

// coded reads a source whose texts stand for the values of a closed set: those that parse knows, or those of a table
// that the mapping gives under values.
func coded[T any](d *document, node ast.Node, s *source, field, want string, parse func(string) (T, bool), table *map[string]T, value *T) error {
	one := func(node ast.Node, what string) (v T, err error) {
		text, err := d.text(node, what)
		if err != nil {
			return v, err
		}
		v, ok := parse(text)
		if !ok {
			return v, d.mistake(placeOf(node.GetToken()), "%s: %q is not %s", what, text, want)
		}
		return v, nil
	}
	into := func(what string, isSet *bool) func(ast.Node) error {
		return func(node ast.Node) (err error) {
			*isSet = true
			*value, err = one(node, what)
			return err
		}
	}
	var constant, fallback, values bool
	err := d.source(node, field, s, openEnded, keys{
		"value":   into(field+".value", &constant),
		"default": into(field+".default", &fallback),
		"values": func(node ast.Node) error {
			values = true
			*table = make(map[string]T)
			return d.members(node, field+".values", func(key string, _ place, node ast.Node) (err error) {
				(*table)[key], err = one(node, field+".values."+key)
				return err
			})
		},
	})
	switch {
	case err != nil:
		return err
	case constant && (s.column != "" || fallback || values || s.prefix != "" || s.missing != nil):
		return d.mistake(s.at, "%s: value is the same for every row, so nothing else can stand beside it", field)
	case !constant && s.column == "":
		return d.mistake(s.at, "%s: needs a column or a value", field)
	}
	return nil
}

// timestamp reads the column of the event time, and how the time is written.
func (d *document) timestamp(node ast.Node, m *Mapping) error {
	var format, zone, since string
	var formatAt, zoneAt, sinceAt place
	if err := d.source(node, "timestamp", &m.time, 0, keys{
		"format": d.placed("timestamp.format", &format, &formatAt),
		"zone":   d.placed("timestamp.zone", &zone, &zoneAt),
		"since":  d.placed("timestamp.since", &since, &sinceAt),
	}); err != nil {
		return err
	}
	f, err := parseTimeFormat(format)
	if err != nil {
		return d.mistake(formatAt, "timestamp.format: %v", err)
	}
	m.timeFormat = f
	switch {
	case f.needsSince && since == "":
		return d.mistake(formatAt, "timestamp.format: %s need to know what they count from: add since: 2017-12-01T00:00:00Z", format)
	case !f.needsSince && since != "":
		return d.mistake(sinceAt, "timestamp.since: only seconds, minutes, hours and days count from a time of your own")
	case since != "":
		if m.timeFormat.since, err = payment.ParseTime(since); err != nil {
			return d.mistake(sinceAt, "timestamp.since: %s", reasonOf(err))
		}
	}
	if zone == "" {
		m.timeFormat.zone = localZone{name: "UTC"}
		return nil
	}
	if f.ops == nil || f.zoned {
		return d.mistake(zoneAt, "timestamp.zone: the format says the zone already: leave it out")
	}
	if m.timeFormat.zone, err = parseZone(zone); err != nil {
		return d.mistake(zoneAt, "timestamp.zone: %v: write an IANA name such as Europe/Berlin, or an offset such as +01:00", err)
	}
	return nil
}

// amount reads the column of the amount, and how the number is written.
func (d *document) amount(node ast.Node, m *Mapping) error {
	decimal, thousands, unit, divisor, round := ".", "", "", "", false
	var decimalAt, thousandsAt, unitAt, divisorAt place
	if err := d.source(node, "amount", &m.amount, 0, keys{
		"decimal":   d.placed("amount.decimal", &decimal, &decimalAt),
		"thousands": d.placed("amount.thousands", &thousands, &thousandsAt),
		"unit":      d.placed("amount.unit", &unit, &unitAt),
		"divisor":   d.placed("amount.divisor", &divisor, &divisorAt),
		"round":     d.flag("amount.round", &round),
	}); err != nil {
		return err
	}
	places := 0
	switch {
	case decimal != "." && decimal != ",":
		return d.mistake(decimalAt, `amount.decimal: must be "." or ","`)
	case thousands == decimal || strings.ContainsAny(thousands, "0123456789+-eE") || len([]rune(thousands)) > 1:
		return d.mistake(thousandsAt, "amount.thousands: must be one character that is no digit, no sign and not the decimal mark %q", decimal)
	case unit != "" && unit != "major" && unit != "minor":
		return d.mistake(unitAt, "amount.unit: must be major (dollars) or minor (cents)")
	case divisor != "" && unit == "minor":
		return d.mistake(divisorAt, "amount.divisor: unit: minor divides already: keep one")
	case divisor != "":
		n, err := strconv.ParseUint(divisor, 10, 64)
		for ; err == nil && n > 1 && n%10 == 0; n /= 10 {
			places++
		}
		if err != nil || n != 1 || places == 0 {
			return d.mistake(divisorAt, "amount.divisor: must be a power of ten, such as 100")
		}
	}
	m.money = moneyForm{
		form:   numberForm{decimal: decimal[0], thousands: thousands},
		minor:  unit == "minor",
		places: places,
		round:  round,
	}
	m.money.plain = decimal == "." && thousands == "" && unit != "minor" && places == 0
	return nil
}

// attributes reads the attributes, in the order of the file.
func (d *document) attributes(node ast.Node, m *Mapping) error {
	return d.members(node, "attributes", func(key string, _ place, value ast.Node) error {
		m.attributes = append(m.attributes, source{})
		return d.optional(attributePrefix+key, &m.attributes[len(m.attributes)-1])(value)
	})
}

// label reads the column of the label, and which texts in it mean what.
func (d *document) label(node ast.Node, m *Mapping) error {
	var fraud, legitimate []string
	list := func(what string, to *[]string) func(ast.Node) error {
		return func(node ast.Node) (err error) {
			*to, err = d.texts(node, what)
			return err
		}
	}
	if err := d.source(node, "label", &m.label, 0, keys{
		"fraud":      list("label.fraud", &fraud),
		"legitimate": list("label.legitimate", &legitimate),
	}); err != nil {
		return err
	}
	switch {
	case fraud == nil && legitimate == nil:
		return nil
	case fraud == nil || legitimate == nil:
		return d.mistake(m.label.at, "label: needs both fraud and legitimate, or neither")
	}
	m.labels = make(map[string]Label)
	for _, text := range fraud {
		m.labels[text] = Fraud
	}
	for _, text := range legitimate {
		if slices.Contains(fraud, text) {
			return d.mistake(m.label.at, "label: %q is listed both as fraud and as legitimate", text)
		}
		m.labels[text] = Legitimate
	}
	return nil
}

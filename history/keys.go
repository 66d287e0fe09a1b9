package history

import (
	"github.com/weir-fraud/weir/yamldoc"

	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// mappingKeys are the keys of a mapping file.
func (d document) mappingKeys(m *Mapping) yamldoc.Keys {
	return yamldoc.Keys{
		"format": func(node ast.Node) error {
			i, err := d.Choice(node, "format", formatNames[1:]...)
			m.format, m.formatAt = Format(i+1), yamldoc.PlaceOf(node)
			return err
		},
		"encoding": func(node ast.Node) error {
			i, err := d.Choice(node, "encoding", encodingNames[:]...)
			m.encoding = encoding(i)
			return err
		},
		"delimiter":  func(node ast.Node) error { return d.delimiter(node, m) },
		"skip_lines": func(node ast.Node) error { return d.skipLines(node, m) },
		"columns": func(node ast.Node) (err error) {
			m.columns, err = d.Texts(node, "columns")
			m.columnsAt = yamldoc.PlaceOf(node)
			return err
		},
		"trim": d.Flag("trim", &m.trim),
		"missing": func(node ast.Node) (err error) {
			m.missing, err = d.Texts(node, "missing")
			return err
		},
		"transaction_id": func(node ast.Node) error { return d.id(node, m) },
		"timestamp":      func(node ast.Node) error { return d.timestamp(node, m) },
		"account_id": func(node ast.Node) error {
			return d.source(node, "account_id", &m.account, mayBeConstant, nil)
		},
		"transaction_type": func(node ast.Node) error { return d.kind(node, m) },
		"amount":           func(node ast.Node) error { return d.amount(node, m) },
		"currency":         func(node ast.Node) error { return d.cash(node, m) },
		"merchant": func(node ast.Node) error {
			return d.Object(node, "merchant", yamldoc.Keys{
				"name":     d.optional("merchant.name", &m.name),
				"category": d.optional("merchant.category", &m.category),
				"location": func(node ast.Node) error {
					return d.Object(node, "merchant.location", yamldoc.Keys{
						"latitude":  d.number("merchant.location.latitude", &m.latitude),
						"longitude": d.number("merchant.location.longitude", &m.longitude),
						"decimal":   d.decimal("merchant.location.decimal", &m.degree.decimal),
					})
				},
			})
		},
		"attributes": func(node ast.Node) error { return d.attributes(node, m) },
		"label":      func(node ast.Node) error { return d.label(node, m) },
		"pattern": func(node ast.Node) error {
			return d.source(node, "pattern", &m.pattern, 0, nil)
		},
	}
}

// sourceOption says what besides a column a source may have.
type sourceOption uint8

const (
	mayBeConstant sourceOption = 1 << iota
	mayDefault
	openEnded // the reader of the field checks what there must be
)

// optional returns a reader of a field of free text.
func (d document) optional(field string, s *source) func(ast.Node) error {
	return func(node ast.Node) error { return d.source(node, field, s, mayBeConstant|mayDefault, nil) }
}

// number returns a reader of a field that only a column can give.
func (d document) number(field string, s *source) func(ast.Node) error {
	return func(node ast.Node) error { return d.source(node, field, s, 0, nil) }
}

// source reads where a field comes from: the name of a column, or an object with the column or the constant and what
// else belongs to the field.
func (d document) source(node ast.Node, field string, s *source, options sourceOption, more yamldoc.Keys) error {
	s.field, s.at = field, yamldoc.PlaceOf(node)
	if _, plain := yamldoc.Scalar(node); plain {
		return d.Into(field, &s.column)(node)
	}
	if t := node.Type(); t != ast.MappingType && t != ast.MappingValueType {
		return d.Mistake(s.at, "%s: needs the name of a column, or keys such as column", field)
	}
	known := yamldoc.Keys{
		"column":       d.placed(field+".column", &s.column, &s.at),
		"strip_prefix": d.Into(field+".strip_prefix", &s.prefix),
		"missing": func(node ast.Node) (err error) {
			s.missing, err = d.Texts(node, field+".missing")
			return err
		},
	}
	if options&mayBeConstant != 0 {
		known["value"] = d.placed(field+".value", &s.constant, &s.at)
	}
	if options&mayDefault != 0 {
		known["default"] = d.Into(field+".default", &s.fallback)
	}
	for key, read := range more {
		known[key] = read
	}
	if err := d.Object(node, field, known); err != nil {
		return err
	}
	switch {
	case s.column != "" && s.constant != "":
		return d.Mistake(s.at, "%s: has both column and value: keep one", field)
	case s.constant != "" && (s.prefix != "" || s.missing != nil || s.fallback != ""):
		return d.Mistake(s.at, "%s: value is the same for every row, so nothing else can stand beside it", field)
	case s.column == "" && s.constant == "" && options&openEnded == 0:
		return d.Mistake(s.at, "%s: names no column: add column: NAME", field)
	}
	return nil
}

// placed is into, and notes where the text stands.
func (d document) placed(what string, to *string, at *yamldoc.Place) func(ast.Node) error {
	return func(node ast.Node) error {
		*at = yamldoc.PlaceOf(node)
		return d.Into(what, to)(node)
	}
}

func (d document) delimiter(node ast.Node, m *Mapping) error {
	s, err := d.Text(node, "delimiter")
	if err != nil {
		return err
	}
	if s == "tab" {
		s = "\t"
	}
	if len(s) != 1 || s[0] >= utf8.RuneSelf || strings.ContainsAny(s, "\"\r\n") {
		return d.Mistake(yamldoc.PlaceOf(node), "delimiter: must be one ASCII character, such as \";\", or tab")
	}
	m.delimiter, m.delimiterAt = s[0], yamldoc.PlaceOf(node)
	return nil
}

func (d document) skipLines(node ast.Node, m *Mapping) error {
	s, err := d.Text(node, "skip_lines")
	if err != nil {
		return err
	}
	m.skipLinesAt = yamldoc.PlaceOf(node)
	if m.skipLines, err = strconv.Atoi(s); err != nil || m.skipLines < 1 {
		return d.Mistake(m.skipLinesAt, "skip_lines: must be the number of lines before the header, such as 3")
	}
	return nil
}

func (d document) id(node ast.Node, m *Mapping) error {
	var template string
	at := yamldoc.PlaceOf(node)
	if err := d.source(node, "transaction_id", &m.id, openEnded, yamldoc.Keys{
		"template": d.placed("transaction_id.template", &template, &at),
	}); err != nil {
		return err
	}
	switch {
	case template == "" && m.id.column == "":
		return d.Mistake(at, "transaction_id: needs a column or a template")
	case template == "":
		return nil
	case m.id.column != "" || m.id.prefix != "" || m.id.missing != nil:
		return d.Mistake(at, "transaction_id: a template makes the whole id, so nothing else can stand beside it")
	}
	m.id.at = at
	var err error
	if m.template, err = parseTemplate(template); err != nil {
		return d.Mistake(at, "transaction_id.template: %v", err)
	}
	return nil
}

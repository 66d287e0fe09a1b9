package feedback

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
)

// Decode returns the label that data holds: one JSON object with nothing but white space around it. Members it does not
// know are ignored. An error is always a *[FieldError]. The label keeps nothing of data.
//
// Labels are few, so this reads with encoding/json, and sees to what that is lenient about: members given twice or in
// another case, text that is not UTF-8, and numbers that a float cannot hold.
func Decode(data []byte) (Label, error) {
	d := decoder{given: make(map[string]bool)}
	if ferr := d.document(data); ferr != nil {
		return Label{}, ferr
	}
	return d.label, nil
}

type decoder struct {
	label  Label
	given  map[string]bool // the fields that were given: whether they have a value, or are null
	amount string          // to be understood once the currency is known, which may come later
}

// fields are the members of the document, with what reads the value of each. A null is never read.
var fields = [...]struct {
	path     string
	required bool
	read     func(*decoder, value) *FieldError
}{
	{pathID, true, func(d *decoder, v value) *FieldError { return v.text(pathID, &d.label.ID) }},
	{pathTime, true, func(d *decoder, v value) *FieldError { return v.time(pathTime, &d.label.Time) }},
	{pathTransactionID, true, func(d *decoder, v value) *FieldError { return v.text(pathTransactionID, &d.label.TransactionID) }},
	{pathAccountID, true, func(d *decoder, v value) *FieldError { return v.text(pathAccountID, &d.label.AccountID) }},
	{pathTransactionTime, true, func(d *decoder, v value) *FieldError { return v.time(pathTransactionTime, &d.label.TransactionTime) }},
	{pathAmount, true, (*decoder).readAmount},
	{pathCurrency, true, (*decoder).readCurrency},
	{pathEntities, false, (*decoder).readEntities},
	{pathMarks, false, (*decoder).readMarks},
	{pathLabel, true, (*decoder).readLabel},
	{pathSource, true, (*decoder).readSource},
	{pathBy, false, func(d *decoder, v value) *FieldError { return v.text(pathBy, &d.label.By) }},
	{pathAlertID, false, func(d *decoder, v value) *FieldError { return v.text(pathAlertID, &d.label.AlertID) }},
	{pathNote, false, func(d *decoder, v value) *FieldError { return v.text(pathNote, &d.label.Note) }},
}

func (d *decoder) document(data []byte) *FieldError {
	if len(data) > MaxDocumentBytes {
		return tooLong("", len(data), MaxDocumentBytes)
	}
	if ferr := checkDepth(data); ferr != nil {
		return ferr
	}
	var root value
	if err := json.Unmarshal(data, (*json.RawMessage)(&root)); err != nil {
		return syntax(err)
	}
	if root.kind() != "an object" {
		return root.wrongType("", "a JSON object")
	}
	all, ferr := root.members()
	if ferr != nil {
		return ferr
	}
	for _, m := range all {
		if ferr := d.member(m); ferr != nil {
			return ferr
		}
	}
	if ferr := root.checkUTF8(""); ferr != nil { // of the members that were ignored, and of keys
		return ferr
	}
	for _, f := range fields {
		if f.required && !d.given[f.path] {
			return missing(f.path)
		}
	}
	var err error
	if d.label.Amount, err = payment.ParseAmount(d.amount, d.label.Currency); err != nil {
		return blame(pathAmount, err)
	}
	return d.label.check()
}

// member reads m if it is a field.
func (d *decoder) member(m member) *FieldError {
	for _, f := range fields {
		if f.path != m.key {
			continue
		}
		if _, again := d.given[m.key]; again {
			return twice(m.key)
		}
		null := m.value.kind() == "null"
		d.given[m.key] = !null
		if null {
			return nil
		}
		return f.read(d, m.value)
	}
	return nil
}

func (d *decoder) readAmount(v value) *FieldError {
	switch v.kind() {
	case "a number":
		d.amount = string(v)
		return nil
	case "a string":
		return fault(pathAmount, payment.KindType, "must be a number, is a string: write it without quotation marks")
	}
	return v.wrongType(pathAmount, "a number")
}

func (d *decoder) readCurrency(v value) *FieldError {
	var s string
	if ferr := v.word(pathCurrency, &s); ferr != nil {
		return ferr
	}
	var ok bool
	if d.label.Currency, ok = payment.ParseCurrency(s); !ok {
		return fault(pathCurrency, payment.KindValue, "%s is not an ISO 4217 code in upper case", payment.Quote(s))
	}
	return nil
}

func (d *decoder) readLabel(v value) *FieldError {
	var s string
	if ferr := v.word(pathLabel, &s); ferr != nil {
		return ferr
	}
	var ok bool
	if d.label.Verdict, ok = ParseVerdict(s); !ok {
		return fault(pathLabel, payment.KindValue, "%s is not fraud, legitimate, unsure or withdrawn", payment.Quote(s))
	}
	return nil
}

func (d *decoder) readSource(v value) *FieldError {
	var s string
	if ferr := v.word(pathSource, &s); ferr != nil {
		return ferr
	}
	var ok bool
	if d.label.Source, ok = ParseSource(s); !ok {
		return fault(pathSource, payment.KindValue, "%s is not analyst, chargeback, customer or import", payment.Quote(s))
	}
	return nil
}

func (d *decoder) readEntities(v value) *FieldError {
	if v.kind() != "an object" {
		return v.wrongType(pathEntities, "an object")
	}
	all, ferr := v.members()
	if ferr != nil {
		return ferr
	}
	if len(all) > MaxEntities {
		return fault(pathEntities, payment.KindSize, "are more than %d", MaxEntities)
	}
	seen := make(map[string]bool)
	for _, m := range all {
		if ferr := checkEntityName(m.key); ferr != nil {
			return ferr
		}
		if seen[m.key] {
			return twice(entityPath(m.key))
		}
		seen[m.key] = true
		if m.value.kind() == "null" {
			continue
		}
		var key string
		if ferr := m.value.text(entityPath(m.key), &key); ferr != nil {
			return ferr
		}
		if key == "" {
			continue
		}
		if d.label.Entities == nil {
			d.label.Entities = make(map[string]string)
		}
		d.label.Entities[m.key] = key
	}
	return nil
}

func (d *decoder) readMarks(v value) *FieldError {
	if v.kind() != "an array" {
		return v.wrongType(pathMarks, "an array")
	}
	var all []json.RawMessage
	if err := json.Unmarshal(v, &all); err != nil {
		return syntax(err)
	}
	for i, element := range all {
		var mark string
		if ferr := value(element).text(pathMarks+"["+strconv.Itoa(i)+"]", &mark); ferr != nil {
			return ferr
		}
		d.label.Marks = append(d.label.Marks, mark)
	}
	return nil
}

// value is one value of a valid JSON document, without white space around it.
type value json.RawMessage

type member struct {
	key   string
	value value
}

// kind returns what v is, in words.
func (v value) kind() string {
	switch v[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func (v value) wrongType(path, want string) *FieldError {
	return fault(path, payment.KindType, "must be %s, is %s", want, v.kind())
}

// members returns the members of an object in their order. encoding/json's maps would lose those given twice.
func (v value) members() ([]member, *FieldError) {
	d := json.NewDecoder(bytes.NewReader(v))
	if _, err := d.Token(); err != nil {
		return nil, syntax(err)
	}
	var all []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, syntax(err)
		}
		m := member{key: key.(string)} // the key of an object is always a string
		if err := d.Decode((*json.RawMessage)(&m.value)); err != nil {
			return nil, syntax(err)
		}
		all = append(all, m)
	}
	return all, nil
}

// text reads a string, which may be empty.
func (v value) text(path string, s *string) *FieldError {
	if v.kind() != "a string" {
		return v.wrongType(path, "a string")
	}
	if ferr := v.checkUTF8(path); ferr != nil {
		return ferr
	}
	if err := json.Unmarshal(v, s); err != nil {
		return syntax(err)
	}
	return nil
}

// word reads a string that is not empty.
func (v value) word(path string, s *string) *FieldError {
	ferr := v.text(path, s)
	if ferr == nil && *s == "" {
		return empty(path)
	}
	return ferr
}

func (v value) time(path string, t *payment.Time) *FieldError {
	var s string
	if ferr := v.word(path, &s); ferr != nil {
		return ferr
	}
	var err error
	if *t, err = payment.ParseTime(s); err != nil {
		return blame(path, err)
	}
	return nil
}

// checkUTF8 refuses what encoding/json replaces by U+FFFD: bytes that are not UTF-8, and escapes of half a surrogate
// pair.
func (v value) checkUTF8(path string) *FieldError {
	if !utf8.Valid(v) {
		return notUTF8(path)
	}
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' {
			continue
		}
		i++
		if v[i] != 'u' {
			continue
		}
		r := hex4(v[i+1:])
		i += 4
		if !utf16.IsSurrogate(r) {
			continue
		}
		if next := v[i+1:]; next[0] != '\\' || next[1] != 'u' || utf16.DecodeRune(r, hex4(next[2:])) == utf8.RuneError {
			return fault(path, payment.KindUTF8, `has half a surrogate pair, \u%04x`, r)
		}
		i += 6
	}
	return nil
}

// hex4 returns the number that the four hexadecimal digits at the start of v are.
func hex4(v []byte) rune {
	n, err := strconv.ParseUint(string(v[:4]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}

// checkDepth bounds the recursion of everything that reads data after it, so data need not be JSON yet.
func checkDepth(data []byte) *FieldError {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return fault("", payment.KindSize, "is nested more than %d levels deep at byte %d", MaxDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// syntax turns an error of encoding/json into one of the document.
func syntax(err error) *FieldError {
	var serr *json.SyntaxError
	if errors.As(err, &serr) {
		return fault("", payment.KindSyntax, "not valid JSON in the first %d bytes: %s", serr.Offset, serr.Error())
	}
	return fault("", payment.KindSyntax, "not valid JSON: %v", err)
}

package payment

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// FieldError says why something is not a legal Transaction. Every error of this package that concerns an input is a
// *FieldError.
type FieldError struct {
	// Field is the dotted path of the field: amount, merchant.location.latitude, attributes.device_id. It is empty
	// where the document as a whole is at fault.
	Field string
	// Kind is the reason in one word, for counting.
	Kind Kind
	// Reason is the reason in words, to be read after the field's name: "has 3 decimal digits, USD has 2".
	Reason string
}

// Error returns "transaction: amount: has 3 decimal digits, USD has 2".
func (e *FieldError) Error() string {
	if e.Field == "" {
		return "transaction: " + e.Reason
	}
	return "transaction: " + e.Field + ": " + e.Reason
}

// Kind classifies the reasons of a [FieldError]. The set is closed and small, fit for a metric's label.
type Kind uint8

// The kinds of reasons.
const (
	KindSyntax    Kind = iota + 1 // the document is not JSON
	KindMissing                   // a required field is missing, null or empty
	KindType                      // another JSON type than the field's
	KindFormat                    // text that is not of the field's form, such as a timestamp without a zone
	KindValue                     // not one of the values the field may have
	KindRange                     // below or above what is allowed
	KindPrecision                 // more decimal digits than the currency has
	KindSize                      // too many bytes, attributes, or levels of nesting
	KindUTF8                      // bytes that are not UTF-8, or half a surrogate pair
	KindControl                   // a control character where none may stand
	KindDuplicate                 // a field or an attribute given twice
)

var kindNames = [...]string{
	KindSyntax: "syntax", KindMissing: "missing", KindType: "type", KindFormat: "format", KindValue: "value",
	KindRange: "range", KindPrecision: "precision", KindSize: "size", KindUTF8: "utf8", KindControl: "control",
	KindDuplicate: "duplicate",
}

// NumKinds is one more than the last kind, the length of an array indexed by Kind.
const NumKinds = len(kindNames)

// String returns the kind's name, one lower-case word.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Kinds returns all kinds there are.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kindNames)-1)
	for k := KindSyntax; int(k) < len(kindNames); k++ {
		all = append(all, k)
	}
	return all
}

func fault(path string, kind Kind, format string, args ...any) *FieldError {
	return &FieldError{Field: path, Kind: kind, Reason: fmt.Sprintf(format, args...)}
}

// Quote returns text of a record or a file in quotation marks, cut to a length that a log line and a Kafka header bear.
func Quote(s string) string {
	const most = 40
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}

package history

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// RowError says why one row is not a Record. Reading can go on with the next row.
type RowError struct {
	Path   string // the file, as it was given to [Open]
	Row    int64  // the row's number in the file, see [Record]
	Line   int64  // the line the row starts in, counted from 1, the header's included
	Field  string // the field of the transaction that is at fault, such as amount, or "" for the row as a whole
	Column string // the column the field is read from, or ""
	Reason string // the reason in words, to be read after the field's name
}

// Error returns "payments.csv: row 17 (line 18): amount, from column AMT: "n/a" is not a number".
func (e *RowError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: row %d (line %d): ", e.Path, e.Row, e.Line)
	if e.Field != "" {
		b.WriteString(e.Field)
		if e.Column != "" {
			b.WriteString(", from column " + e.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Reason)
	return b.String()
}

// reasonOf returns the reason of an error of package payment without the field's name, "" for no error.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*payment.FieldError](err); ok {
		return e.Reason
	}
	return err.Error()
}

// fieldOf returns the field that an error of package payment names, or "".
func fieldOf(err error) string {
	if e, ok := errors.AsType[*payment.FieldError](err); ok {
		return e.Field
	}
	return ""
}

// kindOf returns the kind of an error of package payment, 0 for no error.
func kindOf(err error) payment.Kind {
	if e, ok := errors.AsType[*payment.FieldError](err); ok {
		return e.Kind
	}
	return 0
}

// missingHint is added to the reason where a text that should be a number has no digit in it.
func missingHint(s string) string {
	if strings.ContainsAny(s, "0123456789") {
		return ""
	}
	return " (if it stands for no value, list it under missing in the mapping)"
}

package history

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// maxRaw is how much of a row that is too long a RowError keeps.
const maxRaw = 4 << 10

// RowError says why one row is not a Record. Reading can go on with the next row.
type RowError struct {
	Path   string // the file, as it was given to [Open]
	Row    int64  // the row's number in the file, see [Record]
	Line   int64  // the line the row starts in, counted from 1, the header's included; 0 for Parquet, which has none
	Field  string // the field of the transaction that is at fault, such as amount, or "" for the row as a whole
	Column string // the column the field is read from, or ""
	Kind   payment.Kind
	Reason string // the reason in words, to be read after the field's name
	// Raw is the row as the file has it: the text of a CSV row or of a JSON line, without its line end. Of a row that
	// is too long it is the beginning, of Parquet the columns that the mapping reads, as a JSON object.
	Raw string
}

// Error returns "payments.csv: row 17 (line 18): amount, from column AMT: "n/a" is not a number".
func (e *RowError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: row %d: ", e.Path, e.Row)
	if e.Line > 0 {
		b.Reset()
		fmt.Fprintf(&b, "%s: row %d (line %d): ", e.Path, e.Row, e.Line)
	}
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

// flaw is what is wrong with one value. The zero flaw is none.
type flaw struct {
	kind   payment.Kind
	reason string
}

// none reports whether nothing is wrong.
func (f flaw) none() bool { return f.kind == 0 }

// flawed returns a flaw in words.
func flawed(kind payment.Kind, format string, args ...any) flaw {
	return flaw{kind: kind, reason: fmt.Sprintf(format, args...)}
}

// flawOf returns what an error of package payment says, without the field's name.
func flawOf(err error) flaw {
	if err == nil {
		return flaw{}
	}
	if e, ok := errors.AsType[*payment.FieldError](err); ok {
		return flaw{kind: e.Kind, reason: e.Reason}
	}
	return flaw{kind: payment.KindSyntax, reason: err.Error()}
}

// fault is why a row is no Record: a flaw, and where it is. The zero fault is none.
type fault struct {
	flaw
	field  string
	column string
}

// faultOf returns the fault of an error of package payment.
func faultOf(err error) fault { return fault{flaw: flawOf(err), field: fieldOf(err)} }

// error returns the fault of a row as the reader hands it out. The path is added there.
func (f fault) error(row, line int64, raw string) *RowError {
	return &RowError{Row: row, Line: line, Field: f.field, Column: f.column, Kind: f.kind, Reason: f.reason, Raw: raw}
}

// fieldOf returns the field that an error of package payment names, or "".
func fieldOf(err error) string {
	if e, ok := errors.AsType[*payment.FieldError](err); ok {
		return e.Field
	}
	return ""
}

// missingHint is added to the reason where a text that should be a number has no digit in it.
func missingHint(s string) string {
	if strings.ContainsAny(s, "0123456789") {
		return ""
	}
	return " (if it stands for no value, list it under missing in the mapping)"
}

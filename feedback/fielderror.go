package feedback

import (
	"errors"
	"fmt"

	"github.com/weir-fraud/weir/payment"
)

// FieldError says why something is not a legal Label. Its kinds are those of a transaction, so that both can be counted
// alike. Errors of [Decode] and [Label.Validate] are of this type.
type FieldError struct {
	payment.FieldError // Field is a path such as amount or entities.merchant
}

// Error returns "feedback: amount: has 3 decimal digits, USD has 2".
func (e *FieldError) Error() string {
	if e.Field == "" {
		return "feedback: " + e.Reason
	}
	return "feedback: " + e.Field + ": " + e.Reason
}

// Unwrap makes the reason reachable for those who handle every refused event alike.
func (e *FieldError) Unwrap() error { return &e.FieldError }

func fault(path string, kind payment.Kind, format string, args ...any) *FieldError {
	return &FieldError{payment.FieldError{Field: path, Kind: kind, Reason: fmt.Sprintf(format, args...)}}
}

// blame turns an error of package payment into one of the field at path.
func blame(path string, err error) *FieldError {
	var ferr *payment.FieldError
	if !errors.As(err, &ferr) {
		return fault(path, payment.KindValue, "%v", err)
	}
	return &FieldError{payment.FieldError{Field: path, Kind: ferr.Kind, Reason: ferr.Reason}}
}

func missing(path string) *FieldError { return fault(path, payment.KindMissing, "is missing") }

func empty(path string) *FieldError { return fault(path, payment.KindMissing, "is empty") }

func twice(path string) *FieldError { return fault(path, payment.KindDuplicate, "is given twice") }

func tooLong(path string, size, most int) *FieldError {
	return fault(path, payment.KindSize, "has %d bytes, at most %d are allowed", size, most)
}

package expression

import "fmt"

// Error is why an expression is refused. Its message says what to write instead.
type Error struct {
	Column  int // where, counted in characters from 1
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Message) }

func fail(column int, format string, args ...any) error {
	return &Error{Column: column, Message: fmt.Sprintf(format, args...)}
}

package database

import (
	"context"
	"database/sql"
	"strings"
)

// How many rows one statement has: few sizes, since a database keeps the plan of each statement that it has seen.
var batchSizes = [...]int{256, 64, 16, 4, 1}

// insert inserts rows of so many columns each, and returns how many it has written. The statement is head, VALUES with the
// rows, and tail.
func (t *tx) insert(ctx context.Context, head, tail string, columns int, values []any) (written int64, err error) {
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	for len(values) > 0 {
		n := len(values) / columns
		for _, size := range batchSizes {
			if size <= n {
				n = size
				break
			}
		}
		few, err := t.exec(ctx, head+" VALUES "+row+strings.Repeat(", "+row, n-1)+" "+tail, values[:n*columns]...)
		if err != nil {
			return written, err
		}
		written += few
		values = values[n*columns:]
	}
	return written, nil
}

// eachIn calls scan with the rows of a query that ends with a list of values, which is cut into pieces.
func eachIn[T any](ctx context.Context, d *DB, q querier, scan func(r *sql.Rows) error, query, tail string, values []T) error {
	for len(values) > 0 {
		size := batchSizes[0]
		for _, s := range batchSizes {
			if s >= len(values) {
				size = s
			}
		}
		n := min(size, len(values))
		args := make([]any, size)
		for i := range args { // what fills the list up is in it already
			args[i] = values[min(i, n-1)]
		}
		if err := d.each(ctx, q, scan, query+" IN (?"+strings.Repeat(", ?", size-1)+")"+tail, args...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

package database

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// Order is what comes first in a queue.
type Order string

// The orders.
const (
	ByRisk   Order = "risk"   // the most severe, of these the highest score
	ByMoney  Order = "money"  // the most money at risk
	ByAge    Order = "age"    // the last that an alert joined
	ByClosed Order = "closed" // closed cases, the last first
)

// sorting is how an order sorts: by columns, all of them downwards, of which the last is the case's number.
type sorting struct {
	columns []string
	values  func(c *cases.Case) []any
	closed  bool
}

var sortings = map[Order]sorting{
	ByRisk:   {[]string{"severity", "score", "case_id"}, func(c *cases.Case) []any { return []any{int(c.Severity), c.Score, c.ID} }, false},
	ByMoney:  {[]string{"at_risk", "case_id"}, func(c *cases.Case) []any { return []any{c.AtRisk, c.ID} }, false},
	ByAge:    {[]string{"touched", "case_id"}, func(c *cases.Case) []any { return []any{int64(c.Touched), c.ID} }, false},
	ByClosed: {[]string{"closed_at", "case_id"}, func(c *cases.Case) []any { return []any{int64(c.ClosedAt), c.ID} }, true},
}

// ParseOrder returns the Order with the given name.
func ParseOrder(name string) (Order, bool) {
	_, ok := sortings[Order(name)]
	return Order(name), ok
}

// Filter says which cases a queue holds. The zero Filter holds all that are not closed and not snoozed.
type Filter struct {
	Order     Order // ByRisk if empty
	Now       payment.Time
	Snoozed   bool             // those that are snoozed instead
	Owner     string           // claimed by this person
	Free      bool             // claimed by nobody
	Severity  scoring.Severity // at least
	AccountID string
}

// Page returns cases of a queue behind the given one, the first if it is nil. The page holds for as long as nobody changes
// what the order goes by: a case that moves up is on an earlier page then, and not twice on this one.
func (d *DB) Page(ctx context.Context, f Filter, after *cases.Case, limit int) ([]cases.Case, error) {
	query, args, err := f.page(after, limit)
	if err != nil {
		return nil, err
	}
	return d.cases(ctx, query, args...)
}

// page returns the statement of a page and its arguments.
func (f *Filter) page(after *cases.Case, limit int) (query string, args []any, err error) {
	s, ok := sortings[cmp.Or(f.Order, ByRisk)]
	if !ok {
		return "", nil, fmt.Errorf("there is no order %q", f.Order)
	}
	where, args := f.conditions(s.closed)
	columns := strings.Join(s.columns, ", ")
	if f.few() {
		columns = "+" + strings.Join(s.columns, ", +") // no index of the order: nearly all that it has would be passed over
	}
	if after != nil {
		// (a, b, c) < (x, y, z), which both databases look up in the index.
		where = append(where, "("+columns+") < (?"+strings.Repeat(", ?", len(s.columns)-1)+")")
		args = append(args, s.values(after)...)
	}
	return `SELECT ` + caseColumns + ` FROM cases WHERE ` + strings.Join(where, " AND ") + ` ORDER BY ` + strings.ReplaceAll(columns, ",", " DESC,") + ` DESC LIMIT ?`,
		append(args, limit), nil
}

// few reports whether the filter leaves so few cases that they are looked up, and then sorted.
func (f *Filter) few() bool { return f.Snoozed || f.Owner != "" || f.AccountID != "" }

func (d *DB) cases(ctx context.Context, query string, args ...any) (list []cases.Case, err error) {
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var c cases.Case
		err := scanCase(r, &c)
		list = append(list, c)
		return err
	}, query, args...)
	return list, err
}

func (f *Filter) conditions(closed bool) (where []string, args []any) {
	add := func(condition string, values ...any) { where, args = append(where, condition), append(args, values...) }
	if closed {
		add("state = 3")
	} else {
		add("state < 3")
		if f.Snoozed {
			add("snoozed_until > 0 AND snoozed_until > ?", // the first is what the index asks for
				int64(f.Now))
		} else {
			add("snoozed_until <= ?", int64(f.Now))
		}
	}
	if f.Owner != "" {
		add("owner <> '' AND owner = ? AND owned_until > ?", // as above
			f.Owner, int64(f.Now))
	}
	if f.Free {
		add("owned_until <= ?", int64(f.Now))
	}
	if f.Severity > scoring.Low {
		add("severity >= ?", int(f.Severity))
	}
	if f.AccountID != "" {
		add("account_id = ?", f.AccountID)
	}
	return where, args
}

// Size counts the cases of a queue, up to a limit: nobody reads the difference between 10,000 and a million.
func (d *DB) Size(ctx context.Context, f Filter, limit int) (n int, err error) {
	query, args := f.size(limit)
	err = d.sql.QueryRowContext(ctx, d.text(query), args...).Scan(&n)
	return n, err
}

func (f *Filter) size(limit int) (query string, args []any) {
	where, args := f.conditions(f.Order == ByClosed)
	return `SELECT count(*) FROM (SELECT 1 FROM cases WHERE ` + strings.Join(where, " AND ") + ` LIMIT ?) AS found`, append(args, limit)
}

// ByAccount returns the newest cases of an account, newest first, whatever their state.
func (d *DB) ByAccount(ctx context.Context, accountID string, limit int) ([]cases.Case, error) {
	return d.cases(ctx, `SELECT `+caseColumns+` FROM cases WHERE account_id = ? ORDER BY newest DESC LIMIT ?`, accountID, limit)
}

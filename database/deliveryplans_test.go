package database_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/database"
)

// However many messages were delivered, what is due and a page of the list are read off an index.
func TestPlansOfDeliveries(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		for i := range 30 {
			if err := b.Deliver(t.Context(), delivery(fmt.Sprint("d", i), "r", start)); err != nil {
				t.Fatal(err)
			}
		}
		last := delivery("d1", "r", start)
		page, pageArgs := database.DeliveriesQuery(database.DeliveryFilter{}, &last, 10)
		failed, failedArgs := database.DeliveriesQuery(database.DeliveryFilter{State: database.GivenUp}, &last, 10)
		for _, q := range []struct {
			query, index string
			args         []any
		}{
			{database.NextDue, "deliveries_waiting", []any{"r"}},
			{database.DueNow, "deliveries_waiting", []any{"r", int64(start), 8}},
			{page, "deliveries_by_time", pageArgs},
			{failed, "deliveries_given_up", failedArgs},
		} {
			plan := b.explain(t, q.query, q.args)
			if !strings.Contains(plan, q.index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort") {
				t.Errorf("%s\n%s", q.query, plan)
			}
		}
	})
}

// explain returns the plan of a query, as for tables too large to be read through.
func (b *backend) explain(t *testing.T, query string, args []any) string {
	t.Helper()
	driver, address, prefix := "sqlite3", strings.TrimPrefix(b.address, "sqlite:"), "EXPLAIN QUERY PLAN "
	if strings.HasPrefix(b.address, "postgres") {
		driver, address, prefix = "pgx", b.address, "EXPLAIN "
		for n := 1; strings.Contains(query, "?"); n++ {
			query = strings.Replace(query, "?", fmt.Sprint("$", n), 1)
		}
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if driver == "pgx" {
		if _, err := db.Exec(`SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off`); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.Query(prefix+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var line string
		if driver == "pgx" {
			err = rows.Scan(&line)
		} else {
			err = rows.Scan(&id, &parent, &unused, &line)
		}
		if err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

package database_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/database"
)

// However many cases there are, a page of a queue is read off an index: nothing is sorted, and no table read through.
func TestPlansOfPages(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		for i := range 30 {
			b.take(t, alert(fmt.Sprint("a", i), 1, float64(i), .5))
		}
		first := b.page(t, database.Filter{}, nil, 1)[0]
		for _, order := range []database.Order{database.ByRisk, database.ByMoney, database.ByAge, database.ByClosed} {
			query, args := database.PageQuery(database.Filter{Order: order, Now: start}, &first, 50)
			plan := b.explain(t, query, args)
			if strings.Contains(plan, "SCAN cases\n") || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort") {
				t.Errorf("%s:\n%s", order, plan)
			}
			if !strings.Contains(strings.ToLower(plan), "index") {
				t.Errorf("%s uses no index:\n%s", order, plan)
			}
		}
	})
}

// The cases of one person are looked up, however many are open.
func TestPlanOfOwn(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		query, args := database.PageQuery(database.Filter{Owner: "ann", Now: start}, nil, 50)
		if plan := b.explain(t, strings.Split(query, " ORDER BY")[0], args[:len(args)-1]); !strings.Contains(plan, "cases_of_owner") {
			t.Errorf("%s", plan)
		}
	})
}

// However many alerts a merchant has, the newest are read off an index.
func TestPlanOfRelated(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		for i := range 30 {
			b.take(t, alert(fmt.Sprint("a", i), 1, float64(i), .5))
		}
		plan := b.explain(t, database.RelatedQuery, []any{"merchant", "shop", 0, 10})
		if strings.Contains(plan, "SCAN a") || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort") {
			t.Errorf("%s", plan)
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

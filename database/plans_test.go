package database_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/scoring"
)

// However much there is, what a queue and a case show is read off indexes: with as many rows as make a planner choose, it reads
// through no table, and sorts no queue.
func TestPlans(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.fill(t, 20_000)
		e := newExplainer(t, &b)
		check := func(t *testing.T) {
			for name, q := range queries(t, &b) {
				for _, plan := range e.plans(q) {
					if through.MatchString(plan) {
						t.Errorf("%s reads through a table:\n%s", name, plan)
					}
					if !q.Sorts && sorts.MatchString(plan) {
						t.Errorf("%s is sorted:\n%s", name, plan)
					}
					if q.Sorts && walks.MatchString(plan) {
						t.Errorf("%s looks for a few cases among all:\n%s", name, plan)
					}
				}
			}
		}
		if !e.postgres { // which knows nothing of its tables until it is told to look
			check(t)
		}
		if err := b.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t)
	})
}

var (
	// What SQLite calls a scan of an index by which cases are ordered is a walk that ends with the page.
	through = regexp.MustCompile(`(?m)Seq Scan on (cases|alerts|alert_keys|labels)\b|SCAN (cases|alerts|alert_keys|labels|[aclk])( USING (COVERING )?INDEX (sqlite|alerts|labels|cases_of)\w*)?$`)
	walks   = regexp.MustCompile(`cases_(by_risk|by_money|by_age|closed)\b`)
	sorts   = regexp.MustCompile(`\bSort\b|TEMP B-TREE FOR ORDER BY`)
)

// query is a statement of the package.
type query struct {
	database.Statement
	Sorts bool // a few rows, which are looked up in another index than that of the order
}

// queries returns what is asked while people work, with arguments that find much.
func queries(t *testing.T, b *backend) map[string]query {
	t.Helper()
	all := make(map[string]query)
	add := func(name string, sorts bool, s database.Statement) { all[name] = query{s, sorts} }
	now := start + 40*24*3_600_000
	for _, order := range []database.Order{database.ByRisk, database.ByMoney, database.ByAge, database.ByClosed} {
		f := database.Filter{Order: order, Now: now}
		page := b.page(t, f, nil, 100)
		if len(page) < 100 {
			t.Fatalf("the queue by %s has %d cases", order, len(page))
		}
		add(string(order), false, database.PageStatement(f, nil, 50))
		add(string(order)+" later", false, database.PageStatement(f, &page[99], 50))
		f.Severity = scoring.Medium
		add(string(order)+" severe", false, database.PageStatement(f, &page[99], 50))
		if f.Free = true; order != database.ByClosed {
			add(string(order)+" free", false, database.PageStatement(f, &page[99], 50))
		}
		for name, f := range map[string]database.Filter{
			"mine": {Order: order, Now: now, Owner: "ann"}, "snoozed": {Order: order, Now: now, Snoozed: true}, "account": {Order: order, Now: now, AccountID: "a7"},
		} {
			if order != database.ByClosed || name == "account" {
				add(string(order)+" "+name, true, database.PageStatement(f, nil, 50))
				add(string(order)+" "+name+" later", true, database.PageStatement(f, &page[0], 50))
				add(string(order)+" "+name+" size", true, database.SizeStatement(f, 10_000))
			}
		}
		add(string(order)+" size", order != database.ByClosed, database.SizeStatement(database.Filter{Order: order, Now: now}, 10_000))
	}
	busy := b.page(t, database.Filter{Order: database.ByMoney, AccountID: "busy"}, nil, 1)[0]
	add("newest alerts", true, database.Statement{Query: database.NewestQuery, Args: []any{5, busy.ID, 100}})
	add("timeline", true, database.Statement{Query: database.TimelineQuery, Args: []any{"busy", 100}})
	add("labels of a case", true, database.Statement{Query: database.LabelsQuery, Args: []any{busy.ID, 100}})
	add("related", false, database.RelatedStatement([]alerts.Entity{{Name: "merchant", Key: "shop"}, {Name: "device", Key: "d-busy"}}, busy.ID, 10))
	add("search", false, database.Statement{Query: database.OfKeyQuery, Args: []any{"merchant", "shop", 50}})
	return all
}

// fill takes in alerts of 40 days, of which all but the newest are decided: one case in twenty is open.
func (b *backend) fill(t *testing.T, n int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	const batch = 500
	var list []*alerts.Alert
	var labels []feedback.Label
	flush := func() {
		b.take(t, list...)
		if err := b.TakeLabels(t.Context(), "feedback", labels, nil); err != nil {
			t.Fatal(err)
		}
		list, labels = list[:0], labels[:0]
	}
	for i := range n {
		account := fmt.Sprint("a", rng.IntN(n/2))
		if i%20 == 0 {
			account = "busy"
		}
		a := alert(account, i, 24*40*float64(i)/float64(n), rng.Float64())
		a.Severity, a.MoneyAtRisk = scoring.Severity(rng.IntN(3)), 1000*rng.Float64()
		if list = append(list, a); account != "busy" && i < n-n/20 {
			labels = append(labels, feedback.Label{
				ID: "l" + a.ID, Time: a.Timestamp + 1, TransactionID: a.TransactionID, AccountID: account, TransactionTime: a.Transaction.Time,
				Verdict: feedback.Legitimate, Source: feedback.Analyst, By: "ann", AlertID: a.ID, Amount: 1, Currency: currency(),
			})
		}
		if len(list) == batch {
			flush()
		}
	}
	flush()
	closed, err := b.CloseDecided(t.Context())
	if err != nil || closed < n/2 {
		t.Fatalf("%d cases are closed, %v", closed, err)
	}
	open := b.page(t, database.Filter{Order: database.ByAge}, nil, 60)
	now := start + 39*24*3_600_000
	for i := range open {
		step := database.Step{CaseID: open[i].ID, Actor: "ann", At: now, Action: "step", Bare: true}
		step.Apply = func(c *cases.Case, _ []database.AlertRow) ([]feedback.Label, error) {
			if i%3 == 0 {
				return nil, c.Snooze("ann", now, now.Add(48*time.Hour))
			}
			return nil, c.Claim("ann", now, now.Add(48*time.Hour))
		}
		if _, err := b.Do(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
}

// explainer tells how a database would run a statement.
type explainer struct {
	t        *testing.T
	conn     *sql.Conn
	postgres bool
}

func newExplainer(t *testing.T, b *backend) *explainer {
	t.Helper()
	driver, address, postgres := "sqlite3", strings.TrimPrefix(b.address, "sqlite:"), strings.HasPrefix(b.address, "postgres")
	if postgres {
		driver, address = "pgx", b.address
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &explainer{t: t, conn: conn, postgres: postgres}
}

// plans returns the plan of a statement; of PostgreSQL both, that for the arguments and that for whatever arguments, to which
// it changes over after a while.
func (e *explainer) plans(q query) []string {
	e.t.Helper()
	if !e.postgres {
		return []string{e.lines("EXPLAIN QUERY PLAN "+q.Query, q.Args...)}
	}
	text := q.Query
	var literals []string
	for n, arg := range q.Args {
		text = strings.Replace(text, "?", fmt.Sprint("$", n+1), 1)
		if s, ok := arg.(string); ok {
			literals = append(literals, "'"+s+"'")
		} else {
			literals = append(literals, fmt.Sprint(arg))
		}
	}
	e.exec("PREPARE q AS " + text)
	defer e.exec("DEALLOCATE q")
	var plans []string
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		e.exec("SET plan_cache_mode = " + mode)
		plans = append(plans, mode+"\n"+e.lines("EXPLAIN EXECUTE q("+strings.Join(literals, ", ")+")"))
	}
	return plans
}

func (e *explainer) exec(statement string) {
	e.t.Helper()
	if _, err := e.conn.ExecContext(context.WithoutCancel(e.t.Context()), statement); err != nil {
		e.t.Fatalf("%s: %v", statement, err)
	}
}

// lines returns the lines of a plan.
func (e *explainer) lines(statement string, args ...any) string {
	e.t.Helper()
	rows, err := e.conn.QueryContext(e.t.Context(), statement, args...)
	if err != nil {
		e.t.Fatalf("%s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var line string
		into := []any{&line}
		if !e.postgres {
			into = []any{&id, &parent, &unused, &line}
		}
		if err := rows.Scan(into...); err != nil {
			e.t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		e.t.Fatal(err)
	}
	return plan.String()
}

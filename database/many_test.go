package database_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
)

// A case shows its newest alerts with their labels, and alerts of other cases. The newest of these and the strongest are whole.
func TestAlertsOfCase(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		for n, score := range []float64{.99, .2, .75, .75, math.NaN(), .5, .5} {
			b.take(t, alert("a", n, float64(n), score))
		}
		id := b.take(t, alert("b", 1, 3.5, .75))[0]
		mine := b.take(t, alert("a", 7, 7, .5))[0]
		rows, err := b.NewestAlerts(ctx, mine, 6, 2)
		var read []string
		for _, r := range rows {
			score := math.NaN()
			if r.Score != nil {
				score = *r.Score
			}
			read = append(read, fmt.Sprintf("%s %s of %d at %d: %v %s", r.ID, r.TransactionID, r.CaseID-mine, (r.EventTime-start)/3_600_000, score, r.Body))
		}
		want := []string{
			`a-7 t7 of 0 at 7: 0.5 {"alert_id":"a-7"}`, `a-6 t6 of 0 at 6: 0.5 {"alert_id":"a-6"}`, `a-5 t5 of 0 at 5: 0.5 `, `a-4 t4 of 0 at 4: NaN `,
			`a-3 t3 of 0 at 3: 0.75 `, `a-2 t2 of 0 at 2: 0.75 {"alert_id":"a-2"}`,
		}
		if err != nil || !slices.Equal(read, want) {
			t.Errorf("read %q, want %q: %v", read, want, err)
		}
		if rows, err := b.NewestAlerts(ctx, mine, 1, 0); err != nil || len(rows) != 1 || string(rows[0].Body) != `{"alert_id":"a-7"}` {
			t.Errorf("%+v, %v", rows, err)
		}
		found, err := related(ctx, b.DB, mine)
		if err != nil || len(found) != 1 || found[0].ID != "b-1" || found[0].AccountID != "b" || *found[0].Score != .75 || found[0].Disposition != 0 {
			t.Errorf("%+v, %v", found, err)
		}
		if _, err := b.Do(ctx, dispose(id, 1, "ann", feedback.Fraud), dispose(mine, 8, "ann", feedback.Legitimate)); err != nil {
			t.Fatal(err)
		}
		if found, err := related(ctx, b.DB, mine); err != nil || found[0].Disposition != feedback.Fraud {
			t.Errorf("%+v, %v", found, err)
		}
		if labels, err := b.LabelsOf(ctx, mine, 3); err != nil || len(labels) != 3 || labels[0].TransactionID != "t5" {
			t.Errorf("%+v, %v", labels, err)
		}
	})
}

// Cases are closed as the labels of their alerts say, however many there are.
func TestCloseDecided(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	eachBackend(t, func(t *testing.T, b backend) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var list []*alerts.Alert
		var labels []feedback.Label
		want := make(map[string]feedback.Verdict) // of the account's case, which has the account's alerts
		for i := range 2500 {
			account := fmt.Sprint("a", i)
			var last feedback.Verdict
			open := false
			for n := range 1 + rng.IntN(3) {
				a := alert(account, n, float64(n), .5)
				list = append(list, a)
				stands := feedback.Verdict(0)
				for k := range rng.IntN(4) {
					v := feedback.Fraud + feedback.Verdict(rng.IntN(4))
					l := feedback.Label{
						ID: fmt.Sprintf("%s/%d", a.ID, k), Time: start.Add(1e9) + 10*a.Transaction.Time - 10*start, TransactionID: a.TransactionID, AccountID: account,
						TransactionTime: a.Transaction.Time, Amount: 1, Currency: currency(), Verdict: v, Source: feedback.Analyst, By: "ann", AlertID: a.ID,
					}
					if rng.IntN(3) == 0 {
						l.Source, l.Verdict = feedback.Customer, feedback.Fraud // which is no decision of an analyst
					} else {
						stands = v
					}
					labels = append(labels, l)
				}
				open = open || stands == 0 || stands == feedback.Withdrawn
				last = stands
			}
			if !open {
				want[account] = last
			}
		}
		b.take(t, list...)
		rng.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
		if err := b.TakeLabels(t.Context(), "feedback", labels, nil); err != nil {
			t.Fatal(err)
		}
		if closed, err := b.CloseDecided(t.Context()); err != nil || closed != len(want) {
			t.Errorf("%d cases are closed, not %d: %v", closed, len(want), err)
		}
		page := b.page(t, database.Filter{Order: database.ByClosed}, nil, len(list))
		for i := range page {
			if c := &page[i]; want[c.AccountID] != c.Disposition || c.ClosedBy != "ann" {
				t.Fatalf("the case of %s is closed as %v by %q, not as %v", c.AccountID, c.Disposition, c.ClosedBy, want[c.AccountID])
			}
		}
		if len(page) != len(want) {
			t.Errorf("%d are there", len(page))
		}
		if closed, err := b.CloseDecided(t.Context()); err != nil || closed != 0 {
			t.Errorf("%d more, %v", closed, err)
		}
	})
}

// Alerts from before the scores stood beside the events have theirs.
func TestScoresOfOldAlerts(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.take(t, alert("a", 1, 0, .5), alert("b", 1, 0, .5))
		if err := b.BackTo(t.Context(), 4, `UPDATE alerts SET body = CASE alert_id WHEN 'a-1' THEN '{"alert_id":"a-1","score":0.25}' ELSE '{"score":null}' END`); err != nil {
			t.Fatal(err)
		}
		again, err := database.Open(t.Context(), b.address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = again.Close() }()
		found, err := related(t.Context(), again, 0)
		if err != nil || len(found) != 2 || found[0].ID != "b-1" || found[0].Score != nil || found[1].Score == nil || *found[1].Score != .25 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// What is put aside is empty, keeps apart from the database beside, and is gone in the end.
func TestAside(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		b.take(t, alert("a", 1, 0, .5))
		name := fmt.Sprint("weir_aside_", os.Getpid())
		address, remove, err := database.Aside(ctx, b.address, name)
		if err != nil {
			t.Fatal(err)
		}
		aside, err := database.Open(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := aside.Case(ctx, 1); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a case is there already: %v", err)
		}
		if _, _, err := database.Aside(ctx, b.address, name); err == nil {
			t.Error("the same name again is taken")
		}
		if err := errors.Join(aside.Close(), remove(ctx)); err != nil {
			t.Fatal(err)
		}
		if _, again, err := database.Aside(ctx, b.address, name); err != nil {
			t.Error(err)
		} else if err := again(ctx); err != nil {
			t.Error(err)
		}
		if _, err := b.Case(ctx, 1); err != nil {
			t.Error(err)
		}
		if files, _ := filepath.Glob(strings.TrimPrefix(b.address, "sqlite:") + "-" + name + "*"); len(files) > 0 {
			t.Errorf("%v stays", files)
		}
	})
}

// related returns the newest alerts of other cases with the merchant that all alerts have.
func related(ctx context.Context, db *database.DB, caseID int64) ([]database.Relative, error) {
	lists, err := db.Related(ctx, []alerts.Entity{{Name: "device", Key: "none"}, {Name: "merchant", Key: "shop"}}, caseID, 5)
	if err == nil && len(lists[0]) > 0 {
		err = fmt.Errorf("%+v have a key that there is not", lists[0])
	}
	return lists[1], err
}

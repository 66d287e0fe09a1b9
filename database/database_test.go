package database_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

const (
	topic  = "alerts"
	window = cases.Window(24 * time.Hour)
	start  = payment.Time(1_700_000_000_000)
)

// alert returns the n-th alert of an account, so many hours after the start.
func alert(account string, n int, hours float64, score float64) *alerts.Alert {
	at := start + payment.Time(hours*3_600_000)
	return alerts.New(alerts.Alert{
		ID: fmt.Sprintf("%s-%d", account, n), Timestamp: at + 1000, TransactionID: fmt.Sprint("t", n), AccountID: account,
		Action: scoring.Review, Score: score, Severity: scoring.Low, Model: "m",
		Reasons:     []alerts.Reason{{Code: alerts.NewMerchant, Text: "new"}},
		Entities:    []alerts.Entity{{Name: "merchant", Key: "shop"}, {Name: "device", Key: "d-" + account}},
		Transaction: &payment.Transaction{ID: fmt.Sprint("t", n), Time: at, AccountID: account},
	})
}

func arrivals(list ...*alerts.Alert) []database.Arrival {
	var all []database.Arrival
	for i, a := range list {
		all = append(all, database.Arrival{Place: database.Place{Partition: 0, Offset: int64(i)}, Alert: a, Body: []byte(`{"alert_id":"` + a.ID + `"}`)})
	}
	return all
}

func (b *backend) take(t *testing.T, list ...*alerts.Alert) []int64 {
	t.Helper()
	changed, err := b.TakeAlerts(t.Context(), topic, window, arrivals(list...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func (b *backend) page(t *testing.T, f database.Filter, after *cases.Case, limit int) []cases.Case {
	t.Helper()
	page, err := b.Page(t.Context(), f, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestAlertsJoinCases(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.take(t, alert("a", 1, 0, .5), alert("b", 1, 0, .9), alert("a", 2, 20, .7), alert("a", 3, 90, .6))
		got := b.page(t, database.Filter{Order: database.ByAge}, nil, 10)
		if len(got) != 3 || got[0].AccountID != "a" || got[0].Alerts != 1 || got[1].Alerts != 2 || got[1].Score != .7 || got[1].Severity != scoring.Medium || got[2].AccountID != "b" {
			t.Errorf("%+v", got)
		}
		rows, err := b.Alerts(t.Context(), got[1].ID)
		if err != nil || len(rows) != 2 || rows[0].ID != "a-1" || string(rows[1].Body) != `{"alert_id":"a-2"}` {
			t.Errorf("%+v, %v", rows, err)
		}
		found, err := related(t.Context(), b.DB, 0)
		if err != nil || len(found) != 4 || found[0].ID != "a-3" || found[1].ID != "a-2" {
			t.Errorf("%+v, %v", found, err)
		}
		if line, err := b.Timeline(t.Context(), "a", 2); err != nil || len(line) != 2 || line[0].ID != "a-3" {
			t.Errorf("%+v, %v", line, err)
		}
	})
}

// However the log is cut into batches, and however often a batch comes again, the cases are the same.
func TestAlertsAreTakenOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var list []*alerts.Alert
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range 60 {
		list = append(list, alert(fmt.Sprint("a", rng.IntN(6)), i, float64(i)+6*rng.Float64(), float64(rng.IntN(100))/100))
	}
	var want []cases.Case
	eachBackend(t, func(t *testing.T, b backend) {
		for at := 0; at < len(list); {
			end := min(at+1+rng.IntN(10), len(list))
			passed := map[int32]int64{0: int64(end)}
			for range 1 + rng.IntN(2) {
				if _, err := b.TakeAlerts(t.Context(), topic, window, arrivals(list[at:end]...), passed); err != nil {
					t.Fatal(err)
				}
			}
			at = max(at+1, end-rng.IntN(3))
		}
		got := b.page(t, database.Filter{Order: database.ByAge}, nil, 100)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("cases\n%+v\nand before\n%+v", got, want)
		}
		if next, err := b.Cursors(t.Context(), topic, 2); err != nil || !slices.Equal(next, []int64{60, 0}) {
			t.Errorf("cursors %v, %v", next, err)
		}
		if _, err := b.TakeAlerts(t.Context(), topic, window, nil, map[int32]int64{0: 7}); err != nil {
			t.Fatal(err)
		}
		if next, _ := b.Cursors(t.Context(), topic, 1); next[0] != 60 {
			t.Errorf("a cursor went back to %d", next[0])
		}
	})
}

func dispose(id, version int64, by string, verdict feedback.Verdict) database.Step {
	at := start + 1
	return database.Step{CaseID: id, Version: version, Actor: by, At: at, Action: "dispose", Detail: verdict.String(), Apply: func(c *cases.Case, list []database.AlertRow) ([]feedback.Label, error) {
		var labels []feedback.Label
		for _, a := range list {
			labels = append(labels, feedback.Label{
				ID: fmt.Sprintf("%s/%s/%d", a.ID, by, c.Version), Time: at, TransactionID: a.TransactionID, AccountID: c.AccountID, TransactionTime: a.EventTime,
				Amount: 1, Currency: currency(), Verdict: verdict, Source: feedback.Analyst, By: by, AlertID: a.ID,
			})
		}
		return labels, c.Dispose(by, at, verdict)
	}}
}

func currency() payment.Currency {
	c, _ := payment.ParseCurrency("USD")
	return c
}

func TestDisposeIsAllOrNothing(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ids := b.take(t, alert("a", 1, 0, .5), alert("a", 2, 1, .5), alert("b", 1, 0, .5), alert("c", 1, 0, .5))
		if len(ids) != 3 {
			t.Fatal(ids)
		}
		// One of three is already closed: none is.
		if _, err := b.Do(t.Context(), dispose(ids[2], 1, "bob", feedback.Legitimate)); err != nil {
			t.Fatal(err)
		}
		_, err := b.Do(t.Context(), dispose(ids[0], 0, "ann", feedback.Fraud), dispose(ids[1], 0, "ann", feedback.Fraud), dispose(ids[2], 0, "ann", feedback.Fraud))
		if !errors.Is(err, cases.ErrClosed) || !strings.Contains(err.Error(), "bob") {
			t.Fatalf("error %v", err)
		}
		check := func(open, outgoing, lines int) {
			t.Helper()
			out, err := b.Outgoing(t.Context(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			audit, err := b.Audit(t.Context(), "", 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(b.page(t, database.Filter{}, nil, 100)); n != open || len(out) != outgoing || len(audit) != lines {
				t.Errorf("%d cases are open, %d labels in the outbox, %d lines in the audit; want %d, %d and %d", n, len(out), len(audit), open, outgoing, lines)
			}
		}
		check(2, 1, 1)
		after, err := b.Do(t.Context(), dispose(ids[0], 0, "ann", feedback.Fraud), dispose(ids[1], 0, "ann", feedback.Fraud))
		if err != nil || len(after) != 2 || after[0].Disposition != feedback.Fraud || after[0].ClosedBy != "ann" {
			t.Fatalf("%+v, %v", after, err)
		}
		check(0, 4, 3)
		labels, err := b.Labels(t.Context(), "a", "t2")
		if err != nil || len(labels) != 1 || labels[0].Verdict != feedback.Fraud {
			t.Errorf("%+v, %v", labels, err)
		}
		if err := b.Published(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		check(0, 1, 3)
		if _, err := b.Do(t.Context(), dispose(99, 0, "ann", feedback.Fraud)); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("error %v", err)
		}
	})
}

// Of many who close one case at the same time, one does.
func TestOneOfManyCloses(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		id := b.take(t, alert("a", 1, 0, .5))[0]
		var wg sync.WaitGroup
		var mu sync.Mutex
		var done []string
		for i := range 12 {
			wg.Go(func() {
				by := fmt.Sprint("p", i)
				_, err := b.Do(t.Context(), dispose(id, 1, by, feedback.Fraud))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					done = append(done, by)
				case !errors.Is(err, database.ErrChanged) && !errors.Is(err, cases.ErrClosed):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		c, err := b.Case(t.Context(), id)
		out, _ := b.Outgoing(t.Context(), 0, 100)
		if len(done) != 1 || err != nil || c.ClosedBy != done[0] || len(out) != 1 {
			t.Errorf("closed by %v; %+v, %v; %d labels", done, c, err, len(out))
		}
	})
}

// Who publishes up to a number has missed none that comes before it, however many people label at once.
func TestOutboxHasNoGaps(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		const n = 40
		var list []*alerts.Alert
		for i := range n {
			list = append(list, alert(fmt.Sprint("a", i), 1, 0, .5))
		}
		ids := b.take(t, list...)
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := worker; i < n; i += 8 {
					if _, err := b.Do(t.Context(), dispose(ids[i], 0, "ann", feedback.Fraud)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		labelled := make(chan struct{})
		go func() { wg.Wait(); close(labelled) }()
		published := int64(0)
		for finished := false; ; {
			out, err := b.Outgoing(t.Context(), published, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range out {
				if published++; o.Seq != published {
					t.Fatalf("number %d comes after %d", o.Seq, published-1)
				}
			}
			if len(out) == 0 && finished {
				break
			}
			select {
			case <-labelled:
				finished = true
			default:
			}
		}
		if published != n {
			t.Errorf("%d labels of %d", published, n)
		}
	})
}

func TestPagesAreTheWholeQueue(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	eachBackend(t, func(t *testing.T, b backend) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var list []*alerts.Alert
		for i := range 70 {
			a := alert(fmt.Sprint("a", i), 1, float64(rng.IntN(5)), float64(rng.IntN(4))/4)
			a.Severity = scoring.Severity(rng.IntN(3))
			list = append(list, a)
		}
		ids := b.take(t, list...)
		now := start + 1000
		for i, id := range ids {
			step := database.Step{CaseID: id, Actor: "ann", At: now, Action: "step"}
			switch i % 5 {
			case 0:
				step.Apply = func(c *cases.Case, _ []database.AlertRow) ([]feedback.Label, error) {
					return nil, c.Claim("ann", now, now+10)
				}
			case 1:
				step.Apply = func(c *cases.Case, _ []database.AlertRow) ([]feedback.Label, error) {
					return nil, c.Snooze("ann", now, now+10)
				}
			case 2:
				step = dispose(id, 0, "ann", feedback.Fraud)
			default:
				continue
			}
			if _, err := b.Do(t.Context(), step); err != nil {
				t.Fatal(err)
			}
		}
		everything := func(c *cases.Case) bool { return c.State != cases.Closed && c.SnoozedUntil <= now }
		down := func(x, y int) int { return cmp.Compare(y, x) }
		for name, q := range map[string]struct {
			filter database.Filter
			in     func(c *cases.Case) bool
			order  func(x, y cases.Case) int
		}{
			"risk": {database.Filter{}, everything, func(x, y cases.Case) int {
				return cmp.Or(down(int(x.Severity), int(y.Severity)), cmp.Compare(y.Score, x.Score))
			}},
			"money": {database.Filter{Order: database.ByMoney}, everything, func(x, y cases.Case) int { return cmp.Compare(y.AtRisk, x.AtRisk) }},
			"age":   {database.Filter{Order: database.ByAge}, everything, func(x, y cases.Case) int { return cmp.Compare(y.Touched, x.Touched) }},
			"closed": {database.Filter{Order: database.ByClosed}, func(c *cases.Case) bool { return c.State == cases.Closed },
				func(x, y cases.Case) int { return cmp.Compare(y.ClosedAt, x.ClosedAt) }},
			"snoozed": {database.Filter{Order: database.ByAge, Snoozed: true}, func(c *cases.Case) bool { return c.SnoozedUntil > now },
				func(x, y cases.Case) int { return cmp.Compare(y.Touched, x.Touched) }},
			"mine": {database.Filter{Order: database.ByAge, Owner: "ann"}, func(c *cases.Case) bool { return c.OwnedBy(now) == "ann" },
				func(x, y cases.Case) int { return cmp.Compare(y.Touched, x.Touched) }},
			"free and severe": {database.Filter{Order: database.ByAge, Free: true, Severity: scoring.High},
				func(c *cases.Case) bool { return everything(c) && c.OwnedBy(now) == "" && c.Severity == scoring.High },
				func(x, y cases.Case) int { return cmp.Compare(y.Touched, x.Touched) }},
			"account": {database.Filter{Order: database.ByAge, AccountID: "a4"}, func(c *cases.Case) bool { return everything(c) && c.AccountID == "a4" },
				func(x, y cases.Case) int { return 0 }},
		} {
			var want []cases.Case
			for _, id := range ids {
				c, err := b.Case(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if q.in(&c) {
					want = append(want, c)
				}
			}
			slices.SortFunc(want, func(x, y cases.Case) int { return cmp.Or(q.order(x, y), cmp.Compare(y.ID, x.ID)) })
			q.filter.Now = now
			var got []cases.Case
			for after := (*cases.Case)(nil); ; {
				page := b.page(t, q.filter, after, 7)
				got = append(got, page...)
				if len(page) < 7 {
					break
				}
				after = &page[6]
			}
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%s: %d cases instead of %d:\n%+v\n%+v", name, len(got), len(want), got, want)
			}
			if n, err := b.Size(t.Context(), q.filter, 5); err != nil || n != min(5, len(want)) {
				t.Errorf("%s: size %d, %v", name, n, err)
			}
		}
	})
}

func TestNotesAreInTheAudit(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		id := b.take(t, alert("a", 1, 0, .5))[0]
		text := `"); DROP TABLE notes; -- ' <script>` + "\u202e"
		if err := b.AddNote(t.Context(), database.Note{CaseID: id, At: start, Author: "ann", Body: text}); err != nil {
			t.Fatal(err)
		}
		notes, err := b.Notes(t.Context(), id)
		if err != nil || len(notes) != 1 || notes[0] != (database.Note{CaseID: id, At: start, Author: "ann", Body: text}) {
			t.Errorf("%+v, %v", notes, err)
		}
		lines, err := b.Audit(t.Context(), fmt.Sprint("case:", id), 0, 10)
		if err != nil || len(lines) != 1 || lines[0].Actor != "ann" || lines[0].Action != "note" {
			t.Errorf("%+v, %v", lines, err)
		}
		if err := b.AddNote(t.Context(), database.Note{CaseID: 99, At: start, Author: "ann"}); err == nil {
			t.Error("a note on no case")
		}
	})
}

func TestOpenAgain(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.take(t, alert("a", 1, 0, .5))
		again := open(t, b.address)
		if n := len(again.page(t, database.Filter{}, nil, 10)); n != 1 {
			t.Errorf("%d cases", n)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"":                                  "the address must be sqlite:FILE or postgres://",
		"mysql://u:secret@h/x":              "the address must be",
		"sqlite:":                           "name a file",
		"sqlite:/no/such/folder/weir.db":    "no such file or directory",
		"postgres://u:secret@127.0.0.1:1/x": "refused",
	} {
		_, err := database.Open(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want one with %q", address, err, want)
		}
	}
}

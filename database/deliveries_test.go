package database_test

import (
	"errors"
	"fmt"
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

func delivery(id, route string, at payment.Time) database.Delivery {
	return database.Delivery{ID: id, Route: route, Event: "alert", Subject: "a-1", Body: []byte(`{"n":"` + id + `"}`), MadeAt: at}
}

func (b *backend) deliveries(t *testing.T, f database.DeliveryFilter) []database.Delivery {
	t.Helper()
	list, err := b.Deliveries(t.Context(), f, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (b *backend) claim(t *testing.T, now payment.Time, limit int) []database.Delivery {
	t.Helper()
	list, err := b.Claim(t.Context(), "r", now, now.Add(time.Minute), limit)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func ids(list []database.Delivery) string {
	var all []string
	for _, d := range list {
		all = append(all, d.ID)
	}
	return strings.Join(all, " ")
}

// What an alert has told is made with it, once, even if the cases are made anew; and only where it opens a case if that is
// asked for.
func TestDeliveriesAreMadeWithTheAlert(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		take := func(batch ...*alerts.Alert) {
			t.Helper()
			list := arrivals(batch...)
			for i := range list {
				every, first := delivery("every-"+batch[i].ID, "r", start), delivery("new-"+batch[i].ID, "r", start)
				first.IfNew = true
				list[i].Deliveries = []database.Delivery{every, first}
			}
			if _, err := b.TakeAlerts(t.Context(), topic, window, list, nil); err != nil {
				t.Fatal(err)
			}
		}
		const want = "every-a-1 every-a-2 every-a-3 every-b-1 every-b-2 new-a-1 new-a-3 new-b-1"
		for range 2 {
			take(alert("a", 1, 0, .5))
			take(alert("a", 2, 1, .5))
			take(alert("a", 3, 90, .5), alert("b", 1, 0, .5), alert("b", 2, 1, .9))
			list := strings.Fields(ids(b.deliveries(t, database.DeliveryFilter{})))
			slices.Sort(list)
			if got := strings.Join(list, " "); got != want {
				t.Errorf("%s, and not %s", got, want)
			}
			if err := b.Empty(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestLifeOfADelivery(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		if _, waits, err := b.Due(ctx, "r"); waits || err != nil {
			t.Errorf("%v, %v", waits, err)
		}
		if err := b.Deliver(ctx, delivery("x", "r", start), delivery("y", "r", start+1), delivery("z", "other", start)); err != nil {
			t.Fatal(err)
		}
		if at, waits, err := b.Due(ctx, "r"); at != start || !waits || err != nil {
			t.Errorf("due %v, %v, %v", at, waits, err)
		}
		if list := b.claim(t, start-1, 9); len(list) != 0 {
			t.Errorf("claimed before it was due: %v", list)
		}
		list := b.claim(t, start+1, 9)
		if ids(list) != "x y" || list[0].Attempts != 1 || string(list[0].Body) != `{"n":"x"}` || list[0].Since != start {
			t.Fatalf("%+v", list)
		}
		if again := b.claim(t, start+2, 9); len(again) != 0 {
			t.Errorf("claimed twice: %v", again)
		}
		if err := b.Succeeded(ctx, "x", start+5); err != nil {
			t.Fatal(err)
		}
		if err := b.Failed(ctx, &list[1], start+6, start+1000, "no answer"); err != nil {
			t.Fatal(err)
		}
		// The next one to try died. The lease over, another tries, and the dead one's word does not count.
		dead := b.claim(t, start+1000, 9)
		if ids(dead) != "y" || len(b.claim(t, start+1001, 9)) != 0 {
			t.Fatalf("%+v", dead)
		}
		last := b.claim(t, start+70_000, 9)
		if ids(last) != "y" || last[0].Attempts != 3 || last[0].Error != "no answer" {
			t.Fatalf("%+v", last)
		}
		if err := b.Failed(ctx, &dead[0], start+70_001, 0, "too late"); err != nil {
			t.Fatal(err)
		}
		if err := b.Failed(ctx, &last[0], start+70_002, 0, "no answer again"); err != nil {
			t.Fatal(err)
		}
		failed := b.deliveries(t, database.DeliveryFilter{State: database.GivenUp})
		if ids(failed) != "y" || failed[0].Error != "no answer again" || failed[0].EndedAt != start+70_002 {
			t.Errorf("%+v", failed)
		}
		done := b.deliveries(t, database.DeliveryFilter{State: database.Delivered})
		if ids(done) != "x" || len(done[0].Body) != 0 || done[0].EndedAt != start+5 {
			t.Errorf("%+v", done)
		}
		b.tryAgain(t, "x", 0)
		b.tryAgain(t, "y", 1)
		if list = b.claim(t, start+80_000, 9); ids(list) != "y" || list[0].Attempts != 1 || list[0].Since != start+80_000 {
			t.Errorf("%+v", list)
		}
		if err := b.Failed(ctx, &list[0], start+80_001, 0, "gone"); err != nil {
			t.Fatal(err)
		}
		b.tryAgain(t, "", 1)
		entries, err := b.Audit(ctx, "", 0, 9)
		if err != nil || len(entries) != 2 || entries[0].Object != "delivery:y" || entries[0].Actor != "ann" {
			t.Errorf("audit %+v, %v", entries, err)
		}
		if err := b.ForgetDeliveries(ctx, start+6); err != nil {
			t.Fatal(err)
		}
		if list := b.deliveries(t, database.DeliveryFilter{}); ids(list) != "y z" {
			t.Errorf("%+v", list)
		}
	})
}

func (b *backend) tryAgain(t *testing.T, id string, want int64) {
	t.Helper()
	n, err := b.TryAgain(t.Context(), id, database.Entry{At: start + 80_000, Actor: "ann", Action: "delivery.retry", Object: "delivery:" + id})
	if err != nil || n != want {
		t.Errorf("%d of %q are tried again, %v; not %d", n, id, err, want)
	}
}

// However many claim at once, each delivery is one's.
func TestClaimsAtOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		const n = 60
		for i := range n {
			if err := b.Deliver(t.Context(), delivery(fmt.Sprintf("d%02d", i), "r", start)); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				for {
					list, err := b.Claim(t.Context(), "r", start, start.Add(time.Hour), 7)
					if err != nil {
						t.Error(err)
					}
					if len(list) == 0 {
						return
					}
					mu.Lock()
					for _, d := range list {
						claimed[d.ID]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for id, times := range claimed {
			if times != 1 {
				t.Errorf("%s is claimed %d times", id, times)
			}
		}
		if len(claimed) != n {
			t.Errorf("%d are claimed", len(claimed))
		}
	})
}

func TestPagesOfDeliveries(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		for i := range 5 {
			if err := b.Deliver(t.Context(), delivery(fmt.Sprint("d", i), "r", start+payment.Time(i/2))); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		var after *database.Delivery
		for {
			page, err := b.Deliveries(t.Context(), database.DeliveryFilter{Route: "r"}, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, ids(page))
			after = &page[len(page)-1]
		}
		if strings.Join(got, " | ") != "d4 d3 | d2 d1 | d0" {
			t.Errorf("%q", got)
		}
	})
}

func TestALimitIsToldOnceWhileItIsPassed(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		told := ""
		for i, passed := range []bool{false, true, true, false, false, true} {
			ok, err := b.Pass(t.Context(), "queue r", passed, start, delivery(fmt.Sprint("d", i), "r", start))
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				told += fmt.Sprint(i)
			}
		}
		if told != "15" || len(b.deliveries(t, database.DeliveryFilter{})) != 2 {
			t.Errorf("told at %s", told)
		}
	})
}

func TestTheLongestWaitingCase(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		f := database.Filter{Now: start + 1000}
		if _, waits, err := b.LongestWaiting(t.Context(), f); waits || err != nil {
			t.Errorf("%v, %v", waits, err)
		}
		b.take(t, alert("a", 1, 2, .5), alert("b", 1, 1, .5), alert("c", 1, 0, .5))
		first := b.page(t, database.Filter{AccountID: "c"}, nil, 1)[0]
		if _, err := b.Do(t.Context(), dispose(first.ID, first.Version, "ann", feedback.Fraud)); err != nil {
			t.Fatal(err)
		}
		if at, waits, err := b.LongestWaiting(t.Context(), f); at != start+3_600_000+1000 || !waits || err != nil {
			t.Errorf("%v, %v, %v", at, waits, err)
		}
		f.Severity = scoring.High
		if _, waits, err := b.LongestWaiting(t.Context(), f); waits || err != nil {
			t.Errorf("%v, %v", waits, err)
		}
	})
}

func reply(alertID string, verdict feedback.Verdict) database.Reply {
	return database.Reply{AlertID: alertID, At: start + 9, Actor: "customer", Detail: verdict.String(), Apply: func(c *cases.Case, a *database.AlertRow) (feedback.Label, error) {
		c.Answered(verdict, start+9)
		return feedback.Label{
			ID: "answer-" + a.ID, Time: start + 9, TransactionID: a.TransactionID, AccountID: c.AccountID, TransactionTime: a.EventTime,
			Amount: 1, Currency: currency(), Verdict: verdict, Source: feedback.Customer, AlertID: a.ID,
		}, nil
	}}
}

func TestAnswers(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.take(t, alert("a", 1, 0, .5))
		if _, err := b.Answer(t.Context(), reply("a-9", feedback.Fraud)); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("an unknown alert: %v", err)
		}
		// Of all who answer at once, half of them otherwise, one kind wins; and it is one label.
		var mu sync.Mutex
		answered := map[bool]int{}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				_, err := b.Answer(t.Context(), reply("a-1", []feedback.Verdict{feedback.Fraud, feedback.Legitimate}[i%2]))
				if err != nil && !errors.Is(err, database.ErrAnswered) {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				answered[err == nil]++
			})
		}
		all.Wait()
		if answered[true] != 4 || answered[false] != 4 {
			t.Errorf("%v", answered)
		}
		out, err := b.Outgoing(t.Context(), 0, 9)
		if err != nil || len(out) != 1 {
			t.Errorf("%d labels are to be published, %v", len(out), err)
		}
		entries, err := b.Audit(t.Context(), "case:1", 0, 9)
		if err != nil || len(entries) != 1 || entries[0].Actor != "customer" || entries[0].Action != "answer" {
			t.Errorf("audit %+v, %v", entries, err)
		}
		if c, err := b.Case(t.Context(), 1); err != nil || c.Version != 2 {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

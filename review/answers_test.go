package review_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
)

// open is what knows questions: their tokens are the alerts' ids in brackets, and end at a time.
type open struct{ until payment.Time }

func (o open) Alert(token string, now payment.Time) (string, error) {
	id, ok := strings.CutPrefix(token, "[")
	switch {
	case !ok:
		return "", errors.New("no token")
	case now >= o.until:
		return "", review.ErrLate
	}
	return strings.TrimSuffix(id, "]"), nil
}

// asking gives a place a server that takes answers.
func (p *place) asking() {
	p.t.Helper()
	p.serve(review.Rules{
		Window: window, Claim: 15 * time.Minute, Session: 12 * time.Hour, Currency: dollars(p.t), Loopback: true,
		Questions: open{payment.Time(p.clock.Load()).Add(time.Hour)},
	})
}

func (p *place) bearer(token string) *client {
	return &client{p: p, header: http.Header{"Authorization": {"Bearer " + token}}}
}

const answers = "/api/v1/answers"

func TestAnAnswerIsACustomersLabel(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.asking()
		p.take(alert(t, "a", 1, 0, .5), alert(t, "b", 1, 0, .5))
		ann := p.token("ann", "read,work,audit")
		seen := ann.queue("account=a")[0]
		for range 2 { // the bank's system sends it again
			if got := p.bearer("[a-1]").must("POST", answers, object{"answer": "no"}); got["label"] != "fraud" || got["answer"] != "no" {
				t.Errorf("%v", got)
			}
		}
		p.bearer("[a-1]").refused(http.StatusConflict, "POST", answers, object{"answer": "yes"})
		p.bearer("[b-1]").must("POST", answers, object{"answer": "yes"})
		out, err := p.db.Outgoing(t.Context(), 0, 9)
		if err != nil || len(out) != 2 {
			t.Fatalf("%d labels are to be published, %v", len(out), err)
		}
		var labels []feedback.Label
		for i := range out {
			l, err := feedback.Decode(out[i].Body)
			if err != nil {
				t.Fatal(err)
			}
			labels = append(labels, l)
		}
		if l := labels[0]; l.Verdict != feedback.Fraud || l.Source != feedback.Customer || l.AlertID != "a-1" || l.TransactionID != "t1" || l.AccountID != "a" || l.Amount != 1250 || l.By != "" {
			t.Errorf("%+v", l)
		}
		if l := labels[1]; l.Verdict != feedback.Legitimate || l.Source != feedback.Customer || l.AccountID != "b" {
			t.Errorf("%+v", l)
		}
		// Whoever works on the case has to see it first.
		now := ann.queue("account=a")[0]
		if now["severity"] != "high" || now["version"] != seen["version"].(float64)+1 {
			t.Errorf("%v", now)
		}
		ann.refused(http.StatusConflict, "POST", casePath(seen, "/dispose"), object{"version": seen["version"], "label": "legitimate"})
		d := ann.must("GET", casePath(now, ""), nil)
		if l := d["labels"].([]any)[0].(object); l["source"] != "customer" || l["label"] != "fraud" {
			t.Errorf("%v", d["labels"])
		}
		if e := d["audit"].([]any)[0].(object); e["actor"] != "customer" || e["action"] != "answer" || e["detail"] != "no" {
			t.Errorf("%v", d["audit"])
		}
		if strings.Contains(p.log.String(), "[a-1]") {
			t.Errorf("%s", p.log)
		}
	})
}

func TestAnswersWithoutRight(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		// Where nobody is asked, no token is one.
		p.bearer("[a-1]").refused(http.StatusUnauthorized, "POST", answers, object{"answer": "no"})
		p.asking()
		c := p.bearer("[a-1]")
		p.bearer("a-1]").refused(http.StatusUnauthorized, "POST", answers, object{"answer": "no"})
		c.refused(http.StatusUnauthorized, "GET", "/api/v1/queue", nil)
		c.refused(http.StatusUnauthorized, "POST", "/api/v1/cases/1/dispose", object{"version": 1, "label": "fraud"})
		p.token("lee", "read,work,audit").refused(http.StatusForbidden, "POST", answers, object{"answer": "no"})
		p.user("adam", "admin").refused(http.StatusForbidden, "POST", answers, object{"answer": "no"})
		for _, body := range []any{object{"answer": "maybe"}, object{}, object{"answer": "no", "alert_id": "b-1"}, `{"answer":"no"} {}`, "no", `{"answer":"` + strings.Repeat("x", 300<<10) + `"}`} {
			status, answer, _ := c.send("POST", answers, body)
			if status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
				t.Errorf("%.40v is answered with %d %v", body, status, answer)
			}
		}
		p.bearer("[gone]").refused(http.StatusNotFound, "POST", answers, object{"answer": "no"})
		p.clock.Add(3_600_000)
		c.refused(http.StatusGone, "POST", answers, object{"answer": "no"})
		if out, err := p.db.Outgoing(t.Context(), 0, 9); err != nil || len(out) != 0 {
			t.Errorf("%d labels, %v", len(out), err)
		}
	})
}

func TestDeliveriesAreListed(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		now := payment.Time(p.clock.Load())
		for i := range 130 {
			d := database.Delivery{ID: fmt.Sprintf("d%03d", i), Route: []string{"desk", "bank"}[i%2], Event: "alert", Subject: "a-1", Body: []byte(`"Shop"`), MadeAt: now}
			if err := p.db.Deliver(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		for _, route := range []string{"desk", "bank"} {
			list, err := p.db.Claim(t.Context(), route, now, now.Add(time.Minute), 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.db.Failed(t.Context(), &list[0], now, 0, "no answer"); err != nil {
				t.Fatal(err)
			}
		}
		c := p.token("reader", "read")
		d := description(t, c)
		list := func(query string, want int) object {
			t.Helper()
			page := c.must("GET", "/api/v1/deliveries?"+query, nil)
			schema := d["paths"].(object)["/api/v1/deliveries"].(object)["get"].(object)["responses"].(object)["200"].(object)["content"].(object)["application/json"].(object)["schema"].(object)
			for _, fault := range faults(d, schema, page, query) {
				t.Error(fault)
			}
			if n := len(page["deliveries"].([]any)); n != want {
				t.Errorf("%s: %d", query, n)
			}
			return page
		}
		page := list("", 100)
		page = list("cursor="+page["next"].(string), 30)
		if page["next"] != "" {
			t.Errorf("%v", page["next"])
		}
		failed := list("state=failed", 2)["deliveries"].([]any)[0].(object)
		if failed["error"] != "no answer" || failed["attempts"] != 1. || failed["next_at"] != nil || failed["ended_at"] == nil {
			t.Errorf("%v", failed)
		}
		list("state=waiting&route=desk", 64)
		list("route=nobody", 0)
		for _, query := range []string{"state=lost", "cursor=x", "cursor=eA", "route=%00"} {
			c.refused(http.StatusBadRequest, "GET", "/api/v1/deliveries?"+query, nil)
		}
	})
}

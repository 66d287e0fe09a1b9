package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/payment"
)

func webhook(url, more string) string {
	return fmt.Sprintf("routes:\n  - {name: desk, on: alert, webhook: '%s', secret: 'env:SECRET'%s}\n", url, more)
}

// verified checks a signature as docs/notify.md tells receivers to.
func verified(secret string, r request, now time.Time) error {
	var t, v1 string
	for part := range strings.SplitSeq(r.header.Get("Weir-Signature"), ",") {
		if name, value, _ := strings.Cut(part, "="); name == "t" {
			t = value
		} else if name == "v1" {
			v1 = value
		}
	}
	if t != fmt.Sprint(now.Unix()) {
		return fmt.Errorf("signed at %s and not %d", t, now.Unix())
	}
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(h, "%s.%s", t, r.body)
	if want := hex.EncodeToString(h.Sum(nil)); want != v1 {
		return fmt.Errorf("signature %s and not %s", v1, want)
	}
	return nil
}

func TestAnAlertIsToldOnceBySignedWebhook(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		to := receive(t, status(http.StatusNoContent))
		r := p.routes(webhook(to.url, ", where: {severity: high}"))
		s := p.sender(r, p.db)
		a := alert(t, "A1", start)
		for range 2 { // the log is read again
			p.take(r, a)
			p.round(s)
		}
		got := to.got()
		if len(got) != 1 {
			t.Fatalf("%d requests", len(got))
		}
		if err := verified(p.secrets["SECRET"], got[0], p.now()); err != nil {
			t.Error(err)
		}
		d := p.only()
		var body struct {
			ID    string `json:"delivery_id"`
			Event string `json:"event"`
			Test  *bool  `json:"test"`
			Alert struct {
				AccountID   string `json:"account_id"`
				Score       float64
				Severity    string
				Reasons     []struct{ Text string }
				Transaction struct{ Amount, Merchant string }
			}
		}
		if err := json.Unmarshal([]byte(got[0].body), &body); err != nil {
			t.Fatal(err)
		}
		h := got[0].header
		if body.ID != d.ID || h.Get("Weir-Delivery") != d.ID || h.Get("Weir-Event") != "alert" || body.Event != "alert" || h.Get("Content-Type") != "application/json" || *body.Test {
			t.Errorf("%v %s", h, got[0].body)
		}
		if x := body.Alert; x.AccountID != "A1" || x.Score != .97 || x.Severity != "high" || x.Reasons[0].Text != "*new*" || x.Transaction.Amount != "500.00" || x.Transaction.Merchant != "Shop" {
			t.Errorf("%s", got[0].body)
		}
		if d.State != database.Delivered || d.Attempts != 1 || len(d.Body) != 0 {
			t.Errorf("%+v", d)
		}
		if text := p.log.String(); strings.Contains(text, "A1") || strings.Contains(text, "Shop") || !strings.Contains(text, d.ID) {
			t.Errorf("log %s", text)
		}
	})
}

// What fails is tried again after twice the time each time, with the same id and the same body; then it is given up, and can
// be tried again by hand.
func TestFailuresAreTriedAgainAndGivenUp(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		other := receive(t, status(http.StatusOK))
		wait := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		redirect := func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, other.url, http.StatusTemporaryRedirect)
		}
		to := receive(t, status(500), status(404), redirect, wait, status(503), status(503), status(503), status(503), status(200))
		r := p.routes(webhook(to.url, ", give_up: 5m"))
		s := p.sender(r, p.db)
		p.take(r, alert(t, "A1", start))
		var waits []string
		for p.only().State != database.GivenUp {
			p.round(s)
			d := p.only()
			if d.State == database.Waiting {
				waits = append(waits, d.NextAt.Sub(p.time()).String()+" "+d.Error)
				p.clock.Store(int64(d.NextAt) - 1)
				before := len(to.got())
				if p.round(s); len(to.got()) != before {
					t.Error("tried before it was due")
				}
				p.pass(time.Millisecond)
			}
		}
		want := []string{
			"5s answered with 500 Internal Server Error", "10s answered with 404 Not Found", "20s answered with 307 Temporary Redirect: redirects are not followed",
			"1m30s answered with 429 Too Many Requests", "1m20s answered with 503 Service Unavailable",
		}
		if strings.Join(waits, "; ") != strings.Join(want, "; ") {
			t.Errorf("waits %q", waits)
		}
		got := to.got()
		for i := range got {
			if got[i].body != got[0].body || got[i].header.Get("Weir-Delivery") != got[0].header.Get("Weir-Delivery") {
				t.Errorf("request %d is another one: %s", i, got[i].body)
			}
		}
		if len(got) != 6 || len(other.got()) != 0 {
			t.Errorf("%d requests, %d behind the redirect", len(got), len(other.got()))
		}
		p.pass(24 * time.Hour)
		for range 3 { // the receiver is ill for two more
			if n, err := p.db.TryAgain(t.Context(), "", database.Entry{At: p.time(), Actor: "ann", Action: "delivery.retry"}); err != nil || n > 1 {
				t.Errorf("%d are tried again, %v", n, err)
			}
			p.round(s)
			p.pass(time.Hour)
			p.round(s)
		}
		if d := p.only(); d.State != database.Delivered || d.Error != "" {
			t.Errorf("%+v", d)
		}
		if s := &p.stats; s.Delivered.Load() != 1 || s.Failed.Load() != 6 || s.GivenUp.Load() != 2 {
			t.Errorf("%d delivered, %d failed, %d given up", s.Delivered.Load(), s.Failed.Load(), s.GivenUp.Load())
		}
	})
}

// The jitter of what failed together.
func TestWaitsAreSpread(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	to := receive(t, status(500))
	r := p.routes(webhook(to.url, ""))
	for i, random := range []float64{0, .5, 1} {
		s, err := notify.NewSender(r, p.lookup, p.db, &p.stats, p.logger(), p.now, func() float64 { return random })
		if err != nil {
			t.Fatal(err)
		}
		p.take(r, alert(t, fmt.Sprint("A", i), p.time()))
		p.round(s)
		list, err := p.db.Deliveries(t.Context(), database.DeliveryFilter{}, nil, 1)
		if err != nil || list[0].NextAt.Sub(p.time()) != time.Duration(2500+1250*i)*time.Millisecond {
			t.Errorf("%v: %+v, %v", random, list, err)
		}
		p.pass(time.Millisecond)
	}
}

// dying is a database whose user dies before it can say that something was delivered.
type dying struct{ *database.DB }

func (dying) Succeeded(context.Context, string, payment.Time) error { return errDied }

func TestKilledBetweenSendingAndKeeping(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		to := receive(t, status(http.StatusOK))
		r := p.routes(webhook(to.url, ""))
		p.take(r, alert(t, "A1", start))
		if err := p.sender(r, dying{p.db}).Round(t.Context()); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		next := p.sender(r, p.db)
		p.round(next)
		if n := len(to.got()); n != 1 {
			t.Fatalf("%d requests while the first sender may be alive", n)
		}
		p.pass(2 * time.Minute)
		p.round(next)
		got := to.got()
		if len(got) != 2 || got[0].header.Get("Weir-Delivery") != got[1].header.Get("Weir-Delivery") || got[0].body != got[1].body {
			t.Errorf("%+v", got)
		}
		if d := p.only(); d.State != database.Delivered || d.Attempts != 2 {
			t.Errorf("%+v", d)
		}
	})
}

// A receiver that does not answer holds nobody else up, and one that is told to stop finishes what is under way.
func TestASlowReceiverHoldsNobodyUp(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	release, arrived, quick := make(chan struct{}), make(chan struct{}, 9), make(chan struct{}, 9)
	slow := receive(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-release })
	other := receive(t, func(http.ResponseWriter, *http.Request) { quick <- struct{}{} })
	r := p.routes(fmt.Sprintf("routes:\n  - {name: slow, on: alert, webhook: '%s', secret: 'env:SECRET'}\n  - {name: quick, on: alert, webhook: '%s', secret: 'env:SECRET'}\n", slow.url, other.url))
	s := p.sender(r, p.db)
	p.take(r, alert(t, "A1", start))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	<-arrived
	<-quick
	cancel()
	close(release)
	<-ended
	list, err := p.db.Deliveries(t.Context(), database.DeliveryFilter{State: database.Delivered}, nil, 9)
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

// An address that is a secret is told nowhere.
func TestNoErrorTellsAnAddress(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	gone := receive(t, status(200))
	p.secrets["HOOK"] = gone.url + "/T0KEN/hook?sig=S1GNATURE"
	hang := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("no such account A1"))
	})
	p.secrets["OTHER"] = hang.url + "/T0KEN"
	r := p.routes("routes:\n  - {name: a, on: alert, webhook: 'env:HOOK', secret: 'env:SECRET'}\n  - {name: b, on: alert, webhook: 'env:OTHER', secret: 'env:SECRET'}\n")
	s := p.sender(r, p.db)
	p.secrets = nil
	gone.close()
	p.take(r, alert(t, "A1", start))
	p.round(s)
	list, err := p.db.Deliveries(t.Context(), database.DeliveryFilter{}, nil, 9)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	text := p.log.String()
	for _, d := range list {
		text += d.Error
		if d.Error == "" {
			t.Errorf("%+v", d)
		}
	}
	for _, secret := range []string{"T0KEN", "S1GNATURE", "A1", "0123456789abcdef"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is told: %s", secret, text)
		}
	}
}

func TestBodyOfOnesOwn(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	to := receive(t, status(200))
	r := p.routes(webhook(to.url, `, body: '{"text": {{json .alert.reason}}, "score": {{json .alert.score}}, "big": {{if and .alert.score (gt .alert.score 0.9)}}true{{else}}false{{end}}}'`))
	p.take(r, alert(t, "A1", start))
	p.round(p.sender(r, p.db))
	got := to.got()
	var body map[string]any
	if err := json.Unmarshal([]byte(got[0].body), &body); err != nil || body["text"] != "New <!channel> merchant" || body["score"] != .97 || body["big"] != true {
		t.Errorf("%s, %v", got[0].body, err)
	}
	if err := verified(p.secrets["SECRET"], got[0], p.now()); err != nil {
		t.Error(err)
	}
}

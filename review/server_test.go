package review_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/database/databasetest"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/scoring"
)

const (
	topic  = "alerts"
	window = cases.Window(24 * time.Hour)
	start  = payment.Time(1_700_000_000_000)
)

func dollars(t *testing.T) payment.Currency {
	c, ok := payment.ParseCurrency("USD")
	if !ok {
		t.Fatal("there is no USD")
	}
	return c
}

// alert returns the n-th alert of an account, so many hours after the start.
func alert(t *testing.T, account string, n int, hours, score float64) *alerts.Alert {
	at := start + payment.Time(hours*3_600_000)
	shop := payment.Merchant{Name: "shop", Category: "toys", Location: payment.Location{LatitudeE7: 400_000_000, LongitudeE7: -740_000_000, Known: true}}
	return alerts.New(alerts.Alert{
		ID: fmt.Sprintf("%s-%d", account, n), Timestamp: at + 1000, TransactionID: fmt.Sprint("t", n), AccountID: account,
		Action: scoring.Review, Score: score, Severity: scoring.Low, Model: "cards/1", MoneyAtRisk: 12.5,
		Reasons:     []alerts.Reason{{Code: alerts.NewMerchant, Title: "New merchant", Text: "new"}},
		Entities:    []alerts.Entity{{Name: "merchant", Key: "shop"}, {Name: "device", Key: "d-" + account}},
		Transaction: &payment.Transaction{ID: fmt.Sprint("t", n), Time: at, AccountID: account, Type: payment.Purchase, Amount: 1250, Currency: dollars(t), Merchant: shop},
		History:     []features.Retained{{Time: start - 5000, Type: payment.Purchase, Amount: 100, Currency: dollars(t), Merchant: shop}},
	})
}

// place is a server over a database that a test has for itself.
type place struct {
	t       *testing.T
	address string // of the database
	db      *database.DB
	server  *review.Server
	helm    *helm
	url     string
	clock   *atomic.Int64 // milliseconds
	log     *bytes.Buffer
	logger  *slog.Logger // into log
}

func eachPlace(t *testing.T, f func(t *testing.T, p *place)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newPlace(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))) })
	t.Run("postgres", func(t *testing.T) { f(t, newPlace(t, databasetest.Postgres(t))) })
}

func newPlace(t *testing.T, address string) *place {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := &place{t: t, address: address, db: db, clock: new(atomic.Int64), log: new(bytes.Buffer), helm: newHelm()}
	p.clock.Store(int64(start) + 3_600_000)
	p.logger = slog.New(slog.NewTextHandler(p.log, nil))
	p.serve(review.Rules{Window: window, Claim: 15 * time.Minute, Session: 12 * time.Hour, Currency: dollars(t), Loopback: true})
	return p
}

// serve gives the place a server by the rules, in the place of the one before.
func (p *place) serve(rules review.Rules) {
	p.t.Helper()
	server, err := review.NewServer(rules, p.db, p.helm, p.logger, func() time.Time { return payment.Time(p.clock.Add(1)).Std() })
	if err != nil {
		p.t.Fatal(err)
	}
	s := httptest.NewServer(server.Handler())
	p.t.Cleanup(s.Close)
	ctx, stop := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		server.Watch(ctx)
	}()
	p.t.Cleanup(func() { stop(); <-watched })
	p.server, p.url = server, s.URL
}

func (p *place) take(list ...*alerts.Alert) {
	p.t.Helper()
	var all []database.Arrival
	for i, a := range list {
		all = append(all, database.Arrival{Place: database.Place{Offset: int64(i)}, Alert: a, Body: a.AppendJSON(nil)})
	}
	if _, err := p.db.TakeAlerts(p.t.Context(), topic, window, all, nil); err != nil {
		p.t.Fatal(err)
	}
}

// client is somebody who asks.
type client struct {
	p      *place
	header http.Header
}

var keys atomic.Int64

// token returns a client that bears a token.
func (p *place) token(name, scopes string) *client {
	p.t.Helper()
	secret, err := review.AddToken(p.t.Context(), p.db, name, strings.Split(scopes, ","), 0, "test", payment.Time(p.clock.Load()))
	if err != nil {
		p.t.Fatal(err)
	}
	return &client{p: p, header: http.Header{"Authorization": {"Bearer " + secret}}}
}

type object = map[string]any

// send sends a request, and returns its status and its answer.
func (c *client) send(method, path string, body any) (int, object, http.Header) {
	c.p.t.Helper()
	var reader io.Reader
	if body != nil {
		text, ok := body.(string)
		if !ok {
			raw, err := json.Marshal(body)
			if err != nil {
				c.p.t.Fatal(err)
			}
			text = string(raw)
		}
		reader = strings.NewReader(text)
	}
	r, err := http.NewRequestWithContext(c.p.t.Context(), method, c.p.url+path, reader)
	if err != nil {
		c.p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", fmt.Sprintf("00000000-0000-4000-8000-%012d", keys.Add(1)))
	for name, values := range c.header {
		r.Header[name] = values
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Do(r)
	if err != nil {
		c.p.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.p.t.Fatal(err)
	}
	var answer object
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &answer); err != nil {
			c.p.t.Fatalf("%s %s: %s: %v", method, path, text, err)
		}
	}
	return response.StatusCode, answer, response.Header
}

// must sends a request that has to succeed.
func (c *client) must(method, path string, body any) object {
	c.p.t.Helper()
	status, answer, _ := c.send(method, path, body)
	if status != http.StatusOK {
		c.p.t.Fatalf("%s %s: %d %v\n%s", method, path, status, answer, c.p.log)
	}
	return answer
}

// refused sends a request that has to be refused with a status.
func (c *client) refused(want int, method, path string, body any) object {
	c.p.t.Helper()
	status, answer, header := c.send(method, path, body)
	if status != want || header.Get("Content-Type") != "application/problem+json" || answer["status"] != float64(want) {
		c.p.t.Errorf("%s %s: %d %v, not %d", method, path, status, answer, want)
	}
	return answer
}

// queue returns the cases of a queue.
func (c *client) queue(query string) (list []object) {
	c.p.t.Helper()
	for _, v := range c.must("GET", "/api/v1/queue?"+query, nil)["cases"].([]any) {
		list = append(list, v.(object))
	}
	return list
}

func casePath(v object, step string) string { return fmt.Sprintf("/api/v1/cases/%v%s", v["id"], step) }

package notify_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/database/databasetest"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

const start = payment.Time(1_700_000_000_000)

// alert returns an alert that was made now on an account.
func alert(t *testing.T, account string, now payment.Time) *alerts.Alert {
	t.Helper()
	usd, ok := payment.ParseCurrency("USD")
	if !ok {
		t.Fatal("there is no USD")
	}
	return alerts.New(alerts.Alert{
		ID: "alert-" + account, Timestamp: now, TransactionID: "t1", AccountID: account, Action: scoring.Review, Score: .97, Severity: scoring.High, Model: "cards/1", MoneyAtRisk: 500,
		Marks:       []string{"unusual_amount"},
		Reasons:     []alerts.Reason{{Code: alerts.NewMerchant, Title: "New <!channel> merchant", Text: "*new*"}},
		Transaction: &payment.Transaction{ID: "t1", Time: now, AccountID: account, Type: payment.Purchase, Amount: 50000, Currency: usd, Merchant: payment.Merchant{Name: "Shop", Category: "toys"}},
	})
}

// place is a database, a clock and a log that a test has for itself.
type place struct {
	t       *testing.T
	db      *database.DB
	log     *lockedBuffer
	clock   atomic.Int64
	secrets map[string]string
	stats   notify.Stats
	offset  int64
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
	p := &place{t: t, db: db, log: new(lockedBuffer), secrets: map[string]string{"SECRET": "0123456789abcdef", "KEY": "fedcba9876543210"}}
	p.clock.Store(int64(start))
	return p
}

func (p *place) time() payment.Time { return payment.Time(p.clock.Load()) }

func (p *place) now() time.Time { return p.time().Std() }

func (p *place) pass(d time.Duration) { p.clock.Add(d.Milliseconds()) }

func (p *place) lookup(name string) (string, bool) {
	v, ok := p.secrets[name]
	return v, ok
}

// routes reads a file, whose first lines are the same for all.
func (p *place) routes(text string) *notify.Routes {
	p.t.Helper()
	r, err := notify.Parse("notify.yaml", []byte("format: 1\n"+text))
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *place) logger() *slog.Logger { return slog.New(slog.NewTextHandler(p.log, nil)) }

func (p *place) sender(r *notify.Routes, db notify.Store) *notify.Sender {
	p.t.Helper()
	s, err := notify.NewSender(r, p.lookup, db, &p.stats, p.logger(), p.now, func() float64 { return 1 })
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// take takes alerts in, as the review service does.
func (p *place) take(r *notify.Routes, list ...*alerts.Alert) {
	p.t.Helper()
	for _, a := range list {
		arrival := database.Arrival{Place: database.Place{Offset: p.offset}, Alert: a, Body: a.AppendJSON(nil), Deliveries: r.Deliveries(a, p.time())}
		if _, err := p.db.TakeAlerts(p.t.Context(), "alerts", cases.Window(24*time.Hour), []database.Arrival{arrival}, nil); err != nil {
			p.t.Fatal(err)
		}
		p.offset++
	}
}

func (p *place) round(s *notify.Sender) {
	p.t.Helper()
	if err := s.Round(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// only returns the only delivery there is.
func (p *place) only() database.Delivery {
	p.t.Helper()
	list, err := p.db.Deliveries(p.t.Context(), database.DeliveryFilter{}, nil, 10)
	if err != nil || len(list) != 1 {
		p.t.Fatalf("deliveries %+v, %v", list, err)
	}
	return list[0]
}

// receiver is somebody else's server.
type receiver struct {
	url      string
	close    func()
	mu       sync.Mutex
	requests []request
}

type request struct {
	header http.Header
	body   string
}

// receive answers the n-th request with the n-th status, and all that come after with the last.
func receive(t *testing.T, answers ...http.HandlerFunc) *receiver {
	t.Helper()
	r := new(receiver)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.requests = append(r.requests, request{q.Header, string(body)})
		n := min(len(r.requests), len(answers))
		r.mu.Unlock()
		answers[n-1](w, q)
	}))
	t.Cleanup(s.Close)
	r.url, r.close = s.URL, s.Close
	return r
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (r *receiver) got() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request(nil), r.requests...)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var errDied = errors.New("the process died")

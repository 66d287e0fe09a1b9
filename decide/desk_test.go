package decide_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/decide"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// desk is a Desk over a stream that the test makes up.
type desk struct {
	*decide.Desk
	t       *testing.T
	stats   *decide.Stats
	handler http.Handler
	log     bytes.Buffer
	now     time.Time

	mu      sync.Mutex
	sent    []string
	refused error                  // what Send answers
	decide  func(value []byte)     // called with what is sent
	deliver func(stream.Delivered) // what becomes of it; nil: it is delivered
}

func rules() decide.Rules {
	return decide.Rules{
		TimeLimit: 10 * time.Second, Fallback: func() scoring.Action { return scoring.Approve }, InFlight: 10, Behind: 2 * time.Second, Batch: 3, RequestBytes: 4096,
		Remember: time.Minute, RememberMost: 64 * 100,
		CheckTime: func(event, recorded payment.Time) error {
			if event > recorded {
				return errors.New("is in the future")
			}
			return nil
		},
	}
}

func newDesk(t *testing.T, r decide.Rules) *desk {
	d := &desk{t: t, stats: decide.NewStats(), now: time.UnixMilli(1_700_000_000_000)}
	log := slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.Desk = decide.NewDesk(r, d, d.stats, log, func() time.Time { return d.now })
	d.handler = d.Handler()
	d.CaughtUp(true)
	d.decide = func(value []byte) { d.decided(value, true) }
	return d
}

// Send implements decide.Producer.
func (d *desk) Send(key, value []byte, delivered stream.Delivered) error {
	d.mu.Lock()
	d.sent = append(d.sent, string(key)+" "+string(value))
	n := len(d.sent)
	d.mu.Unlock()
	switch {
	case d.refused != nil:
		return d.refused
	case d.deliver != nil:
		d.deliver(delivered)
	default:
		delivered(0, int64(n-1), nil)
	}
	d.decide(bytes.Clone(value))
	return nil
}

// decided makes the decision on a transaction appear in the stream, as today's pipeline writes it or as an older one did.
func (d *desk) decided(value []byte, content bool) string {
	var tx payment.Transaction
	if err := new(payment.Decoder).Decode(value, &tx); err != nil {
		d.t.Error(err)
	}
	event := scoring.Decision{TransactionID: tx.ID, AccountID: tx.AccountID, Timestamp: tx.Time, Model: "m", Policy: "p"}
	if content {
		_, event.Content = tx.Fingerprint()
	}
	r := stream.Record{Time: d.now.UnixMilli(), Key: []byte(tx.AccountID), Value: event.AppendJSON(nil)}
	d.Decided(&r)
	return string(r.Value)
}

func (d *desk) post(path, body string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, request)
	return answer
}

// expect holds that a transaction is answered with a code.
func (d *desk) expect(code int, body string, header ...string) string {
	d.t.Helper()
	answer := d.post("/v1/transactions", body, header...)
	if answer.Code != code {
		d.t.Fatalf("the answer is %d %s, want %d\n%s", answer.Code, answer.Body, code, d.log.String())
	}
	if code >= 400 && answer.Header().Get("Content-Type") != "application/problem+json" || (code == 429 || code == 503) && answer.Header().Get("Retry-After") == "" {
		d.t.Errorf("the header of %d is %v", code, answer.Header())
	}
	return answer.Body.String()
}

func transaction(account, id, amount string) string {
	return fmt.Sprintf(`{"transaction_id":%q,"timestamp":"2023-01-01T00:00:01Z","account_id":%q,"transaction_type":"purchase","amount":%s,"currency":"USD"}`, id, account, amount)
}

func TestRefusedBodies(t *testing.T) {
	d := newDesk(t, rules())
	for _, c := range []struct {
		name, body string
		code       int
		problem    string
		field      string
	}{
		{"nothing", ``, 400, "invalid-transaction", ""},
		{"no JSON", `{"transaction_id"`, 400, "invalid-transaction", ""},
		{"an array", `[]`, 400, "invalid-transaction", ""},
		{"two documents", transaction("A", "t", "1") + "{}", 400, "invalid-transaction", ""},
		{"no account", strings.Replace(transaction("A", "t", "1"), "account_id", "account", 1), 400, "invalid-transaction", "account_id"},
		{"digits", transaction("A", "t", "1.234"), 400, "invalid-transaction", "amount"},
		{"future", strings.Replace(transaction("A", "t", "1"), "2023-", "2024-", 1), 400, "invalid-transaction", "timestamp"},
		{"field twice", strings.Replace(transaction("A", "t", "1"), `{`, `{"amount":1,`, 1), 400, "invalid-transaction", "amount"},
		{"too large", transaction("A", "t", "1") + strings.Repeat(" ", payment.MaxDocumentBytes), 413, "too-large", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p struct {
				Type, Title, Detail, Field string
				Status                     int
			}
			if err := json.Unmarshal([]byte(d.expect(c.code, c.body)), &p); err != nil {
				t.Fatal(err)
			}
			if p.Type != "urn:weir:problem:"+c.problem || p.Status != c.code || p.Field != c.field || p.Title == "" || p.Detail == "" {
				t.Errorf("the problem is %+v", p)
			}
		})
	}
	body := transaction("A", "t", "1")
	d.expect(415, body, "Content-Type", "text/plain")
	d.expect(415, body, "Content-Type", "")
	d.expect(415, body, "Content-Encoding", "gzip")
	d.expect(400, body, decide.LimitHeader, "0")
	d.expect(400, body, decide.LimitHeader, "1s")
	if len(d.sent) > 0 {
		t.Errorf("what is refused is sent: %q", d.sent)
	}
	d.expect(200, body, "Content-Type", "application/json; charset=utf-8")
	if want := "A " + body; len(d.sent) != 1 || d.sent[0] != want {
		t.Errorf("%q is sent, want %q", d.sent, want)
	}
}

func TestRefusedRequests(t *testing.T) {
	d := newDesk(t, rules())
	for _, c := range []struct {
		method, path string
		code         int
	}{{"GET", "/v1/transactions", 405}, {"POST", "/v1/transactions/", 404}, {"POST", "/v1/transactions:other", 404}, {"GET", "/", 404}} {
		answer := httptest.NewRecorder()
		d.handler.ServeHTTP(answer, httptest.NewRequest(c.method, c.path, nil))
		if answer.Code != c.code || answer.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s is answered with %d %v %s", c.method, c.path, answer.Code, answer.Header(), answer.Body)
		}
	}
	if d.stats.Requests(404) != 3 || d.stats.Requests(405) != 1 {
		t.Error("they are not counted")
	}
}

func TestRefusedBatches(t *testing.T) {
	d := newDesk(t, rules())
	one := transaction("A", "t", "1")
	for name, c := range map[string]struct {
		body string
		code int
	}{
		"no array": {one, 400}, "empty": {`[]`, 400}, "null": {`null`, 400}, "cut off": {`[` + one, 400},
		"too many": {"[" + one + strings.Repeat(","+one, 3) + "]", 400}, "too large": {"[" + one + strings.Repeat(" ", 4096) + "]", 413},
	} {
		if answer := d.post("/v1/transactions:batch", c.body); answer.Code != c.code {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
	if len(d.sent) > 0 {
		t.Errorf("what is refused is sent: %q", d.sent)
	}
	answer := d.post("/v1/transactions:batch", "["+one+`,7,`+transaction("B", "t", "1")+"]")
	var results struct{ Results []struct{ Status int } }
	if err := json.Unmarshal(answer.Body.Bytes(), &results); err != nil || fmt.Sprint(results.Results) != "[{200} {400} {200}]" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if n := d.stats.InFlight.Load(); n != 0 {
		t.Errorf("%d transactions are in flight after all", n)
	}
}

func TestTokens(t *testing.T) {
	r := rules()
	r.Tokens = [][sha256.Size]byte{sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))}
	d := newDesk(t, r)
	body := transaction("A", "t", "1")
	d.expect(401, body)
	d.expect(401, body, "Authorization", "Bearer three")
	d.expect(401, body, "Authorization", "one")
	d.expect(200, body, "Authorization", "Bearer one")
	d.expect(200, body, "Authorization", "bearer two")
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	if answer.Code != 401 {
		t.Errorf("a path that is not there is answered with %d", answer.Code)
	}
}

// A decision by an older Weir does not tell its content, and is taken for that of the transaction.
func TestDecisionWithoutContent(t *testing.T) {
	d := newDesk(t, rules())
	want := d.decided([]byte(transaction("A", "t", "1")), false)
	if got := d.expect(200, transaction("A", "t", "2")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	want = d.decided([]byte(transaction(`"\`, "\u2028", "1")), true) // written with escapes
	if got := d.expect(200, `{"transaction_id":"\u2028","timestamp":"2023-01-01T00:00:01Z","account_id":"\"\\","transaction_type":"purchase","amount":1,"currency":"USD"}`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(d.sent) > 0 {
		t.Errorf("what is decided is sent: %q", d.sent)
	}
}

// What the stream decided first stands, also where somebody waits with another body.
func TestConflicts(t *testing.T) {
	d := newDesk(t, rules())
	d.decide = func([]byte) { d.decided([]byte(transaction("A", "t", "7")), true) }
	d.expect(409, transaction("A", "t", "1"))
	d.expect(409, transaction("A", "t", "1"))
	d.expect(200, transaction("A", "t", "7"))
	d.decide = func([]byte) {}
	d.expect(200, transaction("A", "u", "1"), decide.LimitHeader, "1")
	d.expect(409, transaction("A", "u", "2"), decide.LimitHeader, "1")
	if len(d.sent) != 2 {
		t.Errorf("%q are sent", d.sent)
	}
}

// What did not get into the stream is not promised, and is sent again when asked again.
func TestUndelivered(t *testing.T) {
	d := newDesk(t, rules())
	body := transaction("A", "t", "1")
	decided := d.decide
	d.decide = func([]byte) {}
	d.refused = errors.New("the queue is full")
	d.expect(503, body)
	d.refused = nil
	d.deliver = func(done stream.Delivered) { done(0, 0, errors.New("timed out")) }
	d.expect(503, body)
	d.deliver = func(stream.Delivered) {}
	d.expect(503, body, decide.LimitHeader, "1")
	if len(d.sent) != 3 {
		t.Errorf("%d are sent", len(d.sent))
	}
	d.expect(503, body, decide.LimitHeader, "1") // it is on its way still
	if len(d.sent) != 3 {
		t.Errorf("%d are sent", len(d.sent))
	}
	decided([]byte(body))
	d.expect(200, body)
}

// Decisions are forgotten after their time, and when there are too many.
func TestMemoryIsBounded(t *testing.T) {
	r := rules()
	d := newDesk(t, r)
	first := transaction("A", "first", "1")
	d.expect(200, first)
	d.now = d.now.Add(r.Remember / 2)
	for i := range 10_000 {
		d.decided([]byte(transaction("B", fmt.Sprint(i), "1")), true)
	}
	d.Committed(nil, nil)
	if n := d.stats.Remembered.Load(); n > int64(r.RememberMost) || n < int64(r.RememberMost)*9/10 {
		t.Errorf("%d decisions are remembered, of which there may be %d", n, r.RememberMost)
	}
	d.expect(200, transaction("B", "9999", "1"))
	if len(d.sent) != 1 {
		t.Errorf("what is remembered is sent: %q", d.sent)
	}
	d.now = d.now.Add(r.Remember + time.Second)
	for i := range 1000 {
		d.decided([]byte(transaction("C", fmt.Sprint(i), "1")), true)
	}
	d.Committed(nil, nil)
	if n := d.stats.Remembered.Load(); n > 1100 {
		t.Errorf("%d decisions are remembered, of which all but 1000 are too old", n)
	}
	d.expect(200, first)
	if len(d.sent) != 2 {
		t.Error("what is forgotten is not sent again")
	}
}

// Transactions are refused while one that was handed in is undecided for too long, and taken again once it is decided, or the
// pipeline has passed it without a decision.
func TestBehind(t *testing.T) {
	d := newDesk(t, rules())
	decided := d.decide
	d.decide = func([]byte) {}
	wait := func(id string) { d.expect(200, transaction("A", id, "1"), decide.LimitHeader, "1") }
	wait("t0")
	d.Committed([]int64{0}, nil)
	d.now = d.now.Add(time.Second)
	wait("t1")
	d.now = d.now.Add(1500 * time.Millisecond)
	d.Committed([]int64{0}, nil)
	d.expect(503, transaction("A", "t2", "1"))
	if d.stats.Trouble() == "" {
		t.Error("nobody is told")
	}
	decided([]byte(transaction("A", "t0", "1")))
	wait("t3") // without a look at the pipeline
	d.now = d.now.Add(time.Second)
	d.Committed([]int64{1}, nil)
	d.expect(503, transaction("A", "t4", "1"))
	d.Committed([]int64{3}, nil)
	wait("t5")
	d.Committed(nil, errors.New("no answer"))
	d.expect(503, transaction("A", "t6", "1"))
	d.Committed([]int64{4}, nil)
	d.CaughtUp(false)
	d.expect(503, transaction("A", "t7", "1"))
	d.CaughtUp(true)
	wait("t8")
}

// A handler that panics answers, and its log holds nothing of what it was given.
func TestPanic(t *testing.T) {
	d := newDesk(t, rules())
	d.decide = func(value []byte) { panic(string(value)) }
	d.expect(500, transaction("ACCOUNT-1", "t", "1"))
	if log := d.log.String(); !strings.Contains(log, "request panicked") || strings.Contains(log, "ACCOUNT-1") {
		t.Errorf("the log is %s", log)
	}
	if n := d.stats.InFlight.Load(); n != 0 {
		t.Errorf("%d transactions are in flight after all", n)
	}
}

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/feedback"
)

// bank is a bank's own system: it takes webhooks, and asks account holders.
type bank struct {
	mu     sync.Mutex
	status int
	told   []map[string]any
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	var event map[string]any
	if err != nil || json.Unmarshal(body, &event) != nil || b.status != http.StatusOK && event["event"] == "alert" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b.told = append(b.told, event)
}

// heard returns what it was told of a kind.
func (b *bank) heard(event string) (list []map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.told {
		if e["event"] == event {
			list = append(list, e)
		}
	}
	return list
}

// writeRoutes writes a file of routes.
func writeRoutes(t *testing.T, routes string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify.yaml")
	text := "format: 1\nanswers: {url: 'http://localhost/api/v1/answers', key: 'env:WEIR_TEST_SECRET'}\nroutes:\n" + routes
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answerNo brings an account holder's answer to the service.
func (s *service) answerNo(token string) {
	s.t.Helper()
	url := "http://" + reviewingLine.FindStringSubmatch(s.log.String())[1] + "/api/v1/answers"
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, url, strings.NewReader(`{"answer":"no"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		s.t.Errorf("the answer is answered with %s", response.Status)
	}
}

// A payment that is flagged is told to the bank's system, which asks the account holder, and their answer is a label in
// Kafka. What could not be delivered is listed and delivered later.
func TestAlertsAreToldAndAnswersBecomeLabels(t *testing.T) {
	b := &bank{status: http.StatusServiceUnavailable}
	server := httptest.NewServer(b)
	defer server.Close()
	t.Setenv("WEIR_TEST_SECRET", "0123456789abcdef0123456789abcdef")
	file := writeRoutes(t, fmt.Sprintf(`  - {name: desk, on: alert, max_age: 7d, webhook: "%[1]s", secret: "env:WEIR_TEST_SECRET", give_up: 1m}
  - {name: customer, on: question, max_age: 7d, webhook: "%[1]s", secret: "env:WEIR_TEST_SECRET"}
  - {name: crowd, on: queue, over: {cases: 1}, webhook: "%[1]s", secret: "env:WEIR_TEST_SECRET"}
  - {name: late, on: behind, over: {time: 1h}, webhook: "%[1]s", secret: "env:WEIR_TEST_SECRET"}
`, server.URL))
	s := newService(t, func(c *app.Config) {
		everything := 0.0
		c.Model.Review = &everything
		c.Targets = []string{"pipeline", "review", "notify"}
		c.Review.Address = "localhost:0"
		c.Review.Database = "sqlite:" + filepath.Join(t.TempDir(), "weir.db")
		c.Notify.File = file
	})
	stop := s.start()
	ask := s.reviewAPI()
	s.send(transaction("A1", "t1", "2024-01-01T12:00:00Z", "10.00"), transaction("A2", "t1", "2024-01-01T12:00:00Z", "10.00"))
	s.eventually("both account holders are asked", func() bool { return len(b.heard("question")) == 2 })
	for _, e := range b.heard("question") {
		s.answerNo(e["question"].(map[string]any)["answer_token"].(string))
	}
	for _, r := range s.read(s.config.Kafka.Topics.Feedback, 2) {
		l, err := feedback.Decode(r.Value)
		if err != nil || l.Source != feedback.Customer || l.Verdict != feedback.Fraud || l.TransactionID != "t1" || l.AlertID == "" {
			t.Errorf("label %+v, %v", l, err)
		}
	}
	deliveries := func(state string) string {
		var out bytes.Buffer
		if err := app.ListDeliveries(t.Context(), s.config, state, "desk", 10, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	s.eventually("both failures are seen", func() bool { return strings.Count(deliveries("waiting"), "answered with 503") == 2 })
	b.mu.Lock()
	b.status = http.StatusOK
	b.mu.Unlock()
	for _, v := range ask("GET", "/deliveries?route=desk", "")["deliveries"].([]any) {
		if err := app.RetryDeliveries(t.Context(), s.config, []string{v.(map[string]any)["delivery_id"].(string)}, "test", io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	s.eventually("both alerts are told", func() bool { return len(b.heard("alert")) == 2 })
	s.eventually("the queue is told of", func() bool { return len(b.heard("queue")) == 1 })
	if len(b.heard("question")) != 2 || len(b.heard("behind")) != 0 {
		t.Errorf("told is %v", b.told)
	}
	s.eventually("both are kept as delivered", func() bool { return strings.Count(deliveries("delivered"), "desk") == 2 })
	if got, _ := s.metrics(); got[`weir_notify_attempts_total{outcome="delivered"}`] < 4 || got[`weir_notify_attempts_total{outcome="failed"}`] < 2 {
		t.Errorf("%v", got)
	}
	if err := app.RetryDeliveries(t.Context(), s.config, []string{"none"}, "test", io.Discard); err == nil {
		t.Error("what is not there is tried again")
	}
	for _, secret := range []string{"A1", "A2", server.URL, "0123456789abcdef"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log tells %s", secret)
		}
	}
	stop()
}

func TestNotifyCheckAndTest(t *testing.T) {
	b := &bank{status: http.StatusOK}
	server := httptest.NewServer(b)
	defer server.Close()
	c := app.DefaultConfig()
	var out bytes.Buffer
	if err := app.CheckNotify(c, &out); err == nil || !strings.Contains(err.Error(), "notify.file is empty") {
		t.Error(err)
	}
	c.Notify.File = writeRoutes(t, "  - {name: desk, on: alert, webhook: '"+server.URL+"', secret: 'env:WEIR_TEST_SECRET'}\n")
	if err := app.CheckNotify(c, &out); err == nil || !strings.Contains(err.Error(), "WEIR_TEST_SECRET: the environment variable is not set") {
		t.Error(err)
	}
	t.Setenv("WEIR_TEST_SECRET", "0123456789abcdef")
	if err := app.CheckNotify(c, &out); err != nil || !strings.Contains(out.String(), "desk: tells of alert by webhook\n{\"delivery_id\"") || !strings.Contains(out.String(), "is fine") {
		t.Errorf("%s, %v", out.String(), err)
	}
	if err := app.TestNotify(t.Context(), c, "desk", &out); err != nil || len(b.heard("alert")) != 1 || b.told[0]["test"] != true {
		t.Errorf("%v, %v", b.told, err)
	}
}

// A process that tells others needs to know what.
func TestNotifyNeedsAFile(t *testing.T) {
	c := app.DefaultConfig()
	c.Targets = []string{"notify", "nobody"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "pipeline, decide, review, notify") {
		t.Error(err)
	}
}

// What the doctor says of the file of routes.
func TestDoctorLooksAtRoutes(t *testing.T) {
	s := newService(t, func(c *app.Config) {
		c.Notify.File = writeRoutes(t, "  - {name: desk, on: alert, webhook: 'https://bank.invalid', secret: 'env:WEIR_TEST_SECRET'}\n")
	})
	s.doctor().expect(t, "problem", "notifications", "env:WEIR_TEST_SECRET: the environment variable is not set", "notify check`")
	t.Setenv("WEIR_TEST_SECRET", "0123456789abcdef")
	s.doctor().expect(t, "ok", "notifications", "1 route, with their secrets", "")
}

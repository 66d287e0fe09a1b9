package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/feedback"
)

var reviewingLine = regexp.MustCompile(`msg="answering requests of reviewers" target=review address=(\S+)`)

// reviewer is a program that reviews.
type reviewer struct {
	s            *service
	address, key string
}

func (r *reviewer) ask(method, path, body string) map[string]any {
	r.s.t.Helper()
	request, err := http.NewRequestWithContext(r.s.t.Context(), method, "http://"+r.address+path, strings.NewReader(body))
	if err != nil {
		r.s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "00000000-0000-4000-8000-000000000001")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.s.t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != http.StatusOK {
		r.s.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	return answer
}

// The targets pipeline and review in one process: a payment that is flagged becomes a case, and what a person says of it a
// label in Kafka.
func TestReviewOfAFlaggedPayment(t *testing.T) {
	s := newService(t, func(c *app.Config) {
		everything := 0.0
		c.Model.Review = &everything
		c.Targets = []string{"pipeline", "review"}
		c.Review.Address = "localhost:0"
		c.Review.Database = "sqlite:" + filepath.Join(t.TempDir(), "weir.db")
	})
	var key bytes.Buffer
	if err := app.AddToken(t.Context(), s.config, "robot", []string{"read", "work"}, 0, "test", &key); err != nil {
		t.Fatal(err)
	}
	stop := s.start()
	r := &reviewer{s: s, key: strings.TrimSpace(key.String())}
	s.eventually("people can review", func() bool {
		if m := reviewingLine.FindStringSubmatch(s.log.String()); m != nil {
			r.address = m[1]
		}
		return r.address != ""
	})
	s.send(transaction("A1", "t1", "2024-01-01T12:00:00Z", "10.00"))
	var list []any
	s.eventually("the payment is in the queue", func() bool {
		list, _ = r.ask("GET", "/api/v1/queue", "")["cases"].([]any)
		return len(list) == 1
	})
	if v := list[0].(map[string]any); v["account_id"] != "A1" || v["version"] != 1. {
		t.Fatalf("%v", v)
	}
	r.ask("POST", "/api/v1/cases/1/dispose", `{"version":1,"label":"legitimate"}`)
	l, err := feedback.Decode(s.read(s.config.Kafka.Topics.Feedback, 1)[0].Value)
	if err != nil || l.TransactionID != "t1" || l.AccountID != "A1" || l.Verdict != feedback.Legitimate || l.By != "token:robot" {
		t.Errorf("label %+v, %v", l, err)
	}
	if log := stop(); strings.Contains(log, "A1") {
		t.Errorf("the log names an account:\n%s", log)
	}
}

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/scoring"
)

var reviewingLine = regexp.MustCompile(`msg="answering requests of reviewers" target=review address=(\S+)`)

// reviewAPI returns what asks the service's review API with a new token.
func (s *service) reviewAPI() func(method, path, body string) map[string]any {
	s.t.Helper()
	var address string
	s.eventually("the review API", func() bool {
		found := reviewingLine.FindStringSubmatch(s.log.String())
		if found != nil {
			address = found[1]
		}
		return found != nil
	})
	var out bytes.Buffer
	if err := app.AddToken(s.t.Context(), s.config, "test", []string{"read", "lists"}, time.Hour, "test", &out); err != nil {
		s.t.Fatal(err)
	}
	asked := 0
	return func(method, path, body string) map[string]any {
		s.t.Helper()
		asked++
		r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+address+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			s.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(out.String()))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", fmt.Sprintf("00000000-0000-4000-8000-%012d", asked))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			s.t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			s.t.Fatalf("%s %s: %d %s %v\n%s", method, path, response.StatusCode, text, err, s.log)
		}
		var answer map[string]any
		if err := json.Unmarshal(text, &answer); err != nil {
			s.t.Fatal(err)
		}
		return answer
	}
}

// An entry that is made over the review API reaches the workers, and what they say of themselves reaches the API.
func TestReviewersChangeListsAndSeeThePipeline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	writeLines(t, path, strings.Split(listPolicy, "\n"))
	s := newService(t, func(c *app.Config) {
		c.Kafka.Instance, c.Policy.File = "fraud-0", path
		c.Targets = []string{"pipeline", "review"}
		c.Review.Address, c.Review.Database = "localhost:0", "sqlite:"+filepath.Join(t.TempDir(), "weir.db")
	})
	stop := s.start()
	defer func() { stop() }()
	ask := s.reviewAPI()
	s.ready()
	decided := 0
	decides := func(what, account string, action scoring.Action) {
		t.Helper()
		s.eventually(what, func() bool { // a worker sees a change a moment after it is written
			decided++
			id := fmt.Sprint("t", decided)
			s.send(transaction(account, id, fmt.Sprintf("2024-01-01T00:%02d:%02dZ", decided/60, decided%60), "5.00"))
			_, all := s.decisions(decided)
			for _, d := range all {
				if d.TransactionID == id {
					return d.Action == action
				}
			}
			return false
		})
	}
	decides("a decision", "A-1", scoring.Approve)
	ask(http.MethodPost, "/lists/block:accounts/entries", `{"key":"A-1","reason":"three complaints"}`)
	decides("the entry", "A-1", scoring.Decline)
	entries, _ := ask(http.MethodGet, "/lists/block:accounts/entries", "")["entries"].([]any)
	if len(entries) != 2 || entries[0].(map[string]any)["by"] != "token:test" || entries[1].(map[string]any)["key"] != "A-file" {
		t.Errorf("the list has %v", entries)
	}
	ask(http.MethodDelete, "/lists/block:accounts/entries?key=A-1", "")
	ask(http.MethodDelete, "/lists/block:accounts/entries?key=A-file", "")
	decides("the removal", "A-1", scoring.Approve)
	decides("the removal of the policy's own", "A-file", scoring.Approve)
	var out bytes.Buffer
	if err := app.ShowLists(t.Context(), s.config, "", &out, io.Discard); err != nil || strings.Contains(out.String(), "A-1") {
		t.Errorf("the command shows\n%s%v", out.String(), err)
	}

	s.eventually("figures", func() bool {
		stats := ask(http.MethodGet, "/stats", "")
		p, _ := stats["pipeline"].(map[string]any)
		return p["state"] == "running" && p["instances"] == 1. && p["lag"] == 0. && p["p99_ms"] != nil && p["rate"] != 0. && p["dead_letters"] == 0. && stats["model"] == shippedID(t)
	})
}

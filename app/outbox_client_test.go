package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/feedback"
)

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprint(r.status, " ", r.text) }

func (k *killed) answers() bool {
	_, err := k.ask("GET", "/api/v1/me", "", "")
	return err == nil
}

// ask sends a request.
func (k *killed) ask(method, path, key, body string) (map[string]any, error) {
	server := k.servers[int(k.turn.Add(1))%len(k.servers)]
	request, err := http.NewRequestWithContext(k.t.Context(), method, "http://"+server.address+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+k.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = &refusal{response.StatusCode, string(text)}
	}
	var answer map[string]any
	if err == nil {
		err = json.Unmarshal(bytes.TrimSpace(text), &answer)
	}
	return answer, err
}

// must sends a request again and again, as one request, until it succeeds. What is refused ends the test.
func (k *killed) must(method, path, body string) map[string]any {
	key := fmt.Sprintf("00000000-0000-4000-8000-%012d", k.keys.Add(1))
	for {
		answer, err := k.ask(method, path, key, body)
		var no *refusal
		switch {
		case err == nil:
			return answer
		case k.t.Context().Err() != nil:
			runtime.Goexit()
		case errors.As(err, &no) && !strings.Contains(no.text, "in-progress"):
			k.t.Errorf("%s %s %s: %v", method, path, body, err)
			runtime.Goexit()
		}
		time.Sleep(5 * time.Millisecond) // the server is dead
	}
}

// decide decides the cases of accounts.
func (k *killed) decide() {
	for accounts := range k.due {
		list := make([]string, len(accounts))
		var c map[string]any
		for i, n := range accounts {
			c = k.find(n)
			list[i] = fmt.Sprintf(`{"id":%v,"version":%v}`, c["id"], c["version"])
		}
		if way(accounts[0]) == withOthers {
			k.must("POST", "/api/v1/cases:dispose", `{"cases":[`+strings.Join(list, ",")+`],"label":"legitimate"}`)
			k.note(feedback.Legitimate, accounts...)
			k.open.Add(-1)
			continue
		}
		done := k.must("POST", fmt.Sprintf("/api/v1/cases/%v/dispose", c["id"]), fmt.Sprintf(`{"version":%v,"label":"fraud"}`, c["version"]))
		k.note(feedback.Fraud, accounts...)
		if way(accounts[0]) == undone {
			k.must("POST", "/api/v1/undo", fmt.Sprintf(`{"undo":%q}`, done["undo"]))
			k.note(feedback.Withdrawn, accounts...)
		}
		k.open.Add(-1)
	}
}

// find waits for the case of an account to have all its alerts.
func (k *killed) find(n int) map[string]any {
	for {
		list := k.must("GET", fmt.Sprint("/api/v1/queue?account=a", n), "")["cases"].([]any)
		if len(list) == 1 && list[0].(map[string]any)["alerts"] == float64(alertsAnEach) {
			return list[0].(map[string]any)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (k *killed) note(v feedback.Verdict, accounts ...int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range accounts {
		k.said[fmt.Sprint("a", n)] = append(k.said[fmt.Sprint("a", n)], v)
	}
}

// compare compares what was said with the database, the audit and the topic.
func (k *killed) compare() {
	times := make(map[string]int)
	for _, l := range k.labels {
		times[l.ID]++
	}
	kept := 0
	for n := range k.accounts {
		account := fmt.Sprint("a", n)
		said := k.said[account]
		for i := range alertsAnEach {
			labels, err := k.db.Labels(k.t.Context(), account, fmt.Sprint("t", i))
			if err != nil {
				k.t.Fatal(err)
			}
			verdicts := []feedback.Verdict{}
			for _, l := range labels {
				kept++
				verdicts = append(verdicts, l.Verdict)
				if times[l.ID] != 1 {
					k.t.Errorf("label %s is %d times in the topic", l.ID, times[l.ID])
				}
			}
			if len(said) == 0 || !slices.Equal(verdicts, said) {
				k.t.Errorf("account %s: said was %v, and the database has %v", account, said, verdicts)
			}
		}
		k.compareAudit(account, said)
	}
	if len(times) != kept {
		k.t.Errorf("the topic has %d labels, the database %d", len(times), kept)
	}
}

func (k *killed) compareAudit(account string, said []feedback.Verdict) {
	list, err := k.db.ByAccount(k.t.Context(), account, 2)
	if err != nil || len(list) != 1 {
		k.t.Fatalf("account %s has the cases %v, %v", account, list, err)
	}
	entries, err := k.db.Audit(k.t.Context(), fmt.Sprint("case:", list[0].ID), 0, 10)
	if err != nil {
		k.t.Fatal(err)
	}
	want, got := []string{"dispose", "reopen"}[:len(said)], []string{}
	for _, e := range entries {
		got = append(got, e.Action)
	}
	if !slices.Equal(got, want) {
		k.t.Errorf("account %s: the audit has %v, want %v", account, got, want)
	}
}

package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
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

package app

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-fraud/weir/telemetry"
)

// analysts send requests to the review API as people and pages do, each when it is due, whatever became of those before.
type analysts struct {
	client *http.Client
	base   string
	token  string

	took    map[string]*telemetry.Histogram // seconds, by kind
	failed  atomic.Int64                    // not answered as they should be
	overrun atomic.Int64                    // steps on a case that an alert has joined meanwhile

	mu      sync.Mutex
	rng     *rand.Rand
	seen    []seenCase // in answers, the newest last
	alerts  []string   // ids, likewise
	keys    []string   // of entities, likewise
	next    []string   // cursors of the queue by risk
	claimed []seenCase // by us
	undo    []string   // what takes dispositions back
	highest int64      // number of a case
}

type seenCase struct {
	ID        int64  `json:"id"`
	Version   int64  `json:"version"`
	AccountID string `json:"account_id"`
	State     string `json:"state"`
}

var askedKinds = []string{"queue", "case", "write", "alert", "timeline", "search", "stats"}

func newAnalysts(address, token string, rng *rand.Rand) *analysts {
	const connections = 200
	a := &analysts{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Timeout: 20 * time.Second},
		base:   address + "/api/v1", token: token, rng: rng, took: make(map[string]*telemetry.Histogram),
	}
	for _, kind := range askedKinds {
		a.took[kind] = newWatcher(nil).took
	}
	return a
}

// run sends requests at a rate and waits for the last answer.
func (a *analysts) run(ctx context.Context, o ReviewBenchOptions) error {
	for range 20 { // pages of the queue, so that there are cases to ask for
		if _, err := a.ask(ctx, a.queue("limit=200")); err != nil {
			return fmt.Errorf("the review API does not answer: %w", err)
		}
	}
	start := time.Now()
	since := start.Add(o.WarmUp)
	var all sync.WaitGroup
	defer all.Wait()
	for n := 0; ; n++ {
		due := start.Add(time.Duration(float64(n) / o.Rate * float64(time.Second)))
		if due.After(since.Add(o.For)) {
			return nil
		}
		if err := sleep(ctx, time.Until(due)); err != nil {
			return err
		}
		q := a.choose()
		all.Go(func() {
			read, err := a.ask(ctx, q)
			switch {
			case due.Before(since):
			case err != nil:
				a.failed.Add(1)
			default:
				a.took[q.kind].Add(read.Sub(due).Seconds())
			}
		})
	}
}

func (a *analysts) write(f *figures, name string) error {
	for _, kind := range askedKinds {
		took := a.took[kind].Snapshot()
		f.line(name+"_"+kind+"_p50", milliseconds(took, .5), "ms")
		f.line(name+"_"+kind+"_p99", milliseconds(took, .99), "ms")
		f.line(name+"_"+kind+"_max", milliseconds(took, 1), "ms")
		f.line(name+"_"+kind+"_measured", float64(took.Count), "requests")
	}
	f.line(name+"_overrun", float64(a.overrun.Load()), "requests")
	f.line(name+"_failed", float64(a.failed.Load()), "requests")
	return f.err
}

// question is a request.
type question struct {
	kind string
	path string
	body any // nil to read
	take func(text []byte) error
}

// choose draws a request: of a hundred 35 for the queue, 30 for a case, 15 steps.
func (a *analysts) choose() *question {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch x := a.rng.IntN(100); {
	case x < 35:
		return a.queue(a.page())
	case x < 65:
		return &question{kind: "case", path: fmt.Sprintf("/cases/%d", a.someCase()), take: a.learn}
	case x < 80:
		return a.step()
	case x < 90 && len(a.alerts) > 0:
		return &question{kind: "alert", path: "/alerts/" + a.alerts[a.rng.IntN(len(a.alerts))]}
	case x < 94:
		return &question{kind: "timeline", path: "/accounts/" + a.seen[a.rng.IntN(len(a.seen))].AccountID + "/timeline"}
	case x < 97:
		return &question{kind: "search", path: "/search?q=" + url.QueryEscape(a.someText())}
	default:
		return &question{kind: "stats", path: "/stats"}
	}
}

// page returns which page of which queue to ask for.
func (a *analysts) page() string {
	views := []string{
		"", "", "", "", "", "order=money", "order=money", "order=age", "order=age", "view=closed", "severity=high", "order=money&severity=high", "order=age&severity=medium",
		"view=free", "view=mine", "view=snoozed",
	}
	switch i := a.rng.IntN(len(views) + 5); {
	case i < len(views):
		return views[i]
	case i == len(views):
		return "account=" + a.seen[a.rng.IntN(len(a.seen))].AccountID
	case len(a.next) > 0:
		return "cursor=" + a.next[a.rng.IntN(len(a.next))]
	default:
		return ""
	}
}

func (a *analysts) queue(query string) *question {
	return &question{kind: "queue", path: "/queue?" + query, take: func(text []byte) error {
		var page struct {
			Cases []seenCase `json:"cases"`
			Next  string     `json:"next"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.seen = newest(append(a.seen, page.Cases...), askedOf)
		for i := range page.Cases {
			a.highest = max(a.highest, page.Cases[i].ID)
		}
		if page.Next != "" {
			a.next = newest(append(a.next, page.Next), askedOf)
		}
		return nil
	}}
}

// askedOf is how much of what was seen is asked for again.
const askedOf = 4000

// someCase returns one that was in a queue, or one time in five any at all.
func (a *analysts) someCase() int64 {
	if a.rng.IntN(5) == 0 {
		return 1 + a.rng.Int64N(a.highest)
	}
	return a.seen[a.rng.IntN(len(a.seen))].ID
}

// someText returns what somebody might search for.
func (a *analysts) someText() string {
	switch i := a.rng.IntN(3); {
	case i == 0 && len(a.alerts) > 0:
		return a.alerts[a.rng.IntN(len(a.alerts))]
	case i == 1 && len(a.keys) > 0:
		return a.keys[a.rng.IntN(len(a.keys))]
	default:
		return a.seen[a.rng.IntN(len(a.seen))].AccountID
	}
}

// learn takes in the alerts of a case and what they have in common with others.
func (a *analysts) learn(text []byte) error {
	type alert struct {
		ID string `json:"alert_id"`
	}
	var c struct {
		Alerts  []alert `json:"alerts"`
		Earlier []alert `json:"earlier"`
		Related []struct {
			Key string `json:"key"`
		} `json:"related"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range append(c.Earlier, c.Alerts...) {
		a.alerts = newest(append(a.alerts, one.ID), askedOf)
	}
	for i := range c.Related {
		a.keys = newest(append(a.keys, c.Related[i].Key), askedOf)
	}
	return nil
}

// step returns a step on a case: one that we have claimed is disposed of, one disposition in four is undone, and else one is claimed.
func (a *analysts) step() *question {
	switch i := a.rng.IntN(9); {
	case i < 4 && len(a.claimed) > 0:
		c := a.claimed[0]
		a.claimed = a.claimed[1:]
		label := []string{"fraud", "legitimate", "unsure"}[a.rng.IntN(3)]
		return a.change(fmt.Sprintf("/cases/%d/dispose", c.ID), map[string]any{"version": c.Version, "label": label}, func(c seenCase, undo string) {
			a.undo = append(a.undo, undo)
		})
	case i == 4 && len(a.undo) > 0:
		undo := a.undo[0]
		a.undo = a.undo[1:]
		return a.change("/undo", map[string]any{"undo": undo}, func(seenCase, string) {})
	}
	for i := len(a.seen) - 1; i > 0; i-- { // the last that was seen is the least likely to have changed
		c := a.seen[i]
		if c.State == "open" {
			a.seen = append(a.seen[:i:i], a.seen[i+1:]...)
			return a.change(fmt.Sprintf("/cases/%d/claim", c.ID), map[string]any{"version": c.Version}, func(c seenCase, _ string) {
				a.claimed = append(a.claimed, c)
			})
		}
	}
	return a.queue("")
}

func (a *analysts) change(path string, body any, done func(c seenCase, undo string)) *question {
	return &question{kind: "write", path: path, body: body, take: func(text []byte) error {
		var answer struct {
			seenCase
			Undo string `json:"undo"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return err
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		done(answer.seenCase, answer.Undo)
		return nil
	}}
}

// ask sends a request, reads the whole answer and takes in what it says. It returns when it was read.
func (a *analysts) ask(ctx context.Context, q *question) (read time.Time, err error) {
	method, body := http.MethodGet, []byte(nil)
	if q.body != nil {
		method = http.MethodPost
		if body, err = json.Marshal(q.body); err != nil {
			return read, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, a.base+q.path, bytes.NewReader(body))
	if err != nil {
		return read, err
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", newKey())
	}
	response, err := a.client.Do(r)
	if err != nil {
		return read, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	read = time.Now()
	switch {
	case err != nil:
		return read, err
	case q.kind == "write" && response.StatusCode == http.StatusConflict:
		a.overrun.Add(1)
		return read, nil
	case response.StatusCode != http.StatusOK:
		return read, fmt.Errorf("%s: %s", q.path, response.Status)
	case q.take != nil:
		return read, q.take(text)
	}
	return read, nil
}

// newKey returns a UUID.
func newKey() string {
	var b [16]byte
	_, _ = crand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

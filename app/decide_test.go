package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/stream"
)

// newDeciding returns a service that answers requests. Whether it also decides is for targets to say.
func newDeciding(t *testing.T, targets []string, change func(c *app.Config)) *service {
	return newService(t, func(c *app.Config) {
		c.Targets = targets
		c.Decide.Address = "localhost:0"
		c.Decide.TimeLimit = app.Duration(20 * time.Second) // no test waits for it in vain
		if change != nil {
			change(c)
		}
	})
}

// beside returns another process on the same topics and the same state.
func (s *service) beside(targets ...string) *service {
	other := *s
	other.config.Targets = targets
	return &other
}

var answeringLine = regexp.MustCompile(`msg="answering requests for decisions" target=decide address=(\S+)`)

// desk returns where the service answers requests.
func (s *service) desk() string {
	s.t.Helper()
	var address string
	s.eventually("it answers requests", func() bool {
		match := answeringLine.FindStringSubmatch(s.log.String())
		if match != nil {
			address = match[1]
		}
		return match != nil
	})
	return address
}

type reply struct {
	code   int
	header http.Header
	body   string
}

// field returns a member of the body.
func (r *reply) field(name string) any {
	var all map[string]any
	if err := json.Unmarshal([]byte(r.body), &all); err != nil {
		return err
	}
	return all[name]
}

// post hands something in.
func post(address, path, body string, header ...string) (reply, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text)}, err
}

// ask hands a transaction in.
func (s *service) ask(body string, header ...string) reply {
	s.t.Helper()
	r, err := post(s.desk(), "/v1/transactions", body, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// expect holds that a transaction is answered with a code.
func (s *service) expect(code int, body string, header ...string) reply {
	s.t.Helper()
	r := s.ask(body, header...)
	if r.code != code {
		s.t.Fatalf("the answer is %d %s, want %d\n%s", r.code, r.body, code, s.log)
	}
	return r
}

func payload(account, id, at, amount string) string {
	return string(transaction(account, id, at, amount).Value)
}

// taken returns how many records the transactions topic has.
func (s *service) taken() int64 {
	s.t.Helper()
	r, err := stream.NewReader(s.t.Context(), s.kafka(), s.topic(), stream.FromStart)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	return r.Left()
}

// An answer is the event that is in the stream, also for those who ask again, at once, after a restart, or elsewhere.
func TestDecisionOnRequest(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"pipeline", "decide"}, nil)
	stop := s.start()
	s.ready()
	const at = "2024-01-01T00:00:01Z"
	body := payload("A", "t1", at, "12.00")

	answers := make(chan reply, 20)
	address := s.desk()
	var all sync.WaitGroup
	for range cap(answers) {
		all.Go(func() {
			if r, err := post(address, "/v1/transactions", body); err == nil {
				answers <- r
			}
		})
	}
	all.Wait()
	close(answers)
	decided := s.read(s.config.Kafka.Topics.Decisions, 1)
	n := 0
	for r := range answers {
		n++
		if r.code != http.StatusOK || r.body != string(decided[0].Value) || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("the answer is %d %s, want the decision %s", r.code, r.body, decided[0].Value)
		}
	}
	if n != cap(answers) {
		t.Errorf("%d of %d requests were answered", n, cap(answers))
	}
	same := strings.Replace(body, "12.00", "12", 1)
	other := strings.Replace(body, "12.00", "13", 1)
	for _, when := range []string{"again", "after a restart", "elsewhere"} {
		if r := s.ask(same); r.code != http.StatusOK || r.body != string(decided[0].Value) {
			t.Errorf("%s: the answer is %d %s, want %s", when, r.code, r.body, decided[0].Value)
		}
		if r := s.ask(other); r.code != http.StatusConflict || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: another body is answered with %d %s", when, r.code, r.body)
		}
		switch when {
		case "again":
			stop()
			stop = s.start()
			s.ready()
		case "after a restart":
			stop()
			s = s.beside("decide")
			stop = s.start()
			s.ready()
		}
	}
	series, _ := s.metrics()
	if series["weir_decide_repeats_total"] != 1 || series[`weir_decide_requests_total{code="200"}`] != 1 || series[`weir_decide_requests_total{code="409"}`] != 1 {
		t.Errorf("the metrics are %v", series)
	}
	stop()
	if n := s.taken(); n != 1 {
		t.Errorf("there are %d records of one transaction", n)
	}
}

// Who asks about an id that came through Kafka with another body is told so, and with the same body gets the decision.
func TestDecisionOnRequestAfterKafka(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"pipeline", "decide"}, nil)
	stop := s.start()
	s.ready()
	s.send(transaction("A", "t1", "2024-01-01T00:00:01Z", "1.00"))
	decided := s.read(s.config.Kafka.Topics.Decisions, 1)
	s.eventually("it has read the decision", func() bool { series, _ := s.metrics(); return series["weir_decide_remembered"] == 1 })
	s.expect(http.StatusConflict, payload("A", "t1", "2024-01-01T00:00:01Z", "2.00"))
	if r := s.expect(http.StatusOK, payload("A", "t1", "2024-01-01T00:00:01Z", "1.00")); r.body != string(decided[0].Value) {
		t.Errorf("the answer is %s, want %s", r.body, decided[0].Value)
	}
	stop()
}

// Each transaction of a batch has its own result, and those of one account are decided in their order.
func TestBatchOnRequest(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"pipeline", "decide"}, nil)
	stop := s.start()
	s.ready()
	batch := []string{
		payload("A", "t1", "2024-01-01T00:00:01Z", "1.00"), payload("A", "t2", "2024-01-01T00:00:02Z", "1.234"),
		payload("A", "t3", "2024-01-01T00:00:03Z", "3.00"), payload("B", "t1", "2024-01-01T00:00:04Z", "4.00"),
		payload("A", "t1", "2024-01-01T00:00:01Z", "1"), payload("A", "t1", "2024-01-01T00:00:01Z", "9"),
	}
	r, err := post(s.desk(), "/v1/transactions:batch", "["+strings.Join(batch, ",")+"]")
	if err != nil || r.code != http.StatusOK {
		t.Fatalf("%d %s, %v", r.code, r.body, err)
	}
	var answer struct {
		Results []struct {
			Status   int
			Decision json.RawMessage
			Problem  struct{ Field, Kind string }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		t.Fatal(err)
	}
	decided := make(map[string]string)
	for _, r := range s.read(s.config.Kafka.Topics.Decisions, 3) {
		decided[transactionID(t, string(r.Value))] = string(r.Value)
	}
	for i, want := range []struct {
		status int
		key    string
		field  string
	}{{200, "A t1", ""}, {400, "", "amount"}, {200, "A t3", ""}, {200, "B t1", ""}, {200, "A t1", ""}, {409, "", ""}} {
		got := answer.Results[i]
		if got.Status != want.status || string(got.Decision) != decided[want.key] || got.Problem.Field != want.field {
			t.Errorf("result %d is %+v, want %+v", i, got, want)
		}
	}
	stop()
	if n := s.taken(); n != 3 {
		t.Errorf("there are %d transactions in the stream", n)
	}
}

// Without a pipeline the answer is the fallback action, marked, until transactions have been undecided for so long that no more
// are taken. What was handed in is decided once there is a pipeline.
func TestFallbackOnRequest(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"decide"}, func(c *app.Config) {
		c.Decide.TimeLimit = app.Duration(300 * time.Millisecond)
		c.Decide.Behind = app.Duration(time.Second)
	})
	stop := s.start()
	s.ready()
	body := payload("A", "t1", "2024-01-01T00:00:01Z", "1.00")
	r := s.expect(http.StatusOK, body)
	want := `{"transaction_id":"t1","account_id":"A","timestamp":"2024-01-01T00:00:01Z","action":"review","fallback":true,"reason":"no decision in time"}`
	if r.body != want {
		t.Errorf("the answer is %s, want %s", r.body, want)
	}
	s.unready("decide: the pipeline is behind")
	r = s.expect(http.StatusServiceUnavailable, payload("A", "t2", "2024-01-01T00:00:02Z", "1.00"))
	if r.header.Get("Retry-After") == "" || r.field("type") != "urn:weir:problem:behind" {
		t.Errorf("the answer is %v %s", r.header, r.body)
	}
	pipeline := s.beside("pipeline")
	stopPipeline := pipeline.start()
	decided := s.read(s.config.Kafka.Topics.Decisions, 1)
	s.ready()
	if r := s.expect(http.StatusOK, body); r.body != string(decided[0].Value) {
		t.Errorf("the answer is %s, want %s", r.body, decided[0].Value)
	}
	series, _ := s.metrics()
	if series["weir_decide_fallbacks_total"] != 1 || series["weir_decide_transactions_total"] != 2 {
		t.Errorf("the metrics are %v", series)
	}
	stop()
	stopPipeline()
	if n := s.taken(); n != 1 {
		t.Errorf("there are %d transactions in the stream, where one was taken once", n)
	}
}

// The fallback action is that of the policy in force, which may change while requests are answered; one that is no good
// changes nothing.
func TestFallbackFollowsThePolicy(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"decide"}, func(c *app.Config) {
		c.Decide.TimeLimit, c.Decide.Behind = app.Duration(100*time.Millisecond), app.Duration(time.Hour)
	})
	stop := s.start()
	s.ready()
	asked := 0
	action := func() any {
		asked++
		r := s.ask(payload("A", fmt.Sprint("t", asked), "2024-01-01T00:00:01Z", "1.00"))
		if r.code == http.StatusServiceUnavailable { // the brokers took longer than the limit
			return nil
		}
		if r.code != http.StatusOK || r.field("fallback") != true {
			t.Fatalf("the answer is %d %s", r.code, r.body)
		}
		return r.field("action")
	}
	s.eventually("it answers review", func() bool { return action() == "review" })
	path := filepath.Join(t.TempDir(), "policy.yaml")
	for i, next := range []string{"decline", "approve"} {
		writeLines(t, path, []string{"format: 1", fmt.Sprint("version: v", i), "fallback: " + next, "segments: [{name: all, review: 0.5}]"})
		if err := app.ApplyPolicy(t.Context(), s.config, path, app.ChangeOptions{By: "ana"}, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		s.eventually("it answers "+next, func() bool { return action() == next })
	}
	bad := "format: 1\nversion: bad.1\nfallback: decline\nsegments: [{name: all, review: 2}]\n"
	s.say(control.Event{Policy: &control.Policy{Version: "bad.1", Digest: control.Digest(bad), Text: bad}})
	s.eventually("it refuses the policy", func() bool { return strings.Contains(s.log.String(), "policy=bad.1") })
	s.eventually("it answers as before", func() bool { return action() == "approve" })
	stop()
}

// Requests under way have their answers before the process ends. Those beyond the limit are sent away.
func TestRequestsInFlight(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"decide"}, func(c *app.Config) {
		c.Decide.InFlight, c.Decide.Batch, c.Decide.Fallback = 1, 1, "decline"
		c.Decide.TimeLimit = app.Duration(3 * time.Second)
	})
	stop := s.start()
	s.ready()
	address := s.desk()
	first := make(chan reply, 1)
	go func() {
		r, err := post(address, "/v1/transactions", payload("A", "t1", "2024-01-01T00:00:01Z", "1.00"))
		if err != nil {
			r.body = err.Error()
		}
		first <- r
	}()
	s.eventually("the first waits", func() bool { series, _ := s.metrics(); return series["weir_decide_in_flight"] == 1 })
	r := s.expect(http.StatusTooManyRequests, payload("A", "t2", "2024-01-01T00:00:02Z", "1.00"))
	if r.header.Get("Retry-After") != "1" {
		t.Errorf("the answer is %v %s", r.header, r.body)
	}
	stop()
	if r := <-first; r.code != http.StatusOK || r.field("fallback") != true || r.field("action") != "decline" {
		t.Errorf("the answer is %d %s", r.code, r.body)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Error("it still listens after it has stopped")
	}
}

// A process with both targets stops without a fallback: the pipeline goes on until the last request has its answer.
func TestRequestsAtStop(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"pipeline", "decide"}, nil)
	stop := s.start()
	s.ready()
	address := s.desk()
	begun, answers := make(chan struct{}, 1000), make(chan reply, 1000)
	var all sync.WaitGroup
	ended := make(chan struct{})
	for i := range 8 {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-ended:
					return
				case begun <- struct{}{}:
				}
				r, err := post(address, "/v1/transactions", payload(fmt.Sprintf("A%d", i), fmt.Sprintf("t%d", n), "2024-01-01T00:00:01Z", "1.00"))
				if err != nil || r.code == http.StatusServiceUnavailable {
					return // it does not take any more
				}
				answers <- r
			}
		})
	}
	for range 40 {
		<-begun
	}
	stop()
	close(ended)
	all.Wait()
	close(answers)
	n := 0
	for r := range answers {
		if n++; r.code != http.StatusOK || r.field("fallback") != nil {
			t.Errorf("the answer is %d %s", r.code, r.body)
		}
	}
	if n < 32 {
		t.Errorf("%d answers", n)
	}
	if decided := s.read(s.config.Kafka.Topics.Decisions, n); len(decided) != n {
		t.Errorf("%d decisions and %d answers", len(decided), n)
	}
}

// While the brokers are away nothing is promised, and what was decided is remembered.
func TestRequestsWithoutBrokers(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(0), kfake.DataDir(directory))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	s := newDeciding(t, []string{"pipeline", "decide"}, func(c *app.Config) {
		c.Kafka.Brokers = broker.ListenAddrs()
		c.Decide.TimeLimit = app.Duration(time.Second)
	})
	stop := s.start()
	s.ready()
	body := payload("A", "t1", "2024-01-01T00:00:01Z", "1.00")
	decided := s.expect(http.StatusOK, body)
	if decided.field("fallback") != nil {
		t.Fatalf("the answer is %s", decided.body)
	}
	_, port, _ := net.SplitHostPort(broker.ListenAddrs()[0])
	broker.Close()
	r := s.expect(http.StatusServiceUnavailable, payload("A", "t2", "2024-01-01T00:00:02Z", "1.00"))
	if r.header.Get("Retry-After") == "" || r.field("type") != "urn:weir:problem:not-delivered" {
		t.Errorf("the answer is %v %s", r.header, r.body)
	}
	s.unready("decide: the brokers do not answer")
	r = s.expect(http.StatusServiceUnavailable, payload("A", "t3", "2024-01-01T00:00:03Z", "1.00"))
	if r.field("type") != "urn:weir:problem:brokers-away" {
		t.Errorf("the answer is %s", r.body)
	}
	if r := s.expect(http.StatusOK, body); r.body != decided.body {
		t.Errorf("the answer is %s, want %s", r.body, decided.body)
	}
	var number int
	if _, err := fmt.Sscan(port, &number); err != nil {
		t.Fatal(err)
	}
	if broker, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(number), kfake.DataDir(directory)); err != nil {
		t.Fatal(err)
	}
	s.eventually("it decides again", func() bool {
		r := s.ask(payload("A", "t2", "2024-01-01T00:00:02Z", "1.00"))
		return r.code == http.StatusOK && r.field("fallback") == nil
	})
	stop()
}

// Whoever can reach the machine must not be able to ask, unless that was meant.
func TestRequestsNeedTokens(t *testing.T) {
	t.Parallel()
	const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"
	s := newDeciding(t, []string{"decide"}, func(c *app.Config) {
		c.Decide.Tokens = []string{hash}
		c.Decide.TimeLimit = app.Duration(10 * time.Millisecond)
	})
	stop := s.start()
	s.ready()
	body := payload("A", "t1", "2024-01-01T00:00:01Z", "1.00")
	for _, header := range [][]string{nil, {"Authorization", "Bearer wrong"}, {"Authorization", "Bearer " + hash}, {"Authorization", "Basic test"}, {"Authorization", "Bearer"}} {
		if r := s.expect(http.StatusUnauthorized, body, header...); !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("the answer is %v %s", r.header, r.body)
		}
	}
	if r := s.ask(body, "Authorization", "Bearer test"); r.code == http.StatusUnauthorized {
		t.Errorf("the token is not known: %s", r.body)
	}
	stop()
	open := *s
	open.config.Decide.Tokens, open.config.Decide.Address = nil, ":0"
	err := app.Run(t.Context(), open.config, "test", slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "decide.tokens is empty") {
		t.Errorf("open to the world without tokens: %v", err)
	}
}

func TestUnknownTarget(t *testing.T) {
	c := app.DefaultConfig()
	c.Targets = []string{"pipeline", "decider"}
	if err := app.Run(t.Context(), c, "test", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), `"decider" is not a target`) {
		t.Errorf("%v", err)
	}
	if _, err := app.LoadConfig("", []string{"WEIR_TARGETS=decider"}); err == nil || !strings.Contains(err.Error(), `"decider" is not a target`) {
		t.Errorf("%v", err)
	}
	_, err := app.LoadConfig("", []string{"WEIR_DECIDE_TOKENS=secret", "WEIR_DECIDE_FALLBACK=maybe"})
	if err == nil || !strings.Contains(err.Error(), "decide.tokens: number 1 is not a SHA-256") || !strings.Contains(err.Error(), "decide.fallback") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// Nothing of a request gets into the log.
func TestLogOfRequestsHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	s := newDeciding(t, []string{"pipeline", "decide"}, nil)
	stop := s.start()
	s.ready()
	s.expect(http.StatusOK, payload("ACCOUNT-4711", "TRANSACTION-1", "2024-01-01T00:00:01Z", "61234.56"))
	s.expect(http.StatusBadRequest, payload("ACCOUNT-4711", "TRANSACTION-2", "2024-01-01T00:00:01Z", "61234.567"))
	s.expect(http.StatusBadRequest, `{"transaction_id":"TRANSACTION-3"`)
	if _, err := post(s.desk(), "/v1/accounts/ACCOUNT-4711", ""); err != nil {
		t.Fatal(err)
	}
	log := stop()
	if strings.Count(log, "request answered") != 4 {
		t.Errorf("the log does not tell of four requests, so that the test tests less than it should:\n%s", log)
	}
	for _, text := range []string{"ACCOUNT", "TRANSACTION", "61234"} {
		if strings.Contains(log, text) {
			t.Errorf("the log holds %q:\n%s", text, log)
		}
	}
}

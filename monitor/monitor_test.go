package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/monitor"
	"github.com/weir-fraud/weir/pipeline"
)

// fixture is a monitor over workers and partitions that the test makes up, at a time that it sets.
type fixture struct {
	t       *testing.T
	stats   *pipeline.Stats
	monitor *monitor.Monitor
	now     time.Time
}

func newFixture(t *testing.T, workers int) *fixture {
	f := &fixture{t: t, stats: pipeline.NewStats(), now: time.UnixMilli(1_700_000_000_000)}
	now := func() time.Time { return f.now }
	f.monitor = monitor.New(monitor.Config{Stats: f.stats, Version: "v1", Layout: "abc", Silence: time.Minute, Now: now})
	for range workers {
		pipeline.NewWorker(pipeline.WorkerConfig{}, pipeline.NewSwitch(engine(t)), nil, f.stats, quiet(), now, nil)
	}
	for _, w := range f.stats.Workers() {
		w.Joined.Store(true)
	}
	f.monitor.Working()
	return f
}

func engine(t *testing.T) *pipeline.Engine {
	t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	e, err := pipeline.NewEngine(pipeline.EngineConfig{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// get returns the status code and the body of an answer.
func get(h http.Handler, path string) (int, string) {
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
	return r.Code, r.Body.String()
}

// expect holds that a path answers 200, or 503 with reasons that begin as given.
func (f *fixture) expect(path string, reasons ...string) {
	f.t.Helper()
	code, body := get(f.monitor.Handler(), path)
	var answer struct {
		Status  string
		Reasons []string
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		f.t.Fatalf("%s answers %q: %v", path, body, err)
	}
	want := http.StatusOK
	if len(reasons) > 0 {
		want = http.StatusServiceUnavailable
	}
	if code != want || !slices.EqualFunc(answer.Reasons, reasons, strings.HasPrefix) {
		f.t.Errorf("%s answers %d %s, want %d with the reasons %q", path, code, body, want, reasons)
	}
}

func TestStuckWorker(t *testing.T) {
	f := newFixture(t, 2)
	f.now = f.now.Add(time.Minute)
	f.expect("/healthz")
	f.now = f.now.Add(time.Second)
	reasons := []string{"worker 0 is stuck: its loop has not turned for 1m1s", "worker 1 is stuck"}
	f.expect("/healthz", reasons...)
	f.expect("/readyz", reasons...)
}

func TestUnready(t *testing.T) {
	f := newFixture(t, 2)
	f.expect("/readyz")
	f.monitor.Waiting("loading the model")
	f.expect("/readyz", "loading the model")
	f.expect("/healthz")
	f.monitor.Working()

	f.stats.Workers()[1].Joined.Store(false)
	f.expect("/readyz", "worker 1 is not in the consumer group")
	f.stats.Workers()[1].Joined.Store(true)

	p := f.stats.Partition(3)
	p.Assigned.Store(true)
	p.Catching.Store(true)
	p.At.Store(70)
	p.Until.Store(100)
	f.expect("/readyz", "partition 3 is being rebuilt: at offset 70 of 100")
	p.Assigned.Store(false) // to somebody else, whose business it is now
	f.expect("/readyz")
}

// A server that is not there makes the service unready, and ready again once it is back.
func TestServers(t *testing.T) {
	f := newFixture(t, 1)
	looks := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.monitor.Watch(ctx, monitor.Server{Name: "redis", Check: func(ctx context.Context) error {
			select {
			case err := <-looks:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
	}()
	await(t, "not looked at yet", func() bool {
		_, body := get(f.monitor.Handler(), "/readyz")
		return strings.Contains(body, "redis: not looked at yet")
	})
	looks <- errors.New("connection refused")
	await(t, "connection refused", func() bool {
		_, body := get(f.monitor.Handler(), "/readyz")
		return strings.Contains(body, "redis: connection refused")
	})
	if _, body := get(f.monitor.Handler(), "/metrics"); !strings.Contains(body, `weir_server_up{server="redis"} 0`) || !strings.Contains(body, "\nweir_ready 0\n") {
		t.Errorf("the metrics do not tell:\n%s", body)
	}
	looks <- nil
	await(t, "ready again", func() bool { code, _ := get(f.monitor.Handler(), "/readyz"); return code == http.StatusOK })
	cancel()
	<-ended
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("waited too long: %s", what)
		case <-tick.C:
		}
	}
}

// Lag in seconds is the age of the last record with a decision, and nothing where there is no lag.
func TestPartitionMetrics(t *testing.T) {
	f := newFixture(t, 1)
	for n, lag := range map[int32]int64{0: 0, 1: 5, 2: 7} {
		p := f.stats.Partition(n)
		p.Assigned.Store(n != 2)
		p.Committed.Store(100)
		p.End.Store(100 + lag)
		p.RecordTime.Store(f.now.Add(-90 * time.Second).UnixMilli())
	}
	_, body := get(f.monitor.Handler(), "/metrics")
	for _, want := range []string{
		`weir_partition_lag_records{partition="0"} 0`, `weir_partition_lag_seconds{partition="0"} 0`,
		`weir_partition_lag_records{partition="1"} 5`, `weir_partition_lag_seconds{partition="1"} 90`,
		`weir_partition_end_offset{partition="1"} 105`, `weir_partitions_assigned 2`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	for _, wrong := range []string{`partition="2"`, "watermark_timestamp_seconds{"} {
		if strings.Contains(body, wrong) {
			t.Errorf("the metrics have %s", wrong)
		}
	}
}

func TestHistograms(t *testing.T) {
	f := newFixture(t, 1)
	for _, seconds := range []float64{0.004, 0.005, 0.4, 1e6} {
		f.stats.Latency.Add(seconds)
	}
	_, body := get(f.monitor.Handler(), "/metrics")
	for _, want := range []string{
		`weir_decision_latency_seconds_bucket{le="0.003"} 0`, `weir_decision_latency_seconds_bucket{le="0.005"} 2`,
		`weir_decision_latency_seconds_bucket{le="0.5"} 3`, `weir_decision_latency_seconds_bucket{le="+Inf"} 4`,
		`weir_decision_latency_seconds_count 4`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestServe(t *testing.T) {
	f := newFixture(t, 1)
	server, err := monitor.Serve("localhost:0", f.monitor.Handler(), quiet())
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get("http://" + server.Address() + "/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.HasPrefix(string(text), "weir v1\n") {
		t.Errorf("/ answers %q, %v", text, err)
	}
	_, err = monitor.Serve(server.Address(), f.monitor.Handler(), quiet())
	if err == nil || !strings.Contains(err.Error(), "http.address "+server.Address()+" is taken") {
		t.Errorf("on a port that is taken the error is %v", err)
	}
	if _, err := monitor.Serve("localhost:weir", f.monitor.Handler(), quiet()); err == nil || !strings.Contains(err.Error(), "give host:port") {
		t.Errorf("on no port the error is %v", err)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", server.Address()); err == nil {
		_ = c.Close()
		t.Error("it still listens after Close")
	}
}

package app_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/stream"
)

// eventually tries until done, and fails after a minute.
func (s *service) eventually(what string, done func() bool) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			s.t.Fatalf("waited too long: %s\n%s", what, s.log.String())
		case <-tick.C:
		}
	}
}

var servingLine = regexp.MustCompile(`msg="serving metrics and health" address=(\S+)`)

// get asks the running service.
func (s *service) get(path string) (int, string) {
	s.t.Helper()
	var address string
	s.eventually("it serves", func() bool {
		match := servingLine.FindStringSubmatch(s.log.String())
		if match != nil {
			address = match[1]
		}
		return match != nil
	})
	response, err := http.Get("http://" + address + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// ready waits until the service says that it is.
func (s *service) ready() {
	s.t.Helper()
	s.eventually("it is ready", func() bool { code, _ := s.get("/readyz"); return code == http.StatusOK })
}

// unready waits until the service says that it is not, for a reason with the given text.
func (s *service) unready(reason string) {
	s.t.Helper()
	s.eventually("it is not ready: "+reason, func() bool {
		code, body := s.get("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(body, reason)
	})
}

// metrics returns the value of every series, and the type and labels of every metric of Weir's own.
func (s *service) metrics() (series map[string]float64, kinds map[string]string) {
	s.t.Helper()
	_, body := s.get("/metrics")
	series, kinds = make(map[string]float64), make(map[string]string)
	types := make(map[string]string)
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "# TYPE weir_"); ok {
			name, kind, _ := strings.Cut("weir_"+rest, " ")
			types[name] = kind
		}
		if !strings.HasPrefix(line, "weir_") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			s.t.Fatal(err)
		}
		series[line[:at]] = value
		name, labels, _ := strings.Cut(line[:at], "{")
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if whole := strings.TrimSuffix(name, suffix); types[whole] == "histogram" {
				name = whole
			}
		}
		if kind := describe(types[name], labels); len(kind) > len(kinds[name]) {
			kinds[name] = kind
		}
	}
	return series, kinds
}

var labelName = regexp.MustCompile(`(\w+)="`)

// describe returns a metric's type and labels as the table in docs/operations.md has them.
func describe(kind, labels string) string {
	var names []string
	for _, match := range labelName.FindAllStringSubmatch(labels, -1) {
		if match[1] != "le" {
			names = append(names, "`"+match[1]+"`")
		}
	}
	slices.Sort(names)
	return kind + " " + strings.Join(names, ", ")
}

var documentedMetric = regexp.MustCompile("(?m)^\\| `(weir_\\w+)` \\| (\\w+) \\| ([^|]*)\\|")

// What happens is what the metrics say, and all they say is in the table of docs/operations.md.
func TestMetrics(t *testing.T) {
	t.Setenv("WEIR_TEST_SECRET", "0123456789abcdef")
	s := newService(t, func(c *app.Config) {
		c.Pipeline.Workers = 1
		c.Targets, c.Decide.Address = []string{"pipeline", "decide", "notify"}, "localhost:0"
		c.Review.Database = "sqlite:" + filepath.Join(t.TempDir(), "weir.db")
		c.Notify.File = writeRoutes(t, "  - {name: desk, on: alert, webhook: 'https://bank.invalid', secret: 'env:WEIR_TEST_SECRET'}\n")
	})
	stop := s.start()
	s.ready()
	s.send(
		transaction("A", "t1", "2024-01-01T00:00:01Z", "1.00"),
		transaction("A", "t1", "2024-01-01T00:00:01Z", "1.00"), // a duplicate
		transaction("A", "t1", "2024-01-01T00:00:01Z", "9.00"), // a conflict
		transaction("A", "t2", "2024-01-01T06:00:00Z", "2.00"),
		transaction("A", "t3", "2024-01-01T01:00:00Z", "3.00"), // late
		transaction("A", "t4", "2024-01-01T00:00:04Z", "1.234"),
		stream.Message{Partition: 2, Key: []byte("A"), Value: []byte(`{"transaction_id":`)},
	)
	var got map[string]float64
	var kinds map[string]string
	s.eventually("everything is committed", func() bool {
		got, kinds = s.metrics()
		return got["weir_transactions_total"] == 3 && got[`weir_dead_letters_total{kind="syntax"}`] == 1
	})
	var lag, committed float64
	for p := range servicePartitions {
		lag += got[fmt.Sprintf(`weir_partition_lag_records{partition="%d"}`, p)] + got[fmt.Sprintf(`weir_partition_lag_seconds{partition="%d"}`, p)]
		committed += got[fmt.Sprintf(`weir_partition_committed_offset{partition="%d"}`, p)]
	}
	got["lag"], got["committed"] = lag, committed
	got["decisions"] = got[`weir_decisions_total{action="approve"}`] + got[`weir_decisions_total{action="review"}`] + got[`weir_decisions_total{action="decline"}`]
	for name, want := range map[string]float64{
		"decisions": 3, "lag": 0, "committed": 7,
		"weir_duplicates_total": 1, "weir_conflicts_total": 1, "weir_late_total": 1, "weir_folded_total": 0,
		`weir_dead_letters_total{kind="precision"}`: 1, `weir_dead_letters_total{kind="range"}`: 0,
		`weir_batches_total{outcome="aborted"}`: 0, "weir_batch_records_sum": 7,
		"weir_score_count": 3, "weir_decision_latency_seconds_count": 3,
		"weir_recoveries_total": servicePartitions, "weir_state_rebuilds_total": 0, "weir_head_mismatches_total": 0,
		"weir_partitions_assigned": servicePartitions, "weir_accounts_in_memory": 1,
		`weir_server_up{server="kafka"}`: 1, `weir_server_up{server="redis"}`: 1, "weir_ready": 1,
		`weir_state_layout_info{layout="` + s.config.Layout() + `"}`: 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	stop()

	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]string)
	for _, row := range documentedMetric.FindAllStringSubmatch(string(text), -1) {
		labels := strings.Split(strings.TrimSpace(row[3]), ", ")
		slices.Sort(labels)
		documented[row[1]] = row[2] + " " + strings.Join(labels, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if documented[name] != kinds[name] {
			t.Errorf("%s is a %q, and in docs/operations.md a %q", name, kinds[name], documented[name])
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s is in docs/operations.md, and not exported", name)
	}
}

// The service says when it cannot work and why, says so again when it can, and all the while that it is alive.
func TestReadiness(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	stop := s.start()
	s.ready()
	for _, trouble := range []struct {
		reason      string
		begin, mend func()
	}{
		{"connection refused", s.redis.kill, s.redis.start},
		{"maxmemory-policy allkeys-lru", func() { s.redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru") }, func() { s.redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction") }},
	} {
		trouble.begin()
		s.unready(trouble.reason)
		if code, body := s.get("/healthz"); code != http.StatusOK {
			t.Errorf("with %s it is not alive: %d %s", trouble.reason, code, body)
		}
		trouble.mend()
		s.ready()
	}
	address := servingLine.FindStringSubmatch(s.log.String())[1]
	stop()
	if c, err := net.Dial("tcp", address); err == nil {
		_ = c.Close()
		t.Error("it still listens after it has stopped")
	}
}

// A topic that is deleted and made again is another one, which the running workers know nothing of.
func TestReadinessOfAnotherTopic(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	stop := s.start()
	s.ready()
	admin := s.admin()
	defer admin.Close()
	name := s.config.Kafka.Topics.Transactions
	if err := admin.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	s.unready("kafka: ")
	s.eventually("the topic can be made again", func() bool {
		created, err := admin.Create(t.Context(), stream.Topic{Name: name, Partitions: servicePartitions, Replicas: 1})
		return err == nil && created
	})
	s.unready("was deleted and made again")
	stop()
}

// A second process at one address ends before it takes any partition.
func TestAddressTaken(t *testing.T) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c := app.DefaultConfig()
	c.HTTP.Address = l.Addr().String()
	err = app.Run(t.Context(), c, "test", slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "is taken") || !strings.Contains(err.Error(), "http.address") {
		t.Errorf("the error is %v", err)
	}
}

// Nothing of a transaction gets into the log: not of one that is refused, not when the state is damaged, not when Redis
// is away.
func TestLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	s := newService(t, func(c *app.Config) { c.Pipeline.Workers = 1 })
	const account = "ACCOUNT-4711"
	personal := []string{account, "TRANSACTION-", "Persephone", "61234.56", "6123456", "DEVICE-", "48.137154", "REFUSED-"}
	message := func(id, amount string) stream.Message {
		return stream.Message{Partition: stream.AnyPartition, Key: []byte(account), Value: fmt.Appendf(nil,
			`{"transaction_id":"TRANSACTION-%s","timestamp":"2024-01-01T00:00:0%sZ","account_id":%q,"transaction_type":"purchase","amount":%s,"currency":"USD",`+
				`"merchant":{"name":"Persephone","location":{"latitude":48.137154,"longitude":11.576124}},"attributes":{"device_id":"DEVICE-1"}}`, id, id, account, amount)}
	}
	decided := func(n float64) {
		t.Helper()
		s.eventually("all is decided", func() bool { series, _ := s.metrics(); return series["weir_transactions_total"] == n })
	}
	stop := s.start()
	s.send(message("1", "61234.56"), message("1", "61234.56"), message("1", "61234.57"), message("2", "61234.567"), message("3", `"REFUSED-3"`),
		stream.Message{Partition: stream.AnyPartition, Key: []byte(account), Value: []byte(`{"transaction_id":"REFUSED-4",`)},
		stream.Message{Partition: stream.AnyPartition, Key: []byte("REFUSED-5"), Value: message("5", "1").Value},
		transaction(account, "TRANSACTION-9", "REFUSED-9", "1"))
	letters := s.read(s.config.Kafka.Topics.DeadLetters, 5)
	decided(1)
	log := stop()
	if !slices.ContainsFunc(letters, quotes) {
		t.Error("no dead letter's header quotes what was refused, so that the test tests less than it should")
	}

	// The next worker finds a damaged account, and then no Redis.
	key, err := exec.Command("redis-cli", "-p", s.redis.port, "--scan", "--pattern", "*:a:"+account).Output()
	if err != nil || len(key) == 0 {
		t.Fatalf("the account is not in Redis: %q, %v", key, err)
	}
	s.redis.command("SET", strings.TrimSpace(string(key)), "damaged "+account)
	stop = s.start()
	s.send(message("6", "61234.56"))
	decided(1)
	s.redis.kill()
	s.send(message("7", "61234.56"), message("8", "61234.56"))
	s.eventually("it tries again", func() bool { return strings.Contains(s.log.String(), "trying again") })
	s.redis.start()
	decided(3)
	log += stop()

	for _, want := range []string{"damaged account state", "trying again", "rebuild finished"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no line %q, so that the test tests less than it should:\n%s", want, log)
		}
	}
	for _, text := range personal {
		if at := strings.Index(log, text); at >= 0 {
			t.Errorf("the log holds %q: …%s…", text, log[max(0, at-200):min(len(log), at+100)])
		}
	}
}

// quotes tells whether a dead letter's headers hold something of what was refused.
func quotes(letter stream.Record) bool {
	return slices.ContainsFunc(letter.Headers, func(h stream.Header) bool { return strings.Contains(string(h.Value), "REFUSED-") })
}

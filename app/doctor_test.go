package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/stream"
)

// examined is what weir doctor --json prints.
type examined struct {
	Status string
	Checks []struct{ Check, Status, Found, Remedy string }
}

// writeConfig writes the service's configuration to a file.
func (s *service) writeConfig() string {
	s.t.Helper()
	var text bytes.Buffer
	if err := app.WriteConfig(&text, s.config); err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "weir.yaml")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// doctor examines the service, and holds that there is an error if there is a problem.
func (s *service) doctor() examined {
	s.t.Helper()
	var out bytes.Buffer
	err := app.Doctor(s.t.Context(), app.DoctorOptions{Config: s.writeConfig(), JSON: true}, &out)
	var e examined
	if wrong := json.Unmarshal(out.Bytes(), &e); wrong != nil {
		s.t.Fatalf("%v in %s", wrong, out.String())
	}
	if (err != nil) != (e.Status == "problem") {
		s.t.Errorf("the status is %s, the error %v", e.Status, err)
	}
	worst := "ok"
	for _, c := range e.Checks {
		if c.Status == "problem" || c.Status == "warning" && worst == "ok" {
			worst = c.Status
		}
		if (c.Status == "ok") != (c.Remedy == "") {
			s.t.Errorf("%s %s: %s, with the remedy %q", c.Status, c.Check, c.Found, c.Remedy)
		}
		if c.Remedy != "" && (strings.Count(c.Remedy, "`") < 2 || !strings.HasSuffix(c.Remedy, ".")) {
			s.t.Errorf("%s: the remedy %q is no sentence with a command", c.Check, c.Remedy)
		}
	}
	if e.Status != worst {
		s.t.Errorf("the status is %s, the worst check %s", e.Status, worst)
	}
	return e
}

// expect holds that a check has the given status, and says and advises what it should.
func (e examined) expect(t *testing.T, status, check, found, remedy string) {
	t.Helper()
	for _, c := range e.Checks {
		if c.Status == status && c.Check == check && strings.Contains(c.Found, found) && strings.Contains(c.Remedy, remedy) {
			return
		}
	}
	t.Errorf("no %s of %s with %q and the remedy %q in\n%s", status, check, found, remedy, e)
}

func (e examined) String() string {
	var b strings.Builder
	for _, c := range e.Checks {
		fmt.Fprintf(&b, "%s %s: %s → %s\n", c.Status, c.Check, c.Found, c.Remedy)
	}
	return b.String()
}

// problems returns what the problems are about.
func (e examined) problems() []string {
	var all []string
	for _, c := range e.Checks {
		if c.Status == "problem" {
			all = append(all, c.Check)
		}
	}
	return all
}

// A service is fine before its first run, at work, and stopped; and the doctor says how it stands.
func TestDoctorFindsNoProblem(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	e := s.doctor()
	e.expect(t, "ok", "configuration", s.config.Layout(), "")
	e.expect(t, "ok", "model", "golden vectors agree", "")
	e.expect(t, "ok", "kafka", "1 broker", "")
	e.expect(t, "ok", "topic", s.config.Kafka.Topics.Transactions+": 4 partitions, keeps 45.2 days", "")
	e.expect(t, "ok", "topic", s.config.Kafka.Topics.Control+": 1 partition, compacted", "")
	e.expect(t, "warning", "replication", "one replica", "topics create --replicas 3")
	e.expect(t, "ok", "redis", s.redis.address+" answers: version", "")
	e.expect(t, "ok", "redis memory", "no maxmemory set", "")
	e.expect(t, "warning", "redis disk", "saves nothing", "CONFIG SET appendonly yes")
	e.expect(t, "ok", "clock", "agree within", "")
	e.expect(t, "ok", "old state", "no other layout", "")
	e.expect(t, "ok", "group", "has not run yet; pipeline.start is earliest, so it begins to decide at the log's start", "")
	e.expect(t, "ok", "state", "0 of 4 partitions have state", "")

	stop := s.start()
	s.ready()
	s.produce(s.simulated(200))
	s.read(s.config.Kafka.Topics.Decisions, 200)
	e = s.doctor()
	e.expect(t, "ok", "group", "2 members at work", "")
	e.expect(t, "ok", "state", "4 of 4 partitions have state", "")
	stop()
	s.redis.command("CONFIG", "SET", "appendonly", "yes")
	e = s.doctor()
	e.expect(t, "ok", "group", "no member at work; nothing waits", "")
	e.expect(t, "ok", "state", "4 of 4 partitions have state, and it is 0 offsets behind the decisions", "")
	e.expect(t, "ok", "redis disk", "appends to a file", "")

	s.produce(s.simulated(100))
	s.doctor().expect(t, "warning", "group", "no member at work, and 100 records wait", "run`")
	s.redis.command("FLUSHALL")
	e = s.doctor()
	e.expect(t, "warning", "state", "partitions 0, 1, 2, 3 will be built again (no state)", "Nothing need be done")
	if problems := e.problems(); problems != nil {
		t.Errorf("problems: %v", problems)
	}
}

// Whatever is broken is found, named, and the only problem.
func TestDoctorFindsProblems(t *testing.T) {
	for _, c := range []struct {
		name          string
		harm          func(s *service)
		status, check string
		found, remedy string
	}{
		{"missing topic", func(s *service) { s.deleteTopic(s.config.Kafka.Topics.Decisions) },
			"problem", "topic", "decisions does not exist", "topics create`"},
		{"missing topic that nobody needs", func(s *service) { s.deleteTopic(s.config.Kafka.Topics.Control) },
			"warning", "topic", "control does not exist", "topics create`"},
		{"missing transactions topic", func(s *service) { s.config.Kafka.Topics.Transactions += "-missing" },
			"problem", "topic", "-missing does not exist", "topics create`"},
		{"compacted topic", func(s *service) {
			s.replaceTopic(stream.Topic{Name: s.config.Kafka.Topics.Transactions, Partitions: servicePartitions, Replicas: 1, Compacted: true, Retention: -1})
		}, "problem", "topic", "must not be compacted", "--add-config cleanup.policy=delete`"},
		{"short retention", func(s *service) {
			s.replaceTopic(stream.Topic{Name: s.config.Kafka.Topics.Transactions, Partitions: servicePartitions, Replicas: 1, Retention: 48 * time.Hour})
		}, "problem", "topic", "keeps records for 2.0 days, and the features look back 30.1 days", "--add-config retention.ms=2602800000`"},
		{"too few partitions", func(s *service) {
			s.replaceTopic(stream.Topic{Name: s.config.Kafka.Topics.Alerts, Partitions: 3, Replicas: 1})
		}, "problem", "topic", "has 3 partitions and must have 4", "--partitions 4`"},
		{"eviction", func(s *service) { s.redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru") },
			"problem", "redis", "maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction`"},
		{"full Redis", func(s *service) { s.redis.command("CONFIG", "SET", "maxmemory", "700kb") },
			"problem", "redis memory", "stands still", "CONFIG SET maxmemory"},
		{"replica", func(s *service) { s.redis.command("REPLICAOF", "127.0.0.1", "1") },
			"problem", "redis", "is a replica", "INFO replication`"},
		{"no Redis", func(s *service) { s.redis.kill() },
			"problem", "redis", "no answer from Redis at", "PING`"},
		{"wrong model", func(s *service) { s.config.Model.Directory = s.brokenModel() },
			"problem", "model", "model.txt has the sha256", "model check`"},
		{"wrong challenger", func(s *service) { s.config.Model.Challengers = []string{s.brokenModel()} },
			"problem", "challenger", "model.txt has the sha256", "model check`"},
		{"other features", func(s *service) { s.config.Features.File = s.otherFeatures() },
			"problem", "model", "small_24h", "model check`"},
		{"session refused", func(s *service) { s.config.Kafka.Session = app.Duration(time.Hour) },
			"problem", "kafka", "kafka.session_timeout is 1h0m0s, and the brokers allow at most 30m0s", "WEIR_KAFKA_SESSION_TIMEOUT=30m0s weir run`"},
		{"old layout", func(s *service) { s.redis.command("SET", "weir:0123456789ab:{transactions:0}:head", "1 5 t 1 0 1") },
			"warning", "old state", "layout 0123456789ab", "state drop --layout 0123456789ab`"},
		{"another partition count", func(s *service) {
			s.redis.command("SET", fmt.Sprintf("weir:%s:{%s:0}:head", s.config.Layout(), s.config.Kafka.Topics.Transactions), fmt.Sprintf("1 0 %s 7 0 1", s.topic().ID))
		}, "problem", "state", "partition count has changed", "produce --from-topic"},
		{"damaged head", func(s *service) {
			s.redis.command("SET", fmt.Sprintf("weir:%s:{%s:0}:head", s.config.Layout(), s.config.Kafka.Topics.Transactions), "nonsense")
		}, "problem", "state", "head \"nonsense\" in Redis", "state drop --layout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, nil)
			c.harm(s)
			e := s.doctor()
			e.expect(t, c.status, c.check, c.found, c.remedy)
			want := []string{c.check}
			if c.status != "problem" {
				want = nil
			}
			if problems := slices.Compact(e.problems()); !slices.Equal(problems, want) {
				t.Errorf("problems of %v, want %v\n%s", problems, want, e)
			}
		})
	}
}

func (s *service) deleteTopic(name string) {
	s.t.Helper()
	admin := s.admin()
	defer admin.Close()
	if err := admin.Delete(s.t.Context(), name); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) replaceTopic(topic stream.Topic) {
	s.t.Helper()
	s.deleteTopic(topic.Name)
	admin := s.admin()
	defer admin.Close()
	s.eventually("the topic can be made again", func() bool {
		created, err := admin.Create(s.t.Context(), topic)
		return err == nil && created
	})
}

func (s *service) topic() stream.Topic {
	s.t.Helper()
	admin := s.admin()
	defer admin.Close()
	topic, err := admin.Describe(s.t.Context(), s.config.Kafka.Topics.Transactions)
	if err != nil {
		s.t.Fatal(err)
	}
	return topic
}

// brokenModel returns a copy of the shipped model whose trees are not those of the manifest.
func (s *service) brokenModel() string {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../models/cards")); err != nil {
		s.t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "model.txt"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = f.WriteString("\n")
	if err := errors.Join(err, f.Close()); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// A clock that is off is a warning: no decision depends on it.
func TestDoctorComparesClocks(t *testing.T) {
	redis := miniredis.RunT(t)
	redis.SetTime(time.Now().Add(time.Hour))
	s := newService(t, func(c *app.Config) { c.Redis.Addresses = []string{redis.Addr()} })
	s.doctor().expect(t, "warning", "clock", "ahead of this machine", "timedatectl set-ntp true")
}

// Without Kafka the rest is looked at all the same.
func TestDoctorWithoutKafka(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	brokers := s.config.Kafka.Brokers
	s.config.Kafka.Brokers = []string{"127.0.0.1:1"}
	e := s.doctor()
	s.config.Kafka.Brokers = brokers
	e.expect(t, "problem", "kafka", "no answer from Kafka at 127.0.0.1:1", "nc -vz 127.0.0.1 1`")
	e.expect(t, "ok", "redis", "answers", "")
}

func TestDoctorOfABadConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(path, []byte("kafka: {broker: [a:9092]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := app.Doctor(t.Context(), app.DoctorOptions{Config: path}, &out)
	if err == nil || err.Error() != "the doctor found 1 problem" || !strings.HasPrefix(out.String(), "problem  configuration") || !strings.Contains(out.String(), "broker") {
		t.Errorf("the error is %v, and it says\n%s", err, out.String())
	}
}

// otherFeatures writes the shipped features file with another mark.
func (s *service) otherFeatures() string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "features.yaml")
	writeLines(s.t, path, []string{strings.Replace(features.BuiltinSource(), "amount < 3", "amount < 4", 1)})
	return path
}

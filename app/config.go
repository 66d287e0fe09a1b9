package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// Config is weir.yaml. Every key has a default, and WEIR_ plus the key's path in capitals overrides it from the
// environment: WEIR_KAFKA_BROKERS=a:9092,b:9092. The doc tags are what `weir config` prints.
type Config struct {
	Kafka    KafkaConfig    `yaml:"kafka" doc:"where transactions come from and decisions go"`
	Redis    RedisConfig    `yaml:"redis" doc:"where account states are kept"`
	Pipeline PipelineConfig `yaml:"pipeline" doc:"how partitions are worked off"`
	Features FeaturesConfig `yaml:"features" doc:"what shapes the account state; any change here builds a new state from the log, beside the old one"`
	Model    ModelConfig    `yaml:"model" doc:"what scores"`
	Policy   PolicyConfig   `yaml:"policy" doc:"what turns scores into actions"`
	Decision DecisionConfig `yaml:"decisions" doc:"what decision events carry"`
	Alerts   AlertsConfig   `yaml:"alerts" doc:"what alerts say"`
	HTTP     HTTPConfig     `yaml:"http" doc:"metrics and health"`
	Targets  []string       `yaml:"targets" doc:"what weir run runs: pipeline decides what is in Kafka, decide takes transactions over HTTP and answers with their decisions, review lets people decide on alerts, notify tells others; all may be in one process"`
	Decide   DecideConfig   `yaml:"decide" doc:"decisions on request (docs/decide.md), for the target decide"`
	Review   ReviewConfig   `yaml:"review" doc:"cases for people to decide (docs/review.md), for the target review"`
	Notify   NotifyConfig   `yaml:"notify" doc:"what is told to others at once (docs/notify.md)"`
	Log      LogConfig      `yaml:"log" doc:"structured logs on standard error"`

	tell func(text string)
}

// KafkaConfig is the key kafka.
type KafkaConfig struct {
	Brokers     []string          `yaml:"brokers" doc:"addresses of some brokers, host:port"`
	Properties  map[string]string `yaml:"properties" doc:"further librdkafka properties, such as security.protocol and sasl.username"`
	Group       string            `yaml:"group" doc:"consumer group; processes of one group share the partitions"`
	Instance    string            `yaml:"instance" doc:"name of this process, its own and the same after a restart (a StatefulSet's pod name): it then gets its partitions back without waiting; empty for none"`
	Session     Duration          `yaml:"session_timeout" doc:"how long a process may be silent before others take its partitions"`
	Transaction Duration          `yaml:"transaction_timeout" doc:"after which the brokers abort a transaction that a dead process left open"`
	Topics      TopicsConfig      `yaml:"topics" doc:"names of the topics"`
}

// TopicsConfig is the key kafka.topics.
type TopicsConfig struct {
	Transactions string `yaml:"transactions" doc:"payments in"`
	Decisions    string `yaml:"decisions" doc:"one event per transaction out"`
	Alerts       string `yaml:"alerts" doc:"what a person should look at"`
	DeadLetters  string `yaml:"dead_letters" doc:"records that were refused, as they came, with the error as header; empty for the transactions topic's name and .dead-letter"`
	Feedback     string `yaml:"feedback" doc:"labels"`
	Control      string `yaml:"control" doc:"changes at run time; compacted"`
}

// RedisConfig is the key redis.
type RedisConfig struct {
	Addresses []string `yaml:"addresses" doc:"host:port; several for a cluster, or for sentinels if master is set"`
	Master    string   `yaml:"master" doc:"the master's name, with Sentinel"`
	Username  string   `yaml:"username" doc:"ACL user"`
	Password  string   `yaml:"password" doc:"better given as WEIR_REDIS_PASSWORD"`
	Database  int      `yaml:"database" doc:"database number"`
	TLS       bool     `yaml:"tls" doc:"connect with TLS"`

	state string // name that the state is kept under instead of the transactions topic's
}

// PipelineConfig is the key pipeline.
type PipelineConfig struct {
	Workers       int               `yaml:"workers" doc:"workers in this process, each with its own consumer; 0 for one per processor"`
	Start         pipeline.Start    `yaml:"start" doc:"without committed offsets: latest builds the state from the log and scores what comes after, earliest scores everything"`
	Delivery      pipeline.Delivery `yaml:"delivery" doc:"exactly_once, or at_least_once: a crash may then repeat decisions"`
	BatchSize     int               `yaml:"batch_size" doc:"most records in one transaction"`
	ApplyInterval Duration          `yaml:"apply_interval" doc:"how far the state in Redis may lag behind the committed offsets; more means fewer writes and a longer recovery"`
	CacheAccounts int               `yaml:"cache_accounts" doc:"most accounts that a worker holds in memory, and as many keys of each entity"`
	EntityWait    Duration          `yaml:"entity_wait" doc:"how long a transaction may wait for tiles that other partitions are still adding to, before its entity features are flagged incomplete; 0 for without end, as for a backfill"`
}

// FeaturesConfig is the key features.
type FeaturesConfig struct {
	File          string            `yaml:"file" doc:"a features file; empty for the shipped one (weir features source prints it)"`
	LongestWindow Duration          `yaml:"longest_window" doc:"how far back a feature may look"`
	Lateness      Duration          `yaml:"lateness" doc:"how far behind its account's newest event an event may be without being flagged late"`
	Dedupe        Duration          `yaml:"dedupe" doc:"how long a transaction id is remembered"`
	MaxFuture     Duration          `yaml:"max_future" doc:"how far an event time may be ahead of its record's own; beyond that it is a dead letter"`
	EventBudget   int               `yaml:"event_budget" doc:"how many events of an account are kept before the oldest are bundled and features over them are flagged approximate; 0 keeps all"`
	Currency      string            `yaml:"currency" doc:"reporting currency of amount features"`
	Rates         map[string]string `yaml:"rates" doc:"units of the reporting currency for one unit of another, as quoted decimals: {EUR: \"1.08\"}; a currency without a rate has no amount"`
}

// ModelConfig is the key model.
type ModelConfig struct {
	Directory string         `yaml:"directory" doc:"a model directory; empty for the shipped model; without effect once a model is promoted (weir model promote)"`
	Registry  string         `yaml:"registry" doc:"directory that promoted models are in, each at its id: models/cards/2026-11-24/manifest.json"`
	Engine    scoring.Engine `yaml:"engine" doc:"what walks its trees: fast, or leaves, the library that fast is held against; both give the same bits"`
	Review    *float64       `yaml:"review" doc:"score from which a transaction is reviewed; null for the model's own; without effect where policy.file is set"`
	Decline   *float64       `yaml:"decline" doc:"score from which a transaction is declined; null for the model's own; without effect where policy.file is set"`

	Challengers []string `yaml:"challengers" doc:"directories of models that score too and decide nothing: decisions have their scores"`
}

// PolicyConfig is the key policy.
type PolicyConfig struct {
	File string `yaml:"file" doc:"a policy file (docs/policy.md); empty for the model's thresholds"`

	Challengers []string `yaml:"challengers" doc:"policy files that decide nothing: decisions have what they would have done"`
}

// DecisionConfig is the key decisions.
type DecisionConfig struct {
	Vector bool `yaml:"vector" doc:"whether decisions carry their feature vector, which makes them training data"`
}

// AlertsConfig is the key alerts.
type AlertsConfig struct {
	Reasons string `yaml:"reasons" doc:"a file with the words for reasons; empty for the shipped one (weir reasons source prints it)"`
}

// HTTPConfig is the key http.
type HTTPConfig struct {
	Address string `yaml:"address" doc:"host:port to serve /metrics, /healthz and /readyz at, each process on a machine its own; \":9464\" for all interfaces, \"\" for none"`
}

// LogConfig is the key log.
type LogConfig struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error"`
	Format string `yaml:"format" doc:"text or json"`
}

// DefaultConfig returns the configuration of an empty file.
func DefaultConfig() Config {
	l := features.DefaultLayout()
	return Config{
		Kafka: KafkaConfig{
			Brokers: []string{"localhost:9092"}, Properties: map[string]string{}, Group: "weir",
			Session: Duration(10 * time.Second), Transaction: Duration(10 * time.Second),
			Topics: TopicsConfig{
				Transactions: "transactions", Decisions: "decisions", Alerts: "alerts", Feedback: "feedback", Control: "control",
			},
		},
		Redis: RedisConfig{Addresses: []string{"localhost:6379"}},
		Pipeline: PipelineConfig{
			Start: pipeline.StartLatest, Delivery: pipeline.ExactlyOnce,
			BatchSize: 4096, ApplyInterval: Duration(200 * time.Millisecond), CacheAccounts: 200_000, EntityWait: Duration(time.Second),
		},
		Features: FeaturesConfig{
			LongestWindow: Duration(l.LongestWindow), Lateness: Duration(l.Lateness), Dedupe: Duration(l.Dedupe),
			MaxFuture: Duration(l.MaxFuture), EventBudget: l.EventBudget, Currency: l.Currency, Rates: map[string]string{},
		},
		Policy:   PolicyConfig{Challengers: []string{}},
		Model:    ModelConfig{Registry: "models", Engine: scoring.EngineFast, Challengers: []string{}},
		Decision: DecisionConfig{Vector: true},
		HTTP:     HTTPConfig{Address: "localhost:9464"},
		Targets:  []string{targetPipeline},
		Decide:   defaultDecide(),
		Review:   defaultReview(),
		Log:      LogConfig{Level: "info", Format: "text"},
	}
}

// LoadConfig reads the file, if a path is given, over the defaults, and the environment over both.
func LoadConfig(path string, environ []string) (Config, error) {
	c := DefaultConfig()
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("read the configuration: %w", err)
		}
		if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := c.override(environ); err != nil {
		return c, err
	}
	if err := c.Validate(); err != nil {
		if path == "" {
			path = "configuration"
		}
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Validate reports everything that is wrong with the values.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(len(c.Kafka.Brokers) > 0, "kafka.brokers is empty")
	check(c.Kafka.Group != "", "kafka.group is empty")
	check(c.Kafka.Session.in(time.Second, time.Hour), "kafka.session_timeout is %v: it must be 1s to 1h", c.Kafka.Session)
	check(c.Kafka.Transaction.in(time.Second, 15*time.Minute), "kafka.transaction_timeout is %v: it must be 1s to 15m", c.Kafka.Transaction)
	t := c.Kafka.Topics
	check(t.Transactions != "" && t.Decisions != "" && t.Alerts != "" && t.Feedback != "" && t.Control != "", "kafka.topics: a name is empty")
	check(len(c.Redis.Addresses) > 0, "redis.addresses is empty")
	p := c.Pipeline
	check(p.Workers >= 0 && p.Workers <= 256, "pipeline.workers is %d: it must be 0 to 256", p.Workers)
	check(p.Start == pipeline.StartLatest || p.Start == pipeline.StartEarliest, "pipeline.start is %q: it must be latest or earliest", p.Start)
	check(p.Delivery == pipeline.ExactlyOnce || p.Delivery == pipeline.AtLeastOnce, "pipeline.delivery is %q: it must be exactly_once or at_least_once", p.Delivery)
	check(p.BatchSize >= 1 && p.BatchSize <= 100_000, "pipeline.batch_size is %d: it must be 1 to 100000", p.BatchSize)
	check(p.ApplyInterval.in(0, time.Minute), "pipeline.apply_interval is %v: it must be 0 to 1m", p.ApplyInterval)
	check(p.CacheAccounts >= 0, "pipeline.cache_accounts is negative")
	check(p.EntityWait.in(0, time.Hour), "pipeline.entity_wait is %v: it must be 0 to 1h", p.EntityWait)
	layout := c.layout()
	if err := layout.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("features: %w", err))
	} else if set, err := c.featureSet(); err != nil {
		errs = append(errs, err)
	} else if _, err := c.explainer(set); err != nil {
		errs = append(errs, err)
	}
	check(c.Model.Registry != "", "model.registry is empty")
	check(c.Model.Engine.Known(), "model.engine is %q: it must be fast or leaves", c.Model.Engine)
	for name, v := range map[string]*float64{"review": c.Model.Review, "decline": c.Model.Decline} {
		check(v == nil || *v >= 0 && *v <= 1, "model.%s must be between 0 and 1", name)
	}
	check(!slices.Contains(c.Model.Challengers, ""), "model.challengers: a directory is empty")
	check(!slices.Contains(c.Policy.Challengers, ""), "policy.challengers: a file is empty")
	if c.HTTP.Address != "" {
		_, port, err := net.SplitHostPort(c.HTTP.Address)
		check(err == nil && port != "", "http.address is %q: it must be host:port, :port or empty", c.HTTP.Address)
	}
	if _, err := c.targets(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.decideRules(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.reviewRules(); err != nil {
		errs = append(errs, err)
	}
	check(c.Log.Format == "text" || c.Log.Format == "json", "log.format is %q: it must be text or json", c.Log.Format)
	return errors.Join(errs...)
}

func (d Duration) in(low, high time.Duration) bool {
	return time.Duration(d) >= low && time.Duration(d) <= high
}

func (c *Config) layout() features.Layout {
	f := c.Features
	return features.Layout{
		LongestWindow: time.Duration(f.LongestWindow), Lateness: time.Duration(f.Lateness), Dedupe: time.Duration(f.Dedupe),
		MaxFuture: time.Duration(f.MaxFuture), EventBudget: f.EventBudget, Currency: f.Currency, Rates: f.Rates,
	}
}

// Tell has a person told, by a line of text, what a command waits for.
func (c *Config) Tell(tell func(text string)) { c.tell = tell }

func (c *Config) kafka() stream.Config {
	k := stream.Config{Brokers: c.Kafka.Brokers, Properties: c.Kafka.Properties}
	if c.tell != nil {
		k.Slow = func(brokers string) { c.tell("no answer yet from Kafka at " + brokers + ": still trying") }
	}
	return k
}

func (c *Config) redis() redisstate.Config {
	r := c.Redis
	return redisstate.Config{
		Addresses: r.Addresses, Master: r.Master, Username: r.Username, Password: r.Password, Database: r.Database, TLS: r.TLS,
	}
}

func (c *Config) topics() pipeline.Topics {
	t := c.Kafka.Topics
	dead := t.DeadLetters
	if dead == "" {
		dead = t.Transactions + ".dead-letter"
	}
	return pipeline.Topics{Transactions: t.Transactions, Decisions: t.Decisions, Alerts: t.Alerts, DeadLetters: dead, Feedback: t.Feedback}
}

func (c *Config) workers() int {
	if c.Pipeline.Workers > 0 {
		return c.Pipeline.Workers
	}
	return runtime.GOMAXPROCS(0)
}

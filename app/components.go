package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
	"github.com/weir-fraud/weir/scoring/policy"
	"github.com/weir-fraud/weir/stream"
)

// NewLogger returns the logger that the configuration asks for.
func NewLogger(c LogConfig, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("log.level is %q: it must be debug, info, warn or error", c.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}

// featureSet compiles the configured features file, or the shipped one, under the configured layout.
func (c *Config) featureSet() (*features.Set, error) {
	if c.Features.File == "" {
		return features.Compile(features.Builtin(), c.layout())
	}
	text, err := os.ReadFile(c.Features.File)
	if err != nil {
		return nil, fmt.Errorf("features.file: %w", err)
	}
	d, err := features.ParseDeclarations(c.Features.File, text)
	if err != nil {
		return nil, err
	}
	return features.Compile(d, c.layout())
}

// loadModel loads the configured model, or the shipped one.
func (c *Config) loadModel() (*scoring.Model, error) {
	load := func() (*scoring.Model, error) { return scoring.Load(c.Model.Directory) }
	if c.Model.Directory == "" {
		load = func() (*scoring.Model, error) { return scoring.LoadFS(models.Shipped(), forest.DefaultLimits()) }
	}
	m, err := load()
	if err != nil {
		return nil, err
	}
	return m.With(c.Model.Engine), nil
}

// bands returns the model's thresholds, with those of the configuration over them, and what they are called.
func (c *Config) bands(m *scoring.Model) (version string, b scoring.Bands) {
	version, b = "manifest", m.Manifest().Bands()
	if c.Model.Review != nil || c.Model.Decline != nil {
		version = "configured"
	}
	if c.Model.Review != nil {
		b.Review = *c.Model.Review
	}
	if c.Model.Decline != nil {
		b.Decline = *c.Model.Decline
	}
	return version, b
}

// policy returns the configured policy file's policy, or else the one that the model's thresholds make, with those of
// the configuration over them.
func (c *Config) policy(m *scoring.Model, set *features.Set) (*policy.Policy, error) {
	if c.Policy.File != "" {
		d, err := readPolicy(c.Policy.File)
		if err != nil {
			return nil, err
		}
		return d.Compile(set)
	}
	version, b := c.bands(m)
	p, err := policy.FromThresholds(version, b, set)
	if err != nil {
		return nil, fmt.Errorf("model.review and model.decline: %w", err)
	}
	return p, nil
}

func readPolicy(path string) (*policy.Document, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return policy.Parse(path, text)
}

// engineOf makes an engine of its parts.
func (c *Config) engineOf(set *features.Set, m *scoring.Model, p *policy.Policy, changes []policy.Change, now func() time.Time) (*pipeline.Engine, error) {
	catalogue, err := c.reasons()
	if err != nil {
		return nil, err
	}
	challengers, err := c.loadChallengers()
	if err != nil {
		return nil, err
	}
	shadows, err := c.loadShadows(set)
	if err != nil {
		return nil, err
	}
	// A challenger that was made active has nobody to challenge but itself.
	challengers = slices.DeleteFunc(challengers, func(o *scoring.Model) bool { return o.Digest() == m.Digest() })
	shadows = slices.DeleteFunc(shadows, func(o *policy.Policy) bool { return o.Version() == p.Version() })
	return pipeline.NewEngine(pipeline.EngineConfig{
		Set: set, Model: m, Policy: p, Changes: changes, Vectors: c.Decision.Vector, Reasons: catalogue, Now: now,
		Challengers: challengers, Shadows: shadows,
	})
}

// store opens the account states of the configured topic and layout.
func (c *Config) store() *redisstate.Store {
	return redisstate.Open(c.redis(), c.Layout(), cmp.Or(c.Redis.state, c.Kafka.Topics.Transactions))
}

// labelStore opens what is kept of the feedback log.
func (c *Config) labelStore() *redisstate.Store {
	return redisstate.Open(c.redis(), c.Layout(), c.Kafka.Topics.Feedback)
}

// describeTopics returns the transactions topic, after checking that the ones written to fit it.
func (c *Config) describeTopics(ctx context.Context) (stream.Topic, error) {
	admin, err := stream.NewAdmin(c.kafka())
	if err != nil {
		return stream.Topic{}, err
	}
	defer admin.Close()
	t := c.topics()
	in, err := admin.Describe(ctx, t.Transactions)
	if err != nil {
		return in, err
	}
	for _, name := range []string{t.Decisions, t.Alerts, t.DeadLetters} {
		out, err := admin.Describe(ctx, name)
		if err != nil {
			return in, err
		}
		if out.Partitions != in.Partitions && name != t.DeadLetters {
			return in, fmt.Errorf("topic %s has %d partitions and %s has %d: a decision goes to its transaction's partition number, so they must be equal",
				name, out.Partitions, in.Name, in.Partitions)
		}
	}
	return in, nil
}

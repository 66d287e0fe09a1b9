package app

import (
	"fmt"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// loadChallengers loads the configured challengers. An error names the directory.
func (c *Config) loadChallengers() ([]*scoring.Model, error) {
	var list []*scoring.Model
	for _, directory := range c.Model.Challengers {
		m, err := scoring.Load(directory)
		if err != nil {
			return nil, fmt.Errorf("model.challengers: %w", err)
		}
		list = append(list, m.With(c.Model.Engine))
	}
	return list, nil
}

// loadShadows reads the configured challenger policies. An error names the file.
func (c *Config) loadShadows(set *features.Set) ([]*policy.Policy, error) {
	var list []*policy.Policy
	for _, path := range c.Policy.Challengers {
		d, err := readPolicy(path)
		if err != nil {
			return nil, fmt.Errorf("policy.challengers: %w", err)
		}
		p, err := d.Compile(set)
		if err != nil {
			return nil, fmt.Errorf("policy.challengers: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

// policiesOf returns what each of the models would decide by if configuration named it: the policy file, or else thresholds,
// its own or those of the configuration.
func (c *Config) policiesOf(models []*scoring.Model, set *features.Set) ([]*policy.Policy, error) {
	var list []*policy.Policy
	for _, m := range models {
		p, err := c.policy(m, set)
		if err != nil {
			return nil, fmt.Errorf("challenger %s: %w", m.ID(), err)
		}
		list = append(list, p)
	}
	return list, nil
}

// checkedChallengers returns the challengers after all that can be verified about them, and about the challenger
// policies, beside the model and the policy that decide.
func (c *Config) checkedChallengers(set *features.Set, champion *scoring.Model, active *policy.Policy) ([]*scoring.Model, error) {
	list, err := c.loadChallengers()
	if err != nil {
		return nil, err
	}
	shadows, err := c.loadShadows(set)
	if err != nil {
		return nil, err
	}
	if _, err := pipeline.NewEngine(pipeline.EngineConfig{Set: set, Model: champion, Policy: active, Challengers: list, Shadows: shadows}); err != nil {
		return nil, err
	}
	return list, nil
}

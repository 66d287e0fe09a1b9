package app

import (
	"fmt"
	"io"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// CheckModel is `weir model check`.
func CheckModel(c Config, w io.Writer) error {
	m, p, err := c.checkedModel()
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(w, "%s is fine: %s; %s\n", m.ID(), inside(m), thresholds(p)); err != nil {
		return err
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	challengers, err := c.checkedChallengers(set, m, p)
	if err != nil {
		return err
	}
	for _, m := range challengers {
		if _, err := fmt.Fprintf(w, "challenger %s is fine: %s\n", m.ID(), inside(m)); err != nil {
			return err
		}
	}
	return nil
}

// inside returns in words what a model consists of.
func inside(m *scoring.Model) string {
	return fmt.Sprintf("%d trees, %d features, golden vectors agree", m.Trees(), len(m.Manifest().Features))
}

// checkedModel returns the model and the policy after all that can be verified about them.
func (c *Config) checkedModel() (*scoring.Model, *policy.Policy, error) {
	set, err := c.featureSet()
	if err != nil {
		return nil, nil, err
	}
	m, err := c.loadModel()
	if err != nil {
		return nil, nil, err
	}
	if _, err := m.Bind(set.Schema()); err != nil {
		return nil, nil, err
	}
	p, err := c.policy(m, set)
	return m, p, err
}

// thresholds returns a policy's default thresholds in words.
func thresholds(p *policy.Policy) string {
	b := p.Default()
	return fmt.Sprintf("review %s, decline %s", fromScore(b.Review), fromScore(b.Decline))
}

func fromScore(threshold float64) string {
	if threshold == scoring.Never() {
		return "never"
	}
	return fmt.Sprintf("from %.4f", threshold)
}

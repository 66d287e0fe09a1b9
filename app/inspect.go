package app

import (
	"fmt"
	"io"

	"github.com/weir-fraud/weir/scoring"
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
	challengers, err := c.checkedChallengers(set, m)
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
func (c *Config) checkedModel() (*scoring.Model, scoring.Policy, error) {
	set, err := c.featureSet()
	if err != nil {
		return nil, scoring.Policy{}, err
	}
	m, err := c.loadModel()
	if err != nil {
		return nil, scoring.Policy{}, err
	}
	if _, err := m.Bind(set.Schema()); err != nil {
		return nil, scoring.Policy{}, err
	}
	p, err := c.policy(m)
	return m, p, err
}

// thresholds returns a policy's thresholds in words.
func thresholds(p scoring.Policy) string {
	if p.Decline == scoring.Never() {
		return fmt.Sprintf("review from %.4f, decline never", p.Review)
	}
	return fmt.Sprintf("review from %.4f, decline from %.4f", p.Review, p.Decline)
}

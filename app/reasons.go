package app

import (
	"fmt"
	"io"
	"os"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
)

// CheckReasons is `weir reasons check`.
func CheckReasons(c Config, w io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	e, err := c.explainer(set)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s is fine: %s\n", c.reasonsFile(), e)
	return err
}

// reasons reads the configured catalogue, or the shipped one.
func (c *Config) reasons() (*alerts.Catalogue, error) {
	if c.Alerts.Reasons == "" {
		return alerts.BuiltinCatalogue(), nil
	}
	text, err := os.ReadFile(c.Alerts.Reasons)
	if err != nil {
		return nil, fmt.Errorf("alerts.reasons: %w", err)
	}
	return alerts.ParseCatalogue(c.Alerts.Reasons, text)
}

func (c *Config) reasonsFile() string {
	if c.Alerts.Reasons == "" {
		return "the shipped file"
	}
	return c.Alerts.Reasons
}

// explainer puts the words for alerts about features of the set together.
func (c *Config) explainer(set *features.Set) (*alerts.Explainer, error) {
	catalogue, err := c.reasons()
	if err != nil {
		return nil, err
	}
	return alerts.NewExplainer(set, catalogue)
}

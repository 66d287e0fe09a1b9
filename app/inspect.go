package app

import (
	"fmt"
	"io"

	"github.com/weir-fraud/weir/scoring"
)

// ListFeatures is `weir features list`: a line per feature, its columns set apart by tabs.
func ListFeatures(c Config, w io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	s := set.Schema()
	for i, d := range set.Definitions() {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", s.Hashes[i], d.String(), d.Description); err != nil {
			return err
		}
	}
	return nil
}

// CheckModel is `weir model check`.
func CheckModel(c Config, w io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	m, err := c.loadModel()
	if err != nil {
		return err
	}
	if _, err := m.Bind(set.Schema()); err != nil {
		return err
	}
	p, err := c.policy(m)
	if err != nil {
		return err
	}
	decline := "never"
	if p.Decline != scoring.Never() {
		decline = fmt.Sprintf("from %.4f", p.Decline)
	}
	_, err = fmt.Fprintf(w, "%s is fine: %d trees, %d features, golden vectors agree; review from %.4f, decline %s\n",
		m.ID(), m.Trees(), len(m.Manifest().Features), p.Review, decline)
	return err
}

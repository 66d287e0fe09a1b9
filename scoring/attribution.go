package scoring

import (
	"fmt"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring/forest"
)

// Attribution returns what tells for a vector of the schema how much each value adds to the model's margin. An error that
// wraps [forest.ErrNoAttribution] says what the model lacks for it; it scores all the same.
func (m *Model) Attribution(schema *features.Schema) (*forest.Attribution, error) {
	at, err := schema.Project(m.Schema())
	if err != nil {
		return nil, fmt.Errorf("model %s cannot read these features: %w", m.ID(), err)
	}
	a, err := m.forest.Attribution(at, schema.Len())
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.ID(), err)
	}
	return a, nil
}

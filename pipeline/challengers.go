package pipeline

import (
	"fmt"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

// challenger is a model that scores beside the champion and decides nothing.
type challenger struct {
	id     string
	scorer *scoring.Scorer
}

// bindChallengers makes challengers of models for vectors of the schema. Each reads its own projection of the vector, so
// their features may differ. An error names the challenger.
func bindChallengers(champion *scoring.Model, models []*scoring.Model, schema *features.Schema) ([]challenger, error) {
	if len(models) > 0 && champion == nil {
		return nil, fmt.Errorf("challenger %s: there is no model to challenge", models[0].ID())
	}
	var list []challenger
	seen := make(map[string]bool)
	for _, m := range models {
		switch id := m.ID(); {
		case id == champion.ID():
			return nil, fmt.Errorf("challenger %s has the id of the model that decides; a decision could not tell them apart", id)
		case seen[id]:
			return nil, fmt.Errorf("challenger %s is there twice, and a decision has one score for each id", id)
		}
		seen[m.ID()] = true
		s, err := m.Bind(schema)
		if err != nil {
			return nil, fmt.Errorf("challenger %s: %w", m.ID(), err)
		}
		list = append(list, challenger{m.ID(), s})
	}
	return list, nil
}

// Challengers returns the ids of the models that score beside the one that decides.
func (e *Engine) Challengers() []string {
	ids := make([]string, len(e.challengers))
	for i := range e.challengers {
		ids[i] = e.challengers[i].id
	}
	return ids
}

// newShadow returns what a judge fills in for each transaction.
func (e *Engine) newShadow() []scoring.Challenger {
	list := make([]scoring.Challenger, len(e.challengers))
	for i := range e.challengers {
		list[i].Model = e.challengers[i].id
	}
	return list
}

// challenge has the challengers score the vector.
func (j *judge) challenge() {
	for i := range j.shadow {
		j.shadow[i].Score = j.challengers[i].scorer.Score(j.vector)
	}
}

package pipeline

import (
	"fmt"
	"slices"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
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

// shadowPolicy is a policy that decides nothing, with the entries of its lists. It is compiled for the engine's set.
type shadowPolicy struct {
	policy *policy.Policy
	lists  *policy.Lists
}

func unlisted(policies []*policy.Policy) []shadowPolicy {
	list := make([]shadowPolicy, len(policies))
	for i, p := range policies {
		list[i].policy = p
	}
	return list
}

// withChanges returns the policies with the entries that their files declare, changed so.
func withChanges(policies []shadowPolicy, changes []policy.Change) []shadowPolicy {
	list := slices.Clone(policies)
	for i := range list {
		list[i].lists = list[i].policy.Entries().Apply(changes...)
	}
	return list
}

// checkShadows holds that a decision can tell the policies apart.
func checkShadows(active *policy.Policy, list []*policy.Policy) error {
	seen := make(map[string]bool)
	for _, p := range list {
		version := p.Version()
		switch {
		case active == nil:
			return fmt.Errorf("challenger policy %s: there is no policy to challenge", version)
		case version == active.Version():
			return fmt.Errorf("challenger policy %s has the version of the policy that decides; a decision could not tell them apart", version)
		case seen[version]:
			return fmt.Errorf("challenger policy %s is there twice, and a decision has one action for each version", version)
		}
		seen[version] = true
	}
	return nil
}

// shadow is what a judge's challengers say of a transaction. It is filled in again for each.
type shadow struct {
	scores  []scoring.Challenger
	alone   []scoring.Action // what follows from each score
	actions []scoring.ShadowAction
	verdict policy.Verdict
}

func newShadow(e *Engine) shadow {
	s := shadow{
		scores: make([]scoring.Challenger, len(e.challengers)), alone: make([]scoring.Action, len(e.alone)),
		actions: make([]scoring.ShadowAction, len(e.shadows)),
	}
	for i := range e.challengers {
		s.scores[i].Model = e.challengers[i].id
	}
	for i := range e.shadows {
		s.actions[i].Policy = e.shadows[i].policy.Version()
	}
	return s
}

// challenge has the challengers score the vector.
func (j *judge) challenge() {
	for i := range j.challengers {
		j.shadow.scores[i].Score = j.challengers[i].scorer.Score(j.vector)
	}
}

// dissent has the challenger policies decide on the champion's score, and the challengers on their own. It comes before the
// policy that counts: what is made of the verdict afterwards reads what the last policy left to expressions.
func (j *judge) dissent() {
	env, v := j.observation.Env(), &j.shadow.verdict
	for i := range j.alone {
		s := &j.alone[i]
		s.policy.Decide(env, j.shadow.scores[i].Score, s.lists, v)
		j.shadow.alone[i] = v.Action
	}
	for i := range j.shadows {
		s := &j.shadows[i]
		s.policy.Decide(env, j.decision.Score, s.lists, v)
		j.shadow.actions[i].Action = v.Action
	}
}

// Shadow is what challengers say of a replayed transaction, in their order.
type Shadow struct {
	Scores  []float64        // of models
	Alone   []scoring.Action // what would be done if each model decided, in so far as that was asked
	Actions []scoring.Action // of policies
}

// newShadows returns memory for what challengers say of so many transactions.
func (e *Engine) newShadows(n int) func(i int) Shadow {
	models, deciding, policies := len(e.challengers), len(e.alone), len(e.shadows)
	scores, alone, actions := make([]float64, models*n), make([]scoring.Action, deciding*n), make([]scoring.Action, policies*n)
	return func(i int) Shadow {
		return Shadow{share(scores, i, models), share(alone, i, deciding), share(actions, i, policies)}
	}
}

// share returns the i-th part of so many elements.
func share[T any](of []T, i, n int) []T { return of[i*n : (i+1)*n : (i+1)*n] }

// fill takes what challengers have said.
func (s *Shadow) fill(said *shadow) {
	for i := range said.scores {
		s.Scores[i] = said.scores[i].Score
	}
	copy(s.Alone, said.alone)
	for i := range said.actions {
		s.Actions[i] = said.actions[i].Action
	}
}

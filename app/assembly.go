package app

import (
	"fmt"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// assembly makes engines of what the control topic says, and where that says nothing or is no good, of what there was
// before or of what configuration names.
type assembly struct {
	config *Config
	set    *features.Set
	now    func() time.Time

	fixed  *policy.Policy // of the configured file, nil for none
	named  *scoring.Model // that configuration names, nil before it is needed
	parts  parts          // of the last engine
	engine *pipeline.Engine
}

// parts are what an engine is made of, beside features and list entries.
type parts struct {
	model  *scoring.Model
	policy *policy.Policy // nil for the thresholds that come with the model
	name   control.Name   // of the policy
}

// newAssembly compiles the features, and the configured policy file if there is one.
func (c *Config) newAssembly(now func() time.Time) (*assembly, error) {
	set, err := c.featureSet()
	if err != nil {
		return nil, err
	}
	a := &assembly{config: c, set: set, now: now}
	if c.Policy.File != "" {
		d, err := readPolicy(c.Policy.File)
		if err != nil {
			return nil, err
		}
		if a.fixed, err = d.Compile(set); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// active returns the name of the model.
func (p *parts) active() control.Name {
	return control.Name{Name: p.model.ID(), Digest: p.model.Digest()}
}

// next makes the engine that the control topic asks for. What of it is no good is refused, and what was there before
// stays in its place. An error means that there is nothing to go on with, which can only be at the start.
func (a *assembly) next(s *control.State) (*pipeline.Engine, []control.Refusal, error) {
	var refused []control.Refusal
	next := parts{}
	var err error
	if next.policy, next.name, err = a.policyOf(s); err != nil {
		refused = append(refused, refusal("policy", s.Policy().Policy.Active(), err))
		next.policy, next.name = a.parts.policy, a.parts.name
		if a.engine == nil {
			next.policy, next.name = a.fixed, control.Name{}
		}
	}
	for i, name := range wantedModels(s) {
		if i > 0 && a.engine != nil {
			break // the one in use is better than one of the past
		}
		var e *pipeline.Engine
		if next.model, err = a.modelOf(name); err == nil {
			if e, err = a.build(next, s); err == nil {
				return a.take(next, e), refused, nil
			}
		}
		if i == 0 {
			refused = append(refused, refusal("model", name, err))
		}
	}
	if next.model = a.parts.model; next.model == nil || s.Model() == nil {
		if next.model, err = a.configured(); err != nil {
			return nil, refused, err
		}
	}
	e, err := a.build(next, s)
	if err != nil {
		return nil, refused, err
	}
	return a.take(next, e), refused, nil
}

func (a *assembly) take(p parts, e *pipeline.Engine) *pipeline.Engine {
	if p.name.Name == "" {
		p.name.Name = e.Policy()
	}
	a.parts, a.engine = p, e
	return e
}

// configured returns the model that configuration names.
func (a *assembly) configured() (m *scoring.Model, err error) {
	if a.named == nil {
		a.named, err = a.config.loadModel()
	}
	return a.named, err
}

// wantedModels are the active model, and those that were it before.
func wantedModels(s *control.State) []control.Name {
	if s.Model() == nil {
		return nil
	}
	m := s.Model().Model
	all := []control.Name{m.Active()}
	for _, p := range m.History {
		all = append(all, control.Name{Name: p.ID, Digest: p.Digest})
	}
	return all
}

// modelOf returns the named model: the one in use, or one that is loaded now.
func (a *assembly) modelOf(name control.Name) (*scoring.Model, error) {
	if m := a.parts.model; m != nil && a.parts.active() == name {
		return m, nil
	}
	m, err := a.config.findModel(name)
	if err != nil {
		return nil, err
	}
	if m.ID() != name.Name {
		return nil, fmt.Errorf("the manifest with the digest %s is that of %s", short(name.Digest), m.ID())
	}
	return m, nil
}

// policyOf returns the active policy, nil for the thresholds that come with the model.
func (a *assembly) policyOf(s *control.State) (*policy.Policy, control.Name, error) {
	if s.Policy() == nil {
		return a.fixed, control.Name{}, nil
	}
	p := s.Policy().Policy
	name := p.Active()
	if a.parts.policy != nil && a.parts.name == name {
		return a.parts.policy, name, nil
	}
	compiled, err := compilePolicy("policy "+p.Version, p.Text, a.set)
	return compiled, name, err
}

func compilePolicy(name, text string, set *features.Set) (*policy.Policy, error) {
	d, err := policy.Parse(name, []byte(text))
	if err != nil {
		return nil, err
	}
	return d.Compile(set)
}

// build makes an engine, which verifies the model against the features.
func (a *assembly) build(p parts, s *control.State) (*pipeline.Engine, error) {
	same := a.engine != nil && p.model == a.parts.model && p.policy == a.parts.policy
	if p.policy == nil {
		var err error
		if p.policy, err = a.config.policy(p.model, a.set); err != nil {
			return nil, err
		}
	}
	changes := listChanges(s)
	if same {
		return a.engine.WithChanges(changes), nil
	}
	return a.config.engineOf(a.set, p.model, p.policy, changes, a.now)
}

// listChanges are what the control topic changes about the entries that policy files declare, each once and so in any
// order.
func listChanges(s *control.State) []policy.Change {
	var all []policy.Change
	s.EachEntry(func(e *control.Event) {
		until := e.Entry.Until
		if until == payment.MaxTime {
			until = policy.Forever
		}
		all = append(all, policy.Change{List: e.Entry.List, Remove: e.Entry.Removed, Entry: policy.Entry{Key: e.Entry.Key, Until: until, Note: e.Note}})
	})
	return all
}

func refusal(what string, n control.Name, err error) control.Refusal {
	reason := []rune(err.Error())
	return control.Refusal{What: what, Name: n.Name, Digest: n.Digest, Reason: string(reason[:min(len(reason), 1000)])}
}

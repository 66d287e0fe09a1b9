package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
	"github.com/weir-fraud/weir/scoring/policy"
)

// Engine is what decides: features, model, policy and the words for alerts. It is immutable, and the same for live
// traffic and replay.
type Engine struct {
	set         *features.Set
	scorer      *scoring.Scorer
	model       string // its id
	policy      *policy.Policy
	lists       *policy.Lists // entries of its lists
	explainer   *alerts.Explainer
	attribution *scoring.Attribution // nil where the model does not allow it: alerts are then explained by comparisons
	stretch     float64              // what adds 1 to the margin adds to the score's log-odds
	marks       []string             // names, in the order of their bits
	vectors     bool
	now         func() time.Time

	challengers []challenger
	alone       []shadowPolicy // what each challenger would decide by
	shadows     []shadowPolicy

	approximate []string // the flag of each feature
}

// EngineConfig is what an Engine is made of.
type EngineConfig struct {
	Set     *features.Set
	Model   *scoring.Model    // nil to compute features only
	Policy  *policy.Policy    // what turns scores into actions; needed with a model
	Changes []policy.Change   // to the list entries that policy files declare, those of Shadows among them
	Vectors bool              // whether decisions carry their feature vector
	Reasons *alerts.Catalogue // nil for the shipped one
	Now     func() time.Time  // stamps alerts, and nothing else

	Challengers []*scoring.Model // score too, and decide nothing; their scores stand in the decisions in this order
	Alone       []*policy.Policy // what each challenger would decide by in the model's place; empty where nobody asks
	Shadows     []*policy.Policy // decide nothing; what they would do stands in the decisions in this order
}

// NewEngine returns an Engine. It fails where the model wants features that the set lacks or defines otherwise.
func NewEngine(c EngineConfig) (*Engine, error) {
	var scorer *scoring.Scorer
	var model string
	var attribution *scoring.Attribution
	var stretch float64
	if c.Model != nil {
		if c.Policy == nil {
			return nil, errors.New("an engine with a model needs a policy to decide by")
		}
		var err error
		if scorer, err = c.Model.Bind(c.Set.Schema()); err != nil {
			return nil, err
		}
		if attribution, err = c.Model.Attribution(c.Set.Schema()); err != nil && !errors.Is(err, forest.ErrNoAttribution) {
			return nil, err
		}
		model, stretch = c.Model.ID(), c.Model.Manifest().Calibration.Stretch()
	}
	challengers, err := bindChallengers(c.Model, c.Challengers, c.Set.Schema())
	if err != nil {
		return nil, err
	}
	if len(c.Alone) > 0 && len(c.Alone) != len(c.Challengers) {
		return nil, fmt.Errorf("there are %d policies for %d challengers to decide by", len(c.Alone), len(c.Challengers))
	}
	if err := checkShadows(c.Policy, c.Shadows); err != nil {
		return nil, err
	}
	catalogue := c.Reasons
	if catalogue == nil {
		catalogue = alerts.BuiltinCatalogue()
	}
	explainer, err := alerts.NewExplainer(c.Set, catalogue)
	if err != nil {
		return nil, err
	}
	approximate := make([]string, c.Set.Schema().Len())
	for i, name := range c.Set.Schema().Names {
		approximate[i] = flagApproximate + ":" + name
	}
	e := &Engine{
		set: c.Set, scorer: scorer, model: model, policy: c.Policy, vectors: c.Vectors, now: c.Now, marks: c.Set.Marks(),
		explainer: explainer, attribution: attribution, stretch: stretch, approximate: approximate, challengers: challengers,
		alone: unlisted(c.Alone), shadows: unlisted(c.Shadows),
	}
	return e.WithChanges(c.Changes), nil
}

// WithChanges returns the engine with the list entries that policy files declare, changed so.
func (e *Engine) WithChanges(changes []policy.Change) *Engine {
	other := *e
	if e.policy != nil {
		other.lists = e.policy.Entries().Apply(changes...)
	}
	other.alone, other.shadows = withChanges(e.alone, changes), withChanges(e.shadows, changes)
	return &other
}

// Set returns the feature set.
func (e *Engine) Set() *features.Set { return e.set }

// Model returns the id of the model, empty for none.
func (e *Engine) Model() string { return e.model }

// Policy returns the version of the policy, empty for none.
func (e *Engine) Policy() string {
	if e.policy == nil {
		return ""
	}
	return e.policy.Version()
}

// historyInAlert is how many of the account's events an alert carries along.
const historyInAlert = 50

// judge is an Engine with the memory it works in. It is used by one goroutine.
type judge struct {
	*Engine
	observation features.Observation
	vector      features.Vector
	decision    scoring.Decision
	verdict     policy.Verdict
	shadow      shadow

	shares  []float64 // what each value adds to the margin, and then to the score's log-odds
	scratch *scoring.AttributionScratch
}

func newJudge(e *Engine) *judge {
	j := &judge{Engine: e, vector: make(features.Vector, e.set.Schema().Len()), shadow: newShadow(e)}
	if e.attribution != nil {
		j.shares, j.scratch = make([]float64, e.attribution.Width()), e.attribution.NewScratch()
	}
	return j
}

// observe looks at a transaction of the entry's account.
func (j *judge) observe(e *entry, tx *payment.Transaction) features.Outcome {
	e.shard.current(e).Observe(tx, &j.observation)
	return j.observation.Outcome
}

// compute fills in the vector of the observed transaction.
func (j *judge) compute(e *entry) { e.account.Compute(&j.observation, j.vector) }

// score scores the vector.
func (j *judge) score() {
	j.decision.Score = j.scorer.Score(j.vector)
	j.challenge()
}

// decide makes the decision on the scored transaction. It is good until the next call.
func (j *judge) decide(tx *payment.Transaction) *scoring.Decision {
	d, v := &j.decision, &j.verdict
	j.dissent()
	j.policy.Decide(j.observation.Env(), d.Score, j.lists, v)
	*d = scoring.Decision{
		TransactionID: tx.ID, AccountID: tx.AccountID, Timestamp: tx.Time, Content: j.observation.Content(),
		Action: v.Action, Score: d.Score, Model: j.model, Policy: j.policy.Version(), Rules: v.Rules,
		Challengers: j.shadow.scores, Policies: j.shadow.actions, Marks: d.Marks[:0], Flags: d.Flags[:0],
	}
	if j.vectors {
		d.Vector = j.vector
	}
	if j.observation.Late {
		d.Flags = append(d.Flags, "late")
	}
	d.Flags = j.appendApproximate(d.Flags)
	for i, missing := 0, j.observation.Incomplete(); missing != 0; i, missing = i+1, missing>>1 {
		if missing&1 != 0 {
			d.Flags = append(d.Flags, "incomplete:"+j.set.Entities()[i].Name)
		}
	}
	for i, marks := 0, j.observation.Marks(); marks != 0; i, marks = i+1, marks>>1 {
		if marks&1 != 0 {
			d.Marks = append(d.Marks, j.marks[i])
		}
	}
	if d.Action != scoring.Approve {
		d.AlertID = alerts.ID(tx.AccountID, tx.ID)
	}
	return d
}

// flagApproximate flags a decision by an account with more events than its budget: on its own, or before the name of a
// feature that is not exact.
const flagApproximate = "approximate"

// maxApproximate bounds how many features a decision names. Where there are more, a flag without a name says so.
const maxApproximate = 64

func (j *judge) appendApproximate(flags []string) []string {
	for n, at := range j.observation.Approximate() {
		if n == maxApproximate {
			return append(flags, flagApproximate)
		}
		flags = append(flags, j.approximate[at])
	}
	return flags
}

// alert returns the alert event of the decision just made, before the transaction is folded in. keys are its keys of
// the set's entities.
func (j *judge) alert(e *entry, tx *payment.Transaction, keys []string) *alerts.Alert {
	d := &j.decision
	var entities []alerts.Entity
	for i, key := range keys {
		if key != "" {
			entities = append(entities, alerts.Entity{Name: j.set.Entities()[i].Name, Key: strings.Clone(key)})
		}
	}
	reasons := j.reasons(tx)
	if made := j.verdict.Reasons; len(made) > 0 {
		reasons = alerts.MadeByRules(ruleReasons(made), reasons)
	}
	return alerts.New(alerts.Alert{
		ID: d.AlertID, Timestamp: payment.TimeOf(j.now()), TransactionID: tx.ID, AccountID: tx.AccountID,
		Action: d.Action, Score: d.Score, Model: d.Model, Severity: j.verdict.Severity,
		MoneyAtRisk: j.policy.MoneyAtRisk(j.observation.Env()),
		Reasons:     reasons, Marks: slices.Clone(d.Marks), Entities: entities, Schema: j.set.Schema(), Vector: j.vector,
		Transaction: tx, History: e.account.History(tx.Time, historyInAlert),
	})
}

// reasons says why the scored transaction is looked at: by what the model went by, or else by comparisons.
func (j *judge) reasons(tx *payment.Transaction) []alerts.Reason {
	if j.attribution == nil {
		return j.explainer.Reasons(tx, j.vector)
	}
	j.attribution.Explain(j.vector, j.shares, j.scratch)
	for i := range j.shares {
		j.shares[i] *= j.stretch
	}
	shares, others := j.shares[:len(j.vector)], j.shares[len(j.vector):]
	if kind, ok := j.scorer.Kind(j.vector); ok {
		return j.explainer.Attributed(tx, j.vector, shares, j.explainer.Unlike(kind, j.vector, others[0]))
	}
	return j.explainer.Attributed(tx, j.vector, shares)
}

// ruleReasons returns the reasons of rules and lists as an alert has them.
func ruleReasons(made []policy.Reason) []alerts.Reason {
	reasons := make([]alerts.Reason, len(made))
	for i, r := range made {
		reasons[i] = alerts.Reason{Code: alerts.Code(r.Code), Title: r.Text, Text: r.Text}
	}
	return reasons
}

// fold takes the observed transaction into its account.
func (j *judge) fold(e *entry, tx *payment.Transaction) { e.shard.fold(e, &j.observation, tx.Time) }

package app

import (
	"fmt"
	"io"
	"runtime"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// checkConfig reads the configuration, and reports whether there is one to go on with.
func (d *doctor) checkConfig() bool {
	const check = "configuration"
	from := "the defaults"
	if d.options.Config != "" {
		from = d.options.Config
	}
	var err error
	if d.config, err = LoadConfig(d.options.Config, d.options.Environ); err == nil {
		_, err = NewLogger(d.config.Log, io.Discard)
	}
	if err != nil {
		d.problem(check, "Correct it; `weir config` prints every key with its default and what it means.", "%v", err)
		return false
	}
	d.fine(check, "%s: state layout %s, group %s, %s", from, d.config.Layout(), d.config.Kafka.Group, plural(d.config.workers(), "worker"))
	return true
}

// checkModel does what loading the model does: hashes, trees, features, golden vectors.
func (d *doctor) checkModel() {
	m, p, err := d.config.checkedModel()
	if err != nil {
		d.problem("model", fmt.Sprintf("Put a whole model directory there, or name another in model.directory, and look again: `%s`.", d.weir("model check")), "%v", err)
		return
	}
	if set, err := d.config.featureSet(); err == nil {
		if _, err := m.Attribution(set.Schema()); err != nil {
			d.warn("model", "Train it again with LightGBM 4, which writes what is missing.", "alerts will say what is unusual, and not what the model went by: %v", err)
		}
	}
	d.fine("model", "%s: %d trees, %d features as they are configured, golden vectors agree; %s", m.ID(), m.Trees(), len(m.Manifest().Features), thresholds(p))
	d.checkChallengers(m, p)
}

// checkChallengers does the same for the models that score beside it: weir run refuses to start without one of them.
func (d *doctor) checkChallengers(champion *scoring.Model, active *policy.Policy) {
	const check = "challenger"
	set, err := d.config.featureSet()
	var list []*scoring.Model
	if err == nil {
		list, err = d.config.checkedChallengers(set, champion, active)
	}
	if err != nil {
		d.problem(check, fmt.Sprintf("Take it out of model.challengers or policy.challengers, or put it right, and look again: `%s`.", d.weir("model check")), "%v", err)
		return
	}
	for _, m := range list {
		d.fine(check, "%s: %s", m.ID(), inside(m))
	}
}

// checkFiles compares the limit on open files with what may be needed: each worker has three Kafka clients, and each of
// those a connection and a pipe to every broker and to some more that stand for roles.
func (d *doctor) checkFiles() {
	const check, spare = "open files", 200
	limit, known := openFilesLimit()
	if !known {
		return
	}
	clients := 3 * d.config.workers()
	redis := 10 * runtime.GOMAXPROCS(0) * len(d.config.Redis.Addresses)
	need := uint64(clients*3*(d.brokers+2) + redis + spare)
	if limit < need {
		d.warn(check, fmt.Sprintf("Raise the limit before weir is started: `ulimit -n %d`, or LimitNOFILE=%[1]d in its systemd unit.", max(65536, need)),
			"%d are allowed, and up to %d may be needed", limit, need)
		return
	}
	d.fine(check, "%d are allowed, and up to %d may be needed", limit, need)
}

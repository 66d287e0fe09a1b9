package app

import (
	"fmt"
	"io"
	"runtime"
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
	d.fine("model", "%s: %d trees, %d features as they are configured, golden vectors agree; %s", m.ID(), m.Trees(), len(m.Manifest().Features), thresholds(p))
}

// checkFiles compares the limit on open files with what the workers need: each has three Kafka clients with a
// connection or two to every broker, and all share the connections to Redis.
func (d *doctor) checkFiles() {
	limit, known := openFilesLimit()
	if !known {
		return
	}
	const brokers, each, spare = 10, 2, 200
	need := uint64(d.config.workers()*3*(brokers*each+each) + 10*runtime.GOMAXPROCS(0)*max(1, len(d.config.Redis.Addresses)) + spare)
	if limit < need {
		d.warn("open files", fmt.Sprintf("Raise it before weir is started: `ulimit -n %d`, or LimitNOFILE=%[1]d in its systemd unit.", max(65536, need)),
			"%d are allowed, and %s with %d brokers may need %d", limit, plural(d.config.workers(), "worker"), brokers, need)
		return
	}
	d.fine("open files", "%d are allowed, more than the %d that may be needed", limit, need)
}

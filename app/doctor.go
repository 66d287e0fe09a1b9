package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// DoctorOptions are those of `weir doctor`.
type DoctorOptions struct {
	Config  string   // path of the configuration, empty for none
	Environ []string // variables over it
	JSON    bool
}

// verdict is how a finding is to be taken.
type verdict string

const (
	fine    verdict = "ok"
	warning verdict = "warning"
	problem verdict = "problem"
)

// finding is what one check found, and what to do about it.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"status"`
	Found   string  `json:"found"`
	Remedy  string  `json:"remedy,omitempty"`
}

// doctor looks at everything that the configuration names. It changes nothing.
type doctor struct {
	options  DoctorOptions
	config   Config
	brokers  int // of the cluster
	tell     func(finding) error
	findings []finding
	err      error // of telling
}

// Doctor is `weir doctor`. A problem is an error, after everything has been looked at.
func Doctor(ctx context.Context, o DoctorOptions, stdout io.Writer) error {
	d := &doctor{options: o, tell: func(f finding) error { return f.write(stdout) }}
	if o.JSON {
		d.tell = func(finding) error { return nil }
	}
	if d.checkConfig() {
		d.checkModel()
		d.checkNotify()
		d.checkServers(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	problems, warnings := d.count(problem), d.count(warning)
	switch {
	case d.err != nil:
		return d.err
	case o.JSON:
		if err := d.writeJSON(stdout); err != nil {
			return err
		}
	default:
		if _, err := fmt.Fprintf(stdout, "\n%s, %s\n", plural(problems, "problem"), plural(warnings, "warning")); err != nil {
			return err
		}
	}
	if problems > 0 {
		return fmt.Errorf("the doctor found %s", plural(problems, "problem"))
	}
	return nil
}

func (d *doctor) note(check string, v verdict, remedy, format string, args ...any) {
	f := finding{check, v, fmt.Sprintf(format, args...), remedy}
	d.findings = append(d.findings, f)
	if err := d.tell(f); err != nil && d.err == nil {
		d.err = err
	}
}

func (d *doctor) fine(check, format string, args ...any) { d.note(check, fine, "", format, args...) }

func (d *doctor) warn(check, remedy, format string, args ...any) {
	d.note(check, warning, remedy, format, args...)
}

func (d *doctor) problem(check, remedy, format string, args ...any) {
	d.note(check, problem, remedy, format, args...)
}

func (d *doctor) count(v verdict) (n int) {
	for _, f := range d.findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

func (f finding) write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%-8s %-13s %s\n", f.Verdict, f.Check, f.Found)
	if err == nil && f.Remedy != "" {
		_, err = fmt.Fprintf(w, "%22s → %s\n", "", f.Remedy)
	}
	return err
}

func (d *doctor) writeJSON(w io.Writer) error {
	status := fine
	for _, v := range []verdict{warning, problem} {
		if d.count(v) > 0 {
			status = v
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Status verdict   `json:"status"`
		Checks []finding `json:"checks"`
	}{status, d.findings})
}

// weir returns a command of this program with the same configuration.
func (d *doctor) weir(command string) string {
	if d.options.Config == "" {
		return "weir " + command
	}
	return "weir --config " + d.options.Config + " " + command
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

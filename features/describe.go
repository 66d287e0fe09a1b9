package features

import (
	"strings"
)

// String returns the definition as one line a person can read.
func (d *Definition) String() string { return d.Name + " = " + d.Formula() }

// Formula returns what the feature is, without its name.
func (d *Definition) Formula() string {
	if d.Value != "" {
		return d.Value
	}
	var b strings.Builder
	b.WriteString(d.Aggregate)
	if d.Of != "" {
		b.WriteString("(" + d.Of + ")")
	}
	if d.Labels != "" {
		b.WriteString(" of labels " + d.Labels)
	}
	if d.Filter != "" {
		b.WriteString(" where " + d.Filter)
	}
	if d.Same != "" {
		b.WriteString(" of the same " + d.Same)
	}
	if d.Entity != "" {
		b.WriteString(" at the " + d.Entity)
	}
	b.WriteString(" over the last " + spanInWords(d.Window))
	if d.Delay != 0 {
		b.WriteString(" up to " + spanInWords(d.Delay) + " ago")
	}
	return b.String()
}

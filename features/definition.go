package features

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Definition declares one feature: an aggregate over a window of the account's earlier events, a fact of the
// transaction itself, or a ratio of two other features. Exactly one of Aggregate, Fact and Ratio is set.
type Definition struct {
	Name        string
	Description string // for analysts, in words; not part of the hash

	Fact string // amount, is_withdrawal, is_deposit, hour_of_day, day_of_week

	Aggregate string        // count, sum, mean, std, max, distinct, new, seconds_since, km_since, kmh_since
	Field     string        // what is aggregated: amount, merchant, location, or empty
	Window    time.Duration // how far back, exclusive at the far end
	Filter    string        // which events count: empty for all, or a name of filters

	Ratio [2]string // numerator and denominator, both names of features declared earlier
}

// check reports a definition that is of no kind or of several, or has parts that its kind does not read.
func (d *Definition) check() error {
	isFact, isRatio := d.Fact != "", d.Ratio != [2]string{}
	kinds := 0
	for _, is := range [3]bool{isFact, isRatio, d.Aggregate != ""} {
		if is {
			kinds++
		}
	}
	reads := d.Field != "" || d.Window != 0 || d.Filter != ""
	switch {
	case kinds != 1:
		return errors.New("it needs one of an aggregate, a fact and a ratio, and only one")
	case isFact && reads:
		return errors.New("a fact has no field, window or filter")
	case isRatio && reads:
		return errors.New("a ratio has no field, window or filter")
	}
	return nil
}

// canonical returns what the hash covers: everything that decides the value, with ratios spelled out in the hashes of
// what they are made of.
func (d *Definition) canonical(hashOf map[string]string) string {
	switch {
	case d.Fact != "":
		return "fact " + d.Fact
	case d.Ratio[0] != "":
		return "ratio " + hashOf[d.Ratio[0]] + " " + hashOf[d.Ratio[1]]
	}
	return fmt.Sprintf("%s field=%s window=%dms filter=%s", d.Aggregate, d.Field, d.Window.Milliseconds(), d.Filter)
}

// hash returns the definition's hash: 16 hexadecimal digits.
func hash(canonical string) string {
	sum := sha256.Sum256([]byte("weir feature v1 " + canonical))
	return hex.EncodeToString(sum[:8])
}

// String returns the definition as one line a person can read.
func (d *Definition) String() string {
	var b strings.Builder
	b.WriteString(d.Name + " = ")
	switch {
	case d.Fact != "":
		b.WriteString(d.Fact)
	case d.Ratio[0] != "":
		b.WriteString(d.Ratio[0] + " / " + d.Ratio[1])
	default:
		b.WriteString(d.Aggregate + "(" + d.Field + ")")
		if d.Filter != "" {
			b.WriteString(" where " + d.Filter)
		}
		b.WriteString(" over " + d.Window.String())
	}
	return b.String()
}

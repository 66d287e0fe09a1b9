package app

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring"
)

// ListedFeature is a feature as `weir features list --json` prints it.
type ListedFeature struct {
	Name        string `json:"name"`
	Hash        string `json:"hash"`
	Definition  string `json:"definition"`
	Description string `json:"description,omitempty"`
}

// ListFeatures is `weir features list`: the features in the order of the vectors, as a table or as JSON.
func ListFeatures(c Config, asJSON bool, w io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	list := make([]ListedFeature, 0, set.Schema().Len())
	for i, d := range set.Definitions() {
		list = append(list, ListedFeature{d.Name, set.Schema().Hashes[i], d.Formula(), d.Description})
	}
	if asJSON {
		return writeJSON(w, list)
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tHASH\tWHAT IT IS\tIN WORDS")
	for _, f := range list {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Name, f.Hash, f.Definition, f.Description)
	}
	return table.Flush()
}

// writeJSON writes v with line breaks, and signs such as < as they are.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// CheckFeatures is `weir features check`: it compiles the features file and says what is in it, what state it needs,
// and whether the model reads it as it was trained.
func CheckFeatures(c Config, w io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	name := c.Features.File
	if name == "" {
		name = "the shipped features file"
	}
	y := set.Summary()
	_, _ = fmt.Fprintf(w, "%s is fine: %d features\n\n", name, set.Schema().Len())
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	row := func(what, format string, args ...any) {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	row("kinds", "%d values, %d over the account's events, %d over entities' tiles, %d over labels",
		y.Values, y.Aggregates, y.EntityAggregates, y.LabelAggregates)
	row("windows", "%s", orNone(inWords(y.Windows)))
	row("filters", "%s", orNone(strings.Join(y.Filters, nextLine)))
	row("derived", "%s", orNone(strings.Join(y.Columns, nextLine)))
	row("attributes", "%s", orNone(strings.Join(retained(y.Attributes, " "), ", ")))
	row("marks", "%s", orNone(strings.Join(retained(y.Marks, ": "), nextLine)))
	for i := range y.Entities {
		row("entity "+y.Entities[i].Name, "%s", entityInWords(&y.Entities[i]))
	}
	row("account", "%d, %d, %d bytes encoded with 10, 100, 1000 events "+nextLine+"(made up, spread over %s; Redis adds some 100 bytes for each key)",
		set.AccountBytes(10), set.AccountBytes(100), set.AccountBytes(1000), Duration(set.Layout().LongestWindow))
	row("state", "layout %s; another one is built from the log, beside the old", set.State())
	if err := table.Flush(); err != nil {
		return err
	}
	return c.compareModel(set, w)
}

// nextLine continues a row of a table of two columns.
const nextLine = "\n\t"

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func inWords(spans []time.Duration) string {
	words := make([]string, len(spans))
	for i, s := range spans {
		words[i] = Duration(s).String()
	}
	return strings.Join(words, ", ")
}

func retained(list []features.Retention, separator string) []string {
	var words []string
	for _, r := range list {
		if r.Description != "" {
			r.Name += separator + r.Description
		}
		words = append(words, r.Name)
	}
	return words
}

func entityInWords(e *features.EntitySummary) string {
	text := fmt.Sprintf("tiles of %s, %s behind", Duration(e.Tile), Duration(e.Delay))
	if e.Lookback == 0 {
		return text + "; no feature reads it"
	}
	text += fmt.Sprintf("; reads back %s", Duration(e.Lookback))
	if e.RowBytes > 0 {
		text += fmt.Sprintf(nextLine+"a row: counters %d, sums %d, about %d bytes encoded when busy", e.Counters, e.Sums, e.RowBytes)
		text += fmt.Sprintf(nextLine+"a key: at most %d rows in a partition, %d bytes", e.Kept, e.Kept*e.RowBytes)
	}
	if e.LabelCounters > 0 {
		text += fmt.Sprintf(nextLine+"a row of labels: counters %d", e.LabelCounters)
	}
	return text
}

// compareModel says whether the configured model's features are all in the set, defined as it was trained on.
func (c *Config) compareModel(set *features.Set, w io.Writer) error {
	m, err := c.loadModel()
	if err != nil {
		_, err = fmt.Fprintf(w, "\nmodel: it cannot be compared: %v\n", err)
		return err
	}
	missing, differing := differences(set.Schema(), m.Manifest())
	wanted := len(m.Manifest().Features)
	if len(missing)+len(differing) == 0 {
		_, err = fmt.Fprintf(w, "\nmodel %s: all of its %d features are here, with equal hashes\n", m.ID(), wanted)
		return err
	}
	_, _ = fmt.Fprintf(w, "\nmodel %s does not fit, and weir run would refuse it; of its %d features\n", m.ID(), wanted)
	for _, d := range []struct {
		what  string
		names []string
	}{{"are not declared here", missing}, {"are defined otherwise here", differing}} {
		if len(d.names) > 0 {
			_, _ = fmt.Fprintf(w, "  %d %s: %s\n", len(d.names), d.what, strings.Join(d.names, ", "))
		}
	}
	_, err = fmt.Fprintln(w, "Train a model on this file: weir replay --no-model --features-out features.csv FILE, then docs/models.md.")
	return err
}

// differences returns the features of a model that the schema lacks, and those that it defines otherwise.
func differences(s *features.Schema, m *scoring.Manifest) (missing, differing []string) {
	want := m.Schema()
	for i, name := range want.Names {
		switch at := slices.Index(s.Names, name); {
		case at < 0:
			missing = append(missing, name)
		case s.Hashes[at] != want.Hashes[i]:
			differing = append(differing, name)
		}
	}
	return missing, differing
}

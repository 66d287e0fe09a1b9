package expression

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Table is an immutable map from texts to numbers.
type Table struct {
	texts    []string // sorted
	numbers  []float64
	fallback float64
}

// NewTable returns a table of the values, with fallback for every other text; NaN is none. A missing text has no number,
// whatever the fallback: an expression that wants one says table(x) ?? 3.0.
func NewTable(values map[string]float64, fallback float64) *Table {
	t := &Table{fallback: finite(fallback)}
	for text := range values {
		t.texts = append(t.texts, text)
	}
	slices.Sort(t.texts)
	for _, text := range t.texts {
		t.numbers = append(t.numbers, finite(values[text]))
	}
	return t
}

// Canonical returns a text that equal tables have in common and different ones have not, for hashes.
func (t *Table) Canonical() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, text := range t.texts {
		b.WriteString(strconv.Quote(text) + ": " + formatNumber(t.numbers[i]) + ", ")
	}
	b.WriteString("default: " + formatNumber(t.fallback) + "}")
	return b.String()
}

func (t *Table) at(text string) float64 {
	if text == "" {
		return math.NaN()
	}
	if i, ok := slices.BinarySearch(t.texts, text); ok {
		return t.numbers[i]
	}
	return t.fallback
}

func formatNumber(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

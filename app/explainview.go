package app

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// explained is a transaction and where its features come from.
type explained struct {
	Transaction json.RawMessage
	Late        bool
	Events      int // retained of its account, before it
	Marks       []string
	Features    []explainedFeature

	transaction *payment.Transaction
}

type explainedFeature features.Explanation

// writeText writes the explanation for people, with at most so many events of each feature, 0 for all.
func (x *explained) writeText(w io.Writer, most int) {
	tx := x.transaction
	_, _ = fmt.Fprintf(w, "transaction %s of account %s at %s\n  %s %s %s%s\n", tx.ID, tx.AccountID, tx.Time,
		tx.Type, payment.FormatAmount(tx.Amount, tx.Currency), tx.Currency.Code(), placeInWords(&tx.Merchant))
	for _, a := range tx.Attributes {
		_, _ = fmt.Fprintf(w, "  %s %s\n", a.Key, a.Value)
	}
	_, _ = fmt.Fprintf(w, "  the account had %d events in its state\n", x.Events)
	if x.Late {
		_, _ = fmt.Fprintln(w, "  it is late: its account has events newer by more than the allowed lateness")
	}
	if len(x.Marks) > 0 {
		_, _ = fmt.Fprintf(w, "  marked %s\n", strings.Join(x.Marks, ", "))
	}
	for i := range x.Features {
		x.Features[i].writeText(w, tx.Time, most)
	}
}

func placeInWords(m *payment.Merchant) string {
	text := ""
	if m.Name != "" {
		text = " at " + m.Name
	}
	if m.Category != "" {
		text += " (" + m.Category + ")"
	}
	return text
}

func (f *explainedFeature) writeText(w io.Writer, t payment.Time, most int) {
	d := f.Definition
	_, _ = fmt.Fprintf(w, "\n%s = %s\n  %s", d.Name, number(f.Value), d.Formula())
	if d.Description != "" {
		_, _ = fmt.Fprintf(w, ": %s", d.Description)
	}
	_, _ = fmt.Fprintln(w)
	switch {
	case f.Events != nil:
		f.writeEvents(w, t, most)
	case f.Tiles != nil:
		f.writeTiles(w, most)
	default:
		for _, o := range f.Operands {
			_, _ = fmt.Fprintf(w, "    %s = %s\n", o.Name, operandInWords(&o))
		}
	}
	if f.Approximate {
		_, _ = fmt.Fprintln(w, "  approximate: the account has more events than features.event_budget, and the oldest are bundled")
	}
	if x := features.Explanation(*f); !x.Agrees() {
		_, _ = fmt.Fprintf(w, "  THIS DISAGREES: what is listed gives %s. Please report it as a bug.\n", number(f.Recomputed))
	}
}

// number returns a value as the features file of a replay has it, or a word.
func number(v float64) string {
	if math.IsNaN(v) {
		return "missing"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func operandInWords(o *features.Operand) string {
	switch {
	case o.Kind == expression.Bool:
		return strconv.FormatBool(o.Number == 1)
	case o.Kind == expression.Number:
		return number(o.Number)
	case o.Text == "":
		return "missing"
	}
	return strconv.Quote(o.Text)
}

func (f *explainedFeature) writeEvents(w io.Writer, t payment.Time, most int) {
	e := f.Events
	_, _ = fmt.Fprintf(w, "  events after %s up to %s: %d", e.After, e.Until, e.Inside)
	if e.Filter != "" || e.Same != "" {
		_, _ = fmt.Fprintf(w, ", of which %d count", e.Counted)
	}
	if e.Filter != "" {
		_, _ = fmt.Fprintf(w, "; the filter is %s", e.Filter)
	}
	if e.Same != "" {
		_, _ = fmt.Fprintf(w, "; the same %s, %s", e.Same, operandInWords(&features.Operand{Kind: expression.Text, Text: e.Own}))
	}
	_, _ = fmt.Fprintln(w)
	if len(e.Heard) > 0 {
		_, _ = fmt.Fprintf(w, "  %d texts of bundled events besides\n", len(e.Heard))
	}
	if len(e.Parts) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "    TIME\tBEFORE\tTYPE\tAMOUNT\tMERCHANT\tCATEGORY\tMARKS\tADDS")
	for i := len(e.Parts) - 1; i >= 0; i-- {
		if most > 0 && len(e.Parts)-i > most {
			_, _ = fmt.Fprintf(table, "    … and %d before\n", i+1)
			break
		}
		p := &e.Parts[i]
		_, _ = fmt.Fprintf(table, "    %s\t%s\t%s\t%s %s\t%s\t%s\t%s\t%s\n", p.Time, Duration(t.Sub(p.Time).Truncate(time.Second)), p.Type,
			payment.FormatAmount(p.Amount, p.Currency), p.Currency.Code(), orDot(p.Merchant.Name), orDot(p.Merchant.Category),
			orDot(strings.Join(p.Marks, " ")), orDot(f.adds(p)))
	}
	_ = table.Flush()
}

func orDot(s string) string {
	if s == "" {
		return "·"
	}
	return s
}

// adds returns what an event adds to the feature.
func (f *explainedFeature) adds(p *features.Part) string {
	text := p.Text
	switch d := f.Definition; {
	case text != "":
	case d.Aggregate == "count":
		text = strconv.FormatInt(max(1, p.Bundle.Events), 10)
	case !math.IsNaN(p.Number):
		text = number(p.Number)
	}
	if p.Bundle.Events > 1 {
		text += fmt.Sprintf(" (of %d bundled events)", p.Bundle.Events)
	}
	if p.Decisive {
		text = strings.TrimSpace(text + " ← the value is read off this one")
	}
	return text
}

func (f *explainedFeature) writeTiles(w io.Writer, most int) {
	t := f.Tiles
	what := "transactions"
	if t.Labels != "" {
		what = "labels " + t.Labels
	}
	switch {
	case t.Key == "":
		_, _ = fmt.Fprintf(w, "  the transaction has no %s\n", t.Entity)
		return
	case !t.Read:
		_, _ = fmt.Fprintf(w, "  %s %s: no tiles were read, as for a transaction that is behind its partition by more than the allowed lateness\n", t.Entity, t.Key)
		return
	}
	_, _ = fmt.Fprintf(w, "  %s %s, %s in tiles of %s from %s up to %s (delay %s): %d tiles hold something", t.Entity, t.Key, what, Duration(t.Tile),
		t.After, t.Until, Duration(t.Delay), len(t.Parts))
	if t.Filter != "" {
		_, _ = fmt.Fprintf(w, "; the filter is %s", t.Filter)
	}
	_, _ = fmt.Fprintln(w)
	if !t.Complete {
		_, _ = fmt.Fprintln(w, "  incomplete: newer tiles were not known yet")
	}
	if len(t.Parts) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "    FROM\tCOUNT\tSUM")
	for i := len(t.Parts) - 1; i >= 0; i-- {
		if most > 0 && len(t.Parts)-i > most {
			_, _ = fmt.Fprintf(table, "    … and %d before\n", i+1)
			break
		}
		sum := "·"
		if p := &t.Parts[i]; !math.IsNaN(p.Sum) {
			sum = number(p.Sum)
		}
		_, _ = fmt.Fprintf(table, "    %s\t%d\t%s\n", t.Parts[i].After, t.Parts[i].Count, sum)
	}
	_ = table.Flush()
}

package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/history/suggest"
	"github.com/weir-fraud/weir/payment"
)

// SuggestMapping is `weir mapping suggest`: it writes a proposal for a file to out, "" or "-" for stdout, and says on
// stderr what to look at. It never overwrites a file.
func SuggestMapping(ctx context.Context, path, out string, rows int, stdout, stderr io.Writer) error {
	sample, err := history.ReadSample(ctx, path, rows, history.Options{Stdin: os.Stdin})
	if err != nil {
		return err
	}
	proposal := suggest.Mapping(sample)
	if out == "" || out == "-" {
		out = "mapping.yaml"
		_, err = stdout.Write(proposal.YAML)
	} else {
		err = writeNew(out, proposal.YAML)
	}
	if err != nil {
		return err
	}
	for _, u := range proposal.Unsure {
		_, _ = fmt.Fprintln(stderr, "unsure:", u)
	}
	_, _ = fmt.Fprintf(stderr, "%s, on %d rows: %s\n", nameOf(path), len(sample.Rows), tried(ctx, path, out, proposal, len(sample.Rows)))
	return nil
}

func nameOf(path string) string {
	if path == history.StandardInput {
		return "standard input"
	}
	return path
}

// writeNew writes a file that does not exist yet: a mapping in use may have been corrected by hand.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists: choose another --out, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("write a mapping: %w", err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// tried reads as many rows through a proposal as it was made from, and says how that went and what is next.
func tried(ctx context.Context, path, out string, p *suggest.Proposal, rows int) string {
	next := fmt.Sprintf("next: weir mapping check --mapping %s %s", out, path)
	if path == history.StandardInput {
		return "it cannot be read again to try the mapping\nnext: weir mapping check --mapping " + out + " FILE"
	}
	m, err := history.ParseMapping(out, p.YAML)
	if err != nil {
		return "the mapping needs a person:\n" + err.Error()
	}
	in, err := history.Open(ctx, []string{path}, m, history.Options{})
	if err != nil {
		return "the mapping needs a person:\n" + err.Error()
	}
	defer func() { _ = in.Close() }()
	c := checking{limit: int64(rows)}
	if err := c.read(in); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d of them read, %d rejected%s\n%s", c.accepted, c.bad.n, inParentheses(&c.bad), next)
}

func inParentheses(t *reasons) string {
	if t.n == 0 {
		return ""
	}
	return " (" + t.String() + ")"
}

// CheckMapping is `weir mapping check`: the first rows as they are read, the first mistakes, and counts. It returns an
// error if a row was rejected.
func CheckMapping(ctx context.Context, in Input, stdout io.Writer) error {
	r, err := in.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	c := checking{limit: in.Limit}
	if err := c.read(r); err != nil {
		return err
	}
	if err := c.report(stdout); err != nil {
		return err
	}
	if c.bad.n > 0 {
		return fmt.Errorf("%d of %d rows are no transactions", c.bad.n, c.accepted+c.bad.n)
	}
	return nil
}

// checking is what a mapping makes of the rows of an input.
type checking struct {
	limit int64

	accepted            int64
	first               []history.Record
	bad                 reasons
	mistakes            []string // the first of them
	from, to            payment.Time
	labels              [history.Fraud + 1]int64
	accounts            map[string]payment.Time // the newest time of each
	ids                 map[uint64]struct{}
	disordered, repeats int64
	types               map[payment.Type]int64
}

const checksShown = 10

func (c *checking) read(in *history.Reader) error {
	c.accounts, c.ids, c.types = make(map[string]payment.Time), make(map[uint64]struct{}), make(map[payment.Type]int64)
	seed := maphash.MakeSeed()
	var rec history.Record
	for c.limit == 0 || c.accepted+c.bad.n < c.limit {
		err := in.Next(&rec)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if bad, ok := errors.AsType[*history.RowError](err); ok {
			c.bad.add(bad)
			if len(c.mistakes) < checksShown {
				c.mistakes = append(c.mistakes, bad.Error())
			}
			continue
		}
		if err != nil {
			return err
		}
		c.add(&rec, seed)
	}
	return nil
}

func (c *checking) add(rec *history.Record, seed maphash.Seed) {
	t := &rec.Transaction
	if c.accepted == 0 {
		c.from, c.to = t.Time, t.Time
	}
	c.accepted++
	c.from, c.to = min(c.from, t.Time), max(c.to, t.Time)
	c.labels[rec.Label]++
	c.types[t.Type]++
	if len(c.first) < checksShown {
		kept := *rec
		kept.Detach()
		c.first = append(c.first, kept)
	}
	newest, known := c.accounts[t.AccountID]
	switch {
	case !known:
		c.accounts[strings.Clone(t.AccountID)] = t.Time
	case t.Time < newest:
		c.disordered++
	default:
		c.accounts[t.AccountID] = t.Time
	}
	id := maphash.String(seed, t.AccountID+"\x00"+t.ID)
	if _, repeated := c.ids[id]; repeated {
		c.repeats++
	}
	c.ids[id] = struct{}{}
}

// report writes everything.
func (c *checking) report(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if c.accepted > 0 {
		_, _ = fmt.Fprintln(table, "ROW\tID\tTIME\tACCOUNT\tTYPE\tAMOUNT\tMERCHANT\tCATEGORY\tPLACE\tLABEL\tATTRIBUTES")
	}
	for i := range c.first {
		_, _ = fmt.Fprintln(table, tableRow(&c.first[i]))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if c.accepted > 0 {
		_, _ = fmt.Fprintln(w)
	}
	_, _ = fmt.Fprintf(w, "rows       %d, of which %d are transactions and %d are rejected\n", c.accepted+c.bad.n, c.accepted, c.bad.n)
	if c.accepted > 0 {
		_, _ = fmt.Fprintf(w, "times      %s … %s\naccounts   %d\ntypes     ", c.from, c.to, len(c.accounts))
		for _, t := range []payment.Type{payment.Purchase, payment.Withdrawal, payment.Deposit} {
			if n := c.types[t]; n > 0 {
				_, _ = fmt.Fprintf(w, " %s %d", t, n)
			}
		}
		_, _ = fmt.Fprintf(w, "\nlabels     fraud %d, legitimate %d, unlabelled %d\n",
			c.labels[history.Fraud], c.labels[history.Legitimate], c.labels[history.Unlabelled])
	}
	if c.disordered > 0 {
		_, _ = fmt.Fprintf(w, "disorder   %d transactions are older than one before them of their account: sort the file by time\n", c.disordered)
	}
	if c.repeats > 0 {
		_, _ = fmt.Fprintf(w, "repeats    %d transactions have the id of one before them of their account: within the dedupe span they count once\n", c.repeats)
	}
	if c.bad.n == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(w, "\nrejected, by field and kind of reason")
	for _, r := range c.bad.sorted() {
		_, _ = fmt.Fprintf(table, "  %d\t%s\t%s\n", c.bad.by[r], cmp.Or(r.field, "row"), r.kind)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nthe first\n  %s\n", strings.Join(c.mistakes, "\n  "))
	return err
}

func tableRow(rec *history.Record) string {
	t := &rec.Transaction
	place, label := "", rec.Label.String()
	if t.Merchant.Location.Known {
		latitude, longitude := t.Merchant.Location.Degrees()
		place = fmt.Sprintf("%.4f %.4f", latitude, longitude)
	}
	if rec.Pattern != "" {
		label += " " + rec.Pattern
	}
	var attributes []string
	for _, a := range t.Attributes {
		attributes = append(attributes, a.Key+"="+a.Value)
	}
	cells := []string{
		fmt.Sprint(rec.Row), t.ID, t.Time.String(), t.AccountID, t.Type.String(), payment.FormatAmount(t.Amount, t.Currency) + " " + t.Currency.Code(),
		t.Merchant.Name, t.Merchant.Category, place, label, strings.Join(attributes, " "),
	}
	const longest = 28
	for i, cell := range cells {
		cell = strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, cell)
		if runes := []rune(cell); len(runes) > longest && i < len(cells)-1 {
			cell = string(runes[:longest-1]) + "…"
		}
		cells[i] = cmp.Or(cell, "·")
	}
	return strings.Join(cells, "\t")
}

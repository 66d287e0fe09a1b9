package suggest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/history"
)

// Proposal is a mapping that somebody has to read.
type Proposal struct {
	YAML   []byte
	Unsure []string // what the proposal is not sure of, each with its field in front
}

// Mapping proposes a mapping for the file that the sample is of.
func Mapping(s *history.Sample) *Proposal {
	p := &proposer{sample: s, columns: profile(s), lex: newLexicons(), sections: make(map[string]*section)}
	p.file()
	p.time()
	p.label()
	p.location()
	p.currencyColumn()
	p.amount()
	p.id()
	p.kind()
	p.account()
	p.merchant()
	p.currency()
	p.attributes()
	p.missing()
	return p.write()
}

// proposer decides field by field. What is decided first takes its column from what comes after.
type proposer struct {
	sample   *history.Sample
	columns  []*column
	lex      *lexicons
	sections map[string]*section

	timeColumn   *column
	amountColumn *column
	cashColumn   *column
}

// order is that of the fields in the file.
var order = []string{
	"file", "missing", "transaction_id", "timestamp", "account_id", "transaction_type", "amount", "currency", "merchant",
	"attributes", "label", "pattern",
}

// section returns the part of a field, a new one the first time.
func (p *proposer) section(field string) *section {
	s, ok := p.sections[field]
	if !ok {
		s = &section{field: field}
		p.sections[field] = s
	}
	return s
}

// best returns the free column that scores highest, of those that have at least 1, and the others that do. Of equals it
// is the one with more distinct values, then the first.
func (p *proposer) best(score func(c *column) int) (best *column, others []*column) {
	var fit []*column
	scores := make(map[*column]int)
	for _, c := range p.columns {
		if !c.free() {
			continue
		}
		if n := score(c); n > 0 {
			scores[c] = n
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(fit, func(a, b *column) int {
		if d := scores[b] - scores[a]; d != 0 {
			return d
		}
		return len(b.distinct) - len(a.distinct)
	})
	return fit[0], fit[1:]
}

// gaps counts the rows without a value in a column. Those without a time do not count: they are no payments, but totals
// below the table.
func (p *proposer) gaps(c *column) (n int) {
	for _, row := range p.sample.Rows {
		empty := func(c *column) bool { return row[c.index] == "" || isAbsent(row[c.index]) }
		if empty(c) && (p.timeColumn == nil || !empty(p.timeColumn)) {
			n++
		}
	}
	return n
}

// file writes how the file is packed into rows.
func (p *proposer) file() {
	s, f := p.section("file"), p.sample
	switch {
	case f.Format != history.CSV:
		s.line("format: %s", f.Format)
	case f.Delimiter == '\t':
		s.line("delimiter: tab")
	case f.Delimiter != ',':
		s.line("delimiter: %s", quoted(string(f.Delimiter)))
	}
	if f.Encoding == "windows-1252" {
		s.note("The text is not UTF-8; read as Windows-1252 it makes sense.")
		s.line("encoding: windows-1252")
	}
	if f.SkipLines > 0 {
		s.line("skip_lines: %d", f.SkipLines)
	}
	if f.Headless {
		s.doubt("no line with names fits the columns: these are made up, and the fields below are guessed from the values alone")
		var names []string
		for _, c := range f.Columns {
			names = append(names, c.Name)
		}
		s.line("columns: %s", flow(names))
	}
	if f.Odd > 0 {
		s.note("%d of %d rows are malformed or have another number of fields than the header: they will be rejected.", f.Odd, f.Odd+len(f.Rows))
	}
}

// missing lists the texts that stand for no value in columns that are read.
func (p *proposer) missing() {
	var texts []string
	var where []string
	for _, c := range p.columns {
		if c.role == "" || len(c.absent) == 0 {
			continue
		}
		where = append(where, c.called())
		for _, t := range c.absent {
			if !slices.Contains(texts, t) {
				texts = append(texts, t)
			}
		}
	}
	if texts == nil {
		return
	}
	slices.Sort(texts)
	s := p.section("missing")
	s.note("Seen in place of a value, in %s.", strings.Join(where, ", "))
	s.line("missing: %s", flow(texts))
}

// write puts the sections together.
func (p *proposer) write() *Proposal {
	var b strings.Builder
	name := filepath.Base(p.sample.Path)
	rows := fmt.Sprintf("its first %d rows", len(p.sample.Rows))
	if p.sample.Whole {
		rows = fmt.Sprintf("its %d rows", len(p.sample.Rows))
	}
	comment(&b, fmt.Sprintf("A mapping for %s, proposed from its columns and %s.", name, rows))
	result := &Proposal{}
	for _, field := range order {
		s := p.sections[field]
		if s == nil {
			continue
		}
		for _, d := range s.doubts {
			result.Unsure = append(result.Unsure, field+": "+d)
		}
	}
	if len(result.Unsure) > 0 {
		comment(&b, "Read what is marked unsure, and correct it where it is wrong. All keys are explained in docs/mapping.md.")
	} else {
		comment(&b, "Nothing in it is doubtful. All keys are explained in docs/mapping.md.")
	}
	for _, field := range order {
		if s := p.sections[field]; s != nil {
			s.write(&b)
		}
	}
	result.YAML = []byte(b.String())
	return result
}

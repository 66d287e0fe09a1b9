package suggest

import (
	"slices"
	"strings"
)

// verdict is what a text says about a transaction.
type verdict uint8

const (
	unclear verdict = iota
	fraudulent
	legitimate
	undecided // nothing is known yet
)

// verdictOf returns what a text of a label column says. The others tell F for fraud from F for false.
func verdictOf(text string, others []string) verdict {
	lower := strings.ToLower(text)
	n := nameOf(text)
	if plainer := strings.Join(n.words, " "); plainer != "" && !strings.Contains(lower, ".") {
		lower = plainer // without accents
	}
	negated := n.has("not", "non", "no", "un", "kein", "keine") || strings.HasPrefix(n.joined, "no")
	switch {
	case slices.Contains(list("1 1.0 true t yes y ja j oui o si s sim"), lower):
		return fraudulent
	case lower == "f" && !slices.ContainsFunc(others, func(o string) bool { return strings.EqualFold(o, "t") }):
		return fraudulent
	case slices.Contains(list("0 0.0 false f no n nein non nao g l"), lower):
		return legitimate
	case n.has("pending", "open", "unknown", "unsure", "review", "investigation", "unreviewed", "unlabelled", "unlabeled", "offen"):
		return undecided
	case n.has("fraud", "fraudulent", "scam", "chargeback", "betrug", "fraude", "frode", "stolen", "criminal"):
		if negated {
			return legitimate
		}
		return fraudulent
	case n.has("legit", "legitimate", "genuine", "normal", "ok", "good", "clean", "valid", "honest", "regular", "approved", "safe", "echt", "clear", "cleared"):
		return legitimate
	case n.has("bad", "positive", "disputed", "confirmed"):
		return fraudulent
	case n.has("negative"):
		return legitimate
	}
	return unclear
}

// label chooses the columns of the label and of the pattern.
func (p *proposer) label() {
	const most = 12
	best, others := p.best(func(c *column) int {
		if len(c.distinct) > most || c.time != nil && c.number == nil {
			return 0
		}
		score := p.lex.label.score(c.words)
		if score <= 0 {
			return 0
		}
		verdicts, outspoken := 0, c.words.has(p.lex.fraud...)
		values := c.frequent()
		for _, v := range values {
			if verdictOf(v, values) != unclear {
				verdicts++
			}
			outspoken = outspoken || nameOf(v).has(p.lex.fraud...)
		}
		switch {
		case verdicts == len(values) && (outspoken || score >= 3):
			return score + 4
		case outspoken && (verdicts > 0 || len(values) <= 2):
			return score
		}
		return 0
	})
	pattern, _ := p.best(func(c *column) int {
		if c == best || len(c.distinct) > 60 || c.time != nil && c.number == nil {
			return 0
		}
		score := p.lex.pattern.score(c.words)
		if c.words.has("fraud", "scam", "betrug", "chargeback") && c.words.has("type", "typ", "kind", "art", "category", "reason", "mo") {
			score += 3
		}
		return score
	})
	switch {
	case best != nil:
		p.labelValues(best.take("label"))
		for _, o := range others {
			p.section("label").note("%s is not read: it may be the answer of an older system.", o.called())
		}
	case pattern != nil:
		p.labelOfPattern(pattern)
	case p.namelessLabel():
	default:
		p.section("label").note("No column says which payments were fraud.")
	}
	if pattern != nil {
		p.patternValues(pattern.take("pattern"), best)
	}
}

// namelessLabel takes a column of yes and no, mostly no, for the label where its name does not say otherwise.
func (p *proposer) namelessLabel() bool {
	c, _ := p.best(func(c *column) int {
		values := c.frequent()
		if len(values) != 2 || verdictOf(values[0], values) != legitimate || verdictOf(values[1], values) != fraudulent ||
			c.distinct[values[1]]*4 > len(c.values) {
			return 0
		}
		switch {
		case c.words.has(p.lex.leak...):
			return 2
		case p.sample.Headless, slices.Contains(list("f y fr isf flag target"), c.words.joined):
			return 1
		}
		return 0
	})
	if c == nil {
		return false
	}
	p.section("label").doubt("is it %s that says which payments were fraud?", c.called())
	p.labelValues(c.take("label"))
	return true
}

// labelValues writes the label, and which texts mean what.
func (p *proposer) labelValues(c *column) {
	s := p.section("label")
	values := c.frequent()
	var by [4][]string
	for _, v := range values {
		by[verdictOf(v, values)] = append(by[verdictOf(v, values)], v)
	}
	s.note("%s has %s.", c.called(), p.shares(c))
	if len(values) == 2 && len(by[unclear]) == 2 {
		s.doubt("the rarer one is taken for fraud")
		by[legitimate], by[fraudulent], by[unclear] = values[:1], values[1:], nil
	}
	gaps := p.gaps(c)
	if len(values) == 1 && len(by[unclear]) == 1 && gaps > 0 {
		s.doubt("%s is taken for fraud", quoted(values[0]))
		by[fraudulent], by[unclear] = values, nil
	}
	for _, v := range by[unclear] {
		s.doubt("%s is left unlabelled: list it under fraud or legitimate if it is one", quoted(v))
	}
	if p.defaultLabels(values) {
		s.line("label: %s", scalar(c.name))
		return
	}
	for _, v := range values {
		other := opposite(v)
		if len(by[fraudulent]) == 0 && verdictOf(v, values) == legitimate && other != "" {
			s.note("No row has the other one, so it is a guess.")
			by[fraudulent] = append(by[fraudulent], other)
		} else if len(by[legitimate]) == 0 && verdictOf(v, values) == fraudulent && other != "" {
			s.note("No row has the other one, so it is a guess.")
			by[legitimate] = append(by[legitimate], other)
		}
	}
	s.line("label:")
	s.line("  column: %s", scalar(c.name))
	s.line("  fraud: %s", flow(by[fraudulent]))
	s.line("  legitimate: %s", flow(by[legitimate]))
	if missing := append(by[undecided], by[unclear]...); len(missing) > 0 {
		s.line("  missing: %s", flow(missing))
	}
	switch {
	case gaps == 0:
	case len(by[legitimate]) == 0:
		s.doubt("%s: they are taken for legitimate. If nothing is known of them: leave default out", have(gaps, "none"))
		s.line("  default: legitimate")
	default:
		s.note("%s, and no label then.", have(gaps, "none"))
	}
}

// shares says how many rows have which value.
func (p *proposer) shares(c *column) string {
	var words []string
	for _, v := range c.frequent() {
		words = append(words, quoted(v)+" in "+plural(c.distinct[v], "row"))
	}
	return strings.Join(words, ", ")
}

// defaultLabels reports whether a mapping knows all the texts by itself.
func (p *proposer) defaultLabels(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool {
		return !slices.Contains([]string{"1", "1.0", "true", "True", "fraud", "0", "0.0", "false", "False", "legitimate"}, v)
	})
}

// opposite is the other one of a pair of texts, in the same letters.
func opposite(text string) string {
	for _, pair := range [][2]string{{"y", "n"}, {"yes", "no"}, {"t", "f"}, {"true", "false"}, {"1", "0"}, {"ja", "nein"}, {"j", "n"}, {"oui", "non"},
		{"si", "no"}, {"sim", "nao"}, {"fraud", "genuine"}, {"fraud", "legit"}, {"fraud", "normal"}, {"fraud", "not fraud"}, {"fraud", "ok"}} {
		for i, one := range pair {
			if !strings.EqualFold(text, one) {
				continue
			}
			other := pair[1-i]
			switch {
			case text == strings.ToUpper(text):
				return strings.ToUpper(other)
			case text[:1] == strings.ToUpper(text[:1]):
				return strings.ToUpper(other[:1]) + other[1:]
			}
			return other
		}
	}
	return ""
}

// labelOfPattern makes the label from a column that names the kind of fraud.
func (p *proposer) labelOfPattern(c *column) {
	s := p.section("label")
	none, kinds := p.noPattern(c, nil)
	s.note("%s names the kind of fraud.", c.called())
	s.doubt("are the rows without one legitimate? If nothing is known of them: leave default out")
	s.line("label:")
	s.line("  column: %s", scalar(c.name))
	s.line("  fraud: %s", flow(kinds))
	s.line("  legitimate: %s", flow(none))
	s.line("  default: legitimate")
}

// noPattern tells the values of a pattern column that stand for none from those that are patterns.
func (p *proposer) noPattern(pattern, label *column) (none, kinds []string) {
	for _, v := range pattern.frequent() {
		if slices.Contains(list("0 0.0 legit legitimate normal genuine ok"), strings.ToLower(v)) || label != nil && p.mostlyLegitimate(pattern, v, label) {
			none = append(none, v)
		} else {
			kinds = append(kinds, v)
		}
	}
	return none, kinds
}

// mostlyLegitimate reports whether the rows with a pattern's value are no frauds.
func (p *proposer) mostlyLegitimate(pattern *column, value string, label *column) bool {
	values := label.frequent()
	legit, fraud := 0, 0
	for _, row := range p.sample.Rows {
		if row[pattern.index] != value {
			continue
		}
		switch verdictOf(row[label.index], values) {
		case legitimate:
			legit++
		case fraudulent:
			fraud++
		}
	}
	return legit > fraud
}

func (p *proposer) patternValues(c, label *column) {
	s := p.section("pattern")
	none, kinds := p.noPattern(c, label)
	s.note("%s names the kind of fraud: %s.", c.called(), sayings(kinds, 8))
	if len(none) == 0 {
		s.line("pattern: %s", scalar(c.name))
		return
	}
	s.line("pattern:")
	s.line("  column: %s", scalar(c.name))
	s.line("  missing: %s", flow(none))
}

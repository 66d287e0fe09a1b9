package suggest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// attributes takes from what is left the facts that features and rules can use, and says why the others are not read.
func (p *proposer) attributes() {
	s := p.section("attributes")
	var useful []*column
	unread := make(map[string][]*column)
	var reasons []string // in the order in which they come up
	for _, c := range p.columns {
		reason := p.unused(c)
		if c.role == "" && reason == "" {
			useful = append(useful, c)
			continue
		}
		if reason == "" {
			continue
		}
		if unread[reason] == nil {
			reasons = append(reasons, reason)
		}
		unread[reason] = append(unread[reason], c)
	}
	slices.SortStableFunc(useful, func(a, b *column) int { return p.use(b) - p.use(a) })
	if most := payment.MaxAttributes; len(useful) > most {
		const reason = "there are more columns than the 32 attributes that a transaction may have"
		reasons, unread[reason] = append(reasons, reason), useful[most:]
		useful = useful[:most]
	}
	if len(useful) > 0 {
		s.line("attributes:")
	}
	taken := make(map[string]bool)
	for _, c := range useful {
		c.take("attributes")
		key := c.words.key()
		for i := 2; key == "" || taken[key]; i++ {
			key = fmt.Sprintf("%s_%d", c.words.key(), i)
		}
		taken[key] = true
		s.line("  %s: %s", scalar(key), scalar(c.name))
	}
	for _, reason := range reasons {
		s.note("Not read, %s: %s.", reason, namesOfSome(unread[reason]))
	}
}

func namesOfSome(columns []*column) string {
	const most = 12
	if len(columns) <= most {
		return namesOf(columns)
	}
	return namesOf(columns[:most]) + " and " + commas(len(columns)-most) + " more"
}

// use says how useful an attribute seems.
func (p *proposer) use(c *column) int {
	if c.words.has(p.lex.entity...) {
		return 1
	}
	return 0
}

// unused returns why a column is not read, "" if it is, or may be.
func (p *proposer) unused(c *column) string {
	entity := c.entity || c.words.has(p.lex.entity...)
	switch {
	case c.role == "another time":
		return "as they are times as well"
	case c.role == "a place":
		return "as it is where somebody lives"
	case c.role != "":
		return ""
	case c.name == "":
		return "as it has no name"
	case !c.usable && c.typ == 0:
		return "as its name comes twice"
	case !c.usable:
		return "as it is a list"
	case len(c.values) == 0:
		return "as it is empty"
	case p.isRowIndex(c) || c.counts():
		return "as it counts the rows"
	case c.words.has(p.lex.leak...):
		return "as it tells the answer, or is another system's"
	case p.isPersonal(c):
		return "as it is personal data"
	case len(c.distinct) == 1 && c.complete() && c.rows > 1:
		return "as it is the same in every row"
	case c.time != nil && !entity && (c.number == nil || c.words.has(p.lex.time.strong...)):
		return "as it is a time"
	case !entity && c.words.has(p.lex.clock...):
		return "as the time says it already"
	case c.number != nil && !entity && p.measures(c) && !(len(c.distinct) == 2 && c.words.has("is", "has", "flag", "present")):
		return "as an attribute is a fact to compare, not a quantity"
	case !entity && len(c.distinct)*10 > len(c.values)*9 && c.rows >= 20:
		return "as it differs in nearly every row"
	case slices.ContainsFunc(c.frequent()[:min(len(c.distinct), 100)], func(v string) bool { return len(v) > payment.MaxValueBytes }):
		return "as its values are too long"
	}
	return ""
}

// isPersonal reports whether a column is about a person rather than a payment.
func (p *proposer) isPersonal(c *column) bool {
	if c.words.has(p.lex.personal...) {
		return !c.words.has("ip")
	}
	ofPerson := c.words.has("customer", "user", "client", "account", "holder", "kunde", "cardholder")
	return ofPerson && (c.words.has("name") || c.words.has("holder") && len(c.values) > 0 && strings.Contains(c.values[0], " "))
}

// measures reports whether numbers are quantities rather than the numbers of things.
func (p *proposer) measures(c *column) bool {
	return c.number.decimals > 0 || c.number.negative > 0 || !slices.ContainsFunc(c.words.words, func(w string) bool {
		return slices.Contains(list("id no nr num number code type class"), w)
	}) && !strings.HasSuffix(c.words.joined, "id")
}

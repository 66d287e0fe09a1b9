package suggest

import (
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// currencyColumn chooses the column that names currencies.
func (p *proposer) currencyColumn() {
	best, _ := p.best(func(c *column) int {
		if len(c.distinct) > 200 || c.time != nil {
			return 0
		}
		score := p.lex.currency.score(c.words)
		known, codes := 0, 0
		for v, n := range c.distinct {
			if currencyOf(v) != "" {
				known += n
			}
			if _, ok := payment.ParseCurrency(strings.ToUpper(v)); ok {
				codes += n
			}
		}
		switch {
		case known*10 < len(c.values)*9:
			return 0
		case codes == len(c.values) && len(c.values) >= 3:
			score += 3 // nothing else is written so
		}
		return score
	})
	if best != nil {
		p.cashColumn = best.take("currency")
	}
}

// currency writes the currency: from its column, or else from wherever it shows.
func (p *proposer) currency() {
	s := p.section("currency")
	if c := p.cashColumn; c != nil {
		p.currencyValues(s, c)
		return
	}
	code, why := p.currencyHint(s)
	if code == "" {
		s.doubt("nothing names the currency")
		code = "USD"
		if a := p.amountColumn; a != nil && a.number.decimal == ',' {
			code = "EUR"
		}
	} else {
		s.note("%s", why)
	}
	s.line("currency: {value: %s}", code)
}

// currencyHint returns the currency that signs beside the amounts or names of columns tell.
func (p *proposer) currencyHint(s *section) (code, why string) {
	a := p.amountColumn
	if a == nil {
		return "", ""
	}
	if symbols := a.number.symbols; len(symbols) > 0 {
		switch {
		case len(symbols) > 1:
			s.doubt("the amounts have the signs %s: if these are several currencies, the file needs a column that names them", sayings(symbols, 5))
		case ambiguous(symbols[0]):
			s.doubt("several currencies have the sign %s", symbols[0])
		}
		return currencyOf(symbols[0]), "From the sign " + quoted(symbols[0]) + " at the amounts."
	}
	named := append([]*column{a}, p.columns...)
	for _, c := range named {
		for _, w := range c.words.words {
			if len(w) == 3 && w != "all" && w != "top" && w != "try" && (c == a || p.lex.amount.score(c.words) > 0) {
				if _, ok := payment.ParseCurrency(strings.ToUpper(w)); ok {
					return strings.ToUpper(w), "From the name of the column " + c.called() + "."
				}
			}
		}
	}
	return "", ""
}

// currencyValues writes a column of currencies, with a table unless it has the codes themselves.
func (p *proposer) currencyValues(s *section, c *column) {
	values := c.frequent()
	s.note("%s has %s.", c.called(), sayings(values, 5))
	table := false
	for _, v := range values {
		if _, ok := payment.ParseCurrency(v); !ok {
			table = true
		}
	}
	byDefault := p.lacks(s, c, currencyOf(values[0]))
	if !table && byDefault == "" {
		s.line("currency: %s", scalar(c.name))
		return
	}
	s.line("currency:")
	s.line("  column: %s", scalar(c.name))
	if byDefault != "" {
		s.line("  default: %s", byDefault)
	}
	if !table {
		return
	}
	s.line("  values:")
	for _, v := range values {
		code := currencyOf(v)
		if code == "" {
			s.doubt("%s is no currency that is known here: rows that have it are rejected", quoted(v))
			continue
		}
		s.line("    %s: %s", quoted(v), code)
		if ambiguous(v) {
			s.doubt("several currencies are called %s", quoted(v))
		}
	}
}

// lacks notes that rows have no value of a field that each must have. If they are more than a few it returns what they
// get by default, else "": a few may be broken.
func (p *proposer) lacks(s *section, c *column, byDefault string) string {
	switch n := p.gaps(c); {
	case n == 0:
		return ""
	case n*200 <= c.rows:
		s.note("%s, and will be rejected.", have(n, "none"))
		return ""
	default:
		s.doubt("%s: they get %s", have(n, "none"), byDefault)
		return byDefault
	}
}

// have says what a number of rows have.
func have(n int, what string) string {
	if n == 1 {
		return "1 row has " + what
	}
	return plural(n, "row") + " have " + what
}

// amount chooses the column of amounts.
func (p *proposer) amount() {
	s := p.section("amount")
	score := func(c *column) int {
		n := c.number
		if n == nil || c.time != nil && !c.time.clock && c.number.decimals == 0 || len(c.values)*10 < c.rows*9 {
			return 0
		}
		score := p.lex.amount.score(c.words)
		if len(n.symbols) > 0 {
			score += 4
		}
		if score > 0 && n.decimals > 0 {
			score++
		}
		return score
	}
	best, others := p.best(score)
	if best == nil {
		best, others = p.best(func(c *column) int {
			if c.number == nil || c.number.decimals == 0 || c.number.few*10 < c.number.total*9 || p.lex.amount.score(c.words) < 0 {
				return 0
			}
			return 1
		})
		if best != nil {
			s.doubt("no column is called an amount: %s has numbers with decimals", best.called())
		}
	}
	if best == nil {
		s.doubt("no column looks like amounts: name the column")
		s.line("amount: COLUMN")
		return
	}
	p.amountColumn = best.take("amount")
	n := numberFormOf(best.values)
	if n == nil {
		n = best.number
	}
	best.number = n
	s.note("%s has %s.", best.called(), sayings(p.examples(best), 3))
	others = slices.DeleteFunc(others, func(c *column) bool { return p.lex.amount.score(c.words) <= 0 })
	if len(others) > 0 {
		s.note("Amounts as well: %s.", namesOf(others))
	}
	if n.unsure != "" {
		s.doubt("%s", n.unsure)
	}
	s.line("amount: %s", scalar(best.name))
	p.amountForm(s, best)
}

// examples are some values of an amount, those with the most to show first.
func (p *proposer) examples(c *column) []string {
	var some []string
	for _, v := range c.some() {
		if !slices.Contains(some, v) {
			some = append(some, v)
		}
		if len(some) == 50 {
			break
		}
	}
	slices.SortStableFunc(some, func(a, b string) int { return len(b) - len(a) })
	return some
}

// amountForm writes how the amounts are written, as far as that is not the usual way.
func (p *proposer) amountForm(s *section, c *column) {
	n := c.number
	var keys []string
	if n.decimal == ',' {
		keys = append(keys, `  decimal: ","`)
	}
	if n.thousands != "" {
		keys = append(keys, "  thousands: "+quoted(n.thousands))
	}
	if len(n.symbols) > 0 {
		keys = append(keys, "  symbols: "+flow(n.symbols))
	}
	if n.accounting {
		keys = append(keys, "  accounting: true")
		s.note("Numbers in parentheses, or with the sign at the end, are negative.")
	}
	switch {
	case n.decimals == 0 && c.words.has("cent", "cents", "minor", "pence", "pennies", "kopek", "cts"):
		keys = append(keys, "  unit: minor")
		s.note("The name says that these are minor units.")
	case n.decimals == 0 && len(c.distinct) > 5:
		s.doubt("whole numbers only. If these are cents: unit: minor")
	case n.decimals > 2:
		keys = append(keys, "  round: true")
		s.note("%d of %d have more than two decimals: they are rounded to those of the currency.", n.total-n.few, n.total)
	}
	p.putUnder(s, "amount", c, keys)
}

// putUnder turns the short form of a field into the long one, if there are keys for it.
func (p *proposer) putUnder(s *section, field string, c *column, keys []string) {
	if len(keys) == 0 {
		return
	}
	s.lines = append([]string{field + ":", "  column: " + scalar(c.name)}, keys...)
}

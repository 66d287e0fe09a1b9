package suggest

import (
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// id chooses the column of transaction ids, or makes them.
func (p *proposer) id() {
	s := p.section("transaction_id")
	best, _ := p.best(func(c *column) int {
		if !c.unique() || c.time != nil && c.number == nil || c.number != nil && c.number.decimals > 0 || p.isRowIndex(c) {
			return 0
		}
		score := p.lex.id.score(c.words)
		return score
	})
	if best == nil {
		best, _ = p.best(func(c *column) int {
			// What differs in every row without being a number of something is made to tell rows apart.
			named := p.lex.id.score(c.words) < 0 || p.lex.amount.score(c.words) > 0 || p.lex.account.score(c.words) > 0 || p.lex.merchant.score(c.words) > 0
			if named || !c.unique() || c.rows < 3 || c.time != nil || p.isRowIndex(c) || !c.counts() && !looksLikeID(c.values[0]) {
				return 0
			}
			return 1
		})
	}
	if best == nil {
		s.note("No column has an id of its own in every row: ids are made from the names of the file and the numbers of the rows.")
		s.line(`transaction_id: {template: "{file}-{row}"}`)
		return
	}
	best.take("transaction_id")
	s.note("%s has a value of its own in each of %s, such as %s.", best.called(), plural(best.rows, "row"), example(best.values))
	s.line("transaction_id: %s", scalar(best.name))
}

var wordless = regexp.MustCompile(`^[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*$`)

// looksLikeID reports whether a text is not made of words.
func looksLikeID(text string) bool { return len(text) >= 4 && wordless.MatchString(text) }

// isRowIndex reports whether a column only counts the rows, as dataframes are written.
func (p *proposer) isRowIndex(c *column) bool {
	if !c.counts() {
		return false
	}
	switch c.words.joined {
	case "", "index", "unnamed0", "row", "rowname", "rownum", "rownumber", "nr", "no", "lfdnr", "indexlevel0", "x", "column1":
		return true
	}
	return false
}

// account chooses the column of accounts.
func (p *proposer) account() {
	s := p.section("account_id")
	best, others := p.best(p.accountScore)
	if best == nil && p.isStatement() {
		name := fileStem(p.sample.Path)
		s.doubt("no column looks like accounts: as this seems to be the statement of one account, all rows belong to %s", name)
		s.line("account_id: {value: %s}", scalar(name))
		return
	}
	if best == nil {
		if best = p.namelessAccount(); best == nil {
			s.doubt("no column looks like accounts or cards: name the one whose history each payment belongs to. If all are of one account: {value: NAME}")
			s.line("account_id: COLUMN")
			return
		}
		s.doubt("no column is called an account; %s has %s that come again", best.called(), plural(len(best.distinct), "value"))
	}
	best.take("account_id")
	s.note("%s has %s in %s, such as %s.", best.called(), plural(len(best.distinct), "account"), plural(best.rows, "row"), example(best.values))
	if n := p.gaps(best); n > 0 {
		s.note("%s, and will be rejected.", have(n, "none"))
	}
	others = slices.DeleteFunc(others, func(c *column) bool {
		return p.isPersonal(c) || p.lex.account.score(c.words) < 3 || len(c.distinct)*20 < len(best.distinct)
	})
	for _, o := range others {
		o.entity = true
	}
	if len(others) > 0 {
		s.note("%s could be the account as well, if its history is what tells fraud.", namesOf(others))
	}
	s.line("account_id: %s", scalar(best.name))
}

// accountScore says how well a column suits as the account, by its name.
func (p *proposer) accountScore(c *column) int {
	score := p.lex.account.score(c.words)
	switch {
	case score < 3, !couldBeAccount(c) && c.rows > 3:
		return 0
	case c.words.has("acct", "account", "acc", "konto", "iban", "cuenta", "compte"):
		score++ // rather than its owner, who may have several
	}
	return score
}

// couldBeAccount reports whether the values may be those of accounts: nearly every row has one, and there are several.
func couldBeAccount(c *column) bool {
	return len(c.values)*10 >= c.rows*9 && (c.time == nil || c.number != nil) && len(c.distinct) > 1 &&
		(c.number == nil || c.number.decimals == 0 && c.number.negative == 0)
}

// namelessAccount chooses by the values alone: who pays comes again, but is one of many.
func (p *proposer) namelessAccount() *column {
	const often = 20 // rows of an account
	best, _ := p.best(func(c *column) int {
		few := len(c.distinct)*often < c.rows && len(c.distinct) < 50
		if !couldBeAccount(c) || c.unique() || few || p.lex.account.score(c.words) < 0 || p.lex.merchant.score(c.words) > 0 ||
			p.lex.category.score(c.words) > 0 || c.words.has(p.lex.personal...) || c.words.has(p.lex.clock...) {
			return 0
		}
		return 1
	})
	return best
}

// isStatement reports whether most amounts are negative, as payments are where they are taken off a balance.
func (p *proposer) isStatement() bool {
	return p.amountColumn != nil && p.amountColumn.number.negative > p.amountColumn.number.positive
}

func fileStem(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return cmp.Or(name, "account")
}

// merchant writes the receiving side.
func (p *proposer) merchant() {
	s := p.section("merchant")
	place := s.lines // that location has written
	s.lines = nil
	var lines []string
	if name := p.merchantColumn(s); name != nil {
		name.take("merchant.name")
		s.note("%s has %s, such as %s.", name.called(), plural(len(name.distinct), "merchant"), strings.Join(examples(name.values, 2), " and "))
		lines = append(lines, p.merchantName(s, name)...)
	}
	category, _ := p.best(func(c *column) int {
		if score := p.lex.category.score(c.words); score >= 3 && namesThings(c) && len(c.distinct) <= 1000 {
			return score
		}
		return 0
	})
	if category != nil {
		category.take("merchant.category")
		s.note("%s has %s: %s.", category.called(), plural(len(category.distinct), "category"), sayings(category.frequent(), 4))
		lines = append(lines, "  category: "+scalar(category.name))
	}
	if lines = append(lines, place...); len(lines) > 0 {
		s.lines = append([]string{"merchant:"}, lines...)
	} else {
		s.note("No column names a merchant.")
	}
}

// namesThings reports whether the values are names or numbers of things, rather than times or quantities.
func namesThings(c *column) bool {
	return c.time == nil && (c.number == nil || c.number.decimals == 0)
}

// merchantColumn chooses the column of merchants: by its name, or else one of descriptions.
func (p *proposer) merchantColumn(s *section) *column {
	best, _ := p.best(func(c *column) int {
		if !namesThings(c) || c.number != nil && len(c.distinct) < 2 {
			return 0
		}
		return p.lex.merchant.score(c.words)
	})
	if best != nil {
		return best
	}
	best, _ = p.best(func(c *column) int {
		if namesThings(c) && c.number == nil && c.words.has("description", "desc", "details", "verwendungszweck", "narrative", "memo", "libelle", "concepto", "text") {
			return 1
		}
		return 0
	})
	if best != nil {
		s.doubt("%s may name the merchant, or more than that: a merchant should always be written the same way", best.called())
		return best
	}
	if !p.sample.Headless {
		return nil
	}
	best, _ = p.best(func(c *column) int {
		if namesThings(c) && c.number == nil && len(c.distinct) > 2 && !c.unique() {
			return 1
		}
		return 0
	})
	if best != nil {
		s.doubt("is it %s that names the merchant?", best.called())
	}
	return best
}

// merchantName writes the name, without what all names begin with if that sounds like a label.
func (p *proposer) merchantName(s *section, c *column) []string {
	prefix := c.values[0]
	for v := range c.distinct {
		for !strings.HasPrefix(v, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	if end := strings.IndexAny(prefix, "_-: "); end > 0 && len(c.distinct) > 2 && nameOf(prefix[:end]).has(p.lex.fraud...) {
		s.note("All begin with %s, fraud or not, which would read like a verdict.", quoted(prefix[:end+1]))
		return []string{"  name:", "    column: " + scalar(c.name), "    strip_prefix: " + scalar(prefix[:end+1])}
	}
	return []string{"  name: " + scalar(c.name)}
}

// location chooses the columns of the merchant's place. It writes them before the merchant itself is known, as
// coordinates look like amounts.
func (p *proposer) location() {
	s := p.section("merchant")
	score := func(l *lexicon) func(c *column) int {
		return func(c *column) int {
			if c.number == nil || c.number.decimals == 0 || l.score(c.words) <= 0 {
				return 0
			}
			switch {
			case c.words.has(p.lex.atMerchant...):
				return 9
			case c.words.has(p.lex.atHome...):
				return 1
			}
			return 5
		}
	}
	latitude, otherLatitudes := p.best(score(&p.lex.latitude))
	longitude, otherLongitudes := p.best(score(&p.lex.longitude))
	if latitude == nil || longitude == nil {
		return
	}
	for _, c := range slices.Concat(otherLatitudes, otherLongitudes, []*column{latitude, longitude}) {
		c.take("a place")
	}
	switch {
	case latitude.words.has(p.lex.atMerchant...):
		s.note("%s and %s are where the merchant is.", latitude.called(), longitude.called())
	case latitude.words.has(p.lex.atHome...):
		s.note("%s and %s are where somebody lives: they are not the merchant's place.", latitude.called(), longitude.called())
		return
	default:
		s.doubt("are %s and %s where the merchant is, or where the customer lives? If they are the customer's: leave location out", latitude.called(), longitude.called())
	}
	latitude.take("merchant.location")
	longitude.take("merchant.location")
	s.line("  location:")
	s.line("    latitude: %s", scalar(latitude.name))
	s.line("    longitude: %s", scalar(longitude.name))
	if latitude.number.decimal == ',' {
		s.line(`    decimal: ","`)
	}
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		thing = stem + "ie"
	}
	return cmp.Or(commas(n), "0") + " " + thing + "s"
}

// commas writes a number with commas between thousands.
func commas(n int) string {
	digits := []byte{}
	for i := 0; n > 0; i++ {
		if i > 0 && i%3 == 0 {
			digits = append(digits, ',')
		}
		digits = append(digits, byte('0'+n%10))
		n /= 10
	}
	slices.Reverse(digits)
	return string(digits)
}

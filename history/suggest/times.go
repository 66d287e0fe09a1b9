package suggest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// time chooses the column, or the columns, of the event time.
func (p *proposer) time() {
	s := p.section("timestamp")
	best, others := p.best(p.timeScore)
	if best == nil {
		best, _ = p.best(func(c *column) int {
			if c.time == nil || c.time.clock || c.number != nil && !c.time.typed || c.words.has("birth", "dob", "expir", "geburt") {
				return 0
			}
			return 1
		})
		if best != nil {
			s.doubt("the name of %s sounds like another time than that of the payment", best.called())
		}
	}
	if best == nil {
		p.timeOfParts(s)
		return
	}
	p.timeColumn = best.take("timestamp")
	form := best.time
	s.note("%s has times such as %s: %s.", best.called(), example(best.values), cmp.Or(form.why, "in the format below"))
	if clock := p.clockFor(form); clock != nil {
		clock.take("timestamp")
		s.note("%s has the time of day.", clock.called())
		s.line("timestamp:")
		s.line("  columns: %s", flow([]string{best.name, clock.name}))
		s.line("  format: %s", quoted(dateFormat(form)+" "+clock.time.format))
	} else {
		p.oneColumn(s, best)
	}
	if form.unsure != "" {
		s.doubt("%s", form.unsure)
	}
	if !form.zoned {
		s.doubt("the times have no zone. UTC, or a zone such as Europe/Berlin or America/New_York?")
		s.line("  zone: UTC")
	}
	if len(others) > 0 {
		s.note("Times as well: %s.", namesOf(others))
		for _, o := range others {
			o.take("another time")
		}
	}
	p.checkOrder(s, best)
}

func (p *proposer) oneColumn(s *section, c *column) {
	if c.time.format == "" && c.time.zoned {
		s.line("timestamp: %s", scalar(c.name))
		return
	}
	s.line("timestamp:")
	s.line("  column: %s", scalar(c.name))
	if c.time.format != "" {
		s.line("  format: %s", quotedFormat(c.time.format))
	}
	if c.time.dateOnly {
		s.doubt("dates only: payments of one day have no order among them but that of the rows")
	}
}

// dateFormat is the pattern of dates, also where the file needs none.
func dateFormat(f *timeForm) string {
	if f.typed {
		return "%Y-%m-%d"
	}
	return f.format
}

func quotedFormat(format string) string {
	if strings.Contains(format, "%") {
		return quoted(format)
	}
	return format
}

func namesOf(columns []*column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.called())
	}
	return strings.Join(names, ", ")
}

// timeScore says how well a column suits as the event time.
func (p *proposer) timeScore(c *column) int {
	if c.time == nil || c.time.clock {
		return 0
	}
	score := p.lex.time.score(c.words)
	if score < 0 {
		return 0
	}
	numeric := c.time.read != nil && !c.time.typed && c.number != nil
	if numeric && score == 0 && !p.rises(c) {
		return 0 // any long number may look like seconds
	}
	score += 2
	if c.time.zoned {
		score++
	}
	if c.time.dateOnly {
		score -= 2
	}
	if !c.complete() {
		score--
	}
	return max(score, 1)
}

// rises reports whether a column's times go on and never back.
func (p *proposer) rises(c *column) bool {
	all, _ := times(c.values, c.time.read)
	steps := 0
	for i := 1; i < len(all); i++ {
		switch {
		case all[i] < all[i-1]:
			return false
		case all[i] > all[i-1]:
			steps++
		}
	}
	return steps*4 > len(all)
}

// clockFor returns a column of times of day to go with one of dates.
func (p *proposer) clockFor(form *timeForm) *column {
	if !form.dateOnly {
		return nil
	}
	clock, _ := p.best(func(c *column) int {
		if c.time == nil || !c.time.clock {
			return 0
		}
		score := p.lex.time.score(c.words)
		if c.number != nil && score <= 0 {
			return 0 // four digits may be anything
		}
		return max(1+score, 0)
	})
	return clock
}

// timeOfParts puts the time together from columns of its parts, or counts from a time that only a person knows.
func (p *proposer) timeOfParts(s *section) {
	var columns []*column
	var format []string
	for _, part := range []struct {
		words     []string
		directive string
		low, high int
	}{
		{list("year jahr"), "%Y", 1985, 2099}, {list("month monat"), "%m", 1, 12}, {list("day tag"), "%d", 1, 31}, {list("hour stunde"), "%H", 0, 23},
	} {
		c, _ := p.best(func(c *column) int {
			if len(c.words.words) == 0 || !slices.Contains(part.words, c.words.words[len(c.words.words)-1]) || !within(c, part.low, part.high) {
				return 0
			}
			return 1
		})
		if c != nil {
			columns, format = append(columns, c), append(format, part.directive)
		}
	}
	if len(columns) >= 3 && strings.Join(format[:3], " ") == "%Y %m %d" {
		for _, c := range columns {
			c.take("timestamp")
		}
		if clock := p.clockFor(&timeForm{dateOnly: true}); clock != nil {
			columns, format = append(columns[:3], clock), append(format[:3], clock.time.format)
		}
		var names []string
		for _, c := range columns {
			names = append(names, c.take("timestamp").name)
		}
		s.note("The time is in several columns.")
		s.doubt("the times have no zone. UTC, or a zone such as Europe/Berlin or America/New_York?")
		s.line("timestamp:")
		s.line("  columns: %s", flow(names))
		s.line("  format: %s", quoted(strings.Join(format, " ")))
		s.line("  zone: UTC")
		return
	}
	p.timeCounted(s)
}

// within reports whether all values are whole numbers of a range.
func within(c *column, low, high int) bool {
	for v := range c.distinct {
		if n, err := strconv.Atoi(v); err != nil || n < low || n > high {
			return false
		}
	}
	return true
}

// timeCounted is for data that counts from its own beginning.
func (p *proposer) timeCounted(s *section) {
	units := []struct {
		unit  string
		words []string
	}{
		{"days", list("day days tag tage")}, {"hours", list("hour hours step stunde")}, {"minutes", list("minute minutes min")},
		{"seconds", list("second seconds sec secs time dt elapsed offset")},
	}
	unit := ""
	best, _ := p.best(func(c *column) int {
		if c.number == nil || c.number.negative > 0 || !c.complete() {
			return 0
		}
		score := 0
		for i, u := range units {
			if c.words.has(u.words...) {
				score = i + 1
			}
		}
		return score
	})
	if best == nil {
		s.doubt("no column looks like times: name the column, and its format")
		s.line("timestamp: COLUMN")
		return
	}
	for _, u := range units {
		if best.words.has(u.words...) {
			unit = u.unit
		}
	}
	best.take("timestamp")
	s.note("%s has numbers such as %s, which may count from the beginning of the data.", best.called(), strings.Join(examples(best.values, 2), " and "))
	s.doubt("%s? And since when?", unit)
	s.line("timestamp: {column: %s, format: %s, since: 2020-01-01T00:00:00Z}", scalar(best.name), unit)
}

// checkOrder looks whether rows are in the order in which payments happened.
func (p *proposer) checkOrder(s *section, c *column) {
	if c.time.read == nil {
		return
	}
	up, down := 0, 0
	var before payment.Time
	for i, v := range c.values {
		t, ok := c.time.read.Parse(v)
		if !ok {
			continue
		}
		switch {
		case i == 0:
		case t > before:
			up++
		case t < before:
			down++
		}
		before = t
	}
	switch {
	case down == 0:
	case up == 0 || down > 20*up:
		s.doubt("the newest row comes first, but rows must be in the order of time: turn the file around, for example with { %s; }", p.reversal())
	default:
		s.note("In %d of %d rows the time is earlier than in the row before: see to it that the rows of each account are in order.", down, len(c.values))
	}
}

// reversal is a command that turns a file around.
func (p *proposer) reversal() string {
	name := "FILE"
	if p.sample.Format != history.CSV || p.sample.Headless {
		return "tac " + name
	}
	header := p.sample.SkipLines + 1
	return fmt.Sprintf("head -n %d %s; tail -n +%d %s | tac", header, name, header+1, name)
}

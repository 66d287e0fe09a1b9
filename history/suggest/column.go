package suggest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/history"
)

// column is a column of the sample, and what its values look like.
type column struct {
	index  int
	name   string
	typ    history.ColumnType
	words  name
	usable bool   // a mapping can name it
	entity bool   // it says who or what, even if its values are numbers
	role   string // the field it was given to, "" for none yet

	rows     int
	values   []string       // of the rows that have one, in their order
	distinct map[string]int // how often each value comes
	absent   []string       // texts that stand for no value

	time   *timeForm   // nil for a column that has no times, as are the two below
	number *numberForm // see number.go
}

// profile looks at all columns of a sample.
func profile(s *history.Sample) []*column {
	count := make(map[string]int)
	for _, c := range s.Columns {
		count[c.Name]++
	}
	columns := make([]*column, len(s.Columns))
	for i, c := range s.Columns {
		p := &column{index: i, name: c.Name, typ: c.Type, words: nameOf(c.Name), rows: len(s.Rows)}
		p.usable = c.Name != "" && count[c.Name] == 1 && c.Type != history.Unreadable
		p.distinct = make(map[string]int)
		for _, row := range s.Rows {
			p.add(row[i])
		}
		slices.Sort(p.absent)
		if p.usable {
			p.number = numberFormOf(p.some())
			p.time = timeFormOf(p)
		}
		columns[i] = p
	}
	return columns
}

func (c *column) add(value string) {
	switch {
	case value == "":
	case isAbsent(value):
		if !slices.Contains(c.absent, value) {
			c.absent = append(c.absent, value)
		}
	default:
		c.values = append(c.values, value)
		c.distinct[value]++
	}
}

// isAbsent reports whether a text stands for no value in most data.
func isAbsent(text string) bool {
	switch strings.ToLower(text) {
	case "n/a", "na", "null", "none", "nan", "nil", "-", "--", "?", `\n`, "#n/a", "<na>", "(null)", "undefined", "nat":
		return true
	}
	return false
}

// some returns some thousand values from all over the sample.
func (c *column) some() []string {
	const most = 5000
	if len(c.values) <= most {
		return c.values
	}
	some := make([]string, 0, most)
	for i := range most {
		some = append(some, c.values[i*len(c.values)/most])
	}
	return some
}

// free reports whether the column can still be given to a field.
func (c *column) free() bool { return c.usable && c.role == "" && len(c.values) > 0 }

// called is the column's name in comments.
func (c *column) called() string { return quoted(shortened(c.name)) }

// take gives the column to a field.
func (c *column) take(role string) *column {
	c.role = role
	return c
}

// complete reports whether every row has a value.
func (c *column) complete() bool { return len(c.values) == c.rows }

// unique reports whether every row has a value of its own.
func (c *column) unique() bool { return c.complete() && len(c.distinct) == c.rows }

// frequent returns the distinct values, the most frequent first.
func (c *column) frequent() []string {
	values := make([]string, 0, len(c.distinct))
	for v := range c.distinct {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b string) int {
		if d := c.distinct[b] - c.distinct[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return values
}

// counts reports whether the values are the numbers of the rows, from wherever they begin.
func (c *column) counts() bool {
	if len(c.values) < 3 || !c.complete() {
		return false
	}
	first, err := strconv.ParseInt(c.values[0], 10, 64)
	if err != nil || first < 0 {
		return false
	}
	for i, v := range c.values {
		if n, err := strconv.ParseInt(v, 10, 64); err != nil || n != first+int64(i) {
			return false
		}
	}
	return true
}

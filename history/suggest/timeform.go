package suggest

import (
	"fmt"
	"strings"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// timeForm is how a column writes times.
type timeForm struct {
	format   string // as a mapping calls it, "" where it needs no name
	typed    bool   // the file itself says that these are times
	zoned    bool   // the values say where on earth they are, or count from an instant
	dateOnly bool
	clock    bool // a time of day only, which is half of a time
	why      string
	unsure   string // what the values do not tell
	read     *history.TimeFormat
}

// timeFormOf returns the form of the column's times, nil if it has none.
func timeFormOf(c *column) *timeForm {
	switch c.typ {
	case history.Instant:
		return &timeForm{typed: true, zoned: true, why: "the file says that these are points in time", read: timeFormat("rfc3339")}
	case history.LocalTime:
		return &timeForm{typed: true, why: "the file says that these are dates and times of day", read: timeFormat("%Y-%m-%dT%H:%M:%S.%f")}
	case history.Date:
		return &timeForm{typed: true, dateOnly: true, why: "the file says that these are dates", read: timeFormat("%Y-%m-%d")}
	case history.TimeOfDay:
		return &timeForm{typed: true, clock: true, format: "%H:%M:%S.%f"}
	case history.Boolean:
		return nil
	}
	values := c.some()
	if len(values) == 0 {
		return nil
	}
	if f := numericTime(values); f != nil {
		return f
	}
	f := writtenTime(values)
	if f != nil && f.clock && c.number != nil && strings.Contains(f.format, ".") {
		return nil // 12.30 is an amount as well
	}
	return f
}

// timeFormat returns a format that is known to be right.
func timeFormat(format string) *history.TimeFormat {
	f, err := history.ParseTimeFormat(format)
	if err != nil {
		panic(err)
	}
	return f
}

// times returns what a column's values are in a format, and how many are not.
func times(values []string, f *history.TimeFormat) (all []payment.Time, bad int) {
	for _, v := range values {
		t, ok := f.Parse(v)
		if !ok {
			bad++
			continue
		}
		all = append(all, t)
	}
	return all, bad
}

// fits reports whether nearly all of the values are times of the format, and not so long ago.
func fits(values []string, f *history.TimeFormat) bool {
	const early, late payment.Time = 473385600_000, 4102444800_000 // 1985 … 2099
	all, bad := times(values, f)
	for _, t := range all {
		if t < early || t >= late {
			bad++
		}
	}
	return bad*50 <= len(values)
}

// numericTime is for digits without anything between them: they count from the Unix epoch, or are a date run together.
func numericTime(values []string) *timeForm {
	first, _, _ := strings.Cut(values[0], ".")
	if len(first) < 8 || strings.Trim(first, "0123456789") != "" {
		return nil
	}
	formats := map[int][]string{
		8: {"%Y%m%d"}, 9: {"unix"}, 10: {"unix"}, 12: {"%Y%m%d%H%M", "unix_ms"}, 13: {"unix_ms"},
		14: {"%Y%m%d%H%M%S"}, 15: {"unix_us"}, 16: {"unix_us"}, 18: {"unix_ns"}, 19: {"unix_ns"},
	}
	names := map[string]string{
		"unix": "seconds since 1970", "unix_ms": "milliseconds since 1970", "unix_us": "microseconds since 1970", "unix_ns": "nanoseconds since 1970",
	}
	for _, format := range formats[len(first)] {
		f := timeFormat(format)
		if !fits(values, f) {
			continue
		}
		if what, counts := names[format]; counts {
			return &timeForm{format: format, zoned: true, why: what, read: f}
		}
		return &timeForm{format: format, dateOnly: format == "%Y%m%d", why: "digits run together", read: f}
	}
	return nil
}

// writtenTime is for texts with something between the digits.
func writtenTime(values []string) *timeForm {
	longest := ""
	for _, v := range values {
		if len(v) > len(longest) {
			longest = v
		}
	}
	const most = 48
	if len(longest) > most {
		return nil
	}
	if f := timeFormat("rfc3339"); fits(values, f) {
		return &timeForm{zoned: true, why: "RFC 3339, with a zone", read: f}
	}
	var fitting []*timeForm
	for _, p := range patternsOf(longest) {
		form := &timeForm{format: p.format, zoned: p.zoned, dateOnly: p.dateOnly, why: p.order, clock: p.clock}
		if p.clock {
			if clockFits(values, p.format) {
				return form
			}
			continue
		}
		f, err := history.ParseTimeFormat(p.format)
		if err == nil && fits(values, f) {
			form.read = f
			fitting = append(fitting, form)
			if strings.HasPrefix(p.format, "%d.%m.") {
				break // who writes dots writes the day first
			}
		}
	}
	switch len(fitting) {
	case 0:
		return nil
	case 1:
		return fitting[0]
	}
	return likelier(values, fitting[0], fitting[1])
}

// clockFits reports whether nearly all values are times of day.
func clockFits(values []string, pattern string) bool {
	f, err := history.ParseTimeFormat("%Y-%m-%d " + pattern)
	if err != nil {
		return false
	}
	bad := 0
	for _, v := range values {
		if _, ok := f.Parse("2000-01-01 " + v); !ok {
			bad++
		}
	}
	return bad*50 <= len(values)
}

// likelier chooses between two readings that all values allow, such as day first and month first. Files are in the
// order of their time, or reversed, and cover no more time than they need to.
func likelier(values []string, a, b *timeForm) *timeForm {
	breaksA, spanA := disorder(values, a.read)
	breaksB, spanB := disorder(values, b.read)
	chosen, other, why := a, b, ""
	switch {
	case breaksA != breaksB:
		if breaksB < breaksA {
			chosen, other = b, a
		}
		why = "so read, the rows are in the order of time"
	case spanA != spanB:
		if spanB < spanA {
			chosen, other = b, a
		}
		why = "so read, the rows lie closer together"
	default:
		why = "both would do"
	}
	chosen.unsure = fmt.Sprintf("%s or %s? No value decides. Read as %s: %s. Else: format: %q", chosen.why, other.why, chosen.why, why, other.format)
	return chosen
}

// disorder counts how often the direction of time breaks, and returns the time that the values span.
func disorder(values []string, f *history.TimeFormat) (breaks int, span payment.Time) {
	all, _ := times(values, f)
	if len(all) == 0 {
		return 0, 0
	}
	up, down := 0, 0
	first, last := all[0], all[0]
	for i, t := range all[1:] {
		switch before := all[i]; {
		case t > before:
			up++
		case t < before:
			down++
		}
		first, last = min(first, t), max(last, t)
	}
	return min(up, down), last - first
}

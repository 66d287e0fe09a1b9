package history

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// timeFormat reads the timestamps of a file. Exactly one of its parts is in use.
type timeFormat struct {
	rfc3339 bool
	unit    int64        // of a plain number, in nanoseconds
	since   payment.Time // what a plain number counts from
	ops     []timeOp     // of a pattern
	pattern string
	zoned   bool // the pattern says its own offset from UTC

	needsSince bool
	zone       localZone
}

// TimeFormat reads times that are written in one way. It takes local times for UTC.
type TimeFormat struct{ f timeFormat }

// ParseTimeFormat returns the format that a mapping calls by the given name or pattern. Those that count from a time of
// the data's own are no formats here.
func ParseTimeFormat(format string) (*TimeFormat, error) {
	f, err := parseTimeFormat(format)
	if err == nil && f.needsSince {
		err = fmt.Errorf("%q says nothing without the time it counts from", format)
	}
	return &TimeFormat{f}, err
}

// Parse reads a time. It reports false if the text is not of the format.
func (f *TimeFormat) Parse(text string) (payment.Time, bool) {
	t, bad := f.f.parse(text)
	return t, bad.none()
}

// numberUnits are the formats of timestamps that are plain numbers. Those that need a since count from a day of the
// data's own, the others from the Unix epoch.
var numberUnits = []struct {
	name  string
	unit  time.Duration
	since bool
}{
	{"unix", time.Second, false},
	{"unix_ms", time.Millisecond, false},
	{"unix_us", time.Microsecond, false},
	{"unix_ns", time.Nanosecond, false},
	{"seconds", time.Second, true},
	{"minutes", time.Minute, true},
	{"hours", time.Hour, true},
	{"days", 24 * time.Hour, true},
}

// timeOp is one step through a text: a literal byte, or a directive, named by its letter. The fraction, %f, has its
// decimal mark as the literal: Python leaves out both where the fraction is zero, so both may be missing.
type timeOp struct {
	directive byte // 0 for a literal
	literal   byte
}

// parseTimeFormat reads the name of a format, or a pattern; "" is RFC 3339.
func parseTimeFormat(format string) (timeFormat, error) {
	if format == "" || format == "rfc3339" {
		return timeFormat{rfc3339: true}, nil
	}
	var names []string
	for _, n := range numberUnits {
		if n.name == format {
			return timeFormat{unit: int64(n.unit), needsSince: n.since}, nil
		}
		names = append(names, n.name)
	}
	if !strings.Contains(format, "%") {
		return timeFormat{}, fmt.Errorf("%q is not known: write rfc3339, %s, or a pattern such as \"%%Y-%%m-%%d %%H:%%M:%%S\"",
			format, strings.Join(names, ", "))
	}
	ops, err := compilePattern(format)
	if err != nil {
		return timeFormat{}, err
	}
	zoned := slices.ContainsFunc(ops, func(op timeOp) bool { return op.directive == 'z' })
	return timeFormat{ops: ops, pattern: format, zoned: zoned}, nil
}

// compilePattern translates a strftime pattern.
func compilePattern(pattern string) (ops []timeOp, err error) {
	expanded := strings.NewReplacer("%%", "%%", "%F", "%Y-%m-%d", "%T", "%H:%M:%S", "%R", "%H:%M").Replace(pattern)
	var seen [256]bool
	for i := 0; i < len(expanded); i++ {
		c := expanded[i]
		if c != '%' {
			ops = append(ops, timeOp{literal: c})
			continue
		}
		if i++; i == len(expanded) {
			return nil, fmt.Errorf("%q ends with a lone %%", pattern)
		}
		switch c = expanded[i]; {
		case c == '%':
			ops = append(ops, timeOp{literal: '%'})
			continue
		case strings.IndexByte("YymdbBaAHIMSfpz", c) < 0:
			return nil, fmt.Errorf("%q has the directive %%%c; those known are %%Y %%y %%m %%b %%B %%d %%a %%A %%H %%I %%p %%M %%S %%f %%z %%F %%T %%R %%%%", pattern, c)
		case seen[c]:
			return nil, fmt.Errorf("%q has %%%c twice", pattern, c)
		}
		seen[c] = true
		op := timeOp{directive: c}
		if c == 'f' {
			last := len(ops) - 1
			if last < 0 || ops[last].directive != 0 || ops[last].literal != '.' && ops[last].literal != ',' {
				return nil, fmt.Errorf("%q has %%f without a . or , before it", pattern)
			}
			op.literal, ops = ops[last].literal, ops[:last]
		}
		ops = append(ops, op)
	}
	return ops, checkDirectives(pattern, seen)
}

// checkDirectives refuses patterns that do not make up one instant.
func checkDirectives(pattern string, seen [256]bool) error {
	both := func(a, b byte) error { return fmt.Errorf("%q has both %%%c and %%%c: keep one", pattern, a, b) }
	lacks := func(what string) error { return fmt.Errorf("%q has no %s", pattern, what) }
	switch {
	case seen['Y'] && seen['y']:
		return both('Y', 'y')
	case seen['m'] && seen['b']:
		return both('m', 'b')
	case seen['m'] && seen['B']:
		return both('m', 'B')
	case seen['b'] && seen['B']:
		return both('b', 'B')
	case seen['H'] && seen['I']:
		return both('H', 'I')
	case !seen['Y'] && !seen['y']:
		return lacks("year: %Y or %y")
	case !seen['m'] && !seen['b'] && !seen['B']:
		return lacks("month: %m, %b or %B")
	case !seen['d']:
		return lacks("day: %d")
	case seen['I'] != seen['p']:
		return fmt.Errorf("%q must have %%I and %%p together, or %%H in place of both", pattern)
	case seen['M'] && !seen['H'] && !seen['I']:
		return lacks("hour: %H")
	case seen['S'] && !seen['M']:
		return lacks("minute: %M")
	case seen['f'] && !seen['S']:
		return lacks("second: %S")
	}
	return nil
}

// parse reads one timestamp.
func (f *timeFormat) parse(s string) (payment.Time, flaw) {
	switch {
	case f.rfc3339:
		t, err := payment.ParseTime(s)
		return t, flawOf(err)
	case f.unit != 0:
		return f.number(s)
	}
	var c clock
	if bad := f.scan(s, &c); !bad.none() {
		return 0, bad
	}
	local := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0, time.UTC).Unix()
	utc := local - int64(c.offset)
	if !f.zoned {
		var ok bool
		if utc, ok = f.zone.utc(local); !ok {
			return 0, flawed(payment.KindValue, "%q does not exist in %s, where the clocks were set forward over it: is it the right zone?", s, f.zone.name)
		}
	}
	return inRange(s, utc*1000+int64(c.milli))
}

// inRange refuses times that no transaction may have.
func inRange(s string, millis int64) (payment.Time, flaw) {
	t := payment.Time(millis)
	if t < payment.MinTime || t >= payment.MaxTime {
		return 0, flawed(payment.KindRange, "%s is outside 1970 … 2199: is the timestamp's format right?", quote(s))
	}
	return t, flaw{}
}

// number reads a timestamp that is a plain decimal number.
func (f *timeFormat) number(s string) (payment.Time, flaw) {
	i, neg := 0, strings.HasPrefix(s, "-")
	if neg {
		i++
	}
	whole, i, ok := digits(s, i, 1, 19)
	if whole < 0 { // more than 64 bits hold
		return inRange(s, int64(payment.MaxTime))
	}
	var nanos int // the fraction, in 1e-9 units
	if ok && i < len(s) && s[i] == '.' {
		start, scale := i+1, int(1e8)
		for i++; i < len(s) && isDigit(s[i]); i++ {
			nanos += int(s[i]-'0') * scale
			scale /= 10
		}
		ok = i > start
	}
	if !ok || i < len(s) {
		return 0, flawed(payment.KindFormat, "%s is not a plain number%s", quote(s), missingHint(s))
	}
	var millis int64
	if perMilli := int64(time.Millisecond) / f.unit; perMilli > 0 {
		millis = int64(whole) / perMilli
	} else {
		perUnit := f.unit / int64(time.Millisecond)
		if int64(whole) > int64(payment.MaxTime)/perUnit {
			return inRange(s, int64(payment.MaxTime))
		}
		millis = int64(whole)*perUnit + int64(nanos)*perUnit/1e9
	}
	if neg {
		millis = -millis
	}
	return inRange(s, int64(f.since)+millis)
}

// clock is a date and a time of day as they were written.
type clock struct {
	year, month, day            int
	hour, minute, second, milli int
	offset                      int // seconds east of UTC
}

// scan reads s along the pattern.
func (f *timeFormat) scan(s string, c *clock) flaw {
	i, afternoon := 0, false
	c.year, c.month, c.day = 1970, 1, 1
	for _, op := range f.ops {
		if op.directive == 0 {
			if i >= len(s) || s[i] != op.literal {
				return f.unfit(s)
			}
			i++
			continue
		}
		var ok bool
		switch op.directive {
		case 'Y':
			c.year, i, ok = digits(s, i, 4, 4)
		case 'y':
			if c.year, i, ok = digits(s, i, 2, 2); c.year < 69 {
				c.year += 100
			}
			c.year += 1900
		case 'm':
			c.month, i, ok = digits(s, i, 1, 2)
		case 'b':
			c.month, i, ok = monthName(s, i)
		case 'B':
			c.month, i, ok = fullMonthName(s, i)
		case 'a', 'A':
			i, ok = word(s, i)
		case 'd':
			c.day, i, ok = digits(s, i, 1, 2)
		case 'H', 'I':
			c.hour, i, ok = digits(s, i, 1, 2)
			if op.directive == 'I' {
				ok = ok && c.hour >= 1 && c.hour <= 12
				c.hour %= 12
			}
		case 'M':
			c.minute, i, ok = digits(s, i, 1, 2)
		case 'S':
			c.second, i, ok = digits(s, i, 1, 2)
		case 'f':
			if ok = i == len(s) || s[i] != op.literal; !ok {
				c.milli, i, ok = fraction(s, i+1)
			}
		case 'p':
			afternoon, i, ok = half(s, i)
		case 'z':
			c.offset, i, ok = offset(s, i)
		}
		if !ok {
			return f.unfit(s)
		}
	}
	if i != len(s) {
		return f.unfit(s)
	}
	if afternoon {
		c.hour += 12
	}
	return c.check(s)
}

func (f *timeFormat) unfit(s string) flaw {
	return flawed(payment.KindFormat, "%s does not fit the format %s%s", quote(s), f.pattern, missingHint(s))
}

// check refuses what is no date or no time of day.
func (c *clock) check(s string) flaw {
	if c.month < 1 || c.month > 12 || c.day < 1 || c.day > daysIn(c.year, c.month) {
		return flawed(payment.KindRange, "%s is no date of the calendar", quote(s))
	}
	if c.hour > 23 || c.minute > 59 || c.second > 59 {
		return flawed(payment.KindRange, "%s is no time of day", quote(s))
	}
	return flaw{}
}

func daysIn(year, month int) int {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (month+month>>3)&1
}

// digits reads a number of least to most digits at s[i].
func digits(s string, i, least, most int) (n, next int, ok bool) {
	start := i
	for ; i < len(s) && i-start < most && isDigit(s[i]); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n, i, i-start >= least
}

// fraction reads the one to nine digits of a fraction of a second, in milliseconds.
func fraction(s string, i int) (milli, next int, ok bool) {
	start, unit := i, 100
	for ; i < len(s) && isDigit(s[i]); i++ {
		milli += int(s[i]-'0') * unit
		unit /= 10
	}
	return milli, i, i > start && i <= start+9
}

func monthName(s string, i int) (month, next int, ok bool) {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(s)-i < 3 {
		return 0, i, false
	}
	name := [3]byte{s[i] | 0x20, s[i+1] | 0x20, s[i+2] | 0x20}
	for m := range 12 {
		if names[3*m:3*m+3] == string(name[:]) {
			return m + 1, i + 3, true
		}
	}
	return 0, i, false
}

func fullMonthName(s string, i int) (month, next int, ok bool) {
	end, _ := word(s, i)
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(s[i:end], m.String()) {
			return int(m), end, true
		}
	}
	return 0, i, false
}

// word reads letters, such as the name of a day, which the date says already.
func word(s string, i int) (next int, ok bool) {
	start := i
	for i < len(s) && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' {
		i++
	}
	return i, i > start
}

func half(s string, i int) (afternoon bool, next int, ok bool) {
	if len(s)-i < 2 || s[i+1]|0x20 != 'm' {
		return false, i, false
	}
	return s[i]|0x20 == 'p', i + 2, s[i]|0x20 == 'p' || s[i]|0x20 == 'a'
}

// offset reads Z, +0200, +02:00 or +02, in seconds east of UTC.
func offset(s string, i int) (seconds, next int, ok bool) {
	if i < len(s) && s[i]|0x20 == 'z' {
		return 0, i + 1, true
	}
	if i >= len(s) || s[i] != '+' && s[i] != '-' {
		return 0, i, false
	}
	neg := s[i] == '-'
	hours, i, ok := digits(s, i+1, 2, 2)
	if !ok {
		return 0, i, false
	}
	minutes := 0
	if i < len(s) && (s[i] == ':' || isDigit(s[i])) {
		if s[i] == ':' {
			i++
		}
		minutes, i, ok = digits(s, i, 2, 2)
	}
	seconds = hours*3600 + minutes*60
	if neg {
		seconds = -seconds
	}
	return seconds, i, ok && hours <= 23 && minutes <= 59
}

// quote returns s in quotation marks, cut to a length that a log line bears.
func quote(s string) string {
	const most = 40
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:most]) + "…"
}

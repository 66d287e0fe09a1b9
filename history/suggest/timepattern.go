package suggest

import (
	"slices"
	"strings"
)

// pattern is a way to read a text as a time.
type pattern struct {
	format   string
	order    string // of day and month, in words
	zoned    bool
	dateOnly bool
	clock    bool
}

// run is a piece of a text: digits, letters, or what is neither.
type run struct {
	text string
	kind byte // '0', 'a' or '-'
}

func runsOf(text string) (runs []run) {
	kindOf := func(c byte) byte {
		switch {
		case c >= '0' && c <= '9':
			return '0'
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			return 'a'
		}
		return '-'
	}
	for i := 0; i < len(text); {
		kind, start := kindOf(text[i]), i
		for i < len(text) && kindOf(text[i]) == kind {
			i++
		}
		runs = append(runs, run{text[start:i], kind})
	}
	return runs
}

// shape writes the kinds of the first n runs, as "0-0-0".
func shape(runs []run, n int) string {
	var b []byte
	for _, r := range runs[:min(n, len(runs))] {
		b = append(b, r.kind)
	}
	return string(b)
}

// patternsOf returns the patterns that a text may be of. Which of them fit, other texts decide.
func patternsOf(text string) (patterns []pattern) {
	runs := runsOf(text)
	if clock, rest := clockOf(runs); clock != "" && len(rest) == 0 {
		return []pattern{{format: clock, clock: true}}
	}
	prefix := ""
	if len(runs) > 2 && runs[0].kind == 'a' && isDay(runs[0].text) && runs[1].kind == '-' {
		prefix = "%a" + literal(runs[1].text)
		runs = runs[2:]
	}
	dates, rest := datesOf(runs)
	for _, date := range dates {
		p := pattern{format: prefix + date.format, order: date.order}
		if len(rest) == 0 {
			p.dateOnly = true
			patterns = append(patterns, p)
			continue
		}
		if len(rest) == 1 && rest[0].text == "Z" { // 2024-03-03Z
			p.format, p.zoned, p.dateOnly = p.format+"%z", true, true
			patterns = append(patterns, p)
			continue
		}
		joint, after := jointOf(rest)
		clock, after := clockOf(after)
		if clock == "" {
			continue
		}
		zone, zoned, ok := zoneOf(after)
		if !ok {
			continue
		}
		p.format, p.zoned = p.format+joint+clock+zone, zoned
		patterns = append(patterns, p)
	}
	return patterns
}

func isDay(word string) bool {
	return len(word) >= 3 && slices.Contains(list("mon tue wed thu fri sat sun"), strings.ToLower(word[:3]))
}

func isMonth(word string) bool {
	return len(word) >= 3 && slices.Contains(list("jan feb mar apr may jun jul aug sep oct nov dec"), strings.ToLower(word[:3]))
}

// literal is a text that stands for itself in a pattern.
func literal(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// month is the directive of a month's name.
func month(word string) string {
	if len(word) == 3 {
		return "%b"
	}
	return "%B"
}

// datesOf reads the date at the beginning, in all ways that its form allows.
func datesOf(runs []run) (dates []pattern, rest []run) {
	if len(runs) == 0 {
		return nil, nil
	}
	const dayFirst, monthFirst, yearFirst = "day first", "month first", "year first"
	if r := runs[0]; r.kind == '0' && len(r.text) == 8 {
		return []pattern{{format: "%Y%m%d", order: yearFirst}}, runs[1:]
	}
	if len(runs) >= 3 && shape(runs, 3) == "0a0" && isMonth(runs[1].text) { // 03Mar2024
		return []pattern{{format: "%d" + month(runs[1].text) + year(runs[2].text), order: dayFirst}}, runs[3:]
	}
	if len(runs) < 5 {
		return nil, nil
	}
	a, sep1, b, sep2, c := runs[0].text, literal(runs[1].text), runs[2].text, literal(runs[3].text), runs[4].text
	switch rest = runs[5:]; shape(runs, 5) {
	case "0-0-0":
		switch {
		case len(a) == 4:
			return []pattern{{format: "%Y" + sep1 + "%m" + sep2 + "%d", order: yearFirst}}, rest
		case len(c) == 4 || len(c) == 2:
			dates = []pattern{
				{format: "%d" + sep1 + "%m" + sep2 + year(c), order: dayFirst},
				{format: "%m" + sep1 + "%d" + sep2 + year(c), order: monthFirst},
			}
			if sep1 == "/" { // of both readings of a slash, America's is the more frequent
				dates[0], dates[1] = dates[1], dates[0]
			}
			if len(c) == 2 && len(a) == 2 && sep1 == "-" {
				dates = append(dates, pattern{format: "%y-%m-%d", order: yearFirst})
			}
			return dates, rest
		}
	case "0-a-0":
		if isMonth(b) {
			return []pattern{{format: "%d" + sep1 + month(b) + sep2 + year(c), order: dayFirst}}, rest
		}
	case "a-0-0":
		if isMonth(a) {
			return []pattern{{format: month(a) + sep1 + "%d" + sep2 + year(c), order: monthFirst}}, rest
		}
	}
	return nil, nil
}

func year(digits string) string {
	if len(digits) == 2 {
		return "%y"
	}
	return "%Y"
}

// jointOf takes what stands between date and time of day.
func jointOf(runs []run) (joint string, rest []run) {
	for len(runs) > 0 && runs[0].kind != '0' {
		joint += literal(runs[0].text)
		runs = runs[1:]
	}
	return joint, runs
}

// clockOf reads the time of day at the beginning, "" if there is none.
func clockOf(runs []run) (clock string, rest []run) {
	if len(runs) == 0 || runs[0].kind != '0' {
		return "", runs
	}
	hour := "%H"
	switch n := len(runs[0].text); {
	case n == 6:
		return "%H%M%S", runs[1:]
	case n == 4 && (len(runs) == 1 || runs[1].kind == '-'):
		return "%H%M", runs[1:]
	case n > 2 || len(runs) < 3 || len(runs[2].text) != 2 || runs[2].kind != '0':
		return "", runs
	}
	sep := literal(runs[1].text)
	if sep != ":" && sep != "." && sep != "h" {
		return "", runs
	}
	after := sep + "%M"
	rest = runs[3:]
	if len(rest) >= 2 && rest[0].text == runs[1].text && rest[1].kind == '0' && len(rest[1].text) == 2 {
		after += sep + "%S"
		rest = rest[2:]
		if len(rest) >= 2 && (rest[0].text == "." || rest[0].text == ",") && rest[1].kind == '0' {
			after += rest[0].text + "%f"
			rest = rest[2:]
		}
	}
	blank := ""
	half := rest
	if len(half) > 1 && half[0].text == " " {
		blank, half = " ", half[1:]
	}
	if len(half) > 0 && (strings.EqualFold(half[0].text, "am") || strings.EqualFold(half[0].text, "pm")) {
		hour, after, rest = "%I", after+blank+"%p", half[1:]
	}
	return hour + after, rest
}

// zoneOf reads what follows the time of day.
func zoneOf(runs []run) (zone string, zoned, ok bool) {
	var text string
	for _, r := range runs {
		text += r.text
	}
	bare := strings.TrimLeft(text, " ")
	blank := text[:len(text)-len(bare)]
	switch {
	case text == "":
		return "", false, true
	case bare == "Z" || bare == "z" || bare != "" && (bare[0] == '+' || bare[0] == '-') && len(bare) <= len("+02:00"):
		return blank + "%z", true, true
	case bare == "UTC" || bare == "GMT":
		return text, true, true
	}
	return "", false, false
}

package payment

// ParseTime reads an RFC 3339 date and time with a zone: 2023-10-18T14:10:00Z, 2023-10-18T16:10:00.25+02:00. The T and
// the Z may be lower case. A fraction has one to nine digits and is cut to milliseconds. The date must exist, the
// instant must lie in [MinTime, MaxTime), and a leap second (:60) is refused. Errors are of type *[FieldError], for the
// field timestamp.
func ParseTime[T string | []byte](text T) (Time, error) {
	t, ferr := parseTime(string(text))
	if ferr != nil {
		return 0, ferr
	}
	return t, nil
}

// shape is what the first 19 bytes look like; the T may be lower case.
const shape = "2006-01-02T15:04:05"

func parseTime(s string) (Time, *FieldError) {
	if len(s) < len(shape) || s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' || s[13] != ':' || s[16] != ':' {
		return 0, timeForm(s)
	}
	century, ok1 := twoDigits(s, 0)
	year, ok2 := twoDigits(s, 2)
	month, ok3 := twoDigits(s, 5)
	day, ok4 := twoDigits(s, 8)
	hour, ok5 := twoDigits(s, 11)
	minute, ok6 := twoDigits(s, 14)
	second, ok7 := twoDigits(s, 17)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) {
		return 0, timeForm(s)
	}
	year += 100 * century
	switch {
	case month < 1 || month > 12 || day < 1 || day > daysIn(year, month):
		return 0, fault(pathTimestamp, KindRange, "%s is no date of the calendar", s[:len("2006-01-02")])
	case second == 60 && hour < 24 && minute < 60:
		return 0, fault(pathTimestamp, KindRange, "%s is a leap second, which is not supported: send :59", s[:len(shape)])
	case hour > 23 || minute > 59 || second > 59:
		return 0, fault(pathTimestamp, KindRange, "%s is no time of day", s[len("2006-01-02T"):len(shape)])
	}
	millis, i, ok := fraction(s, len(shape))
	if !ok {
		return 0, fault(pathTimestamp, KindFormat, "%s has a fraction that is not of one to nine digits", Quote(s))
	}
	offset, ferr := zone(s, i)
	if ferr != nil {
		return 0, ferr
	}
	seconds := daysTo(year, month, day)*secondsPerDay + hour*3600 + minute*60 + second - offset*60
	t := Time(seconds*millisPerSecond + millis)
	return t, checkTime(t)
}

func timeForm(s string) *FieldError {
	return fault(pathTimestamp, KindFormat, "%s is not RFC 3339, such as 2023-10-18T14:10:00Z", Quote(s))
}

// fraction reads the fraction of a second that may stand at s[i], in milliseconds, and returns the index after it.
func fraction(s string, i int) (millis, next int, ok bool) {
	if at(s, i) != '.' {
		return 0, i, true
	}
	i++
	start := i
	unit := 100
	for isDigit(at(s, i)) {
		millis += int(s[i]-'0') * unit
		unit /= 10
		i++
	}
	return millis, i, i > start && i <= start+9
}

// zone reads the zone that s must end with from s[i] on, in minutes east of UTC.
func zone(s string, i int) (minutes int, ferr *FieldError) {
	rest := s[i:]
	switch {
	case rest == "Z" || rest == "z":
		return 0, nil
	case rest == "":
		return 0, fault(pathTimestamp, KindFormat, "%s has no zone: append Z for UTC, or an offset such as +02:00", Quote(s))
	case len(rest) != len("+02:00") || rest[0] != '+' && rest[0] != '-' || rest[3] != ':':
		return 0, fault(pathTimestamp, KindFormat, "%s must end with Z or an offset such as +02:00", Quote(s))
	}
	hours, ok1 := twoDigits(rest, 1)
	minutes, ok2 := twoDigits(rest, 4)
	if !ok1 || !ok2 {
		return 0, fault(pathTimestamp, KindFormat, "%s must end with Z or an offset such as +02:00", Quote(s))
	}
	if hours > 23 || minutes > 59 {
		return 0, fault(pathTimestamp, KindRange, "%s is no offset from UTC", rest)
	}
	minutes += 60 * hours
	if rest[0] == '-' {
		minutes = -minutes
	}
	return minutes, nil
}

func twoDigits(s string, i int) (n int, ok bool) {
	high, low := s[i]-'0', s[i+1]-'0'
	return int(high)*10 + int(low), high < 10 && low < 10
}

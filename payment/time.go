package payment

import "time"

// Time is an event time: milliseconds since the Unix epoch, UTC. Finer digits of an input are cut off, so that equal
// log bytes always give equal times.
type Time int64

// The range of legal event times: 1970-01-01 up to, not including, 2200-01-01.
const (
	MinTime Time = 0
	MaxTime Time = 7258118400000
)

const (
	millisPerSecond = 1000
	secondsPerDay   = 24 * 60 * 60
	millisPerDay    = secondsPerDay * millisPerSecond
)

// TimeOf returns t, cut to the millisecond.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Add returns t moved by d, which is cut to the millisecond.
func (t Time) Add(d time.Duration) Time { return t + Time(d/time.Millisecond) }

// Sub returns the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Millisecond }

// String returns t as RFC 3339 in UTC, with milliseconds only where there are any.
func (t Time) String() string { return string(t.Append(nil)) }

// Append appends t to dst in the form of [Time.String].
func (t Time) Append(dst []byte) []byte {
	if t < MinTime || t >= MaxTime {
		return t.appendSlow(dst)
	}
	day, inDay := uint64(t)/millisPerDay, uint64(t)%millisPerDay
	year, month, dayOfMonth := civil(day)
	seconds, millis := inDay/millisPerSecond, inDay%millisPerSecond
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), month, 2)
	dst = appendDigits(append(dst, '-'), dayOfMonth, 2)
	dst = appendDigits(append(dst, 'T'), seconds/3600, 2)
	dst = appendDigits(append(dst, ':'), seconds/60%60, 2)
	dst = appendDigits(append(dst, ':'), seconds%60, 2)
	if millis != 0 {
		dst = appendDigits(append(dst, '.'), millis, 3)
	}
	return append(dst, 'Z')
}

// appendSlow serves the times that no transaction may have.
func (t Time) appendSlow(dst []byte) []byte {
	s := t.Std()
	if t%millisPerSecond == 0 {
		return s.AppendFormat(dst, "2006-01-02T15:04:05Z")
	}
	return s.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

func checkTime(t Time) *FieldError {
	if t < MinTime || t >= MaxTime {
		return fault(pathTimestamp, KindRange, "%s is outside %s … %s (exclusive)", t, MinTime, MaxTime)
	}
	return nil
}

// The calendar functions count in years that begin on 1 March, so that the leap day is a year's last. The shift of 400
// years, a whole cycle of the calendar, keeps every intermediate value positive.
const (
	daysPerCycle = 146097 // of 400 years
	epochDay     = 719468 // days from 1 March of year 0 to 1 January 1970
)

// daysTo returns the days from 1 January 1970 to the given date, negative before.
func daysTo(year, month, day int) int {
	shifted, yearsBack := month-3, 0 // March is 0
	if shifted < 0 {
		shifted, yearsBack = shifted+12, 1
	}
	y := year + 400 - yearsBack
	return 365*y + y/4 - y/100 + y/400 + (153*shifted+2)/5 + day - 1 - daysPerCycle - epochDay
}

// civil returns the date that lies days after 1 January 1970.
func civil(days uint64) (year, month, day uint64) {
	days += epochDay
	cycle, inCycle := days/daysPerCycle, days%daysPerCycle
	yearOfCycle := (inCycle - inCycle/1460 + inCycle/36524 - inCycle/(daysPerCycle-1)) / 365
	inYear := inCycle - (365*yearOfCycle + yearOfCycle/4 - yearOfCycle/100)
	shifted := (5*inYear + 2) / 153
	day = inYear - (153*shifted+2)/5 + 1
	year, month = cycle*400+yearOfCycle, shifted+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// daysIn returns how many days the month has.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

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
	s := t.Std()
	if t%1000 == 0 {
		return s.AppendFormat(dst, "2006-01-02T15:04:05Z")
	}
	return s.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

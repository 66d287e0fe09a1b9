package expression

import (
	"fmt"
	"math"
	"time"
	_ "time/tzdata" // zones are part of the language, also on machines without a zone database

	"github.com/weir-fraud/weir/payment"
)

// zone is the offsets of a time zone from UTC, laid out at compile time so that evaluating shares nothing that changes.
// Without offsets it is UTC.
type zone struct {
	name    string
	starts  []int64 // Unix seconds, ascending
	offsets []int64 // seconds east of UTC, each from its start on
}

// loadZone lays out the zone for the legal event times.
func loadZone(name string) (*zone, error) {
	if name == "" || name == "Local" { // which time has a meaning for that differs between machines
		return nil, fmt.Errorf("%q is no time zone", name)
	}
	z := &zone{name: name}
	if name == "UTC" {
		return z, nil
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("there is no time zone %q", name)
	}
	t := payment.MinTime.Std().In(location)
	_, offset := t.Zone()
	z.starts, z.offsets = []int64{math.MinInt64}, []int64{int64(offset)}
	for {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			return z, nil
		}
		if !end.After(t) { // so it is on the last day of a leap year, which package time takes for the next year's
			end = t.Add(time.Hour)
		}
		if t = end; payment.TimeOf(t) >= payment.MaxTime {
			return z, nil
		}
		if _, offset = t.Zone(); int64(offset) != z.offsets[len(z.offsets)-1] {
			z.starts, z.offsets = append(z.starts, t.Unix()), append(z.offsets, int64(offset))
		}
	}
}

// local returns the seconds since 1970 that clocks in the zone have counted, at so many Unix seconds.
func (z *zone) local(seconds int64) int64 {
	if len(z.starts) == 0 {
		return seconds
	}
	low, high := 0, len(z.starts) // the offset in force is in [low, high)
	for high-low > 1 {
		if middle := (low + high) / 2; z.starts[middle] <= seconds {
			low = middle
		} else {
			high = middle
		}
	}
	return seconds + z.offsets[low]
}

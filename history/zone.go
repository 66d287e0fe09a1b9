package history

import (
	"fmt"
	"time"
)

// localZone turns the local times of one zone into UTC. It remembers the last stretch of time without a change of the
// clocks, which most rows share with the row before: it is not safe for concurrent use.
type localZone struct {
	name     string
	location *time.Location // nil for a fixed offset
	offset   int64          // seconds east of UTC, within the stretch
	from, to int64          // the stretch, as local seconds that no other stretch can claim
}

// parseZone returns the zone with the given IANA name, or a fixed offset such as +01:00.
func parseZone(name string) (localZone, error) {
	if name == "UTC" {
		return localZone{name: name}, nil
	}
	if seconds, end, ok := offset(name, 0); ok && end == len(name) && name[0]|0x20 != 'z' {
		return localZone{name: name, offset: int64(seconds)}, nil
	}
	// "" and "Local" would load too: the first hides a mistake, the second depends on the machine.
	if name == "" || name == "Local" {
		return localZone{}, fmt.Errorf("%q is not a time zone", name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return localZone{}, err
	}
	return localZone{name: name, location: location}, nil
}

// utc returns the instant of a local time, both in seconds: since 1970-01-01 00:00 UTC, and since 1970-01-01 00:00 on
// the local clock. Of the two instants at which clocks set back show the same time it returns the earlier. It reports
// false for a time that the clocks were set forward over.
func (z *localZone) utc(local int64) (seconds int64, ok bool) {
	if z.location == nil || z.from <= local && local < z.to {
		return local - z.offset, true
	}
	// No zone is further than a day from UTC: all stretches that can show this local time lie around it.
	const day = 24 * 60 * 60
	for at := time.Unix(local-day, 0).In(z.location); ; {
		start, end := at.ZoneBounds()
		_, east := at.Zone()
		seconds = local - int64(east)
		if (start.IsZero() || start.Unix() <= seconds) && (end.IsZero() || seconds < end.Unix()) {
			z.remember(start, end, int64(east))
			return seconds, true
		}
		if end.IsZero() || end.Unix() > local+day {
			return 0, false
		}
		at = end
	}
}

// remember keeps the stretch less a day at either end, where another stretch may show the same local time.
func (z *localZone) remember(start, end time.Time, east int64) {
	const (
		day     = 24 * 60 * 60
		forever = 1 << 60
	)
	z.offset, z.from, z.to = east, -forever, forever
	if !start.IsZero() {
		z.from = start.Unix() + east + day
	}
	if !end.IsZero() {
		z.to = end.Unix() + east - day
	}
}

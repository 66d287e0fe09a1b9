package features

import "github.com/weir-fraud/weir/payment"

// latest remembers the newest event, or the newest that is located or has a number. Once that has left the window,
// nothing older can still be inside.
type latest struct {
	known        bool
	seq          uint64
	time         payment.Time
	latE7, lonE7 int32
	last         int64
}

func (l *latest) enter(p *placed, e *event, row []int64, seq uint64) {
	if p.family == familyLatestLocated && e.flags&located == 0 {
		return
	}
	if p.family == familyLatestKnown {
		v := p.number.of(e, row)
		if v == missing {
			return
		}
		l.last = v
	}
	l.known, l.seq, l.time, l.latE7, l.lonE7 = true, seq, e.time, e.latE7, e.lonE7
}

func (l *latest) leave(seq uint64) {
	if l.seq == seq {
		l.known = false
	}
}

func (l *latest) value(p *placed) float64 {
	if !l.known || p.family != familyLatestKnown {
		return nan
	}
	return float64(l.last) / p.number.scale
}

// secondsUntil returns the seconds from the event to t, NaN where there is no event.
func (l *latest) secondsUntil(t payment.Time) float64 {
	if !l.known {
		return nan
	}
	return float64(t-l.time) / 1000
}

// kmTo returns the distance from the event's place to that of e, NaN where either has none.
func (l *latest) kmTo(e *event) float64 {
	if !l.known || e.flags&located == 0 {
		return nan
	}
	return haversine(l.latE7, l.lonE7, e.latE7, e.lonE7)
}

// kmhTo returns the speed needed to get from the event's place to that of e. Less than a second apart counts as one
// second, so that two places at once are fast rather than infinite.
func (l *latest) kmhTo(e *event) float64 {
	return l.kmTo(e) / max(l.secondsUntil(e.time), 1) * 3600
}

package payment

import (
	"math"
	"strconv"
)

// degree is the unit of a Location's parts: 1e7 of them are one degree.
const degree = 1e7

const (
	maxLatitudeE7  = 90 * degree
	maxLongitudeE7 = 180 * degree
)

// Degrees returns the place in degrees, or NaN where it is not known.
func (l Location) Degrees() (latitude, longitude float64) {
	if !l.Known {
		return math.NaN(), math.NaN()
	}
	return float64(l.LatitudeE7) / degree, float64(l.LongitudeE7) / degree
}

// check refuses a place that is not on earth. Decoded places have passed the same limits digit by digit.
func (l Location) check() *FieldError {
	switch {
	case !l.Known && l != Location{}:
		return fault(pathLocation, KindValue, "has coordinates, yet is marked as not known")
	case l.LatitudeE7 < -maxLatitudeE7 || l.LatitudeE7 > maxLatitudeE7:
		return coordinateRange(pathLatitude, maxLatitudeE7)
	case l.LongitudeE7 < -maxLongitudeE7 || l.LongitudeE7 > maxLongitudeE7:
		return coordinateRange(pathLongitude, maxLongitudeE7)
	}
	return nil
}

func coordinateRange(path string, limit int32) *FieldError {
	return fault(path, KindRange, "is outside -%d … %d degrees", limit/degree, limit/degree)
}

// coordinate returns d, in degrees, in units of 1e-7 degree, rounded half to even. The limit holds for what was
// written, not for what it is rounded to.
func (d *decimal) coordinate(path string, limit int32) (int32, *FieldError) {
	whole, rest, ok := d.scaled(7)
	if !ok || whole > uint64(limit) || whole == uint64(limit) && rest >= 0 {
		return 0, coordinateRange(path, limit)
	}
	e7 := int32(whole)
	if rest == 2 || rest == 1 && e7%2 != 0 {
		e7++
	}
	if d.neg {
		e7 = -e7
	}
	return e7, nil
}

// appendCoordinate appends e7 in degrees, without trailing zeros.
func appendCoordinate(dst []byte, e7 int32) []byte {
	magnitude := uint64(e7)
	if e7 < 0 {
		dst = append(dst, '-')
		magnitude = uint64(-int64(e7))
	}
	dst = strconv.AppendUint(dst, magnitude/degree, 10)
	fraction, width := magnitude%degree, 7
	if fraction == 0 {
		return dst
	}
	for fraction%10 == 0 {
		fraction /= 10
		width--
	}
	return appendDigits(append(dst, '.'), fraction, width)
}

package features

import "math"

// earthRadiusKm is the mean earth radius (IUGG).
const earthRadiusKm = 6371.0088

// haversine returns the great-circle distance in km between two places in units of 1e-7 degree (R. W. Sinnott,
// "Virtues of the Haversine", Sky and Telescope, 1984). The explicit conversions keep the compiler from fusing
// multiply and add, which would give other last bits on other processors; math's own functions still may.
func haversine(lat1, lon1, lat2, lon2 int32) float64 {
	const radians = math.Pi / 180 / 1e7
	p1, p2 := float64(float64(lat1)*radians), float64(float64(lat2)*radians)
	sinLat := math.Sin((p2 - p1) / 2)
	sinLon := math.Sin(float64(float64(int64(lon2)-int64(lon1))*radians) / 2)
	a := float64(sinLat*sinLat) + float64(float64(math.Cos(p1)*math.Cos(p2))*float64(sinLon*sinLon))
	return 2 * earthRadiusKm * math.Asin(math.Sqrt(min(a, 1)))
}

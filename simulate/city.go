package simulate

import "math"

// city is a real place; its weight is roughly its population in millions.
type city struct {
	name      string
	latitude  float64
	longitude float64
	zone      float64 // hours from UTC, without daylight saving
	weight    float64
	currency  string // what is charged there with Config.ForeignCurrencies; "" = the configured currency
}

// homeCities are where accounts live. A small world takes the first ones.
var homeCities = [...]city{
	{"New York", 40.71, -74.01, -5, 8.4, ""},
	{"Los Angeles", 34.05, -118.24, -8, 3.9, ""},
	{"Chicago", 41.88, -87.63, -6, 2.7, ""},
	{"Houston", 29.76, -95.37, -6, 2.3, ""},
	{"Phoenix", 33.45, -112.07, -7, 1.6, ""},
	{"Philadelphia", 39.95, -75.17, -5, 1.6, ""},
	{"San Antonio", 29.42, -98.49, -6, 1.5, ""},
	{"San Diego", 32.72, -117.16, -8, 1.4, ""},
	{"Dallas", 32.78, -96.80, -6, 1.3, ""},
	{"Austin", 30.27, -97.74, -6, 0.97, ""},
	{"Jacksonville", 30.33, -81.66, -5, 0.95, ""},
	{"Columbus", 39.96, -83.00, -5, 0.9, ""},
	{"Charlotte", 35.23, -80.84, -5, 0.88, ""},
	{"Indianapolis", 39.77, -86.16, -5, 0.88, ""},
	{"Seattle", 47.61, -122.33, -8, 0.74, ""},
	{"Denver", 39.74, -104.99, -7, 0.71, ""},
	{"Washington", 38.91, -77.04, -5, 0.69, ""},
	{"Nashville", 36.16, -86.78, -6, 0.69, ""},
	{"Boston", 42.36, -71.06, -5, 0.68, ""},
	{"Portland", 45.52, -122.68, -8, 0.65, ""},
	{"Las Vegas", 36.17, -115.14, -8, 0.64, ""},
	{"Detroit", 42.33, -83.05, -5, 0.63, ""},
	{"Memphis", 35.15, -90.05, -6, 0.63, ""},
	{"Baltimore", 39.29, -76.61, -5, 0.58, ""},
	{"Milwaukee", 43.04, -87.91, -6, 0.57, ""},
	{"Albuquerque", 35.08, -106.65, -7, 0.56, ""},
	{"Tucson", 32.22, -110.97, -7, 0.54, ""},
	{"Kansas City", 39.10, -94.58, -6, 0.51, ""},
	{"Atlanta", 33.75, -84.39, -5, 0.5, ""},
	{"Omaha", 41.26, -95.94, -6, 0.49, ""},
	{"Miami", 25.76, -80.19, -5, 0.44, ""},
	{"Minneapolis", 44.98, -93.27, -6, 0.43, ""},
	{"New Orleans", 29.95, -90.07, -6, 0.38, ""},
	{"Cleveland", 41.50, -81.69, -5, 0.37, ""},
	{"Pittsburgh", 40.44, -80.00, -5, 0.3, ""},
	{"Buffalo", 42.89, -78.88, -5, 0.28, ""},
	{"Salt Lake City", 40.76, -111.89, -7, 0.2, ""},
	{"Burlington", 44.48, -73.21, -5, 0.05, ""},
}

// farCities are only travelled to.
var farCities = [...]city{
	{"London", 51.51, -0.13, 0, 0.9, "GBP"},
	{"Paris", 48.86, 2.35, 1, 0.8, "EUR"},
	{"Rome", 41.90, 12.50, 1, 0.5, "EUR"},
	{"Dublin", 53.35, -6.26, 0, 0.4, "EUR"},
	{"Madrid", 40.42, -3.70, 1, 0.4, "EUR"},
}

// place is a point on earth in degrees.
type place struct{ lat, lon float32 }

const kmPerDegree = 111.19

// kmTo returns the distance to q in kilometres, on a flat map between the two. Over a city it is exact enough; over an
// ocean it errs by several per cent, which no habit notices.
func (p place) kmTo(q place) float64 {
	dy := float64(q.lat - p.lat)
	dx := float64(q.lon-p.lon) * math.Cos(float64(p.lat+q.lat)*(math.Pi/360))
	return kmPerDegree * math.Sqrt(float64(dx*dx)+float64(dy*dy))
}

// scatter returns a place around p, a normal number of kilometres off in each direction.
func (p place) scatter(r *rng, km float64) place {
	dy := km / kmPerDegree * r.norm()
	dx := km / (kmPerDegree * math.Cos(float64(p.lat)*math.Pi/180)) * r.norm()
	return place{p.lat + float32(dy), p.lon + float32(dx)}
}

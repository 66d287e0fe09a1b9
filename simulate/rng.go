package simulate

import (
	"math"
	"math/bits"
)

// rng is the splitmix64 generator of Steele, Lea and Flood (OOPSLA 2014). Its state is one word, so that every account
// and every episode can own one: what one of them draws never shifts what another does.
type rng struct{ state uint64 }

// The domains keep the streams apart that are made from the same seed and index.
const (
	domainWorld uint64 = iota + 1
	domainAccount
	domainPattern
	domainEpisode
	domainDevice
	domainRun
)

const golden = 0x9e3779b97f4a7c15

// mix is splitmix64's finalizer: a bijection of 64-bit words.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func derive(seed, domain, index uint64) uint64 {
	return mix(mix(seed+domain*golden) + (index+1)*golden)
}

func (r *rng) next() uint64 {
	r.state += golden
	return mix(r.state)
}

// float returns a uniform value in [0, 1).
func (r *rng) float() float64 { return float64(r.next()>>11) * 0x1p-53 }

// intn returns a uniform value in [0, n).
func (r *rng) intn(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

func (r *rng) chance(p float64) bool { return r.float() < p }

// between returns a uniform value in [lo, hi).
func (r *rng) between(lo, hi float64) float64 { return lo + float64(r.float()*(hi-lo)) }

// exp returns an exponential value of mean 1.
func (r *rng) exp() float64 { return -math.Log(1 - r.float()) }

// norm returns a standard normal value, by the method of Box and Muller.
func (r *rng) norm() float64 {
	return math.Sqrt(2*r.exp()) * math.Cos(2*math.Pi*r.float())
}

// gamma returns a value of the gamma distribution of whole-numbered shape k and mean k.
func (r *rng) gamma(k int) float64 {
	p := 1.0
	for range k {
		p *= 1 - r.float()
	}
	return -math.Log(p)
}

// logNormal returns a log-normal value of median 1.
func (r *rng) logNormal(sigma float64) float64 { return math.Exp(sigma * r.norm()) }

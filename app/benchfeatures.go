package app

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
)

// customer is what one customer does: the same transactions over and over, under new ids, so far apart that a month has a
// certain number of them.
type customer struct {
	transactions []payment.Transaction
	ids          []string
	at           int
	gap          payment.Time // milliseconds
}

// newCustomer returns a simulated customer with n transactions in 30 days.
func newCustomer(n int) (*customer, error) {
	const different, manyIDs, month = 2000, 8192, 30 * 24 * time.Hour
	world := simulate.DefaultConfig()
	world.Accounts, world.Merchants, world.FraudShare = 1, 2000, 1e-9
	g, err := simulate.New(world)
	if err != nil {
		return nil, err
	}
	c := &customer{transactions: make([]payment.Transaction, different), ids: make([]string, manyIDs), gap: payment.Time((month / time.Duration(n)).Milliseconds())}
	var e simulate.Event
	for i := range c.transactions {
		if !g.Next(&e) {
			return nil, fmt.Errorf("the simulation ends after %d transactions", i)
		}
		c.transactions[i] = e.Transaction
		c.transactions[i].Time = payment.TimeOf(world.Start)
	}
	for i := range c.ids {
		c.ids[i] = fmt.Sprintf("tx-%08x", uint32(i)*2654435761)
	}
	return c, nil
}

// next sets tx to the next transaction.
func (c *customer) next(tx *payment.Transaction) {
	*tx = c.transactions[c.at%len(c.transactions)]
	tx.ID = c.ids[c.at%len(c.ids)]
	tx.Time += c.gap * payment.Time(c.at) // a time.Duration ends after 292 years
	c.at++
}

// features measures what the features of one transaction take: of an account in memory, and of one that has to be decoded
// first.
func (b *bench) features(context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, count := range []int{40, 200} {
		set, err := manyFeatures(count, b.config.layout())
		if err != nil {
			return err
		}
		name, warm := fmt.Sprintf("features_%d", count), make(map[int]float64)
		for _, n := range []int{10, 100, 1000} {
			life, err := newLife(set, n)
			if err != nil {
				return err
			}
			if warm[n], err = best(life.live); err != nil {
				return err
			}
			b.figures.line(fmt.Sprintf("%s_warm_%d", name, n), warm[n], "ns/tx")
			cold, err := best(life.wake)
			if err != nil {
				return err
			}
			b.figures.line(fmt.Sprintf("%s_cold_%d", name, n), cold, "ns/tx")
		}
		b.figures.line(name+"_warm_growth", warm[1000]/warm[10], "ratio")
	}
	return nil
}

// manyFeatures returns a set of so many features over an account's own events: of every kind, window and filter.
func manyFeatures(count int, layout features.Layout) (*features.Set, error) {
	kinds := []string{
		"aggregate: count", "aggregate: sum, of: amount", "aggregate: mean, of: amount", "aggregate: std, of: amount", "aggregate: max, of: amount",
		"aggregate: distinct, of: merchant", "aggregate: new, of: device_id", "aggregate: since", "aggregate: kmh_since",
		"aggregate: mean, of: amount, same: category", "aggregate: last, of: amount * 2",
	}
	windows := []string{"10m", "1h", "24h", "7d", "30d"}
	filters := []string{"", ", filter: spending", ", filter: withdrawals", ", filter: online"}
	var text strings.Builder
	text.WriteString(`format: 1
attributes: {device_id: text, channel: text}
filters: {spending: type != "deposit", withdrawals: type == "withdrawal", online: channel == "online"}
features:
`)
	for i := range count {
		fmt.Fprintf(&text, "  - {name: f%d, %s%s, windows: [%s], description: measured}\n", i,
			kinds[i%len(kinds)], filters[i/len(kinds)%len(filters)], windows[i%len(windows)])
	}
	d, err := features.ParseDeclarations("benchmark", []byte(text.String()))
	if err != nil {
		return nil, err
	}
	return features.Compile(d, layout)
}

// life is an account and what its customer does.
type life struct {
	set         *features.Set
	customer    *customer
	account     *features.Account
	encoded     []byte
	observation features.Observation
	vector      features.Vector
	tx          payment.Transaction
}

// newLife returns one that has lived for two months, with n transactions in each.
func newLife(set *features.Set, n int) (*life, error) {
	c, err := newCustomer(n)
	if err != nil {
		return nil, err
	}
	l := &life{set: set, customer: c, account: set.NewAccount(), vector: make(features.Vector, set.Schema().Len())}
	for range 2 * n {
		if err := l.live(); err != nil {
			return nil, err
		}
	}
	l.encoded = l.account.Append(nil)
	return l, nil
}

// live takes the next transaction into the account.
func (l *life) live() error {
	l.customer.next(&l.tx)
	l.take(l.account)
	return nil
}

// wake decodes the account as it was stored, and takes the same transaction into it.
func (l *life) wake() error {
	a, err := l.set.Decode(l.encoded)
	if err != nil {
		return err
	}
	l.take(a)
	return nil
}

func (l *life) take(a *features.Account) {
	a.Observe(&l.tx, &l.observation)
	a.Compute(&l.observation, l.vector)
	a.Fold(&l.observation)
}

// best returns the nanoseconds that one call takes, by the CPU time of this thread: the best of some tries, since what
// others do on the machine only ever adds.
func best(call func() error) (float64, error) {
	const tries, calls, least = 9, 64, 40 * time.Millisecond
	clock, shortest := threadTime().now, math.Inf(1)
	for range tries {
		n, began := 0, clock()
		for clock()-began < least {
			for range calls {
				if err := call(); err != nil {
					return 0, err
				}
			}
			n += calls
		}
		shortest = min(shortest, float64((clock()-began).Nanoseconds())/float64(n))
	}
	return shortest, nil
}

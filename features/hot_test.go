package features_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// hotTraffic is an account's endless stream of transactions at a steady pace.
type hotTraffic struct {
	dice    *rand.Rand
	every   time.Duration
	now     payment.Time
	n       int
	sent    map[payment.Type]int64
	marked  map[uint16]int64 // those that hotFold folded, by their marks
	ids     [4096]string
	stores  []payment.Merchant
	devices []string
}

func newHotTraffic(seed uint64, every time.Duration, choices int) *hotTraffic {
	d := rand.New(rand.NewPCG(seed, 0))
	s := &hotTraffic{sent: map[payment.Type]int64{}, marked: map[uint16]int64{}, dice: d, every: every, now: payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))}
	for i := range s.ids {
		s.ids[i] = fmt.Sprintf("tx-%08x", d.Uint32())
	}
	for i := range choices {
		category := []string{"groceries", "restaurants", "fuel", "electronics", "travel", "clothing"}[d.IntN(6)]
		s.stores = append(s.stores, payment.Merchant{
			Name: fmt.Sprintf("%s Store %d", category, i), Category: category,
			Location: payment.Location{LatitudeE7: 407000000 + int32(d.IntN(1000000)), LongitudeE7: -739000000 + int32(d.IntN(1000000)), Known: i%4 > 0},
		})
		s.devices = append(s.devices, fmt.Sprintf("dev-%06x", d.IntN(1<<24)))
	}
	return s
}

// next sets tx to the next transaction.
func (s *hotTraffic) next(tx *payment.Transaction) {
	d := s.dice
	usd, _ := payment.ParseCurrency("USD")
	eur, _ := payment.ParseCurrency("EUR")
	step := int(s.every.Milliseconds())
	s.now += payment.Time(step/2 + d.IntN(step+1))
	s.n++
	*tx = payment.Transaction{
		ID: s.ids[s.n%len(s.ids)], AccountID: "A1", Time: s.now, Type: payment.Purchase, Currency: usd,
		Amount: int64(100 + d.ExpFloat64()*4000), Merchant: s.stores[d.IntN(len(s.stores))],
		Attributes: append(tx.Attributes[:0],
			payment.Attribute{Key: "channel", Value: [...]string{"online", "pos"}[d.IntN(2)]},
			payment.Attribute{Key: "device_id", Value: s.devices[d.IntN(len(s.devices))]}),
	}
	switch d.IntN(20) {
	case 0:
		tx.Type = payment.Deposit
	case 1, 2:
		tx.Type = payment.Withdrawal
	case 3:
		tx.Currency = eur
	}
	s.sent[tx.Type]++
}

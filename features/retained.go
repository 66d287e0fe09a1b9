package features

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/weir-fraud/weir/payment"
)

// Retained is what the state keeps of one transaction, as a person reads it.
type Retained struct {
	Time     payment.Time
	Type     payment.Type
	Amount   int64 // minor units of Currency
	Currency payment.Currency
	Merchant payment.Merchant

	fingerprint string // hexadecimal, while the dedupe needs it
}

// History returns the newest events of the account that are not newer than t, at most n, oldest first.
func (a *Account) History(t payment.Time, n int) []Retained {
	end := len(a.events)
	for end > 0 && a.events[end-1].time > t {
		end--
	}
	return a.retained(max(0, end-n), end)
}

// Events returns all retained events, oldest first, with what the dedupe remembers of them.
func (a *Account) Events() []Retained {
	all := a.retained(0, len(a.events))
	newest, _ := a.Newest()
	for i := range all {
		if e := &a.events[i]; e.time > newest-a.set.dedupe {
			b := binary.BigEndian.AppendUint64(nil, e.id)
			all[i].fingerprint = hex.EncodeToString(binary.BigEndian.AppendUint32(b, e.body))
		}
	}
	return all
}

func (a *Account) retained(from, to int) []Retained {
	out := make([]Retained, 0, to-from)
	for i := range a.events[from:to] {
		e := &a.events[from+i]
		out = append(out, Retained{
			Time: e.time, Type: e.kind, Amount: e.original, Currency: e.currency,
			Merchant: payment.Merchant{
				Name: a.names.name(e.merchant), Category: a.names.name(e.category),
				Location: payment.Location{LatitudeE7: e.latE7, LongitudeE7: e.lonE7, Known: e.flags&located != 0},
			},
		})
	}
	return out
}

// AppendJSON appends the event as a JSON object in the shape of a transaction, without ids.
func (r *Retained) AppendJSON(dst []byte) []byte {
	dst = r.Time.Append(append(dst, `{"timestamp":"`...))
	dst = append(append(dst, `","transaction_type":"`...), r.Type.String()...)
	dst = payment.AppendAmount(append(dst, `","amount":`...), r.Amount, r.Currency)
	dst = append(r.Currency.Append(append(dst, `,"currency":"`...)), '"')
	if r.Merchant != (payment.Merchant{}) {
		dst = r.Merchant.AppendJSON(append(dst, `,"merchant":`...))
	}
	if r.fingerprint != "" {
		dst = append(dst, `,"fingerprint":"`...)
		dst = append(append(dst, r.fingerprint...), '"')
	}
	return append(dst, '}')
}

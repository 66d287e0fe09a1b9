package features

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/weir-fraud/weir/features/exact"
	"github.com/weir-fraud/weir/payment"
)

// Retained is what the state keeps of one transaction, as a person reads it.
type Retained struct {
	Time     payment.Time
	Type     payment.Type
	Amount   int64 // minor units of Currency
	Currency payment.Currency
	Merchant payment.Merchant
	Bundle   Bundle

	fingerprint string // hexadecimal, while the dedupe needs it
}

// Bundle is what the state keeps of older transactions of an account that has more than its event budget. The other
// fields of a Retained are then those of one of them, but for the time, which is that of the newest. The zero Bundle is
// none.
type Bundle struct {
	Events int64        // how many
	First  payment.Time // the oldest one's time
	Known  int64        // how many have an amount in the reporting currency, in whose minor units the rest is
	Sum    exact.Int128
	Least  int64
	Most   int64
}

// History returns the newest events of the account that are not newer than t, at most n, oldest first. Bundled ones are not
// among them.
func (a *Account) History(t payment.Time, n int) []Retained {
	end := len(a.events)
	for end > 0 && a.events[end-1].time > t {
		end--
	}
	return a.retained(min(end, max(len(a.bundles), end-n)), end)
}

// Events returns all retained events and bundles, oldest first, with what the dedupe remembers of them.
func (a *Account) Events() []Retained {
	all := a.retained(0, len(a.events))
	newest, _ := a.Newest()
	for i := len(a.bundles); i < len(all); i++ {
		if e := &a.events[i]; e.time > newest-a.set.dedupe {
			b := binary.BigEndian.AppendUint64(nil, e.id)
			all[i].fingerprint = hex.EncodeToString(binary.BigEndian.AppendUint16(b, e.body))
		}
	}
	return all
}

func (a *Account) retained(from, to int) []Retained {
	out := make([]Retained, 0, to-from)
	for i := range a.events[from:to] {
		e := &a.events[from+i]
		bundle := Bundle{}
		if b := a.bundle(from + i); b != nil {
			bundle = Bundle{b.events, b.first, b.amounts.N, b.amounts.Total, b.least, b.largest}
		}
		out = append(out, Retained{
			Time: e.time, Type: e.kind, Amount: e.original, Currency: e.currency,
			Merchant: payment.Merchant{
				Name: a.names.name(e.merchant), Category: a.names.name(e.category),
				Location: payment.Location{LatitudeE7: e.latE7, LongitudeE7: e.lonE7, Known: e.flags&located != 0},
			},
			Bundle: bundle,
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
	if r.Bundle.Events > 0 {
		dst = r.Bundle.appendJSON(dst)
	}
	return append(dst, '}')
}

func (b *Bundle) appendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `,"bundle":{"events":`...), b.Events, 10)
	dst = b.First.Append(append(dst, `,"first":"`...))
	dst = strconv.AppendInt(append(dst, `","amounts":`...), b.Known, 10)
	if b.Known > 0 {
		dst = b.Sum.Big().Append(append(dst, `,"sum":`...), 10)
		dst = strconv.AppendInt(append(dst, `,"least":`...), b.Least, 10)
		dst = strconv.AppendInt(append(dst, `,"largest":`...), b.Most, 10)
	}
	return append(dst, '}')
}

// Heard is a text that bundled transactions used, and when last.
type Heard struct {
	Field, Text string
	Time        payment.Time
}

// Heard returns what is remembered of the texts that bundled transactions used, by field and then by time.
func (a *Account) Heard() []Heard {
	var all []Heard
	for i, list := range a.heard {
		field := "merchant"
		switch f := merchantField + textField(i); {
		case f == categoryField:
			field = "category"
		case f >= firstAttributeField:
			field = a.set.attributes[f-firstAttributeField].name
		}
		for _, h := range list {
			all = append(all, Heard{field, a.names.name(h.name), h.time})
		}
	}
	return all
}

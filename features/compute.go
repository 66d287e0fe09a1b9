package features

import "github.com/weir-fraud/weir/payment"

// Compute fills out with the features of the observed transaction as of its event time: over the events that arrived
// before it, never itself. out has the schema's length.
func (a *Account) Compute(o *Observation, out Vector) {
	a.standAt(o.event.time)
	for i := range a.set.features {
		v := a.read(&a.set.features[i], o, out)
		if v != v {
			v = nan
		}
		out[i] = v
	}
}

func (a *Account) read(f *feature, o *Observation, done Vector) float64 {
	e := &o.event
	switch f.op {
	case opStatistic:
		return a.windows[f.window].aggregates[f.aggregate].value(f.statistic)
	case opRatio:
		return ratio(done[f.left], done[f.right])
	case opNew:
		return a.isNew(a.windows[f.window].aggregates[f.aggregate].(*distinct), o)
	case opSecondsSince:
		return a.windows[f.window].aggregates[f.aggregate].(*latest).secondsUntil(e.time)
	case opKmSince:
		return a.windows[f.window].aggregates[f.aggregate].(*latest).kmTo(e)
	case opKmhSince:
		return a.windows[f.window].aggregates[f.aggregate].(*latest).kmhTo(e)
	case opAmount:
		if e.flags&noAmount != 0 {
			return nan
		}
		return float64(e.amount) / a.set.scale
	case opIsWithdrawal:
		return indicator(e.kind == payment.Withdrawal)
	case opIsDeposit:
		return indicator(e.kind == payment.Deposit)
	case opHour:
		return float64(e.time / 3_600_000 % 24)
	case opWeekday:
		return float64((e.time/86_400_000 + 3) % 7) // 1970-01-01 was a Thursday
	}
	panic("features: unknown operation")
}

// isNew tells whether the transaction's name is absent from the window, NaN where it has none.
func (a *Account) isNew(d *distinct, o *Observation) float64 {
	text := o.tx.Merchant.Name
	if d.field == categoryField {
		text = o.tx.Merchant.Category
	}
	if text == "" {
		return nan
	}
	name, known := a.names.find(text)
	return indicator(!known || !d.contains(name))
}

// ratio is NaN where either side is missing or there is nothing to compare with.
func ratio(numerator, denominator float64) float64 {
	if denominator == 0 || numerator != numerator || denominator != denominator {
		return nan
	}
	return numerator / denominator
}

func indicator(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

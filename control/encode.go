package control

import (
	"strconv"

	"github.com/weir-fraud/weir/payment"
)

// AppendJSON appends the canonical JSON of e: fields in the order of the documentation, no white space, what is missing
// left out. Decoding it gives e again, if e is legal ([Event.Validate]).
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `{"kind":`...), e.Kind())
	dst = e.Time.Append(append(dst, `,"timestamp":"`...))
	dst = payment.AppendString(append(dst, `","by":`...), e.By)
	dst = appendOptional(dst, `,"note":`, e.Note)
	switch {
	case e.Model != nil:
		dst = e.Model.appendFields(dst)
	case e.Policy != nil:
		dst = payment.AppendString(append(dst, `,"version":`...), e.Policy.Version)
		dst = payment.AppendString(append(dst, `,"digest":`...), e.Policy.Digest)
		dst = payment.AppendString(append(dst, `,"text":`...), e.Policy.Text)
	case e.Entry != nil:
		dst = e.Entry.appendFields(dst)
	case e.Status != nil:
		dst = e.Status.appendFields(dst)
	}
	return append(dst, '}')
}

func (m *Model) appendFields(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `,"model":`...), m.ID)
	dst = payment.AppendString(append(dst, `,"digest":`...), m.Digest)
	if len(m.History) == 0 {
		return dst
	}
	dst = append(dst, `,"history":`...)
	for i, p := range m.History {
		dst = payment.AppendString(append(append(dst, opening(i)), `{"model":`...), p.ID)
		dst = payment.AppendString(append(dst, `,"digest":`...), p.Digest)
		dst = p.Time.Append(append(dst, `,"timestamp":"`...))
		dst = payment.AppendString(append(dst, `","by":`...), p.By)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (n *Entry) appendFields(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `,"list":`...), n.List)
	dst = payment.AppendString(append(dst, `,"key":`...), n.Key)
	if n.Until != payment.MaxTime {
		dst = n.Until.Append(append(dst, `,"until":"`...))
		dst = append(dst, '"')
	}
	if n.Removed {
		dst = append(dst, `,"removed":true`...)
	}
	return dst
}

func (s *Status) appendFields(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `,"group":`...), s.Group)
	dst = appendOptional(dst, `,"version":`, s.Version)
	dst = strconv.AppendInt(append(dst, `,"applied":`...), s.Applied, 10)
	dst = s.Model.appendField(append(dst, `,"model":`...))
	dst = s.Policy.appendField(append(dst, `,"policy":`...))
	if f := s.Figures; f != nil {
		dst = f.append(append(dst, `,"figures":`...))
	}
	if len(s.Refused) == 0 {
		return dst
	}
	dst = append(dst, `,"refused":`...)
	for i, r := range s.Refused {
		dst = payment.AppendString(append(append(dst, opening(i)), `{"what":`...), r.What)
		dst = payment.AppendString(append(dst, `,"name":`...), r.Name)
		dst = appendOptional(dst, `,"digest":`, r.Digest)
		dst = payment.AppendString(append(dst, `,"reason":`...), r.Reason)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func (f *Figures) append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"lag":`...), f.Lag, 10)
	dst = appendNumber(append(dst, `,"lag_seconds":`...), f.LagSeconds)
	dst = appendNumber(append(dst, `,"rate":`...), f.Rate)
	dst = appendNumber(append(dst, `,"p50_ms":`...), f.P50)
	dst = appendNumber(append(dst, `,"p99_ms":`...), f.P99)
	dst = strconv.AppendInt(append(dst, `,"dead_letters":`...), f.DeadLetters, 10)
	return append(dst, '}')
}

func appendNumber(dst []byte, x float64) []byte { return strconv.AppendFloat(dst, x, 'f', -1, 64) }

func (n Name) appendField(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `{"name":`...), n.Name)
	return append(appendOptional(dst, `,"digest":`, n.Digest), '}')
}

// opening returns what stands before the element with the given index.
func opening(i int) byte {
	if i == 0 {
		return '['
	}
	return ','
}

func appendOptional(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return payment.AppendString(append(dst, key...), s)
}

package feedback

import (
	"maps"
	"slices"

	"github.com/weir-fraud/weir/payment"
)

// AppendJSON appends the canonical JSON of l: fields in the order of the documentation, no white space, what is missing
// left out, the amount with all digits of its currency, entities in the order of their names, marks in their own.
// Decoding it gives l again, if l is legal ([Label.Validate]).
func (l *Label) AppendJSON(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `{"feedback_id":`...), l.ID)
	dst = l.Time.Append(append(dst, `,"timestamp":"`...))
	dst = payment.AppendString(append(dst, `","transaction_id":`...), l.TransactionID)
	dst = payment.AppendString(append(dst, `,"account_id":`...), l.AccountID)
	dst = l.TransactionTime.Append(append(dst, `,"transaction_timestamp":"`...))
	dst = payment.AppendAmount(append(dst, `","amount":`...), l.Amount, l.Currency)
	dst = l.Currency.Append(append(dst, `,"currency":"`...))
	dst = append(dst, '"')
	if len(l.Entities) > 0 {
		dst = append(dst, `,"entities":`...)
		for i, entity := range l.entityNames() {
			dst = payment.AppendString(append(dst, separator(i, '{')), entity)
			dst = payment.AppendString(append(dst, ':'), l.Entities[entity])
		}
		dst = append(dst, '}')
	}
	if len(l.Marks) > 0 {
		dst = append(dst, `,"marks":`...)
		for i, mark := range l.Marks {
			dst = payment.AppendString(append(dst, separator(i, '[')), mark)
		}
		dst = append(dst, ']')
	}
	dst = append(append(dst, `,"label":"`...), l.Verdict.String()...)
	dst = append(append(dst, `","source":"`...), l.Source.String()...)
	dst = append(dst, '"')
	dst = appendOptional(dst, `,"by":`, l.By)
	dst = appendOptional(dst, `,"alert_id":`, l.AlertID)
	dst = appendOptional(dst, `,"note":`, l.Note)
	return append(dst, '}')
}

// entityNames returns the names of the label's entities in order.
func (l *Label) entityNames() []string { return slices.Sorted(maps.Keys(l.Entities)) }

// separator returns what stands before the member or element with the given index.
func separator(i int, opening byte) byte {
	if i == 0 {
		return opening
	}
	return ','
}

func appendOptional(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return payment.AppendString(append(dst, key...), s)
}

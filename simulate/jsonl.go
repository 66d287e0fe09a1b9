package simulate

import "github.com/weir-fraud/weir/payment"

// AppendJSONL appends the event to dst as one line: the transaction's canonical JSON with the member "label", which is
// "fraud" or "legitimate", and for fraud "pattern". A reader of transactions ignores both.
func AppendJSONL(dst []byte, e *Event) []byte {
	dst = payment.AppendJSON(dst, &e.Transaction)
	dst = dst[:len(dst)-1] // the closing brace
	if e.Fraud {
		dst = append(dst, `,"label":"fraud","pattern":`...)
		dst = payment.AppendString(dst, e.Pattern)
	} else {
		dst = append(dst, `,"label":"legitimate"`...)
	}
	return append(dst, '}', '\n')
}

package app

import "github.com/weir-fraud/weir/payment"

// recording is a stream of transactions that was simulated before it is needed, as text: a benchmark that measures while
// it sends has neither the work of the simulation beside it nor its many pointers, which the collector would follow.
type recording struct {
	text    []byte
	ends    []int // of each transaction
	taken   int
	decoder payment.Decoder
}

// record takes in the stream to its end.
func record(next func(*payment.Transaction) bool) *recording {
	r := new(recording)
	var tx payment.Transaction
	for next(&tx) {
		r.text = payment.AppendJSON(r.text, &tx)
		r.ends = append(r.ends, len(r.text))
	}
	return r
}

// next gives the next transaction, until there is none.
func (r *recording) next(tx *payment.Transaction) bool {
	if r.taken == len(r.ends) {
		return false
	}
	from := 0
	if r.taken > 0 {
		from = r.ends[r.taken-1]
	}
	err := r.decoder.Decode(r.text[from:r.ends[r.taken]], tx)
	r.taken++
	return err == nil
}

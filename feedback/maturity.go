package feedback

import (
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Known returns from when on a label may be used: delay after its transaction, when most labels have come, but not
// before it was given. With one delay for all, what is known of a transaction does not depend on how quickly it was
// looked at.
func Known(transactionTime, labelTimestamp payment.Time, delay time.Duration) payment.Time {
	return max(transactionTime.Add(delay), labelTimestamp)
}

package app

import (
	"bytes"
	"fmt"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/payment"
)

// alertLine returns an alert in words.
func alertLine(a alerts.Alert) string {
	text := a.Reason
	if len(a.Reasons) > 0 {
		text = a.Reasons[0].Text
	}
	return fmt.Sprintf("%s %.2f  %s  %s", a.Severity, a.Score, a.AccountID, text)
}

// timestampOf finds the event time in a decision without decoding all of it.
func timestampOf(decision []byte) (payment.Time, bool) {
	const key = `"timestamp":"`
	at := bytes.Index(decision, []byte(key))
	if at < 0 {
		return 0, false
	}
	text := decision[at+len(key):]
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return 0, false
	}
	t, err := payment.ParseTime(text[:end])
	return t, err == nil
}

package screen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// grouped returns n with its digits in groups of three.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// percent returns part of whole in words, and a dash where there is no whole.
func percent(part, whole int64, digits int) string {
	if whole == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', digits, 64) + " %"
}

// millis returns milliseconds with as many digits as matter.
func millis(ms float64) string {
	digits := 1
	if ms >= 100 {
		digits = 0
	}
	return strconv.FormatFloat(ms, 'f', digits, 64) + " ms"
}

// clock returns a duration as 1:02:03 or 2:03.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// name returns a pattern's name as people say it.
func name(pattern string) string { return strings.ReplaceAll(pattern, "_", " ") }

// reason returns why there is an alert, in a sentence.
func (a *Alert) reason() string {
	if len(a.Reasons) > 0 {
		return a.Reasons[0].Text
	}
	return a.Reason
}

func (a *Alert) action() string {
	if a.Action == scoring.Decline {
		return "declined"
	}
	return a.Action.String()
}

// amount returns what was to be paid, and where returns to whom.
func (a *Alert) amount() string {
	if a.Transaction == nil {
		return ""
	}
	return payment.FormatAmount(a.Transaction.Amount, a.Transaction.Currency) + " " + a.Transaction.Currency.Code()
}

func (a *Alert) where() string {
	switch {
	case a.Transaction == nil:
		return ""
	case a.Transaction.Merchant.Name != "":
		return a.Transaction.Merchant.Name
	default:
		return a.Transaction.Type.String()
	}
}

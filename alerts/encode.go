package alerts

import (
	"math"
	"strconv"

	"github.com/weir-fraud/weir/payment"
)

// AppendJSON appends the alert as one line of JSON, its fields in their public order. A number that is missing is
// null, whatever its feature; what a reason or the alert lacks as a whole is left out or empty.
func (a *Alert) AppendJSON(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `{"alert_id":`...), a.ID)
	dst = a.Timestamp.Append(append(dst, `,"timestamp":"`...))
	dst = payment.AppendString(append(dst, `","transaction_id":`...), a.TransactionID)
	dst = payment.AppendString(append(dst, `,"account_id":`...), a.AccountID)
	dst = payment.AppendString(append(dst, `,"reason":`...), a.Reason)
	dst = payment.AppendString(append(dst, `,"action":`...), actionText(a.Action))
	dst = appendNumber(append(dst, `,"score":`...), a.Score)
	dst = payment.AppendString(append(dst, `,"model":`...), a.Model)
	dst = payment.AppendString(append(dst, `,"severity":`...), a.Severity.String())
	dst = appendNumber(append(dst, `,"money_at_risk":`...), a.MoneyAtRisk)

	dst = append(dst, `,"reasons":[`...)
	for i := range a.Reasons {
		dst = a.Reasons[i].append(comma(dst, i))
	}
	dst = append(dst, `],"marks":[`...)
	for i, m := range a.Marks {
		dst = payment.AppendString(comma(dst, i), m)
	}
	dst = append(dst, `],"entities":{`...)
	for i, e := range a.Entities {
		dst = payment.AppendString(comma(dst, i), e.Name)
		dst = payment.AppendString(append(dst, ':'), e.Key)
	}
	dst = append(dst, `},"features":{`...)
	if a.Schema != nil {
		for i, value := range a.Vector {
			dst = payment.AppendString(comma(dst, i), a.Schema.Names[i])
			dst = appendNumber(append(dst, ':'), value)
		}
	}
	dst = append(dst, `},"transaction":`...)
	if a.Transaction != nil {
		dst = payment.AppendJSON(dst, a.Transaction)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"history":[`...)
	for i := range a.History {
		dst = a.History[i].AppendJSON(comma(dst, i))
	}
	return append(dst, "]}"...)
}

// append appends the reason as a JSON object.
func (r *Reason) append(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `{"code":`...), string(r.Code))
	dst = payment.AppendString(append(dst, `,"title":`...), r.Title)
	dst = payment.AppendString(append(dst, `,"text":`...), r.Text)
	if r.Feature != "" {
		dst = payment.AppendString(append(dst, `,"feature":`...), r.Feature)
		dst = appendNumber(append(dst, `,"value":`...), r.Value)
	}
	if r.Contribution != 0 {
		dst = appendNumber(append(dst, `,"contribution":`...), r.Contribution)
	}
	if len(r.Figures) > 0 {
		dst = append(dst, `,"features":{`...)
		for i, f := range r.Figures {
			dst = payment.AppendString(comma(dst, i), f.Feature)
			dst = appendNumber(append(dst, ':'), f.Value)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// comma appends what stands before the element with the given index.
func comma(dst []byte, index int) []byte {
	if index == 0 {
		return dst
	}
	return append(dst, ',')
}

// appendNumber appends x with the fewest digits that give it again, or null where it is no number JSON has.
func appendNumber(dst []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	if size := math.Abs(x); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

// MarshalJSON returns what [Alert.AppendJSON] appends.
func (a Alert) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

package scoring

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Decision is what was decided about one transaction, and all that it was decided by. It holds no clock value, so a
// replay gives the same bytes.
type Decision struct {
	TransactionID string
	AccountID     string
	Timestamp     payment.Time // the transaction's event time
	Content       uint32       // of its fingerprint, so that a repeated id with another body is told apart; 0: not written
	Action        Action
	Score         float64 // the active model's probability of fraud, in [0, 1]
	Model         string  // the active model's id
	Policy        string  // the policy's version
	Rules         []string
	Challengers   []Challenger   // in the order they are to be written; each model once
	Policies      []ShadowAction // likewise
	Marks         []string
	Flags         []string        // what the features could not take into account, such as late
	AlertID       string          // empty: no alert was made
	Vector        features.Vector // nil: not written
}

// Challenger is the score of a model that decides nothing.
type Challenger struct {
	Model string
	Score float64
}

// ShadowAction is what a policy would have done that decides nothing.
type ShadowAction struct {
	Policy string // its version
	Action Action
}

// AppendJSON appends d to dst as one JSON object, in the public field order. Equal decisions give equal bytes: a score
// has the shortest form that reads back to the same bits, and every NaN of the vector has one bit pattern.
func (d *Decision) AppendJSON(dst []byte) []byte {
	dst = payment.AppendString(append(dst, `{"transaction_id":`...), d.TransactionID)
	dst = payment.AppendString(append(dst, `,"account_id":`...), d.AccountID)
	dst = d.Timestamp.Append(append(dst, `,"timestamp":"`...))
	if d.Content != 0 {
		dst = appendContent(append(dst, `","content":"`...), d.Content)
	}
	dst = append(append(dst, `","action":"`...), d.Action.String()...)
	dst = appendScore(append(dst, `","score":`...), d.Score)
	dst = payment.AppendString(append(dst, `,"model":`...), d.Model)
	dst = payment.AppendString(append(dst, `,"policy":`...), d.Policy)
	dst = appendStrings(append(dst, `,"rules":`...), d.Rules)
	dst = append(dst, `,"challengers":{`...)
	for i := range d.Challengers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = payment.AppendString(dst, d.Challengers[i].Model)
		dst = appendScore(append(dst, ':'), d.Challengers[i].Score)
	}
	dst = append(dst, '}')
	if len(d.Policies) > 0 {
		dst = appendShadowActions(append(dst, `,"challenger_policies":`...), d.Policies)
	}
	dst = appendStrings(append(dst, `,"marks":`...), d.Marks)
	dst = appendStrings(append(dst, `,"flags":`...), d.Flags)
	if d.AlertID != "" {
		dst = payment.AppendString(append(dst, `,"alert_id":`...), d.AlertID)
	}
	if d.Vector != nil {
		dst = AppendVector(append(dst, `,"vector":"`...), d.Vector)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

func appendShadowActions(dst []byte, list []ShadowAction) []byte {
	for i := range list {
		sign := byte(',')
		if i == 0 {
			sign = '{'
		}
		dst = payment.AppendString(append(dst, sign), list[i].Policy)
		dst = append(append(append(dst, `:"`...), list[i].Action.String()...), '"')
	}
	return append(dst, '}')
}

// appendContent writes eight hexadecimal digits.
func appendContent(dst []byte, content uint32) []byte {
	return hex.AppendEncode(dst, []byte{byte(content >> 24), byte(content >> 16), byte(content >> 8), byte(content)})
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = payment.AppendString(dst, s)
	}
	return append(dst, ']')
}

// appendScore writes a probability. One outside [0, 1], which no Scorer gives, becomes null: legal JSON that no reader
// takes for a score.
func appendScore(dst []byte, score float64) []byte {
	if !(score >= 0 && score <= 1) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, score, 'g', -1, 64)
}

// canonicalNaN is math.NaN's pattern, the only one that is written for a missing value.
const canonicalNaN = 0x7ff8000000000001

// AppendVector appends v as standard base64 of little-endian float64 values. It uses only characters that stand for
// themselves in JSON.
func AppendVector(dst []byte, v features.Vector) []byte {
	// All at once: appending bit by bit would check for room, and make it, at each.
	at := len(dst)
	dst = slices.Grow(dst, base64.StdEncoding.EncodedLen(8*len(v)))[:at+base64.StdEncoding.EncodedLen(8*len(v))]
	var chunk [24]byte // three values make 32 characters without padding
	n := 0
	for _, x := range v {
		bits := math.Float64bits(x)
		if x != x {
			bits = canonicalNaN
		}
		binary.LittleEndian.PutUint64(chunk[n:], bits)
		if n += 8; n == len(chunk) {
			base64.StdEncoding.Encode(dst[at:], chunk[:])
			at, n = at+32, 0
		}
	}
	base64.StdEncoding.Encode(dst[at:], chunk[:n])
	return dst
}

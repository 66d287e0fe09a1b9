package decide

import (
	"bytes"
	"encoding/json"

	"github.com/weir-fraud/weir/scoring"
)

// identify reads off a decision which transaction it is about, and the content that was decided on, 0 where it does not
// tell. Every decision of the stream passes here, so the form that the pipeline writes is looked at first.
func identify(event []byte) (k key, content uint32, ok bool) {
	id, rest, ok := member(event, `{"transaction_id":"`)
	if ok {
		var account []byte
		if account, rest, ok = member(rest, `,"account_id":"`); ok {
			k = key{string(account), string(id)}
			_, rest, ok = member(rest, `,"timestamp":"`)
		}
	}
	if !ok {
		return identifyAny(event)
	}
	if digits, _, ok := member(rest, `,"content":"`); ok {
		if content, err := scoring.ParseContent(string(digits)); err == nil {
			return k, content, true
		}
	}
	return k, 0, true
}

// member returns the text behind a prefix, which ends with its opening quotation mark, and what comes after it. It is
// not ok where there is something else, or text with an escape.
func member(text []byte, prefix string) (value, rest []byte, ok bool) {
	text, ok = bytes.CutPrefix(text, []byte(prefix))
	end := bytes.IndexByte(text, '"')
	if !ok || end < 0 || bytes.IndexByte(text[:end], '\\') >= 0 {
		return nil, nil, false
	}
	return text[:end], text[end+1:], true
}

// identifyAny does it for a decision of any form.
func identifyAny(event []byte) (k key, content uint32, ok bool) {
	var d struct {
		TransactionID string `json:"transaction_id"`
		AccountID     string `json:"account_id"`
		Content       string `json:"content"`
	}
	if json.Unmarshal(event, &d) != nil || d.TransactionID == "" || d.AccountID == "" {
		return key{}, 0, false
	}
	if content, err := scoring.ParseContent(d.Content); err == nil {
		return key{d.AccountID, d.TransactionID}, content, true
	}
	return key{d.AccountID, d.TransactionID}, 0, true
}

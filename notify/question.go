package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Questions are what makes and takes the tokens by which account holders answer.
type Questions struct {
	url   string
	key   []byte
	valid time.Duration

	from reference // where the key is
}

// The errors of tokens.
var (
	ErrToken   = errors.New("it is no token of a question")
	ErrExpired = errors.New("the question has expired")
)

// leastKey is how long a key or secret must be, in bytes.
const leastKey = 16

// Open reads the key.
func (q *Questions) Open(lookup Lookup) error {
	key, err := q.from.resolve(lookup)
	if err == nil && len(key) < leastKey {
		err = fmt.Errorf("%s: the key must have %d bytes or more (openssl rand -hex 32)", q.from, leastKey)
	}
	if err != nil {
		return fmt.Errorf("answers.key: %w", err)
	}
	q.key = []byte(key)
	return nil
}

// ask begins a question, all but its token.
func (q *Questions) ask(now payment.Time) *question {
	return &question{Expires: now.Add(q.valid).String(), URL: q.url}
}

var tokenText = base64.RawURLEncoding

// Token returns what the answer to a question about an alert has to bear.
func (q *Questions) Token(alertID string, expires payment.Time) string {
	payload := tokenText.EncodeToString([]byte(alertID)) + "." + strconv.FormatInt(int64(expires), 10)
	return payload + "." + tokenText.EncodeToString(q.sign(payload))
}

func (q *Questions) sign(payload string) []byte {
	h := hmac.New(sha256.New, q.key)
	h.Write([]byte("weir answer v1\n" + payload)) // a hash takes in everything
	return h.Sum(nil)
}

// Alert returns the alert that a token is about.
func (q *Questions) Alert(token string, now payment.Time) (string, error) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || len(q.key) == 0 {
		return "", ErrToken
	}
	mac, err := tokenText.DecodeString(token[i+1:])
	if err != nil || !hmac.Equal(mac, q.sign(token[:i])) {
		return "", ErrToken
	}
	id, expiry, _ := strings.Cut(token[:i], ".")
	alert, err := tokenText.DecodeString(id)
	if err != nil {
		return "", ErrToken
	}
	expires, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil {
		return "", ErrToken
	}
	if now >= payment.Time(expires) {
		return "", ErrExpired
	}
	return string(alert), nil
}

// complete gives a question its token.
func (q *Questions) complete(v *event) error {
	if v.Question == nil {
		return nil
	}
	if v.Alert == nil {
		return errors.New("a question without an alert")
	}
	expires, err := payment.ParseTime(v.Question.Expires)
	if err != nil {
		return err
	}
	v.Question.Token = q.Token(v.Alert.ID, expires)
	return nil
}

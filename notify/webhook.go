package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/weir-fraud/weir/web"
)

const (
	webhookLimit = 10 * time.Second // that a receiver has to answer
	mostAnswer   = 16 << 10         // of an answer is read, so that the connection can be used again
	longestAsked = time.Hour        // that a receiver may ask to be left alone for
)

// Signature returns the header Weir-Signature of a webhook that is sent at a time.
func Signature(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(t + ".")) // a hash takes in everything
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// webhook is a receiver of signed requests.
type webhook struct {
	route  *route
	url    string
	secret []byte
	client *http.Client
	now    func() time.Time
}

// checkWebhook holds that nobody on the way can read what is sent.
func checkWebhook(address string, insecure bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must be an https address, or say where it is: env:NAME or file:PATH")
	case u.Scheme == "http" && !insecure && !web.Loopback(hostPort(u)):
		return errors.New("must be an https address; insecure: true allows http")
	}
	return nil
}

// hostPort returns what a URL leads to.
func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

func openWebhook(e *route, lookup Lookup, client *http.Client, now func() time.Time) (*webhook, error) {
	secret, err := e.secret.resolve(lookup)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	if len(secret) < leastKey {
		return nil, fmt.Errorf("secret: %s: it must have %d bytes or more (openssl rand -hex 32)", e.secret, leastKey)
	}
	address := e.webhook
	if r, err := parseReference(address); err == nil {
		if address, err = r.resolve(lookup); err != nil {
			return nil, fmt.Errorf("webhook: %w", err)
		}
		if err := checkWebhook(address, e.insecure); err != nil {
			return nil, fmt.Errorf("webhook: %s: it %w", r, err)
		}
	}
	return &webhook{route: e, url: address, secret: []byte(secret), client: client, now: now}, nil
}

// newWebhookClient returns a client that goes where it is told and nowhere else.
func newWebhookClient() *http.Client {
	return &http.Client{
		Timeout:       webhookLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// content returns the body of a webhook.
func (e *route) content(v *event) ([]byte, error) {
	if e.body == nil {
		return v.json(), nil
	}
	text, err := render(e.body, v, asIs, mostBody)
	if err == nil && !json.Valid([]byte(text)) {
		err = errors.New("the body is not legal JSON: write texts as {{json .alert.reason}}")
	}
	return []byte(text), err
}

// refusal is an answer that says when to come again.
type refusal struct {
	error
	wait time.Duration
}

func (w *webhook) send(ctx context.Context, v *event) error {
	body, err := w.route.content(v)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return unaddressed(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Weir")
	r.Header.Set("Weir-Delivery", v.ID)
	r.Header.Set("Weir-Event", v.Event)
	r.Header.Set("Weir-Signature", Signature(w.secret, w.now(), body))
	answer, err := w.client.Do(r)
	if err != nil {
		return unaddressed(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, mostAnswer) // what it says is of no interest
	if answer.StatusCode/100 == 2 {
		return nil
	}
	// The status alone: what an answer says may repeat what it was sent.
	err = fmt.Errorf("answered with %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	if answer.StatusCode/100 == 3 {
		err = fmt.Errorf("%w: redirects are not followed", err)
	}
	if seconds, wrong := strconv.ParseUint(strings.TrimSpace(answer.Header.Get("Retry-After")), 10, 31); wrong == nil {
		return &refusal{err, min(time.Duration(seconds)*time.Second, longestAsked)}
	}
	return err
}

// unaddressed returns an error of net/http's without the address.
func unaddressed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return errors.New("there was no answer in time")
		}
		return u.Err
	}
	return err
}

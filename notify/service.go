package notify

import (
	"context"
	"errors"
	"fmt"
	"html"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/weir-fraud/weir/web"
)

const serviceLimit = 30 * time.Second // that a service has for a message

// service is a destination by way of shoutrrr.
type service struct {
	route   *route
	kind    string
	sender  types.Service
	secrets []string // parts of its address, which no error may tell
	escape  func(string) string

	turn chan struct{} // full while a message is under way: the library cannot be told to stop
}

// escapes are the services that there are, and what makes texts of others harmless in them: the name of a merchant must not
// address a whole channel, nor be a link.
var escapes = map[string]func(string) string{
	"slack": strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace,
	"teams": func(s string) string { return markdown.ReplaceAllString(html.EscapeString(s), `\$0`) },
	"smtp":  asIs,
}

var markdown = regexp.MustCompile("[\\\\`*_\\[\\]#~|!]")

func openService(e *route, lookup Lookup) (*service, error) {
	address, err := e.service.resolve(lookup)
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("service: %s: it is no URL", e.service)
	}
	s := &service{route: e, kind: u.Scheme, escape: escapes[u.Scheme], turn: make(chan struct{}, 1)}
	if s.escape == nil {
		return nil, fmt.Errorf("service: %s: it must begin with slack://, teams:// or smtp://", e.service)
	}
	if s.kind == "smtp" {
		s.prepareMail(u)
	}
	s.secrets = partsOf(u)
	var locator router.ServiceRouter
	if s.sender, err = locator.Locate(u.String()); err != nil {
		return nil, fmt.Errorf("service: %s: %s", e.service, s.redact(err))
	}
	return s, nil
}

// prepareMail makes TLS a condition where the file says nothing of it, and texts harmless where the mail is HTML.
func (s *service) prepareMail(u *url.URL) {
	q := u.Query()
	if is(q, "usehtml") {
		s.escape = html.EscapeString
	}
	if !web.Loopback(hostPort(u)) && !has(q, "requirestarttls") && !strings.EqualFold(value(q, "encryption"), "ImplicitTLS") && u.Port() != "465" {
		q.Set("requirestarttls", "yes")
		u.RawQuery = q.Encode()
	}
}

// value returns a value of a query by its name in whatever case, as the library reads it.
func value(q url.Values, name string) string {
	for key, values := range q {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func has(q url.Values, name string) bool { return value(q, name) != "" }

func is(q url.Values, name string) bool {
	switch strings.ToLower(value(q, name)) {
	case "yes", "true", "1":
		return true
	}
	return false
}

// words returns the title and the text of a message.
func (s *service) words(v *event) (title, text string, err error) {
	if title, err = render(s.route.title, v, s.escape, mostText); err == nil {
		text, err = render(s.route.text, v, s.escape, mostText)
	}
	return oneLine(title, mostTitle), text, err
}

func (s *service) send(ctx context.Context, v *event) error {
	title, text, err := s.words(v)
	if err != nil {
		return err
	}
	if s.kind == "smtp" {
		title = mime.QEncoding.Encode("utf-8", title) // a header
	}
	limit, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
	case <-limit.Done():
		return errors.New("the message before has not come to its end")
	}
	ended := make(chan error, 1)
	go func() {
		defer func() { <-s.turn }()
		ended <- s.sender.Send(text, &types.Params{types.TitleKey: title})
	}()
	select {
	case err := <-ended:
		if err != nil {
			return errors.New(s.redact(err))
		}
		return nil
	case <-limit.Done():
		return errors.New("there was no answer in time")
	}
}

var anyURL = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://\S+`)

// redact returns an error of the library's without addresses and without any part of this one.
func (s *service) redact(err error) string {
	text := anyURL.ReplaceAllString(oneLine(err.Error(), 2000), "(address)")
	for _, part := range s.secrets {
		text = strings.ReplaceAll(text, part, "(hidden)")
	}
	return clip(text, 300)
}

// partsOf returns what of a URL may be a secret or name a person, the longest first.
func partsOf(u *url.URL) (parts []string) {
	add := func(s string) {
		if len(s) >= 4 {
			parts = append(parts, s, url.QueryEscape(s), url.PathEscape(s))
		}
	}
	if u.Scheme != "smtp" { // elsewhere a token may stand there
		add(u.Hostname())
	}
	if u.User != nil {
		add(u.User.String())
		add(u.User.Username())
		password, _ := u.User.Password()
		add(password)
		for part := range strings.SplitSeq(password, "-") { // a token of Slack's in its parts
			add(part)
		}
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		add(part)
	}
	for _, values := range u.Query() {
		for _, v := range values {
			add(v)
			for part := range strings.SplitSeq(v, ",") { // receivers of an e-mail
				add(part)
			}
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	return parts
}

package control

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// The limits of an event. Sizes are in bytes of UTF-8.
const (
	MaxDocumentBytes = 1_000_000 // the JSON document: what a broker takes as it is shipped
	MaxByBytes       = 256
	MaxNoteBytes     = 4096
	MaxNameBytes     = 200 // names of models, policies, groups and versions
	MaxKeyBytes      = payment.MaxValueBytes
	MaxHistory       = 20
	MaxRefused       = 16
	MaxReasonBytes   = 4096

	mostFigure = 1e15
)

// The lists have names such as block:merchants.
var listForm = regexp.MustCompile(`^[a-z]+:[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// Error says why something is not a legal Event.
type Error struct {
	Field  string // a path such as history[0].model, empty for the whole event
	Reason string
}

// Error returns "control: digest: is missing".
func (e *Error) Error() string {
	if e.Field == "" {
		return "control: " + e.Reason
	}
	return "control: " + e.Field + ": " + e.Reason
}

func fault(field, format string, args ...any) error {
	return &Error{field, fmt.Sprintf(format, args...)}
}

// Digest returns the SHA-256 of a policy's text, in lower-case hexadecimal.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Validate returns nil if e is a legal event, else an *[Error]. What [Decode] returns is legal; an Event that is to be written
// has to pass here.
func (e *Event) Validate() error {
	contents := 0
	for _, set := range []bool{e.Model != nil, e.Policy != nil, e.Entry != nil, e.Status != nil} {
		if set {
			contents++
		}
	}
	if contents != 1 {
		return fault("kind", "there are %d contents, and an event has one", contents)
	}
	err := first(checkTime("timestamp", e.Time), checkName("by", e.By, MaxByBytes), checkText("note", e.Note, MaxNoteBytes))
	switch {
	case err != nil:
	case e.Model != nil:
		err = e.Model.validate()
	case e.Policy != nil:
		err = e.Policy.validate()
	case e.Entry != nil:
		err = e.Entry.validate()
	case e.Status != nil:
		err = e.Status.validate()
	}
	if err != nil {
		return err
	}
	// Escapes can make a document longer than the limits of its fields suggest.
	if n := len(e.AppendJSON(nil)); n > MaxDocumentBytes {
		return tooLong("", n, MaxDocumentBytes)
	}
	return nil
}

func (m *Model) validate() error {
	if err := checkModel("", m.ID, m.Digest); err != nil {
		return err
	}
	if len(m.History) > MaxHistory {
		return fault("history", "has %d models, at most %d are allowed", len(m.History), MaxHistory)
	}
	for i, p := range m.History {
		path := fmt.Sprintf("history[%d].", i)
		if err := first(checkModel(path, p.ID, p.Digest), checkTime(path+"timestamp", p.Time), checkName(path+"by", p.By, MaxByBytes)); err != nil {
			return err
		}
	}
	return nil
}

// checkModel keeps ids from pointing outside of the models directory.
func checkModel(path, id, digest string) error {
	if err := scoring.ValidateID(id); err != nil {
		return fault(path+"model", "%v", err)
	}
	return checkDigest(path+"digest", digest)
}

func (p *Policy) validate() error {
	if err := first(checkName("version", p.Version, MaxNameBytes), checkDigest("digest", p.Digest), checkText("text", p.Text, MaxDocumentBytes)); err != nil {
		return err
	}
	if have := Digest(p.Text); have != p.Digest {
		return fault("digest", "is %s, and the text's is %s: one of them was changed", p.Digest, have)
	}
	return nil
}

func (n *Entry) validate() error {
	if !listForm.MatchString(n.List) {
		return fault("list", "%s is no list's name; one is such as block:merchants", payment.Quote(n.List))
	}
	if n.Until != payment.MaxTime {
		if err := checkTime("until", n.Until); err != nil {
			return err
		}
	}
	return checkName("key", n.Key, MaxKeyBytes)
}

func (s *Status) validate() error {
	if s.Applied < 0 {
		return fault("applied", "is %d, and an offset is not negative", s.Applied)
	}
	if len(s.Refused) > MaxRefused {
		return fault("refused", "has %d elements, at most %d are allowed", len(s.Refused), MaxRefused)
	}
	for i, r := range s.Refused {
		path := fmt.Sprintf("refused[%d].", i)
		if r.What != kindModel && r.What != kindPolicy {
			return fault(path+"what", "%s is neither model nor policy", payment.Quote(r.What))
		}
		if err := first(checkActive(path, Name{r.Name, r.Digest}), checkText(path+"reason", r.Reason, MaxReasonBytes)); err != nil {
			return err
		}
		if r.Reason == "" {
			return missing(path + "reason")
		}
	}
	if err := s.Figures.validate(); err != nil {
		return err
	}
	return first(checkName("group", s.Group, MaxNameBytes), checkText("version", s.Version, MaxNameBytes),
		checkActive("model.", s.Model), checkActive("policy.", s.Policy))
}

// validate holds that figures are numbers that can be: JSON has no others.
func (f *Figures) validate() error {
	if f == nil {
		return nil
	}
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"lag", float64(f.Lag)}, {"lag_seconds", f.LagSeconds}, {"rate", f.Rate}, {"p50_ms", f.P50}, {"p99_ms", f.P99}, {"dead_letters", float64(f.DeadLetters)},
	} {
		if !(x.value >= 0 && x.value <= mostFigure) {
			return fault("figures."+x.name, "is %v: it must be 0 or more", x.value)
		}
	}
	return nil
}

func checkActive(path string, n Name) error {
	if n.Digest != "" {
		if err := checkDigest(path+"digest", n.Digest); err != nil {
			return err
		}
	}
	return checkName(path+"name", n.Name, MaxNameBytes)
}

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkTime(field string, t payment.Time) error {
	if t < payment.MinTime || t >= payment.MaxTime {
		return fault(field, "%s is outside %s … %s (exclusive)", t, payment.MinTime, payment.MaxTime)
	}
	return nil
}

func checkDigest(field, s string) error {
	if s == "" {
		return missing(field)
	}
	if len(s) != 2*sha256.Size || strings.Trim(s, "0123456789abcdef") != "" {
		return fault(field, "%s is no SHA-256 in lower-case hexadecimal", payment.Quote(s))
	}
	return nil
}

// checkName checks text that others store, print and compare: it has no control characters.
func checkName(field, s string, most int) error {
	if s == "" {
		return missing(field)
	}
	if err := checkText(field, s, most); err != nil {
		return err
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fault(field, "has the control character %U at byte %d", r, i)
	}
	return nil
}

// checkText checks text that is free but for the zero character.
func checkText(field, s string, most int) error {
	switch {
	case len(s) > most:
		return tooLong(field, len(s), most)
	case !utf8.ValidString(s):
		return fault(field, "is not valid UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		return fault(field, "has the zero character")
	}
	return nil
}

func missing(field string) error { return fault(field, "is missing") }

func tooLong(field string, size, most int) error {
	return fault(field, "has %d bytes, at most %d are allowed", size, most)
}

package forest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/weir-fraud/weir/payment"
)

const (
	maxNesting    = 64      // how deep the values of a JSON model may nest; XGBoost needs eight levels
	maxParameters = 32      // keys of an object of parameters
	maxText       = 1 << 16 // bytes of a text that is read
)

// jsonReader reads JSON from where it stands, value by value. It keeps nothing of what it passes, so that a file costs
// memory by what its reader takes from it. A copy goes on from the same place.
type jsonReader struct {
	data  []byte
	at    int
	depth int
}

// errorf is an error at the place where the reader stands.
func (r *jsonReader) errorf(format string, arguments ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{r.at}, arguments...)...)
}

// peek skips blanks and returns the byte that follows, or 0 at the end of the file.
func (r *jsonReader) peek() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// take passes the byte c, which must follow.
func (r *jsonReader) take(c byte) error {
	if r.peek() != c {
		if r.at == len(r.data) {
			return r.errorf("the file is cut off; copy it again")
		}
		return r.errorf("%q instead of %q; the file is damaged, copy it again", r.data[r.at], c)
	}
	r.at++
	return nil
}

// end holds that nothing follows.
func (r *jsonReader) end() error {
	if r.peek(); r.at < len(r.data) {
		return r.errorf("there is text after the JSON object; the file is damaged, copy it again")
	}
	return nil
}

// list reads what stands between open and close, parted by commas.
func (r *jsonReader) list(open, end byte, element func() error) error {
	if r.depth == maxNesting {
		return r.errorf("values nest deeper than %d levels; this is not a model that XGBoost wrote", maxNesting)
	}
	if err := r.take(open); err != nil {
		return err
	}
	if r.peek() == end {
		r.at++
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	for {
		if err := element(); err != nil {
			return err
		}
		if r.peek() != ',' {
			return r.take(end)
		}
		r.at++
	}
}

// array reads an array of at most limit elements.
func (r *jsonReader) array(limit int, element func() error) error {
	n := 0
	return r.list('[', ']', func() error {
		if n++; n > limit {
			return r.errorf("a list has more than %d values, which are allowed; train a smaller model, or raise the limit", limit)
		}
		return element()
	})
}

func (r *jsonReader) object(member func(key string) error) error {
	return r.list('{', '}', func() error {
		key, err := r.text()
		if err != nil {
			return err
		}
		if err := r.take(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// fields reads an object whose keys are all known, none twice: one that is not could change what the trees mean.
func (r *jsonReader) fields(known map[string]func() error) error {
	return r.object(func(key string) error {
		read, ok := known[key]
		switch {
		case !ok:
			return r.errorf("the key %s is not one that XGBoost 1 to 3 writes, and may change what the trees mean; "+
				"save the model with a version up to 3", payment.Quote(key))
		case read == nil:
			return r.errorf("the key %s stands there twice; save the model again", payment.Quote(key))
		}
		known[key] = nil
		if err := read(); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
}

// text reads a string.
func (r *jsonReader) text() (string, error) {
	quoted, escaped, err := r.quoted()
	switch {
	case err != nil:
		return "", err
	case len(quoted) > maxText:
		return "", r.errorf("a text has more than %d bytes; this is not a model that XGBoost wrote", maxText)
	case !escaped:
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", r.errorf("%w", err)
	}
	return s, nil
}

// quoted passes a string, and tells whether there are escapes in it.
func (r *jsonReader) quoted() (quoted []byte, escaped bool, err error) {
	if err := r.take('"'); err != nil {
		return nil, false, err
	}
	for begin := r.at - 1; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; {
		case c == '\\':
			escaped = true
			r.at++
		case c < ' ':
			return nil, false, r.errorf("a control character in a string; the file is damaged, copy it again")
		case c == '"':
			r.at++
			return r.data[begin:r.at], escaped, nil
		}
	}
	r.at = len(r.data)
	return nil, false, r.errorf("the file is cut off; copy it again")
}

// word reads a number, true, false, null, or one of XGBoost's NaN and Infinity. What it spells is its reader's to judge.
func (r *jsonReader) word() ([]byte, error) {
	r.peek()
	begin := r.at
	for r.at < len(r.data) {
		c := r.data[r.at]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '+' && c != '.' {
			break
		}
		r.at++
	}
	w := r.data[begin:r.at]
	switch {
	case r.at == len(r.data):
		return nil, r.errorf("the file is cut off; copy it again")
	case len(w) == 0:
		return nil, r.errorf("%q where a value should stand; the file is damaged, copy it again", r.data[r.at])
	}
	switch string(w) {
	case "true", "false", "null", "NaN", "Infinity", "-Infinity":
	default:
		if !isNumber(w) {
			return nil, r.errorf("%s where a value should stand; the file is damaged, copy it again", payment.Quote(string(w)))
		}
	}
	return w, nil
}

// isNumber holds w against the grammar of JSON, which is narrower than that of strconv.
func isNumber(w []byte) bool {
	digits := func() int {
		n := 0
		for n < len(w) && '0' <= w[n] && w[n] <= '9' {
			n++
		}
		w = w[n:]
		return n
	}
	w = bytes.TrimPrefix(w, []byte("-"))
	zero := len(w) > 0 && w[0] == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		return false
	}
	if len(w) > 0 && w[0] == '.' {
		if w = w[1:]; digits() == 0 {
			return false
		}
	}
	if len(w) > 0 && w[0]|0x20 == 'e' {
		if w = w[1:]; len(w) > 0 && (w[0] == '+' || w[0] == '-') {
			w = w[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return len(w) == 0
}

// skip passes a value of any kind.
func (r *jsonReader) skip() error {
	var err error
	switch r.peek() {
	case '{':
		err = r.list('{', '}', func() error {
			if _, _, err := r.quoted(); err != nil {
				return err
			}
			if err := r.take(':'); err != nil {
				return err
			}
			return r.skip()
		})
	case '[':
		err = r.list('[', ']', r.skip)
	case '"':
		_, _, err = r.quoted()
	default:
		_, err = r.word()
	}
	return err
}

// later passes a value and keeps in place a reader that stands before it.
func (r *jsonReader) later(place *jsonReader) func() error {
	return func() error {
		r.peek()
		*place = *r
		return r.skip()
	}
}

// parameters reads an object of strings, which is how XGBoost writes numbers that it does not compute with.
func (r *jsonReader) parameters(into map[string]string) func() error {
	return func() error {
		return r.object(func(key string) error {
			if len(into) == maxParameters {
				return r.errorf("there are more than %d keys; this is not a model that XGBoost wrote", maxParameters)
			}
			value, err := r.text()
			if err != nil {
				return err
			}
			if _, twice := into[key]; twice {
				return r.errorf("the key %s stands there twice; save the model again", payment.Quote(key))
			}
			into[key] = value
			return nil
		})
	}
}

package alerts

import (
	"math"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// template is a sentence with places for values: {mean_30d:money}.
type template struct {
	pieces []piece // a text, then the place behind it
	end    string  // the text behind the last place
}

// piece is a text and the place that follows it.
type piece struct {
	text string
	name string // of a field of the transaction or of a feature
	form form
	noun string // of formCount

	feature int // position of the feature, -1 for a field
}

// form is how a feature's value is worded.
type form uint8

const (
	formNumber   form = iota
	formMoney         // an amount in the reporting currency
	formPercent       // a share
	formDuration      // of seconds
	formHours         // a duration of hours
	formCount         // of things, with a noun
)

var formNames = []string{"money", "percent", "duration", "hours", "count NOUN"}

// parseTemplate reads a sentence. Its error is the reason alone.
func parseTemplate(source string) (template, error) {
	var t template
	for {
		text, rest, found := strings.Cut(source, "{")
		if strings.Contains(text, "}") {
			return t, mistakef("a } without a { before it")
		}
		if !found {
			t.end = text
			return t, nil
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed || strings.Contains(inner, "{") {
			return t, mistakef("a { without its }: a value is written {NAME} or {NAME:FORM}")
		}
		p := piece{text: text, feature: -1}
		var shape string
		p.name, shape, _ = strings.Cut(inner, ":")
		var ok bool
		if p.form, p.noun, ok = parseForm(shape); !ok || p.name == "" {
			return t, mistakef("{%s}: a value is written {NAME} or {NAME:FORM}, with FORM one of %s", inner, strings.Join(formNames, ", "))
		}
		t.pieces, source = append(t.pieces, p), after
	}
}

func parseForm(shape string) (form, string, bool) {
	if noun, ok := strings.CutPrefix(shape, "count "); ok && noun != "" {
		return formCount, noun, true
	}
	switch shape {
	case "":
		return formNumber, "", true
	case "money":
		return formMoney, "", true
	case "percent":
		return formPercent, "", true
	case "duration":
		return formDuration, "", true
	case "hours":
		return formHours, "", true
	}
	return 0, "", false
}

// fieldNames are the fields of a transaction that a sentence may name, besides its attributes.
var fieldNames = []string{"payment", "type", "currency", "merchant", "category", "time", "weekday", "reporting"}

// attributePrefix stands before the name of an attribute.
const attributePrefix = "attributes."

// render words the sentence, or returns false where something in it is missing.
func (t *template) render(s *subject, v features.Vector) (string, bool) {
	var b strings.Builder
	for i := range t.pieces {
		p := &t.pieces[i]
		var word string
		if p.feature < 0 {
			word = s.field(p.name)
		} else {
			word = s.figure(p, v[p.feature])
		}
		if word == "" {
			return "", false
		}
		b.WriteString(p.text)
		b.WriteString(word)
	}
	b.WriteString(t.end)
	return b.String(), true
}

// field words a field of the transaction, "" where it is missing.
func (s *subject) field(name string) string {
	switch name {
	case "payment":
		return s.own(s.amount)
	case "type":
		return s.tx.Type.String()
	case "currency":
		return s.tx.Currency.Code()
	case "merchant":
		return s.tx.Merchant.Name
	case "category":
		return s.tx.Merchant.Category
	case "time":
		return s.tx.Time.Std().Format("15:04 UTC")
	case "weekday":
		return s.tx.Time.Std().Weekday().String()
	case "reporting":
		return s.reporting.Code()
	}
	value, _ := s.tx.Attribute(strings.TrimPrefix(name, attributePrefix))
	return value
}

// figure words the value of a feature, "" where it is missing or beyond any legal figure.
func (s *subject) figure(p *piece, x float64) string {
	if !legal(x) {
		return ""
	}
	switch p.form {
	case formMoney:
		return s.money(x)
	case formPercent:
		return number(100*x) + " %"
	case formDuration:
		return elapsed(x)
	case formHours:
		return elapsed(x * 3600)
	case formCount:
		return counted(x, p.noun)
	}
	return number(x)
}

// legal reports whether x is there, and within what amounts and all that is made of them can be.
func legal(x float64) bool { return math.Abs(x) <= float64(payment.MaxAmount) }

// number words x as a person would say it: whole numbers as they are, others with two significant digits.
func number(x float64) string {
	switch size := math.Abs(x); {
	case x == math.Trunc(x):
		return decimal(x+0, 0) // never -0
	case size >= 9.95:
		return decimal(x, 0)
	case size >= 0.1:
		return decimal(x, 1)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

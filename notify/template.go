package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"unicode"
)

// The words of routes that have none of their own. They name no account, no merchant and no person: they leave the house.
var (
	defaultTitles = map[string]string{
		onAlert:  `{{.alert.severity}} alert: {{.alert.reason}}`,
		onQueue:  `{{.queue.cases}} cases wait for review`,
		onBehind: `Decisions are behind`,
	}
	defaultTexts = map[string]string{
		onAlert:  `{{.alert.transaction.amount}} {{.alert.transaction.currency}}, {{.alert.action}}. Alert {{.alert.alert_id}}`,
		onQueue:  `The longest has waited for {{.queue.waiting_seconds}} seconds.`,
		onBehind: `{{.behind.records}} records of group {{.behind.group}} are not decided, some for {{.behind.seconds}} seconds or longer.`,
	}
)

const (
	mostTitle = 250
	mostText  = 16 << 10
	mostBody  = 256 << 10
)

// parseTemplate reads a template over an event's JSON. A field that is not there is an error.
func parseTemplate(name, text string) (*template.Template, error) {
	return template.New(name).Option("missingkey=error").Funcs(template.FuncMap{"json": inJSON}).Parse(text)
}

// inJSON writes a value as JSON, for templates of bodies.
func inJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// render fills a template in with an event; escape is what the place that it goes to needs done to texts of others.
func render(t *template.Template, v *event, escape func(string) string, most int) (string, error) {
	data, err := fields(v.json(), escape)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := t.Execute(&limited{&b, most}, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

// limited is a writer that refuses what is too much.
type limited struct {
	*bytes.Buffer
	left int
}

func (w *limited) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("it is too long")
	}
	return w.Buffer.Write(p)
}

// fields returns an event's JSON as templates see it: texts, whole numbers where they are, lists and objects.
func fields(body []byte, escape func(string) string) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var data map[string]any
	if err := d.Decode(&data); err != nil {
		return nil, fmt.Errorf("the event is not legal: %w", err)
	}
	for k, v := range data {
		data[k] = field(v, escape)
	}
	return data, nil
}

func field(value any, escape func(string) string) any {
	switch v := value.(type) {
	case string:
		return escape(v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		x, err := v.Float64()
		if err != nil { // beyond what a float holds, which no event has
			return v.String()
		}
		return x
	case []any:
		for i := range v {
			v[i] = field(v[i], escape)
		}
	case map[string]any:
		for k := range v {
			v[k] = field(v[k], escape)
		}
	}
	return value
}

func asIs(s string) string { return s }

// oneLine returns a text without anything that ends a line, as titles must be: a subject is a header of an e-mail.
func oneLine(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	return clip(text, most)
}

// clip cuts a text to so many bytes, and no character in two.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

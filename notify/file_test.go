package notify_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/notify"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/yamldoc"
)

// A mistake is told with its line and what to do.
func TestMistakes(t *testing.T) {
	const alert, to = "routes:\n- name: r\n  on: alert\n", "  webhook: https://bank.example/hook\n  secret: env:SECRET\n"
	for text, want := range map[string]string{
		"":                              "3: the file is empty", // no line: nothing is there
		"routes: []":                    "the file has no routes",
		"route: []":                     `2: unknown key "route"`,
		alert:                           "3: route r needs either a webhook or a service",
		alert + to + "  service: env:S": "3: route r needs either",
		alert + "  webhook: https://bank.example/hook\n":                                               "3: route r: a webhook needs a secret",
		alert + "  webhook: http://bank.example/hook\n  secret: env:S":                                 "5: route r: webhook must be an https address; insecure: true",
		alert + "  webhook: ftp://bank.example\n  secret: env:S":                                       "5: route r: webhook must be an https address",
		alert + to + "  secret: swordfish1234567":                                                      "mapping key",
		alert + "  webhook: https://bank.example\n  secret: swordfish":                                 "6: secret: must say where the secret is: env:NAME or file:PATH",
		alert + "  service: slack://hook:swordfish@webhook":                                            "5: service: must say where the secret is",
		alert + "  service: env:S\n  body: x":                                                          "6: route r: body is for a webhook",
		alert + to + "  title: x":                                                                      "7: route r: title is for a service",
		alert + to + "  over: {cases: 3}":                                                              "route r: over is nothing for on: alert",
		alert + to + "  where: {severity: huge}":                                                       "where.severity: must be low, medium or high",
		alert + to + "  where: {action: approve}":                                                      `where.action: "approve" is not one of review or decline`,
		alert + to + "  where: {currency: [USD, XXY]}":                                                 `where.currency: "XXY" is not one of`,
		alert + to + "  where: {score: 1.5}":                                                           "where.score: must be a number of 0 to 1",
		alert + to + "  max_age: 8d":                                                                   "max_age: must be a time of",
		alert + to + "  body: '{{.alert.raeson}}'":                                                     `7: route r: template: body:1:8: executing "body" at <.alert.raeson>: map has no entry for key "raeson"`,
		alert + to + "  body: '{{if}}'":                                                                "7: template: body",
		alert + to + "  body: '{{.alert.reason}}'":                                                     "7: route r: the body is not legal JSON",
		alert + to + "  body: '{\"x\": {{.alert.score}}}'":                                             "7: route r: where an alert has no score and no merchant: the body is not legal JSON",
		alert + "  name: s\n":                                                                          "mapping key",
		strings.Replace(alert, "alert", "queue", 1) + to:                                               "3: route r: a queue needs over: with cases, waiting or both",
		strings.Replace(alert, "alert", "queue", 1) + to + "  over: {records: 3}":                      "3: route r: a queue needs over",
		strings.Replace(alert, "alert", "queue", 1) + to + "  over: {cases: 3}\n  where: {score: 0.5}": "8: route r: a queue has no other filter than severity",
		strings.Replace(alert, "alert", "behind", 1) + to + "  over: {cases: 3}":                       "3: route r: behind needs over: with records, time or both",
		strings.Replace(alert, "alert", "question", 1) + to:                                            "3: route r: a question needs answers",
		"answers: {url: http://bank.example/x, key: env:KEY}\n":                                        "2: answers.url: must be the https address",
		"answers: {url: https://bank.example/x}\n":                                                     "2: answers: needs a key",
		alert + to + "- name: r\n  on: alert\n" + to:                                                   `7: there is another route "r" above`,
		alert + "  service: env:S\n- name: '../x'\n  on: alert\n":                                      "6: a route needs a name of letters",
	} {
		_, err := notify.Parse("notify.yaml", []byte("format: 1\n"+text))
		var mistake *yamldoc.Error
		if text == "" {
			_, err = notify.Parse("notify.yaml", nil)
			want = "the file is empty"
		}
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis refused with\n%v\nand not %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "swordfish") && !strings.Contains(want, "mapping key") {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

func TestSecretsThatAreNotThere(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.secrets["PLAIN"], p.secrets["ODD"], p.secrets["BAD"], p.secrets["EMPTY"] = "http://bank.example", "logger://", "slack://swordfish@webhook", " "
	const to = ", on: alert, webhook: 'https://bank.example', secret: "
	r := p.routes("answers: {url: 'https://bank.example', key: 'env:NOKEY'}\nroutes:\n  - {name: a" + to + "'env:NONE'}\n  - {name: b" + to + "'file:" + short + "'}\n" +
		"  - {name: c, on: alert, webhook: 'env:PLAIN', secret: 'env:SECRET'}\n  - {name: d, on: alert, service: 'env:ODD'}\n  - {name: e, on: alert, service: 'env:BAD'}\n" +
		"  - {name: f" + to + "'env:EMPTY'}\n  - {name: g" + to + "'file:/nowhere'}\n")
	_, err := notify.NewSender(r, p.lookup, p.db, &p.stats, p.logger(), p.now, func() float64 { return 0 })
	if err == nil {
		t.Fatal("nothing is missed")
	}
	for _, want := range []string{
		"answers.key: env:NOKEY: the environment variable is not set", "route a: secret: env:NONE: the environment variable is not set", "route b: secret: file:" + short + ": it must have 16 bytes",
		"route c: webhook: env:PLAIN: it must be an https address", "route d: service: env:ODD: it must begin with slack://, teams:// or smtp://", "route e: service: env:BAD: ",
		"route f: secret: env:EMPTY: the secret is empty", "route g: secret: open /nowhere",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "swordfish") {
		t.Errorf("a secret is told: %v", err)
	}
}

func TestFilters(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	for where, want := range map[string]string{
		"":                                       "plain severe small bare",
		"where: {severity: medium}":              "severe",
		"where: {action: [decline]}":             "severe",
		"where: {action: decline}":               "severe",
		"where: {currency: [EUR, JPY]}":          "small",
		"where: {type: withdrawal}":              "small",
		"where: {category: toys}":                "plain severe",
		"where: {mark: [a, unusual_amount]}":     "severe",
		"where: {score: 0.9}":                    "severe",
		"where: {at_risk: 100}":                  "plain severe",
		"where: {at_risk: 100, score: 0.2}":      "plain severe",
		"where: {severity: high, type: deposit}": "",
		"max_age: 2h":                            "plain severe small bare old",
	} {
		r := p.routes(webhook("https://bank.example", ", "+where))
		var got []string
		for _, name := range []string{"plain", "severe", "small", "bare", "old"} {
			a := alert(t, name, start)
			a.Severity, a.Score, a.Marks = scoring.Low, .5, nil
			switch name {
			case "severe":
				a.Severity, a.Score, a.Action, a.Marks = scoring.High, .95, scoring.Decline, []string{"unusual_amount"}
			case "small":
				eur, _ := payment.ParseCurrency("EUR")
				a.Transaction.Currency, a.Transaction.Type, a.Transaction.Merchant, a.MoneyAtRisk = eur, payment.Withdrawal, payment.Merchant{}, 1
			case "bare":
				*a = *alerts.New(alerts.Alert{ID: "bare", Timestamp: start, TransactionID: "t", AccountID: name, Action: scoring.Review})
			case "old":
				a.Timestamp = start.Add(-90 * time.Minute)
			}
			if list := r.Deliveries(a, start); len(list) > 0 {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v and not %s", where, got, want)
		}
	}
}

func TestOnlyAlertsThatOpenACase(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	r := p.routes(webhook("https://bank.example", ", new_cases: true"))
	second := alert(t, "A1", start)
	second.ID = "second"
	p.take(r, alert(t, "A1", start), second)
	if d := p.only(); d.Subject != "alert-A1" {
		t.Errorf("%+v", d)
	}
}

package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/evaluation/report"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

var usd, _ = payment.ParseCurrency("USD")

const day = 24 * 60 * 60 * 1000

// randomReport makes a replay of n transactions over the given days, some with labels and patterns.
func randomReport(rng *rand.Rand, n, days int) *report.Report {
	r := &report.Report{
		Inputs: []string{"traffic.jsonl.zst"}, Took: 1500 * time.Millisecond, Currency: usd,
		Model:  &scoring.Manifest{ID: "cards/test"},
		Policy: report.Policy{Version: "manifest", Review: 0.5 * rng.Float64(), Decline: 0.5 + 0.5*rng.Float64()},
		Alerts: report.TopAlerts{Limit: 20},
	}
	if rng.IntN(3) == 0 {
		r.Policy.Decline = scoring.Never()
	}
	sharp, labelled := 8*rng.Float64(), rng.IntN(4)
	c := evaluation.NewCollector(100)
	for i := range n {
		s := evaluation.Sample{
			Time: payment.Time(rng.Int64N(int64(days) * day)), Account: rng.Uint32N(50), Amount: rng.Int64N(1e6), Priced: rng.IntN(50) > 0,
		}
		fraud := rng.IntN(20) == 0
		margin := 4*rng.NormFloat64() - 4
		if fraud {
			margin += sharp
		}
		s.Score = 1 / (1 + math.Exp(-margin))
		s.Alerted, s.Declined = s.Score >= r.Policy.Review, s.Score >= r.Policy.Decline
		if labelled > 0 && rng.IntN(labelled) == 0 {
			if s.Label = history.Legitimate; fraud {
				s.Label, s.Pattern = history.Fraud, []string{"", "card_testing", "cash_out"}[rng.IntN(3)]
			}
		}
		c.Add(&s)
		r.Counts.Rows++
		r.Counts.Fresh++
		r.Counts.Labels[s.Label]++
		if s.Alerted {
			r.Alerts.Add(alert(fmt.Sprint(s.Account), "Kiosk", &s, i))
		}
	}
	r.Result = c.Result()
	return r
}

func alert(account, merchant string, s *evaluation.Sample, i int) report.Alert {
	tx := &payment.Transaction{
		ID: fmt.Sprint("t", i), AccountID: account, Time: s.Time, Type: payment.Purchase, Amount: s.Amount, Currency: usd,
		Merchant: payment.Merchant{Name: merchant},
	}
	return report.Alert{
		Alert: alerts.New(alerts.Alert{
			TransactionID: tx.ID, AccountID: account, Action: scoring.Review, Score: s.Score, Transaction: tx,
			Reasons: []alerts.Reason{{Code: alerts.NewMerchant, Text: "First transaction at " + merchant}},
		}),
		Label: s.Label, Pattern: s.Pattern,
	}
}

func page(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkPage holds what every page is: well-formed, of finite numbers, and in need of nothing else.
func checkPage(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
	}
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(text, -1) {
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
			t.Fatalf("a picture is no XML: %v\n%.300s", err, svg)
		}
	}
	for _, bad := range []string{"NaN", "Inf", "%!", "<script", "javascript:", "http:", "https:", "//", "src=", "href=", "url(", "@import", "ZgotmplZ"} {
		if i := strings.Index(text, bad); i >= 0 {
			t.Errorf("the page has %q: …%s…", bad, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

func TestAnyReplay(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		r := randomReport(rng, rng.IntN(3)*rng.IntN(400), 1+rng.IntN(3)*rng.IntN(1500))
		text := page(t, r)
		checkPage(t, text)
		if page(t, r) != text {
			t.Fatal("the same report gives another page")
		}
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "%!") {
			t.Fatalf("summary: %v\n%s", err, b.String())
		}
		b.Reset()
		if err := r.WriteJSON(&b); err != nil || !json.Valid(b.Bytes()) || bytes.Count(b.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("JSON summary: %v\n%s", err, b.String())
		}
	}
}

func TestHostileNames(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	const hostile = `"><script>alert('1')</script><img src=x onerror=alert(2)> & {{.Title}} </title></style>`
	r := randomReport(rng, 300, 20)
	c := evaluation.NewCollector(100)
	s := evaluation.Sample{Score: 0.9, Alerted: true, Label: history.Fraud, Pattern: hostile, Priced: true, Amount: 100}
	c.Add(&s)
	r.Result, r.Counts.Labels = c.Result(), evaluation.ByLabel{history.Fraud: 1}
	r.Inputs, r.Model.ID = []string{hostile}, hostile
	r.Alerts.List = nil
	a := alert(hostile, hostile, &s, 1)
	a.TransactionID, a.Transaction.ID, a.Transaction.Merchant.Category = hostile, hostile, hostile
	r.Alerts.Add(a)
	text := page(t, r)
	if n := strings.Count(text, "&lt;script&gt;"); n < 8 {
		t.Errorf("the hostile name is shown %d times", n)
	}
	for _, bad := range []string{"<script", "<img", "{{"} {
		if strings.Contains(strings.ReplaceAll(text, "{{.Title}}", ""), bad) {
			t.Errorf("the page has %q of a name", bad)
		}
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("JSON of a hostile name: %v", err)
	}
}

// known makes a report whose figures are told by hand: alerts on 2 of 3 frauds and 1 legitimate transaction.
func known() *report.Report {
	r := &report.Report{
		Inputs: []string{"a.csv", "b.csv"}, Took: 2 * time.Second, Currency: usd,
		Model: &scoring.Manifest{ID: "cards/test", Training: scoring.Window{
			From: time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC),
		}},
		Policy: report.Policy{Version: "manifest", Review: 0.5, Decline: 0.9}, Alerts: report.TopAlerts{Limit: 2},
		Counts: report.Counts{Rows: 5004, Rejected: 3, Fresh: 5004, Accounts: 4, Labels: evaluation.ByLabel{history.Unlabelled: 5000, history.Legitimate: 1, history.Fraud: 3}},
	}
	c := evaluation.NewCollector(100)
	from := payment.TimeOf(time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC))
	add := func(hours int, score float64, l history.Label, pattern string, amount int64) {
		s := evaluation.Sample{
			Time: from.Add(time.Duration(hours) * time.Hour), Account: uint32(hours), Score: score, Alerted: score >= 0.5, Declined: score >= 0.9,
			Label: l, Pattern: pattern, Amount: amount, Priced: true,
		}
		c.Add(&s)
		if s.Alerted {
			r.Alerts.Add(alert(fmt.Sprint("A", hours), "Kiosk", &s, hours))
		}
	}
	add(1, 0.95, history.Fraud, "cash_out", 100_000)
	add(2, 0.60, history.Legitimate, "", 700)
	add(30, 0.60, history.Fraud, "cash_out", 50_000)
	add(47, 0.10, history.Fraud, "leaked_card", 50_050)
	for range 5000 {
		c.Add(&evaluation.Sample{Time: from, Score: 0.01})
	}
	r.Result = c.Result()
	return r
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	if err := known().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `rows                        5,004
rejected                        3
scored                      5,004
duplicates                      0
conflicts                       0
late                            0
accounts                        4
frauds                          3   75.0 % of 4 labelled

days                          2.0   1 Apr 2018 – 2 Apr 2018
alerts                          3   1.5 a day, at scores from 0.500
declined                        1   of these, at scores from 0.900

average precision           0.806   a random score has 0.750
ROC AUC                     0.500   a random score has 0.500
card precision@100          0.015   of 0.015 at most, mean of 2 days
precision                  66.7 %   of the labelled alerts are fraud
recall                     66.7 %   of the frauds were alerted on
money caught               75.0 %   1,500.00 of 2,000.50 USD

fraud pattern                frauds    alerted    recall   money caught
cash_out                          2          2   100.0 %        100.0 %
leaked_card                       1          0     0.0 %          0.0 %

rows/s                      2,503   in 2.0 s
`
	if b.String() != want {
		t.Errorf("summary\n%s\nwant\n%s", b.String(), want)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := known().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var s struct {
		Inputs                   []string
		Rows, Rejected, Labelled int64
		From                     string
		Alerts                   int64
		AlertsPerDay             float64 `json:"alerts_per_day"`
		Precision                *float64
		Decline                  *float64
		CardPrecision            struct{ K, Days int } `json:"card_precision"`
		FraudAmount              struct {
			Total json.Number
		} `json:"fraud_amount"`
		Patterns []struct{ Pattern string }
	}
	if err := json.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Inputs) != 2 || s.Rows != 5004 || s.Rejected != 3 || s.Labelled != 4 || s.From != "2018-04-01T00:00:00Z" || s.Alerts != 3 ||
		s.AlertsPerDay < 1.5 || s.Precision == nil || s.Decline == nil || s.CardPrecision.K != 100 || s.FraudAmount.Total != "2000.50" ||
		len(s.Patterns) != 2 {
		t.Errorf("summary %s", b.String())
	}
	r := known()
	r.Policy.Decline, r.Result = scoring.Never(), evaluation.NewCollector(100).Result()
	b.Reset()
	if err := r.WriteJSON(&b); err != nil || !strings.Contains(b.String(), `"decline":null`) || !strings.Contains(b.String(), `"precision":null`) {
		t.Errorf("%v: what is not defined is not null: %s", err, b.String())
	}
}

func TestPageSaysWhatIsKnown(t *testing.T) {
	text := page(t, known())
	checkPage(t, text)
	for _, want := range []string{
		"<h1>a.csv, b.csv</h1>", "cards/test", "1 Apr 2018 – 2 Apr 2018", "3 rows rejected", "66.7 %", "2,000.50 USD", "cash_out",
		"review from 0.500, decline from 0.900", "1,000.00 USD", "First transaction at Kiosk", "no earlier payment",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "flatter") {
		t.Error("the page warns of a model that has not seen the period")
	}
	r := known()
	r.Model.Training.To = time.Date(2018, 4, 1, 12, 0, 0, 0, time.UTC)
	if !strings.Contains(page(t, r), "flatter") {
		t.Error("the page does not warn of a model that has seen the period")
	}
	text = page(t, r)
	if r.Took = time.Hour; page(t, r) != text {
		t.Error("the page depends on how long the replay took")
	}
}

func TestPageWithoutLabels(t *testing.T) {
	r := known()
	c := evaluation.NewCollector(100)
	c.Add(&evaluation.Sample{Score: 0.7, Alerted: true})
	c.Add(&evaluation.Sample{Score: 0.2})
	r.Result, r.Counts.Labels = c.Result(), evaluation.ByLabel{history.Unlabelled: 2}
	text := page(t, r)
	checkPage(t, text)
	for _, absent := range []string{"verage precision", "recall", "Fraud patterns", "probability"} {
		if strings.Contains(text[strings.Index(text, "</style>"):], absent) {
			t.Errorf("without labels the page speaks of %q", absent)
		}
	}
	for _, want := range []string{"Alerts over time", "Scores", "Other thresholds", "The highest scores"} {
		if !strings.Contains(text, want) {
			t.Errorf("without labels the page lacks %q", want)
		}
	}
}

func TestNothingScored(t *testing.T) {
	r := &report.Report{Inputs: []string{"empty.csv"}, Model: &scoring.Manifest{}, Result: evaluation.NewCollector(100).Result()}
	text := page(t, r)
	checkPage(t, text)
	if !strings.Contains(text, "No transaction is in the figures") {
		t.Error("the page does not say that nothing was scored")
	}
}

func TestTopAlerts(t *testing.T) {
	top := report.TopAlerts{Limit: 3}
	for i, a := range []struct {
		account string
		score   float64
	}{{"a", 0.5}, {"b", 0.7}, {"a", 0.6}, {"c", 0.6}, {"b", 0.7}, {"d", 0.6}, {"e", 0.1}, {"d", 0.9}, {"a", 0.2}} {
		top.Add(alert(a.account, "Kiosk", &evaluation.Sample{Score: a.score}, i))
	}
	var got []string
	for _, a := range top.List {
		got = append(got, fmt.Sprintf("%s %v %s", a.AccountID, a.Score, a.TransactionID))
	}
	if want := "d 0.9 t7, b 0.7 t1, a 0.6 t2"; strings.Join(got, ", ") != want {
		t.Errorf("top alerts %s, want %s", strings.Join(got, ", "), want)
	}
}

package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/evaluation/report"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files again")

// golden holds text against a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := "testdata/" + name
	if *rewrite {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s should be (go test ./evaluation/report -rewrite, if this is meant)\n%s\nand is\n%s", path, want, text)
	}
}

// comparison makes a champion and challengers of transactions, of which opinion gives the scores.
func comparison(names []string, review, decline float64) *report.Comparison {
	c := &report.Comparison{Inputs: []string{"a.csv"}, Took: 2 * time.Second, Currency: usd}
	for _, name := range names {
		c.Contenders = append(c.Contenders, report.Contender{Model: &scoring.Manifest{ID: name}, Bands: scoring.Bands{Review: review, Decline: decline}})
	}
	return c
}

// knownComparison makes one whose figures are told by hand.
func knownComparison() *report.Comparison {
	c := comparison([]string{"cards/a", "cards/b"}, 0.5, 0.9)
	c.Contenders[1].Bands = scoring.Bands{Review: 0.3, Decline: scoring.Never()}
	c.Contenders[1].Model.Training = scoring.Window{
		From: time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2018, 4, 1, 12, 0, 0, 0, time.UTC),
	}
	all := evaluation.NewComparer(2, 100)
	from := payment.TimeOf(time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC))
	add := func(hours int, a, b float64, l history.Label, amount int64) {
		s := evaluation.Sample{Time: from.Add(time.Duration(hours) * time.Hour), Account: uint32(hours), Label: l, Amount: amount, Priced: true}
		all.Add(&s, []evaluation.Opinion{{Score: a, Alerted: a >= 0.5, Declined: a >= 0.9}, {Score: b, Alerted: b >= 0.3}})
		c.Counts.Rows++
		c.Counts.Fresh++
		c.Counts.Labels[l]++
	}
	add(1, 0.95, 0.8, history.Fraud, 100_000)
	add(2, 0.6, 0.1, history.Legitimate, 700)
	add(3, 0.1, 0.4, history.Legitimate, 700)
	add(30, 0.6, 0.2, history.Fraud, 50_000)
	add(40, 0.2, 0.7, history.Fraud, 1_250)
	add(47, 0.1, 0.1, history.Fraud, 50_050)
	for range 1000 {
		add(0, 0.01, 0.02, history.Unlabelled, 100)
	}
	c.Result = all.Result()
	return c
}

func TestComparisonGoldens(t *testing.T) {
	c := knownComparison()
	var text, line bytes.Buffer
	if err := c.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "comparison.txt", text.String())
	if err := c.WriteJSON(&line); err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, line.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "comparison.json", indented.String())
}

func comparisonPage(t *testing.T, c *report.Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestComparisonPageSaysWhatIsKnown(t *testing.T) {
	c := knownComparison()
	text := comparisonPage(t, c)
	checkPage(t, text)
	for _, want := range []string{
		"<h1>cards/a and cards/b</h1>", "1 Apr 2018 – 2 Apr 2018", "<bdi>cards/a alone</bdi>", "<bdi>cards/b alone</bdi>",
		"1,000.00 USD", "12.50 USD", "cards/b was made from payments of this period", `class="outline series1"`, "Recall with as many alerts",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "cards/a was made from") {
		t.Error("the page warns of a model that has not seen the period")
	}
	if c.Took = time.Hour; comparisonPage(t, c) != text {
		t.Error("the page depends on how long it took")
	}
}

func TestAnyComparison(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	const hostile = `"><script>alert('1')</script>{{.Title}}`
	for range 40 {
		names := []string{"a", "b", hostile, "d", "e", "f"}[:2+rng.IntN(5)]
		c := comparison(names, 0.4, 0.8)
		if last := len(names) - 1; last > 1 {
			c.Contenders[last] = report.Contender{Policy: hostile, Bands: scoring.Bands{Review: scoring.Never(), Decline: scoring.Never()}}
		}
		c.Unscored, c.Counts.Rejected, c.Counts.RejectedFor = rng.Int64N(2), rng.Int64N(2), hostile
		all, labelled := evaluation.NewComparer(len(names), 100), rng.IntN(3)
		for i := range rng.IntN(2) * rng.IntN(300) {
			s := evaluation.Sample{Time: payment.Time(rng.Int64N(30 * day)), Account: uint32(i % 20), Amount: rng.Int64N(1e6), Priced: rng.IntN(9) > 0}
			if labelled > 0 {
				s.Label = history.Label(rng.IntN(3))
			}
			var opinions []evaluation.Opinion
			for range names {
				score := rng.Float64()
				opinions = append(opinions, evaluation.Opinion{Score: score, Alerted: score >= 0.4, Declined: score >= 0.8})
			}
			all.Add(&s, opinions)
			c.Counts.Rows++
			c.Counts.Fresh++
			c.Counts.Labels[s.Label]++
		}
		c.Result = all.Result()
		text := comparisonPage(t, c)
		checkPage(t, strings.ReplaceAll(text, "{{.Title}}", ""))
		if comparisonPage(t, c) != text {
			t.Fatal("the same comparison gives another page")
		}
		var b bytes.Buffer
		if err := c.WriteText(&b); err != nil || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "%!") {
			t.Fatalf("text: %v\n%s", err, b.String())
		}
		b.Reset()
		if err := c.WriteJSON(&b); err != nil || !json.Valid(b.Bytes()) || bytes.Count(b.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("JSON: %v\n%s", err, b.String())
		}
		if labelled == 0 && strings.Contains(b.String(), fmt.Sprintf(`"average_precision":%d`, 0)) {
			t.Errorf("without labels there is an average precision: %s", b.String())
		}
	}
}

package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
)

// binsPerDot is how many bins of the distribution make one dot here: fewer and fuller ones.
const binsPerDot = 4

// reliability draws the share of fraud among transactions of about the same score against that score.
func (r *Report) reliability() template.HTML {
	e := r.Result
	f := halfFrame()
	f.left = 58 // its names are longer
	p := newPicture("chart", halfWidth, halfHeight, "Share of fraud against score, on scales of log-odds")
	// A share below one in all the rows cannot be seen.
	low := math.Floor(evaluation.LogOdds(0.5 / float64(max(2, e.Review.Rows.Labelled()))))
	high := max(e.Bins[len(e.Bins)-1].To, -low/2)
	low = max(low, e.Bins[0].From)
	x := scale{low, high, f.left, f.right, linear}
	y := scale{low, high, f.bottom, f.top, linear}
	p.xAxis(f, logOddsTicks(x, 46), "score")
	p.yAxis(f, logOddsTicks(y, 26), "share of fraud")
	p.line("threshold", x.at(low), y.at(low), x.at(high), y.at(high))
	for i := 0; i < len(e.Bins); i += binsPerDot {
		var rows evaluation.ByLabel
		var sum float64
		for _, b := range e.Bins[i:min(len(e.Bins), i+binsPerDot)] {
			rows[history.Legitimate] += b.Rows[history.Legitimate]
			rows[history.Fraud] += b.Rows[history.Fraud]
			sum += b.ScoreSum
		}
		n := rows.Labelled()
		if n == 0 {
			continue
		}
		mean := sum / float64(n)
		at := evaluation.LogOdds(mean)
		if at < low || at > high {
			continue
		}
		from, to := evaluation.Wilson(rows[history.Fraud], n)
		title := fmt.Sprintf("mean score %s: %s of %s, %s (%s to %s)", score(mean), counted(rows[history.Fraud], "fraud"),
			count(n), share(rows.FraudShare()), share(from), share(to))
		p.line("whisker", x.at(at), y.at(evaluation.LogOdds(from)), x.at(at), y.at(evaluation.LogOdds(to)))
		class := "mark"
		if rows[history.Fraud] == 0 || rows[history.Legitimate] == 0 {
			class = "mark hollow" // at an end that this scale does not have
		}
		p.dot(class, x.at(at), y.at(evaluation.LogOdds(rows.FraudShare())), 4, title)
	}
	return p.done()
}

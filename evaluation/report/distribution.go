package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
)

// The size of a picture that stands beside another one.
const (
	halfWidth  = 520
	halfHeight = 304
)

func halfFrame() frame {
	return frame{left: 46, top: 28, right: halfWidth - 8, bottom: halfHeight - 44}
}

// labelClasses are the style classes of the labels, in the order in which they are drawn.
var labelClasses = []struct {
	label history.Label
	class string
}{
	{history.Unlabelled, "unlabelled"},
	{history.Legitimate, "legitimate"},
	{history.Fraud, "fraud"},
}

// distribution draws how often each score was given, for each label.
func (r *Report) distribution() template.HTML {
	bins := r.Result.Bins
	f := halfFrame()
	f.top += 16 // for the names of the thresholds
	p := newPicture("chart", halfWidth, halfHeight, "How many transactions of each label have which score, on logarithmic scales")
	x := scale{bins[0].From, bins[len(bins)-1].To, f.left, f.right, linear}
	most := 10.0
	for _, b := range bins {
		for _, n := range b.Rows {
			most = max(most, float64(n))
		}
	}
	y := scale{0.7, most, f.bottom, f.top, math.Log10} // a bin of one is to be seen
	var powers []float64
	for v := 1.0; v <= most; v *= 10 {
		powers = append(powers, v)
	}
	p.xAxis(f, logOddsTicks(x, 46), "score, in log-odds")
	p.yAxis(f, ticksOf(y, powers, short), "transactions")
	for _, l := range labelClasses {
		area, outline := silhouette(bins, x, y, l.label)
		p.path("area "+l.class, area)
		p.path("outline "+l.class, outline)
	}
	r.thresholds(p, f, x)
	for i, b := range bins { // to rest on
		if i == 0 {
			b.From = math.Inf(-1)
		}
		if i == len(bins)-1 {
			b.To = math.Inf(1)
		}
		p.rect("touch", x.at(b.From), f.top, x.at(b.To)-x.at(b.From), f.bottom-f.top, binTitle(b))
	}
	return p.done()
}

// silhouette returns the steps over the bins of a label, closed and open.
func silhouette(bins []evaluation.Bin, x, y scale, label history.Label) (area, outline string) {
	var closed, open route
	inside := false
	for _, b := range bins {
		if b.Rows[label] == 0 {
			if inside {
				closed.down(y.start)
				closed.shut()
				open.down(y.start)
			}
			inside = false
			continue
		}
		if !inside {
			closed.move(x.at(b.From), y.start)
			open.move(x.at(b.From), y.start)
		}
		inside = true
		for _, r := range []*route{&closed, &open} {
			r.down(y.at(float64(b.Rows[label])))
			r.across(x.at(b.To))
		}
	}
	if inside {
		closed.down(y.start)
		closed.shut()
		open.down(y.start)
	}
	return closed.String(), open.String()
}

func binTitle(b evaluation.Bin) string {
	probability := func(logOdds float64) string { return score(1 / (1 + math.Exp(-logOdds))) }
	text := fmt.Sprintf("score %s to %s: ", probability(b.From), probability(b.To))
	if b.Rows.Labelled() == 0 {
		return text + counted(b.Rows.Total(), "transaction")
	}
	text += fmt.Sprintf("%s, %s legitimate", counted(b.Rows[history.Fraud], "fraud"), count(b.Rows[history.Legitimate]))
	if n := b.Rows[history.Unlabelled]; n > 0 {
		text += ", " + count(n) + " without label"
	}
	return text
}

// thresholds draws the policy's thresholds over a scale of log-odds.
func (r *Report) thresholds(p *picture, f frame, x scale) {
	draw := func(name string, threshold, row float64) {
		at := x.at(evaluation.LogOdds(threshold))
		p.line("threshold", at, f.top-2-row, at, f.bottom)
		anchor, dx := "start", 5.0
		if at > f.right-90 {
			anchor, dx = "end", -5
		}
		p.text("note", anchor, at+dx, f.top+6-row, name+" "+score(threshold))
	}
	if r.Policy.Review <= 1 {
		draw("review", r.Policy.Review, 0)
	}
	if r.declines() {
		draw("decline", r.Policy.Decline, 19)
	}
}

package report

import (
	"fmt"
	"html/template"
	"time"

	"github.com/weir-fraud/weir/evaluation"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// period is some days in a row.
type period struct {
	from payment.Time
	days float64
	evaluation.Tally
}

const dayLength = 24 * time.Hour

// periods groups the days into at most n periods of equal length: the shortest of a day, a week, and so on that does.
func periods(days []evaluation.Day, n int) (list []period, length int) {
	first, last := days[0].Start, days[len(days)-1].Start
	all := int(last.Sub(first)/dayLength) + 1
	length = 1
	for _, longer := range []int{7, 28, 91, 364, 3640} {
		if (all+length-1)/length > n {
			length = longer
		}
	}
	for at := 0; at < all; at += length {
		list = append(list, period{from: first.Add(time.Duration(at) * dayLength), days: float64(min(length, all-at))})
	}
	for _, d := range days {
		list[int(d.Start.Sub(first)/dayLength)/length].Add(d.Tally)
	}
	return list, length
}

// timeline draws the alerts over time, and below them their precision and recall where there are labels.
func (r *Report) timeline(width float64, bars, ticks int) template.HTML {
	e := r.Result
	list, length := periods(e.Days, bars)
	labelled := e.Review.Rows[history.Fraud] > 0
	height, label := 210.0, "Alerts a day over time"
	if labelled {
		height, label = 350, "Alerts a day over time by label, and their precision and recall"
	}
	p := newPicture("chart", width, height, label)
	f := frame{left: 46, top: 36, right: width - 8, bottom: 168}
	end := list[len(list)-1]
	x := scale{float64(list[0].from), float64(end.from.Add(time.Duration(end.days) * dayLength)), f.left, f.right, linear}
	marks := timeTicks(x, ticks)

	most := 0.0
	for _, d := range list {
		most = max(most, float64(d.Alerts.Total())/d.days)
	}
	values := steps(most, 4)
	y := scale{0, values[len(values)-1], f.bottom, f.top, linear}
	title := "alerts a day"
	if length > 1 {
		title = fmt.Sprintf("alerts a day, mean of %d days", length)
	}
	if labelled {
		p.yAxis(f, ticksOf(y, values, short), title)
		lower := frame{left: f.left, top: 222, right: f.right, bottom: 312}
		p.xAxis(frame{f.left, f.top, f.right, lower.bottom}, marks, "")
		p.line("axis", f.left, f.bottom, f.right, f.bottom)
		p.rates(lower, x, list)
	} else {
		p.xAxis(f, marks, "")
		p.yAxis(f, ticksOf(y, values, short), title)
	}
	for _, d := range list {
		p.bar(x, y, d)
	}
	return p.done()
}

// widestBar is how wide a bar is at most, so that a single day does not fill the picture.
const widestBar = 60

// bar draws a period's alerts, fraud at the bottom.
func (p *picture) bar(x, y scale, d period) {
	if d.Alerts.Total() == 0 {
		return
	}
	left, right := x.at(float64(d.from)), x.at(float64(d.from.Add(time.Duration(d.days)*dayLength)))
	gap := max(min(2, 0.2*(right-left)), right-left-widestBar)
	title := fmt.Sprintf("%s: %s, %s", date(d.from), counted(d.Alerts.Total(), "alert"), counted(d.Alerts[history.Fraud], "fraud"))
	if d.days > 1 {
		title = fmt.Sprintf("%d days from %s", int(d.days), title)
	}
	below := y.start
	for i := len(labelClasses) - 1; i >= 0; i-- {
		l := labelClasses[i]
		height := y.start - y.at(float64(d.Alerts[l.label])/d.days)
		if height > 0 {
			p.rect("bar "+l.class, left+gap/2, below-height, right-left-gap, height, title)
			below -= height
		}
	}
}

// rates draws precision and recall over time.
func (p *picture) rates(f frame, x scale, list []period) {
	most := 0.0
	for _, d := range list {
		for _, v := range []float64{d.Precision(), d.Recall()} {
			if v > most { // not if it is NaN
				most = v
			}
		}
	}
	values := steps(most, 2)
	y := scale{0, values[len(values)-1], f.bottom, f.top, linear}
	p.yAxis(f, ticksOf(y, values, percent), "")
	p.line("axis", f.left, f.bottom, f.right, f.bottom)
	p.text("title", "start", 0, f.top-12, "precision and recall of the alerts")
	draw := func(class, name string, rate func(period) float64) {
		var line route
		drawn := false // up to the period before
		for i, d := range list {
			v := rate(d)
			if v != v {
				drawn = false
				continue
			}
			at := x.at(float64(d.from) + d.days/2*float64(dayLength/time.Millisecond))
			if drawn {
				line.lineTo(at, y.at(v))
			} else {
				line.move(at, y.at(v))
			}
			alone := !drawn && (i+1 == len(list) || rate(list[i+1]) != rate(list[i+1]))
			if alone || len(list) <= 62 {
				p.dot("point "+class, at, y.at(v), 2.5, fmt.Sprintf("%s: %s %s", date(d.from), name, share(v)))
			}
			drawn = true
		}
		p.path("outline "+class, line.String())
	}
	draw("recall", "recall", func(d period) float64 { return d.Recall() })
	draw("precision", "precision", func(d period) float64 { return d.Precision() })
}

package report

import (
	"fmt"
	"html/template"
	"math"
)

// curve draws precision against recall, with the policy's thresholds on it.
func (r *Report) curve() template.HTML {
	e := r.Result
	f := halfFrame()
	p := newPicture("chart", halfWidth, halfHeight, "Precision against recall at every threshold")
	x := scale{0, 1, f.left, f.right, linear}
	y := scale{0, 1, f.bottom, f.top, linear}
	quarters := []float64{0, 0.25, 0.5, 0.75, 1}
	p.xAxis(f, ticksOf(x, quarters, percent), "recall: share of all fraud that is found")
	p.yAxis(f, ticksOf(y, quarters, percent), "precision: share of the found that is fraud")

	// Average precision is the area below these steps.
	var area, outline route
	area.move(x.at(0), y.at(0))
	for i, point := range e.Curve {
		if i == 0 {
			outline.move(x.at(0), y.at(point.Precision))
		} else {
			outline.down(y.at(point.Precision))
		}
		outline.across(x.at(point.Recall))
		area.down(y.at(point.Precision))
		area.across(x.at(point.Recall))
	}
	area.down(y.at(0))
	area.shut()
	p.path("area accent", area.String())
	p.path("outline accent", outline.String())
	base := y.at(e.Review.Rows.FraudShare())
	p.line("threshold", f.left, base, f.right, base)
	p.text("note", "end", f.right-4, base-6, "a random score")
	marks := []operation{{"review", e.Review.Precision(), e.Review.Recall()}}
	if r.declines() {
		marks = append(marks, operation{"decline", e.Decline.Precision(), e.Decline.Recall()})
	}
	p.operations(x, y, marks)
	return p.done()
}

// operation is what a threshold does.
type operation struct {
	name              string
	precision, recall float64
}

// operations marks thresholds with their names, which are kept apart where the marks are close.
func (p *picture) operations(x, y scale, marks []operation) {
	var taken []float64 // heights of names at about the same place
	before := 0.0
	for _, m := range marks {
		if m.precision != m.precision || m.recall != m.recall {
			continue
		}
		title := fmt.Sprintf("%s: precision %s, recall %s", m.name, share(m.precision), share(m.recall))
		p.dot("mark", x.at(m.recall), y.at(m.precision), 5, title)
		anchor, dx := "start", 10.0
		if m.recall > 0.8 {
			anchor, dx = "end", -10
		}
		height := y.at(m.precision) - 8
		if m.precision > 0.9 {
			height += 24
		}
		if math.Abs(x.at(m.recall)-before) > 80 {
			taken = nil
		}
		for _, t := range taken {
			if math.Abs(height-t) < 18 {
				height = t - 18
			}
		}
		taken, before = append(taken, height), x.at(m.recall)
		p.text("note strong", anchor, x.at(m.recall)+dx, height, m.name)
	}
}

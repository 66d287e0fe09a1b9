package report

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/weir-fraud/weir/history"
)

//go:embed comparison.html
var comparisonText string

// comparisonPage is what the template reads.
type comparisonPage struct {
	Kind     heading
	Title    string
	Facts    []fact
	Warnings []string
	Labelled bool

	Names   []string
	Figures []figureRow
	Curves  template.HTML
	Legend  []legend
	Pairs   []pairView
}

type legend struct{ Name, Class string }

// pairView is a challenger beside the champion.
type pairView struct {
	Champion, Challenger string
	Tiles                []tile
	Caught               []caughtRow
	Actions              []actionRow
}

// WriteHTML writes the comparison as a page. The same comparison gives the same bytes, whatever it took.
func (c *Comparison) WriteHTML(w io.Writer) error {
	return write(w, comparisonText, c.page())
}

func (c *Comparison) page() *comparisonPage {
	p := &comparisonPage{Kind: heading{"Comparison of", "Weir model comparison"}, Labelled: c.labelled()}
	for i := range c.Contenders {
		p.Names = append(p.Names, c.Contenders[i].name())
	}
	p.Title = p.Names[0] + " and " + strings.Join(p.Names[1:], ", ")
	p.Facts = c.facts()
	if c.empty() {
		p.Warnings = []string{"No transaction is in the figures, so there is nothing to show."}
		return p
	}
	p.Warnings = c.warnings()
	p.Figures = c.figures()
	if p.Labelled {
		p.Curves = c.curves()
		for i, name := range p.Names {
			p.Legend = append(p.Legend, legend{name, seriesClass(i)})
		}
	}
	for i := range c.Result.Pairs {
		p.Pairs = append(p.Pairs, c.pairView(i))
	}
	return p
}

func (c *Comparison) facts() []fact {
	n := &c.Counts
	facts := []fact{{"Input", strings.Join(c.Inputs, ", ")}}
	if !c.empty() {
		facts = append(facts, fact{"Period", span(c.champion().From, c.champion().To)})
	}
	return append(facts, fact{"Transactions", count(n.Fresh - n.WarmUp)}, fact{"Labelled", count(n.Labels.Labelled())},
		fact{"Fraud", count(n.Labels[history.Fraud])})
}

func (c *Comparison) warnings() []string {
	var list []string
	for i := range c.Contenders {
		if m := &c.Contenders[i]; m.seen(c.champion()) {
			list = append(list, m.name()+" was made from payments of this period. If they are these, the figures flatter it.")
		}
	}
	if c.Unscored > 0 {
		list = append(list, fmt.Sprintf("%s left out: without a score of each model.", counted(c.Unscored, "transaction")))
	}
	if n := c.Counts.Rejected; n > 0 {
		list = append(list, fmt.Sprintf("%s rejected: no transactions, and in no figure (%s).", counted(n, "row"), c.Counts.RejectedFor))
	}
	if n := c.champion().Money.Unpriced; n > 0 {
		list = append(list, fmt.Sprintf("%s in a currency without a rate: not in the money.", counted(n, "fraud")))
	}
	return list
}

func (c *Comparison) pairView(i int) pairView {
	p := &c.Result.Pairs[i]
	tiles := []tile{{"Same action", c.agreement(i), "of all transactions", -1}}
	if c.scores(i) {
		tiles = append(tiles, tile{"Rank correlation", figure(p.RankCorrelation), "Spearman's, of the scores", -1})
	}
	if c.scores(i) && c.labelled() {
		tiles = append(tiles, tile{
			"Recall with as many alerts", c.asMany(i), "from " + c.asManyFrom(i) + "; the champion has " + share(c.champion().Review.Recall()), -1,
		})
	}
	return pairView{c.Contenders[0].name(), c.Contenders[i+1].name(), tiles, c.caught(i), c.actions(i)}
}

// series is how many contenders have a colour of their own.
const series = 4

func seriesClass(i int) string { return fmt.Sprintf("series%d", i%series) }

// curves draws precision against recall of every contender, with its review threshold.
func (c *Comparison) curves() template.HTML {
	f := halfFrame()
	p := newPicture("chart", halfWidth, halfHeight, "Precision against recall of each model at every threshold")
	x := scale{0, 1, f.left, f.right, linear}
	y := scale{0, 1, f.bottom, f.top, linear}
	quarters := []float64{0, 0.25, 0.5, 0.75, 1}
	p.xAxis(f, ticksOf(x, quarters, percent), "recall: share of all fraud that is found")
	p.yAxis(f, ticksOf(y, quarters, percent), "precision: share of the found that is fraud")
	for i := len(c.Contenders) - 1; i >= 0; i-- { // the champion above the others
		r := c.Result.Alone[i]
		var outline route
		for at, point := range r.Curve {
			if at == 0 {
				outline.move(x.at(0), y.at(point.Precision))
			} else {
				outline.down(y.at(point.Precision))
			}
			outline.across(x.at(point.Recall))
		}
		p.path("outline "+seriesClass(i), outline.String())
		precision, recall := r.Review.Precision(), r.Review.Recall()
		if precision == precision && recall == recall {
			title := fmt.Sprintf("%s: precision %s, recall %s", c.Contenders[i].name(), share(precision), share(recall))
			p.dot("mark "+seriesClass(i), x.at(recall), y.at(precision), 5, title)
		}
	}
	return p.done()
}

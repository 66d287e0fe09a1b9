package report

import (
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// picture draws one SVG. Its units are CSS pixels at full size; colours and fonts come from the page's style sheet by
// class, so that a picture follows the reader's dark mode.
type picture struct {
	b             strings.Builder
	width, height float64
}

// newPicture begins a picture. label says in a sentence what it shows, for readers who do not see it.
func newPicture(class string, width, height float64, label string) *picture {
	p := &picture{width: width, height: height}
	p.open("svg", "viewBox", "0 0 "+decimal(width)+" "+decimal(height), "class", class, "role", "img", "aria-label", label)
	p.b.WriteByte('>')
	return p
}

// done ends the picture.
func (p *picture) done() template.HTML {
	p.b.WriteString("</svg>")
	return template.HTML(p.b.String()) // names and values went through open and text, which escape
}

// open writes the beginning of an element with its attributes, name after value, without the closing bracket.
func (p *picture) open(element string, attributes ...string) {
	p.b.WriteByte('<')
	p.b.WriteString(element)
	for i := 0; i < len(attributes); i += 2 {
		p.b.WriteByte(' ')
		p.b.WriteString(attributes[i])
		p.b.WriteString(`="`)
		p.b.WriteString(html.EscapeString(attributes[i+1]))
		p.b.WriteByte('"')
	}
}

// close ends an element, with what a pointer that rests on it shows.
func (p *picture) close(element, title string) {
	if title == "" {
		p.b.WriteString("/>")
		return
	}
	p.b.WriteString("><title>")
	p.b.WriteString(html.EscapeString(title))
	p.b.WriteString("</title></" + element + ">")
}

func (p *picture) line(class string, x1, y1, x2, y2 float64) {
	p.open("line", "class", class, "x1", decimal(x1), "y1", decimal(y1), "x2", decimal(x2), "y2", decimal(y2))
	p.close("line", "")
}

func (p *picture) rect(class string, x, y, width, height float64, title string) {
	p.open("rect", "class", class, "x", decimal(x), "y", decimal(y), "width", decimal(width), "height", decimal(height))
	p.close("rect", title)
}

func (p *picture) dot(class string, x, y, radius float64, title string) {
	p.open("circle", "class", class, "cx", decimal(x), "cy", decimal(y), "r", decimal(radius))
	p.close("circle", title)
}

// text writes a line of text; the anchor is start, middle or end.
func (p *picture) text(class, anchor string, x, y float64, s string) {
	p.open("text", "class", class, "x", decimal(x), "y", decimal(y), "text-anchor", anchor)
	p.b.WriteByte('>')
	p.b.WriteString(html.EscapeString(s))
	p.b.WriteString("</text>")
}

func (p *picture) path(class, data string) {
	if data != "" {
		p.open("path", "class", class, "d", data)
		p.close("path", "")
	}
}

// route is the data of a path.
type route struct{ strings.Builder }

func (r *route) move(x, y float64)   { r.WriteString("M" + decimal(x) + " " + decimal(y)) }
func (r *route) lineTo(x, y float64) { r.WriteString("L" + decimal(x) + " " + decimal(y)) }
func (r *route) across(x float64)    { r.WriteString("H" + decimal(x)) }
func (r *route) down(y float64)      { r.WriteString("V" + decimal(y)) }
func (r *route) shut()               { r.WriteString("Z") }

// decimal writes a coordinate to a tenth of a pixel.
func decimal(x float64) string { return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64) }

// scale maps values to pixels.
type scale struct {
	from, to   float64
	start, end float64 // pixels
	warp       func(float64) float64
}

func linear(x float64) float64 { return x }

// at returns the pixel of x, within the scale.
func (s scale) at(x float64) float64 {
	low, high := s.warp(s.from), s.warp(s.to)
	share := (s.warp(x) - low) / (high - low)
	return s.start + min(1, max(0, share))*(s.end-s.start)
}

// frame is the area that a picture's data lies in.
type frame struct{ left, top, right, bottom float64 }

// steps returns round values from 0 to beyond the most, at most n of them after 0.
func steps(most float64, n int) []float64 {
	if !(most > 0) {
		most = 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*unit*float64(n) >= most {
			unit *= m
			break
		}
	}
	values := []float64{0}
	for i := 1; values[len(values)-1] < most; i++ {
		values = append(values, float64(i)*unit)
	}
	return values
}

// short writes a round number for an axis: 500, 2k, 1M.
func short(x float64) string {
	write := func(x float64, unit string) string { return strconv.FormatFloat(x, 'f', -1, 64) + unit }
	switch {
	case x >= 1e9:
		return write(x/1e9, "G")
	case x >= 1e6:
		return write(x/1e6, "M")
	case x >= 1e3:
		return write(x/1e3, "k")
	}
	return write(math.Round(x*1e6)/1e6, "")
}

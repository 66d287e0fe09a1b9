package screen

import (
	"math"
	"strings"
)

// sparkline draws the last width values, on a scale from 0 to top or, if that is less, the greatest of them.
func sparkline(values []float64, width int, top float64) string {
	const levels = "▁▂▃▄▅▆▇█"
	values = values[max(0, len(values)-max(0, width)):]
	for _, v := range values {
		top = max(top, v)
	}
	var b strings.Builder
	for _, v := range values {
		level := 0
		if top > 0 && v > 0 {
			level = min(7, int(v/top*8))
		}
		b.WriteString(string([]rune(levels)[level]))
	}
	return b.String()
}

// bar draws a share of a width, to half a column.
func bar(share float64, width int) string {
	halves := int(math.Round(min(max(share, 0), 1) * float64(max(0, width)) * 2))
	return strings.Repeat("━", halves/2) + strings.Repeat("╸", halves%2)
}

package history

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// csvForm is how a CSV file seems to be written.
type csvForm struct {
	delimiter byte
	skipLines int
	names     []string // of a file without a header that fits, else nil
}

// guessedRow is a row of a table, if the delimiter is what it is taken for.
type guessedRow struct {
	fields []string
	lines  int // line ends up to the end of the row
}

// guessCSV looks at the beginning of a file.
func guessCSV(text []byte, whole bool) csvForm {
	if !whole {
		if end := bytes.LastIndexByte(text, '\n'); end >= 0 {
			text = text[:end+1]
		}
	}
	best, bestScore := csvForm{delimiter: ','}, 0.0
	for _, delimiter := range []byte{',', ';', '\t', '|'} {
		rows := guessedRows(text, delimiter)
		width, share := commonWidth(rows)
		if width < 2 {
			continue
		}
		// More fields are a better sign, and rows of another width a bad one: a decimal comma splits numbers only.
		score := share * share * float64(width-1)
		first := 0
		for len(rows[first].fields) != width {
			first++
		}
		if first > 0 {
			score /= 4
		}
		if score > bestScore {
			best, bestScore = formOf(delimiter, rows, first), score
		}
	}
	return best
}

// formOf returns the form of rows of which those from the first on are as wide as most.
func formOf(delimiter byte, rows []guessedRow, first int) csvForm {
	form := csvForm{delimiter: delimiter}
	width := len(rows[first].fields)
	if first > 0 {
		form.skipLines = rows[first-1].lines
		// R names no column for the names of rows.
		if above := rows[first-1].fields; len(above) == width-1 && isHeader(above, nil) && !slices.Contains(above, "") {
			form.names = append([]string{"row_name"}, above...)
			return form
		}
	}
	if below := rows[first+1:]; !isHeader(rows[first].fields, below) {
		for i := range width {
			form.names = append(form.names, fmt.Sprintf("column%d", i+1))
		}
	}
	return form
}

// guessedRows splits the beginning of a text, at most a few hundred rows. A malformed row has no fields.
func guessedRows(text []byte, delimiter byte) (rows []guessedRow) {
	const most = 300
	s := csvSplitter{comma: delimiter}
	lines := 0
	for len(text) > 0 && len(rows) < most {
		n, err := s.split(text, true)
		lines += s.lines
		row := guessedRow{lines: lines}
		for i := range s.fields {
			if err == nil {
				f := s.fields[i]
				row.fields = append(row.fields, strings.Trim(string(text[f.start:f.end]), " \t"))
			}
		}
		if err != nil || len(row.fields) > 0 {
			rows = append(rows, row)
		}
		text = text[n:]
	}
	return rows
}

// commonWidth returns the number of fields that most rows have, and how large a share that is.
func commonWidth(rows []guessedRow) (width int, share float64) {
	count := make(map[int]int)
	for _, r := range rows {
		n := len(r.fields)
		count[n]++
		if n > 1 && (count[n] > count[width] || width < 2 || count[n] == count[width] && n > width) {
			width = n
		}
	}
	return width, float64(count[width]) / float64(max(len(rows), 1))
}

// isHeader reports whether a row has names: no numbers and no times, at least where the rows below have some.
func isHeader(row []string, below []guessedRow) bool {
	for i, field := range row {
		if !looksLikeData(field) {
			continue
		}
		same, others := 0, 0
		for _, b := range below {
			if i < len(b.fields) && b.fields[i] != "" {
				others++
				if looksLikeData(b.fields[i]) {
					same++
				}
			}
		}
		if same*10 >= others*8 {
			return false
		}
	}
	return true
}

// looksLikeData reports whether a field is a number or a time rather than a name.
func looksLikeData(field string) bool {
	digits, others := 0, 0
	for _, c := range field {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case !strings.ContainsRune("+-.,:/ TZ$€£%'", c):
			others++
		}
	}
	return digits > 0 && others == 0
}

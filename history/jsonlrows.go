package history

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// jsonlRows are the lines of a JSONL file.
type jsonlRows struct {
	in        *input
	scanner   *jsonScanner
	converter *converter
	native    bool
	trim      bool
	decoder   payment.Decoder
	row, line int64 // of the last row
	looked    int   // bytes of the window known to have no line end
}

// The slots of the native form.
const (
	slotLabel = iota
	slotPattern
)

func newJSONLRows(m *Mapping, in *input) *jsonlRows {
	paths := m.slots
	if m.native {
		paths = []string{slotLabel: "label", slotPattern: "pattern"}
	}
	r := &jsonlRows{in: in, converter: newConverter(m, in.path), native: m.native, trim: m.trim}
	r.scanner = newJSONScanner(paths, &r.converter.slab)
	return r
}

var errLongLine = errors.New("line too long")

// split takes the next line that is not blank.
func (r *jsonlRows) split(ctx context.Context) (line []byte, err error) {
	for {
		window := r.in.window
		end := bytes.IndexByte(window[r.looked:], '\n')
		switch {
		case end >= 0:
			line = window[:r.looked+end]
			r.in.consume(len(line) + 1)
		case !r.in.last && len(window) > maxRow:
			r.line++
			r.looked = 0
			if err := r.in.skipLine(ctx); err != nil {
				return nil, err
			}
			return window[:maxRaw], errLongLine
		case !r.in.last:
			r.looked = len(window)
			if err := r.in.more(ctx); err != nil {
				return nil, err
			}
			continue
		case len(window) == 0:
			return nil, io.EOF
		default:
			line = window
			r.in.consume(len(line))
		}
		r.looked = 0
		r.line++
		if line = bytes.Trim(line, " \t\r"); len(line) > 0 {
			return line, nil
		}
	}
}

func (r *jsonlRows) next(ctx context.Context, rec *Record) error {
	line, err := r.split(ctx)
	if err != nil && !errors.Is(err, errLongLine) {
		return err
	}
	r.row++
	if err != nil {
		return fault{flaw: flawed(payment.KindSize, "is longer than %d bytes", maxRow)}.error(r.row, r.line, string(line))
	}
	if r.row == 1 && line[0] == '[' {
		return errArray
	}
	var f fault
	if r.native {
		f = r.decode(line, rec)
	} else {
		f = r.convert(line, rec)
	}
	if !f.none() {
		return f.error(r.row, r.line, string(line))
	}
	return nil
}

// convert reads a line through the mapping.
func (r *jsonlRows) convert(line []byte, rec *Record) fault {
	if bad := r.scanner.scan(line); !bad.none() {
		return fault{flaw: bad}
	}
	values := r.scanner.values
	if r.trim {
		for slot, v := range values {
			values[slot] = strings.Trim(v, " \t")
		}
	}
	return r.converter.convert(values, r.row, rec)
}

// decode reads a line in Weir's own form.
func (r *jsonlRows) decode(line []byte, rec *Record) fault {
	slab := &r.converter.slab
	*rec = Record{Row: r.row}
	rec.Transaction.Attributes = slab.reserve(payment.MaxAttributes)
	if err := r.decoder.Decode(line, &rec.Transaction); err != nil {
		return faultOf(err)
	}
	rec.Transaction.Attributes = slab.take(rec.Transaction.Attributes)
	if !mayHaveMark(line) {
		return fault{}
	}
	if bad := r.scanner.scan(line); !bad.none() {
		return fault{flaw: bad}
	}
	if text := r.scanner.values[slotLabel]; text != "" {
		var ok bool
		if rec.Label, ok = ParseLabel(text); !ok {
			return fault{flaw: flawed(payment.KindValue, "%s is neither fraud nor legitimate", quote(text)), field: "label"}
		}
	}
	rec.Pattern = r.scanner.values[slotPattern]
	if bad := checkPattern(rec.Pattern); !bad.none() {
		return fault{flaw: bad, field: "pattern"}
	}
	return fault{}
}

// mayHaveMark reports whether line can have a label or a pattern: most lines have neither. The searches begin with bytes
// that are rare. With an escape in it a name can be written in many ways.
func mayHaveMark(line []byte) bool {
	return bytes.Contains(line, []byte(`bel"`)) || bytes.Contains(line, []byte(`pattern"`)) || bytes.IndexByte(line, '\\') >= 0
}

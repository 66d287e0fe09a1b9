package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// MaxRejects bounds the rows of an input that are no transactions: by a number, or by a share of all rows. The zero
// MaxRejects allows none. It is the value of the flag --max-rejects.
type MaxRejects struct {
	rows    int64
	percent float64
	text    string
}

// DefaultMaxRejects allows 1 % of the rows: real exports have a few that are broken, and a wrong mapping rejects most.
func DefaultMaxRejects() MaxRejects { return MaxRejects{percent: 1, text: "1%"} }

// Set reads "50" or "0.5%".
func (m *MaxRejects) Set(s string) error {
	parsed := MaxRejects{text: s}
	var err error
	if share, ok := strings.CutSuffix(s, "%"); ok {
		parsed.percent, err = strconv.ParseFloat(share, 64)
	} else {
		parsed.rows, err = strconv.ParseInt(s, 10, 64)
	}
	if err != nil || parsed.rows < 0 || !(parsed.percent >= 0 && parsed.percent <= 100) {
		return errors.New("must be a number of rows, such as 50, or a share of them, such as 1%")
	}
	*m = parsed
	return nil
}

// String returns what Set reads.
func (m *MaxRejects) String() string { return cmp.Or(m.text, "0") }

// Type says in the help what the flag takes.
func (m *MaxRejects) Type() string { return "rows|percent%" }

// passed reports whether n rejects among the given rows are too many. A share of few rows means little: while there is
// more to come, it is taken of a thousand at least.
func (m *MaxRejects) passed(n, rows int64, ended bool) bool {
	if !ended {
		rows = max(rows, 1000)
	}
	return n > m.rows && float64(n) > m.percent/100*float64(rows)
}

// reasons counts rejected rows by field and kind of reason.
type reasons struct {
	n  int64
	by map[reason]int64
}

type reason struct {
	field string
	kind  payment.Kind
}

func (t *reasons) add(e *history.RowError) {
	if t.by == nil {
		t.by = make(map[reason]int64)
	}
	t.n++
	t.by[reason{e.Field, e.Kind}]++
}

// sorted returns the reasons, the most frequent first.
func (t *reasons) sorted() []reason {
	return slices.SortedFunc(maps.Keys(t.by), func(a, b reason) int {
		return cmp.Or(cmp.Compare(t.by[b], t.by[a]), cmp.Compare(a.field, b.field), cmp.Compare(a.kind, b.kind))
	})
}

// String returns the counts in a few words: "amount precision 11, timestamp format 1".
func (t *reasons) String() string {
	const most = 6
	var words []string
	for i, r := range t.sorted() {
		if i == most {
			words = append(words, "…")
			break
		}
		words = append(words, fmt.Sprintf("%s %d", r, t.by[r]))
	}
	return strings.Join(words, ", ")
}

func (r reason) String() string { return cmp.Or(r.field, "row") + " " + r.kind.String() }

// rejects takes the rows of an input that are no transactions: it counts them, shows the first few, writes all where
// asked to, and ends the run when they are too many.
type rejects struct {
	reasons
	w     io.Writer
	max   MaxRejects
	out   *output
	shown int
	line  []byte
}

const rejectsShown = 5

// newRejects creates the output, if there is one. The rejects must be closed.
func newRejects(in *Input, w io.Writer) (*rejects, error) {
	out, err := createOutput(in.RejectsOut)
	return &rejects{w: w, max: in.MaxRejects, out: out}, err
}

// take notes err if it is about one row, of so many read so far. Any other error is returned, and so is a row too many.
func (r *rejects) take(err error, rows int64) error {
	bad, ok := errors.AsType[*history.RowError](err)
	if !ok {
		return err
	}
	r.add(bad)
	if r.shown < rejectsShown {
		r.shown++
		_, _ = fmt.Fprintln(r.w, bad)
	}
	if r.out != nil {
		r.line = appendReject(r.line[:0], bad)
		if _, err := r.out.Write(r.line); err != nil {
			return fmt.Errorf("write rejected rows: %w", err)
		}
	}
	return r.check(rows, false)
}

// check returns an error if there are too many among the given rows, which are all there are if ended.
func (r *rejects) check(rows int64, ended bool) error {
	if !r.max.passed(r.n, rows, ended) {
		return nil
	}
	return fmt.Errorf("%d of %d rows were rejected (%s), more than --max-rejects %s allows: correct the mapping (weir mapping check helps) or allow more",
		r.n, rows, &r.reasons, &r.max)
}

func (r *rejects) Close() error { return r.out.Close() }

// summary returns the number, and the reasons in parentheses.
func (r *rejects) summary() string {
	if r.n == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%s)", r.n, &r.reasons)
}

// appendReject appends a rejected row as a JSON line.
func appendReject(dst []byte, e *history.RowError) []byte {
	text := func(name, value string) {
		dst = append(append(dst, name...), ':')
		dst = append(payment.AppendString(dst, strings.ToValidUTF8(value, "\ufffd")), ',')
	}
	dst = append(dst, '{')
	text(`"file"`, e.Path)
	dst = strconv.AppendInt(append(dst, `"row":`...), e.Row, 10)
	if e.Line > 0 {
		dst = strconv.AppendInt(append(dst, `,"line":`...), e.Line, 10)
	}
	dst = append(dst, ',')
	text(`"field"`, e.Field)
	text(`"column"`, e.Column)
	text(`"kind"`, e.Kind.String())
	text(`"reason"`, e.Reason)
	text(`"raw"`, e.Raw)
	return append(dst[:len(dst)-1], "}\n"...)
}

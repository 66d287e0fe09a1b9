package history

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCSV holds the splitter against encoding/csv: up to the first row that encoding/csv refuses, if there is one, both
// have the same rows. The input comes in two pieces, so that rows are also cut in the middle.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a,b\r\n\r\n1,2", `"a ""q"" b","multi
line",` + "\r\n,,\n", "a\"b\n", "\"a\"b\n", "\"open", "x\r", "\"x\"\r", "\r\r\n", ";;\n", "\"\"\n", "\"\r\r\n\"", "\"a\"\r\nb\rc\n",
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		oracle := csv.NewReader(bytes.NewReader(data))
		oracle.FieldsPerRecord = -1
		mine := &pieces{data: slices.Clone(data), cut: cut, splitter: csvSplitter{comma: ','}}
		for {
			want, wantErr := oracle.Read()
			got, gotErr := mine.read()
			if errors.Is(wantErr, io.EOF) != errors.Is(gotErr, io.EOF) || (wantErr == nil) != (gotErr == nil) {
				t.Fatalf("%q: encoding/csv: %q, %v; here: %q, %v", data, want, wantErr, got, gotErr)
			}
			if wantErr != nil {
				return
			}
			for i := range got {
				// encoding/csv rewrites line ends within quotes.
				got[i] = strings.ReplaceAll(got[i], "\r\n", "\n")
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q: encoding/csv: %q; here: %q", data, want, got)
			}
			if line, _ := oracle.FieldPos(0); line != mine.line {
				t.Fatalf("%q: row %q: encoding/csv has it in line %d, here line %d", data, got, line, mine.line)
			}
		}
	})
}

// pieces reads rows of data of which first only the part up to cut is there.
type pieces struct {
	data     []byte
	cut      int
	splitter csvSplitter
	ended    int
	line     int
}

func (p *pieces) read() ([]string, error) {
	for {
		window, last := p.data, true
		if p.cut > 0 && p.cut < len(p.data) {
			window, last = p.data[:p.cut], false
		}
		n, err := p.splitter.split(window, last)
		if errors.Is(err, errShort) {
			if last {
				return nil, errors.New("short at the end")
			}
			p.cut = 0
			continue
		}
		if n == 0 {
			return nil, io.EOF
		}
		p.line = p.ended + 1
		p.ended += p.splitter.lines
		p.data, p.cut = p.data[n:], p.cut-n
		if err != nil {
			return nil, err
		}
		if len(p.splitter.fields) == 0 {
			continue
		}
		var fields []string
		for _, f := range p.splitter.fields {
			b := window[f.start:f.end]
			if f.escaped {
				b = appendUnquoted(nil, b)
			}
			fields = append(fields, string(b))
		}
		return fields, nil
	}
}

// FuzzJSON holds the scanner against encoding/json: both accept the same lines, with the same values, but for lines
// that the scanner refuses on purpose.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":{"c":"x","d":[1,{"c":2}]}}`, `{"b.c":"\u00e9\ud83d\ude00\ud83d\n\\","a":-0.5e+3}`, `{"a":null,"b":{"c":true}}`,
		`{"a":"1"} x`, `{"a":01}`, `{"a":"` + "\x01" + `"}`, `{"\u0061":7}`, `{ } `, `{"a":1,}`, `{"a":[]}`, `{"b":{}}`, `{"a":tru}`,
		`{"a":"\ud800\u0041"}`, `{"a":"\ud800\ud800\udc00"}`, `{"a":"\ud800\`, `{"a":1.}`, `{"a":-}`, `{"a"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !utf8.Valid(line) {
			t.Skip("encoding/json rewrites what is not UTF-8")
		}
		s := newJSONScanner([]string{"a", "b.c"}, new(slab))
		reason := s.scan(slices.Clone(line)).reason
		var members map[string]json.RawMessage
		err := json.Unmarshal(line, &members)
		if err != nil || members == nil {
			if reason == "" {
				t.Fatalf("%q: accepted; encoding/json: %v", line, err)
			}
			return
		}
		if strings.HasPrefix(reason, "column ") || strings.HasPrefix(reason, "nested ") {
			return
		}
		if reason != "" {
			t.Fatalf("%q: refused: %s", line, reason)
		}
		if raw, ok := members["a"]; ok {
			if got, want := s.values[0], plain(t, raw); got != want {
				t.Fatalf("%q: a is %q, want %q", line, got, want)
			}
		}
	})
}

// plain returns the text of a JSON value that is not an object or array.
func plain(t *testing.T, raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		return s
	case 'n':
		return ""
	}
	return string(raw)
}

// FuzzNumber holds parse, shift, round and appendTo against exact rational arithmetic.
func FuzzNumber(f *testing.F) {
	f.Add("0", 2, 0)
	f.Add("-12.345", 2, 0)
	f.Add("+.5", 0, 0)
	f.Add("0.05e1", 0, 1)
	f.Add("99.995", 2, 0)
	f.Add("0.0049", 2, 0)
	f.Add("1e21", 2, 2)
	f.Add("25e-1", 0, 3)
	f.Fuzz(func(t *testing.T, text string, places, shift int) {
		if places < 0 || places > 8 || shift < 0 || shift > 8 {
			t.Skip()
		}
		var n number
		if !n.parse(text, numberForm{decimal: '.'}) || tooLarge(&n) {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok && strings.ContainsAny(text, "eE") {
			t.Skip("math/big limits the exponent")
		}
		if !ok {
			t.Fatalf("%q: read, but no number", text)
		}
		check := func(what string) {
			got, ok := new(big.Rat).SetString(string(n.appendTo(nil)))
			if !ok || got.Cmp(want) != 0 {
				t.Fatalf("%q: %s gives %s, want %s", text, what, n.appendTo(nil), want.FloatString(12))
			}
		}
		check("parse")
		unit := func(n int) *big.Rat {
			return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
		}
		n.shift(shift)
		want.Quo(want, unit(shift))
		check("shift")
		n.round(places)
		scaled := new(big.Rat).Mul(want, unit(places))
		want.Quo(halfEven(scaled), unit(places))
		check("round")
	})
}

// tooLarge reports whether n is, or comes close to being, written in short, as no field can hold it.
func tooLarge(n *number) bool { return n.point > maxDigits-10 || n.point < -maxDigits+10 }

func halfEven(r *big.Rat) *big.Rat {
	two := big.NewInt(2)
	whole, rest := new(big.Int).DivMod(new(big.Int).Abs(r.Num()), r.Denom(), new(big.Int))
	switch rest.Mul(rest, two).Cmp(r.Denom()) {
	case 1:
		whole.Add(whole, big.NewInt(1))
	case 0:
		whole.Add(whole, new(big.Int).Mod(whole, two))
	}
	if r.Sign() < 0 {
		whole.Neg(whole)
	}
	return new(big.Rat).SetInt(whole)
}

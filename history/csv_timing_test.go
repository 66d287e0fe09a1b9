package history

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"testing"
)

// BenchmarkSplit splits rows of nine short fields, and lets encoding/csv do the same.
func BenchmarkSplit(b *testing.B) {
	row := "1234567,2018-04-01 00:00:31,596,3156,57.16,31,0,0,0\n"
	data := bytes.Repeat([]byte(row), 10_000)
	b.Run("here", func(b *testing.B) {
		s := csvSplitter{comma: ','}
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			for rest := data; len(rest) > 0; {
				n, err := s.split(rest, true)
				if err != nil || len(s.fields) != 9 {
					b.Fatal(len(s.fields), err)
				}
				rest = rest[n:]
			}
		}
	})
	b.Run("standard", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(data))
			r.ReuseRecord = true
			for {
				fields, err := r.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil || len(fields) != 9 {
					b.Fatal(len(fields), err)
				}
			}
		}
	})
}

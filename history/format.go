package history

import (
	"strings"
)

// Format is how a file holds its rows.
type Format uint8

// The formats. The zero Format is unknown.
const (
	CSV Format = iota + 1
	JSONL
	Parquet
)

var formatNames = [...]string{CSV: "csv", JSONL: "jsonl", Parquet: "parquet"}

// String returns the format's name in a mapping.
func (f Format) String() string {
	if f == 0 || int(f) >= len(formatNames) {
		return "unknown"
	}
	return formatNames[f]
}

// packings are the endings of packed files.
var packings = []string{".gz", ".zst"}

// endings say the format of a file, besides how it is packed.
var endings = map[string]Format{
	".csv": CSV, ".tsv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".parquet": Parquet, ".pq": Parquet,
}

// FormatOf returns the format that a file's name says, 0 if it says none.
func FormatOf(path string) Format {
	for _, p := range packings {
		path = strings.TrimSuffix(path, p)
	}
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return endings[path[i:]]
	}
	return 0
}

// formatOf returns the format of the file at path, which the mapping or its name says. Else it is CSV.
func (m *Mapping) formatOf(path string) Format {
	if m.format != 0 {
		return m.format
	}
	if m.delimiter != 0 || m.columns != nil || m.skipLines > 0 {
		return CSV
	}
	if f := FormatOf(path); f != 0 {
		return f
	}
	return CSV
}

package app

import (
	"math"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/history"
)

// appendFeatures appends a row of training data. A missing value is an empty field; floats read back exactly.
func appendFeatures(dst []byte, rec *history.Record, v features.Vector) []byte {
	tx := &rec.Transaction
	dst = append(appendCSV(dst, tx.ID), ',')
	dst = append(appendCSV(dst, tx.AccountID), ',')
	dst = append(tx.Time.Append(dst), ',')
	switch rec.Label {
	case history.Fraud:
		dst = append(dst, '1')
	case history.Legitimate:
		dst = append(dst, '0')
	}
	dst = appendCSV(append(dst, ','), rec.Pattern)
	for _, x := range v {
		dst = append(dst, ',')
		if !math.IsNaN(x) {
			dst = strconv.AppendFloat(dst, x, 'g', -1, 64)
		}
	}
	return append(dst, '\n')
}

// appendCSV appends a field, quoted if it must be.
func appendCSV(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		switch s[i] {
		case '"', ',', '\n', '\r':
			plain = false
		}
	}
	if plain {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

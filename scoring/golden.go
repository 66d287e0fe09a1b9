package scoring

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// goldenTolerance is how far a probability may lie from the trainer's own; a margin may lie marginTolerance away,
// relative to its size. The same trees and the same arithmetic give a difference of 0: the room is for XGBoost, which adds
// up in float32, and whose margin over 1,000 trees was seen 3e-6 away from the exact sum.
const (
	goldenTolerance = 1e-6
	marginTolerance = 2e-5
)

// golden is a vector whose score the trainer computed with LightGBM itself.
type golden struct {
	vector      features.Vector // in the model's order
	margin      float64
	probability float64 // after calibration
}

// parseGolden reads golden.csv: a header margin,probability,<feature names>, then a vector a line. An empty field is
// a missing value, NaN. Numbers are written so that they read back to the same bits.
func parseGolden(data []byte, names []string) ([]golden, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord = true
	r.FieldsPerRecord = len(names) + 2
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	for i, want := range append([]string{"margin", "probability"}, names...) {
		if head[i] != want {
			return nil, fmt.Errorf("column %d is %s instead of %s: the columns are not the manifest's features; train the model again",
				i+1, payment.Quote(head[i]), payment.Quote(want))
		}
	}
	var list []golden
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		g, err := parseGoldenRow(record)
		if err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		list = append(list, g)
	}
	if len(list) == 0 {
		return nil, errors.New("there are no vectors; train the model again")
	}
	return list, nil
}

func parseGoldenRow(record []string) (golden, error) {
	values := make(features.Vector, len(record))
	for i, field := range record {
		if field == "" && i >= 2 {
			values[i] = math.NaN()
			continue
		}
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return golden{}, fmt.Errorf("column %d is %s, not a number", i+1, payment.Quote(field))
		}
		values[i] = v
	}
	g := golden{margin: values[0], probability: values[1], vector: values[2:]}
	if math.IsNaN(g.margin) || math.IsInf(g.margin, 0) || !(g.probability >= 0 && g.probability <= 1) {
		return golden{}, errors.New("the margin must be finite, the probability from 0 to 1")
	}
	return g, nil
}

// verifyGolden holds that s gives the trainer's scores. Feature i of a golden vector goes to position at[i].
func verifyGolden(list []golden, s *Scorer, at []int) error {
	v := make(features.Vector, s.width)
	for i, g := range list {
		g.spread(v, at)
		margin := s.Margin(v)
		if math.Abs(margin-g.margin) > marginTolerance*math.Max(1, math.Abs(g.margin)) ||
			math.Abs(s.probability(margin)-g.probability) > goldenTolerance {
			return fmt.Errorf("vector %d scores %g (margin %g) here, and the trainer computed %g (margin %g): "+
				"the model does not score as it was trained; train it again", i+1, s.probability(margin), margin, g.probability, g.margin)
		}
	}
	return nil
}

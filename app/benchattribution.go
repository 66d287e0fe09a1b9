package app

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/scoring/forest"
)

// benchPositions returns the positions of the features of a model that engines are measured with.
func benchPositions() []int {
	at := make([]int, benchWidth)
	for i := range at {
		at[i] = i
	}
	return at
}

// attribution measures what explaining a margin takes, and what it takes LightGBM where there is a Python that has it.
func (b *bench) attribution(ctx context.Context, name string, f *forest.Forest, text string, rows [][]float64) error {
	a, err := f.Attribution(benchPositions(), benchWidth)
	if err != nil {
		return err
	}
	scratch, phi, next := a.NewScratch(), make([]float64, benchWidth), 0
	own, err := best(func() error {
		a.Explain(rows[next%len(rows)], phi, scratch)
		next++
		return nil
	})
	if err != nil {
		return err
	}
	b.figures.line(name, own/1000, "us/tx")
	if b.options.Python == "" {
		return nil
	}
	theirs, err := predContrib(ctx, b.options.Python, text, rows)
	if err != nil {
		return err
	}
	b.figures.line(name+"_lightgbm", theirs, "us/tx")
	b.figures.line(name+"_lightgbm_to_own", theirs/(own/1000), "ratio")
	return nil
}

// predContrib returns the microseconds of CPU that LightGBM's pred_contrib takes for a row.
func predContrib(ctx context.Context, python, text string, rows [][]float64) (float64, error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	model, table := filepath.Join(dir, "model.txt"), filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(model, []byte(forLightGBM(text)), 0o600); err != nil {
		return 0, err
	}
	var csv strings.Builder
	for _, row := range rows {
		for i, x := range row {
			if i > 0 {
				csv.WriteByte(',')
			}
			csv.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
		}
		csv.WriteByte('\n')
	}
	if err := os.WriteFile(table, []byte(csv.String()), 0o600); err != nil {
		return 0, err
	}
	command := exec.CommandContext(ctx, python, "-m", "weir_train.contributions", "--time", model, table)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return 0, fmt.Errorf("measure LightGBM with %s: %w", python, err)
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

// forLightGBM adds to the file of a grown forest what LightGBM wants to see, and takes out the sizes of its sections, which are
// not known.
func forLightGBM(text string) string {
	head, trees, _ := strings.Cut(text, "tree_sizes=")
	_, trees, _ = strings.Cut(trees, "\n")
	return head + "feature_infos=" + strings.TrimSpace(strings.Repeat("none ", benchWidth)) + "\n" + trees +
		"\nfeature_importances:\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"
}

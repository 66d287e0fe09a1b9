package app

import (
	"context"
	"crypto/sha256"
	_ "embed" // the features
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
)

// accountFeatures are 40 features of the account alone: what is commonly meant by a pipeline of features and a model, and
// what other systems can be compared by.
//
//go:embed benchaccount.yaml
var accountFeatures []byte

// account measures the pipeline with 40 features of the account alone and a model of 200 trees with 31 leaves.
func (b *bench) account(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c := b.config
	if err := c.useAccountModel(dir, b); err != nil {
		return err
	}
	topics, err := b.fill(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	m, err := topics.run(ctx, PipelineBenchOptions{Profile: b.options.Profile}, b.log)
	if err != nil {
		return err
	}
	return m.write(b.figures, "account")
}

// useAccountModel configures the features, and a model of them that is grown on simulated transactions. One transaction
// in a hundred of these is for review.
func (c *Config) useAccountModel(dir string, b *bench) error {
	const trees, leaves, reviewed = 200, 31, 0.01
	c.Features.File, c.Model.Directory, c.Policy.File = filepath.Join(dir, "features.yaml"), dir, ""
	if err := os.WriteFile(c.Features.File, accountFeatures, 0o600); err != nil {
		return err
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	rows, err := b.vectors(set)
	if err != nil {
		return err
	}
	f, text, err := grownForest(rand.New(rand.NewPCG(trees, leaves)), set.Schema().Names, rows, trees, leaves)
	if err != nil {
		return err
	}
	scores, err := writeGrown(dir, set.Schema(), f, text, rows)
	if err != nil {
		return err
	}
	slices.Sort(scores)
	review, never := scores[int(float64(len(scores))*(1-reviewed))], scoring.Never()
	c.Model.Review, c.Model.Decline = &review, &never
	return nil
}

// vectors returns the features of the first transactions after the past.
func (b *bench) vectors(set *features.Set) ([][]float64, error) {
	const wanted = 8192
	world := live(b.world(), b.options.Transactions/2)
	from, _ := world.LiveFrom()
	next, err := simulated(world)
	if err != nil {
		return nil, err
	}
	accounts := make(map[string]*features.Account)
	var tx payment.Transaction
	var o features.Observation
	rows := make([][]float64, 0, wanted)
	for len(rows) < wanted && next(&tx) {
		a := accounts[tx.AccountID]
		if a == nil {
			a = set.NewAccount()
			accounts[tx.AccountID] = a
		}
		if a.Observe(&tx, &o); o.Outcome != features.Fresh {
			continue
		}
		if !tx.Time.Std().Before(from) {
			row := make(features.Vector, set.Schema().Len())
			a.Compute(&o, row)
			rows = append(rows, row)
		}
		a.Fold(&o)
	}
	return rows, nil
}

// writeGrown makes a model directory of a grown forest, and returns its scores of the rows.
func writeGrown(dir string, schema *features.Schema, f *forest.Forest, text string, rows [][]float64) ([]float64, error) {
	const goldens = 100
	at := make([]int, schema.Len())
	for i := range at {
		at[i] = i
	}
	leaves, err := f.Leaves(at, len(at))
	if err != nil {
		return nil, err
	}
	var golden strings.Builder
	golden.WriteString("margin,probability," + strings.Join(schema.Names, ",") + "\n")
	scores := make([]float64, len(rows))
	for i, row := range rows {
		margin := leaves.Margin(row)
		scores[i] = 1 / (1 + math.Exp(-margin))
		if i >= goldens {
			continue
		}
		golden.WriteString(exact(margin) + "," + exact(scores[i]))
		for _, v := range row {
			golden.WriteByte(',')
			if !math.IsNaN(v) {
				golden.WriteString(exact(v))
			}
		}
		golden.WriteByte('\n')
	}
	return scores, errors.Join(
		os.WriteFile(filepath.Join(dir, scoring.ModelFile), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, scoring.GoldenFile), []byte(golden.String()), 0o600),
		writeGrownManifest(dir, schema, text, golden.String()),
	)
}

func writeGrownManifest(dir string, schema *features.Schema, model, golden string) error {
	sum := func(text string) string {
		s := sha256.Sum256([]byte(text))
		return hex.EncodeToString(s[:])
	}
	from := (&bench{}).world().Start
	m := scoring.Manifest{
		Format: 1, ID: "bench", Created: from, Trainer: scoring.Trainer{Name: "weir bench", Version: "1"},
		Training: scoring.Window{From: from, To: from}, Thresholds: scoring.Thresholds{Review: scoring.Threshold{Score: 1}},
		Files: scoring.Hashes{Model: sum(model), Golden: sum(golden)},
	}
	for i, name := range schema.Names {
		m.Features = append(m.Features, scoring.Feature{Name: name, Hash: schema.Hashes[i]})
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, scoring.ManifestFile), text, 0o600)
}

// exact writes a number so that it reads back to the same bits.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

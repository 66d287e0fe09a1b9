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
	"time"

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
	c, done, err := withAccountModel(b.config, b.options.Transactions/2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
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

// withAccountModel returns the configuration with these features, and a model of them that is grown on simulated
// transactions, after as many of the past. Their files are gone when done was called.
func withAccountModel(c Config, past int64) (_ Config, done func() error, err error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return c, nil, err
	}
	done = func() error { return os.RemoveAll(dir) }
	if err := c.useAccountModel(dir, past); err != nil {
		return c, nil, errors.Join(err, done())
	}
	return c, done, nil
}

// useAccountModel grows the model into a directory. One transaction in a hundred of those that it is grown on is for review.
func (c *Config) useAccountModel(dir string, past int64) error {
	const trees, leaves, reviewed = 200, 31, 0.01
	c.Features.File, c.Model.Directory, c.Policy.File = filepath.Join(dir, "features.yaml"), dir, ""
	if err := os.WriteFile(c.Features.File, accountFeatures, 0o600); err != nil {
		return err
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	rows, err := firstVectors(set, past)
	if err != nil {
		return err
	}
	m := grownModel{dir: dir, schema: set.Schema(), rows: rows, made: benchWorld().Start}
	if m.forest, m.text, err = grownForest(rand.New(rand.NewPCG(trees, leaves)), m.schema.Names, rows, trees, leaves); err != nil {
		return err
	}
	scores, err := m.write()
	if err != nil {
		return err
	}
	slices.Sort(scores)
	review, never := scores[int(float64(len(scores))*(1-reviewed))], scoring.Never()
	c.Model.Review, c.Model.Decline = &review, &never
	return nil
}

// firstVectors returns the features of the first transactions after the past.
func firstVectors(set *features.Set, past int64) ([][]float64, error) {
	const wanted = 8192
	world := live(benchWorld(), past)
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

// grownModel is the model directory of a grown forest.
type grownModel struct {
	dir    string
	schema *features.Schema
	forest *forest.Forest
	text   string      // its file
	rows   [][]float64 // that it was grown on
	made   time.Time
}

// write writes the directory, and returns the scores of the rows.
func (m *grownModel) write() ([]float64, error) {
	const goldens = 100
	at := make([]int, m.schema.Len())
	for i := range at {
		at[i] = i
	}
	leaves, err := m.forest.Leaves(at, len(at))
	if err != nil {
		return nil, err
	}
	var golden strings.Builder
	golden.WriteString("margin,probability," + strings.Join(m.schema.Names, ",") + "\n")
	scores := make([]float64, len(m.rows))
	for i, row := range m.rows {
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
	manifest, err := json.Marshal(m.manifest(golden.String()))
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	for name, text := range map[string]string{scoring.ModelFile: m.text, scoring.GoldenFile: golden.String(), scoring.ManifestFile: string(manifest)} {
		if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return scores, nil
}

func (m *grownModel) manifest(golden string) *scoring.Manifest {
	sum := func(text string) string {
		s := sha256.Sum256([]byte(text))
		return hex.EncodeToString(s[:])
	}
	manifest := &scoring.Manifest{
		Format: 1, ID: "bench", Created: m.made, Trainer: scoring.Trainer{Name: "weir bench", Version: "1"},
		Training: scoring.Window{From: m.made, To: m.made}, Thresholds: scoring.Thresholds{Review: scoring.Threshold{Score: 1}},
		Files: scoring.Hashes{Model: sum(m.text), Golden: sum(golden)},
	}
	for i, name := range m.schema.Names {
		manifest.Features = append(manifest.Features, scoring.Feature{Name: name, Hash: m.schema.Hashes[i]})
	}
	return manifest
}

// exact writes a number so that it reads back to the same bits.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

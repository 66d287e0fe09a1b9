package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"

	"github.com/weir-fraud/weir/scoring/forest"
)

// BenchScoring is `weir bench scoring`.
func BenchScoring(ctx context.Context, c Config, o BenchOptions, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, o, stdout, stderr, log)
	return b.run(ctx, []part{{"scoring", b.scoring}})
}

// scoring measures what one vector takes, with models of 200 trees.
func (b *bench) scoring(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const trees = 200
	for _, leaves := range []int{31, 63} {
		rng := rand.New(rand.NewPCG(uint64(leaves), trees))
		rows := benchRows(rng, 1024)
		f, text, err := grownForest(rng, benchNames(), rows, trees, leaves)
		if err != nil {
			return err
		}
		if err := b.engines(fmt.Sprintf("score_%d", leaves), f, rows); err != nil {
			return err
		}
		if err := b.attribution(ctx, fmt.Sprintf("attribution_%d", leaves), f, text, rows); err != nil {
			return err
		}
	}
	return nil
}

// engines measures each engine over the rows.
func (b *bench) engines(name string, f *forest.Forest, rows [][]float64) error {
	at := benchPositions()
	leaves, err := f.Leaves(at, benchWidth)
	if err != nil {
		return err
	}
	slow, err := bestMargin(leaves.Margin, rows)
	if err != nil {
		return err
	}
	fast := f.Fast(at, benchWidth)
	quick, err := bestMargin(fast.Margin, rows)
	if err != nil {
		return err
	}
	flat, margins := slices.Concat(rows...), make([]float64, len(rows))
	batch, err := best(func() error { fast.Margins(margins, flat); return nil })
	if err != nil {
		return err
	}
	batch /= float64(len(rows))
	b.figures.line(name+"_leaves", slow, "ns/tx")
	b.figures.line(name+"_fast", quick, "ns/tx")
	b.figures.line(name+"_fast_batch", batch, "ns/tx")
	b.figures.line(name+"_leaves_to_fast", slow/quick, "ratio")
	return nil
}

// bestMargin measures one vector after the other.
func bestMargin(margin func([]float64) float64, rows [][]float64) (float64, error) {
	next := 0
	return best(func() error {
		margin(rows[next%len(rows)])
		next++
		return nil
	})
}

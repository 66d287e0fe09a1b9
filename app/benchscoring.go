package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"

	"github.com/weir-fraud/weir/scoring/forest"
)

// BenchScoring is `weir bench scoring`.
func BenchScoring(ctx context.Context, c Config, stdout, stderr io.Writer, log *slog.Logger) error {
	b := newBench(c, BenchOptions{}, stdout, stderr, log)
	return b.run(ctx, []part{{"scoring", b.scoring}})
}

// scoring measures what one vector takes, with models of 200 trees.
func (b *bench) scoring(context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const trees = 200
	for _, leaves := range []int{31, 63} {
		rng := rand.New(rand.NewPCG(uint64(leaves), trees))
		rows := benchRows(rng, 4096)
		f, err := grownForest(rng, rows, trees, leaves)
		if err != nil {
			return err
		}
		if err := b.engines(fmt.Sprintf("score_%d", leaves), f, rows); err != nil {
			return err
		}
	}
	return nil
}

// engines measures each engine over the rows.
func (b *bench) engines(name string, f *forest.Forest, rows [][]float64) error {
	at := make([]int, benchWidth)
	for i := range at {
		at[i] = i
	}
	slow, err := f.Leaves(at, benchWidth)
	if err != nil {
		return err
	}
	next := 0
	leaves, err := best(func() error {
		slow.Margin(rows[next%len(rows)])
		next++
		return nil
	})
	if err != nil {
		return err
	}
	b.figures.line(name+"_leaves", leaves, "ns/tx")
	return nil
}

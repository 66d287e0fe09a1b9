package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/features/tile"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
)

// entities measures the pipeline over traffic that is hard on entities: with many merchants, whose tiles are in every
// partition and read by all, and with so many devices that hardly any is met twice.
func (b *bench) entities(ctx context.Context) error {
	const merchants, devices = 10_000, 1_000_000
	world := benchWorld()
	world.Accounts, world.Merchants = 20_000, merchants
	world = live(world, b.options.Transactions)
	shops, err := simulated(world)
	if err != nil {
		return err
	}
	if err := b.entityRun(ctx, fmt.Sprintf("merchants_%d", merchants), world, shops); err != nil {
		return err
	}
	world.Merchants = benchWorld().Merchants
	plain, err := simulated(world)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 1))
	return b.entityRun(ctx, fmt.Sprintf("devices_%d", devices), world, func(tx *payment.Transaction) bool {
		ok := plain(tx)
		for i := range tx.Attributes {
			if tx.Attributes[i].Key == "device_id" {
				tx.Attributes[i].Value = fmt.Sprintf("d-%06d", rng.IntN(devices))
			}
		}
		return ok
	})
}

// entityRun runs the pipeline over traffic with a past, and writes what concerns entities.
func (b *bench) entityRun(ctx context.Context, name string, world simulate.Config, next func(*payment.Transaction) bool) (err error) {
	topics, err := b.withPast(ctx, b.config, world, next, b.options.Transactions/5)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topics.close(context.WithoutCancel(ctx))) }()
	before := heapInUse()
	m, err := topics.run(ctx, PipelineBenchOptions{}, b.log)
	if err != nil {
		return err
	}
	n := float64(m.stats.Transactions.Load())
	b.figures.line(name+"_rate", m.rate(), "tx/s")
	b.figures.line(name+"_cpu", m.cpu.Seconds()/n*1e6, "us/tx")
	for _, s := range []pipeline.Stage{pipeline.Decode, pipeline.Load, pipeline.Features, pipeline.Fold, pipeline.Encode, pipeline.Apply} {
		b.figures.line(name+"_cpu_"+s.String(), m.stats.Stages[s].Snapshot().Sum/n*1e6, "us/tx")
	}
	b.figures.line(name+"_reads", float64(m.stats.TileReads.Load())/n, "keys/tx")
	b.figures.line(name+"_hits", float64(m.stats.SeriesHits.Load())/n, "keys/tx")
	b.figures.line(name+"_waits", float64(m.stats.Waits.Load()), "times")
	b.figures.line(name+"_incomplete", float64(m.stats.Incomplete.Load()), "tx")
	b.figures.line(name+"_held", float64(m.held), "keys")
	b.figures.line(name+"_heap", float64(m.heap-min(m.heap, before))/float64(max(m.held, 1)), "bytes/key")
	return b.figures.err
}

// tileSize measures what a key of each entity takes in Redis that has had a transaction in so many tiles, one after the
// other.
func (b *bench) tileSize(ctx context.Context, set *features.Set, store *redisstate.Store) error {
	for k := range set.Entities() {
		e := &set.Entities()[k]
		if e.Shape().Counts+e.Shape().Sums == 0 {
			continue
		}
		for _, tiles := range []int{1, 24, 672} {
			chunks, err := tilesOfKey(set, k, tiles)
			if err != nil {
				return err
			}
			bytes, err := store.MeasureTiles(ctx, features.CellName{Entity: e.Name, Key: "sixteen-bytes-id"}, chunks)
			if err != nil {
				return err
			}
			b.figures.line(fmt.Sprintf("tile_bytes_%s_%d", e.Name, tiles), float64(bytes), "bytes")
		}
	}
	return b.figures.err
}

// tilesOfKey returns what is stored of an entity's key with a transaction in each of so many tiles.
func tilesOfKey(set *features.Set, entity, tiles int) ([]features.Chunk, error) {
	e := &set.Entities()[entity]
	c, err := newCustomer(1)
	if err != nil {
		return nil, err
	}
	c.gap = e.End(1) - e.End(0)
	account, cell := set.NewAccount(), tile.NewCell(e.Shape())
	var o features.Observation
	var tx payment.Transaction
	for range tiles {
		c.next(&tx)
		account.Observe(&tx, &o)
		account.Fold(&o)
		set.Tally(entity, &o, cell)
	}
	var chunks []features.Chunk
	for _, n := range cell.DirtyChunks() {
		chunks = append(chunks, features.Chunk{Number: n, Value: cell.AppendChunk(nil, n)})
	}
	return chunks, nil
}

package app

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/redisstate"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// checkRedis looks at the servers and at what layouts they hold, and reports whether they answer.
func (d *doctor) checkRedis(ctx context.Context, store *redisstate.Store) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	servers, err := store.Inspect(ctx)
	if err != nil {
		address := d.config.Redis.Addresses[0]
		d.problem("redis", fmt.Sprintf("Start it, or correct redis.addresses, username and password; does it answer from here? `%s PING`.", redisCLI(address)),
			"%v", unreached(err, "Redis", d.config.Redis.Addresses))
		return false
	}
	for _, s := range servers {
		d.checkRedisServer(s)
		d.checkClock(s)
	}
	d.checkLayouts(ctx, store)
	return true
}

func redisCLI(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "redis-cli"
	}
	return fmt.Sprintf("redis-cli -h %s -p %s", host, port)
}

func (d *doctor) checkRedisServer(s redisstate.Server) {
	cli := redisCLI(s.Address)
	switch {
	case s.Replica:
		d.problem("redis", "Set redis.addresses to its master, or redis.master and the sentinels' addresses; who it is: `"+cli+" INFO replication`.", "%s is a replica, which takes no writes", s.Address)
	case s.Loading:
		d.warn("redis", "Look again when it is done: `"+cli+" INFO persistence`.", "%s is still loading its data", s.Address)
	default:
		d.fine("redis", "%s answers: version %s, %s", s.Address, s.Version, s.Mode)
	}
	if s.Eviction != "noeviction" && s.Eviction != "" {
		d.problem("redis", "Forbid it, in redis.conf too: `"+cli+" CONFIG SET maxmemory-policy noeviction`.",
			"%s has maxmemory-policy %s: what it evicts would be missing in features, silently", s.Address, s.Eviction)
	}
	d.checkMemory(s, cli)
	d.checkPersistence(s, cli)
}

// checkMemory compares what is used with what there is: a full Redis refuses writes, and Weir stands still.
func (d *doctor) checkMemory(s redisstate.Server, cli string) {
	const check = "redis memory"
	limit, whose := s.Limit, "its maxmemory"
	if limit == 0 {
		limit, whose = s.Machine, "its machine's memory, with no maxmemory set"
	}
	if limit == 0 {
		d.fine(check, "%s uses %s", s.Address, bytesText(s.Used))
		return
	}
	share := 100 * s.Used / limit
	text := fmt.Sprintf("%s uses %s, %d %% of %s (%s)", s.Address, bytesText(s.Used), share, whose, bytesText(limit))
	remedy := fmt.Sprintf("Give it more (`%s CONFIG SET maxmemory …`), add cluster nodes, or drop what is old: `%s`.", cli, d.weir("state drop --layout …"))
	switch {
	case share >= 95:
		d.problem(check, remedy, "%s: full, it refuses writes and Weir stands still", text)
	case share >= 80:
		d.warn(check, remedy, "%s: full, it refuses writes and Weir stands still", text)
	default:
		d.fine(check, "%s", text)
	}
}

func (d *doctor) checkPersistence(s redisstate.Server, cli string) {
	const check = "redis disk"
	switch {
	case s.SaveFailed:
		d.problem(check, "See its log, make room on its disk, and let it try again: `"+cli+" BGSAVE`.", "%s could not write its last snapshot, and refuses writes until it can", s.Address)
	case s.AppendOnly:
		d.fine(check, "%s appends to a file", s.Address)
	case s.Snapshots != "":
		d.fine(check, "%s saves snapshots (save %s); a restart loses what came after the last one, and Weir folds that again", s.Address, s.Snapshots)
	default:
		d.warn(check, "Have it append to a file, in redis.conf too: `"+cli+" CONFIG SET appendonly yes`.",
			"%s saves nothing: after its restart every partition is built again from the log, and waits meanwhile", s.Address)
	}
}

// checkClock compares the clocks. No decision depends on them.
func (d *doctor) checkClock(s redisstate.Server) {
	const check, tolerated = "clock", time.Second
	apart := max(0, s.Ahead.Abs()-s.Unsure)
	if apart <= tolerated {
		d.fine(check, "this machine and %s agree within %v", s.Address, max(s.Ahead.Abs(), s.Unsure, time.Millisecond).Round(time.Millisecond))
		return
	}
	direction := "ahead of"
	if s.Ahead < 0 {
		direction = "behind"
	}
	d.warn(check, "Have both set by NTP: `timedatectl set-ntp true`, `chronyc tracking`.",
		"%s is %v %s this machine: alerts carry wrong times, and lag and latency are off; decisions are not", s.Address, apart.Round(time.Millisecond), direction)
}

// checkLayouts looks for states of other layouts, which nobody may need any more.
func (d *doctor) checkLayouts(ctx context.Context, store *redisstate.Store) {
	const check, enough = "old state", 1000
	sample, err := store.Sample(ctx, enough)
	if err != nil {
		d.warn(check, "Is this user allowed RANDOMKEY? `redis-cli ACL GETUSER …` tells.", "%v", err)
		return
	}
	none := true
	for _, layout := range slices.Sorted(maps.Keys(sample.Layouts)) {
		if layout == d.config.Layout() {
			continue
		}
		none = false
		d.warn(check, fmt.Sprintf("Unless another version of Weir runs on it, drop it: `%s`.", d.weir("state drop --layout "+layout)),
			"layout %s, which is not the configured %s, has about %d %% of all keys", layout, d.config.Layout(), max(1, 100*sample.Layouts[layout]/sample.Keys))
	}
	if none {
		d.fine(check, "no other layout among %d random keys", sample.Keys)
	}
}

// readHeads returns the partitions' heads, nil if they cannot be read.
func (d *doctor) readHeads(ctx context.Context, store *redisstate.Store, topic stream.Topic) []features.Head {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	heads, err := store.Heads(ctx, topic.Partitions)
	if err != nil {
		d.problem("state", fmt.Sprintf("Drop the state, and it is built again from the log: stop weir, then `%s`.", d.weir("state drop --layout "+d.config.Layout())), "%v", err)
		return nil
	}
	return heads
}

// checkState compares the stored state with the log, by the rules that a worker goes by.
func (d *doctor) checkState(heads []features.Head, o *logOffsets, topic stream.Topic) {
	const check = "state"
	var known, behind, rebuilt int64
	useless := make(map[string][]string) // partitions, by the reason
	for p, h := range heads {
		f, err := pipeline.Foresee(h, o.committed[p], o.first[p], o.end[p], topic, d.config.Pipeline.Start, d.config.Pipeline.Delivery)
		if err != nil {
			d.problem(check, fmt.Sprintf("Copy the log: `%s`, and set kafka.topics.transactions to the new topic.", d.weir("produce --from-topic "+topic.Name+" --topic …")), "partition %d: %v", p, err)
			return
		}
		if h.Known() {
			known++
		}
		switch {
		case f.Discard && f.Fold > 0:
			rebuilt += f.Fold
			useless[f.Why] = append(useless[f.Why], fmt.Sprint(p))
		case !f.Discard:
			behind += f.Fold
		}
	}
	for _, why := range slices.Sorted(maps.Keys(useless)) {
		d.warn(check, fmt.Sprintf("Nothing need be done: `%s` builds it from the log, and decides afterwards. Its progress is in the log and in weir_partition_rebuild_offset.", d.weir("run")),
			"partitions %s will be built again (%s)", strings.Join(useless[why], ", "), why)
	}
	text := fmt.Sprintf("%d of %d partitions have state, and it is %d offsets behind the decisions", known, len(heads), behind)
	if rebuilt > 0 {
		text += fmt.Sprintf("; %d offsets are to be built again", rebuilt)
	}
	d.fine(check, "%s", text)
}

package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/stream"
)

// patience is how long a server has to answer one question of the doctor.
const patience = 5 * time.Second

// checkServers looks at Kafka and Redis, and at what is in them.
func (d *doctor) checkServers(ctx context.Context) {
	store := d.config.store()
	defer func() { _ = store.Close() }()
	admin, err := stream.NewAdmin(d.config.kafka())
	if err != nil {
		d.problem("kafka", "Correct kafka.brokers and kafka.properties; `weir config` says what they mean.", "%v", err)
		d.checkRedis(ctx, store)
		return
	}
	defer admin.Close()
	var topic stream.Topic
	if d.checkCluster(ctx, admin) {
		d.checkFiles()
		topic = d.checkTopics(ctx, admin)
		d.checkControl(ctx)
	}
	answers := d.checkRedis(ctx, store)
	if topic.Name == "" {
		return // without the log there is nothing to compare
	}
	// Heads first: a running worker saves what it has committed, so they are never ahead of offsets that are read later.
	var heads []features.Head
	if answers {
		heads = d.readHeads(ctx, store, topic)
	}
	log := d.checkGroup(ctx, admin, topic)
	if heads != nil && log != nil {
		d.checkState(heads, log, topic)
	}
}

// checkCluster looks for the brokers, and reports whether they answer.
func (d *doctor) checkCluster(ctx context.Context, admin *stream.Admin) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cluster, err := admin.Cluster(ctx)
	if err != nil {
		d.problem("kafka", fmt.Sprintf("Start it, or correct kafka.brokers and kafka.properties; is it reachable from here? `nc -vz %s`.", hostAndPort(d.config.Kafka.Brokers[0])),
			"%v", unreached(err, "Kafka", d.config.Kafka.Brokers))
		return false
	}
	version := ""
	if v := cluster.Settings["inter.broker.protocol.version"]; v != "" {
		version = ", protocol version " + v
	}
	d.brokers = len(cluster.Brokers)
	d.fine("kafka", "cluster %s answers: %s%s", cluster.ID, plural(len(cluster.Brokers), "broker"), version)
	d.checkLimits(cluster)
	return true
}

// checkLimits compares timeouts of the configuration with what the brokers take.
func (d *doctor) checkLimits(cluster stream.Cluster) {
	session, transaction := time.Duration(d.config.Kafka.Session), time.Duration(d.config.Kafka.Transaction)
	for _, l := range []struct {
		key     string
		value   time.Duration
		setting string // of the brokers, in milliseconds
		most    bool
	}{
		{"session_timeout", session, "group.min.session.timeout.ms", false},
		{"session_timeout", session, "group.max.session.timeout.ms", true},
		{"transaction_timeout", transaction, "transaction.max.timeout.ms", true},
	} {
		n, err := strconv.ParseInt(cluster.Settings[l.setting], 10, 64)
		if err != nil {
			continue // they do not tell
		}
		limit, bound := time.Duration(n)*time.Millisecond, "at least"
		if l.most {
			bound = "at most"
		}
		if l.value < limit && !l.most || l.value > limit && l.most {
			d.problem("kafka", fmt.Sprintf("Set it so, in the file or by `WEIR_KAFKA_%s=%v weir run`.", strings.ToUpper(l.key), limit),
				"kafka.%s is %v, and the brokers allow %s %v (%s)", l.key, l.value, bound, limit, l.setting)
		}
	}
}

// outputs is how many topics weir run writes to: they come first after the transactions. It does without the others.
const outputs = 3

// checkTopics looks at every topic, and returns the transactions topic if it is there.
func (d *doctor) checkTopics(ctx context.Context, admin *stream.Admin) stream.Topic {
	in := d.config.topics().Transactions
	topic, err := d.describe(ctx, admin, in)
	d.checkTopic(topic, d.config.neededTopics(0)[0], err, true)
	all := []stream.Topic{topic}
	for i, want := range d.config.neededTopics(topic.Partitions)[1:] {
		have, err := d.describe(ctx, admin, want.Name)
		d.checkTopic(have, want, err, i < outputs)
		all = append(all, have)
	}
	d.checkReplication(all)
	if err != nil {
		return stream.Topic{}
	}
	return topic
}

// describe returns a topic with its settings.
func (d *doctor) describe(ctx context.Context, admin *stream.Admin, name string) (stream.Topic, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t, err := admin.Describe(ctx, name)
	if err != nil {
		return stream.Topic{}, err
	}
	return t, admin.Settings(ctx, &t)
}

func (d *doctor) checkTopic(have, want stream.Topic, err error, needed bool) {
	const check = "topic"
	worst := problem
	if !needed {
		worst = warning
	}
	switch {
	case errors.Is(err, stream.ErrNoTopic):
		d.note(check, worst, fmt.Sprintf("Create what is missing: `%s`.", d.weir("topics create")), "%s does not exist", want.Name)
		return
	case err != nil:
		d.note(check, worst, "Is this user allowed to describe topics and their settings? See the brokers' ACLs: `kafka-acls.sh --list`.", "%v", err)
		return
	}
	faults := compareTopic(have, want)
	for _, f := range faults {
		v := warning
		if f.grave && needed {
			v = problem
		}
		d.note(check, v, d.mendTopic(have, want, f), "%s %s", have.Name, f.text)
	}
	if want.Retention > 0 && have.RetentionBytes > 0 {
		d.warn(check, fmt.Sprintf("If the log of some days fills that, lift the limit: %s.", d.alter(have.Name, "retention.bytes=-1")),
			"%s keeps %s of each partition at most, which may be less than the %s that the features look back", have.Name, bytesText(have.RetentionBytes), daysText(want.Retention))
	}
	if len(faults) == 0 {
		d.fine(check, "%s: %s, %s", have.Name, plural(int(have.Partitions), "partition"), kept(have))
	}
}

func kept(t stream.Topic) string {
	switch {
	case t.Compacted:
		return "compacted"
	case t.Retention == 0:
		return "keeps everything"
	}
	return "keeps " + daysText(t.Retention)
}

// mendTopic says what mends a fault.
func (d *doctor) mendTopic(have, want stream.Topic, f topicFault) string {
	switch {
	case f.set != "":
		return fmt.Sprintf("Set it: %s.", d.alter(have.Name, f.set))
	case have.Partitions < want.Partitions:
		return fmt.Sprintf("Add some: `kafka-topics.sh --bootstrap-server %s --alter --topic %s --partitions %d`.", d.config.Kafka.Brokers[0], have.Name, want.Partitions)
	}
	return fmt.Sprintf("Name another topic in kafka.topics, and create it: `%s`.", d.weir("topics create --partitions "+strconv.Itoa(int(want.Partitions))))
}

func (d *doctor) alter(topic, setting string) string {
	return fmt.Sprintf("`kafka-configs.sh --bootstrap-server %s --alter --entity-type topics --entity-name %s --add-config %s`", d.config.Kafka.Brokers[0], topic, setting)
}

// checkReplication looks for topics that a single broker can take along or stop.
func (d *doctor) checkReplication(topics []stream.Topic) {
	var single, weak, rigid []string
	for _, t := range topics {
		switch {
		case t.Name == "":
		case t.Replicas == 1:
			single = append(single, t.Name)
		case t.MinInSync < 2:
			weak = append(weak, t.Name)
		case t.MinInSync >= t.Replicas:
			rigid = append(rigid, t.Name)
		}
	}
	const check = "replication"
	if len(single) > 0 {
		d.warn(check, fmt.Sprintf("Make topics with more, before there are records in them (`%s`), or move them: `kafka-reassign-partitions.sh`.", d.weir("topics create --replicas 3")),
			"one replica: a broker that is lost takes the records of %s with it", strings.Join(single, ", "))
	}
	for _, name := range weak {
		d.warn(check, fmt.Sprintf("Set it: %s.", d.alter(name, "min.insync.replicas=2")), "%s has min.insync.replicas=1: a record may be acknowledged that only one broker has", name)
	}
	for _, name := range rigid {
		d.warn(check, "Let it be one less than the replicas: "+d.alter(name, "min.insync.replicas=…")+".", "%s has as many min.insync.replicas as replicas: one broker down stops Weir", name)
	}
	if len(single)+len(weak)+len(rigid) == 0 {
		d.fine(check, "every topic outlives a broker, and takes records meanwhile")
	}
}

// logOffsets is how far the decisions are on the transactions topic, by partition.
type logOffsets struct {
	committed, first, end []int64
}

// checkGroup looks at the consumer group, and returns its offsets, nil if they cannot be read.
func (d *doctor) checkGroup(ctx context.Context, admin *stream.Admin, topic stream.Topic) *logOffsets {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name := d.config.Kafka.Group
	group, err := admin.Group(ctx, name, topic)
	var o logOffsets
	if err == nil {
		o.committed = group.Committed
		o.first, o.end, err = admin.Bounds(ctx, topic)
	}
	if err != nil {
		d.problem("group", "Is this user allowed to describe the group and read the topic? See the brokers' ACLs: `kafka-acls.sh --list`.", "%v", err)
		return nil
	}
	d.checkMembers(name, group, &o)
	for p, at := range o.committed {
		if at != stream.NoOffset && at < o.first[p] {
			d.problem("group", "They cannot be got back; `weir run` goes on behind them. Keep records longer: "+d.alter(topic.Name, fmt.Sprintf("retention.ms=%d", d.config.leastRetention().Milliseconds()))+".",
				"offsets %d to %d of partition %d were deleted from the log before they were decided", at, o.first[p], p)
		}
	}
	return &o
}

func (d *doctor) checkMembers(name string, group stream.Group, o *logOffsets) {
	const check = "group"
	lag, begun := o.lag()
	run := fmt.Sprintf("Start it: `%s`.", d.weir("run"))
	switch {
	case !begun && group.Members == 0:
		first := "the log's end"
		if d.config.Pipeline.Start == pipeline.StartEarliest {
			first = "the log's start"
		}
		d.fine(check, "%s has not run yet; pipeline.start is %s, so it begins to decide at %s", name, d.config.Pipeline.Start, first)
	case group.Members == 0 && lag > 0:
		d.warn(check, run, "%s has no member at work, and %s wait", name, plural(int(lag), "record"))
	case group.Members == 0:
		d.fine(check, "%s has no member at work; nothing waits", name)
	case group.State != "Stable":
		d.warn(check, fmt.Sprintf("Look again in some seconds: `%s`. If it stays so, a process starts over and over: look at its log.", d.weir("doctor")), "%s is sharing out the partitions (%s); %s wait", name, group.State, plural(int(lag), "record"))
	default:
		idle := ""
		if more := group.Members - len(o.committed); more > 0 {
			idle = fmt.Sprintf(", %d of them without a partition", more)
		}
		d.fine(check, "%s: %s at work%s; %s wait", name, plural(group.Members, "member"), idle, plural(int(lag), "record"))
	}
}

// lag returns how many offsets there are without a decision, and whether the group has begun at all.
func (o *logOffsets) lag() (lag int64, begun bool) {
	for p, at := range o.committed {
		if at != stream.NoOffset {
			begun = true
			lag += max(0, o.end[p]-at)
		}
	}
	return lag, begun
}

// unreached names the addresses where an error only says that time is up.
func unreached(err error, what string, addresses []string) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s at %s within %v", what, strings.Join(addresses, ","), patience)
	}
	return err
}

// hostAndPort returns an address as nc wants it.
func hostAndPort(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host + " " + port
}

// daysText returns a long duration in days.
func daysText(d time.Duration) string {
	if d < 48*time.Hour {
		return d.String()
	}
	return strconv.FormatFloat(d.Hours()/24, 'f', 1, 64) + " days"
}

func bytesText(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	v := float64(n)
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return strconv.FormatFloat(v, 'f', min(i, 1), 64) + " " + units[i]
}

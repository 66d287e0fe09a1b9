package monitor

import (
	"runtime"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/telemetry"
)

// collector makes metrics of what the pipeline has counted, when it is asked for them: while nobody asks they cost
// nothing.
type collector struct {
	m       *Monitor
	stats   *pipeline.Stats
	metrics []metric
}

// metric is one name with its labels.
type metric struct {
	desc    *prometheus.Desc
	collect func(m *metric, to chan<- prometheus.Metric)
}

func newCollector(m *Monitor) *collector {
	c := &collector{m: m, stats: m.config.Stats}
	c.counts()
	c.distributions()
	c.partitions()
	c.process()
	if r := m.config.Requests; r != nil {
		c.requests(r)
	}
	if s := m.config.Deliveries; s != nil {
		c.deliveries(s)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for i := range c.metrics {
		to <- c.metrics[i].desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	for i := range c.metrics {
		c.metrics[i].collect(&c.metrics[i], to)
	}
}

// counts are what has happened since the process started.
func (c *collector) counts() {
	s := c.stats
	c.counter("weir_transactions_total", "Transactions decided.", s.Transactions.Load)
	c.add("weir_decisions_total", "Decisions by action.", []string{"action"}, func(m *metric, to chan<- prometheus.Metric) {
		for _, a := range scoring.Actions() {
			m.counter(to, float64(s.Decisions[a].Load()), a.String())
		}
	})
	c.counter("weir_alerts_total", "Alerts made.", s.Alerts.Load)
	c.add("weir_dead_letters_total", "Records refused, by the kind of fault.", []string{"kind"}, func(m *metric, to chan<- prometheus.Metric) {
		for _, k := range payment.Kinds() {
			m.counter(to, float64(s.DeadLetters[k].Load()), k.String())
		}
	})
	c.counter("weir_duplicates_total", "Repeated transactions, which are not decided again.", s.Duplicates.Load)
	c.counter("weir_conflicts_total", "Repeated transaction ids with another body, which are not decided.", s.Conflicts.Load)
	c.counter("weir_late_total", "Transactions later than the allowed lateness, decided all the same.", s.Late.Load)
	c.counter("weir_incomplete_total", "Transactions decided without all of the tiles that their entity features read.", s.Incomplete.Load)
	c.counter("weir_entity_waits_total", "Times that a partition waited for tiles which others were still adding to.", s.Waits.Load)
	c.counter("weir_tile_reads_total", "Keys of entities whose tiles were read from another partition's state.", s.TileReads.Load)
	c.counter("weir_tile_cache_hits_total", "Keys of entities whose tiles were in memory, or known not to exist.", s.SeriesHits.Load)
	c.counter("weir_tile_late_total", "Transactions too late for the tiles of their partition.", s.LateTiles.Load)
	c.counter("weir_labels_total", "Label events folded into tiles.", s.Labels.Load)
	c.counter("weir_labels_refused_total", "Records of the feedback topic that are no label events.", s.LabelsRefused.Load)
	c.counter("weir_folded_total", "Transactions folded into the state without a decision, while catching up.", s.Folded.Load)
	c.add("weir_batches_total", "Batches by outcome.", []string{"outcome"}, func(m *metric, to chan<- prometheus.Metric) {
		m.counter(to, float64(s.Commits.Load()), "committed")
		m.counter(to, float64(s.Aborts.Load()), "aborted")
	})
	c.counter("weir_recoveries_total", "Partitions whose state was checked against the log, at assignment and in doubt.", s.Recoveries.Load)
	c.counter("weir_state_rebuilds_total", "States of partitions that were lost or no good, built again from the log.", s.Rebuilds.Load)
	c.counter("weir_head_mismatches_total", "Heads in Redis found to be another's.", s.Mismatches.Load)
	c.counter("weir_retries_total", "Errors waited out.", func() (n int64) {
		for _, w := range s.Workers() {
			n += w.Retries.Load()
		}
		return n
	})
	c.counter("weir_account_cache_hits_total", "Records whose account was in memory.", s.Hits.Load)
	c.counter("weir_account_cache_misses_total", "Accounts read from Redis.", s.Misses.Load)
}

// distributions are histograms.
func (c *collector) distributions() {
	s := c.stats
	c.histogram("weir_decision_latency_seconds", "Time from a record's timestamp to the commit of its decision.", s.Latency)
	c.add("weir_stage_duration_seconds", "Time that a batch spends in a stage.", []string{"stage"}, func(m *metric, to chan<- prometheus.Metric) {
		for _, stage := range pipeline.AllStages() {
			if stage != pipeline.Consume { // waiting, mostly, and not measured
				m.histogram(to, s.Stages[stage].Snapshot(), stage.String())
			}
		}
	})
	c.histogram("weir_batch_records", "Records in a committed batch.", s.BatchSize)
	c.histogram("weir_score", "Scores of decided transactions.", s.Scores)
}

// partitions are where the partitions stand that this process has now: of one that has left, its next owner tells.
func (c *collector) partitions() {
	each := func(name, help string, read func(p *pipeline.PartitionStats) (value float64, known bool)) {
		c.add(name, help, []string{"partition"}, func(m *metric, to chan<- prometheus.Metric) {
			for _, p := range c.stats.Partitions() {
				if value, known := read(p); known && p.Assigned.Load() {
					m.gauge(to, value, strconv.Itoa(int(p.Partition)))
				}
			}
		})
	}
	each("weir_partition_lag_records", "Records without a decision.", func(p *pipeline.PartitionStats) (float64, bool) {
		return float64(p.Lag()), true
	})
	each("weir_partition_lag_seconds", "Age of the last record with a decision while there are others without; 0 without lag.", func(p *pipeline.PartitionStats) (float64, bool) {
		return p.LagTime(c.m.config.Now()).Seconds(), true
	})
	each("weir_partition_committed_offset", "Offset up to which decisions are out.", func(p *pipeline.PartitionStats) (float64, bool) {
		return float64(p.Committed.Load()), true
	})
	each("weir_partition_end_offset", "Offset behind the last record.", func(p *pipeline.PartitionStats) (float64, bool) {
		return float64(p.End.Load()), true
	})
	each("weir_partition_watermark_timestamp_seconds", "Newest event time folded into the state.", func(p *pipeline.PartitionStats) (float64, bool) {
		w := p.Watermark.Load()
		return float64(w) / 1000, w != 0
	})
	each("weir_partition_rebuilding", "1 while the state is being brought up to the committed offset.", func(p *pipeline.PartitionStats) (float64, bool) {
		return number(p.Catching.Load()), true
	})
	each("weir_partition_rebuild_offset", "Offset that the last rebuild has reached; 0 before the first one.", func(p *pipeline.PartitionStats) (float64, bool) {
		return float64(p.At.Load()), true
	})
	each("weir_partition_rebuild_end_offset", "Offset at which the last rebuild ends; 0 before the first one.", func(p *pipeline.PartitionStats) (float64, bool) {
		return float64(p.Until.Load()), true
	})
}

// process is about the process as a whole.
func (c *collector) process() {
	config := &c.m.config
	c.gauge("weir_partitions_assigned", "Partitions that this process has.", func() (n float64) {
		for _, p := range c.stats.Partitions() {
			n += number(p.Assigned.Load())
		}
		return n
	})
	c.gauge("weir_accounts_in_memory", "Accounts held in memory.", func() (n float64) {
		for _, w := range c.stats.Workers() {
			n += float64(w.Accounts.Load())
		}
		return n
	})
	c.add("weir_worker_last_turn_timestamp_seconds", "When the worker's loop last turned.", []string{"worker"}, func(m *metric, to chan<- prometheus.Metric) {
		for i, w := range c.stats.Workers() {
			m.gauge(to, float64(w.Turned().UnixMilli())/1000, strconv.Itoa(i))
		}
	})
	c.add("weir_server_up", "1 if the server answers and is set up as it should be.", []string{"server"}, func(m *metric, to chan<- prometheus.Metric) {
		for _, s := range c.m.watched() {
			m.gauge(to, number(s.wrong == ""), s.Name)
		}
	})
	c.gauge("weir_ready", "1 if /readyz says so.", func() float64 { return number(len(c.m.unready()) == 0) })
	c.add("weir_build_info", "The running version; always 1.", []string{"version", "go_version"}, func(m *metric, to chan<- prometheus.Metric) {
		m.gauge(to, 1, config.Version, runtime.Version())
	})
	c.add("weir_model_info", "The model and the policy that decide; always 1.", []string{"model", "policy"}, func(m *metric, to chan<- prometheus.Metric) {
		if e := c.m.engine.Load(); e != nil {
			m.gauge(to, 1, e.Model, e.Policy)
		}
	})
	c.counter("weir_engine_switches_total", "Times that another model, policy or list entries took effect.", func() int64 {
		if e := c.m.engine.Load(); e != nil {
			return e.Switches
		}
		return 0
	})
	c.add("weir_control_refused", "1 if this process refuses what the control topic says is active, and goes on with what there was before.", []string{"what"}, func(m *metric, to chan<- prometheus.Metric) {
		refused := c.m.refused.Load()
		if refused == nil {
			return
		}
		for _, what := range []string{"model", "policy"} {
			m.gauge(to, number(slices.Contains(*refused, what)), what)
		}
	})
	c.add("weir_state_layout_info", "The layout of the account state; always 1.", []string{"layout"}, func(m *metric, to chan<- prometheus.Metric) {
		m.gauge(to, 1, config.Layout)
	})
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (c *collector) add(name, help string, labels []string, collect func(m *metric, to chan<- prometheus.Metric)) {
	c.metrics = append(c.metrics, metric{prometheus.NewDesc(name, help, labels, nil), collect})
}

func (c *collector) counter(name, help string, read func() int64) {
	c.add(name, help, nil, func(m *metric, to chan<- prometheus.Metric) { m.counter(to, float64(read())) })
}

func (c *collector) gauge(name, help string, read func() float64) {
	c.add(name, help, nil, func(m *metric, to chan<- prometheus.Metric) { m.gauge(to, read()) })
}

func (c *collector) histogram(name, help string, h *telemetry.Histogram) {
	c.add(name, help, nil, func(m *metric, to chan<- prometheus.Metric) { m.histogram(to, h.Snapshot()) })
}

func (m *metric) counter(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, prometheus.CounterValue, value, labels...)
}

func (m *metric) gauge(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, value, labels...)
}

func (m *metric) histogram(to chan<- prometheus.Metric, s telemetry.Snapshot, labels ...string) {
	to <- prometheus.MustNewConstHistogram(m.desc, uint64(s.Count), s.Sum, s.Cumulative(), labels...)
}

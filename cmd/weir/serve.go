package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the pipeline against Kafka and Redis",
		Long: `Run the pipeline until it is told to stop (SIGTERM or Ctrl-C).

Start as many processes as you like with the same kafka.group: they share the partitions. Give each a
kafka.instance of its own that survives a restart, and a restarted process resumes at once.

Metrics for Prometheus, /healthz and /readyz are served at http.address (localhost:9464); docs/operations.md
says what they mean.`,
		Example: "  weir run --config weir.yaml\n  WEIR_KAFKA_BROKERS=kafka:9092 WEIR_REDIS_ADDRESSES=redis:6379 weir run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			log, err := app.NewLogger(c.Log, os.Stderr)
			if err != nil {
				return err
			}
			return app.Run(cmd.Context(), c, version, log)
		},
	}
}

func demoCommand() *cobra.Command {
	var o app.DemoOptions
	var summary string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run everything in one process, with simulated traffic",
		Long: `Run an embedded Kafka-protocol broker, an embedded Redis, simulated traffic with fraud in it, and the
pipeline over them: the same pipeline code as weir run. Nothing else is needed, and nothing is kept unless
--data-dir says where.`,
		Example: "  weir demo\n  weir demo --for 30s --summary json\n  weir demo --data-dir /tmp/weir",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("log") {
				c.Log.Level = "warn"
			}
			log, err := app.NewLogger(c.Log, os.Stderr)
			if err != nil {
				return err
			}
			if summary != "" && summary != "json" {
				return errUsage("--summary is %q: it can be json", summary)
			}
			o.JSONSummary = summary == "json"
			o.Version = version
			return app.Demo(cmd.Context(), c, o, os.Stdout, log)
		},
	}
	f := cmd.Flags()
	f.DurationVar(&o.For, "for", 0, "stop by itself after this time, such as 30s")
	f.Float64Var(&o.Rate, "rate", 500, "transactions per second")
	f.Uint64Var(&o.Seed, "seed", 1, "which world to simulate")
	f.StringVar(&o.DataDirectory, "data-dir", "", "keep the log here; account states are rebuilt from it at the next start")
	f.StringVar(&o.HTTP, "http", "", "serve metrics and health at this address, such as localhost:9464")
	f.StringVar(&summary, "summary", "", "json prints one last line of JSON and nothing else")
	f.Bool("log", false, "show the pipeline's log")
	return cmd
}

func benchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure"}
	var o app.LatencyOptions
	latency := &cobra.Command{
		Use:   "latency",
		Short: "Measure the time from when a transaction was due to its decision",
		Long: `Send simulated transactions at a fixed rate, in an open loop, through the configured Kafka and Redis, and
print the time from the moment each was due to the moment a read_committed consumer had its decision, so that
waiting counts. Topics of its own are created and deleted. Prints lines of "name value unit".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			c.Log.Level = "warn"
			log, err := app.NewLogger(c.Log, os.Stderr)
			if err != nil {
				return err
			}
			return app.BenchLatency(cmd.Context(), c, o, os.Stdout, log)
		},
	}
	f := latency.Flags()
	f.Float64Var(&o.Rate, "rate", 2000, "transactions per second")
	f.DurationVar(&o.For, "for", time.Minute, "how long to measure")
	f.DurationVar(&o.WarmUp, "warm-up", 5*time.Second, "how long to send before measuring")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topics")
	cmd.AddCommand(latency, benchPipelineCommand())
	return cmd
}

func benchPipelineCommand() *cobra.Command {
	var o app.PipelineBenchOptions
	cmd := &cobra.Command{
		Use:   "pipeline --topic TOPIC",
		Short: "Run the pipeline over an existing topic until its end, and print its rate and CPU time",
		Long: `Run the whole pipeline over an existing topic of transactions, from its start to where it ends now: exactly once,
a decision per transaction, with the configured model. It uses a consumer group, topics and a state of its own,
and deletes them afterwards; the topic it reads is left alone. Prints lines of "name value unit": the rate, the CPU
time of this process per transaction, and that of each stage.`,
		Example: "  weir bench pipeline --topic transactions --profile cpu.pprof",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			c.Log.Level = "warn"
			log, err := app.NewLogger(c.Log, os.Stderr)
			if err != nil {
				return err
			}
			return app.BenchPipeline(cmd.Context(), c, o, os.Stdout, log)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Topic, "topic", "", "topic of transactions to read")
	f.StringVar(&o.Profile, "profile", "", "write a CPU profile to this file, for go tool pprof")
	_ = cmd.MarkFlagRequired("topic")
	return cmd
}

package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func runCommand() *cobra.Command {
	var targets []string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the pipeline against Kafka and Redis, answer requests for decisions, let people review alerts, and tell others",
		Long: `Run the targets until told to stop (SIGTERM or Ctrl-C). The target pipeline decides the transactions in Kafka. The
target decide takes transactions over HTTP at decide.address, hands them to the pipeline through Kafka, and answers
with their decisions (docs/decide.md). The target review lets people decide on alerts, on a page at review.address
(docs/review.md). The target notify tells others of alerts, of a queue that grows and of a pipeline that is behind, as
notify.file says (docs/notify.md). They may be in the same process or in others.

Start as many processes as you like with the same kafka.group: they share the partitions. Give each a
kafka.instance of its own that survives a restart, and a restarted process resumes at once.

Metrics for Prometheus, /healthz and /readyz are served at http.address (localhost:9464); docs/operations.md
says what they mean.`,
		Example: "  weir run --config weir.yaml\n  WEIR_KAFKA_BROKERS=kafka:9092 WEIR_REDIS_ADDRESSES=redis:6379 weir run\n  weir run --target pipeline,decide",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("target") {
				c.Targets = targets
			}
			log, err := app.NewLogger(c.Log, os.Stderr)
			if err != nil {
				return err
			}
			return app.Run(cmd.Context(), c, version, log)
		},
	}
	cmd.Flags().StringSliceVar(&targets, "target", nil, "what to run: pipeline, decide, review, notify, or several; without it, the configuration's targets")
	return cmd
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
			if summary != "" && summary != "json" {
				return errUsage("--summary is %q: it can be json", summary)
			}
			o.JSONSummary = summary == "json"
			o.Version = version
			if !(o.Rate > 0) {
				return errUsage("--rate is %v: it must be above 0", o.Rate)
			}
			if o.For < 0 {
				return errUsage("--for is %v: it must not be negative", o.For)
			}
			o.Colour = os.Getenv("NO_COLOR") == ""
			return app.Demo(cmd.Context(), c, o, os.Stdin, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	f.DurationVar(&o.For, "for", 0, "stop by itself after this time, such as 30s")
	f.Float64Var(&o.Rate, "rate", 500, "transactions per second")
	f.Uint64Var(&o.Seed, "seed", 1, "which world to simulate")
	f.StringVar(&o.DataDirectory, "data-dir", "", "keep the log here; account states are rebuilt from it at the next start")
	f.StringVar(&o.HTTP, "http", "", "serve metrics and health at this address, such as localhost:9464")
	f.StringVar(&o.Decide, "decide", "", "take transactions over HTTP at this address, such as localhost:9465, and answer with their decisions")
	f.StringVar(&o.Review, "review", "localhost:0", "review alerts on a page at this address, port 0 for any free one; empty for none")
	f.StringVar(&o.Notify, "notify", "", "tell others as this file says (docs/notify.md)")
	f.StringVar(&summary, "summary", "", "json prints one last line of JSON and nothing else")
	f.Bool("log", false, "show the pipeline's log")
	return cmd
}

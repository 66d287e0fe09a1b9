package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func benchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure throughput, latency and size", Long: `Measure against the configured Kafka and Redis. Every figure is a line of "name value unit"; docs/benchmarks.md
defines each. Benchmarks use topics, groups and a state of their own and delete them afterwards.`}
	cmd.AddCommand(benchAllCommand(), benchLatencyCommand(), benchDecideCommand(), benchPipelineCommand(), benchFeaturesCommand(), benchScoringCommand(),
		benchEntitiesCommand(), benchAccountCommand(), benchReviewCommand())
	return cmd
}

// measure is the RunE of a benchmark.
func measure(run func(ctx context.Context, c app.Config, stdout, stderr io.Writer, log *slog.Logger) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c, err := load(cmd)
		if err != nil {
			return err
		}
		c.Log.Level = "error" // the workers' joining makes some noise
		log, err := app.NewLogger(c.Log, os.Stderr)
		if err != nil {
			return err
		}
		return run(cmd.Context(), c, os.Stdout, os.Stderr, log)
	}
}

func benchAllCommand() *cobra.Command {
	var o app.BenchOptions
	cmd := &cobra.Command{
		Use: "all", Short: "Measure everything", Args: cobra.NoArgs,
		Example: "  make bench ARGS='--profile cpu.pprof'\n  weir --config weir.yaml bench all",
		RunE: measure(func(ctx context.Context, c app.Config, stdout, stderr io.Writer, log *slog.Logger) error {
			return app.Bench(ctx, c, o, stdout, stderr, log)
		}),
	}
	f := cmd.Flags()
	f.Int64Var(&o.Transactions, "transactions", 600_000, "transactions for the figures of throughput")
	f.DurationVar(&o.For, "for", 30*time.Second, "how long to measure each latency")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topics")
	f.StringVar(&o.Profile, "profile", "", "write a CPU profile of the pipeline to this file, for go tool pprof")
	f.Int64Var(&o.Alerts, "alerts", 1_000_000, "alerts in the database that the review API is measured with")
	pythonFlag(cmd, &o)
	return cmd
}

func benchLatencyCommand() *cobra.Command {
	var account bool
	cmd := openLoop(&cobra.Command{
		Use:   "latency",
		Short: "Measure the time from when a transaction was due to its decision",
		Long: `Send simulated transactions at a fixed rate, in an open loop, and print the time from the moment each was due to the
moment a read_committed consumer had its decision, so that waiting counts.`,
	}, 2000, func(ctx context.Context, c app.Config, o app.LatencyOptions, stdout io.Writer, log *slog.Logger) error {
		o.Account = account
		return app.BenchLatency(ctx, c, o, stdout, log)
	})
	cmd.Flags().BoolVar(&account, "account", false, "with 40 features of the account alone, as in weir bench account")
	return cmd
}

func benchDecideCommand() *cobra.Command {
	return openLoop(&cobra.Command{
		Use:   "decide",
		Short: "Measure the time from when a request was due to the decision in its answer",
		Long: `Run the pipeline and the target decide, send simulated transactions over HTTP at a fixed rate, in an open loop, and
print the time from the moment each was due to the moment its decision was there, so that waiting counts.`,
	}, app.DecideRate, app.BenchDecide)
}

// openLoop completes the command of a benchmark that sends at a rate.
func openLoop(cmd *cobra.Command, rate float64, run func(context.Context, app.Config, app.LatencyOptions, io.Writer, *slog.Logger) error) *cobra.Command {
	var o app.LatencyOptions
	cmd.Args = cobra.NoArgs
	cmd.RunE = measure(func(ctx context.Context, c app.Config, stdout, _ io.Writer, log *slog.Logger) error {
		if o.Rate <= 0 || o.Partitions < 1 {
			return errUsage("--rate and --partitions must be above 0")
		}
		return run(ctx, c, o, stdout, log)
	})
	f := cmd.Flags()
	f.Float64Var(&o.Rate, "rate", rate, "transactions per second")
	f.DurationVar(&o.For, "for", time.Minute, "how long to measure")
	f.DurationVar(&o.WarmUp, "warm-up", app.LatencyWarmUp, "how long to send before measuring: a broker that has just started takes a minute or two to reach its speed")
	f.Int32Var(&o.Partitions, "partitions", app.LatencyPartitions, "partitions of the topics")
	return cmd
}

func benchPipelineCommand() *cobra.Command {
	var o app.PipelineBenchOptions
	cmd := &cobra.Command{
		Use:   "pipeline --topic TOPIC",
		Short: "Run the pipeline over an existing topic until its end, and print its rate and CPU time",
		Long: `Run the whole pipeline over an existing topic of transactions, from its start to where it ends now: exactly once,
a decision per transaction, with the configured model. The topic is left alone. Prints the rate, the CPU time of
this process per transaction, and that of each stage.`,
		Example: "  weir bench pipeline --topic transactions --profile cpu.pprof",
		Args:    cobra.NoArgs,
		RunE: measure(func(ctx context.Context, c app.Config, stdout, _ io.Writer, log *slog.Logger) error {
			return app.BenchPipeline(ctx, c, o, stdout, log)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&o.Topic, "topic", "", "topic of transactions to read")
	f.StringVar(&o.Profile, "profile", "", "write a CPU profile to this file, for go tool pprof")
	_ = cmd.MarkFlagRequired("topic")
	return cmd
}

func benchFeaturesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "features", Short: "Measure what features of an account take, in memory and decoded first", Args: cobra.NoArgs,
		Long: `Print the CPU time that 40 and 200 features over an account's own events take for one transaction, with 10, 100 and
1,000 events in the longest window. It needs no servers.`,
		RunE: measure(app.BenchFeatures),
	}
}

func benchScoringCommand() *cobra.Command {
	var o app.BenchOptions
	cmd := &cobra.Command{
		Use: "scoring", Short: "Measure what the score of one transaction takes, and its explanation", Args: cobra.NoArgs,
		Long: `Print the CPU time that one vector of 63 features takes in a model of 200 trees, of 31 and of 63 leaves: its score and what
each feature adds to it. It needs no servers.`,
		Example: "  weir bench scoring --python .venv/bin/python",
		RunE: measure(func(ctx context.Context, c app.Config, stdout, stderr io.Writer, log *slog.Logger) error {
			return app.BenchScoring(ctx, c, o, stdout, stderr, log)
		}),
	}
	pythonFlag(cmd, &o)
	return cmd
}

func pythonFlag(cmd *cobra.Command, o *app.BenchOptions) {
	cmd.Flags().StringVar(&o.Python, "python", "", "a Python that has weir_train, to measure LightGBM's pred_contrib on the same models")
}

func benchAccountCommand() *cobra.Command {
	var o app.BenchOptions
	cmd := &cobra.Command{
		Use: "account", Short: "Measure the pipeline with 40 features of the account alone", Args: cobra.NoArgs,
		Long: `Run the whole pipeline with 40 features over the account's own events, none over entities, and a model of 200 trees with 31
leaves: the work that a comparison with other systems is about. About one transaction in a hundred becomes an alert with reasons.`,
		Example: "  weir bench account --profile cpu.pprof",
		RunE: measure(func(ctx context.Context, c app.Config, stdout, stderr io.Writer, log *slog.Logger) error {
			if o.Transactions < 1 || o.Partitions < 1 {
				return errUsage("--transactions and --partitions must be above 0")
			}
			return app.BenchAccount(ctx, c, o, stdout, stderr, log)
		}),
	}
	f := cmd.Flags()
	f.Int64Var(&o.Transactions, "transactions", 600_000, "transactions to decide, after half as many that are folded first")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topics")
	f.StringVar(&o.Profile, "profile", "", "write a CPU profile to this file")
	return cmd
}

func benchEntitiesCommand() *cobra.Command {
	var o app.BenchOptions
	cmd := &cobra.Command{
		Use: "entities", Short: "Measure the pipeline with many merchants and with very many devices", Args: cobra.NoArgs,
		Long: `Run the whole pipeline over traffic with 10,000 merchants, and over traffic in which every transaction has one of
1,000,000 devices at random, and print what entities add: in CPU time, reads of other partitions, and memory.`,
		Example: "  weir bench entities --partitions 64",
		RunE: measure(func(ctx context.Context, c app.Config, stdout, stderr io.Writer, log *slog.Logger) error {
			if o.Transactions < 1 || o.Partitions < 1 {
				return errUsage("--transactions and --partitions must be above 0")
			}
			return app.BenchEntities(ctx, c, o, stdout, stderr, log)
		}),
	}
	f := cmd.Flags()
	f.Int64Var(&o.Transactions, "transactions", 600_000, "transactions of each run")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topics")
	return cmd
}

func benchReviewCommand() *cobra.Command {
	var o app.ReviewBenchOptions
	cmd := &cobra.Command{
		Use: "review", Short: "Measure the review API over a database of very many alerts", Args: cobra.NoArgs,
		Long: `Fill a place beside the configured database (review.database) with alerts of half a year, a schema in PostgreSQL, run the
target review over it, send requests as analysts do at a fixed rate, in an open loop, and print the time from the moment
each was due to the moment its answer was there. Alerts come in meanwhile. The place is removed afterwards.`,
		Example: "  WEIR_REVIEW_DATABASE=postgres://weir@localhost/weir weir bench review",
		RunE: measure(func(ctx context.Context, c app.Config, stdout, stderr io.Writer, log *slog.Logger) error {
			if o.Alerts < 1000 || o.Rate <= 0 || o.Partitions < 1 {
				return errUsage("--alerts must be 1000 or more, and --rate and --partitions above 0")
			}
			return app.BenchReview(ctx, c, o, stdout, stderr, log)
		}),
	}
	f := cmd.Flags()
	f.Int64Var(&o.Alerts, "alerts", 1_000_000, "alerts in the database")
	f.Float64Var(&o.Rate, "rate", app.ReviewRate, "requests per second")
	f.DurationVar(&o.For, "for", 30*time.Second, "how long to measure")
	f.DurationVar(&o.WarmUp, "warm-up", app.ReviewWarmUp, "how long to send before measuring")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topics")
	f.BoolVar(&o.Keep, "keep", false, "leave the filled place, and print its address")
	f.StringVar(&o.Filled, "filled", "", "address of a place that was left, to measure over it instead of filling one")
	return cmd
}

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/payment"
)

func errUsage(format string, args ...any) error { return fmt.Errorf(format, args...) }

func inputFlags(f *pflag.FlagSet, in *app.Input) {
	f.StringVar(&in.Mapping, "mapping", "", "YAML file that says which column is which field; not needed for JSON lines in Weir's own shape")
	f.Int64Var(&in.Limit, "limit", 0, "stop after this many rows")
	in.MaxRejects = app.DefaultMaxRejects()
	f.Var(&in.MaxRejects, "max-rejects", "how many rows may be no transactions: a number, or a share such as 1%")
	f.StringVar(&in.RejectsOut, "rejects-out", "", "write the rejected rows as JSON lines, with what is wrong with each")
}

func replayCommand() *cobra.Command {
	var o app.ReplayOptions
	var summary, since string
	var challengers, policies []string
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Run past transactions through the engine",
		Long: `Run past transactions through the same engine as weir run, with the account states in memory.

Files are CSV or JSON lines, plain, .gz or .zst, or Parquet; - is standard input. Outputs are written where asked for,
compressed if their name ends in .gz or .zst, and --features-out also writes FILE.schema.json, which the trainer wants.

The summary counts rows and alerts and, where the rows have labels, says how good the alerts are. --report writes all
of it as a page with pictures and the alerts with the highest scores, one file that any browser opens offline.
docs/replay.md explains each figure.`,
		Example: `  weir replay --mapping testdata/mappings/handbook.yaml --report handbook.html handbook.csv.zst
  weir simulate --count 100000 --out - | weir replay --no-model --features-out features.csv -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if o.NoModel && len(challengers)+len(policies) > 0 {
				return errUsage("--challenger and --challenger-policy are about scores: leave out --no-model")
			}
			c.Policy.Challengers = append(c.Policy.Challengers, policies...)
			c.Model.Challengers = append(c.Model.Challengers, challengers...)
			if o.Partitions < 1 {
				return errUsage("--partitions is %d: it must be at least 1", o.Partitions)
			}
			if o.Threads < 0 {
				return errUsage("--threads is %d: it must not be negative", o.Threads)
			}
			if summary != "text" && summary != "json" {
				return errUsage("--summary is %q: it must be text or json", summary)
			}
			o.JSONSummary = summary == "json"
			if o.Since, err = parseSince(since); err != nil {
				return err
			}
			o.Input.Paths = args
			return app.Replay(cmd.Context(), c, o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	inputFlags(f, &o.Input)
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topic that this stands for")
	f.IntVar(&o.Threads, "threads", 0, "threads; 0 for one per processor. The output does not depend on it")
	f.BoolVar(&o.NoModel, "no-model", false, "compute features only")
	f.StringArrayVar(&challengers, "challenger", nil, "directory of a model that scores too and decides nothing, beside those of model.challengers; may be repeated")
	f.StringArrayVar(&policies, "challenger-policy", nil, "policy file that decides nothing, beside those of policy.challengers; may be repeated")
	f.StringVar(&o.Features, "features-out", "", "write feature vectors and labels as CSV")
	f.StringVar(&o.Decisions, "decisions-out", "", "write decisions as JSON lines")
	f.StringVar(&o.Feedback, "feedback-out", "", "write the labels as label events, JSON lines (weir produce --feedback sends them)")
	f.StringVar(&o.State, "state-out", "", "write the final account states as JSON lines")
	f.StringVar(&since, "since", "", "leave transactions before this day (2024-03-01) or time (2024-03-01T12:00:00Z) out of the figures; they still give accounts their past")
	f.StringVar(&o.Report, "report", "", "write a page of HTML with the figures, pictures and top alerts")
	f.StringVar(&summary, "summary", "text", "how to print the summary: text, or json for one line of JSON")
	return cmd
}

// parseSince reads the flag --since.
func parseSince(text string) (payment.Time, error) {
	return parseMoment("--since", text, payment.MinTime)
}

// parseMoment reads a time, or the beginning of a day in UTC; "" is the moment that none stands for.
func parseMoment(flag, text string, none payment.Time) (payment.Time, error) {
	if text == "" {
		return none, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return payment.TimeOf(t), nil
		}
	}
	return 0, errUsage("%s is %q: it must be a day such as 2024-03-01 or a time such as 2024-03-01T12:00:00Z", flag, text)
}

func produceCommand() *cobra.Command {
	var o app.ProduceOptions
	cmd := &cobra.Command{
		Use:   "produce [FILE...]",
		Short: "Send past transactions into Kafka",
		Long: `Send transactions from files, or all of another topic, into the transactions topic. Event times are the files'
own; record times are now. Records are keyed by account and go where the Java client would put them.

--from-topic copies a topic into another one, keeping each account's order: the way to another partition count.

--feedback sends label events, a JSON line each (docs/events.md), into the feedback topic instead.`,
		Example: `  weir produce --mapping testdata/mappings/handbook.yaml --speed 1000 handbook.csv.zst
  weir produce --from-topic transactions --topic transactions-64`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if o.FromTopic != "" && len(args) > 0 {
				return errUsage("give files or --from-topic, not both")
			}
			o.Input.Paths = args
			if o.Feedback {
				return app.ProduceFeedback(cmd.Context(), c, o, os.Stdout)
			}
			return app.Produce(cmd.Context(), c, o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	inputFlags(f, &o.Input)
	f.BoolVar(&o.Feedback, "feedback", false, "the files hold label events")
	f.StringVar(&o.FromTopic, "from-topic", "", "copy this topic instead of reading files")
	f.StringVar(&o.Topic, "topic", "", "topic to send to (default: kafka.topics.transactions)")
	f.Float64Var(&o.Speed, "speed", 0, "multiple of real time, by the event times; 0 for flat out")
	f.Float64Var(&o.Rate, "rate", 0, "most transactions per second; 0 for no limit")
	return cmd
}

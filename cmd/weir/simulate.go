package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/simulate"
)

func simulateCommand() *cobra.Command {
	o := app.SimulateOptions{World: simulate.DefaultConfig()}
	var world string
	var toTopic, printWorld bool
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Make simulated, labelled traffic",
		Long: `Make transactions of accounts with habits, with labelled fraud among them.

They go into a file as JSON lines, each a transaction with "label" and, for fraud, "pattern". With --to-topic they
go into Kafka instead, without labels; give --out as well to keep the labels. The same world gives the same traffic.

With --rate they come by the clock: first the world's warm-up as history, at once, then so many transactions a second
with the present as their event time, until Ctrl-C or --count.

A world is a YAML file with everything that can be changed: accounts, merchants, and the parameters, share and
schedule of each fraud pattern. Keys that are left out have their default; flags win over the file.`,
		Example: `  weir simulate --count 1000000 --seed 7 --out traffic.jsonl.zst
  weir simulate --print-world > world.yaml
  weir simulate --world world.yaml --out traffic.jsonl
  weir simulate --config weir.yaml --to-topic --rate 500`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readWorld(cmd.Flags(), world, &o); err != nil {
				return err
			}
			if printWorld {
				if err := o.World.Validate(); err != nil {
					return err
				}
				return app.WriteWorld(os.Stdout, o.World)
			}
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if err := aimAt(cmd.Flags(), &o, toTopic, c.Kafka.Topics.Transactions); err != nil {
				return err
			}
			return app.Simulate(cmd.Context(), c, o, os.Stderr)
		},
	}
	f := cmd.Flags()
	f.StringVar(&world, "world", "", "YAML file that describes the world (see --print-world)")
	f.BoolVar(&printWorld, "print-world", false, "print the world in effect, with a comment for every key, and nothing else")
	f.Int64Var(&o.Count, "count", 0, "how many transactions (default 100000, or all where --rate or the world's duration says when to stop)")
	f.StringVar(&o.Out, "out", "-", "file to write, compressed if it ends in .gz or .zst; - for standard output")
	f.BoolVar(&toTopic, "to-topic", false, "send the transactions to Kafka")
	f.StringVar(&o.Topic, "topic", "", "topic for --to-topic (default: kafka.topics.transactions)")
	f.Float64Var(&o.Rate, "rate", 0, "transactions per second by the clock; 0 for flat out with the world's own times")
	f.DurationVar(&o.World.WarmUp, "warm-up", 0, "with --rate, how much history comes first (default 24h, less where there are over 40,000 accounts)")
	f.Uint64Var(&o.World.Seed, "seed", o.World.Seed, "which world to simulate")
	f.IntVar(&o.World.Accounts, "accounts", o.World.Accounts, "how many accounts")
	f.IntVar(&o.World.Merchants, "merchants", o.World.Merchants, "how many merchants")
	f.Float64Var(&o.World.FraudShare, "fraud-share", o.World.FraudShare, "share of fraud among all transactions; 0 for the patterns' own")
	f.Var((*moment)(&o.World.Start), "start", "event time of the beginning")
	return cmd
}

// readWorld puts the world together: the defaults, those of live traffic with --rate; over them the file; over both the
// flags that were given.
func readWorld(f *pflag.FlagSet, path string, o *app.SimulateOptions) error {
	given := make(map[*pflag.Flag]string)
	f.Visit(func(flag *pflag.Flag) { given[flag] = flag.Value.String() })
	if o.Rate < 0 {
		return errUsage("--rate is %v: it must not be negative", o.Rate)
	}
	if o.Rate > 0 {
		if f.Changed("start") {
			return errUsage("--start does not go with --rate, where event times are the present; --warm-up says how far back it begins")
		}
		o.World = simulate.LiveConfig(time.Now(), o.Rate)
	}
	if path != "" {
		if err := app.ReadWorld(path, &o.World); err != nil {
			return err
		}
	}
	for flag, text := range given {
		if err := flag.Value.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// aimAt settles where the transactions go, and how many.
func aimAt(f *pflag.FlagSet, o *app.SimulateOptions, toTopic bool, topic string) error {
	if toTopic && o.Topic == "" {
		o.Topic = topic
	}
	if o.Topic != "" && !f.Changed("out") {
		o.Out = ""
	}
	ends := o.Rate > 0 || o.World.Duration > 0
	switch {
	case o.Count < 0 || o.Count == 0 && !ends && f.Changed("count"):
		return errUsage("--count is %d: it must be at least 1, or 0 with --rate or a world that has a duration", o.Count)
	case o.Count == 0 && !ends:
		o.Count = 100_000
	}
	return nil
}

// moment is a time as a flag.
type moment time.Time

// Set implements pflag.Value.
func (m *moment) Set(text string) error {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errUsage("it must be a time such as 2024-01-01T00:00:00Z")
	}
	*m = moment(t)
	return nil
}

// String implements pflag.Value.
func (m *moment) String() string { return time.Time(*m).Format(time.RFC3339) }

// Type implements pflag.Value.
func (m *moment) Type() string { return "time" }

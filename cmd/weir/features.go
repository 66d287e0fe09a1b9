package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
)

func featuresCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "features",
		Short: "Declare, check and explain features",
		Long: `Features are declared in a YAML file: docs/features.md. The shipped one is in effect unless features.file in weir.yaml names
another.

  weir features source > features.yaml           the shipped file, to start from
  weir features check features.yaml              what is in it, what state it needs, whether the model fits
  weir features explain --input payments.csv --mapping mapping.yaml --transaction ID
                                                 where each value comes from, event by event`,
	}
	cmd.AddCommand(featuresCheckCommand(), featuresListCommand(), featuresSourceCommand(), featuresExplainCommand())
	return cmd
}

func featuresCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: "Compile a features file, and say what is in it and whether the model fits", Args: cobra.MaximumNArgs(1),
		Long: `Compile a features file, the configured one unless FILE is given, and say what is in it: features by kind, windows,
filters, what the state keeps and how large it gets, and the state's layout. Then compare it with the configured model.

A mistake is told with its line and the remedy, and the exit status is 1. That the model does not fit is no mistake: a
model is trained on a file after it is written.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				c.Features.File = args[0]
			}
			return app.CheckFeatures(c, os.Stdout)
		},
	}
}

func featuresListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the features with their definition hashes, in the order of the vectors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.ListFeatures(c, asJSON, os.Stdout)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func featuresSourceCommand() *cobra.Command {
	return &cobra.Command{
		Use: "source", Short: "Print the shipped features file", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := os.Stdout.WriteString(features.BuiltinSource())
			return err
		},
	}
}

func featuresExplainCommand() *cobra.Command {
	var o app.ExplainOptions
	cmd := &cobra.Command{
		Use:   "explain --input FILE --transaction ID",
		Short: "Explain a transaction's features, event by event",
		Long: `Replay a file up to a transaction, and tell of each feature how its value came about: the account's events inside its
window that pass its filter and what each of them adds, the tiles of an entity, or the values that an expression reads.
Each value is computed once more from what is listed, and a difference is told.`,
		Example: "  weir features explain --input payments.csv.gz --mapping mapping.yaml --transaction T-17 --feature mean_30d --events 0",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if o.Partitions < 1 {
				return errUsage("--partitions is %d: it must be at least 1", o.Partitions)
			}
			if o.Events < 0 {
				return errUsage("--events is %d: it must not be negative", o.Events)
			}
			return app.Explain(cmd.Context(), c, o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	inputFlags(f, &o.Input)
	f.StringArrayVar(&o.Input.Paths, "input", nil, "file of transactions as for weir replay; give it several times for several files")
	f.StringVar(&o.Transaction, "transaction", "", "id of the transaction")
	f.StringVar(&o.Account, "account", "", "its account, where ids are unique only within an account; without it the first transaction with the id")
	f.StringArrayVar(&o.Features, "feature", nil, "explain this feature; give it several times for several, not at all for all")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topic that the file stands for")
	f.IntVar(&o.Events, "events", 10, "most events or tiles listed for a feature, the newest; 0 for all")
	f.BoolVar(&o.JSON, "json", false, "print JSON")
	return cmd
}

package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func modelCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "model", Short: "Check and compare models, and say which is active"}
	cmd.AddCommand(&cobra.Command{
		Use: "check [DIRECTORY]", Short: "Verify a model directory against the feature set, as weir run would", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				c.Model.Directory, c.Model.Challengers = args[0], nil
			}
			return app.CheckModel(c, os.Stdout)
		},
	})
	cmd.AddCommand(modelCompareCommand(), modelPromoteCommand(), modelRollbackCommand(), modelListCommand())
	return cmd
}

func modelCompareCommand() *cobra.Command {
	var o app.CompareOptions
	var champion, since string
	var challengers, policies []string
	cmd := &cobra.Command{
		Use:   "compare [FILE...]",
		Short: "Compare the model with challengers, and the policy, on the same transactions",
		Long: `Say how the configured model and its challengers would have done on the same transactions, each under the policy in effect or,
without a policy file, by its own thresholds: how often they act alike, how alike they rank, and what each alone would
have alerted on, in counts and in money. A challenger policy decides on the configured model's scores.

The transactions are past ones, which are replayed as by weir replay: the features file must declare what every model
reads. Or they are decisions as they were made, with the challengers' scores in them, and the labels that came since:
JSON lines of the topics decisions and feedback.

docs/models.md says how to read it.`,
		Example: `  weir model compare --challenger models/cards/2026-12-01 --mapping mapping.yaml --report compare.html payments.csv.gz
  weir model compare --challenger models/cards/2026-12-01 --decisions decisions.jsonl.zst --feedback feedback.jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if champion != "" {
				c.Model.Directory = champion
			}
			c.Model.Challengers = append(c.Model.Challengers, challengers...)
			c.Policy.Challengers = append(c.Policy.Challengers, policies...)
			if o.Partitions < 1 {
				return errUsage("--partitions is %d: it must be at least 1", o.Partitions)
			}
			if o.Threads < 0 {
				return errUsage("--threads is %d: it must not be negative", o.Threads)
			}
			if o.Since, err = parseSince(since); err != nil {
				return err
			}
			o.Input.Paths = args
			return app.CompareModels(cmd.Context(), c, o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	inputFlags(f, &o.Input)
	f.StringVar(&champion, "champion", "", "directory of the model to challenge (default: model.directory)")
	f.StringArrayVar(&challengers, "challenger", nil, "directory of a model to compare it with, beside those of model.challengers; may be repeated")
	f.StringArrayVar(&policies, "challenger-policy", nil, "policy file to compare the one in effect with, beside those of policy.challengers; may be repeated")
	f.StringArrayVar(&o.Decisions, "decisions", nil, "file of decisions, JSON lines, instead of past transactions; may be repeated")
	f.StringArrayVar(&o.Feedback, "feedback", nil, "file of label events, JSON lines, for the decisions; may be repeated")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topic that the replay stands for")
	f.IntVar(&o.Threads, "threads", 0, "threads; 0 for one per processor. The output does not depend on it")
	f.StringVar(&since, "since", "", "leave transactions before this day (2024-03-01) or time out of the figures; replayed, they still give accounts their past")
	f.BoolVar(&o.JSON, "json", false, "print one line of JSON")
	f.StringVar(&o.Report, "report", "", "write a page of HTML with the figures and a picture")
	return cmd
}

package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Check, test, tune and apply the policy",
		Long: `A policy turns scores into actions: bands by segment, rules, block and allow lists, in a YAML file that policy.file in
weir.yaml names. Without one, the model's own thresholds decide. docs/policy.md describes the file.

  weir policy check policy.yaml                        what is in it; mistakes with their lines
  weir policy test policy.yaml                         the cases written in it or in policy_test.yaml
  weir policy tune --alerts-per-day 200 --mapping mapping.yaml payments.csv
                                                       thresholds for a number of alerts, from labelled history
  weir policy apply policy.yaml                        make it active in every running process`,
	}
	cmd.AddCommand(policyCheckCommand(), policyTestCommand(), policyTuneCommand(), policyApplyCommand())
	return cmd
}

func policyCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: "Compile a policy file, and say what is in it", Args: cobra.MaximumNArgs(1),
		Long: `Compile a policy file against the features in effect, the configured file unless FILE is given, and print its segments
and bands, rules and lists. A mistake is told with its line and the remedy, and the exit status is 1.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadPolicy(cmd, args)
			if err != nil {
				return err
			}
			return app.CheckPolicy(c, os.Stdout)
		},
	}
}

func policyTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test [FILE]", Short: "Decide the cases written beside a policy", Args: cobra.MaximumNArgs(1),
		Long: `Decide the cases of a policy file, the configured one unless FILE is given: those it lists under tests, and those of the
file beside it whose name has _test before its ending. What comes out otherwise than expected is shown, and the exit
status is 1.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadPolicy(cmd, args)
			if err != nil {
				return err
			}
			return app.TestPolicy(c, os.Stdout)
		},
	}
}

// loadPolicy reads the configuration, with the policy file that the arguments may name.
func loadPolicy(cmd *cobra.Command, args []string) (app.Config, error) {
	c, err := load(cmd)
	if err == nil && len(args) == 1 {
		c.Policy.File = args[0]
	}
	return c, err
}

func policyTuneCommand() *cobra.Command {
	var o app.TuneOptions
	var since, file string
	cmd := &cobra.Command{
		Use: "tune FILE...", Short: "Choose thresholds from labelled history", Args: cobra.MinimumNArgs(1),
		Long: `Replay files of past transactions, as weir replay does, and print what review thresholds for several numbers of alerts
a day would have found, saved and asked of the analysts. Thresholds are those of one segment of the policy, whose
transactions alone count; rules and lists stay as they are. The last lines are the chosen thresholds as a policy file has them.`,
		Example: "  weir policy tune --alerts-per-day 200 --since 2018-07-25 --report tuning.html --mapping testdata/mappings/handbook.yaml handbook.csv.zst",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if file != "" {
				c.Policy.File = file
			}
			switch {
			case o.Partitions < 1:
				return errUsage("--partitions is %d: it must be at least 1", o.Partitions)
			case o.Threads < 0:
				return errUsage("--threads is %d: it must not be negative", o.Threads)
			case !(o.AlertsPerDay > 0 && o.AlertsPerDay <= 1e9):
				return errUsage("--alerts-per-day is %v: it must be above 0", o.AlertsPerDay)
			case !(o.DeclinePrecision > 0 && o.DeclinePrecision <= 1):
				return errUsage("--decline-precision is %v: it must be above 0 and up to 1", o.DeclinePrecision)
			}
			if o.Since, err = parseSince(since); err != nil {
				return err
			}
			o.Input.Paths = args
			return app.TunePolicy(cmd.Context(), c, o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	inputFlags(f, &o.Input)
	f.StringVar(&file, "policy", "", "policy file; without one, that of the configuration")
	f.StringVar(&o.Segment, "segment", "", "segment to choose thresholds for; without one, the last of the policy")
	f.Float64Var(&o.AlertsPerDay, "alerts-per-day", 200, "alerts that analysts can work off in a day")
	f.Float64Var(&o.DeclinePrecision, "decline-precision", 0.9, "share of fraud among the declined, which the lower end of its 95 % confidence interval has to reach")
	f.StringVar(&since, "since", "", "leave transactions before this day (2024-03-01) or time (2024-03-01T12:00:00Z) out of the figures; they still give accounts their past")
	f.StringVar(&o.Report, "report", "", "write a page of HTML with the table and a picture")
	f.Int32Var(&o.Partitions, "partitions", 8, "partitions of the topic that this stands for")
	f.IntVar(&o.Threads, "threads", 0, "threads; 0 for one per processor. The output does not depend on it")
	return cmd
}

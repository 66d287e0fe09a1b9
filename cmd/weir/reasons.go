package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/app"
)

func reasonsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reasons",
		Short: "Check and print the words for alerts",
		Long: `What alerts say is written in a YAML file: docs/alerts.md. The shipped one is in effect unless alerts.reasons in weir.yaml
names another.

  weir reasons source > reasons.yaml     the shipped file, to start from
  weir reasons check reasons.yaml        whether it fits the features`,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check [FILE]", Short: "Check a file of reasons, the configured one unless FILE is given, against the features", Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				c, err := load(cmd)
				if err != nil {
					return err
				}
				if len(args) == 1 {
					c.Alerts.Reasons = args[0]
				}
				return app.CheckReasons(c, os.Stdout)
			},
		},
		&cobra.Command{
			Use: "source", Short: "Print the shipped file, to start one's own from", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				_, err := os.Stdout.WriteString(alerts.BuiltinReasons())
				return err
			},
		},
	)
	return cmd
}

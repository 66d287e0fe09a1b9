package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func notifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "notify", Short: "What weir run --target notify tells others"}
	c.AddCommand(notifyCheckCommand(), notifyTestCommand(), notifyListCommand(), notifyRetryCommand())
	return c
}

func notifyCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a file of routes and its secrets, and show what would be sent",
		Long: `Check a file of routes (docs/notify.md), or the one that notify.file names: its keys, its templates and whether its
secrets are there. What each route would send is printed, with made-up values; nothing is sent.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				c.Notify.File = args[0]
			}
			return app.CheckNotify(c, os.Stdout)
		},
	}
}

func notifyTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test ROUTE",
		Short: "Send a sample by a route",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.TestNotify(cmd.Context(), c, args[0], os.Stdout)
		},
	}
}

func notifyListCommand() *cobra.Command {
	var failed, waiting bool
	var route string
	var most int
	c := &cobra.Command{
		Use:     "list",
		Short:   "List deliveries, the newest first",
		Example: "  weir notify list --failed\n  weir notify list --route fraud-desk",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			state := ""
			switch {
			case failed && waiting:
				return errUsage("--failed and --waiting exclude each other")
			case failed:
				state = "failed"
			case waiting:
				state = "waiting"
			}
			return app.ListDeliveries(cmd.Context(), c, state, route, most, os.Stdout)
		},
	}
	c.Flags().BoolVar(&failed, "failed", false, "only those that were given up")
	c.Flags().BoolVar(&waiting, "waiting", false, "only those that are still tried")
	c.Flags().StringVar(&route, "route", "", "only those of a route")
	c.Flags().IntVar(&most, "most", 100, "how many")
	return c
}

func notifyRetryCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "retry ID...",
		Short: "Try deliveries again, at once",
		Long: `Try deliveries again that wait or were given up, at once and as if they were new; --all tries all again that were given
up. Their receivers get them under the same id as before.`,
		Example: "  weir notify retry 6f1c…\n  weir notify retry --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if all == (len(args) > 0) {
				return errUsage("name deliveries, or give --all")
			}
			return app.RetryDeliveries(cmd.Context(), c, args, operator(), os.Stdout)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "all that were given up")
	return c
}

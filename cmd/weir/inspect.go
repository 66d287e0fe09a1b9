package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func topicsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "topics", Short: "Create and check the topics"}
	var partitions int32
	var replicas int
	create := &cobra.Command{
		Use: "create", Short: "Create the topics that are missing, with the right settings", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if partitions < 1 {
				return errUsage("--partitions is %d: it must be at least 1", partitions)
			}
			return app.CreateTopics(cmd.Context(), c, partitions, replicas, os.Stdout)
		},
	}
	create.Flags().Int32Var(&partitions, "partitions", 16, "partitions of transactions, decisions and alerts; the number cannot be changed later without copying the log")
	create.Flags().IntVar(&replicas, "replicas", 0, "replicas; 0 for the brokers' default")
	check := &cobra.Command{
		Use: "check", Short: "Check the topics' partitions, retention and compaction", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.CheckTopics(cmd.Context(), c, os.Stdout)
		},
	}
	cmd.AddCommand(create, check)
	return cmd
}

func stateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "state", Short: "Build, look at or drop the states in Redis"}
	var out string
	dump := &cobra.Command{
		Use: "dump", Short: "Write the account states as JSON lines", Args: cobra.NoArgs,
		Long: `Write the canonical state of every account in Redis, by partition and account: the same lines as
weir replay --state-out of the same transactions with as many partitions.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.DumpState(cmd.Context(), c, out, os.Stderr)
		},
	}
	dump.Flags().StringVar(&out, "out", "-", "file to write, compressed if it ends in .gz or .zst; - for standard output")
	var layout string
	drop := &cobra.Command{
		Use: "drop", Short: "Delete the state of a layout that is no longer used", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if layout == "" {
				return errUsage("name the layout with --layout; weir state list lists them, and the configured one is %s", c.Layout())
			}
			return app.DropState(cmd.Context(), c, layout, os.Stdout)
		},
	}
	drop.Flags().StringVar(&layout, "layout", "", "the state layout, 12 hexadecimal digits")
	list := &cobra.Command{
		Use: "list", Short: "List the state layouts in Redis, to know what to drop", Args: cobra.NoArgs,
		Long: `Count the keys of every state layout and topic in Redis. It looks at every key of the server, without holding up others;
a key that moves meanwhile may be counted twice.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.ListState(cmd.Context(), c, os.Stdout, os.Stderr)
		},
	}
	cmd.AddCommand(list, stateBuildCommand(), dump, drop)
	return cmd
}

func stateBuildCommand() *cobra.Command {
	var o app.BuildOptions
	cmd := &cobra.Command{
		Use: "build", Short: "Build the state of a new features file beside a running service", Args: cobra.NoArgs,
		Long: `Build the state that the configuration's features file needs, from the log, while processes with another file go on
deciding: nothing is decided, no partition is taken from anybody, and the serving group's committed offsets are
followed and never passed. Once the new state has caught up it says so, and keeps following until it is stopped:
then stop the old processes and start the new ones, which find their state at most some records behind.`,
		Example: "  weir --config new.yaml state build",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			c.Log.Level = "warn" // what it does is told otherwise
			log, err := app.NewLogger(c.Log, os.Stderr)
			if err != nil {
				return err
			}
			return app.BuildState(cmd.Context(), c, o, os.Stdout, os.Stderr, log)
		},
	}
	cmd.Flags().BoolVar(&o.Once, "once", false, "stop as soon as the state has caught up")
	return cmd
}

func configCommand() *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "Print the configuration in effect, with a comment for every key", Args: cobra.NoArgs,
		Long: `Print the configuration that results from the defaults, --config and WEIR_* variables. Without any of them this is a
file to start from:

  weir config > weir.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if c.Redis.Password != "" {
				c.Redis.Password = ""
				fmt.Fprintln(os.Stderr, "weir: redis.password is not shown")
			}
			return app.WriteConfig(os.Stdout, c)
		},
	}
}

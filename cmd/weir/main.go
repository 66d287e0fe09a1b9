// Command weir detects fraud in a stream of payments. `weir help` tells what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	_ "time/tzdata" // mappings name zones, also on machines without a zone database

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

// version is set by the build.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		fmt.Fprintln(os.Stderr, "weir:", err)
		stop()
		os.Exit(1)
	}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "weir",
		Short: "Real-time fraud detection over a stream of payments",
		Long: `Weir reads transactions from Kafka, keeps rolling features of every account in Redis,
scores each transaction with a gradient-boosted model, and answers each with a decision.
What a person should look at becomes an alert.

Start here:
  weir demo                     everything in one process, with simulated traffic
  weir replay --mapping m.yaml file.csv
                                what Weir would have said about past transactions
  weir topics create            make the topics, then
  weir run --config weir.yaml   run against your Kafka and Redis`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; %s --help lists the flags", err, cmd.CommandPath())
	})
	c.PersistentFlags().String("config", os.Getenv("WEIR_CONFIG"), "configuration file; without one, defaults and WEIR_* variables (see weir config)")
	c.AddCommand(demoCommand(), runCommand(), replayCommand(), produceCommand(), exportCommand(), simulateCommand(), topicsCommand(), stateCommand(),
		mappingCommand(), featuresCommand(), reasonsCommand(), policyCommand(), listCommand(), modelCommand(), doctorCommand(), benchCommand(), configCommand(),
		reviewCommand(), userCommand(), tokenCommand(), notifyCommand())
	refuseUnknown(c)
	return c
}

// refuseUnknown makes commands that only hold others refuse what is none of them, and the others say how they are used.
func refuseUnknown(c *cobra.Command) {
	for _, sub := range c.Commands() {
		refuseUnknown(sub)
	}
	if accept := c.Args; accept != nil && c.Runnable() {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := accept(c, args); err != nil {
				return fmt.Errorf("%w; usage: %s (%s --help explains it)", err, c.UseLine(), c.CommandPath())
			}
			return nil
		}
	}
	if !c.HasSubCommands() || c.Runnable() {
		return
	}
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		meant := ""
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			meant = "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return fmt.Errorf("there is no command %s %s%s (%[1]s --help lists them)", c.CommandPath(), args[0], meant)
	}
}

// load reads the configuration that --config names.
func load(cmd *cobra.Command) (app.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return app.Config{}, err
	}
	c, err := app.LoadConfig(path, os.Environ())
	c.Tell(func(text string) { fmt.Fprintln(os.Stderr, "weir:", text) })
	return c, err
}

package main

import (
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

// changeFlags are those of all commands that write to the control topic.
func changeFlags(cmd *cobra.Command, o *app.ChangeOptions) {
	f := cmd.Flags()
	f.StringVar(&o.By, "by", userName(), "who does it, as the control topic keeps it")
	f.StringVar(&o.Note, "note", "", "why")
	f.DurationVar(&o.Wait, "wait", 30*time.Second, "how long to wait for the running instances to say that they have it; 0 for not at all")
}

// userName is what the machine calls whoever runs this.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// change makes a command that writes to the control topic.
func change(cmd *cobra.Command, run func(cmd *cobra.Command, c app.Config, args []string, o app.ChangeOptions) error) *cobra.Command {
	var o app.ChangeOptions
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := load(cmd)
		if err != nil {
			return err
		}
		if o.Wait < 0 {
			return errUsage("--wait is %v: it must not be negative", o.Wait)
		}
		return run(cmd, c, args, o)
	}
	changeFlags(cmd, &o)
	return cmd
}

func modelPromoteCommand() *cobra.Command {
	return change(&cobra.Command{
		Use: "promote DIRECTORY|ID", Short: "Make a model active in every running process", Args: cobra.ExactArgs(1),
		Long: `Verify a model here, copy it into the models directory (model.registry) if it is not there, and make it active: every
running process fetches it from its own models directory by id and hash, verifies it, and decides by it from its next batch
on. One that cannot goes on as before, and says why. The command waits for them and tells what each did; its exit
status is 1 if one refused.`,
		Example: "  weir model promote models/cards/2026-11-25 --note 'better on leaked cards'\n  weir model promote cards/2026-11-25 --wait 0",
	}, func(cmd *cobra.Command, c app.Config, args []string, o app.ChangeOptions) error {
		return app.PromoteModel(cmd.Context(), c, args[0], o, os.Stdout, os.Stderr)
	})
}

func modelRollbackCommand() *cobra.Command {
	return change(&cobra.Command{
		Use: "rollback", Short: "Make the model active again that was so before", Args: cobra.NoArgs,
		Long: `Make the model active again that was so before the last promotion, in every running process. Doing it again goes back
further.`,
	}, func(cmd *cobra.Command, c app.Config, _ []string, o app.ChangeOptions) error {
		return app.RollBackModel(cmd.Context(), c, o, os.Stdout, os.Stderr)
	})
}

func modelListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the models that are here, and which is active where", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.ListModels(cmd.Context(), c, os.Stdout, os.Stderr)
		},
	}
}

func policyApplyCommand() *cobra.Command {
	return change(&cobra.Command{
		Use: "apply FILE", Short: "Make a policy active in every running process", Args: cobra.ExactArgs(1),
		Long: `Compile a policy file, and make it active: every running process decides by it from its next batch on. From then on it
stands above policy.file in weir.yaml. Run weir policy check and weir policy test first.`,
	}, func(cmd *cobra.Command, c app.Config, args []string, o app.ChangeOptions) error {
		return app.ApplyPolicy(cmd.Context(), c, args[0], o, os.Stdout, os.Stderr)
	})
}

func listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "Add entries to block and allow lists, and remove them, while Weir runs",
		Long: `The lists are those that the active policy declares, called by what they do and their name: block merchants. What is
added or removed here stands above the entries in the policy file, and stays when another policy is applied.`,
	}
	cmd.AddCommand(listAddCommand(), listRemoveCommand(), &cobra.Command{
		Use: "show [block|allow NAME]", Short: "Show the entries in effect", Args: cobra.MatchAll(cobra.MaximumNArgs(2), noSingle),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			list := ""
			if len(args) == 2 {
				list = args[0] + ":" + args[1]
			}
			return app.ShowLists(cmd.Context(), c, list, os.Stdout, os.Stderr)
		},
	})
	return cmd
}

func noSingle(_ *cobra.Command, args []string) error {
	if len(args) == 1 {
		return errUsage("name the list by what it does and its name, such as block merchants, or give nothing for all")
	}
	return nil
}

func listAddCommand() *cobra.Command {
	var until, file string
	cmd := change(&cobra.Command{
		Use: "add block|allow NAME {KEY | --file FILE}", Short: "Add an entry, in place of one with the same key, or all of a file",
		Args: cobra.RangeArgs(2, 3), Long: entryFile,
		Example: "  weir list add block merchants \"Shady Shop\" --until 2026-12-31 --note 'three complaints'\n" +
			"  weir list add block cards --file leaked.csv --until 2027-01-31",
	}, func(cmd *cobra.Command, c app.Config, args []string, o app.ChangeOptions) error {
		n, err := entryOptions(args, file)
		if err != nil {
			return err
		}
		n.Until = until
		return app.AddEntry(cmd.Context(), c, n, o, os.Stdout, os.Stderr)
	})
	cmd.Flags().StringVar(&file, "file", "", "CSV file of entries, - for standard input")
	cmd.Flags().StringVar(&until, "until", "", "event time from which on it no longer counts, a day or a time; empty for never")
	return cmd
}

func listRemoveCommand() *cobra.Command {
	var file string
	cmd := change(&cobra.Command{
		Use: "remove block|allow NAME {KEY | --file FILE}", Short: "Remove an entry, also one of the policy file, or all of a file",
		Args: cobra.RangeArgs(2, 3), Long: entryFile,
	}, func(cmd *cobra.Command, c app.Config, args []string, o app.ChangeOptions) error {
		n, err := entryOptions(args, file)
		if err != nil {
			return err
		}
		return app.RemoveEntry(cmd.Context(), c, n, o, os.Stdout, os.Stderr)
	})
	cmd.Flags().StringVar(&file, "file", "", "CSV file of entries, - for standard input")
	return cmd
}

const entryFile = `A file has an entry on each line, without a header: KEY, or KEY,UNTIL, or KEY,UNTIL,NOTE. What it leaves out is as --until and
--note say. A mistake in it is told with its line, and then nothing is changed.`

func entryOptions(args []string, file string) (app.EntryOptions, error) {
	n := app.EntryOptions{List: args[0] + ":" + args[1], File: file}
	if (len(args) == 3) == (file != "") {
		return n, errUsage("give either the key of an entry or --file")
	}
	if file == "" {
		n.Key = args[2]
	}
	return n, nil
}

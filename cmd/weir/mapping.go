package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func mappingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mapping",
		Short: "Propose and try the mapping of a file",
		Long: `A mapping is a YAML file that says which column of a file is which field of a transaction: docs/mapping.md.

  weir mapping suggest payments.csv --out mapping.yaml   a first mapping, with comments
  weir mapping check payments.csv --mapping mapping.yaml what it makes of the rows
  weir replay --mapping mapping.yaml payments.csv        and then the whole file`,
	}
	cmd.AddCommand(suggestCommand(), checkCommand())
	return cmd
}

func suggestCommand() *cobra.Command {
	var out string
	var rows int
	cmd := &cobra.Command{
		Use:   "suggest FILE",
		Short: "Propose a mapping from a file's columns and first rows",
		Long: `Look at the columns and the first rows of a file that Weir has never seen, and write a complete mapping for it. Comments
say what each choice rests on, and "# unsure:" what a person has to decide. The same is listed on standard error, with how
many of those rows could be read.

The file is CSV or JSON lines, plain, .gz or .zst, or Parquet; - is standard input.`,
		Example: "  weir mapping suggest payments.csv.gz --out mapping.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errUsage("name one file: weir mapping suggest FILE")
			}
			if rows < 1 {
				return errUsage("--rows is %d: it must be at least 1", rows)
			}
			return app.SuggestMapping(cmd.Context(), args[0], out, rows, os.Stdout, os.Stderr)
		},
	}
	cmd.Flags().StringVar(&out, "out", "-", "file to write, which must not exist; - for standard output")
	cmd.Flags().IntVar(&rows, "rows", 100_000, "how many rows to look at")
	return cmd
}

func checkCommand() *cobra.Command {
	var in app.Input
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Show what a mapping makes of a file's rows",
		Long: `Read rows through a mapping: the first ten as they come out, how many are rejected for which reason, and the first
mistakes with their lines. The exit status is 1 if a row was rejected.`,
		Example: "  weir mapping check payments.csv.gz --mapping mapping.yaml --limit 0",
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.Limit < 0 {
				return errUsage("--limit is %d: it must not be negative", in.Limit)
			}
			in.Paths = args
			return app.CheckMapping(cmd.Context(), in, os.Stdout)
		},
	}
	cmd.Flags().StringVar(&in.Mapping, "mapping", "", "the mapping; not needed for JSON lines in Weir's own shape")
	cmd.Flags().Int64Var(&in.Limit, "limit", 100_000, "how many rows to read, 0 for all")
	return cmd
}

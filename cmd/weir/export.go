package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/payment"
)

func exportCommand() *cobra.Command {
	var o app.ExportOptions
	var from, to, now, maturity string
	cmd := &cobra.Command{
		Use: "export", Short: "Write decisions with their labels as training data", Args: cobra.NoArgs,
		Long: `Write each decision of the decisions topic with the feature vector exactly as served, and the label that holds for it
after all that the feedback topic says: training data, CSV or Parquet by the name of --out. Nothing else is read, no
database and no Redis.

Beside the file stand FILE.schema.json, which the trainer wants, and FILE.manifest.json, with counts and hashes. A CSV
that is interrupted is gone on with by the same command. docs/export.md describes columns and labels.`,
		Example: `  weir export --out export.csv.gz --maturity 60d
  make train FROM=export.csv.gz OUT=models/cards-new ID=cards/new`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if o.Out == "" {
				return errUsage("name the file to write with --out: its name ends in .csv, .csv.gz, .csv.zst or .parquet")
			}
			if o.From, err = parseMoment("--from", from, payment.MinTime); err != nil {
				return err
			}
			if o.To, err = parseMoment("--to", to, payment.MaxTime); err != nil {
				return err
			}
			if o.From >= o.To {
				return errUsage("--from %s is not before --to %s", from, to)
			}
			if o.Now, err = parseMoment("--now", now, 0); err != nil {
				return err
			}
			if maturity != "" {
				if err := o.Maturity.UnmarshalText([]byte(maturity)); err != nil || o.Maturity <= 0 {
					return errUsage("--maturity is %q: it must be a duration such as 60d", maturity)
				}
			}
			if now != "" && maturity == "" {
				return errUsage("--now is about --maturity: give both, or neither")
			}
			return app.Export(cmd.Context(), c, o, os.Stdout, os.Stderr)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Out, "out", "", "file to write; CSV if it ends in .csv, .csv.gz or .csv.zst, Parquet if in .parquet")
	f.StringVar(&from, "from", "", "leave out transactions before this day (2024-03-01) or time (2024-03-01T12:00:00Z)")
	f.StringVar(&to, "to", "", "leave out transactions of this day or time, and later ones")
	f.StringVar(&o.Model, "model", "", "only what the model of this id decided, such as cards/2024-03-05")
	f.StringVar(&maturity, "maturity", "", "after which time a transaction without a label counts as legitimate, such as 60d; without it, never")
	f.StringVar(&now, "now", "", "day or time by which --maturity goes (default: that of the newest decided transaction)")
	f.StringVar(&o.Schema, "schema", "", "FILE.schema.json with the features of the vectors, if they are not those of the configured features file")
	f.BoolVar(&o.Restart, "restart", false, "begin anew, where an interrupted export could be gone on with")
	return cmd
}

package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-fraud/weir/app"
)

func doctorCommand() *cobra.Command {
	var o app.DoctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, model, Kafka and Redis against each other, and say what to do",
		Long: `Check the configuration, the model, the brokers and topics, the consumer group, Redis and the state in it. Each line
says ok, warning or problem, what was found and, where something is to be done, the command that does it. Nothing is
changed, so it may be run beside a running service. The exit status is 1 if there is a problem.`,
		Example: "  weir --config weir.yaml doctor\n  weir --config weir.yaml doctor --json | jq '.checks[] | select(.status != \"ok\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := cmd.Flags().GetString("config")
			if err != nil {
				return err
			}
			o.Config, o.Environ = path, os.Environ()
			return app.Doctor(cmd.Context(), o, os.Stdout)
		},
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON object")
	return cmd
}

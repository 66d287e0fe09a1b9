package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/review"
)

func reviewCommand() *cobra.Command {
	c := &cobra.Command{Use: "review", Short: "Look after the cases of weir run --target review"}
	c.AddCommand(&cobra.Command{
		Use:   "rebuild",
		Short: "Make the cases anew from Kafka",
		Long: `Empty the tables of cases, alerts and labels, and read the topics alerts and feedback from their beginning. Cases
whose every alert has an analyst's label are closed as they were; notes, users, tokens and the audit stay. Stop
weir run --target review first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.RebuildReview(cmd.Context(), c, os.Stderr)
		},
	})
	return c
}

func userCommand() *cobra.Command {
	c := &cobra.Command{Use: "user", Short: "People who may sign in to the review page"}
	var role string
	add := &cobra.Command{
		Use:   "add NAME",
		Short: "Let somebody sign in, or give them another password and role",
		Long: `Let somebody sign in, or give them another password and role, which signs them out. The password is asked for, or read
from standard input: its first line. A viewer sees everything, an analyst also decides, a lead also reads the audit.`,
		Example: "  weir user add ann --role analyst\n  pass show weir/ann | weir user add ann --role analyst",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			password, err := readPassword(os.Stdin)
			if err != nil {
				return err
			}
			return app.AddUser(cmd.Context(), c, args[0], role, password, operator())
		},
	}
	add.Flags().StringVar(&role, "role", "analyst", strings.Join(review.Roles(), ", "))
	disable := &cobra.Command{
		Use:   "disable NAME",
		Short: "Let somebody sign in no more, and sign them out",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.DisableUser(cmd.Context(), c, args[0], operator())
		},
	}
	c.AddCommand(add, disable)
	return c
}

func tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Tokens of programs that use the review API"}
	var scopes []string
	var lasts time.Duration
	add := &cobra.Command{
		Use:     "add NAME",
		Short:   "Print a new token; only its hash is kept",
		Example: "  weir token add dashboard --scopes read --for 2160h",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			if lasts < 0 {
				return errUsage("--for is %v: it must not be negative", lasts)
			}
			return app.AddToken(cmd.Context(), c, args[0], scopes, lasts, operator(), os.Stdout)
		},
	}
	add.Flags().StringSliceVar(&scopes, "scopes", []string{"read"}, "what it is for: "+strings.Join(review.Scopes(), ", "))
	add.Flags().DurationVar(&lasts, "for", 0, "how long it lasts; 0 for ever")
	revoke := &cobra.Command{
		Use:   "revoke NAME",
		Short: "Let a token in no more",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd)
			if err != nil {
				return err
			}
			return app.RevokeToken(cmd.Context(), c, args[0], operator())
		},
	}
	c.AddCommand(add, revoke)
	return c
}

// operator is whom the audit names for what is done on the command line.
func operator() string {
	if u, err := user.Current(); err == nil {
		return "shell:" + u.Username
	}
	return "shell"
}

// readPassword asks for a password on a terminal, twice, and otherwise reads a line.
func readPassword(in *os.File) (string, error) {
	if !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(what string) (string, error) {
		fmt.Fprint(os.Stderr, what)
		text, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(text), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Once more: ")
	if err == nil && again != first {
		err = errors.New("the two are not the same")
	}
	return first, err
}

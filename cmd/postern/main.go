// Command postern is the whole product in one binary: the switch, the providers' simulators, and the tools of its operator.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"postern"
)

// cli lists the subcommands, one file each.
type cli struct {
	Config string `help:"Configuration file; see 'postern init'." default:"postern.toml" type:"path"`

	Serve      serveCmd      `cmd:"" help:"Run the switch."`
	Demo       demoCmd       `cmd:"" help:"Run the switch with simulated wallets, a sample merchant and a link: nothing to install, no real money."`
	Sandbox    sandboxCmd    `cmd:"" help:"Run the providers' simulators alone, or take a bill out of one."`
	Init       initCmd       `cmd:"" help:"Write a commented configuration and a fresh key."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database to this binary's schema."`
	Merchant   merchantCmd   `cmd:"" help:"Add and list merchants."`
	Partner    partnerCmd    `cmd:"" help:"Service providers that run many merchants."`
	Shop       shopCmd       `cmd:"" help:"Open a merchant's pages to its people."`
	Staff      staffCmd      `cmd:"" help:"Who may sign in to a merchant's or a partner's pages."`
	Credential credentialCmd `cmd:"" help:"Accounts at providers: add and list them, add keys, give one up with all of its channels."`
	Channel    channelCmd    `cmd:"" help:"Add, change, replace and check channels."`
	Facade     facadeCmd     `cmd:"" help:"Accounts for merchants whose code speaks a provider's protocol: change one URL."`
	Adopt      adoptCmd      `cmd:"" help:"Switch a shop's code over from its provider to the facade, or say from a recorded log what would be covered."`
	Link       linkCmd       `cmd:"" help:"Sell an item again and again under one address, with a short code and a poster."`
	Refund     refundCmd     `cmd:"" help:"Refunds that two persons end: given back outside the provider, or stuck."`
	Key        keyCmd        `cmd:"" help:"Make and revoke API keys."`
	Ledger     ledgerCmd     `cmd:"" help:"Print the trial balance and check the books."`
	Explain    explainCmd    `cmd:"" help:"Say why a payment was offered what it was offered, and what would be offered today."`
	Closure    closureCmd    `cmd:"" help:"Announce, move and withdraw closures."`
	Rules      rulesCmd      `cmd:"" help:"The merchant's own rules about what is offered to whom: what is wrong with them, what they would have done, what holds."`
	Drill      drillCmd      `cmd:"" help:"Answer what a closure, an agreement, a rule or another wall map would cost, from real orders or a synthetic market, before it happens."`
	Calendar   calendarCmd   `cmd:"" help:"List everything that will end: agreements, papers, keys, closures, walls."`
	Fleet      fleetCmd      `cmd:"" help:"Move the merchants that a closure will hit, step by step, and back."`
	Wall       wallCmd       `cmd:"" help:"Ask what works where."`
	Statement  statementCmd  `cmd:"" help:"Fetch and read a provider's bills."`
	Backup     backupCmd     `cmd:"" help:"Copy the embedded database while it is in use."`
	Export     exportCmd     `cmd:"" help:"Write everything of a merchant into a folder, to keep or to leave with."`
	Import     importCmd     `cmd:"" help:"Take a merchant in that another switch exported."`
	Doctor     doctorCmd     `cmd:"" help:"Say why a signature does not fit."`
	Version    versionCmd    `cmd:"" help:"Print the version and the providers in this binary."`
}

// runtime is what every subcommand gets.
type runtime struct {
	ctx    context.Context
	config string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	log    *slog.Logger
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it parses, runs and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c cli
	exit := -1
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parser, err := kong.New(&c, kong.Name("postern"), kong.Description("Postern 便门: one link that takes money in every app. It never holds your money."),
		kong.UsageOnError(), kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		fmt.Fprintln(stderr, "postern:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		parser.Errorf("%s", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	rt := &runtime{ctx: ctx, config: c.Config, stdin: stdin, stdout: stdout, stderr: stderr, log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	err = parsed.Run(rt)
	if code := exitCode(0); errors.As(err, &code) { // it has said all
		return int(code)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "postern:", withFix(err))
		return 1
	}
	return 0
}

// withFix adds to an error what to do about it.
func withFix(err error) error {
	var refused *postern.Error
	if errors.As(err, &refused) && refused.Fix != "" {
		return fmt.Errorf("%w; %s", err, refused.Fix)
	}
	return err
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// sandboxBillCmd takes a bill out of a running simulator's own book, through its control address: no keys, and no waiting for the next morning.
type sandboxBillCmd struct {
	ReadyFile string `help:"The ready file of the running demo or sandbox." type:"existingfile" xor:"where" required:""`
	Control   string `help:"The control address of one simulator, as the sandbox prints it." xor:"where" required:""`
	Provider  string `help:"The provider's code; without it the kinds of bills of all are listed."`
	Kind      string `help:"Which of the provider's bills; without it the kinds are listed."`
	Date      string `help:"A day of the provider's, as 2026-11-24; today by this machine's clock if left out."`
	Out       string `short:"o" help:"Write the file here; standard output if left out." type:"path"`
}

func (c *sandboxBillCmd) Run(rt *runtime) error {
	controls, err := c.controls()
	if err != nil {
		return err
	}
	if c.Kind == "" || len(controls) > 1 {
		for _, code := range slices.Sorted(maps.Keys(controls)) {
			if err := c.list(rt, code, controls[code]); err != nil {
				return err
			}
		}
		if c.Kind != "" {
			return errors.New("several simulators run: say which by --provider")
		}
		return nil
	}
	for _, control := range controls {
		err = c.fetch(rt, control)
	}
	return err
}

// controls finds the control addresses by provider code; a given one has no code.
func (c *sandboxBillCmd) controls() (map[string]string, error) {
	if c.Control != "" {
		return map[string]string{c.Provider: c.Control}, nil
	}
	text, err := os.ReadFile(c.ReadyFile)
	if err != nil {
		return nil, err
	}
	var r ready
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s is no ready file: %w", c.ReadyFile, err)
	}
	controls := map[string]string{}
	for code, section := range r.Sandboxes {
		if c.Provider == "" || c.Provider == code {
			controls[code] = section["control_url"]
		}
	}
	if len(controls) == 0 {
		return nil, errors.New("no such simulator runs; the ready file has " + strings.Join(slices.Sorted(maps.Keys(r.Sandboxes)), ", "))
	}
	return controls, nil
}

// list prints the kinds of one simulator's bills; one without bills says so.
func (c *sandboxBillCmd) list(rt *runtime, code, control string) error {
	response, err := askControl(rt.ctx, control+"/bills")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read only
	if response.StatusCode == http.StatusNotFound {
		fmt.Fprintln(rt.stderr, strings.TrimSpace(code+" has no bills"))
		return nil
	}
	var kinds []string
	if err := json.NewDecoder(response.Body).Decode(&kinds); err != nil {
		return fmt.Errorf("%s does not answer as a simulator does: %w", control, err)
	}
	for _, kind := range kinds {
		fmt.Fprintln(rt.stdout, strings.TrimSpace(code+" "+kind))
	}
	return nil
}

// fetch writes one bill.
func (c *sandboxBillCmd) fetch(rt *runtime, control string) (err error) {
	if c.Date == "" {
		c.Date = time.Now().In(beijing).Format(time.DateOnly)
	}
	response, err := askControl(rt.ctx, control+"/bills/"+url.PathEscape(c.Kind)+"?date="+url.QueryEscape(c.Date))
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read only
	if response.StatusCode != http.StatusOK {
		var problem struct{ Error string }
		_ = json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&problem) // without it the status alone is told
		return fmt.Errorf("no bill of the kind %s for %s: %s %s", c.Kind, c.Date, response.Status, problem.Error)
	}
	file, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = rt.stdout.Write(file)
		return err
	}
	if err := os.WriteFile(c.Out, file, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(rt.stderr, "%s: %d bytes\n", c.Out, len(file))
	return nil
}

// askControl asks a simulator's control address, which answers callers on this machine only.
func askControl(ctx context.Context, address string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("the control address: %w", err)
	}
	return (&http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}).Do(request)
}

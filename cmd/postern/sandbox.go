package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postern/provider/all"
	"postern/provider/sandboxkit"
)

// sandboxCmd runs the providers' simulators and steers those that run.
type sandboxCmd struct {
	Serve sandboxServeCmd `cmd:"" default:"withargs" help:"Run the simulators."`
	Bill  sandboxBillCmd  `cmd:"" help:"Take a bill out of a running simulator's own book."`
}

// sandboxServeCmd runs the providers' simulators alone, for a merchant's own tests.
type sandboxServeCmd struct {
	Data      string `help:"Where the simulated accounts' keys are kept." type:"path"`
	Host      string `default:"127.0.0.1" help:"The address to listen on; each simulator takes two free ports, one for the protocol and one for control."`
	ReadyFile string `help:"Write addresses and keys here when everything listens; it is removed at the end." type:"path"`
}

func (c *sandboxServeCmd) Run(rt *runtime) error {
	dir, err := dataDir(c.Data)
	if err != nil {
		return err
	}
	boxes, err := startSandboxes(rt.ctx, sandboxOptions{data: dir, host: c.Host, name: "Postern sandbox", log: rt.log})
	if err != nil {
		return err
	}
	if c.ReadyFile != "" {
		ready := newReady()
		if err := ready.addSandboxes(dir, boxes); err != nil {
			return err
		}
		if err := ready.write(c.ReadyFile); err != nil {
			return err
		}
		defer func() { _ = os.Remove(c.ReadyFile) }()
	}
	for _, b := range boxes.list {
		fmt.Fprintf(rt.stderr, "%s: %s (control %s)\n", b.Code, b.base, b.control)
	}
	return boxes.wait()
}

// dataDir is where a demo keeps the keys of its simulated accounts between runs: they cost a second to make and protect nothing.
func dataDir(wanted string) (string, error) {
	if wanted == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		wanted = filepath.Join(cache, "postern-demo")
	}
	dir, err := filepath.Abs(wanted)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// runningSandbox is a simulator that listens. base and control are its addresses without a trailing slash.
type runningSandbox struct {
	all.Sandbox
	base    string
	control string
}

// sandboxes are the running simulators. They stop when the context ends.
type sandboxes struct {
	list  []runningSandbox
	clock *sandboxkit.Clock
	ctx   context.Context
	group sync.WaitGroup
	mu    sync.Mutex
	err   error
}

type sandboxOptions struct {
	data string
	host string
	name string
	log  *slog.Logger
}

// startSandboxes makes the keys that are missing, all at once, and runs every simulator on two free ports.
func startSandboxes(ctx context.Context, o sandboxOptions) (*sandboxes, error) {
	var names []string
	for _, m := range all.Sandboxes() {
		names = append(names, m.Keys...)
	}
	ring, err := loadKeys(filepath.Join(o.data, "keys"), names)
	if err != nil {
		return nil, err
	}
	s := &sandboxes{clock: sandboxkit.NewClock(time.Now), ctx: ctx}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 8}}
	for _, m := range all.Sandboxes() {
		if err := s.start(ctx, o, m, ring, client); err != nil {
			return nil, fmt.Errorf("sandbox %s: %w", m.Code, err)
		}
	}
	return s, nil
}

func (s *sandboxes) start(ctx context.Context, o sandboxOptions, m all.Maker, ring keyring, client *http.Client) error {
	protocol, err := listen(net.JoinHostPort(o.host, "0"))
	if err != nil {
		return err
	}
	control, err := listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	box := runningSandbox{base: "http://" + protocol.Addr().String(), control: "http://" + control.Addr().String()}
	box.Sandbox, err = m.Make(all.Setup{
		Clock: s.clock, Wall: time.Now, Rand: rand.Reader, HTTP: client, BaseURL: box.base, Name: o.name, Log: o.log,
		Key: func(name string) *rsa.PrivateKey { return ring[name] },
	})
	if err != nil {
		return err
	}
	s.serve(ctx, protocol, box.Handler, o.log)
	s.serve(ctx, control, box.Control, o.log)
	s.group.Go(func() { s.fail(box.Run(ctx)) })
	s.list = append(s.list, box)
	return nil
}

func (s *sandboxes) serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	s.group.Go(func() { s.fail(server.Serve(l)) })
	s.group.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
}

func (s *sandboxes) fail(err error) {
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.Canceled) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(s.err, err)
}

// wait blocks until the simulators have stopped.
func (s *sandboxes) wait() error {
	s.group.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// base is the address of a provider's simulator, empty without one.
func (s *sandboxes) base(code string) string {
	for _, b := range s.list {
		if b.Code == code {
			return b.base
		}
	}
	return ""
}

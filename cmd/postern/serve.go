package main

import (
	"fmt"
	"net"
)

// serveCmd runs the switch.
type serveCmd struct{}

func (c *serveCmd) Run(rt *runtime) error {
	cfg, err := readConfig(rt.config)
	if err != nil {
		return err
	}
	s, err := build(rt.ctx, cfg, rt.log)
	if err != nil {
		return err
	}
	public, err := listen(cfg.Listen)
	if err != nil {
		return err
	}
	var admin net.Listener
	if cfg.Admin != "" {
		if admin, err = listen(cfg.Admin); err != nil {
			return err
		}
	}
	fmt.Fprintf(rt.stderr, "postern %s: %s (listening on %s; health and metrics on %s)\n", version, cfg.PublicURL, public.Addr(), cfg.Admin)
	return s.run(rt.ctx, public, admin)
}

package main

import (
	"errors"
	"fmt"

	"postern/store"
)

// backupCmd copies the embedded database to a new file, also while the switch runs.
type backupCmd struct {
	Path string `arg:"" help:"The file to write; it must not exist." type:"path"`
}

func (c *backupCmd) Run(rt *runtime) error {
	cfg, err := readConfig(rt.config)
	if err != nil {
		return err
	}
	s, err := store.Open(rt.ctx, cfg.Database, store.Options{Logger: rt.log, ReadOnly: true})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Backup(rt.ctx, c.Path), s.Close()); err != nil {
		return err
	}
	fmt.Fprintln(rt.stdout, c.Path)
	return nil
}

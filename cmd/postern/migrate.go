package main

import (
	"errors"
	"fmt"
)

// migrateCmd brings the database to this binary's schema.
type migrateCmd struct{}

func (c *migrateCmd) Run(rt *runtime) error {
	cfg, err := readConfig(rt.config)
	if err != nil {
		return err
	}
	s, err := openStore(rt.ctx, cfg, rt.log, true)
	if err != nil {
		return err
	}
	have, _, err := s.SchemaVersion(rt.ctx)
	fmt.Fprintf(rt.stdout, "schema version %d\n", have)
	return errors.Join(err, s.Close())
}

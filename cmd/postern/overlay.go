package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"postern/wall"
)

// overlayEvery is how often the operator's overlay is looked at again.
const overlayEvery = 2 * time.Second

// overlay keeps the wall map of a running switch: the built-in one under the operator's own cells.
type overlay struct {
	path   string
	holder *wall.Holder
	log    *slog.Logger
	last   []byte // what was read last, so that a bad file is complained of once
}

// newOverlay reads the overlay once. At the start a bad file is an error; later it is only said, and the last good map stays.
func newOverlay(path string, log *slog.Logger) (*overlay, error) {
	o := &overlay{path: path, holder: wall.NewHolder(wall.Default()), log: log}
	if path == "" {
		return o, nil
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("wall_overlay: %w", err)
	}
	o.last = file
	_, problems := o.holder.Load(path, file)
	var bad []error
	for _, p := range problems {
		if !p.Warning {
			bad = append(bad, fmt.Errorf("wall_overlay: %s:%d: %s", p.File, p.Line, p.Text))
		}
	}
	return o, errors.Join(bad...)
}

// watch reads the file again and again until the context ends.
func (o *overlay) watch(ctx context.Context) {
	if o.path == "" {
		return
	}
	tick := time.NewTicker(overlayEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			o.look(ctx)
		}
	}
}

func (o *overlay) look(ctx context.Context) {
	file, err := os.ReadFile(o.path)
	if err != nil {
		o.log.ErrorContext(ctx, "wall_overlay: the last good map stays", "err", err)
		return
	}
	if bytes.Equal(file, o.last) {
		return
	}
	o.last = file
	changed, problems := o.holder.Load(o.path, file)
	for _, p := range problems {
		o.log.WarnContext(ctx, "wall_overlay", "file", p.File, "line", p.Line, "problem", p.Text, "warning", p.Warning)
	}
	if changed {
		o.log.InfoContext(ctx, "wall_overlay: the new map holds")
	}
}

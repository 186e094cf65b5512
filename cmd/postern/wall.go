package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"postern"
	"postern/drill"
	"postern/wall"
)

// wallCmd asks what works where.
type wallCmd struct {
	At       wallAtCmd       `cmd:"" default:"withargs" help:"Print the map of a day: what works where, since when, closed by whom."`
	Timeline wallTimelineCmd `cmd:"" help:"Print what happened, oldest first."`
	Check    wallCheckCmd    `cmd:"" help:"Check an overlay, line by line."`
	Detect   wallDetectCmd   `cmd:"" help:"Read one user agent a line, write one JSON object a line."`
}

// wallAtCmd prints the map of one day.
type wallAtCmd struct {
	Date      string `help:"The day, such as 2014-02-13, or a time such as 2014-02-13T12:00:00+08:00; today without it."`
	Container string `help:"Only this container, in every form."`
	Provider  string `help:"Only this provider."`
	Overlay   string `help:"An overlay to lay over the built-in map."`
	JSON      bool   `help:"Write JSON." name:"json"`
}

func (c *wallAtCmd) Run(rt *runtime) error {
	at := time.Now()
	if c.Date != "" {
		moment, err := wall.ParseMoment(c.Date)
		if err != nil {
			return fmt.Errorf("--date %w", err)
		}
		at = moment.Time()
	} else {
		y, m, d := at.In(postern.Beijing).Date()
		at = time.Date(y, m, d, 0, 0, 0, 0, postern.Beijing)
	}
	m := wall.Default()
	if c.Overlay != "" {
		var err error
		if m, err = overlaid(rt.stderr, m, c.Overlay); err != nil {
			return err
		}
	}
	if _, known := m.Provider(c.Provider); c.Provider != "" && !known {
		return fmt.Errorf("--provider %q: the map has no provider of that code", c.Provider)
	}
	if c.Container != "" && m.Family(c.Container) == "" {
		return fmt.Errorf("--container %q: the map has no container of that code", c.Container)
	}
	table := m.Table(at, c.Container, c.Provider)
	var links []wall.Link
	for _, l := range m.At(at).Links() {
		if c.Provider == "" && (c.Container == "" || l.Container == c.Container) {
			links = append(links, l)
		}
	}
	out := bufio.NewWriter(rt.stdout)
	if c.JSON {
		if err := writeTableJSON(out, table, links); err != nil {
			return err
		}
	} else {
		writeTable(out, table, links)
	}
	return out.Flush()
}

// overlaid lays a file over a map; its problems go to the error output.
func overlaid(stderr io.Writer, base *wall.Map, path string) (*wall.Map, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, problems := wall.Check(base, path, file)
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	if m == nil {
		return nil, errors.New("the overlay is not good: nothing was laid over the map")
	}
	return m, nil
}

// wallTimelineCmd prints the dated entries.
type wallTimelineCmd struct {
	JSON bool `help:"Write one JSON object a line." name:"json"`
}

func (c *wallTimelineCmd) Run(rt *runtime) error {
	out := bufio.NewWriter(rt.stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, e := range wall.Default().Timeline() {
		if c.JSON {
			if err := encoder.Encode(e); err != nil {
				return err
			}
			continue
		}
		writeEntry(out, e)
	}
	return out.Flush()
}

// wallCheckCmd validates an overlay.
type wallCheckCmd struct {
	File  string        `arg:"" help:"The overlay."`
	Since time.Duration `help:"Play the paid orders of so long through it, such as 720h, and say what becomes of them."`
}

func (c *wallCheckCmd) Run(rt *runtime) error {
	file, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	m, problems := wall.Check(wall.Default(), c.File, file)
	bad := 0
	for _, p := range problems {
		if !p.Warning {
			bad++
		}
		fmt.Fprintln(rt.stdout, p)
	}
	if m == nil {
		return fmt.Errorf("%d of its lines cannot hold", bad)
	}
	fmt.Fprintf(rt.stdout, "good: %d warnings, version %s\n", len(problems), m.Version())
	if c.Since == 0 {
		return nil
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		now := time.Now()
		q := drill.Question{Change: drill.Change{Map: m}, At: now, Since: now.Add(-c.Since), Until: now}
		report, err := drill.Replay(ctx, o.engine, q)
		if err != nil {
			return err
		}
		printDrill(rt.stdout, q, report)
		return nil
	})
}

// wallDetectCmd names the container of each user agent.
type wallDetectCmd struct{}

func (c *wallDetectCmd) Run(rt *runtime) error {
	in, out := bufio.NewScanner(rt.stdin), bufio.NewWriter(rt.stdout)
	in.Buffer(make([]byte, 64<<10), 1<<20)
	encoder := json.NewEncoder(out)
	for in.Scan() {
		seen := wall.Detect(in.Text())
		row := struct {
			Container string `json:"container"`
			OS        string `json:"os"`
			Form      string `json:"form"`
		}{seen.Container, seen.OS, seen.Form}
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

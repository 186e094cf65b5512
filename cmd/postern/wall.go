package main

import (
	"bufio"
	"encoding/json"

	"postern/wall"
)

// wallCmd asks what works where.
type wallCmd struct {
	Detect wallDetectCmd `cmd:"" help:"Read one user agent a line, write one JSON object a line."`
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

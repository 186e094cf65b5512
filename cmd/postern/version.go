package main

import (
	"fmt"
	"runtime/debug"

	"postern/provider/all"
)

// versionCmd prints what this binary is.
type versionCmd struct{}

func (c *versionCmd) Run(rt *runtime) error {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				revision = " (" + s.Value[:12] + ")"
			}
		}
	}
	fmt.Fprintf(rt.stdout, "postern %s%s\n", version, revision)
	for _, code := range all.Registry().Codes() {
		d := all.Registry()[code].Describe()
		fmt.Fprintf(rt.stdout, "  %-12s %s %s:", code, d.NameZH, d.NameEN)
		for _, p := range d.Products {
			fmt.Fprint(rt.stdout, " ", p.Code)
		}
		fmt.Fprintln(rt.stdout)
	}
	return nil
}

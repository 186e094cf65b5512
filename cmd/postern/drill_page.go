package main

import (
	"io"

	"postern/drill"
	"postern/web/ui"
)

type drillPage struct{}

func (p drillPage) render(io.Writer) error { return nil }

func replayPage(drill.Question, drill.Report, ui.Lang) drillPage { return drillPage{} }
func marketPage(drill.MarketReport, ui.Lang) drillPage { return drillPage{} }

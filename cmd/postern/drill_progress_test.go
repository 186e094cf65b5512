package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestTheBarIsForTerminals draws nothing into a pipe or a file, and on a terminal no more than ten times a second.
func TestTheBarIsForTerminals(t *testing.T) {
	var pipe bytes.Buffer
	p := newProgress(&pipe)
	p.of(1, 2)
	p.count(7)
	p.end()
	if pipe.Len() > 0 {
		t.Errorf("into a pipe: %q", pipe.String())
	}
	var terminal bytes.Buffer
	p = &progress{out: &terminal}
	p.of(1, 2)
	p.of(2, 2)
	if got := terminal.String(); strings.Count(got, "\r") != 1 || !strings.Contains(got, " 50 %") {
		t.Errorf("on a terminal: %q", got)
	}
	p.last = time.Time{}
	p.count(7)
	p.end()
	if got := terminal.String(); !strings.Contains(got, "7 orders") || !strings.HasSuffix(got, "\r") {
		t.Errorf("on a terminal: %q", got)
	}
}

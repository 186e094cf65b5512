package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// progress draws a bar on a terminal, and nothing anywhere else.
type progress struct {
	out  io.Writer // nil draws nothing
	mu   sync.Mutex
	last time.Time
}

func newProgress(stderr io.Writer) *progress {
	p := &progress{}
	if f, ok := stderr.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = stderr
		}
	}
	return p
}

// due says whether it is time to draw again: ten times a second is enough for anybody.
func (p *progress) due() bool {
	if p.out == nil || time.Since(p.last) < 100*time.Millisecond {
		return false
	}
	p.last = time.Now()
	return true
}

// of draws how much of a whole is done. It may be called from several goroutines.
func (p *progress) of(done, whole int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.due() {
		return
	}
	const width = 30
	full := int(done * width / max(whole, 1))
	fmt.Fprintf(p.out, "\r[%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat(".", width-full), done*100/max(whole, 1))
}

// count draws a number whose end is not known.
func (p *progress) count(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due() {
		fmt.Fprintf(p.out, "\r%d orders", n)
	}
}

// end wipes the bar.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", 44))
	}
}

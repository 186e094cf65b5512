package tenpay_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/tenpay"
	"postern/provider/tenpay/wire"
)

// filing is a merchants' server that says one thing, and breaks off after it when it should be longer.
type filing struct {
	text   string
	broken bool
	status int
}

func (s filing) Do(*http.Request) (*http.Response, error) {
	body := io.Reader(strings.NewReader(s.text))
	if s.broken {
		body = io.MultiReader(body, brokenOff{})
	}
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(body)}, nil
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestFetchAnswers: a bill goes through as it came; a refusal and a bill without rows are never written; one that breaks off is unknown, however long it was.
func TestFetchAnswers(t *testing.T) {
	w, c := newWorld(t, wire.UTF8), tenpay.New()
	w.paid()
	w.clock.Advance(48 * time.Hour)
	day := time.Date(2013, 11, 22, 0, 0, 0, 0, wire.Beijing)
	whole, none := w.fetch("2013-11-22", key), w.fetch("2013-11-01", key)
	long := strings.Replace(whole, "`2013", strings.Repeat("`2013", 1000), 1)
	for name, c2 := range map[string]struct {
		answer filing
		want   provider.FetchState
		size   int
	}{
		"a bill":        {filing{text: whole}, provider.FetchDone, len(whole)},
		"a long one":    {filing{text: long}, provider.FetchDone, len(long)},
		"without rows":  {filing{text: none}, provider.FetchEmpty, 0},
		"not made":      {filing{text: "<html><body>03020003:x</body></html>"}, provider.FetchNotReady, 0},
		"another code":  {filing{text: "<html><body>03020001:x</body></html>"}, provider.FetchUnknown, 0},
		"an error":      {filing{text: whole, status: 500}, provider.FetchUnknown, 0},
		"broken off":    {filing{text: whole[:len(whole)/2], broken: true}, provider.FetchUnknown, -1},
		"broken off, 2": {filing{text: long[:len(long)/2], broken: true}, provider.FetchUnknown, -1},
	} {
		call, file := w.call, bytes.Buffer{}
		call.Env.HTTP = c2.answer
		r := c.FetchStatement(ctx, call, "all", day, &file)
		if r.State != c2.want || c2.size >= 0 && (file.Len() != c2.size || int(r.Size) != c2.size) {
			t.Errorf("%s: %+v with %d bytes", name, r, file.Len())
		}
	}
	if r := c.FetchStatement(ctx, w.call, "all", w.clock.Now(), &bytes.Buffer{}); r.State != provider.FetchNotReady {
		t.Errorf("today: %+v", r)
	}
}

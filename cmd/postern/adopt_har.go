package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"
)

// harEntry is what counts of an entry of a HAR.
type harEntry struct {
	StartedDateTime string `json:"startedDateTime"`
	Request         struct {
		Method   string `json:"method"`
		URL      string `json:"url"`
		PostData struct {
			Text   string `json:"text"`
			Params []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"params"`
		} `json:"postData"`
	} `json:"request"`
}

// errHAR is about a file that begins as JSON and is no HAR.
var errHAR = errors.New("this is no HAR: there is no list of entries in log, or an entry is longer than 16 MB")

// harWindow lets a decoder read no further than so far beyond what it has understood: one value cannot fill the memory.
type harWindow struct {
	r          io.Reader
	read, upto int64
}

func (w *harWindow) Read(p []byte) (int, error) {
	left := w.upto - w.read
	if left <= 0 {
		return 0, errHAR
	}
	n, err := w.r.Read(p[:min(int64(len(p)), left)])
	w.read += int64(n)
	return n, err
}

// harReader walks through a HAR entry by entry.
type harReader struct {
	*json.Decoder
	window *harWindow
}

// one decodes the next value, which has a bound.
func (h *harReader) one(v any) error {
	h.window.upto = max(h.window.read, h.InputOffset()+maxHAREntry)
	return h.Decode(v)
}

// enter goes into the member of an object, passing over those before it.
func (h *harReader) enter(name string) error {
	if t, err := h.Token(); err != nil || t != json.Delim('{') {
		return errHAR
	}
	for h.More() {
		h.window.upto = max(h.window.read, h.InputOffset()+maxHAREntry)
		key, err := h.Token()
		if err != nil {
			return errHAR
		}
		if key == name {
			return nil
		}
		var passed json.RawMessage
		if err := h.one(&passed); err != nil {
			return errHAR
		}
	}
	return errHAR
}

func readHAR(r io.Reader, out *callLog, each func(loggedCall)) error {
	w := &harWindow{r: r, upto: maxHAREntry}
	h := &harReader{json.NewDecoder(w), w}
	if err := errors.Join(h.enter("log"), h.enter("entries")); err != nil {
		return errHAR
	}
	if t, err := h.Token(); err != nil || t != json.Delim('[') {
		return errHAR
	}
	for n := int64(1); h.More(); n++ {
		var entry harEntry
		var wrong *json.UnmarshalTypeError
		if err := h.one(&entry); err != nil && !errors.As(err, &wrong) {
			return errHAR
		}
		if call, ok := entry.call(); ok {
			each(call)
		} else {
			out.missed(n)
		}
	}
	return nil
}

func (e harEntry) call() (loggedCall, bool) {
	call := loggedCall{Method: strings.ToUpper(e.Request.Method), Body: []byte(e.Request.PostData.Text)}
	if len(call.Body) == 0 && len(e.Request.PostData.Params) > 0 {
		form := url.Values{}
		for _, p := range e.Request.PostData.Params {
			form.Set(p.Name, p.Value)
		}
		call.Body = []byte(form.Encode())
	}
	if at, err := time.Parse(time.RFC3339, e.StartedDateTime); err == nil {
		call.At = at
	}
	var ok bool
	call.Target, ok = targetOf(e.Request.URL)
	return call, ok && call.Method != ""
}

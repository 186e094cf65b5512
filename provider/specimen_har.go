package provider

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// harEntry is one exchange of a HAR file, as browsers and proxies save it.
type harEntry struct {
	Started string `json:"startedDateTime"`
	Request *struct {
		Method   string      `json:"method"`
		URL      string      `json:"url"`
		Headers  []harHeader `json:"headers"`
		PostData struct {
			Text string `json:"text"`
		} `json:"postData"`
	} `json:"request"`
	Response *struct {
		Status  int         `json:"status"`
		Headers []harHeader `json:"headers"`
		Content struct {
			Text     string `json:"text"`
			Encoding string `json:"encoding"`
		} `json:"content"`
	} `json:"response"`
}

type harHeader struct{ Name, Value string }

type harFile struct {
	Log struct {
		Entries []harEntry `json:"entries"`
	} `json:"log"`
	harEntry
}

// isHAR says whether a text is a HAR file or an entry of one.
func isHAR(raw []byte) bool {
	var f harFile
	return json.Unmarshal(raw, &f) == nil && (len(f.Log.Entries) > 0 || f.Request != nil && f.Request.URL != "")
}

// readHAR reads the request of an entry, or its response when that is asked for.
func readHAR(raw []byte, kind SpecimenKind) (Specimen, error) {
	var f harFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return Specimen{}, fmt.Errorf("%w: %w", ErrSpecimen, err)
	}
	entry := f.harEntry
	if len(f.Log.Entries) > 1 {
		return Specimen{}, fmt.Errorf("%w: the HAR file has %d entries; save the one that matters", ErrSpecimen, len(f.Log.Entries))
	} else if len(f.Log.Entries) == 1 {
		entry = f.Log.Entries[0]
	}
	if entry.Request == nil || len(entry.Request.Headers) > maxHeaders {
		return Specimen{}, fmt.Errorf("%w: the HAR entry has no request", ErrSpecimen)
	}
	s := Specimen{Method: entry.Request.Method, URL: entry.Request.URL, Header: http.Header{}}
	s.Now, _ = time.Parse(time.RFC3339, entry.Started) // zero without one: the clock is left out of it
	if kind == SpecimenResponse {
		return harResponse(entry, s)
	}
	s.fill(entry.Request.Headers)
	s.Body = []byte(entry.Request.PostData.Text)
	return s, nil
}

// harResponse reads the answer. Browsers give its body decoded, as text or as base64.
func harResponse(entry harEntry, s Specimen) (Specimen, error) {
	if entry.Response == nil || entry.Response.Status == 0 || len(entry.Response.Headers) > maxHeaders {
		return s, fmt.Errorf("%w: the HAR entry has no response", ErrSpecimen)
	}
	s.Status = entry.Response.Status
	s.fill(entry.Response.Headers)
	s.Body = []byte(entry.Response.Content.Text)
	if entry.Response.Content.Encoding == "base64" {
		body, err := base64.StdEncoding.DecodeString(entry.Response.Content.Text)
		if err != nil {
			return s, fmt.Errorf("%w: the response's content is not base64", ErrSpecimen)
		}
		s.Body = body
	}
	return s, nil
}

func (s Specimen) fill(headers []harHeader) {
	for _, h := range headers {
		s.Header[h.Name] = append(s.Header[h.Name], h.Value)
	}
}

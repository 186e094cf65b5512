package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Bounds of a recorded log, in bytes: what is read of it at all, one line, and one entry of a HAR, which has the answer's body too.
const (
	maxCallLog  = 1 << 30
	maxCallLine = 1 << 20
	maxHAREntry = 16 << 20
)

// loggedCall is one request of a recorded log. Target is path and query; Body is empty where the log has none; At is zero where it says no time.
type loggedCall struct {
	Method string
	Target string
	Body   []byte
	At     time.Time
}

// callLog is what is known of a log after it was read. Unread counts lines and entries that are no request; FirstUnread is the first of them, from 1.
type callLog struct {
	Format      string
	Unread      int64
	FirstUnread int64
	Cut         bool // there is more than maxCallLog
}

func (l *callLog) missed(n int64) {
	if l.Unread++; l.Unread == 1 {
		l.FirstUnread = n
	}
}

// errCallLog is about a file that is none of the three formats.
var errCallLog = errors.New("this is no log: give a HAR, JSON Lines with method and url, or an access log of nginx or Apache")

// readCalls reads a log in one pass and calls each for every request of it. The format is that of the beginning.
func readCalls(r io.Reader, each func(loggedCall)) (callLog, error) {
	bounded := &io.LimitedReader{R: r, N: maxCallLog + 1}
	in := bufio.NewReaderSize(bounded, maxCallLine)
	var out callLog
	for { // a byte order mark and blanks before the beginning
		c, _, err := in.ReadRune()
		if err != nil {
			return out, errCallLog
		}
		if !strings.ContainsRune("\ufeff \t\r\n", c) {
			if err := in.UnreadRune(); err != nil {
				return out, err
			}
			break
		}
	}
	head, err := in.Peek(maxCallLine)
	if err != nil && !errors.Is(err, io.EOF) {
		return out, err
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case isJSONLine(first):
		out.Format = "JSON Lines"
		err = readCallLines(in, &out, jsonCall, each)
	case len(first) > 0 && first[0] == '{':
		out.Format = "HAR"
		err = readHAR(in, &out, each)
	default:
		if _, isAccess := accessCall(first); !isAccess {
			return out, errCallLog
		}
		out.Format = "access log"
		err = readCallLines(in, &out, accessCall, each)
	}
	out.Cut = bounded.N <= 0
	if out.Cut {
		err = nil // what was cut in its middle is no fault of the log
	}
	return out, err
}

// isJSONLine says that a line is a whole object, and not a HAR without line breaks.
func isJSONLine(line []byte) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(line, &fields) == nil && fields["log"] == nil
}

// readCallLines reads line by line; a line that is too long is passed over.
func readCallLines(in *bufio.Reader, out *callLog, read func([]byte) (loggedCall, bool), each func(loggedCall)) error {
	for n := int64(1); ; n++ {
		line, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if call, ok := read(line); ok && !long {
				each(call)
			} else {
				out.missed(n)
			}
		}
		if err != nil {
			return nil
		}
	}
}

// Names that loggers give to what is looked for, in the order in which they count.
var (
	methodNames = []string{"method", "request_method"}
	targetNames = []string{"url", "path", "request_uri", "uri", "target"}
	bodyNames   = []string{"body", "request_body"}
	timeNames   = []string{"time", "timestamp", "@timestamp", "time_iso8601", "ts", "startedDateTime", "msec"}
)

// jsonCall reads a line of JSON Lines.
func jsonCall(line []byte) (loggedCall, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return loggedCall{}, false
	}
	call := loggedCall{Method: strings.ToUpper(textOf(fields, methodNames)), Body: bodyOf(fields)}
	var ok bool
	if call.Target, ok = targetOf(textOf(fields, targetNames)); !ok {
		return call, false
	}
	if call.Method == "" {
		call.Method = "GET"
		if len(call.Body) > 0 {
			call.Method = "POST"
		}
	}
	for _, name := range timeNames {
		if call.At.IsZero() {
			call.At = timeOf(fields[name])
		}
	}
	return call, true
}

func textOf(fields map[string]json.RawMessage, names []string) string {
	for _, name := range names {
		var text string
		if json.Unmarshal(fields[name], &text) == nil && text != "" {
			return text
		}
	}
	return ""
}

// bodyOf is a body that was logged as a text, or as an object of the form's fields.
func bodyOf(fields map[string]json.RawMessage) []byte {
	if text := textOf(fields, bodyNames); text != "" {
		return []byte(text)
	}
	for _, name := range bodyNames {
		var form map[string]any
		if json.Unmarshal(fields[name], &form) != nil || len(form) == 0 {
			continue
		}
		values := url.Values{}
		for key, value := range form {
			if text, ok := value.(string); ok {
				values.Set(key, text)
			}
		}
		return []byte(values.Encode())
	}
	return nil
}

// timeOf reads a time as RFC 3339, or as seconds or milliseconds since 1970.
func timeOf(raw json.RawMessage) time.Time {
	text := strings.Trim(string(raw), `"`)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	whole, _, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	switch {
	case err != nil || n <= 0 || n > 1<<43:
		return time.Time{}
	case n > 1<<36:
		return time.UnixMilli(n)
	}
	return time.Unix(n, 0)
}

// targetOf is path and query of an address or of a path.
func targetOf(address string) (string, bool) {
	if strings.HasPrefix(address, "/") {
		_, err := url.ParseRequestURI(address)
		return address, err == nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", false
	}
	return u.RequestURI(), true
}

// accessLine finds the time and the request in a line of an access log, whatever else its format has.
var (
	accessTime    = regexp.MustCompile(`\[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\]`)
	accessRequest = regexp.MustCompile(`"([A-Z]{3,10}) (\S+) HTTP/\d`)
)

func accessCall(line []byte) (loggedCall, bool) {
	request := accessRequest.FindSubmatch(line)
	if request == nil {
		return loggedCall{}, false
	}
	call := loggedCall{Method: string(request[1])}
	var ok bool
	if call.Target, ok = targetOf(string(request[2])); !ok {
		return call, false
	}
	if at := accessTime.FindSubmatch(line); at != nil {
		call.At, _ = time.Parse("02/Jan/2006:15:04:05 -0700", string(at[1])) //nolint:errcheck // a time that is none is as good as no time
	}
	return call, true
}

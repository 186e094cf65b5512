package provider

import (
	"bytes"
	"net/url"
	"strings"
)

// Lines is a draft of a text of lines, each ended by a line feed: what stands in front, the body, and what follows it.
type Lines struct {
	Head []string
	Body []byte
	Tail []string
	// Received says that Body is the message's own, so that a changed one is told by its bytes.
	Received bool
	// Open leaves out the last line feed; End ends lines.
	Open bool
	End  string
}

// Reading builds the text.
func (l Lines) Reading() Reading {
	end := l.End
	if end == "" {
		end = "\n"
	}
	size := len(l.Body) + 8
	for _, s := range l.Head {
		size += len(s) + 2
	}
	text := make([]byte, 0, size)
	for _, s := range l.Head {
		text = append(append(text, s...), end...)
	}
	text = append(append(text, l.Body...), end...)
	for _, s := range l.Tail {
		text = append(append(text, s...), end...)
	}
	if l.Open {
		text = text[:len(text)-len(end)]
	}
	r := Reading{Text: text}
	if l.Received {
		r.Body = l.Body
	}
	return r
}

// Head is a way that changes the line at i of the head.
func Head(code string, i int, change func(string) string) Way[Lines] {
	return Way[Lines]{Code: code, Do: func(l Lines) (Lines, bool) {
		if i >= len(l.Head) {
			return l, false
		}
		now := change(l.Head[i])
		if now == l.Head[i] {
			return l, false
		}
		head := append([]string(nil), l.Head...)
		head[i] = now
		l.Head = head
		return l, true
	}}
}

// LineAxis is what people do to the lines as such; a and b are the lines of the head that get swapped.
func LineAxis(a, b int) Axis[Lines] {
	return Axis[Lines]{
		{Code: "last_line_missing", Do: func(l Lines) (Lines, bool) {
			l.Open = true
			return l, len(l.Tail) > 0 || !bytes.HasSuffix(l.Body, []byte("\n")) // else the body has one too many
		}},
		{Code: "line_crlf", Do: func(l Lines) (Lines, bool) { l.End = "\r\n"; return l, true }},
		{Code: "lines_swapped", Do: func(l Lines) (Lines, bool) {
			if a >= len(l.Head) || b >= len(l.Head) {
				return l, false
			}
			head := append([]string(nil), l.Head...)
			head[a], head[b] = head[b], head[a]
			l.Head = head
			return l, true
		}},
	}
}

// TimestampWay turns seconds into milliseconds and back, in the line at i.
func TimestampWay(i int) Way[Lines] {
	return Head("timestamp_ms", i, func(s string) string {
		if cut, ms := strings.CutSuffix(s, "000"); ms && len(s) == 13 {
			return cut
		}
		if len(s) == 13 {
			return s[:10]
		}
		return s + "000"
	})
}

// TargetAxis is what people sign instead of the path and query as sent, in the line at i.
func TargetAxis(i int, s Specimen) Axis[Lines] {
	host := s.Get("Host")
	if scheme, rest, found := strings.Cut(s.URL, "://"); found && scheme != "" {
		host, _, _ = strings.Cut(rest, "/")
	}
	axis := Axis[Lines]{
		Head("target_without_query", i, func(t string) string { path, _, _ := strings.Cut(t, "?"); return path }),
		Head("target_decoded", i, unescapedPath),
		Head("target_decoded", i, unescaped),
		Head("target_decoded", i, func(t string) string {
			if u, err := url.ParseRequestURI(t); err == nil {
				u.RawQuery = u.Query().Encode()
				return u.RequestURI()
			}
			return t
		}),
		Head("target_prefix", i, func(t string) string {
			if at := strings.Index(t, "/v3/"); at > 0 {
				return t[at:]
			}
			return t
		}),
		Head("target_slash", i, func(t string) string { return strings.TrimSuffix(t, "/") }),
		Head("target_slash", i, func(t string) string { return t + "/" }),
		Head("target_slash", i, func(t string) string { return strings.TrimPrefix(t, "/") }),
	}
	if host != "" {
		for _, before := range []string{"https://", "http://", ""} {
			axis = append(axis, Head("target_with_host", i, func(t string) string { return before + host + t }))
		}
	}
	return axis
}

func unescapedPath(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}

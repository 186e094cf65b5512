package shop

import (
	"compress/gzip"
	"net/http"
	"regexp"
	"strings"
)

// minPacked is the size in bytes below which a page fits into the first packets anyway.
const minPacked = 4 << 10

// packs says that the answer may go out compressed. A compressed length tells something of what is inside to who can put a text of their own beside it and look at
// the line. So it is said of one page only, the item's, as anybody sees it: what a device remembers, what a form brought, and every order stay as they are.
func (s itemScene) packs(r *http.Request) bool {
	return r.Method == http.MethodGet && s.known == nil && acceptsGzip(r.Header.Get("Accept-Encoding"))
}

// send writes a page's bytes under the headers that are set, compressed where that was allowed and is worth it.
func send(w http.ResponseWriter, page []byte, packed bool, status int) {
	if !packed || len(page) < minPacked {
		w.WriteHeader(status)
		_, _ = w.Write(page) // the buyer has gone: nobody to tell
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	_, _ = z.Write(page) // as above
	_ = z.Close()
}

// weight is how much a client wants an encoding, as RFC 9110 writes it, when that is more than nothing.
var weight = regexp.MustCompile(`^q=(0\.\d{0,2}[1-9]\d{0,2}|1(\.0{0,3})?)$`)

// acceptsGzip reads an Accept-Encoding header. Anything unusual is a no: then the page goes out as it is.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, wanted, weighed := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !weighed || weight.MatchString(strings.ToLower(strings.TrimSpace(wanted)))
		}
	}
	return false
}

// Package wall knows the walls: which app (container) a buyer opened the page in, and which way of paying works there.
//
// The wall map is dated: every cell says since when and until when it holds, who closed the gate, how the buyer gets on, and on what evidence we say so. An
// operator's overlay wins cell by cell.
//
// All answers come from ordered data under wall/data, one JSON object a line, so that a new token or a moved wall is one line of data with its evidence and
// never a branch in code. The package is pure: it reads its embedded data once, has no clock and performs no other I/O.
//
// Detection is routing advice, never authorisation: a user agent can be forged, and vendors change theirs at will. In particular an iPad in its default
// desktop mode sends a plain Mac string, so a phone product must not be ruled out by the form alone.
package wall

import (
	"embed"
	"io/fs"
	"sync"
	"time"
)

//go:embed data/*.jsonl
var embedded embed.FS

var builtin = sync.OnceValue(func() *Map {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		panic("wall: " + err.Error())
	}
	m, err := Load(sub)
	if err != nil {
		panic("wall: " + err.Error()) // a test loads the same files, so this cannot reach a release
	}
	return m
})

// Default returns the map built from the embedded data.
func Default() *Map { return builtin() }

// Detect names the container, operating system and form factor of a User-Agent header with the embedded rules. It never fails: what no rule names comes out
// as unknown, app-other or browser-other.
func Detect(ua string) Seen { return builtin().Detect(ua) }

// Reach says whether a provider's product works where the buyer is, by the embedded table as of the day of its data. Codes without a cell come out as
// StateUnknown.
func Reach(provider, product string, seen Seen) Cell {
	return builtin().Reach(provider, product, seen)
}

// ReachAt is Reach at a moment.
func ReachAt(provider, product string, seen Seen, at time.Time) Cell {
	return builtin().ReachAt(provider, product, seen, at)
}

// DetectRequest is Detect with the request's headers beside the user agent, by the embedded rules.
func DetectRequest(ua string, header func(name string) string) Seen {
	return builtin().DetectRequest(ua, header)
}

// Family returns the container's family as the embedded rules name it, and "" for a container they do not know.
func Family(container string) string { return builtin().Family(container) }

package wall

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Holder keeps the map in force while its overlay is edited. The caller reads the file, when and how it likes, and hands in the bytes; a bad file changes nothing,
// so that the last good map goes on. It is safe for concurrent use; reading never waits.
type Holder struct {
	base    *Map
	now     atomic.Pointer[held]
	loading sync.Mutex
}

type held struct {
	m    *Map
	file []byte // the overlay in force, nil without one
}

// NewHolder holds a base map without an overlay.
func NewHolder(base *Map) *Holder {
	h := &Holder{base: base}
	h.now.Store(&held{m: base})
	return h
}

// Map is the map in force.
func (h *Holder) Map() *Map { return h.now.Load().m }

// File is the overlay in force, for keeping beside the database; nil without one. It is the last one that was good.
func (h *Holder) File() []byte { return slices.Clone(h.now.Load().file) }

// Load puts an overlay in force if it is good, and says whether the map changed. The problems are its errors and its warnings; with an error the map stays what
// it was. An empty file takes the overlay away.
func (h *Holder) Load(name string, file []byte) (changed bool, problems []Problem) {
	h.loading.Lock()
	defer h.loading.Unlock()
	if was := h.now.Load(); bytes.Equal(was.file, file) {
		return false, nil
	}
	if len(file) == 0 {
		h.now.Store(&held{m: h.base})
		return true, nil
	}
	m, problems := Check(h.base, name, file)
	if m == nil {
		return false, problems
	}
	h.now.Store(&held{m: m, file: slices.Clone(file)})
	return true, problems
}

// ReachAt is ReachAt of the map in force.
func (h *Holder) ReachAt(provider, product string, seen Seen, at time.Time) Cell {
	return h.Map().ReachAt(provider, product, seen, at)
}

package vault

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"postern/provider"
)

// cacheSize bounds the parsed handles that are kept. Parsing a private key costs a quarter of a millisecond, as much as half a signature.
const cacheSize = 4096

type cacheKey [sha256.Size]byte

// cache keeps the most recently used handles by place and ciphertext, so that a new ciphertext in a row is never answered with the old key.
type cache struct {
	mu    sync.Mutex
	limit int
	order *list.List // front is the most recently used
	byKey map[cacheKey]*list.Element
}

type entry struct {
	key    cacheKey
	handle any
}

func newCache(limit int) *cache {
	return &cache{limit: limit, order: list.New(), byKey: map[cacheKey]*list.Element{}}
}

func (c *cache) get(key cacheKey) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.byKey[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(element)
	return element.Value.(entry).handle, true
}

func (c *cache) put(key cacheKey, handle any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[key]; ok {
		return
	}
	c.byKey[key] = c.order.PushFront(entry{key, handle})
	for c.order.Len() > c.limit {
		oldest := c.order.Back()
		delete(c.byKey, oldest.Value.(entry).key)
		c.order.Remove(oldest)
	}
}

// Handle opens and parses a stored key, or returns the handle parsed before from exactly this ciphertext at this place. See Open and Parse for the errors.
func (v *Vault) Handle(ref Ref, kind provider.KeyKind, keyID string, ciphertext []byte) (any, error) {
	key := keyOf(ref, kind, keyID, ciphertext)
	if handle, ok := v.cache.get(key); ok {
		return handle, nil
	}
	plaintext, err := v.Open(ref, ciphertext)
	if err != nil {
		return nil, err
	}
	defer clear(plaintext)
	handle, err := Parse(kind, keyID, plaintext)
	if err != nil {
		return nil, err
	}
	v.cache.put(key, handle)
	return handle, nil
}

func keyOf(ref Ref, kind provider.KeyKind, keyID string, ciphertext []byte) cacheKey {
	h := sha256.New()
	for _, part := range []string{ref.Owner, ref.Table, ref.Column, ref.Row, string(kind), keyID, string(ciphertext)} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return cacheKey(h.Sum(nil))
}

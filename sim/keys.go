package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

var (
	keysMu sync.Mutex
	keys   = map[string]*rsa.PrivateKey{}
)

// Key makes an RSA key once per process and name. Worlds of one process share their keys, because making one costs more than a whole payment.
func Key(name string) *rsa.PrivateKey {
	keysMu.Lock()
	defer keysMu.Unlock()
	if key, ok := keys[name]; ok {
		return key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("sim: key: " + err.Error())
	}
	keys[name] = key
	return key
}

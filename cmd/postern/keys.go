package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// keyring is the RSA keys of the simulated accounts, by name.
type keyring map[string]*rsa.PrivateKey

// loadKeys reads the keys from a directory, and makes those that are not there yet, all at once: each costs a fifth of a second of one processor.
func loadKeys(dir string, names []string) (keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	keys, errs := make([]*rsa.PrivateKey, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { keys[i], errs[i] = loadKey(filepath.Join(dir, name+".pem")) })
	}
	wg.Wait()
	ring := keyring{}
	for i, name := range names {
		if errs[i] != nil {
			return nil, fmt.Errorf("key %s: %w", name, errs[i])
		}
		ring[name] = keys[i]
	}
	return ring, nil
}

func loadKey(path string) (*rsa.PrivateKey, error) {
	if text, err := os.ReadFile(path); err == nil {
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("%s is damaged; delete it to make another", path)
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		rsaKey, ok := key.(*rsa.PrivateKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("%s is damaged; delete it to make another", path)
		}
		return rsaKey, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// writeFile writes a private file under a temporary name and renames it, so that nobody reads half of it.
func writeFile(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postern/sim"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postern": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs every script of testdata/script against the real command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir) // the demo's keys go to the cache below it
			return errors.Join(writeKeys(e.WorkDir), writeSpecimens(e.WorkDir))
		},
	})
}

// writeKeys puts an account's keys where a script can add a channel with them.
func writeKeys(dir string) error {
	key := sim.Key("script")
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "private.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(filepath.Join(dir, "public.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600),
		os.WriteFile(filepath.Join(dir, "serial"), []byte("5157F09EFDC096DE15EBE81A47057A7232F1B8E1"), 0o600),
		os.WriteFile(filepath.Join(dir, "apiv3"), []byte("0123456789abcdef0123456789abcdef"), 0o600),
	)
}

package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// initCmd writes a configuration and a fresh key-encryption key beside it.
type initCmd struct {
	PublicURL string `help:"Where buyers reach the checkout, as https://pay.example.com." default:"http://127.0.0.1:8080"`
	Live      bool   `help:"Real money: https is required and sandboxes are refused."`
}

const configText = `# Postern 便门. Every line that is commented out shows the default.

# Real money. Test and live never mix: a live switch refuses sandbox accounts, plain http and well-known keys.
live = %v

# Where buyers reach the checkout; https unless it is a loopback address in test mode. Register this domain with the providers ('postern channel check').
public_url = %q

# Where providers reach the notifications, if it differs from public_url.
# callback_url = ""

# Only checkout, notifications and the API listen here. Health (/healthz, /readyz) and metrics (/metrics) have an address of their own.
# listen = "127.0.0.1:8080"
# admin = "127.0.0.1:8081"

# sqlite:FILE for one node, postgres://user@host1,host2/postern?target_session_attrs=read-write for several.
# database = "sqlite:postern.db"

# The key that encrypts the keys at rest: 32 bytes in base64. Without it no key in the database can be read. Keep a copy apart from the backups.
key_file = %q

# Serve TLS here, or stand behind a proxy and name it: client address and scheme are believed from these addresses only.
# tls_cert = ""
# tls_key = ""
# trusted_proxies = ["10.0.0.0/8"]

# A folder with the small files that a provider wants at the root of the domain (MP_verify_*.txt).
# verify_files = ""

# The operator's own cells of the wall map, which win over the built-in ones; check the file with 'postern wall check FILE'. It is read again when it changes,
# and a bad one never replaces a good one.
# wall_overlay = ""

# A proxy for calls to providers, and nets besides public addresses to which webhooks may be sent.
# egress_proxy = ""
# webhook_allow = []

# A start waits at most this long before the buyer is told to wait; any other provider call is given up after call_timeout and counts as unknown.
# start_timeout = "8s"
# call_timeout = "10s"
# deadlines = { chn_... = "5s" }

# How many provider calls may be under way at once in this process: of one account, of one provider, and of those by jobs. What is more takes another wallet or waits.
# bulkheads = { account = 128, provider = 256, jobs = 8 }

# For pages and lists. Provider times are always Beijing's.
# zone = "Asia/Shanghai"
# locale = "zh-CN"
`

func (c *initCmd) Run(rt *runtime) error {
	if err := checkBase("public_url", c.PublicURL, c.Live); err != nil {
		return err
	}
	if _, err := os.Stat(rt.config); err == nil {
		return fmt.Errorf("%s exists; move it away first", rt.config)
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	keyFile := filepath.Join(filepath.Dir(rt.config), "postern.key")
	if _, err := os.Stat(keyFile); err == nil {
		return fmt.Errorf("%s exists; it may be the only key to a database: move it away first", keyFile)
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	if err := writeFile(keyFile, []byte(base64.StdEncoding.EncodeToString(key)+"\n")); err != nil {
		return err
	}
	if err := writeFile(rt.config, fmt.Appendf(nil, configText, c.Live, c.PublicURL, keyFile)); err != nil {
		return err
	}
	fmt.Fprintf(rt.stdout, "wrote %s and %s\nnext: postern merchant add --name 'My shop'\n", rt.config, keyFile)
	return nil
}

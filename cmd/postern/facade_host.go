package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postern/facade"
	"postern/provider/all"
	"postern/vault"
)

// facadeConfig is where merchants' code reaches the facade of one provider: an address of its own, at whose root the provider's paths are.
type facadeConfig struct {
	Listen string `toml:"listen"`
	// URL is that address as merchants' code has it.
	URL     string `toml:"url"`
	TLSCert string `toml:"tls_cert"`
	TLSKey  string `toml:"tls_key"`
	// TLS makes a certificate, with an authority of its own that the merchant's machine has to trust, beside the key file.
	TLS bool `toml:"tls"`
	// ClientCertHeader is where a TLS terminator in front passes on the certificate that a client proved to have the key of; it is believed from ClientCertFrom alone.
	ClientCertHeader string   `toml:"client_cert_header"`
	ClientCertFrom   []string `toml:"client_cert_from"`
}

// facadeHost is one facade of the running switch.
type facadeHost struct {
	code    string
	listen  string
	server  *http.Server
	tls     *tls.Config
	opened  net.Listener
	authPEM string // the file of the authority, for those who made one
}

// faced lists the providers that have a facade.
func faced() []string {
	var codes []string
	for _, f := range all.Faces() {
		codes = append(codes, f.Code)
	}
	return codes
}

func checkFacades(list map[string]facadeConfig, live bool) error {
	for code, f := range list {
		if !slices.Contains(faced(), code) {
			return fmt.Errorf("facades.%s: there is no such facade; there are %v", code, faced())
		}
		if f.Listen == "" {
			return fmt.Errorf("facades.%s.listen: name an address, as 127.0.0.1:8090", code)
		}
		if err := checkBase("facades."+code+".url", f.URL, live); err != nil {
			return err
		}
		if (f.TLSCert == "") != (f.TLSKey == "") || f.TLS && f.TLSCert != "" {
			return fmt.Errorf("facades.%s: set tls_cert and tls_key, or tls, or none of them", code)
		}
		if (f.ClientCertHeader == "") != (len(f.ClientCertFrom) == 0) || f.ClientCertHeader != "" && (f.TLS || f.TLSCert != "") {
			return fmt.Errorf("facades.%s: client_cert_header goes with client_cert_from, the addresses of the TLS terminator, and with no TLS of its own", code)
		}
		if _, err := prefixes("facades."+code+".client_cert_from", f.ClientCertFrom); err != nil {
			return err
		}
	}
	return nil
}

// facadeURLs are where the facades are, by provider, without a slash at the end: paths are added to them.
func facadeURLs(list map[string]facadeConfig) map[string]string {
	out := map[string]string{}
	for code, f := range list {
		out[code] = strings.TrimRight(f.URL, "/")
	}
	return out
}

// openFacades makes the hosts of the facades. Nothing listens yet.
func (s *theSwitch) openFacades() error {
	mac := hmac.New(sha256.New, s.cfg.kek)
	mac.Write([]byte("postern facade download tokens"))
	key := mac.Sum(nil)
	quiet := slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	for code, f := range s.cfg.Facades {
		handler, err := facade.New(facade.Config{Engine: s.engine, TokenKey: key, Log: s.log}, code)
		if err != nil {
			return err
		}
		outer := realClient(s.cfg.proxies, handler)
		if f.ClientCertHeader != "" {
			from, err := prefixes("facades."+code+".client_cert_from", f.ClientCertFrom)
			if err != nil {
				return err
			}
			outer = facade.Terminated(f.ClientCertHeader, from, outer)
		}
		h := facadeHost{code: code, listen: f.Listen, server: &http.Server{
			Handler: outer, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 90 * time.Second,
			MaxHeaderBytes: 32 << 10, ErrorLog: quiet,
			// HTTP/1.1 only: an SDK reads header names in their written case, and HTTP/2 has none.
			TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		}}
		if h.tls, h.authPEM, err = facadeTLS(f, code, filepath.Dir(s.cfg.KeyFile)); err != nil {
			return err
		}
		s.facades = append(s.facades, h)
	}
	s.public.Handle("GET /f/{token}", facade.Returns(s.engine, http.NotFoundHandler()))
	return nil
}

// facadeTLS is the certificate of a facade's host: the operator's, or one that is made once and kept beside the key file. A client's certificate is looked at if it
// shows one, because some paths of one protocol want it.
func facadeTLS(f facadeConfig, code, dir string) (*tls.Config, string, error) {
	cert, key, authority := f.TLSCert, f.TLSKey, ""
	if f.TLS {
		base := filepath.Join(dir, "facade-"+code)
		cert, key, authority = base+"-cert.pem", base+"-key.pem", base+"-ca.pem"
		if err := makeFacadeCertificate(f.URL, cert, key, authority); err != nil {
			return nil, "", err
		}
	}
	if cert == "" {
		return nil, "", nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, "", fmt.Errorf("facades.%s: %w", code, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert}, authority, nil
}

// makeFacadeCertificate makes what is missing; what is there stays, because merchants trust its authority.
func makeFacadeCertificate(address, cert, key, authority string) error {
	if _, err := os.Stat(cert); err == nil {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	private, _, err := vault.NewKeyPair(rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	made, err := vault.NewCertificate(rand.Reader, private, "Postern Facade "+u.Hostname(), now.Add(-time.Hour), now.AddDate(2, 0, 0), u.Hostname())
	if err != nil {
		return err
	}
	return errors.Join(writeFile(authority, made.Authority), writeFile(key, private), writeFile(cert, made.Certificate))
}

// serveFacades listens for merchants' code until the servers are shut down.
func (s *theSwitch) serveFacades(failed chan<- error) error {
	for i := range s.facades {
		h := &s.facades[i]
		if h.opened == nil {
			l, err := listen(h.listen)
			if err != nil {
				return err
			}
			h.opened = l
		}
		l := h.opened
		if h.tls != nil {
			l = tls.NewListener(l, h.tls)
		}
		go func() {
			if err := h.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("the facade of %s: %w", h.code, err)
			}
		}()
	}
	return nil
}

func (s *theSwitch) shutFacades(ctx context.Context) error {
	var errs []error
	for _, h := range s.facades {
		errs = append(errs, h.server.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postern/engine"
	"postern/provider/all"
	"postern/vault"
)

// hostFacades opens a free port for each facade and tells the configuration.
func hostFacades(cfg *config, https bool) (map[string]net.Listener, error) {
	opened := map[string]net.Listener{}
	cfg.Facades = map[string]facadeConfig{}
	scheme := "http://"
	if https {
		scheme = "https://"
	}
	for _, f := range all.Faces() {
		l, err := listen("127.0.0.1:0")
		if err != nil {
			return opened, err
		}
		opened[f.Code] = l
		cfg.Facades[f.Code] = facadeConfig{Listen: l.Addr().String(), URL: scheme + l.Addr().String(), TLS: https}
	}
	return opened, nil
}

// issueFacades gives the sample merchant an account at every facade, as if its shop had been built on that provider's protocol: with a key of the shop's own.
func (d *demo) issueFacades(ctx context.Context) error {
	makers := all.Faces()
	d.faces = make([][]all.ReadyField, len(makers))
	errs := make([]error, len(makers))
	var group sync.WaitGroup
	for i, f := range makers {
		group.Go(func() { d.faces[i], errs[i] = d.issueFacade(ctx, f) })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("the facade of %s: %w", makers[i].Code, err)
		}
	}
	return nil
}

func (d *demo) issueFacade(ctx context.Context, f all.FaceMaker) ([]all.ReadyField, error) {
	private, public, err := vault.NewKeyPair(rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	own, err := vault.NewCertificate(rand.Reader, private, "demo shop", now.Add(-time.Hour), now.AddDate(5, 0, 0))
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	maps.Copy(settings, f.Settings)
	if !d.cfg.Facades[f.Code].TLS {
		maps.Copy(settings, f.Plain)
	}
	issued, err := d.engine.IssueFacade(ctx, theOperator, d.merchant.ID, engine.FacadeInput{Provider: f.Code, Settings: settings, Keys: f.Given(string(public), string(own.Certificate), own.Serial)})
	if err != nil {
		return nil, err
	}
	return f.Ready(all.FaceSetup{
		BaseURL: d.cfg.Facades[f.Code].URL, Number: issued.Account.Number, Settings: issued.Account.Settings, Public: issued.Public, Secrets: issued.Secrets,
		Private: string(private), Certificate: string(own.Certificate), Serial: own.Serial,
	}), nil
}

// addFacades fills the facades' sections; what is a file there is written below dir.
func (r *ready) addFacades(dir string, d *demo) error {
	for i, f := range all.Faces() {
		section, err := readySection(filepath.Join(dir, "ready", "facade-"+f.Code), d.faces[i])
		if err != nil {
			return err
		}
		for _, h := range d.facades {
			if h.code == f.Code && h.authPEM != "" {
				section["ca_file"] = h.authPEM
			}
		}
		r.Facades[f.Code] = section
	}
	return nil
}

// readySection writes a section's files and returns its fields; fields without a value are left out.
func readySection(dir string, fields []all.ReadyField) (map[string]string, error) {
	section := map[string]string{}
	for _, f := range fields {
		value := f.Value
		if value == "" {
			continue
		}
		if f.File {
			value = filepath.Join(dir, f.Name+".pem")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, err
			}
			if err := writeFile(value, []byte(f.Value)); err != nil {
				return nil, err
			}
		}
		section[f.Name] = value
	}
	return section, nil
}

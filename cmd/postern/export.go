package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
	_ "time/tzdata" // A merchant's zone is known on every machine, so that an export is the same on every machine.

	"postern"
	"postern/store"
	"postern/webhook"
)

// exportCmd writes everything of a merchant into an empty folder, also while the switch runs.
type exportCmd struct {
	Merchant string `arg:"" help:"The merchant (mer_...)."`
	Dir      string `arg:"" help:"The folder to write; it must not exist or be empty." type:"path"`
}

func (c *exportCmd) Run(rt *runtime) error {
	cfg, err := readConfig(rt.config)
	if err != nil {
		return err
	}
	s, err := store.Open(rt.ctx, cfg.Database, store.Options{Logger: rt.log, ReadOnly: true})
	if err != nil {
		return err
	}
	if err := s.CheckSchema(rt.ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	m, err := exportTo(rt.ctx, s, c.Merchant, c.Dir)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	fmt.Fprintf(rt.stdout, "%s: %d rows\ncheck it: cd %s && sha256sum -c %s\n", m.MerchantID, m.Rows(), c.Dir, store.SumsName)
	return nil
}

// exportTo writes an export into a folder that only its owner may read: it holds who bought what.
func exportTo(ctx context.Context, s *store.Store, merchantID, dir string) (store.Manifest, error) {
	var m store.Manifest
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return m, err
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return m, err
	}
	if len(there) > 0 {
		return m, fmt.Errorf("%s is not empty: choose another folder", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return m, err
	}
	m, err = s.Export(ctx, merchantID, func(name string) (io.WriteCloser, error) {
		if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return nil, err
		}
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		return synced{f}, err
	})
	return m, errors.Join(err, root.Close())
}

// synced is a file that is on disk once it is closed: whoever deletes the original after an export must not lose both to a power cut.
type synced struct{ *os.File }

func (s synced) Close() error { return errors.Join(s.Sync(), s.File.Close()) }

// importCmd takes a merchant in.
type importCmd struct {
	Dir string `arg:"" help:"The folder that 'postern export' wrote." type:"existingdir"`
}

func (c *importCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		root, err := os.OpenRoot(c.Dir)
		if err != nil {
			return err
		}
		defer func() { _ = root.Close() }()
		return o.takeIn(ctx, rt.stdout, root.FS())
	})
}

// takeIn imports, and says what the merchant still needs, because no key came along.
func (o *offline) takeIn(ctx context.Context, w io.Writer, files fs.FS) error {
	secrets := map[string]string{}
	landed, err := o.engine.TakeIn(ctx, files, func(merchantID, endpointID string) ([]byte, error) {
		secret, err := webhook.NewSecret(rand.Reader)
		if err != nil {
			return nil, err
		}
		secrets[endpointID] = secret
		return o.engine.Vault.Seal(webhook.SecretRef(merchantID, endpointID), []byte(secret))
	})
	if err != nil {
		return err
	}
	id := landed.Manifest.MerchantID
	fmt.Fprintf(w, "%s: %d rows, %s for what is under way\n", id, landed.Manifest.Rows(), postern.Count(landed.Jobs, "job"))
	return o.stillNeeds(ctx, w, id, secrets)
}

// stillNeeds lists what was sealed or hashed at the old place and is given again at this one.
func (o *offline) stillNeeds(ctx context.Context, w io.Writer, merchantID string, secrets map[string]string) error {
	channels, err := o.store.Channels(ctx, merchantID)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, c := range channels {
		generations, err := o.store.Generations(ctx, c.CredentialOwnerID, c.CredentialSetID)
		if err != nil {
			return err
		}
		if len(generations) > 0 || seen[c.CredentialSetID] || !c.RetiredAt.IsZero() && c.RetiredAt.Before(time.Now()) {
			continue
		}
		seen[c.CredentialSetID] = true
		whose := "--merchant " + merchantID
		if c.CredentialOwnerID != merchantID {
			whose = "--partner " + c.CredentialOwnerID
		}
		fmt.Fprintf(w, "next: postern credential keys %s --account %s --key-file ... (%s)\n", whose, c.CredentialSetID, c.Provider)
	}
	endpoints, err := o.store.Endpoints(ctx, merchantID)
	if err != nil {
		return err
	}
	for _, e := range endpoints {
		fmt.Fprintf(w, "endpoint %s is signed with a new secret (shown once): %s\n", e.ID, secrets[e.ID])
	}
	fmt.Fprintf(w, "next: postern key add --merchant %s\n", merchantID)
	return nil
}

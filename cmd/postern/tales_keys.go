package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postern/engine"
)

// rotates says whether a simulator can change its provider's key.
func (d *demo) rotates(ctx context.Context, code string) (bool, error) {
	err := d.control(ctx, code, http.MethodPost, "/rotate", "{}", nil)
	if err != nil && strings.Contains(err.Error(), "404") {
		return false, nil
	}
	return err == nil, err
}

// rotated begins an order, gives the account a new generation of keys and lets the provider change its own, and then the buyer pays: what was begun with the old keys is notified, asked after and
// refunded with the new ones.
func rotated(code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		a, err := t.begin(ctx, code, "native")
		if err != nil {
			return err
		}
		channels, err := t.store.Channels(ctx, t.merchant.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.boxes.list, func(b runningSandbox) bool { return b.Code == code })
		for _, c := range channels {
			if c.ID != a.ChannelID {
				continue
			}
			if _, err := t.engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: c.CredentialOwnerID, CredentialSetID: c.CredentialSetID, Keys: t.boxes.list[i].Keys}); err != nil {
				return err
			}
			generations, err := t.store.Generations(ctx, c.CredentialOwnerID, c.CredentialSetID)
			if err != nil {
				return err
			}
			if len(generations) < 2 {
				return errors.New("there is no second generation")
			}
		}
		changed, err := t.rotates(ctx, code)
		if err != nil {
			return fmt.Errorf("the provider's key: %w", err)
		}
		if !changed && code == wallets()[0].Code {
			return errors.New("the first wallet does not change its key")
		}
		return t.scan(ctx, code, a.Number)
	}
}

package engine

import (
	"context"
	"errors"

	"postern/store"
)

// RefreshAllTrust fetches every account's provider certificates anew; providers publish a new one at least a day before they use it, so twice a day is enough.
// One account that does not answer does not keep the others from theirs. It returns how many certificates were fetched.
func (e *Engine) RefreshAllTrust(ctx context.Context) (int, error) {
	page, total, seen := store.Page{Limit: 100}, 0, map[string]bool{}
	var failed []error
	for {
		merchants, next, err := e.Store.Merchants(ctx, "", page)
		if err != nil {
			return total, errors.Join(append(failed, err)...)
		}
		for _, m := range merchants {
			channels, err := e.Store.Channels(ctx, m.ID)
			if err != nil {
				return total, errors.Join(append(failed, err)...)
			}
			for _, c := range channels {
				if account := c.CredentialOwnerID + "/" + c.CredentialSetID; !seen[account] && c.RetiredAt.IsZero() {
					seen[account] = true
					n, err := e.RefreshTrust(ctx, c)
					total, failed = total+n, append(failed, err)
				}
			}
		}
		if next == "" {
			return total, errors.Join(failed...)
		}
		page.After = next
	}
}

package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// refreshAgain is how soon an account's provider certificates may be fetched again because a message fitted none: a provider that changes its key early is met within a minute, and a flood of
// forgeries costs a call a minute.
const refreshAgain = time.Minute

// refreshed remembers when an account's certificates were last fetched for want of one. The zero value is ready.
type refreshed struct {
	mu sync.Mutex
	at map[string]time.Time
}

// may says whether an account's turn has come, and takes it.
func (r *refreshed) may(set string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, known := r.at[set]; known && now.Sub(last) < refreshAgain {
		return false
	}
	if r.at == nil || len(r.at) >= maxRemembered {
		r.at = map[string]time.Time{}
	}
	r.at[set] = now
	return true
}

// refreshAtNeed fetches the provider's certificates when something came that none of the known ones fits. It says whether there is anything new to try with.
func (e *Engine) refreshAtNeed(ctx context.Context, c postern.Channel) bool {
	if _, ok := e.Registry[c.Provider].(provider.TrustRefresher); !ok || !e.refreshed.may(c.CredentialSetID, e.now()) {
		return false
	}
	n, err := e.RefreshTrust(ctx, c)
	if err != nil {
		e.Log.WarnContext(ctx, "the provider's certificates could not be fetched", "channel", c.ID, "err", err)
	}
	return err == nil && n > 0
}

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

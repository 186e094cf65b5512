package sim

import (
	"context"

	"postern/store"
)

// Move brings the switch up over another database, migrated and empty: the clock, the network, the wallets and what they know stay as they are, as when a merchant
// goes from one switch to another. The merchant itself has to be taken in.
func (w *World) Move(ctx context.Context, s *store.Store) error {
	w.Store = s
	if err := w.assemble(); err != nil {
		return err
	}
	return w.listen(ctx)
}

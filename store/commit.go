package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postern"
)

// Commit writes a Change whole or not at all. The rows go in a fixed order of tables, so that two Changes of one payment wait for each other and never deadlock.
// Errors as Change says; any other error means that nothing was written.
func (s *Store) Commit(ctx context.Context, c Change) error {
	if err := c.check(); err != nil {
		return err
	}
	return s.Write(ctx, func(tx Tx) error { return s.CommitIn(ctx, tx, c) })
}

// CommitIn is Commit inside a transaction that Write has begun, for the few steps that must read and write in one.
func (s *Store) CommitIn(ctx context.Context, tx Tx, c Change) error {
	if err := c.check(); err != nil {
		return err
	}
	steps := []func(context.Context, Tx, Change) error{saveMoney, saveShop, savePeople, saveBooks, saveTraces}
	for _, step := range steps {
		if err := step(ctx, tx, c); err != nil {
			return err
		}
	}
	return s.insertJobs(ctx, tx, c.Jobs)
}

func (s *Store) insertJobs(ctx context.Context, tx Tx, jobs []postern.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	if s.opts.InsertJobs == nil {
		return errors.New("store: there are jobs to commit and no queue: set Options.InsertJobs or call UseJobs")
	}
	if err := s.fault(ctx, FaultStatement); err != nil {
		return err
	}
	if err := s.opts.InsertJobs(ctx, tx, jobs); err != nil {
		return fmt.Errorf("store: insert jobs: %w", err)
	}
	return nil
}

// check refuses what the engine must never ask for: rows of two merchants in one Change, and a transaction that does not balance.
func (c Change) check() error {
	if c.MerchantID == "" {
		return errors.New("store.Commit: a Change belongs to a merchant")
	}
	owners := []string{}
	if c.Payment != nil {
		owners = append(owners, c.Payment.MerchantID)
	}
	if c.Request != nil {
		owners = append(owners, c.Request.MerchantID)
	}
	owners = collect(owners, c.Attempts, func(v postern.Attempt) string { return v.MerchantID })
	owners = collect(owners, c.Receipts, func(v postern.Receipt) string { return v.MerchantID })
	owners = collect(owners, c.Surpluses, func(v postern.Surplus) string { return v.MerchantID })
	owners = collect(owners, c.Refunds, func(v postern.Refund) string { return v.MerchantID })
	owners = collect(owners, c.Shares, func(v postern.Share) string { return v.MerchantID })
	owners = collect(owners, c.ShareLines, func(v postern.ShareLine) string { return v.MerchantID })
	owners = collect(owners, slices.Concat(c.Receivers, c.Told), func(v postern.ShareReceiver) string { return v.MerchantID })
	owners = collect(owners, c.Events, func(v postern.Event) string { return v.MerchantID })
	owners = collect(owners, c.Jobs, func(v postern.Job) string { return v.MerchantID })
	owners = collect(owners, c.Brands, func(v postern.Brand) string { return v.OwnerID })
	owners = collect(owners, c.Items, func(v postern.ShopItem) string { return v.MerchantID })
	owners = collect(owners, slices.Concat(c.Pictures, c.PicturesGone, c.PicturesPlaced), func(v postern.Picture) string { return v.MerchantID })
	owners = collect(owners, c.Orders, func(v postern.Order) string { return v.MerchantID })
	owners = collect(owners, c.OrderBuyers, func(v postern.OrderBuyer) string { return v.MerchantID })
	owners = collect(owners, c.Audits, func(v postern.Audit) string { return v.MerchantID })
	owners = collect(owners, c.Staff, func(v postern.Staff) string { return v.OwnerID })
	owners = collect(owners, c.Invitations, func(v postern.Invitation) string { return v.OwnerID })
	owners = collect(owners, c.SessionsEnd, func(v SessionsEnd) string { return v.OwnerID })
	owners = collect(owners, c.Sessions, func(v postern.Session) string { return v.OwnerID })
	owners = collect(owners, c.FacadeOrders, func(v postern.FacadeOrder) string { return v.MerchantID })
	owners = collect(owners, c.FacadeRefunds, func(v postern.FacadeRefund) string { return v.MerchantID })
	owners = collect(owners, c.FacadeNotices, func(v postern.FacadeNotice) string { return v.MerchantID })
	owners = collect(owners, c.Notifications, func(v Notification) string { return v.MerchantID })
	owners = collect(owners, c.Notices, func(v AccountNotice) string { return v.OwnerID })
	owners = collect(owners, c.Exchanges, func(v Exchange) string { return v.MerchantID })
	owners = collect(owners, c.Buyers, func(v Buyer) string { return v.MerchantID })
	owners = collect(owners, c.Channels, func(v postern.Channel) string { return v.MerchantID })
	owners = collect(owners, c.Health, func(v postern.Health) string { return v.MerchantID })
	owners = collect(owners, c.Records, func(v postern.HealthRecord) string { return v.MerchantID })
	for _, t := range c.Transactions {
		owners = append(owners, t.MerchantID)
		if err := t.Check(); err != nil {
			return fmt.Errorf("store.Commit: %w", err)
		}
	}
	for _, owner := range owners {
		if owner != c.MerchantID {
			return fmt.Errorf("store.Commit: a Change of %s holds a row of %q", c.MerchantID, owner)
		}
	}
	return nil
}

func collect[T any](owners []string, rows []T, owner func(T) string) []string {
	for _, row := range rows {
		owners = append(owners, owner(row))
	}
	return owners
}

// each saves a list of rows in its order.
func each[T any](ctx context.Context, tx Tx, rows []T, save func(context.Context, Tx, T) error) error {
	for _, row := range rows {
		if err := save(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}

func saveMoney(ctx context.Context, tx Tx, c Change) error {
	if c.Payment != nil {
		if err := savePayment(ctx, tx, *c.Payment); err != nil {
			return err
		}
	}
	if err := each(ctx, tx, c.Attempts, saveAttempt); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Receipts, insertReceipt); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Surpluses, saveSurplus); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Refunds, saveRefund); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Shares, saveShare); err != nil {
		return err
	}
	return each(ctx, tx, c.Moves, func(ctx context.Context, tx Tx, m postern.ReceiptMove) error {
		return moveReceipt(ctx, tx, c.MerchantID, m)
	})
}

// saveTraces keeps what is not money: raw messages, the buyer and the idempotent request.
func saveTraces(ctx context.Context, tx Tx, c Change) error {
	if err := each(ctx, tx, c.FacadeOrders, saveFacadeOrder); err != nil {
		return err
	}
	if err := each(ctx, tx, c.FacadeRefunds, saveFacadeRefund); err != nil {
		return err
	}
	if err := each(ctx, tx, c.FacadeNotices, saveFacadeNotice); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Notifications, saveNotification); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Notices, saveNotice); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Exchanges, insertExchange); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Buyers, saveBuyer); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Receivers, saveReceiver); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Told, markReceiver); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Channels, saveChannel); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Health, saveHealth); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Records, insertHealthRecord); err != nil {
		return err
	}
	if c.Request != nil {
		return finishRequest(ctx, tx, *c.Request)
	}
	return nil
}

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// openPostgres connects the pool. synchronous_commit is set by us and not left to the server's file: an acknowledged payment must be on disk, and on the
// synchronous standby where there is one.
func (s *Store) openPostgres(ctx context.Context, dsn string) error {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("store: database address: %w", err)
	}
	params := config.ConnConfig.RuntimeParams
	if params["synchronous_commit"] != "remote_apply" {
		params["synchronous_commit"] = "on"
	}
	params["timezone"] = "UTC"
	if params["application_name"] == "" {
		params["application_name"] = "postern"
	}
	config.MaxConns = int32(s.opts.MaxConns)
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("store: connect: %w", err)
	}
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("store: connect: %w", err)
	}
	return nil
}

func (s *Store) writePostgres(ctx context.Context, fn func(Tx) error) error {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	committing := false
	defer func() {
		if !committing {
			_ = tx.Rollback(context.WithoutCancel(ctx))
		}
	}()
	if err := fn(s.guard(pgTx{tx})); err != nil {
		return err
	}
	if err := s.fault(ctx, FaultBeforeCommit); err != nil {
		return err
	}
	committing = true
	if err := commitPostgres(ctx, tx); err != nil {
		return err
	}
	if err := s.fault(ctx, FaultAfterCommit); err != nil {
		return commitUnknown(err)
	}
	return nil
}

// commitPostgres never cancels COMMIT: a cancelled one is committed locally and perhaps not on the standby, which is how acknowledged payments are lost. Where a
// synchronous standby stalls, the caller is released with CodeCommitUnknown when its context ends, and COMMIT goes on alone with its connection.
func commitPostgres(ctx context.Context, tx pgx.Tx) error {
	done := make(chan error, 1)
	go func() { done <- tx.Commit(context.WithoutCancel(ctx)) }()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		if conflict := classify(err); isConflict(conflict) {
			return conflict
		}
		if errors.Is(err, pgx.ErrTxCommitRollback) {
			return fmt.Errorf("store: a statement had failed, so COMMIT rolled back: %w", err)
		}
		return commitUnknown(err)
	case <-ctx.Done():
		return commitUnknown(ctx.Err())
	}
}

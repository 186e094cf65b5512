package store

import (
	"context"

	"postern"
)

const ruleColumns = "owner_id, version, rules, note, created_at"

func scanRules(r Row) (postern.RuleSet, error) {
	var s postern.RuleSet
	err := r.Scan(&s.OwnerID, &s.Version, asJSON(&s.Rules), &s.Note, at(&s.CreatedAt))
	return s, err
}

// SaveRules writes a new version of an owner's rules. It answers postern.CodeConflict when that version exists: somebody else edited them meanwhile.
func (s *Store) SaveRules(ctx context.Context, set postern.RuleSet) error {
	rules, err := text(set.Rules)
	if err != nil {
		return err
	}
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, insertInto("rule_set", ruleColumns), set.OwnerID, set.Version, rules, set.Note, micros(set.CreatedAt))
		return err
	})
}

// Rules returns one version of an owner's rules, or postern.CodeNotFound.
func (s *Store) Rules(ctx context.Context, ownerID string, version int64) (postern.RuleSet, error) {
	return one(ctx, s.reader(), "Rules", "rules", scanRules, "SELECT "+ruleColumns+" FROM rule_set WHERE owner_id = $1 AND version = $2", ownerID, version)
}

// RuleVersions lists up to limit versions of an owner's rules below a version (0: all), the newest first.
func (s *Store) RuleVersions(ctx context.Context, ownerID string, below int64, limit int) ([]postern.RuleSet, error) {
	if below == 0 {
		below = 1 << 62
	}
	return many(ctx, s.reader(), "RuleVersions", scanRules, "SELECT "+ruleColumns+" FROM rule_set WHERE owner_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3", ownerID, below, limit)
}

// Stamp says which state of a list is stored, without reading it: another stamp means that the list changed.
type Stamp struct {
	OwnerID string
	Rows    int64
	Version int64
}

func scanStamp(r Row) (v Stamp, err error) {
	err = r.Scan(&v.OwnerID, &v.Rows, &v.Version)
	return v, err
}

// RuleStamps says which version of rules the platform, a partner and a merchant have; who has none is not in it.
func (s *Store) RuleStamps(ctx context.Context, merchantID, partnerID string) ([]Stamp, error) {
	return many(ctx, s.reader(), "RuleStamps", scanStamp, "SELECT owner_id, count(*), max(version) FROM rule_set WHERE owner_id IN ($1, $2, $3) GROUP BY owner_id ORDER BY owner_id",
		postern.Platform, partnerID, merchantID)
}

// ClosureStamps says in which state the closures of the platform, a partner and a merchant are. Withdrawn ones count too: without them one that goes while another
// comes would leave the stamp as it was.
func (s *Store) ClosureStamps(ctx context.Context, merchantID, partnerID string) ([]Stamp, error) {
	return many(ctx, s.reader(), "ClosureStamps", scanStamp, `SELECT owner_id, count(*), sum(version) FROM closure
		WHERE owner_id IN ($1, $2, $3) GROUP BY owner_id ORDER BY owner_id`, postern.Platform, partnerID, merchantID)
}

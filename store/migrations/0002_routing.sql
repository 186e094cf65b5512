-- What routing needs to know: how payments are spread over equal channels, each owner's rules by version, and what became of a channel's attempts.

ALTER TABLE channel ADD COLUMN weight BIGINT;

UPDATE channel SET weight = 1;

-- Rules are read with plans of many merchants (a partner's, the platform's), so every shard keeps a copy. A version is written once and never changes.
-- distribute: reference
CREATE TABLE rule_set (
  owner_id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  rules TEXT NOT NULL,
  note TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, version)
);

CREATE INDEX attempt_channel ON attempt (merchant_id, channel_id, id);

CREATE INDEX receipt_channel ON receipt (merchant_id, channel_id, paid_at);

-- What merchants are and are told about their papers, and how a whole fleet of them moves.

ALTER TABLE merchant ADD COLUMN category TEXT;

ALTER TABLE merchant ADD COLUMN region TEXT;

UPDATE merchant SET category = '', region = '';

-- How far the telling of one edit of a closure has come. The closure may be the platform's, so every shard keeps a copy.
-- distribute: reference
CREATE TABLE closure_telling (
  owner_id TEXT NOT NULL,
  closure_id TEXT NOT NULL,
  edit BIGINT NOT NULL CHECK (edit > 0),
  after_id TEXT NOT NULL,
  told BIGINT NOT NULL CHECK (told >= 0),
  done_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, closure_id, edit)
);

-- A move belongs to a partner or the platform and leads to merchants on all shards.
-- distribute: reference
CREATE TABLE fleet_move (
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  closure_owner_id TEXT NOT NULL,
  closure_id TEXT NOT NULL,
  targets TEXT NOT NULL,
  policy TEXT NOT NULL,
  live BIGINT NOT NULL CHECK (live IN (0, 1)),
  status TEXT NOT NULL,
  share BIGINT NOT NULL CHECK (share BETWEEN 0 AND 10000),
  merchants BIGINT NOT NULL CHECK (merchants >= 0),
  success_before TEXT NOT NULL,
  history TEXT NOT NULL,
  step_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, id)
);

-- One merchant of a move: what was there before stands on the merchant's own shard, so that it is written in the commit that changes the channels.
-- distribute: merchant_id
CREATE TABLE fleet_member (
  merchant_id TEXT NOT NULL,
  move_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  place BIGINT NOT NULL CHECK (place >= 0),
  state TEXT NOT NULL CHECK (state IN ('planned', 'moved', 'undone')),
  steps TEXT NOT NULL,
  note TEXT NOT NULL,
  moved_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, move_id)
);

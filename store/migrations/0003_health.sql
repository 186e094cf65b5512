-- What is observed of a channel: how each attempt was refused, the health of each product, and the steps that led there with their evidence.

-- Attempts from before have none, and are read as such: a big table is not rewritten.
ALTER TABLE attempt ADD COLUMN class TEXT;

-- distribute: merchant_id
CREATE TABLE channel_health (
  merchant_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  product TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  share BIGINT NOT NULL CHECK (share >= 0 AND share <= 10000),
  round BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  strikes BIGINT NOT NULL,
  since BIGINT NOT NULL,
  suspended_at BIGINT NOT NULL,
  restored_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (merchant_id, channel_id, product)
);

-- distribute: merchant_id
CREATE TABLE health_record (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  product TEXT NOT NULL,
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  share BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  evidence TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

CREATE INDEX health_record_product ON health_record (merchant_id, channel_id, product, id);

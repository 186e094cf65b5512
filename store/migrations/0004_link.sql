-- Links: what is sold again and again under one address, and the codes that people can type.

-- distribute: merchant_id
CREATE TABLE link (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  token TEXT NOT NULL,
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  items TEXT NOT NULL,
  return_url TEXT NOT NULL,
  targets TEXT NOT NULL,
  prefer TEXT NOT NULL,
  live BIGINT NOT NULL CHECK (live IN (0, 1)),
  expires_at BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- A buyer's address names no merchant, so this table leads from the token to the link.
-- distribute: token
CREATE TABLE link_address (
  token TEXT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  link_id TEXT NOT NULL
);

-- Nor does a code that somebody types. It leads to a link or to one payment.
-- distribute: code
CREATE TABLE short_code (
  code TEXT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  token TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- The way back from a payment to its code: most payments have none.
-- distribute: merchant_id
CREATE TABLE payment_code (
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (merchant_id, payment_id)
);

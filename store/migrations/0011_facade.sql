-- Facades: accounts in a provider's format that we issue, and the orders of merchants whose code speaks that provider's protocol.

-- distribute: merchant_id
CREATE TABLE facade_account (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  provider TEXT NOT NULL,
  number TEXT NOT NULL,
  settings TEXT NOT NULL,
  former_channel_id TEXT NOT NULL,
  disabled_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- A merchant's request names its account, not the merchant.
-- distribute: number
CREATE TABLE facade_number (
  number TEXT NOT NULL,
  provider TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  PRIMARY KEY (number, provider)
);

-- distribute: merchant_id
CREATE TABLE facade_key (
  merchant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  id TEXT NOT NULL,
  keys TEXT NOT NULL,
  public TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  retired_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, account_id, id),
  FOREIGN KEY (merchant_id, account_id) REFERENCES facade_account (merchant_id, id)
);

-- One merchant number is one payment.
-- distribute: merchant_id
CREATE TABLE facade_order (
  merchant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  number TEXT NOT NULL,
  trade_no TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  product TEXT NOT NULL,
  notify_url TEXT NOT NULL,
  return_url TEXT NOT NULL,
  token TEXT NOT NULL,
  fields TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, account_id, number),
  UNIQUE (merchant_id, account_id, trade_no),
  UNIQUE (merchant_id, payment_id)
);

-- The way back of a buyer from the cashier names no merchant.
-- distribute: token
CREATE TABLE facade_return (
  token TEXT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL
);

-- distribute: merchant_id
CREATE TABLE facade_refund (
  merchant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  number TEXT NOT NULL,
  order_no TEXT NOT NULL,
  trade_no TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  refund_id TEXT NOT NULL,
  notify_url TEXT NOT NULL,
  fields TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, account_id, order_no, number),
  UNIQUE (merchant_id, refund_id)
);

CREATE INDEX facade_refund_number ON facade_refund (merchant_id, account_id, number);

-- distribute: merchant_id
CREATE TABLE facade_notice (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  number TEXT NOT NULL,
  refund_no TEXT NOT NULL,
  tries BIGINT NOT NULL,
  last_status BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  done_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- Calls that a facade does not have, counted by day (of Beijing, yyyymmdd).
-- distribute: merchant_id
CREATE TABLE facade_missed (
  merchant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  what TEXT NOT NULL,
  day BIGINT NOT NULL,
  times BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, account_id, what, day)
);

-- The facade account of a payment that was ordered through one. Null in rows of before the facades.
ALTER TABLE payment ADD COLUMN facade_account_id TEXT;

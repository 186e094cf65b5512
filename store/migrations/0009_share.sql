-- Shares: parts of a receipt that the provider hands to others, who they are, and the rows of bills that say so.

-- What shares have taken of a receipt or hold of it. It is changed by conditional updates only, which also look at what was refunded; the CHECK stands behind them.
ALTER TABLE receipt ADD COLUMN shared BIGINT CHECK (shared >= 0 AND shared <= amount);

-- distribute: merchant_id
CREATE TABLE share (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  payment_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  number TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount >= 0),
  given BIGINT NOT NULL CHECK (given >= 0 AND given <= amount),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  parts TEXT NOT NULL,
  is_last BIGINT NOT NULL CHECK (is_last IN (0, 1)),
  description TEXT NOT NULL,
  status TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  UNIQUE (merchant_id, number),
  UNIQUE (merchant_id, payment_id, reference),
  FOREIGN KEY (merchant_id, receipt_id) REFERENCES receipt (merchant_id, id)
);

-- Who may get parts is personal: deleted by the retention job when it was not used for so long. Money rows hold the id only.
-- distribute: merchant_id
CREATE TABLE share_receiver (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- Rows of bills about shares, each with the transaction that booked it.
-- distribute: merchant_id
CREATE TABLE share_line (
  merchant_id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  row_key TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  share_id TEXT NOT NULL,
  receiver_id TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount <> 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  moved_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, credential_set_id, row_key),
  FOREIGN KEY (merchant_id, receipt_id) REFERENCES receipt (merchant_id, id)
);

CREATE INDEX share_line_payment ON share_line (merchant_id, payment_id);

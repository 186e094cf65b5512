-- The whole schema, one text for SQLite and PostgreSQL. Times are BIGINT microseconds since 1970 (0: not set), money is BIGINT minor units, booleans are BIGINT
-- 0 or 1, JSON is TEXT that no query looks into. Every key of a distributed table begins with the column by which it is distributed.

-- Sellers, and what belongs to them besides money.

-- distribute: reference
CREATE TABLE partner (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- distribute: merchant_id
CREATE TABLE merchant (
  merchant_id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL CHECK (version > 0),
  partner_id TEXT NOT NULL,
  name TEXT NOT NULL,
  live BIGINT NOT NULL CHECK (live IN (0, 1)),
  locale TEXT NOT NULL,
  zone TEXT NOT NULL,
  surplus_policy TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Accounts at providers belong to a merchant or to a partner who serves many, so every shard keeps a copy.
-- distribute: reference
CREATE TABLE credential_set (
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  provider TEXT NOT NULL,
  settings TEXT NOT NULL,
  sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, id)
);

-- distribute: reference
CREATE TABLE generation (
  owner_id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  id TEXT NOT NULL,
  keys TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  retired_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, credential_set_id, id),
  FOREIGN KEY (owner_id, credential_set_id) REFERENCES credential_set (owner_id, id)
);

-- distribute: reference
CREATE TABLE trust_key (
  owner_id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  pem TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, credential_set_id, key_id),
  FOREIGN KEY (owner_id, credential_set_id) REFERENCES credential_set (owner_id, id)
);

-- A key is looked up by its hash before its owner is known.
-- distribute: reference
CREATE TABLE api_key (
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  live BIGINT NOT NULL CHECK (live IN (0, 1)),
  name TEXT NOT NULL,
  revoked_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, id)
);

-- distribute: merchant_id
CREATE TABLE channel (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  credential_set_id TEXT NOT NULL,
  credential_owner_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  sub_merchant TEXT NOT NULL,
  products TEXT NOT NULL,
  permissions TEXT NOT NULL,
  agreement TEXT NOT NULL,
  min_amount BIGINT NOT NULL CHECK (min_amount >= 0),
  max_amount BIGINT NOT NULL CHECK (max_amount >= 0),
  place BIGINT NOT NULL,
  sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
  retired_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- Closures are few and every merchant's plan reads them, so every shard keeps a copy.

-- distribute: reference
CREATE TABLE closure (
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  title TEXT NOT NULL,
  closed_by TEXT NOT NULL,
  who TEXT NOT NULL,
  source TEXT NOT NULL,
  notice TEXT NOT NULL,
  evidence TEXT NOT NULL,
  scope TEXT NOT NULL,
  withdraws TEXT NOT NULL,
  history TEXT NOT NULL,
  withdrawn_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, id)
);

-- Money.

-- distribute: merchant_id
CREATE TABLE payment (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  reference TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  description TEXT NOT NULL,
  return_url TEXT NOT NULL,
  metadata TEXT NOT NULL,
  items TEXT NOT NULL,
  late_payment TEXT NOT NULL,
  status TEXT NOT NULL,
  live BIGINT NOT NULL CHECK (live IN (0, 1)),
  link_token TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  cancel_requested_at BIGINT NOT NULL,
  close_requested_at BIGINT NOT NULL,
  paid_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  UNIQUE (merchant_id, reference)
);

-- A buyer's address names no merchant, so this table leads from the token to the payment.
-- distribute: token
CREATE TABLE link_token (
  token TEXT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL
);

-- distribute: merchant_id
CREATE TABLE attempt (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  payment_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  generation_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  product TEXT NOT NULL,
  number TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  status TEXT NOT NULL,
  opaque TEXT NOT NULL,
  action TEXT NOT NULL,
  payer_hash TEXT NOT NULL,
  container TEXT NOT NULL,
  exposed_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  close_requested_at BIGINT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  UNIQUE (merchant_id, number),
  FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id)
);

CREATE INDEX attempt_payment ON attempt (merchant_id, payment_id, id);

CREATE INDEX attempt_live ON attempt (merchant_id, updated_at) WHERE status IN ('sending', 'pending', 'unknown');

-- The counters are changed by conditional updates only; the CHECK stands behind them.
-- distribute: merchant_id
CREATE TABLE receipt (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  txn_no TEXT NOT NULL CHECK (txn_no <> ''),
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  taken_as TEXT NOT NULL CHECK (taken_as IN ('applied', 'surplus')),
  refund_reserved BIGINT NOT NULL,
  refunded BIGINT NOT NULL,
  paid_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  UNIQUE (merchant_id, credential_set_id, txn_no),
  FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id),
  FOREIGN KEY (merchant_id, attempt_id) REFERENCES attempt (merchant_id, id),
  CONSTRAINT receipt_not_over_refunded CHECK (refund_reserved >= 0 AND refunded >= 0 AND refund_reserved + refunded <= amount)
);

CREATE UNIQUE INDEX receipt_one_applied ON receipt (merchant_id, payment_id) WHERE taken_as = 'applied';

CREATE INDEX receipt_payment ON receipt (merchant_id, payment_id, id);

-- distribute: merchant_id
CREATE TABLE surplus (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  payment_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  status TEXT NOT NULL,
  refund_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  UNIQUE (merchant_id, receipt_id),
  FOREIGN KEY (merchant_id, receipt_id) REFERENCES receipt (merchant_id, id)
);

CREATE INDEX surplus_payment ON surplus (merchant_id, payment_id, id);

-- distribute: merchant_id
CREATE TABLE refund (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  payment_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  surplus_id TEXT NOT NULL,
  reference TEXT NOT NULL,
  number TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  reason TEXT NOT NULL,
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

CREATE INDEX refund_open ON refund (merchant_id, updated_at) WHERE status IN ('reserved', 'sending', 'pending', 'unknown');

-- distribute: merchant_id
CREATE TABLE ledger_transaction (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  receipt_id TEXT NOT NULL,
  surplus_id TEXT NOT NULL,
  refund_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

CREATE INDEX ledger_transaction_payment ON ledger_transaction (merchant_id, payment_id, id);

-- distribute: merchant_id
CREATE TABLE posting (
  merchant_id TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  line BIGINT NOT NULL,
  account TEXT NOT NULL CHECK (account <> ''),
  amount BIGINT NOT NULL CHECK (amount <> 0),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  PRIMARY KEY (merchant_id, transaction_id, line),
  FOREIGN KEY (merchant_id, transaction_id) REFERENCES ledger_transaction (merchant_id, id)
);

-- What merchants are told. Positions are given after the commit by one sequencer per merchant, whose place is event_head.

-- distribute: merchant_id
CREATE TABLE event (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  data TEXT NOT NULL,
  live BIGINT NOT NULL CHECK (live IN (0, 1)),
  created_at BIGINT NOT NULL,
  position BIGINT NOT NULL CHECK (position >= 0),
  hash TEXT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

CREATE UNIQUE INDEX event_position ON event (merchant_id, position) WHERE position > 0;

CREATE INDEX event_unnumbered ON event (merchant_id, id) WHERE position = 0;

-- distribute: merchant_id
CREATE TABLE event_head (
  merchant_id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL CHECK (version > 0),
  position BIGINT NOT NULL CHECK (position >= 0),
  hash TEXT NOT NULL
);

-- distribute: merchant_id
CREATE TABLE endpoint (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  url TEXT NOT NULL,
  secret BYTEA NOT NULL,
  types TEXT NOT NULL,
  disabled_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- distribute: merchant_id
CREATE TABLE delivery (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  endpoint_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  status TEXT NOT NULL,
  tries BIGINT NOT NULL CHECK (tries >= 0),
  last_status BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  FOREIGN KEY (merchant_id, event_id) REFERENCES event (merchant_id, id)
);

CREATE INDEX delivery_endpoint ON delivery (merchant_id, endpoint_id, id);

-- distribute: merchant_id
CREATE TABLE api_request (
  merchant_id TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  object_id TEXT NOT NULL,
  done BIGINT NOT NULL CHECK (done IN (0, 1)),
  replays BIGINT NOT NULL CHECK (replays >= 0),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, key)
);

-- Raw messages and what we know of people: never joined to money, deleted by the retention job.

-- distribute: merchant_id
CREATE TABLE notification (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  header TEXT NOT NULL,
  body BYTEA NOT NULL,
  outcome TEXT NOT NULL,
  key_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

CREATE INDEX notification_attempt ON notification (merchant_id, attempt_id, id);

-- distribute: merchant_id
CREATE TABLE notification_count (
  merchant_id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  seen BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, attempt_id)
);

-- distribute: merchant_id
CREATE TABLE exchange (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  refund_id TEXT NOT NULL,
  op TEXT NOT NULL,
  status BIGINT NOT NULL,
  request TEXT NOT NULL,
  response TEXT NOT NULL,
  error TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

CREATE INDEX exchange_attempt ON exchange (merchant_id, attempt_id, id);

-- distribute: merchant_id
CREATE TABLE buyer (
  merchant_id TEXT NOT NULL,
  attempt_id TEXT NOT NULL,
  payer_id TEXT NOT NULL,
  client_ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, attempt_id)
);

-- Jobs of the deterministic runner, which tests and the simulation use in place of the production queue. Its ids order all merchants' jobs.
-- distribute: local
CREATE TABLE test_job (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  args TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL
);

CREATE INDEX test_job_due ON test_job (run_at, id) WHERE state = 'waiting';

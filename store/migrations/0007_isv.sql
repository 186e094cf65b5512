-- Service providers with many merchants: what their keys may do, what they call their merchants, whose number is whose, and what providers say of accounts.

ALTER TABLE api_key ADD COLUMN scopes TEXT;

ALTER TABLE merchant ADD COLUMN reference TEXT;

-- An endpoint of a partner's is told of test or of live merchants. One of a merchant's does not ask.
ALTER TABLE endpoint ADD COLUMN live BIGINT CHECK (live IN (0, 1));

-- Whose a number under a partner's account is: it leads from what a provider says to the merchant, and no two merchants are paid under one number.
-- distribute: owner_id
CREATE TABLE sub_merchant (
  owner_id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  number TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  channel_id TEXT NOT NULL,
  PRIMARY KEY (owner_id, credential_set_id, number)
);

-- What a provider said of an account or of a merchant under it, as it arrived. It stands with whomever it changed: the merchant, or the owner of the account.
-- distribute: owner_id
CREATE TABLE account_notice (
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  credential_set_id TEXT NOT NULL,
  sub_merchant TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  outcome TEXT NOT NULL,
  key_id TEXT NOT NULL,
  header TEXT NOT NULL,
  body BYTEA NOT NULL,
  seen BIGINT NOT NULL CHECK (seen > 0),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, id)
);

CREATE INDEX account_notice_set ON account_notice (owner_id, credential_set_id, id);

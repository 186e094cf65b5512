-- What a channel has of its own beside its account (a merchant's app or authorisation under a partner), and what a payment says about sharing.

ALTER TABLE channel ADD COLUMN settings TEXT;

ALTER TABLE channel ADD COLUMN secrets TEXT;

ALTER TABLE payment ADD COLUMN profit_sharing BIGINT CHECK (profit_sharing IN (0, 1));

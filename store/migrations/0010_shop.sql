-- The shop: what is sold, who ordered it and where it goes, who works there.

-- How a merchant or a partner shows itself to buyers.
-- distribute: reference
CREATE TABLE brand (
  owner_id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL CHECK (version > 0),
  name TEXT NOT NULL,
  colour TEXT NOT NULL,
  phone TEXT NOT NULL,
  notice TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- distribute: merchant_id
CREATE TABLE item (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  token TEXT NOT NULL,
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  delivers BIGINT NOT NULL CHECK (delivers IN (0, 1)),
  regions TEXT NOT NULL,
  delivery_fee BIGINT NOT NULL CHECK (delivery_fee >= 0),
  per_buyer BIGINT NOT NULL CHECK (per_buyer >= 0),
  sale_from BIGINT NOT NULL,
  sale_until BIGINT NOT NULL,
  removed_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

-- One choice of an item with its price, and where its pieces are: stock may still be ordered, held waits for a payment, sold is paid. A variant that is not counted
-- has none of them. The three are moved by conditional updates, never overwritten.
-- distribute: merchant_id
CREATE TABLE variant (
  merchant_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  price BIGINT NOT NULL CHECK (price > 0),
  counted BIGINT NOT NULL CHECK (counted IN (0, 1)),
  stock BIGINT NOT NULL CHECK (stock >= 0),
  held BIGINT NOT NULL CHECK (held >= 0),
  sold BIGINT NOT NULL CHECK (sold >= 0),
  place BIGINT NOT NULL,
  removed_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, item_id, id),
  FOREIGN KEY (merchant_id, item_id) REFERENCES item (merchant_id, id)
);

-- Pictures of an item, written anew by us: two sizes of JPEG and nothing of what was uploaded besides.
-- distribute: merchant_id
CREATE TABLE picture (
  merchant_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  id TEXT NOT NULL,
  place BIGINT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  large BYTEA NOT NULL,
  small BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, item_id, id),
  FOREIGN KEY (merchant_id, item_id) REFERENCES item (merchant_id, id)
);

-- A buyer's address names no merchant.
-- distribute: token
CREATE TABLE item_address (
  token TEXT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  item_id TEXT NOT NULL
);

-- How many pieces of an item one buyer has on order, for its limit. buyer is a hash of the phone number.
-- distribute: merchant_id
CREATE TABLE item_buyer (
  merchant_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  buyer TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity >= 0),
  PRIMARY KEY (merchant_id, item_id, buyer)
);

-- What was agreed with a buyer, frozen: texts and prices are copies. state follows the payment's, in the payment's own commits.
-- distribute: merchant_id
CREATE TABLE shop_order (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  number TEXT NOT NULL,
  token TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  variant_id TEXT NOT NULL,
  title TEXT NOT NULL,
  variant TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  unit_price BIGINT NOT NULL CHECK (unit_price > 0),
  delivery_fee BIGINT NOT NULL CHECK (delivery_fee >= 0),
  amount BIGINT NOT NULL CHECK (amount = quantity * unit_price + delivery_fee),
  currency TEXT NOT NULL CHECK (length(currency) = 3),
  counted BIGINT NOT NULL CHECK (counted IN (0, 1)),
  delivers BIGINT NOT NULL CHECK (delivers IN (0, 1)),
  state TEXT NOT NULL,
  buyer TEXT NOT NULL,
  carrier TEXT NOT NULL,
  tracking TEXT NOT NULL,
  shipped_at BIGINT NOT NULL,
  ask TEXT NOT NULL,
  ask_reason TEXT NOT NULL,
  ask_answer TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  restocked BIGINT NOT NULL CHECK (restocked >= 0 AND restocked <= quantity),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id),
  UNIQUE (merchant_id, number),
  UNIQUE (merchant_id, payment_id),
  FOREIGN KEY (merchant_id, item_id, variant_id) REFERENCES variant (merchant_id, item_id, id)
);

-- What waits for the seller: paid and not yet shipped, or asked back and not yet answered.
CREATE INDEX shop_order_state ON shop_order (merchant_id, state, shipped_at, id);
CREATE INDEX shop_order_ask ON shop_order (merchant_id, ask, id);

-- What waits for a person beside the orders.
CREATE INDEX surplus_held ON surplus (merchant_id, id) WHERE status = 'held';

CREATE INDEX refund_wrong ON refund (merchant_id, id) WHERE status IN ('stuck', 'failed');

-- Where it goes. Personal: deleted by the retention job.
-- distribute: merchant_id
CREATE TABLE order_buyer (
  merchant_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  name TEXT NOT NULL,
  phone TEXT NOT NULL,
  region TEXT NOT NULL,
  address TEXT NOT NULL,
  note TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, order_id)
);

-- distribute: token
CREATE TABLE order_address (
  token TEXT NOT NULL PRIMARY KEY,
  merchant_id TEXT NOT NULL,
  order_id TEXT NOT NULL
);

-- The order of a payment, when it is one's. Null in rows of before the shop.
ALTER TABLE payment ADD COLUMN order_id TEXT;

-- Who may sign in: people of a merchant, or of a partner for all its merchants. password is an argon2id text, totp is sealed; empty means not set.
-- distribute: reference
CREATE TABLE staff (
  owner_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  login TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  totp BYTEA NOT NULL,
  totp_step BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, id)
);

-- A one-time link with which a person sets a password. Only its hash is kept.
-- distribute: reference
CREATE TABLE invitation (
  hash TEXT NOT NULL PRIMARY KEY,
  owner_id TEXT NOT NULL,
  staff_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);

-- Who is signed in. Only a hash of the cookie is kept.
-- distribute: reference
CREATE TABLE session (
  hash TEXT NOT NULL PRIMARY KEY,
  owner_id TEXT NOT NULL,
  staff_id TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- Wrong guesses at a password or an order number. subject is a hash.
-- distribute: subject
CREATE TABLE throttle (
  subject TEXT NOT NULL PRIMARY KEY,
  tries BIGINT NOT NULL,
  until BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Every act of a person. merchant_id is whom it was about (a partner for its own), who is the person's name at that time.
-- distribute: merchant_id
CREATE TABLE audit (
  merchant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  staff_owner_id TEXT NOT NULL,
  staff_id TEXT NOT NULL,
  who TEXT NOT NULL,
  act TEXT NOT NULL,
  object_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (merchant_id, id)
);

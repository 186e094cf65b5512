package store

// portable is one table as a merchant takes it along.
type portable struct {
	table string
	// mine picks the merchant's rows: a WHERE clause with the merchant as $1. The table itself is not aliased.
	mine string
	// without are columns that stay here, each with its reason. An import leaves them empty, except the secrets of endpoints, which it makes anew.
	without map[string]string
	// apart are columns of bytes that become files of their own, each with the end of its name: the row then holds the file's name.
	apart map[string]string
	// shared rows belong to a partner and are the same for all of its merchants: one that is there already is left as it is.
	shared bool
}

const (
	ofMerchant = "WHERE merchant_id = $1"
	ofOwner    = "WHERE owner_id = $1"
	// A channel may go through an account of the merchant's partner, and only it says through which.
	ofChannels = "IN (SELECT credential_owner_id, credential_set_id FROM channel WHERE merchant_id = $1)"
	// Whatever has a short code.
	ofCodes = "SELECT code FROM link WHERE merchant_id = $1 UNION SELECT code FROM payment_code WHERE merchant_id = $1 UNION SELECT code FROM item WHERE merchant_id = $1 UNION SELECT number FROM shop_order WHERE merchant_id = $1"
)

// portables lists what a merchant takes along, what others refer to before those. Every table with a merchant or an owner is either here or in staying; a test
// and Export itself refuse a table that is in neither, so that a later one is not forgotten.
var portables = []portable{
	{table: "partner", shared: true, mine: "WHERE id IN (SELECT partner_id FROM merchant WHERE merchant_id = $1 UNION SELECT credential_owner_id FROM channel WHERE merchant_id = $1)"},
	{table: "merchant", mine: ofMerchant},
	{table: "credential_set", shared: true, mine: "WHERE owner_id = $1 OR (owner_id, id) " + ofChannels},
	{table: "channel", mine: ofMerchant, without: map[string]string{"secrets": "sealed with this switch's key"}},
	{table: "sub_merchant", mine: "WHERE (owner_id, credential_set_id) " + ofChannels + " AND merchant_id = $1"},
	{table: "closure", mine: ofOwner},
	{table: "closure_telling", mine: ofOwner},
	{table: "rule_set", mine: ofOwner},
	{table: "account_notice", mine: ofOwner},
	{table: "channel_health", mine: ofMerchant},
	{table: "health_record", mine: ofMerchant},
	{table: "fleet_member", mine: ofMerchant},

	{table: "payment", mine: ofMerchant},
	// Tables that lead from an address to its owner are asked by their own keys, because nothing leads the other way.
	{table: "link_token", mine: "WHERE token IN (SELECT link_token FROM payment WHERE merchant_id = $1) AND merchant_id = $1"},
	{table: "attempt", mine: ofMerchant},
	{table: "receipt", mine: ofMerchant},
	{table: "surplus", mine: ofMerchant},
	{table: "refund", mine: ofMerchant},
	{table: "share", mine: ofMerchant},
	{table: "share_receiver", mine: ofMerchant},
	{table: "ledger_transaction", mine: ofMerchant},
	{table: "posting", mine: ofMerchant},
	{table: "share_line", mine: ofMerchant},

	{table: "brand", mine: ofOwner},
	{table: "item", mine: ofMerchant},
	{table: "variant", mine: ofMerchant},
	{table: "picture", mine: ofMerchant, apart: map[string]string{"large": ".jpg", "small": ".jpg"}},
	{table: "item_address", mine: "WHERE token IN (SELECT token FROM item WHERE merchant_id = $1) AND merchant_id = $1"},
	{table: "item_buyer", mine: ofMerchant},
	{table: "shop_order", mine: ofMerchant},
	{table: "order_address", mine: "WHERE token IN (SELECT token FROM shop_order WHERE merchant_id = $1) AND merchant_id = $1"},
	{table: "order_buyer", mine: ofMerchant},
	{table: "link", mine: ofMerchant},
	{table: "link_address", mine: "WHERE token IN (SELECT token FROM link WHERE merchant_id = $1) AND merchant_id = $1"},
	{table: "payment_code", mine: ofMerchant},
	{table: "short_code", mine: "WHERE code IN (" + ofCodes + ") AND merchant_id = $1"},

	{table: "facade_account", mine: ofMerchant},
	{table: "facade_number", mine: "WHERE (number, provider) IN (SELECT number, provider FROM facade_account WHERE merchant_id = $1) AND merchant_id = $1"},
	{table: "facade_order", mine: ofMerchant},
	{table: "facade_return", mine: "WHERE token IN (SELECT token FROM facade_order WHERE merchant_id = $1) AND merchant_id = $1"},
	{table: "facade_refund", mine: ofMerchant},
	{table: "facade_notice", mine: ofMerchant},
	{table: "facade_missed", mine: ofMerchant},

	{table: "event", mine: ofMerchant},
	{table: "event_head", mine: ofMerchant},
	{table: "endpoint", mine: ofMerchant, without: map[string]string{"secret": "sealed with this switch's key"}},
	{table: "delivery", mine: ofMerchant},
	{table: "api_request", mine: ofMerchant},

	{table: "staff", mine: ofOwner, without: map[string]string{"password": "a hash that no other switch needs to have", "totp": "sealed with this switch's key", "totp_step": "goes with totp"}},
	{table: "audit", mine: ofMerchant},

	{table: "notification", mine: ofMerchant},
	{table: "notification_count", mine: ofMerchant},
	{table: "exchange", mine: ofMerchant},
	{table: "buyer", mine: ofMerchant},
}

// staying lists the tables that no merchant takes along, each with its reason.
var staying = map[string]string{
	"generation": "keys at providers, sealed with this switch's key: they are given again at the new place",
	"trust_key":  "providers' certificates: the new place fetches them itself and takes nobody's word for them",
	"facade_key": "keys of facades, sealed with this switch's key: the new place issues its own",
	"api_key":    "hashes of keys to this switch: the new place makes its own",
	"invitation": "one-time links to this switch: the new place sends its own",
	"session":    "who is signed in here",
	"fleet_move": "moves of a partner's whole fleet are the partner's; what one did to the merchant is in fleet_member",
	"test_job":   "jobs: the import makes those that the rows need",
}

package store

import (
	"time"

	"postern"
	"postern/ledger"
)

// Change is everything that one step of the engine commits: all of it or none of it. Rows with Version 0 are inserted; rows with a Version are saved only
// if the stored version is still that one, and get the next version. A Change touches one merchant.
//
// Commit answers postern.CodeConflict (as *postern.Error) when a version, a unique key or a receipt's guard no longer holds, and postern.CodeCommitUnknown
// when COMMIT itself failed; then nobody knows, and a replay finds out.
type Change struct {
	MerchantID string
	At         time.Time

	Payment   *postern.Payment
	Attempts  []postern.Attempt
	Receipts  []postern.Receipt // always new
	Surpluses []postern.Surplus
	Refunds   []postern.Refund
	Shares    []postern.Share
	// Moves are conditional updates of receipts' counters. A Reserve beyond what is refundable fails with postern.CodeRefundExceeds, a Share beyond
	// what is shareable with postern.CodeShareExceeds.
	Moves        []postern.ReceiptMove
	Transactions []ledger.Transaction // always new; Commit refuses one that does not balance
	ShareLines   []postern.ShareLine  // always new; a row that was booked before is postern.CodeConflict
	Events       []postern.Event      // always new, with Position 0
	Jobs         []postern.Job
	Channels     []postern.Channel // saved by version, like payments
	Health       []postern.Health
	Records      []postern.HealthRecord // always new

	// What the shop changes beside the money: orders and items saved by version, pieces and counts moved by conditional updates. A StockMove without stock fails
	// with postern.CodeSoldOut, a BuyerMove beyond its limit with postern.CodeLimitReached.
	Brands       []postern.Brand
	Items        []postern.ShopItem
	Pictures     []postern.Picture // always new
	PicturesGone []postern.Picture
	// PicturesPlaced get another Place; nothing else of them changes.
	PicturesPlaced []postern.Picture
	Orders         []postern.Order
	OrderBuyers    []postern.OrderBuyer // always new
	Limits         []postern.BuyerMove
	Stock          []postern.StockMove
	Audits         []postern.Audit // always new

	// Who may sign in: people saved by version, sessions and invitations always new. An invitation with UsedAt set is used instead: postern.CodeNotFound when it has
	// run out or was used before.
	Staff       []postern.Staff
	Invitations []postern.Invitation
	SessionsEnd []SessionsEnd
	Sessions    []postern.Session

	// What the facades add: orders and refunds under the merchant's own numbers (always new), and what its server is to be told.
	FacadeOrders  []postern.FacadeOrder
	FacadeRefunds []postern.FacadeRefund
	FacadeNotices []postern.FacadeNotice

	Notifications []Notification
	Notices       []AccountNotice
	Exchanges     []Exchange
	Buyers        []Buyer
	// Receivers are who gets parts: kept as they are named, or marked as told to the provider.
	Receivers []postern.ShareReceiver
	Told      []postern.ShareReceiver
	Request   *Request
}

// Notification is one message of a provider as it arrived. Body holds the raw bytes; at most MaxNotifications are kept per attempt, later ones only count.
type Notification struct {
	MerchantID string
	ID         string
	AttemptID  string
	Header     string
	Body       []byte
	// Outcome is applied, duplicate, rejected or foreign; KeyID names the key that signed a verified one.
	Outcome   string
	KeyID     string
	Detail    string
	CreatedAt time.Time
}

// MaxNotifications bounds the raw notifications kept per attempt; what comes beyond is counted, by a write all the same.
const MaxNotifications = 50

// AccountNotice is what a provider said of an account, as it arrived. It stands with whom it changed; Seen counts how often it came.
type AccountNotice struct {
	OwnerID         string // the merchant, or who owns the account
	ID              string
	CredentialSetID string
	SubMerchant     string
	Kind            string
	Message         string
	// Outcome is applied, rejected or foreign; KeyID names the key that signed a verified one.
	Outcome   string
	KeyID     string
	Header    string
	Body      []byte
	Seen      int64
	CreatedAt time.Time
}

// Exchange is one raw call to a provider with secrets masked. It lives in a table of its own with a retention job.
type Exchange struct {
	MerchantID string
	ID         string
	AttemptID  string
	RefundID   string
	Op         string
	Status     int
	Request    string
	Response   string
	Error      string
	CreatedAt  time.Time
}

// Buyer is what we know of the person who opened the page: kept apart from money rows, deleted by the retention job.
type Buyer struct {
	MerchantID string
	AttemptID  string
	PayerID    string
	ClientIP   string
	UserAgent  string
	CreatedAt  time.Time
}

// Request is the row of an idempotent API request: it is written before the work begins, finished with it, and touched by every replay.
type Request struct {
	MerchantID string
	Key        string
	// Fingerprint is the SHA-256 of method, path and canonical body, in hex.
	Fingerprint string
	ObjectID    string
	// Done is set when the work is finished; until then a repetition is told that the request is in flight.
	Done      bool
	Replays   int64
	CreatedAt time.Time
}

// Endpoint is where a merchant wants to be told, or a partner of all its merchants: then MerchantID is the partner, and Live says of which. Secret is sealed.
type Endpoint struct {
	MerchantID string
	ID         string
	Version    int64
	URL        string
	Secret     []byte
	// Types limits the events; empty means all.
	Types      []string
	Live       bool
	DisabledAt time.Time
	CreatedAt  time.Time
}

// Delivery is the sending of one event to one endpoint. Status is waiting, delivered or failed; Tries counts what was sent.
type Delivery struct {
	MerchantID string
	ID         string
	Version    int64
	EndpointID string
	EventID    string
	Status     string
	Tries      int64
	LastStatus int64
	LastError  string
	NextAt     time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// APIKey is a key of the merchant API. Only a hash is stored; Prefix is shown in lists.
type APIKey struct {
	OwnerID string // a merchant, a partner or the platform
	ID      string
	Prefix  string
	Hash    string // SHA-256 of the key in hex; unique
	Live    bool
	Name    string
	// Scopes limit what the key may do; empty is everything that its owner may.
	Scopes    []string
	RevokedAt time.Time
	CreatedAt time.Time
}

// Page asks for a part of a list: at most Limit rows (1 to 100) after the id After, newest first unless the method says otherwise.
type Page struct {
	After string
	Limit int
}

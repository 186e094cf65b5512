package postern

import "time"

// FacadeAccount is an account in a provider's format that the switch issues to a merchant whose code speaks that provider's protocol. Number is unique per provider
// in the whole switch.
type FacadeAccount struct {
	MerchantID string
	ID         string
	Version    int64
	Provider   string
	Number     string
	Settings   map[string]string
	// FormerChannelID is the channel over the merchant's own account at the provider: orders made before the switch-over are asked for there. Empty without one.
	FormerChannelID string
	DisabledAt      time.Time
	CreatedAt       time.Time
}

// FacadeKey is one dated set of an account's keys, sealed: the newest usable one signs, all of them verify.
type FacadeKey struct {
	MerchantID string
	AccountID  string
	ID         string
	Keys       map[string][]byte
	// Public are the facts of it that anybody may see (serial numbers, certificates and public keys as PEM), by the names of the description.
	Public    map[string]string
	NotBefore time.Time
	NotAfter  time.Time // it signs no more; zero: open-ended
	RetiredAt time.Time // it verifies no more
	CreatedAt time.Time
}

// FacadeOrder ties a merchant's number at a facade account to its payment. Fields are the provider's own parameters, byte for byte.
type FacadeOrder struct {
	MerchantID  string
	AccountID   string
	Number      string
	TradeNo     string
	PaymentID   string
	Product     string
	NotifyURL   string
	ReturnURL   string
	Token       string
	Fields      map[string]string
	Fingerprint string
	CreatedAt   time.Time
}

// FacadeRefund ties a merchant's refund number to its refund.
type FacadeRefund struct {
	MerchantID string
	AccountID  string
	Number     string
	OrderNo    string
	TradeNo    string
	PaymentID  string
	RefundID   string
	NotifyURL  string
	Fields     map[string]string
	CreatedAt  time.Time
}

// FacadeNotice is one thing that a merchant's server has to be told, with how often it was tried. ID follows from the cause, so that a retry is the same message.
type FacadeNotice struct {
	MerchantID string
	ID         string
	AccountID  string
	Number     string
	RefundNo   string
	Tries      int64
	LastStatus int64
	LastError  string
	DoneAt     time.Time // acknowledged, or given up
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

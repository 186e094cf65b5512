package postern

import (
	"slices"
	"time"
)

// Merchant is a seller. Every row of money belongs to one merchant; a merchant is either test or live, for ever.
type Merchant struct {
	ID        string
	Version   int64
	PartnerID string
	Name      string
	Live      bool
	// Locale (zh-CN, en) and Zone (an IANA name) are for pages and lists; provider times are always Beijing's.
	Locale    string
	Zone      string
	Surplus   SurplusPolicy
	CreatedAt time.Time
	// Category and Region are the merchant's trade and place, for agreements and closures that ask; empty says nothing.
	Category string
	Region   string
	// Reference is what the partner calls the merchant; with one, the id follows from it.
	Reference string
}

// MerchantID is the id of the merchant that a partner calls so: whoever adds it again finds it there.
func MerchantID(partner Partner, live bool, reference string) string {
	mode := "test"
	if live {
		mode = "live"
	}
	return DerivedID(PrefixMerchant, partner.CreatedAt, partner.ID, mode, reference)
}

// CredentialSet is one account at a provider (one app_id or mchid), owned by a merchant or a partner.
type CredentialSet struct {
	OwnerID  string
	ID       string
	Version  int64
	Provider string
	// Settings are the public facts of the account (app_id, mchid, endpoints), by the names of the provider's Description.
	Settings map[string]string
	// Sandbox sets attach to test merchants only.
	Sandbox   bool
	CreatedAt time.Time
}

// Generation is one dated set of keys of a credential set. Several live at once: the newest usable one signs, all of them verify.
type Generation struct {
	OwnerID         string
	CredentialSetID string
	ID              string
	// Keys are the sealed key fields, by the names of the provider's Description.
	Keys      map[string][]byte
	NotBefore time.Time
	// NotAfter is when the generation stops signing; it goes on verifying until RetiredAt. Zero means open-ended.
	NotAfter  time.Time
	RetiredAt time.Time
	CreatedAt time.Time
}

// Usable says that calls may be signed with the generation at this time.
func (g Generation) Usable(now time.Time) bool {
	return !now.Before(g.NotBefore) && (g.NotAfter.IsZero() || now.Before(g.NotAfter)) && g.Verifies(now)
}

// Verifies says that messages signed for the generation are still believed at this time.
func (g Generation) Verifies(now time.Time) bool {
	return g.RetiredAt.IsZero() || now.Before(g.RetiredAt)
}

// TrustKey is a provider's public key or certificate that a job fetched; it is trust of the credential set, not of one generation. PEM is public.
type TrustKey struct {
	OwnerID         string
	CredentialSetID string
	KeyID           string
	PEM             string
	NotBefore       time.Time
	NotAfter        time.Time
	CreatedAt       time.Time
}

// Act is one thing that a permission allows.
type Act string

// Acts of a channel.
const (
	ActSign    Act = "sign"
	ActRenew   Act = "renew"
	ActPay     Act = "pay"
	ActRefund  Act = "refund"
	ActSettle  Act = "settle"
	ActDispute Act = "dispute"
)

// Permission allows or withdraws one act from a time until a time (zero: open). Later entries win over earlier ones.
type Permission struct {
	Act     Act       `json:"act"`
	Allowed bool      `json:"allowed"`
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	// Source is agreement, operator, closure, notice or observation; Note is for people.
	Source string `json:"source"`
	Note   string `json:"note,omitempty"`
	// Product limits the entry to one product of the channel; empty means all.
	Product string `json:"product,omitempty"`
}

// Channel is what one merchant may do through one credential set.
type Channel struct {
	MerchantID        string
	ID                string
	Version           int64
	CredentialSetID   string
	CredentialOwnerID string
	Provider          string
	// SubMerchant is the merchant's number under a partner's account; empty for a direct account.
	SubMerchant string
	// Settings are the channel's own values beside or in the place of the account's, and Secrets its own sealed key fields (what the merchant authorised a partner
	// with), both by the names of the provider's Description.
	Settings    map[string]string
	Secrets     map[string][]byte
	Products    []string
	Permissions []Permission
	// Agreement is the paper behind the channel; without a term it counts as signed and open-ended.
	Agreement Agreement
	// MinAmount and MaxAmount bound a payment in minor units; zero means unbounded.
	MinAmount int64
	MaxAmount int64
	// Rank is the merchant's own order, smaller first: each place is worth one per cent of success. Weight (1 to 100, 0 is 1) spreads payments over channels that
	// are equal in everything else.
	Rank      int64
	Weight    int64
	Sandbox   bool
	RetiredAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	// Seller is not the channel's: whoever plans with it says what closures and agreements may ask about the merchant behind it.
	Seller Seller
}

// Seller is what a closure or an agreement may ask about the merchant behind a channel. LastSale is looked up when a closure asks how long the channel was idle.
type Seller struct {
	Category string
	Region   string
	LastSale time.Time
}

// Allows says whether the channel may begin this act with this product at this time, and which permission decided. Without any entry an act is allowed.
func (c Channel) Allows(act Act, product string, now time.Time) (bool, Permission) {
	if !c.RetiredAt.IsZero() && !now.Before(c.RetiredAt) {
		return false, Permission{Act: act, Source: "operator", Note: "retired", From: c.RetiredAt}
	}
	for _, p := range slices.Backward(c.Permissions) {
		if p.Act == act && (p.Product == "" || p.Product == product) && !now.Before(p.From) && (p.Until.IsZero() || now.Before(p.Until)) {
			return p.Allowed, p
		}
	}
	return true, Permission{Act: act, Allowed: true, Source: "agreement"}
}

// Partner is a service provider that runs many merchants.
type Partner struct {
	ID        string
	Name      string
	CreatedAt time.Time
}

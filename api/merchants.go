package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern"
)

// MerchantBody is the body of POST /v1/merchants.
type MerchantBody struct {
	Name    string                `json:"name" minLength:"1" maxLength:"64"`
	Locale  string                `json:"locale,omitempty" enum:"zh-CN,en" default:"zh-CN"`
	Zone    string                `json:"zone,omitempty" maxLength:"64" default:"Asia/Shanghai"`
	Surplus postern.SurplusPolicy `json:"surplus,omitempty"`
	// Reference makes adding repeatable: the same one is refused with the merchant that has it.
	Reference string `json:"reference,omitempty" maxLength:"64" doc:"What you call the merchant; yours and unique for ever. Lists of merchants (import-merchants) name it."`
	TradeBody
}

// TradeBody says what a merchant sells and where, for agreements and closures that ask.
type TradeBody struct {
	Category string `json:"category,omitempty" maxLength:"64" doc:"The trade, by the codes that your agreements and closures use; empty says nothing."`
	Region   string `json:"region,omitempty" maxLength:"64"`
}

// MerchantView is a merchant.
type MerchantView struct {
	ID        string                `json:"id"`
	Object    string                `json:"object" enum:"merchant"`
	PartnerID string                `json:"partner_id,omitempty"`
	Reference string                `json:"reference,omitempty"`
	Name      string                `json:"name"`
	Livemode  bool                  `json:"livemode"`
	Locale    string                `json:"locale"`
	Zone      string                `json:"zone"`
	Surplus   postern.SurplusPolicy `json:"surplus"`
	Category  string                `json:"category,omitempty"`
	Region    string                `json:"region,omitempty"`
	CreatedAt time.Time             `json:"created_at"`
}

type createMerchantIn struct{ Body MerchantBody }

type merchantOut struct{ Body MerchantView }

func (a *API) merchants() {
	handle(a, op("create-merchant", http.MethodPost, "/v1/merchants", "Add a merchant under the partner",
		"The merchant is of the key's mode, test or live, for ever.", http.StatusCreated, http.StatusConflict), a.createMerchant)
	handle(a, op("list-merchants", http.MethodGet, "/v1/merchants", "List the partner's merchants",
		"Those of the key's mode, newest first.", http.StatusOK), a.listMerchants)
	handle(a, op("get-merchant", http.MethodGet, "/v1/merchants/{id}", "Read a merchant",
		"A merchant's own key may read itself.", http.StatusOK), a.getMerchant)
	handle(a, op("set-trade", http.MethodPut, "/v1/merchants/{id}/trade", "Say what a merchant sells and where",
		"Agreements that are limited to trades or regions, and closures of a trade, are obeyed by it.", http.StatusOK, http.StatusConflict), a.setTrade)
}

func viewMerchant(m postern.Merchant) MerchantView {
	return MerchantView{ID: m.ID, Object: "merchant", PartnerID: m.PartnerID, Reference: m.Reference, Name: m.Name, Livemode: m.Live, Locale: m.Locale, Zone: m.Zone, Surplus: m.Surplus, Category: m.Category, Region: m.Region, CreatedAt: m.CreatedAt}
}

// partner returns the partner that a key belongs to; empty is the operator, who sees every merchant.
func partner(ctx context.Context) (string, error) {
	owner := callerOf(ctx).Key.OwnerID
	switch {
	case owner == postern.Platform:
		return "", nil
	case strings.HasPrefix(owner, postern.PrefixPartner):
		return owner, nil
	}
	return "", &postern.Error{Code: postern.CodeForbidden, Op: "api.partner", Message: "only a partner's key may manage merchants", Fix: "use the partner's key"}
}

func (a *API) createMerchant(ctx context.Context, in *createMerchantIn) (*merchantOut, error) {
	owner, err := partner(ctx)
	if err != nil {
		return nil, err
	}
	zone := in.Body.Zone
	if _, err := time.LoadLocation(zone); err != nil {
		return nil, postern.Invalid("zone", postern.CodeInvalid, "the time zone is not an IANA name", "send Asia/Shanghai")
	}
	now := a.Now().UTC().Truncate(time.Microsecond)
	m := postern.Merchant{
		ID: postern.NewID(postern.PrefixMerchant, now, a.Rand), PartnerID: owner, Name: in.Body.Name, Live: callerOf(ctx).Key.Live, Locale: in.Body.Locale,
		Zone: zone, Surplus: in.Body.Surplus, Category: in.Body.Category, Region: in.Body.Region, CreatedAt: now,
	}
	if err := a.identify(ctx, &m, in.Body.Reference); err != nil {
		return nil, err
	}
	return &merchantOut{Body: viewMerchant(m)}, a.Store.SaveMerchant(ctx, m)
}

// identify gives a merchant the id that follows from the partner's reference, if that is still free.
func (a *API) identify(ctx context.Context, m *postern.Merchant, reference string) error {
	if reference == "" {
		return nil
	}
	partner, err := a.Store.Partner(ctx, m.PartnerID)
	if err != nil {
		return postern.Invalid("reference", postern.CodeInvalid, "a reference is a partner's", "leave it out, or use a partner's key")
	}
	m.ID, m.Reference = postern.MerchantID(partner, m.Live, reference), reference
	switch _, err := a.Store.Merchant(ctx, m.ID); {
	case err == nil:
		return &postern.Error{Code: postern.CodeReferenceTaken, Op: "api.identify", Field: "reference", Message: "a merchant with this reference exists", Fix: "read it, or choose another reference", ID: m.ID}
	case postern.CodeOf(err) != postern.CodeNotFound:
		return err
	}
	return nil
}

type tradeIn struct {
	ID   string `path:"id"`
	Body TradeBody
}

func (a *API) setTrade(ctx context.Context, in *tradeIn) (*merchantOut, error) {
	if _, err := a.getMerchant(ctx, &idIn{ID: in.ID}); err != nil {
		return nil, err
	}
	m, err := a.Engine.SetTrade(ctx, in.ID, in.Body.Category, in.Body.Region)
	if err != nil {
		return nil, err
	}
	return &merchantOut{Body: viewMerchant(m)}, nil
}

func (a *API) listMerchants(ctx context.Context, in *PageQuery) (*listOut[MerchantView], error) {
	owner, err := partner(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Merchants(ctx, owner, in.page())
	if err != nil {
		return nil, err
	}
	live := callerOf(ctx).Key.Live // Test and live never mix: a page may hold fewer rows than were asked for.
	rows = slices.DeleteFunc(rows, func(m postern.Merchant) bool { return m.Live != live })
	return page(rows, next, viewMerchant), nil
}

// getMerchant answers a merchant's own key too.
func (a *API) getMerchant(ctx context.Context, in *idIn) (*merchantOut, error) {
	m, err := a.Store.Merchant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	key := callerOf(ctx).Key
	if key.OwnerID != postern.Platform && key.OwnerID != m.ID && key.OwnerID != m.PartnerID || key.Live != m.Live {
		return nil, postern.E(postern.CodeNotFound, "api.getMerchant", "there is no such merchant")
	}
	return &merchantOut{Body: viewMerchant(m)}, nil
}

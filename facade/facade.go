// Package facade mounts the providers' server sides over the engine: a merchant whose code speaks one provider's protocol talks to a host of its own here, and is
// collected for by whatever channel is open. What is said in which bytes is the provider's own code (provider.Faced); what is done is the engine's.
package facade

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
)

// Config is what the facades need.
type Config struct {
	Engine *engine.Engine
	// TokenKey signs the short-lived texts of download addresses; 32 random bytes, the same on every node.
	TokenKey []byte
	Log      *slog.Logger
}

// Handler serves one provider's protocol at the root of its own host.
type Handler struct {
	cfg   Config
	code  string
	faced provider.Faced
}

// New returns the handler of a provider's facade; CodeNotSupported when it has none.
func New(cfg Config, code string) (*Handler, error) {
	faced, err := cfg.Engine.Faced(code)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{cfg: cfg, code: code, faced: faced}, nil
}

// ServeHTTP implements http.Handler. What panics is answered by nothing, as a broken connection is: no shape of ours reaches the merchant's code.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.faced.ServeFace(w, r, &gateway{handler: h})
}

// gateway is the switch as the provider's code sees it, for one request.
type gateway struct {
	handler *Handler
	mu      sync.Mutex
	account postern.FacadeAccount
}

func (g *gateway) engine() *engine.Engine { return g.handler.cfg.Engine }

// of is the account of this request, as it was found by its number.
func (g *gateway) of(a provider.FaceAccount) postern.FacadeAccount {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.account.ID != a.ID || g.account.MerchantID != a.MerchantID {
		return postern.FacadeAccount{MerchantID: a.MerchantID, ID: a.ID, Provider: g.handler.code, Number: a.Number, Settings: a.Settings}
	}
	return g.account
}

func (g *gateway) Account(ctx context.Context, number string) (provider.FaceAccount, error) {
	account, face, err := g.engine().FaceByNumber(ctx, g.handler.code, number)
	if err != nil {
		return provider.FaceAccount{}, err
	}
	g.mu.Lock()
	g.account = account
	g.mu.Unlock()
	return face, nil
}

func (g *gateway) Place(ctx context.Context, a provider.FaceAccount, o provider.FaceOrder) (provider.FacedOrder, error) {
	return g.engine().PlaceFaced(ctx, g.of(a), o)
}

func (g *gateway) Relay(ctx context.Context, a provider.FaceAccount, o provider.FaceOrder, signed provider.Verifier) (provider.Relayed, error) {
	return g.engine().RelayFaced(ctx, g.of(a), o, signed)
}

func (g *gateway) Charge(ctx context.Context, a provider.FaceAccount, o provider.FaceOrder, authCode string) (provider.FacedOrder, error) {
	return g.engine().ChargeFaced(ctx, g.of(a), o, authCode)
}

func (g *gateway) Find(ctx context.Context, a provider.FaceAccount, key provider.FaceKey) (provider.FacedOrder, error) {
	return g.engine().FindFaced(ctx, g.of(a), key)
}

func (g *gateway) ReturnTo(ctx context.Context, a provider.FaceAccount, key provider.FaceKey, address string) (provider.FacedOrder, error) {
	return g.engine().ReturnFaced(ctx, g.of(a), key, address)
}

func (g *gateway) Close(ctx context.Context, a provider.FaceAccount, key provider.FaceKey) (provider.FacedOrder, error) {
	return g.engine().CloseFaced(ctx, g.of(a), key)
}

func (g *gateway) Reverse(ctx context.Context, a provider.FaceAccount, key provider.FaceKey) (provider.FacedOrder, error) {
	return g.engine().ReverseFaced(ctx, g.of(a), key)
}

func (g *gateway) Refund(ctx context.Context, a provider.FaceAccount, in provider.FaceRefund) (provider.FacedOrder, provider.FacedRefund, error) {
	return g.engine().RefundFaced(ctx, g.of(a), in)
}

func (g *gateway) FindRefund(ctx context.Context, a provider.FaceAccount, order provider.FaceKey, number string) (provider.FacedOrder, provider.FacedRefund, error) {
	return g.engine().FindRefundFaced(ctx, g.of(a), order, number)
}

func (g *gateway) Refunds(ctx context.Context, a provider.FaceAccount, o provider.FacedOrder) ([]provider.FacedRefund, error) {
	return g.engine().RefundsFaced(ctx, g.of(a), o.Number)
}

func (g *gateway) Bill(ctx context.Context, a provider.FaceAccount, day time.Time, line func(provider.FaceLine) error) error {
	return g.engine().FacedBill(ctx, g.of(a), day, line)
}

func (g *gateway) ResolvePayer(ctx context.Context, a provider.FaceAccount, code string) (string, error) {
	account := g.of(a)
	if account.FormerChannelID == "" {
		return "", postern.E(postern.CodeNotSupported, "facade.ResolvePayer", "there is no account of the merchant's own to ask")
	}
	return g.engine().ResolvePayer(ctx, account.MerchantID, account.FormerChannelID, func(string) string { return code })
}

func (g *gateway) Missed(ctx context.Context, a provider.FaceAccount, what string) {
	if err := g.engine().MissedFaced(ctx, g.of(a), what); err != nil {
		g.handler.cfg.Log.WarnContext(ctx, "facade", "op", "count a missed call", "err", err)
	}
}

func (g *gateway) Forward(ctx context.Context, a provider.FaceAccount, request provider.ForwardRequest) (provider.Forwarded, bool, error) {
	return g.engine().ForwardFaced(ctx, g.of(a), request)
}

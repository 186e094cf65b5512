package engine

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// Bounds of a link.
const (
	maxLinkText = 500
	maxTargets  = 8
)

// LinkInput is what a seller says of an item that is sold again and again. Targets are addresses of the seller's other shops. ExpiresAt zero means never.
type LinkInput struct {
	Title       string
	Description string
	Amount      int64
	Currency    string
	Items       []postern.Item
	ReturnURL   string
	Targets     []string
	Prefer      postern.Prefer
	ExpiresAt   time.Time
	// Request is the idempotency row to finish in the same commit, if any.
	Request *store.Request
}

// CreateLink commits a new link with its address and its short code.
func (e *Engine) CreateLink(ctx context.Context, merchantID string, in LinkInput) (postern.Link, error) {
	merchant, err := e.Store.Merchant(ctx, merchantID)
	if err != nil {
		return postern.Link{}, err
	}
	now := e.now()
	targets, err := e.checkLink(&in, now)
	if err != nil {
		return postern.Link{}, err
	}
	var last error
	for range maxTries { // a code is short enough to be taken already
		l := postern.Link{
			MerchantID: merchantID, ID: e.newID(postern.PrefixLink), Token: postern.NewToken(e.Env.Rand), Code: postern.NewShortCode(e.Env.Rand), Title: in.Title,
			Description: in.Description, Amount: in.Amount, Currency: in.Currency, Items: in.Items, ReturnURL: in.ReturnURL, Targets: targets, Prefer: in.Prefer,
			Live: merchant.Live, CreatedAt: now,
		}
		if !in.ExpiresAt.IsZero() {
			l.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond)
		}
		var request *store.Request
		if in.Request != nil {
			done := *in.Request
			done.ObjectID, done.Done = l.ID, true
			request = &done
		}
		if last = e.Store.SaveLink(ctx, l, request); last == nil {
			l.Version = 1
			return l, nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return postern.Link{}, last
		}
	}
	return postern.Link{}, last
}

func (e *Engine) checkLink(in *LinkInput, now time.Time) ([]postern.LinkTarget, error) {
	if err := postern.CheckAmount(in.Amount, in.Currency); err != nil {
		return nil, err
	}
	if err := checkText("title", in.Title, 1, maxDescription); err != nil {
		return nil, err
	}
	if err := checkText("description", in.Description, 0, maxLinkText); err != nil {
		return nil, err
	}
	if err := checkReturnURL(in.ReturnURL); err != nil {
		return nil, err
	}
	if err := checkItems(in.Items); err != nil {
		return nil, err
	}
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(now) {
		return nil, postern.Invalid("expires_at", postern.CodeInvalid, "the link would have ended already", "send a later time, or leave it out for never")
	}
	targets, err := e.checkTargets(in.Targets)
	if err != nil {
		return nil, err
	}
	switch in.Prefer {
	case "":
		in.Prefer = postern.PreferCheckout
	case postern.PreferCheckout:
	case postern.PreferTarget, postern.PreferOnly:
		if len(targets) == 0 {
			return nil, postern.Invalid("prefer", postern.CodeInvalid, "there is no other shop to prefer", "send targets, or leave prefer out")
		}
	default:
		return nil, postern.Invalid("prefer", postern.CodeInvalid, "prefer must be checkout, target or target_only", "leave it out for checkout")
	}
	return targets, nil
}

// checkTargets takes addresses of platforms that the wall map knows, and no other: a link of ours never leads to where nobody knows whether it opens.
func (e *Engine) checkTargets(addresses []string) ([]postern.LinkTarget, error) {
	if len(addresses) > maxTargets {
		return nil, postern.Invalid("targets", postern.CodeInvalid, "a link names at most 8 other shops", "leave some out")
	}
	var targets []postern.LinkTarget
	for i, address := range addresses {
		field := "targets[" + itoa(i) + "]"
		u, err := url.Parse(address)
		if err != nil || len(address) > maxURL || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Port() != "" {
			return nil, postern.Invalid(field, postern.CodeInvalid, "the address of a shop is an absolute https address without a user name or a port", "send it as the platform's own share button gives it")
		}
		target, known := e.theWall().TargetOf(u.Hostname())
		if !known {
			return nil, postern.Invalid(field, "unknown_target", "the address is of no platform that the wall map knows", "send an address of a platform that wall/data/targets.jsonl lists")
		}
		for _, other := range targets {
			if other.Target == target.Target {
				return nil, postern.Invalid(field, postern.CodeInvalid, "two addresses are of the same platform", "send one of them")
			}
		}
		targets = append(targets, postern.LinkTarget{Target: target.Target, URL: u.String()})
	}
	return targets, nil
}

// DisableLink ends a link for good: its page says so and makes no payment. Payments that it made go on.
func (e *Engine) DisableLink(ctx context.Context, merchantID, id string) (postern.Link, error) {
	l, err := e.Store.Link(ctx, merchantID, id)
	if err != nil {
		return l, err
	}
	if l.DisabledAt.IsZero() {
		l.DisabledAt = e.now()
	}
	if err := e.Store.SaveLink(ctx, l, nil); err != nil {
		return l, err
	}
	l.Version++
	return l, nil
}

// OrderLink makes the payment of one visit to a link. The same visit again finds the payment that it made, so that a form sent twice is one order.
func (e *Engine) OrderLink(ctx context.Context, l postern.Link, visit string) (postern.State, error) {
	if !postern.CheckID("", visit) {
		return postern.State{}, postern.Invalid("visit", postern.CodeInvalid, "the visit is none of ours", "open the link again")
	}
	if l.Ended(e.now()) {
		return postern.State{}, &postern.Error{Code: postern.CodePaymentClosed, Op: "engine.OrderLink", Message: "the link takes no more orders", ID: l.ID}
	}
	sum := sha256.Sum256([]byte(l.ID + " " + visit))
	print := hex.EncodeToString(sum[:])
	request, _, err := e.Store.BeginRequest(ctx, store.Request{
		MerchantID: l.MerchantID, Key: "link " + visit, Fingerprint: print, CreatedAt: e.now(), // the API takes no key with a blank in it
	})
	if err != nil {
		return postern.State{}, err
	}
	switch {
	case request.Fingerprint != print:
		return postern.State{}, postern.Invalid("visit", postern.CodeInvalid, "the visit is of another link", "open the link again")
	case request.Done:
		return e.Store.LoadState(ctx, l.MerchantID, request.ObjectID)
	}
	state, err := e.Create(ctx, l.MerchantID, CreateInput{
		Reference: l.Code + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12]), Amount: l.Amount, Currency: l.Currency, Description: l.Title,
		Items: l.Items, ReturnURL: l.ReturnURL, Metadata: map[string]string{"link_id": l.ID, "link_visit": visit}, Request: &request,
	})
	var taken *postern.Error
	if !errors.As(err, &taken) || taken.Code != postern.CodeReferenceTaken {
		return state, err
	}
	if state, loadErr := e.Store.LoadState(ctx, l.MerchantID, taken.ID); loadErr == nil && state.Payment.Metadata["link_visit"] == visit {
		return state, nil
	}
	return postern.State{}, err
}

// PaymentCode gives a payment a short code for its checkout, or returns the one that it has.
func (e *Engine) PaymentCode(ctx context.Context, merchantID, paymentID string) (string, error) {
	p, err := e.Store.Payment(ctx, merchantID, paymentID)
	if err != nil {
		return "", err
	}
	var code string
	for range maxTries {
		code, err = e.Store.SavePaymentCode(ctx, postern.ShortCode{
			Code: postern.NewShortCode(e.Env.Rand), MerchantID: merchantID, Kind: postern.CodeOfPayment, ObjectID: p.ID, Token: p.LinkToken, CreatedAt: e.now(),
		})
		if err == nil || postern.CodeOf(err) != postern.CodeConflict {
			break
		}
	}
	return code, err
}

// LinkURL is where buyers open a link.
func (e *Engine) LinkURL(token string) string { return e.PublicURL + "/l/" + token }

// ShortURL is the address of a short code.
func (e *Engine) ShortURL(code string) string { return e.PublicURL + "/s/" + code }

// LinkView is a link as merchants see it.
type LinkView struct {
	ID          string         `json:"id"`
	Object      string         `json:"object" enum:"link"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Amount      int64          `json:"amount" doc:"Minor units."`
	Currency    string         `json:"currency"`
	Items       []postern.Item `json:"items,omitempty"`
	URL         string         `json:"url" doc:"What you post. Each buyer who orders there gets a payment of their own."`
	ShortCode   string         `json:"short_code"`
	ShortURL    string         `json:"short_url"`
	PosterPNG   string         `json:"poster_png"`
	PosterSVG   string         `json:"poster_svg"`
	ReturnURL   string         `json:"return_url,omitempty"`
	Targets     []TargetView   `json:"targets"`
	Prefer      string         `json:"prefer" enum:"checkout,target,target_only"`
	Livemode    bool           `json:"livemode"`
	ExpiresAt   *time.Time     `json:"expires_at"`
	DisabledAt  *time.Time     `json:"disabled_at"`
	CreatedAt   time.Time      `json:"created_at"`
}

// TargetView is one of the seller's other shops.
type TargetView struct {
	Target string `json:"target" doc:"The platform, as the wall map names it."`
	URL    string `json:"url"`
}

// ViewLink shows a link.
func (e *Engine) ViewLink(l postern.Link) LinkView {
	address := e.LinkURL(l.Token)
	v := LinkView{
		ID: l.ID, Object: "link", Title: l.Title, Description: l.Description, Amount: l.Amount, Currency: l.Currency, Items: l.Items, URL: address,
		ShortCode: l.Code, ShortURL: e.ShortURL(l.Code), PosterPNG: address + "/poster.png", PosterSVG: address + "/poster.svg", ReturnURL: l.ReturnURL,
		Targets: []TargetView{}, Prefer: string(l.Prefer), Livemode: l.Live, CreatedAt: l.CreatedAt,
	}
	for _, t := range l.Targets {
		v.Targets = append(v.Targets, TargetView(t))
	}
	if !l.ExpiresAt.IsZero() {
		v.ExpiresAt = &l.ExpiresAt
	}
	if !l.DisabledAt.IsZero() {
		v.DisabledAt = &l.DisabledAt
	}
	return v
}

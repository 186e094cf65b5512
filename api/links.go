package api

import (
	"context"
	"net/http"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
)

// LinkBody is the body of POST /v1/links.
type LinkBody struct {
	Title       string     `json:"title" minLength:"1" maxLength:"127" doc:"What is sold; it becomes the payments' description." example:"烧饼礼盒"`
	Description string     `json:"description,omitempty" maxLength:"500" doc:"A few sentences for the page and for share cards."`
	Amount      int64      `json:"amount" minimum:"1" maximum:"1000000000000" doc:"Minor units: 6800 is 68.00." example:"6800"`
	Currency    string     `json:"currency" minLength:"3" maxLength:"3" example:"CNY"`
	Items       []ItemBody `json:"items,omitempty" maxItems:"100"`
	ReturnURL   string     `json:"return_url,omitempty" maxLength:"1024" doc:"Where buyers go after paying."`
	Targets     []string   `json:"targets,omitempty" maxItems:"8" doc:"Https addresses of your other shops, on platforms that the wall map knows." example:"[\"https://item.taobao.com/item.htm?id=1\"]"`
	Prefer      string     `json:"prefer,omitempty" enum:"checkout,target,target_only" doc:"Where another shop opens, which goes first: checkout (unless you say otherwise), target, or target_only when you sell only there."`
	ExpiresAt   *time.Time `json:"expires_at,omitempty" doc:"Never, if left out."`
}

type createLinkIn struct {
	IdempotencyHeader
	Body LinkBody
}

type linkOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     engine.LinkView
}

// CodeView is the short code of a payment's checkout.
type CodeView struct {
	Object    string `json:"object" enum:"short_code"`
	ShortCode string `json:"short_code"`
	ShortURL  string `json:"short_url"`
	PosterPNG string `json:"poster_png"`
	PosterSVG string `json:"poster_svg"`
}

type codeOut struct{ Body CodeView }

func (a *API) links() {
	handle(a, op("create-link", http.MethodPost, "/v1/links", "Create a link",
		"One address for an item that is sold again and again: opening it makes nothing, and each buyer who orders there gets a payment of their own, with link_id in its metadata. It comes with a short code and a poster.", http.StatusCreated, http.StatusConflict), a.createLink)
	handle(a, op("list-links", http.MethodGet, "/v1/links", "List links", "Newest first, disabled ones too.", http.StatusOK), a.listLinks)
	handle(a, op("get-link", http.MethodGet, "/v1/links/{id}", "Read a link", "What it sells never changes.", http.StatusOK), a.getLink)
	handle(a, op("disable-link", http.MethodPost, "/v1/links/{id}/disable", "Disable a link",
		"For good: its page says so and takes no more orders. Payments that it made go on.", http.StatusOK, http.StatusConflict), a.disableLink)
	handle(a, op("make-short-code", http.MethodPost, "/v1/payments/{id}/short_code", "Give a payment a short code",
		"Something that a person can type to reach the checkout. A payment keeps the one that it has.", http.StatusOK, http.StatusConflict), a.makeShortCode)
}

func (a *API) createLink(ctx context.Context, in *createLinkIn) (*linkOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/links", in.Body)
	if err != nil {
		return nil, err
	}
	w := work[postern.Link]{load: func(id string) (postern.Link, error) { return a.Store.Link(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.Link, string, error) {
		b := in.Body
		input := engine.LinkInput{
			Title: b.Title, Description: b.Description, Amount: b.Amount, Currency: b.Currency, Items: itemsOf(b.Items), ReturnURL: b.ReturnURL, Targets: b.Targets,
			Prefer: postern.Prefer(b.Prefer), ExpiresAt: orZero(b.ExpiresAt), Request: request,
		}
		l, err := a.Engine.CreateLink(ctx, m.ID, input)
		return l, l.ID, err
	}
	l, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	return &linkOut{Replayed: replayedHeader(replayed), Body: a.Engine.ViewLink(l)}, nil
}

func itemsOf(list []ItemBody) []postern.Item {
	var items []postern.Item
	for _, i := range list {
		items = append(items, postern.Item{Name: i.Name, Quantity: i.Quantity, Amount: i.Amount})
	}
	return items
}

func (a *API) listLinks(ctx context.Context, in *PageQuery) (*listOut[engine.LinkView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Links(ctx, m.ID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, a.Engine.ViewLink), nil
}

func (a *API) getLink(ctx context.Context, in *idIn) (*linkOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Link(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &linkOut{Body: a.Engine.ViewLink(l)}, nil
}

func (a *API) disableLink(ctx context.Context, in *idIn) (*linkOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	l, err := a.Engine.DisableLink(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &linkOut{Body: a.Engine.ViewLink(l)}, nil
}

func (a *API) makeShortCode(ctx context.Context, in *idIn) (*codeOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.Store.Payment(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	code, err := a.Engine.PaymentCode(ctx, m.ID, p.ID)
	if err != nil {
		return nil, err
	}
	address := a.Engine.CheckoutURL(p.LinkToken)
	return &codeOut{Body: CodeView{
		Object: "short_code", ShortCode: code, ShortURL: a.Engine.ShortURL(code), PosterPNG: address + "/poster.png", PosterSVG: address + "/poster.svg",
	}}, nil
}

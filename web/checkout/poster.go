package checkout

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postern"
	"postern/web/ui"
)

// item loads the scene of a payment or of a link, whichever the address is of.
func (c *Handler) item(w http.ResponseWriter, r *http.Request) (scene, bool) {
	if strings.HasPrefix(r.URL.Path, rootLink) {
		return c.linkScene(w, r)
	}
	return c.scene(w, r)
}

// card answers GET /{c,l}/{token}/card.png: the picture of a share card.
func (c *Handler) card(w http.ResponseWriter, r *http.Request) {
	s, ok := c.item(w, r)
	if !ok {
		return
	}
	raw, err := ui.CardPNG(postern.FormatMoney(s.state.Payment.Amount, s.state.Payment.Currency))
	if err != nil {
		c.fail(w, r, "card", err)
		return
	}
	picture(w, r, "image/png", raw)
}

// poster answers GET /{c,l}/{token}/poster.{png,svg}: the ordinary address on paper.
func (c *Handler) poster(w http.ResponseWriter, r *http.Request) {
	s, ok := c.item(w, r)
	if !ok {
		return
	}
	p, err := c.makePoster(r.Context(), s)
	var raw []byte
	kind := "image/png"
	switch {
	case err != nil:
	case strings.HasSuffix(r.URL.Path, ".svg"):
		kind = "image/svg+xml"
		raw, err = p.SVG()
	default:
		raw, err = p.PNG()
	}
	if err != nil {
		c.fail(w, r, "poster", err)
		return
	}
	picture(w, r, kind, raw)
}

// LinkPoster is the poster of a link, for who prints it without a browser.
func (c *Handler) LinkPoster(ctx context.Context, l postern.Link, m postern.Merchant, lang ui.Lang) (ui.Poster, error) {
	s := scene{
		merchant: m, registry: c.cfg.Engine.Registry, names: c.cfg.Wall, now: c.cfg.Engine.Env.Now(), lang: lang, at: address{public: c.cfg.Engine.PublicURL},
	}
	s.setLink(l)
	return c.makePoster(ctx, s)
}

func (c *Handler) makePoster(ctx context.Context, s scene) (ui.Poster, error) {
	pay, w := s.state.Payment, wordsOf(s.lang)
	channels, err := c.cfg.Engine.Store.Channels(ctx, pay.MerchantID)
	if err != nil {
		return ui.Poster{}, err
	}
	code := ""
	if s.link != nil {
		code = s.link.Code
	} else if code, err = c.cfg.Engine.Store.PaymentCode(ctx, pay.MerchantID, pay.ID); err != nil {
		return ui.Poster{}, err
	}
	return ui.Poster{
		Lang: s.lang, Shop: s.merchant.Name, Title: pay.Description, Amount: postern.FormatMoney(pay.Amount, pay.Currency), Link: s.at.shared(""),
		Apps: fmt.Sprintf(w.ScanApps, list(s.lang, append(s.apps(channels), w.Camera))), Typed: typed(s.at.public, strings.ToUpper(code)), Test: !pay.Live,
	}, nil
}

// apps names the apps that open the address and pay right there: those of the merchant's own channels.
func (s scene) apps(channels []postern.Channel) []string {
	var names []string
	for _, channel := range channels {
		if !channel.RetiredAt.IsZero() && !s.now.Before(channel.RetiredAt) {
			continue
		}
		wallets := s.describe(channel.Provider).Wallets
		if len(wallets) == 0 {
			continue
		}
		app := s.names.Name(wallets[0])
		if name := s.lang.Pick(app.ZH, app.EN); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// picture writes an image that anybody with the address may keep for an hour.
func picture(w http.ResponseWriter, r *http.Request, kind string, raw []byte) {
	ui.Secure(w.Header(), ui.Policy{})
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "private, max-age=3600")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(raw) // the reader has gone: nobody to tell
	}
}

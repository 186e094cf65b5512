package shop

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"image/png"
	"net/http"
	"slices"
	"strings"

	"postern"
	"postern/web/ui"
)

// How long browsers keep what never changes under its address, and what may.
const (
	keepForEver = "public, max-age=31536000, immutable"
	keepAnHour  = "private, max-age=3600"
)

// picture answers GET /i/{token}/p/{picture}/{large|small}.jpg. A picture of another item is none.
func (h *Handler) picture(w http.ResponseWriter, r *http.Request) {
	id, file := r.PathValue("picture"), "/"+r.PathValue("file")
	if !postern.CheckID(postern.PrefixPicture, id) || file != smallPicture && file != largePicture {
		h.notFound.ServeHTTP(w, r)
		return
	}
	s, ok := h.itemScene(w, r)
	if !ok {
		return
	}
	p, err := h.cfg.Engine.Store.Picture(r.Context(), s.item.MerchantID, s.item.ID, id)
	switch {
	case isNotFound(err):
		h.notFound.ServeHTTP(w, r)
	case err != nil:
		h.fail(w, r, "picture", err)
	case file == smallPicture:
		writeImage(w, r, "image/jpeg", keepForEver, p.Small)
	default:
		writeImage(w, r, "image/jpeg", keepForEver, p.Large)
	}
}

// card answers GET /i/{token}/card.jpg, the picture of a share card: the item's own, else one of our drawing with the price.
func (h *Handler) card(w http.ResponseWriter, r *http.Request) {
	s, ok := h.itemScene(w, r)
	if !ok {
		return
	}
	raw, err := h.cardOf(r.Context(), s)
	if err != nil {
		h.fail(w, r, "card", err)
		return
	}
	writeImage(w, r, "image/jpeg", keepAnHour, raw)
}

func (h *Handler) cardOf(ctx context.Context, s itemScene) ([]byte, error) {
	if len(s.item.Pictures) > 0 {
		p, err := h.cfg.Engine.Store.Picture(ctx, s.item.MerchantID, s.item.ID, s.item.Pictures[0].ID)
		return p.Small, err
	}
	raw, err := ui.CardPNG(s.prices())
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read the card: %w", err)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("write the card: %w", err)
	}
	return out.Bytes(), nil
}

// poster answers GET /i/{token}/poster.{png,svg,pdf}: the item's address on paper.
func (h *Handler) poster(w http.ResponseWriter, r *http.Request) {
	s, ok := h.itemScene(w, r)
	if !ok {
		return
	}
	channels, err := h.cfg.Engine.Store.Channels(r.Context(), s.item.MerchantID)
	p := s.poster(channels)
	var raw []byte
	kind := "image/png"
	switch {
	case err != nil:
	case strings.HasSuffix(r.URL.Path, ".svg"):
		kind = "image/svg+xml"
		raw, err = p.SVG()
	case strings.HasSuffix(r.URL.Path, ".pdf"):
		kind = "application/pdf"
		raw, err = p.PDF()
	default:
		raw, err = p.PNG()
	}
	if err != nil {
		h.fail(w, r, "poster", err)
		return
	}
	writeImage(w, r, kind, keepAnHour, raw)
}

// poster is the item on paper. A range of prices is written in signs that every font has.
func (s itemScene) poster(channels []postern.Channel) ui.Poster {
	w := wordsOf(s.lang)
	_, host, _ := strings.Cut(s.at.public, "://")
	return ui.Poster{
		Lang: s.lang, Shop: s.shop(), Title: plain(s.item.Title), Amount: strings.ReplaceAll(s.prices(), "–", "-"), Link: s.at.shared(),
		Apps: say(w.ScanWith, list(s.lang, append(s.apps(channels), w.Camera))), Typed: host + rootCode + strings.ToUpper(s.item.Code), Test: !s.merchant.Live,
	}
}

// apps names the apps that open the address and pay right there: those of the merchant's own channels.
func (s itemScene) apps(channels []postern.Channel) []string {
	var names []string
	for _, channel := range channels {
		connector, built := s.registry[channel.Provider]
		if !built || !channel.RetiredAt.IsZero() && !s.now.Before(channel.RetiredAt) {
			continue
		}
		wallets := connector.Describe().Wallets
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

// writeImage sends what a browser may only look at.
func writeImage(w http.ResponseWriter, r *http.Request, kind, keep string, raw []byte) {
	ui.Secure(w.Header(), ui.Policy{})
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", keep)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(raw) // the reader has gone: nobody to tell
	}
}

package shop

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/web/ui"
)

const maxNumber = 40 // characters of a typed number that are shown again

// showFind answers GET /o: the way back to an order, in any app. A short code that somebody typed leads here with its number filled in.
func (h *Handler) showFind(w http.ResponseWriter, r *http.Request) {
	h.writeFind(w, r, r.URL.Query().Get("number"), "", http.StatusOK)
}

func (h *Handler) writeFind(w http.ResponseWriter, r *http.Request, number, alert string, status int) {
	lang := ui.MatchLang(r, ui.ZH)
	if code, ok := postern.ParseShortCode(number); ok {
		number = postern.FormatShortCode(code)
	}
	h.write(w, r, base{}, buildFind(lang, number, alert), status)
}

// buildFind is nobody's page: whose order it is only its number and phone tell.
func buildFind(lang ui.Lang, number, alert string) *Page {
	words := wordsOf(lang)
	p := &Page{Lang: lang, W: words, State: StateFind, Title: words.FindTitle, OtherLang: Link{Label: lang.Other().Name(), URL: rootFind + "?lang=" + string(lang.Other())}}
	p.Body = Find{Number: clip(plain(strings.ToValidUTF8(number, "")), maxNumber), Alert: alert}
	return p
}

// find answers POST /o/find. A wrong number and a wrong phone are told apart by nothing, and each wrong try makes the next one wait longer: for this number, so that
// nobody tries phones against it, and for this address, so that nobody tries numbers. Who finds an order has proved not to be guessing, and both counts end.
func (h *Handler) find(w http.ResponseWriter, r *http.Request) {
	if !h.form(w, r) {
		return
	}
	typed := r.PostForm.Get("number")
	code, formed := postern.ParseShortCode(typed)
	subjects := []string{"orders from " + h.cfg.ClientIP(r)}
	if formed {
		subjects = append(subjects, "order "+code)
	}
	for _, subject := range subjects {
		if err := h.cfg.Engine.Guess(r.Context(), subject); err != nil {
			h.tooMany(w, r, typed, err)
			return
		}
	}
	order, err := h.numbered(r, code, formed)
	if err != nil && !isNotFound(err) {
		h.fail(w, r, "find", err)
		return
	}
	phone, valid := postern.ParsePhone(r.PostForm.Get("phone"))
	key := postern.BuyerKey(order.MerchantID, order.ItemID, phone) // the same work whether there is such an order or not
	if same := subtle.ConstantTimeCompare([]byte(key), []byte(order.Buyer)) == 1; !same || !valid || err != nil {
		h.writeFind(w, r, typed, wordsOf(ui.MatchLang(r, ui.ZH)).FindNone, http.StatusUnprocessableEntity)
		return
	}
	for _, subject := range subjects {
		if err := h.cfg.Engine.Forgive(r.Context(), subject); err != nil {
			h.fail(w, r, "forgive", err)
			return
		}
	}
	at := address{root: rootOrder, token: order.Token}
	if l, chosen := ui.ParseLang(r.URL.Query().Get("lang")); chosen {
		at.lang = string(l)
	}
	back(w, r, at.to(""))
}

// numbered is the order of a number. Only an exact code is looked up, and a code of something else is none.
func (h *Handler) numbered(r *http.Request, code string, formed bool) (postern.Order, error) {
	none := postern.E(postern.CodeNotFound, "shop", "no order")
	if !formed {
		return postern.Order{}, none
	}
	found, err := h.cfg.Engine.Store.ShortCode(r.Context(), code)
	if err != nil {
		return postern.Order{}, err
	}
	if found.Kind != postern.CodeOfOrder {
		return postern.Order{}, none
	}
	return h.cfg.Engine.Store.Order(r.Context(), found.MerchantID, found.ObjectID)
}

// tooMany says how long to wait.
func (h *Handler) tooMany(w http.ResponseWriter, r *http.Request, typed string, err error) {
	if postern.CodeOf(err) != postern.CodeRateLimited {
		h.fail(w, r, "count a try", err)
		return
	}
	wait, parseErr := time.ParseDuration(strings.TrimPrefix(refusal(err).Fix, "wait "))
	if parseErr != nil || wait < time.Second {
		wait = time.Second
	}
	lang := ui.MatchLang(r, ui.ZH)
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
	h.writeFind(w, r, typed, say(wordsOf(lang).FindWait, span(lang, wait)), http.StatusTooManyRequests)
}

// span writes a wait in whole seconds or, rounded up, in minutes.
func span(lang ui.Lang, d time.Duration) string {
	if d < time.Minute {
		n := int((d + time.Second - 1) / time.Second)
		return lang.Pick(strconv.Itoa(n)+" 秒", postern.Count(int64(n), "second"))
	}
	n := int((d + time.Minute - 1) / time.Minute)
	return lang.Pick(strconv.Itoa(n)+" 分钟", postern.Count(int64(n), "minute"))
}

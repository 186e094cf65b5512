package console

import (
	"net/http"
	"net/url"
	"strings"

	"postern"
	"postern/engine"
)

// secure says whether the switch is reached over https: then the session's cookie never leaves it.
func (h *Handler) secure() bool { return strings.HasPrefix(h.cfg.Engine.PublicURL, "https://") }

// cookieName is the session's cookie. The prefix makes browsers refuse one that another host or path sets, and wants https; without https, which the configuration
// allows on one's own machine only, the name is another.
func (h *Handler) cookieName() string {
	if h.secure() {
		return "__Host-postern"
	}
	return "postern-console"
}

// setSession hands the browser its session; an empty secret takes it back.
func (h *Handler) setSession(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: h.cookieName(), Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.secure()}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// guard lets a request through to its page: a session, then the merchant, then the role. What a person may not know of answers like what is not there.
func (h *Handler) guard(to route, w http.ResponseWriter, r *http.Request) {
	limit := to.body
	if limit == 0 {
		limit = maxForm
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	v := &visit{Lang: h.language(w, r), Zone: postern.Beijing, Now: h.cfg.Engine.Env.Now()}
	if to.open {
		to.serve(h, w, r, v)
		return
	}
	signedIn, err := h.whoIs(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if !signedIn {
		h.turnAway(w, r, v)
		return
	}
	if to.partner && v.PartnerID == "" {
		notFound(w, r)
		return
	}
	if err := h.whose(r, v); err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if !v.may(to.roles...) {
		h.trouble(w, r, v, postern.E(postern.CodeForbidden, "console.guard", "this role may not do that"))
		return
	}
	to.serve(h, w, r, v)
}

// whoIs finds the person of the session.
func (h *Handler) whoIs(r *http.Request, v *visit) (bool, error) {
	c, err := r.Cookie(h.cookieName())
	if err != nil {
		return false, nil
	}
	session, who, err := h.cfg.Engine.SessionOf(r.Context(), c.Value)
	if err != nil {
		if postern.CodeOf(err) == postern.CodeUnauthenticated {
			return false, nil
		}
		return false, err
	}
	v.Session, v.Staff, v.Actor = session, who, engine.ActorOf(who)
	if strings.HasPrefix(who.OwnerID, postern.PrefixPartner) {
		p, err := h.cfg.Engine.Store.Partner(r.Context(), who.OwnerID)
		if err != nil {
			return false, err
		}
		v.PartnerID, v.Partner = p.ID, p.Name
		v.Actor.Who = who.Name + " (" + p.Name + ")"
	}
	return true, nil
}

// whose finds the merchant of the address, if it has one, and makes sure that it is the person's own or one of its partner's. Anything else is not found.
func (h *Handler) whose(r *http.Request, v *visit) error {
	id, ctx, none := r.PathValue("merchant"), r.Context(), postern.E(postern.CodeNotFound, "console.whose", "there is no such page")
	if id != "" {
		if !postern.CheckID(postern.PrefixMerchant, id) || v.PartnerID == "" && v.Staff.OwnerID != id {
			return none
		}
		m, err := h.cfg.Engine.Store.Merchant(ctx, id)
		if err != nil {
			return err
		}
		if v.PartnerID != "" && m.PartnerID != v.PartnerID {
			return none
		}
		v.Merchant, v.Zone = m, zoneOf(m)
	}
	if v.owner() == "" { // the person's own account: in the shop's frame
		m, err := h.cfg.Engine.Store.Merchant(ctx, v.Staff.OwnerID)
		if err != nil {
			return err
		}
		v.Merchant, v.Zone = m, zoneOf(m)
	}
	var err error
	v.Brand, err = h.cfg.Engine.Store.BrandOf(ctx, v.owner())
	return err
}

// turnAway sends somebody without a session to sign in, and back afterwards; what was to be done is not done.
func (h *Handler) turnAway(w http.ResponseWriter, r *http.Request, v *visit) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		to := root + "/sign-in"
		if r.URL.Path != root {
			to += "?next=" + url.QueryEscape(r.URL.Path)
		}
		see(w, r, to)
		return
	}
	h.trouble(w, r, v, postern.E(postern.CodeUnauthenticated, "console.guard", "nobody is signed in"))
}

// foreignForm refuses what another site's page sends in a person's name.
func (h *Handler) foreignForm(w http.ResponseWriter, r *http.Request) {
	v := &visit{Lang: h.language(w, r), Zone: postern.Beijing, Now: h.cfg.Engine.Env.Now()}
	h.trouble(w, r, v, postern.E(postern.CodeForbidden, "console.foreignForm", "the form comes from elsewhere"))
}

// see sends the browser on after an act, so that going back or reloading does not repeat it.
func see(w http.ResponseWriter, _ *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}

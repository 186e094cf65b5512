package console

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"postern"
	"postern/engine"
	"postern/web/ui"
)

// signRoutes are how people come in and go out, and what is theirs alone.
var signRoutes = []route{
	{pattern: "GET /console/{$}", serve: toHome},
	{pattern: "GET /console", serve: toHome},
	{pattern: "GET /console/sign-in", open: true, serve: (*Handler).signInPage},
	{pattern: "POST /console/sign-in", open: true, serve: (*Handler).signIn},
	{pattern: "POST /console/sign-in/code", open: true, serve: (*Handler).signInCode},
	{pattern: "POST /console/sign-out", serve: (*Handler).signOut},
	{pattern: "GET /console/invitation/{secret}", open: true, serve: (*Handler).invitationPage},
	{pattern: "POST /console/invitation/{secret}", open: true, serve: (*Handler).acceptInvitation},
	{pattern: "GET /console/me", serve: (*Handler).mePage},
	{pattern: "POST /console/me/password", serve: (*Handler).changePassword},
	{pattern: "GET /console/me/totp", serve: (*Handler).totpPage},
	{pattern: "POST /console/me/totp", serve: (*Handler).setTOTP},
	{pattern: "POST /console/me/totp/off", serve: (*Handler).removeTOTP},
	{pattern: "POST /console/me/sessions/end", serve: (*Handler).endSessions},
	{pattern: "POST /console/me/sessions/{session}/end", serve: (*Handler).endSession},
}

// toHome leads to the person's own first page.
func toHome(_ *Handler, w http.ResponseWriter, r *http.Request, v *visit) { see(w, r, home(v.Staff)) }

// signInBody is the form of the first step.
type signInBody struct {
	W     *signWords
	Bad   string
	Login string
	Next  string
}

func (signInBody) template() string { return "signin" }

// codeBody is the form of the second step.
type codeBody struct {
	W      *signWords
	Bad    string
	Ticket string
	Next   string
}

func (codeBody) template() string { return "code" }

// safeNext is where to go after signing in: a page of the console, never another site.
func safeNext(s string) string {
	u, err := url.Parse(s)
	if err != nil || len(s) > 512 || u.Host != "" || u.Scheme != "" || u.Path != s || !strings.HasPrefix(s, root+"/") || strings.Contains(s, "//") || strings.ContainsAny(s, `\`) || strings.Contains(s, "..") {
		return ""
	}
	return s
}

func (h *Handler) signInPage(w http.ResponseWriter, r *http.Request, v *visit) {
	words := signWordsOf(v.Lang)
	h.render(w, r, v, http.StatusOK, page{Title: words.Title, Body: signInBody{W: words, Next: safeNext(r.URL.Query().Get("next"))}})
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, v *visit) {
	words, login, next := signWordsOf(v.Lang), r.PostFormValue("login"), safeNext(r.PostFormValue("next"))
	who, err := h.cfg.Engine.SignIn(r.Context(), login, r.PostFormValue("password"), h.cfg.ClientIP(r))
	if err != nil {
		if !refused(err) {
			h.trouble(w, r, v, err)
			return
		}
		h.render(w, r, v, statusOf(err), page{Title: words.Title, Body: signInBody{W: words, Bad: wordsOf(v.Lang).refusal(v.Lang, err), Login: login, Next: next}})
		return
	}
	if len(who.TOTP) == 0 {
		h.enter(w, r, v, who, next)
		return
	}
	ticket, err := h.cfg.Engine.Ticket(who)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.render(w, r, v, http.StatusOK, page{Title: words.CodeTitle, Body: codeBody{W: words, Ticket: ticket, Next: next}})
}

// refused says whether an error is an answer to what a person sent, and not trouble of ours.
func refused(err error) bool { return statusOf(err) < http.StatusInternalServerError }

func (h *Handler) signInCode(w http.ResponseWriter, r *http.Request, v *visit) {
	words, ticket, next := signWordsOf(v.Lang), r.PostFormValue("ticket"), safeNext(r.PostFormValue("next"))
	who, err := h.cfg.Engine.StaffOfTicket(r.Context(), ticket)
	if err != nil { // begin anew
		if !refused(err) {
			h.trouble(w, r, v, err)
			return
		}
		see(w, r, root+"/sign-in")
		return
	}
	if err := h.cfg.Engine.CheckCode(r.Context(), who, r.PostFormValue("code"), h.cfg.ClientIP(r)); err != nil {
		if !refused(err) {
			h.trouble(w, r, v, err)
			return
		}
		h.render(w, r, v, statusOf(err), page{Title: words.CodeTitle, Body: codeBody{W: words, Bad: wordsOf(v.Lang).refusal(v.Lang, err), Ticket: ticket, Next: next}})
		return
	}
	h.enter(w, r, v, who, next)
}

// enter opens a session and leads on. A fresh session each time: one that was there before is not gone on with.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, v *visit, who postern.Staff, next string) {
	secret, err := h.cfg.Engine.OpenSession(r.Context(), who, r.UserAgent())
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.setSession(w, secret)
	if next == "" {
		next = home(who)
	}
	see(w, r, next)
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, v *visit) {
	if err := h.cfg.Engine.SignOut(r.Context(), v.Staff, v.Session.Hash); err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.setSession(w, "")
	see(w, r, root+"/sign-in")
}

// invitationBody is the form with which a person sets a password.
type invitationBody struct {
	W     *signWords
	Line  string
	Login string
	Bad   string
}

func (invitationBody) template() string { return "invitation" }

// lapsedBody says that an invitation no longer works.
type lapsedBody struct{ W *signWords }

func (lapsedBody) template() string { return "lapsed" }

func (h *Handler) invitationPage(w http.ResponseWriter, r *http.Request, v *visit) {
	who, err := h.cfg.Engine.InvitedBy(r.Context(), r.PathValue("secret"))
	if err != nil {
		h.lapsed(w, r, v, err)
		return
	}
	h.invite(w, r, v, who, nil)
}

// lapsed answers for an invitation that does not work: whoever holds the link is told what to do, and learns nothing of whom it was for.
func (h *Handler) lapsed(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if postern.CodeOf(err) != postern.CodeNotFound {
		h.trouble(w, r, v, err)
		return
	}
	words := signWordsOf(v.Lang)
	h.render(w, r, v, http.StatusNotFound, page{Title: words.InvalidInvite, Body: lapsedBody{words}})
}

func (h *Handler) invite(w http.ResponseWriter, r *http.Request, v *visit, who postern.Staff, wrong error) {
	words, status := signWordsOf(v.Lang), http.StatusOK
	shop, err := h.ownerName(r, who.OwnerID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := invitationBody{W: words, Line: sprint(words.InviteLine, who.Name, shop), Login: who.Login}
	if wrong != nil {
		body.Bad, status = passwordRefusal(v, words, wrong), statusOf(wrong)
	}
	h.render(w, r, v, status, page{Title: words.InviteTitle, Body: body})
}

// passwordRefusal says why a password was not taken.
func passwordRefusal(v *visit, words *signWords, err error) string {
	if known, ok := asError(err); ok && known.Field == "password" {
		return words.RuleBroken
	}
	return wordsOf(v.Lang).refusal(v.Lang, err)
}

func (h *Handler) acceptInvitation(w http.ResponseWriter, r *http.Request, v *visit) {
	secret := r.PathValue("secret")
	who, err := h.cfg.Engine.AcceptInvitation(r.Context(), secret, r.PostFormValue("password"))
	switch {
	case err == nil && len(who.TOTP) > 0:
		see(w, r, root+"/sign-in")
	case err == nil:
		h.enter(w, r, v, who, "")
	case postern.CodeOf(err) == postern.CodeInvalid || postern.CodeOf(err) == postern.CodeRateLimited:
		h.invite(w, r, v, who, err)
	default:
		h.lapsed(w, r, v, err)
	}
}

// ownerName is what a merchant or a partner calls itself.
func (h *Handler) ownerName(r *http.Request, ownerID string) (string, error) {
	brand, err := h.cfg.Engine.Store.BrandOf(r.Context(), ownerID)
	if err != nil || brand.Name != "" {
		return brand.Name, err
	}
	if strings.HasPrefix(ownerID, postern.PrefixPartner) {
		p, err := h.cfg.Engine.Store.Partner(r.Context(), ownerID)
		return p.Name, err
	}
	m, err := h.cfg.Engine.Store.Merchant(r.Context(), ownerID)
	return m.Name, err
}

// totpBody is the page that turns the second step on.
type totpBody struct {
	W      *signWords
	QR     template.HTML
	Secret string
	Spaced string // the secret in groups of four, to type
	Bad    string
}

func (totpBody) template() string { return "totp" }

func (h *Handler) totpPage(w http.ResponseWriter, r *http.Request, v *visit) {
	secret, err := h.cfg.Engine.NewTOTP()
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.showTOTP(w, r, v, secret, nil)
}

func (h *Handler) showTOTP(w http.ResponseWriter, r *http.Request, v *visit, secret string, wrong error) {
	words, status := signWordsOf(v.Lang), http.StatusOK
	code, err := ui.QR(engine.TOTPAddress(secret, v.Staff.Login), words.SetupTitle)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := totpBody{W: words, QR: code, Secret: secret, Spaced: spaced(secret)}
	if wrong != nil {
		body.Bad, status = wordsOf(v.Lang).refusal(v.Lang, wrong), statusOf(wrong)
	}
	h.render(w, r, v, status, page{Title: words.SetupTitle, Section: "me", Body: body})
}

// spaced parts a text into groups of four, for typing.
func spaced(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

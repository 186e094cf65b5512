package console

import (
	"net/http"
	"net/url"

	"postern"
	"postern/web/ui"
)

// meBody is a person's own account.
type meBody struct {
	W        *signWords
	Name     string
	Login    string
	Role     string
	Step     bool // the second step is on
	Bad      string
	Sessions []sessionRow
}

// sessionRow is one place where the person is signed in.
type sessionRow struct {
	Browser string
	Since   string
	Seen    string
	Here    bool
	End     string
}

func (meBody) template() string { return "me" }

// roleWord names a role.
func roleWord(l ui.Lang, role postern.Role) string {
	w := signWordsOf(l)
	switch role {
	case postern.RoleOwner:
		return w.Owner
	case postern.RoleStaff:
		return w.Staff
	}
	return w.Finance
}

func (h *Handler) mePage(w http.ResponseWriter, r *http.Request, v *visit) { h.showMe(w, r, v, nil) }

func (h *Handler) showMe(w http.ResponseWriter, r *http.Request, v *visit, wrong error) {
	words, status := signWordsOf(v.Lang), http.StatusOK
	sessions, err := h.cfg.Engine.Store.Sessions(r.Context(), v.Staff.OwnerID, v.Staff.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := meBody{W: words, Name: v.Staff.Name, Login: v.Staff.Login, Role: roleWord(v.Lang, v.Staff.Role), Step: len(v.Staff.TOTP) > 0}
	for _, s := range sessions {
		body.Sessions = append(body.Sessions, sessionRow{
			Browser: h.browser(v, words, s.UserAgent), Since: v.stamp(s.CreatedAt), Seen: v.stamp(s.SeenAt), Here: s.Hash == v.Session.Hash, End: root + "/me/sessions/" + url.PathEscape(s.Hash) + "/end",
		})
	}
	if wrong != nil {
		body.Bad, status = passwordRefusal(v, words, wrong), statusOf(wrong)
	}
	h.render(w, r, v, status, page{Title: words.MeTitle, Section: "me", Body: body})
}

// systems are the operating systems by the wall's codes, as people know them.
var systems = map[string]string{"ios": "iOS", "ipados": "iPadOS", "android": "Android", "harmonyos": "HarmonyOS", "windows": "Windows", "macos": "macOS", "linux": "Linux", "chromeos": "ChromeOS"}

// browser says in which app on which system a session is: "微信 · iOS".
func (h *Handler) browser(v *visit, words *signWords, userAgent string) string {
	seen := h.cfg.Wall.Detect(userAgent)
	system, known := systems[seen.OS]
	if !known {
		return words.Unknown
	}
	name := h.cfg.Wall.Name(seen.Container)
	return v.Lang.Pick(name.ZH, name.EN) + " · " + system
}

// mine answers an act on one's own account: done, or the account's page with what was wrong.
func (h *Handler) mine(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	switch {
	case err == nil:
		see(w, r, root+"/me?done")
	case refused(err) && postern.CodeOf(err) != postern.CodeNotFound:
		h.showMe(w, r, v, err)
	default:
		h.trouble(w, r, v, err)
	}
}

func (h *Handler) changePassword(w http.ResponseWriter, r *http.Request, v *visit) {
	h.mine(w, r, v, h.cfg.Engine.ChangePassword(r.Context(), v.Staff, v.Session.Hash, r.PostFormValue("old"), r.PostFormValue("password")))
}

func (h *Handler) setTOTP(w http.ResponseWriter, r *http.Request, v *visit) {
	secret := r.PostFormValue("secret")
	err := h.cfg.Engine.SetTOTP(r.Context(), v.Staff, v.Session.Hash, secret, r.PostFormValue("code"))
	known, _ := asError(err)
	switch {
	case known != nil && known.Field == "code":
		h.showTOTP(w, r, v, secret, err)
	case known != nil && known.Field == "secret":
		see(w, r, root+"/me/totp")
	default:
		h.mine(w, r, v, err)
	}
}

func (h *Handler) removeTOTP(w http.ResponseWriter, r *http.Request, v *visit) {
	h.mine(w, r, v, h.cfg.Engine.RemoveTOTP(r.Context(), v.Staff, v.Session.Hash, r.PostFormValue("old")))
}

func (h *Handler) endSession(w http.ResponseWriter, r *http.Request, v *visit) {
	h.mine(w, r, v, h.cfg.Engine.CloseSession(r.Context(), v.Staff, r.PathValue("session")))
}

func (h *Handler) endSessions(w http.ResponseWriter, r *http.Request, v *visit) {
	h.mine(w, r, v, h.cfg.Engine.CloseSessions(r.Context(), v.Staff, v.Session.Hash))
}

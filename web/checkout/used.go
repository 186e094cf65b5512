package checkout

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"postern"
)

// usedCookie remembers, in this browser alone, the wallets that have paid here: no number, no name. The planner puts such a wallet first, because its buyer has
// nothing left to sign in to or to bind.
const (
	usedCookie = "postern_wallets"
	usedFor    = 400 * 24 * time.Hour
	maxUsed    = 4
)

// used reads the cookie. It comes from the buyer's side, so it can say nothing but which of our own providers goes first.
func (c *Handler) used(r *http.Request) []string {
	cookie, err := r.Cookie(usedCookie)
	if err != nil || len(cookie.Value) > 100 {
		return nil
	}
	var known []string
	for code := range strings.SplitSeq(cookie.Value, ".") {
		if _, ours := c.cfg.Engine.Registry[code]; ours && !slices.Contains(known, code) && len(known) < maxUsed {
			known = append(known, code)
		}
	}
	return known
}

// remember notes the wallet that paid, when it paid from here: the latest goes first. A page that only pretends to be in another app notes nothing.
func (c *Handler) remember(w http.ResponseWriter, s scene) {
	if s.at.as != "" || s.state.Payment.Status != postern.PaymentPaid {
		return
	}
	receipt, _ := s.state.Applied()
	paid, ok := s.state.Attempt(receipt.AttemptID)
	if !ok || paid.Container != s.seen.Container || len(s.used) > 0 && s.used[0] == paid.Provider {
		return
	}
	list := append([]string{paid.Provider}, slices.DeleteFunc(slices.Clone(s.used), func(code string) bool { return code == paid.Provider })...)
	http.SetCookie(w, &http.Cookie{
		Name: usedCookie, Value: strings.Join(list[:min(maxUsed, len(list))], "."), Path: "/c/", MaxAge: int(usedFor.Seconds()), HttpOnly: true,
		Secure: strings.HasPrefix(c.cfg.Engine.PublicURL, "https:"), SameSite: http.SameSiteLaxMode,
	})
}

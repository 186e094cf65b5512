package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/web/ui"
)

// visit is one request of one person: who, where, and how it is shown. Merchant is empty on a partner's own pages, Staff on the pages that need no session.
type visit struct {
	Staff    postern.Staff
	Session  postern.Session
	Actor    engine.Actor
	Merchant postern.Merchant
	// Brand is the merchant's, on a partner's own pages the partner's. It may be empty: Name says what to show.
	Brand postern.Brand
	// PartnerID is the partner whose person this is, empty for a merchant's.
	PartnerID string
	// Partner is the partner's name.
	Partner string
	Lang    ui.Lang
	Zone    *time.Location
	Now     time.Time
}

// may says whether the person holds one of the roles; no role means everybody.
func (v *visit) may(roles ...postern.Role) bool {
	return len(roles) == 0 || slices.Contains(roles, v.Staff.Role)
}

// owner is whose pages these are: the merchant, or the partner on its own pages.
func (v *visit) owner() string {
	if v.Merchant.ID != "" {
		return v.Merchant.ID
	}
	return v.PartnerID
}

// path is an address of the merchant's pages; rest begins with a slash or is empty. On a partner's own pages it is one of the partner's.
func (v *visit) path(rest string) string {
	if v.Merchant.ID == "" {
		return partnerRoot + rest
	}
	return root + "/m/" + v.Merchant.ID + rest
}

// home is where a person lands who has just signed in.
func home(who postern.Staff) string {
	if strings.HasPrefix(who.OwnerID, postern.PrefixPartner) {
		return partnerRoot
	}
	return root + "/m/" + who.OwnerID
}

// name is what the pages call the shop, or the partner.
func (v *visit) name() string {
	switch {
	case v.Brand.Name != "":
		return v.Brand.Name
	case v.Merchant.ID != "":
		return v.Merchant.Name
	}
	return v.Partner
}

// stamp writes a time to the minute in the merchant's zone, with the zone's offset.
func (v *visit) stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(v.Zone).Format("2006-01-02 15:04 -07:00")
}

// zoneOf is the merchant's time zone; without zone data on the machine, Beijing's.
func zoneOf(m postern.Merchant) *time.Location {
	if m.Zone != "" {
		if zone, err := time.LoadLocation(m.Zone); err == nil {
			return zone
		}
	}
	return postern.Beijing
}

// dayOf is the beginning of a day in a zone.
func dayOf(year int, month time.Month, day int, zone *time.Location) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, zone)
}

// langCookie remembers which language a person chose; it says nothing else.
const langCookie = "postern-lang"

// language is what the address asks for, else what was chosen before, else what the browser asks for.
func (h *Handler) language(w http.ResponseWriter, r *http.Request) ui.Lang {
	if l, ok := ui.ParseLang(r.URL.Query().Get("lang")); ok {
		http.SetCookie(w, &http.Cookie{Name: langCookie, Value: string(l), Path: root, MaxAge: 400 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.secure()})
		return l
	}
	if c, err := r.Cookie(langCookie); err == nil {
		if l, ok := ui.ParseLang(c.Value); ok {
			return l
		}
	}
	return ui.MatchLang(r, ui.ZH)
}

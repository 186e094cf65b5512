package postern

import (
	"slices"
	"time"
)

// SourceNotice marks permissions that the provider itself withdrew.
const SourceNotice = "notice"

// Noticed is the channel after its provider said what it refuses: each act that is new in it is withdrawn from now on. When the provider said all (whole), what it
// withdrew before and does not name any more ends now; nothing is taken out, so that the history stays, and what others withdrew is theirs to give back.
func (c Channel) Noticed(withdrawn []Permission, whole bool, now time.Time) (next Channel, added, lifted []Permission) {
	list := slices.Clone(c.Permissions)
	for i, p := range list {
		if !whole || !p.noticed(now) || slices.ContainsFunc(withdrawn, func(w Permission) bool { return w.Act == p.Act && w.Product == p.Product }) {
			continue
		}
		list[i].Until = now
		lifted = append(lifted, list[i])
	}
	for _, w := range withdrawn {
		if w.Product != "" && !slices.Contains(c.Products, w.Product) {
			continue
		}
		if slices.ContainsFunc(list, func(p Permission) bool { return p.Act == w.Act && p.Product == w.Product && p.noticed(now) }) {
			continue
		}
		w.Allowed, w.Source = false, SourceNotice
		if w.From.IsZero() {
			w.From = now
		}
		list, added = append(list, w), append(added, w)
	}
	c.Permissions = list
	return c, added, lifted
}

// noticed says that the provider's own withdrawal holds, or will.
func (p Permission) noticed(now time.Time) bool {
	return p.Source == SourceNotice && !p.Allowed && (p.Until.IsZero() || now.Before(p.Until))
}

// Trimmed keeps the latest permissions of a channel: of those that are over, the oldest go when there are more than so many.
func (c Channel) Trimmed(most int, now time.Time) Channel {
	over := len(c.Permissions) - most
	c.Permissions = slices.DeleteFunc(slices.Clone(c.Permissions), func(p Permission) bool {
		if over <= 0 || p.Until.IsZero() || now.Before(p.Until) {
			return false
		}
		over--
		return true
	})
	return c
}

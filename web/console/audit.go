package console

import (
	"net/http"
	"net/url"
	"strings"

	"postern"
	"postern/store"
)

// auditBody is the list of acts, newest first.
type auditBody struct {
	W     *peopleWords
	Acts  []actRow
	Older string
	First string // back to the newest, from a later page
}

// actRow is one act: who did what about what, when.
type actRow struct {
	When, Who, What, Detail string
	Object, Link            string
}

func (auditBody) template() string { return "audit" }

// perPage is how many rows a list of the console shows at once.
const perPage = 50

// pageOf reads which part of a list is wanted.
func pageOf(r *http.Request) store.Page {
	return store.Page{After: clipAfter(r.URL.Query().Get("after")), Limit: perPage}
}

// clipAfter bounds the place in a list, which comes from the address: ids are short, and what is none finds nothing.
func clipAfter(s string) string {
	if len(s) > 64 {
		return ""
	}
	return s
}

// older is the address of a list's next part, "" at the end.
func older(path, next string) string {
	if next == "" {
		return ""
	}
	return path + "?after=" + url.QueryEscape(next)
}

func (h *Handler) auditPage(w http.ResponseWriter, r *http.Request, v *visit) {
	at := pageOf(r)
	list, next, err := h.cfg.Engine.Store.Audits(r.Context(), v.owner(), at)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := auditBody{W: peopleWordsOf(v.Lang), Older: older(v.path("/audit"), next)}
	if at.After != "" {
		body.First = v.path("/audit")
	}
	for _, a := range list {
		body.Acts = append(body.Acts, actOf(v, body.W, a))
	}
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).Audit, Section: "audit", Body: body})
}

// objectPages are where the things that acts are about have their page, by the prefix of their ids.
var objectPages = map[string]string{postern.PrefixOrder: "/orders/", postern.PrefixItem: "/items/", postern.PrefixFacade: "/facades/", postern.PrefixRefund: "/refunds/"}

func actOf(v *visit, words *peopleWords, a postern.Audit) actRow {
	row := actRow{When: v.stamp(a.CreatedAt), Who: a.Who, What: a.Act, Detail: a.Detail}
	if said, ok := acts[a.Act]; ok {
		row.What = v.Lang.Pick(said.zh, said.en)
	}
	if a.StaffID == "" {
		row.Who = words.Operator
	}
	if a.ObjectID != a.StaffID && a.ObjectID != a.MerchantID {
		row.Object = a.ObjectID
	}
	for prefix, where := range objectPages {
		if v.Merchant.ID != "" && strings.HasPrefix(a.ObjectID, prefix) {
			row.Link = v.path(where + a.ObjectID)
		}
	}
	return row
}

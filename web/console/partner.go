package console

import (
	"net/http"
	"net/url"
	"strings"

	"postern"
)

// partnerRoutes are a partner's own pages: all of its shops, and opening more of them.
var partnerRoutes = []route{
	{pattern: "GET " + partnerRoot, partner: true, serve: (*Handler).shopsPage},
	{pattern: "GET " + partnerRoot + "/open", partner: true, roles: owners, serve: (*Handler).openPage},
	{pattern: "POST " + partnerRoot + "/open", partner: true, roles: owners, body: maxList + maxForm, serve: (*Handler).planShops},
	{pattern: "POST " + partnerRoot + "/open/confirm", partner: true, roles: owners, body: 2*maxList + maxForm, serve: (*Handler).openShops},
	{pattern: "POST " + partnerRoot + "/open/invitations.csv", partner: true, roles: owners, body: 2*maxList + maxForm, serve: (*Handler).invitationsCSV},
}

// shopsBody is the list of a partner's shops.
type shopsBody struct {
	W       *partnerWords
	Action  string
	Query   string
	Shops   []shopRow
	Older   string
	First   string
	Open    string // where more are opened, "" for who may not
	Nothing string
}

func (shopsBody) template() string { return "shops" }

// shopRow is one shop with what it took.
type shopRow struct {
	URL, Name, Reference string
	Test                 bool
	Recent, Long         []string // one text a currency
}

// maxQuery bounds what is searched for, in characters.
const maxQuery = 60

// longDays is how far back the longer of the two figures goes, today included.
const longDays = 30

func (h *Handler) shopsPage(w http.ResponseWriter, r *http.Request, v *visit) {
	words, at, query := partnerWordsOf(v.Lang), pageOf(r), strings.TrimSpace(r.URL.Query().Get("q"))
	if runes := []rune(strings.ToValidUTF8(strings.ReplaceAll(query, "\x00", ""), "")); len(runes) > maxQuery {
		query = string(runes[:maxQuery])
	} else {
		query = string(runes)
	}
	year, month, day := v.Now.In(v.Zone).Date()
	today := dayOf(year, month, day, v.Zone)
	rows, next, err := h.cfg.Engine.Store.PartnerShops(r.Context(), v.PartnerID, query, today, today.AddDate(0, 0, 1-longDays), at)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := shopsBody{W: words, Action: partnerRoot, Query: query, Older: older(partnerRoot, next), Nothing: words.NoShops}
	if at.After != "" {
		body.First = partnerRoot
	}
	if query != "" {
		body.Nothing = words.NoMatch
		q := "q=" + url.QueryEscape(query)
		if body.Older != "" {
			body.Older += "&" + q
		}
		if body.First != "" {
			body.First += "?" + q
		}
	}
	if opens(v, "GET "+partnerRoot+"/open") {
		body.Open = partnerRoot + "/open"
	}
	last := ""
	for _, row := range rows {
		if row.Merchant.ID != last {
			last = row.Merchant.ID
			body.Shops = append(body.Shops, shopRow{URL: root + "/m/" + last, Name: row.Merchant.Name, Reference: row.Merchant.Reference, Test: !row.Merchant.Live})
		}
		one := &body.Shops[len(body.Shops)-1]
		currency := row.Currency
		if currency == "" {
			currency = "CNY"
		}
		one.Recent = append(one.Recent, postern.FormatMoney(row.Recent, currency))
		one.Long = append(one.Long, postern.FormatMoney(row.Long, currency))
	}
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).Shops, Section: "shops", Body: body})
}

package console

import (
	"net/http"
	"time"

	"postern"
	"postern/store"
)

// csvPage is how many orders are read at once for a download.
const csvPage = 100

// orderListOf is the list of a name; one that does not exist is all orders.
func orderListOf(name string) store.OrderList {
	switch which := store.OrderList(name); which {
	case store.OrdersWaiting, store.OrdersToShip, store.OrdersShipped, store.OrdersAsked:
		return which
	}
	return store.OrdersAll
}

// someLines are a part of a download; next is where it goes on, empty at the end.
type someLines struct {
	cells  [][]string
	next   string
	marked bool
}

// orderLines reads one part of a download: the orders and, in a second statement, their buyers.
func (h *Handler) orderLines(r *http.Request, v *visit, which store.OrderList, from, until time.Time, after string) (someLines, error) {
	db, words := h.cfg.Engine.Store, sellWordsOf(v.Lang)
	list, next, err := db.OrdersBetween(r.Context(), v.Merchant.ID, which, from, until, store.Page{After: after, Limit: csvPage})
	if err != nil {
		return someLines{}, err
	}
	buyers, err := db.OrderBuyers(r.Context(), v.Merchant.ID, idsOf(list))
	if err != nil {
		return someLines{}, err
	}
	lines := someLines{next: next}
	for _, o := range list {
		b := buyers[o.ID]
		region, _ := postern.RegionOf(b.Region)
		lines.cells = append(lines.cells, []string{
			postern.FormatShortCode(o.Number), v.csvTime(o.CreatedAt), o.Title, o.Variant, postern.FormatDecimal(o.Quantity, "JPY"), postern.FormatDecimal(o.Amount, o.Currency), o.Currency, words.orderState(o).Word,
			b.Name, b.Phone, v.Lang.Pick(region.ZH, region.EN), b.Address, b.Note, o.Carrier, o.Tracking, v.csvTime(o.ShippedAt),
		})
	}
	return lines, nil
}

// csvTime writes a time in the merchant's zone as spreadsheets read it; nothing for none.
func (v *visit) csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(v.Zone).Format("2006-01-02 15:04:05")
}

package all

import (
	"slices"

	"postern/provider/sandboxkit"
	"postern/recon"
)

// words are the provider's own words for money taken and money given back, as its control address shows them.
type words struct{ paid, refunded []string }

// read turns a sandbox's own book into what reconciliation compares. An order with a refund was paid, whatever it is called now.
func (w words) read(rows []sandboxkit.Order) []recon.Order {
	orders := make([]recon.Order, 0, len(rows))
	for _, row := range rows {
		o := recon.Order{Number: row.OrderNo, Amount: row.Amount, Currency: row.Currency, Paid: slices.Contains(w.paid, row.Status) || len(row.Refunds) > 0}
		for _, r := range row.Refunds {
			o.Refunds = append(o.Refunds, recon.OrderRefund{Number: r.RefundNo, Amount: r.Amount, Done: slices.Contains(w.refunded, r.Status)})
		}
		orders = append(orders, o)
	}
	return orders
}

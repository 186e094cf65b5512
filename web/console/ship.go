package console

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/roster"
)

// shipPage takes a list of shipments, shows what it would do, and after it was done, what became of it.
type shipPage struct {
	W      *sellWords
	Action string
	CSV    string // the list of what is to be shipped, to be filled in
	Back   string
	Error  string
	Rows   []shipRow // every line of the plan but those that are so already
	Fine   int64
	Wrong  int64
	Same   int64
	Plan   string // what is confirmed
	Done   bool
	Left   int64 // lines that the time of the request did not suffice for
}

func (shipPage) template() string { return "ship" }

// shipRow is one line of a list. Wrong is why it is not carried out; the rest are.
type shipRow struct {
	Line     int
	Number   string
	Carrier  string
	Tracking string
	Title    string
	Who      string
	Wrong    string
}

// shipTime is how long one request carries shipments out. What is left is the same list handed in again, in which what was done stands as done.
const shipTime = 25 * time.Second

func (h *Handler) shipPageOf(v *visit) shipPage {
	return shipPage{W: sellWordsOf(v.Lang), Action: v.path("/orders/ship.csv"), CSV: v.path("/orders.csv?list=to_ship"), Back: v.path("/orders?list=to_ship")}
}

func (h *Handler) renderShip(w http.ResponseWriter, r *http.Request, v *visit, status int, body shipPage) {
	h.render(w, r, v, status, page{Title: body.W.ShipTitle, Section: "orders", Body: body})
}

func showShipList(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	h.renderShip(w, r, v, http.StatusOK, h.shipPageOf(v))
}

// shipList shows the plan of an uploaded list, or carries out the one that was shown. Nothing is stored in between: the plan is made again when it is confirmed.
func shipList(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	if !h.form(w, r, v) {
		return
	}
	body := h.shipPageOf(v)
	raw, confirmed := []byte(r.PostFormValue("plan")), r.PostFormValue("plan") != ""
	if !confirmed {
		list := files(r, "file", 1)
		if len(list) == 0 {
			body.Error = body.W.NoFile
			h.renderShip(w, r, v, http.StatusUnprocessableEntity, body)
			return
		}
		var err error
		if raw, err = readFile(list[0], roster.MaxShipmentsSize); err != nil {
			h.trouble(w, r, v, err)
			return
		}
	}
	lines, err := roster.ParseShipments(raw)
	if err != nil {
		body.Error = body.W.listWrong(err)
		h.renderShip(w, r, v, http.StatusUnprocessableEntity, body)
		return
	}
	plan, err := h.planShipments(r.Context(), v, lines)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if confirmed {
		if err := h.carryOut(r.Context(), v, plan, &body); err != nil {
			h.trouble(w, r, v, err)
			return
		}
		body.Done = true
	} else if err := body.propose(plan); err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.renderShip(w, r, v, http.StatusOK, body)
}

// planned is one line of a list with its order.
type planned struct {
	shipRow
	order postern.Order
	same  bool // it is shipped so already
}

// planShipments finds each line's order and says what stands in its way. Orders are read by hundreds.
func (h *Handler) planShipments(ctx context.Context, v *visit, lines []roster.Shipment) ([]planned, error) {
	const atOnce = 500
	words, db := sellWordsOf(v.Lang), h.cfg.Engine.Store
	orders, buyers := map[string]postern.Order{}, map[string]postern.OrderBuyer{}
	for from := 0; from < len(lines); from += atOnce {
		part := lines[from:min(from+atOnce, len(lines))]
		numbers := make([]string, len(part))
		for i, l := range part {
			numbers[i] = l.Number
		}
		found, err := db.OrdersByNumber(ctx, v.Merchant.ID, numbers)
		if err != nil {
			return nil, err
		}
		who, err := db.OrderBuyers(ctx, v.Merchant.ID, idsOf(found))
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			orders[o.Number] = o
			buyers[o.ID] = who[o.ID]
		}
	}
	seen := map[string]bool{}
	list := make([]planned, 0, len(lines))
	for _, l := range lines {
		o, found := orders[l.Number]
		p := planned{shipRow: shipRow{Line: l.Line, Number: postern.FormatShortCode(l.Number), Carrier: l.Carrier, Tracking: l.Tracking, Title: o.Title, Who: buyers[o.ID].Name}, order: o}
		p.same = !o.ShippedAt.IsZero() && o.Carrier == l.Carrier && o.Tracking == l.Tracking
		switch {
		case l.Wrong != nil:
			p.Wrong = words.lineWrong(l.Wrong)
		case !found:
			p.Wrong = words.NoSuchOrder
		case seen[l.Number]:
			p.Wrong = words.Twice
		case o.State != postern.OrderPaid:
			p.Wrong = words.NotPaid
		case o.Ask == postern.AskGiven && o.ShippedAt.IsZero():
			p.Wrong = words.GivenBack
		case l.Carrier == "" && l.Tracking == "":
			p.Wrong = words.NoCarrier
		}
		seen[l.Number] = seen[l.Number] || l.Wrong == nil && found
		list = append(list, p)
	}
	return list, nil
}

// count sorts the lines of a plan into the page.
func (p *shipPage) count(plan []planned) {
	p.Rows, p.Fine, p.Wrong, p.Same = nil, 0, 0, 0
	for _, one := range plan {
		switch {
		case one.Wrong != "":
			p.Wrong++
		case one.same:
			p.Same++
			continue
		default:
			p.Fine++
		}
		p.Rows = append(p.Rows, one.shipRow)
	}
}

// propose shows a plan, with the lines that can be carried out as what is confirmed.
func (p *shipPage) propose(plan []planned) error {
	p.count(plan)
	if p.Fine == 0 {
		return nil
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	cells := [][]string{{"number", "carrier", "tracking"}}
	for _, one := range plan {
		if one.Wrong == "" && !one.same {
			cells = append(cells, []string{one.Number, one.Carrier, one.Tracking})
		}
	}
	err := out.WriteAll(cells)
	p.Plan = b.String()
	return err
}

// carryOut ships line by line, each in a commit of its own. What somebody else has changed in the meantime stands in its line.
func (h *Handler) carryOut(ctx context.Context, v *visit, plan []planned, body *shipPage) error {
	ctx, cancel := context.WithTimeout(ctx, shipTime)
	defer cancel()
	for i := range plan {
		one := &plan[i]
		if one.Wrong != "" || one.same {
			continue
		}
		if ctx.Err() != nil {
			one.Wrong = body.W.NotReached
			body.Left++
			continue
		}
		if _, err := h.cfg.Engine.Ship(ctx, v.Actor, v.Merchant.ID, one.order.ID, one.Carrier, one.Tracking); err != nil {
			if ctx.Err() != nil {
				one.Wrong = body.W.NotReached
				body.Left++
				continue
			}
			if !mild(err) {
				return err
			}
			one.Wrong = v.said(err)
		}
	}
	body.count(plan)
	return nil
}

// downloadOrders streams a list of orders as CSV, page by page, with what a carrier needs. The same file, filled in, is what shipList reads.
func downloadOrders(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	q, words := r.URL.Query(), sellWordsOf(v.Lang)
	which := orderListOf(q.Get("list"))
	from, until, ok := datesOf(q.Get("from"), q.Get("until"), v.Zone)
	if !ok {
		h.told(w, r, v, "/orders", postern.Invalid("from", postern.CodeInvalid, "the dates are none", "write 2026-11-30"))
		return
	}
	lines, err := h.orderLines(r, v, which, from, until, "")
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	download(w, "orders-"+v.Now.In(v.Zone).Format("20060102")+".csv")
	out := append([][]string{words.Columns}, lines.cells...)
	for {
		if roster.Write(&unmarked{w: w, marked: &lines.marked}, out) != nil || lines.next == "" {
			return // the person has gone, or all is told
		}
		marked := lines.marked
		if lines, err = h.orderLines(r, v, which, from, until, lines.next); err != nil {
			h.cfg.Log.ErrorContext(r.Context(), "console", "op", "download orders", "err", err)
			panic(http.ErrAbortHandler) // half a list must not look like a whole one
		}
		lines.marked = marked
		out = lines.cells
	}
}

// unmarked lets the mark at the beginning of a file through once: a list is written in several parts.
type unmarked struct {
	w      http.ResponseWriter
	marked *bool
}

func (u *unmarked) Write(p []byte) (int, error) {
	if *u.marked && string(p) == "\ufeff" {
		return len(p), nil
	}
	*u.marked = true
	return u.w.Write(p)
}

// download sets the headers of a file.
func download(w http.ResponseWriter, name string) {
	head := w.Header()
	head.Set("Content-Type", "text/csv; charset=utf-8")
	head.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
}

// datesOf reads a range of days in a zone, both inclusive; empty is no bound. The until that it returns is the midnight after.
func datesOf(from, until string, zone *time.Location) (a, b time.Time, ok bool) {
	read := func(s string, plus int) (time.Time, bool) {
		if s == "" {
			return time.Time{}, true
		}
		t, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(s), zone)
		if err != nil || t.Year() < 1990 || t.Year() > 2199 {
			return time.Time{}, false
		}
		return time.Date(t.Year(), t.Month(), t.Day()+plus, 0, 0, 0, 0, zone), true
	}
	a, fine := read(from, 0)
	b, ok = read(until, 1)
	return a, b, ok && fine && (a.IsZero() || b.IsZero() || b.After(a))
}

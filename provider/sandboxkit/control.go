package sandboxkit

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// maxAdvance bounds one push of the clock: enough for any agreement's end, too little to overflow.
const maxAdvance = 10 * 365 * 24 * time.Hour

// Control is the address on which tests, the demo and people steer a sandbox: JSON, minor units, callers on this machine only. Its paths are relative to where
// it is mounted (use http.StripPrefix).
//
//	GET    /orders                            [Order, ...]
//	POST   /orders/{order_no}/approve|decline {payer?}                      200 {order_no}, 404, 409
//	GET    /faults                            [Fault, ...]
//	POST   /faults                            {op, fault, times, delay_ms?} 200 {id}, 422 with what is known
//	DELETE /faults, /faults/{id}              204, 404
//	POST   /clock                             {advance_ms}                  200 {now}
//
// What a book can do beyond that is in extras.go.
func Control(book Book, faults *Faults, clock *Clock) http.Handler {
	c := &control{book: book, faults: faults, clock: clock}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", c.orders)
	mux.HandleFunc("POST /orders/{order_no}/approve", c.button(book.ApproveOrder))
	mux.HandleFunc("POST /orders/{order_no}/decline", c.button(book.DeclineOrder))
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, http.StatusOK, nonNil(faults.List())) })
	mux.HandleFunc("POST /faults", c.addFault)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		faults.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /faults/{id}", c.removeFault)
	mux.HandleFunc("POST /clock", c.advance)
	c.extras(mux)
	return LoopbackOnly(mux)
}

type control struct {
	book   Book
	faults *Faults
	clock  *Clock
}

func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (c *control) orders(w http.ResponseWriter, _ *http.Request) {
	orders := nonNil(c.book.Orders())
	for i := range orders {
		orders[i].Refunds = nonNil(orders[i].Refunds)
	}
	WriteJSON(w, http.StatusOK, orders)
}

func (c *control) button(press func(orderNo, payer string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Payer string `json:"payer"`
		}
		if err := ReadJSON(r, &in); err != nil {
			writeProblem(w, http.StatusUnprocessableEntity, err)
			return
		}
		no := r.PathValue("order_no")
		if err := press(no, in.Payer); err != nil {
			writeProblem(w, statusOf(err), err)
			return
		}
		WriteJSON(w, http.StatusOK, map[string]string{"order_no": no})
	}
}

func (c *control) addFault(w http.ResponseWriter, r *http.Request) {
	var in Fault
	err := ReadJSON(r, &in)
	if err == nil {
		in.ID, err = c.faults.Add(in)
	}
	if err != nil {
		writeProblem(w, http.StatusUnprocessableEntity, err)
		return
	}
	WriteJSON(w, http.StatusOK, map[string]string{"id": in.ID})
}

func (c *control) removeFault(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !c.faults.Remove(id) {
		writeProblem(w, http.StatusNotFound, fmt.Errorf("fault %q is not armed: GET faults lists those that are", id))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (c *control) advance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AdvanceMS int64 `json:"advance_ms"`
	}
	err := ReadJSON(r, &in)
	if err == nil && (in.AdvanceMS <= 0 || in.AdvanceMS > maxAdvance.Milliseconds()) {
		err = errors.New("advance_ms: give 1 to 315360000000 milliseconds; a clock cannot go back")
	}
	if err != nil {
		writeProblem(w, http.StatusUnprocessableEntity, err)
		return
	}
	c.clock.Advance(time.Duration(in.AdvanceMS) * time.Millisecond)
	WriteJSON(w, http.StatusOK, map[string]string{"now": c.clock.Now().Format(time.RFC3339Nano)})
}

package sandboxkit

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Coder is a Book whose buyers can show a payment code, which a seller scans. The code is used up by the first order that names it. With password, the order that it pays waits
// until the buyer approves it on the phone.
type Coder interface {
	ShowCode(payer string, password bool) (code string, err error)
}

// Biller is a Book that writes bill files of itself, in the provider's own format.
type Biller interface {
	// BillKinds are the provider's own words for the kinds of bills.
	BillKinds() []string
	// WriteBill returns the file of one day in Beijing and its name. ErrNotFound says that the provider would have no file for that day.
	WriteBill(kind string, day time.Time) (name string, file []byte, err error)
}

// Gatekeeper is a Book that can withdraw permissions of its merchants, one by one, and give them back. Act is pay, refund, settle or dispute; merchant is the
// provider's number of the merchant, empty for the first account. Asking the provider for its limits shows them, where the provider has such a call.
type Gatekeeper interface {
	Permit(act, merchant string, allowed bool) error
}

// Rotator is a Book whose provider can change its own key or certificate, as real ones do: from then on it signs with another one, and its old one is still published where
// the provider publishes keys.
type Rotator interface {
	RotateKey() (keyID string, err error)
}

// Opener is a Book whose wallet is opened by the merchant's own app, with what the switch handed to it.
type Opener interface {
	OpenApp(content string, params map[string]string) (orderNo string, err error)
}

// extras adds what a book can do beyond the common buttons.
//
//	POST /codes                     {payer?, password?}          200 {code}
//	GET  /bills                                                  [kind, ...]
//	GET  /bills/{kind}?date=        2026-11-24                   the file; 404 when the provider has none
//	POST /permissions               {act, merchant?, allowed}    204
//	POST /app                       {content?, params?}          200 {order_no}
//	POST /rotate                                                 200 {key_id}
func (c *control) extras(mux *http.ServeMux) {
	if b, ok := c.book.(Coder); ok {
		mux.HandleFunc("POST /codes", showCode(b))
	}
	if b, ok := c.book.(Biller); ok {
		mux.HandleFunc("GET /bills", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, http.StatusOK, nonNil(b.BillKinds())) })
		mux.HandleFunc("GET /bills/{kind}", bill(b))
	}
	if b, ok := c.book.(Gatekeeper); ok {
		mux.HandleFunc("POST /permissions", permit(b))
	}
	if b, ok := c.book.(Opener); ok {
		mux.HandleFunc("POST /app", openApp(b))
	}
	if b, ok := c.book.(Rotator); ok {
		mux.HandleFunc("POST /rotate", func(w http.ResponseWriter, _ *http.Request) {
			id, err := b.RotateKey()
			if err != nil {
				writeProblem(w, statusOf(err), err)
				return
			}
			WriteJSON(w, http.StatusOK, map[string]string{"key_id": id})
		})
	}
}

func showCode(b Coder) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Payer    string `json:"payer"`
			Password bool   `json:"password"`
		}
		if err := ReadJSON(r, &in); err != nil {
			writeProblem(w, http.StatusUnprocessableEntity, err)
			return
		}
		code, err := b.ShowCode(in.Payer, in.Password)
		if err != nil {
			writeProblem(w, statusOf(err), err)
			return
		}
		WriteJSON(w, http.StatusOK, map[string]string{"code": code})
	}
}

// beijing is the zone of providers' days.
var beijing = time.FixedZone("+08:00", 8*60*60)

func bill(b Biller) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		day, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("date"), beijing)
		if err != nil {
			writeProblem(w, http.StatusUnprocessableEntity, errors.New("date: give a day as 2026-11-24"))
			return
		}
		name, file, err := b.WriteBill(r.PathValue("kind"), day)
		if err != nil {
			writeProblem(w, statusOf(err), err)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+escapeName(name))
		w.Header().Set("Content-Length", strconv.Itoa(len(file)))
		_, _ = w.Write(file) // the caller is gone when this fails
	}
}

// escapeName writes a file name as RFC 5987 wants it in a header.
func escapeName(name string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(name))
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
			out = append(out, c)
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

func permit(b Gatekeeper) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Act      string `json:"act"`
			Merchant string `json:"merchant"`
			Allowed  bool   `json:"allowed"`
		}
		if err := ReadJSON(r, &in); err != nil {
			writeProblem(w, http.StatusUnprocessableEntity, err)
			return
		}
		if err := b.Permit(in.Act, in.Merchant, in.Allowed); err != nil {
			status := statusOf(err)
			if status == http.StatusInternalServerError {
				status = http.StatusUnprocessableEntity
			}
			writeProblem(w, status, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func openApp(b Opener) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Content string            `json:"content"`
			Params  map[string]string `json:"params"`
		}
		if err := ReadJSON(r, &in); err != nil {
			writeProblem(w, http.StatusUnprocessableEntity, err)
			return
		}
		no, err := b.OpenApp(in.Content, in.Params)
		if err != nil {
			writeProblem(w, statusOf(err), err)
			return
		}
		WriteJSON(w, http.StatusOK, map[string]string{"order_no": no})
	}
}

package sandboxkit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// till is a tiny real book: one order per number.
type till struct {
	orders map[string]*Order
	payer  map[string]string
	back   string
}

func newTill() *till {
	return &till{orders: map[string]*Order{"o1": {OrderNo: "o1", ProviderNo: "p1", Amount: 6800, Currency: "CNY", Status: "WAITING"}}, payer: map[string]string{}}
}

func (b *till) Orders() []Order {
	var all []Order
	for _, o := range b.orders {
		all = append(all, *o)
	}
	return all
}

func (b *till) end(no, payer, status string) error {
	o := b.orders[no]
	if o == nil {
		return fmt.Errorf("order %s: %w", no, ErrNotFound)
	}
	if o.Status != "WAITING" {
		return fmt.Errorf("order %s is %s: %w", no, o.Status, ErrConflict)
	}
	o.Status, b.payer[no] = status, payer
	return nil
}

func (b *till) ApproveOrder(no, payer string) error { return b.end(no, payer, "PAID") }
func (b *till) DeclineOrder(no, payer string) error { return b.end(no, payer, "DECLINED") }

func (b *till) Scan(code, _ string) (string, error) {
	if _, ok := b.orders[strings.TrimPrefix(code, "code-")]; !ok {
		return "", fmt.Errorf("code %s: %w", code, ErrNotFound)
	}
	return strings.TrimPrefix(code, "code-"), nil
}

func (b *till) Waiting(payer string) []Bill {
	var bills []Bill
	for no := range b.orders {
		if bill, _ := b.Bill(no, payer); bill.Waiting {
			bills = append(bills, bill)
		}
	}
	return bills
}

func (b *till) Bill(id, _ string) (Bill, error) {
	o := b.orders[id]
	if o == nil {
		return Bill{}, fmt.Errorf("order %s: %w", id, ErrNotFound)
	}
	return Bill{ID: id, OrderNo: id, Title: "<tea>", Payee: "Shop", Amount: "¥68.00", Status: o.Status, Waiting: o.Status == "WAITING"}, nil
}

func (b *till) Approve(id, payer string) (Outcome, error) {
	return Outcome{Status: "PAID", ReturnURL: b.back, Message: map[string]string{"resultCode": "9000"}}, b.end(id, payer, "PAID")
}

func (b *till) Decline(id, payer string) (Outcome, error) {
	return Outcome{Status: "DECLINED", ReturnURL: b.back}, b.end(id, payer, "DECLINED")
}

func call(h http.Handler, method, path, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:5"
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestControl(t *testing.T) {
	book, clock := newTill(), virtual()
	h := Control(book, NewFaults("query"), clock)
	for _, step := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/orders", "", 200, `[{"order_no":"o1","provider_no":"p1","amount":6800,"currency":"CNY","status":"WAITING","refunds":[]}]`},
		{"POST", "/orders/nope/approve", "", 404, "no such order"},
		{"POST", "/orders/o1/approve", `{"payer":"li"}`, 200, "o1"},
		{"POST", "/orders/o1/decline", "", 409, "not possible"},
		{"POST", "/orders/o1/approve", `{"who":"li"}`, 422, "unknown field"},
		{"POST", "/faults", `{"op":"query","fault":"bang","times":1}`, 422, "drop_response"},
		{"POST", "/faults", `{"op":"fly","fault":"delay","times":1}`, 422, "query"},
		{"POST", "/faults", `{"op":"query","fault":"delay","times":2,"delay_ms":5}`, 200, "fault_1"},
		{"GET", "/faults", "", 200, `"times":2`},
		{"DELETE", "/faults/fault_9", "", 404, "fault_9"},
		{"DELETE", "/faults/fault_1", "", 204, ""},
		{"POST", "/faults", `{"op":"*","fault":"delay","times":1}`, 200, "fault_2"},
		{"DELETE", "/faults", "", 204, ""},
		{"GET", "/faults", "", 200, "[]"},
		{"POST", "/clock", `{"advance_ms":90000}`, 200, "2026-11-22T12:01:30Z"},
		{"POST", "/clock", `{"advance_ms":-1}`, 422, "advance_ms"},
		{"POST", "/clock", strings.Repeat("x", MaxBody+1), 422, "65536"},
	} {
		w := call(h, step.method, step.path, "application/json", step.body)
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.says) {
			t.Errorf("%s %s: %d %s; want %d and %q", step.method, step.path, w.Code, w.Body, step.status, step.says)
		}
	}
	if book.payer["o1"] != "li" {
		t.Errorf("paid by %q", book.payer["o1"])
	}
}

func TestControlAnswersLoopbackOnly(t *testing.T) {
	h := Control(newTill(), NewFaults(), virtual())
	for remote, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "10.0.0.9:1": 403, "192.0.2.1:80": 403, "": 403} {
		r := httptest.NewRequest("GET", "/orders", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("caller %q got %d, want %d", remote, w.Code, want)
		}
	}
	r := httptest.NewRequest("GET", "/orders", nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 403 {
		t.Errorf("a page of another site got %d", w.Code)
	}
}

func testPhone(book *till) *Phone {
	return NewPhone(PhoneConfig{Brand: Brand{NameZH: "模拟支付", NameEN: "Sim Pay", Color: "#1677ff"}, Base: "/phone", Wallet: book, DefaultPayer: "buyer1"})
}

func TestPhonePages(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	book := newTill()
	h := testPhone(book)
	for _, step := range []struct {
		method, path, kind, body string
		status                   int
		says                     string
	}{
		{"GET", "/phone?lang=en", "", "", 200, "Sim Pay"},
		{"GET", "/phone", "", "", 200, "模拟支付"},
		{"GET", "/phone", "", "", 200, "&lt;tea&gt;"},
		{"GET", "/phone?payer=a/b", "", "", 400, "payer"},
		{"GET", "/phone/scan", "", "", 200, "<form"},
		{"GET", "/phone/scan?code=zzz&lang=en", "", "", 404, "That did not work"},
		{"GET", "/phone/scan/code-o1?payer=li", "", "", 303, ""},
		{"GET", "/phone/order/o1?payer=li", "", "", 200, "¥68.00"},
		{"GET", "/phone/order/none", "", "", 404, "无法完成"},
		{"POST", "/phone/order/o1/approve", form, "payer=li", 200, "resultCode"},
		{"POST", "/phone/order/o1/approve", form, "payer=li", 409, "not possible"},
		{"POST", "/phone/order/o1/decline", "application/json", `{"payer":"li"}`, 409, "not possible"},
		{"POST", "/phone/order/o1/decline", "application/json", `{"payer":""`, 422, "JSON"},
		{"GET", "/phone/order/o1?lang=en", "", "", 200, "cannot be paid now"},
	} {
		w := call(h, step.method, step.path, step.kind, step.body)
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.says) {
			t.Errorf("%s %s: %d %s; want %d and %q", step.method, step.path, w.Code, w.Body, step.status, step.says)
		}
	}
	if book.payer["o1"] != "li" {
		t.Errorf("paid by %q, want li", book.payer["o1"])
	}
}

func TestPhoneReturns(t *testing.T) {
	book := newTill()
	book.back = "https://shop.example/back?x=1"
	w := call(testPhone(book), "POST", "/phone/order/o1/approve", "application/x-www-form-urlencoded", "")
	if w.Code != 303 || w.Header().Get("Location") != book.back {
		t.Fatalf("got %d to %q", w.Code, w.Header().Get("Location"))
	}
	book = newTill()
	w = call(testPhone(book), "POST", "/phone/order/o1/decline", "application/json", `{"payer":"wu"}`)
	var out Outcome
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.Status != "DECLINED" || book.payer["o1"] != "wu" {
		t.Fatalf("got %d %s, payer %q", w.Code, w.Body, book.payer["o1"])
	}
}

// TestPhoneLoadsNothing checks that the page names no other host and may be framed.
func TestPhoneLoadsNothing(t *testing.T) {
	w := call(testPhone(newTill()), "GET", "/phone", "", "")
	if strings.Contains(w.Body.String(), "//") || w.Header().Get("X-Frame-Options") != "" || strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors") {
		t.Fatalf("policy %q, page %s", w.Header().Get("Content-Security-Policy"), w.Body)
	}
}

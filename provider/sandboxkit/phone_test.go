package sandboxkit

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// shower shows one payment code and notes for whom.
type shower struct {
	payer    string
	password bool
}

func (s *shower) ShowCode(payer string, password bool) (string, error) {
	s.payer, s.password = payer, password
	return "134567890123456789", nil
}

// TestThePhoneShowsAPaymentCode: a buyer with a wallet that has such codes shows one on the phone, in groups that a person can read out; a wallet without has no button and no address.
func TestThePhoneShowsAPaymentCode(t *testing.T) {
	codes := &shower{}
	with := NewPhone(PhoneConfig{Brand: Brand{NameZH: "模拟支付", NameEN: "Sim Pay", Color: "#1677ff"}, Base: "/phone", Wallet: newTill(), Codes: codes, DefaultPayer: "buyer1"})
	without := NewPhone(PhoneConfig{Brand: Brand{NameZH: "模拟支付", NameEN: "Sim Pay", Color: "#1677ff"}, Base: "/phone", Wallet: newTill(), DefaultPayer: "buyer1"})
	get := func(p *Phone) string {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/phone?lang=en", http.NoBody))
		return w.Body.String()
	}
	if page := get(with); !strings.Contains(page, "Show a payment code") {
		t.Error("no button")
	}
	if page := get(without); strings.Contains(page, "Show a payment code") {
		t.Error("a button that leads nowhere")
	}
	post := func(p *Phone) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/phone/code?lang=en&payer=buyer7", strings.NewReader(url.Values{"payer": {"buyer7"}, "password": {"1"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w
	}
	if w := post(with); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "1345 6789 0123 4567 89") || codes.payer != "buyer7" || !codes.password {
		t.Errorf("%d %+v", w.Code, codes)
	}
	if w := post(without); w.Code != http.StatusNotFound {
		t.Errorf("HTTP %d", w.Code)
	}
}

package checkout_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTheWalletThatPaidHereGoesFirst: this browser's next order offers it first, another browser's history is its own, and what the cookie says can name our own
// providers only.
func TestTheWalletThatPaidHereGoesFirst(t *testing.T) {
	s := openShop(t)
	phone := []string{"User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"}
	first := func() string {
		t.Helper()
		_, link := s.order("O" + time.Now().Format("150405.000000000"))
		page := s.do(http.MethodGet, link, nil, phone...)
		s.wantScreen(page, "choose")
		_, after, _ := strings.Cut(page.body, `name="provider" value="`)
		code, _, _ := strings.Cut(after, `"`)
		return code
	}
	usual := first()
	other := map[string]string{"alipay": "wechatpay", "wechatpay": "alipay"}[usual]
	p, link := s.order("paid")
	s.do(http.MethodPost, link+"/start", choice(other, "h5"), phone...)
	a := s.stateOf(p).Attempts[0]
	s.do(http.MethodGet, a.Action.URL, nil, phone...)
	s.must(s.Approve(t.Context(), a, ""))
	s.pass(time.Minute)
	s.wantScreen(s.do(http.MethodGet, link, nil, phone...), "paid")
	if got := first(); got != other {
		t.Errorf("after paying with %s this browser is offered %s first", other, got)
	}
	s.client.Jar = nil
	phone = append(phone, "Cookie", "postern_wallets="+usual) // another browser, with a history of its own
	if got := first(); got != usual {
		t.Errorf("a browser that paid with %s is offered %s first", usual, got)
	}
	if got := s.do(http.MethodGet, link, nil, append(phone[:2:2], "Cookie", "postern_wallets=nobody.%00.wechatpay")...); got.status != http.StatusOK {
		t.Errorf("a made-up cookie: %d", got.status)
	}
}

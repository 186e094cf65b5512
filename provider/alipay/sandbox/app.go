package sandbox

import (
	"fmt"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// OpenApp is the wallet's own app, opened by the merchant's app with a signed order string, or by a mini program with the number of a trade.
func (b buttons) OpenApp(content string, params map[string]string) (string, error) {
	s := b.s
	if no := params["tradeNO"]; no != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		if o := s.book.byNo[no]; o != nil {
			return o.outTradeNo, nil
		}
		return "", fmt.Errorf("trade %s: %w", no, sandboxkit.ErrNotFound)
	}
	p, err := wire.ParseForm(content)
	if err != nil {
		return "", fmt.Errorf("the order string: %w: %w", err, sandboxkit.ErrConflict)
	}
	m := methods[p["method"]]
	if !m.app {
		return "", fmt.Errorf("the order string is for %.40q and not for an app: %w", p["method"], sandboxkit.ErrConflict)
	}
	c, bad := s.admit(p, p["method"], m)
	if bad == nil {
		bad = s.ordered(c)
	}
	if bad == nil {
		_, bad = m.page(s, c)
	}
	if bad != nil {
		return "", fmt.Errorf("%s %s: %w", bad.sub, bad.message, sandboxkit.ErrConflict)
	}
	return c.biz.Text("out_trade_no"), nil
}

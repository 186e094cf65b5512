package all_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/all"
	"postern/provider/providertest"
)

// TestPermissionsGoOneByOne: from the simulators whose provider has no call that shows it, paying is withdrawn and given back, and so is refunding, and neither takes the other along.
func TestPermissionsGoOneByOne(t *testing.T) {
	for _, maker := range all.SandboxesOf("unionpay", "bill99", "tenpay") {
		t.Run(maker.Code, func(t *testing.T) {
			s := subject(t, maker, "")
			permit := func(act string, allowed bool) {
				t.Helper()
				body := `{"act":"` + act + `","allowed":false}`
				if allowed {
					body = strings.Replace(body, "false", "true", 1)
				}
				if status := control(t, s, "/permissions", body); status != http.StatusNoContent {
					t.Fatalf("%s %v: status %d", act, allowed, status)
				}
			}
			a, taken := buy(t, s)
			if !taken {
				t.Fatal("with every permission nothing is sold")
			}
			permit("pay", false)
			if _, taken := buy(t, s); taken {
				t.Error("without the permission to collect an order was taken")
			}
			q := s.Connector.Query(t.Context(), s.Call, a)
			if q.State != provider.Paid {
				t.Fatalf("what was paid before is %+v", q)
			}
			refund := func() provider.RefundState {
				r := provider.RefundRequest{
					Refund:  postern.Refund{Number: postern.NewNumber(s.Clock.Now(), s.Call.Env.Rand), Amount: 100, Currency: "CNY", CreatedAt: s.Clock.Now()},
					Attempt: a, TxnNo: q.Money.TxnNo, Total: 6800, NotifyURL: s.NotifyURL,
				}
				return s.Connector.(provider.Refunder).Refund(t.Context(), s.Call, r).State
			}
			if got := refund(); got != provider.RefundPending && got != provider.RefundDone {
				t.Errorf("the refund went with the collecting: %s", got)
			}
			permit("refund", false)
			if got := refund(); got == provider.RefundPending || got == provider.RefundDone {
				t.Errorf("without the permission to refund: %s", got)
			}
			permit("pay", true)
			permit("refund", true)
			if _, taken := buy(t, s); !taken {
				t.Error("given back, and nothing is sold")
			}
			if got := refund(); got != provider.RefundPending && got != provider.RefundDone {
				t.Errorf("given back, and the refund is %s", got)
			}
		})
	}
}

// control posts to a simulator's control address.
func control(t *testing.T, s providertest.Subject, path, body string) int {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	s.Control.ServeHTTP(w, r)
	return w.Code
}

// buy places an order by a page, brings the buyer's browser there, and lets it be paid. It says whether the provider took it.
func buy(t *testing.T, s providertest.Subject) (postern.Attempt, bool) {
	t.Helper()
	now := s.Clock.Now()
	a := postern.Attempt{Number: postern.NewNumber(now, s.Call.Env.Rand), Product: "page", Amount: 6800, Currency: "CNY", GenerationID: s.Call.Keys[0].ID, CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute)}
	r := s.Connector.Start(t.Context(), s.Call, provider.StartRequest{Attempt: a, Description: "烧饼", NotifyURL: s.NotifyURL, ReturnURL: "http://127.0.0.1/r", ClientIP: "127.0.0.1"})
	if r.State != provider.Pending {
		t.Fatalf("%+v", r)
	}
	form := url.Values{}
	for name, value := range r.Action.Fields {
		form.Set(name, value)
	}
	response, err := http.PostForm(r.Action.URL, form)
	if err == nil && r.Action.Type == postern.ActionRedirect {
		_ = response.Body.Close()
		response, err = http.Get(r.Action.URL)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return a, control(t, s, "/orders/"+a.Number+"/approve", "{}") == http.StatusOK
}

package callback_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern"
	"postern/callback"
	"postern/engine"
	"postern/sim"
)

// ask sends a message as the query of a request with another method than POST.
func (b *bench) ask(method string, m message) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequest(method, "http://"+sim.Host+m.path, http.NoBody)
	r.URL.RawQuery = string(m.body)
	r.Header = m.header.Clone()
	w := httptest.NewRecorder()
	b.tap.next.ServeHTTP(w, r)
	return w
}

// acknowledged is the exact answer to a notification by GET.
const acknowledged = "200 text/html; charset=utf-8 <result>1</result><redirecturl></redirecturl>"

// plain writes an answer in one line.
func plain(w *httptest.ResponseRecorder) string {
	return fmt.Sprintf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
}

// TestANotificationByQuery: the raw query of a GET is the message: kept byte for byte, applied once, acknowledged exactly each time. The same message as a POST is
// as good.
func TestANotificationByQuery(t *testing.T) {
	b := newBench(t, nil)
	p, a, m := b.caught("Q1", byQuery)
	for range 3 {
		if got := plain(b.ask(http.MethodGet, m)); got != acknowledged {
			t.Errorf("the answer is %s", got)
		}
	}
	if got := plain(b.send(m)); got != acknowledged {
		t.Errorf("as a POST: %s", got)
	}
	s := b.state(p)
	if s.Payment.Status != postern.PaymentPaid || len(s.Receipts) != 1 {
		t.Errorf("payment %s with %d receipts", s.Payment.Status, len(s.Receipts))
	}
	if got := b.outcomes(a); got[engine.OutcomeApplied] != 1 || got[engine.OutcomeDuplicate] != 3 {
		t.Errorf("outcomes %v", got)
	}
	rows, err := b.w.Store.Notifications(context.Background(), a.MerchantID, a.ID)
	if err != nil || string(rows[0].Body) != string(m.body) {
		t.Errorf("the query was not kept as it was: %q %v", rows[0].Body, err)
	}
}

// TestForgedQueries: a changed query changes nothing and is not acknowledged.
func TestForgedQueries(t *testing.T) {
	b := newBench(t, nil)
	p, a, m := b.caught("Q2", byQuery)
	for i := range m.body {
		changed := message{m.path, m.header, append([]byte(nil), m.body...)}
		changed.body[i] ^= 1
		if got := b.ask(http.MethodGet, changed); got.Code == http.StatusOK || strings.Contains(got.Body.String(), "<result>1") {
			t.Errorf("byte %d changed: %s", i, plain(got))
		}
	}
	if s := b.state(p); s.Payment.Status != postern.PaymentProcessing || len(s.Receipts) != 0 {
		t.Errorf("payment %s", s.Payment.Status)
	}
	if got := b.outcomes(a); len(got) != 1 || got[engine.OutcomeRejected] == 0 {
		t.Errorf("outcomes %v", got)
	}
}

// TestPOSTStaysAsItIs: an address that somebody opens, another method, or a query too long is no notification and leaves no trace; a query beside a POST is not
// read.
func TestPOSTStaysAsItIs(t *testing.T) {
	b := newBench(t, nil)
	_, a, m := b.caught("Q3", "alipay")
	opened := m
	opened.body = nil
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if got := b.ask(method, opened); got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != http.MethodPost {
			t.Errorf("%s without a query: %d", method, got.Code)
		}
	}
	if got := b.ask(http.MethodHead, m); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("HEAD with a query: %d", got.Code)
	}
	if got := b.ask(http.MethodPut, m); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", got.Code)
	}
	long := m
	long.body = []byte("x=" + strings.Repeat("y", callback.MaxBody))
	if got := b.ask(http.MethodGet, long); got.Code != http.StatusRequestURITooLong {
		t.Errorf("a long query: %d", got.Code)
	}
	if got := b.outcomes(a); len(got) != 0 {
		t.Errorf("outcomes %v", got)
	}
	beside := message{m.path + "?sign=AAAA", m.header, m.body}
	b.want("with a query beside", b.send(beside), acks["alipay"].good)
	if got := b.outcomes(a); got[engine.OutcomeApplied] != 1 {
		t.Errorf("outcomes %v", got)
	}
}

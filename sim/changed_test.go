package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
)

// TestT9ChangedOnItsWay: a proxy in front lays the body out anew, adds a line end, unescapes it. The signature is over what the provider sent, so it is refused, with the raw bytes and what was done
// to them kept for whoever looks; the next copy, unchanged, pays. What does not touch the bytes that are signed (the case of headers, another way to write a form) is taken.
//
// Red without: disturbed (engine/disturbed.go).
func TestT9ChangedOnItsWay(t *testing.T) {
	indent := func(b []byte) []byte {
		var out bytes.Buffer
		must(t, json.Indent(&out, b, "", "  "))
		return out.Bytes()
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		says   string
	}{
		"laid out anew":   {indent, "laid out anew"},
		"a line end more": {func(b []byte) []byte { return append(bytes.Clone(b), '\n') }, "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, w := context.Background(), newWorld(t, 1)
			p, a, k := heldNotice(t, w, wechat)
			changed := k.message
			changed.Body = c.change(bytes.Clone(k.message.Body))
			if status, _, err := w.Send(ctx, k.id, changed); err != nil || status < 400 {
				t.Errorf("answered %d %v", status, err)
			}
			rows, err := w.Store.Notifications(ctx, a.MerchantID, a.ID)
			must(t, err)
			if len(rows) != 1 || rows[0].Outcome != engine.OutcomeRejected || !bytes.Equal(rows[0].Body, changed.Body) || !strings.Contains(rows[0].Detail, c.says) {
				t.Errorf("kept: %+v", rows)
			}
			if s := state(t, w, p); len(s.Receipts) > 0 {
				t.Error("a changed message was believed")
			}
			if status, _, err := w.Send(ctx, k.id, k.message); err != nil || status >= 300 {
				t.Errorf("the genuine one is answered %d %v", status, err)
			}
			wantPayment(t, w, p, postern.PaymentPaid)
		})
	}
	t.Run("headers in another case", func(t *testing.T) {
		w := newWorld(t, 1)
		p, _, k := heldNotice(t, w, wechat)
		lower := http.Header{}
		for name, values := range k.message.Header {
			lower.Set(strings.ToLower(name), values[0])
		}
		k.message.Header = lower
		if status, body, err := w.Send(context.Background(), k.id, k.message); err != nil || status >= 300 {
			t.Errorf("answered %d %s %v", status, body, err)
		}
		wantPayment(t, w, p, postern.PaymentPaid)
	})
	t.Run("a form written in another way", func(t *testing.T) {
		w := newWorld(t, 1)
		p, _, k := heldNotice(t, w, alipay)
		form, err := url.ParseQuery(string(k.message.Body))
		must(t, err)
		k.message.Body = []byte(strings.ReplaceAll(form.Encode(), "+", "%20"))
		if status, body, err := w.Send(context.Background(), k.id, k.message); err != nil || body != "success" {
			t.Errorf("answered %d %s %v", status, body, err)
		}
		run(t, w, time.Minute)
		wantPayment(t, w, p, postern.PaymentPaid)
		agree(t, w)
	})
}

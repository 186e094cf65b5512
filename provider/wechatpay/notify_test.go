package wechatpay

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

func read(r *rig, number string, m provider.Message) (provider.Notice, error) {
	v, err := New().ReadNotification(r.call, attempt(ProductNative, number), m)
	n, ok := v.Notice()
	if ok != (err == nil) {
		r.t.Errorf("verified is %v with error %v", ok, err)
	}
	return n, err
}

func TestNotifications(t *testing.T) {
	r := newRig(t, nil)
	paid := r.paid("order00001")
	n, err := read(r, "order00001", r.received[0])
	if err != nil || n.State != provider.Paid || *n.Money != *paid.Money || n.Number != "order00001" || n.Account != testMchID || !n.SettingsMatch || n.RefundNumber != "" ||
		!n.OccurredAt.Equal(epoch) {
		t.Errorf("payment: %+v %+v %v", n, n.Money, err)
	}
	for i, c := range []struct {
		fault string
		want  provider.RefundState
	}{{"", provider.RefundDone}, {sandbox.FaultRefundAbnormal, provider.RefundStuck}, {sandbox.FaultRefundClosed, provider.RefundFailed}} {
		if c.fault != "" {
			r.arm(sandbox.OpRefund, c.fault)
		}
		no := fmt.Sprintf("refund%d", i)
		New().Refund(ctx, r.call, r.refundOf(paid, "order00001", no, 100))
		r.run(time.Second)
		n, err := read(r, "order00001", r.received[len(r.received)-1])
		if err != nil || n.RefundState != c.want || n.RefundNumber != no || n.RefundAmount != 100 || n.Number != "order00001" || !n.SettingsMatch || n.Money != nil {
			t.Errorf("%s: %+v %v", c.want, n, err)
		}
	}
	if ok, no := New().Acknowledge(true), New().Acknowledge(false); ok.Status != 200 || ok.Body != `{"code":"SUCCESS","message":"成功"}` || no.Status != 500 || no.Body != `{"code":"FAIL","message":"失败"}` {
		t.Errorf("%+v %+v", ok, no)
	}
}

func TestNotificationBehindOtherKeys(t *testing.T) {
	r := newRig(t, func(c *sandbox.Config) { c.NotifyWithPublicKey = true })
	r.paid("order00001")
	m := r.received[0]
	if _, err := read(r, "order00001", m); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("signed by a public key that we do not have: %v", err)
	}
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	if _, err := read(r, "order00001", m); err != nil {
		t.Errorf("grey release: %v", err)
	}
	r.call.Keys = []provider.Generation{generation("gen_2", strings.Repeat("0", 32)), generation("gen_1", testKey)}
	r.call.Keys[1].Handles[KeyPlatformPublic] = publicKey()
	if _, err := read(r, "order00001", m); err != nil {
		t.Errorf("after a change of the APIv3 key: %v", err)
	}
	gone := attempt(ProductNative, "order00001")
	gone.GenerationID = "gen_0"
	if _, err := New().ReadNotification(r.call, gone, m); err != nil {
		t.Errorf("for an attempt of a generation that is gone: %v", err)
	}
	r.call.Keys = r.call.Keys[:1]
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	if _, err := read(r, "order00001", m); !errors.Is(err, wire.ErrResource) || errors.Is(err, provider.ErrUnverified) {
		t.Errorf("without the right APIv3 key: %v", err)
	}
	delete(r.call.Keys[0].Handles, KeyAPIv3)
	if _, err := read(r, "order00001", m); err == nil || !strings.Contains(err.Error(), KeyAPIv3) {
		t.Errorf("without an APIv3 key: %v", err)
	}
}

// Probes and other bad notifications are refused, and the schedule brings a good one.
func TestProbeIsRefusedAndComesAgain(t *testing.T) {
	r := newRig(t, nil)
	r.answer = http.StatusInternalServerError
	for _, fault := range []string{sandbox.FaultProbe, sandbox.FaultUnknownSerial, sandboxkit.WrongSignature} {
		r.arm(sandboxkit.OpNotify, fault)
	}
	r.paid("order00001")
	r.run(15 * time.Second)
	r.run(15 * time.Second)
	r.run(30 * time.Second)
	if len(r.received) != 4 {
		t.Fatalf("%d tries", len(r.received))
	}
	for i, m := range r.received {
		_, err := read(r, "order00001", m)
		if errors.Is(err, provider.ErrUnverified) != (i < 3) {
			t.Errorf("try %d: %v", i+1, err)
		}
		if i == 0 && (err == nil || !strings.Contains(err.Error(), "on purpose")) {
			t.Errorf("a probe must not look like an attack in the log: %v", err)
		}
	}
}

// signed is a genuine notification with any content, as WeChat would sign it.
func (r *rig) signed(event string, plain string, key string) provider.Message {
	r.t.Helper()
	res, err := wire.SealResource("transaction", "transaction", "123456789012", []byte(plain), newBox(key).Seal)
	if err != nil {
		r.t.Fatal(err)
	}
	body, err := wire.Encode(wire.Notification{ID: "EV-1", CreateTime: wire.FormatTime(epoch), ResourceType: "encrypt-resource", EventType: event, Resource: res})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.signedRaw(body)
}

func (r *rig) signedRaw(body []byte) provider.Message {
	r.t.Helper()
	h := http.Header{}
	p := platform(0)
	if err := wire.SignHeaders(h, p.id, epoch.Unix(), "nonce", body, func(m []byte) ([]byte, error) { return p.Sign(provider.RSASHA256, m) }); err != nil {
		r.t.Fatal(err)
	}
	return provider.Message{Header: h, Body: body, ReceivedAt: epoch}
}

const goodPlain = `{"mchid":"1900009191","appid":"wxd678efh567hg6787","out_trade_no":"order00001","transaction_id":"4200","trade_state":"SUCCESS","trade_state_desc":"支付成功",` +
	`"success_time":"2026-11-22T12:00:00+08:00","amount":{"total":6800,"currency":"CNY"}}`

// Genuine signatures over somebody else's or senseless content: shown as what they are, never as ours.
func TestSignedButForeign(t *testing.T) {
	r := newRig(t, nil)
	if n, err := read(r, "order00001", r.signed(wire.EventPaid, goodPlain, testKey)); err != nil || n.State != provider.Paid || !n.SettingsMatch {
		t.Fatalf("%+v %v", n, err)
	}
	edit := func(old, new string) string {
		if !strings.Contains(goodPlain, old) {
			t.Fatalf("%q is not in the message", old)
		}
		return strings.Replace(goodPlain, old, new, 1)
	}
	for _, c := range [][2]string{{"1900009191", "1900009192"}, {testAppID, "wx0000000000000000"}, {`"appid":"wxd678efh567hg6787",`, ""}} {
		if n, err := read(r, "order00001", r.signed(wire.EventPaid, edit(c[0], c[1]), testKey)); err != nil || n.SettingsMatch {
			t.Errorf("%v matches: %+v %v", c, n, err)
		}
	}
	if n, err := read(r, "order00001", r.signed(wire.EventPaid, edit("order00001", "order00002"), testKey)); err != nil || n.Number != "order00002" {
		t.Errorf("another order: %+v %v", n, err)
	}
	if n, err := read(r, "order00001", r.signed(wire.EventPaid, edit("6800", "1"), testKey)); err != nil || n.Money.Amount != 1 {
		t.Errorf("another amount: %+v %v", n, err)
	}
	for name, plain := range map[string]string{"no transaction": edit(`"transaction_id":"4200",`, ""), "no amount": edit(`,"amount":{"total":6800,"currency":"CNY"}`, ""),
		"zero": edit("6800", "0"), "negative": edit("6800", "-6800"), "fraction": edit("6800", "68.00"), "two totals": edit(`"total":6800`, `"total":1,"total":6800`)} {
		if n, err := read(r, "order00001", r.signed(wire.EventPaid, plain, testKey)); err == nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
	for event, plain := range map[string]string{wire.EventPaid: edit("SUCCESS", "SOMETHING_NEW"), "PAYSCORE.USER_PAID": goodPlain} {
		if n, err := read(r, "order00001", r.signed(event, plain, testKey)); err != nil || n.State != provider.Pending || n.Money != nil {
			t.Errorf("%s: %+v %v", event, n, err)
		}
	}
	if n, err := read(r, "order00001", r.signed(wire.EventRefundSuccess, `{"mchid":"1900009191","out_trade_no":"order00001"}`, testKey)); err == nil {
		t.Errorf("a refund without number: %+v", n)
	}
	for _, body := range []string{"", "{}", "null", `{"id":"1","event_type":"` + wire.EventPaid + `"}`} {
		if n, err := read(r, "order00001", r.signedRaw([]byte(body))); err == nil {
			t.Errorf("%q: %+v", body, n)
		}
	}
}

// forgeries are changes of a genuine message; none may be believed.
func forgeries(t *testing.T, genuine, other provider.Message) map[string]provider.Message {
	all := map[string]provider.Message{}
	add := func(name string, change func(*provider.Message)) {
		m := provider.Message{Header: genuine.Header.Clone(), Body: bytes.Clone(genuine.Body), ReceivedAt: genuine.ReceivedAt}
		change(&m)
		all[name] = m
	}
	for i := range 120 {
		at := i * len(genuine.Body) / 120
		add(fmt.Sprintf("body bit %d of byte %d", i%8, at), func(m *provider.Message) { m.Body[at] ^= 1 << (i % 8) })
	}
	sig := b64decode(t, genuine.Header.Get(wire.HeaderSignature))
	set := func(name, header, value string) {
		add(name, func(m *provider.Message) { m.Header.Set(header, value) })
	}
	for i := range 64 {
		s := bytes.Clone(sig)
		s[i*4] ^= 1 << (i % 8)
		set(fmt.Sprintf("signature byte %d", i*4), wire.HeaderSignature, base64.StdEncoding.EncodeToString(s))
	}
	for _, h := range []string{wire.HeaderSignature, wire.HeaderSerial, wire.HeaderNonce, wire.HeaderTimestamp} {
		add("without "+h, func(m *provider.Message) { m.Header.Del(h) })
		set("empty "+h, h, "")
		set("null "+h, h, "null")
		add("twice "+h, func(m *provider.Message) { m.Header.Add(h, m.Header.Get(h)) })
		set("other "+h, h, other.Header.Get(h)+"1")
	}
	for name, value := range map[string]string{"truncated": base64.StdEncoding.EncodeToString(sig[:255]), "zeros": base64.StdEncoding.EncodeToString(make([]byte, 256)),
		"probe": wire.ProbePrefix + genuine.Header.Get(wire.HeaderSignature), "other message's": other.Header.Get(wire.HeaderSignature), "hex": fmt.Sprintf("%x", sig),
		"spaced": " " + genuine.Header.Get(wire.HeaderSignature)} {
		set("signature "+name, wire.HeaderSignature, value)
	}
	for name, serial := range map[string]string{"stranger's": keys().platform[1].Serial, "merchant's": keys().serial, "public key's": testPubID, "longer": keys().platform[0].Serial + "00"} {
		set("serial "+name, wire.HeaderSerial, serial)
	}
	set("type", wire.HeaderSignatureType, "WECHATPAY2-SM2-WITH-SM3")
	for _, d := range []time.Duration{5 * time.Minute, 6 * time.Minute, 24 * time.Hour, -5 * time.Minute} {
		add("replayed after "+d.String(), func(m *provider.Message) { m.ReceivedAt = m.ReceivedAt.Add(d) })
	}
	for name, body := range map[string][]byte{"empty": {}, "other message's": other.Body, "with space": append(bytes.Clone(genuine.Body), ' '), "with BOM": append([]byte("\xef\xbb\xbf"), genuine.Body...),
		"escaped": bytes.ReplaceAll(genuine.Body, []byte("/"), []byte(`\/`)), "doubled": append(bytes.Clone(genuine.Body), genuine.Body...),
		"repeated field": bytes.Replace(genuine.Body, []byte("{"), []byte(`{"id":"EV-2",`), 1), "renamed": bytes.Replace(genuine.Body, []byte("TRANSACTION"), []byte("transaction"), 1),
		"huge": bytes.Repeat([]byte("a"), wire.MaxBody+1)} {
		add("body "+name, func(m *provider.Message) { m.Body = body })
	}
	for name, key := range map[string]*rsa.PrivateKey{"stranger": keys().stranger, "merchant": keys().merchant, "public key": keys().public, "next platform key": keys().platform[1].Key} {
		add("signed by "+name, func(m *provider.Message) {
			h := handle{key: key}
			ts, _ := strconv.ParseInt(m.Header.Get(wire.HeaderTimestamp), 10, 64)
			s, _ := h.Sign(provider.RSASHA256, wire.ResponseMessage(ts, m.Header.Get(wire.HeaderNonce), m.Body))
			m.Header.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(s))
		})
	}
	add("SHA-1", func(m *provider.Message) {
		ts, _ := strconv.ParseInt(m.Header.Get(wire.HeaderTimestamp), 10, 64)
		d := sha1.Sum(wire.ResponseMessage(ts, m.Header.Get(wire.HeaderNonce), m.Body))
		s, _ := rsa.SignPKCS1v15(rand.Reader, platform(0).key, crypto.SHA1, d[:])
		m.Header.Set(wire.HeaderSignature, base64.StdEncoding.EncodeToString(s))
	})
	return all
}

func b64decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestForgedNotifications(t *testing.T) {
	r := newRig(t, nil)
	r.paid("order00001")
	r.paid("order00002")
	genuine, other := r.received[0], r.received[1]
	for name, m := range map[string]provider.Message{"genuine": genuine, "other": other} {
		if _, err := read(r, "order00001", m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	all := forgeries(t, genuine, other)
	if len(all) < 200 {
		t.Fatalf("only %d forgeries", len(all))
	}
	for name, m := range all {
		if n, err := read(r, "order00001", m); !errors.Is(err, provider.ErrUnverified) {
			t.Errorf("%s: accepted or read: %+v %v", name, n, err)
		}
	}
}

func FuzzReadNotification(f *testing.F) {
	r := &rig{call: provider.Call{Settings: map[string]string{SettingMchID: testMchID, SettingAppID: testAppID}, Keys: []provider.Generation{generation("gen_1", testKey)}}}
	f.Add(wire.EventPaid, goodPlain)
	f.Add(wire.EventRefundSuccess, `{"mchid":"1900009191","out_refund_no":"r1","refund_status":"SUCCESS","amount":{"refund":1}}`)
	f.Fuzz(func(t *testing.T, event, plain string) {
		r.t = t
		res, err := wire.SealResource("transaction", "transaction", "123456789012", []byte(plain), newBox(testKey).Seal)
		if err != nil {
			t.Fatal(err)
		}
		body, err := wire.Encode(wire.Notification{ID: "EV-1", EventType: event, Resource: res})
		if err != nil {
			t.Fatal(err)
		}
		n, err := readNotice(r.call, attempt(ProductNative, "order00001"), provider.Message{Body: body, ReceivedAt: epoch})
		if err == nil && n.State == provider.Paid && (n.Money == nil || n.Money.Amount < 1 || n.Money.TxnNo == "") {
			t.Fatalf("paid without money: %+v", n)
		}
		if err == nil && n.RefundState != "" && n.RefundNumber == "" {
			t.Fatalf("refunded without number: %+v", n)
		}
	})
}

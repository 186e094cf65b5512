package providertest

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/provider"
)

// abilities are the promises that have no product.
func abilities() []scenario {
	return []scenario{
		{name: "payer sign-in", can: can[provider.PayerResolver], try: func(p *trial) { p.payer() }},
		{name: "trust refresh", can: trusting, try: refreshes},
		{name: "channel check", can: can[provider.Checker], try: checks},
		{name: "statement", can: can[provider.StatementFetcher], try: statements},
		{name: "permissions", can: can[provider.PermissionReader], try: permissions},
		{name: "profit sharing", can: can[provider.Sharer], try: shares},
	}
}

// arrived lets an order be paid and returns its notification.
func (p *trial) arrived() (postern.Attempt, provider.Message) {
	p.Helper()
	before := len(p.s.Inbox())
	a, _ := p.paid()
	p.s.Clock.Advance(time.Minute)
	p.s.RunDue(p.Context())
	got := p.s.Inbox()
	if len(got) != before+1 {
		p.Fatalf("%d notifications arrived for one payment", len(got)-before)
	}
	return a, got[before]
}

// notifies: a payment is told once, verified, with the order's number, its money and the account; what was acknowledged does not come again.
func notifies(p *trial) {
	n := p.s.Connector.(provider.Notifiable)
	a, message := p.arrived()
	verified, err := n.ReadNotification(p.s.Call, a, message)
	if err != nil {
		p.Fatal(err)
	}
	notice, ok := verified.Notice()
	if !ok || notice.Number != a.Number || notice.State != provider.Paid || notice.Money == nil || notice.Money.Amount != price || notice.Money.TxnNo == "" || !notice.SettingsMatch {
		p.Fatalf("the notice is %+v", notice)
	}
	if q := p.query(a); q.Money == nil || q.Money.TxnNo != notice.Money.TxnNo {
		p.Errorf("the notification names %s, the query %+v", notice.Money.TxnNo, q.Money)
	}
	told := len(p.s.Inbox())
	p.s.Clock.Advance(26 * time.Hour)
	p.s.RunDue(p.Context())
	if again := len(p.s.Inbox()) - told; again != 0 {
		p.Errorf("%d more came after the acknowledgement", again)
	}
	yes, no := n.Acknowledge(true), n.Acknowledge(false)
	if yes == no || yes.Status != http.StatusOK && yes.Status != http.StatusNoContent {
		p.Errorf("yes is %+v, no is %+v", yes, no)
	}
}

// confirms: a notification is asked back while the provider answers for it; an answer that is lost says nothing, a stranger learns nothing, and past its time the
// provider says so.
func confirms(p *trial) {
	c := p.s.Connector.(provider.NotifyConfirmer)
	a, message := p.arrived()
	ask := func(what string, m provider.Message, want provider.ConfirmState) {
		p.Helper()
		got := c.ConfirmNotification(p.Context(), p.s.Call, a, m)
		if got.State != want {
			p.Errorf("%s: %+v, want %s", what, got, want)
		}
		p.discreet(got.Exchange)
	}
	ask("a notification", message, provider.ConfirmDone)
	for _, name := range lostFaults {
		p.fault("confirm", name)
		ask(name, message, provider.ConfirmUnknown)
		p.used()
	}
	if got := c.ConfirmNotification(p.Context(), p.s.Stranger, a, message); got.State == provider.ConfirmDone {
		p.Errorf("a stranger's keys confirm: %+v", got)
	}
	p.s.Clock.Advance(time.Hour)
	ask("an old notification", message, provider.ConfirmTooLate)
}

// forgeries: one changed byte, a missing signature, a stranger's key or another body make no Verified.
func forgeries(p *trial) {
	n := p.s.Connector.(provider.Notifiable)
	a, message := p.arrived()
	read := func(what string, call provider.Call, m provider.Message) {
		p.Helper()
		if v, err := n.ReadNotification(call, a, m); err == nil {
			notice, _ := v.Notice()
			p.Errorf("%s was believed: %+v", what, notice)
		}
	}
	for i := 0; i < len(message.Body); i += max(1, len(message.Body)/40) {
		changed := message
		changed.Body = bytes.Clone(message.Body)
		changed.Body[i] ^= 1
		read("a changed byte", p.s.Call, changed)
	}
	unsigned := message
	unsigned.Header = http.Header{"Content-Type": message.Header["Content-Type"]}
	unsigned.Body = []byte(strings.NewReplacer("sign=", "nosign=", "signature=", "nosignature=", "signMsg=", "nosignMsg=").Replace(string(message.Body)))
	read("a message without signature", p.s.Call, unsigned)
	read("a message that a stranger's key should have signed", p.s.Stranger, message)
	empty := message
	empty.Body = nil
	read("an empty body", p.s.Call, empty)
	if v, err := n.ReadNotification(p.s.Call, a, message); err != nil {
		p.Errorf("the true message is refused after the forged ones: %v %+v", err, v)
	}
}

// trusting says that the account has fetched trust: some accounts of a provider have, and others do without.
func trusting(p *trial) bool { return can[provider.TrustRefresher](p) && len(p.s.Call.Trust) > 0 }

// refreshes: the provider's keys are fetched, verified, and named.
func refreshes(p *trial) {
	keys, err := p.s.Connector.(provider.TrustRefresher).RefreshTrust(p.Context(), p.s.Call)
	if err != nil || len(keys) == 0 {
		p.Fatalf("%v %v", keys, err)
	}
	for _, k := range keys {
		if k.KeyID == "" || !strings.Contains(k.PEM, "-----BEGIN") || strings.Contains(k.PEM, "PRIVATE") {
			p.Errorf("trust %+v", k)
		}
	}
}

// checks: a harmless call tells good keys from a stranger's, and the registrations name the switch's own addresses.
func checks(p *trial) {
	c := p.s.Connector.(provider.Checker)
	if r := c.Check(p.Context(), p.s.Call); !r.OK {
		p.Errorf("good keys: %+v", r)
	}
	if r := c.Check(p.Context(), p.s.Stranger); r.OK {
		p.Errorf("a stranger's keys pass: %+v", r)
	}
	list := c.Registrations(p.s.Call, "https://pay.example.com", "https://back.example.com")
	named := false
	for _, r := range list {
		named = named || strings.Contains(r.Value, "pay.example.com")
		if r.Where == "" || r.Value == "" || r.Why == "" {
			p.Errorf("registration %+v", r)
		}
	}
	if !named {
		p.Errorf("no registration names the public address: %+v", list)
	}
}

package sim_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/sim"
)

// certified is a provider whose accounts have a certificate of their own.
type certified struct{ provider.Connector }

func (c certified) Describe() provider.Description {
	d := c.Connector.Describe()
	d.Keys = append(d.Keys[:len(d.Keys):len(d.Keys)], provider.KeyField{Name: "own_certificate", Kind: provider.KeyCertificate, LabelZH: "应用证书", LabelEN: "Certificate", Own: true})
	return d
}

func certificateUntil(t *testing.T, until time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "own"}, NotBefore: sim.Start, NotAfter: until.Add(-time.Second)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &sim.Key("alipay-app").PublicKey, sim.Key("alipay-app"))
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestKeysThatEndAreToldOnce: the end of an own certificate is its generation's end, which no generation outlives. It, the end of a provider's key and of a merchant's own
// account are told 90, 30, 7 and 1 days ahead, each once, however often it is looked: to the owner of the account, and not to each merchant under it.
//
// Red without: endWithCertificate (engine/call.go), the owner in calendarOf, or tellPartners (engine/calendar.go).
func TestKeysThatEndAreToldOnce(t *testing.T) {
	ctx, w := context.Background(), twoWallets(t)
	w.Engine.Registry[alipay] = certified{w.Engine.Registry[alipay]}
	end := sim.Start.AddDate(0, 0, 100)
	p := postern.Partner{ID: postern.NewID(postern.PrefixPartner, w.Clock.Now(), w.Rand), Name: "东便门科技", CreatedAt: w.Clock.Now()}
	must(t, w.Store.SavePartner(ctx, p))
	keys := maps.Clone(w.Sandboxes[alipay].Keys)
	keys["own_certificate"] = certificateUntil(t, end)
	set, err := w.Engine.AddCredentialSet(ctx, engine.NewAccount{OwnerID: p.ID, Provider: alipay, Settings: w.Sandboxes[alipay].Settings, Keys: keys, Sandbox: true})
	must(t, err)
	in := engine.Import{PartnerID: p.ID, File: []byte("reference,name,alipay.products\nA,甲,native\nB,乙,native\nC,丙,native\n")}
	plan, err := w.Engine.PlanImport(ctx, in)
	must(t, err)
	_, err = w.Engine.RunImport(ctx, in, plan.Digest, 0)
	must(t, err)
	generations, err := w.Store.Generations(ctx, p.ID, set.ID)
	must(t, err)
	if len(generations) != 1 || !generations[0].NotAfter.Equal(end) {
		t.Fatalf("the generation ends at %v, its certificate at %v", generations[0].NotAfter, end)
	}
	_, err = w.Engine.AddGeneration(ctx, engine.NewCredentials{OwnerID: p.ID, CredentialSetID: set.ID, Keys: keys, NotAfter: end.Add(time.Second)})
	if postern.CodeOf(err) != postern.CodeInvalid {
		t.Errorf("a generation that outlives its certificate: %v", err)
	}
	must(t, w.Store.SaveTrust(ctx, postern.TrustKey{OwnerID: p.ID, CredentialSetID: set.ID, KeyID: "T1", PEM: "x", NotBefore: sim.Start, NotAfter: end, CreatedAt: sim.Start}))
	own := w.Channels[alipay]
	list, err := w.Store.Generations(ctx, own.CredentialOwnerID, own.CredentialSetID)
	must(t, err)
	must(t, w.Store.RetireGeneration(ctx, own.CredentialOwnerID, own.CredentialSetID, list[0].ID, end, time.Time{}))
	for w.Clock.Now().Before(end.Add(time.Hour)) {
		for range 2 { // Two nodes, or one that began anew.
			_, err := w.Engine.TellCalendar(ctx)
			must(t, err)
		}
		w.Clock.Advance(6 * time.Hour)
	}
	wantSteps(t, w, p.ID, postern.KeysEnd, set.ID, true)
	wantSteps(t, w, p.ID, postern.TrustEnds, set.ID, true)
	wantSteps(t, w, w.Merchant.ID, postern.KeysEnd, own.CredentialSetID, true)
	for _, reference := range []string{"A", "B", "C"} {
		wantSteps(t, w, postern.MerchantID(p, false, reference), postern.KeysEnd, set.ID, false)
	}
}

// wantSteps checks that an owner was told of an account's end at each step once, or never.
func wantSteps(t *testing.T, w *sim.World, ownerID, what, setID string, ever bool) {
	t.Helper()
	events, err := w.Store.Events(context.Background(), ownerID, 0, 1000)
	must(t, err)
	seen := map[int64]int{}
	for _, e := range events {
		var told struct {
			What string `json:"what"`
			Set  string `json:"credential_set_id"`
			Step int64  `json:"step"`
		}
		must(t, json.Unmarshal([]byte(e.Data), &told))
		if e.Type == postern.EventCalendarAhead && told.What == what && told.Set == setID {
			seen[told.Step]++
		}
	}
	for _, step := range postern.AheadSteps {
		if want := map[bool]int{true: 1, false: 0}[ever]; seen[step] != want {
			t.Errorf("%s was told of %s %d days ahead %d times, want %d", ownerID, what, step, seen[step], want)
		}
	}
}

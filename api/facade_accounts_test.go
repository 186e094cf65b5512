package api_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/sim"
	"postern/store"
)

// facePublic is the public half of what a merchant's code signs with, as PEM.
func facePublic(t *testing.T, name string) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&sim.Key(name).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (b *bench) faceBody(more ...string) object {
	b.Helper()
	o := object{"provider": "alipay", "keys": object{"merchant_public": facePublic(b.T, "face-app")}}
	for i := 0; i < len(more); i += 2 {
		o[more[i]] = more[i+1]
	}
	return o
}

// face issues an account at a facade.
func (b *bench) face(header ...string) object {
	b.Helper()
	return b.post("/v1/facade_accounts", b.faceBody(), header...).want(http.StatusCreated)
}

// TestFacadeAccounts: what is issued is read again without its secrets, new keys stand beside the old, and an account that was ended is unknown.
func TestFacadeAccounts(t *testing.T) {
	b := newBench(t)
	b.w.Engine.FacadeURLs = map[string]string{"alipay": "https://alipay.pay.example"}
	made := b.face()
	id, number := made.text("id"), made.text("number")
	if made.text("base_url") != "https://alipay.pay.example" || len(number) != 16 || made.object("settings").text("notify_closed") != "h5,app" {
		t.Errorf("issued: %v", made)
	}
	key := made.list("keys")[0]
	if !strings.HasPrefix(key.object("public").text("public_key"), "-----BEGIN PUBLIC KEY") || made.object("secrets").text("aes") == "" {
		t.Errorf("the code has nothing to believe: %v", made)
	}
	read := b.get("/v1/facade_accounts/" + id)
	if text := string(read.Body); strings.Contains(text, "PRIVATE") || strings.Contains(text, made.object("secrets").text("aes")) || read.want(http.StatusOK).object("secrets") != nil {
		t.Errorf("a secret is shown twice: %s", text)
	}
	from := b.w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	rotated := b.post("/v1/facade_accounts/"+id+"/rotate", object{"not_before": from.Format(time.RFC3339), "overlap_seconds": 60}).want(http.StatusOK)
	keys := rotated.list("keys")
	if len(keys) != 2 || keys[0].text("not_before") != from.Format(time.RFC3339) || keys[1].text("retired_at") != from.Add(time.Minute).Format(time.RFC3339) || rotated.object("secrets").text("aes") == made.object("secrets").text("aes") {
		t.Errorf("rotated: %v", rotated)
	}
	if keys[0].object("public").text("merchant_public") != key.object("public").text("merchant_public") {
		t.Error("the merchant's own key went with the switch's")
	}
	b.post("/v1/facade_accounts/"+id+"/rotate", object{"overlap_seconds": 40_000_000}).problem(http.StatusUnprocessableEntity, "invalid_request", "overlap_seconds")
	for range 2 { // a second time changes nothing
		if ended := b.post("/v1/facade_accounts/"+id+"/disable", nil).want(http.StatusOK); ended.text("disabled_at") == "" {
			t.Errorf("ended: %v", ended)
		}
	}
	rows, _, err := b.w.Store.Audits(context.Background(), b.w.Merchant.ID, store.Page{Limit: 20})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, row := range rows {
		if row.ObjectID == id {
			acts = append(acts, row.Act)
			if !strings.HasPrefix(row.Who, "API sk_test_") || strings.Contains(b.key, row.Who) {
				t.Errorf("%s was done by %q", row.Act, row.Who)
			}
		}
	}
	if !slices.Equal(acts, []string{"facade.disable", "facade.rotate", "facade.issue"}) {
		t.Errorf("the audit has %v", acts)
	}
}

// TestFacadeAccountOnce: one request is one account however often it is sent, and its secrets are shown to the first only. A number is one account's in the whole switch.
func TestFacadeAccountOnce(t *testing.T) {
	b := newBench(t)
	first := b.face("Idempotency-Key", "k1")
	again := b.post("/v1/facade_accounts", b.faceBody(), "Idempotency-Key", "k1")
	if o := again.want(http.StatusCreated); again.Header.Get("Idempotency-Replayed") != "true" || o.text("id") != first.text("id") || o.object("secrets") != nil {
		t.Errorf("again: %v %s", again.Header, again.Body)
	}
	b.post("/v1/facade_accounts", b.faceBody("number", "2026000000000001"), "Idempotency-Key", "k1").problem(http.StatusUnprocessableEntity, "idempotency_mismatch", "Idempotency-Key")
	b.post("/v1/facade_accounts", b.faceBody("number", first.text("number"))).problem(http.StatusConflict, "conflict", "number")
	if rows := b.get("/v1/facade_accounts").want(http.StatusOK).list("data"); len(rows) != 1 {
		t.Errorf("%d accounts: %v", len(rows), rows)
	}
}

// TestFacadeAccountRefusals: each wrong field is named, and nothing is made of it.
func TestFacadeAccountRefusals(t *testing.T) {
	b := newBench(t)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(sim.Key("face-app"))}))
	for field, c := range map[string]struct {
		status int
		code   string
		body   object
	}{
		"keys.merchant_public": {http.StatusUnprocessableEntity, "invalid_request", object{"provider": "alipay", "keys": object{"merchant_public": private}}},
		"settings":             {http.StatusUnprocessableEntity, "invalid_request", object{"provider": "alipay", "keys": object{"merchant_public": facePublic(t, "face-app")}, "settings": object{"x": "y"}}},
		"settings.seller_id":   {http.StatusUnprocessableEntity, "invalid_request", object{"provider": "alipay", "keys": object{"merchant_public": facePublic(t, "face-app")}, "settings": object{"seller_id": strings.Repeat("2", 600)}}},
		"former_channel_id":    {http.StatusUnprocessableEntity, "invalid_request", b.faceBody("former_channel_id", b.w.Channels["wechatpay"].ID)},
		"":                     {http.StatusNotFound, "not_found", b.faceBody("former_channel_id", postern.NewID(postern.PrefixChannel, b.w.Clock.Now(), b.w.Rand))},
	} {
		b.post("/v1/facade_accounts", c.body).problem(c.status, c.code, field)
	}
	b.post("/v1/facade_accounts", object{"provider": "alipay", "keys": object{}}).problem(http.StatusUnprocessableEntity, "invalid_request", "keys.merchant_public")
	if rows := b.get("/v1/facade_accounts").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("something was made: %v", rows)
	}
}

// TestMissedCalls: an account's own, the most frequent first, in pages.
func TestMissedCalls(t *testing.T) {
	b := newBench(t)
	id, other := b.face().text("id"), b.face().text("id")
	day := b.w.Clock.Now().In(postern.Beijing)
	for what, times := range map[string]int{"a.b": 1, "c.d": 3, "e.f": 2} {
		for range times {
			if err := b.w.Store.CountMissed(context.Background(), b.w.Merchant.ID, id, what, int64(day.Year()*10000+int(day.Month())*100+day.Day())); err != nil {
				t.Fatal(err)
			}
		}
	}
	path, got := "/v1/facade_accounts/"+id+"/missed?limit=2", []string{}
	for after := ""; ; {
		list := b.get(path + after).want(http.StatusOK)
		for _, row := range list.list("data") {
			got = append(got, row.text("what")+" "+string(row["times"].(json.Number))+" "+row.text("last_day"))
		}
		if list.text("next_cursor") == "" {
			break
		}
		after = "&after=" + list.text("next_cursor")
	}
	today := " " + day.Format(time.DateOnly)
	if !slices.Equal(got, []string{"c.d 3" + today, "e.f 2" + today, "a.b 1" + today}) {
		t.Errorf("missed: %v", got)
	}
	if rows := b.get("/v1/facade_accounts/" + other + "/missed").want(http.StatusOK).list("data"); len(rows) != 0 {
		t.Errorf("the other account missed %v", rows)
	}
}

// TestFacadeAccountSurvivesACrashAnywhere crashes the switch at every point of issuing an account and of giving it new keys: the same request again makes no second of either.
func TestFacadeAccountSurvivesACrashAnywhere(t *testing.T) {
	points := &sim.Points{}
	b := (&bench{T: t, w: newWorldOver(t, store.Options{Fault: points.Hit}, points.Hit)}).signedIn()
	// twice sends a request that meets a crash, and the same when the first is taken for dead.
	twice := func(k int, path string, body object, status int) (object, int) {
		t.Helper()
		header := []string{"Idempotency-Key", path + strconv.Itoa(k)}
		points.Arm(k, false)
		b.post(path, body, header...)
		passed, _ := points.Passed()
		points.Disarm()
		b.w.Clock.Advance(time.Minute)
		return b.post(path, body, header...).want(status), passed
	}
	var id string
	for k, all := 0, 0; k <= all; k++ { // The run with k = 0 only counts the points.
		made, passed := twice(k, "/v1/facade_accounts", b.faceBody(), http.StatusCreated)
		if id = made.text("id"); k == 0 {
			all = passed
		}
		if rows := b.get("/v1/facade_accounts").want(http.StatusOK).list("data"); len(rows) != k+1 || all < 4 {
			t.Fatalf("point %d of %d: %d accounts", k, all, len(rows))
		}
	}
	for k, all := 0, 0; k <= all; k++ {
		kept, passed := twice(k, "/v1/facade_accounts/"+id+"/rotate", object{}, http.StatusOK)
		if k == 0 {
			all = passed
		}
		if keys := kept.list("keys"); len(keys) != k+2 || all < 4 {
			t.Fatalf("point %d of %d: %d sets of keys", k, all, len(keys))
		}
	}
}

package sim_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/wechatpay"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
	"postern/sim"
)

// asks sends a query signed by one of the shop's keys, and returns the status and under which serial number it was answered.
func (s *wechatShop) asks(t testing.TB, key, serial, target string) (status int, under string) {
	t.Helper()
	r := s.request(t, http.MethodGet, target, "")
	nonce, err := wire.NewNonce(s.w.Rand)
	must(t, err)
	text, err := wire.Authorize(wire.Authorization{MchID: s.account.Number, Serial: serial, Timestamp: s.w.Clock.Now().Unix(), Nonce: nonce}, r.Method, target, nil, func(m []byte) ([]byte, error) {
		d := sha256.Sum256(m)
		return rsa.SignPKCS1v15(nil, sim.Key(key), crypto.SHA256, d[:])
	})
	must(t, err)
	r.Header.Set("Authorization", text)
	status, h, _ := s.raw(t, r)
	return status, h.Get(wire.HeaderSerial)
}

// TestFacadeRotatesCertificates: while two generations of keys live, a shop may sign with either; answers and notifications are signed by the new one from its first moment
// on and by the old one before, and both certificates are listed. After the overlap the old one is nobody's.
//
// Red without: the usable generation first in FaceAccount, RetiredAt there, the walk over all generations in merchantKeys and certificatesFace.
func TestFacadeRotatesCertificates(t *testing.T) {
	s := newWechatShop(t)
	ctx := context.Background()
	s.native(t, "rotate_0001", 100)
	target := s.queryTarget("rotate_0001")
	const second = "wechat shop, second key"
	cert, serial, err := sandbox.NewMerchantCertificate(s.w.Rand, sim.Key(second), s.w.Clock.Now(), "shop")
	must(t, err)
	by := engine.Actor{StaffOwnerID: postern.Platform, Who: "operator"}
	issued, err := s.w.Engine.RotateFacade(ctx, by, s.account.MerchantID, s.account.ID, engine.FacadeRotation{
		Keys: map[string][]byte{wechatpay.FaceMerchantCertificate: cert}, From: s.w.Clock.Now().Add(time.Hour), Overlap: 24 * time.Hour,
	})
	must(t, err)
	before, after := wxSerialOf(t, s.cert), issued.Public["serial"]
	want := func(when, key, serial string, status int, under string) {
		t.Helper()
		if got, signer := s.asks(t, key, serial, target); got != status || signer != under {
			t.Errorf("%s, signed by %s: HTTP %d under %s, want %d under %s", when, key, got, signer, status, under)
		}
	}
	run(t, s.w, 10*time.Second)
	want("before", "wechat shop", s.serial, 200, before)
	want("before", second, s.serial, 401, "")
	run(t, s.w, time.Hour)
	want("overlap", "wechat shop", s.serial, 200, after)
	want("overlap", second, serial, 200, after)
	want("overlap", second, s.serial, 401, "")
	status, list := s.listed(t)
	if status != 200 || len(list) != 2 || list[0] != after || list[1] != before {
		t.Errorf("HTTP %d, listed are %v", status, list)
	}
	s.buy(t, "rotate_0001")
	run(t, s.w, 10*time.Second)
	if len(s.got) != 1 || s.got[0].Header.Get(wire.HeaderSerial) != after {
		t.Errorf("the notices are %+v", s.got)
	}
	run(t, s.w, 24*time.Hour)
	want("after", "wechat shop", s.serial, 401, "")
	want("after", second, serial, 200, after)
}

// listed are the serial numbers of the platform certificates.
func (s *wechatShop) listed(t testing.TB) (int, []string) {
	t.Helper()
	status, _, body := s.raw(t, s.request(t, http.MethodGet, wire.PathCertificates, ""))
	var list wire.CertificateList
	must(t, json.Unmarshal([]byte(body), &list))
	var serials []string
	for _, c := range list.Data {
		serials = append(serials, c.SerialNo)
	}
	return status, serials
}

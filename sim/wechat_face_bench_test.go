package sim_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"postern/provider"
	"postern/sim"
)

// cpu reports the processor time of what a benchmark does from here on.
func cpu(b *testing.B) {
	b.Helper()
	used := func() int64 {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	b.Cleanup(func() { b.ReportMetric(float64(used()-before)/float64(b.N)/1000, "cpu-µs/op") })
}

// BenchmarkWeChatFacade sets a request through the facade beside the same question to the engine and beside the two RSA operations that it costs: what is left is the
// facade's own.
//
// cpu-µs/op is what counts on a machine that has other things to do.
func BenchmarkWeChatFacade(b *testing.B) {
	s := newWechatShop(b)
	s.native(b, "bench_0001", 100)
	serve := func(b *testing.B, method, target, body string) {
		b.Helper()
		auth := s.request(b, method, target, body).Header.Get("Authorization")
		cpu(b)
		for b.Loop() {
			r := httptest.NewRequest(method, target, strings.NewReader(body))
			r.Header.Set("Authorization", auth)
			r.Header.Set("Accept", "application/json")
			r.Header.Set("User-Agent", "shop")
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Fatalf("HTTP %d %s", w.Code, w.Body)
			}
		}
	}
	b.Run("query/facade", func(b *testing.B) { serve(b, http.MethodGet, s.queryTarget("bench_0001"), "") })
	b.Run("query/engine", func(b *testing.B) {
		cpu(b)
		for b.Loop() {
			_, err := s.w.Engine.FindFaced(context.Background(), s.account, provider.FaceKey{Number: "bench_0001"})
			must(b, err)
		}
	})
	b.Run("order again/facade", func(b *testing.B) {
		serve(b, http.MethodPost, "/v3/pay/transactions/native", s.nativeBody("bench_0001", 100))
	})
	b.Run("account/engine", func(b *testing.B) {
		cpu(b)
		for b.Loop() {
			_, err := s.w.Engine.FaceAccount(context.Background(), s.account)
			must(b, err)
		}
	})
	b.Run("rsa", func(b *testing.B) {
		key, digest := sim.Key("wechat facade"), sha256.Sum256([]byte("x"))
		cpu(b)
		for b.Loop() {
			signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
			must(b, err)
			must(b, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature))
		}
	})
}

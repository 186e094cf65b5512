package sim_test

import (
	"context"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"postern/provider"
	"postern/provider/alipay/wire"
	"postern/sim"
	"postern/store"
)

// quiet is an answer that goes nowhere.
type quiet struct{ header http.Header }

func (q quiet) Header() http.Header         { return q.header }
func (q quiet) Write(b []byte) (int, error) { return len(b), nil }
func (quiet) WriteHeader(int)               {}

// threadTime is what this thread has spent on a processor: unlike the clock it does not count the neighbours' work.
func threadTime() time.Duration {
	const threadCPU = 3 // CLOCK_THREAD_CPUTIME_ID
	var at syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&at)), 0); errno != 0 {
		panic(errno)
	}
	return time.Duration(at.Nano())
}

// keyTime sums what the key handles of an account take, so that a request's own RSA is taken off the request, not another's.
type keyTime struct {
	spent time.Duration
	calls int
}

func (k *keyTime) measure(do func()) {
	start := threadTime()
	do()
	k.spent += threadTime() - start
	k.calls++
}

type timedSigner struct {
	provider.Signer
	*keyTime
}

func (t timedSigner) Sign(alg provider.Alg, message []byte) (signature []byte, err error) {
	t.measure(func() { signature, err = t.Signer.Sign(alg, message) })
	return signature, err
}

type timedVerifier struct {
	provider.Verifier
	*keyTime
}

func (t timedVerifier) Verify(alg provider.Alg, message, signature []byte) (err error) {
	t.measure(func() { err = t.Verifier.Verify(alg, message, signature) })
	return err
}

// timeKeys puts a clock around the key handles of an account as the engine remembers it; in the standing time of a simulated world it remembers it for the whole benchmark.
func timeKeys(b *testing.B, w *sim.World, code, number string) *keyTime {
	b.Helper()
	_, face, err := w.Engine.FaceByNumber(context.Background(), code, number)
	must(b, err)
	k := &keyTime{}
	for _, g := range face.Keys {
		for field, handle := range g.Handles {
			switch h := handle.(type) {
			case provider.Signer:
				g.Handles[field] = timedSigner{h, k}
			case provider.Verifier:
				g.Handles[field] = timedVerifier{h, k}
			}
		}
	}
	return k
}

// faceSide measures three things in every round, in processor time of this thread: the facade's whole answer to ask, the RSA within it, and the same over the merchant API.
// What is reported is own (the answer without its RSA) and over-api (what of that the same by the API does not cost), at the middle and at the 95th of a hundred.
func faceSide(b *testing.B, keys *keyTime, ask, native func()) {
	b.Helper()
	spent := map[string][]time.Duration{}
	measure := func(do func()) time.Duration {
		start := threadTime()
		do()
		return threadTime() - start
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ask()
	native()
	b.ResetTimer()
	for b.Loop() {
		api := measure(native)
		*keys = keyTime{}
		face := measure(ask)
		if keys.calls != 2 {
			b.Fatalf("%d key operations, want one verification and one signature", keys.calls)
		}
		for what, d := range map[string]time.Duration{"rsa": keys.spent, "api": api, "own": face - keys.spent, "over-api": face - keys.spent - api} {
			spent[what] = append(spent[what], d)
		}
	}
	for what, list := range spent {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds()), "µs-"+what+"-p50")
		b.ReportMetric(float64(list[len(list)*95/100].Microseconds()), "µs-"+what+"-p95")
	}
}

// served sends a request that is built anew each time, with a context that can end, as a real server's has: watching one costs.
func served(h http.Handler, method, target, body string, header http.Header) func() {
	return func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		r.Header, r.RequestURI = header.Clone(), r.URL.RequestURI()
		h.ServeHTTP(quiet{http.Header{}}, r)
	}
}

// overAPI is the merchant API's question about a payment.
func overAPI(w *sim.World, payment string) func() {
	return served(w.Net[sim.Host], http.MethodGet, "http://"+sim.Host+"/v1/payments/"+payment, "", http.Header{"Authorization": {"Bearer " + w.Secret}})
}

// placed is the replay of a create over the merchant API.
func placed(w *sim.World) func() {
	return served(w.Net[sim.Host], http.MethodPost, "http://"+sim.Host+"/v1/payments", `{"reference":"bench","amount":6800,"currency":"CNY","description":"Tea"}`, http.Header{
		"Authorization": {"Bearer " + w.Secret}, "Content-Type": {"application/json"}, "Idempotency-Key": {"bench"},
	})
}

// BenchmarkAlipayFace asks for an order through the facade, beside the same question over the merchant API: one that waits for its buyer and one that was paid. And it places an
// order again, which commits a write, beside the same replay over the API.
func BenchmarkAlipayFace(b *testing.B) {
	f := faced(b, fileWorld(b, 1))
	f.ask(b, f.keyed, wire.MethodCreate, orderJSON("WAITS", "68.00", "buyer_id", "2088000000000009"))
	f.ask(b, f.keyed, wire.MethodPrecreate, orderJSON("PAID", "68.00"))
	approve(b, f.World, begin(b, f.World, f.inner(b, f.keyed, "PAID"), wechat, "native"))
	run(b, f.World, time.Minute)
	keys := timeKeys(b, f.World, alipay, f.keyed.account.Number)
	call := func(method, biz string) func() {
		body := f.keyed.params(b, f.Clock.Now(), method, biz).Encode()
		return served(f.handler, http.MethodPost, "http://"+faceHost+wire.GatewayPath, body, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	}
	for _, number := range []string{"WAITS", "PAID"} {
		b.Run(strings.ToLower(number), func(b *testing.B) {
			faceSide(b, keys, call(wire.MethodQuery, `{"out_trade_no":"`+number+`"}`), overAPI(f.World, f.inner(b, f.keyed, number).ID))
		})
	}
	b.Run("again", func(b *testing.B) {
		faceSide(b, keys, call(wire.MethodCreate, orderJSON("WAITS", "68.00", "buyer_id", "2088000000000009")), placed(f.World))
	})
}

// BenchmarkWeChatFace is the same for the other facade.
func BenchmarkWeChatFace(b *testing.B) {
	s := openWechatShop(b, build(b, sim.Options{Store: opened(b, "sqlite:"+filepath.Join(b.TempDir(), "postern.db"), store.Options{}), Seed: 1, Makers: onlyAlipayMaker()}), "http://"+wxFaceHost, false)
	s.native(b, "bench_waits", 100)
	s.native(b, "bench_paid", 100)
	s.buy(b, "bench_paid")
	run(b, s.w, time.Minute)
	keys := timeKeys(b, s.w, s.account.Provider, s.account.Number)
	call := func(method, target, body string) func() {
		return served(s.handler, method, "http://"+wxFaceHost+target, body, s.request(b, method, target, body).Header)
	}
	for _, number := range []string{"waits", "paid"} {
		b.Run(number, func(b *testing.B) {
			faceSide(b, keys, call(http.MethodGet, s.queryTarget("bench_"+number), ""), overAPI(s.w, s.payment(b, "bench_"+number).ID))
		})
	}
	b.Run("again", func(b *testing.B) {
		faceSide(b, keys, call(http.MethodPost, "/v3/pay/transactions/native", s.nativeBody("bench_waits", 100)), placed(s.w))
	})
}

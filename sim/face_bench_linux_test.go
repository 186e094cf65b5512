package sim_test

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"postern/provider/alipay/wire"
	"postern/sim"
)

// quiet is an answer that goes nowhere.
type quiet struct{ header http.Header }

func (q quiet) Header() http.Header         { return q.header }
func (q quiet) Write(b []byte) (int, error) { return len(b), nil }
func (quiet) WriteHeader(int)               {}

// threadTime is what this thread has spent on a processor: unlike the clock it does not count the neighbours' work.
func threadTime(b *testing.B) time.Duration {
	const threadCPU = 3 // CLOCK_THREAD_CPUTIME_ID
	var at syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&at)), 0); errno != 0 {
		b.Fatal(errno)
	}
	return time.Duration(at.Nano())
}

// BenchmarkAlipayFace puts side by side, in processor time: the one signature and the one verification that a query through the facade needs at least, the same question over the
// merchant API, and the facade's whole answer. What the facade costs beside both is over-p50 and over-p95.
func BenchmarkAlipayFace(b *testing.B) {
	f := faced(b, fileWorld(b, 1))
	f.ask(b, f.keyed, wire.MethodCreate, orderJSON("BENCH", "68.00", "buyer_id", "2088000000000009"))
	body := f.keyed.params(b, f.Clock.Now(), wire.MethodQuery, `{"out_trade_no":"BENCH"}`).Encode()
	native := "http://" + sim.Host + "/v1/payments/" + f.inner(b, f.keyed, "BENCH").ID
	sign, verify := wire.SignWith(sim.Key("face-platform"), wire.SignTypeRSA2), wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA2)
	message := make([]byte, 600)
	spent := map[string][]time.Duration{}
	measure := func(what string, do func()) time.Duration {
		start := threadTime(b)
		do()
		d := threadTime(b) - start
		spent[what] = append(spent[what], d)
		return d
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for b.Loop() {
		rsa := measure("rsa", func() {
			signature, err := sign(message)
			must(b, err)
			must(b, verify(message, signature))
		})
		api := measure("api", func() {
			r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, native, nil)
			must(b, err)
			r.Header.Set("Authorization", "Bearer "+f.Secret)
			f.Net[sim.Host].ServeHTTP(quiet{http.Header{}}, r)
		})
		face := measure("face", func() {
			r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+faceHost+wire.GatewayPath, strings.NewReader(body))
			must(b, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			f.handler.ServeHTTP(quiet{http.Header{}}, r)
		})
		spent["beside-rsa"] = append(spent["beside-rsa"], face-rsa)
		spent["over-api"] = append(spent["over-api"], face-rsa-api)
	}
	for what, list := range spent {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds()), "µs-"+what+"-p50")
		b.ReportMetric(float64(list[len(list)*95/100].Microseconds()), "µs-"+what+"-p95")
	}
}

package sim_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"postern/sim"
	"postern/store"
	"postern/store/storetest"
)

// onEach runs a benchmark on both engines.
func onEach(b *testing.B, run func(b *testing.B, w *sim.World)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			dsn := "sqlite:" + filepath.Join(b.TempDir(), "postern.db")
			if engine == "postgres" {
				dsn = storetest.Postgres(b)
			}
			run(b, build(b, sim.Options{Store: opened(b, dsn, store.Options{}), Seed: 1}))
		})
	}
}

// BenchmarkCreate is one payment, from the call to the durable commit.
func BenchmarkCreate(b *testing.B) {
	onEach(b, func(b *testing.B, w *sim.World) {
		i := 0
		for b.Loop() {
			i++
			pay(b, w, fmt.Sprint("B", i), 6800)
		}
	})
}

// BenchmarkNotification is one genuine success notification: signature, decryption, receipt, postings, event, commit, answer. The orders are placed and paid
// beforehand.
func BenchmarkNotification(b *testing.B) {
	onEach(b, func(b *testing.B, w *sim.World) {
		held := keep(w, false)
		for i := range b.N {
			approve(b, w, begin(b, w, pay(b, w, fmt.Sprint("B", i), 6800), wechat, "native"))
		}
		w.Sandboxes[wechat].RunDue(context.Background())
		b.ResetTimer()
		for i := range b.N {
			if !send(w, (*held)[i]) {
				b.Fatal("a genuine notification was refused")
			}
		}
	})
}

// BenchmarkRepeatedNotification is the same notification over and over: it changes nothing and is a durable write all the same.
func BenchmarkRepeatedNotification(b *testing.B) {
	onEach(b, func(b *testing.B, w *sim.World) {
		held := keep(w, false)
		approve(b, w, begin(b, w, pay(b, w, "B", 6800), wechat, "native"))
		w.Sandboxes[wechat].RunDue(context.Background())
		for b.Loop() {
			if !send(w, (*held)[0]) {
				b.Fatal("a genuine notification was refused")
			}
		}
	})
}

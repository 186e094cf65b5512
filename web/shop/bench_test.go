package shop_test

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/web/shop"
	"postern/web/webtest"
)

// BenchmarkItemPage is an item opened by a stranger, from a real SQLite file to the bytes.
func BenchmarkItemPage(b *testing.B) {
	s := openWorld(b)
	item := s.sells(9)
	s.pictured(item, postern.Picture{})
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		w := httptest.NewRecorder()
		s.Net[sim.Host].ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://"+sim.Host+"/i/"+item.Token, nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
		b.SetBytes(int64(w.Body.Len()))
	}
}

// BenchmarkPlaceOrder is an order with its payment and its pieces, in one commit to a real SQLite file.
func BenchmarkPlaceOrder(b *testing.B) {
	s := openWorld(b)
	item := s.sells(1_000_000)
	v := item.Variants[0]
	b.ResetTimer()
	for b.Loop() {
		_, err := s.Engine.PlaceOrder(context.Background(), item.MerchantID, item.ID, engine.OrderInput{
			Visit: postern.NewToken(s.Rand), VariantID: v.ID, Quantity: 1, UnitPrice: v.Price, DeliveryFee: item.DeliveryFee, Name: "李雷", Phone: "13800138000", Region: "44", Address: "广州市天河路 1 号",
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

var slow = flag.Bool("slow", false, "measure the first screen on a slow line and a slow processor")

// BenchmarkFirstScreen opens an item with photographs on a line of 400 kbit/s and a processor four times slower, and says when the page was first painted and when
// its largest part, the picture, was.
func BenchmarkFirstScreen(b *testing.B) {
	if !*slow {
		b.Skip("measured with -slow: a browser on this machine")
	}
	s := openWorld(b)
	item := s.sells(9)
	s.pictured(item, shop.SamplePhoto(b, 1080))
	browser := s.inBrowser()
	for _, line := range []struct {
		name    string
		latency float64
	}{{"quick", 0}, {"100ms", 100}} {
		b.Run(line.name, func(b *testing.B) {
			s.must(browser.Slow(400_000/8, line.latency, 4))
			first, largest := 0.0, 0.0
			for b.Loop() {
				s.must(browser.Show("http://"+sim.Host+"/i/"+item.Token, s.phone("browser")))
				s.must(browser.Wait(`document.images[0].complete && performance.getEntriesByName('first-contentful-paint').length > 0`))
				f, err := webtest.Eval[float64](browser, `performance.getEntriesByName('first-contentful-paint')[0].startTime`)
				s.must(err)
				_, err = webtest.Eval[bool](browser, `new PerformanceObserver(function (l) { window.lcp = l.getEntries().pop().startTime }).observe({ type: 'largest-contentful-paint', buffered: true }), true`)
				s.must(err)
				s.must(browser.Wait(`window.lcp > 0`))
				l, err := webtest.Eval[float64](browser, `window.lcp`)
				s.must(err)
				first, largest = first+f, largest+l
			}
			b.ReportMetric(first/float64(b.N), "ms-first-paint")
			b.ReportMetric(largest/float64(b.N), "ms-picture")
		})
	}
}

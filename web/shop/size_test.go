package shop

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern"
	"postern/web/ui"
)

// sized is a sample whose ids are as long as real ones, because they are a good part of a small page.
func sized(lang ui.Lang) itemScene {
	s := sampleShop(lang)
	for i := range s.item.Variants {
		s.item.Variants[i].ID = "var_" + sampleItem
	}
	for i := range s.item.Pictures {
		s.item.Pictures[i].ID = "pic_" + sampleItem
	}
	return s
}

// fullest is the longest item that the engine lets in: its text alone has ten kilobytes.
func fullest(lang ui.Lang) itemScene {
	s := sized(lang)
	s.item.Title, s.item.Description = varied(60), varied(2000)
	s.brand.Name, s.brand.Notice, s.brand.Phone, s.brand.Colour = varied(40), varied(200), strings.Repeat("1", 40), "#123456"
	s.item.Variants = nil
	for i := range int64(30) {
		s.item.Variants = append(s.item.Variants, postern.Variant{ID: "var_" + sampleItem[i%26:] + sampleVisit[:i%26], Name: varied(30), Price: 1_000_000_000_000 - i, Counted: true, Stock: 1})
	}
	for len(s.item.Pictures) < 9 {
		s.item.Pictures = append(s.item.Pictures, postern.Picture{ID: "pic_" + sampleItem, Width: 1080, Height: 1080})
	}
	return s
}

var drawn uint32

// varied is a text of so many characters that does not repeat itself, so that it is packed as badly as a text can be.
func varied(n int) string {
	r := make([]rune, n)
	for i := range r {
		drawn = drawn*1664525 + 1013904223
		r[i] = rune(0x4e00 + drawn>>16%3500) // as many characters as people write with
	}
	return string(r)
}

// TestItemPageIsSmall holds a page to what arrives with a connection's first round of packets: a usual item, plain, for a stranger and for a buyer whom the device
// remembers; and the longest item as it goes over the line.
func TestItemPageIsSmall(t *testing.T) {
	for _, lang := range []ui.Lang{ui.ZH, ui.EN} {
		known := sized(lang)
		known.remember(buyer{Name: "欧阳明月", Phone: "13800138000", Region: "44", Address: "广州市天河区天河路 385 号太古汇一座 2703 室"})
		long := fullest(lang)
		long.packed = true
		for name, s := range map[string]itemScene{"usual": sized(lang), "remembered": known, "longest": long} {
			p := buildItem(s)
			p.Nonce = strings.Repeat("n", 22)
			var b strings.Builder
			if err := Render(&b, p); err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			send(w, []byte(b.String()), s.packed, http.StatusOK)
			t.Logf("%s, %s: %d bytes, %d over the line", name, lang, b.Len(), w.Body.Len())
			if w.Body.Len() > maxItemPage {
				t.Errorf("%s, %s: %d bytes over the line, more than %d", name, lang, w.Body.Len(), maxItemPage)
			}
			if b.Len() > maxPage {
				t.Errorf("%s, %s: %d bytes plain, more than %d", name, lang, b.Len(), maxPage)
			}
		}
	}
}

func FuzzAcceptsGzip(f *testing.F) {
	for header, want := range map[string]bool{
		"gzip, deflate, br": true, "br;q=1.0, gzip;q=0.8": true, "GZIP": true, "gzip;q=0": false, "gzip;q=0.000": false, "gzip; q=0.5": true, "gzip;q=1": true, "gzip;q=2": false,
		"": false, "*": false, "identity": false, "xgzip": false, "gzip;level=9": false, "gzip;q=0.001": true, "gzip;q=0.100": true,
	} {
		if acceptsGzip(header) != want {
			f.Errorf("%q: %v", header, !want)
		}
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if acceptsGzip(header) && !strings.Contains(strings.ToLower(header), "gzip") {
			t.Errorf("%q does not accept gzip", header)
		}
	})
}
